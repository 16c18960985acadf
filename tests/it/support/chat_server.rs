//! A scripted Ollama to chat with, over real HTTP.
//!
//! It plays replies in their order, and checks that each request keeps the protocol; a server
//! whose requests did not fails its test when it is dropped. It speaks HTTP on a socket of its
//! own, since a reply may break off, come in odd pieces or never come. Each connection has a
//! thread, so a test needs no runtime.

pub(super) mod http;
mod models;
mod render;
mod reply;
mod rules;

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};

use http::{Exchange, Request};

pub use models::{Generation, ServedModel};
pub use render::{QWEN, QWEN_JSON};
pub use reply::Reply;

/// Name of the model that the server has, unless another one is given.
pub const CHAT_MODEL: &str = "scripted:30b";

/// The server; it ends when it is dropped.
pub struct ChatServer {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    state: Mutex<State>,
    stopped: AtomicBool,
    closed: AtomicUsize,
}

#[derive(Default)]
struct State {
    models: Vec<ServedModel>,
    script: VecDeque<Reply>,
    /// Requests for a reply, as they came.
    requests: Vec<String>,
    loads: Vec<Value>,
    /// Models that were taken out of memory.
    unloads: Vec<String>,
    /// The options of each model's first request.
    options: HashMap<String, Value>,
    violations: Vec<String>,
    calls: usize,
}

impl ChatServer {
    /// Starts a server with one able model, which gives these replies.
    pub fn start(script: Vec<Reply>) -> ChatServer {
        ChatServer::with_models(vec![ServedModel::default()], script)
    }

    /// Starts a server with these models.
    pub fn with_models(models: Vec<ServedModel>, script: Vec<Reply>) -> ChatServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State {
            models,
            script: script.into(),
            ..State::default()
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            stopped: AtomicBool::new(false),
            closed: AtomicUsize::new(0),
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
        ChatServer { shared, address }
    }

    /// Its address, for `OLLAMA_HOST`.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds replies to the script.
    pub fn then(&self, replies: Vec<Reply>) {
        self.shared.lock().script.extend(replies);
    }

    /// Every request for a reply, in order; those that only load a model are not among them.
    pub fn requests(&self) -> Vec<Value> {
        let state = self.shared.lock();
        let read = |raw: &String| serde_json::from_str(raw).expect("JSON");
        state.requests.iter().map(read).collect()
    }

    /// What a model whose template is [`QWEN`] or [`QWEN_JSON`] sees of a request.
    pub fn rendered(&self, index: usize) -> String {
        let template = self.shared.lock().models[0].template;
        render::qwen(&self.requests()[index], template == QWEN_JSON)
    }

    /// Every request that only loaded a model.
    pub fn loads(&self) -> Vec<Value> {
        self.shared.lock().loads.clone()
    }

    /// The models that were taken out of memory, in order.
    pub fn unloads(&self) -> Vec<String> {
        self.shared.lock().unloads.clone()
    }

    /// How many replies were not asked for yet.
    pub fn left(&self) -> usize {
        self.shared.lock().script.len()
    }

    /// How many connections the client closed before their reply was complete.
    pub fn closed_connections(&self) -> usize {
        self.shared.closed.load(Ordering::SeqCst)
    }

