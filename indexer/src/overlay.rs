//! Files that differ from the index, chunked in memory and searched beside it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ollacode_store::{ChunkRow, Filter};

use crate::error::IndexError;
use crate::index::{Index, blocking};
use crate::prepare::{FileTask, PrepareLimit, PreparedFile, prepare_all};
use crate::query::{Query, stem, subwords};

/// The parameters of BM25 as the full-text index has them.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Chunks of changed files by path; a path without chunks was removed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    files: BTreeMap<String, Vec<ChunkRow>>,
}

impl Overlay {
    /// Files as they are now: their chunks, and all paths, those of removed files as well.
    pub(crate) fn of(paths: impl IntoIterator<Item = String>, rows: Vec<ChunkRow>) -> Overlay {
        let mut overlay = Overlay::default();
        for path in paths {
            overlay.files.insert(path, Vec::new());
        }
        overlay.take(rows);
        overlay
    }

    /// Whether the overlay has a newer state of a path than the index.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The paths without chunks: of files that were removed, or have nothing to search.
    pub(crate) fn emptied(&self) -> HashSet<String> {
        let emptied = self.files.iter().filter(|(_, rows)| rows.is_empty());
        emptied.map(|(path, _)| path.clone()).collect()
    }

    /// Every path of the overlay.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Reads files as they are now; those that were removed or are skipped have no chunks.
    pub(crate) async fn read(
        &mut self,
        index: &Index,
        paths: BTreeSet<String>,
    ) -> Result<(), IndexError> {
        let wanted: Vec<String> = paths.iter().cloned().collect();
        for path in paths {
            self.files.insert(path, Vec::new());
        }
        let entries = index.entries(&wanted).await?;
        let root = index.open_root()?;
        let redactor = index.redactor();
        let tasks: Vec<FileTask> = entries.into_iter().map(FileTask::new).collect();
        // Each file's rows come in the order of its lines, the files in the order of their paths.
        let rows = blocking(move || {
            let mut rows = Vec::new();
            // Nothing is recorded, so the time does not matter.
            let limit = PrepareLimit::default();
            prepare_all(
                &root,
                &tasks,
                redactor.as_ref(),
                0,
                &limit,
                |prepared, _ticket| {
                    if let PreparedFile::Chunked(file) = prepared {
                        rows.extend(file.rows);
                    }
                    true
                },
            );
            Ok(rows)
        })
        .await?;
        self.take(rows);
        Ok(())
    }

    fn take(&mut self, rows: Vec<ChunkRow>) {
        for row in rows {
            self.files
                .entry(row.chunk.path.clone())
                .or_default()
                .push(row);
        }
    }

    /// Every chunk.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = &ChunkRow> {
        self.files.values().flatten()
    }

    /// The chunks that pass a filter.
    pub(crate) fn rows<'a>(&'a self, filter: &'a Filter) -> Vec<&'a ChunkRow> {
        let passes = |row: &&ChunkRow| filter.passes(&row.chunk.path, &row.chunk.language);
        self.files.values().flatten().filter(passes).collect()
    }

    /// The full-text results with the overlay's rows in their places, best first.
    ///
    /// Statistics of the whole index are not available, so both kinds of rows are scored by the
    /// statistics of the rows at hand, and the overlay's scores are scaled to those of the index.
    pub(crate) fn merge_scores<'a>(
        &self,
        query: &Query,
        indexed: &'a [(ChunkRow, f32)],
        overlaid: &[&'a ChunkRow],
    ) -> Vec<(&'a ChunkRow, f32)> {
        let mut merged: Vec<(&ChunkRow, f32)> = indexed
            .iter()
            .filter(|(row, _)| !self.covers(&row.chunk.path))
            .map(|(row, score)| (row, *score))
            .collect();
        if overlaid.is_empty() {
            return merged;
        }
        let rows = || {
            indexed
                .iter()
                .map(|(row, _)| row)
                .chain(overlaid.iter().copied())
        };
        let statistics = TermStatistics::new(query, rows());
        let mut ratios: Vec<f32> = indexed
            .iter()
            .map(|(row, score)| score / statistics.score(row))
            .filter(|ratio| ratio.is_finite())
            .collect();
        ratios.sort_unstable_by(f32::total_cmp);
        let scale = ratios.get(ratios.len() / 2).copied().unwrap_or(1.0);
        let scored = overlaid
            .iter()
            .map(|row| (*row, scale * statistics.score(row)));
        merged.extend(scored.filter(|(_, score)| *score > 0.0));
        merged.sort_by(|(left, left_score), (right, right_score)| {
            let place = |row: &ChunkRow| (row.chunk.path.clone(), row.chunk.start_line);
            right_score
                .total_cmp(left_score)
                .then_with(|| place(left).cmp(&place(right)))
        });
        merged
    }
}

/// Term frequencies of some rows, for the terms of one query.
struct TermStatistics {
    terms: Vec<(String, f32)>,
    idf: Vec<f32>,
    mean_length: f32,
}

impl TermStatistics {
    fn new<'a>(query: &Query, rows: impl Iterator<Item = &'a ChunkRow>) -> TermStatistics {
        let terms: Vec<(String, f32)> = query
            .full_text()
            .into_iter()
            .flat_map(|(text, weight)| {
                text.split_whitespace()
                    .map(|word| (stem(word), f32::from(weight)))
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut rows_with = vec![0.0f32; terms.len()];
        let (mut count, mut length) = (0.0f32, 0.0f32);
        for row in rows {
            let (frequencies, words) = frequencies(row);
            count += 1.0;
            length += words;
            for (rows_with, (term, _)) in rows_with.iter_mut().zip(&terms) {
                *rows_with += f32::from(u8::from(frequencies.contains_key(term)));
            }
        }
        let idf = rows_with
            .iter()
            .map(|with| (1.0 + (count - with + 0.5) / (with + 0.5)).ln())
            .collect();
        TermStatistics {
            terms,
            idf,
            mean_length: (length / count.max(1.0)).max(1.0),
        }
    }

    /// BM25 of a row.
    fn score(&self, row: &ChunkRow) -> f32 {
        let (frequencies, words) = frequencies(row);
        let length = 1.0 - B + B * words / self.mean_length;
        self.terms
            .iter()
            .zip(&self.idf)
            .filter_map(|((term, boost), idf)| {
                let frequency = *frequencies.get(term)?;
                Some(boost * idf * frequency * (K1 + 1.0) / (frequency + K1 * length))
            })
            .sum()
    }
}

/// How often each stem of a word or of a whole identifier occurs, and the number of words.
fn frequencies(row: &ChunkRow) -> (HashMap<String, f32>, f32) {
    let mut counts: HashMap<String, f32> = HashMap::new();
    let mut words = 0.0;
    let text = [row.header.as_str(), row.chunk.text.as_str()];
    let runs = text
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    for run in runs.filter(|run| !run.is_empty()) {
        let whole = run.to_lowercase();
        for word in subwords(run) {
            words += 1.0;
            if word != whole {
                *counts.entry(stem(&word)).or_default() += 1.0;
            }
        }
        *counts.entry(stem(&whole)).or_default() += 1.0;
    }
    (counts, words)
}
