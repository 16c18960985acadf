//! What is shown without the model: hits, sources, changes, and how things stand.

use std::sync::Mutex;
use std::time::Instant;

use ollacode_indexer::query::Query;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{Freshness, IndexError, IndexEvent, Refresh, SearchRequest, Unsearched};

use super::super::approver::{code, shown_diff};
use super::super::incoming::Room;
use super::super::outbox::{Outbox, Payload};
use super::super::pace::{Place, Stage};
use super::super::rich::{Rich, Span, Style};
use super::super::split::{MOST_UNITS, beginning};
use super::super::steps::place;
use super::{Conversation, sessions};
use crate::app::App;
use crate::frontends::excerpt::{Excerpt, stems};
use crate::frontends::words::{
    confinement_words, count, counted, duration, index_words, mode_name, mode_words, visible_name,
};
use crate::model::ollama::{InstalledModel, installed_chat_models};
use crate::permission::Confinement;
use crate::session::changes::{FileDiff, Undone};

/// Hits that are shown.
const HITS: usize = 5;
/// Longest line of a hit, in characters: a phone shows about 40.
const WIDEST: usize = 100;
/// Sessions that are listed.
const MOST_SESSIONS: usize = 10;
/// Sources that are listed.
const MOST_SOURCES: usize = 30;
/// Models that are listed.
const MOST_MODELS: usize = 30;
/// Longest change that is shown in the chat, in UTF-16 units; a longer one is a file.
const MOST_OF_DIFF: usize = 3_500;

const NO_INDEX: &str = "this folder is not indexed, since it is no project: `ollacode index` at \
                        the machine does it";

impl Conversation {
    /// Searches at once, whatever is being done.
    pub(super) fn search(&self, query: &str) {
        if query.is_empty() {
            return self.say("what is to be found? /search where are sessions stored");
        }
        if self.is_wide_and_not_indexed() {
            return self.say(NO_INDEX);
        }
        let (app, outbox, room) = (
            self.desk.app.clone(),
            self.hub.outbox.clone(),
            self.who.room(),
        );
        let (query, stop) = (query.to_owned(), self.stop_token());
        tokio::spawn(async move {
            let found = stop.run_until_cancelled(hits(&app, query)).await;
            match found {
                Some(Ok(text)) => outbox.send(room, Payload::text(text)),
                Some(Err(error)) => outbox.say(room, &format!("✗ {error}")),
                None => 0,
            }
        });
    }

    /// Brings the index up to date, with a message that says how far it is.
    pub(super) fn index(&mut self) {
        if self.is_wide_and_not_indexed() {
            return self.say(NO_INDEX);
        }
        let (app, outbox, room) = (
            self.desk.app.clone(),
            self.hub.outbox.clone(),
            self.who.room(),
        );
        let stop = self.stop_token();
        self.indexing = Some(stop.clone());
        let how = Refresh {
            stop: stop.clone(),
            ..Refresh::default()
        };
        tokio::spawn(async move {
            let _is_over = stop.drop_guard();
            let progress = Progress::new(outbox, room);
            let started = Instant::now();
            let refreshed = app
                .index
                .refresh(&how, &|event| progress.event(&event))
                .await;
            progress.done(match refreshed {
                Ok(report) => format!(
                    "✓ {}, {}; {} changed, in {}",
                    counted(report.counts.files, "file"),
                    counted(report.counts.chunks, "chunk"),
                    report.changed + report.removed,
                    duration(started.elapsed())
                ),
                Err(IndexError::Stopped) => "■ stopped; what is done is kept".to_owned(),
                Err(IndexError::Busy) => "it is being brought up to date already".to_owned(),
                Err(error) => format!("✗ {error}"),
            });
        });
    }

