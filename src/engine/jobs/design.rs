//! `/design`: a design document of what is there, or a draft for something new.
//!
//! Facts are by the program: `source` is what the graph of files and the manifests say, `parts` divides
//! it, `outline` counts, `chart` draws. A model describes each part in three sentences (`words`), which
//! are checked (`claims`); what they cite is followed where it moves (`places`). `document` renders, and
//! `renewal` puts that into an earlier document without touching text of the user. `goal` is the other
//! direction.

mod chart;
mod claims;
mod document;
mod goal;
mod outline;
mod parts;
mod places;
mod project;
mod renewal;
#[cfg(test)]
mod samples;
mod source;
mod target;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;
use crate::engine::side::{SideError, SideRequest};
use crate::message::Message;
use claims::Doubt;
use document::{Words, code, overview, part_block, title, words_of};
use outline::Outline;
use places::{FileLines, cited_paths, line_marks, with_moved_places};
use project::{Project, lines_of, shown_text};
use renewal::{Block, BlockId, Segment, renewed, segments};
use target::{Target, deliver};
use words::{Description, description, material};

/// Most tokens of the description of a part.
const REPLY_TOKENS: u32 = 700;
/// Most things that sentences named in vain which are shown.
const MOST_EXAMPLES: usize = 3;
/// Replies in a row that are of no use, after which no more are asked for.
const MOST_FAILURES: usize = 3;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesignOrder {
    /// The file to write; by default `docs/ARCHITECTURE.md`.
    pub out: Option<String>,
    /// Only this part.
    pub part: Option<String>,
    /// Draft a design for this instead of describing what is there.
    pub goal: Option<String>,
}

impl DesignOrder {
    /// As it is typed behind `/design`.
    pub fn words(&self) -> String {
        self.goal.clone().unwrap_or_default()
    }

    /// Reads what was typed behind `/design`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<DesignOrder, &'static str> {
        let argument = argument.trim();
        let goal = argument.trim_matches(['"', '“', '”']).trim();
        let is_flag = goal.starts_with("--");
        if is_flag || goal.is_empty() && !argument.is_empty() {
            return Err(
                "`/design` describes the project, `/design GOAL` drafts a design for a goal; `--part` and \
                 `--out` are flags of `ollacode design`",
            );
        }
        let goal = (!goal.is_empty()).then(|| goal.to_owned());
        Ok(DesignOrder {
            goal,
            ..DesignOrder::default()
        })
    }
}

pub(super) async fn run(job: &mut JobRun<'_, '_>, order: &DesignOrder) -> Result<(), TurnEnd> {
    match &order.goal {
        Some(goal) => goal::draft(job, goal, order.out.as_deref()).await,
        None => describe(job, order).await,
    }
}

/// Describes what is there.
async fn describe(job: &mut JobRun<'_, '_>, order: &DesignOrder) -> Result<(), TurnEnd> {
    let target = Target::find(job, order.out.as_deref()).await?;
    let project = Arc::new(Project::read(job).await?);
    if project.outline.parts.is_empty() {
        return Err(failed(
            "the index has no source code, so there is nothing to describe",
        ));
    }
    let chosen = chosen(&project, order.part.as_deref())?;
    let old =
        segments(&target.text).map_err(|error| failed(format!("`{}`: {error}", target.path)))?;
    let words = blocks(&old).filter_map(|block| words_of(block.body));
    let cited: BTreeSet<String> = words.flat_map(cited_paths).collect();
    let files = lines_of(job, cited).await?;
    let plan = Plan::new(&project, &old, &files, chosen.as_deref());
    let described = describe_parts(job, &project, &plan.wanted).await?;
    let words = described.words.values().map(String::as_str);
    let cited: BTreeSet<String> = words.flat_map(cited_paths).collect();
    let files = lines_of(job, cited).await?;
    let text = plan.document(
        &project,
        &old,
        &described.words,
        (&target.workspace, &files),
    );
    notify(job, &plan, &described).await;
    deliver(
        job,
        &target,
        &old,
        &text,
        &report(&project, &plan, &described),
    )
    .await
}

/// The parts that are wanted; `None` for all.
fn chosen(project: &Project, part: Option<&str>) -> Result<Option<Vec<usize>>, TurnEnd> {
    let Some(given) = part else {
        return Ok(None);
    };
    let found = project.outline.named(given);
    if found.is_empty() || !is_there(project, given) {
        let numbers = 0..project.outline.parts.len();
        let labels: Vec<String> = numbers
            .map(|part| code(project.outline.label(part)))
            .collect();
        return Err(failed(format!(
            "no part has {}; the parts are {}",
            code(given),
            labels.join(", ")
        )));
    }
    Ok(Some(found))
}

fn is_there(project: &Project, given: &str) -> bool {
    let path = given.trim_start_matches("./").trim_end_matches('/');
    path.is_empty() || path == "." || project.existing.paths.contains(path)
}

