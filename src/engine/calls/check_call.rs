//! Commands that the program runs to check changes: judged like those of the model, asked about once for
//! all of them, and no part of the conversation.

use std::time::{Duration, Instant};

use super::super::checking::{CheckConsent, CheckWish};
use super::super::event::TurnEnd;
use super::super::turn::Turn;
use super::{CallResult, arguments_line, is_about_secrets};
use crate::check::places::without_root;
use crate::check::report::CheckRun;
use crate::message::{ToolCall, ToolOutcome};
use crate::permission::{ApprovalRequest, Confinement, Decision, Permission, Preview};
use crate::session::Record;
use crate::tools::{Permitted, PreparedCall};
use crate::visible::escape_hidden;

/// How commands end that are killed at their time.
const UNFINISHED: &str = "killed after ";
const NOBODY: &str = "it needs approval, and nobody can be asked";
const DECLINED: &str = "you declined the checks of this session; /check runs them";

/// Whether a command may run, or why not.
pub(in crate::engine) type MayCheck = Result<Permitted, String>;

/// A command that must be asked about.
struct Open {
    /// Where it stands among the commands.
    at: usize,
    command: String,
    /// The command that an approval for the session covers; `None` if it cannot be remembered.
    covers: Option<String>,
}

impl Turn<'_> {
    /// Finds out which commands may run, with at most one question to the user for all of them.
    pub(in crate::engine) async fn may_check(
        &mut self,
        wishes: Vec<CheckWish>,
        consent: CheckConsent,
    ) -> Result<Vec<MayCheck>, TurnEnd> {
        let mut found: Vec<MayCheck> = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for (at, CheckWish { call, whole }) in wishes.iter().enumerate() {
            let prepared = match self.prepare(call).await {
                Ok(prepared) => prepared,
                Err(refused) => {
                    found.push(Err(refused.summary));
                    continue;
                }
            };
            let command = prepared.preview.text().into_owned();
            let covers = match whole {
                Some(whole) => self.prepare(whole).await.ok(),
                None => None,
            };
            let covers = covers.map_or_else(
                || command.clone(),
                |whole| whole.preview.text().into_owned(),
            );
            found.push(match self.judged_check(call, &prepared, consent, covers) {
                Ok(may) => may,
                Err(covers) => {
                    open.push(Open {
                        at,
                        command,
                        covers,
                    });
                    Err(NOBODY.to_owned())
                }
            });
        }
        if open.is_empty() || !self.approver.can_ask() {
            return Ok(found);
        }
        let is_declined =
            consent != CheckConsent::Wanted && self.engine.checks.is_declined(&self.session.id);
        let answer = match is_declined {
            true => Err(DECLINED.to_owned()),
            false => self.asked_to_check(&wishes[open[0].at].call, &open).await?,
        };
        for open in open {
            found[open.at] = answer.clone();
        }
        Ok(found)
    }

    /// Whether a command may run; the error is what an approval would cover.
    fn judged_check(
        &self,
        call: &ToolCall,
        prepared: &PreparedCall,
        consent: CheckConsent,
        covers: String,
    ) -> Result<MayCheck, Option<String>> {
        match self.judge(&prepared.effects) {
            Permission::Deny(why) => return Ok(Err(why)),
            Permission::Allow => return Ok(Ok(Permitted::Unasked)),
            Permission::Ask(_) | Permission::ReadOnly if self.read_only => {
                return Ok(Err(self.why_read_only().to_owned()));
            }
            Permission::Ask(_) | Permission::ReadOnly => {}
        }
        // Only what is fully confined, and what no rule asks about, can be remembered.
        let is_lasting = self
            .approval(call, prepared, String::new())
            .remember
            .is_some();
        if !is_lasting {
            return Err(None);
        }
        let grant = granted(&covers);
        let is_known = self.session.granted.contains(&grant) || self.checks.allows(&grant);
        let is_typed =
            consent == CheckConsent::Wanted && self.engine.confinement() == Confinement::Full;
        match is_known || is_typed || consent == CheckConsent::Unasked {
            true => Ok(Ok(Permitted::Approved)),
            false => Err(Some(covers)),
        }
    }

    /// Asks the user about commands.
    async fn asked_to_check(
        &mut self,
        call: &ToolCall,
        open: &[Open],
    ) -> Result<MayCheck, TurnEnd> {
        let request = check_request(call, open);
        self.record(Record::Asked {
            call_id: call.id.clone(),
            title: request.title.clone(),
            hash: request.hash.clone(),
        })?;
        let asked = self
            .stop
            .run_until_cancelled(self.approver.decide(&request));
        let decision = asked.await.ok_or(TurnEnd::Stopped)?;
        self.record(Record::decided(call, &decision))?;
        let covered = open.iter().filter_map(|open| open.covers.as_deref());
        let covered = covered.map(granted);
        match decision {
            Decision::Session => self.session.granted.extend(covered),
            Decision::Once => self.checks.allow(covered),
            // Nothing can be edited or taken in parts here.
            Decision::Deny(_) | Decision::ReplaceCommand(_) | Decision::Parts(_) => {
                self.engine.checks.decline(&self.session.id);
                return Ok(Err("you declined it".to_owned()));
            }
        }
        Ok(Ok(Permitted::Approved))
    }

    /// Runs a command that may run.
    pub(in crate::engine) async fn run_check_call(
        &mut self,
        call: &ToolCall,
        permitted: Permitted,
    ) -> Result<CheckRun, TurnEnd> {
        let prepared = match self.prepare(call).await {
            Ok(prepared) => prepared,
            Err(refused) => {
                self.start(call, &arguments_line(call)).await;
                return self.finish_check(call, refused, Duration::ZERO).await;
            }
        };
        // Rules and files may be others than when the user was asked.
        if let Permission::Deny(why) = self.judge(&prepared.effects) {
            let denied = CallResult::denied(format!("Denied: {why}."), &format!("denied: {why}"));
            self.start(call, &prepared.what).await;
            return self.finish_check(call, denied, Duration::ZERO).await;
        }
        if prepared.effects.iter().any(is_about_secrets) {
            self.session.exclude_from_journal(&call.id);
        }
        self.record(Record::about_to_run(call))?;
        self.start(call, &prepared.what).await;
        let begun = Instant::now();
        let outcome = self.execute(prepared, permitted, &[]).await;
        self.finish_check(call, outcome, begun.elapsed()).await
    }

    /// Records how a check ended, and what it changed.
    async fn finish_check(
        &mut self,
        call: &ToolCall,
        outcome: CallResult,
        took: Duration,
    ) -> Result<CheckRun, TurnEnd> {
        let (outcome, changed) = self.end_call(call, outcome, took).await?;
        if let Some(end) = outcome.end {
            return Err(*end);
        }
        let rules = &self.engine.context.rules;
        let rewritten = changed.into_iter().filter(|change| change.before.is_some());
        let rewritten: Vec<String> = rewritten
            .map(|change| change.path)
            .filter(|path| !rules.hides(path))
            .collect();
        let (summary, detail) = (outcome.summary, outcome.detail);
        let has_run = outcome.how == ToolOutcome::Done;
        let is_timed_out = has_run && summary.starts_with(UNFINISHED);
        let root = self.engine.context.jail.root().to_string_lossy();
        let code = summary
            .strip_prefix("exit code ")
            .and_then(|code| code.parse().ok());
        Ok(CheckRun {
            code: code.filter(|_| has_run),
            // One that did not even begin is not to be fixed.
            is_unfinished: !has_run || is_timed_out,
            is_timed_out,
            ended: summary,
            output: without_root(&detail, &root),
            took,
            rewritten,
        })
    }
}

