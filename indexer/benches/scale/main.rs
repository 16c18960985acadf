//! An index from 1,000 to 770,000 chunks: memory, disk and time of filling, searching and saving.
//!
//! `cargo bench --workspace --profile dev --bench scale -- [--dimension N] CORPUS WORK [measure…]`
//!
//! `corpora.py` beside this folder makes corpora. `WORK` keeps the index that `fill` makes for the
//! measures after it, which is made again if the dimension is another; with `--dimension 0` it has
//! no vectors. `changed` and `save` change files of the corpus and restore them. Each measure is a
//! process of its own, so that the memory of one is not in the figures of the next, and prints
//! rows of a table with what is wanted.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod bombs;
mod changes;
mod cold;
mod damage;
mod embedder;
mod figures;
mod fill;
mod place;
mod queries;
mod recall;
mod samples;
mod saves;
mod texts;

use std::path::PathBuf;

use anyhow::{Context, Error, bail, ensure};

use figures::{print_head, row};
use place::Place;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A measure, or a step of one that has a process of its own.
type Step = fn(&Place, Option<&str>) -> Result<(), Error>;

/// In the order in which they run; `fill` comes first, since others use its index.
static MEASURES: [(&str, Step); 10] = [
    ("fill", fill::measure),
    ("queries", queries::measure),
    ("filters", queries::measure_filters),
    ("backtrace", texts::measure),
    ("noop", changes::measure_unchanged),
    ("changed", changes::measure),
    ("save", saves::measure),
    ("cold", cold::measure),
    ("damage", damage::measure),
    ("bombs", bombs::measure),
];

/// Steps that a measure starts.
static STEPS: [(&str, Step); 9] = [
    ("fill-lexical", fill::lexical),
    ("fill-samples", samples::write),
    ("fill-vectors", fill::vectors),
    ("recall", recall::measure),
    ("cold-index", cold::index),
    ("one-damage", damage::measure_one),
    ("one-bomb", bombs::chunk_one),
    ("one-outline", bombs::outline_one),
    ("all-bombs", bombs::measure_all),
];

fn main() -> Result<(), Error> {
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let place = Place::new(&arguments.corpus, &arguments.work, arguments.dimension)?;
    if let Some((step, argument)) = &arguments.step {
        let mut steps = MEASURES.iter().chain(&STEPS);
        let found = steps.find(|(name, _)| name == step);
        let (_, run) = found.with_context(|| format!("`{step}` is no step"))?;
        return run(&place, argument.as_deref());
    }
    print_head();
    let mut failed = Vec::new();
    for name in &arguments.measures {
        if let Err(error) = place.in_own_process(name, None, None) {
            row(name, "all of it", &format!("FAILED: {error:#}"), "");
            failed.push(name.as_str());
        }
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// What the command line says.
struct Arguments {
    corpus: PathBuf,
    work: PathBuf,
    dimension: Option<usize>,
    measures: Vec<String>,
    /// Given by this program to itself.
    step: Option<(String, Option<String>)>,
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Arguments, Error> {
        let (mut dimension, mut step, mut plain) = (None, None, Vec::new());
        while let Some(argument) = given.next() {
            match argument.as_str() {
                "--bench" => {}
                "--dimension" => {
                    let number = given.next().context("`--dimension` wants a number")?;
                    dimension = Some(number.parse().context("`--dimension` wants a number")?);
                }
                "--step" => {
                    let name = given.next().context("`--step` wants a name")?;
                    step = Some((name, given.next()));
                }
                flag if flag.starts_with('-') => bail!("`{flag}` is no option"),
                _ => plain.push(argument),
            }
        }
        let mut plain = plain.into_iter();
        let usage = "give the folder of the corpus, the folder to work in, and measures";
        let corpus = PathBuf::from(plain.next().context(usage)?);
        let work = PathBuf::from(plain.next().context(usage)?);
        let known = MEASURES.map(|(name, _)| name);
        let mut measures: Vec<String> = plain.collect();
        for name in &measures {
            let is_known = known.contains(&name.as_str());
            ensure!(is_known, "`{name}` is none of {}", known.join(", "));
        }
        if measures.is_empty() {
            // Bombs are a corpus of their own.
            let usual = known.into_iter().filter(|name| *name != "bombs");
            measures = usual.map(str::to_owned).collect();
        }
        Ok(Arguments {
            corpus,
            work,
            dimension,
            measures,
            step,
        })
    }
}
