//! Has the model write the message.

use super::files::{Gathered, git_failed};
use crate::engine::clip::clipped_to;
use crate::engine::event::TurnEnd;
use crate::engine::side::{SideError, SideRequest, ask_aside};
use crate::engine::turn::Turn;
use crate::engine::user_message::{UserMessage, is_note};
use crate::git::message::{
    FileChange, MessageMaterial, SCHEMA, SYSTEM, plain, taken, with_trailer,
};
use crate::git::state::subjects;
use crate::message::Message;
use crate::model::budget::part;

/// Subjects of earlier commits that are shown for their style.
const SUBJECTS: u32 = 10;
/// Percent of the window for the changes.
const CHANGES_PERCENT: u32 = 25;
/// How often the model is asked.
const TRIES: usize = 2;
/// Most tokens of a reply.
const REPLY_TOKENS: u32 = 400;
/// Questions of the user that are shown, and the tokens of each.
const QUESTIONS: usize = 3;
const QUESTION_TOKENS: u32 = 200;

/// Writes the message of a commit, with the trailer. Without the model's help it names the files.
///
/// # Errors
///
/// It was stopped, git failed, or secrets cannot be looked for.
pub(super) async fn write(
    turn: &Turn<'_>,
    gathered: &Gathered,
    hint: &str,
) -> Result<String, TurnEnd> {
    let changes = gathered.changes();
    if changes.is_empty() {
        // The user has yet to choose files.
        return Ok(String::new());
    }
    let message = match written_by_model(turn, gathered, &changes, hint).await? {
        Ok(message) => message,
        Err(why) => {
            turn.notice(format!("the message names the files, because {why}"))
                .await;
            plain(&changes)
        }
    };
    Ok(trailed(turn, &message))
}

/// A message with the trailer that is set, if one is.
pub(super) fn trailed(turn: &Turn<'_>, message: &str) -> String {
    let trailer = turn.engine.commit_trailer.as_deref();
    with_trailer(message, trailer, &turn.session.model.profile().name)
}

/// The message of the model, or why there is none.
async fn written_by_model(
    turn: &Turn<'_>,
    gathered: &Gathered,
    changes: &[FileChange],
    hint: &str,
) -> Result<Result<String, String>, TurnEnd> {
    let earlier = subjects(&gathered.git, SUBJECTS, &turn.stop);
    let earlier = earlier.await.map_err(git_failed)?;
    let words = asked(&turn.session.messages);
    let mut complaint = String::new();
    for _ in 0..TRIES {
        let material = MessageMaterial {
            changes,
            words: &words,
            hint,
            subjects: &earlier,
            complaint: &complaint,
        };
        let prompt = material.prompt(part(turn.window(), CHANGES_PERCENT));
        let [prompt] = turn.redact_secret_values([prompt]).await?;
        let request = SideRequest {
            system: Some(SYSTEM),
            messages: vec![Message::user(prompt)],
            schema: Some(&SCHEMA),
            reply_tokens: REPLY_TOKENS,
        };
        let _replying = turn.replying();
        complaint = match ask_aside(&*turn.session.model, request, &turn.stop).await {
            Ok(reply) => match taken(&reply.object.unwrap_or_default(), &earlier) {
                Ok(message) => {
                    let [message] = turn.redact_secret_values([message]).await?;
                    return Ok(Ok(message));
                }
                Err(problem) => problem,
            },
            Err(SideError::Stopped) => return Err(TurnEnd::Stopped),
            Err(error @ SideError::Model(_)) => {
                return Ok(Err(format!("the model did not answer: {error}")));
            }
            Err(SideError::Unfit { .. }) => {
                "it was not a JSON object with the member `subject`".to_owned()
            }
        };
    }
    Ok(Err(format!(
        "the model wrote no usable message in {TRIES} tries: {complaint}"
    )))
}

/// The last questions of the user, oldest first.
fn asked(messages: &[Message]) -> String {
    let questions = messages.iter().rev().filter_map(|message| match message {
        Message::User { text, .. } if !is_note(text) => {
            let message = UserMessage::parse(text);
            Some(clipped_to(message.task(), QUESTION_TOKENS).into_owned())
        }
        _ => None,
    });
    let mut questions: Vec<String> = questions.take(QUESTIONS).collect();
    questions.reverse();
    questions.join("\n\n")
}
