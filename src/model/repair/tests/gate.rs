//! The gate shows what streams, and nothing that may become a call.

use super::no_calls::NOT_CALLS;
use super::*;

#[test]
fn the_gate_holds_from_the_first_marker_on() {
    let held = [
        ("Hello, wor", ""),
        ("a < b and c[0] <= d", ""),
        ("See <tool", "<tool"),
        ("See.\n\n<tool_c", "<tool_c"),
        ("See.\n\n<tool_x> and on", ""),
        ("See `<tool_call>` and on", ""),
        (
            "See.\n<function=read_file>\n<para",
            "<function=read_file>\n<para",
        ),
        ("See.\n[TOOL", "[TOOL"),
        ("See.\n[link](x) and on", ""),
        ("See:\n{\"name\"", "{\"name\""),
        ("See:\n{ x }", ""),
        ("{", "{"),
        ("\n [1, 2] and on", "\n [1, 2] and on"),
        ("```rust\nfn main() { <tool_call>", ""),
        ("```rust\nfn main() {}\n```\n<tool_call>x", "<tool_call>x"),
        ("```js", "```js"),
        ("```json\n", "```json\n"),
        ("```json\n{\"a\": ", "```json\n{\"a\": "),
        ("```json\n{\"a\": 1}\n```\nAnd on", ""),
        (
            "```json\n{\"a\": \"a block that grows by less than its half once it is whole\"}\n```\n",
            "",
        ),
        (
            "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"x\"}}\n```\nAnd on",
            "```json\n{\"name\": \"read_file\", \"arguments\": {\"path\": \"x\"}}\n```\nAnd on",
        ),
        ("```\nls -l\n", ""),
        ("```tool\n{\"tool\"", "```tool\n{\"tool\""),
        ("``` and `x` are quotes", "``` and `x` are quotes"),
        ("``` and `x` are quotes\n", ""),
    ];
    for (text, expected) in held {
        // A marker within a line counts after a sentence only.
        let expected = if text == "See <tool" { "" } else { expected };
        assert_eq!(gated([text]).1, expected, "{text}");
        let characters = text.split_inclusive(|_: char| true);
        assert_eq!(gated(characters).1, expected, "{text}, by characters");
    }
}

#[test]
fn what_the_gate_shows_is_no_part_of_a_call() {
    let texts = cases().into_iter().map(|(text, _, _)| text);
    for text in texts.chain(NOT_CALLS.iter().map(|(text, _)| *text)) {
        let left = find_calls(text, &TOOLS).text;
        for size in [1, 2, 3, 7, 50] {
            let characters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = characters.chunks(size).map(String::from_iter).collect();
            let (shown, _) = gated(pieces.iter().map(String::as_str));
            assert!(left.starts_with(&shown), "{text}: {shown}");
        }
    }
}
