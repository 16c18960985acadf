use std::fmt;

use crate::lot::{Day, Lot};

/// What is taken out of one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub lot: String,
    pub quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickError {
    /// There is less than was ordered; so much is missing.
    Short { missing: u32 },
    /// Nothing was ordered.
    Nothing,
}

impl fmt::Display for PickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PickError::Short { missing } => write!(f, "{missing} missing"),
            PickError::Nothing => write!(f, "nothing was ordered"),
        }
    }
}

/// Takes a quantity of an article out of the stock.
///
/// What expires first goes first; of lots that expire on the same day, the one that stands first
/// in the stock. Lots that become empty are removed. Either the whole quantity is taken, or
/// nothing.
pub fn pick(
    stock: &mut Vec<Lot>,
    article: &str,
    quantity: u32,
    day: Day,
) -> Result<Vec<Pick>, PickError> {
    if quantity == 0 {
        return Err(PickError::Nothing);
    }
    let mut order: Vec<usize> = (0..stock.len())
        .filter(|&at| stock[at].article == article && stock[at].is_good_on(day))
        .collect();
    order.sort_by_key(|&at| stock[at].best_before);
    let mut missing = quantity;
    let mut picks = Vec::new();
    for at in order {
        if missing == 0 {
            break;
        }
        let lot = &mut stock[at];
        let taken = lot.quantity.min(missing);
        lot.quantity -= taken;
        missing -= taken;
        picks.push(Pick {
            lot: lot.id.clone(),
            quantity: taken,
        });
    }
    stock.retain(|lot| lot.quantity > 0);
    if missing > 0 {
        return Err(PickError::Short { missing });
    }
    Ok(picks)
}
