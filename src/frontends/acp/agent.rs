//! What an editor asks the program as a whole: to introduce itself, and to open, list, close and
//! delete sessions. What it asks a session goes there.

mod opening;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    self, AgentCapabilities, AuthenticateResponse, ClientRequest, CloseSessionRequest,
    CloseSessionResponse, DeleteSessionRequest, DeleteSessionResponse, Implementation,
    InitializeRequest, InitializeResponse, ListSessionsRequest, ListSessionsResponse,
    PromptCapabilities, PromptRequest, PromptResponse, SessionCapabilities,
    SessionCloseCapabilities, SessionDeleteCapabilities, SessionListCapabilities,
    SessionResumeCapabilities, SetSessionConfigOptionRequest, SetSessionConfigOptionResponse,
    SetSessionModeRequest, SetSessionModeResponse,
};
use agent_client_protocol::{Client, Error, JsonRpcResponse, v1};
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::editor::EditorAbilities;
use super::listing;
use super::modes::{MODE, MODEL, SessionChoices};
use super::session::{Changed, EditorSession, SessionMessage};
use crate::conversation::SharedContext;
use crate::session::{self, FoundSession, SessionError, SessionId};
use crate::text::with_causes;
use crate::visible::visible_name;

/// Codes of JSON-RPC.
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
/// The code of ACP for a session that is not known.
const RESOURCE_NOT_FOUND: i32 = -32002;

pub struct AcpAgent {
    shared: Arc<SharedContext>,
    sessions: Mutex<HashMap<SessionId, Arc<EditorSession>>>,
    abilities: Mutex<EditorAbilities>,
    /// Tells ids of this process from those of an earlier one.
    process: String,
    prefixes: AtomicU64,
    /// Cancelled when no session may begin any more.
    closing: CancellationToken,
    /// Cancelled when all sessions have ended.
    closed: CancellationToken,
}

