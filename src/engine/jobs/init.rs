//! `/init`: describes the project in `OLLACODE.md`, which later sessions read.
//!
//! Facts come from manifests, by program; words come from the model, asked once and checked; commands
//! are tried if that is wanted. What is renewed stands between marks, and everything else in the file
//! stays as the user wrote it. In reading order: `material` is what the model is shown, `words` what
//! it writes, `ground` what that is held against, `checking` tries commands, `render` makes the
//! lines, `marks` finds the parts of a file, and `target` is that file.

mod checking;
mod ground;
mod marks;
mod material;
mod render;
mod report;
mod target;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;
use crate::project_map::{MapOrder, map};
use crate::survey::{Facts, survey};
use crate::tools::ToolContext;
use checking::{Trials, try_commands};
use ground::Ground;
use marks::{MarkedText, Part};
use material::{Material, Sources, map_tokens};
use render::{PartLines, chosen_commands, trials_in};
use report::{Report, WordSource};
use target::Target;
use words::Words;

/// How long the first index is waited for, and the graph of its files.
const FIRST_INDEX: Duration = Duration::from_secs(15);
const GRAPH: Duration = Duration::from_secs(5);

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitOrder {
    /// Write into `AGENTS.md`.
    pub agents: bool,
    /// Run each command, and write only those that work.
    pub check: bool,
}

impl InitOrder {
    /// As it is typed behind `/init`.
    pub fn words(&self) -> String {
        let words = [("check", self.check), ("agents", self.agents)];
        let given = words.iter().filter(|(_, is_given)| *is_given);
        given
            .map(|(word, _)| *word)
            .collect::<Vec<&str>>()
            .join(" ")
    }

    /// Reads what was typed behind `/init`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<InitOrder, &'static str> {
        let mut order = InitOrder::default();
        for word in argument.split_whitespace() {
            match word.trim_start_matches('-') {
                "check" => order.check = true,
                "agents" => order.agents = true,
                _ => return Err("usage: /init [check] [agents]"),
            }
        }
        Ok(order)
    }
}

pub(super) async fn run(job: &mut JobRun<'_, '_>, order: &InitOrder) -> Result<(), TurnEnd> {
    let facts = on_thread(job, |context| survey(&context.jail, &context.rules)).await?;
    let path = if order.agents {
        target::AGENTS
    } else {
        target::OWN
    };
    let target = on_thread(job, move |context| Target::read(context, path)).await?;
    let target = target.map_err(failed)?;
    let marked = MarkedText::read(target.text()).map_err(|error| target.wrong_marks(&error))?;
    let untried = PartLines::of_facts(&facts, path, &Trials::new());
    if untried.is_empty() {
        let nothing = "There is nothing to describe yet: the folder has no source files and no \
                       manifests. Nothing was written.\n";
        return job.say(nothing).await;
    }
    let before = marked
        .body(Part::Commands)
        .map(trials_in)
        .unwrap_or_default();
    let trials = match order.check {
        true => try_commands(job, &chosen_commands(&facts)).await?,
        false => before,
    };
    let mut lines = PartLines::of_facts(&facts, path, &trials);
    let mut report = Report::of(&facts, &chosen_commands(&facts), &trials, order.check);
    let shown = untried.shown();
    let material = gathered(job, &facts, shown, path).await?;
    let source = words::source_of(&material.text);
    report.unread(&material.unread);
    if !marked.wants_words() {
        report.words = WordSource::Unwanted;
    } else if !marked.is_unmarked() && marked.has_words_of(&source) {
        report.words = WordSource::Kept;
    } else {
        let words = match words::ask(job, &material).await? {
            Ok(object) => Ok(checked(job, &facts, object).await?),
            Err(why) => Err(why),
        };
        let model = &job.turn.session.model.profile().name;
        let has_old = marked
            .body(Part::What)
            .is_some_and(|body| !body.trim().is_empty());
        report.note_words(words.as_ref().map_err(Clone::clone), model, has_old);
        if let Some(words) = words.ok().filter(|words| !words.is_empty()) {
            lines.add_words(&words);
        }
    }
    let lines = without_secrets(job, lines).await?;
    let source = report.has_new_words().then_some(source.as_str());
    let text = target.renewed(&marked, lines, source);
    target::put(job, &target, &marked, text, &report).await
}

/// Does something that reads files, on a thread that may block.
async fn on_thread<T: Send + 'static>(
    job: &JobRun<'_, '_>,
    act: impl FnOnce(&ToolContext) -> T + Send + 'static,
) -> Result<T, TurnEnd> {
    let context = Arc::clone(&job.turn.engine.context);
    let done = spawn_blocking(move || act(&context)).await;
    done.map_err(|error| failed(format!("the project could not be read: {error}")))
}

async fn gathered(
    job: &JobRun<'_, '_>,
    facts: &Facts,
    shown: String,
    target: &'static str,
) -> Result<Material, TurnEnd> {
    let (facts, window) = (facts.clone(), job.turn.window());
    let map = project_map(job, map_tokens(window)).await?;
    on_thread(job, move |context| {
        let sources = Sources {
            jail: &context.jail,
            rules: &context.rules,
            facts: &facts,
            shown: &shown,
            map: &map,
            target,
        };
        Material::gather(&sources, window)
    })
    .await
}

/// The most used files with their definitions, in a number of tokens; empty without an index, or while
/// a first one takes longer than somebody likes to wait.
async fn project_map(job: &JobRun<'_, '_>, tokens: u32) -> Result<String, TurnEnd> {
    let code = &job.turn.engine.context.code;
    let finding = async {
        timeout(FIRST_INDEX, code.wait_for_first_index())
            .await
            .ok()?;
        code.files_at_hand(GRAPH).await
    };
    let found = job.turn.stop.run_until_cancelled(finding).await;
    let Some(files) = found.ok_or(TurnEnd::Stopped)? else {
        return Ok(String::new());
    };
    let drawing = spawn_blocking(move || {
        let order = MapOrder {
            budget: tokens,
            ..MapOrder::default()
        };
        map(&files, &order).text()
    });
    let drawn = drawing.await;
    drawn.map_err(|error| failed(format!("the map could not be made: {error}")))
}

/// The words of a reply that hold.
async fn checked(
    job: &JobRun<'_, '_>,
    facts: &Facts,
    object: serde_json::Map<String, serde_json::Value>,
) -> Result<Words, TurnEnd> {
    let facts = facts.clone();
    on_thread(job, move |context| {
        let ground = Ground::new(&context.jail, &context.rules, &facts);
        Words::read(&object, &ground)
    })
    .await
}

/// Leaves out lines with a value of a secret file: a placeholder would be of no use in the file.
async fn without_secrets(job: &JobRun<'_, '_>, mut lines: PartLines) -> Result<PartLines, TurnEnd> {
    on_thread(job, move |context| {
        let values = context.jail.secret_values();
        lines.retain(|line| !values.are_in(line));
        lines
    })
    .await
}
