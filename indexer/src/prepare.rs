//! Prepares files for the store on all cores: reads, hashes, redacts and chunks them.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use ollacode_store::{ChunkRow, FileRecord, RecordedFile};
use tokio_util::sync::CancellationToken;

use crate::chunk::{chunk_file, header};
use crate::decode::{Decoded, decode};
use crate::difference::has_stat;
use crate::embed::content_key;
use crate::folder::{Folder, is_gone};
use crate::language::PLAIN_TEXT;
use crate::parse::{FileParser, ParseFailure};
use crate::progress::SecretFound;
use crate::rules::CHUNK_RULES;
use crate::tickets::{Ticket, in_order};
use crate::walk::{SkipReason, WalkEntry, skipped_by_content};
use ollacode_secrets::redact;

/// A file and its record in the index, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct FileTask {
    pub entry: WalkEntry,
    /// The recorded hash and record: a file with equal content is not chunked again.
    pub known: Option<FileRecord>,
    pub reason: TaskReason,
}

/// Why a file is read, the most urgent reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TaskReason {
    /// It is new, or has another size, time or inode.
    Changed,
    /// It has those that are recorded, but changed so shortly before that they do not tell.
    Unsure,
    /// It is as it is recorded, but older rules chunked it, or all files are read again.
    Rules,
}

impl FileTask {
    /// A file that is chunked whatever is recorded of it.
    pub(crate) fn new(entry: WalkEntry) -> FileTask {
        FileTask {
            entry,
            known: None,
            reason: TaskReason::Changed,
        }
    }
}

/// When no further file is begun.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrepareLimit {
    /// Once it is cancelled.
    pub stop: CancellationToken,
    /// After a time, but for the first so many files.
    pub hurry: Option<(Instant, usize)>,
}

impl PrepareLimit {
    fn allows(&self, index: usize) -> bool {
        let is_in_time = |(until, first): (Instant, usize)| index < first || Instant::now() < until;
        !self.stop.is_cancelled() && self.hurry.is_none_or(is_in_time)
    }
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
/// Returns when all are handed over, or all that were begun within the limit.
pub(crate) fn prepare_all(
    root: &Folder,
    tasks: &[FileTask],
    redactor: Option<&Redactor>,
    now_ns: i64,
    limit: &PrepareLimit,
    hand_over: impl FnMut(PreparedFile, Ticket) -> bool,
) {
    let threads = std::thread::available_parallelism()
        .map_or(2, usize::from)
        .min(tasks.len());
    in_order(
        threads,
        tasks,
        |task| task.entry.size,
        |number| limit.allows(number),
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
    let known = task.known.as_ref().filter(|known| known.hash == hash);
    let mut record = FileRecord {
        path: entry.path.clone(),
        size: bytes.len() as u64,
        modified_ns: entry.modified_ns,
        changed_ns: entry.changed_ns,
        inode: entry.inode,
        hash,
        language: PLAIN_TEXT.to_owned(),
        chunks: 0,
        status: None,
        rules: CHUNK_RULES,
        unsure_since_ns: unsure_since(entry, known, now_ns),
    };
    if let Some(known) = known {
        return PreparedFile::Same(FileRecord {
            language: known.language.clone(),
            chunks: known.chunks,
            status: known.status.clone(),
            ..record
        });
    }
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

/// Since when the times of a file do not tell whether it changes again; 0 if they tell.
///
/// A file that was changed just now may change again within the same tick of the file system's
/// clock, and keep its times. It is read again until a tick has passed: since the change, or, where
/// the file system's clock or its times are ahead of ours, since it was first read as it is.
fn unsure_since(entry: &WalkEntry, known: Option<&FileRecord>, now_ns: i64) -> i64 {
    // Programs can set the modification time.
    let changed_ns = match entry.changed_ns {
        0 => entry.modified_ns,
        changed_ns => changed_ns,
    };
    let since_ns = known
        .filter(|known| known.unsure_since_ns != 0 && has_stat(known, entry))
        // Our own clock may have been set back.
        .map_or(now_ns, |known| known.unsure_since_ns.min(now_ns));
    let tick_ns = tick_of(changed_ns);
    if now_ns - changed_ns >= tick_ns || now_ns - since_ns >= tick_ns {
        0
    } else {
        since_ns
    }
}

/// The longest time for which the clock of the file system that gave a time may stand still.
fn tick_of(time_ns: i64) -> i64 {
    const SECOND_NS: i64 = 1_000_000_000;
    /// Of kernels and of most file systems.
    const FINE_NS: i64 = 20_000_000;
    /// FAT counts every second one.
    const COARSE_NS: i64 = 2 * SECOND_NS;
    if time_ns % SECOND_NS == 0 {
        COARSE_NS
    } else {
        FINE_NS
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
mod tests;
