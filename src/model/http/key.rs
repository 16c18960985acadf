//! The API key, and where it may go.

use std::fmt;

use reqwest::header::HeaderValue;

use super::{Address, ServerError};

/// A key for a server that asks for one. It prints as `***`.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Checks a key as the user wrote it.
    pub fn new(key: &str) -> Result<ApiKey, ServerError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.trim()))
            .map_err(|_| ServerError::BadKey)?;
        value.set_sensitive(true);
        Ok(ApiKey(value))
    }

    /// Gives the value of the `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether the key may be sent to an address: only encrypted or to this machine.
    pub fn may_go_to(address: &Address) -> bool {
        address.is_encrypted() || address.is_loopback()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}
