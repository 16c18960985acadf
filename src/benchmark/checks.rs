//! Judges what a model did: by its calls, the files and the form of its answer, never by opinion.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::material::words_of;
use super::report::CallCounts;
use super::tasks::Task;
use crate::message::ToolOutcome;

/// Most words of an answer that is to be a name only.
const MOST_WORDS: usize = 12;
/// Longest text that is quoted in a reason, in characters.
const LONGEST_QUOTE: usize = 60;
/// Words with which a model says that something is not there.
const DENIALS: [&str; 14] = [
    "absent", "can't", "cannot", "doesn't", "isn't", "missing", "no", "none", "not", "nothing",
    "nowhere", "unable", "wasn't", "without",
];

/// What an answer, or the calls before it, must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// A tool was called with these arguments, and others perhaps.
    Called {
        tool: &'static str,
        arguments: Vec<(&'static str, ArgumentTest)>,
    },
    /// At most so many calls were made.
    MostCalls(usize),
    /// The answer cites one of these lines of a file.
    Cites {
        path: String,
        lines: RangeInclusive<u32>,
    },
    /// The answer is this name, and few other words.
    Names(String),
    /// The answer has this text, white space aside.
    HasText(String),
    /// The answer is just these lines, signs around them aside.
    Lines(Vec<String>),
    /// The answer says that something is not there.
    Denies,
    /// A change was made in this form.
    Form(EditForm),
}

/// What an argument must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentTest {
    /// This path, however it is written.
    Path(String),
    Number(u64),
    /// A text with this in it.
    Has(String),
}

/// How a model can change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditForm {
    /// A call of `edit_file`.
    Replace,
    /// A call of `write_file`.
    WholeFile,
    /// A unified diff in the reply.
    Diff,
}

/// What a model did with a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// Its last reply.
    pub answer: String,
    pub end: AttemptEnd,
    /// Its calls, in order.
    pub calls: Vec<MadeCall>,
    /// The text of each reply as it was written.
    pub replies: Vec<String>,
    /// Calls that could not be read.
    pub broken: usize,
    /// All files afterwards.
    pub files: BTreeMap<String, String>,
}

/// How an attempt ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AttemptEnd {
    /// With an answer.
    #[default]
    Answered,
    /// There was no more time.
    OutOfTime,
    /// Without an answer, and why.
    Failed(String),
}

/// A call that a model made.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeCall {
    /// The tool that was meant.
    pub tool: String,
    pub arguments: Map<String, Value>,
    /// `None` if it did not run.
    pub outcome: Option<ToolOutcome>,
    /// Whether it was found in the text of a reply.
    pub in_text: bool,
}

impl Attempt {
    /// Counts its calls.
    pub fn counts(&self) -> CallCounts {
        let count = |is: &dyn Fn(&MadeCall) -> bool| self.calls.iter().filter(|&it| is(it)).count();
        CallCounts {
            made: self.calls.len(),
            in_text: count(&|call| call.in_text),
            failed: count(&|call| call.outcome != Some(ToolOutcome::Done)),
            broken: self.broken,
        }
    }

    /// Whether a call of a tool succeeded that is in the text of a reply, or is not.
    fn did(&self, tool: &str, in_text: Option<bool>) -> bool {
        self.calls.iter().any(|call| {
            call.tool == tool
                && call.outcome == Some(ToolOutcome::Done)
                && in_text.is_none_or(|wanted| wanted == call.in_text)
        })
    }

    fn wrote_diff(&self) -> bool {
        let is_diff = |text: &String| {
            let has = |start: &str| text.lines().any(|line| line.starts_with(start));
            has("--- ") && has("+++ ")
        };
        self.replies.iter().any(is_diff)
    }
}

/// Whether a task was done; the error is why it was not, in a few words.
///
/// `before` are the files as the task began.
pub fn judge(
    task: &Task,
    attempt: &Attempt,
    before: &BTreeMap<String, String>,
) -> Result<(), String> {
    match &attempt.end {
        AttemptEnd::Answered => {}
        AttemptEnd::OutOfTime => return Err("it took too long".to_owned()),
        AttemptEnd::Failed(why) => return Err(why.clone()),
    }
    check_files(task, attempt, before)?;
    task.wants.iter().try_for_each(|want| check(want, attempt))
}

fn check_files(
    task: &Task,
    attempt: &Attempt,
    before: &BTreeMap<String, String>,
) -> Result<(), String> {
    for (path, text) in &task.changes {
        let found = attempt.files.get(path);
        if found.map(|found| essence(found)) == Some(essence(text)) {
            continue;
        }
        return Err(match found {
            None => format!("`{path}` was not made"),
            Some(found) if before.get(path) == Some(found) => format!("`{path}` was not changed"),
            Some(_) => format!("`{path}` was not changed as asked"),
        });
    }
    let others = |path: &&String| !task.changes.contains_key(*path);
    for path in attempt.files.keys().chain(before.keys()).filter(others) {
        if attempt.files.get(path) != before.get(path) {
            return Err(format!("`{path}` was changed, which was not asked for"));
        }
    }
    Ok(())
}

