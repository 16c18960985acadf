//! How sessions begin: new ones, and earlier ones with or without what was said in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_client_protocol::v1::schema::{
    self, LoadSessionRequest, LoadSessionResponse, McpServer, NewSessionRequest,
    NewSessionResponse, ResumeSessionRequest, ResumeSessionResponse, SessionInfoUpdate,
    SessionUpdate,
};
use agent_client_protocol::{Client, Error, JsonRpcResponse, v1};

use super::super::actor::{SessionActor, SessionStart};
use super::super::commands::available;
use super::super::editor::Editor;
use super::super::history::replayed;
use super::super::modes::SessionChoices;
use super::super::prompt::PromptFolder;
use super::super::session::{EditorSession, SessionMessage};
use super::{AcpAgent, Problem, blocking, check_absolute, ended, invalid, unknown};
use crate::conversation::Conversation;
use crate::conversation::commands::SkillCommand;
use crate::conversation::messages::{counted, error_words};
use crate::conversation::reply::NOT_INDEXED;
use crate::conversation::workspaces::OpenWorkspace;
use crate::session::{self, SessionError, SessionId, SessionSummary};
use crate::visible::visible_name;

/// Most sessions that are open at a time.
const MOST_SESSIONS: usize = 256;

/// Where a session is opened.
struct Opening {
    id: SessionId,
    workspace: Arc<OpenWorkspace>,
    folder: PromptFolder,
    editor: Editor,
    greetings: Vec<String>,
}

/// A session that was opened.
struct Opened {
    choices: SessionChoices,
    editor: Editor,
    skills: Vec<SkillCommand>,
}

impl AcpAgent {
    /// Begins a new session. Its files are made with the first question.
    pub(super) fn begin(
        self: &Arc<AcpAgent>,
        request: NewSessionRequest,
        responder: v1::Responder<NewSessionResponse>,
        connection: &v1::ConnectionTo<Client>,
    ) {
        let agent = Arc::clone(self);
        let connection = connection.clone();
        tokio::spawn(async move {
            let given = schema::SessionId::new(SessionId::fresh().as_str());
            let opening = agent.opening(&given, &request.cwd, &request.mcp_servers, connection);
            let opened = match opening {
                Ok(opening) => agent.start(opening, None).await,
                Err(error) => Err(error),
            };
            answer(responder, opened, |choices| {
                NewSessionResponse::new(given)
                    .modes(choices.modes())
                    .config_options(choices.options())
            });
        });
    }

    /// Opens an earlier session, after showing what was said in it.
    pub(super) fn load(
        self: &Arc<AcpAgent>,
        request: LoadSessionRequest,
        responder: v1::Responder<LoadSessionResponse>,
        connection: &v1::ConnectionTo<Client>,
    ) {
        let agent = Arc::clone(self);
        let connection = connection.clone();
        tokio::spawn(async move {
            let (given, cwd) = (&request.session_id, &request.cwd);
            let opening = agent.opening(given, cwd, &request.mcp_servers, connection);
            let opened = match opening {
                Ok(opening) => agent.reopen(opening, true).await,
                Err(error) => Err(error),
            };
            answer(responder, opened, |choices| {
                LoadSessionResponse::new()
                    .modes(choices.modes())
                    .config_options(choices.options())
            });
        });
    }

    /// Opens an earlier session; the editor knows what was said in it.
    pub(super) fn resume(
        self: &Arc<AcpAgent>,
        request: ResumeSessionRequest,
        responder: v1::Responder<ResumeSessionResponse>,
        connection: &v1::ConnectionTo<Client>,
    ) {
        let agent = Arc::clone(self);
        let connection = connection.clone();
        tokio::spawn(async move {
            let (given, cwd) = (&request.session_id, &request.cwd);
            let opening = agent.opening(given, cwd, &request.mcp_servers, connection);
            let opened = match opening {
                Ok(opening) => agent.reopen(opening, false).await,
                Err(error) => Err(error),
            };
            answer(responder, opened, |choices| {
                ResumeSessionResponse::new()
                    .modes(choices.modes())
                    .config_options(choices.options())
            });
        });
    }

    fn opening(
        &self,
        given: &schema::SessionId,
        cwd: &Path,
        servers: &[McpServer],
        connection: v1::ConnectionTo<Client>,
    ) -> Result<Opening, Error> {
        let id = SessionId::parse(&given.0).map_err(|_| unknown(given))?;
        check_absolute(cwd)?;
        let workspace = self.shared.workspaces.folder(cwd);
        let workspace = workspace.map_err(|error| invalid(error_words(&error)))?;
        let mut greetings = workspace.app.settings.warnings.clone();
        if !servers.is_empty() {
            let servers = counted(servers.len() as u64, "MCP server");
            greetings.push(format!(
                "the editor names {servers}, not started: ollacode starts only those that stand in \
                 its own config.toml"
            ));
        }
        if workspace.needs_leave_to_index() {
            greetings.push(NOT_INDEXED.to_owned());
        }
        Ok(Opening {
            id,
            folder: PromptFolder {
                root: workspace.root().to_owned(),
                given: cwd.to_owned(),
            },
            workspace,
            editor: Editor::new(connection, given.clone(), *self.abilities.lock()),
            greetings,
        })
    }

