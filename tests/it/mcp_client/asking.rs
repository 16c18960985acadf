//! Questions of a server during a call, as both kinds of the protocol have them.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_question_of_a_server_goes_to_the_user() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("a_question_of_a_server_goes_to_the_user") else {
            return;
        };
        let servers = lab.servers(mode);
        let user = User::answering(&["Ann", "yes"]);
        let got = data(ask(&servers, "ask", no_arguments(), &user).await);
        let answer = json!({"action": "accept", "content": {"name": "Ann", "old": true}});
        match mode {
            "modern" => assert_eq!(got, json!([answer, "s1"])),
            _ => assert_eq!(got, answer),
        }
        let questions = user.questions();
        assert_eq!(questions.len(), 2, "{questions:?}");
        let head =
            "The MCP server `lab` asks, in its own words: “Who are you?”\nField 1 of 2: `name`";
        assert!(questions[0].starts_with(head), "{questions:?}");
    }
}

#[tokio::test]
async fn where_nobody_is_a_question_is_declined() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("where_nobody_is_a_question_is_declined") else {
            return;
        };
        let servers = lab.servers(mode);
        let got = data(call(&servers, "ask", no_arguments()).await);
        let answer = json!({"action": "decline"});
        match mode {
            "modern" => assert_eq!(got, json!([answer, "s1"])),
            _ => assert_eq!(got, answer),
        }
    }
}

#[tokio::test]
async fn a_user_is_asked_a_few_times_in_a_call() {
    let Some(lab) = Lab::new("a_user_is_asked_a_few_times_in_a_call") else {
        return;
    };
    let servers = lab.servers("legacy");
    let user = User::answering(&["Ann", "no"].repeat(7));
    let got = data(ask(&servers, "ask_often", no_arguments(), &user).await);
    let mut expected = vec!["accept"; 5];
    expected.extend(["decline"; 2]);
    assert_eq!(got, json!(expected));
    assert_eq!(user.questions().len(), 10);
}

#[tokio::test]
async fn outside_of_a_call_nobody_is_asked() {
    let Some(lab) = Lab::new("outside_of_a_call_nobody_is_asked") else {
        return;
    };
    let servers = lab.servers("asks_in_lists");
    let tools = servers.tools("lab", &CancellationToken::new()).await;
    let tools = tools.expect("tools");
    assert_eq!(tools[0].description, "decline");
}

#[tokio::test]
async fn a_question_can_be_withdrawn() {
    let Some(lab) = Lab::new("a_question_can_be_withdrawn") else {
        return;
    };
    let servers = lab.servers("legacy");
    let user = User::pondering(lab.root().join("asked"));
    let got = text(ask(&servers, "ask_and_withdraw", no_arguments(), &user).await);
    assert_eq!(got, "withdrawn");
    assert_eq!(user.questions().len(), 1);
}

#[tokio::test]
async fn a_server_that_dies_while_it_asks_ends_the_question() {
    let Some(lab) = Lab::new("a_server_that_dies_while_it_asks_ends_the_question") else {
        return;
    };
    let servers = lab.servers("legacy");
    let user = User::pondering(lab.root().join("asked"));
    let why = why_not_running(ask(&servers, "ask_and_die", no_arguments(), &user).await);
    assert!(why.starts_with("it ended with exit code 4"), "{why}");
}

/// The time of a call is that of the server, not that of the user.
#[tokio::test]
async fn a_user_may_think_longer_than_a_call_may_take() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("a_user_may_think_longer_than_a_call_may_take") else {
            return;
        };
        let mut server = lab.server(mode);
        server.timeout = Duration::from_secs(1);
        let servers = lab.with(server);
        assert_eq!(
            data(call(&servers, "echo", json!({"a": 1})).await),
            json!({"a": 1})
        );
        let user = User {
            wait: Duration::from_millis(600),
            ..User::answering(&["Ann", "yes"])
        };
        let got = data(ask(&servers, "ask", no_arguments(), &user).await);
        let got = if mode == "modern" { &got[0] } else { &got };
        assert_eq!(got["action"], "accept", "{mode}");
    }
}

#[tokio::test]
async fn nothing_but_questions_to_the_user_is_offered() {
    let Some(lab) = Lab::new("nothing_but_questions_to_the_user_is_offered") else {
        return;
    };
    let servers = lab.servers("legacy");
    let user = User::answering(&["Ann"]);
    let got = data(ask(&servers, "offered", no_arguments(), &user).await);
    for method in ["sampling/createMessage", "roots/list", "tasks/get"] {
        assert_eq!(got[method]["code"], -32601, "{method}: {got}");
    }
    assert_eq!(got["ping"], json!({}));
    // What it asked has no form.
    assert_eq!(got["elicitation/create"], json!({"action": "decline"}));
    assert_eq!(user.questions(), Vec::<String>::new());
}

#[tokio::test]
async fn a_call_is_repeated_with_bounds() {
    let Some(lab) = Lab::new("a_call_is_repeated_with_bounds") else {
        return;
    };
    let servers = lab.servers("modern");
    assert_eq!(text(call(&servers, "busy", no_arguments()).await), "ready");
    let user = User::answering(&["Ann", "yes"].repeat(20));
    let why = why_refused(ask(&servers, "input_for_ever", no_arguments(), &user).await);
    assert_eq!(why, "it asked for further input more than 10 times");
    assert_eq!(user.questions().len(), 10, "five questions of two fields");
    let why = why_refused(call(&servers, "sampling", no_arguments()).await);
    assert_eq!(
        why,
        "it asks for `sampling/createMessage`, which ollacode does not offer"
    );
    let why = why_refused(call(&servers, "task", no_arguments()).await);
    assert!(why.contains("a result of the kind `task`"), "{why}");
    let calls = lab.methods();
    let calls = calls.iter().filter(|name| *name == "tools/call").count();
    assert_eq!(calls, 3 + 10 + 1 + 1);
}
