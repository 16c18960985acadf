//! Text utilities.

pub mod tokens;
