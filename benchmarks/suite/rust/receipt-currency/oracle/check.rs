use till::{daily_total, format_amount, Currency, Receipt};

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    for (minor, currency, text) in [
        (1250, Currency::Eur, "12.50 EUR"),
        (5, Currency::Eur, "0.05 EUR"),
        (-50, Currency::Eur, "-0.50 EUR"),
        (0, Currency::Chf, "0.00 CHF"),
        (-12345, Currency::Chf, "-123.45 CHF"),
        (1250, Currency::Jpy, "1250 JPY"),
        (0, Currency::Jpy, "0 JPY"),
        (-7, Currency::Jpy, "-7 JPY"),
    ] {
        assert_eq!(format_amount(minor, currency), text);
    }
}

fn receipt(currency: Currency) -> Receipt {
    let mut receipt = Receipt::new("Shop", currency);
    receipt.add("Tea", 1, 800);
    receipt.add("Cup", 3, 150);
    receipt.add("Deposit", 2, -25);
    receipt
}

#[test]
fn a_receipt_prints_its_currency_everywhere() {
    assert_eq!(
        receipt(Currency::Eur).print(),
        "Shop\nTea  8.00 EUR\nCup  3 x 1.50 EUR  4.50 EUR\nDeposit  2 x -0.25 EUR  -0.50 EUR\n\
         Total  12.00 EUR\n"
    );
    assert_eq!(
        receipt(Currency::Jpy).print(),
        "Shop\nTea  800 JPY\nCup  3 x 150 JPY  450 JPY\nDeposit  2 x -25 JPY  -50 JPY\n\
         Total  1200 JPY\n"
    );
    assert_eq!(receipt(Currency::Chf).currency, Currency::Chf);
}

#[test]
fn a_daily_total_is_of_one_currency() {
    let all = [
        receipt(Currency::Eur),
        receipt(Currency::Jpy),
        receipt(Currency::Eur),
    ];
    assert_eq!(daily_total(&all, Currency::Eur), "2 receipts, 24.00 EUR");
    assert_eq!(daily_total(&all, Currency::Jpy), "1 receipts, 1200 JPY");
    assert_eq!(daily_total(&all, Currency::Chf), "0 receipts, 0.00 CHF");
    assert_eq!(daily_total(&[], Currency::Eur), "0 receipts, 0.00 EUR");
}

#[test]
fn a_currency_can_be_copied() {
    let currency = Currency::Eur;
    let copy = currency;
    assert!(currency == copy);
}
