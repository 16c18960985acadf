//! Results of slash commands as Telegram messages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ollacode_indexer::query::Query;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{IndexError, IndexEvent, SearchRequest, SearchResults, Unsearched};
use parking_lot::Mutex;

use super::super::approver::{code, shown_diff};
use super::super::formatted_text::{FormattedText, SpanKind, Style};
use super::super::incoming::Destination;
use super::super::menu::menu_name;
use super::super::outbox::{Outbox, Payload, markdown};
use super::super::rate_limiter::{MessageSlot, MessageStage};
use super::super::split::{MOST_UNITS, beginning};
use super::super::steps::step_location;
use super::Chat;
use crate::conversation::StopResult;
use crate::conversation::commands::{self, SlashCommand};
use crate::conversation::messages::{
    compacted_words, counted, duration, error_words, kept_rows, opened_warnings, resumed_words,
    token_rows,
};
use crate::conversation::reply::{
    CommandReply, IndexJob, ModelsJob, NAMED_WORKSPACES, NOT_INDEXED, model_facts,
};
use crate::engine::CompactReport;
use crate::engine::project_instructions::ProjectInstructions;
use crate::frontends::excerpt::{Excerpt, stems};
use crate::message::Source;
use crate::model::server::InstalledModel;
use crate::session::changes::FileDiff;
use crate::session::{SessionId, SessionSummary};
use crate::visible::visible_name;

/// Longest line of a hit, in characters: a phone shows about 40.
const WIDEST: usize = 100;
const MOST_SESSIONS: usize = 10;
const MOST_SOURCES: usize = 30;
const MOST_MODELS: usize = 30;
/// Skills in the help; `/skills` has all.
const MOST_SKILLS: usize = 20;
/// Longest diff that is shown in the chat, in UTF-16 units; a longer one is sent as a file.
const MOST_OF_DIFF: usize = 3_500;

impl Chat {
    /// Runs a command and shows its result.
    pub(super) async fn command(&mut self, command: &SlashCommand, argument: &str) {
        let replied = self.conversation.command(command, argument).await;
        let opened = self.conversation.take_opened();
        if let Some(opened) = &opened {
            self.keep_back(opened);
            for warning in opened_warnings(opened) {
                self.say(&warning);
            }
        }
        let reply = match replied {
            Ok(reply) => reply,
            Err(error) => return self.say_error(&error),
        };
        if !reply.keeps_plan() {
            self.withdraw_plan();
        }
        if reply.begins_session() {
            self.drop_files();
        }
        if let Some(warning) = reply.warning() {
            self.say(&format!("warning: {warning}"));
        }
        if let Some(sentence) = reply.sentence() {
            let text = FormattedText::plain_text(&sentence);
            return self.send(beginning(&text, MOST_UNITS));
        }
        match reply {
            CommandReply::Greeting(_) => self.greet(),
            CommandReply::Help => self.help().await,
            CommandReply::Stopped(stopped) => self.say_stopped(stopped),
            CommandReply::Search(request) => self.search(request),
            CommandReply::Index(job) if job.needs_leave => self.say(NOT_INDEXED),
            CommandReply::Index(job) => self.index(job),
            CommandReply::Status(status) => self.rows(&status.rows()),
            CommandReply::Models(job) => self.list_models(job),
            CommandReply::Sessions { sessions, current } => {
                self.list_sessions(&sessions, current.as_ref())
            }
            CommandReply::Workspaces { here, named } => self.list_workspaces(&here, &named),
            CommandReply::Resumed => {
                if let Some(opened) = opened {
                    self.say(&resumed_words(&opened));
                }
            }
            CommandReply::Sources(Some(sources)) => self.sources(&sources),
            CommandReply::Diff(diffs) => self.show_diff(&diffs),
            CommandReply::Tokens(tokens) => self.rows(&token_rows(&tokens)),
            CommandReply::Memory(Some(memory)) => self.memory(&memory),
            // Not a turn: its result is sent when it ends.
            CommandReply::Compacting => self.show_typing(),
            CommandReply::Started => self.begin_turn(),
            CommandReply::Report(markdown) => self.report(&markdown),
            _ => {}
        }
    }

    fn greet(&self) {
        let mut text = FormattedText::default();
        let plain = Style::default();
        text.push("I answer questions about ", &plain);
        let root = self.conversation.workspace().root().display().to_string();
        text.push(&root, &plain.with(SpanKind::Code));
        text.push(
            ", and edit it if you allow that. Send a question, for example: where are sessions \
             stored?\n/help lists the commands.",
            &plain,
        );
        self.send(text);
    }

