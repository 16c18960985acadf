//! Both kinds of the protocol, and lists of tools.

use serde_json::json;

use super::*;

#[tokio::test]
async fn servers_of_both_kinds_are_understood() {
    for mode in ["modern", "legacy", "chatty"] {
        let Some(lab) = Lab::new("servers_of_both_kinds_are_understood") else {
            return;
        };
        let servers = lab.servers(mode);
        assert_eq!(lab.starts(), 0, "nothing starts before it is used");
        let names = tool_names(&servers).await.expect("tools");
        assert!(names.contains(&"echo".to_owned()), "{names:?}");
        let stop = CancellationToken::new();
        let tools = servers.tools("lab", &stop).await.expect("tools");
        let echo = tools.iter().find(|tool| tool.name == "echo");
        let echo = echo.expect("the tool");
        assert_eq!(echo.description, "It does echo.");
        assert_eq!(echo.schema, json!({"type": "object"}));
        let arguments = json!({"a": [1, {"b": null}], "c": "ü"});
        let result = call(&servers, "echo", arguments.clone()).await;
        assert_eq!(data(result), arguments, "{mode}");
        assert_eq!(servers.status("lab"), Some(ServerStatus::Running));
        assert_eq!(lab.starts(), 1);

        let heard = lab.heard();
        assert_eq!(heard[0]["method"], "server/discover", "{mode}");
        let meta = "io.modelcontextprotocol/clientCapabilities";
        let offered = json!({"elicitation": {"form": {}, "url": {}}});
        assert_eq!(heard[0]["params"]["_meta"][meta], offered, "{mode}");
        let methods = lab.methods();
        let began: Vec<&str> = methods.iter().map(String::as_str).collect();
        if mode == "modern" {
            assert_eq!(began, ["server/discover", "tools/list", "tools/call"]);
            assert_eq!(heard[2]["params"]["_meta"][meta], offered);
        } else {
            let expected = [
                "server/discover",
                "initialize",
                "notifications/initialized",
                "tools/list",
                "tools/call",
            ];
            assert_eq!(began, expected);
            assert_eq!(heard[1]["params"]["protocolVersion"], "2025-11-25");
            assert_eq!(heard[1]["params"]["capabilities"], offered);
        }
    }
}

/// Whether it never answers the first request, or only when the second one is there.
#[tokio::test]
async fn a_server_that_is_silent_at_first_is_taken_for_an_older_one() {
    for mode in ["silent_probe", "late_probe"] {
        let Some(lab) = Lab::new("a_server_that_is_silent_at_first") else {
            return;
        };
        let servers = lab.servers(mode).starting_within(Duration::from_secs(4));
        let result = call(&servers, "echo", json!({"a": 1})).await;
        assert_eq!(data(result), json!({"a": 1}), "{mode}");
        assert_eq!(lab.methods()[..2], ["server/discover", "initialize"]);
    }
}

#[tokio::test]
async fn why_a_server_does_not_begin_is_said() {
    for (mode, seconds, words) in [
        (
            "dying",
            60,
            "it ended with exit code 5; its last words:\nthe server begins",
        ),
        (
            "silent",
            3,
            "it did not answer within 3 s; its last words:\nthe server begins",
        ),
        (
            "other_version",
            60,
            "it speaks other versions of the protocol: 2030-01-01",
        ),
    ] {
        let Some(lab) = Lab::new("why_a_server_does_not_begin_is_said") else {
            return;
        };
        let limit = Duration::from_secs(seconds);
        let servers = lab.servers(mode).starting_within(limit);
        let why = why_not_running(tool_names(&servers).await);
        assert!(why.contains(words), "{mode}: {why}");
        let ended = servers.status("lab");
        assert_eq!(ended, Some(ServerStatus::Ended(why)), "{mode}");
    }
}

#[tokio::test]
async fn lists_have_pages_and_an_end() {
    for (mode, count) in [("pages", 300), ("endless_pages", 50), ("strange_tools", 2)] {
        let Some(lab) = Lab::new("lists_have_pages_and_an_end") else {
            return;
        };
        let servers = lab.servers(mode);
        let names = tool_names(&servers).await.expect("tools");
        assert_eq!(names.len(), count, "{mode}");
        match mode {
            "strange_tools" => assert_eq!(names, ["good", "no-schema"]),
            _ => assert_eq!(names.last(), Some(&format!("t{}", count - 1))),
        }
    }
}

#[tokio::test]
async fn a_list_is_asked_for_again_when_it_has_changed() {
    let Some(lab) = Lab::new("a_list_is_asked_for_again_when_it_has_changed") else {
        return;
    };
    let servers = lab.servers("legacy");
    let before = tool_names(&servers).await.expect("tools");
    assert_eq!(tool_names(&servers).await, Ok(before));
    let lists = || {
        let methods = lab.methods();
        methods.iter().filter(|name| *name == "tools/list").count()
    };
    assert_eq!(lists(), 1);
    assert_eq!(
        text(call(&servers, "change", no_arguments()).await),
        "changed"
    );
    assert_eq!(tool_names(&servers).await, Ok(vec!["new".to_owned()]));
    assert_eq!(lists(), 2);
}

#[tokio::test]
async fn calls_at_the_same_time_share_a_connection() {
    let Some(lab) = Lab::new("calls_at_the_same_time_share_a_connection") else {
        return;
    };
    let servers = lab.servers("modern");
    let calls = (0..8).map(|number| call(&servers, "echo", json!({"n": number})));
    let results = futures::future::join_all(calls).await;
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(data(result), json!({"n": number}));
    }
    assert_eq!(lab.starts(), 1);
}

/// A server that hangs costs the time of the call, and no more.
#[tokio::test]
async fn a_call_has_its_time() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("a_call_has_its_time") else {
            return;
        };
        let mut server = lab.server(mode);
        server.timeout = Duration::from_secs(1);
        let servers = lab.with(server);
        for tool in ["hang", "late"] {
            let result = call(&servers, tool, no_arguments()).await;
            let late = McpError::TimedOut("lab".to_owned(), 1);
            assert_eq!(result, Err(late), "{mode} {tool}");
            // The late answer is nobody's.
            let result = call(&servers, "echo", json!({"a": tool})).await;
            assert_eq!(data(result), json!({"a": tool}), "{mode}");
        }
        assert!(
            lab.methods()
                .contains(&"notifications/cancelled".to_owned())
        );
        assert_eq!(lab.starts(), 1);
    }
}

#[tokio::test]
async fn a_call_can_be_stopped() {
    let Some(lab) = Lab::new("a_call_can_be_stopped") else {
        return;
    };
    let servers = lab.servers("modern");
    let (stop, user) = (CancellationToken::new(), User::default());
    let hanging = servers.call("lab", "hang", Map::new(), &user, &stop);
    let stopping = async {
        let is_called = || lab.methods().contains(&"tools/call".to_owned());
        until("it is called", is_called).await;
        stop.cancel();
    };
    let (result, ()) = tokio::join!(hanging, stopping);
    assert_eq!(result, Err(McpError::Stopped));
    let is_told = || {
        lab.methods()
            .contains(&"notifications/cancelled".to_owned())
    };
    until("the server is told", is_told).await;
    assert_eq!(
        data(call(&servers, "echo", json!({"a": 1})).await),
        json!({"a": 1})
    );
    let listed = servers.tools("lab", &stop).await;
    assert_eq!(listed, Err(McpError::Stopped), "a token stays cancelled");
}