/// What happens to each part.
struct Plan {
    /// Those for which a model is asked.
    wanted: Vec<usize>,
    /// Descriptions that stay; their citations name the lines where they are now.
    kept: BTreeMap<usize, String>,
    /// Parts whose block somebody changed by hand: it stays.
    by_hand: Vec<usize>,
    /// Whether that is so for the overview.
    overview_by_hand: bool,
    /// How many blocks are about parts that are gone.
    gone: usize,
}

impl Plan {
    /// `files` are those that descriptions cite.
    fn new(
        project: &Project,
        old: &[Segment<'_>],
        files: &FileLines,
        chosen: Option<&[usize]>,
    ) -> Plan {
        let known: BTreeMap<&BlockId, &Block<'_>> =
            blocks(old).map(|block| (&block.id, block)).collect();
        let overview = known.get(&BlockId::Overview);
        let mut plan = Plan {
            wanted: Vec::new(),
            kept: BTreeMap::new(),
            by_hand: Vec::new(),
            overview_by_hand: overview.is_some_and(|block| !block.is_untouched),
            gone: 0,
        };
        for (number, part) in project.outline.parts.iter().enumerate() {
            let block = known.get(&BlockId::Part(part.path.clone()));
            let current = || {
                let block = block.filter(|block| block.outline == part.hash)?;
                with_moved_places(words_of(block.body)?, &block.lines, files)
            };
            if chosen.is_some_and(|chosen| chosen.contains(&number)) {
                plan.wanted.push(number);
            } else if block.is_some_and(|block| !block.is_untouched) {
                plan.by_hand.push(number);
            } else if let Some(words) = current() {
                plan.kept.insert(number, words);
            } else if chosen.is_none() {
                plan.wanted.push(number);
            }
        }
        let is_gone = |id: &&&BlockId| match id {
            BlockId::Overview => false,
            BlockId::Part(path) => project.outline.parts.iter().all(|part| part.path != *path),
        };
        plan.gone = known.keys().filter(is_gone).count();
        plan
    }

    /// The new text of the document. `files` are those that new descriptions cite.
    fn document(
        &self,
        project: &Project,
        old: &[Segment<'_>],
        words: &BTreeMap<usize, String>,
        (workspace, files): (&str, &FileLines),
    ) -> String {
        let outline = &project.outline;
        let mut fresh = Vec::new();
        let mut without_words = 0;
        for (number, part) in outline.parts.iter().enumerate() {
            let id = BlockId::Part(part.path.clone());
            let before = blocks(old).find(|block| block.id == id);
            let has_words = words.contains_key(&number)
                || before.is_some_and(|block| words_of(block.body).is_some());
            without_words += usize::from(!has_words);
            let new = words.get(&number).map(String::as_str);
            let lines = line_marks(new.unwrap_or_default(), files);
            let new = new.map(|text| Words {
                text,
                outline: &part.hash,
                lines: &lines,
            });
            let text = self.part_text(outline, number, new, before);
            fresh.push((id, text));
        }
        let before = blocks(old).find(|block| block.id == BlockId::Overview);
        let first = match before {
            Some(block) if self.overview_by_hand => block.whole.to_owned(),
            _ => overview(outline, without_words),
        };
        fresh.insert(0, (BlockId::Overview, first));
        let title = title(workspace);
        let new = [Segment::Foreign(&title)];
        renewed(if old.is_empty() { &new[..] } else { old }, &fresh)
    }

    /// The block of a part: with a new description, or else with the one it had, and its hash, so that
    /// the next run asks again if the part has changed. What somebody changed by hand stays until there
    /// is something new.
    fn part_text(
        &self,
        outline: &Outline,
        number: usize,
        new: Option<Words<'_>>,
        before: Option<&Block<'_>>,
    ) -> String {
        match (new, before) {
            (Some(_), _) | (None, None) => part_block(outline, number, new),
            (None, Some(block)) if !block.is_untouched => block.whole.to_owned(),
            (None, Some(block)) => {
                let kept = self.kept.get(&number).map(String::as_str);
                let words = kept.or_else(|| words_of(block.body)).map(|text| Words {
                    text,
                    outline: &block.outline,
                    lines: &block.lines,
                });
                part_block(outline, number, words)
            }
        }
    }
}

fn blocks<'a, 'text>(segments: &'a [Segment<'text>]) -> impl Iterator<Item = &'a Block<'text>> {
    segments.iter().filter_map(|segment| match segment {
        Segment::Block(block) => Some(block),
        Segment::Foreign(_) => None,
    })
}

/// The descriptions that a model gave.
#[derive(Default)]
struct Described {
    words: BTreeMap<usize, String>,
    /// Sentences that were taken out, by their reason.
    doubts: Vec<Doubt>,
    /// Parts of which no sentence is left.
    empty: Vec<usize>,
    /// Why the model was not asked any more.
    gave_up: Option<String>,
}

/// Asks a model about each part, one request a part.
async fn describe_parts(
    job: &JobRun<'_, '_>,
    project: &Arc<Project>,
    wanted: &[usize],
) -> Result<Described, TurnEnd> {
    let mut described = Described::default();
    let mut failures = 0;
    for (place, number) in (1..).zip(wanted) {
        let label = code(project.outline.label(*number));
        let count = wanted.len();
        job.notice(&format!("describing {label} ({place} of {count})"))
            .await;
        match describe_part(job, project, *number).await? {
            Ok(description) => {
                failures = 0;
                described.doubts.extend(description.doubts);
                if description.text.is_empty() {
                    described.empty.push(*number);
                } else {
                    described.words.insert(*number, description.text);
                }
            }
            Err(error) => {
                failures += 1;
                described.empty.push(*number);
                if error.is_hopeless() || failures == MOST_FAILURES {
                    described.gave_up = Some(in_short(&error));
                    break;
                }
            }
        }
    }
    Ok(described)
}

/// An error without the reply.
pub(super) fn in_short(error: &SideError) -> String {
    match error {
        SideError::Unfit { .. } => "its replies do not have the requested form".to_owned(),
        other => other.to_string(),
    }
}

async fn describe_part(
    job: &JobRun<'_, '_>,
    project: &Arc<Project>,
    number: usize,
) -> Result<Result<Description, SideError>, TurnEnd> {
    let tokens = words::budget(job.turn.window());
    let (context, of_part) = (Arc::clone(&job.turn.engine.context), Arc::clone(project));
    let collecting = spawn_blocking(move || {
        let read = |path: &str| shown_text(&context, path);
        material(&of_part.tree, &of_part.outline, number, read, tokens)
    });
    let collected = collecting.await;
    let material =
        collected.map_err(|error| failed(format!("files could not be read: {error}")))?;
    let [text] = job.turn.redact_secret_values([material.text]).await?;
    let schema = words::schema();
    let request = SideRequest {
        system: Some(words::TASK),
        messages: vec![Message::user(text)],
        schema: Some(&schema),
        reply_tokens: REPLY_TOKENS,
    };
    match job.ask_model(request).await {
        Ok(reply) => {
            let object = reply.object.unwrap_or_default();
            Ok(Ok(description(&object, &material.shown, &project.existing)))
        }
        Err(SideError::Stopped) => Err(TurnEnd::Stopped),
        Err(error) => Ok(Err(error)),
    }
}

/// Says what did not go as wanted.
async fn notify(job: &JobRun<'_, '_>, plan: &Plan, described: &Described) {
    if let Some(why) = &described.gave_up {
        let all = if described.words.is_empty() {
            "the document is made of facts alone"
        } else {
            "the other parts have facts alone"
        };
        job.notice(&format!("the model could not be asked: {why}; {all}"))
            .await;
    }
    if plan.overview_by_hand {
        job.notice("the overview was changed by hand and is left as it is; delete its block to have a new one")
            .await;
    }
}

/// What was done, in a few sentences.
fn report(project: &Project, plan: &Plan, described: &Described) -> String {
    let list = |parts: &[usize]| {
        let labels: Vec<String> = parts
            .iter()
            .map(|part| code(project.outline.label(*part)))
            .collect();
        labels.join(", ")
    };
    let parts = |count: usize| match count {
        1 => "1 part".to_owned(),
        _ => format!("{count} parts"),
    };
    let mut sentences = vec![format!(
        "{} described, {} kept.",
        parts(described.words.len()),
        plan.kept.len() + plan.by_hand.len()
    )];
    if !plan.by_hand.is_empty() {
        sentences.push(format!(
            "Changed by hand, so left as they are: {}; `--part` renews them.",
            list(&plan.by_hand)
        ));
    }
    match plan.gone {
        0 => {}
        1 => sentences.push("1 part that is gone was taken out.".to_owned()),
        count => sentences.push(format!("{count} parts that are gone were taken out.")),
    }
    sentences.extend(doubted(&described.doubts));
    if !described.empty.is_empty() {
        sentences.push(format!(
            "No new description came of it for {}.",
            list(&described.empty)
        ));
    }
    sentences.join(" ")
}

/// How many sentences were taken out, and what some of them cited or named.
fn doubted(doubts: &[Doubt]) -> Option<String> {
    let is_cited = |doubt: &&Doubt| matches!(doubt, Doubt::Citation(_) | Doubt::Uncited);
    let cited = doubts.iter().filter(is_cited).count();
    let examples = doubts.iter().filter_map(|doubt| match doubt {
        Doubt::Citation(what) | Doubt::Name(what) => Some(code(what)),
        Doubt::Uncited | Doubt::Unfit => None,
    });
    let examples: Vec<String> = examples.take(MOST_EXAMPLES).collect();
    let sentences = match doubts.len() {
        0 => return None,
        1 => "1 sentence of the model did not hold and was taken out".to_owned(),
        count => format!("{count} sentences of the model did not hold and were taken out"),
    };
    let examples = match examples.as_slice() {
        [] => String::new(),
        examples => format!(": {}", examples.join(", ")),
    };
    let cited = match cited {
        0 => String::new(),
        count => format!(", {count} for their citation"),
    };
    Some(format!("{sentences}{cited}{examples}."))
}

#[cfg(test)]
mod tests;
