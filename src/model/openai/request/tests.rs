use serde_json::json;

use super::*;
use crate::model::openai::dialect::Thinking;
use crate::model::{Parameter, ParameterKind};

const MANNER: Manner = Manner {
    temperature: 0.2,
    thinking: Thinking::No,
    weak: false,
};

/// A request as it is written for a kind of server.
fn written_with(kind: ServerKind, refusals: &Refusals, request: ChatRequest<'_>) -> Value {
    let style = Style {
        model: "m",
        kind,
        manner: MANNER,
        refusals,
        window: 16_384,
    };
    serde_json::to_value(ChatBody::new(style, request)).expect("JSON")
}

fn written(kind: ServerKind, request: ChatRequest<'_>) -> Value {
    written_with(kind, &Refusals::default(), request)
}

fn request(messages: &[Message]) -> ChatRequest<'_> {
    ChatRequest {
        messages,
        tools: &[],
        format: None,
        without_thoughts: false,
        reply_tokens: None,
    }
}

fn tool() -> ToolSpec {
    ToolSpec {
        name: "list".to_owned(),
        aliases: Vec::new(),
        description: "Lists files.".to_owned(),
        parameters: vec![Parameter {
            name: "path".to_owned(),
            aliases: Vec::new(),
            kind: ParameterKind::Text,
            description: "A folder.".to_owned(),
            required: true,
        }],
        schema: None,
        takes_others: false,
        other_form: None,
        is_core: true,
    }
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "list".to_owned(),
        arguments: json!({"path": "a"})
            .as_object()
            .cloned()
            .unwrap_or_default(),
    }
}

fn conversation() -> Vec<Message> {
    vec![
        Message::System {
            text: "Be a test.".to_owned(),
        },
        Message::user("What is there?"),
        Message::Assistant {
            text: String::new(),
            thinking: "I look.".to_owned(),
            calls: vec![call("c1")],
        },
        Message::Tool {
            call_id: "c1".to_owned(),
            tool: "list".to_owned(),
            text: "b.rs".to_owned(),
        },
    ]
}

#[test]
fn a_request_has_what_every_server_knows() {
    let tools = [tool()];
    let messages = conversation();
    let body = written(
        ServerKind::OpenAi,
        ChatRequest {
            tools: &tools,
            reply_tokens: Some(100),
            ..request(&messages)
        },
    );
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be a test."},
            {"role": "user", "content": "What is there?"},
            {"role": "assistant", "content": null, "tool_calls": [{
                "id": "c1", "type": "function",
                "function": {"name": "list", "arguments": "{\"path\":\"a\"}"},
            }]},
            {"role": "tool", "content": "b.rs", "tool_call_id": "c1"},
        ],
        "tools": [{"type": "function", "function": {
            "name": "list", "description": "Lists files.",
            "parameters": {"type": "object", "required": ["path"], "properties": {
                "path": {"type": "string", "description": "A folder."},
            }},
        }}],
        "stream": true,
        "stream_options": {"include_usage": true},
        "temperature": 0.2_f32,
        "max_tokens": 100,
    });
    assert_eq!(body, expected);
}

#[test]
fn thoughts_go_back_where_the_server_takes_them() {
    let mut messages = conversation();
    for (kind, goes_back) in [
        (ServerKind::LlamaServer, true),
        (ServerKind::Vllm, true),
        (ServerKind::LmStudio, false),
        (ServerKind::OpenAi, false),
    ] {
        let body = written(kind, request(&messages));
        let thought = &body["messages"][2]["reasoning_content"];
        assert_eq!(thought.is_string(), goes_back, "{kind:?}");
        let name = &body["messages"][3]["name"];
        assert_eq!(name.is_string(), kind != ServerKind::OpenAi, "{kind:?}");
    }
    messages.push(Message::user("And now?"));
    let body = written(ServerKind::LlamaServer, request(&messages));
    assert!(body["messages"][2]["reasoning_content"].is_null());
}

