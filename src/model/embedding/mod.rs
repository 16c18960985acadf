//! What embedding models of every server share: their templates, and what their answers must be.

mod templates;

use std::future::Future;

use ollacode_indexer::{EmbedError, Embedded};

use super::http::ServerError;

pub(in crate::model) use templates::EmbeddingTemplate;

/// Largest window used, in tokens: Ollama's largest default batch. Beyond it servers cut silently
/// (bge-m3 declares 8,192) or crash (qwen3-embedding), and a chunk is far below it.
pub(in crate::model) const MAX_WINDOW: usize = 2048;

/// Window of a model without that metadata: that of BERT, the smallest common one.
pub(in crate::model) const UNKNOWN_WINDOW: usize = 512;

/// A text that every model can embed.
pub(in crate::model) const PROBE: &str = "probe";

/// Error of servers for a text over their batch size; one over the window has an error of its own.
const OVER_BATCH: &str = "too large to process";

/// Statuses with which servers refuse texts.
const REFUSALS: [u16; 4] = [400, 413, 422, 500];

/// Checks an answer and normalises each vector to unit length.
pub(in crate::model) fn checked(
    mut vectors: Vec<Vec<f32>>,
    tokens: Option<u64>,
    count: usize,
    dimension: usize,
) -> Result<Embedded, EmbedError> {
    if vectors.len() != count {
        let what = format!("it has {} vectors for {count} texts", vectors.len());
        return Err(EmbedError::Invalid(what));
    }
    for vector in &mut vectors {
        if vector.len() != dimension {
            let what = format!("a vector has {} dimensions, not {dimension}", vector.len());
            return Err(EmbedError::Invalid(what));
        }
        to_unit_length(vector).map_err(|what| EmbedError::Invalid(what.to_owned()))?;
    }
    Ok(Embedded { vectors, tokens })
}

/// Makes a vector one unit long.
pub(in crate::model) fn to_unit_length(vector: &mut [f32]) -> Result<(), &'static str> {
    let square: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    if !square.is_finite() {
        return Err("a vector has numbers that are not finite");
    }
    if square == 0.0 {
        return Err("a vector has only zeros");
    }
    let length = square.sqrt();
    // Left alone if it is as near as 32 bits allow, so that equal answers stay equal.
    if (length - 1.0).abs() > 1e-5 {
        for x in vector {
            // At most 1 in size, so only digits beyond 32 bits are lost.
            *x = (f64::from(*x) / length) as f32;
        }
    }
    Ok(())
}

/// Decides whether a text caused a failure.
///
/// Servers answer 400 or 500 for a bad text, for one that crashed the model, and for a model that
/// died otherwise; so a text that is known to be good is tried: `embeds_others` embeds [`PROBE`],
/// and tells whether that worked.
pub(in crate::model) async fn judged(
    error: ServerError,
    embeds_others: impl Future<Output = bool> + Send,
) -> EmbedError {
    let message = match &error {
        ServerError::Status {
            status, message, ..
        } if REFUSALS.contains(status) => message.clone(),
        ServerError::BadAnswer { what, .. } => return EmbedError::Invalid(what.clone()),
        ServerError::TooLong { .. } => return EmbedError::TooLong,
        _ => return EmbedError::Unavailable(error.with_hint()),
    };
    if message.contains(OVER_BATCH) {
        return EmbedError::TooLong;
    }
    if message.contains("NaN") || embeds_others.await {
        EmbedError::Rejected(message)
    } else {
        EmbedError::Unavailable(error.with_hint())
    }
}

/// A count of a server as one of ours.
pub(in crate::model) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_out_at_unit_length_or_not_at_all() {
        let mut vector = [3.0, 4.0];
        assert_eq!(to_unit_length(&mut vector), Ok(()));
        assert_eq!(vector, [0.6, 0.8]);
        let mut huge = [f32::MAX, 0.0];
        assert_eq!(to_unit_length(&mut huge), Ok(()));
        assert_eq!(huge, [1.0, 0.0]);
        let mut unit = [0.6, 0.8];
        assert_eq!(to_unit_length(&mut unit), Ok(()));
        assert_eq!(unit, [0.6, 0.8]);
        assert!(to_unit_length(&mut [0.0, 0.0]).is_err());
        assert!(to_unit_length(&mut [f32::NAN, 1.0]).is_err());
        assert!(to_unit_length(&mut [f32::INFINITY, 1.0]).is_err());
        assert!(to_unit_length(&mut []).is_err());
    }
}
