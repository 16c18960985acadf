//! The project's scorer of retrieval: NDCG@10 on labelled queries.
//!
//! `cargo bench --profile dev --bench retrieval -- SET.json CORPORA [--model NAME]`
//!
//! A set is `{"repos": [{"name", "queries": [{"query", "relevant", "category"}]}]}`; `relevant` has
//! paths from the top of the repository, or `{"path", "start_line", "end_line"}`. The folder
//! `CORPORA/<name>` holds the repository.
//!
//! Hits are the first ten chunks, repeats of a file included. A target has the rank of the first
//! hit in its file (that touches its lines, if it has some); a target at rank r gains
//! 1 / log2(r + 1), and the sum is divided by that of the best possible order. The headline is the
//! mean over repositories of the mean over their queries.
//!
//! `Hit@k`: the share of queries with a target among the first k hits. `tokens`: estimated tokens of
//! the hits up to the first with a target, in the mean over the queries where one of fifty has a
//! target; `recall`: the share of targets met within so many tokens of hits.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/scoring.rs"]
mod scoring;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, bail, ensure};
use ollacode::app::App;
use ollacode::text::tokens::estimate_text;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{Chunk, Embedder, Freshness, RefreshOptions, SearchMode, SearchRequest};
use serde::Deserialize;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use scoring::{app, data_dir, mean};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Scores search on labelled queries: NDCG@10 by repository, by category, and over all.

    cargo bench --profile dev --bench retrieval -- SET.json CORPORA [--model NAME]

SET.json       {\"repos\": [{\"name\", \"queries\": [{\"query\", \"relevant\", \"category\"}]}]}
CORPORA        holds a folder for each repository, by its name
--model NAME   adds vectors of this model of Ollama (OLLAMA_HOST says where); lexical without

Relative paths start at the project's folder. Indexes go into a temporary folder, or to
OLLACODE_DATA_DIR if that is set; vectors that are kept there are not made again.";

/// Hits that count.
const DEPTH: usize = 10;
/// Hits for which tokens are counted.
const DEEP: usize = 50;
/// Tokens that a model may spend on hits.
const BUDGETS: [f64; 4] = [500.0, 1_000.0, 2_000.0, 4_000.0];

fn main() -> Result<(), Error> {
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let text = fs::read_to_string(&arguments.set)
        .with_context(|| format!("cannot read {}", arguments.set.display()))?;
    let set: LabelSet = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a set of labels", arguments.set.display()))?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(score(&arguments, &set))
}

/// What the command line asks for.
struct Arguments {
    set: PathBuf,
    corpora: PathBuf,
    model: Option<String>,
}

impl Arguments {
    /// Returns nothing if no set is named, as in a plain `cargo bench`.
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, Error> {
        let (mut places, mut model, mut unknown) = (Vec::new(), None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo adds this one.
                "--bench" => {}
                "--model" => model = Some(arguments.next().context("`--model` needs a name")?),
                flag if flag.starts_with('-') => unknown = Some(flag.to_owned()),
                place => places.push(PathBuf::from(place)),
            }
        }
        let mut places = places.into_iter();
        let Some(set) = places.next() else {
            return Ok(None);
        };
        if let Some(flag) = unknown {
            bail!("there is no `{flag}`\n\n{USAGE}");
        }
        match (places.next(), places.next()) {
            (Some(corpora), None) => Ok(Some(Arguments {
                set,
                corpora,
                model,
            })),
            _ => bail!("a set and a folder are needed\n\n{USAGE}"),
        }
    }
}

#[derive(Deserialize)]
struct LabelSet {
    repos: Vec<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    name: String,
    queries: Vec<LabelledQuery>,
}

#[derive(Deserialize)]
struct LabelledQuery {
    query: String,
    relevant: Vec<Target>,
    category: String,
}

/// What answers a query.
#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    File(String),
    Lines {
        path: String,
        start_line: Option<u32>,
        end_line: Option<u32>,
    },
}

impl Target {
    fn is_met_by(&self, chunk: &Chunk) -> bool {
        match self {
            Target::File(path) => chunk.path == *path,
            Target::Lines {
                path,
                start_line,
                end_line,
            } => {
                let touches = |first: u32| {
                    chunk.start_line <= end_line.unwrap_or(first) && chunk.end_line >= first
                };
                chunk.path == *path && start_line.is_none_or(touches)
            }
        }
    }

    /// The rank of the first hit that meets it, from 1.
    fn rank(&self, hits: &[Ranked]) -> Option<u32> {
        (1..)
            .zip(hits.iter().take(DEPTH))
            .find(|(_, hit)| self.is_met_by(&hit.chunk))
            .map(|(rank, _)| rank)
    }
}

/// How well one query was answered.
struct Score {
    ndcg: f64,
    /// Rank of the first hit with a target, from 1, among the first ten.
    first: Option<u32>,
    /// Tokens of the hits up to the first with a target.
    tokens: Option<f64>,
    /// For each of [`BUDGETS`].
    recall: [f64; BUDGETS.len()],
}

