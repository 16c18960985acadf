//! Settings of the sprinkler controller, in lines of `key = value`.

mod entries;
mod error;
mod parse;

pub use error::SettingsError;
pub use parse::{parse, Settings};
