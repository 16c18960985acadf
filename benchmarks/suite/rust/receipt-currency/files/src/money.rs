/// An amount in cents as text, such as `12.50 EUR`.
pub fn format_amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let amount = minor.unsigned_abs();
    format!("{sign}{}.{:02} EUR", amount / 100, amount % 100)
}
