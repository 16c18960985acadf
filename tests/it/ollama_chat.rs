//! Chat models over a scripted Ollama: replies that go well, and each way in which they do not.

mod bounds;
mod choosing;
mod failing;
mod templates;

use std::sync::LazyLock;
use std::time::Duration;

use futures::StreamExt;
use ollacode::message::{Image, Message, ToolCall};
use ollacode::model::http::{Address, ClientLimits, NetworkScope};
use ollacode::model::ollama::{OllamaChat, OllamaClient};
use ollacode::model::repair::find_calls;
use ollacode::model::{
    ChatModel, ChatRequest, Delta, ModelError, Parameter, ParameterKind, StopReason, ToolSpec,
    Usage,
};
use serde_json::{Map, Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply, ServedModel};

fn tool(name: &str) -> ToolSpec {
    let path = Parameter {
        name: "path".to_owned(),
        aliases: Vec::new(),
        kind: ParameterKind::Text,
        description: "The file.".to_owned(),
        required: true,
    };
    ToolSpec {
        name: name.to_owned(),
        aliases: Vec::new(),
        description: "Does something with a file.".to_owned(),
        parameters: vec![path],
        schema: None,
        takes_others: false,
        other_form: None,
        is_core: true,
    }
}

static TOOLS: LazyLock<Vec<ToolSpec>> =
    LazyLock::new(|| vec![tool("read_file"), tool("delete_file")]);

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

fn client_with(server: &ChatServer, limits: ClientLimits) -> OllamaClient {
    let address = Address::parse(&server.uri()).expect("an address");
    OllamaClient::new(address, None, NetworkScope::Any, limits).expect("a client")
}

async fn model_with(server: &ChatServer, limits: ClientLimits) -> OllamaChat {
    let client = client_with(server, limits);
    OllamaChat::connect(client, CHAT_MODEL, None, NetworkScope::Any)
        .await
        .expect("a model")
}

async fn model(server: &ChatServer) -> OllamaChat {
    model_with(server, limits()).await
}

fn system() -> Message {
    Message::System {
        text: "You are a test.".to_owned(),
    }
}

fn user(text: &str) -> Message {
    Message::user(text)
}

fn result(call: &ToolCall, text: &str) -> Message {
    Message::Tool {
        call_id: call.id.clone(),
        tool: call.name.clone(),
        text: text.to_owned(),
    }
}

fn question() -> Vec<Message> {
    vec![system(), user("What is in a.rs?")]
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
#[derive(Debug, Default)]
struct Heard {
    thinking: String,
    text: String,
    calls: Vec<ToolCall>,
    /// Names of calls that cannot be read, and why.
    broken: Vec<(String, String)>,
    done: Option<Usage>,
    error: Option<ModelError>,
}

impl Heard {
    fn paths(&self) -> Vec<Option<&str>> {
        let paths = self.calls.iter().map(|call| call.arguments.get("path"));
        paths.map(|path| path.and_then(Value::as_str)).collect()
    }

    fn message(&self) -> Message {
        Message::Assistant {
            text: self.text.clone(),
            thinking: self.thinking.clone(),
            calls: self.calls.clone(),
        }
    }
}

async fn hear(model: &OllamaChat, request: ChatRequest<'_>) -> Heard {
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
            Ok(Delta::BrokenCall { call, why }) => heard.broken.push((call.name, why)),
            Ok(Delta::Done(usage)) => heard.done = Some(usage),
            Err(error) => heard.error = Some(error),
        }
    }
    heard
}

/// What comes of a question when the server replies so.
async fn asked(script: Vec<Reply>) -> (Heard, ChatServer) {
    let server = ChatServer::start(script);
    let heard = hear(&model(&server).await, request(&question())).await;
    (heard, server)
}

#[tokio::test]
async fn thoughts_text_and_usage_arrive() {
    let reply = Reply::text("There is a 함수 in it, and nothing else.")
        .thinking("Let me see what there is.")
        .usage(812, 40);
    let (heard, server) = asked(vec![reply]).await;
    assert_eq!(heard.thinking, "Let me see what there is.");
    assert_eq!(heard.text, "There is a 함수 in it, and nothing else.");
    let usage = Usage {
        prompt_tokens: Some(812),
        reply_tokens: Some(40),
        tokens_per_second: Some(50.0),
        prompt_seconds: Some(0.812),
        load_seconds: None,
        stop: StopReason::Stop,
    };
    assert_eq!(heard.done, Some(usage));
    assert_eq!((server.left(), server.closed_connections()), (0, 0));
}

