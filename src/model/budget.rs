//! Estimates the tokens of a conversation, calibrated by the server's counts.
//!
//! Servers truncate a conversation silently, so the engine counts itself, and [`Calibration`]
//! compares its estimate with the server's count of each request.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::{Parameter, ParameterKind, ToolSpec};
use crate::message::{Image, Message, ToolCall};
use crate::text::tokens::{estimate_digits, estimate_text};

/// Tokens of a message beside its text: the markers of its role.
const MESSAGE: u32 = 5;
/// Tokens of a picture, as a round figure: models take a few hundred to a few thousand, and the
/// server does not say before.
const PICTURE: u32 = 1_000;
/// Tokens of a call beside its name and arguments.
const CALL: u32 = 20;
/// Tokens of the text around the list of tools, as in the renderer of Qwen's coders, which uses
/// most: the call format with two examples, and reminders.
const TOOLS: u32 = 270;
/// Tokens of a tool beside its texts: seven tags.
const TOOL: u32 = 36;
/// Tokens of a parameter beside its texts: eight tags and its type.
const PARAMETER: u32 = 25;

/// Ratios of the server's count to the estimate that are plausible.
const RATIOS: std::ops::RangeInclusive<f32> = 0.5..=2.0;
/// Weight of the newest count.
const NEWEST: f32 = 0.3;
/// Smaller requests say more about templates than about texts, and are not learned from.
const TELLING: u32 = 150;

/// Estimates the tokens of a request: messages and tools.
pub fn estimate(messages: &[Message], tools: &[ToolSpec]) -> u32 {
    let costs = messages.iter().map(Cost::of);
    sum(messages, costs).saturating_add(estimate_tools(tools))
}

/// Estimates the tokens of a list of tools.
pub fn estimate_tools(tools: &[ToolSpec]) -> u32 {
    if tools.is_empty() {
        return 0;
    }
    TOOLS + tools.iter().map(tool).sum::<u32>()
}

fn tool(spec: &ToolSpec) -> u32 {
    let parameters = match &spec.schema {
        Some(schema) => estimate_text(&schema.to_string()),
        None => spec.parameters.iter().map(parameter).sum(),
    };
    TOOL + estimate_text(&spec.name) + estimate_text(&spec.description) + parameters
}

fn parameter(parameter: &Parameter) -> u32 {
    let schema = match &parameter.kind {
        ParameterKind::Schema(schema) => estimate_text(&schema.to_string()),
        _ => 0,
    };
    PARAMETER + estimate_text(&parameter.name) + estimate_text(&parameter.description) + schema
}

/// The calibration of one model in one conversation.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// Server tokens per estimated token.
    ratio: f32,
    samples: u32,
    /// The server's share of the last estimate, if that looked truncated.
    doubted: Option<f32>,
    /// The part of the newest estimate that may be too high: see [`Cost::unsure`].
    doubtful: u32,
    /// The estimate and the server's count of the request before.
    last: Option<(u32, u32)>,
    /// The cost of each message, so that only new ones are counted.
    known: Vec<(u64, Cost)>,
}

impl Default for Calibration {
    fn default() -> Calibration {
        Calibration {
            ratio: 1.0,
            samples: 0,
            doubted: None,
            doubtful: 0,
            last: None,
            known: Vec::new(),
        }
    }
}

impl Calibration {
    /// Starts with the ratio learned earlier for the same model.
    pub fn starting(ratio: Option<f32>) -> Calibration {
        let known = ratio.filter(|ratio| RATIOS.contains(ratio));
        Calibration {
            ratio: known.unwrap_or(1.0),
            samples: u32::from(known.is_some()),
            ..Calibration::default()
        }
    }

    /// The ratio learned so far: server tokens per estimated token.
    pub fn ratio(&self) -> Option<f32> {
        (self.samples > 0).then_some(self.ratio)
    }

    /// Like [`estimate`], but counts only new messages.
    pub fn estimate(&mut self, messages: &[Message], tools: &[ToolSpec]) -> u32 {
        self.known.truncate(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let mark = mark(message);
            match self.known.get(index) {
                Some((known, _)) if *known == mark => {}
                Some(_) => self.known[index] = (mark, Cost::of(message)),
                None => self.known.push((mark, Cost::of(message))),
            }
        }
        let costs = self.known.iter().map(|(_, cost)| *cost);
        self.doubtful = costs.clone().map(|cost| cost.unsure / 3 * 2).sum();
        sum(messages, costs).saturating_add(estimate_tools(tools))
    }

