//! The fake API server, and the rate limiter against it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use ollacode::frontends::telegram::rate_limiter::{
    MessageStage, NextSend, RateLimiter, SendJob, SendOutcome, SendRates,
};

use crate::support::fake_api::{Failure, FakeApi, Limits, TOKEN};

const SOON: Duration = Duration::from_secs(5);

fn exchange(api: &FakeApi, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(api.uri().trim_start_matches("http://")).expect("a server");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .expect("it takes a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    answer.split_off(end + 4)
}

fn call_as(api: &FakeApi, token: &str, method: &str, fields: Value) -> Value {
    let body = fields.to_string();
    let answer = exchange(
        api,
        &format!("/bot{token}/{method}"),
        "application/json",
        body.as_bytes(),
    );
    serde_json::from_slice(&answer).expect("JSON")
}

/// Calls a method with JSON parameters.
pub fn call(api: &FakeApi, method: &str, fields: Value) -> Value {
    call_as(api, TOKEN, method, fields)
}

#[track_caller]
fn refused(answer: &Value, code: u64, part: &str) {
    assert_eq!(answer["error_code"], code, "{answer}");
    assert!(
        answer["description"]
            .as_str()
            .is_some_and(|text| text.contains(part)),
        "{answer}"
    );
}

#[test]
fn messages_are_sent_and_edited_as_telegram_takes_them() {
    let api = FakeApi::with_limits(Limits {
        between_edits: Duration::ZERO,
        ..Limits::default()
    });
    refused(
        &call(&api, "SendMessage", json!({"chat_id": 7, "text": "hi"})),
        400,
        "chat not found",
    );
    api.write(7, "hello");
    let send = |text: &str| {
        call(
            &api,
            "SendMessage",
            json!({"chat_id": 7, "text": text, "parse_mode": "HTML"}),
        )
    };
    for (html, why) in [
        ("<b>x", "Can't find end tag"),
        ("<b><i>x</b></i>", "Unmatched end tag"),
        ("<p>x</p>", "Unsupported start tag"),
        ("a < b", "tag"),
        ("a & b", "Unescaped"),
        ("<code><b>x</b></code>", "inside"),
        ("<b></b>", "message text is empty"),
        (&"x".repeat(4_097), "too long"),
        (&"🙂".repeat(2_049), "too long"),
    ] {
        refused(&send(html), 400, why);
    }
    assert_eq!(
        send(&format!("<b>{}</b>&amp;", "x".repeat(4_095)))["ok"],
        true
    );
    let sent = send("<pre><code class=\"language-rust\">a &lt; b</code></pre>");
    let id = sent["result"]["message_id"].as_i64().expect("a number");
    assert_eq!(sent["result"]["text"], "a < b");
    let edit = |text: &str| {
        call(
            &api,
            "EditMessageText",
            json!({"chat_id": 7, "message_id": id, "text": text}),
        )
    };
    assert_eq!(edit("new")["result"]["text"], "new");
    refused(&edit("new"), 400, "message is not modified");
    let lost = json!({"chat_id": 7, "message_id": 99, "text": "x"});
    refused(
        &call(&api, "EditMessageText", lost),
        400,
        "message to edit not found",
    );
    assert_eq!(
        (api.sent(id).expect("it is there").edits, api.edits(7)),
        (1, 2)
    );
    assert_eq!(api.violations().len(), 1, "the unchanged text");
}

#[test]
fn what_telegram_leaves_out_is_a_violation() {
    let api = FakeApi::start();
    api.write(7, "hello");
    let send = |text: &str| {
        let fields = json!({"chat_id": 7, "text": text, "parse_mode": "HTML"});
        assert_eq!(call(&api, "SendMessage", fields)["ok"], true);
        api.violations()
    };
    let code = "<pre><code class=\"language-c\">x</code></pre>";
    assert_eq!(send(&code.repeat(100)), Vec::<String>::new());
    assert_eq!(send(&code.repeat(101)), ["101 entities in a text"]);
    // Each is bold text, bold text in italic text, and bold text again.
    let nested = "<b>a<i>b</i>c</b>";
    assert_eq!(send(&nested.repeat(33)), Vec::<String>::new());
    assert_eq!(send(&nested.repeat(34)), ["102 entities in a text"]);
    for (sign, name) in [
        ('\t', "9"),
        ('\r', "d"),
        ('\u{202e}', "202e"),
        ('\u{30a}', "30a"),
    ] {
        assert_eq!(
            send(&format!("a{sign}")),
            [format!("a text with \\u{{{name}}}")]
        );
    }
}

#[test]
fn buttons_are_checked_and_presses_answered_once() {
    let api = FakeApi::start();
    api.write(7, "hello");
    let send = |data: &str| {
        let keyboard =
            json!({"inline_keyboard": [[{"text": "Allow once", "callback_data": data}]]});
        call(
            &api,
            "SendMessage",
            json!({"chat_id": 7, "text": "?", "reply_markup": keyboard}),
        )
    };
    refused(&send(""), 400, "BUTTON_DATA_INVALID");
    refused(&send(&"x".repeat(65)), 400, "BUTTON_DATA_INVALID");
    let id = send(&"x".repeat(64))["result"]["message_id"]
        .as_i64()
        .expect("a number");
    let press = api.press(7, id, "once");
    let updates = call(&api, "GetUpdates", json!({"offset": 0}));
    assert_eq!(
        updates["result"][1]["callback_query"]["data"],
        "x".repeat(64)
    );
    let answer = |id: &str, text: &str| {
        call(
            &api,
            "AnswerCallbackQuery",
            json!({"callback_query_id": id, "text": text}),
        )
    };
    refused(&answer(&press, &"x".repeat(201)), 400, "TOO_LONG");
    assert_eq!(
        (answer(&press, "done")["ok"].clone(), api.answer(&press)),
        (json!(true), Some("done".to_owned()))
    );
    refused(&answer(&press, ""), 400, "query is too old");
    refused(&answer("press9", ""), 400, "query is too old");
    assert_eq!(api.violations().len(), 2);
}

#[test]
fn polls_wait_confirm_and_exclude_each_other() {
    let api = FakeApi::start();
    let poll = |offset: i64, timeout: u64| {
        let answer = call(
            &api,
            "GetUpdates",
            json!({"offset": offset, "timeout": timeout}),
        );
        answer["result"].as_array().map(|updates| {
            updates
                .iter()
                .map(|update| update["update_id"].as_i64().expect("an id"))
                .collect::<Vec<_>>()
        })
    };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(0, 9));
        std::thread::sleep(Duration::from_millis(60));
        api.write(7, "one");
        assert_eq!(waiting.join().expect("a poll"), Some(vec![1]));
    });
    api.write(7, "two");
    assert_eq!(poll(1, 0), Some(vec![1, 2]));
    assert_eq!(poll(2, 0), Some(vec![2]));
    assert_eq!(poll(-1, 0), Some(vec![2]));
    assert_eq!((poll(3, 0), api.unconfirmed()), (Some(vec![]), 0));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| call(&api, "GetUpdates", json!({"offset": 3, "timeout": 9})));
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(poll(3, 0), Some(vec![]));
        refused(&first.join().expect("a poll"), 409, "Conflict");
    });
}

