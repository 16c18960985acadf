//! Chunks as rows of a table, and back.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::chunk::{Chunk, ChunkKind, ContentKey};
use crate::error::{Result, StoreError};

/// The column that is full-text indexed: the header, a line feed, and the text.
pub(crate) const TERMS: &str = "terms";

/// The columns that make a [`ChunkRow`].
pub(crate) const COLUMNS: [&str; 11] = [
    "path",
    "language",
    "kind",
    "symbol",
    "scope",
    "definitions",
    "start_line",
    "end_line",
    "content_key",
    "header_length",
    TERMS,
];

/// The columns that make a chunk without its text.
pub(crate) const OUTLINE: [&str; 9] = [
    "path",
    "language",
    "kind",
    "symbol",
    "scope",
    "definitions",
    "start_line",
    "end_line",
    "content_key",
];

/// The columns that make a chunk that is only looked at; see [`crate::scan`].
pub(crate) const SCANNED: [&str; 9] = [
    "path",
    "language",
    "kind",
    "symbol",
    "definitions",
    "start_line",
    "end_line",
    "header_length",
    TERMS,
];

/// The columns that make the text of a chunk.
pub(crate) const TEXT: [&str; 2] = ["header_length", TERMS];

/// The column of the names of a chunk's definitions.
pub(crate) const DEFINITIONS: &str = "definitions";

/// Separates names in one column; it does not occur in source code.
const SEPARATOR: char = '\u{1f}';

const ROWS_PER_BATCH: usize = 4_096;
/// Offsets in a string column are 32 bits wide; this also bounds memory.
const BYTES_PER_BATCH: usize = 64 << 20;

/// A chunk with what is stored beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkRow {
    /// The chunk itself.
    pub chunk: Chunk,
    /// Words that are full-text indexed beside the text: path, symbol, scope.
    pub header: String,
    /// The key of the chunk's vectors.
    pub content_key: ContentKey,
}

impl ChunkRow {
    /// A hash of everything in the row, so that rows with one id are equal.
    pub(crate) fn id(&self) -> String {
        let chunk = &self.chunk;
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(chunk.path.as_bytes());
        add(chunk.language.as_bytes());
        add(chunk.kind.name().as_bytes());
        // A missing symbol differs from an empty one.
        add(&[u8::from(chunk.symbol.is_some())]);
        add(chunk.symbol.as_deref().unwrap_or_default().as_bytes());
        add(join(&chunk.scope).as_bytes());
        add(join(&chunk.definitions).as_bytes());
        add(&chunk.start_line.to_le_bytes());
        add(&chunk.end_line.to_le_bytes());
        add(&self.content_key.0);
        add(self.header.as_bytes());
        add(chunk.text.as_bytes());
        hex::encode(&hasher.finalize().as_bytes()[..16])
    }
}

/// The schema of the table of chunks.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::UInt32, false);
    Arc::new(Schema::new(vec![
        text("id"),
        text("path"),
        text("language"),
        text("kind"),
        Field::new("symbol", DataType::Utf8, true),
        text("scope"),
        text("definitions"),
        number("start_line"),
        number("end_line"),
        text("content_key"),
        number("header_length"),
        text(TERMS),
    ]))
}

