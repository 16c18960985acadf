import { priceOf } from './prices.js';

/**
 * The total of a basket, a list of `{ id, count }`, in cents. The first error that occurs is the
 * error of the whole.
 */
export async function basketTotal(store, basket, customer) {
  const prices = await Promise.all(basket.map(({ id }) => priceOf(store, id, customer)));
  return prices.reduce((total, price, at) => total + price * basket[at].count, 0);
}
