//! Tests are not changed silently to make them pass: edits of them are asked about while failures are
//! being fixed, and what was removed or weakened is named.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::super::event::TurnEnd;
use super::super::turn::Turn;
use super::{CheckChoice, CheckConsent};
use crate::check::near::is_test_path;
use crate::check::weakened::{EditedFile, Weakened, weakened};
use crate::permission::{Effect, Mode, Permission};
use crate::visible::escape_hidden;

/// Most tests that a notice names.
const MOST_NAMED: usize = 8;

/// What the model is asked about weakened tests.
pub(super) fn note(found: &[Weakened]) -> String {
    format!(
        "Your edits removed or weakened tests: {}. If the request does not ask for that, restore \
         them now. Otherwise write the whole answer again and say why.",
        listed(found)
    )
}

fn listed(found: &[Weakened]) -> String {
    let mut words: Vec<String> = found.iter().take(MOST_NAMED).map(Weakened::words).collect();
    let more = found.len() - words.len();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join("; ")
}

impl Turn<'_> {
    /// The tests that this turn has removed or weakened so far.
    pub(super) async fn weakened_tests(&self) -> Vec<Weakened> {
        let context = Arc::clone(&self.engine.context);
        let comparing = spawn_blocking(move || {
            let texts = context.changes.lock().turn_texts();
            let files = texts.into_iter().map(|(path, before, after)| EditedFile {
                path,
                before,
                after,
            });
            weakened(&files.collect::<Vec<_>>())
        });
        // That can only fail by a panic; nothing is known then.
        comparing.await.unwrap_or_default()
    }

    /// Tells the user of weakened tests, and of tests that were edited to fix failures without being
    /// asked about; once.
    pub(super) async fn tell_of_tests(&mut self, found: &[Weakened]) {
        let edited = self.tests_edited_while_fixing();
        let mut said: Vec<String> = Vec::new();
        if !found.is_empty() {
            said.push(format!("tests were removed or weakened: {}", listed(found)));
        }
        if !edited.is_empty() {
            let edited = edited.join(", ");
            said.push(format!("tests were changed to fix what failed: {edited}"));
        }
        if said.is_empty() || self.checks.has_told_weakened {
            return;
        }
        self.checks.has_told_weakened = true;
        for text in said {
            self.notice(escape_hidden(&text).into_owned()).await;
        }
    }

    fn tests_edited_while_fixing(&self) -> Vec<String> {
        if !self.checks.is_fixing() || self.session.mode != Mode::AutoApprove {
            return Vec::new();
        }
        let now = self.engine.context.changes.lock().turn_hashes();
        let is_edited = |file: &&(String, Option<String>)| {
            is_test_path(&file.0) && !self.checks.before_fixing.contains(file)
        };
        let edited = now.iter().filter(is_edited);
        edited
            .take(MOST_NAMED)
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Whether an effect changes a test while failures are being fixed.
    pub(in crate::engine) fn is_guarded(&self, effect: &Effect) -> bool {
        let Effect::Write { path, .. } = effect else {
            return false;
        };
        self.checks.is_fixing() && self.session.mode != Mode::AutoApprove && is_test_path(path)
    }

    /// The permission for an effect, with what is to be said of an edit of a test.
    pub(in crate::engine) fn guarded(&self, effect: &Effect, usual: Permission) -> Permission {
        const WHY: &str = "this changes a test";
        match usual {
            Permission::Allow if self.is_guarded(effect) => Permission::Ask(WHY.to_owned()),
            Permission::Ask(reason) if self.is_guarded(effect) => {
                Permission::Ask(match reason.as_str() {
                    "" => WHY.to_owned(),
                    reason => format!("{WHY}; {reason}"),
                })
            }
            usual => usual,
        }
    }

    /// Runs the checks once before the first edit of a session, if the user wants that: then it is
    /// known what failed before.
    pub(in crate::engine) async fn take_baseline(
        &mut self,
        effects: &[Effect],
    ) -> Result<(), TurnEnd> {
        let checks = &self.engine.checks;
        let is_wanted = checks.setup.own.baseline && checks.setup.choice != CheckChoice::Off;
        let writes = || {
            effects
                .iter()
                .any(|effect| matches!(effect, Effect::Write { .. }))
        };
        if !is_wanted || !self.may_change() || self.runs_for_user || !writes() {
            return Ok(());
        }
        if !checks.begins(&self.session.id) {
            return Ok(());
        }
        let consent = match checks.setup.choice {
            CheckChoice::Auto => CheckConsent::Unasked,
            CheckChoice::Ask | CheckChoice::Off => CheckConsent::Asked,
        };
        let commands = self.fitting(&[], true).await;
        if commands.is_empty() {
            return Ok(());
        }
        self.run_checks(commands, &[], consent).await?;
        // The next check compares with these runs, and is no check of a change.
        self.checks.known = None;
        self.checks.report = None;
        // Nor does it take the time of that.
        self.checks.spent = Duration::ZERO;
        self.answer_check.log.forget_check();
        Ok(())
    }
}
