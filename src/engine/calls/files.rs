//! Commands that failed because they may not write a protected file: the user decides whether they
//! run again with exactly that file writable.

use super::outcome::MissingAccess;
use super::{CallResult, Turn, TurnEnd};
use crate::jail::protected;
use crate::message::ToolCall;
use crate::permission::{Effect, Permission};
use crate::session::Record;

/// Most questions about one call.
const MOST_QUESTIONS: usize = 3;

const AFTER: &str = "it ran, but was not allowed to write a protected file; if you allow that, it \
                     runs again from the start: ";

impl Turn<'_> {
    /// Asks about the files that a command was not allowed to write, and runs it again if approved.
    /// If nobody can be asked, the failed result stays.
    pub(super) async fn with_files(
        &mut self,
        call: &ToolCall,
        mut outcome: CallResult,
    ) -> Result<CallResult, TurnEnd> {
        let mut opened: Vec<String> = Vec::new();
        for _ in 0..MOST_QUESTIONS {
            let Some(MissingAccess::Files(files)) = outcome.needs.take().map(|needs| *needs) else {
                break;
            };
            opened.extend(files);
            let mut prepared = match self.prepare(call).await {
                Ok(prepared) => prepared,
                Err(refused) => return Ok(refused),
            };
            let writes = opened.iter().filter_map(|path| self.write_of(path));
            prepared.effects.extend(writes);
            let must_ask = matches!(self.judge(&prepared.effects), Permission::Ask(_));
            if must_ask && !self.approver.can_ask() {
                break;
            }
            let (prepared, permitted) = match self.allowed(call, prepared, AFTER).await? {
                Ok(allowed) => allowed,
                Err(refused) => {
                    outcome.text.push_str(&format!("({})\n", refused.text));
                    outcome.end = refused.end;
                    break;
                }
            };
            self.record(Record::about_to_run(call))?;
            outcome = self.execute(prepared, permitted, &opened).await;
        }
        Ok(outcome)
    }

    fn write_of(&self, path: &str) -> Option<Effect> {
        let jail = &self.engine.context.jail;
        let path = jail.path(path).ok()?;
        let runs_later = protected(&path).or_else(|| jail.protected_by_lead(path.as_str()));
        Some(Effect::Write {
            path: path.to_string(),
            runs_later,
        })
    }
}
