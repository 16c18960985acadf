//! A turn in Telegram: the steps in one message, the answer in another.

use super::formatted_text::{FormattedText, SpanKind, Style};
use super::incoming::Destination;
use super::outbox::{Outbox, Payload, markdown};
use super::rate_limiter::{MessageSlot, MessageStage};
use super::split::{MOST_UNITS, SplitAnswer, beginning, split};
use super::steps::Steps;
use crate::conversation::messages::reason;
use crate::conversation::turn_facts::{FactLine, fact_lines, not_seen_words};
use crate::engine::event::{Event, TurnEnd};
use crate::visible::visible_name;

/// File name of a long answer.
const ANSWER_FILE: &str = "answer.md";
/// Longest part of an answer that is shown while it is written: nobody reads faster.
const MOST_OF_DRAFT: usize = MOST_UNITS - 100;

pub struct TurnView {
    outbox: Outbox,
    room: Destination,
    steps: Steps,
    steps_place: Option<MessageSlot>,
    /// The text since the last call.
    text: String,
    text_place: Option<MessageSlot>,
    /// Whether the reply has ended, so that further text starts a new paragraph.
    is_paragraph_over: bool,
    wrong: Vec<(String, String)>,
    /// Cited places that the model was not shown.
    not_seen: Vec<String>,
    /// What the turn did, for the end.
    facts: Vec<FactLine>,
    has_new_steps: bool,
    has_new_text: bool,
}

impl TurnView {
    pub fn new(outbox: Outbox, room: Destination) -> TurnView {
        TurnView {
            outbox,
            room,
            steps: Steps::default(),
            steps_place: None,
            text: String::new(),
            text_place: None,
            is_paragraph_over: false,
            wrong: Vec::new(),
            not_seen: Vec::new(),
            facts: Vec::new(),
            has_new_steps: false,
            has_new_text: false,
        }
    }

