use crate::money::format_amount;
use crate::receipt::Receipt;

/// What was taken in a day, in one line.
pub fn daily_total(receipts: &[Receipt]) -> String {
    let total = receipts.iter().map(Receipt::total).sum();
    format!("{} receipts, {}", receipts.len(), format_amount(total))
}
