//! The file that is written: as it is, as it would be, and the call that writes it.

use serde_json::json;

use super::super::{JobRun, failed};
use super::marks::{MarkError, MarkedText};
use super::render::{PartLines, frame, marked_block};
use super::report::Report;
use crate::edit::file_diff;
use crate::engine::event::{Failure, FailureCode, ToolOutcome, TurnEnd};
use crate::engine::project_instructions::ROOT_CAP;
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
            let mut emptied = lines.texts(source);
            emptied.values_mut().for_each(|text| text.body.clear());
            let rest = marked.with(&emptied);
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
    let is_of_user = target.is_of_user(marked);
    if is_of_user {
        let notice = format!(
            "`{path}` has no marks of `ollacode init`: your text stays as it is, and the marked parts \
             would be appended to it"
        );
        job.notice(&notice).await;
        if path == OWN && !may_append(job).await? {
            let why = "it is your own text, and nobody can be asked whether to append to it";
            let hint = "run it on a terminal";
            return not_written(job, target, &text, (why, hint), report).await;
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
            let done = written_words(target, &text);
            job.say(&format!("{done}\n\n{}", report.markdown())).await
        }
        ToolOutcome::Denied if job.turn.approver.can_ask() => {
            job.say(&format!("Nothing was written: {}.\n", result.summary))
                .await
        }
        ToolOutcome::Denied => {
            // Somebody's own text is not appended to unless somebody approves it.
            let hint = match is_of_user && path == OWN {
                true => "run it on a terminal",
                false => "run it on a terminal, or with `--auto-approve`",
            };
            let why = result.summary.trim_start_matches("denied: ");
            not_written(job, target, &text, (why, hint), report).await
        }
        ToolOutcome::Failed => Err(failed(format!(
            "`{path}` was not written: {}",
            result.summary
        ))),
    }
}

/// What was written, in a sentence or two.
fn written_words(target: &Target, text: &str) -> String {
    let (lines, characters) = size(text);
    let what = match target.before {
        Some(_) => "Updated",
        None => "Wrote",
    };
    let path = target.path;
    let mut done = format!("{what} `{path}`: {lines} lines, {characters} characters.");
    if characters > ROOT_CAP {
        done.push_str(&format!(" Only the first {ROOT_CAP} are read."));
    }
    done
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
    (why, hint): (&str, &str),
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
    let message = format!("`{path}` was not written: {why}");
    let failure = Failure::new(FailureCode::JobFailed, message);
    Err(TurnEnd::Failed(failure.with_hint(hint)))
}

#[cfg(test)]
mod tests {
    use super::super::checking::Trials;
    use super::super::render::{MOST_CHARACTERS, MOST_LINES};
    use super::super::tests::facts;
    use super::super::words::Words;
    use super::*;
    use crate::jail::Jail;

    fn target(text: Option<&str>) -> Target {
        let folder = tempfile::tempdir().expect("a folder");
        let jail = Jail::open(folder.path()).expect("a jail");
        let before = text.map(|text| {
            std::fs::write(folder.path().join(OWN), text).expect("a file");
            let path = jail.path(OWN).expect("a path");
            jail.read(&path).expect("the file")
        });
        Target {
            path: OWN,
            before,
            hides_agents: false,
        }
    }

    fn renewed(text: Option<&str>, lines: &PartLines) -> String {
        let target = target(text);
        let marked = MarkedText::read(target.text()).expect("marks");
        target.renewed(&marked, lines.clone(), Some("0a1b2c3d"))
    }

    #[test]
    fn a_text_of_the_user_stays_and_the_parts_come_behind_it() {
        let lines = PartLines::of_facts(&facts(), OWN, &Trials::new());
        let new = renewed(None, &lines);
        assert!(
            new.starts_with("# Project instructions\n\n`ollacode init`"),
            "{new}"
        );
        assert_eq!(renewed(Some(""), &lines), new);
        for (text, gap) in [("Mine.", "\n\n"), ("Mine.\n", "\n"), ("Mine.\n\n", "")] {
            let after = renewed(Some(text), &lines);
            let expected = format!("{text}{gap}# Facts about the project\n\n`ollacode init`");
            assert!(after.starts_with(&expected), "{after}");
            // The next run finds the parts, and has nothing to do.
            assert_eq!(renewed(Some(&after), &lines), after);
        }
    }

    #[test]
    fn the_whole_file_stays_within_the_budget() {
        let mut lines = PartLines::of_facts(&facts(), OWN, &Trials::new());
        let sentence = "A sentence that is as long as sentences are, and then some more of it. ";
        lines.add_words(&Words {
            what: sentence.repeat(6),
            parts: (0..12)
                .map(|n| (format!("src/{n}/"), sentence.repeat(3)))
                .collect(),
            conventions: vec![sentence.repeat(3); 30],
            pitfalls: vec!["short".to_owned(); 200],
            dropped: 0,
        });
        let new = renewed(None, &lines);
        let (rows, characters) = size(&new);
        assert!(
            rows <= MOST_LINES && characters <= MOST_CHARACTERS,
            "{rows} {characters}"
        );
        let again = renewed(Some(&new), &lines);
        let (rows, characters) = size(&again);
        assert!(
            rows <= MOST_LINES && characters <= MOST_CHARACTERS,
            "{rows} {characters}"
        );
    }
}
