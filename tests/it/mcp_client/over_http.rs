//! Servers at an address: both kinds of the protocol, and what a hostile one may not.

use serde_json::json;
use url::Url;

use super::address::{Address, Answer, Asked, error, event, result};
use super::*;

/// A server at an address with one header from a variable.
fn at(url: &str, offline: bool) -> McpServers {
    let header = ("Authorization".to_owned(), "TOKEN".to_owned());
    let server = McpServer {
        name: "far".to_owned(),
        transport: McpTransport::Http {
            url: Url::parse(url).expect("an address"),
            header_env: BTreeMap::from([header]),
        },
        expose: Vec::new(),
        timeout: Duration::from_secs(60),
    };
    let setup = McpSetup {
        offline,
        ..setup(|_| Err("it is no program".to_owned()))
    };
    McpServers::new(vec![server], setup).starting_within(Duration::from_secs(30))
}

/// The same with little time for a call.
fn hurried(address: &Address) -> McpServers {
    let mut server = at(&address.url(), false).configured()[0].clone();
    server.timeout = Duration::from_secs(1);
    McpServers::new(vec![server], setup(|_| Err("it is no program".to_owned())))
}

fn discovered() -> Value {
    json!({
        "resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0,
        "capabilities": {"tools": {}}, "cacheScope": "private",
    })
}

fn listed() -> Value {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    json!({
        "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
        "tools": [{"name": "echo", "description": "It echoes.", "inputSchema": schema}],
    })
}

fn said(asked: &Asked, text: &str) -> Value {
    let content = json!([{"type": "text", "text": text}]);
    result(
        asked,
        &json!({"resultType": "complete", "content": content}),
    )
}

/// What a server of the newer kind answers to all but calls.
fn modern(asked: &Asked) -> Option<Answer> {
    match asked.method() {
        "server/discover" => Some(Answer::json(&result(asked, &discovered()))),
        "tools/list" => Some(Answer::json(&result(asked, &listed()))),
        "tools/call" => None,
        _ => Some(Answer::with(202, "", "")),
    }
}

/// What a server of the older kind with sessions answers to all but calls.
fn legacy(asked: &Asked) -> Option<Answer> {
    match (asked.verb.as_str(), asked.method()) {
        ("POST", "server/discover") => Some(Answer::with(400, "", "Bad Request: no session")),
        ("POST", "initialize") => {
            let answer = json!({
                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "far", "version": "1"},
            });
            let headers = "content-type: application/json\r\nmcp-session-id: s-1\r\n";
            let body = result(asked, &answer).to_string();
            Some(Answer::with(200, headers, &body))
        }
        ("POST", "tools/list") => {
            let list = result(asked, &json!({"tools": listed()["tools"]}));
            Some(Answer::events(&[list]))
        }
        ("POST", "tools/call") => None,
        ("GET", _) => Some(Answer::with(405, "", "")),
        _ => Some(Answer::with(202, "", "")),
    }
}

#[tokio::test]
async fn a_server_of_the_newer_kind_is_understood() {
    let address = Address::start(|asked| {
        modern(asked).unwrap_or_else(|| Answer::json(&said(asked, "hello")))
    })
    .await;
    let servers = at(&address.url(), true);
    assert_eq!(tool_names(&servers).await, Ok(vec!["echo".to_owned()]));
    assert_eq!(
        text(call(&servers, "echo", json!({"a": "x"})).await),
        "hello"
    );
    assert_eq!(
        address.methods(),
        ["server/discover", "tools/list", "tools/call"]
    );
    let called = address.asked().pop().expect("a call");
    assert_eq!(called.verb, "POST");
    assert_eq!(called.path, "/mcp");
    assert_eq!(called.header("authorization"), "a token");
    assert_eq!(called.header("mcp-protocol-version"), "2026-07-28");
    assert_eq!(called.header("mcp-method"), "tools/call");
    assert_eq!(called.header("mcp-name"), "echo");
    assert_eq!(
        called.header("accept"),
        "application/json, text/event-stream"
    );
    assert!(called.header("user-agent").starts_with("ollacode/"));
}

