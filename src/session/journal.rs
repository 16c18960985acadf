//! The file of a session: one record per line, only appended to.
//!
//! A line counts once its line end is written. What a crash left after the last line end is cut off
//! before the next record is written.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{Record, VERSION};
use super::{SessionError, SessionId};

/// Name of the journal in the folder of a session.
const FILE: &str = "journal.jsonl";

/// The path of the journal of a session.
pub(super) fn path_of(folder: &Path, id: &SessionId) -> PathBuf {
    folder.join(id.as_str()).join(FILE)
}

/// The journal of one session, held by one process.
pub(super) struct Journal {
    id: SessionId,
    path: PathBuf,
    /// `None` until the first question.
    file: Option<LockedFile>,
    /// Records to write before the first question.
    preamble: Vec<u8>,
    /// Length of the complete records, in bytes.
    length: u64,
    /// Whether the last write failed and may have left half a record after `length`.
    torn: bool,
}

/// A file locked against other processes while this lives.
pub(super) struct LockedFile(File);

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing is not enough: a command that is just being started may share the file.
        let _ = self.0.unlock();
    }
}

/// A line: a record and its time.
#[derive(Serialize)]
struct JournalLine<'a> {
    #[serde(flatten)]
    record: &'a Record,
    #[serde(flatten)]
    stamp: RecordTime,
}

/// When a record was written, in UTC: `2026-11-21T14:30:05Z`. Older versions wrote no time.
#[derive(Serialize, Deserialize)]
struct RecordTime {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl RecordTime {
    /// The time of a record; the first record has its own.
    fn of(record: &Record) -> RecordTime {
        let has_time = matches!(record, Record::Started { .. });
        RecordTime {
            at: (!has_time).then(|| in_utc(Timestamp::now())),
        }
    }
}

/// A time as the journal has it.
pub(super) fn in_utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What a journal holds.
#[derive(Debug)]
pub(super) struct JournalContents {
    pub records: Vec<Record>,
    /// The time of each record, if known.
    pub times: Vec<Option<String>>,
    /// Complete lines that are not records: damage, which is skipped.
    pub unreadable: usize,
    /// Bytes up to the last line end.
    pub length: u64,
}

impl Journal {
    /// A new journal. Nothing is written before the first question, so a session without one leaves
    /// no file.
    pub fn new(folder: &Path, id: &SessionId) -> Journal {
        Journal {
            id: id.clone(),
            path: path_of(folder, id),
            file: None,
            preamble: Vec::new(),
            length: 0,
            torn: false,
        }
    }

    /// Opens a journal to continue it, and cuts half a record off its end.
    pub fn open(folder: &Path, id: &SessionId) -> Result<(Journal, JournalContents), SessionError> {
        let path = path_of(folder, id);
        let locked = hold(folder, id)?;
        let mut bytes = Vec::new();
        (&locked.0)
            .read_to_end(&mut bytes)
            .map_err(|error| failed("read", &path, error))?;
        let contents = contents(&bytes, id)?;
        let mut journal = Journal {
            length: contents.length,
            torn: contents.length < bytes.len() as u64,
            file: Some(locked),
            ..Journal::new(folder, id)
        };
        journal.repair()?;
        Ok((journal, contents))
    }

    /// Writes records in one write; records that must not be lost are synced.
    ///
    /// After an error the journal is as before, and the write can be repeated.
    pub fn append(&mut self, records: &[Record]) -> Result<(), SessionError> {
        let mut lines = Vec::new();
        for record in records {
            let line = JournalLine {
                record,
                stamp: RecordTime::of(record),
            };
            serde_json::to_writer(&mut lines, &line)
                .map_err(|error| failed("write", &self.path, error.into()))?;
            lines.push(b'\n');
        }
        if self.file.is_none() {
            if records.iter().all(Record::is_preamble) {
                self.preamble.extend(lines);
                return Ok(());
            }
            self.file = Some(self.create()?);
        }
        self.repair()?;
        // What waits goes ahead, and is forgotten only when it is written.
        let waiting = self.preamble.len();
        self.preamble.extend(lines);
        let written = self.write(records.iter().any(Record::is_durable));
        if written.is_ok() {
            self.length += self.preamble.len() as u64;
            self.preamble.clear();
        } else {
            self.preamble.truncate(waiting);
            self.torn = true;
        }
        written
    }

