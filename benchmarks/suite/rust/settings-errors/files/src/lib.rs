//! Settings of the sprinkler controller, in lines of `key = value`.

mod entries;
mod parse;

pub use parse::{parse, Settings};
