//! Keys and names that tell nothing to who lacks a secret.

use std::fmt;

use ollacode_store::CacheKey;

use crate::embed::EmbeddingModel;

/// What BLAKE3 derives keys for; must never change.
const CONTEXT: &str = "ollacode 2026-12 shared cache of vectors";

/// A secret of all who share a cache: names and keys are keyed hashes with it.
///
/// Without it nobody can tell which texts were embedded. Vectors themselves are not encrypted.
#[derive(Clone)]
pub struct SharedSecret([u8; 32]);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SharedSecret(..)")
    }
}

impl SharedSecret {
    /// Derives the secret from what the user configured. It should be random: it is not stretched.
    pub fn new(text: &str) -> SharedSecret {
        SharedSecret(blake3::derive_key(CONTEXT, text.as_bytes()))
    }
}

/// A key as it stands in a pack.
pub(crate) type StoredKey = [u8; 16];

/// The key under which a pack has the vector of a text.
///
/// Without a secret it is the key of the local cache. That is the same on all machines and branches:
/// it depends on the digest of the model, the dimension, the template and the exact text only.
pub(crate) fn stored_key(secret: Option<&SharedSecret>, key: CacheKey) -> StoredKey {
    let Some(secret) = secret else {
        return key.bytes();
    };
    let hash = blake3::keyed_hash(&secret.0, &key.bytes());
    first_16(&hash)
}

/// The folder of a model's packs: 16 hexadecimal digits.
///
/// Not [`EmbeddingModel::fingerprint`], which has the name in it: users call one model by several.
pub(crate) fn model_folder(secret: Option<&SharedSecret>, model: &EmbeddingModel) -> String {
    let mut hasher = match secret {
        Some(secret) => blake3::Hasher::new_keyed(&secret.0),
        None => blake3::Hasher::new(),
    };
    for part in [&model.digest, &model.dimension.to_string(), &model.template] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The first 16 bytes of a hash.
pub(crate) fn first_16(hash: &blake3::Hash) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    first
}
