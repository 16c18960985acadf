//! Commits what a turn changed once it is answered, if the setting says so.

use super::clip::{clipped_to, first_line};
use super::event::{Event, TurnEnd};
use super::jobs::commit::{CommitCause, CommitEnd, commit_changes};
use super::step::StepReply;
use super::turn::Turn;
use crate::git::CommitWhen;
use crate::model::budget::part;
use crate::visible::{defang_chat_markers, escape_hidden};

/// How often the model may mend what a hook refuses.
const MOST_MENDINGS: u32 = 2;
/// Percent of the window for what a hook said.
const SAID_PERCENT: u32 = 15;
/// Most characters of a notice.
const LONGEST_NOTICE: usize = 300;

impl Turn<'_> {
    /// Whether the turn goes on after an answer: the model was asked once more about it, or a hook
    /// refused the commit of the turn. `may_ask`: a step is left for that.
    pub(super) async fn goes_on(
        &mut self,
        reply: &StepReply,
        may_ask: bool,
    ) -> Result<bool, TurnEnd> {
        if self.requests_second_look(reply, may_ask).await? {
            return Ok(true);
        }
        self.commits_and_goes_on(reply, may_ask).await
    }

    /// Commits the turn, if that is wanted; whether a hook refused, and the model was told.
    ///
    /// To be called where the turn is answered and its checks did not fail.
    pub(super) async fn commits_and_goes_on(
        &mut self,
        reply: &StepReply,
        may_ask: bool,
    ) -> Result<bool, TurnEnd> {
        let is_wanted = self.engine.options.commit == CommitWhen::Turn
            && self.may_change()
            && !reply.is_cut
            && self
                .checks
                .report
                .as_ref()
                .is_none_or(|report| report.passed())
            && !self.engine.context.changes.lock().turn_counts().is_empty();
        if !is_wanted {
            return Ok(false);
        }
        match commit_changes(self, CommitCause::Setting).await {
            Ok(CommitEnd::Committed(report)) => {
                let made = in_short(&report);
                let remark = format!("Your changes so far: {made}");
                self.session.remarks.push(remark);
                self.notice(made).await;
                Ok(false)
            }
            Ok(CommitEnd::Not(why)) => {
                self.notice_once(in_short(&why)).await;
                Ok(false)
            }
            Ok(CommitEnd::HookRefused(said)) => self.told_of_hook(&said, may_ask).await,
            // The turn is answered, whatever becomes of its commit.
            Err(TurnEnd::Failed(why)) => {
                let why = first_line(&why.to_string(), LONGEST_NOTICE);
                self.notice_once(why).await;
                Ok(false)
            }
            Err(end) => Err(end),
        }
    }

    /// Tells the model what a hook said, as if a test had failed; `false` if that was often enough.
    async fn told_of_hook(&mut self, said: &str, may_ask: bool) -> Result<bool, TurnEnd> {
        let refused = self.progress.count_refused_commit();
        if !may_ask || refused > MOST_MENDINGS {
            let why = first_line(said, LONGEST_NOTICE);
            self.notice(format!(
                "not committed: a hook refused ({why}); `/commit` tries again"
            ))
            .await;
            return Ok(false);
        }
        let why = "a hook refused the commit of this turn; the model is asked to mend that";
        let asked = Event::AskedAgain {
            why: why.to_owned(),
        };
        self.events.send(asked).await;
        let most = part(self.window(), SAID_PERCENT);
        let said = escape_hidden(said).into_owned();
        let note = format!(
            "A hook refused to commit your changes. Mend what it names in the files, then answer \
             again. Do not commit yourself, and do not go around the hook. It \
             said:\n\n{}",
            clipped_to(&said, most)
        );
        self.add_engine_note(&defang_chat_markers(&note))?;
        Ok(true)
    }
}

/// A report of a commit as one line: its first one, and the files that were left out, with reasons.
fn in_short(report: &str) -> String {
    let first = first_line(report, LONGEST_NOTICE);
    let left_out = report
        .lines()
        .filter_map(|line| line.strip_prefix("- not: "));
    let left_out: Vec<&str> = left_out.collect();
    if left_out.is_empty() {
        return first;
    }
    let left_out = first_line(&left_out.join("; "), LONGEST_NOTICE);
    format!("{}; left out: {left_out}", first.trim_end_matches(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_in_the_notice() {
        let report = "Committed as `abc` on `main`: fix\n\n- a.rs  +1 −1\n- not: b.rs: has conflicts\n\
                      - not: c.rs: is ignored by git";
        assert_eq!(
            in_short(report),
            "Committed as `abc` on `main`: fix; left out: b.rs: has conflicts; c.rs: is ignored by git"
        );
        assert_eq!(
            in_short("Nothing to commit by itself:\n\n- not: b.rs: left out"),
            "Nothing to commit by itself; left out: b.rs: left out"
        );
        assert_eq!(in_short("Not committed."), "Not committed.");
    }
}
