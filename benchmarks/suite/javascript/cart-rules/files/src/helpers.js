/** The price of some items without discounts. */
export function sumOf(items) {
  return items.reduce((sum, item) => sum + item.price * item.count, 0);
}

/** The day of the week of a date `2024-03-31`; Sunday is 0. */
export function weekday(date) {
  return new Date(`${date}T12:00:00Z`).getUTCDay();
}
