//! Results of slash commands in Markdown.

use std::fmt::Write;

use ollacode_indexer::query::Query;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{IndexError, RefreshReport, SearchResults, Unsearched};

use super::calls::inline_code;
use super::commands::help;
use crate::conversation::EndReason;
use crate::conversation::messages::{
    compacted_words, counted, error_words, kept_rows, reason, token_rows,
};
use crate::conversation::reply::{CommandReply, NOT_INDEXED, model_facts};
use crate::edit::capped_diff;
use crate::engine::event::TurnEnd;
use crate::engine::project_instructions::ProjectInstructions;
use crate::frontends::excerpt::{Excerpt, stems};
use crate::message::Source;
use crate::model::server::InstalledModel;
use crate::session::changes::FileDiff;
use crate::text::fenced;
use crate::visible::{escape_hidden, visible_name};

/// Most lines of `/diff`.
const MOST_LINES: usize = 2_000;
/// Most sources of an answer.
const MOST_SOURCES: usize = 100;

/// A reply that is there; `None` for one that is still to be worked out, or that begins a turn.
pub fn markdown(reply: &CommandReply) -> Option<String> {
    let text = match reply {
        CommandReply::Report(markdown) => markdown.clone(),
        CommandReply::Help => help(),
        CommandReply::Status(status) => rows(&status.rows()),
        CommandReply::Tokens(tokens) => rows(&token_rows(tokens)),
        CommandReply::Memory(Some(memory)) => instructions(memory),
        CommandReply::Sources(Some(sources)) if !sources.is_empty() => source_list(sources),
        CommandReply::Diff(diffs) if !diffs.is_empty() => diff(diffs),
        CommandReply::Index(job) if job.needs_leave => NOT_INDEXED.to_owned(),
        CommandReply::Search(_)
        | CommandReply::Index(_)
        | CommandReply::Models(_)
        | CommandReply::Compacting
        | CommandReply::Started => return None,
        other => paragraph(&other.sentence().unwrap_or_default()),
    };
    let warning = reply.warning();
    let warning = warning.map(|warning| format!("> ⚠ {warning}\n\n"));
    let text = format!("{}{text}", warning.unwrap_or_default());
    Some(escape_hidden(&text).into_owned())
}

/// A text of sentences as it is; Markdown would join its lines.
fn paragraph(text: &str) -> String {
    match text.trim().contains('\n') {
        true => fenced(text.trim(), ""),
        false => text.trim().to_owned(),
    }
}

