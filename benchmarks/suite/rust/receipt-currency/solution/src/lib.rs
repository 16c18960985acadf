//! Receipts of a shop, and what was taken in a day.

mod money;
mod receipt;
mod report;

pub use money::{format_amount, Currency};
pub use receipt::{Line, Receipt};
pub use report::daily_total;