#[tokio::test]
async fn a_reply_that_reached_its_limit_says_so() {
    let (heard, _server) = asked(vec![Reply::text("and so").full()]).await;
    assert_eq!(heard.done.map(|usage| usage.stop), Some(StopReason::Length));
}

#[tokio::test]
async fn an_empty_turn_is_only_done() {
    let (heard, server) = asked(vec![Reply::text("").usage(0, 0)]).await;
    assert!(heard.text.is_empty() && heard.calls.is_empty());
    assert_eq!(heard.done, Some(Usage::default()));
    assert_eq!(
        server.requests().len(),
        1,
        "to ask again is not its business"
    );
}

#[tokio::test]
async fn calls_come_wherever_the_server_puts_them() {
    let two = || {
        Reply::text("I look.")
            .call("read_file", json!({"path": "a.rs"}))
            .call("read_file", json!("{\"path\": \"b.rs\"}"))
    };
    for reply in [
        two(),
        two().calls_on_done_line(),
        two().without_ids(),
        two().without_ids().calls_on_done_line(),
    ] {
        let (heard, _server) = asked(vec![reply]).await;
        assert_eq!(heard.paths(), [Some("a.rs"), Some("b.rs")]);
        assert_eq!(heard.text, "I look.");
        let [first, second] = heard.calls.as_slice() else {
            panic!("two calls are wanted: {heard:?}");
        };
        assert_eq!(first.name, "read_file");
        assert!(!first.id.is_empty() && first.id != second.id, "{heard:?}");
        assert!(heard.done.is_some());
    }
}

#[tokio::test]
async fn an_id_is_never_used_twice_in_a_conversation() {
    let line = |path: &str| {
        let call = json!({"id": "call_0", "function": {
            "name": "read_file", "arguments": {"path": path},
        }});
        json!({"message": {"content": "", "tool_calls": [call.clone(), call]}, "done": true})
    };
    let piece = |path: &str| Reply::pieces(vec![format!("{}\n", line(path)).into_bytes()]);
    let server = ChatServer::start(vec![piece("a"), piece("b"), Reply::text("Done.")]);
    let model = model(&server).await;
    let mut messages = question();
    for _ in 0..2 {
        let heard = hear(&model, request(&messages)).await;
        assert_eq!(heard.calls.len(), 2);
        messages.push(heard.message());
        messages.extend(heard.calls.iter().map(|call| result(call, "empty")));
    }
    assert_eq!(hear(&model, request(&messages)).await.text, "Done.");
    assert!(server.violations().is_empty());
}

#[tokio::test]
async fn a_call_whose_arguments_are_no_object_leaves_the_others_alone() {
    for wrong in [json!("{\"path\": \"a"), json!(["a.rs"]), json!(7)] {
        let reply = Reply::text("")
            .call("read_file", json!({"path": "a.rs"}))
            .call("delete_file", wrong)
            .call("read_file", json!({"path": "b.rs"}));
        let (heard, _server) = asked(vec![reply]).await;
        assert_eq!(heard.paths(), [Some("a.rs"), Some("b.rs")]);
        let [(name, why)] = heard.broken.as_slice() else {
            panic!("a broken call is wanted: {heard:?}");
        };
        assert!(
            name == "delete_file" && why.contains("not a JSON object"),
            "{why}"
        );
        assert!(heard.done.is_some(), "{heard:?}");
    }
}

#[tokio::test]
async fn leaked_calls_stay_in_the_text_for_the_repair() {
    for text in [
        "I read it.\n<function=read_file>\n<parameter=path>\na.rs\n</parameter>\n</function>\n</tool_call>",
        "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"a.rs\"}}\n```",
    ] {
        let (heard, _server) = asked(vec![Reply::text(text)]).await;
        assert_eq!(heard.text, text);
        assert!(heard.calls.is_empty());
        assert_eq!(find_calls(&heard.text, &TOOLS).calls.len(), 1, "{text}");
    }
}