fn rows(rows: &[(&'static str, String)]) -> String {
    let row = |(name, value): &(&str, String)| format!("- **{name}**: {value}\n");
    rows.iter().map(row).collect()
}

fn instructions(memory: &ProjectInstructions) -> String {
    let path = inline_code(&visible_name(&memory.path));
    let text = fenced(memory.text.trim_end(), "markdown");
    let left_out = match memory.left_out {
        0 => String::new(),
        more => format!(
            "\n\n{} left out: the model gets only this part",
            counted(more as u64, "character")
        ),
    };
    format!("{path}\n\n{text}{left_out}")
}

fn source_list(sources: &[Source]) -> String {
    let mut text = String::new();
    for source in sources.iter().take(MOST_SOURCES) {
        let path = visible_name(&source.path);
        let place = format!("{path}:{}-{}", source.start_line, source.end_line);
        let symbol = visible_name(source.symbol.as_deref().unwrap_or_default());
        let line = format!("- {} {symbol}", inline_code(&place));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let more = sources.len().saturating_sub(MOST_SOURCES);
    if more > 0 {
        let _ = writeln!(text, "- … and {more} more");
    }
    text
}

fn diff(diffs: &[FileDiff]) -> String {
    let all: String = diffs.iter().map(|diff| diff.text.as_str()).collect();
    fenced(capped_diff(&all, MOST_LINES).trim_end(), "diff")
}

/// The hits of `/search`.
pub fn hits(query: &str, answer: &SearchResults) -> String {
    let stems = stems(&Query::parse(query));
    let mut text: String = answer
        .hits
        .iter()
        .map(|hit| shown_hit(hit, &stems))
        .collect();
    if answer.hits.is_empty() {
        text.push_str("no hits\n\n");
        for sentence in answer.unsearched.iter().flat_map(Unsearched::sentences) {
            text.push_str(&format!("> {sentence}\n\n"));
        }
    }
    for note in &answer.notes {
        text.push_str(&format!("> {note}\n\n"));
    }
    escape_hidden(text.trim_end()).into_owned()
}

fn shown_hit(hit: &Ranked, stems: &[String]) -> String {
    let chunk = &hit.chunk;
    let path = visible_name(&chunk.path);
    let place = format!("{path}:{}-{}", chunk.start_line, chunk.end_line);
    let scope = chunk.scope.iter().chain(&chunk.symbol);
    let scope: Vec<String> = scope.map(|name| visible_name(name)).collect();
    let excerpt = Excerpt::of(hit, stems).lines.join("\n");
    format!(
        "{} {}\n\n{}\n\n",
        inline_code(&place),
        scope.join(" > "),
        fenced(&excerpt, &chunk.language.to_string())
    )
}

/// How an update of the index ended.
pub fn indexed(refreshed: Result<RefreshReport, IndexError>, took: &str) -> String {
    match refreshed {
        Ok(report) => format!(
            "{}, {}; {} changed, in {took}",
            counted(report.counts.files, "file"),
            counted(report.counts.chunks, "chunk"),
            report.changed + report.removed,
        ),
        Err(IndexError::Stopped) => "stopped; the progress so far is kept".to_owned(),
        Err(IndexError::Busy) => "the index is already being updated".to_owned(),
        Err(error) => escape_hidden(&error.to_string()).into_owned(),
    }
}

/// The models of `/model`.
pub fn models(found: &[InstalledModel], current: &str) -> String {
    let line = |model: &InstalledModel| {
        let sign = if model.name == current {
            " (current)"
        } else {
            ""
        };
        let name = inline_code(&visible_name(&model.name));
        let facts = model_facts(model);
        let facts = match facts.is_empty() {
            true => facts,
            false => format!(": {facts}"),
        };
        format!("- {name}{sign}{facts}\n")
    };
    let lines: String = found.iter().map(line).collect();
    format!("{lines}\n`/model NAME` switches to another model.")
}

/// Why a turn ended without an answer, or what came of it; empty if there is nothing to say.
pub fn ending(how: &EndReason) -> String {
    let words = match how {
        EndReason::Turn(TurnEnd::Stopped) | EndReason::NotBegun => String::new(),
        EndReason::Turn(end) => reason(end),
        EndReason::Compacted(Ok(report)) => {
            format!(
                "{}\n\n{}",
                compacted_words(report),
                rows(&kept_rows(&report.kept))
            )
        }
        EndReason::Ran(Ok(())) => String::new(),
        EndReason::Compacted(Err(why)) | EndReason::Ran(Err(why)) => why.clone(),
        EndReason::Failed(error) => error_words(error),
        EndReason::Lost => "internal error; finished work is in the session's journal, and the \
                            next message continues the session"
            .to_owned(),
    };
    escape_hidden(words.trim_end()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::reply::{ChangeKind, ModeChange};
    use crate::failure::{Failure, FailureCode};
    use crate::permission::{Confinement, Mode};
    use crate::session::changes::Undone;

    #[test]
    fn what_a_command_replies_is_markdown() {
        let change = CommandReply::Mode(ModeChange {
            mode: Mode::AutoEdit,
            work_mode: Mode::AutoEdit,
            confinement: Confinement::None,
        });
        let undone = Undone {
            turn: 1,
            written: vec!["a.rs".to_owned()],
            removed: Vec::new(),
            in_part: Vec::new(),
            not_kept: Vec::new(),
        };
        let diff = FileDiff {
            path: "a.rs".to_owned(),
            text: "--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+b\u{202e}\n".to_owned(),
        };
        let source = Source {
            path: "a.rs".to_owned(),
            start_line: 1,
            end_line: 2,
            symbol: Some("parse".to_owned()),
        };
        for (reply, expected) in [
            (
                change,
                "mode auto-edit: edits run without approval, commands need it",
            ),
            (
                CommandReply::Changed(ChangeKind::Undo, vec![undone], None),
                "```\nundone, turn 1:\n  a.rs\n```",
            ),
            (
                CommandReply::Diff(vec![diff]),
                "```diff\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+b\\u{202e}\n```",
            ),
            (
                CommandReply::Sources(Some(vec![source])),
                "- `a.rs:1-2` parse\n",
            ),
            (
                CommandReply::Diff(Vec::new()),
                "this session has changed nothing",
            ),
            (CommandReply::Report("**a**".to_owned()), "**a**"),
        ] {
            assert_eq!(markdown(&reply).as_deref(), Some(expected));
        }
        assert_eq!(markdown(&CommandReply::Started), None);
        let help = markdown(&CommandReply::Help).expect("a text");
        assert!(help.contains("- `/status`: "), "{help}");
    }

    #[test]
    fn what_a_turn_came_to_is_said_if_it_has_no_answer() {
        let stuck = TurnEnd::Stuck(Failure::new(FailureCode::LoopDetected, "it repeats itself"));
        for (how, expected) in [
            (EndReason::Turn(TurnEnd::Answered), ""),
            (EndReason::Turn(TurnEnd::Stopped), ""),
            (EndReason::NotBegun, ""),
            (EndReason::Ran(Ok(())), ""),
            (
                EndReason::Turn(TurnEnd::StepLimit(25)),
                "the limit of 25 steps is reached; write `continue`, or raise `--max-steps`",
            ),
            (EndReason::Turn(stuck), "it repeats itself"),
            (EndReason::Failed(anyhow::anyhow!("no server")), "no server"),
        ] {
            assert_eq!(ending(&how), expected);
        }
    }

    #[test]
    fn models_are_listed_with_what_they_are_for() {
        let model = InstalledModel {
            name: "small:4b".to_owned(),
            size: 1,
            tools: false,
            window: None,
            remote: None,
        };
        assert_eq!(
            models(&[model], "small:4b"),
            "- `small:4b` (current): text tool calls only\n\n`/model NAME` switches to another \
             model."
        );
    }
}
