//! What is refused, over raw HTTP/1.1: nobody gets in but the user's own page and scripts.

mod limits;
mod tokens;

use serde_json::json;

use crate::support::web::{Answer, Web};

/// A path that answers who is let in.
const STATE: &str = "/api/state";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

/// Asks for a path with the right host and token, and with further headers.
#[track_caller]
fn get(web: &Web, path: &str, further: &[(&str, &str)]) -> Answer {
    ask(web, "GET", path, further, b"")
}

#[track_caller]
fn ask(web: &Web, method: &str, path: &str, further: &[(&str, &str)], body: &[u8]) -> Answer {
    let (host, bearer) = (web.authority(), web.bearer());
    let own = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    let headers: Vec<(&str, &str)> = own.into_iter().chain(further.iter().copied()).collect();
    checked(web.send(method, path, &headers, body))
}

/// Demands the headers that every answer has.
#[track_caller]
fn checked(answer: Answer) -> Answer {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
    }
    for (name, _) in &answer.headers {
        let is_none_of_ours = name.starts_with("access-control-") || name == "set-cookie";
        assert!(!is_none_of_ours, "{name} in {answer:?}");
    }
    answer
}

/// Demands that a request is refused, and why.
#[track_caller]
fn refused(answer: Answer, status: u16, code: &str, request: &str) {
    let answer = checked(answer);
    assert_eq!(answer.status, status, "{request}: {}", answer.text());
    // An answer to HEAD has no body.
    if !answer.body.is_empty() {
        assert_eq!(answer.code(), code, "{request}");
        let type_of_body = answer.header("content-type");
        assert_eq!(type_of_body, Some("application/json"), "{request}");
    }
}

