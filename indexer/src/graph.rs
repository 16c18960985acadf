//! Which files use which: definitions of chunks against the words of the others, and imports.
//!
//! In reading order: `words` interns identifiers, `role` says what a file is, `signature` finds the
//! line of a definition, `imports` reads import lines, `build` takes chunks in, `edges` joins files,
//! `rank` is PageRank. The graph is kept in memory beside the index, and made anew when the table of
//! chunks has changed.

mod build;
mod edges;
mod imports;
mod rank;
mod role;
mod signature;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use futures::FutureExt;
use ollacode_store::{ChunkKind, ChunkView};

use crate::error::IndexError;
use crate::index::{Index, IndexFuture, blocking};
use crate::overlay::Overlay;
use crate::progress::Events;
use crate::search::Freshness;

use build::GraphBuilder;
pub use role::FileRole;
pub(crate) use role::role_of;
use words::WordList;

/// Attempts when the index is repaired or replaced meanwhile.
const ROUNDS: usize = 3;

/// A file of one [`FileGraph`]: its place in [`FileGraph::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A file that is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphFile {
    /// Path relative to the root of the workspace, with `/`.
    pub path: String,
    /// Name of its language; `None` if there is no grammar.
    pub language: Option<String>,
    /// What it is for.
    pub role: FileRole,
    /// What it defines, by line.
    pub definitions: Vec<GraphDefinition>,
    /// Its last line that is not blank, from 1.
    pub lines: u32,
}

/// A definition of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphDefinition {
    /// The name, without scope.
    pub name: String,
    /// The line that defines it, without its body; at most 120 characters.
    pub signature: String,
    /// Its line, from 1.
    pub line: u32,
    /// What it is.
    pub kind: ChunkKind,
    /// How many other files use the name; 0 for names that more than five files define.
    pub uses: u32,
}

/// That a file uses another one.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphEdge {
    /// The other file.
    pub file: FileId,
    /// How strongly: see [`FileGraph`].
    pub weight: f32,
    /// At most five names that connect them, the heaviest first; empty for an import alone.
    pub names: Vec<String>,
    /// Whether one imports the other.
    pub is_import: bool,
    /// How often the names occur; at least 1.
    pub count: u32,
}

/// Which files use which, of one snapshot of the index. The same index gives the same graph.
///
/// A name that at most five files define connects each file with its word to those that define it,
/// by `(1 + ln occurrences) · idf / defining files`; an import adds 3. Code of the project is not
/// connected to definitions of its tests and examples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileGraph {
    files: Vec<GraphFile>,
    uses: Vec<Vec<GraphEdge>>,
    used_by: Vec<Vec<GraphEdge>>,
    /// Of each file, by id.
    identifiers: Vec<Vec<(u32, u32)>>,
    words: WordList,
    /// Of each word: the files that have it.
    frequency: Vec<u32>,
    left_out: usize,
}

impl FileGraph {
    /// Files of which only their definitions are known: for tests of what shows graphs.
    pub fn without_edges(mut files: Vec<GraphFile>) -> FileGraph {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        FileGraph {
            uses: vec![Vec::new(); files.len()],
            used_by: vec![Vec::new(); files.len()],
            identifiers: vec![Vec::new(); files.len()],
            files,
            ..FileGraph::default()
        }
    }

    /// Every indexed file, sorted by path.
    pub fn files(&self) -> &[GraphFile] {
        &self.files
    }

    /// The file of a path.
    pub fn id(&self, path: &str) -> Option<FileId> {
        let found = self.files.binary_search_by(|file| (*file.path).cmp(path));
        Some(FileId(u32::try_from(found.ok()?).ok()?))
    }

    /// A file. The id must be of this graph.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn file(&self, file: FileId) -> &GraphFile {
        &self.files[file.0 as usize]
    }

    /// The files that a file uses, heaviest first.
    pub fn uses(&self, file: FileId) -> &[GraphEdge] {
        edges(&self.uses, file)
    }

    /// The files that use a file, heaviest first.
    pub fn used_by(&self, file: FileId) -> &[GraphEdge] {
        edges(&self.used_by, file)
    }

    /// How much each file matters, adding up to 1: PageRank over what files use, 30 rounds. With a
    /// focus it starts from these files, else from the code of the project, without its tests.
    pub fn rank(&self, focus: &[FileId]) -> Vec<f64> {
        rank::page_rank(&self.uses, &self.start(focus))
    }

    /// The identifiers of a file that occur in another one too or are defined somewhere, with how
    /// often they occur, by id. Ids follow the order of the identifiers.
    pub fn identifiers(&self, file: FileId) -> &[(u32, u32)] {
        let found = self.identifiers.get(file.0 as usize);
        found.map_or(&[], Vec::as_slice)
    }

    /// How many files have an identifier.
    pub fn document_frequency(&self, id: u32) -> u32 {
        self.frequency.get(id as usize).copied().unwrap_or_default()
    }

    /// An identifier; empty if there is none of this id.
    pub fn identifier(&self, id: u32) -> &str {
        self.words.get(id)
    }

    /// Files that were not read, since there are more than 50,000.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Connections between two files, of all files.
    pub fn edge_count(&self) -> usize {
        self.uses.iter().map(Vec::len).sum()
    }

    fn start(&self, focus: &[FileId]) -> Vec<f64> {
        let mut start = vec![0.0; self.files.len()];
        let known = focus.iter().filter_map(|file| start_at(file, &self.files));
        let mut chosen: Vec<usize> = known.collect();
        if chosen.is_empty() {
            let is_source = |at: &usize| self.files[*at].role == FileRole::Source;
            chosen = (0..self.files.len()).filter(is_source).collect();
        }
        if chosen.is_empty() {
            chosen = (0..self.files.len()).collect();
        }
        chosen.sort_unstable();
        chosen.dedup();
        for at in &chosen {
            start[*at] = 1.0 / chosen.len() as f64;
        }
        start
    }
}

