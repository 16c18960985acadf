//! A turn that ends at a deadline, and what its failures say of the model.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::deadline::Deadline;
use crate::engine::event::{Event, TurnEnd};
use crate::engine::{Engine, Question};
use crate::failure::FailureCode;
use crate::permission::Approver;
use crate::session::Session;

/// Size of the channel of events.
const EVENTS: usize = 64;

/// How a turn ended.
pub enum TimedTurn {
    Ended(TurnEnd),
    /// The deadline passed. If the turn had to be broken off, the session cannot go on.
    OutOfTime {
        is_broken_off: bool,
    },
}

/// Asks a model until it has answered, or until the deadline and `grace`: the time that a turn has to
/// end when it is stopped. Events go to `hear`.
pub async fn ask_until(
    (engine, session): (&Engine, &mut Session),
    text: &str,
    approver: &dyn Approver,
    (deadline, grace): (&Deadline, Duration),
    mut hear: impl FnMut(Event),
) -> TimedTurn {
    let question = Question {
        text: text.to_owned(),
        ..Question::default()
    };
    let stop = CancellationToken::new();
    let (sender, mut receiver) = mpsc::channel(EVENTS);
    let asking = async {
        let asked = engine.ask(session, question, approver, &sender, &stop);
        let end = asked.await;
        drop(sender);
        end
    };
    let listening = async {
        while let Some(event) = receiver.recv().await {
            hear(event);
        }
    };
    let turn = async { tokio::join!(asking, listening).0 };
    tokio::pin!(turn);
    tokio::select! {
        end = &mut turn => TimedTurn::Ended(end),
        () = deadline.passed() => {
            stop.cancel();
            // What is still going on after that is dropped, which stops it, too.
            let is_broken_off = tokio::time::timeout(grace, &mut turn).await.is_err();
            TimedTurn::OutOfTime { is_broken_off }
        }
    }
}

/// Whether a failure says something about the model, and not about the server, the machine or this
/// program.
pub fn is_of_model(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::ModelUnsuitable
            | FailureCode::ModelFailed
            | FailureCode::OutOfMemory
            | FailureCode::ContextTooLong
            | FailureCode::ReplyEndless
            | FailureCode::ReplyTooLong
            | FailureCode::ReplyUnusable
            | FailureCode::LoopDetected
    )
}
