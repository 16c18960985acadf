//! A call of a tool: its time, what the server asks meanwhile, and how often it is repeated.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, InputResponses,
    ServerResult as ServerAnswer,
};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::super::elicitation::{ElicitationAnswer, METHOD, elicit};
use super::super::questions::{Listening, Question};
use super::super::results::{CallAnswer, call_answer};
use super::super::{McpError, ServerResult};
use super::{Connection, LONGEST_WORDS, RequestError, withdrawn};
use crate::permission::Approver;

/// How often a call is repeated with what the server asked for.
const MOST_ROUNDS: u32 = 10;
/// Most questions of a server to the user during a call.
const MOST_QUESTIONS: usize = 5;
/// Pause before a call is repeated for which nothing was asked.
const PAUSE: Duration = Duration::from_millis(200);

/// A call of a tool.
pub(in crate::mcp) struct ToolCall<'a> {
    pub tool: &'a str,
    pub arguments: Map<String, Value>,
    /// Longest time, without that in which the user is asked.
    pub limit: Duration,
    pub approver: &'a dyn Approver,
    pub stop: &'a CancellationToken,
}

/// What goes on during a call.
struct Course {
    listening: Listening,
    /// When its time is over.
    deadline: Instant,
    /// Questions that may still be asked.
    questions: usize,
}

impl Connection {
    /// Calls a tool.
    pub async fn call(&self, call: ToolCall<'_>) -> Result<ServerResult, RequestError> {
        let mut course = Course {
            listening: self.questions.listen(),
            deadline: Instant::now() + call.limit,
            questions: MOST_QUESTIONS,
        };
        let params = CallToolRequestParams::new(call.tool.to_owned());
        let mut params = params.with_arguments(call.arguments.clone());
        for round in 1..=MOST_ROUNDS {
            let request = CallToolRequest::new(params.clone());
            let request = ClientRequest::CallToolRequest(request);
            let answer = self.answered(request, &call, &mut course).await?;
            let answer = serde_json::to_value(&answer).unwrap_or_default();
            match call_answer(answer) {
                CallAnswer::Done(result) => return Ok(result),
                CallAnswer::Strange(why) => return Err(self.refused(&why)),
                CallAnswer::NeedsInput { requests, state } => {
                    params.request_state = state;
                    params.input_responses = match requests.is_empty() {
                        true => {
                            self.pause(round, &call, &course).await?;
                            None
                        }
                        false => Some(self.inputs(requests, &call, &mut course).await?),
                    };
                }
            }
        }
        let why = format!("it asked for further input more than {MOST_ROUNDS} times");
        Err(self.refused(&why))
    }

    fn refused(&self, why: &str) -> RequestError {
        let why = why.chars().take(LONGEST_WORDS).collect();
        McpError::Refused(self.name.clone(), why).into()
    }

    /// Sends a request and waits for its answer; questions of the server go to the user meanwhile.
    async fn answered(
        &self,
        request: ClientRequest,
        call: &ToolCall<'_>,
        course: &mut Course,
    ) -> Result<ServerAnswer, RequestError> {
        let mut handle = self.begin(request).await?;
        let mut asking: Option<BoxFuture<'_, ()>> = None;
        let mut asked_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                answer = &mut handle.rx => return self.understood(answer),
                () = self.screen.over().cancelled() => return Err(RequestError::Ended),
                () = call.stop.cancelled() => {
                    return Err(withdrawn(handle, McpError::Stopped).await);
                }
                () = end_of(&mut asking), if asking.is_some() => {
                    asking = None;
                    course.deadline += asked_at.elapsed();
                }
                () = sleep_until(course.deadline), if asking.is_none() => {
                    return Err(withdrawn(handle, self.too_late(call.limit)).await);
                }
                Some(question) = course.listening.received.recv(), if asking.is_none() => {
                    // Dropping a question declines it.
                    if course.questions > 0 {
                        course.questions -= 1;
                        asked_at = Instant::now();
                        asking = Some(self.ask(question, call).boxed());
                    }
                }
            }
        }
    }

    /// Asks the user, unless the server withdraws the question before.
    async fn ask(&self, question: Question, call: &ToolCall<'_>) {
        let Question {
            parameters,
            mut reply,
        } = question;
        let answer = tokio::select! {
            answer = elicit(&self.name, &parameters, call.approver) => answer,
            () = reply.closed() => return,
        };
        // The server may have ended meanwhile.
        let _ = reply.send(answer);
    }

    /// The answers to what a server needs to go on.
    async fn inputs(
        &self,
        requests: Map<String, Value>,
        call: &ToolCall<'_>,
        course: &mut Course,
    ) -> Result<InputResponses, RequestError> {
        let mut responses = InputResponses::new();
        for (key, request) in requests {
            let method = request["method"].as_str().unwrap_or("?");
            if method != METHOD {
                let why = format!("it asks for `{method}`, which ollacode does not offer");
                return Err(self.refused(&why));
            }
            let asked_at = Instant::now();
            let answer = match course.questions {
                0 => ElicitationAnswer::Decline,
                _ => tokio::select! {
                    answer = elicit(&self.name, &request["params"], call.approver) => answer,
                    () = call.stop.cancelled() => return Err(McpError::Stopped.into()),
                },
            };
            course.questions = course.questions.saturating_sub(1);
            course.deadline += asked_at.elapsed();
            let response = match answer {
                ElicitationAnswer::Accept(content) => {
                    json!({"action": "accept", "content": content})
                }
                ElicitationAnswer::Decline => json!({"action": "decline"}),
            };
            responses.insert(key, response);
        }
        Ok(responses)
    }

    /// Waits a little before a call is repeated.
    async fn pause(
        &self,
        round: u32,
        call: &ToolCall<'_>,
        course: &Course,
    ) -> Result<(), RequestError> {
        tokio::select! {
            () = sleep(PAUSE * round) => Ok(()),
            () = call.stop.cancelled() => Err(McpError::Stopped.into()),
            () = sleep_until(course.deadline) => Err(self.too_late(call.limit).into()),
        }
    }
}

/// Waits for the end of what may be going on.
async fn end_of(asking: &mut Option<BoxFuture<'_, ()>>) {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}
