//! What the model gets before a follow-up: the places that the index found, and their share of the
//! request.
//!
//! `cargo bench --profile dev --bench context -- SET.json CORPORA [--misses]`
//!
//! A set is `{"repos": [{"name", "conversations": [{"turns": [{"ask", "answer"}], "follow_up",
//! "relevant": [{"path", "start_line", "end_line"}], "kind"}]}]}`; the folder `CORPORA/<name>`
//! holds the repository. A model in the process gives the answers of the set, and its first request
//! of each question is measured. There are no vectors.
//!
//! Hits are the places in the section of the index, best first. In a list of uses each definition
//! is a hit, and each file with its lines. A target is met by a hit of its file that touches its
//! lines; `recall@4` is the share of the targets of a follow-up that the first four hits meet, in
//! the mean over the follow-ups that have targets. The others are about the session: nothing
//! should be searched for them. The share of hits is that of the estimated tokens of the whole
//! request: system prompt, tools and messages.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/asking.rs"]
mod asking;
#[path = "support/scoring.rs"]
mod scoring;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Error, bail, ensure};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ollacode::app::App;
use ollacode::config::ToolChoice;
use ollacode::engine::{ChatActivity, Engine};
use ollacode::message::Message;
use ollacode::model::budget::estimate;
use ollacode::model::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile, Usage};
use ollacode::session::Session;
use ollacode::text::hits::hits_in;
use ollacode::text::tokens::estimate_text;
use ollacode_indexer::RefreshOptions;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::runtime::Builder;

use asking::ask;
use scoring::{app, data_dir, mean};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
Measures what the model gets before a follow-up: recall@4 of labelled places, and the hits' share of
the request.

    cargo bench --profile dev --bench context -- SET.json CORPORA [--misses]

SET.json   such as benches/labels/follow-ups.json
CORPORA    holds a folder for each repository, by its name
--misses   also prints the follow-ups whose places were not all found

Relative paths start at the project's folder. Indexes go into a temporary folder, or to
OLLACODE_DATA_DIR if that is set.";

/// Context windows of the model, in tokens.
const WINDOWS: [u32; 2] = [8_192, 32_768];
/// Hits that count.
const DEPTH: usize = 4;
/// What the model answers to a follow-up.
const DONE: &str = "Done.";

fn main() -> Result<ExitCode, Error> {
    // What git shows comes from commands, which are confined by helpers: this program.
    if let Some(code) = ollacode::sandbox::confine::enter() {
        return Ok(code);
    }
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let text = fs::read_to_string(&arguments.set)
        .with_context(|| format!("cannot read {}", arguments.set.display()))?;
    let set: LabelSet = serde_json::from_str(&text)
        .with_context(|| format!("{} is not a set of labels", arguments.set.display()))?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&arguments, &set))?;
    Ok(ExitCode::SUCCESS)
}

/// What the command line asks for.
struct Arguments {
    set: PathBuf,
    corpora: PathBuf,
    misses: bool,
}