#[test]
fn tokens_failures_and_methods_are_checked() {
    let api = FakeApi::start();
    refused(
        &call_as(&api, "1:wrong", "GetMe", json!({})),
        401,
        "Unauthorized",
    );
    refused(
        &call_as(&api, "wrong", "GetMe", json!({})),
        404,
        "Not Found",
    );
    assert_eq!(call(&api, "getMe", json!({}))["result"]["is_bot"], true);
    api.write(7, "hello");
    api.fail("SendMessage", Failure::retry_after(1));
    let send = || call(&api, "SendMessage", json!({"chat_id": 7, "text": "hi"}));
    let answer = send();
    refused(&answer, 429, "retry after 1");
    assert_eq!(answer["parameters"]["retry_after"], 1);
    refused(&send(), 429, "retry after");
    std::thread::sleep(Duration::from_millis(1_050));
    assert_eq!(send()["ok"], true);
    assert_eq!(api.violations(), ["chat 7: `retry_after` was not obeyed"]);
    refused(
        &call(
            &api,
            "SetMyCommands",
            json!({"commands": [{"command": "A", "description": "x"}]}),
        ),
        400,
        "COMMAND",
    );
    let commands = json!({"commands": [{"command": "new", "description": "x"}]});
    assert_eq!(call(&api, "SetMyCommands", commands)["ok"], true);
    assert_eq!(
        call(
            &api,
            "SendChatAction",
            json!({"chat_id": 7, "action": "typing"})
        )["ok"],
        true
    );
    assert_eq!((api.commands().len(), api.actions().len()), (1, 1));
    assert_eq!(
        api.requests()
            .iter()
            .filter(|method| *method == "sendmessage")
            .count(),
        3
    );
}

