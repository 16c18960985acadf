//! The file that is written: as it is, as it would be, and the call that writes it.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::{JobRun, failed};
use super::marks::{MarkError, MarkedText, Part, PartText};
use super::render::{PartLines, frame, marked_block};
use super::report::Report;
use crate::edit::file_diff;
use crate::engine::event::{Failure, FailureCode, ToolOutcome, TurnEnd};
use crate::jail::{JailError, TextFile};
use crate::permission::Mode;
use crate::retrieval::fenced;
use crate::text::with_causes;
use crate::tools::ToolContext;

/// The file of this program, and the one that agents share.
pub(super) const OWN: &str = "OLLACODE.md";
pub(super) const AGENTS: &str = "AGENTS.md";

/// Heading of a new file.
const HEADING: &str = "# Project instructions\n\n";
/// Heading of the parts at the end of a file of the user.
const APPENDED: &str = "# Facts about the project\n\n";
/// Unchanged lines around a change that is shown.
const CONTEXT: usize = 3;

/// Answers to the question whether parts are appended.
const APPEND: &str = "append them";
const LEAVE: &str = "leave the file alone";

/// The file as it is.
pub(super) struct Target {
    pub path: &'static str,
    /// `None` if there is none yet.
    before: Option<TextFile>,
    /// Whether `AGENTS.md` is read no more once this file is there.
    pub hides_agents: bool,
}

impl Target {
    /// Reads it; blocks.
    ///
    /// # Errors
    ///
    /// A message for the user: it is there, but cannot be read.
    pub fn read(context: &ToolContext, path: &'static str) -> Result<Target, String> {
        let unread = |why: &str| format!("`{path}` cannot be read, so nothing was written: {why}");
        let jail = &context.jail;
        let read = |path: &str| jail.path(path).and_then(|path| jail.read(&path));
        if context.rules.hides(path) {
            return Err(unread("a rule keeps it from being read"));
        }
        let before = match read(path) {
            Ok(file) => {
                file.check_editable()
                    .map_err(|error| unread(&error.to_string()))?;
                Some(file)
            }
            Err(JailError::NotFound(_)) => None,
            Err(error) => return Err(unread(&with_causes(&error))),
        };
        Ok(Target {
            path,
            hides_agents: path == OWN && before.is_none() && read(AGENTS).is_ok(),
            before,
        })
    }

    /// Its text; empty if there is none.
    pub fn text(&self) -> &str {
        self.before.as_ref().map_or("", |file| &file.text)
    }

    /// Whether somebody wrote it, and has no marks of ours.
    fn is_of_user(&self, marked: &MarkedText<'_>) -> bool {
        !self.text().trim().is_empty() && marked.is_unmarked()
    }

    pub fn wrong_marks(&self, error: &MarkError) -> TurnEnd {
        let failure = Failure::new(
            FailureCode::JobFailed,
            format!(
                "the marks in `{}` do not fit together, so nothing was written: {error}",
                self.path
            ),
        );
        TurnEnd::Failed(failure.with_hint("mend that line, or remove all lines with marks"))
    }

