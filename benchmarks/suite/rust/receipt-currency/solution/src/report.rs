use crate::money::{format_amount, Currency};
use crate::receipt::Receipt;

/// What was taken in a day in a currency, in one line.
pub fn daily_total(receipts: &[Receipt], currency: Currency) -> String {
    let receipts: Vec<&Receipt> = receipts
        .iter()
        .filter(|receipt| receipt.currency == currency)
        .collect();
    let total = receipts.iter().map(|receipt| receipt.total()).sum();
    format!("{} receipts, {}", receipts.len(), format_amount(total, currency))
}
