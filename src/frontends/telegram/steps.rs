//! What the model does, as one message that grows and stays short.

use std::time::Duration;

use ollacode_secrets::redact;

use super::formatted_text::{FormattedText, SpanKind, Style};
use crate::conversation::messages::{count, facts};
use crate::engine::event::{Event, ToolOutcome};
use crate::message::Source;
use crate::visible::visible_name;

/// Maximum steps that are shown; older ones are counted.
const MOST_STEPS: usize = 10;
/// Maximum search results that are named.
const MOST_SOURCES: usize = 3;
/// Longest part of a line, in characters.
const WIDEST: usize = 160;

/// The steps of the current message.
#[derive(Debug, Default)]
pub struct Steps {
    lines: Vec<StepLine>,
    is_thinking: bool,
}

#[derive(Debug)]
enum StepLine {
    /// A tool call, with its result once it has ended.
    Call {
        id: String,
        tool: String,
        what: String,
        end: Option<(ToolOutcome, String)>,
    },
    Words(String),
}

impl Steps {
    /// Handles an event; `true` if there is something new to show.
    pub fn event(&mut self, event: &Event) -> bool {
        let was_thinking = std::mem::take(&mut self.is_thinking);
        match event {
            Event::Thinking(_) => {
                self.is_thinking = true;
                return !was_thinking;
            }
            Event::Retrieved { sources } if !sources.is_empty() => {
                self.lines.push(StepLine::Words(looked_at(sources)));
            }
            Event::ToolStarted { id, tool, what, .. } => self.lines.push(StepLine::Call {
                id: id.clone(),
                tool: tool.clone(),
                what: what.clone(),
                end: None,
            }),
            Event::ToolFinished {
                id,
                outcome,
                summary,
                took,
                ..
            } => self.finished(id, *outcome, summary, *took),
            Event::Notice(text) | Event::AskedAgain { why: text } => {
                self.lines.push(StepLine::Words(format!("ℹ {text}")));
            }
            Event::Compacted { before, after } => {
                let [before, after] = [before, after].map(|tokens| count(u64::from(*tokens)));
                let words = format!("ℹ compacted: {before} → {after} tokens");
                self.lines.push(StepLine::Words(words));
            }
            _ => return was_thinking,
        }
        true
    }

    /// Adds what the model wrote between two calls.
    pub fn remark(&mut self, text: &str) {
        self.lines
            .push(StepLine::Words(format!("“{}”", clipped(text))));
    }

