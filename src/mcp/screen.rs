//! What of a server's messages gets further: answers to what was asked, and a few questions. The rest is
//! counted, and a server that sends too much of it is given up.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::RoleClient;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, ErrorCode, ErrorData, JsonRpcMessage,
    RequestId, ServerJsonRpcMessage, ServerNotification, ServerRequest,
};
use rmcp::transport::Transport;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Time in which what is not wanted is counted,
const WINDOW: Duration = Duration::from_secs(10);
/// most messages in it,
const MOST_MESSAGES: usize = 2_000;
/// and most bytes.
const MOST_BYTES: usize = 64 << 20;
/// Most questions of a server that are open at a time.
const MOST_ASKED: usize = 8;

/// Why a server was given up.
const FLOOD: &str = "it was given up, since it sends more than it is asked for";

/// Watches what goes over a connection.
pub(super) struct Screen {
    state: Mutex<ScreenState>,
    /// Cancelled when nothing comes any more.
    over: CancellationToken,
}

struct ScreenState {
    /// Our requests that have no answer yet.
    open: HashSet<RequestId>,
    /// The one of those that begins the connection.
    opening: Option<Opening>,
    /// Requests of the server that have no answer yet.
    asked: HashSet<RequestId>,
    /// Whether the server said that its tools are others.
    tools_changed: bool,
    since: Instant,
    messages: usize,
    bytes: usize,
    why_given_up: Option<&'static str>,
}

struct Opening {
    id: RequestId,
    /// When no answer to the probe means that the server does not know it; `None` if it is no probe.
    until: Option<Instant>,
}

impl Screen {
    pub fn new() -> Screen {
        Screen {
            state: Mutex::new(ScreenState {
                open: HashSet::new(),
                opening: None,
                asked: HashSet::new(),
                tools_changed: false,
                since: Instant::now(),
                messages: 0,
                bytes: 0,
                why_given_up: None,
            }),
            over: CancellationToken::new(),
        }
    }

    /// Is cancelled when nothing comes any more.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Why the server was given up, if it was.
    pub fn why_given_up(&self) -> Option<&'static str> {
        self.state.lock().why_given_up
    }

    /// Counts bytes that came.
    pub fn counts(&self, bytes: usize) {
        self.state.lock().spend(0, bytes);
    }

    /// Counts a message that is not wanted.
    pub fn ignores(&self) {
        self.state.lock().spend(1, 0);
    }

    /// Our requests that have no answer yet.
    pub fn open_requests(&self) -> Vec<RequestId> {
        self.state.lock().open.iter().cloned().collect()
    }

    /// Whether the server said, since the last call, that its tools are others.
    pub fn take_tools_changed(&self) -> bool {
        std::mem::take(&mut self.state.lock().tools_changed)
    }

    /// Notes what is sent; `patience` is how long a probe waits.
    fn sends(&self, message: &ClientJsonRpcMessage, patience: Option<Duration>) {
        let mut state = self.state.lock();
        match message {
            JsonRpcMessage::Request(request) => {
                state.open.insert(request.id.clone());
                let until = match &request.request {
                    ClientRequest::InitializeRequest(_) => None,
                    ClientRequest::DiscoverRequest(_) => {
                        patience.map(|patience| Instant::now() + patience)
                    }
                    _ => return,
                };
                let id = request.id.clone();
                state.opening = Some(Opening { id, until });
            }
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    state.open.remove(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
    }

    /// Notes that a request of the server was answered.
    fn has_answered(&self, id: &RequestId) {
        self.state.lock().asked.remove(id);
    }

    /// When the probe counts as not understood, if one is open.
    fn probe_until(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.opening.as_ref().and_then(|opening| opening.until)
    }

    /// The answer that a server without an answer to the probe would have given.
    fn unanswered_probe(&self) -> Option<ServerJsonRpcMessage> {
        let state = self.state.lock();
        let id = state.opening.as_ref()?.id.clone();
        let error = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "no answer", None);
        Some(ServerJsonRpcMessage::error(error, Some(id)))
    }

    /// The message, if it gets further.
    fn admit(&self, message: ServerJsonRpcMessage) -> Option<ServerJsonRpcMessage> {
        let mut state = self.state.lock();
        let gets_further = match &message {
            JsonRpcMessage::Response(response) => state.takes_answer(Some(&response.id)),
            JsonRpcMessage::Error(error) => state.takes_answer(error.id.as_ref()),
            JsonRpcMessage::Request(request) => {
                state.spend(1, 0);
                state.takes_question(&request.id, &request.request)
            }
            JsonRpcMessage::Notification(notification) => {
                state.spend(1, 0);
                state.takes_notification(&notification.notification)
            }
        };
        gets_further.then_some(message)
    }
}

