//! The records of the catalog.

use crate::chunk::ContentKey;

/// The record of one file of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRecord {
    /// Path relative to the root of the workspace, with `/`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification (`mtime`), in nanoseconds since 1970; programs can set it.
    pub modified_ns: i64,
    /// Time of the last status change (`ctime`), in nanoseconds since 1970, which programs cannot
    /// set; 0 where the system does not provide it.
    pub changed_ns: i64,
    /// Inode number; 0 where the system does not provide it.
    pub inode: u64,
    /// Hash of the content: BLAKE3, 128 bits.
    pub hash: [u8; 16],
    /// Name of the language.
    pub language: String,
    /// Number of chunks.
    pub chunks: u32,
    /// Why the file has no chunks, or is chunked by lines although it has a grammar.
    pub status: Option<String>,
    /// Number of the rules by which it was chunked; 0 if an older version of the program did it.
    pub rules: u32,
    /// Since when its times do not tell yet whether it changes again: when it was first read as it
    /// is recorded, in nanoseconds since 1970. 0 if they tell.
    pub unsure_since_ns: i64,
}

/// What is recorded of the content of a file with chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedContent {
    /// Hash of the content; see [`FileRecord::hash`].
    pub hash: [u8; 16],
    /// Number of the rules; see [`FileRecord::rules`].
    pub rules: u32,
}

/// A file with the content key of each of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFile {
    /// The record of the file.
    pub file: FileRecord,
    /// A key for each chunk; the same key may occur more than once.
    pub keys: Vec<ContentKey>,
}

/// A content key that has no vector yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// The content key.
    pub key: ContentKey,
    /// A file with a chunk of that key.
    pub path: String,
}

/// A file with chunks that have no vector yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingFile {
    /// Path relative to the root of the workspace, with `/`.
    pub path: String,
    /// Name of the language.
    pub language: String,
    /// Time of the last modification, in nanoseconds since 1970.
    pub modified_ns: i64,
}

/// The content keys that have no vector yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingTexts {
    /// The files that have them, each once.
    pub files: Vec<MissingFile>,
    /// Each key with the position of a file in `files`, once for each file that has it.
    pub keys: Vec<(ContentKey, u32)>,
}

/// A text that could not be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedFailure {
    /// The content key of the text.
    pub key: ContentKey,
    /// A file that contains it.
    pub path: String,
    /// The line on which it starts in that file, from 1.
    pub start_line: u32,
    /// The error of the embedding server.
    pub reason: String,
}

/// Numbers of files and chunks that are indexed and embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files with chunks.
    pub files: u64,
    /// Their chunks.
    pub chunks: u64,
    /// Chunks that have a vector of the model asked about.
    pub embedded: u64,
    /// Chunks that the model could not embed.
    pub failed: u64,
}

/// Numbers of files and chunks of one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanguageCount {
    /// Name of the language.
    pub language: String,
    /// Files with chunks.
    pub files: u64,
    /// Their chunks.
    pub chunks: u64,
}
