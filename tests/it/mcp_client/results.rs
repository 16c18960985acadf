//! What a hostile server answers: lies, garbage, floods, and too much of everything.

use serde_json::json;

use super::*;

#[tokio::test]
async fn results_are_read_within_bounds() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("results_are_read_within_bounds") else {
            return;
        };
        let servers = lab.servers(mode);
        let failed = call(&servers, "failed", no_arguments()).await;
        let failed = failed.expect("a result");
        assert!(failed.is_error, "{mode}");
        assert_eq!(
            failed.parts,
            [ServerPart::Text("it did not work".to_owned())]
        );
        let long = call(&servers, "long_answer", no_arguments()).await;
        let long = long.expect("a result");
        let [
            ServerPart::Text(begin),
            ServerPart::Other(cut),
            ServerPart::Text(end),
        ] = long.parts.as_slice()
        else {
            panic!("a cut is wanted: {:?}", long.parts.len());
        };
        assert!(begin.starts_with("aaa") && end.ends_with("zzz"), "{mode}");
        let kept = begin.len() + end.len();
        assert!(
            ((32 << 10) - 10..=32 << 10).contains(&kept),
            "{mode}: {kept}"
        );
        let expected = format!("{} bytes of text were left out", 100_000 - kept);
        assert_eq!(*cut, expected, "{mode}");
        let error = why_refused(call(&servers, "error", no_arguments()).await);
        assert!(error.starts_with("no such thing: xxx"), "{mode}: {error}");
        assert!(error.len() <= 1_000, "{mode}: {}", error.len());
        let unknown = why_refused(call(&servers, "not-there", no_arguments()).await);
        assert_eq!(unknown, "no such tool (-32602)", "{mode}");
        assert_eq!(lab.starts(), 1, "{mode}");
    }
}

#[tokio::test]
async fn lies_and_garbage_do_no_harm() {
    for mode in ["modern", "legacy"] {
        let Some(lab) = Lab::new("lies_and_garbage_do_no_harm") else {
            return;
        };
        let servers = lab.servers(mode);
        for _ in 0..2 {
            let truth = text(call(&servers, "lies", no_arguments()).await);
            assert_eq!(truth, "the truth", "{mode}");
        }
        let alone = text(call(&servers, "batch", no_arguments()).await);
        assert_eq!(alone, "alone", "{mode}");
        let number = call(&servers, "text_as_number", no_arguments()).await;
        assert_eq!(number, Ok(ServerResult::default()), "{mode}");
        for tool in ["nothing_at_all", "nested"] {
            let why = why_refused(call(&servers, tool, no_arguments()).await);
            assert!(why.contains("cannot be understood"), "{mode} {tool}: {why}");
        }
        let why = why_refused(call(&servers, "no_result", no_arguments()).await);
        assert_eq!(
            why, "it answered with something that is no result",
            "{mode}"
        );
        let echo = call(&servers, "echo", json!({"a": 1})).await;
        assert_eq!(data(echo), json!({"a": 1}), "{mode}");
        assert_eq!(lab.starts(), 1, "{mode}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_fails_at_once() {
    let Some(lab) = Lab::new("an_answer_that_is_too_large_fails_at_once") else {
        return;
    };
    let servers = lab.servers("modern");
    let why = why_refused(call(&servers, "large_answer", no_arguments()).await);
    assert!(why.contains("it sent a message that is too large"), "{why}");
    let echo = call(&servers, "echo", json!({"a": 1})).await;
    assert_eq!(data(echo), json!({"a": 1}));
    assert_eq!(lab.starts(), 1);
}

/// A server that sends more than it is asked for is ended; it may try again once.
#[tokio::test]
async fn a_flood_ends_the_server() {
    for mode in ["modern", "legacy"] {
        for tool in ["flood", "flood_of_questions", "flood_of_garbage"] {
            let Some(lab) = Lab::new("a_flood_ends_the_server") else {
                return;
            };
            let servers = lab.servers(mode);
            let why = why_not_running(call(&servers, tool, no_arguments()).await);
            let given_up = "it was given up, since it sends more than it is asked for";
            assert_eq!(why, given_up, "{mode} {tool}");
            let echo = call(&servers, "echo", json!({"a": 1})).await;
            assert_eq!(data(echo), json!({"a": 1}), "{mode} {tool}");
            assert_eq!(lab.starts(), 2, "{mode} {tool}");
        }
    }
}

/// A hundred megabytes without an end, and lines that never end.
#[tokio::test]
async fn a_line_without_an_end_costs_little() {
    for tool in ["long_line", "endless_line"] {
        let Some(lab) = Lab::new("a_line_without_an_end_costs_little") else {
            return;
        };
        let servers = lab.servers("modern");
        let why = why_refused(call(&servers, tool, no_arguments()).await);
        assert!(
            why.contains("it sent a message that is too large"),
            "{tool}: {why}"
        );
        // It is given up a little later, wherever the next call is then.
        let mut calls = 0;
        let echo = loop {
            calls += 1;
            match call(&servers, "echo", json!({"a": 1})).await {
                Err(_) if calls < 3 => {}
                result => break result,
            }
        };
        assert_eq!(data(echo), json!({"a": 1}), "{tool}");
        assert_eq!(lab.starts(), 2, "{tool}");
    }
}

#[tokio::test]
async fn a_server_that_reads_nothing_holds_nobody_up() {
    let Some(lab) = Lab::new("a_server_that_reads_nothing_holds_nobody_up") else {
        return;
    };
    let mut server = lab.server("modern");
    server.timeout = Duration::from_secs(1);
    let servers = lab.with(server);
    let process = data(call(&servers, "process", no_arguments()).await)[0]
        .as_u64()
        .expect("a number");
    // More than its pipe holds.
    let large = json!({"a": "x".repeat(1 << 20)});
    for tool in ["deaf", "echo", "echo"] {
        let result = call(&servers, tool, large.clone()).await;
        let late = McpError::TimedOut("lab".to_owned(), 1);
        assert_eq!(result, Err(late), "{tool}");
    }
    drop(servers);
    until("it is gone", || !is_alive(process)).await;
}
