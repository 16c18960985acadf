//! What `write_file` and `edit_file` share: a new text for a file, judged, shown and put in place.

use std::ops::Range;

use futures::FutureExt;
use serde_json::json;

use super::changed_places::{changed, changed_places, push_errors};
use super::content_loss::lost_content;
use super::paths::{self, intended_path};
use super::render::NumberedLines;
use super::{
    FileView, PreparedCall, RunningCall, ToolContext, ToolError, ToolOutput, blocking, files,
};
use super::{render, spelling};
use crate::edit::{FileEdit, changed_lines, file_diff};
use crate::jail::{
    Expected, Hash, Jail, JailError, PathSimilarity, TextFile, WorkspacePath, is_secret, protected,
};
use crate::message::Source;
use crate::model::EditForm;
use crate::permission::{Effect, Preview};
use crate::session::changes::{Blob, Change};
use crate::syntax::new_errors;
use crate::visible::{defang_chat_markers, escape_hidden};

/// Unchanged lines around a change in diffs.
const CONTEXT: usize = 3;
/// What an approval for the session covers.
const GRANT_SCOPE: &str = "edits";

/// A new text for a file.
pub(super) struct Draft {
    /// Where it really is.
    pub path: WorkspacePath,
    /// The file as it is; `None` for a new one.
    pub before: Option<TextFile>,
    /// The text that it will have.
    pub after: String,
    /// How the edit matched, for the model: `it matched exactly`. `None` for a file that is written
    /// whole.
    pub match_description: Option<String>,
}

/// The file at a path, to be edited.
pub(super) async fn file_to_edit(
    context: &ToolContext,
    given: &str,
) -> Result<TextFile, ToolError> {
    let path = paths::own_file(context, given, "; write_file creates a new file").await?;
    let jail = context.jail.clone();
    let found = blocking(move || read_editable(&jail, &path)).await?;
    let file = found.map_err(|error| files::refused(&error))?;
    context.check_saved(file.path.as_str())?;
    Ok(file)
}

/// The file at a path, to be written as a whole; no file if there is none yet.
pub(super) async fn file_to_write(
    context: &ToolContext,
    given: &str,
) -> Result<(WorkspacePath, Option<TextFile>), ToolError> {
    let (jail, given) = (context.jail.clone(), given.to_owned());
    let form = context.edit_form();
    let found: Result<(WorkspacePath, Option<TextFile>), ToolError> = blocking(move || {
        let resolved = intended_path(&jail, &given)
            .map_err(|error| paths::path_failure(&jail, &given, error))?;
        if !resolved.exists {
            let path = paths::new_path(&jail, &given, resolved, &write_call)?;
            // Fails if a folder in the path is a link, because writing does not follow links.
            let found = jail.hash(&path).map(|_| (path, None));
            return found.map_err(|error| files::refused(&error));
        }
        let path = &resolved.path;
        if resolved.lines.is_some() {
            return Err(ToolError::TellModel(format!(
                "`{}` names lines of `{path}`, and write_file writes whole files, so nothing was \
                 written. Next call, to change these lines: {}",
                render::name(given.trim()),
                edit_call(path.as_str(), form)
            )));
        }
        if resolved.similarity == PathSimilarity::Similar {
            return Err(ToolError::TellModel(format!(
                "`{}` does not exist, but `{path}` does, and the names differ only in case, \
                 spaces or look-alike characters, so nothing was written. Next call, to change \
                 that file: {}\nFor a new file, choose a more different name",
                render::name(given.trim()),
                edit_call(path.as_str(), form)
            )));
        }
        let file = read_editable(&jail, path).map_err(|error| files::refused(&error))?;
        Ok((file.path.clone(), Some(file)))
    })
    .await?;
    let (path, file) = found?;
    context.check_saved(path.as_str())?;
    Ok((path, file))
}

fn read_editable(jail: &Jail, path: &WorkspacePath) -> Result<TextFile, JailError> {
    let file = jail.read(path)?;
    file.check_editable()?;
    Ok(file)
}

/// The call that writes a whole file, to be filled in.
fn write_call(path: &str) -> String {
    let call = json!({"path": path, "content": "<all of the file>"});
    format!("write_file {}", defang_chat_markers(&call.to_string()))
}

/// Whether the model has read a file as it is now; an error if it read another version.
pub(super) fn was_read(context: &ToolContext, file: &TextFile) -> Result<bool, ToolError> {
    match context.seen(file.path.as_str()) {
        Some(hash) if hash == file.hash => Ok(true),
        Some(_) => Err(ToolError::TellModel(format!(
            "`{}` has changed on disk since you read it: call read_file again, then repeat the \
             change",
            file.path
        ))),
        None => Ok(false),
    }
}