/// Converts rows, each with its id, to batches of bounded size.
pub(crate) fn to_batches(rows: &[(String, &ChunkRow)]) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, (_, row)) in rows.iter().enumerate() {
        let size = row.header.len() + row.chunk.text.len();
        if index - start == ROWS_PER_BATCH || (index > start && bytes + size > BYTES_PER_BATCH) {
            batches.push(to_batch(&rows[start..index])?);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < rows.len() {
        batches.push(to_batch(&rows[start..])?);
    }
    Ok(batches)
}

fn to_batch(rows: &[(String, &ChunkRow)]) -> Result<RecordBatch> {
    let ids: StringArray = StringArray::from_iter_values(rows.iter().map(|(id, _)| id));
    let rows: Vec<&ChunkRow> = rows.iter().map(|(_, row)| *row).collect();
    let number = |value: &dyn Fn(&ChunkRow) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(
            rows.iter().map(|row| value(row)),
        ))
    };
    let symbols: StringArray = rows.iter().map(|row| row.chunk.symbol.as_deref()).collect();
    let columns = vec![
        Arc::new(ids) as ArrayRef,
        text_column(&rows, |row, cell| cell.push_str(&row.chunk.path)),
        text_column(&rows, |row, cell| cell.push_str(&row.chunk.language)),
        text_column(&rows, |row, cell| cell.push_str(row.chunk.kind.name())),
        Arc::new(symbols) as ArrayRef,
        text_column(&rows, |row, cell| push_joined(&row.chunk.scope, cell)),
        text_column(&rows, |row, cell| push_joined(&row.chunk.definitions, cell)),
        number(&|row| row.chunk.start_line),
        number(&|row| row.chunk.end_line),
        text_column(&rows, |row, cell| {
            cell.push_str(&hex::encode(row.content_key.0));
        }),
        number(&|row| u32::try_from(row.header.len()).unwrap_or(u32::MAX)),
        text_column(&rows, |row, cell| {
            cell.push_str(&row.header);
            cell.push('\n');
            cell.push_str(&row.chunk.text);
        }),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// A column of texts. Each is put together in the same place: a batch has tens of thousands of them.
fn text_column(rows: &[&ChunkRow], write: impl Fn(&ChunkRow, &mut String)) -> ArrayRef {
    let mut column = StringBuilder::new();
    let mut cell = String::new();
    for row in rows {
        cell.clear();
        write(row, &mut cell);
        column.append_value(&cell);
    }
    Arc::new(column.finish())
}

/// Converts a batch with [`COLUMNS`] back to rows.
pub(crate) fn from_batch(batch: &RecordBatch) -> Result<Vec<ChunkRow>> {
    let (lengths, terms) = (numbers(batch, "header_length")?, strings(batch, TERMS)?);
    let outlines = outlines_from_batch(batch)?.into_iter().enumerate();
    outlines
        .map(|(row, (mut chunk, content_key))| {
            let (header, text) = split_terms(terms.value(row), lengths.value(row))?;
            chunk.text = text;
            Ok(ChunkRow {
                chunk,
                header,
                content_key,
            })
        })
        .collect()
}

/// Converts a batch with [`TEXT`] to texts.
pub(crate) fn texts_from_batch(batch: &RecordBatch) -> Result<Vec<String>> {
    let (lengths, terms) = (numbers(batch, "header_length")?, strings(batch, TERMS)?);
    (0..batch.num_rows())
        .map(|row| Ok(split_terms(terms.value(row), lengths.value(row))?.1))
        .collect()
}

/// Converts a batch with [`OUTLINE`] to chunks without texts, and their keys.
pub(crate) fn outlines_from_batch(batch: &RecordBatch) -> Result<Vec<(Chunk, ContentKey)>> {
    let (paths, languages) = (strings(batch, "path")?, strings(batch, "language")?);
    let (kinds, symbols) = (strings(batch, "kind")?, strings(batch, "symbol")?);
    let (scopes, definitions) = (strings(batch, "scope")?, strings(batch, "definitions")?);
    let (starts, ends) = (numbers(batch, "start_line")?, numbers(batch, "end_line")?);
    let keys = strings(batch, "content_key")?;
    (0..batch.num_rows())
        .map(|row| {
            let symbol = symbols.is_valid(row).then(|| symbols.value(row));
            let chunk = Chunk {
                path: paths.value(row).to_owned(),
                language: languages.value(row).to_owned(),
                kind: kinds.value(row).parse::<ChunkKind>().map_err(damaged)?,
                symbol: symbol.map(str::to_owned),
                scope: split(scopes.value(row)),
                definitions: split(definitions.value(row)),
                start_line: starts.value(row),
                end_line: ends.value(row),
                text: String::new(),
            };
            Ok((chunk, key_from_hex(keys.value(row))?))
        })
        .collect()
}

/// A column of texts.
pub(crate) fn strings<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| damaged(format!("there is no column `{name}` of texts")))
}

/// A column of numbers.
pub(crate) fn numbers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a UInt32Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<UInt32Type>())
        .ok_or_else(|| damaged(format!("there is no column `{name}` of numbers")))
}

fn split_terms(terms: &str, header_length: u32) -> Result<(String, String)> {
    let text = text_of(terms, header_length)?;
    let header = &terms[..terms.len() - text.len() - 1];
    Ok((header.to_owned(), text.to_owned()))
}

/// The text behind the header and its line feed.
pub(crate) fn text_of(terms: &str, header_length: u32) -> Result<&str> {
    let length = usize::try_from(header_length).unwrap_or(usize::MAX);
    let header = terms.get(..length);
    let text = terms.get(length.saturating_add(1)..);
    header
        .and(text)
        .ok_or_else(|| damaged("a header is longer than its text"))
}

fn join(names: &[String]) -> String {
    let mut joined = String::new();
    push_joined(names, &mut joined);
    joined
}

fn push_joined(names: &[String], joined: &mut String) {
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            joined.push(SEPARATOR);
        }
        joined.push_str(name);
    }
}

fn split(joined: &str) -> Vec<String> {
    separated(joined).map(str::to_owned).collect()
}

/// The names in one column.
pub(crate) fn separated(joined: &str) -> impl Iterator<Item = &str> {
    let names = (!joined.is_empty()).then(|| joined.split(SEPARATOR));
    names.into_iter().flatten()
}

/// Reads a content key from its hexadecimal digits.
pub(crate) fn key_from_hex(text: &str) -> Result<ContentKey> {
    u128::from_str_radix(text, 16)
        .ok()
        .filter(|_| text.len() == 32)
        .map(|number| ContentKey(number.to_be_bytes()))
        .ok_or_else(|| damaged(format!("`{text}` is not a content key")))
}

pub(crate) fn damaged(seen: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::corrupt("the table of chunks", seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_the_table() {
        let row = ChunkRow {
            chunk: Chunk {
                path: "src/it's.rs".into(),
                language: "rust".into(),
                kind: ChunkKind::Method,
                symbol: None,
                scope: vec!["mod net".into(), "impl Server".into()],
                definitions: Vec::new(),
                start_line: 3,
                end_line: 9,
                text: "fn serve() {}\n".into(),
            },
            header: "src it's.rs".into(),
            content_key: ContentKey::of("fn serve() {}\n"),
        };
        let batches = to_batches(&[(row.id(), &row)]).expect("batch");
        assert_eq!(from_batch(&batches[0]).expect("rows"), vec![row]);
    }
}
