//! Session ids: short, and sorted by time.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use jiff::Timestamp;

use super::SessionError;

/// 32 characters, without those that are easily confused.
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";

/// Random characters, to distinguish sessions of the same second.
const CHANCE: usize = 4;

/// Longest accepted id, in bytes.
const LONGEST: usize = 64;

/// A session id: `20261121-143005-k3x9`, the start in UTC and four random characters.
///
/// It is also the name of a folder, so it has only letters, digits and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// A new id for a session that starts now.
    pub(super) fn new(now: Timestamp) -> SessionId {
        let mut chance = RandomState::new().build_hasher().finish();
        let mut id = now.strftime("%Y%m%d-%H%M%S-").to_string();
        for _ in 0..CHANCE {
            let sign = ALPHABET[usize::try_from(chance % 32).unwrap_or_default()];
            id.push(char::from(sign));
            chance /= 32;
        }
        SessionId(id)
    }

    /// A new id for a session that starts now, or later.
    pub fn fresh() -> SessionId {
        SessionId::new(Timestamp::now())
    }

    /// Parses an id; the session need not exist.
    pub fn parse(text: &str) -> Result<SessionId, SessionError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_id = !text.is_empty()
            && text.len() <= LONGEST
            && text.bytes().all(plain)
            && !text.starts_with('-');
        if is_id {
            Ok(SessionId(text.to_owned()))
        } else {
            Err(SessionError::NotFound(text.chars().take(LONGEST).collect()))
        }
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