    pub(super) async fn status(&self) {
        let mut rows: Vec<(&str, String)> = Vec::new();
        let model = match &self.held {
            Some(held) => {
                let tokens = held.engine.tokens(&held.session);
                let [used, window] =
                    [tokens.used, tokens.window].map(|tokens| count(u64::from(tokens)));
                let name = held.session.model.profile().name.clone();
                format!("{name}, {used} of {window} tokens")
            }
            None => self.model_name(),
        };
        rows.push(("model", model));
        let (mode, confinement) = (self.seat().mode, self.confinement());
        let words = mode_words(mode, confinement);
        let confined = confinement_words(confinement);
        rows.push(("mode", format!("{}: {words}; {confined}", mode_name(mode))));
        let session = self.session.as_ref().map(ToString::to_string);
        rows.push(("session", session.unwrap_or_else(|| "a new one".to_owned())));
        rows.push(("index", self.index_standing().await));
        rows.push(("folder", self.desk.root().display().to_string()));
        let doing = if self.running.is_some() {
            format!("an answer; {} wait", self.waiting.len())
        } else {
            "nothing".to_owned()
        };
        rows.push(("doing", doing));
        let mut text = Rich::default();
        for (name, value) in rows {
            text.push(&format!("{name}: "), &bold());
            text.push(&format!("{}\n", visible_name(&value)), &Style::default());
        }
        self.send(text);
    }

    /// The model that will answer: the one that was chosen, of the session, or of the settings.
    fn model_name(&self) -> String {
        let of_session = || {
            let folder = self.desk.app.sessions_folder();
            let summary = crate::session::summary(&folder, self.session.as_ref()?).ok()?;
            Some(summary.model).filter(|name| !name.is_empty())
        };
        let chosen = self.model.clone().or_else(of_session);
        chosen.unwrap_or_else(|| self.desk.app.settings.model.clone())
    }

    async fn index_standing(&self) -> String {
        let standing = self.desk.background.standing.borrow().clone();
        let words = index_words(&standing);
        if !self.desk.app.index.exists() {
            return words;
        }
        match self.desk.app.index.status("").await {
            Ok(status) => format!(
                "{}, {}, {words}",
                counted(status.counts.files, "file"),
                counted(status.counts.chunks, "chunk")
            ),
            Err(error) => error.to_string(),
        }
    }

    pub(super) fn confinement(&self) -> Confinement {
        let reached = self.desk.app.confinement();
        reached.map_or(Confinement::None, |reached| reached.level)
    }

    pub(super) fn list_sessions(&self) {
        let folder = self.desk.app.sessions_folder();
        let found = match crate::session::sessions(&folder) {
            Ok(found) => found,
            Err(error) => return self.say_error(&error.into()),
        };
        let mine = found.iter().filter(|summary| self.may_resume(&summary.id));
        let mut text = Rich::default();
        for summary in mine.take(MOST_SESSIONS) {
            let now = if Some(&summary.id) == self.session.as_ref() {
                " (this one)"
            } else {
                ""
            };
            text.push(summary.id.as_str(), &Style::default().with(Span::Code));
            let turns = counted(u64::from(summary.turns), "question");
            let title = visible_name(&summary.title);
            text.push(&format!("{now} {title} · {turns}\n"), &Style::default());
        }
        if text.is_blank() {
            return self.say("no sessions in this folder yet");
        }
        text.push("\n/resume ID goes on with one", &Style::default());
        self.send(text);
    }

    pub(super) fn list_workspaces(&self) {
        let here = self.desk.root();
        let mut text = Rich::default();
        text.push(&format!("Here: {}\n", here.display()), &Style::default());
        for (name, path) in self.hub.desks.named() {
            text.push(&visible_name(name), &Style::default().with(Span::Code));
            let path = visible_name(&path.display().to_string());
            text.push(&format!(" {path}\n"), &Style::default());
        }
        text.push(
            "\n/workspace NAME goes to another one; `[workspaces]` in config.toml gives names",
            &Style::default(),
        );
        self.send(text);
    }