    fn write(&mut self, durable: bool) -> Result<(), SessionError> {
        let Some(LockedFile(file)) = &mut self.file else {
            return Ok(());
        };
        let written = file
            .write_all(&self.preamble)
            .and_then(|()| if durable { file.sync_data() } else { Ok(()) });
        written.map_err(|error| failed("write", &self.path, error))
    }

    /// Cuts off half a record.
    fn repair(&mut self) -> Result<(), SessionError> {
        let Some(LockedFile(file)) = self.file.as_ref().filter(|_| self.torn) else {
            return Ok(());
        };
        file.set_len(self.length)
            .map_err(|error| failed("mend", &self.path, error))?;
        self.torn = false;
        Ok(())
    }

    /// Makes the folder and the file, for their owner only.
    fn create(&self) -> Result<LockedFile, SessionError> {
        let wrong = |error| failed("create", &self.path, error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        create_private_folder(folder).map_err(wrong)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(&self.path).map_err(wrong)?;
        let ready = lock(file, &self.path, &self.id).and_then(|locked| {
            let above = folder.parent().unwrap_or(folder);
            let synced = sync_folder(folder).and_then(|()| sync_folder(above));
            synced.map(|()| locked).map_err(wrong)
        });
        if ready.is_err() {
            // Else the next try would find a file that is there already.
            let _ = fs::remove_file(&self.path);
        }
        ready
    }
}

/// Keeps others from opening a session, while the result lives; its journal must be there.
pub(super) fn hold(folder: &Path, id: &SessionId) -> Result<LockedFile, SessionError> {
    let path = path_of(folder, id);
    match OpenOptions::new().read(true).append(true).open(&path) {
        Ok(file) => lock(file, &path, id),
        Err(error) if is_missing(&error) => Err(SessionError::NotFound(id.to_string())),
        Err(error) => Err(failed("open", &path, error)),
    }
}

/// Reads a journal without opening it for writing; another process may be writing to it.
pub(super) fn read(folder: &Path, id: &SessionId) -> Result<JournalContents, SessionError> {
    let path = path_of(folder, id);
    match fs::read(&path) {
        Ok(bytes) => contents(&bytes, id),
        Err(error) if is_missing(&error) => Err(SessionError::NotFound(id.to_string())),
        Err(error) => Err(failed("read", &path, error)),
    }
}

/// Parses the lines of a journal.
fn contents(bytes: &[u8], id: &SessionId) -> Result<JournalContents, SessionError> {
    let length = whole_lines(bytes);
    let mut contents = JournalContents {
        records: Vec::new(),
        times: Vec::new(),
        unreadable: 0,
        length: length as u64,
    };
    for line in bytes[..length].split_inclusive(|&byte| byte == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Record::Started { version, .. }) if version > VERSION => {
                return Err(SessionError::Newer {
                    id: id.clone(),
                    version,
                });
            }
            Ok(record) => {
                let stamp = serde_json::from_slice(line);
                contents
                    .times
                    .push(stamp.ok().and_then(|RecordTime { at }| at));
                contents.records.push(record);
            }
            Err(_) => contents.unreadable += 1,
        }
    }
    Ok(contents)
}

/// Bytes up to the last line end.
fn whole_lines(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|&byte| byte == b'\n');
    last.map_or(0, |at| at + 1)
}

fn lock(file: File, path: &Path, id: &SessionId) -> Result<LockedFile, SessionError> {
    match file.try_lock() {
        Ok(()) => Ok(LockedFile(file)),
        Err(TryLockError::WouldBlock) => Err(SessionError::InUse(id.clone())),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, error)),
    }
}

/// Makes a folder, and those above it, that only their owner may enter.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Syncs a folder, so that the name of a new file is on disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn failed(what: &'static str, path: &Path, source: io::Error) -> SessionError {
    SessionError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}
