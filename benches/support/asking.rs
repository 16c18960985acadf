//! Asks an engine with nobody there to approve anything.

use anyhow::{Error, ensure};
use ollacode::engine::event::{Event, TurnEnd};
use ollacode::engine::{Engine, Question};
use ollacode::permission::Nobody;
use ollacode::session::Session;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Asks a question and waits for its answer.
pub async fn ask(engine: &Engine, session: &mut Session, text: &str) -> Result<(), Error> {
    let (sender, mut receiver) = mpsc::channel::<Event>(64);
    let stop = CancellationToken::new();
    let question = Question {
        text: text.to_owned(),
        ..Question::default()
    };
    let asking = async {
        let end = engine.ask(session, question, &Nobody, &sender, &stop).await;
        drop(sender);
        end
    };
    let listening = async { while receiver.recv().await.is_some() {} };
    let (end, ()) = tokio::join!(asking, listening);
    ensure!(end == TurnEnd::Answered, "{end:?}");
    Ok(())
}
