//! Approvals, answered with a key, and questions of the model, answered with a line.
//!
//! They are events like others, so they appear after everything before them.

use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

use super::super::style::{BOLD, DIM, GOOD, PLAIN, WARNING, visible_name};
use super::super::width::width;
use super::super::wrap::wrapped;
use super::diff::{self, FoldedKind, FoldedText};
use super::editor::{self, EditorInput};
use super::parts::PartedChange;
use super::terminal::{KeyPress, KeyReader, text_columns};
use crate::conversation::answers::Answers;
use crate::engine::event::{AskId, Event};
use crate::permission::{ApprovalRequest, Decision, Preview};
use crate::visible::escape_hidden;

/// Maximum lines of a change or a command before it is folded.
const MOST: usize = 60;
/// The tool whose command can be changed.
const COMMAND: &str = "run_command";

/// A question, with the id to answer it.
pub enum ApprovalPrompt {
    Decide(AskId, Box<ApprovalRequest>),
    /// A question of the model, with suggested answers.
    Answer(AskId, String, Vec<String>),
}

impl ApprovalPrompt {
    /// The question in an event, if it is one.
    pub fn of(event: Event) -> Option<ApprovalPrompt> {
        match event {
            Event::ApprovalAsked { id, request } => Some(ApprovalPrompt::Decide(id, request)),
            Event::QuestionAsked {
                id,
                question,
                options,
            } => Some(ApprovalPrompt::Answer(id, question, options)),
            _ => None,
        }
    }
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptOutcome {
    /// Answered or withdrawn.
    Done,
    /// Ctrl-C was pressed in a line.
    Interrupted,
}

/// Shows a question on stderr and passes the answer on. `stop` withdraws it.
pub async fn put(
    ask: ApprovalPrompt,
    answers: &Answers,
    stop: CancellationToken,
) -> io::Result<PromptOutcome> {
    match ask {
        ApprovalPrompt::Decide(id, request) => {
            let asked = tokio::task::spawn_blocking(move || decide(&request, &stop));
            let (decision, asked) = asked.await??;
            // The turn may have been stopped meanwhile.
            answers.decide(id, decision);
            Ok(asked)
        }
        ApprovalPrompt::Answer(id, question, options) => {
            let asked = tokio::task::spawn_blocking(move || answer(&question, &options));
            let (answer, asked) = asked.await??;
            answers.answer(id, answer);
            Ok(asked)
        }
    }
}

/// Asks a yes-or-no question; only `y` is yes.
pub async fn confirm(question: String, stop: CancellationToken) -> io::Result<bool> {
    let key = pressed(question, &[('y', "yes")], stop).await?;
    Ok(key.is_some())
}

/// Asks a question that is answered by one of some keys, each with what it means, or by `n`: no.
pub async fn pressed(
    question: String,
    keys: &'static [(char, &'static str)],
    stop: CancellationToken,
) -> io::Result<Option<char>> {
    let asked = tokio::task::spawn_blocking(move || {
        let mut reader = KeyReader::open()?;
        let named = keys.iter().map(|(key, word)| format!("[{key}] {word} · "));
        let question = format!(
            "{BOLD}{}{PLAIN} {DIM}{}[n] no{PLAIN}",
            escape_hidden(&question),
            named.collect::<String>()
        );
        let columns = text_columns().saturating_sub(1);
        write(&format!("{} ", wrapped(&question, 0, "", columns)))?;
        reader.asked();
        loop {
            match reader.next(&stop)? {
                None | Some(KeyPress::Sign('n' | 'N') | KeyPress::Escape | KeyPress::End) => {
                    write("no\n")?;
                    return Ok(None);
                }
                Some(KeyPress::Sign(sign)) => {
                    let sign = sign.to_ascii_lowercase();
                    if let Some((key, word)) = keys.iter().find(|(key, _)| *key == sign) {
                        write(&format!("{word}\n"))?;
                        return Ok(Some(*key));
                    }
                }
                Some(_) => {}
            }
        }
    });
    asked.await?
}

