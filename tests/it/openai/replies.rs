//! Replies as servers send them, in every shape and every piece.

use std::time::Duration;

use ollacode::message::Message;
use ollacode::model::http::ClientLimits;
use ollacode::model::openai::ServerKind;
use ollacode::model::{ChatModel, ModelError, StopReason, Usage};
use serde_json::{Value, json};

use super::{Heard, KINDS, asked, hear, limits, model, model_with, question, request};
use crate::support::Draw;
use crate::support::openai_server::{Answer, OpenAiServer, delta, end, usage};

const LLAMA: ServerKind = ServerKind::LlamaServer;

/// Bytes of a stream of events, without its end.
fn stream(events: &[Value]) -> Vec<u8> {
    let events: Vec<String> = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    events.concat().into_bytes()
}

/// A reply with all that a reply can have.
fn rich() -> Vec<Value> {
    let piece = |arguments: &str| {
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}))
    };
    vec![
        delta(json!({"role": "assistant", "content": null})),
        delta(json!({"reasoning_content": "Let me "})),
        delta(json!({"reasoning_content": "see."})),
        delta(json!({"content": "I look at 함수"})),
        delta(json!({"content": " 😀."})),
        delta(json!({"tool_calls": [{
            "index": 0, "id": "c1", "type": "function",
            "function": {"name": "read_file", "arguments": ""},
        }]})),
        piece("{\"path\":"),
        piece(" \"a.rs\"}"),
        end("tool_calls"),
        usage(812, 40),
    ]
}

fn assert_rich(heard: &Heard) {
    assert_eq!(heard.thinking, "Let me see.");
    assert_eq!(heard.text, "I look at 함수 😀.");
    assert_eq!(heard.paths(), [("read_file", "a.rs")]);
    assert_eq!(heard.calls[0].id, "c1");
    let done = heard.done.expect("it is done");
    assert_eq!(
        (done.prompt_tokens, done.reply_tokens),
        (Some(812), Some(40))
    );
    assert_eq!((done.stop, &heard.error), (StopReason::Stop, &None));
    assert!(heard.broken.is_empty());
}

#[tokio::test]
async fn thoughts_text_calls_and_usage_arrive_from_every_kind() {
    for kind in KINDS {
        let (heard, server) = asked(kind, vec![Answer::events(&rich())]).await;
        assert_rich(&heard);
        assert_eq!(server.left(), 0);
        let [chat]: [Value; 1] = server.chats().try_into().expect("one request");
        assert_eq!(chat["stream_options"], json!({"include_usage": true}));
        assert_eq!(chat["tools"][0]["function"]["name"], "read_file");
    }
}

