//! The MCP server over HTTP: who is let in, what is refused and how, many and slow clients, its end; and
//! the clients of others.

mod clients;
mod served;

use std::fs;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use ollacode::workspace::workspace_id;
use ollacode_store::WriterLock;
use serde_json::{Value, json};

use crate::support::PATIENCE;
use crate::support::web::Answer;
use served::{MODERN, NOTES, Served, failed, modern, reading, workspace};

const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const METHOD_NOT_FOUND: i64 = -32_601;
const HEADER_MISMATCH: i64 = -32_020;
const UNSUPPORTED_VERSION: i64 = -32_022;

/// Demands that a call has read [`NOTES`].
#[track_caller]
fn has_notes(answer: Answer) {
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let text = answer.json()["result"]["content"][0]["text"].to_string();
    assert!(text.contains(NOTES.trim()), "{text}");
}

#[test]
fn both_eras_are_answered_in_json_and_without_sessions() {
    let served = Served::start();
    let start = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        },
    });
    let answer = served.post(&start).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("mcp-session-id"), None);
    assert_eq!(answer.json()["result"]["protocolVersion"], "2025-06-18");
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = served.post(&begun).expect(202);
    assert_eq!(answer.text(), "");
    let listed = json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/list" });
    let answer = served.post(&listed).expect(200).json();
    assert_eq!(answer["id"], "a");
    let names = |answer: &Value| {
        let tools = answer["result"]["tools"].as_array().expect("tools").iter();
        let names = tools.map(|tool| tool["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<String>>()
    };
    let tools = names(&answer);
    assert!(tools.iter().any(|name| name == "search_codebase"));
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": reading() });
    has_notes(served.post(&call));

    let found = served.ask("server/discover", json!({})).expect(200).json();
    let versions = found["result"]["supportedVersions"].to_string();
    assert!(versions.contains(MODERN), "{found}");
    let answer = served.ask("tools/list", json!({})).expect(200).json();
    assert_eq!(names(&answer), tools);
    has_notes(served.ask("tools/call", reading()));
}

#[test]
fn progress_comes_as_events_before_the_answer() {
    let environment = workspace();
    let id = workspace_id(&environment.workspace());
    let folder = environment.data_folder().join("ollacode/indexes").join(id);
    // There is no index while others cannot write it.
    let lock = WriterLock::acquire(&folder, PATIENCE).expect("the lock");
    let served = Served::over(environment);
    let search = json!({ "name": "search_codebase", "arguments": { "query": "kettle" } });
    let mut call = modern("tools/call", search);
    call["params"]["_meta"]["progressToken"] = json!("p");
    let headers = [
        ("MCP-Protocol-Version", MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", "search_codebase"),
    ];
    let answer = served.post_text(&call.to_string(), &headers).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let events: Vec<Value> = events.collect();
    let (last, before) = events.split_last().expect("an answer");
    assert_eq!(last["id"], 7, "{text}");
    assert!(!before.is_empty(), "{text}");
    for event in before {
        assert_eq!(event["method"], "notifications/progress", "{text}");
        assert_eq!(event["params"]["progressToken"], "p", "{text}");
    }
    drop(lock);
}

#[test]
fn headers_that_do_not_agree_with_the_message_are_refused() {
    let served = Served::start();
    let body = modern("tools/call", reading()).to_string();
    let version = ("MCP-Protocol-Version", MODERN);
    let method = ("Mcp-Method", "tools/call");
    let name = ("Mcp-Name", "read_lines");
    has_notes(served.post_text(&body, &[version, method, name]));
    for headers in [
        &[version, ("Mcp-Method", "tools/list"), name][..],
        &[version, name],
        &[version, method, ("Mcp-Name", "map")],
        &[version, method],
        &[version, method, method, name],
        &[("MCP-Protocol-Version", "2025-11-25"), method, name],
        &[method, name],
    ] {
        let answer = served.post_text(&body, headers);
        assert_eq!(failed(&answer, 400), HEADER_MISMATCH, "{headers:?}");
    }
    let later = body.replace(MODERN, "2031-01-01");
    let answer = served.post_text(
        &later,
        &[("MCP-Protocol-Version", "2031-01-01"), method, name],
    );
    assert_eq!(failed(&answer, 400), UNSUPPORTED_VERSION);
}

#[test]
fn what_is_no_message_is_refused_in_words_of_the_protocol() {
    let served = Served::start();
    let answer = served.ask("nothing/like_this", json!({}));
    assert_eq!(failed(&answer, 404), METHOD_NOT_FOUND);
    for text in ["", "{", "hello", "{\"jsonrpc\": \"2.0\", }", "\u{0}"] {
        let answer = served.post_text(text, &[]);
        assert_eq!(failed(&answer, 400), PARSE_ERROR, "{text}");
        assert_eq!(answer.json()["id"], Value::Null);
    }
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for text in [
        "[]",
        "7",
        "{}",
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        let answer = served.post_text(text, &[]);
        assert_eq!(failed(&answer, 400), INVALID_REQUEST, "{text}");
    }
    served.post_text(&deep, &[]).expect(400);
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = served.post_text("{}", &[("Content-Type", kind)]);
        assert_eq!(failed(&answer, 415), INVALID_REQUEST, "{kind}");
    }
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    served
        .post_text(ping, &[("Accept", "text/html")])
        .expect(406);
    served.post_text(ping, &[]).expect(200);
}

#[test]
fn only_posts_to_one_path_are_answered() {
    let served = Served::start();
    let (host, bearer) = (served.authority(), format!("Bearer {}", served.token));
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    for method in [
        "GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "get", "TRACE",
    ] {
        let answer = served.send(&format!("{method} /mcp"), &headers, b"");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
    for path in [
        "/",
        "/mcp/",
        "//mcp",
        "/MCP",
        "/sse",
        "/%6dcp",
        "/mcp/..",
        "/.well-known/oauth-protected-resource/mcp",
    ] {
        for method in ["GET", "POST"] {
            let answer = served.send(&format!("{method} {path}"), &headers, b"");
            assert_eq!(failed(&answer, 404), INVALID_REQUEST, "{method} {path}");
        }
    }
    let socket = [
        headers[0],
        headers[1],
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
    ];
    served.send("GET /mcp", &socket, b"").expect(400);
}

#[test]
fn the_host_and_the_origin_are_ours() {
    let served = Served::start();
    let port = served.port;
    let call = modern("tools/call", reading()).to_string();
    let ask = |further: &[(&str, &str)]| {
        let headers = [
            ("MCP-Protocol-Version", MODERN),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "read_lines"),
        ];
        let all: Vec<(&str, &str)> = headers.iter().chain(further).copied().collect();
        served.post_text(&call, &all)
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let host = format!("{host}:{port}");
        has_notes(ask(&[("Host", &host)]));
        let origin = format!("http://{host}");
        has_notes(ask(&[("Host", &host), ("Origin", &origin)]));
    }
    for host in [
        String::new(),
        "localhost".to_owned(),
        format!("localhost:{}", port ^ 1),
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1:{port}, evil.example"),
        format!("127.1:{port}"),
        format!("0.0.0.0:{port}"),
        format!("me@localhost:{port}"),
    ] {
        let answer = ask(&[("Host", &host)]);
        assert_eq!(failed(&answer, 403), INVALID_REQUEST, "{host}");
    }
    let own = served.authority();
    let answer = ask(&[("Host", &own), ("Host", &own)]);
    assert_eq!(failed(&answer, 403), INVALID_REQUEST);
    for origin in [
        String::new(),
        "null".to_owned(),
        "http://evil.example".to_owned(),
        format!("https://{own}"),
        format!("http://localhost:{port}"),
        format!("http://{own}.evil.example"),
        "vscode-webview://abc".to_owned(),
    ] {
        let answer = ask(&[("Origin", &origin)]);
        assert_eq!(failed(&answer, 403), INVALID_REQUEST, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    for site in ["cross-site", "same-site", ""] {
        assert_eq!(
            failed(&ask(&[("Sec-Fetch-Site", site)]), 403),
            INVALID_REQUEST
        );
    }
}

#[test]
fn without_the_token_nothing_is_answered() {
    let mut served = Served::start();
    let token = served.token.clone();
    assert_eq!(token.len(), 43, "256 bits");
    for value in [
        String::new(),
        token.clone(),
        "Bearer".to_owned(),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}x"),
        format!("bearer {token}"),
        format!("Basic {token}"),
    ] {
        // The body is not read.
        let answer = served.post_text("{", &[("Authorization", &value)]);
        assert_eq!(failed(&answer, 401), INVALID_REQUEST, "{value}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(
            answer.text().contains("ollacode mcp --http"),
            "{}",
            answer.text()
        );
    }
    let host = served.authority();
    let headers = [
        ("Host", host.as_str()),
        ("Content-Type", "application/json"),
    ];
    for path in ["/mcp".to_owned(), format!("/mcp?token={token}")] {
        let answer = served.send(&format!("POST {path}"), &headers, b"{}");
        assert_eq!(failed(&answer, 401), INVALID_REQUEST);
    }
    let mode = fs::metadata(served.token_file())
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!served.said().contains(&token));
    let output = served.end().expect_success();
    assert_eq!(output.stdout, "");
    assert!(!output.stderr.contains(&token), "{}", output.stderr);
    // Clients are set up once.
    served.go();
    assert_eq!(served.token, token);
    has_notes(served.ask("tools/call", reading()));
    served.end().expect_success();
    fs::remove_file(served.token_file()).expect("deleted");
    served.go();
    assert_ne!(served.token, token);
}

#[test]
fn many_wrong_tokens_lock_nobody_out() {
    let mut served = Served::start();
    let statuses = (0..25).map(|_| {
        let answer = served.post_text("{}", &[("Authorization", "Bearer x")]);
        answer.status
    });
    let statuses: Vec<u16> = statuses.collect();
    assert_eq!(statuses, [vec![401_u16; 20], vec![429; 5]].concat());
    has_notes(served.ask("tools/call", reading()));
    let said = served.end().expect_success().stderr;
    assert_eq!(said.matches("without the right token").count(), 2, "{said}");
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    const MOST: usize = 4 << 20;
    let served = Served::start();
    let text = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    // It is no message, but it was read.
    assert_eq!(
        failed(&served.post_text(&text(MOST), &[]), 400),
        INVALID_REQUEST
    );
    assert_eq!(
        failed(&served.post_text(&text(MOST + 1), &[]), 413),
        INVALID_REQUEST
    );
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n",
        served.authority(),
        served.token
    );
    let announced = format!("{head}Content-Length: 99999999999\r\n\r\n");
    assert_eq!(
        failed(&served.raw(announced.as_bytes()), 413),
        INVALID_REQUEST
    );
    let chunk = [&b"100000\r\n"[..], &b" ".repeat(1 << 20), b"\r\n"].concat();
    let start = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    let chunks = [start, chunk.repeat(5), b"0\r\n\r\n".to_vec()].concat();
    assert_eq!(failed(&served.raw(&chunks), 413), INVALID_REQUEST);
    has_notes(served.ask("tools/call", reading()));
}

