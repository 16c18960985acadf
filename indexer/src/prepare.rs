//! Prepares files for the store on all cores: reads, hashes, redacts and chunks them.

use std::io;
use std::sync::{Arc, LazyLock};

use ollacode_store::{Catalog, ChunkRow, FileRecord, RecordedFile};
use tokio_util::sync::CancellationToken;

use crate::chunk::{CHUNKER_VERSION, chunk_file, header};
use crate::decode::{Decoded, decode};
use crate::embed::content_key;
use crate::folder::{Folder, is_gone};
use crate::language::{LANGUAGES, PLAIN_TEXT};
use crate::parse::{FileParser, ParseFailure};
use crate::progress::SecretFound;
use crate::tickets::{Ticket, in_order};
use crate::walk::{SkipReason, WalkEntry, skipped_by_content};
use ollacode_secrets::redact;

/// The source of the rules by which files are skipped: the rules are code as much as tables.
const SKIP_RULES: &str = include_str!("skip.rs");

/// Identifies the way in which files are chunked: by the chunker, the table of languages with
/// its queries, the rules, and the columns that the store has of a chunk.
pub(crate) static CUT_VERSION: LazyLock<String> = LazyLock::new(|| {
    let numbers = [CHUNKER_VERSION, Catalog::SCHEMA_VERSION].map(|version| version.to_string());
    let mut parts: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for language in &LANGUAGES {
        parts.extend([language.name, language.query]);
        parts.extend(language.extensions.iter().copied());
        parts.extend(language.file_names.iter().copied());
    }
    parts.extend(ollacode_secrets::SOURCES);
    parts.push(SKIP_RULES);
    version_of(&parts)
});

fn version_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // With its length, so that text cannot move from one part to the next unnoticed.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A file and its record in the index, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct FileTask {
    pub entry: WalkEntry,
    /// The recorded hash and record: a file with equal content is not chunked again.
    pub known: Option<FileRecord>,
}

/// The result of preparing a file.
#[derive(Debug)]
pub(crate) enum PreparedFile {
    /// Its content is as indexed, only its times differ.
    Same(FileRecord),
    /// New chunks, possibly none.
    Chunked(Box<ChunkedFile>),
    /// It was removed, or is not to be indexed any more.
    Gone { path: String, skip: SkipReason },
    /// It exists, but cannot be read, with the reason. Its chunks in the index stay.
    Unread { path: String, why: String },
}

/// A file with its chunks.
#[derive(Debug)]
pub(crate) struct ChunkedFile {
    pub record: RecordedFile,
    pub rows: Vec<ChunkRow>,
    pub skip: Option<SkipReason>,
    pub secrets: Vec<SecretFound>,
    pub failure: Option<ParseFailure>,
    pub not_utf8: bool,
}

/// Redacts secret values that only the user knows, line by line; `None` if there are none.
pub type Redactor = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Prepares files on all cores and hands them over in their order. A file counts as waiting until its
/// ticket is dropped.
///
/// Returns when all are handed over, or `stop` was cancelled.
pub(crate) fn prepare_all(
    root: &Folder,
    tasks: &[FileTask],
    redactor: Option<&Redactor>,
    now_ns: i64,
    stop: &CancellationToken,
    hand_over: impl FnMut(PreparedFile, Ticket) -> bool,
) {
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(tasks.len());
    in_order(
        threads,
        tasks,
        |task| task.entry.size,
        |_| !stop.is_cancelled(),
        |parser: &mut FileParser, task| prepare(parser, root, task, redactor, now_ns),
        hand_over,
    );
}

/// Reads and chunks one file.
fn prepare(
    parser: &mut FileParser,
    root: &Folder,
    task: &FileTask,
    redactor: Option<&Redactor>,
    now_ns: i64,
) -> PreparedFile {
    let entry = &task.entry;
    let bytes = match root.read(&entry.path, entry.size.saturating_add(MOST_GROWTH)) {
        Ok(bytes) => bytes,
        Err(error) => return not_read(entry, &error),
    };
    let hash = hash(&bytes);
    let size = bytes.len() as u64;
    let modified_ns = trusted_time(entry, now_ns);
    let (changed_ns, inode) = (entry.changed_ns, entry.inode);
    if let Some(known) = task.known.as_ref().filter(|known| known.hash == hash) {
        return PreparedFile::Same(FileRecord {
            size,
            modified_ns,
            changed_ns,
            inode,
            ..known.clone()
        });
    }
    let mut record = FileRecord {
        path: entry.path.clone(),
        size,
        modified_ns,
        changed_ns,
        inode,
        hash,
        language: PLAIN_TEXT.to_owned(),
        chunks: 0,
        status: None,
    };
    let decoded = decode(&bytes);
    if let Some(skip) = skipped_by_content(&record.path, &decoded.text) {
        record.status = Some(skip.words().to_owned());
        return PreparedFile::Chunked(Box::new(ChunkedFile::skipped(record, skip)));
    }
    PreparedFile::Chunked(Box::new(cut_file(parser, record, &decoded, redactor)))
}