#[test]
fn the_host_is_one_of_ours_as_a_whole() {
    let web = Web::start(Vec::new());
    let (port, bearer) = (web.port, web.bearer());
    let ask_for = |host: &str, path: &str| {
        web.send(
            "GET",
            path,
            &[("Host", host), ("Authorization", bearer.as_str())],
            b"",
        )
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        for path in ["/", STATE] {
            checked(ask_for(&format!("{host}:{port}"), path)).expect(200);
        }
    }
    let other_port = port ^ 1;
    for host in [
        String::new(),
        "127.0.0.1".to_owned(),
        "localhost".to_owned(),
        format!("127.0.0.1:{other_port}"),
        format!("127.0.0.1:0{port}"),
        format!("127.0.0.1:{port}/"),
        format!("127.0.0.1:{port},evil.example"),
        format!("LOCALHOST:{port}"),
        format!("localhost.:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("evil.example:{port}"),
        format!("evil.example:{port}#localhost:{port}"),
        format!("me@localhost:{port}"),
        format!("127.1:{port}"),
        format!("127.0.0.2:{port}"),
        format!("2130706433:{port}"),
        format!("0.0.0.0:{port}"),
        format!("[::]:{port}"),
        format!("[0:0:0:0:0:0:0:1]:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("::1:{port}"),
    ] {
        for path in ["/", "/app.js", STATE, "/nothing"] {
            let request = format!("{path} at `{host}`");
            refused(ask_for(&host, path), 421, "wrong_host", &request);
        }
    }
}

#[test]
fn the_host_is_sent_once_and_agrees_with_the_first_line() {
    let web = Web::start(Vec::new());
    let (host, bearer) = (web.authority(), web.bearer());
    let port = web.port;
    for (head, is_ours) in [
        (format!("GET {STATE} HTTP/1.1"), false),
        (format!("GET {STATE} HTTP/1.0"), false),
        (
            format!("GET {STATE} HTTP/1.1\r\nHost: {host}\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET {STATE} HTTP/1.1\r\nHost: {host}\r\nHost: evil.example"),
            false,
        ),
        (
            format!("GET {STATE} HTTP/1.1\r\nHost: evil.example\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET http://evil.example{STATE} HTTP/1.1\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET http://{host}{STATE} HTTP/1.1\r\nHost: evil.example"),
            false,
        ),
        (format!("GET http://{host}{STATE} HTTP/1.1"), false),
        (
            format!("GET https://{host}{STATE} HTTP/1.1\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET http://localhost:{port}{STATE} HTTP/1.1\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET http://me@{host}{STATE} HTTP/1.1\r\nHost: {host}"),
            false,
        ),
        (
            format!("GET http://{host}{STATE} HTTP/1.1\r\nHost: {host}"),
            true,
        ),
        (format!("GET {STATE} HTTP/1.1\r\nhOST:   {host}  "), true),
        (format!("GET {STATE} HTTP/1.0\r\nHost: {host}"), true),
    ] {
        let request = format!("{head}\r\nAuthorization: {bearer}\r\n\r\n");
        let answer = web.raw(request.as_bytes());
        match is_ours {
            true => assert_eq!(checked(answer).status, 200, "{head}"),
            false => refused(answer, 421, "wrong_host", &head),
        }
    }
}

#[test]
fn requests_of_other_pages_are_refused() {
    let web = Web::start(Vec::new());
    let (host, port) = (web.authority(), web.port);
    let own = format!("http://{host}");
    get(&web, STATE, &[("Origin", &own)]).expect(200);
    get(&web, "/", &[("Origin", &own)]).expect(200);
    let (local, bearer) = (format!("localhost:{port}"), web.bearer());
    let origin = format!("http://{local}");
    let headers = [
        ("Host", local.as_str()),
        ("Authorization", bearer.as_str()),
        ("Origin", origin.as_str()),
    ];
    web.send("GET", STATE, &headers, b"").expect(200);
    for origin in [
        String::new(),
        "null".to_owned(),
        "http://127.0.0.1".to_owned(),
        "http://evil.example".to_owned(),
        "file://".to_owned(),
        "chrome-extension://abcdefgh".to_owned(),
        host.clone(),
        format!("//{host}"),
        format!("https://{host}"),
        format!("HTTP://{host}"),
        format!("http://{host}/"),
        format!("http://{host}.evil.example"),
        format!("http://evil.example/http://{host}"),
        format!("http://me@{host}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        // Ours, and another origin than the host that is asked for.
        format!("http://localhost:{port}"),
        format!("http://{host}, http://evil.example"),
    ] {
        for path in ["/", STATE] {
            let answer = get(&web, path, &[("Origin", origin.as_str())]);
            refused(
                answer,
                403,
                "foreign_origin",
                &format!("{path} from `{origin}`"),
            );
        }
        let headers = [
            ("Origin", origin.as_str()),
            ("Content-Type", "application/json"),
        ];
        let answer = ask(&web, "POST", "/api/conversations", &headers, b"{}");
        refused(
            answer,
            403,
            "foreign_origin",
            &format!("a post from `{origin}`"),
        );
    }
    let twice = [("Origin", own.as_str()), ("Origin", "http://evil.example")];
    refused(
        get(&web, STATE, &twice),
        403,
        "foreign_origin",
        "two origins",
    );
    assert_eq!(web.get(STATE).json()["conversations"], json!([]));
}

#[test]
fn requests_of_other_sites_are_refused() {
    let web = Web::start(Vec::new());
    let header = "Sec-Fetch-Site";
    for site in ["same-origin", "none"] {
        get(&web, STATE, &[(header, site)]).expect(200);
    }
    for site in [
        "same-site",
        "cross-site",
        "",
        "None",
        "same-origin, none",
        "other",
    ] {
        for path in ["/", STATE] {
            let answer = get(&web, path, &[(header, site)]);
            refused(
                answer,
                403,
                "foreign_site",
                &format!("{path} from `{site}`"),
            );
        }
    }
    let twice = [(header, "same-origin"), (header, "cross-site")];
    refused(get(&web, STATE, &twice), 403, "foreign_site", "two sites");
    // A form of another page, as a browser sends it.
    let host = web.authority();
    let form = [
        ("Host", host.as_str()),
        ("Origin", "http://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let answer = web.send("POST", "/api/conversations", &form, b"session=x");
    refused(answer, 403, "foreign_origin", "a form");
    assert!(!web.said().contains("without the right token"));
}

#[test]
fn only_get_and_post_are_answered() {
    let web = Web::start(Vec::new());
    let preflight = [
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization"),
    ];
    for method in [
        "OPTIONS", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "post",
    ] {
        for path in ["/", STATE, "/api/conversations"] {
            let answer = ask(&web, method, path, &preflight, b"");
            let allowed = if path == "/" { "GET" } else { "GET, POST" };
            assert_eq!(answer.header("allow"), Some(allowed), "{method}");
            let request = format!("{method} {path}");
            refused(answer, 405, "method_not_allowed", &request);
        }
    }
    let (host, bearer) = (web.authority(), web.bearer());
    for target in [
        "OPTIONS * HTTP/1.1".to_owned(),
        format!("CONNECT {host} HTTP/1.1"),
    ] {
        let request = format!("{target}\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
        let answer = web.raw(request.as_bytes());
        refused(answer, 405, "method_not_allowed", &target);
    }
    let json = [("Content-Type", "application/json")];
    for path in ["/", "/app.js", STATE] {
        let answer = ask(&web, "POST", path, &json, b"{}");
        refused(answer, 405, "method_not_allowed", &format!("POST {path}"));
    }
}

#[test]
fn only_json_is_posted() {
    let web = Web::start(Vec::new());
    let header = "Content-Type";
    // What is let in finds nothing there.
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON ;charset=UTF-8",
    ] {
        ask(&web, "POST", "/api/nothing", &[(header, kind)], b"{}").expect(404);
    }
    for kind in [
        "",
        "text/plain",
        "text/plain; application/json",
        "text/plain;charset=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/json, text/plain",
        "application/jsonp",
        "application/json-patch+json",
        "text/json",
        "json",
        "*/*",
    ] {
        let answer = ask(&web, "POST", "/api/conversations", &[(header, kind)], b"{}");
        refused(answer, 415, "not_json", &format!("`{kind}`"));
    }
    let twice = [(header, "application/json"), (header, "text/plain")];
    for headers in [&[][..], &twice[..]] {
        let answer = ask(&web, "POST", "/api/conversations", headers, b"{}");
        refused(answer, 415, "not_json", &format!("{headers:?}"));
    }
    assert_eq!(web.get(STATE).json()["conversations"], json!([]));
}