    /// Removes the calls that have not ended, and returns them.
    pub fn take_running(&mut self) -> Steps {
        let runs = |line: &mut StepLine| matches!(line, StepLine::Call { end: None, .. });
        Steps {
            lines: self.lines.extract_if(.., runs).collect(),
            ..Steps::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && !self.is_thinking
    }

    /// The text of the message. With `is_over`, nothing is shown as running.
    pub fn show(&self, is_over: bool) -> FormattedText {
        let mut rich = FormattedText::default();
        let hidden = self.lines.len().saturating_sub(MOST_STEPS);
        if hidden > 0 {
            let noun = if hidden == 1 { "step" } else { "steps" };
            rich.push(&format!("… {hidden} earlier {noun}\n"), &Style::default());
        }
        for line in &self.lines[hidden..] {
            line.write(&mut rich, is_over);
        }
        if self.is_thinking && !is_over {
            rich.push("💭 thinking", &Style::default());
        }
        rich.made_visible()
    }

    fn finished(&mut self, wanted: &str, outcome: ToolOutcome, summary: &str, took: Duration) {
        for line in &mut self.lines {
            if let StepLine::Call { id, end, .. } = line
                && id == wanted
            {
                *end = Some((outcome, facts(outcome, summary, took)));
            }
        }
    }
}

impl StepLine {
    fn write(&self, rich: &mut FormattedText, is_over: bool) {
        let plain = Style::default();
        match self {
            StepLine::Words(words) => rich.push(&format!("{}\n", clipped(words)), &plain),
            StepLine::Call {
                tool, what, end, ..
            } => {
                let sign = match end {
                    None if is_over => "–",
                    None => "⏳",
                    // The tool succeeded, but the command failed.
                    Some((ToolOutcome::Done, facts)) if is_bad_exit(facts) => "✗",
                    Some((ToolOutcome::Done, _)) => "✓",
                    Some((ToolOutcome::Failed, _)) => "✗",
                    Some((ToolOutcome::Denied, _)) => "⊘",
                };
                rich.push(&format!("{sign} {} ", visible_name(tool)), &plain);
                rich.push(&clipped(what), &plain.with(SpanKind::Code));
                if let Some((_, facts)) = end {
                    rich.push(&format!(" · {}", clipped(facts)), &plain);
                }
                rich.push("\n", &plain);
            }
        }
    }
}

/// Whether a command ended with a nonzero exit code.
fn is_bad_exit(facts: &str) -> bool {
    let code = facts.strip_prefix("exit code ");
    code.is_some_and(|code| code.split(' ').next() != Some("0"))
}

fn looked_at(sources: &[Source]) -> String {
    let mut places: Vec<String> = sources
        .iter()
        .take(MOST_SOURCES)
        .map(step_location)
        .collect();
    let more = sources.len() - places.len();
    if more > 0 {
        places.push(format!("{more} more"));
    }
    format!("🔎 context: {}", places.join(", "))
}

/// `src/a.rs:1-20`
pub fn step_location(source: &Source) -> String {
    let path = visible_name(&source.path);
    format!("{path}:{}-{}", source.start_line, source.end_line)
}

/// A text in one line, cut at the maximum width.
pub fn clipped(text: &str) -> String {
    // Before it is cut: half a secret would not be recognised.
    let text = redact(text).text;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= WIDEST {
        return line;
    }
    let cut: String = line.chars().take(WIDEST - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(id: &str, what: &str) -> Event {
        Event::ToolStarted {
            id: id.to_owned(),
            tool: "read_file".to_owned(),
            what: what.to_owned(),
            details: std::sync::Arc::default(),
        }
    }

    fn finished(id: &str, outcome: ToolOutcome, summary: &str) -> Event {
        Event::ToolFinished {
            id: id.to_owned(),
            outcome,
            summary: summary.to_owned(),
            detail: String::new(),
            took: Duration::from_millis(5),
        }
    }

    #[test]
    fn each_call_is_a_line_that_says_how_it_went() {
        let mut steps = Steps::default();
        assert!(steps.is_empty());
        for event in [
            Event::Retrieved {
                sources: vec![Source {
                    path: "a.rs".to_owned(),
                    start_line: 1,
                    end_line: 9,
                    symbol: None,
                }],
            },
            started("1", "a.rs:1-20"),
            finished("1", ToolOutcome::Done, "20 lines"),
            started("2", "b\u{202e}.rs"),
            finished("2", ToolOutcome::Failed, "there is no such file"),
            started("3", "c.rs"),
        ] {
            assert!(steps.event(&event));
        }
        steps.remark("Let me\nlook.");
        assert_eq!(
            steps.show(false).text(),
            "🔎 context: a.rs:1-9\n✓ read_file a.rs:1-20 · 20 lines · 5 ms\n\
             ✗ read_file b\\u{202e}.rs · failed: there is no such file · 5 ms\n\
             ⏳ read_file c.rs\n“Let me look.”\n"
        );
        assert!(steps.show(true).text().contains("– read_file c.rs"));
    }

    #[test]
    fn a_command_that_failed_is_no_success() {
        for (summary, sign) in [
            ("exit code 0", "✓"),
            ("exit code 1", "✗"),
            ("10 lines", "✓"),
        ] {
            let mut steps = Steps::default();
            steps.event(&started("1", "x"));
            steps.event(&finished("1", ToolOutcome::Done, summary));
            let text = steps.show(false).text();
            assert!(text.starts_with(sign), "{summary}: {text}");
        }
    }

    #[test]
    fn it_stays_short() {
        let mut steps = Steps::default();
        for number in 0..200 {
            steps.event(&started(&number.to_string(), &"x".repeat(5_000)));
        }
        let text = steps.show(false);
        assert!(text.text().starts_with("… 190 earlier steps\n"));
        assert!(text.units() < 4_000, "{}", text.units());
    }

    #[test]
    fn thoughts_are_a_sign_and_no_text() {
        let mut steps = Steps::default();
        assert!(steps.event(&Event::Thinking("secret".to_owned())));
        assert!(!steps.event(&Event::Thinking("more".to_owned())));
        assert_eq!(steps.show(false).text(), "💭 thinking");
        assert!(steps.event(&Event::Text("It is".to_owned())));
        assert!(steps.is_empty());
    }
}