#[tokio::test]
async fn lines_may_come_in_any_pieces() {
    let text = "에이전트😀 \"quoted\"";
    let mut stream = Vec::new();
    for line in [
        json!({"message": {"role": "assistant", "content": text}, "done": false}),
        json!({"message": {"content": "", "tool_calls": null}, "done": true}),
    ] {
        stream.extend(format!("{line}\n").into_bytes());
    }
    let pieces = |size: usize| stream.chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
    for size in [1, 3, 7, 64] {
        let (heard, _server) = asked(vec![Reply::pieces(pieces(size))]).await;
        assert_eq!(heard.text, text, "in pieces of {size}");
        assert_eq!(heard.done, Some(Usage::default()));
    }
}

#[tokio::test]
async fn each_request_extends_the_last_with_the_same_options() {
    let read = |path: &str| {
        Reply::text("I look.")
            .thinking("It must be there.")
            .call("read_file", json!({"path": path}))
    };
    let script = vec![read("a.rs"), Reply::text("It is empty."), read("b.rs")];
    let server = ChatServer::start(script);
    let model = model(&server).await;
    model.load().await.expect("it is loaded");
    let mut messages = question();
    let heard = hear(&model, request(&messages)).await;
    messages.push(heard.message());
    messages.extend(heard.calls.iter().map(|call| result(call, "")));
    let heard = hear(&model, request(&messages)).await;
    messages.push(heard.message());
    messages.push(user("And b.rs?"));
    let longer = ChatRequest {
        reply_tokens: Some(100),
        ..request(&messages)
    };
    hear(&model, longer).await;
    server.assert_each_extends_the_last(&[]);
    let requests = server.requests();
    assert_eq!(requests[1]["messages"][2]["thinking"], "It must be there.");
    assert_eq!(requests[2]["messages"][2]["thinking"], Value::Null);
    assert_eq!(requests[2]["options"]["num_predict"], 100);
    // A conversation that begins anew need not extend the one before.
    server.then(vec![Reply::text("Again.")]);
    hear(&model, request(&question())).await;
    server.assert_each_extends_the_last(&[3]);
}

#[tokio::test]
async fn pictures_go_to_the_server_with_each_request() {
    let seeing = ServedModel {
        capabilities: vec!["completion", "tools", "vision"],
        ..ServedModel::default()
    };
    let script = vec![Reply::text("A cat."), Reply::text("Grey.")];
    let server = ChatServer::with_models(vec![seeing], script);
    let model = model(&server).await;
    let look = Message::User {
        text: "What is this?".to_owned(),
        images: vec![Image::new(b"PNG")],
    };
    let mut messages = vec![system(), look];
    let heard = hear(&model, request(&messages)).await;
    assert_eq!(heard.text, "A cat.");
    messages.extend([heard.message(), user("And its colour?")]);
    hear(&model, request(&messages)).await;
    server.assert_each_extends_the_last(&[]);
    let last = &server.requests()[1]["messages"];
    assert_eq!(last[1]["images"], json!(["UE5H"]));
    assert_eq!(last[3]["images"], Value::Null);
}

#[tokio::test]
async fn a_format_goes_to_the_server() {
    let server = ChatServer::start(vec![Reply::text("{\"tool\": \"none\"}")]);
    let messages = question();
    let format = json!({"type": "object"});
    let formatted = ChatRequest {
        format: Some(&format),
        ..request(&messages)
    };
    hear(&model(&server).await, formatted).await;
    let requests = server.requests();
    assert_eq!(requests[0]["format"], format);
    assert_eq!(requests[0]["tools"], Value::Null);
}

#[tokio::test]
async fn the_stand_in_sees_what_breaks_the_protocol() {
    let server = ChatServer::start(vec![Reply::text("Well.").repeated()]);
    let model = model(&server).await;
    let unknown = ToolCall {
        id: "call_unknown".to_owned(),
        name: "read_file".to_owned(),
        arguments: Map::new(),
    };
    for (messages, expected) in [
        (vec![user("go")], "must be the first"),
        (vec![system(), result(&unknown, "")], "answers no call"),
        (
            vec![system(), user("go"), Heard::default().message()],
            "would be continued",
        ),
    ] {
        hear(&model, request(&messages)).await;
        let violations = server.violations().join("\n");
        assert!(violations.contains(expected), "{violations}");
    }
}
