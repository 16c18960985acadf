//! The other direction: a design for something new, from what the index finds for the goal.

mod draft;
mod material;

use std::sync::Arc;

use ollacode_indexer::{Freshness, SearchRequest};
use tokio::task::spawn_blocking;

use super::document::code;
use super::in_short;
use super::project::Project;
use super::target::{Target, write};
use crate::engine::event::{Event, Failure, FailureCode, TurnEnd};
use crate::engine::jobs::{JobRun, failed};
use crate::engine::side::{SideError, SideRequest};
use crate::message::{Message, Source};
use crate::model::EditForm;
use crate::model::budget::part;
use crate::retrieval::{ContextStyle, RetrievedContext, context, relevant};
use crate::text::with_causes;
use draft::{Draft, Places, schema};
use material::{related, request};

/// The task.
const TASK: &str = include_str!("goal.md");
/// Most hits that are requested.
const HITS: usize = 12;
/// Longest query, in characters.
const LONGEST_QUERY: usize = 2_000;
/// Most tokens of found code.
const MOST_CODE: u32 = 6_000;
/// Most tokens of a draft, and the percentage of the window that it may fill.
const REPLY_TOKENS: u32 = 2_500;
const REPLY_PERCENT: u32 = 30;
/// How often a draft is asked for.
const ATTEMPTS: usize = 2;

/// What comes after a draft.
const NEXT: &str = "`/task` in a chat, or `ollacode task`, carries out the steps.";

/// Drafts a design, shows it, and writes it if a file is named.
pub(super) async fn draft(
    job: &mut JobRun<'_, '_>,
    goal: &str,
    out: Option<&str>,
) -> Result<(), TurnEnd> {
    let goal = goal.trim();
    if goal.is_empty() {
        let failure = Failure::new(FailureCode::QuestionMissing, "the goal is empty");
        return Err(TurnEnd::Failed(failure));
    }
    let target = match out {
        Some(_) => Some(new_file(job, out).await?),
        None => None,
    };
    let project = Arc::new(Project::read(job).await?);
    let found = found(job, goal).await?;
    let paths: Vec<&str> = found
        .sources
        .iter()
        .map(|source| source.path.as_str())
        .collect();
    let related = related(&project, &paths);
    let asked = request(&project, goal, &found, &related, job.turn.window());
    let draft = match asked_for(job, &project, &asked).await? {
        Ok(draft) => draft,
        Err(why) => return given_up(job, &found.sources, &related, why).await,
    };
    let text = draft.markdown(goal, &found.sources);
    let Some(target) = target else {
        job.say(&text).await?;
        // Not part of the draft, which may go into a file.
        job.notice(&format!(
            "no file was written; `--out FILE` does that. {NEXT}"
        ))
        .await;
        return Ok(());
    };
    let path = code(&target.path);
    if write(job, &target, &text).await? {
        let steps = draft.steps_markdown();
        job.say(&format!("Wrote {path}.\n\n{steps}\n\n{NEXT}\n"))
            .await
    } else {
        job.say(&format!(
            "{path} was not written; the design was:\n\n{text}"
        ))
        .await
    }
}

/// The file for a draft, which must be new: a draft is put into no other text.
async fn new_file(job: &JobRun<'_, '_>, out: Option<&str>) -> Result<Target, TurnEnd> {
    let target = Target::find(job, out).await?;
    if target.exists {
        return Err(failed(format!(
            "{} exists, and a draft overwrites nothing: name a new file with `--out`",
            code(&target.path)
        )));
    }
    Ok(target)
}

