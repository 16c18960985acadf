//! What came of checks: for people, for programs, and for the model within a budget.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use super::baseline::{KnownRun, SortedFailures, sorted};
use super::not_run::why_not_run;
use super::parse::{CheckFailure, listed_files, parse};
use super::places::in_workspace;
use super::select::always_ends_well;
use super::{CheckCommand, CheckKind};
use crate::text::tokens::estimate_text;

/// Longest command in a sentence, in characters.
const LONGEST_COMMAND: usize = 120;
/// Most failures that a sentence names.
const MOST_NAMED: usize = 3;
/// Most failures of a check that a report lists by name.
const MOST_LISTED: usize = 20;
/// Said where lines were left out.
const SHORTENED: &str = "(shortened; run the command to see the rest)\n";
/// Part of a budget that names may take.
const NAMES_PART: u32 = 3;
/// A project with so many unformatted files that were not changed does not use the formatter: what
/// was changed is not formatted either, since that would change every line of it.
const MANY_UNFORMATTED: usize = 5;
/// A command that took so many times as long as before is stuck.
const STUCK: u32 = 3;
/// Most lines of the end of a command that is stuck.
const STUCK_LINES: usize = 20;

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRun {
    /// `None` if it was killed.
    pub code: Option<i32>,
    /// In words: `exit code 1`.
    pub ended: String,
    /// What it printed, without secrets.
    pub output: String,
    pub took: Duration,
    /// Whether it did not end in its time, or did not even begin.
    pub is_unfinished: bool,
    /// Whether it was killed when its time was up.
    pub is_timed_out: bool,
    /// Files that were there before and that it changed.
    pub rewritten: Vec<String>,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    Passed,
    /// It failed, but only with failures that were there before.
    OnlyOld,
    Failed,
    /// This failed once, and passed when it ran again.
    Flaky(String),
    /// It did not run, or could not do its work: why.
    NotRun(String),
}

/// A check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    pub command: CheckCommand,
    pub outcome: CheckOutcome,
    /// How the command ended: `exit code 1`; empty if it did not run.
    pub ended: String,
    pub took: Duration,
    /// Counts of tests, where the output has them.
    pub passed: Option<u64>,
    pub failed: Option<u64>,
    /// Failures that the change has to answer for.
    pub own: Vec<CheckFailure>,
    /// Names of those that were there before.
    pub old: Vec<String>,
    /// How many are not in these lists.
    pub left_out: usize,
    /// Files that the command changed.
    pub rewritten: Vec<String>,
}

/// What a run is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// The last run before the change.
    pub before: Option<&'a KnownRun>,
    /// The user's own words.
    pub request: &'a str,
    /// The changed files.
    pub changed: &'a [String],
    /// Whether every failure counts, whatever was there before.
    pub all_count: bool,
}

impl CheckStep {
    /// A check that did not run.
    pub fn not_run(command: CheckCommand, why: impl Into<String>) -> CheckStep {
        CheckStep {
            command,
            outcome: CheckOutcome::NotRun(why.into()),
            ended: String::new(),
            took: Duration::ZERO,
            passed: None,
            failed: None,
            own: Vec::new(),
            old: Vec::new(),
            left_out: 0,
            rewritten: Vec::new(),
        }
    }

    /// What a run says.
    pub fn of(command: CheckCommand, run: &CheckRun, against: &Against<'_>) -> CheckStep {
        let mut step = CheckStep {
            ended: run.ended.clone(),
            took: run.took,
            rewritten: run.rewritten.clone(),
            ..CheckStep::not_run(command, "")
        };
        if let Some(stuck) = stuck(&step.command, run, against) {
            step.own = vec![stuck];
            step.outcome = CheckOutcome::Failed;
            return step;
        }
        let listed = match step.command.kind {
            CheckKind::Format => listed_files(&run.output),
            _ => Vec::new(),
        };
        let says_by_list = !listed.is_empty() && always_ends_well(&step.command.line);
        if run.code == Some(0) && !says_by_list {
            let parsed = parse(&run.output);
            step.passed = parsed.passed.filter(|_| step.command.kind.is_tests());
            step.outcome = CheckOutcome::Passed;
            return step;
        }
        if run.code == Some(0) {
            step.ended.push_str(", but files are listed");
        } else if let Some(why) = why_not_run(run) {
            step.outcome = CheckOutcome::NotRun(why);
            return step;
        }
        let mut parsed = parse(&run.output);
        if !listed.is_empty() && (says_by_list || parsed.is_guess) {
            parsed.failures = listed;
        }
        step.passed = parsed.passed;
        step.failed = parsed.failed;
        step.left_out = parsed.left_out;
        step.sort(parsed.failures, against);
        step
    }

