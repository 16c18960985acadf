//! Each way in which a reply does not come, or does not end.

use std::time::Duration;

use futures::StreamExt;
use ollacode::model::http::ClientLimits;
use ollacode::model::{ChatModel, ChatRequest, Delta, ModelError};
use serde_json::{Value, json};

use super::{Heard, asked, hear, limits, model, model_with, question, request};
use crate::support::chat_server::{ChatServer, Reply, ServedModel};
use crate::support::wait_until;

fn failure(heard: &Heard) -> String {
    match &heard.error {
        Some(ModelError::Failed(failure) | ModelError::Crashed(failure)) => failure.to_string(),
        other => panic!("a failure is wanted, not {other:?}"),
    }
}

#[tokio::test]
async fn a_stream_without_its_last_line_is_incomplete() {
    let half = br#"{"message":{"content":"Whole."},"done":false}"#.to_vec();
    let torn = vec![half, b"\n{\"message\":{\"cont".to_vec()];
    for reply in [
        Reply::cut(),
        Reply::text("The beginning").then_drop(),
        Reply::pieces(torn),
    ] {
        let (heard, server) = asked(vec![reply]).await;
        assert_eq!(heard.error, Some(ModelError::Incomplete));
        assert!(!heard.text.is_empty(), "what came was handed out");
        assert_eq!(server.requests().len(), 1, "it cannot be asked for again");
    }
}