    async fn help(&self) {
        let skills = self.conversation.workspace().skill_commands().await;
        let mut text = FormattedText::default();
        for command in commands::commands(commands::CommandScope::Chat) {
            let left = format!("/{} {}", command.name, command.argument);
            let line = format!("{}: {}\n", left.trim_end(), command.help);
            text.push(&line, &Style::default());
        }
        text.push(
            "\n@path in a question attaches that file. You can also send files and photos with a \
             question.",
            &Style::default(),
        );
        if !skills.is_empty() {
            text.push("\n\nSkills:\n", &Style::default());
        }
        for skill in skills.iter().take(MOST_SKILLS) {
            let name = menu_name(&skill.name);
            let line = format!("/{name}: {}\n", visible_name(&skill.help));
            text.push(&line, &Style::default());
        }
        self.send(beginning(&text, MOST_UNITS));
    }

    fn say_stopped(&mut self, stopped: StopResult) {
        self.show_queue_as("✗ the queued messages were dropped");
        let had_files = self.drop_files();
        if stopped.is_turn || stopped.is_indexing || stopped.dropped > 0 {
            return;
        }
        self.say(if had_files {
            "the files you sent were dropped"
        } else {
            "nothing is running"
        });
    }

    pub(super) fn say_compacted(&self, report: &CompactReport) {
        let kept = kept_rows(&report.kept).into_iter();
        let kept: String = kept
            .map(|(name, value)| format!("\n{name}: {value}"))
            .collect();
        self.say(&format!("{}{kept}", compacted_words(report)));
    }

    /// Searches in the background, even while a turn runs.
    fn search(&self, request: SearchRequest) {
        let workspace = self.conversation.workspace().clone();
        let (outbox, room) = (self.context.outbox.clone(), self.who.room());
        let stop = self.stop_token();
        tokio::spawn(async move {
            match stop.run_until_cancelled(workspace.search(&request)).await {
                Some(Ok(answer)) => {
                    let stems = stems(&Query::parse(&request.query));
                    outbox.send(room, Payload::text(hits(&answer, &stems)))
                }
                Some(Err(error)) => outbox.say(room, &format!("✗ {error}")),
                None => 0,
            }
        });
    }

    /// Updates the index, with a progress message.
    fn index(&self, job: IndexJob) {
        let (outbox, room) = (self.context.outbox.clone(), self.who.room());
        tokio::spawn(async move {
            let progress = RefreshProgress::new(outbox, room);
            let started = Instant::now();
            let refreshed = job.run(&|event| progress.event(&event)).await;
            progress.done(match refreshed {
                Ok(report) => format!(
                    "✓ {}, {}; {} changed, in {}",
                    counted(report.counts.files, "file"),
                    counted(report.counts.chunks, "chunk"),
                    report.changed + report.removed,
                    duration(started.elapsed())
                ),
                Err(IndexError::Stopped) => "■ stopped; the progress so far is kept".to_owned(),
                Err(IndexError::Busy) => "the index is already being updated".to_owned(),
                Err(error) => format!("✗ {error}"),
            });
        });
    }

    fn rows(&self, rows: &[(&str, String)]) {
        let mut text = FormattedText::default();
        for (name, value) in rows {
            text.push(&format!("{name}: "), &bold());
            text.push(&format!("{value}\n"), &Style::default());
        }
        self.send(text);
    }

    fn memory(&self, memory: &ProjectInstructions) {
        let mut text = FormattedText::default();
        text.push(&format!("{}\n", visible_name(&memory.path)), &bold());
        text.push(memory.text.trim_end(), &Style::default());
        self.send(beginning(&text.made_visible(), MOST_UNITS));
    }

    fn report(&self, text: &str) {
        self.send(beginning(&markdown(text).made_visible(), MOST_UNITS));
    }

    fn list_sessions(&self, sessions: &[SessionSummary], current: Option<&SessionId>) {
        let mut text = FormattedText::default();
        for (number, summary) in (1..).zip(sessions).take(MOST_SESSIONS) {
            let now = if Some(&summary.id) == current {
                " (current)"
            } else {
                ""
            };
            text.push(&format!("{number}. "), &Style::default());
            text.push(summary.id.as_str(), &Style::default().with(SpanKind::Code));
            let turns = counted(u64::from(summary.turns), "question");
            let title = visible_name(&summary.title);
            text.push(&format!("{now} {title} · {turns}\n"), &Style::default());
        }
        text.push("\n/resume N continues one", &Style::default());
        self.send(text);
    }

    fn list_workspaces(&self, here: &Path, named: &BTreeMap<String, PathBuf>) {
        let mut text = FormattedText::default();
        text.push(&format!("Current: {}\n", here.display()), &Style::default());
        for (name, path) in named {
            text.push(&visible_name(name), &Style::default().with(SpanKind::Code));
            let path = visible_name(&path.display().to_string());
            text.push(&format!(" {path}\n"), &Style::default());
        }
        text.push(&format!("\n{NAMED_WORKSPACES}"), &Style::default());
        self.send(text);
    }

