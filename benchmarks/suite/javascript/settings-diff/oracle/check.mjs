import assert from 'node:assert/strict';
import test from 'node:test';

import { diffSettings } from '../src/index.js';
import { diffSettings as direct } from '../src/diff.js';

function freeze(value) {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

const diff = (before, after) => diffSettings(freeze(before), freeze(after));

test('it is exported', () => {
  assert.equal(diffSettings, direct);
});

test('the same settings have no changes', () => {
  assert.deepEqual(diff({}, {}), []);
  assert.deepEqual(
    diff({ a: { b: [1, { c: NaN }] }, d: new Date(5) }, { d: new Date(5), a: { b: [1, { c: NaN }] } }),
    [],
  );
});

test('keys are added, removed and changed', () => {
  assert.deepEqual(diff({ name: 'a', size: 1, old: null }, { size: 2, name: 'a', fresh: false }), [
    { kind: 'added', path: 'fresh', after: false },
    { kind: 'removed', path: 'old', before: null },
    { kind: 'changed', path: 'size', before: 1, after: 2 },
  ]);
});

test('objects are compared key by key', () => {
  assert.deepEqual(
    diff(
      { mail: { host: 'a', port: 25, auth: { user: 'x' } } },
      { mail: { host: 'b', port: 25, auth: { user: 'x', tls: true } } },
    ),
    [
      { kind: 'added', path: 'mail.auth.tls', after: true },
      { kind: 'changed', path: 'mail.host', before: 'a', after: 'b' },
    ],
  );
});

test('a whole object is one change', () => {
  const mail = { host: 'a', auth: { user: 'x' } };
  assert.deepEqual(diff({}, { mail }), [{ kind: 'added', path: 'mail', after: mail }]);
  assert.deepEqual(diff({ mail }, {}), [{ kind: 'removed', path: 'mail', before: mail }]);
  assert.deepEqual(diff({ mail: 'none' }, { mail }), [
    { kind: 'changed', path: 'mail', before: 'none', after: mail },
  ]);
  assert.deepEqual(diff({ a: { b: mail } }, { a: {} }), [
    { kind: 'removed', path: 'a.b', before: mail },
  ]);
});

test('arrays and dates are one value', () => {
  assert.deepEqual(diff({ a: [1, 2] }, { a: [1, 3] }), [
    { kind: 'changed', path: 'a', before: [1, 2], after: [1, 3] },
  ]);
  assert.deepEqual(diff({ a: [] }, { a: {} }), [
    { kind: 'changed', path: 'a', before: [], after: {} },
  ]);
  const [one, other] = [new Date(1), new Date(2)];
  assert.deepEqual(diff({ a: one }, { a: other }), [
    { kind: 'changed', path: 'a', before: one, after: other },
  ]);
});

test('undefined counts as not there', () => {
  assert.deepEqual(diff({ a: undefined, b: 1, c: undefined }, { b: undefined, c: 0 }), [
    { kind: 'removed', path: 'b', before: 1 },
    { kind: 'added', path: 'c', after: 0 },
  ]);
  assert.deepEqual(diff({ a: undefined }, {}), []);
  assert.deepEqual(diff({ a: { x: undefined } }, { a: {} }), []);
});

test('paths are escaped, and sorted as they are written', () => {
  const paths = diff({}, { b: 1, 'a.b': 1, a: { x: 1 }, Z: 1, 'a-b': 1, '\\': 1 }).map(
    (change) => change.path,
  );
  assert.deepEqual(paths, ['Z', '\\\\', 'a', 'a-b', 'a\\.b', 'b']);
  const nested = diff({ a: {}, 'a!': 1 }, { a: { 'x.y': 1 }, 'a!': 2 }).map(
    (change) => change.path,
  );
  assert.deepEqual(nested, ['a!', 'a.x\\.y']);
});

test('names of the language are keys like any other', () => {
  assert.deepEqual(diff({}, { constructor: 1, toString: 2 }), [
    { kind: 'added', path: 'constructor', after: 1 },
    { kind: 'added', path: 'toString', after: 2 },
  ]);
  assert.deepEqual(diff({ a: { valueOf: 1 } }, { a: {} }), [
    { kind: 'removed', path: 'a.valueOf', before: 1 },
  ]);
});
