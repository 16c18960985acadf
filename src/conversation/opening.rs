//! Opening sessions: new ones, or earlier ones with their model and mode.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Error, anyhow};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::workspaces::OpenWorkspace;
use super::{Participant, SharedContext};
use crate::app::App;
use crate::engine::Engine;
use crate::model::http::ServerError;
use crate::model::{ChatModel, ModelProfile};
use crate::permission::{Confinement, Mode};
use crate::session::{self, Session, SessionError, SessionId};

pub trait Connector: Send + Sync {
    /// Connects to the named model, or to the one of the settings.
    fn connect<'a>(
        &'a self,
        app: &'a App,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<dyn ChatModel>, Error>>;
}

/// Connects to installed models; if one is missing, the error suggests what to do.
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
                Err(ServerError::ModelMissing { model, .. }) => {
                    let missing = app.missing_model(model).await?;
                    Err(anyhow!("{missing}: {}", missing.help))
                }
                Err(error) => Err(error.into()),
            }
        }
        .boxed()
    }
}

pub struct OpenSession {
    pub session: Session,
    pub engine: Engine,
    /// Whether the last turn ended since the server was gone: the next one may go to another.
    pub is_server_lost: bool,
}

/// Facts about an opened session that the user should see.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    pub id: SessionId,
    pub workspace: PathBuf,
    /// Whether an earlier session was resumed.
    pub is_resumed: bool,
    /// Number of earlier questions.
    pub turns: u32,
    pub model: ModelProfile,
    pub mode: Mode,
    pub confinement: Confinement,
    /// Tools whose calls were running when the session was interrupted: their result is unknown.
    pub interrupted_calls: Vec<String>,
    /// Unreadable lines of its journal.
    pub unreadable: usize,
    /// What else the user should know, in sentences.
    pub notes: Vec<String>,
}

pub(super) struct OpenRequest {
    pub(super) shared: Arc<SharedContext>,
    pub(super) participant: Option<Participant>,
    pub(super) workspace: Arc<OpenWorkspace>,
    /// The session to resume; `None` for a new one.
    pub(super) session: Option<SessionId>,
    /// The id that a new one gets, if it was given away before.
    pub(super) own_id: Option<SessionId>,
    /// The chosen model; else that of the session, or of the settings.
    pub(super) model: Option<String>,
    /// An established connection, reused if it is to the right model.
    pub(super) connected: Option<Arc<dyn ChatModel>>,
    pub(super) mode: Mode,
    /// Whether `mode` also overrides the plan mode of a resumed session.
    pub(super) is_mode_chosen: bool,
}

impl OpenRequest {
    /// Opens the session. The registry is written first, so that the conversation is restored even
    /// if the process is killed.
    pub(super) async fn open(self) -> Result<(OpenSession, OpenedSession), Error> {
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
        app.meet_exposed_tools(&self.shared.stop).await;
        let engine = app.engine(&session, &self.shared.activity)?;
        opened.notes = app.server_notes();
        opened.notes.extend(app.embedding_note(&*session.model));
        opened.mode = session.mode;
        let warning = session.model.warning();
        opened.notes.extend(warning.map(str::to_owned));
        opened.confinement = engine.confinement();
        let open = OpenSession {
            session,
            engine,
            is_server_lost: false,
        };
        Ok((open, opened))
    }

    fn begin(
        &self,
        folder: &Path,
        model: Arc<dyn ChatModel>,
    ) -> Result<(Session, OpenedSession), SessionError> {
        let id = self.own_id.clone().unwrap_or_else(SessionId::fresh);
        let session = Session::create_as(folder, self.workspace.root(), model, id)?;
        if let Some(participant) = &self.participant {
            self.shared
                .with_registry(|all| all.begun(&session.id, participant.user));
        }
        let opened = describe_session(&session);
        Ok((session, opened))
    }

    async fn model(&self, folder: &Path) -> Result<Arc<dyn ChatModel>, Error> {
        let of_session = || {
            let summary = session::summary(folder, self.session.as_ref()?).ok()?;
            Some(summary.model).filter(|name| !name.is_empty())
        };
        let name = self.model.clone().or_else(of_session);
        let wanted = name.as_deref().unwrap_or(self.workspace.app.model_name());
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
) -> Result<(Session, OpenedSession), Error> {
    let (session, resumed) = match Session::resume(folder, id, model) {
        Err(error @ SessionError::InUse(_)) => {
            let words = format!("{error}, or start a new one here with /new");
            return Err(Error::from(error).context(words));
        }
        resumed => resumed?,
    };
    let opened = OpenedSession {
        is_resumed: true,
        turns: resumed.turns,
        interrupted_calls: resumed
            .interrupted_calls
            .into_iter()
            .map(|call| call.name)
            .collect(),
        unreadable: resumed.unreadable,
        ..describe_session(&session)
    };
    Ok((session, opened))
}

fn describe_session(session: &Session) -> OpenedSession {
    OpenedSession {
        id: session.id.clone(),
        workspace: session.workspace().to_owned(),
        is_resumed: false,
        turns: 0,
        model: session.model.profile().clone(),
        mode: session.mode,
        confinement: Confinement::None,
        interrupted_calls: Vec::new(),
        unreadable: 0,
        notes: Vec::new(),
    }
}
