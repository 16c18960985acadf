//! One question of a program, answered in a conversation of its own. Nobody is there to ask, so
//! what needs approval is denied, and its call says so.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::error::ApiError;
use super::request::{Input, given_session, workspace};
use crate::conversation::commands::CommandScope;
use crate::conversation::mentions::mentioned_files;
use crate::conversation::{Conversation, EndReason, Update};
use crate::engine::Question;
use crate::engine::event::{Event, TurnEnd};
use crate::frontends::events_json::JsonEvent;
use crate::frontends::failure::failure;
use crate::frontends::web::Server;
use crate::frontends::web::room::event;
use crate::frontends::web::stream::{StreamFormat, values};

#[derive(Debug, Deserialize)]
pub struct AgentQuestion {
    message: String,
    agent_mode: Option<bool>,
    use_rag: Option<bool>,
    /// The session to continue.
    session: Option<String>,
    workspace: Option<String>,
}

pub async fn chat(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    Input(asked): Input<AgentQuestion>,
) -> Result<Response, ApiError> {
    if asked.message.trim().is_empty() {
        return Err(ApiError::bad_request("`message` is empty"));
    }
    let permit = Arc::clone(&server.rooms.agents).try_acquire_owned();
    let permit = permit.map_err(|_| {
        let message = "too many questions are being answered: ask again later";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_questions", message)
    })?;
    let mut turn = AgentTurn::begin(&server, asked, permit).await?;
    let Some(format) = StreamFormat::accepted(&headers) else {
        while turn.next().await.is_some() {}
        return turn.answer().map(IntoResponse::into_response);
    };
    let values_of_turn = stream::unfold(turn, |mut turn: AgentTurn| async move {
        let value = turn.next().await?;
        Some((value, turn))
    });
    Ok(values(format, values_of_turn))
}

/// A question that is being answered.
struct AgentTurn {
    conversation: Conversation,
    /// Events that are not sent yet.
    pending: VecDeque<Value>,
    session: String,
    /// Text since the last call: at the end, the answer.
    text: String,
    calls: Vec<Value>,
    how: Option<EndReason>,
    _permit: OwnedSemaphorePermit,
}

impl AgentTurn {
    async fn begin(
        server: &Server,
        asked: AgentQuestion,
        permit: OwnedSemaphorePermit,
    ) -> Result<AgentTurn, ApiError> {
        let here = workspace(&server.shared, asked.workspace.as_deref())?;
        let session = given_session(&here, asked.session).await?;
        let root = here.root().to_owned();
        let mut conversation = Conversation::new(Arc::clone(&server.shared), None);
        conversation.begin_in(here);
        conversation.begin_with(session, None);
        conversation.begin_alone();
        let stop = &server.shared.stop;
        let files = mentioned_files(&asked.message, root, Arc::default(), stop).await;
        let question = conversation.question(asked.message, CommandScope::Page);
        let question = Question {
            files: files.ok().flatten().unwrap_or_default(),
            read_only: asked.agent_mode == Some(false),
            without_search: asked.use_rag == Some(false),
            ..question.await
        };
        conversation.ask(None, question);
        Ok(AgentTurn {
            conversation,
            pending: VecDeque::new(),
            session: String::new(),
            text: String::new(),
            calls: Vec::new(),
            how: None,
            _permit: permit,
        })
    }

    /// The next event, in the form of `chat --json`; `None` after the last one.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(value) = self.pending.pop_front() {
                return Some(value);
            }
            if self.how.is_some() {
                return None;
            }
            match self.conversation.update().await {
                Update::Opened => self.opened(),
                Update::Event(numbered) => self.event(&numbered.event),
                Update::Ended(ended) => self.ended(ended.how),
            }
        }
    }

    fn opened(&mut self) {
        let Some(opened) = self.conversation.take_opened() else {
            return;
        };
        self.session = opened.id.to_string();
        self.push(&JsonEvent::Started {
            session: opened.id.as_str(),
            model: &opened.model.name,
            window: opened.model.window,
            confinement: opened.confinement.name(),
        });
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Text(piece) => self.text.push_str(piece),
            Event::TextWasThought | Event::AskedAgain { .. } => self.text.clear(),
            Event::ToolStarted { id, tool, what, .. } => {
                // Text before a call is not the answer, unless it is being checked.
                if !event.is_of_check() {
                    self.text.clear();
                }
                self.calls.push(json!({
                    "id": id,
                    "tool": tool,
                    "what": what,
                    "outcome": null,
                    "summary": "",
                }));
            }
            _ => {}
        }
        let value = serde_json::to_value(JsonEvent::from(event)).unwrap_or_default();
        if let Event::ToolFinished { id, .. } = event {
            let mut calls = self.calls.iter_mut().rev();
            if let Some(call) = calls.find(|call| call["id"] == id.as_str()) {
                call["outcome"] = value["outcome"].clone();
                call["summary"] = value["summary"].clone();
            }
        }
        self.pending.push_back(value);
    }

    fn ended(&mut self, how: EndReason) {
        match &how {
            // Its event was the last one.
            EndReason::Turn(_) => {}
            EndReason::Failed(error) => self.push(&JsonEvent::from(&failure(error))),
            how => self.pending.push_back(event::end(how)),
        }
        let is_answered = matches!(
            how,
            EndReason::Turn(TurnEnd::Answered | TurnEnd::Planned | TurnEnd::Cut)
        );
        let why = if is_answered { "answered" } else { "stopped" };
        if let Err(error) = self.conversation.release(why) {
            tracing::warn!("{error}");
        }
        self.how = Some(how);
    }

    fn push(&mut self, event: &JsonEvent<'_>) {
        let value = serde_json::to_value(event).unwrap_or_default();
        self.pending.push_back(value);
    }

    /// The answer, once the turn is over.
    fn answer(self) -> Result<Json<Value>, ApiError> {
        let how = match self.how {
            Some(EndReason::Failed(error)) => return Err(error.into()),
            Some(how) => event::end(&how),
            None => Value::Null,
        };
        let mut answer = json!({
            "response": self.text.trim(),
            "tool_calls": self.calls,
            "session": self.session,
            "ended": how["how"],
        });
        for name in ["reason", "code", "hint", "steps"] {
            if let Some(value) = how.get(name) {
                answer[name] = value.clone();
            }
        }
        Ok(Json(answer))
    }
}