    /// Takes down what requests did wrong, so that the test does not fail for it.
    pub fn violations(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.lock().violations)
    }

    /// Demands that each request begins with all of the one before, byte by byte: that is what
    /// the cache of a real server needs. `allowed` are indexes of requests that need not.
    #[track_caller]
    pub fn assert_each_extends_the_last(&self, allowed: &[usize]) {
        let requests = self.shared.lock().requests.clone();
        for (index, pair) in requests.windows(2).enumerate() {
            if allowed.contains(&(index + 1)) {
                continue;
            }
            if let Err(why) = rules::extends(&pair[0], &pair[1]) {
                panic!("request {} does not extend the last: {why}", index + 1);
            }
        }
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        let violations = self.violations();
        if !thread::panicking() {
            assert!(violations.is_empty(), "the protocol: {violations:#?}");
        }
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
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let name = body["model"].as_str().unwrap_or_default();
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/api/version") => {
                let generation = self.lock().models.first().map(|model| model.generation);
                let version = generation.unwrap_or_default().version();
                exchange.answer(200, &json!({ "version": version }));
            }
            ("GET", "/api/tags") => {
                let models: Vec<Value> = self.models(ServedModel::listed);
                exchange.answer(200, &json!({ "models": models }));
            }
            ("GET", "/api/ps") => {
                let models: Vec<Option<Value>> = self.models(ServedModel::in_memory);
                let models: Vec<Value> = models.into_iter().flatten().collect();
                exchange.answer(200, &json!({ "models": models }));
            }
            ("POST", "/api/show") => match self.find(name) {
                Some(model) => exchange.answer(200, &model.shown()),
                None => exchange.answer(404, &models::not_found(name)),
            },
            ("POST", "/api/pull") => {
                self.lock().models.push(ServedModel::named(name));
                exchange.lines(&[
                    json!({"status": "pulling manifest"}),
                    json!({"status": "success"}),
                ]);
            }
            ("POST", "/api/embed") => exchange.answer(404, &models::not_found(name)),
            ("POST", "/api/chat") => self.chat(&request, &body, exchange),
            _ => exchange.answer(404, &json!("404 page not found")),
        }
    }

    fn models<T>(&self, describe: impl Fn(&ServedModel) -> T) -> Vec<T> {
        self.lock().models.iter().map(describe).collect()
    }

    fn find(&self, name: &str) -> Option<ServedModel> {
        let state = self.lock();
        state.models.iter().find(|model| model.is(name)).cloned()
    }

    fn chat(&self, request: &Request, body: &Value, mut exchange: Exchange<'_>) {
        let name = body["model"].as_str().unwrap_or_default();
        let Some(model) = self.find(name) else {
            return exchange.answer(404, &models::not_found(name));
        };
        let is_load = body["messages"].as_array().is_some_and(Vec::is_empty);
        if is_load && body["keep_alive"] == 0 {
            self.unload(name);
            return exchange.answer(200, &json!({"done": true, "done_reason": "unload"}));
        }
        self.record(request, body, is_load);
        self.lock().violations.extend(model.violation(body));
        if let Some(refusal) = model.refusal(body) {
            return exchange.answer(400, &json!({ "error": refusal }));
        }
        self.load(name, body);
        if is_load {
            return exchange.answer(200, &json!({"done": true, "done_reason": "load"}));
        }
        let Some(reply) = self.next_reply(body) else {
            return exchange.answer(500, &json!({"error": "the script has no reply left"}));
        };
        let mut number = || {
            let mut state = self.lock();
            state.calls += 1;
            state.calls
        };
        let reply = reply.on(&model, body);
        if !reply.play(body, &mut number, &mut exchange) {
            self.closed.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn record(&self, request: &Request, body: &Value, is_load: bool) {
        let mut state = self.lock();
        let options = rules::lasting_options(body);
        let name = body["model"].as_str().unwrap_or_default().to_owned();
        let first = state.options.entry(name).or_insert(options.clone()).clone();
        let mut violations = rules::violations(body);
        if first != options {
            violations.push(format!("the options were {first} and are {options}"));
        }
        state.violations.extend(violations);
        if is_load {
            state.loads.push(body.clone());
        } else {
            let raw = String::from_utf8_lossy(&request.body).into_owned();
            state.requests.push(raw);
        }
    }

    fn load(&self, name: &str, body: &Value) {
        let asked = body["options"]["num_ctx"].as_u64().unwrap_or(4_096);
        let mut state = self.lock();
        let model = state.models.iter_mut().find(|model| model.is(name));
        if let Some(model) = model {
            model.loaded = Some(asked.min(model.most_loaded));
        }
    }

    fn unload(&self, name: &str) {
        let mut state = self.lock();
        let models = state.models.iter_mut().filter(|model| model.is(name));
        models.for_each(|model| model.loaded = None);
        state.unloads.push(name.to_owned());
    }

    fn next_reply(&self, body: &Value) -> Option<Reply> {
        let reply = {
            let mut state = self.lock();
            let reply = match state.script.front() {
                Some(reply) if reply.is_repeated() => Some(reply.clone()),
                _ => state.script.pop_front(),
            };
            if reply.is_none() {
                state.violations.push("the script has no reply left".into());
            }
            reply?
        };
        // Without the lock: what computes a reply may ask the server.
        Some(reply.computed(body))
    }
}