    /// The server's likely count for an estimate.
    pub fn calibrated(&self, estimate: u32) -> u32 {
        (estimate as f32 * self.ratio).round() as u32
    }

    /// Learns from the estimate and the server's count of a request.
    ///
    /// Returns a [`TruncatedRequest`] if the count shows that the server dropped a part; then nothing is
    /// learned.
    pub fn learn(&mut self, estimate: u32, counted: u32, window: u32) -> Option<TruncatedRequest> {
        if self.counts_only_news(estimate, counted) {
            self.last = Some((estimate, self.calibrated(estimate)));
            return None;
        }
        let cut = self.cut(estimate, counted, window);
        let share = counted as f32 / estimate.max(1) as f32;
        // Twice the same share, though there is more, is how this model counts, and no cut.
        let before = self.doubted.take();
        let grew = self.last.is_some_and(|(estimated, then)| {
            let expected = self.calibrated(estimate.saturating_sub(estimated));
            counted > then && counted - then >= part(expected, 15)
        });
        let cut = cut.filter(|cut| {
            self.doubted = Some(share);
            let is_same = before.is_some_and(|before| (share / before - 1.0).abs() <= 0.1);
            cut.is_glued || !is_same || !grew
        });
        self.last = Some((estimate, counted));
        if cut.is_none() && estimate >= TELLING {
            let ratio = (counted as f32 / estimate as f32).clamp(*RATIOS.start(), *RATIOS.end());
            self.ratio = if self.samples == 0 {
                ratio
            } else {
                self.ratio + NEWEST * (ratio - self.ratio)
            };
            self.samples += 1;
        }
        cut
    }

    /// Whether a server counts only what is not in its prompt cache: some old ones do, and from the
    /// second request on that looks like truncation.
    fn counts_only_news(&self, estimate: u32, counted: u32) -> bool {
        let Some((before, then)) = self.last else {
            return false;
        };
        let news = self.calibrated(estimate.saturating_sub(before));
        counted < then && counted.abs_diff(news) <= part(news, 30) + 50
    }

    fn cut(&self, estimate: u32, counted: u32, window: u32) -> Option<TruncatedRequest> {
        let expected = self.calibrated(estimate);
        // A request that only grew cannot have become shorter.
        let shrunk = self
            .last
            .is_some_and(|(before, then)| estimate > before && counted < part(then, 90));
        // Without any experience the estimate may be wrong by half.
        let least = if self.samples == 0 { 40 } else { 65 };
        let sure = self.calibrated(estimate.saturating_sub(self.doubtful));
        let is_short = expected >= 2 * TELLING && (shrunk || counted < part(sure, least));
        let is_glued = window > 0
            && counted >= part(window, 98)
            && expected > counted.saturating_add(counted / 20);
        (is_short || is_glued).then_some(TruncatedRequest {
            expected,
            counted,
            is_glued,
        })
    }
}

/// A sign that the server did not read all of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruncatedRequest {
    /// Tokens that the request should have.
    pub expected: u32,
    /// Tokens that the server counted.
    pub counted: u32,
    /// Whether that is exactly what fits the window.
    pub is_glued: bool,
}

/// A percentage of a number of tokens.
pub fn part(tokens: u32, percent: u32) -> u32 {
    let part = u64::from(tokens) * u64::from(percent) / 100;
    u32::try_from(part).unwrap_or(u32::MAX)
}

/// The tokens of a message. Thoughts are separate: templates leave them out of earlier turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    said: u32,
    thought: u32,
    /// The part of `said` that may be three times too high: digits, where there may be many (see
    /// [`estimate_digits`]), and pictures.
    unsure: u32,
}