fn decide(
    request: &ApprovalRequest,
    stop: &CancellationToken,
) -> io::Result<(Decision, PromptOutcome)> {
    let mut is_shown = false;
    loop {
        let choice = choose(request, is_shown, stop)?;
        is_shown = true;
        return match choice {
            ApprovalChoice::Once => say(GOOD, "yes", Decision::Once),
            ApprovalChoice::Session => say(GOOD, "yes, this session", Decision::Session),
            ApprovalChoice::No => say(WARNING, "no", Decision::Deny(None)),
            ApprovalChoice::NoBecause => {
                write("no\n")?;
                Ok(denied(editor::ask("reason: ")))
            }
            ApprovalChoice::Edit => {
                write("edit\n")?;
                match edited(request, stop)? {
                    Some(decided) => Ok(decided),
                    None => continue,
                }
            }
        };
    }
}

/// Reads the key that decides; the request is shown before, unless it was already.
fn choose(
    request: &ApprovalRequest,
    is_shown: bool,
    stop: &CancellationToken,
) -> io::Result<ApprovalChoice> {
    // First, so that keys that were pressed before the question do not count.
    let mut keys = KeyReader::open()?;
    let preview = preview(&request.preview, MOST);
    let columns = text_columns();
    write(&if is_shown {
        prompt(request, preview.is_folded, columns)
    } else {
        render_request(request, &preview, columns)
    })?;
    keys.asked();
    loop {
        match keys.next(stop)? {
            None => return Ok(ApprovalChoice::No),
            Some(KeyPress::Sign('v' | 'V')) if preview.is_folded => {
                write(&format!("\n{}", whole(&request.preview)))?;
                write(&prompt(request, false, columns))?;
                keys.asked();
            }
            Some(key) => {
                if let Some(choice) = choice(key, request) {
                    return Ok(choice);
                }
            }
        }
    }
}

fn denied(reason: EditorInput) -> (Decision, PromptOutcome) {
    match reason {
        EditorInput::Text(reason) if !reason.trim().is_empty() => (
            Decision::Deny(Some(reason.trim().to_owned())),
            PromptOutcome::Done,
        ),
        EditorInput::Interrupted => (Decision::Deny(None), PromptOutcome::Interrupted),
        _ => (Decision::Deny(None), PromptOutcome::Done),
    }
}

/// Lets the user change the command, or take parts of the change; `None` if it is as it was, so that
/// the question stays.
fn edited(
    request: &ApprovalRequest,
    stop: &CancellationToken,
) -> io::Result<Option<(Decision, PromptOutcome)>> {
    let Some(before) = command(request) else {
        let change = PartedChange::of(&request.preview);
        let decided = change.map(|change| change.choose(stop)).transpose()?;
        return Ok(decided.flatten().map(|it| (it, PromptOutcome::Done)));
    };
    Ok(match editor::edit("command: ", before) {
        EditorInput::Text(text) if !text.trim().is_empty() && text != before => {
            Some((Decision::ReplaceCommand(text), PromptOutcome::Done))
        }
        EditorInput::Interrupted => Some((Decision::Deny(None), PromptOutcome::Interrupted)),
        _ => None,
    })
}

/// The command of a request, if the user can change it.
fn command(request: &ApprovalRequest) -> Option<&str> {
    match &request.preview {
        Preview::Command(command) if request.tool == COMMAND => Some(command),
        _ => None,
    }
}

fn say(
    style: anstyle::Style,
    words: &str,
    decision: Decision,
) -> io::Result<(Decision, PromptOutcome)> {
    write(&format!("{style}{words}{style:#}\n"))?;
    Ok((decision, PromptOutcome::Done))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ApprovalChoice {
    Once,
    Session,
    No,
    NoBecause,
    /// Change the command, or take parts of the change.
    Edit,
}

/// What the key to edit does, if the request can be changed.
fn edit_words(request: &ApprovalRequest) -> Option<&'static str> {
    if !request.can_edit {
        return None;
    }
    if command(request).is_some() {
        return Some("[e] edit");
    }
    PartedChange::of(&request.preview).map(|_| "[e] choose parts")
}

/// The meaning of a key; most keys, also Enter, have none.
fn choice(key: KeyPress, request: &ApprovalRequest) -> Option<ApprovalChoice> {
    match key {
        KeyPress::Sign('y' | 'Y') => Some(ApprovalChoice::Once),
        KeyPress::Sign('a' | 'A') if request.remember.is_some() => Some(ApprovalChoice::Session),
        KeyPress::Sign('e' | 'E') if edit_words(request).is_some() => Some(ApprovalChoice::Edit),
        KeyPress::Sign('n' | 'N') | KeyPress::Escape | KeyPress::End => Some(ApprovalChoice::No),
        KeyPress::Sign('r' | 'R') => Some(ApprovalChoice::NoBecause),
        _ => None,
    }
}