impl Arguments {
    /// Returns nothing if no set is named, as in a plain `cargo bench`.
    fn read(arguments: impl Iterator<Item = String>) -> Result<Option<Arguments>, Error> {
        let (mut places, mut misses, mut unknown) = (Vec::new(), false, None);
        for argument in arguments {
            match argument.as_str() {
                // Cargo adds this one.
                "--bench" => {}
                "--misses" => misses = true,
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
                misses,
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
    conversations: Vec<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    turns: Vec<Exchange>,
    follow_up: String,
    /// Empty for a follow-up about the session.
    relevant: Vec<Target>,
    kind: String,
}

#[derive(Deserialize)]
struct Exchange {
    ask: String,
    answer: String,
}

/// Lines that a follow-up is about.
#[derive(Deserialize)]
struct Target {
    path: String,
    start_line: u32,
    end_line: u32,
}

impl Target {
    fn is_met_by(&self, hit: &Hit) -> bool {
        let (start, end) = (self.start_line, self.end_line);
        let touches = |lines: &(u32, u32)| lines.0 <= end && lines.1 >= start;
        hit.path == self.path && hit.lines.iter().any(touches)
    }
}

/// A place in the section of hits.
#[derive(Debug)]
struct Hit {
    path: String,
    /// First and last lines of its parts.
    lines: Vec<(u32, u32)>,
}

impl Hit {
    /// Reads the line above the code of a hit: `src/net.rs:10-42 (mod net > fn dial)`.
    fn of_heading(line: &str) -> Option<Hit> {
        let place = line.split(" (").next()?;
        let (path, lines) = place.rsplit_once(':')?;
        let (first, last) = lines.split_once('-')?;
        Some(Hit {
            path: path.to_owned(),
            lines: vec![(first.parse().ok()?, last.parse().ok()?)],
        })
    }
}

/// The places in a section of hits, best first.
fn hits_of(section: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut fence: Option<usize> = None;
    let mut has_uses = false;
    for line in section.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && ticks == line.len() => fence = None,
            Some(_) if has_uses => add_use(&mut hits, line),
            Some(_) => {}
            None if ticks >= 3 => fence = Some(ticks),
            None if line.starts_with("Uses of `") => has_uses = true,
            None => hits.extend(Hit::of_heading(line)),
        }
    }
    hits
}

/// Adds a line of a list of uses: a definition with its path, the path of a file, or a use in the
/// file before it.
fn add_use(hits: &mut Vec<Hit>, line: &str) {
    let is_said = ["Definitions of `", "Uses of `", "… "]
        .iter()
        .any(|start| line.starts_with(start));
    if is_said {
        return;
    }
    let place = line.split(": ").next().unwrap_or(line);
    if let Ok(number) = place.parse::<u32>() {
        if let Some(hit) = hits.last_mut() {
            hit.lines.push((number, number));
        }
        return;
    }
    let defined = place
        .rsplit_once(':')
        .and_then(|(path, number)| Some((path, number.parse::<u32>().ok()?)));
    let (path, lines) = match defined {
        Some((path, number)) => (path, vec![(number, number)]),
        None => (place, Vec::new()),
    };
    hits.push(Hit {
        path: path.to_owned(),
        lines,
    });
}

/// What is measured of a request.
struct Asked {
    /// The hits for the question, if it was searched for.
    hits: Option<Vec<Hit>>,
    /// The hits' share of the estimated tokens of the request.
    share: f64,
}

impl Asked {
    fn of(request: ChatRequest<'_>) -> Asked {
        let section = |message: &Message| match message {
            Message::User { text, .. } => hits_in(text).map(str::to_owned),
            _ => None,
        };
        let sections = request.messages.iter().filter_map(section);
        let tokens: u32 = sections.map(|section| estimate_text(&section)).sum();
        let all = estimate(request.messages, request.tools);
        let own = request.messages.last().and_then(section);
        Asked {
            hits: own.map(|section| hits_of(&section)),
            share: f64::from(tokens) / f64::from(all.max(1)),
        }
    }
}

/// A model that answers what it is told to.
struct Scripted {
    profile: ModelProfile,
    answer: Mutex<String>,
    /// The first request since the answer was set.
    asked: Mutex<Option<Asked>>,
}

impl Scripted {
    fn new(window: u32) -> Scripted {
        Scripted {
            profile: ModelProfile {
                name: "scripted".to_owned(),
                window,
                tools: true,
                vision: false,
                weak: false,
                thinks_in_text: false,
                remote: None,
            },
            answer: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    /// Has a question answered, and returns what is measured of its request.
    async fn asked(
        &self,
        engine: &Engine,
        session: &mut Session,
        question: &str,
        answer: &str,
    ) -> Result<Asked, Error> {
        *self.answer.lock() = answer.to_owned();
        *self.asked.lock() = None;
        ask(engine, session, question)
            .await
            .with_context(|| question.to_owned())?;
        let asked = self.asked.lock().take();
        asked.context("the model was not asked")
    }
}

impl ChatModel for Scripted {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        // What is asked beside the conversation, such as for a summary, offers no tools.
        if !request.tools.is_empty() {
            let mut asked = self.asked.lock();
            asked.get_or_insert_with(|| Asked::of(request));
        }
        let answer = Delta::Text(self.answer.lock().clone());
        stream::iter([Ok(answer), Ok(Delta::Done(Usage::default()))]).boxed()
    }
}

/// What was measured of a conversation.
struct Measured<'set> {
    conversation: &'set Conversation,
    /// Its first question.
    first: Asked,
    follow_up: Asked,
}

impl Measured<'_> {
    fn is_found(&self, target: &Target) -> bool {
        let hits = self.follow_up.hits.iter().flatten();
        hits.take(DEPTH).any(|hit| target.is_met_by(hit))
    }

    /// The share of targets that are met; nothing without targets.
    fn recall(&self) -> Option<f64> {
        let targets = &self.conversation.relevant;
        let found = targets.iter().filter(|target| self.is_found(target));
        (!targets.is_empty()).then(|| found.count() as f64 / targets.len() as f64)
    }
}

