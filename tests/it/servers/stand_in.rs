//! A scripted server with OpenAI's `/v1`, over real HTTP, with any models, and with a key.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::block_on;

/// The window of its models, in tokens.
pub const WINDOW: u32 = 16_384;
/// Numbers in a vector.
const DIMENSION: usize = 16;

/// What it plays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Plays {
    #[default]
    LlamaServer,
    Vllm,
    /// Any other, which only lists the names of its models.
    Other,
}

/// A reply of the model.
#[derive(Clone, Debug)]
pub enum Says {
    Text(&'static str),
    /// A call with its arguments.
    Call(&'static str, Value),
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub key: Option<String>,
    pub body: Value,
}

#[derive(Default)]
struct Script {
    plays: Plays,
    models: Vec<&'static str>,
    embeds: bool,
    key: Option<&'static str>,
    replies: VecDeque<Says>,
    asked: Vec<Asked>,
}

#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

/// The server; it runs on a thread of its own, so a test may block.
pub struct StandIn {
    server: MockServer,
    script: Scripted,
}

impl StandIn {
    /// Starts a `llama-server` with these models.
    pub fn start(models: &[&'static str]) -> StandIn {
        StandIn::playing(Plays::LlamaServer, models)
    }

    /// Starts a server of a kind with these models.
    pub fn playing(plays: Plays, models: &[&'static str]) -> StandIn {
        let script = Scripted::default();
        {
            let mut script = script.lock();
            script.plays = plays;
            script.models = models.to_vec();
        }
        let server = block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let builder = MockServer::builder()
                .listener(listener)
                .disable_request_recording();
            let server = builder.start().await;
            Mock::given(any())
                .respond_with(script.clone())
                .mount(&server)
                .await;
            server
        });
        StandIn { server, script }
    }

    /// The same server, which replies so.
    #[must_use]
    pub fn replying(self, replies: Vec<Says>) -> StandIn {
        self.script.lock().replies = replies.into();
        self
    }

    /// The same server, which embeds.
    #[must_use]
    pub fn embedding(self) -> StandIn {
        self.script.lock().embeds = true;
        self
    }

    /// The same server, which wants a key.
    #[must_use]
    pub fn with_key(self, key: &'static str) -> StandIn {
        self.script.lock().key = Some(key);
        self
    }

    /// Its address, for `OLLACODE_SERVER`.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// Every request, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().asked.clone()
    }

    /// The bodies of the requests for a reply, in order.
    pub fn chats(&self) -> Vec<Value> {
        let asked = self.asked().into_iter();
        let chats = asked.filter(|asked| asked.path == "/v1/chat/completions");
        chats.map(|asked| asked.body).collect()
    }
}

impl Scripted {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Respond for Scripted {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let key = request.headers.get("authorization");
        let key = key.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let path = request.url.path().to_owned();
        let body: Value = request.body_json().unwrap_or(Value::Null);
        let mut script = self.lock();
        let wanted = script.key.map(|key| format!("Bearer {key}"));
        script.asked.push(Asked {
            path: path.clone(),
            key: key.clone(),
            body: body.clone(),
        });
        if wanted.is_some() && key != wanted {
            return refusal(401, "Invalid API Key");
        }
        script.answer(&path, &body)
    }
}

impl Script {
    fn answer(&mut self, path: &str, body: &Value) -> ResponseTemplate {
        match (self.plays, path) {
            (Plays::LlamaServer, "/health") => answer(json!({"status": "ok"})),
            (Plays::LlamaServer, "/props") => answer(self.props()),
            (Plays::Vllm, "/version") => answer(json!({"version": "0.11.0"})),
            (_, "/v1/models") => answer(self.listed()),
            (_, "/v1/chat/completions") => self.reply(body),
            (_, "/v1/embeddings") => self.embed(body),
            _ => refusal(404, "File Not Found"),
        }
    }

    fn props(&self) -> Value {
        let model = self.models.first().copied().unwrap_or_default();
        json!({
            "default_generation_settings": {"n_ctx": WINDOW, "params": {}},
            "total_slots": 1,
            "model_alias": model,
            "model_path": format!("/models/{model}.gguf"),
            "modalities": {"vision": false, "audio": false},
            "chat_template": "{{ messages }}",
            "chat_template_caps": {"supports_tools": true, "supports_tool_calls": true},
            "build_info": "b7000-abcdef0",
        })
    }

