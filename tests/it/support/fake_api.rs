//! A fake server of the Bot API, over real HTTP: strict about what it takes, and it counts.
//!
//! Messages and presses of users are given to it, and what the bot sends is read from it. Each
//! connection has a thread, so a test needs no runtime.

mod http;
pub mod markup;
mod methods;
mod rates;
mod users;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use http::Request;
use rates::Rates;
use users::{bot, chat_value};

pub use rates::Limits;

/// The only token that is taken.
pub const TOKEN: &str = "123456789:AAFakeTokenOfTheTests_0123456789abcd";

/// The server; it ends when it is dropped.
pub struct FakeApi {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A message of the bot, as it is now.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub chat: i64,
    /// The topic of a forum.
    pub topic: Option<i64>,
    pub id: i64,
    /// As it came, with its tags.
    pub html: String,
    /// As it is shown.
    pub text: String,
    /// The keyboard, or null.
    pub keyboard: Value,
    /// Name and contents.
    pub document: Option<(String, Vec<u8>)>,
    pub edits: usize,
    pub is_deleted: bool,
}

/// A press of a button.
#[derive(Clone, Debug)]
struct Callback {
    id: String,
    /// What the bot answered; empty if it answered without a text.
    answer: Option<String>,
}

/// How a request is refused.
#[derive(Clone, Debug)]
pub struct Failure {
    status: u16,
    description: String,
    retry_after: Option<u64>,
}

#[derive(Default)]
struct State {
    limits: Limits,
    updates: VecDeque<Value>,
    last_update: i64,
    /// Counts polls; one that is not the newest ends with a conflict.
    poll: u64,
    chats: BTreeSet<i64>,
    messages: Vec<Sent>,
    last_message: i64,
    callbacks: Vec<Callback>,
    actions: Vec<(i64, String)>,
    commands: Vec<Value>,
    /// By id: path and contents.
    files: HashMap<String, (String, Vec<u8>)>,
    downloads: usize,
    /// What is to go wrong, by method.
    failures: VecDeque<(String, Failure)>,
    requests: Vec<String>,
    rates: Rates,
    rate_violations: Vec<String>,
    violations: Vec<String>,
    is_stopped: bool,
}

impl FakeApi {
    /// Starts a server with the limits of Telegram.
    pub fn start() -> FakeApi {
        FakeApi::with_limits(Limits::default())
    }

