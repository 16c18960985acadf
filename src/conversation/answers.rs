//! Approval requests and questions of a turn. Each is an event with an id, and is answered by that
//! id.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::engine::event::{AskId, Event};
use crate::permission::{ApprovalRequest, Approver, Decision};

/// Receives the answers to [`Event::ApprovalAsked`] and [`Event::QuestionAsked`]. Clones share
/// them.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    open: Arc<Mutex<PendingAnswers>>,
}

#[derive(Debug, Default)]
struct PendingAnswers {
    last: u64,
    asked: BTreeMap<AskId, PendingAnswer>,
}

/// A request that is not answered yet.
#[derive(Debug)]
struct PendingAnswer {
    reply: AnswerSender,
    /// Cancelled when the request is answered or withdrawn.
    closed: CancellationToken,
}

#[derive(Debug)]
enum AnswerSender {
    Decision(oneshot::Sender<Decision>),
    Text(oneshot::Sender<Option<String>>),
}

impl Answers {
    /// Decides about a call; `false` if no such request is open.
    pub fn decide(&self, id: AskId, decision: Decision) -> bool {
        match self.take(id, |reply| matches!(reply, AnswerSender::Decision(_))) {
            Some(AnswerSender::Decision(reply)) => reply.send(decision).is_ok(),
            _ => false,
        }
    }

    /// Answers a question of the model, with `None` if the user declines; `false` if no such
    /// question is open.
    pub fn answer(&self, id: AskId, text: Option<String>) -> bool {
        match self.take(id, |reply| matches!(reply, AnswerSender::Text(_))) {
            Some(AnswerSender::Text(reply)) => reply.send(text).is_ok(),
            _ => false,
        }
    }

    /// Is cancelled once the question is answered or withdrawn.
    pub fn closed(&self, id: AskId) -> CancellationToken {
        let lock = self.open.lock();
        lock.asked.get(&id).map_or_else(
            || {
                let closed = CancellationToken::new();
                closed.cancel();
                closed
            },
            |asked| asked.closed.clone(),
        )
    }

    fn take(&self, id: AskId, fits: impl Fn(&AnswerSender) -> bool) -> Option<AnswerSender> {
        let mut open = self.open.lock();
        open.asked.get(&id).filter(|asked| fits(&asked.reply))?;
        let asked = open.asked.remove(&id)?;
        asked.closed.cancel();
        Some(asked.reply)
    }

    /// Registers a request under a new id, until the value is dropped.
    fn ask(&self, reply: AnswerSender) -> WithdrawOnDrop<'_> {
        let mut open = self.open.lock();
        open.last += 1;
        let id = AskId(open.last);
        let closed = CancellationToken::new();
        open.asked.insert(id, PendingAnswer { reply, closed });
        WithdrawOnDrop { answers: self, id }
    }
}

/// Withdraws a request when nobody waits for the answer any more.
struct WithdrawOnDrop<'a> {
    answers: &'a Answers,
    id: AskId,
}

impl Drop for WithdrawOnDrop<'_> {
    fn drop(&mut self) {
        self.answers.take(self.id, |_| true);
    }
}

/// Asks through the event channel, so in order with all other events, and waits for the
/// [`Answers`].
pub(super) struct EventApprover {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) answers: Answers,
    /// Whether a user can answer. If not, everything is denied.
    pub(super) has_user: bool,
}

impl Approver for EventApprover {
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async move {
            if !self.has_user {
                return Decision::Deny(None);
            }
            let (reply, decision) = oneshot::channel();
            let waiting = self.answers.ask(AnswerSender::Decision(reply));
            let asked = Event::ApprovalAsked {
                id: waiting.id,
                request: Box::new(request.clone()),
            };
            // Without a receiver nobody can approve.
            if self.events.send(asked).await.is_err() {
                return Decision::Deny(None);
            }
            decision.await.unwrap_or(Decision::Deny(None))
        }
        .boxed()
    }

    fn answer<'a>(
        &'a self,
        question: &'a str,
        options: &'a [String],
    ) -> BoxFuture<'a, Option<String>> {
        async move {
            if !self.has_user {
                return None;
            }
            let (reply, answer) = oneshot::channel();
            let waiting = self.answers.ask(AnswerSender::Text(reply));
            let asked = Event::QuestionAsked {
                id: waiting.id,
                question: question.to_owned(),
                options: options.to_vec(),
            };
            self.events.send(asked).await.ok()?;
            answer.await.unwrap_or(None)
        }
        .boxed()
    }

    fn can_ask(&self) -> bool {
        self.has_user
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Preview;

    fn request() -> ApprovalRequest {
        ApprovalRequest {
            call_id: "call_1".to_owned(),
            tool: "run_command".to_owned(),
            title: "run a command".to_owned(),
            preview: Preview::Command("ls".to_owned()),
            files: Vec::new(),
            reason: String::new(),
            can_edit: true,
            remember: None,
            hash: String::new(),
        }
    }

    fn approver(has_user: bool) -> (EventApprover, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(4);
        let approver = EventApprover {
            events,
            answers: Answers::default(),
            has_user,
        };
        (approver, receiver)
    }

    #[tokio::test]
    async fn a_question_is_an_event_and_is_answered_once_by_its_number() {
        let (approver, mut events) = approver(true);
        let answers = approver.answers.clone();
        let request = request();
        let mut decision = approver.decide(&request);
        assert!(futures::poll!(&mut decision).is_pending());
        let Some(Event::ApprovalAsked { id, request: asked }) = events.recv().await else {
            panic!("an approval is asked");
        };
        assert_eq!(*asked, request);
        let closed = answers.closed(id);
        assert!(!closed.is_cancelled());
        assert!(!answers.answer(id, None), "it is not a question in words");
        assert!(!answers.decide(AskId(id.0 + 1), Decision::Once));
        assert!(answers.decide(id, Decision::Once));
        assert!(!answers.decide(id, Decision::Deny(None)), "once is enough");
        assert!(closed.is_cancelled());
        assert_eq!(decision.await, Decision::Once);
    }

    #[tokio::test]
    async fn a_question_that_is_given_up_is_withdrawn() {
        let (approver, mut events) = approver(true);
        let answers = approver.answers.clone();
        let mut answer = approver.answer("which?", &[]);
        assert!(futures::poll!(&mut answer).is_pending());
        let Some(Event::QuestionAsked { id, .. }) = events.recv().await else {
            panic!("a question is asked");
        };
        let closed = answers.closed(id);
        drop(answer);
        assert!(closed.is_cancelled());
        assert!(!answers.answer(id, Some("a".to_owned())));
        assert!(answers.closed(id).is_cancelled());
    }

    #[tokio::test]
    async fn nobody_agrees_where_nobody_is() {
        let (absent, mut events) = approver(false);
        assert!(!absent.can_ask());
        assert_eq!(absent.decide(&request()).await, Decision::Deny(None));
        assert_eq!(absent.answer("which?", &[]).await, None);
        assert!(events.try_recv().is_err(), "nothing is asked");
        let (approver, events) = approver(true);
        drop(events);
        assert_eq!(approver.decide(&request()).await, Decision::Deny(None));
        assert_eq!(approver.answer("which?", &[]).await, None);
    }
}