/// The call that changes a part of a file, to be filled in by a model that edits in a form.
pub(crate) fn edit_call(path: &str, form: EditForm) -> String {
    let call = match form {
        EditForm::Anchors => json!({
            "path": path,
            "first": "<anchor of the first line to change>",
            "last": "<anchor of the last one>",
            "text": "<the same lines, changed>",
        }),
        EditForm::Search | EditForm::Whole => json!({
            "path": path,
            "search": "<the lines to change, as they are>",
            "replace": "<the same lines, changed>",
        }),
    };
    format!("edit_file {}", defang_chat_markers(&call.to_string()))
}

/// Refuses to write the placeholder of a redacted secret.
pub(super) fn check_placeholders(text: &str, file: &str) -> Result<(), ToolError> {
    match render::placeholder(text, file) {
        None => Ok(()),
        Some(marker) => Err(ToolError::TellModel(format!(
            "`{marker}` is a placeholder for a secret that you were not shown; the file does not \
             contain it. Change only lines without it, with edit_file, or ask the user to do it."
        ))),
    }
}

/// Refuses to write a text of one line that has a literal `\n` where line breaks belong.
pub(super) fn check_literal_newlines(text: &str, file: &str) -> Result<(), ToolError> {
    if file.contains("\\n") || !spelling::has_literal_newlines(text) {
        return Ok(());
    }
    Err(ToolError::TellModel(
        "nothing was written: the text is one line with literal `\\n` in it. Use real line \
         breaks; in JSON a line break is one backslash and an n"
            .to_owned(),
    ))
}

/// Refuses to write a line that only stands for lines left out, such as `// ... rest of the code`.
/// Models write such lines to shorten a reply, or copy them from results; the file would lose the
/// lines left out.
pub(super) fn check_omissions(text: &str, file: &str) -> Result<(), ToolError> {
    let line = text
        .lines()
        .find(|line| is_omission(line) && !file.contains(line.trim()));
    match line {
        None => Ok(()),
        Some(line) => Err(ToolError::TellModel(format!(
            "`{}` would be written literally, and the lines it stands for would be lost: write \
             all the lines, or change only some of them with edit_file",
            line.trim()
        ))),
    }
}

/// Whether a line is a comment such as `// ... rest of the code ...`, or the line with which our
/// results mark what they leave out.
fn is_omission(line: &str) -> bool {
    const COMMENTS: &[&str] = &["//", "#", "--", "/*", "<!--", ";", "%"];
    const DOTS: &[&str] = &["...", "…"];
    const LEFT_OUT: &[&str] = &[
        "rest of",
        "remaining",
        "existing",
        "unchanged",
        "same as",
        "as before",
        "previous code",
        "other code",
        "omitted",
        "left out",
        "stays the same",
    ];
    let line = line.trim();
    if line.starts_with('…') && line.ends_with('…') && line.contains("left out") {
        return true;
    }
    let comment = COMMENTS.iter().find_map(|sign| line.strip_prefix(sign));
    let Some(comment) = comment.map(|rest| rest.trim().to_lowercase()) else {
        return false;
    };
    DOTS.iter().any(|dots| comment.starts_with(dots))
        && LEFT_OUT.iter().any(|words| comment.contains(words))
}

impl Draft {
    /// What is to be judged and shown before it is written.
    pub(super) fn prepared(self) -> PreparedCall {
        let path = self.path.to_string();
        let mut effects = vec![Effect::Write {
            runs_later: protected(&self.path),
            path: path.clone(),
        }];
        // The result quotes the file, so the call also counts as a read.
        if self.before.is_some() {
            effects.push(if is_secret(&self.path) {
                Effect::ReadSecret { path }
            } else {
                Effect::ReadFile { path }
            });
        }
        PreparedCall {
            what: render::name(self.path.as_str()),
            effects,
            preview: Preview::Edits(vec![self.edit()]),
            remember: Some(GRANT_SCOPE.to_owned()),
            run: Box::new(move |running| self.put(running).boxed()),
        }
    }

    /// Whether a part of an existing file is edited, rather than the whole file written.
    fn is_edit(&self) -> bool {
        self.before.is_some() && self.match_description.is_some()
    }

    fn edit(&self) -> FileEdit {
        FileEdit {
            path: self.path.to_string(),
            old: self.before.as_ref().map(|file| file.text.as_str().into()),
            new: Some(self.after.as_str().into()),
        }
    }

    fn diff(&self) -> String {
        let before = self.before.as_ref().map(|file| file.text.as_str());
        file_diff(self.path.as_str(), before, Some(&self.after), CONTEXT)
    }

    /// What the file would not have any more; `None` for a new one.
    pub(super) fn lost_content(&self) -> Option<String> {
        let before = self.before.as_ref()?;
        lost_content(self.path.as_str(), &before.text, &self.after)
    }

