import { priceOf } from './prices.js';

/**
 * The total of a basket, a list of `{ id, count }`, in cents. The first error that occurs is the
 * error of the whole.
 */
export function basketTotal(store, basket, customer, callback) {
  if (basket.length === 0) return callback(null, 0);
  let open = basket.length;
  let total = 0;
  let failed = false;
  for (const { id, count } of basket) {
    priceOf(store, id, customer, (error, price) => {
      if (failed) return;
      if (error) {
        failed = true;
        return callback(error);
      }
      total += price * count;
      open -= 1;
      if (open === 0) callback(null, total);
    });
  }
}
