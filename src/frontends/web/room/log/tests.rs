use std::time::{Duration, Instant};

use super::*;

fn event(name: &str) -> WebEvent {
    WebEvent::from(json!({ "event": name }))
}

fn block(reply: u64, block: usize, text: &str) -> (BlockKey, WebEvent) {
    let event = json!({"event": "block", "reply": reply, "block": block, "node": text});
    (BlockKey { reply, block }, WebEvent::from(event))
}

type Gap = Option<(u64, u64)>;

/// The numbers and names behind a position, and the gap before them.
fn read(log: &Arc<RoomLog>, after: u64) -> (Gap, Vec<(u64, String)>) {
    let batch = log.reader(after).read(usize::MAX);
    let events = batch.events.into_iter();
    let events = events.map(|(number, event)| (number, event.name.clone()));
    (batch.gap.map(|gap| (gap.from, gap.to)), events.collect())
}

fn numbers(log: &Arc<RoomLog>, after: u64) -> Vec<u64> {
    let (_, events) = read(log, after);
    events.into_iter().map(|(number, _)| number).collect()
}

#[test]
fn a_stream_goes_on_behind_the_last_number_that_was_seen() {
    let log = Arc::new(RoomLog::default());
    assert_eq!(read(&log, 0), (None, Vec::new()));
    for name in ["a", "b", "c"] {
        log.push(event(name));
    }
    assert_eq!(numbers(&log, 0), [1, 2, 3]);
    assert_eq!(read(&log, 2), (None, vec![(3, "c".to_owned())]));
    assert_eq!(read(&log, 3), (None, Vec::new()));
    let mut reader = log.reader(3);
    assert!(reader.read(usize::MAX).is_empty());
    log.push(event("d"));
    assert_eq!(reader.read(usize::MAX).events[0].0, 4);
    assert!(reader.read(usize::MAX).is_empty());
}

#[test]
fn a_past_that_is_not_known_is_a_gap_and_then_comes_what_is_there() {
    let log = Arc::new(RoomLog::default());
    // The number is from another process.
    log.push(event("a"));
    let (gap, events) = read(&log, 40);
    assert_eq!((gap, events.len()), (Some((2, 40)), 1));
    log.restart();
    log.push(event("b"));
    assert_eq!(read(&log, 1), (Some((2, 2)), vec![(3, "b".to_owned())]));
    assert_eq!(read(&log, 2), (None, vec![(3, "b".to_owned())]));
    // From the beginning means from what is kept.
    assert_eq!(read(&log, 0), (None, vec![(3, "b".to_owned())]));
    assert_eq!((log.last(), log.dropped()), (3, 2));
}

#[test]
fn an_open_stream_has_a_gap_when_another_session_begins() {
    let log = Arc::new(RoomLog::default());
    let mut reader = log.reader(0);
    log.restart();
    let batch = reader.read(usize::MAX);
    assert_eq!(batch.gap, Some(EventGap { from: 1, to: 1 }));
    assert!(reader.read(usize::MAX).is_empty());
}

#[test]
fn a_block_takes_the_place_of_its_earlier_version() {
    let log = Arc::new(RoomLog::default());
    log.push(event("asked"));
    let mut reader = log.reader(0);
    for text in ["I", "It", "It is"] {
        let (key, event) = block(1, 0, text);
        log.push_block(key, event);
    }
    let (key, other) = block(1, 1, "Also");
    log.push_block(key, other);
    let (key, other) = block(2, 0, "Again");
    log.push_block(key, other);
    assert_eq!(numbers(&log, 0), [1, 4, 5, 6]);
    let batch = reader.read(usize::MAX);
    assert_eq!(batch.gap, None, "what was replaced is no gap");
    assert!(batch.events[1].1.json.contains("It is"));
    let (key, other) = block(1, 1, "Also this");
    log.push_block(key, other);
    assert_eq!(numbers(&log, 0), [1, 4, 6, 7]);
    assert_eq!(reader.read(usize::MAX).events[0].0, 7);
}

#[test]
fn thoughts_are_sent_in_pieces_and_kept_as_one() {
    let log = Arc::new(RoomLog::default());
    let mut reader = log.reader(0);
    let text = |batch: &LogBatch| {
        let (number, event) = batch.events.last().expect("an event");
        let event: Value = serde_json::from_str(&event.json).expect("JSON");
        (
            *number,
            event["text"].as_str().unwrap_or_default().to_owned(),
        )
    };
    log.push_thoughts("I ");
    assert_eq!(text(&reader.read(usize::MAX)), (1, "I ".to_owned()));
    log.push_thoughts("wönder ");
    log.push_thoughts("why.");
    assert_eq!(
        text(&reader.read(usize::MAX)),
        (3, "wönder why.".to_owned())
    );
    assert_eq!(
        text(&log.reader(2).read(usize::MAX)),
        (3, "why.".to_owned())
    );
    let all = log.reader(0).read(usize::MAX);
    assert_eq!(
        (all.events.len(), text(&all).1.as_str()),
        (1, "I wönder why.")
    );
    log.push(event("text"));
    log.push_thoughts("Then");
    assert_eq!(numbers(&log, 0), [3, 4, 5]);
    for _ in 0..2 * MOST_EVENTS {
        log.push_thoughts("a");
    }
    assert_eq!(log.dropped(), 0);
}

