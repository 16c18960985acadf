//! What looks at the whole list: the rest of a file, copies, several queries.

use std::cmp::Ordering;
use std::collections::HashMap;

use ollacode_store::ContentKey;

use super::{RRF_K, Ranked, Scored, Weights, order};

/// Raises a file's best chunk by the share of the file in all scores.
pub(super) fn add_coherence(scored: &mut [Scored], weights: &Weights) {
    let mut files: HashMap<String, (f32, usize)> = HashMap::new();
    let mut total = 0.0;
    for (index, Scored { hit, .. }) in scored.iter().enumerate() {
        total += hit.score;
        let entry = files.entry(hit.chunk.path.clone()).or_insert((0.0, index));
        entry.0 += hit.score;
        if order(hit, &scored[entry.1].hit) == Ordering::Less {
            entry.1 = index;
        }
    }
    let most = files.values().map(|(sum, _)| *sum).fold(0.0, f32::max);
    if total <= 0.0 || most <= 0.0 {
        return;
    }
    for (sum, best) in files.into_values() {
        let factor = 1.0 + weights.coherence * sum / most;
        scored[best].hit.times("rest of the file", factor);
    }
}

/// Lowers each further chunk of a file. Expects the best first.
pub(super) fn saturate(scored: &mut [Scored], weights: &Weights) {
    let mut seen: HashMap<String, i32> = HashMap::new();
    for Scored { hit, of_file } in scored {
        let before = seen.entry(hit.chunk.path.clone()).or_insert(0);
        if *before > 0 {
            let own = (1.0 - *of_file) * weights.saturation.powi(*before);
            let factor = own + *of_file * weights.file_saturation.powi(*before);
            hit.times("further chunk of the file", factor);
        }
        *before += 1;
    }
}

/// Chunks of the same text become the best of them: ten copies of a licence are one hit.
pub(super) fn collapsed(scored: Vec<Scored>) -> Vec<Ranked> {
    let mut places: HashMap<ContentKey, usize> = HashMap::new();
    let mut hits: Vec<Ranked> = Vec::new();
    for Scored { hit, .. } in scored {
        match places.get(&hit.content_key) {
            Some(place) => hits[*place].copies += 1,
            None => {
                places.insert(hit.content_key, hits.len());
                hits.push(hit);
            }
        }
    }
    hits
}

/// Hits of several queries as one list: each list gives a chunk what its rank is worth.
pub fn fused(lists: impl Iterator<Item = Vec<Ranked>>, limit: usize) -> Vec<Ranked> {
    let mut places: HashMap<(String, u32, ContentKey), usize> = HashMap::new();
    let mut hits: Vec<Ranked> = Vec::new();
    for list in lists {
        for (rank, mut hit) in list.into_iter().enumerate() {
            hit.score = RRF_K / (RRF_K + rank as f32);
            let place = (
                hit.chunk.path.clone(),
                hit.chunk.start_line,
                hit.content_key,
            );
            match places.get(&place) {
                Some(at) => hits[*at].score += hit.score,
                None => {
                    places.insert(place, hits.len());
                    hits.push(hit);
                }
            }
        }
    }
    hits.sort_by(order);
    hits.truncate(limit);
    hits
}
