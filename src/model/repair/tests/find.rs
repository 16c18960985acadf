//! Calls are found in every form, if they are complete and nothing contradicts.

use serde_json::{Value, json};

use super::no_calls::NOT_CALLS;
use super::*;

#[test]
fn calls_are_found_in_every_form() {
    for (text, left, calls) in cases() {
        let found = find_calls(text, &TOOLS);
        assert_eq!(found.broken, None, "{text}");
        assert_eq!(Value::Array(shown(&found.calls)), calls, "{text}");
        assert_eq!(found.text, left, "{text}");
    }
}

#[test]
fn what_is_no_call_stays_text() {
    for (text, why) in NOT_CALLS {
        let found = find_calls(text, &TOOLS);
        assert_eq!(shown(&found.calls), Vec::<Value>::new(), "{text}");
        assert_eq!(found.text, *text);
        let broken = found.broken.unwrap_or_default();
        assert_eq!(broken.is_empty(), why.is_empty(), "{text}: {broken}");
        assert!(broken.contains(why), "{text}: {broken}");
    }
}

#[test]
fn nothing_is_taken_after_a_broken_call() {
    let good =
        "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"path\": \"a\"}}</tool_call>\n";
    let bad = "<tool_call>{\"name\": \"read_file\", \"arguments\": {}}</tool_call>\n";
    let found = find_calls(&[good, bad, good].concat(), &TOOLS);
    assert_eq!(shown(&found.calls), [json!(["read_file", {"path": "a"}])]);
    assert_eq!(found.text, ["\n", bad, good].concat());
    assert!(
        found
            .broken
            .is_some_and(|why| why.contains("needs the argument `path`"))
    );
}

#[test]
fn without_tools_there_are_no_calls() {
    for (text, _, _) in cases() {
        let found = find_calls(text, &[]);
        assert_eq!((found.text.as_str(), found.calls.len()), (text, 0));
        let mut gate = StreamFilter::new(&[]);
        assert_eq!(gate.push(text), text);
    }
}

#[test]
fn a_cut_call_is_the_whole_one_or_none() {
    assert!(cases().len() >= 50);
    for (text, _, calls) in cases() {
        let whole = calls.as_array().expect("a list");
        for end in 0..=text.len() {
            let cut = String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned();
            let found = find_calls(&cut, &TOOLS);
            let found = shown(&found.calls);
            assert_eq!(found, whole[..found.len().min(whole.len())], "{cut}");
        }
    }
}
