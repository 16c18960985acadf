import { loadProduct } from './products.js';

/** The price of a product for a customer, in cents. */
export async function priceOf(store, id, customer) {
  const product = await loadProduct(store, id);
  const isMember = customer && customer.member;
  return isMember && product.club !== undefined ? product.club : product.price;
}