fn start_at(file: &FileId, files: &[GraphFile]) -> Option<usize> {
    let at = file.0 as usize;
    (at < files.len()).then_some(at)
}

fn edges(rows: &[Vec<GraphEdge>], file: FileId) -> &[GraphEdge] {
    rows.get(file.0 as usize).map_or(&[], Vec::as_slice)
}

/// The graph of one version of the table of chunks.
#[derive(Clone, Debug)]
pub(crate) struct CachedGraph {
    generation: String,
    version: u64,
    graph: Arc<FileGraph>,
}

impl Index {
    /// Which files use which.
    ///
    /// Indexes changed files first, unless told to trust the index. While another process holds the
    /// lock, changed files are read into memory. The graph is kept until the chunks change.
    ///
    /// # Errors
    /// What the store fails with.
    pub fn graph(&self, freshness: Freshness) -> IndexFuture<'_, Arc<FileGraph>> {
        async move { Ok(self.graph_with_notes(freshness, &|_| {}).await?.0) }.boxed()
    }

    /// The same, with notes for the user: what cannot be read, what could not be refreshed.
    ///
    /// # Errors
    /// As [`Index::graph`].
    pub fn graph_with_notes<'a>(
        &'a self,
        freshness: Freshness,
        events: Events<'a>,
    ) -> IndexFuture<'a, (Arc<FileGraph>, Vec<String>)> {
        async move {
            let mut was_in_vain = false;
            for _ in 0..ROUNDS {
                match self.graph_once(freshness, events).await {
                    // Who trusts the index does not wait for one that is made anew.
                    Err(IndexError::Store(error))
                        if freshness == Freshness::Refresh && self.may_recover(&error) =>
                    {
                        let has_recovered = self.recover(events).await?;
                        if !has_recovered && std::mem::replace(&mut was_in_vain, true) {
                            return Err(error.into());
                        }
                    }
                    Err(IndexError::StaleGeneration) => {}
                    other => return other,
                }
            }
            self.graph_once(freshness, events).await
        }
        .boxed()
    }

    async fn graph_once(
        &self,
        freshness: Freshness,
        events: Events<'_>,
    ) -> Result<(Arc<FileGraph>, Vec<String>), IndexError> {
        let mut notes = Vec::new();
        let overlay = match freshness {
            Freshness::Refresh => self.take_in_all(events, &mut notes).await?,
            Freshness::Trust => Overlay::default(),
        };
        // Held while the graph is made, since two callers want the same one.
        let mut cached = self.graph.lock().await;
        let (generation, store) = self.generation_and_store().await?;
        let snapshot = store.snapshot().await?;
        let is_plain = overlay.paths().next().is_none();
        if let Some(known) = cached.as_ref()
            && is_plain
            && known.generation == generation
            && known.version == snapshot.version()
        {
            return Ok((Arc::clone(&known.graph), notes));
        }
        let mut builder = GraphBuilder::default();
        let overlay = Arc::new(overlay);
        let mut scan = snapshot.scan().await?;
        while let Some(batch) = scan.next_batch().await? {
            let overlay = Arc::clone(&overlay);
            builder = blocking(move || {
                batch.each(&mut |chunk| {
                    if !overlay.covers(chunk.path) {
                        builder.add(chunk);
                    }
                })?;
                Ok(builder)
            })
            .await?;
        }
        let graph = blocking(move || {
            for row in overlay.all_rows() {
                builder.add(&ChunkView::of(row));
            }
            Ok(Arc::new(builder.finish()))
        })
        .await?;
        if self.generation().await? != generation {
            return Err(IndexError::StaleGeneration);
        }
        if is_plain {
            *cached = Some(CachedGraph {
                generation,
                version: snapshot.version(),
                graph: Arc::clone(&graph),
            });
        }
        Ok((graph, notes))
    }
}
