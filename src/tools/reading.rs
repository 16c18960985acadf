//! Calls that only read, outside of a session: for another program, which nobody watches.
//!
//! They take the way of the calls of a model: prepared, judged by the rules as in plan mode, run, and
//! cleaned of secrets. What would be asked is refused.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    Found, GitVersions, Permitted, PreparedCall, Recipient, RunningCall, ToolContext, ToolError,
    ToolNames, Toolbox, blocking,
};
use crate::git::HistoryCache;
use crate::jail::{Jail, SecretValues};
use crate::message::ToolCall;
use crate::permission::{Effect, Mode, Nobody, PLAN_MODE, Permission, Rules, permission};
use crate::retrieval::CodeIndex;
use crate::sandbox::Sandbox;
use crate::session::changes::Changes;
use crate::visible::{defang_chat_markers, escape_hidden};

/// What the calls work on.
pub struct ReadingParts {
    pub jail: Jail,
    /// Git is run in it.
    pub sandbox: Arc<Sandbox>,
    pub code: Arc<CodeIndex>,
    pub rules: Arc<Rules>,
    pub git_history: Arc<HistoryCache>,
}

/// Our tools that read, for another program. Calls know nothing of each other.
pub struct ReadingTools {
    parts: ReadingParts,
    toolbox: Toolbox,
}

/// How a result is wanted.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// How the tools are called that it points to.
    pub names: &'static ToolNames,
    /// Most tokens of its text, by our estimate,
    pub tokens: u32,
    /// and most bytes of the lines in it.
    pub bytes: usize,
    /// When it is wanted: searches of files give what they have found by then.
    pub until: Instant,
}

/// What a call gave.
pub struct Reading {
    /// As a model of ours would read it.
    pub text: String,
    /// The same as data, which is not cleaned yet: see [`Reading::cleaner`].
    pub found: Option<Found>,
    pub cleaner: Cleaner,
}

/// Takes out of texts what may not be shown.
pub struct Cleaner(Arc<SecretValues>);

impl Cleaner {
    /// A text without the values of secret files, hidden characters and markers of chat templates.
    pub fn clean(&self, text: &str) -> String {
        let open = self.0.hide_all(text);
        let shown = escape_hidden(&open);
        defang_chat_markers(&shown).into_owned()
    }
}

impl ReadingTools {
    pub fn new(parts: ReadingParts) -> ReadingTools {
        ReadingTools {
            parts,
            toolbox: Toolbox::builtin(),
        }
    }

    /// Runs a call whose arguments match its tool.
    ///
    /// # Errors
    ///
    /// A sentence for the model of the other program: what is wrong, what was refused and why.
    pub async fn call(
        &self,
        call: &ToolCall,
        wanted: Wanted,
        stop: &CancellationToken,
    ) -> Result<Reading, String> {
        let context = self.context();
        let Some(tool) = self.toolbox.get(&call.name) else {
            return Err(format!("there is no tool `{}`", call.name));
        };
        let Some(prepared) = stop.run_until_cancelled(tool.prepare(call, &context)).await else {
            return Err(STOPPED.to_owned());
        };
        let prepared = prepared.map_err(|error| error.to_string())?;
        self.judge(&prepared)?;
        let place = Mutex::new(None);
        let running = RunningCall {
            context: &context,
            approver: &Nobody,
            stop,
            tokens: wanted.tokens,
            permitted: Permitted::ReadOnly,
            opened: &[],
            recipient: Recipient {
                names: wanted.names,
                most_bytes: wanted.bytes,
                until: Some(wanted.until),
                found: Some(&place),
            },
        };
        let output = (prepared.run)(running).await;
        let output = output.map_err(|error| error.to_string());
        let found = place.into_inner();
        let jail = self.parts.jail.clone();
        let cleaned = blocking(move || {
            let cleaner = Cleaner(jail.secret_values());
            // An error may quote a file, too.
            let text = match output {
                Ok(output) => cleaner.clean(&output.text),
                Err(error) => return Err(cleaner.clean(&error)),
            };
            Ok(Reading {
                text,
                found,
                cleaner,
            })
        });
        cleaned
            .await
            .map_err(|error: ToolError| error.to_string())?
    }

    /// Nothing is remembered from call to call.
    fn context(&self) -> ToolContext {
        let parts = &self.parts;
        ToolContext {
            jail: parts.jail.clone(),
            sandbox: Arc::clone(&parts.sandbox),
            code: Arc::clone(&parts.code),
            rules: Arc::clone(&parts.rules),
            seen: Mutex::default(),
            // Nothing is changed, so that nothing is stored there.
            changes: Mutex::new(Changes::new(parts.code.index().folder())),
            git_versions: GitVersions::default(),
            git_history: Arc::clone(&parts.git_history),
            edit_form: Mutex::default(),
            unsaved: Arc::default(),
        }
    }

    /// Whether a call may run unasked; else why not.
    fn judge(&self, prepared: &PreparedCall) -> Result<(), String> {
        let confinement = self.parts.sandbox.confinement();
        for effect in &prepared.effects {
            match effect {
                Effect::Read | Effect::ReadFile { .. } | Effect::ReadSecret { .. } => {}
                // Its path would go out, which says where things are on this machine.
                Effect::ReadOutside { .. } => return Err(OUTSIDE.to_owned()),
                _ => return Err("this call would do more than read".to_owned()),
            }
            match permission(effect, Mode::Plan, confinement, &self.parts.rules) {
                Permission::Allow => {}
                Permission::Deny(why) => {
                    let why = why.replace(PLAN_MODE, "nobody can be asked here");
                    return Err(format!("denied: {why}"));
                }
                Permission::Ask(_) | Permission::ReadOnly => {
                    let what = &prepared.what;
                    return Err(format!(
                        "denied: the rules of the user ask before `{what}` is read, and nobody can \
                         be asked here"
                    ));
                }
            }
        }
        Ok(())
    }
}

const STOPPED: &str = "stopped";

const OUTSIDE: &str = "denied: only files of the workspace are read here; use a path relative to \
                       its root";

#[cfg(test)]
mod tests;