#[tokio::test]
async fn a_server_of_the_older_kind_has_a_session_and_streams() {
    let address = Address::start(|asked| {
        legacy(asked).unwrap_or_else(|| {
            let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}});
            Answer::events(&[note, said(asked, "hello")])
        })
    })
    .await;
    let servers = at(&address.url(), true);
    assert_eq!(tool_names(&servers).await, Ok(vec!["echo".to_owned()]));
    assert_eq!(
        text(call(&servers, "echo", json!({"a": "x"})).await),
        "hello"
    );
    let begun = [
        "server/discover",
        "initialize",
        "notifications/initialized",
        "tools/list",
        "tools/call",
    ];
    assert_eq!(address.methods(), begun);
    let called = address.asked();
    let called = called.iter().find(|asked| asked.method() == "tools/call");
    assert_eq!(
        called.map(|asked| asked.header("mcp-session-id")),
        Some("s-1")
    );
    // In order, the session is ended as well.
    servers.end().await;
    let is_ended = || address.asked().iter().any(|asked| asked.verb == "DELETE");
    until("the session is ended", is_ended).await;
}

#[tokio::test]
async fn a_question_comes_over_a_stream() {
    let answered: Arc<Mutex<Option<Value>>> = Arc::default();
    let heard = Arc::clone(&answered);
    let address = Address::start(move |asked| {
        if asked.body["id"] == 77 {
            *heard.lock() = Some(asked.body["result"].clone());
        }
        legacy(asked).unwrap_or_else(|| match asked.tool() {
            "ask" => {
                let form = json!({"type": "object", "properties": {"name": {"type": "string"}}});
                let params = json!({"message": "Who?", "requestedSchema": form});
                let question = json!({
                    "jsonrpc": "2.0", "id": 77, "method": "elicitation/create", "params": params,
                });
                Answer::Open(event(&question))
            }
            _ => Answer::json(&said(asked, "hello")),
        })
    })
    .await;
    let servers = hurried(&address);
    let user = User::answering(&["Ann"]);
    // The stream stays open, and the call ends with its time.
    let result = ask(&servers, "ask", no_arguments(), &user).await;
    assert_eq!(result, Err(McpError::TimedOut("far".to_owned(), 1)));
    assert_eq!(user.questions().len(), 1);
    let accepted = json!({"action": "accept", "content": {"name": "Ann"}});
    assert_eq!(answered.lock().clone(), Some(accepted));
    assert_eq!(text(call(&servers, "echo", no_arguments()).await), "hello");
}

#[tokio::test]
async fn nothing_leaves_for_another_host() {
    let elsewhere = Address::start(|_| Answer::with(200, "", "")).await;
    let target = format!("http://localhost:{}/take?secret=1", elsewhere.port);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {target}\r\n");
        let address = Address::start(move |_| Answer::with(status, &location, "")).await;
        let servers = at(&address.url(), false);
        let why = why_not_running(tool_names(&servers).await);
        let shown = format!(
            "it redirects to `http://localhost:{}/take`, which is not followed",
            elsewhere.port
        );
        assert!(why.contains(&shown), "{status}: {why}");
    }
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}

#[tokio::test]
async fn a_redirect_within_the_host_is_followed_a_few_times() {
    let address = Address::start(|asked| match asked.path.as_str() {
        "/mcp" => Answer::with(307, "location: /other\r\n", ""),
        "/other" => modern(asked).unwrap_or_else(|| Answer::json(&said(asked, "hello"))),
        _ => Answer::with(404, "", ""),
    })
    .await;
    let servers = at(&address.url(), false);
    assert_eq!(text(call(&servers, "echo", no_arguments()).await), "hello");
    let address = Address::start(|_| Answer::with(307, "location: /mcp\r\n", "")).await;
    let servers = at(&address.url(), false);
    let why = why_not_running(tool_names(&servers).await);
    assert!(why.contains("it redirects to"), "{why}");
    assert!(address.asked().len() <= 10, "{}", address.asked().len());
}

#[tokio::test]
async fn what_is_no_server_is_said() {
    for (status, headers, body, words) in [
        (
            200,
            "content-type: text/html\r\n",
            "<html>",
            "neither JSON nor a stream of events, but `text/html`",
        ),
        (200, "", "", "neither JSON nor a stream of events, but `?`"),
        (
            200,
            "content-type: application/json\r\n",
            "{}",
            "cannot be understood",
        ),
        (
            200,
            "content-type: application/json\r\n",
            "<html>",
            "cannot be understood",
        ),
        (
            401,
            "www-authenticate: Bearer\r\n",
            "",
            "status 401: a header of `header_env` is missing",
        ),
        (
            403,
            "",
            "",
            "status 403: a header of `header_env` is missing",
        ),
        (404, "", "", "it answered with status 404"),
        (500, "", "", "it answered with status 500"),
    ] {
        let address = Address::start(move |_| Answer::with(status, headers, body)).await;
        let servers = at(&address.url(), false);
        let why = why_not_running(tool_names(&servers).await);
        assert!(why.contains(words), "{status} {headers} {body}: {why}");
    }
    // A port at which nobody is.
    let address = Address::start(|_| Answer::Silence).await;
    let url = address.url();
    drop(address);
    let servers = at(&url, false);
    let why = why_not_running(tool_names(&servers).await);
    assert!(why.contains("the request failed"), "{why}");
}

