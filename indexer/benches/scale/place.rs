//! Where a measure works: the corpus, the index of it, and processes for steps of their own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, bail, ensure};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{
    Embedder, Freshness, Index, RefreshOptions, RefreshReport, SearchRequest, SearchResults,
};
use tokio::runtime::{Builder, Runtime};

use crate::embedder::ClusteredVectors;
use crate::samples::Samples;

/// Dimensions of vectors, unless others are asked for.
const DIMENSION: usize = 1_024;
/// How often a process is looked after.
const POLL: Duration = Duration::from_millis(10);
/// Hits of a search.
const HITS: usize = 10;

/// The folders of a run.
pub struct Place {
    /// The files that are indexed.
    pub corpus: PathBuf,
    /// The index, and what is kept about the corpus.
    pub work: PathBuf,
    /// Dimensions of vectors; 0 for none.
    pub dimension: usize,
}

impl Place {
    /// Checks the folders; without a dimension, that of the index which is there is taken.
    pub fn new(corpus: &Path, work: &Path, dimension: Option<usize>) -> Result<Place, Error> {
        let corpus = fs::canonicalize(corpus)
            .with_context(|| format!("there is no corpus `{}`", corpus.display()))?;
        fs::create_dir_all(work)?;
        let work = fs::canonicalize(work)?;
        ensure!(
            !work.starts_with(&corpus) && !corpus.starts_with(&work),
            "the folder to work in and the corpus must be apart"
        );
        let mut place = Place {
            corpus,
            work,
            dimension: DIMENSION,
        };
        if let Some(wanted) = dimension.or(place.filled()?) {
            place.dimension = wanted;
        }
        Ok(place)
    }

    /// The dimension with which the index was filled; `None` if it is not complete.
    pub fn filled(&self) -> Result<Option<usize>, Error> {
        match fs::read_to_string(self.mark()) {
            Ok(text) => Ok(Some(text.trim().parse()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The file that says that the index is complete.
    pub fn mark(&self) -> PathBuf {
        self.work.join("filled")
    }

    /// Fails if there is no complete index of this dimension.
    pub fn must_be_filled(&self) -> Result<(), Error> {
        let is_filled = self.filled()? == Some(self.dimension);
        ensure!(is_filled, "run the measure `fill` first");
        Ok(())
    }

    /// The folder of the index.
    pub fn index_folder(&self) -> PathBuf {
        self.work.join("index")
    }

    /// The index, opened anew as by another process.
    pub fn index(&self) -> Index {
        self.index_in(&self.index_folder())
    }

    /// An index of the corpus in a folder.
    pub fn index_in(&self, folder: &Path) -> Index {
        Index::new(&self.corpus, folder, WalkLimits::default())
    }

    /// What a search embeds its query with; `None` for an index without vectors.
    pub fn embedder(&self, samples: &Samples) -> Option<ClusteredVectors> {
        (self.dimension > 0).then(|| ClusteredVectors::for_queries(self.dimension, samples))
    }

    /// Runs a step in a process of its own, which prints its own rows; ends it after a time.
    pub fn in_own_process(
        &self,
        step: &str,
        argument: Option<&str>,
        limit: Option<Duration>,
    ) -> Result<(), Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--bench", "--dimension", &self.dimension.to_string()]);
        command.arg(&self.corpus).arg(&self.work);
        command.args(["--step", step]).args(argument);
        let status = ended(&mut command, limit)?;
        ensure!(status.success(), "its process ended with {status}");
        Ok(())
    }
}

/// Runs a command to its end; one that takes longer than the limit is ended, and is an error.
fn ended(command: &mut Command, limit: Option<Duration>) -> Result<ExitStatus, Error> {
    let mut child = command.spawn()?;
    let Some(limit) = limit else {
        return Ok(child.wait()?);
    };
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("not done after {} s", limit.as_secs());
        }
        thread::sleep(POLL);
    }
}

/// Makes a runtime like that of the program.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// Brings an index up to date.
pub fn refresh(runtime: &Runtime, index: &Index) -> Result<RefreshReport, Error> {
    Ok(runtime.block_on(index.refresh(&RefreshOptions::default(), &|_| ()))?)
}

/// A request for hits anywhere.
pub fn request(query: &str, freshness: Freshness) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        also: Vec::new(),
        limit: HITS,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness,
    }
}

/// Searches, by vectors too if there is an embedder.
pub fn search(
    runtime: &Runtime,
    index: &Index,
    request: &SearchRequest,
    embedder: Option<&ClusteredVectors>,
) -> Result<SearchResults, Error> {
    let embedder = embedder.map(|embedder| embedder as &dyn Embedder);
    Ok(runtime.block_on(index.search(request, embedder, &|_| ()))?)
}