impl ScreenState {
    fn spend(&mut self, messages: usize, bytes: usize) {
        let now = Instant::now();
        if now.duration_since(self.since) >= WINDOW {
            (self.since, self.messages, self.bytes) = (now, 0, 0);
        }
        self.messages += messages;
        self.bytes += bytes;
        if self.messages > MOST_MESSAGES || self.bytes > MOST_BYTES {
            self.why_given_up = Some(FLOOD);
        }
    }

    /// Whether an answer is one to an open request, which it closes then.
    fn takes_answer(&mut self, id: Option<&RequestId>) -> bool {
        let opening = self.opening.as_ref().map(|opening| opening.id.clone());
        // An error without a number can only be meant for the request that begins the connection.
        let Some(id) = id.cloned().or_else(|| opening.clone()) else {
            self.spend(1, 0);
            return false;
        };
        // Some servers answer a number with its digits.
        let id = match &id {
            RequestId::String(digits) if !self.open.contains(&id) => {
                digits.parse().map_or(id, RequestId::Number)
            }
            _ => id,
        };
        let is_open = self.open.remove(&id);
        if is_open && opening.as_ref() == Some(&id) {
            self.opening = None;
        }
        if !is_open {
            self.spend(1, 0);
        }
        is_open
    }

    fn takes_question(&mut self, id: &RequestId, request: &ServerRequest) -> bool {
        if let Some(opening) = &self.opening {
            // Before the connection has begun, a server may only ask whether somebody is there.
            return opening.until.is_none() && matches!(request, ServerRequest::PingRequest(_));
        }
        self.asked.len() < MOST_ASKED && self.asked.insert(id.clone())
    }

    fn takes_notification(&mut self, notification: &ServerNotification) -> bool {
        match notification {
            ServerNotification::ToolListChangedNotification(_) => {
                self.tools_changed = true;
                false
            }
            ServerNotification::CancelledNotification(cancelled) => {
                let id = cancelled.params.request_id.as_ref();
                id.is_some_and(|id| self.asked.remove(id))
            }
            _ => false,
        }
    }
}

/// A connection over which only what the screen admits comes.
pub(super) struct Screened<T> {
    inner: T,
    screen: Arc<Screen>,
    /// How long a probe waits; `None` for as long as it takes.
    patience: Option<Duration>,
}

impl<T> Screened<T> {
    pub fn new(inner: T, screen: Arc<Screen>, patience: Option<Duration>) -> Screened<T> {
        Screened {
            inner,
            screen,
            patience,
        }
    }
}

impl<T: Transport<RoleClient> + 'static> Transport<RoleClient> for Screened<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: ClientJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.screen.sends(&item, self.patience);
        let answers = match &item {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => None,
        };
        let screen = Arc::clone(&self.screen);
        let send = self.inner.send(item);
        async move {
            let sent = send.await;
            // Not before it was written: a server that reads nothing must not ask more and more.
            if let Some(id) = &answers {
                screen.has_answered(id);
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            if self.screen.why_given_up().is_some() {
                self.screen.over.cancel();
                return None;
            }
            let until = self.screen.probe_until();
            let message = tokio::select! {
                biased;
                message = self.inner.receive() => message,
                () = silence(until) => self.screen.unanswered_probe(),
            };
            let Some(message) = message else {
                self.screen.over.cancel();
                return None;
            };
            if let Some(message) = self.screen.admit(message) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.screen.over.cancel();
        self.inner.close().await
    }
}

