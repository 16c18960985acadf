//! Many streams and tabs, long conversations, and how soon something is seen.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::{Instant, SystemTime};

use super::*;
use crate::support::web::Lines;

/// Streams on one turn.
const STREAMS: usize = 50;

/// Tabs in one browser, which has six connections for a server.
const TABS: usize = 8;

/// Blocks of a long answer: about as many events as are kept.
const BLOCKS: usize = 9_900;

/// Something on a busy machine may be late: the best of so many counts.
const ROUNDS: usize = 5;

/// The longest time for all events to be sent again.
const REPLAY: Duration = Duration::from_millis(200);

/// The longest times until something is seen, in milliseconds: after a question was sent, after the
/// server had the last word, after a key in the field of the search.
const FIRST_SIGN: f64 = 100.0;
const LAST_WORD: f64 = 50.0;
const HITS: f64 = 150.0;

/// Opens a conversation, and gives the path of it.
#[track_caller]
fn room(web: &Web) -> String {
    let made = web.post("/api/conversations", &json!({}));
    let made = made.json();
    let id = made["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id: {made}"));
    format!("/api/conversations/{id}")
}

/// What a stream has told: each block as it is in the end, and the other events.
fn told(lines: &Lines) -> (BTreeMap<String, Value>, Vec<Value>) {
    let mut blocks = BTreeMap::new();
    let mut others = Vec::new();
    let mut last = 0;
    for line in &lines.seen {
        let Some(number) = line["n"].as_u64() else {
            continue;
        };
        assert!(number > last, "{number} comes after {last}");
        last = number;
        if line["event"] == "block" {
            let key = format!("{} {}", line["reply"], line["block"]);
            blocks.insert(key, line["node"].clone());
        } else {
            others.push(line.clone());
        }
    }
    (blocks, others)
}

#[test]
fn fifty_streams_see_all_of_a_running_turn() {
    let web = Web::start(vec![counting()]);
    let room = room(&web);
    let events = format!("{room}/events?after=0");
    let open = |_| web.stream(&events);
    let mut streams: Vec<Lines> = (0..STREAMS / 2).map(open).collect();
    let question = json!({"message": "How far can you count?", "client": "one"});
    web.post(&format!("{room}/ask"), &question).expect(202);
    let is_under_way = |line: &Value| line["node"].to_string().contains(" 9 ");
    streams[0].wait_for("a part of the answer", is_under_way);
    streams.extend((0..STREAMS / 2).map(open));
    streams[STREAMS - 1].wait_for("the same part", is_under_way);
    web.post(&format!("{room}/stop"), &json!({}));
    for stream in &mut streams {
        stream.event("ended");
    }
    let first = told(&streams[0]);
    assert!(!first.0.is_empty(), "{first:#?}");
    for stream in &streams[1..] {
        assert_eq!(told(stream), first);
    }
}

/// Reads all events again, up to the end of the turn: how long that takes, and how many there are.
#[track_caller]
fn replay(web: &Web, path: &str) -> (Duration, usize) {
    let end = b"\"event\":\"ended\"";
    let (host, bearer) = (web.authority(), web.bearer());
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
         Accept: application/x-ndjson\r\n\r\n"
    );
    let mut stream = web.connect();
    let mut seen = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    let begun = Instant::now();
    stream.write_all(request.as_bytes()).expect("a request");
    loop {
        let read = stream.read(&mut buffer).expect("more events");
        assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&seen));
        let new = seen.len().saturating_sub(end.len());
        seen.extend_from_slice(&buffer[..read]);
        if seen[new..].windows(end.len()).any(|part| part == end) {
            break;
        }
    }
    let took = begun.elapsed();
    let text = String::from_utf8_lossy(&seen);
    (took, text.matches("\"event\":\"block\"").count())
}

