//! Whether the files that belong together are found: recall@10 and NDCG@10 on the histories of
//! repositories.
//!
//! `cargo bench --profile dev --bench related -- CLONES [--step N] [NAME]…`
//!
//! For each of the newest 250 commits that are no merges and changed 2 to 8 source files, each of
//! these files is the question, and the others are the answer. The history is strictly the one before
//! the commit. The tree is that of the parent of the oldest commit in each group of 25: an index for
//! each commit would take hours, and few files change meanwhile. Files that are not in that tree are
//! neither asked nor wanted; a commit with fewer than two others is left out.
//!
//! A hit is a file among the first ten; one at rank r gains 1 / log2(r + 1), and the sum is divided by
//! that of the best possible order. A repository counts as the mean over its questions, the headline
//! is the mean over repositories.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/scoring.rs"]
#[allow(dead_code, reason = "other benchmarks use more of it")]
mod scoring;
#[path = "support/trees.rs"]
mod trees;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, bail, ensure};
use ollacode_indexer::related::{ChangeHistory, Signal, rankings, related};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{FileGraph, FileId, Freshness, Index, RefreshOptions};
use tokio::runtime::Builder;

use scoring::mean;
use trees::{Commit, Repository, WorkTree};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Scores related files on the histories of repositories.

    cargo bench --profile dev --bench related -- CLONES [--step N] [NAME]...

CLONES     holds a clone for each repository, bare or not, by its name
--step N   commits that share a tree; 25 by default, 1 takes hours
NAME       only these clones

Relative paths start at the project's folder.";

/// Commits that are asked about.
const MOST_COMMITS: usize = 250;
/// Source files of such a commit.
const FILES: std::ops::RangeInclusive<usize> = 2..=8;
/// Commits that share a tree.
const STEP: usize = 25;
/// Files that count.
const DEPTH: usize = 10;

/// Endings of source files.
const SOURCES: &[&str] = &[
    "c", "cc", "cjs", "cpp", "cs", "cts", "go", "h", "hpp", "java", "js", "jsx", "kt", "mjs",
    "mts", "php", "py", "pyi", "rb", "rs", "scala", "swift", "ts", "tsx", "vue",
];

fn main() -> Result<(), Error> {
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&arguments))
}

/// What the command line asks for.
struct Arguments {
    clones: PathBuf,
    step: usize,
    names: Vec<String>,
}

impl Arguments {
    /// Returns nothing if no folder is named, as in a plain `cargo bench`.
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, Error> {
        let (mut places, mut step) = (Vec::new(), STEP);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo adds this one.
                "--bench" => {}
                "--step" => {
                    let number = arguments.next().context("`--step` needs a number")?;
                    step = number.parse().context("`--step` needs a number")?;
                    ensure!(step > 0, "`--step` is at least 1");
                }
                flag if flag.starts_with('-') => bail!("there is no `{flag}`\n\n{USAGE}"),
                place => places.push(place.to_owned()),
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        Ok(Some(Arguments {
            clones: PathBuf::from(places.remove(0)),
            step,
            names: places,
        }))
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        if !self.names.is_empty() {
            return Ok(self.names.clone());
        }
        let folder = &self.clones;
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot list {}", folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.path().is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        ensure!(!names.is_empty(), "{} has no folder", folder.display());
        Ok(names)
    }
}

/// Recall and NDCG.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Score {
    recall: f64,
    ndcg: f64,
}

impl Score {
    fn of(found: impl Iterator<Item = FileId>, wanted: &[FileId]) -> Score {
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let hits: Vec<usize> = found
            .take(DEPTH)
            .enumerate()
            .filter_map(|(place, file)| wanted.contains(&file).then_some(place))
            .collect();
        let best: f64 = (0..wanted.len().min(DEPTH)).map(gain).sum();
        Score {
            recall: hits.len() as f64 / wanted.len() as f64,
            ndcg: hits.into_iter().map(gain).sum::<f64>() / best,
        }
    }

    fn mean(scores: &[Score]) -> Score {
        Score {
            recall: mean(scores.iter().map(|score| score.recall)),
            ndcg: mean(scores.iter().map(|score| score.ndcg)),
        }
    }
}

/// The scores of the questions of a repository: by each signal, then together, and together without
/// a history.
#[derive(Default)]
struct Scores {
    by_signal: Vec<Vec<Score>>,
    together: Vec<Score>,
    without_history: Vec<Score>,
    /// For all answers.
    took: Duration,
}

impl Scores {
    fn ask(&mut self, graph: &FileGraph, history: &ChangeHistory, files: &[FileId]) {
        self.by_signal.resize(Signal::ALL.len(), Vec::new());
        for &file in files {
            let others = files.iter().copied().filter(|other| *other != file);
            let wanted: Vec<FileId> = others.collect();
            let ranked = rankings(graph, Some(history), file);
            for (scores, (_, ranking)) in self.by_signal.iter_mut().zip(&ranked) {
                scores.push(Score::of(ranking.files(), &wanted));
            }
            let started = Instant::now();
            let found = related(graph, Some(history), file, DEPTH, &|_| true);
            self.took += started.elapsed();
            let found = found.iter().map(|found| found.file);
            self.together.push(Score::of(found, &wanted));
            let found = related(graph, None, file, DEPTH, &|_| true);
            let found = found.iter().map(|found| found.file);
            self.without_history.push(Score::of(found, &wanted));
        }
    }

