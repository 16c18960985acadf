import { sumOf } from './helpers.js';
import { RULES } from './rules.js';

/** What a cart costs, in cents. `customer` may be null. */
export function cartTotal(items, customer, date) {
  return reduced(items, customer, date).subtotal;
}

/** The names of the rules that apply to a cart, in order. */
export function appliedRules(items, customer, date) {
  return reduced(items, customer, date).names;
}

function reduced(items, customer, date) {
  let subtotal = sumOf(items);
  const names = [];
  for (const rule of RULES) {
    const context = { items, customer, date, subtotal };
    if (rule.applies(context)) {
      names.push(rule.name);
      subtotal = rule.reduce(subtotal, context);
    }
  }
  return { subtotal, names };
}
