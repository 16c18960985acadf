//! What every server of models shares: its address, its key, one HTTP client with limits and
//! retries, and one type for what goes wrong.
//!
//! Settings are passed in: nothing here reads the environment.

use serde::{Deserialize, Deserializer};

mod address;
mod client;
mod error;
mod error_text;
mod key;
mod kind;
mod limits;
mod lines;
mod overflow;
mod retry;

pub use address::{Address, AddressError};
pub use client::HttpClient;
pub use error::{FirstCause, ServerError};
pub(crate) use error_text::{error_text, not_json};
pub use key::ApiKey;
pub use kind::{KindChoice, ServerKind};
pub use limits::{ClientLimits, NetworkScope};
pub use lines::{LineSplitter, LineTooLong, ResponseLines};
pub(crate) use lines::{ResponseBody, endless_response};
pub(crate) use overflow::overflow;

/// Reads null as nothing: Go writes an empty list so, and other servers what they do not know.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