#[test]
fn the_oldest_turn_goes_as_a_whole_when_there_are_too_many() {
    let log = Arc::new(RoomLog::default());
    for _ in 0..3 {
        log.push_turn(event("asked"));
        for _ in 1..MOST_EVENTS / 2 {
            log.push(event("notice"));
        }
    }
    let turn = MOST_EVENTS as u64 / 2;
    assert_eq!(log.dropped(), turn);
    assert_eq!(numbers(&log, 0).len(), MOST_EVENTS);
    assert_eq!(read(&log, 7).0, Some((8, turn)));
    // A turn that is too long by itself is cut.
    log.push_turn(event("asked"));
    for _ in 0..MOST_EVENTS {
        log.push(event("notice"));
    }
    assert_eq!(log.dropped(), 3 * turn + 1);
    assert_eq!(numbers(&log, 0).len(), MOST_EVENTS);
}

#[test]
fn it_holds_so_many_bytes() {
    let log = Arc::new(RoomLog::default());
    let long = "a".repeat(MOST_BYTES / 4);
    for _ in 0..6 {
        log.push_turn(WebEvent::from(json!({"event": "asked", "text": &long})));
    }
    assert_eq!(numbers(&log, 0), [4, 5, 6]);
    log.push(WebEvent::from(
        json!({"event": "notice", "text": "a".repeat(MOST_BYTES + 1)}),
    ));
    assert_eq!(numbers(&log, 0), [0; 0]);
    assert_eq!(read(&log, 6).0, Some((7, 7)));
    let state = log.state.lock();
    assert_eq!((state.bytes, state.kept.len()), (0, 0));
}

#[test]
fn a_batch_is_bounded_and_the_next_one_goes_on() {
    let log = Arc::new(RoomLog::default());
    for _ in 0..10 {
        log.push(event("notice"));
    }
    let mut reader = log.reader(0);
    let one = event("notice").json.len();
    let lengths: Vec<usize> = (0..4).map(|_| reader.read(4 * one).events.len()).collect();
    assert_eq!(lengths, [4, 4, 2, 0]);
}

#[test]
fn what_a_command_prints_is_only_sent_to_who_is_there() {
    let log = Arc::new(RoomLog::default());
    let live = |text: &str| Some(WebEvent::from(json!({"event": "live", "lines": [text]})));
    let mut reader = log.reader(0);
    log.show_live(live("a"));
    log.show_live(live("b"));
    let shown = reader.read(usize::MAX).live.expect("what is printed");
    assert!(shown.json.contains("\"b\""));
    assert!(reader.read(usize::MAX).is_empty());
    assert!(log.reader(0).read(usize::MAX).live.is_some());
    log.show_live(None);
    assert!(log.reader(0).read(usize::MAX).is_empty());
    assert_eq!(log.last(), 0, "it has no number");
}

#[tokio::test]
async fn a_change_wakes_and_the_end_is_the_end() {
    let log = Arc::new(RoomLog::default());
    let mut reader = log.reader(0);
    assert!(reader.read(usize::MAX).is_empty());
    log.push(event("a"));
    assert!(reader.changed().await);
    assert_eq!(reader.read(usize::MAX).events.len(), 1);
    log.push(event("b"));
    log.close();
    assert!(reader.changed().await, "what is left is read");
    assert_eq!(reader.read(usize::MAX).events.len(), 1);
    assert!(!reader.changed().await);
}

#[test]
fn ten_thousand_events_are_replayed_in_no_time() {
    let log = Arc::new(RoomLog::default());
    for number in 0..MOST_EVENTS {
        let text = format!("an event of ordinary length, of which this is number {number}");
        log.push(WebEvent::from(json!({"event": "notice", "text": text})));
    }
    let begun = Instant::now();
    let mut reader = log.reader(0);
    let mut count = 0;
    loop {
        let batch = reader.read(64 << 10);
        if batch.is_empty() {
            break;
        }
        count += batch.events.len();
    }
    assert_eq!(count, MOST_EVENTS);
    assert!(begun.elapsed() <= Duration::from_millis(200));
}
