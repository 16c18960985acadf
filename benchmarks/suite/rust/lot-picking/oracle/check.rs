use pantry::{pick, Lot, Pick, PickError};

fn stock() -> Vec<Lot> {
    vec![
        Lot::new("a", "rice", 10, 30),
        Lot::new("b", "milk", 4, 12),
        Lot::new("c", "milk", 6, 10),
        Lot::new("d", "milk", 5, 12),
    ]
}

fn taken(lot: &str, quantity: u32) -> Pick {
    Pick { lot: lot.to_owned(), quantity }
}

#[test]
fn a_lot_is_good_on_its_last_day_and_not_after() {
    let lot = Lot::new("a", "rice", 1, 30);
    assert!(lot.is_good_on(29), "the day before");
    assert!(lot.is_good_on(30), "the best-before day");
    assert!(!lot.is_good_on(31), "the day after");
}

#[test]
fn a_lot_is_picked_on_its_last_day() {
    let mut stock = stock();
    assert_eq!(pick(&mut stock, "milk", 2, 10), Ok(vec![taken("c", 2)]));
    assert_eq!(pick(&mut stock, "milk", 2, 11), Ok(vec![taken("b", 2)]));
}

#[test]
fn a_short_order_changes_nothing() {
    let mut stock = stock();
    let before = stock.clone();
    let short = pick(&mut stock, "milk", 16, 5);
    assert_eq!(short, Err(PickError::Short { missing: 1 }));
    assert_eq!(stock, before, "the stock after an order that cannot be filled");
    let short = pick(&mut stock, "milk", 10, 11);
    assert_eq!(short, Err(PickError::Short { missing: 1 }));
    assert_eq!(stock, before);
    let short = pick(&mut stock, "salt", 3, 5);
    assert_eq!(short, Err(PickError::Short { missing: 3 }));
    assert_eq!(stock, before);
}

#[test]
fn what_expires_first_goes_first_and_empty_lots_go() {
    let mut stock = stock();
    let picks = pick(&mut stock, "milk", 12, 5);
    assert_eq!(picks, Ok(vec![taken("c", 6), taken("b", 4), taken("d", 2)]));
    let left: Vec<(&str, u32)> = stock.iter().map(|lot| (lot.id.as_str(), lot.quantity)).collect();
    assert_eq!(left, [("a", 10), ("d", 3)]);
}

#[test]
fn the_whole_stock_can_be_picked() {
    let mut stock = stock();
    let picks = pick(&mut stock, "milk", 15, 5);
    assert_eq!(picks.map(|picks| picks.len()), Ok(3));
    assert_eq!(stock.len(), 1);
}

#[test]
fn an_order_of_nothing_is_refused() {
    let mut stock = stock();
    let before = stock.clone();
    assert_eq!(pick(&mut stock, "milk", 0, 5), Err(PickError::Nothing));
    assert_eq!(stock, before);
}
