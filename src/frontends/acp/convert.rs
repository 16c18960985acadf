//! Events of the engine as updates of a session in an editor. It reads and writes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use agent_client_protocol::v1::schema::{
    ContentChunk, MessageId, Notice, NoticeSeverity, Plan, PlanEntry, PlanEntryPriority,
    PlanEntryStatus, SessionUpdate, ToolCall, ToolCallContent, ToolCallId, ToolCallLocation,
    ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, ToolKind, UsageUpdate,
};

use super::calls::{self, inline_code};
use super::visible_text::VisibleText;
use crate::conversation::messages::{count, counted, facts};
use crate::conversation::turn_facts::{FactLine, fact_lines, not_seen_words};
use crate::engine::event::{Event, TaskView};
use crate::message::Source;
use crate::permission::{ApprovalRequest, Preview};
use crate::session::{StepState, TaskStep};
use crate::text::fenced;
use crate::visible::{escape_hidden, visible_name};

mod results;

/// Longest title of a call that waits for approval, in characters.
const LONGEST_TITLE: usize = 200;

/// Makes the updates of one session.
pub struct EventConverter {
    root: PathBuf,
    /// Tells ids of this process from those of an earlier one.
    prefix: String,
    /// Whether the editor shows notices apart from the answer.
    has_notices: bool,
    voice: Voice,
    text: VisibleText,
    /// Whether the message has begun.
    is_begun: bool,
    /// Line breaks at the end of what was said in this turn; `None` before the first word.
    breaks: Option<usize>,
    messages: u64,
    retrievals: u64,
    /// Calls that are not over.
    calls: BTreeMap<String, OpenCall>,
    /// The command that runs.
    running: Option<String>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Nobody,
    Answer,
    Thoughts,
}

/// A call that is not over.
struct OpenCall {
    kind: ToolKind,
    title: String,
    /// What it changes, or a command of several lines.
    content: Vec<ToolCallContent>,
    locations: Vec<ToolCallLocation>,
}

/// A call that waits for approval.
pub struct AskedCall {
    pub call: ToolCallUpdate,
    /// Whether all of it can be shown: else it cannot be approved.
    pub is_whole: bool,
}

impl EventConverter {
    /// `prefix` is unique in the session; paths of calls are relative to `root`.
    pub fn new(root: PathBuf, prefix: String, has_notices: bool) -> EventConverter {
        EventConverter {
            root,
            prefix,
            has_notices,
            voice: Voice::Nobody,
            text: VisibleText::default(),
            is_begun: false,
            breaks: None,
            messages: 0,
            retrievals: 0,
            calls: BTreeMap::new(),
            running: None,
        }
    }

    /// Begins a turn.
    pub fn begin(&mut self) {
        self.breaks = None;
    }

    /// The updates of an event. Questions and the end of a turn have none of their own.
    pub fn event(&mut self, event: &Event) -> Vec<SessionUpdate> {
        match event {
            Event::Text(piece) => self.speak(Voice::Answer, piece),
            Event::Thinking(piece) => self.speak(Voice::Thoughts, piece),
            event => {
                let mut updates: Vec<SessionUpdate> = self.fall_silent().into_iter().collect();
                updates.extend(self.beside_the_answer(event));
                updates
            }
        }
    }

    fn beside_the_answer(&mut self, event: &Event) -> Vec<SessionUpdate> {
        match event {
            Event::TextWasThought => {
                self.note("the text above was a thought of the model, not its answer")
            }
            Event::AskedAgain { why } | Event::Notice(why) => self.note(why),
            Event::Compacted { before, after } => {
                let [before, after] = [before, after].map(|tokens| count(u64::from(*tokens)));
                self.note(&format!(
                    "the conversation was compacted: {before} → {after} tokens"
                ))
            }
            Event::Retrieved { sources } => vec![self.retrieved(sources)],
            Event::Replied { used, window, .. } => {
                let usage = UsageUpdate::new(u64::from(*used), u64::from(*window));
                vec![SessionUpdate::UsageUpdate(usage)]
            }
            Event::ApprovalAsked { request, .. } => vec![self.asked(request)],
            Event::ToolStarted {
                id,
                tool,
                what,
                details,
            } => vec![self.started(id, tool, what, details)],
            Event::ToolFinished {
                id,
                outcome,
                summary,
                detail,
                took,
            } => {
                let text = facts(*outcome, summary, *took);
                vec![self.finished(id, *outcome, &text, detail)]
            }
            Event::Citations { wrong, not_seen } => {
                let wrong = wrong.iter().map(|(citation, why)| {
                    format!("⚠ wrong citation {}: {why}", inline_code(citation))
                });
                let not_seen = (!not_seen.is_empty()).then(|| not_seen_words(not_seen));
                self.list(wrong.chain(not_seen).collect())
            }
            Event::TurnFacts(facts) => {
                let line = |line: FactLine| match line.is_warning {
                    true => format!("⚠ {}", line.text),
                    false => line.text,
                };
                self.list(fact_lines(facts).into_iter().map(line).collect())
            }
            Event::Task(plan) => vec![SessionUpdate::Plan(shown_plan(plan))],
            Event::Text(_)
            | Event::Thinking(_)
            | Event::QuestionAsked { .. }
            | Event::TurnEnded(_) => Vec::new(),
        }
    }