impl Score {
    fn new(targets: &[Target], hits: &[Ranked], more: &[Ranked]) -> Score {
        let ranks: Vec<u32> = targets.iter().filter_map(|it| it.rank(hits)).collect();
        let gain = |rank: u32| 1.0 / f64::from(rank + 1).log2();
        let gained: f64 = ranks.iter().copied().map(gain).sum();
        let ideal: f64 = (1..).take(targets.len().min(DEPTH)).map(gain).sum();
        let mut spent = 0.0;
        let until: Vec<f64> = more
            .iter()
            .map(|hit| {
                spent += f64::from(estimate_text(&hit.chunk.text));
                spent
            })
            .collect();
        // Tokens of all hits up to the one that meets a target.
        let met: Vec<f64> = targets
            .iter()
            .filter_map(|target| more.iter().position(|hit| target.is_met_by(&hit.chunk)))
            .map(|at| until[at])
            .collect();
        let within = |budget: f64| met.iter().filter(|tokens| **tokens <= budget).count() as f64;
        Score {
            ndcg: gained / ideal,
            first: ranks.iter().copied().min(),
            tokens: met.iter().copied().reduce(f64::min),
            recall: BUDGETS.map(|budget| within(budget) / targets.len() as f64),
        }
    }
}

/// What one repository scored, and how long that took.
struct Outcome {
    scores: Vec<Score>,
    indexing: Duration,
    searching: Duration,
}

async fn score(arguments: &Arguments, set: &LabelSet) -> Result<(), Error> {
    let temporary = tempfile::tempdir()?;
    let mut means = Vec::new();
    let mut all = Vec::new();
    let mut by_category: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for repository in &set.repos {
        let root = arguments.corpora.join(&repository.name);
        if repository.queries.is_empty() || !root.is_dir() {
            println!("{:20} no corpus or no queries", repository.name);
            continue;
        }
        let folder = data_dir(temporary.path());
        let app = app(&root, folder, arguments.model.as_deref())?;
        let outcome = score_repository(&app, repository)
            .await
            .with_context(|| repository.name.clone())?;
        for (query, score) in repository.queries.iter().zip(&outcome.scores) {
            let scores = by_category.entry(&query.category).or_default();
            scores.push(score.ndcg);
        }
        let repository_mean = mean(outcome.scores.iter().map(|score| score.ndcg));
        println!(
            "{:20} {repository_mean:.3}  index {:6.2} s  {:6.1} ms/query",
            repository.name,
            outcome.indexing.as_secs_f64(),
            1_000.0 * outcome.searching.as_secs_f64() / outcome.scores.len() as f64
        );
        means.push(repository_mean);
        all.extend(outcome.scores);
    }
    ensure!(!means.is_empty(), "no repository of the set was found");
    let categories: Vec<String> = by_category
        .iter()
        .map(|(name, scores)| format!("{name} {:.3}", mean(scores.iter().copied())))
        .collect();
    println!("{}", categories.join("  "));
    let hit = |depth: u32| {
        mean(
            all.iter()
                .map(|it| f64::from(it.first.is_some_and(|rank| rank <= depth))),
        )
    };
    println!(
        "Hit@1 {:.3}  Hit@5 {:.3}  Hit@10 {:.3}",
        hit(1),
        hit(5),
        hit(10)
    );
    let recall: Vec<String> = BUDGETS
        .iter()
        .enumerate()
        .map(|(at, budget)| format!("{budget} {:.3}", mean(all.iter().map(|it| it.recall[at]))))
        .collect();
    println!(
        "tokens to the first target {:.0}  recall {}",
        mean(all.iter().filter_map(|it| it.tokens)),
        recall.join("  ")
    );
    println!(
        "NDCG@10 {:.4} over {} repositories, {} queries, {}",
        mean(means.iter().copied()),
        means.len(),
        all.len(),
        arguments.model.as_deref().unwrap_or("lexical")
    );
    Ok(())
}

async fn score_repository(app: &App, repository: &Repository) -> Result<Outcome, Error> {
    let started = Instant::now();
    app.index
        .refresh(&RefreshOptions::default(), &|_| ())
        .await?;
    let connected = app.embedder().await?;
    let embedder: Option<&dyn Embedder> = connected.as_deref();
    if let Some(embedder) = embedder {
        embed(app, embedder).await?;
    }
    let indexing = started.elapsed();
    let mut searching = Duration::ZERO;
    let mut scores = Vec::with_capacity(repository.queries.len());
    for labelled in &repository.queries {
        let LabelledQuery {
            query, relevant, ..
        } = labelled;
        ensure!(!relevant.is_empty(), "nothing is relevant to `{query}`");
        let started = Instant::now();
        let hits = search(app, embedder, query, DEPTH).await?;
        searching += started.elapsed();
        let more = search(app, embedder, query, DEEP).await?;
        scores.push(Score::new(relevant, &hits, &more));
    }
    Ok(Outcome {
        scores,
        indexing,
        searching,
    })
}

async fn search(
    app: &App,
    embedder: Option<&dyn Embedder>,
    query: &str,
    limit: usize,
) -> Result<Vec<Ranked>, Error> {
    let request = SearchRequest {
        query: query.to_owned(),
        also: Vec::new(),
        limit,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Trust,
    };
    let answer = app.index.search(&request, embedder, &|_| ()).await?;
    let is_hybrid = answer.mode == SearchMode::Hybrid;
    ensure!(
        is_hybrid == embedder.is_some(),
        "`{query}` was answered without vectors: {}",
        answer.notes.join("; ")
    );
    Ok(answer.hits)
}

/// Fills in the vectors, and makes sure that the score will be that of the model.
async fn embed(app: &App, embedder: &dyn Embedder) -> Result<(), Error> {
    let stop = CancellationToken::new();
    app.index
        .embed(embedder, Some(app.cache()?), &|_| (), &stop)
        .await?;
    let fingerprint = embedder.model().fingerprint();
    let counts = app.index.status(&fingerprint).await?.counts;
    ensure!(
        100 * counts.embedded >= 99 * counts.chunks,
        "only {} of {} chunks have a vector",
        counts.embedded,
        counts.chunks
    );
    Ok(())
}
