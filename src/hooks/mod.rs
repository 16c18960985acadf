//! Hooks: which of them fit ([`fit`]), what they are told ([`input`]), what their end means
//! ([`meaning`]), and how they are listed ([`listing`]); pure. [`repository`] reads what the hooks of a
//! repository would run: that is what the user trusts. `words` reads lines. [`crate::permission::Hook`] is a hook as
//! `config.toml` has it; the engine runs them.

pub mod fit;
pub mod input;
pub mod listing;
pub mod meaning;
pub mod repository;
mod words;

pub use words::programs;