    /// Starts a server with other limits, for tests that have less time.
    pub fn with_limits(limits: Limits) -> FakeApi {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            limits,
            ..State::default()
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.lock().is_stopped {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&serving)) else {
                    continue;
                };
                thread::spawn(move || shared.serve(stream));
            }
        });
        FakeApi { shared, address }
    }

    /// Its address, for `TELEGRAM_API_URL`.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the next call of a method fail; more of them queue.
    pub fn fail(&self, method: &str, failure: Failure) {
        let method = method.to_ascii_lowercase();
        self.shared.lock().failures.push_back((method, failure));
    }

    /// Holds a chat back from now on; what comes meanwhile is refused, and is a violation but for
    /// the first.
    pub fn flood_wait(&self, chat: i64, seconds: u64) {
        self.shared.lock().rates.block(chat, seconds, false);
    }

    /// All messages of the bot in a chat, as they are now.
    pub fn chat(&self, chat: i64) -> Vec<Sent> {
        let state = self.shared.lock();
        let here = state
            .messages
            .iter()
            .filter(|sent| sent.chat == chat && !sent.is_deleted);
        here.cloned().collect()
    }

    /// A message of the bot.
    pub fn sent(&self, message: i64) -> Option<Sent> {
        let state = self.shared.lock();
        state
            .messages
            .iter()
            .find(|sent| sent.id == message)
            .cloned()
    }

    /// Waits for a message of the bot that is as wanted.
    #[track_caller]
    pub fn wait_for(&self, chat: i64, most: Duration, wanted: impl Fn(&Sent) -> bool) -> Sent {
        let deadline = Instant::now() + most;
        loop {
            if let Some(sent) = self.chat(chat).into_iter().find(|sent| wanted(sent)) {
                return sent;
            }
            assert!(
                Instant::now() < deadline,
                "it never came: {:#?}",
                self.chat(chat)
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the bot answered to a press; `None` if nothing yet.
    pub fn answer(&self, press: &str) -> Option<String> {
        let state = self.shared.lock();
        let callback = state
            .callbacks
            .iter()
            .find(|callback| callback.id == press)?;
        callback.answer.clone()
    }

    /// Chat actions: chat and kind.
    pub fn actions(&self) -> Vec<(i64, String)> {
        self.shared.lock().actions.clone()
    }

    /// The commands that were registered.
    pub fn commands(&self) -> Vec<Value> {
        self.shared.lock().commands.clone()
    }

    /// Updates that the bot has not confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.shared.lock().updates.len()
    }

    /// Files that were downloaded.
    pub fn downloads(&self) -> usize {
        self.shared.lock().downloads
    }

    /// Methods that were called, in their order, in small letters.
    pub fn requests(&self) -> Vec<String> {
        self.shared.lock().requests.clone()
    }

    /// Edits of a chat.
    pub fn edits(&self, chat: i64) -> usize {
        self.shared.lock().rates.edits(chat)
    }

    /// Most edits of a chat within a minute.
    pub fn most_edits_a_minute(&self, chat: i64) -> usize {
        self.shared.lock().rates.most_edits_a_minute(chat)
    }

    /// Where the bot sent more than Telegram takes.
    pub fn rate_violations(&self) -> Vec<String> {
        self.shared.lock().rate_violations.clone()
    }

    /// Takes down what the bot did wrong, so that the test does not fail for it.
    pub fn violations(&self) -> Vec<String> {
        let mut state = self.shared.lock();
        let mut violations = std::mem::take(&mut state.violations);
        violations.append(&mut state.rate_violations);
        violations
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.shared.lock().is_stopped = true;
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        let violations = self.violations();
        if !thread::panicking() {
            assert!(violations.is_empty(), "the protocol: {violations:#?}");
        }
    }
}

impl Failure {
    /// Refuses with a status and a description.
    pub fn status(status: u16, description: &str) -> Failure {
        Failure {
            status,
            description: description.to_owned(),
            retry_after: None,
        }
    }

    /// Refuses for so many seconds.
    pub fn retry_after(seconds: u64) -> Failure {
        Failure {
            status: 429,
            description: format!("Too Many Requests: retry after {seconds}"),
            retry_after: Some(seconds),
        }
    }

    /// Another program polls with the same token.
    pub fn conflict() -> Failure {
        Failure::status(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot \
             instance is running",
        )
    }

    fn value(&self) -> Value {
        let mut value = json!({
            "ok": false, "error_code": self.status, "description": self.description,
        });
        if let Some(seconds) = self.retry_after {
            value["parameters"] = json!({ "retry_after": seconds });
        }
        value
    }
}

impl Sent {
    fn value(&self) -> Value {
        let mut value = json!({
            "message_id": self.id, "date": 1_795_000_000, "chat": chat_value(self.chat),
            "from": bot(),
        });
        match &self.document {
            Some((name, contents)) => {
                value["document"] = json!({
                    "file_id": format!("sent{}", self.id), "file_unique_id": "u",
                    "file_name": name, "file_size": contents.len(),
                });
                value["caption"] = json!(self.text);
            }
            None => value["text"] = json!(self.text),
        }
        if !self.keyboard.is_null() {
            value["reply_markup"] = self.keyboard.clone();
        }
        if self.edits > 0 {
            value["edit_date"] = json!(1_795_000_001);
        }
        value
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = http::read(&mut stream) else {
            return;
        };
        let path = request
            .path
            .replace("%2F", "/")
            .replace("%2f", "/")
            .replace("%3A", ":");
        let path = path.split('?').next().unwrap_or_default().to_owned();
        if let Some(rest) = path.strip_prefix("/file/bot") {
            return self.download(&mut stream, rest);
        }
        let call = path
            .strip_prefix("/bot")
            .and_then(|rest| rest.split_once('/'));
        let answer = match call {
            Some((token, method)) if token == TOKEN => self.call(&stream, method, &request),
            Some((token, _)) if token.contains(':') => Err(Failure::status(401, "Unauthorized")),
            _ => Err(Failure::status(404, "Not Found")),
        };
        let (status, value) = match answer {
            Ok(result) => (200, json!({ "ok": true, "result": result })),
            Err(failure) => (failure.status, failure.value()),
        };
        http::answer(
            &mut stream,
            status,
            "application/json",
            value.to_string().as_bytes(),
        );
    }

    fn call(&self, stream: &TcpStream, method: &str, request: &Request) -> methods::Answer {
        let method = method.to_ascii_lowercase();
        let mut state = self.lock();
        state.requests.push(method.clone());
        if let Some(index) = state
            .failures
            .iter()
            .position(|failure| failure.0 == method)
        {
            let (_, failure) = state.failures.remove(index).expect("it was found");
            if let (Some(seconds), Some(chat)) =
                (failure.retry_after, request.fields["chat_id"].as_i64())
            {
                state.rates.block(chat, seconds, true);
            }
            return Err(failure);
        }
        match method.as_str() {
            "getupdates" => self.poll(state, stream, &request.fields),
            _ => {
                let answer = methods::call(&mut state, &method, request);
                self.changed.notify_all();
                answer
            }
        }
    }

    /// Waits for updates. A newer poll ends this one.
    fn poll(
        &self,
        mut state: MutexGuard<'_, State>,
        stream: &TcpStream,
        fields: &Value,
    ) -> methods::Answer {
        let offset = fields["offset"].as_i64().unwrap_or_default();
        let limit = fields["limit"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
        let timeout = Duration::from_secs(fields["timeout"].as_u64().unwrap_or_default());
        let deadline = Instant::now() + timeout;
        if offset < 0 {
            let keep = offset.unsigned_abs() as usize;
            let forgotten = state.updates.len().saturating_sub(keep);
            state.updates.drain(..forgotten);
        } else {
            state
                .updates
                .retain(|update| update["update_id"].as_i64() >= Some(offset));
        }
        state.poll += 1;
        let poll = state.poll;
        self.changed.notify_all();
        loop {
            if state.poll != poll {
                return Err(Failure::conflict());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !state.updates.is_empty()
                || left.is_zero()
                || state.is_stopped
                || http::is_closed(stream)
            {
                let updates: Vec<Value> = state.updates.iter().take(limit).cloned().collect();
                return Ok(json!(updates));
            }
            // Short, to see that the client has gone.
            let wait = left.min(Duration::from_millis(50));
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn download(&self, stream: &mut TcpStream, rest: &str) {
        let found = {
            let mut state = self.lock();
            let path = rest
                .strip_prefix(TOKEN)
                .and_then(|rest| rest.strip_prefix('/'));
            let file = state
                .files
                .values()
                .find(|file| Some(file.0.as_str()) == path);
            let contents = file.map(|file| file.1.clone());
            state.downloads += usize::from(contents.is_some());
            contents
        };
        match found {
            Some(contents) => http::answer(stream, 200, "application/octet-stream", &contents),
            None => http::answer(
                stream,
                404,
                "application/json",
                b"{\"ok\":false,\"error_code\":404}",
            ),
        }
    }
}