    /// Ends a turn: whatever is still open is told.
    pub fn end(&mut self) -> Vec<SessionUpdate> {
        let mut updates: Vec<SessionUpdate> = self.fall_silent().into_iter().collect();
        self.running = None;
        for id in std::mem::take(&mut self.calls).into_keys() {
            let fields = ToolCallUpdateFields::new()
                .status(ToolCallStatus::Failed)
                .content(vec![ToolCallContent::from("not run")]);
            let update = ToolCallUpdate::new(ToolCallId::new(id), fields);
            updates.push(SessionUpdate::ToolCallUpdate(update));
        }
        updates
    }

    /// A note for the user that is no part of the answer.
    pub fn note(&mut self, text: &str) -> Vec<SessionUpdate> {
        if self.has_notices {
            let mut updates: Vec<SessionUpdate> = self.fall_silent().into_iter().collect();
            let notice = Notice::new(NoticeSeverity::Info, escape_hidden(text.trim()));
            updates.push(SessionUpdate::Notice(notice));
            return updates;
        }
        let lines = text.trim().lines().map(|line| format!("> {line}"));
        self.say(&lines.collect::<Vec<String>>().join("\n"))
    }

    fn list(&mut self, lines: Vec<String>) -> Vec<SessionUpdate> {
        if lines.is_empty() {
            return Vec::new();
        }
        let lines = lines.iter().map(|line| format!("- {line}"));
        self.say(&lines.collect::<Vec<String>>().join("\n"))
    }

    /// A message of its own, in Markdown.
    pub fn say(&mut self, markdown: &str) -> Vec<SessionUpdate> {
        let mut updates: Vec<SessionUpdate> = self.fall_silent().into_iter().collect();
        updates.extend(self.speak(Voice::Answer, markdown));
        updates.extend(self.fall_silent());
        updates
    }

    fn speak(&mut self, voice: Voice, piece: &str) -> Vec<SessionUpdate> {
        let mut updates = Vec::new();
        if self.voice != voice {
            updates.extend(self.fall_silent());
            self.voice = voice;
            self.is_begun = false;
            self.messages += 1;
        }
        let text = self.text.push(piece);
        updates.extend(self.chunk(text));
        updates
    }

    /// Ends the message.
    fn fall_silent(&mut self) -> Option<SessionUpdate> {
        let rest = self.text.finish();
        let last = self.chunk(rest);
        self.voice = Voice::Nobody;
        last
    }

    fn chunk(&mut self, text: String) -> Option<SessionUpdate> {
        if text.is_empty() {
            return None;
        }
        let id = MessageId::new(format!("{}-{}", self.prefix, self.messages));
        if self.voice == Voice::Thoughts {
            let chunk = ContentChunk::new(text.into()).message_id(id);
            return Some(SessionUpdate::AgentThoughtChunk(chunk));
        }
        let text = self.apart(text);
        let chunk = ContentChunk::new(text.into()).message_id(id);
        Some(SessionUpdate::AgentMessageChunk(chunk))
    }

    /// Puts a blank line between two messages: some editors join them.
    fn apart(&mut self, text: String) -> String {
        let missing = match (self.is_begun, self.breaks) {
            (false, Some(breaks)) => 2_usize.saturating_sub(breaks),
            _ => 0,
        };
        self.is_begun = true;
        let ends = text.len() - text.trim_end_matches('\n').len();
        let before = if ends == text.len() {
            self.breaks
        } else {
            None
        };
        self.breaks = Some(ends + before.unwrap_or_default());
        match missing {
            0 => text,
            missing => format!("{}{text}", "\n".repeat(missing)),
        }
    }

    /// The search for a question, which is over when it is told.
    fn retrieved(&mut self, sources: &[Source]) -> SessionUpdate {
        self.retrievals += 1;
        let id = format!("context-{}-{}", self.prefix, self.retrievals);
        let places = counted(sources.len() as u64, "place");
        let title = match sources {
            [] => "Nothing in the index fits the question".to_owned(),
            _ => format!("Looked up the question in the index: {places}"),
        };
        let lines: Vec<String> = sources.iter().map(source_line).collect();
        let content = match lines.as_slice() {
            [] => Vec::new(),
            lines => vec![ToolCallContent::from(lines.join("\n"))],
        };
        let call = ToolCall::new(ToolCallId::new(id), title)
            .kind(ToolKind::Search)
            .status(ToolCallStatus::Completed)
            .content(content)
            .locations(calls::source_locations(&self.root, sources));
        SessionUpdate::ToolCall(call)
    }