/// What the index finds for the goal.
async fn found(job: &mut JobRun<'_, '_>, goal: &str) -> Result<RetrievedContext, TurnEnd> {
    let query: String = goal.chars().take(LONGEST_QUERY).collect();
    let request = SearchRequest {
        query: query.clone(),
        also: Vec::new(),
        limit: HITS,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let code = Arc::clone(&job.turn.engine.context.code);
    let searching = job.turn.stop.run_until_cancelled(code.search(&request));
    let answer = match searching.await.ok_or(TurnEnd::Stopped)? {
        Ok(answer) => answer,
        Err(error) => {
            let why = with_causes(&error);
            return Err(failed(format!("the index could not be searched: {why}")));
        }
    };
    for note in answer.notes {
        job.notice(&note).await;
    }
    // Something new has no words in common with what is there: then the best hits still help.
    let mut hits = relevant(&query, answer.hits.clone());
    if hits.is_empty() {
        hits = answer.hits;
        hits.truncate(HITS / 2);
    }
    let tokens = part(job.turn.window(), 20).min(MOST_CODE) as usize;
    let found = context(&hits, tokens, ContextStyle::Outlines, EditForm::Search);
    job.turn.add_sources(found.sources.iter().cloned());
    let sources = found.sources.clone();
    job.turn.events.send(Event::Retrieved { sources }).await;
    Ok(found)
}

/// Asks the model, once more if its reply is of no use.
async fn asked_for(
    job: &JobRun<'_, '_>,
    project: &Arc<Project>,
    request: &str,
) -> Result<Result<Draft, SideError>, TurnEnd> {
    let window = job.turn.window();
    let schema = schema();
    let mut text = request.to_owned();
    let mut failure = None;
    for attempt in 1..=ATTEMPTS {
        let [clean] = job.turn.redact_secret_values([text]).await?;
        let asked = SideRequest {
            system: Some(TASK),
            messages: vec![Message::user(clean)],
            schema: Some(&schema),
            reply_tokens: part(window, REPLY_PERCENT).min(REPLY_TOKENS),
        };
        let why = match job.ask_model(asked).await {
            Ok(reply) => {
                let object = reply.object.unwrap_or_default();
                let (context, of_draft) =
                    (Arc::clone(&job.turn.engine.context), Arc::clone(project));
                let reading = spawn_blocking(move || {
                    let places = Places {
                        jail: &context.jail,
                        rules: &context.rules,
                        existing: &of_draft.existing,
                    };
                    Draft::read(&object, &places)
                });
                let read = reading.await;
                match read.map_err(|error| failed(format!("files could not be read: {error}")))? {
                    Ok(draft) => return Ok(Ok(draft)),
                    Err(why) => {
                        failure = Some(SideError::Unfit {
                            text: reply.text,
                            required: Vec::new(),
                        });
                        why
                    }
                }
            }
            Err(SideError::Stopped) => return Err(TurnEnd::Stopped),
            Err(error) if error.is_hopeless() => return Ok(Err(error)),
            Err(error) => {
                let why = match &error {
                    SideError::Model(error) => error.to_string(),
                    _ => "it is no JSON object with all members".to_owned(),
                };
                failure = Some(error);
                why
            }
        };
        if attempt < ATTEMPTS {
            job.notice(&format!(
                "the model's draft could not be used: {why}; asking once more"
            ))
            .await;
        }
        text = format!("{request}\n\nYour last reply could not be used: {why}.");
    }
    Ok(Err(failure.unwrap_or(SideError::Stopped)))
}

/// Without a draft, the files that were found still help.
async fn given_up(
    job: &JobRun<'_, '_>,
    sources: &[Source],
    related: &[(String, String)],
    why: SideError,
) -> Result<(), TurnEnd> {
    let found = sources
        .iter()
        .map(|source| format!("{}:{}-{}", source.path, source.start_line, source.end_line));
    let found = found.map(|place| format!("- {}", code(&place)));
    let related = related
        .iter()
        .map(|(path, reason)| format!("- {}: {reason}", code(path)));
    let lines: Vec<String> = found.chain(related).collect();
    if !lines.is_empty() {
        let lines = lines.join("\n");
        job.say(&format!(
            "There is no draft. What belongs to the goal:\n\n{lines}\n"
        ))
        .await?;
    }
    Err(match why {
        SideError::Model(error) => TurnEnd::Failed(error.failure()),
        other => {
            let why = format!(
                "the model gave no design that can be used: {}",
                in_short(&other)
            );
            let failure = Failure::new(FailureCode::ReplyUnusable, why);
            TurnEnd::Failed(
                failure.with_hint("try again, say the goal in other words, or take a larger model"),
            )
        }
    })
}
