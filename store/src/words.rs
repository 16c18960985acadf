//! A search for words that reads the chunks themselves: for as long as the full-text index is
//! damaged.

use std::cmp::Reverse;
use std::pin::pin;
use std::time::Instant;

use futures::{FutureExt, TryStreamExt};

use crate::error::Result;
use crate::filter::Filter;
use crate::row::{TERMS, strings};
use crate::snapshot::{FoundChunk, RowId, Snapshot, row_ids};
use crate::store::StoreFuture;

/// Rows that are in memory at a time; about 4 MB.
const ROWS_PER_BATCH: usize = 2_048;

/// The chunks in which words were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WordHits {
    /// Chunks with the number of words that each has, the most first.
    pub found: Vec<(FoundChunk, f32)>,
    /// Whether every chunk was read before the deadline.
    pub is_complete: bool,
}

impl Snapshot {
    /// Finds the chunks that have the most of some words, whatever their case, reading chunks from
    /// the newest to the oldest until a deadline.
    pub fn search_words<'a>(
        &'a self,
        words: &'a [String],
        limit: usize,
        filter: &'a Filter,
        deadline: Instant,
    ) -> StoreFuture<'a, WordHits> {
        async move {
            let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
            let mut best: Vec<(usize, Reverse<RowId>)> = Vec::new();
            let mut is_complete = true;
            if !words.is_empty() && !filter.passes_nothing() {
                is_complete = self
                    .count_words(&words, limit, filter, deadline, &mut best)
                    .await?;
            }
            keep_best(&mut best, limit);
            let rows: Vec<RowId> = best.iter().map(|(_, Reverse(row))| *row).collect();
            let chunks = self.outlines(&rows).await?;
            let counts = best.iter().map(|(count, _)| *count);
            let counts = counts.map(|count| f32::from(u16::try_from(count).unwrap_or(u16::MAX)));
            Ok(WordHits {
                found: chunks.into_iter().zip(counts).collect(),
                is_complete,
            })
        }
        .boxed()
    }

    async fn count_words(
        &self,
        words: &[String],
        limit: usize,
        filter: &Filter,
        deadline: Instant,
        best: &mut Vec<(usize, Reverse<RowId>)>,
    ) -> Result<bool> {
        let mut fragments = self.dataset().fragments().to_vec();
        fragments.reverse();
        let mut scanner = self.dataset().scan();
        scanner
            .with_row_id()
            .use_scalar_index(false)
            .with_fragments(fragments)
            .batch_size(ROWS_PER_BATCH)
            .fragment_readahead(1);
        scanner
            .project::<&str>(&[TERMS])
            .map_err(lancedb::Error::from)?;
        if let Some(condition) = filter.sql() {
            scanner.filter(&condition).map_err(lancedb::Error::from)?;
        }
        let stream = scanner.try_into_stream().boxed().await;
        let mut batches = pin!(stream.map_err(lancedb::Error::from)?);
        while let Some(batch) = batches.try_next().await.map_err(lancedb::Error::from)? {
            let rows = row_ids(&batch)?;
            for (row, text) in rows.into_iter().zip(strings(&batch, TERMS)?.iter()) {
                let text = text.unwrap_or_default().to_lowercase();
                let count = words.iter().filter(|word| text.contains(word.as_str()));
                match count.count() {
                    0 => {}
                    count => best.push((count, Reverse(row))),
                }
            }
            // Often enough that little is held, and seldom enough that sorting costs little.
            if best.len() > 8 * limit.max(ROWS_PER_BATCH) {
                keep_best(best, limit);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Those with the most words, ties by row.
fn keep_best(best: &mut Vec<(usize, Reverse<RowId>)>, limit: usize) {
    best.sort_unstable_by_key(|found| Reverse(*found));
    best.truncate(limit);
}
