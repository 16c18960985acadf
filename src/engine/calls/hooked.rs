//! Hooks around a call: before it is asked about, and after it ran.

use std::sync::Arc;

use ollacode_secrets::redact;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::super::clip::{clipped_to, first_line};
use super::super::event::{ToolOutcome, TurnEnd};
use super::super::hooks::HookRuns;
use super::super::turn::Turn;
use super::{CallResult, LONGEST_LINE, is_about_secrets};
use crate::hooks::fit::HookEvent;
use crate::hooks::input::HookSubject;
use crate::message::ToolCall;
use crate::permission::{Effect, HookPoint, Permission, Preview};
use crate::session::changes::ChangeRecord;
use crate::tools::{PreparedCall, take_in_changes};
use crate::visible::{escape_hidden, visible_name};

/// What hooks are told in place of what a file of secrets holds.
const SECRET_FILE: &str = "[redacted: secret file]";
/// Most characters of a notice.
const LONGEST_NOTICE: usize = 300;
/// Most files that are named in a line for people.
const MOST_NAMED: usize = 3;

/// A call as hooks see it.
pub(super) struct Called {
    /// Its tool by all its names, the one that hooks are told last.
    tools: Vec<String>,
    arguments: Value,
    /// Files that it reads or writes, as far as they are known before.
    files: Vec<String>,
    /// Whether it changes files and shows that as a diff.
    is_edit: bool,
    /// Whether it is about a file of secrets.
    is_secret: bool,
}

impl Called {
    pub(super) fn of(call: &ToolCall, prepared: &PreparedCall) -> Called {
        let external = prepared.effects.iter().filter_map(|effect| match effect {
            Effect::External { server, tool } => Some(format!("{server}.{tool}")),
            _ => None,
        });
        let mut tools = vec![call.name.clone()];
        tools.extend(external.filter(|name| *name != call.name));
        let mut files: Vec<String> = Vec::new();
        for path in prepared.effects.iter().filter_map(Effect::file) {
            if !files.contains(&path) {
                files.push(path);
            }
        }
        let is_secret = prepared.effects.iter().any(is_about_secrets);
        let is_command = prepared
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Command { .. }));
        let mut arguments = Value::Object(call.arguments.clone());
        // What a command does is to be seen, whatever it names.
        if is_secret && !is_command {
            hide_contents(&mut arguments, &files);
        }
        Called {
            tools,
            arguments,
            files,
            is_edit: matches!(prepared.preview, Preview::Edits(_)),
            is_secret,
        }
    }

    fn event(&self, on: HookPoint, root: String) -> HookEvent {
        HookEvent {
            on,
            tools: self.tools.clone(),
            files: self.files.clone(),
            removed: Vec::new(),
            root,
        }
    }

    fn subject(&self) -> HookSubject {
        HookSubject {
            arguments: Some(self.arguments.clone()),
            ..HookSubject::default()
        }
    }

    /// The same with how the call ended.
    fn ended(&self, outcome: &CallResult) -> HookSubject {
        HookSubject {
            outcome: Some(match outcome.how {
                ToolOutcome::Done => "done",
                ToolOutcome::Failed | ToolOutcome::Denied => "failed",
            }),
            result: Some(match self.is_secret {
                true => SECRET_FILE.to_owned(),
                false => outcome.text.clone(),
            }),
            ..self.subject()
        }
    }
}

/// Leaves only the paths of arguments.
fn hide_contents(arguments: &mut Value, files: &[String]) {
    let Value::Object(arguments) = arguments else {
        return;
    };
    for value in arguments.values_mut() {
        let is_path = value.as_str().is_some_and(|text| {
            files
                .iter()
                .any(|path| path == text.trim_start_matches("./"))
        });
        if !is_path && !value.is_boolean() && !value.is_number() {
            *value = Value::from(SECRET_FILE);
        }
    }
}

