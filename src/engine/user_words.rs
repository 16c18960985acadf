//! The user's own words, which a compaction keeps as they were written, whatever a summary says.

use super::clip::clipped_to;
use super::user_message::{UserMessage, is_note};
use crate::message::Message;
use crate::model::budget::Calibration;
use crate::text::hits::hits_in;
use crate::text::tokens::estimate_text;

const HEADING: &str = "The user's own words, oldest first:";
/// Most messages that are kept: the newest.
const MOST: usize = 10;

/// A section with the newest messages of the user in older turns and in their summary, each clipped
/// to `most` tokens; empty if there are none.
pub(super) fn user_words(older: &[Message], most: u32) -> String {
    let mut words: Vec<String> = Vec::new();
    for message in older {
        match message {
            Message::User { text, .. } if !is_note(text) => {
                let opening = UserMessage::parse(text);
                words.extend(kept(&opening.summary));
                words.push(entry(opening.task(), most));
            }
            _ => {}
        }
    }
    if words.is_empty() {
        return String::new();
    }
    let newest = words.len().saturating_sub(MOST);
    format!("{HEADING}\n{}", words[newest..].join("\n"))
}

/// What messages keep of the user and of earlier turns, in estimated tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptTokens {
    /// The summary of earlier turns, without the user's words.
    pub summary: u32,
    /// The user's own words.
    pub words: u32,
    /// Hits of the index, and what git showed in their place.
    pub hits: u32,
}

impl KeptTokens {
    /// What some messages keep, by the counts of a model.
    pub(super) fn of(messages: &[Message], calibration: &Calibration) -> KeptTokens {
        let mut kept = KeptTokens::default();
        for message in messages {
            match message {
                Message::User { text, .. } if !is_note(text) => {
                    let opening = UserMessage::parse(text);
                    let section = parts(&opening.summary).map_or("", |(_, section, _)| section);
                    kept.words += estimate_text(opening.task()) + estimate_text(section);
                    kept.summary += estimate_text(&without_words(&opening.summary));
                    kept.hits += hits_in(text).map_or(0, estimate_text);
                }
                _ => {}
            }
        }
        KeptTokens {
            summary: calibration.calibrated(kept.summary),
            words: calibration.calibrated(kept.words),
            hits: calibration.calibrated(kept.hits),
        }
    }
}

/// A summary without the section of the user's words, which is kept apart.
pub(super) fn without_words(summary: &str) -> String {
    match parts(summary) {
        Some((before, _, "")) => before.trim_end().to_owned(),
        Some((before, _, behind)) => format!("{}\n\n{behind}", before.trim_end()),
        None => summary.to_owned(),
    }
}

/// The messages that an earlier compaction kept.
fn kept(summary: &str) -> Vec<String> {
    let section = parts(summary).map_or("", |(_, section, _)| section);
    let mut entries: Vec<String> = Vec::new();
    for line in section.lines() {
        match entries.last_mut() {
            Some(last) if line.starts_with("  ") => {
                last.push('\n');
                last.push_str(line);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    entries
}

/// What is before the section, its messages, and what is behind it.
fn parts(summary: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = summary.rsplit_once(HEADING)?;
    let rest = rest.trim_start_matches('\n');
    let (section, behind) = rest.split_once("\n\n").unwrap_or((rest, ""));
    Some((before, section, behind))
}

/// A message as an item of a list, without empty lines.
fn entry(text: &str, most: u32) -> String {
    let clipped = clipped_to(text.trim(), most);
    let lines = clipped.lines().map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    format!("- {}", lines.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::user_message::engine_note;

    fn with_summary(summary: &str, request: &str) -> Message {
        let opening = UserMessage {
            summary: summary.to_owned(),
            request: request.to_owned(),
            ..UserMessage::default()
        };
        Message::user(opening.text())
    }

    #[test]
    fn the_words_outlive_one_compaction_after_another() {
        let older = [
            Message::user("Use tabs.\n\nNever touch `a.rs`."),
            Message::user(engine_note("go on")),
        ];
        let first = user_words(&older, 100);
        assert_eq!(
            first,
            "The user's own words, oldest first:\n- Use tabs.\n  Never touch `a.rs`."
        );
        let summary = format!("It works.\n\n{first}\n\nFiles changed so far: `b.rs`");
        let second = user_words(&[with_summary(&summary, "Now the printer.")], 100);
        assert_eq!(second, format!("{first}\n- Now the printer."));
        assert_eq!(
            without_words(&summary),
            "It works.\n\nFiles changed so far: `b.rs`"
        );
        assert_eq!(without_words("It works."), "It works.");
    }

    #[test]
    fn what_is_kept_is_counted_apart() {
        let summary =
            format!("It works.\n\n{HEADING}\n- Use tabs.\n\nFiles changed so far: `b.rs`");
        let hits = "## Found in the index\n\na.rs:1-2 (b)\n```\nfn b() {}\n```";
        let opening = UserMessage {
            summary,
            context: hits.to_owned(),
            request: "Now the printer.".to_owned(),
            ..UserMessage::default()
        };
        let messages = [
            Message::user(opening.text()),
            Message::user(engine_note("go on")),
        ];
        let kept = KeptTokens::of(&messages, &Calibration::starting(None));
        let expected = KeptTokens {
            summary: estimate_text("It works.\n\nFiles changed so far: `b.rs`"),
            words: estimate_text("Now the printer.") + estimate_text("- Use tabs."),
            hits: estimate_text(hits),
        };
        assert_eq!(kept, expected);
    }

    #[test]
    fn the_newest_ones_are_kept_and_each_is_clipped() {
        let older: Vec<Message> = (0..12)
            .map(|number| Message::user(format!("Task {number}.")))
            .collect();
        let words = user_words(&older, 100);
        assert!(
            words.contains("- Task 2.") && words.ends_with("- Task 11."),
            "{words}"
        );
        assert!(!words.contains("- Task 1.\n"), "{words}");
        let long = [Message::user("many words and more ".repeat(200))];
        assert!(user_words(&long, 40).len() < 400);
        assert_eq!(user_words(&[], 40), "");
    }
}
