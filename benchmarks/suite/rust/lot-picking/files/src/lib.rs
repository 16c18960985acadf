//! The stock of a food warehouse: lots with a best-before day, and picking for orders.

mod lot;
mod picking;

pub use lot::{Day, Lot};
pub use picking::{pick, Pick, PickError};
