//! Servers that end, and how they are ended.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_server_that_dies_is_started_once_more() {
    let Some(lab) = Lab::new("a_server_that_dies_is_started_once_more") else {
        return;
    };
    let servers = lab.servers("modern");
    for starts in [1, 2] {
        let why = why_not_running(call(&servers, "die", no_arguments()).await);
        assert_eq!(
            why,
            "it ended with exit code 3; its last words:\nthe server begins\na token is missing"
        );
        assert_eq!(lab.starts(), starts);
        assert_eq!(servers.status("lab"), Some(ServerStatus::Ended(why)));
    }
    for _ in 0..2 {
        let why = why_not_running(call(&servers, "echo", no_arguments()).await);
        assert!(why.starts_with("it is not started a third time"), "{why}");
        assert!(why.contains("a token is missing"), "{why}");
    }
    assert_eq!(lab.starts(), 2);
    assert!(servers.reset("lab"));
    assert_eq!(
        data(call(&servers, "echo", json!({"a": 1})).await),
        json!({"a": 1})
    );
    assert_eq!(lab.starts(), 3);
}

#[tokio::test]
async fn a_server_that_closes_its_output_is_ended() {
    let Some(lab) = Lab::new("a_server_that_closes_its_output_is_ended") else {
        return;
    };
    let servers = lab.servers("legacy");
    let process = data(call(&servers, "process", no_arguments()).await)[0].as_u64();
    let why = why_not_running(call(&servers, "close", no_arguments()).await);
    assert_eq!(why, "its last words:\nthe server begins");
    until("it is gone", || !is_alive(process.expect("a number"))).await;
    assert_eq!(
        data(call(&servers, "echo", json!({"a": 1})).await),
        json!({"a": 1})
    );
}

/// Whether they are ended in order or dropped, nothing of them is left.
#[tokio::test]
async fn nothing_is_left_of_a_server() {
    for is_dropped in [false, true] {
        let Some(lab) = Lab::new("nothing_is_left_of_a_server") else {
            return;
        };
        let servers = lab.servers("modern");
        let processes = data(call(&servers, "process", no_arguments()).await);
        let process = |number: usize| processes[number].as_u64().expect("a number");
        assert!(is_alive(process(0)) && is_alive(process(1)));
        if is_dropped {
            drop(servers);
        } else {
            servers.end().await;
            assert_eq!(servers.status("lab"), Some(ServerStatus::NotStarted));
        }
        for number in [0, 1] {
            let what = format!("process {number}, dropped: {is_dropped}");
            until(&what, || !is_alive(process(number))).await;
        }
    }
}

#[tokio::test]
async fn what_was_ended_in_order_can_be_used_again() {
    let Some(lab) = Lab::new("what_was_ended_in_order_can_be_used_again") else {
        return;
    };
    let servers = lab.servers("modern");
    for start in 1..=3 {
        assert_eq!(
            data(call(&servers, "echo", json!({"a": 1})).await),
            json!({"a": 1})
        );
        assert_eq!(lab.starts(), start);
        servers.end().await;
    }
}