    /// The text that the file is to have.
    pub fn renewed(
        &self,
        marked: &MarkedText<'_>,
        mut lines: PartLines,
        source: Option<&str>,
    ) -> String {
        if !marked.is_unmarked() {
            let emptied = lines.texts(source).into_keys();
            let emptied = emptied.map(|part| (part, PartText::default()));
            let rest = marked.with(&emptied.collect::<BTreeMap<Part, PartText>>());
            lines.fit(size(&rest));
            return marked.with(&lines.texts(source));
        }
        let before = self.text();
        let heading = match before.trim().is_empty() {
            true => HEADING,
            false => APPENDED,
        };
        let (rows, characters) = frame();
        let own = size(before);
        let heading_size = size(heading);
        lines.fit((
            rows + own.0 + heading_size.0,
            characters + own.1 + heading_size.1,
        ));
        let block = marked_block(&lines.texts(source));
        let gap = match before {
            "" => "",
            text if text.ends_with("\n\n") => "",
            text if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        format!("{before}{gap}{heading}{block}")
    }

    /// What would be written, to be read.
    fn preview(&self, text: &str) -> String {
        match &self.before {
            None => fenced(text, "markdown"),
            Some(file) => {
                let diff = file_diff(self.path, Some(&file.text), Some(text), CONTEXT);
                fenced(&diff, "diff")
            }
        }
    }
}

/// Lines and characters of a text.
fn size(text: &str) -> (usize, usize) {
    (text.lines().count(), text.chars().count())
}

/// Writes the text with a tool, so that it is approved, journaled and can be undone; says what came of
/// it.
pub(super) async fn put(
    job: &mut JobRun<'_, '_>,
    target: &Target,
    marked: &MarkedText<'_>,
    text: String,
    report: &Report,
) -> Result<(), TurnEnd> {
    let path = target.path;
    if text == target.text() {
        let same = format!("`{path}` is up to date: nothing was written.\n\n");
        return job.say(&format!("{same}{}", report.markdown())).await;
    }
    if target.is_of_user(marked) {
        let notice = format!(
            "`{path}` has no marks of `ollacode init`: your text stays as it is, and the marked parts \
             would be appended to it"
        );
        job.notice(&notice).await;
        if path == OWN && !may_append(job).await? {
            return not_written(job, target, &text, report).await;
        }
    }
    if target.hides_agents {
        let notice = format!(
            "`{AGENTS}` is read no more once there is `{OWN}`, which names it; to write into \
             `{AGENTS}` instead, use `ollacode init --agents` or `/init agents`"
        );
        job.notice(&notice).await;
    }
    let (tool, arguments) = match &target.before {
        None => ("write_file", json!({"path": path, "content": text})),
        Some(file) => (
            "edit_file",
            json!({"path": path, "search": file.text, "replace": text}),
        ),
    };
    let result = job.call(tool, arguments).await?;
    match result.how {
        ToolOutcome::Done => {
            let (lines, characters) = size(&text);
            let what = if target.before.is_some() {
                "Updated"
            } else {
                "Wrote"
            };
            let done = format!("{what} `{path}`: {lines} lines, {characters} characters.\n\n");
            job.say(&format!("{done}{}", report.markdown())).await
        }
        ToolOutcome::Denied if job.turn.approver.can_ask() => {
            job.say(&format!("Nothing was written: {}.\n", result.summary))
                .await
        }
        ToolOutcome::Denied => not_written(job, target, &text, report).await,
        ToolOutcome::Failed => Err(failed(format!(
            "`{path}` was not written: {}",
            result.summary
        ))),
    }
}

/// Whether the user wants the parts at the end of their own file. Where each write of such a file is
/// approved anyway, the change that is shown then is the question.
async fn may_append(job: &JobRun<'_, '_>) -> Result<bool, TurnEnd> {
    if job.turn.session.mode != Mode::AutoApprove {
        return Ok(true);
    }
    let question =
        format!("`{OWN}` is your own text. Append the parts that `ollacode init` renews?");
    let answer = job.choose(&question, &[APPEND, LEAVE]).await?;
    Ok(answer.is_some_and(|answer| answer.trim().eq_ignore_ascii_case(APPEND)))
}

/// Shows what would be written where nobody can approve it.
async fn not_written(
    job: &JobRun<'_, '_>,
    target: &Target,
    text: &str,
    report: &Report,
) -> Result<(), TurnEnd> {
    let path = target.path;
    if job.turn.approver.can_ask() {
        return job.say(&format!("`{path}` was left as it is.\n")).await;
    }
    let shown = target.preview(text);
    job.say(&format!(
        "This would be written to `{path}`:\n\n{shown}\n\n{}",
        report.markdown()
    ))
    .await?;
    let failure = Failure::new(
        FailureCode::JobFailed,
        format!("`{path}` was not written: it needs approval, and nobody can be asked"),
    );
    let hint = match target.before.is_some() && job.turn.session.mode == Mode::AutoApprove {
        true => "run it on a terminal, or remove the file first",
        false => "run it on a terminal, or with `--auto-approve`",
    };
    Err(TurnEnd::Failed(failure.with_hint(hint)))
}