    /// A call that waits for approval.
    fn asked(&mut self, request: &ApprovalRequest) -> SessionUpdate {
        let (content, _) = self.asked_content(request);
        let locations = match &request.preview {
            Preview::Edits(edits) => calls::edit_locations(&self.root, edits),
            Preview::Command(_) | Preview::Text(_) | Preview::None => Vec::new(),
        };
        let call = OpenCall {
            kind: calls::kind(&request.tool),
            title: asked_title(request),
            content: Vec::new(),
            locations,
        };
        let shown = ToolCall::new(ToolCallId::new(request.call_id.as_str()), &call.title)
            .name(request.tool.clone())
            .kind(call.kind)
            .status(ToolCallStatus::Pending)
            .content(content)
            .locations(call.locations.clone());
        let is_known = self.calls.insert(request.call_id.clone(), call).is_some();
        match is_known {
            // It ran before, and wants more.
            true => SessionUpdate::ToolCallUpdate(shown.into()),
            false => SessionUpdate::ToolCall(shown),
        }
    }

    /// The call of a request for approval, as the editor shows it with the choices.
    pub fn asked_call(&self, request: &ApprovalRequest) -> AskedCall {
        let (content, is_whole) = self.asked_content(request);
        let mut fields = ToolCallUpdateFields::new()
            .kind(calls::kind(&request.tool))
            .title(asked_title(request))
            .status(ToolCallStatus::Pending)
            .content(content);
        if let Some(call) = self.calls.get(&request.call_id) {
            fields = fields.locations(call.locations.clone());
        }
        AskedCall {
            call: ToolCallUpdate::new(ToolCallId::new(request.call_id.as_str()), fields),
            is_whole,
        }
    }

    /// Why it is asked, and what would happen.
    fn asked_content(&self, request: &ApprovalRequest) -> (Vec<ToolCallContent>, bool) {
        let shown = calls::shown(&self.root, &request.preview);
        let reason = escape_hidden(request.reason.trim());
        let reason = (!reason.is_empty()).then(|| ToolCallContent::from(reason));
        let content = reason.into_iter().chain(shown.content).collect();
        (content, shown.is_whole)
    }

    /// What a running command printed last.
    pub fn live(&self, lines: &[String]) -> Option<SessionUpdate> {
        let id = self.running.as_ref()?;
        let call = self.calls.get(id)?;
        let printed = fenced(&escape_hidden(&lines.join("\n")), "");
        let content = call.content.iter().cloned();
        let content = content.chain([ToolCallContent::from(printed)]);
        let fields = ToolCallUpdateFields::new().content(content.collect::<Vec<_>>());
        let update = ToolCallUpdate::new(ToolCallId::new(id.as_str()), fields);
        Some(SessionUpdate::ToolCallUpdate(update))
    }

    /// The call that runs or waits, for a question about it.
    pub fn open_call(&self) -> Option<&str> {
        self.calls.keys().next_back().map(String::as_str)
    }
}

/// A call in a line, before it is known what it is about: a command as it is, else the request.
fn asked_title(request: &ApprovalRequest) -> String {
    let title = match &request.preview {
        Preview::Command(command) if request.tool == "run_command" => {
            let line = command.trim().lines().next().unwrap_or_default();
            let more = if command.trim().contains('\n') {
                " …"
            } else {
                ""
            };
            return format!("{}{more}", inline_code(&short(line)));
        }
        _ => short(&request.title),
    };
    let mut letters = title.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn short(text: &str) -> String {
    calls::shortened(visible_name(text), LONGEST_TITLE)
}

/// ``- `src/a.rs:1-20` parse``
fn source_line(source: &Source) -> String {
    let path = visible_name(&source.path);
    let place = format!("{path}:{}-{}", source.start_line, source.end_line);
    let symbol = visible_name(source.symbol.as_deref().unwrap_or_default());
    format!("- {} {symbol}", inline_code(&place))
        .trim_end()
        .to_owned()
}

/// A task in steps: always the whole list.
pub fn shown_plan(plan: &TaskView) -> Plan {
    Plan::new(plan.steps.iter().map(shown_step).collect())
}

fn shown_step(step: &TaskStep) -> PlanEntry {
    let (status, words) = match step.state {
        StepState::Pending => (PlanEntryStatus::Pending, ""),
        StepState::InProgress => (PlanEntryStatus::InProgress, ""),
        StepState::Done => (PlanEntryStatus::Completed, ""),
        // An editor has no sign for these.
        StepState::Failed => (PlanEntryStatus::Pending, "failed: "),
        StepState::Dropped => (PlanEntryStatus::Completed, "dropped: "),
    };
    let text = format!("{words}{}", escape_hidden(&step.text));
    PlanEntry::new(text, PlanEntryPriority::Medium, status)
}

#[cfg(test)]
mod tests;