async fn measure(arguments: &Arguments, set: &LabelSet) -> Result<(), Error> {
    let temporary = tempfile::tempdir()?;
    let mut by_window = WINDOWS.map(|window| (window, Vec::new()));
    for repository in &set.repos {
        let root = arguments.corpora.join(&repository.name);
        if repository.conversations.is_empty() || !root.is_dir() {
            println!("{:20} no corpus or no conversations", repository.name);
            continue;
        }
        let mut app = app(&root, data_dir(temporary.path()), None)?;
        // Whatever the settings of the user are.
        app.settings.rag = true;
        app.settings.compact = true;
        app.settings.tools = ToolChoice::Auto;
        app.index
            .refresh(&RefreshOptions::default(), &|_| ())
            .await?;
        let sessions = temporary.path().join("conversations");
        for (window, measured) in &mut by_window {
            for conversation in &repository.conversations {
                let had = converse(&app, &sessions, conversation, *window)
                    .await
                    .with_context(|| format!("{}: {}", repository.name, conversation.follow_up))?;
                measured.push(had);
            }
        }
    }
    for (window, measured) in &by_window {
        ensure!(!measured.is_empty(), "no repository of the set was found");
        report(*window, measured);
        if arguments.misses {
            report_misses(measured);
        }
    }
    Ok(())
}

/// Has a conversation with a model of a window.
async fn converse<'set>(
    app: &App,
    sessions: &Path,
    conversation: &'set Conversation,
    window: u32,
) -> Result<Measured<'set>, Error> {
    let model = Arc::new(Scripted::new(window));
    let mut session = Session::create(sessions, &app.workspace.root, model.clone())?;
    let engine = app.engine(&session, &ChatActivity::default())?;
    let mut first = None;
    for Exchange { ask, answer } in &conversation.turns {
        let asked = model.asked(&engine, &mut session, ask, answer).await?;
        first = first.or(Some(asked));
    }
    let follow_up = &conversation.follow_up;
    let follow_up = model.asked(&engine, &mut session, follow_up, DONE).await?;
    Ok(Measured {
        conversation,
        first: first.context("the conversation has no turns")?,
        follow_up,
    })
}

fn report(window: u32, measured: &[Measured<'_>]) {
    let mut by_kind: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for one in measured {
        if let Some(recall) = one.recall() {
            let recalls = by_kind.entry(&one.conversation.kind).or_default();
            recalls.push(recall);
        }
    }
    let kinds: Vec<String> = by_kind
        .iter()
        .map(|(kind, recalls)| format!("{kind} {:.3}", mean(recalls.iter().copied())))
        .collect();
    let recalls: Vec<f64> = by_kind.into_values().flatten().collect();
    println!(
        "window {window}: recall@{DEPTH} {:.3} over {} follow-ups  {}",
        mean(recalls.iter().copied()),
        recalls.len(),
        kinds.join("  ")
    );
    let about_session = measured
        .iter()
        .filter(|one| one.conversation.relevant.is_empty());
    let not_searched = about_session
        .clone()
        .filter(|one| one.follow_up.hits.is_none());
    println!(
        "    not searched: {} of {} follow-ups about the session",
        not_searched.count(),
        about_session.count()
    );
    println!(
        "    share of hits: first question {}; follow-up {}",
        shares(measured.iter().map(|one| one.first.share)),
        shares(measured.iter().map(|one| one.follow_up.share))
    );
}

/// `mean 12.3 %, worst 24.5 %`
fn shares(shares: impl Iterator<Item = f64> + Clone) -> String {
    let worst = shares.clone().fold(0.0, f64::max);
    let mean = mean(shares);
    format!("mean {:.1} %, worst {:.1} %", 100.0 * mean, 100.0 * worst)
}

/// Prints the follow-ups whose targets were not all found, and those that should not have been
/// searched for, with their hits.
fn report_misses(measured: &[Measured<'_>]) {
    for one in measured {
        let Conversation {
            follow_up,
            relevant,
            kind,
            ..
        } = one.conversation;
        let missed: Vec<String> = relevant
            .iter()
            .filter(|target| !one.is_found(target))
            .map(|target| format!("{}:{}-{}", target.path, target.start_line, target.end_line))
            .collect();
        let is_needless = relevant.is_empty() && one.follow_up.hits.is_some();
        if missed.is_empty() && !is_needless {
            continue;
        }
        println!("    {kind}: {follow_up}");
        println!("        missed: {}", missed.join(" "));
        for Hit { path, lines } in one.follow_up.hits.iter().flatten() {
            let lines: Vec<String> = lines
                .iter()
                .map(|(first, last)| format!("{first}-{last}"))
                .collect();
            println!("        found: {path}:{}", lines.join(","));
        }
    }
}
