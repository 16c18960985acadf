import { loadProduct } from './products.js';

/** The price of a product for a customer, in cents. */
export function priceOf(store, id, customer, callback) {
  loadProduct(store, id, (error, product) => {
    if (error) return callback(error);
    const isMember = customer && customer.member;
    callback(null, isMember && product.club !== undefined ? product.club : product.price);
  });
}