    pub(super) fn list_models(&self) {
        let (app, outbox, room) = (
            self.desk.app.clone(),
            self.hub.outbox.clone(),
            self.who.room(),
        );
        tokio::spawn(async move {
            let listed = match app.ollama() {
                Ok(client) => installed_chat_models(&client).await,
                Err(error) => Err(error),
            };
            match listed {
                Ok(models) => {
                    let text = beginning(&models_text(&models).made_visible(), MOST_UNITS);
                    outbox.send(room, Payload::text(text))
                }
                Err(error) => outbox.say(room, &format!("✗ {}", sessions::words(&error.into()))),
            }
        });
    }

    pub(super) async fn choose_model(&mut self, name: &str) {
        let model = match self.soon(sessions::connect(&self.desk, Some(name))).await {
            Ok(model) => model,
            Err(error) => return self.say_error(&error),
        };
        let profile = model.profile().clone();
        if let Some(held) = &mut self.held
            && let Err(error) = held.session.set_model(model)
        {
            return self.say_error(&error.into());
        }
        self.model = Some(name.to_owned());
        if let Some(host) = &profile.remote {
            self.say(&format!("warning: your code is sent to {host}"));
        }
        let window = count(u64::from(profile.window));
        self.say(&format!(
            "{name} answers now; its window is {window} tokens"
        ));
    }

    pub(super) fn sources(&self) {
        let sources = self
            .held
            .as_ref()
            .map(|held| held.session.sources.as_slice());
        let sources = sources.unwrap_or_default();
        if sources.is_empty() {
            return self.say(match (&self.held, &self.session) {
                (None, Some(_)) => "that is not known any more: the session was closed meanwhile",
                _ => "the last answer stood on nothing from the files",
            });
        }
        let mut text = Rich::default();
        for source in sources.iter().take(MOST_SOURCES) {
            text.push(&place(source), &Style::default().with(Span::Code));
            let symbol = visible_name(source.symbol.as_deref().unwrap_or_default());
            text.push(&format!(" {symbol}\n"), &Style::default());
        }
        if sources.len() > MOST_SOURCES {
            let more = sources.len() - MOST_SOURCES;
            text.push(&format!("… and {more} more"), &Style::default());
        }
        self.send(beginning(&text.made_visible(), MOST_UNITS));
    }

    pub(super) fn show_diff(&self, diffs: &[FileDiff]) {
        if diffs.is_empty() {
            return self.say("this session has changed nothing");
        }
        let diffs = diffs.iter();
        let diff: String = diffs
            .map(|diff| shown_diff(&diff.path, &diff.text))
            .collect();
        let diff = self.hub.outbox.clean(&diff);
        let shown = code(&diff, "diff");
        if shown.units() <= MOST_OF_DIFF {
            return self.send(shown);
        }
        let caption = Rich::plain_text("What this session changed.");
        let document = Payload::document("session.diff", &diff, caption);
        self.hub.outbox.send(self.who.room(), document);
    }

    pub(super) fn say_undone(&self, what: &str, undone: &Undone) {
        let mut text = format!("{what}, turn {}:\n", undone.turn);
        for path in &undone.written {
            text.push_str(&format!("  {}\n", visible_name(path)));
        }
        for path in &undone.removed {
            text.push_str(&format!("  {} (removed)\n", visible_name(path)));
        }
        for path in &undone.in_part {
            text.push_str(&format!(
                "  {}: only back to where somebody else changed it in that turn\n",
                visible_name(path)
            ));
        }
        for path in &undone.not_kept {
            text.push_str(&format!(
                "  {}: changed by a command and not kept, left as it is\n",
                visible_name(path)
            ));
        }
        let text = Rich::plain_text(&text);
        let payload = Payload::text(beginning(&text, MOST_UNITS));
        self.hub.outbox.send(self.who.room(), payload);
    }

    fn is_wide_and_not_indexed(&self) -> bool {
        self.desk.app.needs_confirmation() && !self.desk.app.index.exists()
    }
}

fn bold() -> Style {
    Style {
        bold: true,
        ..Style::default()
    }
}