    async fn reopen(&self, opening: Opening, is_replayed: bool) -> Result<Opened, Error> {
        let kept_in = opening.workspace.app.sessions_folder();
        let open = self.sessions.lock().get(&opening.id).cloned();
        let is_elsewhere = open.as_ref().is_some_and(|open| open.kept_in != kept_in);
        let summary = self.summary(&opening, open.is_some()).await?;
        if is_elsewhere {
            return Err(elsewhere(&opening.id, None));
        }
        if is_replayed {
            self.replay(&opening).await?;
        }
        let title = summary.as_ref().map(|summary| visible_name(&summary.title));
        let title = title.filter(|title| !title.is_empty());
        let editor = opening.editor.clone();
        let workspace = Arc::clone(&opening.workspace);
        let opened = match open {
            Some(open) => {
                let choices = open.call(SessionMessage::Choices).await;
                let choices = choices.ok_or_else(ended)?;
                Opened {
                    choices,
                    editor,
                    skills: workspace.skill_commands().await,
                }
            }
            None => self.start(opening, summary).await?,
        };
        if let Some(title) = title {
            let titled = SessionInfoUpdate::new().title(title);
            opened
                .editor
                .show([SessionUpdate::SessionInfoUpdate(titled)]);
        }
        Ok(opened)
    }

    /// What is known of an earlier session, if nobody else has it; `None` if nothing was said in it
    /// yet.
    async fn summary(
        &self,
        opening: &Opening,
        is_open: bool,
    ) -> Result<Option<SessionSummary>, Error> {
        let folder = opening.workspace.app.sessions_folder();
        let all = self.all_sessions();
        let id = opening.id.clone();
        let known = blocking(move || match session::summary(&folder, &id) {
            Ok(summary) => {
                if !is_open {
                    session::check_free(&folder, &id)?;
                }
                Ok(Ok(summary))
            }
            // It may be of another folder.
            Err(SessionError::NotFound(_)) => {
                let other = session::folder_of(&all, &id).ok();
                Ok(Err(
                    other.and_then(|other| session::summary(&other, &id).ok())
                ))
            }
            Err(error) => Err(error),
        });
        match known.await? {
            Ok(summary) => Ok(Some(summary)),
            Err(Some(other)) => Err(elsewhere(&opening.id, Some(&other.workspace))),
            Err(None) if is_open => Ok(None),
            Err(None) => Err(unknown(&opening.editor.session)),
        }
    }

    /// Shows everything that was said in a session.
    async fn replay(&self, opening: &Opening) -> Result<(), Error> {
        let folder = opening.workspace.app.sessions_folder();
        let id = opening.id.clone();
        let items = blocking(move || session::history::history(&folder, &id, u32::MAX));
        let items = match items.await {
            Ok(items) => items,
            Err(Problem::Session(SessionError::NotFound(_))) => Vec::new(),
            Err(problem) => return Err(problem.into()),
        };
        let prefix = self.prefix();
        let updates = replayed(&opening.folder.root, &prefix, &items);
        opening.editor.show(updates);
        Ok(())
    }

    /// Starts the task of a session.
    async fn start(
        &self,
        opening: Opening,
        summary: Option<SessionSummary>,
    ) -> Result<Opened, Error> {
        let Opening {
            id,
            workspace,
            folder,
            editor,
            greetings,
        } = opening;
        let mut conversation = Conversation::new(Arc::clone(&self.shared), None);
        conversation.begin_in(Arc::clone(&workspace));
        conversation.begin_as(id.clone());
        let of_session = summary.as_ref().map(|summary| summary.model.clone());
        let model = of_session.filter(|model| !model.is_empty());
        let choices = SessionChoices {
            mode: conversation.mode(),
            confinement: conversation.confinement(),
            offers_auto_approve: self.shared.offers_auto_approve,
            model: model.unwrap_or_else(|| workspace.app.model_name().to_owned()),
            models: Vec::new(),
        };
        let has_title = summary.is_some_and(|summary| !summary.title.is_empty());
        let actor = SessionActor::new(SessionStart {
            conversation,
            editor: editor.clone(),
            folder,
            choices,
            greetings,
            has_title,
            prefix: self.prefix(),
        });
        let session = self.admit(actor, id, workspace.app.sessions_folder())?;
        let choices = session.call(SessionMessage::Choices).await;
        let choices = choices.ok_or_else(ended)?;
        Ok(Opened {
            choices,
            editor,
            skills: workspace.skill_commands().await,
        })
    }

    fn admit(
        &self,
        actor: SessionActor,
        id: SessionId,
        kept_in: PathBuf,
    ) -> Result<Arc<EditorSession>, Error> {
        let mut sessions = self.sessions.lock();
        if self.closing.is_cancelled() {
            return Err(ended());
        }
        if sessions.len() >= MOST_SESSIONS {
            return Err(invalid(format!(
                "{MOST_SESSIONS} sessions are open: close some first, or restart the agent"
            )));
        }
        if sessions.contains_key(&id) {
            return Err(invalid(format!("session {id} is being opened already")));
        }
        let stop = self.closing.child_token();
        let session = EditorSession::start(actor, id.clone(), kept_in, stop);
        sessions.insert(id, Arc::clone(&session));
        Ok(session)
    }
}

/// Answers the request that opened a session; then the editor is told of the commands.
fn answer<T: JsonRpcResponse>(
    responder: v1::Responder<T>,
    opened: Result<Opened, Error>,
    response: impl FnOnce(&SessionChoices) -> T,
) {
    let told = opened.as_ref().ok().map(|opened| {
        let commands = available(&opened.skills);
        (opened.editor.clone(), commands)
    });
    let answer = opened.map(|opened| response(&opened.choices));
    if let Err(error) = responder.respond_with_result(answer) {
        tracing::debug!("a response was not sent: {error}");
        return;
    }
    if let Some((editor, commands)) = told {
        editor.show([commands]);
    }
}

fn elsewhere(id: &SessionId, workspace: Option<&str>) -> Error {
    let folder = workspace.map(|folder| format!(": open it in `{}`", visible_name(folder)));
    let folder = folder.unwrap_or_default();
    invalid(format!("session {id} belongs to another folder{folder}"))
}