/// What a call gives whose answer is not as it should be.
#[tokio::test]
async fn strange_answers_to_calls_are_refused() {
    let address = Address::start(|asked| {
        modern(asked).unwrap_or_else(|| match asked.tool() {
            "html" => Answer::with(200, "content-type: text/html\r\n", "<html>"),
            "large" => {
                let text = "x".repeat(5 << 20);
                Answer::json(&said(asked, &text))
            }
            "large-event" => {
                let text = "x".repeat(5 << 20);
                Answer::events(&[said(asked, &text)])
            }
            "status" => Answer::with(503, "", "busy"),
            "refused" => {
                let body = error(asked, -32602).to_string();
                Answer::with(400, "content-type: application/json\r\n", &body)
            }
            "nothing" => Answer::events(&[]),
            "another" => {
                let mut other = said(asked, "a lie");
                other["id"] = json!(99_999);
                Answer::events(&[other, said(asked, "the truth")])
            }
            _ => Answer::json(&said(asked, "hello")),
        })
    })
    .await;
    let servers = at(&address.url(), false);
    for (tool, words) in [
        ("html", "neither JSON nor a stream of events"),
        ("large", "its answer is too large"),
        ("status", "it answered with status 503"),
        ("refused", "it is refused (-32602)"),
    ] {
        let why = why_refused(call(&servers, tool, no_arguments()).await);
        assert!(why.contains(words), "{tool}: {why}");
    }
    for tool in ["nothing", "large-event", "another"] {
        let why = why_refused(call(&servers, tool, no_arguments()).await);
        assert!(why.contains("its answer broke off"), "{tool}: {why}");
        assert_eq!(
            text(call(&servers, "echo", no_arguments()).await),
            "hello",
            "{tool}"
        );
    }
}

/// A stream that never ends costs the time of the call at most.
#[tokio::test]
async fn an_endless_stream_ends() {
    let address = Address::start(|asked| {
        modern(asked).unwrap_or_else(|| match asked.tool() {
            "open" => Answer::Open(": nothing yet\n\n".to_owned()),
            "silent" => Answer::Silence,
            "comments" => Answer::Endless(format!(": {}\n", "x".repeat(64 << 10))),
            "notes" => {
                let note = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
                Answer::Endless(event(&note))
            }
            _ => Answer::json(&said(asked, "hello")),
        })
    })
    .await;
    for tool in ["open", "silent"] {
        let servers = hurried(&address);
        let result = call(&servers, tool, no_arguments()).await;
        assert_eq!(
            result,
            Err(McpError::TimedOut("far".to_owned(), 1)),
            "{tool}"
        );
        assert_eq!(
            text(call(&servers, "echo", no_arguments()).await),
            "hello",
            "{tool}"
        );
    }
    for tool in ["comments", "notes"] {
        let servers = at(&address.url(), false);
        let why = why_not_running(call(&servers, tool, no_arguments()).await);
        assert!(why.contains("it was given up"), "{tool}: {why}");
        assert_eq!(
            text(call(&servers, "echo", no_arguments()).await),
            "hello",
            "{tool}"
        );
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_is_said() {
    let address = Address::start(|_| Answer::Silence).await;
    let servers = at(&address.url(), false);
    let setup = McpSetup {
        variables: BTreeMap::new(),
        ..setup(|_| Err("it is no program".to_owned()))
    };
    let servers = McpServers::new(servers.configured().to_vec(), setup);
    assert_eq!(servers.missing_variables("far"), ["TOKEN"]);
    let why = why_not_running(tool_names(&servers).await);
    assert!(
        why.contains("`TOKEN`, which its header `Authorization` needs, is not set"),
        "{why}"
    );
    assert!(address.asked().is_empty());
}