    /// Takes the failures of a run.
    fn sort(&mut self, mut failures: Vec<CheckFailure>, against: &Against<'_>) {
        if failures.is_empty() {
            failures.push(CheckFailure {
                name: format!("`{}` ended with {}", self.command.line, self.ended),
                ..CheckFailure::default()
            });
        }
        let is_general = !self.command.kind.is_tests();
        for failure in &mut failures {
            // Go names the files of tests without their folders.
            let path = failure.path.take();
            failure.path = path.map(|path| match is_general || path.contains('/') {
                true => in_workspace(&path, &self.command.folder, against.changed),
                false => path,
            });
        }
        let mut sorted = match against.all_count {
            true => SortedFailures {
                own: failures,
                old: Vec::new(),
            },
            false => sorted(
                failures,
                against.before,
                against.request,
                against.changed,
                is_general,
            ),
        };
        let is_unformatted = self.command.kind == CheckKind::Format
            && against.before.is_none()
            && sorted.old.len() >= MANY_UNFORMATTED;
        if is_unformatted {
            let own = std::mem::take(&mut sorted.own).into_iter();
            sorted.old.extend(own.map(|failure| failure.name));
        }
        // Of thousands of messages of a linter, those that are left out are no news.
        let is_all = self.left_out == 0 || is_general;
        self.outcome = match sorted.own.is_empty() && is_all {
            true => CheckOutcome::OnlyOld,
            false => CheckOutcome::Failed,
        };
        self.own = sorted.own;
        self.old = sorted.old;
    }

    /// The names of all that failed, to be known the next time.
    pub fn failing(&self) -> BTreeSet<String> {
        let own = self.own.iter().map(|failure| failure.name.clone());
        own.chain(self.old.iter().cloned()).collect()
    }

    /// Whether the command ran and did its work.
    pub fn has_run(&self) -> bool {
        !matches!(self.outcome, CheckOutcome::NotRun(_))
    }

    pub fn is_failed(&self) -> bool {
        self.outcome == CheckOutcome::Failed
    }

    /// The command in a sentence.
    fn quoted(&self) -> String {
        format!("`{}`", cut(&self.command.shown(), LONGEST_COMMAND))
    }

    /// `3 passed, 1 failed`; empty without counts.
    fn counts(&self) -> String {
        let count = |count: Option<u64>, word: &str| count.map(|count| format!("{count} {word}"));
        let counts = [count(self.passed, "passed"), count(self.failed, "failed")];
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        counts.join(", ")
    }

    /// What came of it, in a clause.
    pub fn words(&self) -> String {
        let mut words = self.outcome_words();
        // Tests may write what they like: snapshots, reports.
        if !self.rewritten.is_empty() && !self.command.kind.is_tests() {
            let files = self.rewritten.iter().map(String::as_str);
            let _ = write!(words, "; it changed {}", some(files, self.rewritten.len()));
        }
        words
    }