/// Any split of the stream, with any end of line, and comments in between, is the same reply.
#[tokio::test]
async fn a_stream_is_the_same_reply_wherever_it_is_cut() {
    let mut draw = Draw::seeded(19);
    let whole = String::from_utf8(stream(&rich())).expect("UTF-8");
    for round in 0..24 {
        let end_of_line = ["\n", "\r\n", "\r"][round % 3];
        let commented = whole.replace("\n\n", "\n\n: keep-alive\n\n");
        let text = format!("\u{feff}{commented}data: [DONE]\n\n").replace('\n', end_of_line);
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let most = [1, 7, 60, 4_000][round % 4];
            let (piece, after) = rest.split_at((1 + draw.below(most)).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        let (heard, _server) = asked(LLAMA, vec![Answer::pieces(pieces)]).await;
        assert_rich(&heard);
    }
}

#[tokio::test]
async fn a_reply_is_complete_without_the_end_of_the_stream() {
    // The connection ends.
    let (heard, _server) = asked(LLAMA, vec![Answer::pieces(vec![stream(&rich())])]).await;
    assert_rich(&heard);
    // It breaks, or stays open: what is complete is complete.
    let answer = || Answer::pieces(vec![stream(&rich())]);
    for answer in [answer().then_drop(), answer().then_hang()] {
        let (heard, _server) = asked(LLAMA, vec![answer]).await;
        assert_rich(&heard);
    }
}

#[tokio::test]
async fn a_reply_without_a_reason_ends_with_the_stream() {
    let events = [delta(json!({"content": "Yes."})), usage(20, 2)];
    let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
    assert_eq!((heard.text.as_str(), heard.error), ("Yes.", None));
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_complete() {
    let begun = || stream(&[delta(json!({"content": "Ye"}))]);
    let cut = [begun(), b"data: {\"choices\": [{\"del".to_vec()].concat();
    let aborted = Answer::events(&[delta(json!({"content": "Ye"})), end("abort")]);
    for answer in [
        Answer::pieces(vec![begun()]),
        Answer::pieces(vec![cut]),
        Answer::pieces(vec![begun()]).then_drop(),
        aborted,
    ] {
        let (heard, _server) = asked(LLAMA, vec![answer]).await;
        assert_eq!(heard.text, "Ye");
        assert_eq!(heard.error, Some(ModelError::Incomplete));
    }
}

#[tokio::test]
async fn what_breaks_before_anything_came_is_asked_for_again() {
    for broken in [
        Answer::pieces(vec![b": wait\n\n".to_vec()]),
        Answer::pieces(vec![b": wait\n\n".to_vec()]).then_drop(),
    ] {
        let (heard, server) = asked(LLAMA, vec![broken, Answer::text("Yes.")]).await;
        assert_eq!((heard.text.as_str(), heard.error), ("Yes.", None));
        assert_eq!(server.chats().len(), 2);
    }
}

#[tokio::test]
async fn a_server_without_streams_answers_as_a_whole() {
    let message = |calls: Value| {
        json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "I look.", "reasoning": "Hm.", "tool_calls": calls,
        }}], "usage": {"prompt_tokens": 9, "completion_tokens": 5}})
    };
    let call = |arguments: Value| {
        json!([{"id": null, "type": "function",
                "function": {"name": "read_file", "arguments": arguments}}])
    };
    for arguments in [json!({"path": "a.rs"}), json!("{\"path\": \"a.rs\"}")] {
        let answer = Answer::whole(message(call(arguments)));
        let (heard, _server) = asked(LLAMA, vec![answer]).await;
        assert_eq!(
            (heard.text.as_str(), heard.thinking.as_str()),
            ("I look.", "Hm.")
        );
        assert_eq!(heard.paths(), [("read_file", "a.rs")]);
        assert!(!heard.calls[0].id.is_empty());
        assert_eq!(heard.done.and_then(|done| done.reply_tokens), Some(5));
    }
}

#[tokio::test]
async fn calls_are_joined_whatever_the_server_leaves_out() {
    let piece = |fields: Value| delta(json!({"tool_calls": [fields]}));
    let call =
        |name: Value, arguments: Value| json!({"function": {"name": name, "arguments": arguments}});
    let both = [("read_file", "a.rs"), ("read_file", "b.rs")];
    let of = |path: &str| json!(json!({"path": path}).to_string());
    for (what, events) in [
        (
            "no index, the name in each piece",
            vec![
                piece(call(json!("read_file"), json!("{\"path\": "))),
                piece(call(json!("read_file"), json!("\"a.rs\"}"))),
                piece(call(json!("read_file"), of("b.rs"))),
            ],
        ),
        (
            "objects, in one delta",
            vec![delta(json!({"tool_calls": [
                call(json!("read_file"), json!({"path": "a.rs"})),
                call(json!("read_file"), json!({"path": "b.rs"})),
            ]}))],
        ),
        (
            "the older field, twice",
            vec![
                delta(json!({"function_call": {"name": "read_file", "arguments": of("a.rs")}})),
                delta(json!({"function_call": {"name": "read_file", "arguments": of("b.rs")}})),
            ],
        ),
    ] {
        let mut events = events;
        events.push(end("function_call"));
        let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
        assert_eq!(heard.paths(), both, "{what}");
        let (first, second) = (&heard.calls[0].id, &heard.calls[1].id);
        assert!(!first.is_empty() && first != second, "{what}");
    }
}

#[tokio::test]
async fn a_call_goes_back_with_an_id_whatever_the_server_gave() {
    let call = |path: &str| {
        let arguments = json!({"path": path}).to_string();
        json!({"id": null, "function": {"name": "read_file", "arguments": arguments}})
    };
    let events = [
        delta(json!({"tool_calls": [call("a"), call("b")]})),
        end("tool_calls"),
    ];
    let server = OpenAiServer::start(LLAMA, vec![Answer::events(&events), Answer::text("Done.")]);
    let model = model(&server, LLAMA).await;
    let mut messages = question();
    let heard = hear(&model, request(&messages)).await;
    messages.push(Message::Assistant {
        text: heard.text,
        thinking: heard.thinking,
        calls: heard.calls.clone(),
    });
    messages.extend(heard.calls.iter().map(|call| Message::Tool {
        call_id: call.id.clone(),
        tool: call.name.clone(),
        text: "empty".to_owned(),
    }));
    assert_eq!(hear(&model, request(&messages)).await.text, "Done.");
    let sent = server.chats().remove(1);
    let calls = sent["messages"][2]["tool_calls"]
        .as_array()
        .expect("calls")
        .clone();
    for (at, call) in calls.iter().enumerate() {
        assert!(call["id"].as_str().is_some_and(|id| !id.is_empty()));
        assert!(call["function"]["arguments"].is_string());
        assert_eq!(sent["messages"][3 + at]["tool_call_id"], call["id"]);
    }
    assert_eq!(calls.len(), 2);
}