impl Cost {
    fn of(message: &Message) -> Cost {
        let (said, thought) = match message {
            Message::System { text } => (estimate_text(text), 0),
            Message::User { text, images } => {
                (estimate_text(text).saturating_add(pictures(images)), 0)
            }
            Message::Tool { tool, text, .. } => (estimate_text(tool) + estimate_text(text) + 8, 0),
            Message::Assistant {
                text,
                thinking,
                calls,
            } => {
                let calls: u32 = calls.iter().map(call).sum();
                (estimate_text(text) + calls, estimate_text(thinking))
            }
        };
        let unsure = match message {
            Message::User { text, images } => {
                estimate_digits(text).saturating_add(pictures(images))
            }
            Message::Tool { text, .. } => estimate_digits(text),
            Message::System { .. } | Message::Assistant { .. } => 0,
        };
        Cost {
            said: said.saturating_add(MESSAGE),
            thought,
            unsure,
        }
    }
}

fn pictures(images: &[Image]) -> u32 {
    let count = u32::try_from(images.len()).unwrap_or(u32::MAX);
    count.saturating_mul(PICTURE)
}

fn call(call: &ToolCall) -> u32 {
    let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
    CALL + estimate_text(&call.name) + estimate_text(&arguments)
}

fn sum(messages: &[Message], costs: impl Iterator<Item = Cost>) -> u32 {
    let last_task = messages
        .iter()
        .rposition(|message| matches!(message, Message::User { .. }))
        .unwrap_or(0);
    costs.enumerate().fold(0, |sum: u32, (index, cost)| {
        let thought = if index >= last_task { cost.thought } else { 0 };
        sum.saturating_add(cost.said).saturating_add(thought)
    })
}

