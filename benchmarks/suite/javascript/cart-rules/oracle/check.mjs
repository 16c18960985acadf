import assert from 'node:assert/strict';
import test from 'node:test';

import { appliedRules, cartTotal } from '../src/cart.js';
import { RULES } from '../src/rules.js';

const MONDAY = '2024-04-01';
const TUESDAY = '2024-04-02';

const item = (price, count, group = 'tools') => ({ price, count, group });

const sum = (items) => items.reduce((total, one) => total + one.price * one.count, 0);

/** What it was before. */
function before(items, customer, date) {
  let total = sum(items);
  const bulk = items.filter((one) => one.count >= 10);
  if (bulk.length > 0) total -= Math.ceil(sum(bulk) * 0.08);
  if (customer && customer.member && total >= 5000) total = Math.floor(total * 0.95);
  if (customer && customer.coupon) {
    const { amount, lastDay } = customer.coupon;
    if (date <= lastDay) total = total > amount ? total - amount : 0;
  }
  if (new Date(`${date}T12:00:00Z`).getUTCDay() === 1 && total > 0) {
    const seeds = sum(items.filter((one) => one.group === 'seeds'));
    const others = sum(items.filter((one) => one.group !== 'seeds'));
    if (seeds > 0 && others > seeds) total = Math.max(total - seeds, 0);
  }
  return total;
}

test('totals are the same for thousands of carts', () => {
  const carts = [];
  for (const price of [0, 1, 99, 333, 1999, 5001]) {
    for (const count of [1, 9, 10, 13]) {
      for (const seeds of [0, 1, 12]) {
        carts.push([item(price, count), item(45, seeds, 'seeds'), item(777, 2, 'pots')]);
        carts.push([item(price, count, 'seeds'), item(120, seeds)]);
      }
    }
  }
  const customers = [null, {}, { member: true }, { member: false }];
  for (const amount of [0, 500, 100000]) {
    customers.push({ coupon: { amount, lastDay: MONDAY } });
    customers.push({ member: true, coupon: { amount, lastDay: '2024-12-31' } });
  }
  for (const items of carts) {
    for (const customer of customers) {
      for (const date of [MONDAY, TUESDAY]) {
        const what = JSON.stringify({ items, customer, date });
        assert.equal(cartTotal(items, customer, date), before(items, customer, date), what);
      }
    }
  }
  assert.equal(cartTotal([], null, MONDAY), 0);
});

test('the rules have their names and their order', () => {
  assert.ok(Array.isArray(RULES));
  assert.deepEqual(RULES.map((rule) => rule.name), ['bulk', 'member', 'coupon', 'monday']);
  for (const rule of RULES) {
    assert.equal(typeof rule.applies, 'function', rule.name);
    assert.equal(typeof rule.reduce, 'function', rule.name);
  }
});

test('a rule can be used by itself', () => {
  const [bulk, member, coupon, monday] = RULES;
  const context = (more) => ({ items: [], customer: null, date: TUESDAY, subtotal: 0, ...more });
  const many = context({ items: [item(100, 10), item(5, 1)], subtotal: 1005 });
  assert.equal(Boolean(bulk.applies(many)), true);
  assert.equal(bulk.reduce(1005, many), 925);
  assert.equal(Boolean(bulk.applies(context({ items: [item(100, 9)], subtotal: 900 }))), false);
  const rich = context({ customer: { member: true }, subtotal: 5000 });
  assert.equal(Boolean(member.applies(rich)), true);
  assert.equal(member.reduce(5001, rich), 4750);
  assert.equal(Boolean(member.applies({ ...rich, subtotal: 4999 })), false);
  const valid = context({ customer: { coupon: { amount: 300, lastDay: TUESDAY } }, subtotal: 200 });
  assert.equal(Boolean(coupon.applies(valid)), true);
  assert.equal(coupon.reduce(200, valid), 0);
  assert.equal(coupon.reduce(700, valid), 400);
  assert.equal(Boolean(coupon.applies({ ...valid, date: '2024-04-03' })), false);
  const seeds = [item(100, 1, 'seeds'), item(101, 1)];
  assert.equal(Boolean(monday.applies(context({ items: seeds, date: MONDAY, subtotal: 201 }))), true);
  assert.equal(Boolean(monday.applies(context({ items: seeds, date: MONDAY, subtotal: 0 }))), false);
  assert.equal(Boolean(monday.applies(context({ items: seeds, subtotal: 201 }))), false);
});

test('the rules that apply have names', () => {
  const all = [item(600, 10), item(100, 1, 'seeds')];
  const customer = { member: true, coupon: { amount: 100, lastDay: MONDAY } };
  assert.deepEqual(appliedRules(all, customer, MONDAY), ['bulk', 'member', 'coupon', 'monday']);
  assert.deepEqual(appliedRules(all, customer, TUESDAY), ['bulk', 'member']);
  assert.deepEqual(appliedRules([item(10, 1)], null, TUESDAY), []);
  // After the bulk discount less than 50.00 is left.
  assert.deepEqual(appliedRules([item(540, 10)], { member: true }, TUESDAY), ['bulk']);
  // The coupon leaves nothing.
  const paid = { coupon: { amount: 99999, lastDay: MONDAY } };
  assert.deepEqual(appliedRules(all, paid, MONDAY), ['bulk', 'coupon']);
});

test('a new rule has an effect', () => {
  const seen = [];
  const half = {
    name: 'half',
    applies: (context) => {
      seen.push(context);
      return context.customer?.half === true;
    },
    reduce: (subtotal) => Math.floor(subtotal / 2),
  };
  RULES.push(half);
  try {
    const items = [item(101, 1)];
    assert.equal(cartTotal(items, { half: true }, TUESDAY), 50);
    assert.equal(cartTotal(items, null, TUESDAY), 101);
    assert.deepEqual(appliedRules(items, { half: true }, TUESDAY), ['half']);
    const { subtotal, date } = seen[0];
    assert.deepEqual({ subtotal, date }, { subtotal: 101, date: TUESDAY });
    assert.deepEqual(seen[0].items, items);
  } finally {
    RULES.pop();
  }
});
