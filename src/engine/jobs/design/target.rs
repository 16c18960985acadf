//! The file of a design document: where it is, whether it is ours, and how it is written.

use std::sync::Arc;

use serde_json::json;
use tokio::task::spawn_blocking;

use super::document::code;
use super::renewal::Segment;
use crate::engine::event::{Failure, FailureCode, TurnEnd};
use crate::engine::jobs::{JobRun, failed};
use crate::jail::{EntryKind, JailError, is_secret};
use crate::message::ToolOutcome;
use crate::permission::Mode;
use crate::text::with_causes;
use crate::tools::ToolContext;

/// Where a design document is written, unless another file is named.
const DEFAULT: &str = "docs/ARCHITECTURE.md";

/// The file of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub path: String,
    /// Whether it exists.
    pub exists: bool,
    /// What it holds.
    pub text: String,
    /// The name of the workspace.
    pub workspace: String,
}

impl Target {
    /// The wanted file, or else the usual one.
    pub(super) async fn find(job: &JobRun<'_, '_>, out: Option<&str>) -> Result<Target, TurnEnd> {
        let context = Arc::clone(&job.turn.engine.context);
        let given = out.unwrap_or(DEFAULT).to_owned();
        let finding = spawn_blocking(move || find(&context, &given));
        let found = finding.await;
        let found =
            found.map_err(|error| failed(format!("the file could not be read: {error}")))?;
        found.map_err(failed)
    }
}

fn find(context: &ToolContext, given: &str) -> Result<Target, String> {
    let jail = &context.jail;
    let wrong =
        |error: JailError| format!("{} cannot be written: {}", code(given), with_causes(&error));
    let mut path = jail.path(given).map_err(wrong)?;
    if jail.kind(&path).map_err(wrong)?.is_none() {
        // The same name in other letters is the same file to many people, and to some systems.
        let (folder, name) = path
            .as_str()
            .rsplit_once('/')
            .unwrap_or((".", path.as_str()));
        let entries = jail.path(folder).and_then(|folder| jail.list(&folder));
        let mut entries = entries.unwrap_or_default().into_iter();
        let is_same = |of_entry: &str| of_entry.to_lowercase() == name.to_lowercase();
        if let Some(entry) = entries.find(|entry| is_same(&entry.name)) {
            path = jail
                .path(&format!("{folder}/{}", entry.name))
                .map_err(wrong)?;
        }
    }
    if is_secret(&path) || context.rules.hides(path.as_str()) {
        return Err(format!(
            "{} may not be read, so it is not written",
            code(given)
        ));
    }
    let root = jail.root();
    let name = root.file_name().unwrap_or(root.as_os_str());
    let mut target = Target {
        path: path.to_string(),
        workspace: name.to_string_lossy().into_owned(),
        ..Target::default()
    };
    match jail.kind(&path).map_err(wrong)? {
        None => {}
        Some(EntryKind::File | EntryKind::Link) => {
            target.exists = true;
            target.text = jail.read(&path).map_err(wrong)?.text;
        }
        Some(EntryKind::Folder | EntryKind::Other) => {
            return Err(format!("{} is no file: name one with `--out`", code(given)));
        }
    }
    Ok(target)
}

/// Whether a document has text and no block: it is somebody's own.
pub(super) fn is_foreign(old: &[Segment<'_>]) -> bool {
    let is_block = |segment: &Segment<'_>| matches!(segment, Segment::Block(_));
    let has_text = |segment: &Segment<'_>| matches!(segment, Segment::Foreign(text) if !text.trim().is_empty());
    old.iter().any(has_text) && !old.iter().any(is_block)
}

/// Writes a document, or shows it where its file is somebody's own; says what was done.
pub(super) async fn deliver(
    job: &mut JobRun<'_, '_>,
    target: &Target,
    old: &[Segment<'_>],
    text: &str,
    report: &str,
) -> Result<(), TurnEnd> {
    let path = code(&target.path);
    if is_foreign(old) {
        job.say(&format!(
            "{path} has text that ollacode did not write, so nothing was overwritten. The document \
             follows; `ollacode design --out FILE` writes it to a file of its own.\n\n{text}"
        ))
        .await?;
        return Ok(());
    }
    if target.exists && text == target.text {
        return job.say(&format!("{path} is up to date. {report}\n")).await;
    }
    if write(job, target, text).await? {
        return job.say(&format!("Wrote {path}. {report}\n")).await;
    }
    job.say(&format!("{path} was not written. {report}\n"))
        .await
}

/// Writes a file through the tools, so that it is approved, journaled and can be undone; `false` if
/// the user declines.
///
/// Where nobody can be asked, the text is shown, because it took a while to make.
pub(super) async fn write(
    job: &mut JobRun<'_, '_>,
    target: &Target,
    text: &str,
) -> Result<bool, TurnEnd> {
    let result = if target.exists {
        // The whole text, which is there once whatever is in it.
        let edit = json!({"path": target.path, "search": target.text, "replace": text});
        job.call("edit_file", edit).await?
    } else {
        let whole = json!({"path": target.path, "content": text});
        job.call("write_file", whole).await?
    };
    match result.how {
        ToolOutcome::Done => Ok(true),
        ToolOutcome::Denied if job.turn.approver.can_ask() => Ok(false),
        ToolOutcome::Denied => {
            job.say(text).await?;
            let why = result.summary.trim_start_matches("denied: ");
            let what = format!("{} was not written: {why}", code(&target.path));
            // A file that is protected, or that a rule wants to be asked about, needs a person.
            let hint = match job.turn.session.mode {
                Mode::AutoEdit | Mode::AutoApprove => "run it in a terminal, or name another file",
                Mode::Ask | Mode::Plan => "run it with `--auto-edit`, or in a terminal",
            };
            let failure = Failure::new(FailureCode::JobFailed, what);
            Err(TurnEnd::Failed(failure.with_hint(hint)))
        }
        ToolOutcome::Failed => Err(failed(format!(
            "{} was not written: {}",
            code(&target.path),
            result.summary
        ))),
    }
}
