use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::model::ollama::request_profile::ThinkingSupport;
use crate::model::{Parameter, ParameterDeclaration, ParameterKind, ToolDeclaration};

const MANNER: RequestProfile = RequestProfile {
    num_ctx: 16_384,
    temperature: 0.2,
    thinking: ThinkingSupport::No,
    one_voice: false,
    text_hides_calls: false,
    garbles_tools: false,
};

static TOOL: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "grep_search",
    aliases: &["grep"],
    description: "Searches.",
    parameters: &[
        ParameterDeclaration {
            name: "regex",
            aliases: &["pattern"],
            kind: ParameterKind::Text,
            description: "What to find.",
            required: true,
        },
        ParameterDeclaration {
            name: "context",
            aliases: &[],
            kind: ParameterKind::Integer,
            description: "Lines around.",
            required: false,
        },
        ParameterDeclaration {
            name: "all",
            aliases: &[],
            kind: ParameterKind::Boolean,
            description: "Everything.",
            required: false,
        },
        ParameterDeclaration {
            name: "globs",
            aliases: &[],
            kind: ParameterKind::Texts,
            description: "Files.",
            required: false,
        },
    ],
    is_core: true,
};

fn system(text: &str) -> Message {
    Message::System {
        text: text.to_owned(),
    }
}

fn user(text: &str) -> Message {
    Message::user(text)
}

fn assistant(text: &str, thinking: &str, path: Option<&str>) -> Message {
    let call = |path: &str| ToolCall {
        id: format!("call_{path}"),
        name: "read_file".to_owned(),
        arguments: Map::from_iter([("path".to_owned(), json!(path))]),
    };
    Message::Assistant {
        text: text.to_owned(),
        thinking: thinking.to_owned(),
        calls: path.map(call).into_iter().collect(),
    }
}

fn result(path: &str) -> Message {
    Message::Tool {
        call_id: format!("call_{path}"),
        tool: "read_file".to_owned(),
        text: "fn main() {}".to_owned(),
    }
}

fn asked<'a>(messages: &'a [Message], tools: &'a [ToolSpec]) -> ChatRequest<'a> {
    ChatRequest {
        messages,
        tools,
        format: None,
        without_thoughts: false,
        reply_tokens: Some(4_096),
    }
}

fn written(request_profile: RequestProfile, request: ChatRequest<'_>) -> Value {
    serde_json::to_value(ChatBody::new("m", request_profile, request)).expect("JSON")
}

#[test]
fn a_request_has_what_the_protocol_wants() {
    let messages = [
        system("be good"),
        user("go"),
        assistant("", "hm", Some("a")),
        result("a"),
    ];
    let expected = json!({
        "model": "m", "stream": true, "truncate": false, "shift": false, "keep_alive": "30m",
        "options": {"num_ctx": 16_384, "temperature": 0.2_f32, "num_predict": 4_096},
        "messages": [
            {"role": "system", "content": "be good"},
            {"role": "user", "content": "go"},
            {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
                {"id": "call_a", "function": {"name": "read_file", "arguments": {"path": "a"}}},
            ]},
            {"role": "tool", "tool_name": "read_file", "tool_call_id": "call_a",
             "content": "fn main() {}"},
        ],
    });
    assert_eq!(written(MANNER, asked(&messages, &[])), expected);
}

#[test]
fn pictures_go_with_their_message_and_again_with_each_request() {
    let look = Message::User {
        text: "look".to_owned(),
        images: vec![Image::new(b"PNG"), Image::new(b"JPEG")],
    };
    let messages = [system("s"), look, assistant("A cat.", "", None), user("?")];
    let expected = json!([
        {"role": "system", "content": "s"},
        {"role": "user", "content": "look", "images": ["UE5H", "SlBFRw=="]},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "?"},
    ]);
    for count in [2, 4] {
        let body = written(MANNER, asked(&messages[..count], &[]));
        let expected = expected.as_array().map(|all| &all[..count]);
        assert_eq!(body["messages"].as_array().map(Vec::as_slice), expected);
    }
}

#[test]
fn tools_keep_the_order_of_their_parameters() {
    let body = ChatBody::new("m", MANNER, asked(&[], std::slice::from_ref(&*TOOL)));
    let text = serde_json::to_string(&body).expect("JSON");
    let expected = concat!(
        r#""tools":[{"type":"function","function":{"name":"grep_search","description":"Searches.","#,
        r#""parameters":{"type":"object","required":["regex"],"properties":{"#,
        r#""regex":{"type":"string","description":"What to find."},"#,
        r#""context":{"type":"integer","description":"Lines around."},"#,
        r#""all":{"type":"boolean","description":"Everything."},"#,
        r#""globs":{"type":"array","items":{"type":"string"},"description":"Files."}}}}}]"#,
    );
    assert!(text.contains(expected), "{text}");
    let without = serde_json::to_string(&ChatBody::new("m", MANNER, asked(&[], &[])));
    assert!(!without.expect("JSON").contains("tools"));
}