#[test]
fn a_long_conversation_is_replayed_in_an_instant() {
    let text: String = (0..BLOCKS)
        .map(|number| format!("Line {number}.\n\n"))
        .collect();
    let web = Web::start(vec![Reply::text(&text).usage(1_000, 9_000)]);
    let room = room(&web);
    let events = format!("{room}/events?after=0");
    let mut stream = web.stream(&events);
    let question = json!({"message": "How long is it?", "client": "one"});
    web.post(&format!("{room}/ask"), &question).expect(202);
    stream.event("ended");
    drop(stream);
    let rounds = (0..ROUNDS).map(|_| replay(&web, &events));
    let (took, blocks) = rounds.min().expect("rounds");
    assert_eq!(blocks, BLOCKS);
    say(&format!("{blocks} events were replayed in {took:?}"));
    assert!(took <= REPLAY, "{took:?}");

    let Some(browser) = Browser::start("a_long_conversation_is_replayed_in_an_instant") else {
        return;
    };
    browser.open(&web.address());
    let page = Page {
        browser: &browser,
        web,
    };
    let last = format!("Line {}.", BLOCKS - 1);
    let shown = "const blocks = document.querySelectorAll('[data-role=block]');
                 return blocks.length && blocks[blocks.length - 1].textContent.includes(arguments[0])
                   ? performance.now() : null;";
    let took = browser.wait("the last line", shown, &[json!(last)]);
    say(&format!("a page showed them after {} ms", took));
    page.finish();
}

#[test]
fn eight_tabs_of_a_browser_show_one_turn() {
    let Some(browser) = Browser::start("eight_tabs_of_a_browser_show_one_turn") else {
        return;
    };
    let page = Page::open(
        &browser,
        vec![
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("Then not."),
        ],
    );
    let mut tabs = vec![browser.tab()];
    while tabs.len() < TABS {
        tabs.push(browser.new_tab());
        browser.open(&page.address());
        page.expect_state("connected");
    }
    page.ask("Make it colder.");
    for tab in &tabs {
        browser.show(tab);
        browser.expect(&role("question-text"), "Make it colder.");
        page.expect_approval("edit notes.txt");
    }
    page.decide("deny");
    for tab in &tabs {
        browser.show(tab);
        page.expect_answer("Then not.");
        page.expect_ended(1);
        browser.expect_clean();
    }
    assert_eq!(page.server.requests().len(), 2);
}

#[test]
fn the_first_sign_comes_at_once_and_each_word_soon() {
    let Some(browser) = Browser::start("the_first_sign_comes_at_once") else {
        return;
    };
    let now = |_: &Value| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let millis = since.expect("a time after 1970").as_millis();
        Reply::text(&format!("It is {millis} now."))
    };
    let page = Page::open(&browser, vec![Reply::with(now).repeated()]);
    browser.eval(
        "window.signs = [];
         window.words = [];
         const log = document.querySelector('#log');
         const how = {childList: true, subtree: true, characterData: true};
         document.querySelector('#input').addEventListener('keydown', ({key}) => {
           if (key !== 'Enter') return;
           const begun = performance.now();
           const sign = new MutationObserver(() => {
             window.signs.push(performance.now() - begun);
             sign.disconnect();
           });
           sign.observe(log, how);
         }, true);
         const known = new Set();
         new MutationObserver(() => {
           for (const [, time] of log.textContent.matchAll(/It is (\\d+) now/g)) {
             if (!known.has(time)) window.words.push(Date.now() - Number(time));
             known.add(time);
           }
         }).observe(log, how);",
        &[],
    );
    for turn in 1..=ROUNDS {
        browser.type_into("#input", "What time is it?");
        browser.press(keys::ENTER);
        page.expect_ended(turn);
    }
    expect_soon(&browser, "signs", FIRST_SIGN);
    expect_soon(&browser, "words", LAST_WORD);
    page.finish();
}

#[test]
fn hits_come_soon_after_a_key() {
    let Some(browser) = Browser::start("hits_come_soon_after_a_key") else {
        return;
    };
    let page = Page::open(&browser, Vec::new());
    page.show("search");
    browser.eval(
        "window.hits = [];
         let begun = 0;
         document.querySelector('#query').addEventListener('input', () => {
           begun = performance.now();
         }, true);
         new MutationObserver(() => {
           if (document.querySelector('[data-role=hit]')) window.hits.push(performance.now() - begun);
         }).observe(document.querySelector('#hits'), {childList: true});",
        &[],
    );
    for query in ["kettle", "header", "report", "azimuth", "position"] {
        browser.fill("#query", query);
        browser.expect(&role("hit"), query);
    }
    expect_soon(&browser, "hits", HITS);
    page.finish();
}

/// Demands that the shortest of some times in the page is short enough.
#[track_caller]
fn expect_soon(browser: &Browser, name: &str, longest: f64) {
    let times = browser.eval("return window[arguments[0]];", &[json!(name)]);
    let list = times.as_array().expect("times").iter();
    let best = list.filter_map(Value::as_f64).fold(f64::MAX, f64::min);
    say(&format!("{name}: {best:.0} ms, the best of {times}"));
    assert!(best <= longest, "{name}: {times}");
}
