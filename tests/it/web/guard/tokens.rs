//! The token, and those who do not have it.

use super::{STATE, get, refused};
use crate::support::web::{Answer, Web};

#[test]
fn without_the_token_the_api_does_nothing() {
    let web = Web::start(Vec::new());
    let (host, token) = (web.authority(), web.token.clone());
    let cookie = format!("token={token}");
    let bearer = web.bearer();
    let authorizations = [
        String::new(),
        token.clone(),
        "Bearer".to_owned(),
        format!("Bearer {}", &token[1..]),
        format!("Bearer {token}x"),
        format!("Bearer  {token}"),
        format!("bearer {token}"),
        format!("Basic {token}"),
        format!("Bearer {}", token.to_uppercase()),
    ];
    let mut refusals: Vec<Answer> = authorizations
        .iter()
        .map(|value| {
            let headers = [("Host", host.as_str()), ("Authorization", value.as_str())];
            web.send("GET", STATE, &headers, b"")
        })
        .collect();
    let with = |path: &str, headers: &[(&str, &str)]| {
        let own = [("Host", host.as_str())];
        let headers: Vec<(&str, &str)> = own.into_iter().chain(headers.iter().copied()).collect();
        web.send("GET", path, &headers, b"")
    };
    refusals.extend([
        with(STATE, &[]),
        with("/api", &[]),
        with("/api/", &[]),
        with("/api/../api/state", &[]),
        with(&format!("{STATE}?token={token}"), &[]),
        with(&format!("{STATE}?access_token={token}"), &[]),
        with(STATE, &[("Cookie", cookie.as_str())]),
        with(STATE, &[("X-Token", token.as_str())]),
        with(
            STATE,
            &[
                ("Authorization", bearer.as_str()),
                ("Authorization", "Bearer x"),
            ],
        ),
    ]);
    for (number, answer) in refusals.into_iter().enumerate() {
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer"),
            "{number}"
        );
        let hint = answer.json()["error"]["hint"].to_string();
        assert!(hint.contains("`ollacode web`"), "{hint}");
        refused(answer, 401, "unauthorized", &number.to_string());
    }
    // The page has no secret.
    for path in ["/", "/app.js", "/style.css"] {
        with(path, &[]).expect(200);
    }
    get(&web, STATE, &[]).expect(200);
}

#[test]
fn a_connection_is_not_let_in_for_the_next_request() {
    let web = Web::start(Vec::new());
    let (host, bearer) = (web.authority(), web.bearer());
    let own = format!("GET {STATE} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\r\n");
    let bare = format!("GET {STATE} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let foreign = own.replace(&host, "evil.example");
    let answers = web.several(format!("{own}{bare}{own}{foreign}").as_bytes(), 4);
    let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 401, 200, 421]);
}

#[test]
fn failed_logins_are_reported_and_do_not_lock_the_user_out() {
    let mut web = Web::start(Vec::new());
    let host = web.authority();
    let wrong = [("Host", host.as_str()), ("Authorization", "Bearer wrong")];
    for number in 0..20 {
        let answer = web.send("GET", STATE, &wrong, b"");
        refused(answer, 401, "unauthorized", &number.to_string());
    }
    for number in 20..25 {
        let answer = web.send("GET", STATE, &wrong, b"");
        assert_eq!(answer.header("retry-after"), Some("60"));
        refused(answer, 429, "too_many_failures", &number.to_string());
        get(&web, STATE, &[]).expect(200);
    }
    let said = web.end().expect_success().stderr;
    let told = said
        .lines()
        .filter(|line| line.contains("without the right token"));
    assert_eq!(told.count(), 2, "{said}");
}