#[test]
fn a_schema_is_sent_as_the_tool_brings_it() {
    let schema = json!({
        "type": "object",
        "properties": {
            "filter": {"type": "object", "properties": {"state": {"enum": ["open", "closed"]}}},
            "labels": {"type": "array", "items": {"$ref": "#/$defs/label"}},
            "most": {"type": ["number", "null"], "minimum": 1},
        },
        "required": ["filter"],
        "additionalProperties": false,
        "$defs": {"label": {"type": "string"}},
    });
    let name = "tracker.search".to_owned();
    let tool = ToolSpec::from_schema(name, "Searches.".to_owned(), schema.clone());
    let body = written(MANNER, asked(&[], std::slice::from_ref(&tool)));
    assert_eq!(
        body["tools"],
        json!([{"type": "function", "function": {
            "name": "tracker.search", "description": "Searches.", "parameters": schema,
        }}])
    );
    // The same for a parameter among others.
    let filter = schema["properties"]["filter"].clone();
    let mut tool = TOOL.clone();
    tool.parameters.truncate(1);
    tool.parameters.push(Parameter {
        name: "filter".to_owned(),
        aliases: Vec::new(),
        kind: ParameterKind::Schema(filter.clone()),
        description: String::new(),
        required: false,
    });
    let body = written(MANNER, asked(&[], std::slice::from_ref(&tool)));
    assert_eq!(
        body["tools"][0]["function"]["parameters"],
        json!({"type": "object", "required": ["regex"], "properties": {
            "regex": {"type": "string", "description": "What to find."},
            "filter": filter,
        }})
    );
}

#[test]
fn thoughts_go_back_only_in_the_work_on_one_question() {
    let messages = [
        system("s"),
        user("one"),
        assistant("", "old", Some("a")),
        result("a"),
        assistant("done", "older", None),
        user("two"),
        assistant("", "new", Some("b")),
        result("b"),
    ];
    let body = written(MANNER, asked(&messages, &[]));
    let thoughts: Vec<&str> = body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|message| message["thinking"].as_str())
        .collect();
    assert_eq!(thoughts, ["new"]);
}

#[test]
fn one_voice_leaves_the_thoughts_out_where_there_is_text_beside_calls() {
    let messages = [
        user("go"),
        assistant("I read it.", "hm", Some("a")),
        assistant("", "hm", Some("b")),
    ];
    let request_profile = RequestProfile {
        one_voice: true,
        ..MANNER
    };
    let body = written(request_profile, asked(&messages, &[]));
    assert_eq!(body["messages"][1]["thinking"], Value::Null);
    assert_eq!(body["messages"][2]["thinking"], "hm");
}

#[test]
fn there_is_one_message_for_the_system_and_it_is_the_first() {
    let messages = [user("go"), system("a"), system("b")];
    let body = written(MANNER, asked(&messages, &[]));
    let expected = json!([
        {"role": "system", "content": "a\n\nb"},
        {"role": "user", "content": "go"},
    ]);
    assert_eq!(body["messages"], expected);
}

#[test]
fn a_format_goes_without_tools_and_thoughts() {
    let format = json!({"type": "object"});
    let request_profile = RequestProfile {
        thinking: ThinkingSupport::Free,
        ..MANNER
    };
    let request = ChatRequest {
        format: Some(&format),
        ..asked(&[], std::slice::from_ref(&*TOOL))
    };
    let body = written(request_profile, request);
    assert_eq!(body["format"], format);
    assert_eq!(body["think"], false);
    assert_eq!(body["tools"], Value::Null);
    let free = written(request_profile, asked(&[], &[]));
    assert_eq!(free["think"], Value::Null);
}

#[test]
fn the_reply_is_bounded_by_the_window() {
    let small = RequestProfile {
        num_ctx: 4_096,
        ..MANNER
    };
    for (request_profile, tokens, expected) in [
        (MANNER, None, LONGEST_REPLY),
        (MANNER, Some(100), 100),
        (small, None, 4_096),
    ] {
        let request = ChatRequest {
            reply_tokens: tokens,
            ..asked(&[], &[])
        };
        let body = written(request_profile, request);
        assert_eq!(body["options"]["num_predict"], expected);
        assert_eq!(body["options"]["num_ctx"], request_profile.num_ctx);
    }
}

#[test]
fn text_that_would_hide_its_calls_is_left_out() {
    let request_profile = RequestProfile {
        text_hides_calls: true,
        ..MANNER
    };
    let messages = [
        system("s"),
        user("q"),
        assistant("I look.", "", Some("a")),
        assistant("It is empty.", "", None),
    ];
    let written = |request_profile| {
        let request = ChatRequest {
            messages: &messages,
            tools: &[],
            format: None,
            without_thoughts: false,
            reply_tokens: None,
        };
        serde_json::to_value(ChatBody::new("m", request_profile, request)).expect("JSON")
    };
    let contents = |body: &Value| -> Vec<Value> {
        let messages = body["messages"].as_array().expect("messages");
        messages.iter().map(|it| it["content"].clone()).collect()
    };
    assert_eq!(
        contents(&written(request_profile))[2..],
        [json!(""), json!("It is empty.")]
    );
    assert_eq!(contents(&written(MANNER))[2], "I look.");
}

#[test]
fn messages_of_the_user_in_a_row_are_one() {
    let messages = [
        system("s"),
        user("q"),
        user("a note"),
        assistant("a", "", None),
        user("r"),
    ];
    let request = ChatRequest {
        messages: &messages,
        tools: &[],
        format: None,
        without_thoughts: false,
        reply_tokens: None,
    };
    let body = serde_json::to_value(ChatBody::new("m", MANNER, request)).expect("JSON");
    assert_eq!(body["messages"].as_array().map(Vec::len), Some(4));
    assert_eq!(body["messages"][1]["content"], "q\n\na note");
}
