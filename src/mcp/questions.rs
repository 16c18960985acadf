//! Questions of a server while a connection is open: they go to the call that runs, and nowhere if none
//! does. Only questions to the user are offered.

use std::sync::Arc;

use parking_lot::Mutex;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ClientResult, ElicitResult, ElicitationAction,
    ElicitationCapability, ErrorCode, ErrorData, FormElicitationCapability, Implementation,
    ServerNotification, ServerRequest, UrlElicitationCapability,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{RoleClient, Service};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::elicitation::{ElicitationAnswer, METHOD};

/// Most questions that wait for a call.
const MOST_WAITING: usize = 4;

/// A question of a server to the user.
pub(super) struct Question {
    /// What it asks, in its own words.
    pub parameters: Value,
    pub reply: oneshot::Sender<ElicitationAnswer>,
}

/// The calls that run on a connection, and can pass on a question.
#[derive(Default)]
pub(super) struct Questions {
    calls: Mutex<RunningCalls>,
}

#[derive(Default)]
struct RunningCalls {
    last: u64,
    calls: Vec<(u64, mpsc::Sender<Question>)>,
}

/// Receives questions until it is dropped.
pub(super) struct Listening {
    id: u64,
    questions: Arc<Questions>,
    pub received: mpsc::Receiver<Question>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut running = self.questions.calls.lock();
        running.calls.retain(|(id, _)| *id != self.id);
    }
}

impl Questions {
    /// Has questions come to a call. The protocol does not say which call a question belongs to: it is
    /// the one that began last.
    pub fn listen(self: &Arc<Questions>) -> Listening {
        let (sender, received) = mpsc::channel(MOST_WAITING);
        let mut running = self.calls.lock();
        running.last += 1;
        let id = running.last;
        running.calls.push((id, sender));
        Listening {
            id,
            questions: Arc::clone(self),
            received,
        }
    }

    /// The answer to a question; declined where no call runs, or too many questions wait.
    async fn ask(&self, parameters: Value) -> ElicitationAnswer {
        let call = {
            let running = self.calls.lock();
            running.calls.last().map(|(_, sender)| sender.clone())
        };
        let (reply, answer) = oneshot::channel();
        let question = Question { parameters, reply };
        match call.map(|call| call.try_send(question)) {
            Some(Ok(())) => answer.await.unwrap_or(ElicitationAnswer::Decline),
            _ => ElicitationAnswer::Decline,
        }
    }
}

/// What a server may ask of this program.
pub(super) struct Client {
    questions: Arc<Questions>,
}

impl Client {
    pub fn new(questions: Arc<Questions>) -> Client {
        Client { questions }
    }

    async fn elicited(&self, parameters: Value) -> ClientResult {
        let result = match self.questions.ask(parameters).await {
            ElicitationAnswer::Accept(content) => {
                ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content))
            }
            ElicitationAnswer::Decline => ElicitResult::new(ElicitationAction::Decline),
        };
        ClientResult::ElicitResult(result)
    }
}

impl Service<RoleClient> for Client {
    async fn handle_request(
        &self,
        request: ServerRequest,
        context: RequestContext<RoleClient>,
    ) -> Result<ClientResult, ErrorData> {
        let parameters = match request {
            ServerRequest::PingRequest(_) => return Ok(ClientResult::empty(())),
            ServerRequest::ElicitRequest(request) => {
                serde_json::to_value(&request.params).unwrap_or_default()
            }
            // Its form is not as the protocol has it.
            ServerRequest::CustomRequest(request) if request.method == METHOD => {
                request.params.unwrap_or_default()
            }
            _ => {
                let why = "ollacode does not offer this";
                return Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, why, None));
            }
        };
        tokio::select! {
            result = self.elicited(parameters) => Ok(result),
            () = context.ct.cancelled() => {
                Ok(ClientResult::ElicitResult(ElicitResult::new(ElicitationAction::Cancel)))
            }
        }
    }

    /// Nothing depends on them; the screen has looked at them.
    async fn handle_notification(
        &self,
        _: ServerNotification,
        _: NotificationContext<RoleClient>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::builder().build();
        let elicitation = ElicitationCapability::new()
            .with_form(FormElicitationCapability::new())
            .with_url(UrlElicitationCapability::new());
        capabilities.elicitation = Some(elicitation);
        let program = Implementation::new("ollacode", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(capabilities, program)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_question_goes_to_the_call_that_began_last() {
        let questions = Arc::new(Questions::default());
        let mut first = questions.listen();
        let mut second = questions.listen();
        let asked = questions.ask(json!({"message": "?"}));
        let answered = async {
            let question = second.received.recv().await.expect("a question");
            assert_eq!(question.parameters, json!({"message": "?"}));
            let answer = ElicitationAnswer::Accept(serde_json::Map::new());
            question.reply.send(answer).expect("somebody waits");
        };
        let (answer, ()) = tokio::join!(asked, answered);
        assert_eq!(answer, ElicitationAnswer::Accept(serde_json::Map::new()));
        drop(second);
        let asked = questions.ask(json!({}));
        let dropped = async { drop(first.received.recv().await) };
        let (answer, ()) = tokio::join!(asked, dropped);
        assert_eq!(answer, ElicitationAnswer::Decline);
    }

    #[tokio::test]
    async fn without_a_call_and_with_too_many_questions_it_is_declined() {
        let questions = Arc::new(Questions::default());
        assert_eq!(questions.ask(json!({})).await, ElicitationAnswer::Decline);
        let listening = questions.listen();
        let mut waiting: Vec<_> = (0..MOST_WAITING)
            .map(|_| Box::pin(questions.ask(json!({}))))
            .collect();
        for asked in &mut waiting {
            assert!(futures::poll!(asked).is_pending());
        }
        assert_eq!(questions.ask(json!({})).await, ElicitationAnswer::Decline);
        drop(listening);
        for asked in waiting {
            assert_eq!(asked.await, ElicitationAnswer::Decline);
        }
        assert_eq!(questions.ask(json!({})).await, ElicitationAnswer::Decline);
    }

    #[test]
    fn what_is_offered_is_said() {
        let client = Client::new(Arc::default());
        let info = client.get_info();
        let offered = serde_json::to_value(&info.capabilities).expect("plain data");
        assert_eq!(offered, json!({"elicitation": {"form": {}, "url": {}}}));
        assert_eq!(info.client_info.name, "ollacode");
    }
}
