//! Wording that all front ends share: numbers, times, modes, and how turns ended.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::Error;
use indicatif::HumanCount;

use super::OpenedSession;
use crate::app::IndexStatus;
use crate::engine::event::{ToolOutcome, TurnEnd};
use crate::engine::{CompactReport, KeptTokens, TokenReport};
use crate::model::http::ServerError;
use crate::permission::{Confinement, Mode};
use crate::visible::visible_name;

/// Consecutive blanks of any kind that are shown as they are.
const MOST_BLANKS: usize = 80;
/// Line breaks among them.
const MOST_BLANK_LINES: usize = 4;

/// Replaces long runs of blanks by their number: text after them could go unseen. Everything else
/// is kept.
pub fn fold_blanks(text: &str) -> Cow<'_, str> {
    let mut folded = String::new();
    let mut copied = 0;
    let mut rest = 0;
    while let Some(found) = text[rest..].find(is_blank) {
        let start = rest + found;
        let blanks = &text[start..];
        let length = blanks.find(|sign| !is_blank(sign)).unwrap_or(blanks.len());
        rest = start + length;
        let blanks = &blanks[..length];
        let number = blanks.chars().count();
        let lines = blanks.matches('\n').count();
        if number > MOST_BLANKS || lines > MOST_BLANK_LINES {
            let number = count(number as u64);
            folded.push_str(&text[copied..start]);
            folded.push_str(&format!(" ⟨{number} blanks⟩ "));
            copied = rest;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    folded.push_str(&text[copied..]);
    Cow::Owned(folded)
}

/// Whether a character takes space but is not visible.
fn is_blank(sign: char) -> bool {
    sign.is_whitespace() || sign == '\u{2800}'
}

/// The beginning and the end of a text, `shown` characters each, and how many characters are left
/// out between them.
pub fn middle_left_out(text: &str, shown: usize) -> String {
    let characters = text.chars().count();
    if characters <= 2 * shown {
        return text.to_owned();
    }
    let head: String = text.chars().take(shown).collect();
    let tail: String = text.chars().skip(characters - shown).collect();
    let left_out = count((characters - 2 * shown) as u64);
    format!("{head} … {left_out} characters left out … {tail}")
}

/// `12,345`
pub fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 file`, `12,345 files`
pub fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// `85 ms`, `3.2 s`, `2 min 3 s`, `2 h 5 min`
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..=99 => format!("{:.1} s", time.as_secs_f64()),
        100..=5_399 => match (seconds / 60, seconds % 60) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, rest) => format!("{minutes} min {rest} s"),
        },
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// The risk of a mode in which commands need no approval; `None` for other modes.
pub fn risk_warning(mode: Mode, confinement: Confinement) -> Option<String> {
    let held_back = match confinement {
        Confinement::None => "nothing confines them",
        confined => confinement_words(confined),
    };
    (mode == Mode::AutoApprove)
        .then(|| format!("all commands run without approval, and {held_back}"))
}

/// A mode in words, depending on how commands are confined.
pub fn mode_words(mode: Mode, confinement: Confinement) -> &'static str {
    match (mode, confinement) {
        (Mode::Ask, _) => "edits and commands need approval",
        (Mode::AutoEdit, Confinement::Full) => "edits and most commands run without approval",
        (Mode::AutoEdit, _) => "edits run without approval, commands need it",
        (Mode::AutoApprove, _) => "edits and commands run without approval",
        (Mode::Plan, _) => "read-only",
    }
}

/// A confinement level in words.
pub fn confinement_words(confinement: Confinement) -> &'static str {
    match confinement {
        Confinement::Full => "commands are confined",
        Confinement::Landlock => "commands can write only in the workspace",
        Confinement::None => "commands are not confined",
    }
}

/// The result of a tool in words: `200 lines · 3 ms`, `denied by the user · 0 ms`.
pub fn facts(outcome: ToolOutcome, summary: &str, took: Duration) -> String {
    let summary = visible_name(summary);
    let word = match outcome {
        ToolOutcome::Done => "",
        ToolOutcome::Failed => "failed",
        ToolOutcome::Denied => "denied",
    };
    // Colour must not be the only sign; one word is enough.
    let parts = if summary.starts_with(word) {
        [summary, duration(took)]
    } else if summary.is_empty() {
        [word.to_owned(), duration(took)]
    } else {
        [format!("{word}: {summary}"), duration(took)]
    };
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// Why a turn ended without an answer, and what helps; empty if it has one.
pub fn reason(end: &TurnEnd) -> String {
    match end {
        TurnEnd::Answered | TurnEnd::Planned => String::new(),
        TurnEnd::Cut => {
            "the answer was cut at the reply limit; write `continue` to get the rest".to_owned()
        }
        TurnEnd::Stopped => "stopped".to_owned(),
        TurnEnd::StepLimit(steps) => format!(
            "the limit of {} is reached; write `continue`, or raise `--max-steps`",
            counted(*steps as u64, "step")
        ),
        TurnEnd::Stuck(why) | TurnEnd::Failed(why) => why.to_string(),
    }
}

/// The state of the index in a few words.
pub fn index_words(index: &IndexStatus) -> String {
    match index {
        IndexStatus::Looking => "checking for changes".to_owned(),
        IndexStatus::Reading { done, total } => format!(
            "reading files: {} of {}",
            count(*done as u64),
            count(*total as u64)
        ),
        IndexStatus::Fresh => "up to date".to_owned(),
        IndexStatus::Behind(texts) => format!("{} to embed", counted(*texts, "text")),
        IndexStatus::Trouble(why) => why.clone(),
    }
}

/// The warning that code leaves this machine.
pub fn sent_to(host: &str) -> String {
    format!("your code is sent to {}", visible_name(host))
}

/// An error with its causes and a hint.
pub fn error_words(error: &Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words.push_str(&format!(": {cause}"));
        }
    }
    let server = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<ServerError>());
    if let Some(hint) = server.and_then(ServerError::hint) {
        words.push_str(&format!("; {hint}"));
    }
    words
}

/// Warnings about an opened session.
pub fn opened_warnings(opened: &OpenedSession) -> Vec<String> {
    let sent = opened.model.remote.as_deref().map(sent_to);
    sent.into_iter().chain(session_warnings(opened)).collect()
}

/// The same without where it is sent to, which the head of a chat says.
pub fn session_warnings(opened: &OpenedSession) -> Vec<String> {
    let broken_off = |name: &String| {
        format!(
            "`{}` was running when the session was interrupted; it is not repeated, and its \
             result is unknown",
            visible_name(name)
        )
    };
    let mut warnings: Vec<String> = opened.interrupted_calls.iter().map(broken_off).collect();
    if opened.unreadable > 0 {
        let lines = counted(opened.unreadable as u64, "line");
        warnings.push(format!(
            "{lines} of the session's journal cannot be read and were skipped"
        ));
    }
    warnings.extend(opened.notes.iter().cloned());
    warnings
}

/// The state of a resumed session.
pub fn resumed_words(opened: &OpenedSession) -> String {
    let questions = counted(u64::from(opened.turns), "question");
    let mode = opened.mode.name();
    format!(
        "session {} continues after {questions}, in mode {mode}",
        opened.id
    )
}

/// The result of a compaction.
pub fn compacted_words(report: &CompactReport) -> String {
    let [before, after] = [report.before, report.after].map(|tokens| count(u64::from(tokens)));
    let how = if report.summarised {
        ""
    } else {
        "; the model returned no usable summary, so the oldest turns were cut instead"
    };
    format!("compacted: {before} → {after} tokens{how}")
}

/// What is kept after a compaction: name and number of tokens.
pub fn kept_rows(kept: &KeptTokens) -> Vec<(&'static str, String)> {
    let rows = [
        ("summary", kept.summary),
        ("your own words", kept.words),
        ("hits of the index", kept.hits),
    ];
    rows.map(|(name, number)| (name, format!("{} tokens", count(u64::from(number)))))
        .to_vec()
}

/// Tokens of the conversation beside what [`KeptTokens`] counts apart.
pub fn other_tokens(tokens: &TokenReport) -> u32 {
    let KeptTokens {
        summary,
        words,
        hits,
    } = tokens.kept;
    tokens.history.saturating_sub(summary + words + hits)
}

/// Use of the context window: name and number of tokens.
pub fn token_rows(tokens: &TokenReport) -> Vec<(&'static str, String)> {
    let free = tokens.window.saturating_sub(tokens.used);
    let rows = [
        ("used", tokens.used),
        ("system prompt", tokens.system),
        ("tools", tokens.tools),
        ("summary", tokens.kept.summary),
        ("your own words", tokens.kept.words),
        ("conversation", other_tokens(tokens)),
        ("hits of the index", tokens.kept.hits),
        ("free", free),
        ("context window", tokens.window),
    ];
    rows.map(|(name, number)| (name, count(u64::from(number))))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown = [0, 12, 999, 1_000, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "file"), "1 file");
    }

    #[test]
    fn a_duration_is_as_long_as_it_was() {
        for (milliseconds, words) in [
            (85, "85 ms"),
            (3_200, "3.2 s"),
            (120_000, "2 min"),
            (123_000, "2 min 3 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), words);
        }
    }
}