impl AcpAgent {
    pub fn new(shared: SharedContext) -> AcpAgent {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let process = now.unwrap_or_default().as_micros() & 0xffff_ffff;
        AcpAgent {
            shared: Arc::new(shared),
            sessions: Mutex::default(),
            abilities: Mutex::default(),
            process: format!("{process:x}"),
            prefixes: AtomicU64::new(0),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Answers a request, now or by a task: it must not hold up those after it.
    pub fn request(
        self: &Arc<AcpAgent>,
        request: ClientRequest,
        responder: v1::Responder,
        connection: &v1::ConnectionTo<Client>,
    ) -> Result<(), Error> {
        let agent = Arc::clone(self);
        match request {
            ClientRequest::InitializeRequest(request) => {
                responder.cast().respond(self.initialize(&request))
            }
            // There is nobody to log in at.
            ClientRequest::AuthenticateRequest(_) => {
                responder.cast().respond(AuthenticateResponse::new())
            }
            ClientRequest::NewSessionRequest(request) => {
                self.begin(request, responder.cast(), connection);
                Ok(())
            }
            ClientRequest::LoadSessionRequest(request) => {
                self.load(request, responder.cast(), connection);
                Ok(())
            }
            ClientRequest::ResumeSessionRequest(request) => {
                self.resume(request, responder.cast(), connection);
                Ok(())
            }
            ClientRequest::ListSessionsRequest(request) => {
                later(responder.cast(), async move { agent.list(request).await });
                Ok(())
            }
            ClientRequest::DeleteSessionRequest(request) => {
                later(responder.cast(), async move { agent.delete(request).await });
                Ok(())
            }
            ClientRequest::CloseSessionRequest(request) => {
                later(
                    responder.cast(),
                    async move { agent.close_one(request).await },
                );
                Ok(())
            }
            ClientRequest::SetSessionModeRequest(request) => {
                later(
                    responder.cast(),
                    async move { agent.set_mode(request).await },
                );
                Ok(())
            }
            ClientRequest::SetSessionConfigOptionRequest(request) => {
                later(
                    responder.cast(),
                    async move { agent.set_option(request).await },
                );
                Ok(())
            }
            ClientRequest::PromptRequest(request) => self.prompt(request, responder.cast()),
            _ => responder.respond_with_error(Error::method_not_found()),
        }
    }

    fn initialize(&self, request: &InitializeRequest) -> InitializeResponse {
        *self.abilities.lock() = EditorAbilities::of(&request.client_capabilities);
        let prompts = PromptCapabilities::new().image(true).embedded_context(true);
        let sessions = SessionCapabilities::new()
            .list(SessionListCapabilities::new())
            .delete(SessionDeleteCapabilities::new())
            .resume(SessionResumeCapabilities::new())
            .close(SessionCloseCapabilities::new());
        let capabilities = AgentCapabilities::new()
            .load_session(true)
            .prompt_capabilities(prompts)
            .session_capabilities(sessions);
        let name = Implementation::new("ollacode", env!("CARGO_PKG_VERSION"));
        InitializeResponse::new(ProtocolVersion::V1)
            .agent_capabilities(capabilities)
            .agent_info(name)
    }

    fn prompt(
        &self,
        request: PromptRequest,
        responder: v1::Responder<PromptResponse>,
    ) -> Result<(), Error> {
        match self.open_session(&request.session_id) {
            Ok(session) => {
                session.prompt(request.prompt, responder);
                Ok(())
            }
            Err(error) => responder.respond_with_error(error),
        }
    }

    /// Stops what runs in a session; one that is not open has nothing that runs.
    pub fn cancel(&self, id: &schema::SessionId) {
        if let Ok(session) = self.open_session(id) {
            session.cancel();
        }
    }

    async fn set_mode(
        &self,
        request: SetSessionModeRequest,
    ) -> Result<SetSessionModeResponse, Error> {
        let session = self.open_session(&request.session_id)?;
        let mode = request.mode_id.to_string();
        let changed = session.call(|reply| SessionMessage::SetMode(mode, reply));
        changed_or_refused(changed.await)?;
        Ok(SetSessionModeResponse::new())
    }

    async fn set_option(
        &self,
        request: SetSessionConfigOptionRequest,
    ) -> Result<SetSessionConfigOptionResponse, Error> {
        let session = self.open_session(&request.session_id)?;
        let option = request.config_id.to_string();
        let Some(value) = request.value.as_value_id().map(ToString::to_string) else {
            return Err(invalid(format!("the value of `{option}` is no text")));
        };
        let changed = match option.as_str() {
            MODE => {
                let changed = session.call(|reply| SessionMessage::SetMode(value, reply));
                changed.await
            }
            MODEL => {
                let changed = session.call(|reply| SessionMessage::SetModel(value, reply));
                changed.await
            }
            other => {
                let other = visible_name(other);
                return Err(invalid(format!("there is no option `{other}`")));
            }
        };
        let choices = changed_or_refused(changed)?;
        Ok(SetSessionConfigOptionResponse::new(choices.options()))
    }

    async fn list(&self, request: ListSessionsRequest) -> Result<ListSessionsResponse, Error> {
        let all = self.all_sessions();
        let folders = match &request.cwd {
            None => None,
            Some(cwd) => {
                check_absolute(cwd)?;
                // A folder that is gone has no sessions that could be opened.
                let folder = self.shared.workspaces.sessions_folder(cwd);
                Some(folder.into_iter().collect::<Vec<PathBuf>>())
            }
        };
        let found = blocking(move || {
            let folders = folders.map_or_else(|| session::folders(&all), Ok)?;
            Ok(sessions_in(&folders))
        });
        let page = listing::page(found.await?, request.cursor.as_deref());
        page.ok_or_else(|| invalid("the cursor is of no session".to_owned()))
    }

    async fn delete(&self, request: DeleteSessionRequest) -> Result<DeleteSessionResponse, Error> {
        let given = request.session_id;
        let id = SessionId::parse(&given.0).map_err(|_| unknown(&given))?;
        let open = self.sessions.lock().remove(&id);
        if let Some(open) = &open {
            open.close().await;
        }
        let all = self.all_sessions();
        let removed = blocking(move || {
            let folder = session::folder_of(&all, &id)?;
            session::remove(&folder, &id)
        });
        match removed.await {
            Ok(()) => Ok(DeleteSessionResponse::new()),
            // Nothing was said in it, so it was not kept.
            Err(Problem::Session(SessionError::NotFound(_))) if open.is_some() => {
                Ok(DeleteSessionResponse::new())
            }
            Err(Problem::Session(SessionError::NotFound(_))) => Err(unknown(&given)),
            Err(problem) => Err(problem.into()),
        }
    }

    async fn close_one(&self, request: CloseSessionRequest) -> Result<CloseSessionResponse, Error> {
        let session = self.open_session(&request.session_id)?;
        self.sessions.lock().remove(&session.id);
        session.close().await;
        Ok(CloseSessionResponse::new())
    }

    /// Ends all sessions: turns are stopped and recorded.
    pub async fn close(&self) {
        self.closing.cancel();
        let open = std::mem::take(&mut *self.sessions.lock());
        join_all(open.values().map(|session| session.close())).await;
        self.closed.cancel();
    }

    /// Waits until all sessions have ended.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    fn open_session(&self, given: &schema::SessionId) -> Result<Arc<EditorSession>, Error> {
        let id = SessionId::parse(&given.0).map_err(|_| unknown(given))?;
        let open = self.sessions.lock().get(&id).cloned();
        open.ok_or_else(|| {
            let name = visible_name(&given.0);
            not_found(
                given,
                format!("session {name} is not open here: load it first"),
            )
        })
    }

    fn all_sessions(&self) -> PathBuf {
        self.shared.workspaces.first().app.all_sessions_folder()
    }

    /// Tells ids of one session, or of one replay, from those of others.
    fn prefix(&self) -> String {
        let number = self.prefixes.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{number}", self.process)
    }
}

/// Answers a request by a task.
fn later<T: JsonRpcResponse>(
    responder: v1::Responder<T>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) {
    tokio::spawn(async move {
        let answer = work.await;
        if let Err(error) = responder.respond_with_result(answer) {
            tracing::debug!("a response was not sent: {error}");
        }
    });
}

/// Why something about sessions failed.
enum Problem {
    Session(SessionError),
    /// The task that worked on it panicked.
    Lost,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        match problem {
            Problem::Session(error @ SessionError::InUse(_)) => invalid(error.to_string()),
            Problem::Session(error) => Error::new(INTERNAL_ERROR, with_causes(&error)),
            Problem::Lost => Error::new(INTERNAL_ERROR, "an internal error: see the log"),
        }
    }
}