    fn columns(&self) -> Vec<Score> {
        let signals = self.by_signal.iter().map(|scores| Score::mean(scores));
        let both = [&self.without_history, &self.together];
        signals
            .chain(both.map(|scores| Score::mean(scores)))
            .collect()
    }
}

async fn run(arguments: &Arguments) -> Result<(), Error> {
    let step = arguments.step;
    println!("the tree is that before the oldest of {step} commits, the history that before each");
    let names = Signal::ALL.map(Signal::name).into_iter();
    let titles: Vec<String> = names
        .chain(["no history", "together"])
        .map(|title| format!("{title:>16}"))
        .collect();
    println!("{:<20} {:>9} {}", "", "questions", titles.join(" "));
    let mut rows: Vec<Vec<Score>> = Vec::new();
    for name in arguments.names()? {
        let scores = repository(&arguments.clones.join(&name), step)
            .await
            .with_context(|| format!("of {name}"))?;
        let questions = scores.together.len();
        if questions == 0 {
            println!("{name:<20} has no commit that can be asked about");
            continue;
        }
        let columns = scores.columns();
        print_row(&name, &questions.to_string(), &columns);
        let each = scores.took.as_secs_f64() * 1e3 / questions as f64;
        println!("{:<20} {each:.1} ms an answer", "");
        rows.push(columns);
    }
    ensure!(!rows.is_empty(), "there is nothing to average");
    let means: Vec<Score> = (0..rows[0].len())
        .map(|column| Score::mean(&rows.iter().map(|row| row[column]).collect::<Vec<_>>()))
        .collect();
    print_row("mean", "", &means);
    Ok(())
}

fn print_row(name: &str, questions: &str, columns: &[Score]) {
    let cells: Vec<String> = columns
        .iter()
        .map(|score| format!("{:>16}", format!("{:.3} {:.3}", score.recall, score.ndcg)))
        .collect();
    println!("{name:<20} {questions:>9} {}", cells.join(" "));
}

/// Asks all questions of a repository.
async fn repository(folder: &Path, step: usize) -> Result<Scores, Error> {
    let repository = Repository::open(folder)?;
    let commits = repository.commits()?;
    let history = ChangeHistory::new(commits.iter().map(paths));
    let mut asked: Vec<usize> = (0..commits.len())
        .filter(|&at| is_asked(&commits[at]))
        .take(MOST_COMMITS)
        .collect();
    // The oldest first, so that the tree only moves forward.
    asked.reverse();
    let temporary = tempfile::tempdir()?;
    let mut tree = WorkTree::new(temporary.path().join("tree"))?;
    let mut indexed = Indexed::new(temporary.path().to_owned());
    let mut scores = Scores::default();
    for group in asked.chunks(step) {
        let parent = commits[group[0]].parent.as_deref().unwrap_or_default();
        tree.check_out(&repository, parent)?;
        let graph = indexed.graph(tree.root()).await?;
        for &at in group {
            let files = commits[at].files.iter().filter(|path| is_source(path));
            let known: Vec<FileId> = files.filter_map(|path| graph.id(path)).collect();
            if known.len() >= *FILES.start() {
                scores.ask(&graph, &history.before(at), &known);
            }
        }
    }
    Ok(scores)
}

fn paths(commit: &Commit) -> Vec<&str> {
    commit.files.iter().map(String::as_str).collect()
}

fn is_asked(commit: &Commit) -> bool {
    let sources = commit.files.iter().filter(|path| is_source(path)).count();
    commit.parent.is_some() && FILES.contains(&sources)
}

fn is_source(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| SOURCES.contains(&ending))
}

/// The index of a tree that changes.
struct Indexed {
    folder: PathBuf,
    made: usize,
}

impl Indexed {
    fn new(folder: PathBuf) -> Indexed {
        Indexed { folder, made: 0 }
    }

    async fn graph(&mut self, root: &Path) -> Result<Arc<FileGraph>, Error> {
        let options = RefreshOptions::default();
        if let Ok(graph) = self.refreshed(root, &options).await {
            return Ok(graph);
        }
        // A refresh refuses to lose most of an index, as it does when a folder was moved in between.
        self.made += 1;
        self.refreshed(root, &options).await
    }

    async fn refreshed(
        &self,
        root: &Path,
        options: &RefreshOptions,
    ) -> Result<Arc<FileGraph>, Error> {
        let folder = self.folder.join(format!("index-{}", self.made));
        let index = Index::new(root, folder, WalkLimits::default());
        index.refresh(options, &|_| {}).await?;
        Ok(index.graph(Freshness::Trust).await?)
    }
}