    fn outcome_words(&self) -> String {
        match &self.outcome {
            CheckOutcome::Passed => match self.counts() {
                counts if counts.is_empty() => "passed".to_owned(),
                counts => format!("passed ({counts})"),
            },
            CheckOutcome::OnlyOld => format!(
                "failed as before the change: {}",
                some(self.old.iter().map(String::as_str), self.old.len())
            ),
            CheckOutcome::Failed => {
                let titles: Vec<String> = self.own.iter().map(CheckFailure::title).collect();
                let names = titles.iter().map(String::as_str);
                let total = self.own.len() + self.left_out;
                let old = match self.old.len() {
                    0 => String::new(),
                    old => format!("; {old} more failed before"),
                };
                format!("failed ({}): {}{old}", self.ended, some(names, total))
            }
            CheckOutcome::Flaky(name) => format!(
                "passed the second time; {} failed the first time (flaky)",
                cut(name, LONGEST_COMMAND)
            ),
            CheckOutcome::NotRun(why) => format!("did not run: {why}"),
        }
    }
}

/// What came of all checks of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    pub steps: Vec<CheckStep>,
}

impl CheckReport {
    /// Whether nothing failed that the change has to answer for. What did not run has not failed: see
    /// [`CheckReport::has_run`].
    pub fn passed(&self) -> bool {
        !self.steps.iter().any(CheckStep::is_failed)
    }

    /// Whether at least one check did its work.
    pub fn has_run(&self) -> bool {
        self.steps.iter().any(CheckStep::has_run)
    }

    /// The names of what failed, each with its command.
    pub fn failing(&self) -> BTreeSet<(String, String)> {
        let failed = self.steps.iter().filter(|step| step.is_failed());
        failed
            .flat_map(|step| {
                let names = step.own.iter().map(|failure| failure.name.clone());
                names.map(move |name| (step.command.key(), name))
            })
            .collect()
    }

    /// What came of it, in a sentence.
    pub fn summary(&self) -> String {
        let shown = |step: &CheckStep| format!("{} {}", step.quoted(), step.words());
        let failed = self.steps.iter().filter(|step| step.is_failed());
        let failed: Vec<String> = failed.map(shown).collect();
        if !failed.is_empty() {
            return failed.join("; ");
        }
        let all: Vec<String> = self.steps.iter().map(shown).collect();
        match all.is_empty() {
            true => "nothing was checked".to_owned(),
            false => all.join("; "),
        }
    }

    /// A list in Markdown, with the lines around each failure.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let sign = match step.outcome {
                CheckOutcome::Passed | CheckOutcome::Flaky(_) => "✓",
                CheckOutcome::OnlyOld => "·",
                CheckOutcome::Failed => "✗",
                CheckOutcome::NotRun(_) => "–",
            };
            let kind = step.command.kind.words();
            let _ = writeln!(text, "- {sign} {kind}: {} {}", step.quoted(), step.words());
            for failure in step.own.iter().take(MOST_LISTED) {
                let _ = writeln!(text, "  - {}", failure.shown());
            }
        }
        text
    }

    /// What the model is told of failures, in at most `tokens` tokens. Empty if nothing failed.
    pub fn for_model(&self, tokens: u32) -> String {
        let failed: Vec<&CheckStep> = self.steps.iter().filter(|step| step.is_failed()).collect();
        if failed.is_empty() {
            return String::new();
        }
        let mut text = "The program checked your changes.\n".to_owned();
        for step in &failed {
            text.push_str(&step.heading());
            let (mut listed, mut used) = (0, 0);
            for failure in &step.own {
                let line = format!("- {}\n", failure.shown());
                used += estimate_text(&line);
                if used > tokens / NAMES_PART && listed > 0 {
                    break;
                }
                text.push_str(&line);
                listed += 1;
            }
            let more = (step.own.len() + step.left_out).saturating_sub(listed);
            if more > 0 {
                let _ = writeln!(text, "- {more} more");
            }
        }
        let end = ending(&failed);
        let room = tokens.saturating_sub(estimate_text(&text) + estimate_text(&end));
        text.push_str(&details(&failed, room));
        text.push_str(&end);
        within(text, tokens)
    }
}