impl Turn<'_> {
    /// Runs the hooks before a call that is not denied already. What they say never allows it: it is
    /// judged and asked about afterwards.
    ///
    /// The outer error ends the turn without a result: the journal could not be written.
    pub(super) async fn passes_hooks(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
    ) -> Result<Result<PreparedCall, CallResult>, TurnEnd> {
        let is_denied = |permission| matches!(permission, Permission::Deny(_));
        if !self.engine.hooks.has(HookPoint::BeforeTool) || is_denied(self.judge(&prepared.effects))
        {
            return Ok(Ok(prepared));
        }
        let called = Called::of(call, &prepared);
        if called.is_secret {
            self.session.exclude_from_journal(&call.id);
        }
        let event = called.event(HookPoint::BeforeTool, self.root());
        let runs = self.run_hooks(&event, called.subject()).await?;
        if runs.is_stopped {
            return Ok(Err(CallResult::stopped()));
        }
        if let Some(objection) = runs.objections.first() {
            let text = format!("Denied: {objection}\nDo not try to get around this.");
            let summary = format!("denied: {}", first_line(objection, LONGEST_LINE));
            return Ok(Err(CallResult::denied(text, &summary)));
        }
        if runs.changed.is_empty() {
            return Ok(Ok(prepared));
        }
        // It was prepared on files that are others now.
        let told = self.taken_in(&runs.changed).await;
        self.pending_note.push_str(&told);
        self.engine.context.knowledge().end_call(call);
        Ok(self.prepare(call).await)
    }

    /// Runs the hooks after a call that ran. What they change in files belongs to the call; what they
    /// object is a note behind its result.
    pub(super) async fn after_call(
        &mut self,
        called: &Called,
        mut outcome: CallResult,
    ) -> Result<CallResult, TurnEnd> {
        let hooks = &self.engine.hooks;
        let has_run = outcome.how != ToolOutcome::Denied && outcome.end.is_none();
        if !has_run || !(hooks.has(HookPoint::AfterEdit) || hooks.has(HookPoint::AfterTool)) {
            return Ok(outcome);
        }
        // Hooks take their time: what the call changed can be undone from now on.
        let (changed, written) = self.record_changes();
        self.hooks.recorded.extend(changed.iter().cloned());
        written?;
        let mut runs = HookRuns::default();
        if !changed.is_empty() {
            let event = self.edit_event(called, &changed);
            runs = self.run_hooks(&event, called.ended(&outcome)).await?;
        }
        if !runs.is_stopped {
            let event = called.event(HookPoint::AfterTool, self.root());
            runs.add(self.run_hooks(&event, called.ended(&outcome)).await?);
        }
        // What hooks do elsewhere, such as in a log, is no work of the call.
        let is_own = |change: &&ChangeRecord| changed.iter().any(|own| own.path == change.path);
        let own = runs.changed.iter().filter(is_own).cloned();
        self.hooks.recorded.extend(own);
        if runs.is_stopped {
            outcome.end = Some(Box::new(TurnEnd::Stopped));
        }
        let told = self.taken_in(&runs.changed).await;
        self.pending_note.push_str(&told);
        for objection in &runs.objections {
            let said = clipped_to(objection, self.result_tokens() / 2).into_owned();
            self.pending_note.push_str(&format!("\n\n[{said}\n]"));
            let notice = first_line(objection, LONGEST_NOTICE);
            self.notice(escape_hidden(&notice).into_owned()).await;
        }
        if !runs.changed.is_empty() {
            self.show_changes(called, &mut outcome, &changed, &runs.changed);
        }
        Ok(outcome)
    }

    /// The root of the workspace, for hooks.
    pub(in crate::engine) fn root(&self) -> String {
        let root = self.engine.context.jail.root();
        root.to_string_lossy().into_owned()
    }

    /// What a call changed, but for files that are kept back from commands: those look empty to hooks.
    fn edit_event(&self, called: &Called, changed: &[ChangeRecord]) -> HookEvent {
        let context = &self.engine.context;
        let (mut files, mut removed) = (Vec::new(), Vec::new());
        for change in changed {
            let is_gone = change.after.is_none() && !change.not_kept;
            let list = if is_gone { &mut removed } else { &mut files };
            if !list.contains(&change.path) && !context.keeps_back(&change.path) {
                list.push(change.path.clone());
            }
        }
        // A file that was moved away and made again is there.
        removed.retain(|path| !files.contains(path));
        HookEvent {
            files,
            removed,
            ..called.event(HookPoint::AfterEdit, self.root())
        }
    }

    /// Takes in what hooks changed; the note for the model, empty if there is none.
    async fn taken_in(&self, changed: &[ChangeRecord]) -> String {
        if changed.is_empty() {
            return String::new();
        }
        let (context, changed) = (Arc::clone(&self.engine.context), changed.to_vec());
        let taking = spawn_blocking(move || take_in_changes(&context, &changed));
        // That can only fail by a panic; then the model finds out when it edits.
        let told = taking.await.unwrap_or_default();
        match told.trim_end() {
            "" => String::new(),
            // The last line stands by itself, as it is in the file.
            told => format!("\n\n[{told}\n]"),
        }
    }

    /// Has people see a call as it is with what hooks changed.
    fn show_changes(
        &self,
        called: &Called,
        outcome: &mut CallResult,
        changed: &[ChangeRecord],
        by_hooks: &[ChangeRecord],
    ) {
        let context = &self.engine.context;
        let paths = by_hooks.iter().map(|change| change.path.as_str());
        let mut names: Vec<String> = paths
            .filter(|path| !context.rules.hides(path))
            .map(visible_name)
            .collect();
        names.sort();
        names.dedup();
        if names.is_empty() {
            return;
        }
        let more = names.len().saturating_sub(MOST_NAMED);
        names.truncate(MOST_NAMED);
        let mut named = names.join(", ");
        if more > 0 {
            named.push_str(&format!(" and {more} more"));
        }
        if !called.is_edit {
            outcome
                .detail
                .push_str(&format!("(files changed by a hook: {named})\n"));
            return;
        }
        outcome
            .summary
            .push_str(&format!("; a hook changed {named}"));
        let is_own = |change: &&ChangeRecord| {
            let is_same = changed.iter().any(|own| own.path == change.path);
            is_same && !context.rules.hides(&change.path)
        };
        let all = changed.iter().chain(by_hooks).filter(is_own).cloned();
        let all: Vec<ChangeRecord> = all.collect();
        let diffs = context.changes.lock().diffs_between(&all);
        let diff: String = diffs.into_iter().map(|diff| diff.text).collect();
        outcome.detail = redact(&escape_hidden(&diff)).text.into_owned();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_call_about_secrets_only_paths_are_left() {
        let files = [".env".to_owned()];
        let mut arguments = json!({
            "path": "./.env", "content": "KEY=1", "all": true, "first": 3, "more": ["KEY=1"],
        });
        hide_contents(&mut arguments, &files);
        assert_eq!(
            arguments,
            json!({
                "path": "./.env", "content": SECRET_FILE, "all": true, "first": 3,
                "more": SECRET_FILE,
            })
        );
    }
}
