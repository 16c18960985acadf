//! Skills in a turn: the text of the one that the user starts, and which ones a model is told of.

use tokio::task::spawn_blocking;

use super::clip::clipped_to;
use super::event::{Failure, FailureCode, TurnEnd};
use super::turn::Turn;
use super::{Engine, Question};
use crate::model::budget::part;
use crate::model::{ModelProfile, ToolSpec};
use crate::skills::{Room, SkillError, SkillOrigin, ToldSkill, is_told, told_section};
use crate::tools::USE_SKILL;
use crate::visible::escape_hidden;

/// Smallest window, in tokens, of models that are told of skills.
const SMALLEST_WINDOW: u32 = 16_384;
/// Percent of the window for the text of a skill with its arguments,
const BODY: u32 = 35;
/// and for files of it.
const FILES: u32 = 10;
/// Percent of the window for the line that was typed.
const TYPED: u32 = 10;

/// Whether a model has room to be told of skills.
pub(super) fn has_room(profile: &ModelProfile) -> bool {
    !profile.weak && profile.window >= SMALLEST_WINDOW
}

/// Whether a stored system prompt names skills just where their tool is offered.
pub(super) fn fits(prompt: &str, tools: &[ToolSpec]) -> bool {
    is_told(prompt) == has_tool(tools)
}

fn has_tool(tools: &[ToolSpec]) -> bool {
    tools.iter().any(|tool| tool.name == USE_SKILL)
}

impl Question {
    /// The user's own words: the text, without the name of a skill.
    pub(super) fn words(&self) -> &str {
        let skill = self.skill.as_ref();
        skill.map_or(self.text.as_str(), |skill| skill.arguments.as_str())
    }
}

impl Engine {
    /// The section of the system prompt about skills; empty where their tool is not offered.
    pub(super) fn told_skills(&self, tools: &[ToolSpec]) -> String {
        told_section(&self.skills_told(tools))
    }

    /// What the user is told once where a model is told of skills of the repository.
    pub(super) fn skills_notice(&self, tools: &[ToolSpec]) -> Option<String> {
        let told = self.skills_told(tools).into_iter();
        let theirs = told.filter(|skill| skill.origin == SkillOrigin::Repository);
        let names: Vec<String> = theirs.map(|skill| skill.name).collect();
        let notice = format!(
            "the model is told of skills of this repository: {}; /skills lists them",
            names.join(", ")
        );
        (!names.is_empty() && self.is_news(&notice)).then_some(notice)
    }

    fn skills_told(&self, tools: &[ToolSpec]) -> Vec<ToldSkill> {
        if !has_tool(tools) {
            return Vec::new();
        }
        let facts = self.facts.lock();
        let skills = facts.as_ref().map(|facts| facts.skills.clone());
        skills.unwrap_or_default()
    }
}

impl Turn<'_> {
    /// The section of the user's message for the skill that the question starts, without secrets. One that
    /// cannot be used, or does not fit, ends the turn before anything is sent.
    pub(super) async fn skill_section(
        &mut self,
        question: &Question,
    ) -> Result<Option<String>, TurnEnd> {
        let Some(call) = question.skill.clone() else {
            return Ok(None);
        };
        let room = Room {
            body: part(self.window(), BODY),
            files: part(self.window(), FILES),
            has_tool: has_tool(&self.tools),
        };
        let (library, jail) = (self.engine.skills.clone(), self.engine.context.jail.clone());
        let name = escape_hidden(&call.name).into_owned();
        let reading = spawn_blocking(move || library.instructions(&jail, &call, room));
        let failed = |code, message: String| TurnEnd::Failed(Failure::new(code, message));
        let read = reading.await.map_err(|error| {
            let message = format!("the skill could not be read: {error}");
            failed(FailureCode::JobFailed, message)
        })?;
        let (text, origin) = read.map_err(|error| {
            let message = escape_hidden(&error.to_string()).into_owned();
            match error {
                SkillError::TooLong { .. } => {
                    let hint = "shorten it, move parts of it into files in `references/`, or set \
                                MAX_CONTEXT_TOKENS higher";
                    let failure = Failure::new(FailureCode::ContextTooLong, message);
                    TurnEnd::Failed(failure.with_hint(hint))
                }
                SkillError::Unknown { .. } => {
                    let failure = Failure::new(FailureCode::JobFailed, message);
                    TurnEnd::Failed(failure.with_hint("/skills lists them"))
                }
                _ => failed(FailureCode::JobFailed, message),
            }
        })?;
        if origin == SkillOrigin::Repository {
            let notice = format!("/{name} is text of this repository; /skills {name} shows it");
            self.notice_once(notice).await;
        }
        let [text] = self.redact_secret_values([text]).await?;
        Ok(Some(text))
    }

    /// The line that was typed, before the section of its skill: the arguments are in that whole.
    pub(super) fn typed(&self, text: &str) -> String {
        clipped_to(text.trim(), part(self.window(), TYPED)).into_owned()
    }
}
