//! What the model can have done: one file a tool, one list of them.

mod arguments;
mod ask_user;
mod changed_places;
mod closed_output;
mod command_changes;
mod content_loss;
mod definitions;
mod delete_file;
mod draft;
mod edit_file;
mod edit_parts;
mod edit_place;
mod file_views;
mod files;
mod find_references;
mod find_symbol;
mod found;
mod git_changes;
mod git_versions;
mod grep_search;
mod hidden_files;
mod hook_changes;
mod list_directory;
mod more_tools;
mod move_file;
mod new_from_template;
mod outline;
mod paths;
mod project_map;
mod read_file;
mod reading;
mod related_files;
mod render;
mod rewrite_leave;
mod run_command;
mod search_codebase;
mod search_files;
mod server_tool;
mod spelling;
#[cfg(test)]
mod tests_support;
mod toolbox;
mod unsaved;
mod use_skill;
mod use_tool;
mod user_tool;
#[cfg(test)]
mod weak_model_tests;
mod write_file;

use std::borrow::Cow;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use crate::git::HistoryCache;
use crate::jail::{Hash, Jail, is_masked_path};
use crate::message::{Image, Source, ToolCall};
use crate::model::{EditForm, ToolSpec};
use crate::permission::{Approver, Effect, Preview, Rules};
use crate::retrieval::CodeIndex;
use crate::sandbox::Sandbox;
use crate::session::changes::Changes;

use closed_output::without_closed;
use hidden_files::is_closed_path;

pub(crate) use command_changes::BeforeCommand;
pub(crate) use draft::edit_call;
pub use edit_parts::edit_parts;
pub use edit_place::{EditPlace, edit_place};
pub use file_views::{FileLine, FileView, FileViews, ShownLines};
pub(crate) use find_references::references;
pub use found::{Found, FoundDefinition, FoundHits, FoundLine, FoundLines, Recipient, ToolNames};
pub use git_changes::{Day, GitChanges, GitRange, NoChanges, git_changes};
pub use git_versions::GitVersions;
pub(crate) use hook_changes::{named_changes, take_in_changes};
pub use reading::{Cleaner, Reading, ReadingParts, ReadingTools, Wanted};
pub(crate) use run_command::{commit_access, hook_access, server_access};
pub(crate) use search_codebase::found_view;
pub use toolbox::{NameTaken, ToolSet, Toolbox};
pub use unsaved::UnsavedFiles;
pub use use_skill::USE_SKILL;

/// A tool. Its arguments are parsed once, into a [`PreparedCall`] call.
pub trait Tool: Send + Sync {
    /// How models are told of it.
    fn spec(&self) -> &ToolSpec;

    /// The same for models that edit files in a form.
    fn spec_in(&self, _form: EditForm) -> &ToolSpec {
        self.spec()
    }

    /// Whether a call runs a command, so that its result says more than the files do.
    fn runs_command(&self) -> bool {
        false
    }

    /// Reads the arguments, which match the specification, and finds out what the call would do.
    ///
    /// Changes nothing.
    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>>;
}

/// What tools work on.
pub struct ToolContext {
    pub jail: Jail,
    pub sandbox: Arc<Sandbox>,
    pub code: Arc<CodeIndex>,
    /// What is forbidden, asked and allowed.
    pub rules: Arc<Rules>,
    /// What the model knows of the files.
    pub seen: Mutex<FileViews>,
    /// What was changed in this session, to be undone.
    pub changes: Mutex<Changes>,
    /// How far git's history was looked through for secrets.
    pub git_versions: GitVersions,
    /// What was changed together.
    pub git_history: Arc<HistoryCache>,
    /// The form in which the model edits files.
    pub edit_form: Mutex<EditForm>,
    /// Files with changes in an editor that are not saved.
    pub unsaved: Arc<UnsavedFiles>,
}

impl ToolContext {
    /// The version of a file that the model knows something of.
    pub fn seen(&self, path: &str) -> Option<Hash> {
        self.knowledge().hash(path)
    }

    /// A text for the model without what files of secrets hold, however it came there; but for
    /// those that the model was allowed to read as they are now. Looks at the disk.
    ///
    /// To read a file that is only masked is allowed to everybody, so that this opens nothing; a
    /// rule does.
    pub fn without_secret_values(&self, text: String) -> String {
        self.hiding_secret_values()(text)
    }