/// Hashes a file's content: BLAKE3, 128 bits.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    hash
}

/// How much a file may grow between listing and reading, in bytes.
const MOST_GROWTH: u64 = 1 << 24;

/// The result for a file that was listed and cannot be read.
fn not_read(entry: &WalkEntry, error: &io::Error) -> PreparedFile {
    let path = entry.path.clone();
    let skip = match error.kind() {
        _ if is_gone(error) => SkipReason::Vanished,
        io::ErrorKind::FileTooLarge => SkipReason::TooLarge,
        // A file that was replaced by a link or a FIFO since.
        io::ErrorKind::InvalidInput => SkipReason::NotAFile,
        _ => {
            let why = error.to_string();
            return PreparedFile::Unread { path, why };
        }
    };
    PreparedFile::Gone { path, skip }
}

/// A value that no file system reports as a time: `modified_ns` is never negative.
const NO_TIME: i64 = -1;

/// A time that may be trusted when the file is next seen.
///
/// A file that was changed just now may change again within the same tick of
/// the file system's clock, with the same size; a time that no file has makes it be read again.
fn trusted_time(entry: &WalkEntry, now_ns: i64) -> i64 {
    const TICK_NS: i64 = 20_000_000;
    // Programs can set the modification time.
    let changed_ns = match entry.changed_ns {
        0 => entry.modified_ns,
        changed_ns => changed_ns,
    };
    if now_ns - changed_ns < TICK_NS {
        NO_TIME
    } else {
        entry.modified_ns
    }
}

fn cut_file(
    parser: &mut FileParser,
    mut record: FileRecord,
    decoded: &Decoded<'_>,
    redactor: Option<&Redactor>,
) -> ChunkedFile {
    let redacted = redact(&decoded.text);
    let owned = redactor.and_then(|redactor| redactor(&redacted.text));
    let text: &str = owned.as_deref().unwrap_or(&redacted.text);
    let secrets = redacted
        .findings
        .iter()
        .map(|finding| SecretFound {
            path: record.path.clone(),
            line: finding.line,
            rule: finding.rule,
        })
        .collect();
    let cut = chunk_file(parser, &record.path, text);
    let rows: Vec<ChunkRow> = cut
        .chunks
        .into_iter()
        .map(|chunk| ChunkRow {
            header: header(&chunk),
            content_key: content_key(&chunk),
            chunk,
        })
        .collect();
    cut.language.clone_into(&mut record.language);
    record.chunks = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    record.status = cut.failure.map(|failure| failure.to_string());
    let keys = rows.iter().map(|row| row.content_key).collect();
    ChunkedFile {
        record: RecordedFile { file: record, keys },
        rows,
        skip: None,
        secrets,
        failure: cut.failure,
        not_utf8: decoded.is_lossy,
    }
}

impl ChunkedFile {
    fn skipped(record: FileRecord, skip: SkipReason) -> ChunkedFile {
        ChunkedFile {
            record: RecordedFile {
                file: record,
                keys: Vec::new(),
            },
            rows: Vec::new(),
            skip: Some(skip),
            secrets: Vec::new(),
            failure: None,
            not_utf8: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_source_of_rules_is_part_of_the_cut_version() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../secrets/src");
        for entry in fs::read_dir(folder).expect("the folder of the rules") {
            let path = entry.expect("an entry").path();
            // The folders beside `tests.rs` and `values.rs`, which are no rules either.
            if path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source");
            let name = path.file_name().and_then(|name| name.to_str());
            // Which paths are secret decides what is listed, not how it is chunked; so do the
            // values of such files.
            let is_rule = !matches!(name, Some("paths.rs" | "tests.rs" | "values.rs"));
            assert_eq!(
                ollacode_secrets::SOURCES.contains(&text.as_str()),
                is_rule,
                "{name:?}"
            );
        }
    }

    #[test]
    fn any_part_makes_another_version() {
        let version = version_of(&["1", "query", "rule"]);
        assert_eq!(version, version_of(&["1", "query", "rule"]));
        for parts in [
            ["2", "query", "rule"],
            ["1", "queryr", "ule"],
            ["1", "query", "rules"],
        ] {
            assert_ne!(version, version_of(&parts), "{parts:?}");
        }
    }
}
