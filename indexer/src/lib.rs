//! ollacode's indexer: files in, ranked chunks out.
//!
//! In reading order:
//!
//! - [`Index`]: the façade. A refresh goes `walk` → `refresh` (what changed) → `prepare` (read,
//!   redact, chunk) → store; vectors follow in `embed_pipeline`; a search goes `query` → `search`
//!   (retrievers, freshness) → [`rank`].
//! - `folder`: how files are listed and read, beneath one handle on the workspace; `walker`,
//!   `ignore_files`, `git_index`, `default_excludes`, `hidden`: which of them are indexed.
//! - `language`, `parse`, `chunk`: the grammar of a file, its definitions, its chunks.
//! - `graph`: which files use which, from the chunks of a snapshot, with PageRank.
//! - [`related`]: which files belong to a file, from the graph and what was changed together.
//! - [`shared`]: the cache of vectors that several machines share, over any object store.
//! - [`Embedder`]: the interface to an embedding model, implemented outside this crate.
//!
//! The crate uses no HTTP and no terminal, reads no environment variables, and prints nothing.

#![warn(missing_docs)]
#![recursion_limit = "256"]

mod batch_size;
pub mod chunk;
mod coverage;
pub mod decode;
mod default_excludes;
mod dense;
mod difference;
mod dry_run;
pub mod embed;
mod embed_batch;
mod embed_order;
mod embed_pipeline;
mod embed_requests;
mod embed_shared;
mod error;
mod focus;
mod folder;
pub mod git_index;
mod globs;
mod graph;
mod hidden;
mod ignore_files;
mod index;
mod known;
pub mod language;
mod mend;
mod mention;
mod mistyped;
mod non_production;
mod objc_macros;
mod overlay;
pub mod parse;
pub mod parts;
mod polling;
mod prepare;
mod progress;
pub mod query;
pub mod rank;
mod reconcile;
mod refresh;
pub mod related;
mod retrievers;
mod rules;
mod sample;
mod scanners;
mod search;
pub mod shared;
mod skip;
mod status;
pub mod syntax;
mod take_in;
mod tickets;
mod unchanged;
mod unsearched;
mod unspaced;
pub mod walk;
mod walker;
mod watch;
mod without;
mod working_time;

pub use batch_size::BatchSize;
pub use dry_run::DryRun;
pub use embed::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
pub use embed_pipeline::EmbedReport;
pub use error::IndexError;
pub use folder::read_file;
pub use graph::{FileGraph, FileId, FileRole, GraphDefinition, GraphEdge, GraphFile};
pub use index::Index;
pub use mend::IndexCheck;
pub use prepare::Redactor;
pub use progress::{Events, IndexEvent, RefreshReport, SecretFound};
pub use refresh::{LockWait, RefreshOptions};
pub use sample::UniqueName;
pub use search::{Freshness, SearchMode, SearchRequest, SearchResults};
pub use shared::{SharedCache, SharedError, SharedOptions, SharedReport, SharedSecret, Standing};
pub use status::{IndexInfo, IndexStatistics, mount_point};
pub use take_in::Behind;
pub use unsearched::Unsearched;
pub use watch::{TooFewWatches, try_watches};

pub use ollacode_store::{
    CacheKey, Chunk, ChunkKind, ContentKey, Counts, EmbedFailure, EmbeddingCache, LanguageCount,
    ReplyMark, ReplyMarks, StoreError, damaged_cache_bytes, disk_bytes, remove_damaged_caches,
    remove_set_aside, set_aside_bytes,
};
