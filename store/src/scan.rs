//! All chunks of a snapshot, read once from the first to the last without copying their texts.

use arrow_array::{Array, RecordBatch};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};

use crate::chunk::ChunkKind;
use crate::error::{Result, StoreError};
use crate::row::{ChunkRow, SCANNED, TERMS, damaged, numbers, separated, strings, text_of};
use crate::snapshot::Snapshot;
use crate::store::StoreFuture;

/// Rows that are in memory at a time; about 4 MB.
const ROWS_PER_BATCH: usize = 2_048;

/// A chunk that is borrowed from where it was read.
#[derive(Clone, Copy, Debug)]
pub struct ChunkView<'a> {
    /// Path relative to the root of the workspace, with `/`.
    pub path: &'a str,
    /// Name of the language; `text` if there is no grammar.
    pub language: &'a str,
    /// What the chunk is.
    pub kind: ChunkKind,
    /// Name of the definition that the chunk is about, if it starts one.
    pub symbol: Option<&'a str>,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The lines, with secrets redacted.
    pub text: &'a str,
    definitions: Definitions<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Definitions<'a> {
    /// As the table has them.
    Joined(&'a str),
    Listed(&'a [String]),
}

impl<'a> ChunkView<'a> {
    /// A chunk that is in memory.
    pub fn of(row: &'a ChunkRow) -> ChunkView<'a> {
        let chunk = &row.chunk;
        ChunkView {
            path: &chunk.path,
            language: &chunk.language,
            kind: chunk.kind,
            symbol: chunk.symbol.as_deref(),
            start_line: chunk.start_line,
            end_line: chunk.end_line,
            text: &chunk.text,
            definitions: Definitions::Listed(&chunk.definitions),
        }
    }

    /// Names of all definitions that begin in the chunk, in their order.
    pub fn definitions(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (joined, listed) = match self.definitions {
            Definitions::Joined(names) => (Some(names), None),
            Definitions::Listed(names) => (None, Some(names)),
        };
        let joined = joined.into_iter().flat_map(separated);
        let listed = listed.into_iter().flatten().map(String::as_str);
        joined.chain(listed)
    }
}

/// Some rows of a scan.
pub struct ChunkBatch(RecordBatch);

impl ChunkBatch {
    /// Shows each chunk, in the order of the table, which is not that of paths.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row is not a chunk.
    pub fn each(&self, visit: &mut dyn FnMut(&ChunkView<'_>)) -> Result<()> {
        let batch = &self.0;
        let (paths, languages) = (strings(batch, "path")?, strings(batch, "language")?);
        let (kinds, symbols) = (strings(batch, "kind")?, strings(batch, "symbol")?);
        let (starts, ends) = (numbers(batch, "start_line")?, numbers(batch, "end_line")?);
        let definitions = strings(batch, "definitions")?;
        let (lengths, terms) = (numbers(batch, "header_length")?, strings(batch, TERMS)?);
        for row in 0..batch.num_rows() {
            visit(&ChunkView {
                path: paths.value(row),
                language: languages.value(row),
                kind: kinds.value(row).parse::<ChunkKind>().map_err(damaged)?,
                symbol: symbols.is_valid(row).then(|| symbols.value(row)),
                start_line: starts.value(row),
                end_line: ends.value(row),
                text: text_of(terms.value(row), lengths.value(row))?,
                definitions: Definitions::Joined(definitions.value(row)),
            });
        }
        Ok(())
    }
}

/// A pass over all chunks of a [`Snapshot`].
pub struct ChunkScan(BoxStream<'static, Result<RecordBatch>>);

impl ChunkScan {
    /// The next rows; `None` after the last.
    pub fn next_batch(&mut self) -> StoreFuture<'_, Option<ChunkBatch>> {
        async move { Ok(self.0.try_next().await?.map(ChunkBatch)) }.boxed()
    }
}

impl Snapshot {
    /// Reads all chunks, without the columns that only a search needs.
    pub fn scan(&self) -> StoreFuture<'_, ChunkScan> {
        async move {
            let mut scanner = self.dataset().scan();
            scanner.batch_size(ROWS_PER_BATCH);
            scanner
                .project::<&str>(&SCANNED)
                .map_err(lancedb::Error::from)?;
            let stream = scanner.try_into_stream().boxed().await;
            let stream = stream.map_err(lancedb::Error::from)?;
            let batches = stream.map_err(|error| StoreError::from(lancedb::Error::from(error)));
            Ok(ChunkScan(batches.boxed()))
        }
        .boxed()
    }
}