/// Works on files where that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SessionError> + Send + 'static,
) -> Result<T, Problem> {
    let done = spawn_blocking(work).await;
    done.map_err(|_| Problem::Lost)?.map_err(Problem::Session)
}

/// The sessions of some folders; one that cannot be read has none.
fn sessions_in(folders: &[PathBuf]) -> Vec<FoundSession> {
    let found = folders.iter().map(|folder| {
        session::find_sessions(folder, "").unwrap_or_else(|error| {
            tracing::warn!("{}", with_causes(&error));
            Vec::new()
        })
    });
    found.flatten().collect()
}

fn changed_or_refused(changed: Option<Changed>) -> Result<SessionChoices, Error> {
    changed.ok_or_else(ended)?.map_err(invalid)
}

fn check_absolute(cwd: &Path) -> Result<(), Error> {
    if cwd.is_absolute() {
        return Ok(());
    }
    let cwd = visible_name(&cwd.display().to_string());
    Err(invalid(format!("`cwd` is not absolute: `{cwd}`")))
}

/// The request cannot be carried out as it is; the words are for the user.
fn invalid(words: String) -> Error {
    Error::new(INVALID_PARAMS, words)
}

fn unknown(id: &schema::SessionId) -> Error {
    not_found(id, format!("there is no session {}", visible_name(&id.0)))
}

fn not_found(id: &schema::SessionId, words: String) -> Error {
    Error::new(RESOURCE_NOT_FOUND, words).data(json!({"sessionId": id}))
}

fn ended() -> Error {
    invalid("the session has ended".to_owned())
}
