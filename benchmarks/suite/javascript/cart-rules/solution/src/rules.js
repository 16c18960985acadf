import { sumOf, weekday } from './helpers.js';

const inBulk = (items) => items.filter((item) => item.count >= 10);
const seedsIn = (items) => sumOf(items.filter((item) => item.group === 'seeds'));

/** The discounts, in the order in which they are used. */
export const RULES = [
  {
    // Ten pieces or more of the same article are 8 % cheaper.
    name: 'bulk',
    applies: ({ items }) => inBulk(items).length > 0,
    reduce: (subtotal, { items }) => subtotal - Math.ceil(sumOf(inBulk(items)) * 0.08),
  },
  {
    // Members have 5 % from 50.00 on.
    name: 'member',
    applies: ({ customer, subtotal }) => Boolean(customer?.member) && subtotal >= 5000,
    reduce: (subtotal) => Math.floor(subtotal * 0.95),
  },
  {
    // A coupon has an amount; it is never paid out, and ends after its last day.
    name: 'coupon',
    applies: ({ customer, date }) => Boolean(customer?.coupon) && date <= customer.coupon.lastDay,
    reduce: (subtotal, { customer }) => Math.max(subtotal - customer.coupon.amount, 0),
  },
  {
    // On Mondays seeds are free if something else is in the cart that costs more.
    name: 'monday',
    applies: ({ items, date, subtotal }) => {
      const seeds = seedsIn(items);
      return weekday(date) === 1 && subtotal > 0 && seeds > 0 && sumOf(items) - seeds > seeds;
    },
    reduce: (subtotal, { items }) => Math.max(subtotal - seedsIn(items), 0),
  },
];