/// A text without the white space at the end of its lines, and without blank lines at its end.
fn essence(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

fn check(want: &Want, attempt: &Attempt) -> Result<(), String> {
    let answer = attempt.answer.as_str();
    let (holds, why) = match want {
        Want::Called { tool, arguments } => return check_call(tool, arguments, attempt),
        Want::MostCalls(most) => {
            let made = attempt.calls.len();
            (made <= *most, format!("it made {made} calls"))
        }
        Want::Cites { path, lines } => {
            let place = if lines.start() == lines.end() {
                format!("{path}:{}", lines.start())
            } else {
                format!("{path}:{}-{}", lines.start(), lines.end())
            };
            (
                cites(answer, path, lines),
                said(answer, &format!("`{place}`")),
            )
        }
        Want::Names(name) => {
            let is_short = words_of(answer).count() <= MOST_WORDS;
            let has_name = words_of(answer).any(|word| word == name);
            (
                is_short && has_name,
                said(answer, &format!("`{name}` alone")),
            )
        }
        Want::HasText(text) => {
            let has_text = squeezed(answer).contains(&squeezed(text));
            (has_text, said(answer, &format!("`{text}`")))
        }
        Want::Lines(lines) => {
            let found = answer.lines().map(bare).filter(|line| !line.is_empty());
            let wanted = lines.iter().map(|line| bare(line));
            (found.eq(wanted), said(answer, "what was asked for"))
        }
        Want::Denies => (denies(answer), said(answer, "that it is not there")),
        Want::Form(form) => check_form(*form, attempt),
    };
    if holds { Ok(()) } else { Err(why) }
}

/// What a model said instead of something.
fn said(answer: &str, instead_of: &str) -> String {
    let words: Vec<&str> = answer.split_whitespace().collect();
    let line = words.join(" ");
    let mut shown: String = line.chars().take(LONGEST_QUOTE).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    format!("it said \"{shown}\" and not {instead_of}")
}

fn check_call(
    tool: &str,
    arguments: &[(&str, ArgumentTest)],
    attempt: &Attempt,
) -> Result<(), String> {
    let mut named = attempt.calls.iter().filter(|call| call.tool == tool);
    let Some(first) = named.clone().next() else {
        return Err(format!("it did not call `{tool}`"));
    };
    let fits = |call: &MadeCall, (name, test): &(&str, ArgumentTest)| {
        call.arguments
            .get(*name)
            .is_some_and(|value| test.holds(value))
    };
    if named.any(|call| arguments.iter().all(|argument| fits(call, argument))) {
        return Ok(());
    }
    let wrong = arguments.iter().find(|&argument| !fits(first, argument));
    Err(match wrong {
        Some((name, _)) => match first.arguments.get(*name) {
            Some(value) => format!("`{name}` of `{tool}` was {value}"),
            None => format!("`{tool}` was called without `{name}`"),
        },
        None => format!("`{tool}` was called with wrong arguments"),
    })
}

impl ArgumentTest {
    fn holds(&self, value: &Value) -> bool {
        match self {
            ArgumentTest::Path(path) => value.as_str().is_some_and(|given| {
                let given = given.trim().trim_start_matches("./");
                given == path || given.ends_with(&format!("/{path}"))
            }),
            ArgumentTest::Number(number) => value.as_u64() == Some(*number),
            ArgumentTest::Has(part) => value.as_str().is_some_and(|given| given.contains(part)),
        }
    }
}

fn check_form(form: EditForm, attempt: &Attempt) -> (bool, String) {
    let (holds, name) = match form {
        EditForm::Replace => (attempt.did("edit_file", None), "a call of `edit_file`"),
        EditForm::WholeFile => (attempt.did("write_file", None), "a call of `write_file`"),
        EditForm::Diff => (
            attempt.wrote_diff() && attempt.did("edit_file", Some(true)),
            "a diff in the reply",
        ),
    };
    (holds, format!("the change was not made by {name}"))
}

/// Whether a text names a file and a number of one of these lines.
fn cites(answer: &str, path: &str, lines: &RangeInclusive<u32>) -> bool {
    let rest = answer.replace(path, " ");
    let numbers = rest.split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.filter_map(|digits| digits.parse::<u32>().ok());
    answer.contains(path) && numbers.any(|number| lines.contains(&number))
}

fn denies(answer: &str) -> bool {
    let lower = answer.to_lowercase().replace('’', "'");
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    words.any(|word| DENIALS.contains(&word))
}

/// A line without signs of Markdown and quotes around it.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || "`*\"'.:-#>".contains(c))
}

fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '`')
        .collect()
}

#[cfg(test)]
mod tests;
