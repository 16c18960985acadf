//! Servers with OpenAI's `/v1` over scripted ones of each kind: what they are, replies that go well,
//! each way in which they do not, and vectors.

mod kinds;
mod refusing;
mod replies;
mod vectors;

use std::sync::LazyLock;
use std::time::Duration;

use futures::StreamExt;
use ollacode::message::{Message, ToolCall};
use ollacode::model::http::{Address, ClientLimits, HttpClient, NetworkScope};
use ollacode::model::openai::{OpenAiChat, OpenAiClient, ServerKind};
use ollacode::model::{
    ChatModel, ChatRequest, Delta, ModelError, Parameter, ParameterKind, ToolSpec, Usage,
};

use crate::support::openai_server::{Answer, MODEL, OpenAiServer};

/// Every kind of server with `/v1`.
const KINDS: [ServerKind; 4] = [
    ServerKind::LlamaServer,
    ServerKind::LmStudio,
    ServerKind::Vllm,
    ServerKind::OpenAi,
];

static TOOLS: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
    let path = Parameter {
        name: "path".to_owned(),
        aliases: Vec::new(),
        kind: ParameterKind::Text,
        description: "The file.".to_owned(),
        required: true,
    };
    vec![ToolSpec {
        name: "read_file".to_owned(),
        aliases: Vec::new(),
        description: "Reads a file.".to_owned(),
        parameters: vec![path],
        schema: None,
        takes_others: false,
        other_form: None,
        is_core: true,
    }]
});

fn limits() -> ClientLimits {
    ClientLimits {
        connect: Duration::from_secs(5),
        lookup: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        tries: 3,
        pause: Duration::from_millis(1),
    }
}

fn http_to(uri: &str, limits: ClientLimits) -> HttpClient {
    let address = Address::parse_server("OLLACODE_SERVER", uri).expect("an address");
    HttpClient::new(address, None, NetworkScope::Any, limits).expect("a client")
}

fn client(server: &OpenAiServer, kind: ServerKind) -> OpenAiClient {
    OpenAiClient::new(http_to(&server.uri(), limits()), kind)
}

async fn model_with(server: &OpenAiServer, kind: ServerKind, limits: ClientLimits) -> OpenAiChat {
    let client = OpenAiClient::new(http_to(&server.uri(), limits), kind);
    OpenAiChat::connect(client, MODEL, None, NetworkScope::Any)
        .await
        .expect("a model")
}

async fn model(server: &OpenAiServer, kind: ServerKind) -> OpenAiChat {
    model_with(server, kind, limits()).await
}

fn question() -> Vec<Message> {
    let system = Message::System {
        text: "You are a test.".to_owned(),
    };
    vec![system, Message::user("What is in a.rs?")]
}

fn request(messages: &[Message]) -> ChatRequest<'_> {
    ChatRequest {
        messages,
        tools: &TOOLS,
        format: None,
        without_thoughts: false,
        reply_tokens: None,
    }
}

/// A reply, put together.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    thinking: String,
    text: String,
    calls: Vec<ToolCall>,
    broken: Vec<String>,
    done: Option<Usage>,
    error: Option<ModelError>,
}

impl Heard {
    /// Names and paths of the calls.
    fn paths(&self) -> Vec<(&str, &str)> {
        let calls = self.calls.iter().map(|call| {
            let path = call.arguments.get("path").and_then(|path| path.as_str());
            (call.name.as_str(), path.unwrap_or_default())
        });
        calls.collect()
    }
}

async fn hear(model: &OpenAiChat, request: ChatRequest<'_>) -> Heard {
    let mut heard = Heard::default();
    let mut reply = model.reply(request);
    while let Some(delta) = reply.next().await {
        assert!(
            heard.done.is_none() && heard.error.is_none(),
            "nothing comes after the end"
        );
        match delta {
            Ok(Delta::Thinking(piece)) => heard.thinking.push_str(&piece),
            Ok(Delta::Text(piece)) => heard.text.push_str(&piece),
            Ok(Delta::Call(call)) => heard.calls.push(call),
            Ok(Delta::BrokenCall { call, .. }) => heard.broken.push(call.name),
            Ok(Delta::Done(usage)) => heard.done = Some(usage),
            Err(error) => heard.error = Some(error),
        }
    }
    heard
}

/// What comes of a question when a server of a kind answers so.
async fn asked(kind: ServerKind, script: Vec<Answer>) -> (Heard, OpenAiServer) {
    let server = OpenAiServer::start(kind, script);
    let heard = hear(&model(&server, kind).await, request(&question())).await;
    (heard, server)
}

/// What a failure says, with its hint.
#[track_caller]
fn failure(heard: &Heard) -> String {
    match &heard.error {
        Some(ModelError::Failed(failure) | ModelError::Crashed(failure)) => failure.to_string(),
        other => panic!("a failure is wanted: {other:?}"),
    }
}
