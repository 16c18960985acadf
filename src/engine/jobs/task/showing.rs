//! What is shown of a step that has ended, and how it is undone.

use super::TaskRun;
use crate::check::CheckReport;
use crate::engine::ChangeError;
use crate::engine::event::TurnEnd;
use crate::engine::task::TaskPlan;
use crate::engine::turn::not_written;
use crate::session::changes::Undone;
use crate::session::{Session, StepState};

impl TaskRun<'_, '_, '_> {
    /// Undoes what the turns of a step changed, after which it has not begun; says why where that is
    /// not possible.
    pub(super) async fn undo_step(&mut self, number: usize) -> Result<bool, TurnEnd> {
        let mut plan = self.plan()?;
        let Some(step) = plan.steps.get_mut(number.saturating_sub(1)) else {
            return Ok(false);
        };
        let engine = self.job.turn.engine;
        let mut undone: Vec<Undone> = Vec::new();
        let obstacle = loop {
            let (left, last) = {
                let changes = engine.context.changes.lock();
                (changes.counts_of(&step.turns), changes.last_turn())
            };
            match last {
                Some(last) if step.turns.contains(&last) => {}
                // Somebody went on in between: nothing but the step is undone.
                Some(last) if !left.is_empty() => {
                    break Some(format!(
                        "turn {last} changed files after it; answer `stop`, then `/undo` that one \
                         first"
                    ));
                }
                _ => break None,
            }
            match engine.undo(&mut *self.job.turn.session) {
                Ok(one) => undone.push(one),
                Err(ChangeError::Journal(error)) => {
                    return Err(not_written(&error));
                }
                Err(error) => break Some(error.to_string()),
            }
        };
        let is_undone = obstacle.is_none();
        let commits = commits(&undone, self.job.turn.session);
        if is_undone {
            step.state = StepState::Pending;
            step.summary.clear();
            step.changed.clear();
            step.turns.clear();
            self.record(plan.record())?;
        }
        self.say(&undone_words(
            number,
            &undone,
            obstacle.as_deref(),
            &commits,
        ))
        .await?;
        Ok(is_undone)
    }
}

/// The commits in which undone changes are.
fn commits(undone: &[Undone], session: &Session) -> Vec<String> {
    let mut commits: Vec<String> = Vec::new();
    for hash in undone.iter().flat_map(|one| session.commits_of(one.turn)) {
        let short = hash.get(..10).unwrap_or(hash).to_owned();
        if !commits.contains(&short) {
            commits.push(short);
        }
    }
    commits
}

fn undone_words(
    number: usize,
    undone: &[Undone],
    obstacle: Option<&str>,
    commits: &[String],
) -> String {
    let all = |of: fn(&Undone) -> Vec<String>| {
        let mut paths: Vec<String> = undone.iter().flat_map(of).collect();
        paths.sort();
        paths.dedup();
        paths.join("`, `")
    };
    let mut lines = Vec::new();
    let paths = all(Undone::paths);
    if !paths.is_empty() {
        lines.push(format!("Undone: `{paths}`."));
    }
    let in_part = all(|one| one.in_part.clone());
    if !in_part.is_empty() {
        lines.push(format!(
            "Only in part, because somebody else changed it as well: `{in_part}`."
        ));
    }
    let not_kept = all(|one| one.not_kept.clone());
    if !not_kept.is_empty() {
        lines.push(format!(
            "Not undone, because the earlier content was not saved: `{not_kept}`."
        ));
    }
    if !commits.is_empty() {
        lines.push(format!(
            "The commit `{}` stays: the files are back, and committing them records that.",
            commits.join("`, `")
        ));
    }
    match obstacle {
        Some(why) => lines.push(format!("The step could not be undone: {why}.")),
        None if lines.is_empty() => lines.push(format!("Step {number} had changed no file.")),
        None => {}
    }
    lines.join("\n\n")
}

/// What is shown of a step that has ended.
pub(super) fn report(
    plan: &TaskPlan,
    number: usize,
    checks: Option<&CheckReport>,
    concerns: &[String],
) -> String {
    let Some(step) = plan.step(number) else {
        return String::new();
    };
    let ended = match step.state {
        StepState::Done => "is done",
        _ => "was not done",
    };
    let (sign, count) = (step.state.sign(), plan.steps.len());
    let mut lines = vec![format!(
        "**{sign} Step {number} of {count} {ended}** ({}; {} tokens so far)",
        plan.state_line(),
        plan.tokens(),
    )];
    // What failed is among the concerns.
    let checks = checks.filter(|checks| checks.passed() && !checks.steps.is_empty());
    if !step.changed.is_empty() || !concerns.is_empty() || checks.is_some() {
        lines.push(String::new());
    }
    lines.extend(step.changed.iter().map(|file| match file.lines {
        Some((added, removed)) => format!("- `{}` +{added} −{removed}", file.path),
        None => format!("- `{}`", file.path),
    }));
    lines.extend(checks.map(|checks| format!("- checked: {}", checks.summary())));
    lines.extend(concerns.iter().map(|concern| format!("- ⚠ {concern}")));
    lines.join("\n")
}