/// Waits until a time, or for ever.
async fn silence(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::{DiscoverRequest, DiscoverRequestParams, ListToolsRequest, NumberOrString};
    use serde_json::{Value, json};

    use super::*;

    fn message(value: Value) -> ServerJsonRpcMessage {
        serde_json::from_value(value).expect("a message")
    }

    fn sends(screen: &Screen, value: Value) {
        let message: ClientJsonRpcMessage = serde_json::from_value(value).expect("a message");
        screen.sends(&message, Some(Duration::from_secs(5)));
    }

    fn asks(screen: &Screen, id: i64) {
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::default());
        let request = ClientJsonRpcMessage::request(request, NumberOrString::Number(id));
        screen.sends(&request, None);
    }

    /// Whether a message gets further.
    fn admits(screen: &Screen, value: Value) -> bool {
        screen.admit(message(value)).is_some()
    }

    fn result(id: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "result": {"tools": []}})
    }

    fn question(id: Value, method: &str) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": method})
    }

    #[tokio::test]
    async fn only_what_was_asked_is_answered_and_once() {
        let screen = Screen::new();
        asks(&screen, 1);
        asks(&screen, 2);
        assert!(!admits(&screen, result(json!(7))));
        assert!(!admits(&screen, result(json!("x"))));
        assert!(admits(&screen, result(json!(1))));
        assert!(!admits(&screen, result(json!(1))), "once is enough");
        assert!(admits(&screen, result(json!("2"))), "a number as text");
        let error = json!({"jsonrpc": "2.0", "error": {"code": 1, "message": "x"}});
        assert!(!admits(&screen, error), "an error for nobody");
        asks(&screen, 3);
        sends(
            &screen,
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}),
        );
        assert!(!admits(&screen, result(json!(3))), "nobody waits any more");
    }

    #[tokio::test]
    async fn few_questions_are_open_at_a_time() {
        let screen = Screen::new();
        for id in 0..MOST_ASKED {
            assert!(admits(&screen, question(json!(id), "roots/list")));
        }
        assert!(
            !admits(&screen, question(json!(0), "ping")),
            "twice the number"
        );
        assert!(!admits(&screen, question(json!("more"), "ping")));
        screen.has_answered(&NumberOrString::Number(0));
        assert!(admits(&screen, question(json!("more"), "ping")));
        let cancelled = |id: i64| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
        assert!(!admits(&screen, cancelled(99)));
        assert!(admits(&screen, cancelled(1)));
    }

    #[tokio::test]
    async fn before_the_connection_has_begun_only_a_ping_is_answered() {
        let screen = Screen::new();
        let request = DiscoverRequest::new(DiscoverRequestParams {});
        let request = ClientRequest::DiscoverRequest(request);
        let request = ClientJsonRpcMessage::request(request, NumberOrString::Number(0));
        screen.sends(&request, Some(Duration::from_secs(5)));
        assert!(!admits(&screen, question(json!(1), "ping")));
        assert!(screen.probe_until().is_some());
        let error = json!({"jsonrpc": "2.0", "error": {"code": -32601, "message": "x"}});
        assert!(admits(&screen, error), "an answer without a number");
        assert!(screen.probe_until().is_none());
        sends(
            &screen,
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "a", "version": "1"},
            }}),
        );
        assert!(admits(&screen, question(json!(2), "ping")));
        assert!(!admits(&screen, question(json!(3), "roots/list")));
        assert!(!admits(&screen, result(json!(0))), "a late answer");
        assert!(admits(&screen, result(json!(1))));
        assert!(admits(&screen, question(json!(4), "roots/list")));
    }

    #[tokio::test]
    async fn a_flood_is_given_up_and_a_trickle_is_not() {
        let changed = || json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
        let screen = Screen::new();
        for _ in 0..10 {
            for _ in 0..MOST_MESSAGES {
                assert!(!admits(&screen, changed()));
            }
            assert_eq!(screen.why_given_up(), None);
            screen.state.lock().since -= WINDOW;
        }
        assert!(screen.take_tools_changed());
        assert!(!screen.take_tools_changed());
        for _ in 0..=MOST_MESSAGES {
            admits(&screen, changed());
        }
        assert_eq!(screen.why_given_up(), Some(FLOOD));

        let screen = Screen::new();
        screen.counts(MOST_BYTES);
        assert_eq!(screen.why_given_up(), None);
        screen.counts(1);
        assert_eq!(screen.why_given_up(), Some(FLOOD));
    }
}
