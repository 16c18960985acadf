//! The session of a conversation: begun, gone on with, let go.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, anyhow};

use super::super::desk::Desk;
use super::super::hub::Hub;
use super::super::incoming::Who;
use super::Conversation;
use crate::engine::Engine;
use crate::jail::Jail;
use crate::model::ChatModel;
use crate::model::ollama::{OllamaError, suggest};
use crate::permission::Mode;
use crate::session::{self, Session, SessionError, SessionId};

/// How long a command waits for Ollama.
const SOON: Duration = Duration::from_secs(10);

/// A session that this process has open, with what answers its questions.
pub struct Held {
    /// The session.
    pub session: Session,
    /// What answers.
    pub engine: Arc<Engine>,
}

/// What is needed to open a session.
pub struct Seat {
    /// Where it works.
    pub desk: Arc<Desk>,
    /// Which one; `None` for a new one.
    pub session: Option<SessionId>,
    /// The model that was chosen; else the one of the session, or of the settings.
    pub model: Option<String>,
    /// How much is asked.
    pub mode: Mode,
    /// Whether that counts also for a session that was left in plan mode.
    pub is_mode_chosen: bool,
}

/// Opens a session, and says in the chat what should be known of it.
pub async fn open(hub: &Hub, who: Who, seat: &Seat) -> Result<Held, Error> {
    let app = &seat.desk.app;
    let folder = app.sessions_folder();
    let before = seat
        .session
        .as_ref()
        .and_then(|id| session::summary(&folder, id).ok());
    let wanted = seat.session.as_ref().filter(|_| before.is_some());
    let before = before
        .map(|summary| summary.model)
        .filter(|name| !name.is_empty());
    let name = seat.model.clone().or(before);
    let model = connect(&seat.desk, name.as_deref()).await?;
    if let Some(host) = &model.profile().remote {
        let warning = format!("warning: your code is sent to {host}");
        hub.outbox.say(who.room(), &warning);
    }
    hub.outbox.keep_back(&Jail::open(seat.desk.root())?);
    let mut session = match wanted {
        Some(id) => resume(hub, who, &folder, id, model)?,
        None => {
            let session = Session::create(&folder, seat.desk.root(), model)?;
            hub.ledger().begun(&session.id, who.user);
            session
        }
    };
    // Before anything happens, so that it goes on here even if the process is killed.
    hub.ledger().set(who, seat.desk.root(), Some(&session.id));
    if seat.is_mode_chosen || session.mode != Mode::Plan {
        session.set_mode(seat.mode)?;
    }
    let engine = Arc::new(app.engine(&session, &hub.activity)?);
    Ok(Held { session, engine })
}

fn resume(
    hub: &Hub,
    who: Who,
    folder: &Path,
    id: &SessionId,
    model: Arc<dyn ChatModel>,
) -> Result<Session, Error> {
    let (session, resumed) = match Session::resume(folder, id, model) {
        Err(SessionError::InUse(id)) => {
            return Err(anyhow!(
                "session {id} is open in another ollacode: leave it there, or begin another one \
                 here with /new"
            ));
        }
        resumed => resumed?,
    };
    for call in &resumed.unfinished {
        let text = format!(
            "`{}` had begun when the session broke off; it is not repeated, and nobody knows \
             whether it was done",
            call.name
        );
        hub.outbox.say(who.room(), &text);
    }
    if resumed.unreadable > 0 {
        let text = "a part of the session's journal cannot be read, and is left out";
        hub.outbox.say(who.room(), text);
    }
    Ok(session)
}