/// The best hits for a query.
async fn hits(app: &App, query: String) -> Result<Rich, IndexError> {
    let request = SearchRequest {
        query,
        limit: HITS,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let stems = stems(&Query::parse(&request.query));
    let answer = app.code_index().search(&request).await?;
    let mut text = Rich::default();
    for hit in &answer.hits {
        write_hit(&mut text, hit, &stems);
    }
    if answer.hits.is_empty() {
        text.push("no hits\n", &Style::default());
        for sentence in answer.unsearched.iter().flat_map(Unsearched::sentences) {
            text.push(&format!("ℹ {sentence}\n"), &Style::default());
        }
    }
    for note in &answer.notes {
        text.push(&format!("ℹ {note}\n"), &Style::default());
    }
    Ok(beginning(&text.made_visible(), MOST_UNITS))
}

fn write_hit(text: &mut Rich, hit: &Ranked, stems: &[String]) {
    let chunk = &hit.chunk;
    let place = format!(
        "{}:{}-{}",
        visible_name(&chunk.path),
        chunk.start_line,
        chunk.end_line
    );
    text.push(&place, &Style::default().with(Span::Code));
    let scope = chunk.scope.iter().chain(&chunk.symbol);
    let scope: Vec<String> = scope.map(|name| visible_name(name)).collect();
    text.push(&format!(" {}\n", scope.join(" > ")), &bold());
    let cut = |line: &str| line.chars().take(WIDEST).collect::<String>();
    let excerpt = Excerpt::of(chunk, stems);
    let lines: Vec<String> = excerpt.lines.iter().map(|line| cut(line)).collect();
    let language = Some(chunk.language.to_string()).filter(|name| !name.is_empty());
    let style = Style::default().with(Span::Pre(language));
    text.push(&lines.join("\n"), &style);
    text.push("\n", &Style::default());
}

fn models_text(models: &[InstalledModel]) -> Rich {
    let mut text = Rich::default();
    for model in models.iter().take(MOST_MODELS) {
        text.push(
            &visible_name(&model.name),
            &Style::default().with(Span::Code),
        );
        let mut facts = Vec::new();
        if !model.tools {
            facts.push("tools by words only".to_owned());
        }
        if let Some(window) = model.window {
            facts.push(format!("up to {} tokens", count(u64::from(window))));
        }
        if let Some(host) = &model.remote {
            facts.push(format!("runs at {}", visible_name(host)));
        }
        text.push(&format!(" {}\n", facts.join(", ")), &Style::default());
    }
    text.push("\n/model NAME goes on with another one", &Style::default());
    text
}

/// A message that says how far a refresh is.
struct Progress {
    outbox: Outbox,
    room: Room,
    place: Place,
    last: Mutex<String>,
}

impl Progress {
    fn new(outbox: Outbox, room: Room) -> Progress {
        let place = outbox.place();
        let progress = Progress {
            outbox,
            room,
            place,
            last: Mutex::default(),
        };
        progress.show("⏳ looking for changes".to_owned(), Stage::Draft);
        progress
    }

    fn event(&self, event: &IndexEvent) {
        let words = match event {
            IndexEvent::Cutting { done, total } => format!("⏳ reading files: {done} of {total}"),
            IndexEvent::IndexingText => "⏳ building the full-text index".to_owned(),
            IndexEvent::Embedding { done, total } => format!("⏳ vectors: {done} of {total}"),
            IndexEvent::Warning(_)
            | IndexEvent::Walked { .. }
            | IndexEvent::LexicalReady
            | IndexEvent::Refreshed { .. } => return,
        };
        self.show(words, Stage::Draft);
    }

    fn done(&self, words: String) {
        self.show(words, Stage::Final);
    }

    fn show(&self, words: String, stage: Stage) {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if *last == words {
            return;
        }
        let payload = Payload::text(Rich::plain_text(&words)).silent();
        self.outbox.show(self.room, self.place, stage, payload);
        *last = words;
    }
}