    fn listed(&self) -> Value {
        let model = |name: &&str| match self.plays {
            Plays::LlamaServer => json!({
                "id": name, "object": "model", "created": 1, "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 32_768, "n_embd": DIMENSION, "size": 1_000},
            }),
            Plays::Vllm => json!({
                "id": name, "object": "model", "created": 1, "owned_by": "vllm",
                "max_model_len": WINDOW,
            }),
            Plays::Other => json!({"id": name, "object": "model"}),
        };
        let models: Vec<Value> = self.models.iter().map(model).collect();
        json!({"object": "list", "data": models})
    }

    fn reply(&mut self, body: &Value) -> ResponseTemplate {
        let Some(says) = self.replies.pop_front() else {
            return refusal(500, "nothing more is scripted");
        };
        // Four bytes a token, as the client estimates.
        let prompt = body.to_string().len() / 4;
        let usage =
            json!({"prompt_tokens": prompt, "completion_tokens": 12, "total_tokens": prompt + 12});
        let (message, pieces, finish) = match says {
            Says::Text(text) => {
                let (first, rest) = text.split_at(text.len() / 2);
                let pieces = vec![json!({"content": first}), json!({"content": rest})];
                (
                    json!({"role": "assistant", "content": text}),
                    pieces,
                    "stop",
                )
            }
            Says::Call(name, arguments) => called(name, &arguments.to_string()),
        };
        if body["stream"] != true {
            return answer(json!({
                "id": "c-1", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": usage,
            }));
        }
        let chunk = |delta: &Value, finish: Value| {
            json!({
                "id": "c-1", "object": "chat.completion.chunk", "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            })
        };
        let role = json!({"role": "assistant", "content": null});
        let mut events = vec![chunk(&role, Value::Null)];
        events.extend(pieces.iter().map(|piece| chunk(piece, Value::Null)));
        events.push(chunk(&json!({}), json!(finish)));
        events.push(json!({
            "id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
            "choices": [], "usage": usage,
        }));
        let mut text: String = events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect();
        text.push_str("data: [DONE]\n\n");
        ResponseTemplate::new(200).set_body_raw(text, "text/event-stream")
    }

    fn embed(&self, body: &Value) -> ResponseTemplate {
        if !self.embeds {
            let why = "This server does not support embeddings. Start it with `--embeddings`";
            return refusal(501, why);
        }
        let texts: Vec<&str> = match &body["input"] {
            Value::String(text) => vec![text],
            Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
            _ => return refusal(400, "\"input\" must be provided"),
        };
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text)}))
            .collect();
        answer(json!({
            "object": "list", "model": body["model"], "data": data,
            "usage": {"prompt_tokens": 8 * texts.len(), "total_tokens": 8 * texts.len()},
        }))
    }
}

/// A call as a message, as pieces of a stream, and why the reply ends.
fn called(name: &str, arguments: &str) -> (Value, Vec<Value>, &'static str) {
    let (first, rest) = arguments.split_at(arguments.len() / 2);
    let function = json!({"name": name, "arguments": arguments});
    let call = json!({"id": "call-1", "type": "function", "function": function});
    let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let begin = json!({
        "index": 0, "id": "call-1", "type": "function",
        "function": {"name": name, "arguments": first},
    });
    let end = json!({"index": 0, "function": {"arguments": rest}});
    let pieces = vec![json!({"tool_calls": [begin]}), json!({"tool_calls": [end]})];
    (message, pieces, "tool_calls")
}

/// The vector of a text, of length 1: how often its letters come, in groups.
fn vector(text: &str) -> Vec<f64> {
    let mut vector = [1.0; DIMENSION];
    for byte in text.bytes() {
        vector[usize::from(byte) % DIMENSION] += 1.0;
    }
    let length = vector
        .iter()
        .map(|number| number * number)
        .sum::<f64>()
        .sqrt();
    vector.iter().map(|number| number / length).collect()
}

fn answer(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn refusal(status: u16, message: &str) -> ResponseTemplate {
    let error = json!({"code": status, "message": message, "type": "invalid_request_error"});
    ResponseTemplate::new(status).set_body_json(json!({"error": error}))
}