    /// Handles an event. [`TurnView::draw`] sends the changes.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Text(text) => {
                self.has_new_steps |= self.steps.event(event);
                if self.steps.is_empty() && self.text_place.is_none() {
                    // The answer replaces the thinking message.
                    self.text_place = self.steps_place.take();
                }
                if std::mem::take(&mut self.is_paragraph_over) && !self.text.trim().is_empty() {
                    self.text.push_str("\n\n");
                }
                self.text.push_str(text);
                self.has_new_text = true;
            }
            // The answer itself replaces it.
            Event::TextWasThought => self.text.clear(),
            Event::Replied { .. } => self.is_paragraph_over = true,
            Event::Citations { wrong, not_seen } => {
                self.wrong.extend(wrong.iter().cloned());
                self.not_seen.extend(not_seen.iter().cloned());
            }
            Event::TurnFacts(facts) => self.facts.extend(fact_lines(facts)),
            Event::TurnEnded(end) => self.end(end),
            other => {
                let is_next = matches!(other, Event::ToolStarted { .. } | Event::AskedAgain { .. });
                // What is checked is still the answer.
                if is_next && !other.is_of_check() {
                    self.settle_remark();
                }
                self.has_new_steps |= self.steps.event(other);
            }
        }
    }

    /// A question follows: finishes the messages above it; new ones start below it. An answer that
    /// is to be checked stays as it is.
    pub fn asking(&mut self, is_check: bool) {
        if !is_check {
            self.settle_remark();
        }
        // A command that was tried, and needs approval now, ends below the question.
        let running = self.steps.take_running();
        self.settle_steps();
        self.steps = running;
        self.has_new_steps = false;
    }

    /// A question in words follows: what was said before it is needed to answer it, and is shown
    /// whole.
    pub fn asking_in_words(&mut self) {
        self.settle_text();
        self.asking(true);
    }

    /// Sends the changes.
    pub fn draw(&mut self) {
        if std::mem::take(&mut self.has_new_steps) && !self.steps.is_empty() {
            let place = *self
                .steps_place
                .get_or_insert_with(|| self.outbox.new_slot());
            self.show_steps(place, MessageStage::Draft, false);
        }
        if std::mem::take(&mut self.has_new_text) {
            // The last word may be the beginning of a secret.
            let whole = self.text.rfind(char::is_whitespace).unwrap_or(0);
            let draft = beginning(&markdown(&self.text[..whole]), MOST_OF_DRAFT);
            if !draft.is_blank() {
                let place = *self
                    .text_place
                    .get_or_insert_with(|| self.outbox.new_slot());
                self.show(place, MessageStage::Draft, Payload::text(draft));
            }
        }
    }

    /// Sends the text so far as messages of their own.
    fn settle_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.has_new_text = false;
        self.is_paragraph_over = false;
        if text.trim().is_empty() {
            return;
        }
        let parts = match split(&markdown(&text)) {
            SplitAnswer::Messages(parts) => parts,
            SplitAnswer::Document { beginning } => vec![beginning],
        };
        self.finish(parts);
    }

    /// A call or another reply follows, so the text before it was not the answer.
    fn settle_remark(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.has_new_text = false;
        self.is_paragraph_over = false;
        let place = self.text_place.take();
        if text.trim().is_empty() {
            return;
        }
        match place {
            Some(place) if !self.outbox.withdraw(self.room.chat, place) => {
                let text = beginning(&markdown(&text), MOST_UNITS);
                self.show(place, MessageStage::Final, Payload::text(text));
            }
            _ => {
                self.steps.remark(&text);
                self.has_new_steps = true;
            }
        }
    }

    fn end(&mut self, end: &TurnEnd) {
        self.settle_steps();
        let mut text = markdown(&self.text);
        let whole = std::mem::take(&mut self.text);
        self.add_wrong_citations(&mut text);
        let (text, facts) = self.with_facts(text);
        let parts = match split(&text) {
            SplitAnswer::Messages(parts) => parts,
            SplitAnswer::Document { beginning } => {
                let caption = FormattedText::plain_text("The full answer.");
                let document = Payload::document(ANSWER_FILE, &whole, caption);
                self.finish(vec![beginning]);
                self.outbox.send(self.room, document);
                Vec::new()
            }
        };
        self.finish(parts);
        if let Some(facts) = facts {
            self.outbox.say(self.room, &facts);
        }
        if let Some(words) = ending(end) {
            self.outbox.say(self.room, &words);
        }
        self.has_new_steps = false;
        self.has_new_text = false;
    }

    /// Sends the parts of the answer; the first one replaces the draft.
    fn finish(&mut self, parts: Vec<FormattedText>) {
        for part in parts {
            let place = self.text_place.take();
            let place = place.unwrap_or_else(|| self.outbox.new_slot());
            self.show(place, MessageStage::Final, Payload::text(part));
        }
    }

    /// Finishes the steps message.
    fn settle_steps(&mut self) {
        let place = self.steps_place.take();
        if self.steps.show(true).is_blank() {
            if let Some(place) = place {
                let text = FormattedText::plain_text("💭 finished thinking");
                self.show(place, MessageStage::Final, Payload::text(text).silent());
            }
            return;
        }
        let place = place.unwrap_or_else(|| self.outbox.new_slot());
        self.show_steps(place, MessageStage::Final, true);
    }

    fn add_wrong_citations(&self, text: &mut FormattedText) {
        let plain = Style::default();
        for (citation, why) in &self.wrong {
            text.push("\n⚠ wrong citation: ", &plain);
            text.push(&visible_name(citation), &plain.with(SpanKind::Code));
            text.push(&format!(" ({})", visible_name(why)), &plain);
        }
        if !self.not_seen.is_empty() {
            text.push(&format!("\n⚠ {}", not_seen_words(&self.not_seen)), &plain);
        }
    }

    /// The answer with what the turn did below it. Where that would make it a document, the facts
    /// are a message of their own.
    fn with_facts(&self, text: FormattedText) -> (FormattedText, Option<String>) {
        let line = |line: &FactLine| {
            let sign = if line.is_warning { "⚠ " } else { "" };
            format!("{sign}{}", line.text)
        };
        let lines: Vec<String> = self.facts.iter().map(line).collect();
        if lines.is_empty() {
            return (text, None);
        }
        let facts = lines.join("\n");
        let gap = if text.is_blank() { "" } else { "\n\n" };
        let mut whole = text.clone();
        whole.push(&format!("{gap}{facts}"), &Style::default());
        match split(&whole) {
            SplitAnswer::Messages(_) => (whole, None),
            SplitAnswer::Document { .. } => (text, Some(facts)),
        }
    }

    fn show_steps(&self, place: MessageSlot, stage: MessageStage, is_over: bool) {
        let payload = Payload::text(self.steps.show(is_over)).silent();
        self.show(place, stage, payload);
    }

    fn show(&self, place: MessageSlot, stage: MessageStage, payload: Payload) {
        self.outbox.show(self.room, place, stage, payload);
    }
}

/// The message for a turn that ended without an answer.
fn ending(end: &TurnEnd) -> Option<String> {
    let why = reason(end);
    match end {
        TurnEnd::Answered | TurnEnd::Planned => None,
        TurnEnd::Stopped => Some("■ stopped".to_owned()),
        TurnEnd::Cut | TurnEnd::StepLimit(_) | TurnEnd::Stuck(_) => {
            Some(format!("■ stopped: {why}"))
        }
        TurnEnd::Failed(_) => Some(format!("✗ error: {why}")),
    }
}
