//! A connection to a server, from its start to its end.

mod calling;
mod starting;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::RoleClient;
use rmcp::model::{
    ClientRequest, ListToolsRequest, PaginatedRequestParams, ServerResult as ServerAnswer,
};
use rmcp::service::{Peer, PeerRequestOptions, RequestHandle, RunningService, ServiceError};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::questions::{Client, Questions};
use super::results::ToolList;
use super::screen::Screen;
use super::{McpError, ServerTool};
use crate::sandbox::Served;

use starting::{end_of, why_refused};

pub(super) use calling::ToolCall;

/// Most pages of a list of tools.
const MOST_PAGES: usize = 50;
/// How long a list of tools is taken for current.
const FRESH: Duration = Duration::from_secs(30);
/// Longest words of a server in an error, in characters.
const LONGEST_WORDS: usize = 1_000;
/// How long a request is withdrawn, a connection closed, and a program left to end by itself.
const WITHDRAWAL: Duration = Duration::from_millis(200);
const CLOSING: Duration = Duration::from_secs(1);
const GRACE: Duration = Duration::from_secs(2);

/// A server that answers.
pub(super) struct Connection {
    name: String,
    peer: Peer<RoleClient>,
    service: Mutex<Option<RunningService<RoleClient, Client>>>,
    /// The program, unless the server is at an address.
    program: Mutex<Option<Served>>,
    screen: Arc<Screen>,
    questions: Arc<Questions>,
    tools: tokio::sync::Mutex<Option<KnownTools>>,
    /// How it ended.
    end: OnceCell<String>,
    pub began: Instant,
}

struct KnownTools {
    tools: Vec<ServerTool>,
    since: Instant,
}

/// Why a request got no result.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The connection is over.
    Ended,
    /// To be passed on as it is.
    Other(McpError),
}

impl From<McpError> for RequestError {
    fn from(error: McpError) -> RequestError {
        RequestError::Other(error)
    }
}

impl Connection {
    /// Whether nothing more comes, or nothing more is wanted.
    pub fn is_over(&self) -> bool {
        self.screen.over().is_cancelled()
            || self.screen.why_given_up().is_some()
            || self.peer.is_transport_closed()
    }

    /// The tools, asked for again if they may be others by now.
    pub async fn tools(
        &self,
        limit: Duration,
        stop: &CancellationToken,
    ) -> Result<Vec<ServerTool>, RequestError> {
        let mut known = tokio::select! {
            known = self.tools.lock() => known,
            () = stop.cancelled() => return Err(McpError::Stopped.into()),
        };
        let has_changed = self.screen.take_tools_changed();
        if let Some(known) = known.as_ref()
            && !has_changed
            && known.since.elapsed() < FRESH
        {
            return Ok(known.tools.clone());
        }
        // If this fails, the next call asks again.
        *known = None;
        let since = Instant::now();
        let tools = self.list_tools(limit, stop).await?;
        *known = Some(KnownTools {
            tools: tools.clone(),
            since,
        });
        Ok(tools)
    }

    async fn list_tools(
        &self,
        limit: Duration,
        stop: &CancellationToken,
    ) -> Result<Vec<ServerTool>, RequestError> {
        let deadline = Instant::now() + limit;
        let mut list = ToolList::default();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = match next.take() {
                None => ListToolsRequest::default(),
                page => {
                    let page = PaginatedRequestParams::default().with_cursor(page);
                    ListToolsRequest::with_param(page)
                }
            };
            let request = ClientRequest::ListToolsRequest(request);
            let answer = self.asked(request, deadline, limit, stop).await?;
            let page = serde_json::to_value(&answer).unwrap_or_default();
            next = list.add_page(page);
            if next.is_none() {
                break;
            }
        }
        if list.is_cut || next.is_some() {
            tracing::warn!(server = %self.name, "it has more tools than are looked at");
        }
        Ok(list.tools)
    }

    /// The answer to a request during which nobody is asked.
    async fn asked(
        &self,
        request: ClientRequest,
        deadline: Instant,
        limit: Duration,
        stop: &CancellationToken,
    ) -> Result<ServerAnswer, RequestError> {
        let mut handle = self.begin(request).await?;
        tokio::select! {
            biased;
            answer = &mut handle.rx => self.understood(answer),
            () = self.screen.over().cancelled() => Err(RequestError::Ended),
            () = stop.cancelled() => Err(withdrawn(handle, McpError::Stopped).await),
            () = sleep_until(deadline) => Err(withdrawn(handle, self.too_late(limit)).await),
        }
    }

    async fn begin(
        &self,
        request: ClientRequest,
    ) -> Result<RequestHandle<RoleClient>, RequestError> {
        let options = PeerRequestOptions::no_options();
        let begun = self.peer.send_cancellable_request(request, options).await;
        begun.map_err(|_| RequestError::Ended)
    }

    fn too_late(&self, limit: Duration) -> McpError {
        McpError::TimedOut(self.name.clone(), limit.as_secs())
    }

    /// What an answer of the protocol means.
    fn understood<E>(
        &self,
        answer: Result<Result<ServerAnswer, ServiceError>, E>,
    ) -> Result<ServerAnswer, RequestError> {
        let refused = |words: String| {
            let words = words.chars().take(LONGEST_WORDS).collect();
            RequestError::Other(McpError::Refused(self.name.clone(), words))
        };
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(ServiceError::McpError(error))) => {
                Err(refused(format!("{} ({})", error.message, error.code.0)))
            }
            Ok(Err(ServiceError::TransportSend(error))) => match why_refused(&error) {
                Some(why) => Err(refused(why)),
                None => Err(RequestError::Ended),
            },
            // At an address, each answer has a connection of its own.
            Ok(Err(ServiceError::TransportClosed)) if !self.is_over() => {
                Err(refused("its answer broke off".to_owned()))
            }
            Ok(Err(ServiceError::TransportClosed)) | Err(_) => Err(RequestError::Ended),
            Ok(Err(error)) => Err(refused(error.to_string())),
        }
    }

    /// Ends what is left of a connection that is over; says how it ended.
    pub async fn how_it_ended(&self) -> String {
        let found = self.end.get_or_init(|| async {
            let given_up = self.screen.why_given_up();
            drop(self.service.lock().take());
            let program = self.program.lock().take();
            let ended = match program {
                Some(program) => end_of(program).await,
                None => String::new(),
            };
            match (given_up, ended.as_str()) {
                (Some(why), _) => why.to_owned(),
                (None, "") => "the connection ended".to_owned(),
                (None, _) => ended,
            }
        });
        found.await.clone()
    }

    /// Ends it in order: its input ends, then it has time to end by itself, then it is killed.
    pub async fn close(&self) {
        let service = self.service.lock().take();
        if let Some(mut service) = service {
            // What does not end in time is dropped.
            let _ = service.close_with_timeout(CLOSING).await;
        }
        let program = self.program.lock().take();
        if let Some(program) = program {
            // How it ends is of no interest any more.
            let _ = program.stop(GRACE).await;
        }
    }
}

/// Tells the server that nobody waits for an answer any more.
async fn withdrawn(handle: RequestHandle<RoleClient>, why: McpError) -> RequestError {
    // A server that reads nothing is not told.
    let _ = timeout(WITHDRAWAL, handle.cancel(Some(why.to_string()))).await;
    RequestError::Other(why)
}
