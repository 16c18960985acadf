//! Streams: gone on with, opened twice, cut, in another format.

use std::time::Duration;

use super::*;
use crate::support::wait_until;

fn streams(web: &Web) -> Value {
    web.get("/api/state").expect(200).json()["streams"].clone()
}

#[test]
fn a_page_that_is_loaded_again_misses_nothing() {
    let slow = Reply::text("It boils at ninety degrees, and that is all that there is to say.");
    let web = web(vec![slow.then_hang()]);
    let talk = Talk::open(&web);
    let number = {
        let mut events = talk.events(0);
        talk.ask("When does it boil?");
        events.event("block")["n"].as_u64().expect("a number")
    };
    let snapshot = talk.snapshot();
    assert_eq!(
        (&snapshot["is_busy"], &snapshot["history"]),
        (&json!(true), &json!([]))
    );
    assert!(snapshot["last"].as_u64() >= Some(number), "{snapshot:#}");
    let mut again = talk.events(0);
    again.wait_for("the answer", |event| {
        text_of(&event["node"]).contains("all that there")
    });
    assert!(names(&again.seen).contains(&"asked"));
    // Behind the last one there is nothing, until something happens.
    let last = talk.snapshot()["last"].as_u64().expect("a number");
    let mut rest = talk.events(last);
    talk.post("/stop", &json!({})).expect(200);
    let next = || rest.next_within(crate::support::PATIENCE);
    // Live lines have no number.
    let mut numbered = std::iter::from_fn(next).filter(|event| event["event"] != "live");
    let first = numbered.next().expect("an event");
    assert!(first["n"].as_u64() > Some(last), "{first:#}");
    if first["event"] != "ended" {
        rest.event("ended");
    }
}

#[test]
fn two_pages_see_the_same() {
    let web = web(colder());
    let talk = Talk::open(&web);
    let mut pages = [talk.events(0), talk.events(0)];
    talk.ask("Make it colder.");
    let asked = pages[0].event("approval_asked");
    assert_eq!(pages[1].event("approval_asked"), asked);
    talk.answer(&asked["id"], "once").expect(200);
    let ends = pages.each_mut().map(|page| page.event("ended"));
    assert_eq!(ends[0], ends[1]);
    let last_versions = pages.each_ref().map(|page| answer_in(&page.seen));
    assert_eq!(last_versions[0], last_versions[1]);
    assert!(last_versions[0].contains("It is eighty now."));
}

#[test]
fn a_past_that_is_unknown_is_a_gap() {
    let web = web(vec![Reply::text("Yes.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("Is it?");
    let last = talk.snapshot()["last"].as_u64().expect("a number");
    let mut events = talk.events(last + 40);
    let gap = events.next_within(crate::support::PATIENCE).expect("a gap");
    assert_eq!(
        gap,
        json!({"event": "gap", "from": last + 1, "to": last + 40})
    );
    events.event("ended");
}

#[test]
fn server_sent_events_go_on_where_they_were() {
    let web = web(vec![Reply::text("Yes.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("Is it?");
    let last = talk.snapshot()["last"].as_u64().expect("a number");
    let (path, host, bearer) = (talk.path("/events"), web.authority(), web.bearer());
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
         Accept: text/event-stream\r\nLast-Event-ID: {}\r\n\r\n",
        last - 1
    );
    let mut stream = web.connect();
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("a request");
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(&format!("id: {last}\n")) {
        let length = std::io::Read::read(&mut stream, &mut bytes).expect("an answer");
        assert!(length > 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    assert!(
        text.to_lowercase()
            .contains("content-type: text/event-stream"),
        "{text}"
    );
    assert!(!text.contains(&format!("id: {}\n", last - 1)), "{text}");
}

#[test]
fn two_hundred_streams_that_are_cut_leave_nothing() {
    let web = web(vec![Reply::text("Yes.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("Is it?");
    for _ in 0..4 {
        let open: Vec<Lines> = (0..50).map(|_| talk.events(0)).collect();
        wait_until("the streams", || streams(&web).as_u64() >= Some(50));
        drop(open);
    }
    // What is cut is noticed with the next event, or the next sign of life.
    for _ in 0..3 {
        talk.command("/plan");
    }
    wait_until("the end of the streams", || streams(&web) == 0);
}

#[test]
fn what_a_command_prints_is_seen_while_it_runs() {
    let web = web_with(
        vec![
            run("echo one; echo kettle; sleep 20; echo three"),
            Reply::text("It was stopped."),
        ],
        &["--auto-approve"],
    );
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask("Run it.");
    let started = events.event("tool_started");
    let is_shown = |event: &Value| event["lines"].to_string().contains("kettle");
    let live = events.wait_for("what it prints", is_shown);
    assert_eq!(
        (&live["event"], &live["id"]),
        (&json!("live"), &started["id"])
    );
    assert!(live["n"].is_null(), "{live:#}");
    talk.post("/stop", &json!({})).expect(200);
    events.event("ended");
    let mut again = talk.events(0);
    again.event("ended");
    assert!(!names(&again.seen).contains(&"live"));
}

#[test]
fn fifty_pages_follow_one_turn() {
    let slow = Reply::text("At ninety degrees.").first_byte_after(Duration::from_millis(500));
    let web = web(vec![slow]);
    let talk = Talk::open(&web);
    let mut pages: Vec<Lines> = (0..50).map(|_| talk.events(0)).collect();
    talk.ask("When does it boil?");
    for page in &mut pages {
        page.event("ended");
        assert!(answer_in(&page.seen).contains("At ninety degrees."));
    }
}
