import { sumOf, weekday } from './helpers.js';

/** What a cart costs, in cents. `customer` may be null. */
export function cartTotal(items, customer, date) {
  let total = sumOf(items);
  // Ten pieces or more of the same article are 8 % cheaper.
  const bulk = items.filter((item) => item.count >= 10);
  if (bulk.length > 0) {
    total -= Math.ceil(sumOf(bulk) * 0.08);
  }
  // Members have 5 % from 50.00 on, what is left after the bulk discount counts.
  if (customer && customer.member && total >= 5000) {
    total = Math.floor(total * 0.95);
  }
  // A coupon has an amount; it is never paid out, and ends after its last day.
  if (customer && customer.coupon) {
    const { amount, lastDay } = customer.coupon;
    if (date <= lastDay) {
      total = total > amount ? total - amount : 0;
    }
  }
  // On Mondays seeds are free if something else is in the cart that costs more.
  if (weekday(date) === 1 && total > 0) {
    const seeds = sumOf(items.filter((item) => item.group === 'seeds'));
    const others = sumOf(items.filter((item) => item.group !== 'seeds'));
    if (seeds > 0 && others > seeds) {
      total = Math.max(total - seeds, 0);
    }
  }
  return total;
}