/// How it is kept that the user allowed a command.
fn granted(command: &str) -> String {
    format!("running `{command}` after edits")
}

/// The question about commands. Its hash covers all of them.
fn check_request(call: &ToolCall, open: &[Open]) -> ApprovalRequest {
    let commands: Vec<&str> = open.iter().map(|open| open.command.as_str()).collect();
    let listed = commands.join("\n");
    let is_lasting = open.iter().all(|open| open.covers.is_some());
    let mut quoted: Vec<String> = Vec::new();
    for covers in open.iter().filter_map(|open| open.covers.as_deref()) {
        let line = format!("`{covers}`");
        if !quoted.contains(&line) {
            quoted.push(line);
        }
    }
    let is_part = |open: &Open| open.covers.as_ref().is_some_and(|it| *it != open.command);
    let parts = match open.iter().any(is_part) {
        true => ", also for some of the tests",
        false => "",
    };
    let title = match commands.as_slice() {
        [only] => format!("run `{only}` after edits"),
        several => format!("run {} checks after edits", several.len()),
    };
    ApprovalRequest {
        call_id: call.id.clone(),
        tool: call.name.clone(),
        title: escape_hidden(&title).into_owned(),
        preview: Preview::Command(listed.clone()),
        files: Vec::new(),
        reason: "the program checks what was changed before it accepts the answer".to_owned(),
        can_edit: false,
        remember: is_lasting.then(|| format!("running {} after edits{parts}", quoted.join(", "))),
        hash: blake3::hash(listed.as_bytes()).to_hex().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn the_approval_of_all_tests_covers_some_of_them() {
        let call = ToolCall {
            id: "check_1_1".to_owned(),
            name: "run_command".to_owned(),
            arguments: Map::new(),
        };
        let open = |command: &str, covers: Option<&str>| Open {
            at: 0,
            command: command.to_owned(),
            covers: covers.map(str::to_owned),
        };
        let near = open("pytest tests/test_a.py", Some("pytest"));
        let all = open("pytest", Some("pytest"));
        let request = check_request(&call, &[near, all]);
        assert_eq!(
            request.preview.text(),
            "pytest tests/test_a.py\npytest",
            "what runs is shown as it is"
        );
        assert_eq!(
            request.remember.as_deref(),
            Some("running `pytest` after edits, also for some of the tests")
        );
        let request = check_request(&call, &[open("ruff", Some("ruff")), open("x", None)]);
        assert_eq!(request.remember, None);
    }
}
