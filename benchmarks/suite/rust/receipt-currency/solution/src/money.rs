#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Currency {
    Eur,
    Chf,
    Jpy,
}

/// An amount in the smallest unit of a currency as text, such as `12.50 EUR`.
pub fn format_amount(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let amount = minor.unsigned_abs();
    let code = match currency {
        Currency::Eur => "EUR",
        Currency::Chf => "CHF",
        Currency::Jpy => return format!("{sign}{amount} JPY"),
    };
    format!("{sign}{}.{:02} {code}", amount / 100, amount % 100)
}
