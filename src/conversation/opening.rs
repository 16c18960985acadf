//! Sessions: begun, or continued with the model and the mode that they had.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Error, anyhow};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::workspaces::OpenWorkspace;
use super::{Participant, Shared};
use crate::app::App;
use crate::engine::Engine;
use crate::model::ollama::{OllamaError, suggest};
use crate::model::{ChatModel, ModelProfile};
use crate::permission::{Confinement, Mode};
use crate::session::{self, Session, SessionError, SessionId};

/// Connects to the model that answers.
pub trait Connector: Send + Sync {
    /// Connects to the model of a name, or to that of the settings.
    fn connect<'a>(
        &'a self,
        app: &'a App,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<dyn ChatModel>, Error>>;
}

/// Connects to models that the server has; where one is missing, the error says what helps.
pub struct InstalledModels;

impl Connector for InstalledModels {
    fn connect<'a>(
        &'a self,
        app: &'a App,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<dyn ChatModel>, Error>> {
        async move {
            match app.chat_model(name).await {
                Ok(model) => Ok(Arc::new(model) as Arc<dyn ChatModel>),
                Err(OllamaError::ModelMissing { model }) => {
                    let suggestion = suggest(&app.ollama()?, &model).await;
                    Err(anyhow!(
                        "Ollama does not have the model `{model}`: {suggestion}"
                    ))
                }
                Err(error) => Err(error.into()),
            }
        }
        .boxed()
    }
}

/// A session that this process has open, with the engine that answers its questions.
pub struct OpenSession {
    pub session: Session,
    pub engine: Engine,
}

/// What the user should know of a session that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    pub id: SessionId,
    /// The folder it works on.
    pub workspace: PathBuf,
    /// Whether it is an earlier one that is continued.
    pub is_resumed: bool,
    /// Questions that were asked in it before.
    pub turns: u32,
    /// The model that answers.
    pub model: ModelProfile,
    pub mode: Mode,
    /// How well its commands are confined.
    pub confinement: Confinement,
    /// Tools whose calls had begun when the session broke off: nobody knows whether they are done.
    pub unfinished: Vec<String>,
    /// Lines of its journal that cannot be read.
    pub unreadable: usize,
}

/// What is needed to open a session.
pub(super) struct OpenRequest {
    pub(super) shared: Arc<Shared>,
    pub(super) participant: Option<Participant>,
    pub(super) workspace: Arc<OpenWorkspace>,
    /// Which one; `None` for a new one.
    pub(super) session: Option<SessionId>,
    /// The model that was chosen; else that of the session, or of the settings.
    pub(super) model: Option<String>,
    /// A model that is connected already, taken if it is the one that is needed.
    pub(super) connected: Option<Arc<dyn ChatModel>>,
    pub(super) mode: Mode,
    /// Whether the mode counts also for a session that was left in plan mode.
    pub(super) is_mode_chosen: bool,
}

impl OpenRequest {
    /// Opens the session. What the registry is told comes before anything happens in it, so that
    /// the conversation continues with it even if the process is killed.
    pub(super) async fn open(self) -> Result<(OpenSession, Opened), Error> {
        let app = &self.workspace.app;
        let folder = app.sessions_folder();
        let model = self.model(&folder).await?;
        let known = |id: &&SessionId| session::summary(&folder, id).is_ok();
        let (mut session, mut opened) = match self.session.as_ref().filter(known) {
            Some(id) => resume(&folder, id, model)?,
            None => self.begin(&folder, model)?,
        };
        if let Some(participant) = &self.participant {
            self.shared.with_registry(|all| {
                all.set(&participant.key, self.workspace.root(), Some(&opened.id))
            });
        }
        if self.is_mode_chosen || session.mode != Mode::Plan {
            session.set_mode(self.mode)?;
        }
        let engine = app.engine(&session, &self.shared.activity)?;
        opened.mode = session.mode;
        opened.confinement = engine.confinement();
        Ok((OpenSession { session, engine }, opened))
    }

    fn begin(
        &self,
        folder: &Path,
        model: Arc<dyn ChatModel>,
    ) -> Result<(Session, Opened), SessionError> {
        let session = Session::create(folder, self.workspace.root(), model)?;
        if let Some(participant) = &self.participant {
            self.shared
                .with_registry(|all| all.begun(&session.id, participant.user));
        }
        let opened = opened(&session);
        Ok((session, opened))
    }

    async fn model(&self, folder: &Path) -> Result<Arc<dyn ChatModel>, Error> {
        let of_session = || {
            let summary = session::summary(folder, self.session.as_ref()?).ok()?;
            Some(summary.model).filter(|name| !name.is_empty())
        };
        let name = self.model.clone().or_else(of_session);
        let wanted = name
            .as_deref()
            .unwrap_or(&self.workspace.app.settings.model);
        let connected = self.connected.as_ref();
        if let Some(model) = connected.filter(|model| model.profile().name == wanted) {
            return Ok(Arc::clone(model));
        }
        let connector = &self.shared.connector;
        connector
            .connect(&self.workspace.app, name.as_deref())
            .await
    }
}

fn resume(
    folder: &Path,
    id: &SessionId,
    model: Arc<dyn ChatModel>,
) -> Result<(Session, Opened), Error> {
    let (session, resumed) = match Session::resume(folder, id, model) {
        Err(SessionError::InUse(id)) => {
            return Err(anyhow!(
                "session {id} is open in another ollacode process: close it there, or start a new one \
                 here with /new"
            ));
        }
        resumed => resumed?,
    };
    let opened = Opened {
        is_resumed: true,
        turns: resumed.turns,
        unfinished: resumed
            .unfinished
            .into_iter()
            .map(|call| call.name)
            .collect(),
        unreadable: resumed.unreadable,
        ..opened(&session)
    };
    Ok((session, opened))
}

fn opened(session: &Session) -> Opened {
    Opened {
        id: session.id.clone(),
        workspace: session.workspace().to_owned(),
        is_resumed: false,
        turns: 0,
        model: session.model.profile().clone(),
        mode: session.mode,
        confinement: Confinement::None,
        unfinished: Vec::new(),
        unreadable: 0,
    }
}
