import assert from 'node:assert/strict';
import test from 'node:test';

import { toIcs } from '../src/ics.js';

const BEGIN = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//calendar//EN'];

function file(...events) {
  return [...BEGIN, ...events.flat(), 'END:VCALENDAR'].map((line) => `${line}\r\n`).join('');
}

const lines = (id, ...middle) => ['BEGIN:VEVENT', `UID:${id}@calendar`, ...middle, 'END:VEVENT'];

const good = { id: 1, start: '2024-05-01T10:30:00+02:00', end: '2024-05-01T11:00:00Z', title: 'Tea' };
const goodLines = lines(1, 'DTSTART:20240501T083000Z', 'DTEND:20240501T110000Z', 'SUMMARY:Tea');

test('events are exported as before', () => {
  assert.equal(toIcs([]), file());
  assert.equal(toIcs([good]), file(goodLines));
  const day = { id: 2, start: '2024-05-01', end: '2024-05-03', title: 'A, b; c\\d\ne' };
  assert.equal(
    toIcs([day, good]),
    file(
      lines(
        2,
        'DTSTART;VALUE=DATE:20240501',
        'DTEND;VALUE=DATE:20240503',
        'SUMMARY:A\\, b\\; c\\\\d\\ne',
      ),
      goodLines,
    ),
  );
});

test('an event that ends before it begins is exported', () => {
  const odd = { ...good, end: '2024-05-01T08:00:00Z' };
  assert.match(toIcs([odd]), /DTEND:20240501T080000Z\r\n/);
});

test('an event without an end has no DTEND', () => {
  const { end, ...endless } = good;
  assert.ok(end);
  const expected = file(lines(1, 'DTSTART:20240501T083000Z', 'SUMMARY:Tea'));
  for (const event of [endless, { ...good, end: null }, { ...good, end: '' }, { ...good, end: undefined }]) {
    assert.equal(toIcs([event]), expected, JSON.stringify(event));
  }
  const day = { id: 5, start: '2024-05-01', end: '', title: 'Day' };
  assert.equal(toIcs([day]), file(lines(5, 'DTSTART;VALUE=DATE:20240501', 'SUMMARY:Day')));
});

test('what cannot be read is left out and told', () => {
  const bad = [
    { ...good, id: 10, start: 'soon' },
    { ...good, id: 11, start: '' },
    { ...good, id: 12, start: null },
    { id: 13, title: 'x' },
    { ...good, id: 14, end: 'later' },
    { ...good, id: 15, start: '2024-13-45' },
    { ...good, id: 16, end: '2024-99-01' },
  ];
  const skipped = [];
  const text = toIcs([bad[0], good, ...bad.slice(1)], (event) => skipped.push(event));
  assert.equal(text, file(goodLines));
  assert.deepEqual(skipped.map((event) => event.id), [10, 11, 12, 13, 14, 15, 16]);
  assert.equal(skipped[0], bad[0]);
  assert.equal(toIcs(bad), file());
});

test('an event without a title has an empty one', () => {
  for (const title of [undefined, null, '']) {
    assert.equal(
      toIcs([{ ...good, title }]),
      file(lines(1, 'DTSTART:20240501T083000Z', 'DTEND:20240501T110000Z', 'SUMMARY:')),
    );
  }
});

test('only those are skipped', () => {
  const skipped = [];
  toIcs([good, { ...good, end: '' }, { ...good, title: null }], (event) => skipped.push(event));
  assert.deepEqual(skipped, []);
});
