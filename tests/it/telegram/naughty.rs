//! Difficult strings, sent over HTTP in every way that the front end uses.

mod made;
mod markup;
mod signs;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use ollacode::frontends::telegram::formatted_text::{FormattedText, make_visible};
use ollacode::frontends::telegram::html::rich;
use ollacode::frontends::telegram::split::{SplitAnswer, split};
use ollacode::visible::escape_hidden;

use super::fake::call;
use crate::support::fake_api::{FakeApi, Limits};

const CHAT: i64 = 7;
/// Telegram's limit of a message, in UTF-16 units.
const MOST_UNITS: usize = 4_096;

/// A server without rate limits.
fn server() -> FakeApi {
    let api = FakeApi::with_limits(Limits {
        between_edits: Duration::ZERO,
        a_second: usize::MAX,
        a_minute_in_a_group: usize::MAX,
    });
    api.write(CHAT, "hello");
    api
}

/// All strings without duplicates.
fn strings() -> BTreeSet<String> {
    let written = [
        markup::HTML,
        markup::ENTITIES,
        markup::MARKDOWN,
        markup::FENCES,
        markup::TABLES,
        markup::LINKS,
        signs::HIDDEN,
        signs::CONTROLS,
        signs::WRITING,
        signs::SNIPPETS,
        signs::PUNCTUATION,
    ];
    let written: BTreeSet<String> = written.concat().iter().map(|&it| it.to_owned()).collect();
    assert!(written.len() >= 400, "{} are written", written.len());
    let mut all = written;
    all.extend(made::strings());
    assert!(all.len() >= 500, "there are {}", all.len());
    all
}

/// Sends a part and returns its text as shown.
#[track_caller]
fn send(api: &FakeApi, part: &FormattedText, of: &str) -> String {
    let fields = json!({"chat_id": CHAT, "text": part.html(), "parse_mode": "HTML"});
    let answer = call(api, "SendMessage", fields);
    assert_eq!(api.violations(), Vec::<String>::new(), "{of:?}");
    let text = answer["result"]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer} for {of:?}"))
        .to_owned()
}

/// Sends all messages of an answer, and checks that they show all of it; of a document, only the
/// beginning is sent. Returns what is shown.
#[track_caller]
fn send_all(api: &FakeApi, text: &FormattedText, of: &str) -> Vec<String> {
    let (parts, is_whole) = match split(text) {
        SplitAnswer::Messages(parts) => (parts, true),
        SplitAnswer::Document { beginning } => (vec![beginning], false),
    };
    let seen: Vec<String> = parts.iter().map(|part| send(api, part, of)).collect();
    if is_whole {
        assert_eq!(solid(&seen.concat()), solid(&text.text()), "{of:?}");
    }
    for text in &seen {
        assert_eq!(*text, escape_hidden(text), "something hides in {of:?}");
    }
    seen
}

/// A text without its blanks.
fn solid(text: &str) -> String {
    let is_solid = |sign: &char| !sign.is_whitespace() && *sign != '\u{2800}';
    text.chars().filter(is_solid).collect()
}

/// A text as Telegram trims it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|sign: char| sign.is_whitespace() || sign == '\u{2800}')
}

/// A fence that is longer than any in the text.
fn ticks(text: &str, least: usize) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max();
    "`".repeat(least.max(longest.unwrap_or_default() + 1))
}

/// The text if it is shown in one message; `None` if nothing is shown.
fn only(seen: &[String]) -> Option<&str> {
    assert!(seen.len() <= 1, "{} messages", seen.len());
    seen.first().map(String::as_str)
}

/// Whether a text is short enough for one message.
fn is_short(text: &str) -> bool {
    make_visible(text).encode_utf16().count() < 3_900
}

#[test]
fn answers_in_markdown_are_taken() {
    let api = server();
    for text in strings() {
        send_all(&api, &rich(&text), &text);
    }
}

#[test]
fn plain_texts_are_shown_as_they_are() {
    let api = server();
    for text in strings() {
        let plain = FormattedText::plain_text(&text);
        let expected = make_visible(&text);
        send_all(&api, &plain, &text);
        if !plain.is_blank() && trimmed(&expected).encode_utf16().count() <= MOST_UNITS {
            assert_eq!(send(&api, &plain, &text), trimmed(&expected), "{text:?}");
        }
    }
}

#[test]
fn code_in_fences_is_shown_as_it_is() {
    let api = server();
    for text in strings() {
        let fence = ticks(&text, 3);
        let markdown = format!("{fence}text\n{text}\n{fence}\n");
        let seen = send_all(&api, &rich(&markdown), &text);
        // A lone carriage return may end a line in Markdown, or be shown escaped.
        let text = text.replace("\r\n", "\n");
        let expected = make_visible(&text);
        if is_short(&text) && !text.contains('\r') {
            assert_eq!(
                only(&seen).unwrap_or_default(),
                trimmed(&expected),
                "{text:?}"
            );
        }
    }
}

#[test]
fn names_in_code_are_shown_as_they_are() {
    let api = server();
    for text in strings() {
        let tick = ticks(&text, 1);
        let markdown = format!("see {tick} src/{text}.rs {tick} there");
        let seen = send_all(&api, &rich(&markdown), &text);
        if is_short(&text) && !text.contains(['\n', '\r']) {
            let expected = make_visible(&format!("see src/{text}.rs there"));
            assert_eq!(only(&seen), Some(expected.as_str()));
        }
    }
}