/// A fingerprint of a message from its lengths and a few bytes: enough for an estimate.
fn mark(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut add = |text: &str| {
        let bytes = text.as_bytes();
        bytes.len().hash(&mut hasher);
        bytes[..bytes.len().min(24)].hash(&mut hasher);
        bytes[bytes.len().saturating_sub(24)..].hash(&mut hasher);
    };
    match message {
        Message::System { text } => add(text),
        Message::User { text, images } => {
            add(text);
            images.iter().for_each(|image| add(image.base64()));
        }
        Message::Tool { text, call_id, .. } => {
            add(text);
            add(call_id);
        }
        Message::Assistant {
            text,
            thinking,
            calls,
        } => {
            add(text);
            add(thinking);
            for call in calls {
                add(&call.id);
                call.arguments
                    .values()
                    .filter_map(|value| value.as_str())
                    .for_each(&mut add);
            }
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::Map;

    use super::*;

    fn user(text: &str) -> Message {
        Message::user(text)
    }

    #[test]
    fn two_hundred_messages_cost_little_the_second_time() {
        let text = "let value = compute(&input, 42)?; // as the table says\n".repeat(60);
        let messages: Vec<Message> = (0..200)
            .map(|number| user(&format!("{number} {text}")))
            .collect();
        let mut calibration = Calibration::default();
        let first = calibration.estimate(&messages, &[]);
        assert_eq!(first, estimate(&messages, &[]));
        let started = Instant::now();
        for _ in 0..100 {
            assert_eq!(calibration.estimate(&messages, &[]), first);
        }
        assert!(started.elapsed() < Duration::from_millis(100));
    }

    #[test]
    fn a_changed_message_is_counted_again() {
        let mut messages = vec![user("one two three"), user("four")];
        let mut calibration = Calibration::default();
        calibration.estimate(&messages, &[]);
        messages[0] = user("one two three and many more words than that");
        assert_eq!(
            calibration.estimate(&messages, &[]),
            estimate(&messages, &[])
        );
        messages.truncate(1);
        assert_eq!(
            calibration.estimate(&messages, &[]),
            estimate(&messages, &[])
        );
    }

    #[test]
    fn a_picture_counts_a_thousand_as_long_as_it_is_there() {
        let look = |images: Vec<Image>| Message::User {
            text: "look".to_owned(),
            images,
        };
        let picture = || Image::new(b"a picture");
        let without = estimate(&[look(Vec::new())], &[]);
        let mut calibration = Calibration::default();
        for count in [2, 1, 0] {
            let messages = [look(vec![picture(); count as usize])];
            let expected = without + count * PICTURE;
            assert_eq!(estimate(&messages, &[]), expected);
            assert_eq!(calibration.estimate(&messages, &[]), expected);
        }
        // A model that takes a few hundred tokens for one has cut nothing.
        let mut calibration = Calibration::default();
        calibration.learn(2_000, 2_000, 32_768);
        let messages = [user(&"word ".repeat(2_000)), look(vec![picture(); 5])];
        let estimated = calibration.estimate(&messages, &[]);
        let counted = estimated - 5 * PICTURE + 5 * 400;
        assert_eq!(calibration.learn(estimated, counted, 32_768), None);
    }

    #[test]
    fn thoughts_of_earlier_turns_are_not_counted() {
        let thinking = Message::Assistant {
            text: "done".to_owned(),
            thinking: "a long thought ".repeat(50),
            calls: vec![ToolCall {
                id: "1".to_owned(),
                name: "read_file".to_owned(),
                arguments: Map::new(),
            }],
        };
        let now = estimate(&[user("go"), thinking.clone()], &[]);
        let later = estimate(&[user("go"), thinking, user("on")], &[]);
        assert!(later + 100 < now, "{later} {now}");
    }

    #[test]
    fn the_ratio_is_learnt_within_limits() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.learn(1_000, 1_400, 32_768), None);
        assert_eq!(calibration.calibrated(1_000), 1_400);
        assert_eq!(calibration.learn(2_000, 2_400, 32_768), None);
        assert_eq!(calibration.calibrated(1_000), 1_340);
        let mut calibration = Calibration::default();
        calibration.learn(1_000, 9_000, 32_768);
        assert_eq!(calibration.calibrated(1_000), 2_000);
    }

    #[test]
    fn what_was_learnt_before_counts_from_the_first_request_on() {
        let known = Calibration::starting(Some(1.5));
        assert_eq!((known.calibrated(1_000), known.ratio()), (1_500, Some(1.5)));
        for unknown in [None, Some(f32::NAN), Some(0.0), Some(50.0)] {
            let unknown = Calibration::starting(unknown);
            assert_eq!((unknown.calibrated(1_000), unknown.ratio()), (1_000, None));
        }
    }

    #[test]
    fn a_cut_is_seen_and_teaches_nothing() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.learn(3_000, 3_000, 32_768), None);
        let cut = calibration.learn(6_000, 2_048, 32_768);
        assert_eq!(
            cut,
            Some(TruncatedRequest {
                expected: 6_000,
                counted: 2_048,
                is_glued: false,
            })
        );
        assert_eq!(calibration.calibrated(1_000), 1_000);
        let mut calibration = Calibration::default();
        assert!(calibration.learn(6_000, 4_090, 4_096).is_some());
        // A conversation may fill its window.
        let mut calibration = Calibration::default();
        assert_eq!(calibration.learn(4_000, 4_090, 4_096), None);
        // What is counted like that again is counted so: it is learnt.
        let mut calibration = Calibration::default();
        assert!(calibration.learn(4_000, 1_500, 32_768).is_some());
        assert_eq!(calibration.learn(4_400, 1_650, 32_768), None);
        assert_eq!(calibration.calibrated(1_000), 500);
        // What stays the same, though there is more, is cut each time.
        let mut calibration = Calibration::default();
        for estimate in [6_000, 6_400, 6_800] {
            assert!(calibration.learn(estimate, 2_040, 32_768).is_some());
        }
        // Old servers count only what is new to them.
        let mut calibration = Calibration::default();
        assert_eq!(calibration.learn(3_000, 3_000, 32_768), None);
        assert_eq!(calibration.learn(3_400, 410, 32_768), None);
        assert_eq!(calibration.learn(4_000, 580, 32_768), None);
        assert_eq!(calibration.calibrated(1_000), 1_000);
        let mut calibration = Calibration::default();
        assert!(calibration.learn(4_000, 1_000, 32_768).is_some());
        // Long numbers are a third of what is estimated in some vocabularies.
        let numbers: String = (1..2_000).map(|number| format!("{number}\n")).collect();
        let mut calibration = Calibration::default();
        calibration.learn(1_000, 1_000, 32_768);
        let estimate = calibration.estimate(&[user(&numbers)], &[]);
        assert_eq!(
            calibration.learn(estimate, estimate * 46 / 100, 32_768),
            None
        );
        // After a compaction the request is shorter by right.
        let mut calibration = Calibration::default();
        calibration.learn(6_000, 6_000, 32_768);
        assert_eq!(calibration.learn(1_500, 1_450, 32_768), None);
    }
}