#[test]
fn slow_clients_are_sent_away_and_hold_up_nobody() {
    let served = Served::start();
    let mut slow_head = served.connect();
    slow_head
        .write_all(b"POST /mcp HTTP/1.1\r\n")
        .expect("a part");
    let mut slow_body = served.connect();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        served.authority(),
        served.token
    );
    slow_body.write_all(head.as_bytes()).expect("a part");
    has_notes(served.ask("tools/call", reading()));
    let idle: Vec<TcpStream> = (0..300).map(|_| served.connect()).collect();
    has_notes(served.ask("tools/call", reading()));
    drop(idle);
    let answer = Answer::read(&mut BufReader::new(slow_body), true).expect("an answer");
    assert_eq!(failed(&answer, 408), INVALID_REQUEST);
    // The other one is closed, with or without an answer.
    let answer = Answer::read(&mut BufReader::new(slow_head), true);
    assert!(answer.is_none_or(|answer| answer.status == 408));
}

#[test]
fn many_clients_are_answered_at_a_time() {
    let served = Served::start();
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..5 {
                    has_notes(served.ask("tools/call", reading()));
                }
            });
        }
    });
}

#[test]
fn it_ends_at_once_whatever_is_open() {
    let mut served = Served::start();
    let idle = served.connect();
    let mut half = served.connect();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        served.authority(),
        served.token
    );
    half.write_all(head.as_bytes()).expect("a part");
    has_notes(served.ask("tools/call", reading()));
    let before = Instant::now();
    let output = served.end();
    let took = before.elapsed();
    output.expect_success().expect_words(&["stopping"]);
    // Two seconds are promised; the rest is for a machine that is busy.
    assert!(took < Duration::from_secs(4), "{took:?}");
    drop((idle, half));
}

#[test]
fn a_port_that_is_in_use_is_said() {
    let served = Served::start();
    let port = served.port.to_string();
    let output = served.environment.run(&["mcp", "--http", "--port", &port]);
    let output = output.expect_code(1);
    assert_eq!(output.stdout, "");
    output.expect_words(&["cannot listen on 127.0.0.1:", "--port 0"]);
    // A port without HTTP means nothing.
    let output = served.environment.run(&["mcp", "--port", &port]);
    output.expect_code(2).expect_words(&["--http"]);
}