#[test]
fn a_reply_without_words_and_calls_is_left_out() {
    let empty = || Message::Assistant {
        text: String::new(),
        thinking: "Hm.".to_owned(),
        calls: Vec::new(),
    };
    let messages = [
        Message::user("One."),
        empty(),
        Message::user("Two."),
        empty(),
    ];
    let body = written(ServerKind::LlamaServer, request(&messages));
    let expected = json!([{"role": "user", "content": "One.\n\nTwo."}]);
    assert_eq!(body["messages"], expected);
}

#[test]
fn pictures_are_bytes_and_no_addresses() {
    let image = |bytes: &[u8]| Image::new(bytes);
    let messages = [Message::User {
        text: "Look.".to_owned(),
        images: vec![
            image(b"\x89PNG\r\n\x1a\n"),
            image(b"\xff\xd8\xff\xe0"),
            image(b"GIF89a"),
            image(b"RIFF____WEBP"),
            image(b"?"),
        ],
    }];
    let body = written(ServerKind::LmStudio, request(&messages));
    let parts = body["messages"][0]["content"].as_array().expect("parts");
    assert_eq!(parts[0], json!({"type": "text", "text": "Look."}));
    let kinds = ["png", "jpeg", "gif", "webp", "png"];
    for (part, kind) in parts[1..].iter().zip(kinds) {
        let url = part["image_url"]["url"].as_str().expect("an address");
        let beginning = format!("data:image/{kind};base64,");
        assert!(url.starts_with(&beginning), "{url}");
    }
    assert_eq!(parts.len(), 1 + kinds.len());
}

#[test]
fn a_schema_goes_without_tools() {
    let tools = [tool()];
    let schema = json!({"type": "object"});
    let messages = conversation();
    let body = written(
        ServerKind::Vllm,
        ChatRequest {
            tools: &tools,
            format: Some(&schema),
            ..request(&messages)
        },
    );
    let expected =
        json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}});
    assert_eq!(body["response_format"], expected);
    assert!(body["tools"].is_null());
}

#[test]
fn the_longest_reply_is_said_where_it_cannot_be_refused() {
    let messages = conversation();
    for (kind, wanted, said) in [
        (ServerKind::LlamaServer, None, json!(8_192)),
        (ServerKind::LmStudio, None, json!(8_192)),
        (ServerKind::Vllm, None, json!(null)),
        (ServerKind::OpenAi, None, json!(null)),
        (ServerKind::Vllm, Some(500), json!(500)),
        (ServerKind::LlamaServer, Some(100_000), json!(16_384)),
    ] {
        let asked = ChatRequest {
            reply_tokens: wanted,
            ..request(&messages)
        };
        assert_eq!(
            written(kind, asked)["max_tokens"],
            said,
            "{kind:?} {wanted:?}"
        );
    }
}

#[test]
fn what_was_refused_is_done_otherwise() {
    let tools = [tool()];
    let messages = conversation();
    let asked = ChatRequest {
        tools: &tools,
        reply_tokens: Some(100),
        ..request(&messages)
    };
    let refusals = Refusals::default();
    for message in [
        "Cannot use tools with stream",
        "'max_tokens' is unsupported, use 'max_completion_tokens'",
        "'temperature' is unsupported",
        "content must not be null",
        "reasoning_content: extra fields not permitted",
    ] {
        let error = crate::model::http::ServerError::Status {
            server: ServerKind::LlamaServer,
            status: 400,
            message: message.to_owned(),
        };
        assert!(refusals.learn(&error), "{message}");
    }
    let body = written_with(ServerKind::LlamaServer, &refusals, asked);
    assert_eq!(body["stream"], json!(false));
    assert!(body["stream_options"].is_null() && body["temperature"].is_null());
    assert_eq!(body["max_completion_tokens"], json!(100));
    assert!(body["max_tokens"].is_null());
    assert_eq!(body["messages"][2]["content"], json!(""));
    assert!(body["messages"][2]["reasoning_content"].is_null());
    let body = written_with(ServerKind::LlamaServer, &refusals, request(&messages));
    assert_eq!(body["stream"], json!(true), "without tools it may stream");
}
