import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { basketTotal } from '../src/basket.js';
import { priceOf } from '../src/prices.js';
import { NotFound, loadProduct } from '../src/products.js';

const alive = setInterval(() => {}, 100);
after(() => clearInterval(alive));
const within = { timeout: 1000 };

const PRODUCTS = {
  tea: { name: 'Tea', price: 450, club: 400 },
  cup: { name: 'Cup', price: 800 },
  free: { name: 'Sample', price: 100, club: 0 },
  old: { name: 'Old', price: 100, retired: true },
};

/** A store that answers later, the ids in `broken` with an error. */
function slowStore(broken = {}) {
  const store = {
    asked: [],
    waiting: 0,
    most: 0,
    get(id, callback) {
      store.asked.push(id);
      store.waiting += 1;
      store.most = Math.max(store.most, store.waiting);
      setTimeout(() => {
        store.waiting -= 1;
        if (broken[id]) callback(broken[id]);
        else callback(null, PRODUCTS[id]);
      }, 5);
    },
  };
  return store;
}

test('a product is loaded', within, async () => {
  assert.deepEqual(await loadProduct(slowStore(), 'cup'), { id: 'cup', name: 'Cup', price: 800 });
  assert.equal(loadProduct.length, 2);
});

test('an unknown or retired product is a rejection', within, async () => {
  for (const id of ['none', 'old']) {
    const promise = loadProduct(slowStore(), id);
    assert.ok(promise instanceof Promise);
    await assert.rejects(promise, (error) => error instanceof NotFound && error.id === id);
  }
});

test('an error of the store is passed on as it is', within, async () => {
  const error = new Error('disk');
  const store = slowStore({ tea: error });
  for (const promise of [
    loadProduct(store, 'tea'),
    priceOf(store, 'tea', null),
    basketTotal(store, [{ id: 'tea', count: 1 }], null),
  ]) {
    await assert.rejects(promise, (found) => found === error);
  }
});

test('members pay the club price', within, async () => {
  const member = { member: true };
  assert.equal(await priceOf(slowStore(), 'tea', member), 400);
  assert.equal(await priceOf(slowStore(), 'tea', { member: false }), 450);
  assert.equal(await priceOf(slowStore(), 'tea'), 450);
  assert.equal(await priceOf(slowStore(), 'cup', member), 800);
  assert.equal(await priceOf(slowStore(), 'free', member), 0);
});

test('a basket has a total, and is loaded all at the same time', within, async () => {
  const store = slowStore();
  const basket = [
    { id: 'tea', count: 2 },
    { id: 'cup', count: 1 },
    { id: 'tea', count: 1 },
  ];
  assert.equal(await basketTotal(store, basket, { member: true }), 2000);
  assert.deepEqual(store.asked, ['tea', 'cup', 'tea']);
  assert.equal(store.most, 3);
  assert.equal(await basketTotal(store, [], null), 0);
});

test('the first error is the error of the basket', within, async () => {
  const basket = [
    { id: 'tea', count: 1 },
    { id: 'none', count: 1 },
    { id: 'old', count: 1 },
  ];
  await assert.rejects(basketTotal(slowStore(), basket, null), { name: 'NotFound', id: 'none' });
});

test('the program works as before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catalog-'));
  try {
    const path = join(folder, 'products.json');
    writeFileSync(path, JSON.stringify(PRODUCTS));
    const run = (...words) => spawnSync(process.execPath, ['src/cli.js', ...words], { encoding: 'utf8' });
    const good = run(path, 'tea=2', 'cup');
    assert.deepEqual([good.stdout, good.stderr, good.status], ['total: 17.00\n', '', 0]);
    const unknown = run(path, 'cup', 'pot=2');
    assert.deepEqual([unknown.stdout, unknown.stderr, unknown.status], ['unknown: pot\n', '', 3]);
    const broken = run(join(folder, 'none.json'), 'cup');
    assert.deepEqual([broken.stdout, broken.status], ['', 1]);
    assert.match(broken.stderr, /^ENOENT[^\n]*\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
