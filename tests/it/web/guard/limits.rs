//! Sizes, paths, and other protocols.

use super::{STATE, ask, get, refused};
use crate::support::web::Web;

#[test]
fn what_is_too_large_is_refused() {
    const MOST: usize = 4 << 20;
    let web = Web::start(Vec::new());
    let json = ("Content-Type", "application/json");
    let text = |size: usize| format!("\"{}\"", "x".repeat(size - 2)).into_bytes();
    ask(&web, "POST", "/api/nothing", &[json], &text(MOST)).expect(404);
    for size in [MOST + 1, 5 << 20] {
        let answer = ask(&web, "POST", "/api/nothing", &[json], &text(size));
        refused(answer, 413, "too_large", &size.to_string());
    }
    // In chunks, the size is not known before.
    let (host, bearer) = (web.authority(), web.bearer());
    let head = format!(
        "POST /api/nothing HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
         Content-Type: application/json\r\n"
    );
    let chunk = [&b"100000\r\n"[..], &b" ".repeat(1 << 20), b"\r\n"].concat();
    let chunks = |number: usize| {
        let start = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        [start, chunk.repeat(number), b"0\r\n\r\n".to_vec()].concat()
    };
    web.raw(&chunks(4)).expect(404);
    refused(web.raw(&chunks(5)), 413, "too_large", "five chunks");
    // The length alone is enough.
    let announced = format!("{head}Content-Length: 99999999999\r\n\r\n");
    refused(web.raw(announced.as_bytes()), 413, "too_large", "a length");
    for length in [
        "-1",
        "x",
        "2\r\nContent-Length: 3",
        "99999999999999999999999",
    ] {
        let announced = format!("{head}Content-Length: {length}\r\n\r\n{{}}");
        let answer = web.try_raw(announced.as_bytes());
        let is_refused = answer.is_none_or(|answer| [400, 413].contains(&answer.status));
        assert!(is_refused, "a length of {length}");
    }
    let long = "x".repeat(100_000);
    let many = "X-More: x\r\n".repeat(1_000);
    for head in [
        format!("GET /{long} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{many}\r\n"),
    ] {
        let answer = web.try_raw(head.as_bytes());
        let is_refused = answer.is_none_or(|answer| [414, 431].contains(&answer.status));
        assert!(is_refused, "{}", &head[..60]);
    }
    get(&web, STATE, &[]).expect(200);
}

#[test]
fn no_trick_with_a_path_leads_anywhere() {
    let web = Web::start(Vec::new());
    get(&web, "/", &[]).expect(200);
    get(&web, "/app.js?v=1", &[]).expect(200);
    for path in [
        "/..",
        "/../Cargo.toml",
        "/../../../../etc/passwd",
        "/%2e%2e/Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e%2fetc%2fpasswd",
        "/..%5c..%5cetc",
        "/.%00/app.js",
        "//",
        "//app.js",
        "//etc/passwd",
        "/./app.js",
        "/x/../app.js",
        "/app.js/",
        "/app.js/..",
        "/app.js%00",
        "/app.js%2e",
        "/app.js;x",
        "/APP.JS",
        "/%61pp.js",
        "/index.html",
        "/page/app.js",
        "/favicon.ico",
        "/.git/config",
        "//api/state",
        "/%61pi/state",
        "/API/state",
        "/x/../api/state",
        "/api%2fstate",
        "/apis",
        "/api/nothing",
        "/api/%2e%2e/state",
        "/api/./state",
        "/api//state",
        "/api/state/",
    ] {
        refused(get(&web, path, &[]), 404, "not_found", path);
    }
    let (host, bearer) = (web.authority(), web.bearer());
    for path in ["\\..\\etc", "/\\..\\etc", "..", "/a b", "/\u{7f}", "?", "*"] {
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
        let answer = web.raw(head.as_bytes());
        assert!(answer.status >= 400, "{path}: {answer:?}");
    }
}

#[test]
fn no_other_protocol_is_spoken() {
    let web = Web::start(Vec::new());
    let socket = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for path in ["/", STATE, "/api/conversations/c1/events", "/ws"] {
        refused(get(&web, path, &socket), 400, "no_upgrade", path);
    }
    let newer = [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
    ];
    refused(get(&web, STATE, &newer), 400, "no_upgrade", "h2c");
    let others: [&[u8]; 5] = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"SSH-2.0-x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
    ];
    for bytes in others {
        let answer = web.try_raw(bytes);
        let is_refused = answer.is_none_or(|answer| answer.status >= 400);
        assert!(is_refused, "{}", String::from_utf8_lossy(bytes));
    }
    get(&web, STATE, &[]).expect(200);
}