#[test]
fn documents_go_both_ways() {
    let api = FakeApi::start();
    api.send_file(7, "../a.txt", b"contents", None);
    let updates = call(&api, "GetUpdates", json!({}));
    let document = &updates["result"][0]["message"]["document"];
    assert_eq!(
        (&document["file_name"], &document["file_size"]),
        (&json!("../a.txt"), &json!(8))
    );
    let file = call(&api, "GetFile", json!({"file_id": document["file_id"]}));
    let path = file["result"]["file_path"]
        .as_str()
        .expect("a path")
        .replace('/', "%2F");
    assert_eq!(
        exchange(&api, &format!("/file/bot{TOKEN}/{path}"), "", b""),
        b"contents"
    );
    assert_eq!(api.downloads(), 1);
    let body = "--XX\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n\
                --XX\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\nhere\r\n\
                --XX\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.md\"\r\n\
                Content-Type: text/plain\r\n\r\nline\r\n\r\n--XX--\r\n";
    exchange(
        &api,
        &format!("/bot{TOKEN}/SendDocument"),
        "multipart/form-data; boundary=XX",
        body.as_bytes(),
    );
    let sent = api.wait_for(7, SOON, |sent| sent.document.is_some());
    assert_eq!(
        (sent.text.as_str(), sent.document),
        ("here", Some(("a.md".to_owned(), b"line\r\n".to_vec())))
    );
}

/// Executes a job of the rate limiter.
fn deliver(api: &FakeApi, pace: &mut RateLimiter<String>, job: SendJob<String>) {
    let (method, fields) = match job.edits {
        None => (
            "SendMessage",
            json!({"chat_id": job.chat, "text": job.payload}),
        ),
        Some(id) => (
            "EditMessageText",
            json!({"chat_id": job.chat, "message_id": id, "text": job.payload}),
        ),
    };
    let answer = call(api, method, fields);
    let (id, wait) = (
        &answer["result"]["message_id"],
        &answer["parameters"]["retry_after"],
    );
    let outcome = match (id.as_i64(), wait.as_u64()) {
        (Some(id), _) => SendOutcome::Shown(i32::try_from(id).expect("a small number")),
        (_, Some(wait)) => SendOutcome::RetryAfter(Duration::from_secs(wait)),
        _ => panic!("{answer}"),
    };
    pace.done(job.chat, Instant::now(), outcome);
}

/// Executes jobs until all is sent; returns the time it took.
fn pump(api: &FakeApi, pace: &mut RateLimiter<String>) -> Duration {
    let started = Instant::now();
    loop {
        match pace.next(Instant::now()) {
            NextSend::Idle => return started.elapsed(),
            NextSend::Wait(until) => {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
            }
            NextSend::Send(job) => deliver(api, pace, job),
        }
    }
}

#[test]
fn a_flood_of_200_over_http_breaks_no_rate() {
    let api = FakeApi::start();
    let mut pace = RateLimiter::new(SendRates::default());
    for chat in 1..=50 {
        api.write(chat, "hello");
    }
    api.fail("SendMessage", Failure::retry_after(2));
    for index in 0..200_u64 {
        let chat = i64::try_from(index % 50).expect("small") + 1;
        pace.show(chat, index, MessageStage::Final, format!("message {index}"));
    }
    let took = pump(&api, &mut pace);
    let count: usize = (1..=50).map(|chat| api.chat(chat).len()).sum();
    assert_eq!(count, 200);
    assert!(took < Duration::from_secs(12), "{took:?}");
    assert_eq!(api.violations(), Vec::<String>::new());
}

#[test]
fn a_streamed_answer_over_http_breaks_no_rate() {
    let api = FakeApi::start();
    api.write(7, "hello");
    let mut pace = RateLimiter::new(SendRates::default());
    for step in 0..=60 {
        let stage = if step == 60 {
            MessageStage::Final
        } else {
            MessageStage::Draft
        };
        pace.show(7, 1, stage, format!("text {step}"));
        if let NextSend::Send(job) = pace.next(Instant::now()) {
            deliver(&api, &mut pace, job);
        }
        if step == 30 {
            api.flood_wait(7, 2);
        }
        std::thread::sleep(Duration::from_millis(80));
    }
    pump(&api, &mut pace);
    assert_eq!(api.chat(7)[0].text, "text 60");
    assert_eq!(api.chat(7).len(), 1);
    assert!((2..=30).contains(&api.most_edits_a_minute(7)));
    assert_eq!(api.rate_violations(), Vec::<String>::new());
}

#[test]
fn too_much_is_counted() {
    let api = FakeApi::start();
    api.write_in(-5, 7, "@bot hello");
    api.push(json!({"my_chat_member": {}}));
    let first = call(&api, "SendMessage", json!({"chat_id": -5, "text": "hi"}));
    let id = first["result"]["message_id"].clone();
    for step in 0..31 {
        call(
            &api,
            "EditMessageText",
            json!({"chat_id": -5, "message_id": id, "text": format!("{step}")}),
        );
    }
    let violations = api.violations();
    let count = |part: &str| {
        violations
            .iter()
            .filter(|violation| violation.contains(part))
            .count()
    };
    assert_eq!(count("two edits"), 30);
    assert_eq!(count("in a minute"), 12);
    assert_eq!(count("in a second"), 2);
}
