//! The store: chunks, their full-text index, their vectors, and the catalog of indexed files.
//!
//! This crate alone knows LanceDB and SQLite. One index folder holds
//!
//! - `chunks.lance`: a row for each chunk, full-text indexed; rows are inserted or deleted, never
//!   updated, so that saving a file does not move the rows of others;
//! - `vectors_<fingerprint>.lance`: vectors by content key, one table for each embedding model;
//! - `state.db`: which files are indexed, and which keys have vectors ([`Catalog`]);
//! - `checksums`: of the files of the tables, by which damage is told from other errors;
//! - `damaged`: what was set aside, for some days;
//! - `writer.lock`: held by the writer ([`WriterLock`]), and `writer.turn`: held by the next in
//!   line. Readers need no lock.
//!
//! LanceDB commits first, then the catalog: [`Catalog`] records the version of the chunks table that
//! it was written for. A writer that finds another version, or recoveries in [`Store::recoveries`],
//! reconciles the catalog with [`Store::path_keys`]. The [`EmbeddingCache`] is shared by all
//! workspaces, and so is what is known of the packs of a shared cache ([`KnownPacks`]).

#![warn(missing_docs)]
// LanceDB's futures nest deeply, and rustc walks them to see that they are Send.
#![recursion_limit = "256"]

mod cache;
mod catalog;
mod checksums;
mod chunk;
mod chunks;
mod due;
mod error;
mod files;
mod filter;
mod inspect;
mod keys;
mod lock;
mod maintain;
mod mend;
mod nearest;
mod packs;
mod query;
mod record;
mod recovery;
mod replace;
mod replies;
mod row;
mod scan;
mod schema;
mod set_aside;
mod snapshot;
mod sqlite;
mod store;
mod tally;
mod text_search;
mod tree;
mod vector_catalog;
mod vector_index;
mod vector_stages;
mod vectors;
mod words;

pub use cache::{CacheKey, EmbeddingCache};
pub use catalog::Catalog;
pub use chunk::{Chunk, ChunkKind, ContentKey, UnknownKind};
pub use error::{Result, StoreError, without_panic};
pub use files::{CatalogStamp, disk_bytes, write_private_file};
pub use filter::{Filter, PathSet};
pub use inspect::{DamagedFile, Inspection, SearchPart};
pub use lock::WriterLock;
pub use maintain::{MaintenancePolicy, MaintenanceReport};
pub use mend::TableIndex;
pub use packs::{KnownPack, KnownPacks};
pub use query::TextQuery;
pub use record::{
    Counts, EmbedFailure, FileRecord, LanguageCount, MissingFile, MissingKey, MissingTexts,
    RecordedContent, RecordedFile,
};
pub use recovery::Recovery;
pub use replace::Replaced;
pub use replies::{ReplyMark, ReplyMarks};
pub use row::ChunkRow;
pub use scan::{ChunkBatch, ChunkScan, ChunkView};
pub use set_aside::{
    damaged_cache_bytes, prune_set_aside, remove_damaged_caches, remove_set_aside, set_aside_bytes,
};
pub use snapshot::{FoundChunk, RowId, Snapshot};
pub use store::{OpenMode, OpenOptions, Store};
pub use vector_stages::FillMoment;
pub use vectors::VectorRow;
pub use words::WordHits;