impl CheckStep {
    /// `` `make test` failed with exit code 1 (2 passed, 1 failed). `` and what else is to be known.
    fn heading(&self) -> String {
        let counts = match self.counts() {
            counts if counts.is_empty() => String::new(),
            counts => format!(" ({counts})"),
        };
        let mut text = format!("{} failed with {}{counts}", self.quoted(), self.ended);
        if !self.old.is_empty() {
            let old = some(self.old.iter().map(String::as_str), self.old.len());
            let _ = write!(text, "; these failed before, and are not meant: {old}");
        }
        // It would change files that are not meant, too.
        if let Some(remedy) = self.command.remedy.as_ref().filter(|_| self.old.is_empty()) {
            let _ = write!(text, "; run `{}`", cut(remedy, LONGEST_COMMAND));
        }
        text.push_str(":\n");
        text
    }
}

impl CheckFailure {
    /// The name, with the place if the name does not tell the file.
    fn shown(&self) -> String {
        let title = self.title();
        match (&self.path, self.line) {
            (Some(path), Some(line)) => format!("{title} ({path}:{line})"),
            (Some(path), None) if !title.contains(path.as_str()) => format!("{title} ({path})"),
            _ => title,
        }
    }
}

/// The lines around failures, as far as there is room.
fn details(failed: &[&CheckStep], room: u32) -> String {
    let room = room.saturating_sub(estimate_text(SHORTENED) + 1);
    let (mut text, mut used) = (String::new(), 0);
    let mut is_cut = false;
    let failures = failed.iter().flat_map(|step| &step.own);
    for failure in failures.filter(|failure| !failure.lines.is_empty()) {
        let heading = format!("\n{}:\n", cut(&failure.title(), LONGEST_COMMAND));
        used += estimate_text(&heading);
        let mut part = heading.clone();
        for line in &failure.lines {
            // With its break.
            used += estimate_text(line) + 1;
            if used > room {
                is_cut = true;
                break;
            }
            part.push_str(line);
            part.push('\n');
        }
        if part.len() > heading.len() {
            text.push_str(&part);
        }
        if is_cut {
            break;
        }
    }
    if is_cut {
        text.push_str(SHORTENED);
    }
    text
}

fn ending(failed: &[&CheckStep]) -> String {
    let kinds: BTreeSet<CheckKind> = failed.iter().map(|step| step.command.kind).collect();
    let tests = match kinds.iter().any(|kind| kind.is_tests()) {
        true => " Do not change, skip or remove tests to make them pass.",
        false => "",
    };
    format!(
        "\nFix what you changed, then give the whole answer again; the program checks again.{tests} \
         If this is not due to your change, say so.\n"
    )
}

/// The first names, and how many more there are.
fn some<'a>(names: impl Iterator<Item = &'a str>, total: usize) -> String {
    let mut named: Vec<String> = names
        .take(MOST_NAMED)
        .map(|name| cut(name, LONGEST_COMMAND))
        .collect();
    let more = total.saturating_sub(named.len());
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// A command that ended before and does not end now: that is a failure of the change.
fn stuck(command: &CheckCommand, run: &CheckRun, against: &Against<'_>) -> Option<CheckFailure> {
    let before = against.before.filter(|before| before.has_ended())?;
    if !run.is_timed_out || run.took < before.took() * STUCK {
        return None;
    }
    let before = before.took().as_secs_f32();
    let mut lines = vec![format!("{}; it took {before:.1} s before", run.ended)];
    let output: Vec<&str> = run.output.lines().collect();
    let end = &output[output.len().saturating_sub(STUCK_LINES)..];
    lines.extend(end.iter().map(|line| cut(line, 400)));
    Some(CheckFailure {
        name: format!("`{}` does not end", command.line),
        lines,
        ..CheckFailure::default()
    })
}

/// A text with at most `most` characters, in one line.
fn cut(text: &str, most: usize) -> String {
    let text = text.replace(['\n', '\r'], " ");
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A text of at most so many tokens: what is too much is cut at the end.
fn within(text: String, tokens: u32) -> String {
    let mut text = text;
    while estimate_text(&text) > tokens && !text.is_empty() {
        let characters = text.chars().count();
        text = text.chars().take(characters * 9 / 10).collect();
    }
    text
}