    /// The same for several texts: looks at the disk once.
    pub fn hiding_secret_values(&self) -> impl Fn(String) -> String + '_ {
        let values = self.jail.secret_values();
        move |text| {
            let seen = self.knowledge();
            let hidden = values.hide(&text, |path, hash| {
                seen.was_shown(path, hash)
                    && (!is_masked_path(path) || self.rules.opens_secret(path))
            });
            match hidden {
                Cow::Owned(clean) => clean,
                Cow::Borrowed(_) => text,
            }
        }
    }

    /// Whether a file is kept back from the model and from commands: its name says that it holds
    /// secrets, or a rule does.
    pub(crate) fn keeps_back(&self, path: &str) -> bool {
        self.rules.hides(path) || is_closed_path(&self.jail, &self.rules, path)
    }

    /// The last lines that the running command printed, without secrets. Looks at the disk.
    pub fn live_lines(&self, most: usize) -> Vec<String> {
        let printed = self.sandbox.live().text();
        let is_closed = |path: &str| is_closed_path(&self.jail, &self.rules, path);
        let open = without_closed(&printed, is_closed);
        let text = self.without_secret_values(render::without_secrets(&open).0.into_owned());
        let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let mut lines: Vec<String> = lines.take(most).map(str::to_owned).collect();
        lines.reverse();
        lines
    }

    /// The form in which the model edits files.
    pub fn edit_form(&self) -> EditForm {
        *self.edit_form.lock()
    }

    /// What the model knows of the files, to be asked or told more.
    pub fn knowledge(&self) -> MutexGuard<'_, FileViews> {
        self.seen.lock()
    }
}

/// A call whose effects are known, and which is ready to run: what was approved is what runs.
pub struct PreparedCall {
    /// In a line for people: `src/main.rs:1-200`, `cargo test`.
    pub what: String,
    /// What it would do.
    pub effects: Vec<Effect>,
    /// What is shown before it runs.
    pub preview: Preview,
    /// What "for this session" would cover; `None` if it cannot be remembered.
    pub remember: Option<String>,
    pub run: RunFn,
}

impl PreparedCall {
    /// A call that only reads what may be read unasked.
    fn reading(what: String, effect: Effect, run: RunFn) -> PreparedCall {
        PreparedCall {
            what,
            effects: vec![effect],
            preview: Preview::None,
            remember: None,
            run,
        }
    }
}

/// What a call does when it may: it looks again whether what it was prepared on still holds.
pub type RunFn = Box<
    dyn for<'a> FnOnce(RunningCall<'a>) -> BoxFuture<'a, Result<ToolOutput, ToolError>>
        + Send
        + Sync,
>;

/// The text of a file that may be read unasked; `None` if it is closed, or has no text. Looks at the
/// disk.
pub(crate) fn open_text(context: &ToolContext, path: &str) -> Option<String> {
    if is_closed_path(&context.jail, &context.rules, path) {
        return None;
    }
    let file = context.jail.read(&context.jail.path(path).ok()?).ok()?;
    Some(render::without_secrets(&file.text).0.into_owned())
}

/// What a running call is given.
#[derive(Clone, Copy)]
pub struct RunningCall<'a> {
    /// What tools work on.
    pub context: &'a ToolContext,
    pub approver: &'a dyn Approver,
    /// Ends the call early.
    pub stop: &'a CancellationToken,
    /// Most tokens that the result may have: what is longer is cut in its middle.
    pub tokens: u32,
    /// How it came to run.
    pub permitted: Permitted,
    /// Protected files that it may write, since the user was asked about just that.
    pub opened: &'a [String],
    /// Who gets the result.
    pub recipient: Recipient<'a>,
}

/// How a call came to run, which decides how far a command may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// Unasked, where it can change nothing.
    ReadOnly,
    Unasked,
    /// The user approved it.
    Approved,
}

/// What a tool gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolOutput {
    /// For the model; capped, cuts visible.
    pub text: String,
    /// In a line for people: `200 lines`, `3 matches`.
    pub summary: String,
    /// For people who want to see more: a diff, the output of a command. May be empty.
    pub detail: String,
    /// What it showed of the code.
    pub sources: Vec<Source>,
    /// Pictures, for models that see; they come after the results of a reply.
    pub images: Vec<Image>,
}

/// Why a call did not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The model can do something about it: short, with what would help.
    #[error("{0}")]
    TellModel(String),
    /// A command failed since it was [`Permitted::ReadOnly`]: what it said.
    #[error("the workspace was read-only for it")]
    NeedsWriting(Box<ToolOutput>),
    /// A command failed since it may not write some files unless the user allows just that: what it
    /// said, and the files.
    #[error("it may not write some files")]
    NeedsFiles(Box<ToolOutput>, Vec<String>),
    /// The turn cannot go on.
    #[error("{0}")]
    Fatal(String),
}

/// Does work that would hold up others: files, parsing.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ToolError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ToolError::Fatal(format!("a tool crashed: {error}")))
}