#[tokio::test]
async fn tokens_speed_and_reason_are_those_of_the_server() {
    let mut last = usage(900, 40);
    last["timings"] = json!({
        "prompt_n": 100, "cache_n": 800, "prompt_ms": 500.0, "predicted_n": 40,
        "predicted_per_second": 20.5,
    });
    let events = [delta(json!({"content": "and so"})), end("length"), last];
    let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
    let expected = Usage {
        prompt_tokens: Some(900),
        reply_tokens: Some(40),
        tokens_per_second: Some(20.5),
        prompt_seconds: Some(0.5),
        load_seconds: None,
        stop: StopReason::Length,
    };
    assert_eq!(heard.done, Some(expected));
    // Without counts, nothing is made up.
    let events = [delta(json!({"content": "Yes."})), end("stop")];
    let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
    assert_eq!(heard.done, Some(Usage::default()));
}

#[tokio::test]
async fn a_reason_without_words_is_no_end() {
    let piece = |text: &str, reason: Value| json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]});
    let events = [
        piece("One, ", json!("")),
        piece("two.", json!("")),
        piece("", json!("stop")),
    ];
    let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
    assert_eq!((heard.text.as_str(), heard.error), ("One, two.", None));
    let broken = Answer::pieces(vec![stream(&events[..1])]);
    let (heard, _server) = asked(LLAMA, vec![broken]).await;
    assert_eq!(heard.error, Some(ModelError::Incomplete));
}

#[tokio::test]
async fn replies_that_do_not_end_are_stopped() {
    let say = |text: &str| delta(json!({"content": text}));
    let blank = vec![say("Yes."), say(&" ".repeat(2_000))];
    let arguments = " ".repeat(2_000);
    let call = json!({"tool_calls": [{"index": 0, "function": {
        "name": "read_file", "arguments": arguments,
    }}]});
    let long = vec![say(&"long ".repeat(60_000)), say(&"long ".repeat(60_000))];
    let many: Vec<Value> = (0..20_000).map(|_| say("")).collect();
    for events in [blank, vec![delta(call)], long, many] {
        let (heard, _server) = asked(LLAMA, vec![Answer::events(&events)]).await;
        assert!(
            matches!(heard.error, Some(ModelError::Endless(_))),
            "{:?}",
            heard.error
        );
    }
}

#[tokio::test]
async fn comments_keep_a_connection_open_but_not_for_ever() {
    let short = ClientLimits {
        first_byte: Duration::from_millis(100),
        idle: Duration::from_millis(100),
        ..limits()
    };
    for begun in [
        vec![b": wait\n\n".to_vec()],
        vec![stream(&[delta(json!({"content": "Y"}))])],
    ] {
        let server = OpenAiServer::start(LLAMA, vec![Answer::pieces(begun).then_hang()]);
        let model = model_with(&server, LLAMA, short).await;
        let heard = hear(&model, request(&question())).await;
        let said = super::failure(&heard);
        assert!(said.contains("sent nothing for 0.1 s"), "{said}");
    }
}

#[tokio::test]
async fn a_profile_tells_what_the_server_can() {
    let server = OpenAiServer::start(ServerKind::LmStudio, Vec::new());
    let studio = model(&server, ServerKind::LmStudio).await;
    let profile = studio.profile();
    assert!(profile.vision && profile.tools && !profile.weak && !profile.thinks_in_text);
    assert_eq!(
        (profile.remote.as_ref(), studio.why_in_words()),
        (None, None)
    );
    let template = "{{ messages }}<|im_start|>assistant\n<think>\n";
    let props = json!({
        "default_generation_settings": {"n_ctx": 4096, "params": {"reasoning_format": "none"}},
        "chat_template": template, "chat_template_caps": {"supports_tools": false},
    });
    let server = OpenAiServer::start(LLAMA, Vec::new()).page("/props", 200, props);
    let llama = model(&server, LLAMA).await;
    let profile = llama.profile();
    assert!(!profile.vision && !profile.tools && profile.thinks_in_text);
    assert_eq!(profile.window, 4_096);
    let why = llama.why_in_words().unwrap_or_default();
    assert!(why.starts_with("its chat template has none"), "{why}");
}
