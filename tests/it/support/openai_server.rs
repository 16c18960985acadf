//! A scripted server with OpenAI's `/v1`, over real HTTP. Each kind lists its models in its own
//! words, and plays answers in their order.

mod answer;
mod pages;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use ollacode::model::openai::ServerKind;
use serde_json::{Value, json};

use super::chat_server::http::{Exchange, Request};
use super::embedder::vector;

pub use answer::{Answer, delta, end, usage};
pub use pages::{EMBEDDING_MODEL, MODEL};

/// Numbers in a vector of [`EMBEDDING_MODEL`].
pub const DIMENSION: usize = 64;

/// The server; it ends when it is dropped.
pub struct OpenAiServer {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    kind: ServerKind,
    state: Mutex<State>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    script: VecDeque<Answer>,
    /// Path and body of every request with a body, in order.
    requests: Vec<(String, Value)>,
    /// Path of every request without one.
    look_ups: Vec<String>,
    /// Pages that are other than those of the kind.
    pages: Vec<(String, u16, Value)>,
    /// How many requests are still refused because the model is being loaded.
    loading: usize,
}

impl OpenAiServer {
    /// Starts a server of a kind, which gives these answers.
    pub fn start(kind: ServerKind, script: Vec<Answer>) -> OpenAiServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            script: script.into(),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            kind,
            state: Mutex::new(state),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&serving)) else {
                    continue;
                };
                thread::spawn(move || shared.serve(stream));
            }
        });
        OpenAiServer { shared, address }
    }

    /// Its address, for `OLLACODE_SERVER`.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers a look-up of a path in another way than its kind does, and than it did before. `*` is
    /// every path.
    pub fn page(self, path: &str, status: u16, answer: Value) -> OpenAiServer {
        let page = (path.to_owned(), status, answer);
        self.shared.lock().pages.insert(0, page);
        self
    }

    /// Refuses so many requests first, since the model is being loaded.
    pub fn loading(self, requests: usize) -> OpenAiServer {
        self.shared.lock().loading = requests;
        self
    }

    /// Adds answers to the script.
    pub fn then(&self, answers: Vec<Answer>) {
        self.shared.lock().script.extend(answers);
    }

    /// The body of every request for a reply, in order.
    pub fn chats(&self) -> Vec<Value> {
        self.bodies("/v1/chat/completions")
    }

    /// The body of every request to embed, in order.
    pub fn embeddings(&self) -> Vec<Value> {
        self.bodies("/v1/embeddings")
    }

    /// Every look-up, in order.
    pub fn look_ups(&self) -> Vec<String> {
        self.shared.lock().look_ups.clone()
    }

    /// How many answers were not asked for yet.
    pub fn left(&self) -> usize {
        self.shared.lock().script.len()
    }

    fn bodies(&self, wanted: &str) -> Vec<Value> {
        let state = self.shared.lock();
        let bodies = state.requests.iter().filter(|(path, _)| path == wanted);
        bodies.map(|(_, body)| body.clone()).collect()
    }
}

impl Drop for OpenAiServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) {
        let Some((request, mut exchange)) = Exchange::begin(stream, &self.stopped) else {
            return;
        };
        exchange.with_events();
        let body = self.record(&request);
        if self.is_loading() {
            return exchange.answer(503, &pages::loading());
        }
        if request.method == "GET" {
            let (status, page) = self.page(&request.path);
            return exchange.answer(status, &page);
        }
        let answer = self.lock().script.pop_front();
        match answer {
            Some(answer) => answer.play(&mut exchange),
            None if request.path == "/v1/embeddings" => exchange.answer(200, &embedded(&body)),
            None => exchange.answer(500, &json!({"error": "the script has no answer left"})),
        }
    }

    fn record(&self, request: &Request) -> Value {
        let mut state = self.lock();
        if request.method == "GET" {
            state.look_ups.push(request.path.clone());
            return Value::Null;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        state.requests.push((request.path.clone(), body.clone()));
        body
    }

    fn is_loading(&self) -> bool {
        let mut state = self.lock();
        let is_loading = state.loading > 0;
        state.loading = state.loading.saturating_sub(1);
        is_loading
    }

    fn page(&self, path: &str) -> (u16, Value) {
        let bare = path.split('?').next().unwrap_or(path);
        let state = self.lock();
        let other = state
            .pages
            .iter()
            .find(|(known, _, _)| [path, bare, "*"].contains(&known.as_str()));
        match other {
            Some((_, status, page)) => (*status, page.clone()),
            None => pages::of(self.kind, bare),
        }
    }
}

/// The answer to a request to embed, with vectors that mean something; the last text is the first
/// one in it.
fn embedded(body: &Value) -> Value {
    let texts = body["input"].as_array().cloned().unwrap_or_default();
    let vectors = texts.iter().enumerate().map(|(index, text)| {
        let vector = vector(text.as_str().unwrap_or_default(), DIMENSION);
        json!({"object": "embedding", "index": index, "embedding": vector})
    });
    let vectors: Vec<Value> = vectors.rev().collect();
    json!({"object": "list", "data": vectors, "usage": {"prompt_tokens": texts.len()}})
}