    fn list_models(&self, job: ModelsJob) {
        let (outbox, room) = (self.context.outbox.clone(), self.who.room());
        tokio::spawn(async move {
            match job.run().await {
                Ok(models) => {
                    let text = beginning(&models_text(&models).made_visible(), MOST_UNITS);
                    outbox.send(room, Payload::text(text))
                }
                Err(error) => outbox.say(room, &format!("✗ {}", error_words(&error.into()))),
            }
        });
    }

    fn sources(&self, sources: &[Source]) {
        let mut text = FormattedText::default();
        for source in sources.iter().take(MOST_SOURCES) {
            text.push(
                &step_location(source),
                &Style::default().with(SpanKind::Code),
            );
            let symbol = visible_name(source.symbol.as_deref().unwrap_or_default());
            text.push(&format!(" {symbol}\n"), &Style::default());
        }
        if sources.len() > MOST_SOURCES {
            let more = sources.len() - MOST_SOURCES;
            text.push(&format!("… and {more} more"), &Style::default());
        }
        self.send(beginning(&text.made_visible(), MOST_UNITS));
    }

    fn show_diff(&self, diffs: &[FileDiff]) {
        let diffs = diffs.iter();
        let diff: String = diffs
            .map(|diff| shown_diff(&diff.path, &diff.text))
            .collect();
        let diff = self.context.outbox.clean(&diff);
        let shown = code(&diff, "diff");
        if shown.units() <= MOST_OF_DIFF {
            return self.send(shown);
        }
        let caption = FormattedText::plain_text("Changes of this session.");
        let document = Payload::document("session.diff", &diff, caption);
        self.context.outbox.send(self.who.room(), document);
    }
}

fn bold() -> Style {
    Style {
        bold: true,
        ..Style::default()
    }
}

fn hits(answer: &SearchResults, stems: &[String]) -> FormattedText {
    let mut text = FormattedText::default();
    for hit in &answer.hits {
        write_hit(&mut text, hit, stems);
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
    beginning(&text.made_visible(), MOST_UNITS)
}

fn write_hit(text: &mut FormattedText, hit: &Ranked, stems: &[String]) {
    let chunk = &hit.chunk;
    let place = format!(
        "{}:{}-{}",
        visible_name(&chunk.path),
        chunk.start_line,
        chunk.end_line
    );
    text.push(&place, &Style::default().with(SpanKind::Code));
    let scope = chunk.scope.iter().chain(&chunk.symbol);
    let scope: Vec<String> = scope.map(|name| visible_name(name)).collect();
    text.push(&format!(" {}\n", scope.join(" > ")), &bold());
    let cut = |line: &str| line.chars().take(WIDEST).collect::<String>();
    let excerpt = Excerpt::of(hit, stems);
    let lines: Vec<String> = excerpt.lines.iter().map(|line| cut(line)).collect();
    let language = Some(chunk.language.to_string()).filter(|name| !name.is_empty());
    let style = Style::default().with(SpanKind::Pre(language));
    text.push(&lines.join("\n"), &style);
    text.push("\n", &Style::default());
}

fn models_text(models: &[InstalledModel]) -> FormattedText {
    let mut text = FormattedText::default();
    for model in models.iter().take(MOST_MODELS) {
        text.push(
            &visible_name(&model.name),
            &Style::default().with(SpanKind::Code),
        );
        text.push(&format!(" {}\n", model_facts(model)), &Style::default());
    }
    text.push("\n/model NAME switches to another model", &Style::default());
    text
}

/// A message that shows the progress of an index update.
struct RefreshProgress {
    outbox: Outbox,
    room: Destination,
    place: MessageSlot,
    last: Mutex<String>,
}

impl RefreshProgress {
    fn new(outbox: Outbox, room: Destination) -> RefreshProgress {
        let place = outbox.new_slot();
        let progress = RefreshProgress {
            outbox,
            room,
            place,
            last: Mutex::default(),
        };
        progress.show("⏳ checking for changes".to_owned(), MessageStage::Draft);
        progress
    }

    fn event(&self, event: &IndexEvent) {
        let words = match event {
            IndexEvent::Chunking { done, total } => format!("⏳ reading files: {done} of {total}"),
            IndexEvent::IndexingText => "⏳ building the full-text index".to_owned(),
            IndexEvent::Embedding { done, total } => format!("⏳ embedding: {done} of {total}"),
            IndexEvent::Warning(_)
            | IndexEvent::Walked { .. }
            | IndexEvent::LexicalReady
            | IndexEvent::Refreshed { .. } => return,
        };
        self.show(words, MessageStage::Draft);
    }

    fn done(&self, words: String) {
        self.show(words, MessageStage::Final);
    }

    fn show(&self, words: String, stage: MessageStage) {
        let mut last = self.last.lock();
        if *last == words {
            return;
        }
        let payload = Payload::text(FormattedText::plain_text(&words)).silent();
        self.outbox.show(self.room, self.place, stage, payload);
        *last = words;
    }
}