    /// Puts the text in place, if the file still is what it was.
    async fn put(self, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
        let context = running.context;
        let (bytes, expected) = match &self.before {
            Some(file) => (file.bytes_of(&self.after), Expected::Hash(file.hash)),
            None => (self.after.clone().into_bytes(), Expected::Absent),
        };
        let mut after = Blob::new(bytes);
        after.mode = self.before.as_ref().and_then(|file| file.mode);
        let (hash, bytes) = (after.hash, after.bytes.clone());
        let change = Change {
            path: self.path.to_string(),
            before: self.before.as_ref().map(Blob::from),
            after: Some(after),
        };
        // No await in here: if the call is cancelled, the change has been made and recorded, or
        // neither.
        apply_changes(context, vec![change], |jail| {
            jail.write(&self.path, &bytes, expected)
        })?;
        context.knowledge().add(self.view(hash));
        let form = context.edit_form();
        blocking(move || self.output(form)).await
    }

    /// What the model knows of the file afterwards.
    fn view(&self, hash: Hash) -> FileView {
        let path = self.path.as_str();
        let after = (hash, self.after.as_str());
        match &self.before {
            Some(file) if self.is_edit() => FileView::edited(path, (file.hash, &file.text), after),
            before => FileView::written(path, before.as_ref().map(|file| file.hash), after),
        }
    }

    /// The changed lines of an edit, from 0; none for a file that is written whole.
    fn places(&self) -> Vec<Range<usize>> {
        match &self.before {
            Some(file) if self.is_edit() => changed_lines(&file.text, &self.after)
                .into_iter()
                .map(|(_, new)| new)
                .collect(),
            _ => Vec::new(),
        }
    }

    fn output(&self, form: EditForm) -> ToolOutput {
        let before = self.before.as_ref().map(|file| file.text.as_str());
        let errors = new_errors(self.path.as_str(), before, &self.after);
        let (text, _) = render::without_secrets(&self.after);
        let lines = NumberedLines::new(form, &self.after, &text);
        let count = lines.count();
        let changed = changed(before.unwrap_or_default(), &self.after);
        let places = self.places();
        let name = render::name(self.path.as_str());
        let mut text = match (&self.match_description, before) {
            (Some(description), _) => format!(
                "{name}: {description}. It now reads:\n{}",
                changed_places(&lines, &places, &changed)
            ),
            (None, Some(_)) => format!("{name} was replaced, {}.\n", length(count)),
            (None, None) => format!("{name} was created, {}.\n", length(count)),
        };
        if let Some(lost) = self.lost_content() {
            text.push_str(&format!("It no longer has {lost}.\n"));
        }
        push_errors(&mut text, &errors, &places);
        let diff = self.diff();
        let (added, removed) = counts(&diff);
        let mut summary = format!("+{added} −{removed}");
        if !errors.is_empty() {
            let errors = render::count(errors.len(), "syntax error", "syntax errors");
            summary.push_str(&format!(", {errors}"));
        }
        // What was removed at the end has no line any more.
        let first = (changed.start + 1).min(count.max(1));
        let line = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        ToolOutput {
            text: defang_chat_markers(&text).into_owned(),
            summary,
            detail: render::without_secrets(&escape_hidden(&diff))
                .0
                .into_owned(),
            sources: vec![Source {
                path: self.path.to_string(),
                start_line: line(first),
                end_line: line(changed.end.max(first)),
                symbol: None,
            }],
            ..ToolOutput::default()
        }
    }
}

/// Applies changes so that they can be undone: saves the contents first, and records each change
/// once it is made.
pub(super) fn apply_changes(
    context: &ToolContext,
    changes: Vec<Change>,
    act: impl FnOnce(&Jail) -> Result<(), JailError>,
) -> Result<(), ToolError> {
    for change in &changes {
        context.check_saved(&change.path)?;
    }
    let mut kept = context.changes.lock();
    kept.announce(&changes).map_err(|error| {
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        ToolError::TellModel(format!(
            "`{}` was not changed, because its content cannot be saved for undo: {error}",
            paths.join("`, `")
        ))
    })?;
    act(&context.jail).map_err(|error| {
        // A refusal comes before anything is changed.
        kept.settle();
        files::refused(&error)
    })?;
    for change in changes {
        kept.note(change);
    }
    Ok(())
}

fn length(lines: usize) -> String {
    render::count(lines, "line", "lines")
}

/// Added and removed lines of a unified diff.
fn counts(diff: &str) -> (usize, usize) {
    // The first two lines name the file.
    let count = |mark: char| {
        let lines = diff.lines().skip(2);
        lines.filter(|line| line.starts_with(mark)).count()
    };
    (count('+'), count('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_diff_are_counted() {
        let diff = file_diff("a", Some("a\n-- b\nc\n"), Some("a\nd\n++ e\nc\n"), 3);
        assert_eq!(counts(&diff), (2, 1));
    }
}
