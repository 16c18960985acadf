//! The records of the bookkeeping.

use crate::chunk::ContentKey;

/// What is known of a file that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRecord {
    /// Path from the top of the workspace.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of its content, in nanoseconds since 1970, as its owner may set it.
    pub modified_ns: i64,
    /// Time of the last change of anything, which nobody can set; 0 where the system does not say.
    pub changed_ns: i64,
    /// Its number in the file system; 0 where the system does not say.
    pub inode: u64,
    /// Hash of the content: BLAKE3, 128 bits.
    pub hash: [u8; 16],
    /// Name of the language.
    pub language: String,
    /// Number of chunks.
    pub chunks: u32,
    /// Why the file has no chunks or worse ones than it could, if so.
    pub status: Option<String>,
}

/// A file together with the content key of each of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFile {
    /// The file.
    pub file: FileRecord,
    /// A key for each chunk; the same key may occur more than once.
    pub keys: Vec<ContentKey>,
}

/// A key that lacks a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// The key.
    pub key: ContentKey,
    /// A file with a chunk of that key.
    pub path: String,
}

/// A text that could not be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its key.
    pub key: ContentKey,
    /// A file that contains it.
    pub path: String,
    /// Where it starts there.
    pub start_line: u32,
    /// What the model's server said.
    pub reason: String,
}

/// How much is indexed and embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files with chunks.
    pub files: u64,
    /// Their chunks.
    pub chunks: u64,
    /// Chunks that have a vector.
    pub embedded: u64,
    /// Chunks that could not be embedded.
    pub failed: u64,
}

/// How much of a language is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageCount {
    /// Name of the language.
    pub language: String,
    /// Files with chunks.
    pub files: u64,
    /// Their chunks.
    pub chunks: u64,
}