/// Connects to a model: the one of the settings, or another one.
pub async fn connect(desk: &Desk, name: Option<&str>) -> Result<Arc<dyn ChatModel>, Error> {
    match desk.app.chat_model(name).await {
        Ok(model) => Ok(Arc::new(model)),
        Err(OllamaError::ModelMissing { model }) => {
            let suggestion = suggest(&desk.app.ollama()?, &model).await;
            Err(anyhow!(
                "Ollama does not have the model `{model}`: {suggestion}"
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// An error with its causes, and with what helps.
pub fn words(error: &Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words.push_str(&format!(": {cause}"));
        }
    }
    let ollama = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<OllamaError>());
    if let Some(hint) = ollama.and_then(OllamaError::hint) {
        words.push_str(&format!("; {hint}"));
    }
    words
}

impl Conversation {
    /// Opens the session, if it is not open.
    pub(super) async fn hold(&mut self) -> Result<(), Error> {
        if self.held.is_none() {
            let seat = self.seat();
            let opened = self.soon(open(&self.hub, self.who, &seat)).await?;
            self.remember(opened.session.id.clone());
            self.plans = opened.session.mode == Mode::Plan;
            self.is_mode_chosen = true;
            self.held = Some(opened);
        }
        Ok(())
    }

    /// Waits for a server, but not so long that `/stop` seems to be dead.
    pub(super) async fn soon<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let answer = self.hub.stop.run_until_cancelled(answer);
        match tokio::time::timeout(SOON, answer).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(anyhow!("the bot ends")),
            Err(_) => Err(anyhow!("Ollama did not answer within {} s", SOON.as_secs())),
        }
    }

    /// Remembers which session this conversation has, also across a restart.
    pub(super) fn remember(&mut self, id: SessionId) {
        let mut ledger = self.hub.ledger();
        ledger.set(self.who, self.desk.root(), Some(&id));
        drop(ledger);
        self.session = Some(id);
    }

    /// Begins anew with the next question.
    pub(super) fn renew(&mut self) {
        self.release();
        self.forget();
        self.session = None;
        self.hub.ledger().set(self.who, self.desk.root(), None);
    }

    /// What belongs to the session before: files, a plan, and a mode that was chosen for it.
    pub(super) fn forget(&mut self) {
        self.drop_files();
        self.withdraw_plan();
        self.work_mode = self.hub.first_mode();
        self.plans = false;
        self.is_mode_chosen = false;
    }

    /// Whether this user may go on with a session.
    pub(super) fn may_resume(&self, id: &SessionId) -> bool {
        self.hub.may_resume(self.who, id)
    }

    /// The session that is meant. What somebody else talked about is not even there.
    fn find(&self, folder: &Path, given: &str) -> Result<SessionId, SessionError> {
        if self.hub.allowed.owner() == Some(self.who.user) {
            return session::find(folder, given);
        }
        let given = given.to_lowercase();
        let all = session::sessions(folder)?.into_iter();
        let mine = all
            .map(|summary| summary.id)
            .filter(|id| self.may_resume(id));
        let fits =
            |id: &SessionId| id.as_str().starts_with(&given) || id.as_str().ends_with(&given);
        let mut found: Vec<SessionId> = mine.filter(fits).collect();
        match found.pop() {
            Some(only) if found.is_empty() => Ok(only),
            Some(last) => {
                found.push(last);
                Err(SessionError::Ambiguous { given, found })
            }
            None => Err(SessionError::NotFound(given)),
        }
    }

    /// Goes on with another session.
    pub(super) async fn resume(&mut self, given: &str) -> Result<(), Error> {
        let folder = self.desk.app.sessions_folder();
        let id = if given.is_empty() {
            let known = session::sessions(&folder)?
                .into_iter()
                .map(|summary| summary.id);
            let mut others = known.filter(|id| Some(id) != self.session.as_ref());
            let found = others.find(|id| self.may_resume(id));
            found.ok_or_else(|| anyhow!("there is no other session to go on with"))?
        } else {
            self.find(&folder, given)?
        };
        self.release();
        self.forget();
        let before = self.session.replace(id);
        // It goes on with the model and the mode that it had.
        self.model = None;
        let opened = self.hold().await;
        if opened.is_err() {
            self.session = before;
        }
        opened
    }
}