fn render_request(request: &ApprovalRequest, preview: &FoldedText, columns: usize) -> String {
    let title = wrapped(&visible_name(&request.title), 2, "  ", columns);
    let mut text = format!("{WARNING}?{PLAIN} {BOLD}{title}{PLAIN}\n");
    if !request.reason.is_empty() {
        let reason = wrapped(&escape_hidden(&request.reason), 2, "  ", columns);
        text.push_str(&format!("  {WARNING}{reason}{PLAIN}\n"));
    }
    text.push_str(&preview.text);
    text.push_str(&prompt(request, preview.is_folded, columns));
    text
}

fn prompt(request: &ApprovalRequest, is_folded: bool, columns: usize) -> String {
    let mut keys = vec!["[y] once".to_owned()];
    if let Some(what) = &request.remember {
        keys.push(format!("[a] for this session: {}", visible_name(what)));
    }
    keys.extend(edit_words(request).map(str::to_owned));
    keys.push("[n] no".to_owned());
    keys.push("[r] no, with a reason".to_owned());
    if is_folded {
        keys.push("[v] show all".to_owned());
    }
    format!(
        "  {DIM}{}{PLAIN} ",
        joined(&keys, columns.saturating_sub(1))
    )
}

/// The keys in rows of a width; a key stays with its meaning, unless that is longer than a row.
pub(super) fn joined(keys: &[String], columns: usize) -> String {
    const UNBROKEN: &str = "\u{a0}";
    let last = keys.len().saturating_sub(1);
    let units = keys.iter().enumerate().map(|(at, key)| {
        let sign = if at == last { "" } else { " ·" };
        let unit = format!("{key}{sign}");
        if width(&unit) + 2 <= columns {
            unit.replace(' ', UNBROKEN)
        } else {
            unit
        }
    });
    let units = units.collect::<Vec<String>>().join(" ");
    wrapped(&units, 2, "  ", columns).replace(UNBROKEN, " ")
}

fn preview(preview: &Preview, most: usize) -> FoldedText {
    match preview {
        Preview::None => FoldedText {
            text: String::new(),
            is_folded: false,
        },
        Preview::Edits(_) => diff::show(&preview.text(), FoldedKind::Diff, most),
        Preview::Command(text) | Preview::Text(text) => diff::show(text, FoldedKind::Text, most),
    }
}

fn whole(preview: &Preview) -> String {
    match preview {
        Preview::None => String::new(),
        Preview::Edits(_) => diff::whole(&preview.text(), FoldedKind::Diff),
        Preview::Command(text) | Preview::Text(text) => diff::whole(text, FoldedKind::Text),
    }
}

fn answer(question: &str, options: &[String]) -> io::Result<(Option<String>, PromptOutcome)> {
    let columns = text_columns();
    let question = wrapped(&escape_hidden(question), 2, "  ", columns);
    let mut text = format!("{WARNING}?{PLAIN} {BOLD}{question}{PLAIN}\n");
    for (number, option) in options.iter().enumerate() {
        let lead = format!("  {}  ", number + 1);
        let option = wrapped(&visible_name(option), lead.len(), "     ", columns);
        text.push_str(&format!("{lead}{option}\n"));
    }
    write(&text)?;
    let prompt = if options.is_empty() {
        "answer: "
    } else {
        "answer or number: "
    };
    Ok(match editor::ask(prompt) {
        EditorInput::Text(typed) => (chosen(&typed, options), PromptOutcome::Done),
        EditorInput::Interrupted => (None, PromptOutcome::Interrupted),
        EditorInput::End | EditorInput::Failed(_) => (None, PromptOutcome::Done),
    })
}

/// The option that a number stands for, or the text itself.
fn chosen(typed: &str, options: &[String]) -> Option<String> {
    let typed = typed.trim();
    let number: Option<usize> = typed.parse().ok();
    let option = number.and_then(|number| options.get(number.checked_sub(1)?));
    let answer = option.map_or(typed, String::as_str);
    (!answer.is_empty()).then(|| answer.to_owned())
}

