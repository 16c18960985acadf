//! That blocks are the same however the text arrives, and what that costs.

use proptest::prelude::*;

use super::super::checks::{assert_harmless, outline};
use super::*;

/// The blocks of a text that comes in pieces.
fn streamed<'text>(pieces: impl IntoIterator<Item = &'text str>) -> Vec<Node> {
    let mut answer = OpenAnswer::new();
    let mut blocks = Vec::new();
    for piece in pieces {
        put(&mut blocks, answer.push(piece));
    }
    put(&mut blocks, answer.finish());
    // What turned out to be the address of a link.
    while blocks.last() == Some(&Node::text("")) {
        blocks.pop();
    }
    blocks
}

/// A text in pieces of about so many bytes.
fn pieces(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(length.min(rest.len())));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Every kind of block, as models write them.
fn document() -> String {
    let part = "\
# A heading

Some *text* with `code`, [a link](https://x.org) and src/a.rs:1-2,
on two lines.
A heading again
---
- one
- two
  ```rust
  fn a() {}

  fn b() {}
  ```
- three

  more of it

```python
def f():

    return 1
```
1. first
2. second
   - nested

> quoted

***

| a | b |
|---|--:|
| 1 | 2 |

<details>
<b>html</b>
</details>

    indented

    code

A note[^1].

[^1]: said here

    and here

";
    part.repeat(6)
}

fn outlines(changed: &[(usize, Node)]) -> Vec<(usize, String)> {
    let one = |(number, block): &(usize, Node)| (*number, outline(std::slice::from_ref(block)));
    changed.iter().map(one).collect()
}

#[test]
fn only_blocks_that_changed_are_given() {
    let mut answer = OpenAnswer::new();
    let mut push = |piece: &str| outlines(&answer.push(piece));
    let block = |number: usize, text: &str| (number, text.to_owned());
    assert_eq!(push("# Ti"), [block(0, "<h1>Ti</h1>")]);
    assert_eq!(
        push("tle\n\nSome *wo"),
        [block(0, "<h1>Title</h1>"), block(1, "<p>Some *wo</p>")]
    );
    assert_eq!(push("rds*"), [block(1, "<p>Some <em>words</em></p>")]);
    assert_eq!(push(""), []);
    assert_eq!(push("\n"), []);
    assert_eq!(push("---"), [block(1, "<h2>Some <em>words</em></h2>")]);
    assert_eq!(answer.text(), "# Title\n\nSome *words*\n---");
    assert_eq!(outlines(&answer.finish()), []);
    assert_eq!(outlines(&answer.finish()), []);
}

#[test]
fn what_turns_out_to_be_no_block_is_taken_away() {
    let mut answer = OpenAnswer::new();
    assert_eq!(outlines(&answer.push("[a")), [(0, "<p>[a</p>".to_owned())]);
    assert_eq!(
        outlines(&answer.push("]: https://x.org")),
        [(0, String::new())]
    );
    assert_eq!(outlines(&answer.push("/b")), []);
    assert_eq!(
        outlines(&answer.push("\n\n[a]")),
        [(0, "<p><a href=\"https://x.org/b\">a</a></p>".to_owned())]
    );
    assert_eq!(streamed(["[a", "]: b"]), []);
}

#[test]
fn ends_of_lines_are_one_sign() {
    let mut answer = OpenAnswer::new();
    for piece in ["a\r", "\nb\rc", "\r\r", "d\r"] {
        answer.push(piece);
    }
    assert_eq!(answer.text(), "a\nb\nc\n\nd");
    answer.finish();
    assert_eq!(answer.text(), "a\nb\nc\n\nd\n");
    assert_eq!(streamed(["```\r", "\na\r\n"]), markdown("```\na\n"));
}

#[test]
fn unclosed_code_is_code_while_it_streams() {
    let mut answer = OpenAnswer::new();
    let mut blocks = Vec::new();
    for piece in pieces("```text\n# a\n*b*\n``\n", 1) {
        put(&mut blocks, answer.push(piece));
        assert_eq!(blocks.len(), 1, "after {}", answer.text());
    }
    let code = "<pre><code class=\"language-text\"># a\n*b*\n``\n</code></pre>";
    assert_eq!(outline(&blocks), code);
    assert_eq!(outlines(&answer.push("```\n")), []);
    assert_eq!(outlines(&answer.finish()), []);
}

#[test]
fn blocks_are_those_of_the_whole_text() {
    let document = document();
    let whole = render(&document, &Definitions::new(), &mut CodeMemory::default());
    let expected = outline(&whole.blocks);
    assert_eq!(outline(&markdown(&document)), expected);
    for length in [1, 7, 100, 1_000] {
        let blocks = streamed(pieces(&document, length));
        assert_eq!(outline(&blocks), expected, "in pieces of {length}");
    }
}

#[test]
fn labels_may_be_defined_far_behind() {
    let text = format!(
        "See [a], [b][B] and [c].\n\n{}[a]: https://a.org\n[b]: javascript:x\n[A]: https://d.org\n",
        "Words and more words.\n\n".repeat(60)
    );
    let blocks = markdown(&text);
    assert_eq!(
        outline(&blocks[..1]),
        "<p>See <a href=\"https://a.org/\">a</a>, b (javascript:x) and [c].</p>"
    );
    assert_eq!(blocks.len(), 61);
    assert_eq!(streamed(pieces(&text, 5)), blocks);
}

#[test]
fn only_the_end_of_a_text_is_rendered_anew() {
    let text = "Words of *a* paragraph that is not long at all, `code` too.\n\n".repeat(400);
    let mut answer = OpenAnswer::new();
    let mut given = 0;
    for piece in pieces(&text, 8) {
        given += answer.push(piece).len();
    }
    given += answer.finish().len();
    let parsed = answer.parsed;
    // The whole text with each piece would be 1,500 times its length.
    assert!(parsed <= 100 * text.len(), "{parsed} of {}", text.len());
    assert!(given <= text.len() / 4, "{given}");
}

#[test]
fn the_work_for_a_long_block_grows_with_its_length() {
    const PIECE: usize = 20;
    for line in [
        "word *and* `word` ",
        "word *and*\nword\n",
        "- an item\n  with text\n",
        "> quoted\n",
        "    code\n",
        "|a|b|\n|-|-|\n",
        "[a]: b\n",
    ] {
        for head in ["", "```rust\n", "- a\n"] {
            let text = format!("{head}{}", line.repeat(25_000 / line.len()));
            let mut answer = OpenAnswer::new();
            for piece in pieces(&text, PIECE) {
                answer.push(piece);
            }
            answer.finish();
            let parsed = answer.parsed;
            // The whole text with each piece would be 600 times its length.
            let while_short = SHORT * SHORT / PIECE;
            let most = while_short + 50 * text.len();
            assert!(parsed <= most, "{parsed} of {most} for {head}{line}");
        }
    }
}

#[test]
fn lines_of_code_are_highlighted_once() {
    let code = "    let a = \"b\"; // c\n".repeat(500);
    let mut answer = OpenAnswer::new();
    let text = format!("Look:\n\n1. first\n\n   ```rust\n{code}   ```\n");
    for piece in pieces(&text, 50) {
        answer.push(piece);
    }
    answer.finish();
    assert_eq!(answer.memory.lines, 500);
}

#[test]
fn a_line_of_a_megabyte_is_shown() {
    for sign in ["a", "*", "`", "[", "|", "<", "_a", "\u{202e}", "http://"] {
        let text = sign.repeat(1_000_000 / sign.len());
        let blocks = streamed(pieces(&text, 200_000));
        assert!(blocks.len() <= 1, "{sign}");
        assert_harmless(&blocks);
    }
}

/// Lines as models write them, and as they do not.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[a-z *_`~#>|+.0-9\\\\-]{0,24}",
        "[ ]{0,4}(-|[*]|[0-9]{1,3}[.]|#{1,3}|>) [a-z *`]{0,12}",
        "(```|~~~)[a-z]{0,4}",
        "[|][a-z |`*-]{0,16}",
        "[|](--[|]){1,3}",
        "[ ]{0,3}\\[\\^?[a-c]\\](: ?)?[a-z'\"(]{0,4}",
        "\\[[a-c]\\]\\[[a-c]?\\] !?\\[x\\]\\([a-z:/]{0,9}\\)",
        "</?(b|p|script|!--)[ />a-z-]{0,6}",
        "[가-힣 \u{202e}\r]{0,8}",
        Just("---".to_owned()),
        Just(String::new()),
        Just(String::new()),
    ];
    prop::collection::vec(line, 0..80).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_text_is_cut(
        text in text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut ends: Vec<usize> = cuts
            .iter()
            .map(|cut| text.floor_char_boundary(cut.index(text.len() + 1)))
            .collect();
        ends.push(text.len());
        ends.sort_unstable();
        let mut from = 0;
        let pieces: Vec<&str> = ends
            .into_iter()
            .map(|end| &text[std::mem::replace(&mut from, end)..end])
            .collect();
        let blocks = streamed(pieces);
        assert_harmless(&blocks);
        prop_assert_eq!(blocks, markdown(&text));
    }
}
