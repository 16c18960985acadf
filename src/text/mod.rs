//! Text as such, whatever it is about.

pub mod tokens;