#[tokio::test]
async fn a_stream_that_broke_before_anything_came_is_asked_for_once_more() {
    let broken = || Reply::text("").then_cut();
    let (heard, server) = asked(vec![broken(), Reply::text("Whole.")]).await;
    assert_eq!((heard.text.as_str(), heard.error), ("Whole.", None));
    assert_eq!(server.requests().len(), 2);
    let (heard, server) = asked(vec![broken(), broken(), Reply::text("Whole.")]).await;
    assert_eq!(heard.error, Some(ModelError::Incomplete));
    assert_eq!((server.requests().len(), server.left()), (2, 1));
    let dropped = || Reply::text("").then_drop();
    let (heard, server) = asked(vec![dropped(), dropped(), Reply::text("Whole.")]).await;
    assert_eq!(heard.text, "Whole.");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn errors_of_the_servers_parsers_are_broken_calls() {
    let message = "XML syntax error on line 7: element <parameter> closed by </function>";
    for reply in [
        Reply::error_line(message),
        Reply::text("I write it.").then_error(message),
        Reply::status(500, message),
    ] {
        let (heard, server) = asked(vec![reply]).await;
        assert_eq!(
            heard.error,
            Some(ModelError::BrokenCall(message.to_owned()))
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn other_errors_are_failures_with_what_helps() {
    let stopped = "model runner has unexpectedly stopped, this may be due to resource limitations";
    for (reply, expected) in [
        (Reply::text("I").then_error(stopped), "MAX_CONTEXT_TOKENS"),
        (
            Reply::status(404, "model 'scripted:30b' not found"),
            "ollama pull scripted:30b",
        ),
        (Reply::status(401, "unauthorized"), "ollama signin"),
        (
            Reply::status(400, "invalid model name"),
            "invalid model name",
        ),
        (
            Reply::status(500, "system message must be at the beginning"),
            "at the beginning",
        ),
    ] {
        let (heard, server) = asked(vec![reply]).await;
        let text = failure(&heard);
        assert!(text.contains(expected), "{text}");
        assert_eq!(server.requests().len(), 1, "a refusal stays one: {text}");
    }
}

#[tokio::test]
async fn a_request_over_the_window_is_too_long() {
    let inner = json!({"error": {
        "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9001, "n_ctx": 8192,
        "message": "request (9001 tokens) exceeds the available context size (8192 tokens), try \
                    increasing it",
    }});
    let rendered = "the prompt is longer than the context length currently available to the \
                    model; raise it";
    for (message, needed, window) in [
        (inner.to_string(), Some(9_001), Some(8_192)),
        (rendered.to_owned(), None, None),
    ] {
        let too_long = Some(ModelError::TooLong { needed, window });
        let (heard, server) = asked(vec![Reply::status(400, &message)]).await;
        assert_eq!(heard.error, too_long);
        assert_eq!(server.requests().len(), 1);
        let (heard, _server) = asked(vec![Reply::error_line(&message)]).await;
        assert_eq!(heard.error, too_long);
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let busy = || Reply::status(503, "server busy, please try again.");
    let (heard, server) = asked(vec![busy(), busy(), Reply::text("Now.")]).await;
    assert_eq!(heard.text, "Now.");
    assert_eq!(server.requests().len(), 3);
    let (heard, server) = asked(vec![busy().repeated()]).await;
    assert!(failure(&heard).contains("busy"));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_server_that_says_how_long_it_is_busy_is_asked_again_then() {
    let busy = |status: &str, wait: &str| {
        let wait = format!("retry-after: {wait}");
        Reply::raw(status, &[&wait], r#"{"error":"too many requests"}"#)
    };
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let (heard, server) = asked(vec![busy(status, "0"), Reply::text("Now.")]).await;
        assert_eq!(heard.text, "Now.", "{status}");
        assert_eq!(server.requests().len(), 2);
        let (heard, server) = asked(vec![busy(status, "3600").repeated()]).await;
        let text = failure(&heard);
        assert!(
            text.contains("too many requests (try again in 3600 s)"),
            "{text}"
        );
        assert_eq!(server.requests().len(), 1, "{status}");
    }
    // Without a time, a quota is used up.
    let (heard, server) = asked(vec![Reply::status(429, "quota").repeated()]).await;
    assert!(failure(&heard).contains("the quota is used up"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_a_proxy_answers_is_told_in_a_sentence() {
    let page = |title: &str| {
        format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>…</body></html>")
    };
    let html = "content-type: text/html";
    for (reply, expected, requests) in [
        (
            Reply::raw("502 Bad Gateway", &[html], &page("502 Bad Gateway")),
            "Ollama answered 502: a page of HTML: 502 Bad Gateway",
            3,
        ),
        (
            Reply::raw("504 Gateway Timeout", &[html], &page("Timeout")),
            "Ollama answered 504: a page of HTML: Timeout",
            3,
        ),
        (
            Reply::raw("200 OK", &[html], &page("Sign in")),
            "is not valid: a page of HTML: Sign in",
            1,
        ),
    ] {
        let (heard, server) = asked(vec![reply.repeated()]).await;
        assert!(heard.error != Some(ModelError::Incomplete), "{expected}");
        let text = failure(&heard);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains('<'), "{text}");
        assert_eq!(server.requests().len(), requests, "{text}");
    }
}

#[tokio::test]
async fn a_call_of_a_wrong_shape_does_not_cost_the_reply() {
    let line = |message: Value, done: bool| {
        let line = json!({"message": message, "done": done, "done_reason": "stop"});
        format!("{line}\n").into_bytes()
    };
    let good = json!({"function": {"name": "read_file", "arguments": {"path": "a"}}});
    for bad in [
        json!(5),
        json!({"function": null}),
        json!({"function": {"name": null, "arguments": {}}}),
        json!({"function": {"name": "read_file", "arguments": [1, 2]}}),
        json!({"function": {"name": "read_file", "arguments": "{\"path\""}}),
    ] {
        let reply = Reply::pieces(vec![
            line(
                json!({"content": ["I ", {"type": "text", "text": "look."}]}),
                false,
            ),
            line(json!({"content": null, "tool_calls": [good, bad]}), false),
            line(json!({"content": 7, "tool_calls": good}), true),
        ]);
        let (heard, _server) = asked(vec![reply]).await;
        assert_eq!(heard.error, None, "{bad}");
        assert_eq!(heard.text, "I look.7", "{bad}");
        assert_eq!(heard.calls.len(), 2, "{bad}: {heard:?}");
    }
}

#[tokio::test]
async fn a_model_that_takes_no_tools_says_so() {
    let served = ServedModel {
        capabilities: vec!["completion"],
        ..ServedModel::default()
    };
    let server = ChatServer::with_models(vec![served], vec![Reply::text("In words.")]);
    let model = model(&server).await;
    assert!(!model.profile().tools);
    let messages = question();
    let heard = hear(&model, request(&messages)).await;
    assert_eq!(heard.error, Some(ModelError::NoTools));
    let without = ChatRequest {
        tools: &[],
        ..request(&messages)
    };
    assert_eq!(hear(&model, without).await.text, "In words.");
}

#[tokio::test]
async fn a_refused_think_is_left_out_from_then_on() {
    let served = ServedModel {
        capabilities: vec!["completion", "tools", "thinking"],
        parameter_size: "8.2B",
        ..ServedModel::default()
    };
    let refusal = Reply::status(400, "\"scripted:30b\" does not support thinking");
    let script = vec![refusal, Reply::text("One."), Reply::text("Two.")];
    let server = ChatServer::with_models(vec![served], script);
    let model = model(&server).await;
    let messages = question();
    assert_eq!(hear(&model, request(&messages)).await.text, "One.");
    assert_eq!(hear(&model, request(&messages)).await.text, "Two.");
    let think: Vec<Value> = server
        .requests()
        .iter()
        .map(|request| request["think"].clone())
        .collect();
    assert_eq!(think, [json!(false), Value::Null, Value::Null]);
}

#[tokio::test]
async fn a_first_byte_may_take_its_time_but_not_for_ever() {
    let late = |millis| Reply::text("Late.").first_byte_after(Duration::from_millis(millis));
    let (heard, _server) = asked(vec![late(150)]).await;
    assert_eq!(heard.text, "Late.");
    let server = ChatServer::start(vec![late(60_000)]);
    let short = ClientLimits {
        first_byte: Duration::from_millis(100),
        ..limits()
    };
    let model = model_with(&server, short).await;
    let heard = hear(&model, request(&question())).await;
    assert!(failure(&heard).contains("sent nothing for 0.1 s"));
    assert_eq!(
        server.requests().len(),
        1,
        "asking again would stop a load that is under way"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_goes_silent_is_given_up() {
    let server = ChatServer::start(vec![Reply::text("I").then_hang()]);
    let short = ClientLimits {
        idle: Duration::from_millis(100),
        ..limits()
    };
    let model = model_with(&server, short).await;
    let heard = hear(&model, request(&question())).await;
    assert_eq!(heard.text, "I");
    assert!(failure(&heard).contains("sent nothing for 0.1 s"));
    wait_until("the connection to close", || {
        server.closed_connections() == 1
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_reply_closes_its_connection() {
    let server = ChatServer::start(vec![Reply::text("I begin").then_hang(), Reply::hang()]);
    let model = model(&server).await;
    let messages = question();
    let mut reply = model.reply(request(&messages));
    assert!(matches!(reply.next().await, Some(Ok(Delta::Text(_)))));
    drop(reply);
    wait_until("the first to close", || server.closed_connections() == 1);
    let mut reply = model.reply(request(&messages));
    let waited = tokio::time::timeout(Duration::from_millis(100), reply.next()).await;
    assert!(waited.is_err(), "nothing comes");
    drop(reply);
    wait_until("the second to close", || server.closed_connections() == 2);
}