/// Questions go to stderr: stdout may be a file.
pub(super) fn write(text: &str) -> io::Result<()> {
    let mut out = anstream::stderr().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::FileEdit;

    fn request(preview: Preview, remember: Option<&str>) -> ApprovalRequest {
        ApprovalRequest {
            call_id: "call_1".into(),
            tool: "run_command".into(),
            title: "run a command".into(),
            preview,
            files: Vec::new(),
            reason: "it needs the network".into(),
            can_edit: true,
            remember: remember.map(str::to_owned),
            hash: String::new(),
        }
    }

    fn stripped(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_question_shows_exactly_what_would_run() {
        let request = request(Preview::Command("rm a\u{202e}\nls".into()), Some("`rm`"));
        let preview = preview(&request.preview, MOST);
        assert_eq!(
            stripped(&render_request(&request, &preview, 100)),
            "? run a command\n  it needs the network\n  rm a\\u{202e}\n  ls\n  \
             [y] once · [a] for this session: `rm` · [e] edit · [n] no · [r] no, with a reason "
        );
    }

    #[test]
    fn what_is_folded_can_be_seen_whole() {
        let command = "echo\n".repeat(200);
        let request = request(Preview::Command(command), None);
        let preview = preview(&request.preview, MOST);
        let text = stripped(&render_request(&request, &preview, 80));
        assert!(
            text.contains("141 lines left out") && text.contains("[v]"),
            "{text}"
        );
        assert!(!text.contains("[a]"), "{text}");
        assert_eq!(whole(&request.preview).lines().count(), 200);
    }

    #[test]
    fn only_clear_keys_decide() {
        for (key, expected) in [
            (KeyPress::Sign('y'), Some(ApprovalChoice::Once)),
            (KeyPress::Sign('a'), Some(ApprovalChoice::Session)),
            (KeyPress::Sign('n'), Some(ApprovalChoice::No)),
            (KeyPress::Sign('r'), Some(ApprovalChoice::NoBecause)),
            (KeyPress::Escape, Some(ApprovalChoice::No)),
            (KeyPress::End, Some(ApprovalChoice::No)),
            (KeyPress::Sign('e'), Some(ApprovalChoice::Edit)),
            (KeyPress::Enter, None),
            (KeyPress::Up, None),
            (KeyPress::Sign('x'), None),
            (KeyPress::Other, None),
        ] {
            let request = request(Preview::Command("ls".into()), Some("`ls`"));
            assert_eq!(choice(key, &request), expected, "{key:?}");
        }
        let edit = request(Preview::Edits(Vec::new()), None);
        assert_eq!(choice(KeyPress::Sign('a'), &edit), None);
        assert_eq!(choice(KeyPress::Sign('e'), &edit), None);
    }

    #[test]
    fn a_change_of_several_places_can_be_taken_in_parts() {
        let text = |first: &str, last: &str| format!("{first}\n{}{last}\n", "same\n".repeat(10));
        let change = |old: String, new: String| {
            let edit = FileEdit {
                path: "a.rs".to_owned(),
                old: Some(old.into()),
                new: Some(new.into()),
            };
            request(Preview::Edits(vec![edit]), None)
        };
        let several = change(text("a", "b"), text("c", "d"));
        assert_eq!(
            choice(KeyPress::Sign('e'), &several),
            Some(ApprovalChoice::Edit)
        );
        assert!(prompt(&several, false, 100).contains("[e] choose parts"));
        let fixed = ApprovalRequest {
            can_edit: false,
            ..several
        };
        assert_eq!(choice(KeyPress::Sign('e'), &fixed), None);
        let one = change(text("a", "b"), text("a", "d"));
        assert_eq!(choice(KeyPress::Sign('e'), &one), None);
    }

    #[test]
    fn the_keys_fit_a_narrow_terminal() {
        let request = request(Preview::Command("ls".into()), Some("running `cargo test`"));
        for columns in [24, 60, 80, 200] {
            let text = stripped(&prompt(&request, true, columns));
            for row in text.lines() {
                let width = row.trim_end().chars().count();
                assert!(width < columns, "{columns}: {row}");
            }
            assert!(text.contains("[v] show all"), "{text}");
        }
    }

    #[test]
    fn a_number_stands_for_an_option() {
        let options = ["red".to_owned(), "blue".to_owned()];
        for (typed, expected) in [
            ("2", Some("blue")),
            (" 1 ", Some("red")),
            ("3", Some("3")),
            ("0", Some("0")),
            ("green", Some("green")),
            ("  ", None),
        ] {
            assert_eq!(chosen(typed, &options).as_deref(), expected, "{typed}");
        }
    }
}
