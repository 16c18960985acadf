//! The types that the store and the indexer share: chunks and their keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Identifies the text that is embedded for a chunk: BLAKE3, 128 bits.
///
/// Chunks with the same document text share one key, and so their vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey(pub [u8; 16]);

impl ContentKey {
    /// Hashes a document text.
    pub fn of(text: &str) -> ContentKey {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
        ContentKey(key)
    }
}

/// A piece of source that can be found and cited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Path relative to the root of the workspace, with `/`.
    pub path: String,
    /// Name of the language as in the table of languages; `text` if there is no grammar.
    pub language: String,
    /// What the chunk is: a function, a type, a section.
    pub kind: ChunkKind,
    /// Name of the definition that the chunk is about, if it starts one.
    pub symbol: Option<String>,
    /// The definitions around the chunk, outermost first: `["mod net", "impl Server"]`.
    pub scope: Vec<String>,
    /// Names of all definitions that begin in the chunk.
    pub definitions: Vec<String>,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The lines, with secrets redacted.
    pub text: String,
}

macro_rules! kinds {
    ($($variant:ident $name:literal $meaning:literal),* $(,)?) => {
        /// What a chunk or a definition is: a closed list, part of the stable JSON output.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum ChunkKind { $(#[doc = $meaning] $variant),* }

        impl ChunkKind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[ChunkKind] = &[$(ChunkKind::$variant),*];

            /// The name used in queries, in the store and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(ChunkKind::$variant => $name),* }
            }

            /// One line that says what the kind covers.
            pub fn meaning(self) -> &'static str {
                match self { $(ChunkKind::$variant => $meaning),* }
            }
        }
    };
}

kinds! {
    Module "module" "A module, namespace or package.",
    Class "class" "A class or object.",
    Struct "struct" "A struct, record or union.",
    Enum "enum" "An enumeration.",
    Interface "interface" "An interface or protocol.",
    Trait "trait" "A trait or mixin.",
    Impl "impl" "An implementation or extension block.",
    Function "function" "A function outside a type.",
    Method "method" "A function of a type, constructors included.",
    Macro "macro" "A macro.",
    Type "type" "A type alias.",
    Constant "constant" "A constant.",
    Variable "variable" "A variable or static.",
    Property "property" "A property, field or accessor.",
    Section "section" "A section of a document or of a configuration file.",
    Rule "rule" "A style rule.",
    Table "table" "A database table, view or index.",
    Block "block" "Statements that define nothing of their own.",
    Text "text" "Lines of a file that has no grammar.",
}

impl fmt::Display for ChunkKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The name is not one of [`ChunkKind::ALL`].
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a kind of chunk")]
pub struct UnknownKind(String);

impl FromStr for ChunkKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<ChunkKind, UnknownKind> {
        ChunkKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}
