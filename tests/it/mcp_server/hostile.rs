//! Lines that are no messages, and messages that are no requests: the server answers what follows.

use serde_json::{Value, json};

use super::client::{Client, OLDER};
use super::shop;
use crate::support::Draw;

/// Demands that a server still answers.
#[track_caller]
fn assert_alive(client: &mut Client) {
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
}

#[test]
fn a_line_of_17_megabytes_is_refused() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    let long = "x".repeat(17 << 20);
    client.write(&json!({"jsonrpc": "2.0", "id": 99, "method": "ping", "params": {"x": long}}));
    let refused = client.message();
    assert_eq!(refused["error"]["code"], -32600);
    assert!(refused.get("id").is_none(), "{refused:#}");
    let why = refused["error"]["message"].as_str().expect("words");
    assert!(why.contains("1048576 bytes"), "{why}");
    assert_alive(&mut client);
}

#[test]
fn lines_may_end_in_any_way_and_need_not_be_utf8() {
    let environment = shop();
    let mut client = Client::start(&environment);
    client.bytes(b"\xEF\xBB\xBF\r\n \n\xff\xfe\x00{\r\n");
    let greeting = json!({
        "jsonrpc": "2.0",
        "id": "grüße",
        "method": "initialize",
        "params": {"protocolVersion": OLDER, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    });
    client.bytes(format!("{greeting}\r\n").as_bytes());
    let answer = client.answer_to(&json!("grüße"));
    assert_eq!(answer["result"]["protocolVersion"], OLDER);
    assert_alive(&mut client);
    // The last line needs no end at all.
    client.bytes(br#"{"jsonrpc":"2.0","id":50,"method":"ping"}"#);
    let ended = client.end();
    assert_eq!(
        ended.rest.last(),
        Some(&json!({"jsonrpc": "2.0", "id": 50, "result": {}}))
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_batch_is_answered_in_one_line() {
    let environment = shop();
    let mut client = Client::start(&environment);
    client.greet("2025-03-26");
    let ping = |id: Value| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    client.write(&json!([
        ping(json!("a")),
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "none"}},
        {"jsonrpc": "2.0", "id": "c", "method": 1},
    ]));
    let answers = client.message();
    let mut answers = answers.as_array().expect("an array").clone();
    answers.sort_by_key(|answer| answer["id"].to_string());
    assert_eq!(answers.len(), 3);
    assert_eq!(
        answers[0],
        json!({"jsonrpc": "2.0", "id": "a", "result": {}})
    );
    assert_eq!(answers[1]["error"]["code"], -32602);
    assert_eq!(answers[2]["error"]["code"], -32600);
    for bad in [json!([]), json!(vec![ping(json!(1)); 33])] {
        client.write(&bad);
        assert_eq!(client.message()["error"]["code"], -32600);
    }
    assert_alive(&mut client);
}

#[test]
fn half_of_a_character_has_an_answer() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    // As JavaScript and Python write a text that was cut within a character.
    client.bytes(
        b"{\"jsonrpc\":\"2.0\",\"id\":70,\"method\":\"tools/call\",\"params\":{\"name\":\
        \"find_symbol\",\"arguments\":{\"name\":\"\\ud83d\"}}}\n",
    );
    let refused = client.answer_to(&json!(70));
    assert_eq!(refused["error"]["code"], -32700, "{refused:#}");
    assert_alive(&mut client);
}

#[test]
fn nesting_and_wrong_types_do_no_harm() {
    let environment = shop();
    let mut client = Client::start(&environment);
    // Each has an answer: somebody may wait for it.
    for (depth, code) in [(100, -32602), (10_000, -32700), (150_000, -32700)] {
        let deep = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"tools/call\",\"params\":{}1{}}}\n",
            "{\"a\":".repeat(depth),
            "}".repeat(depth)
        );
        client.bytes(deep.as_bytes());
        let refused = client.answer_to(&json!(1000));
        assert_eq!(refused["error"]["code"], code, "{depth}: {refused:#}");
    }
    // Before any greeting, these ended the connection with some implementations.
    client.write(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    client.write(
        &json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}),
    );
    client.write(&json!({"jsonrpc": "2.0", "id": 5, "result": {}}));
    client.write(&json!({"jsonrpc": "2.0", "id": 6, "error": {"code": 1, "message": "no"}}));
    client.greet(OLDER);
    for id in [json!(1.5), json!(null), json!({}), json!([1])] {
        client.write(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        let refused = client.message();
        assert_eq!(refused["error"]["code"], -32600, "{id}");
        assert!(refused.get("id").is_none(), "{refused:#}");
    }
    assert_alive(&mut client);
}

/// A line that begins as a message, with some of its bytes changed.
fn broken_line(draw: &mut Draw) -> Vec<u8> {
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "outline", "arguments": {"path": "src/cart.rs"}}}),
        json!({"jsonrpc": "2.0", "id": "x", "method": "tools/list", "params": {"cursor": null}}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}}),
        json!({"jsonrpc": "2.0", "id": 7, "result": {"content": []}}),
        json!([{"jsonrpc": "2.0", "id": 8, "method": "ping"}]),
    ];
    let mut line = messages[draw.below(messages.len())]
        .to_string()
        .into_bytes();
    for _ in 0..1 + draw.below(6) {
        let at = draw.below(line.len());
        match draw.below(4) {
            0 => line.truncate(at.max(1)),
            1 => line[at] = u8::try_from(draw.below(256)).expect("a byte"),
            2 => line.insert(at, b"{}[]\",:0\\\xff"[draw.below(10)]),
            _ => {
                line.remove(at);
                if line.is_empty() {
                    line.push(b'x');
                }
            }
        }
    }
    // One line each, and no request for the test's own answers.
    line.retain(|byte| *byte != b'\n');
    line.push(b'\n');
    line
}

#[test]
fn a_thousand_malformed_lines_are_survived() {
    let environment = shop();
    let mut draw = Draw::seeded(17);
    let mut client = Client::greeted(&environment);
    for round in 0..20 {
        for _ in 0..50 {
            let line = broken_line(&mut draw);
            client.bytes(&line);
        }
        // A number that no broken line has.
        let id = json!(1_000_000 + round);
        client.write(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}));
        assert_eq!(client.answer_to(&id)["result"], json!({}), "round {round}");
    }
    let (text, _) = client.found("outline", &json!({"path": "src/cart.rs"}));
    assert!(text.contains("total_price"), "{text}");
    assert_eq!(client.end().code, Some(0));
}

#[test]
fn many_calls_at_once_are_all_answered() {
    let environment = shop();
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    let ids: Vec<Value> = (0..150)
        .map(|_| client.begin_call("read_lines", &json!({"path": "src/cart.rs"})))
        .collect();
    let mut missing: Vec<Value> = ids;
    while !missing.is_empty() {
        let message = client.message();
        if let Some(place) = missing.iter().position(|id| message.get("id") == Some(id)) {
            assert!(message["result"].is_object(), "{message:#}");
            missing.swap_remove(place);
        }
    }
}
