//! Any text of a model becomes messages that Telegram accepts.

use proptest::prelude::*;

use ollacode::frontends::telegram::formatted_text::{FormattedText, make_visible};
use ollacode::frontends::telegram::html::rich;
use ollacode::frontends::telegram::split::{MOST_ENTITIES, SplitAnswer, beginning, split};
use ollacode::visible::escape_hidden;

use crate::support::fake_api::markup::{parse, read};

/// Fragments of Markdown, HTML and attacks.
const PIECES: &[&str] = &[
    "word ",
    "a",
    "\n",
    "\n\n",
    "*",
    "**",
    "***",
    "_",
    "~~",
    "`",
    "```",
    "```rust\n",
    "~~~",
    "    ",
    "\t",
    "# ",
    "- ",
    "1. ",
    "  - ",
    "> ",
    ">> ",
    "| a | b |\n",
    "|---|---|\n",
    "[",
    "](",
    ")",
    "![",
    "](https://x.org/?a=1&b=\"<>)",
    "](tg://user?id=1)",
    "<b>",
    "</b>",
    "<a href=\"x\">",
    "</",
    "<",
    ">",
    "&",
    "&lt;",
    "&#0;",
    "&#x202e;",
    "&amp;lt;",
    "\"",
    "'",
    "\\",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "👩\u{200d}👧",
    "🙂",
    "e\u{301}",
    "\r",
    "\r\n",
    "---\n",
    "- [x] ",
    "<!--",
    "-->",
    "<![CDATA[",
    "<pre>",
    "</code>",
    "src/a.rs:1-20",
    "https://x.org/a.rs",
    "<https://x.org>",
    "[x]: https://x.org \"t\"\n",
    "[x]",
    "|",
    "\u{2028}",
    "a\u{30a}",
    "\u{333}",
    "[^1]",
    "$$",
    "\\\n",
];

/// Short styled texts, nested and in sequence.
const STYLED: &[&str] = &[
    "**a** ",
    "*a **b** c* ",
    "~~*a* `b`~~ ",
    "***~~a~~ b*** ",
    "[**a** *b*](https://x.org) ",
    "`a` ",
    "src/a.rs ",
    "plain words ",
    "\n> **a** *b*\n\n",
    "\n\n",
    "\n```c\nx\n```\n",
    "\n# a *b*\n",
    "\n| a | b |\n|---|---|\n| c | d |\n\n",
];

fn markdown(most: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        20 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "[a-z ]{1,400}",
    ];
    prop::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

fn parsed(rich: &FormattedText) -> String {
    let html = rich.html();
    parse(&html).unwrap_or_else(|why| panic!("{why}: {html:?}"))
}

/// Checks that Telegram shows all styles of a part.
fn check_entities(part: &FormattedText) {
    let counted = read(&part.html()).map(|shown| shown.entities);
    assert_eq!(counted, Ok(part.entities()));
    assert!(part.entities() <= MOST_ENTITIES, "{}", part.entities());
}

/// Checks messages against Telegram's limits, and that only blanks are lost between them.
fn check_parts(text: &FormattedText) {
    let whole = text.text();
    let parts = match split(text) {
        SplitAnswer::Messages(parts) => parts,
        SplitAnswer::Document { beginning } => {
            assert!(parsed(&beginning).encode_utf16().count() <= 1_024);
            assert!(!beginning.is_blank());
            check_entities(&beginning);
            return;
        }
    };
    let mut rest = whole.as_str();
    for part in &parts {
        let shown = parsed(part);
        check_entities(part);
        assert!(!part.is_blank() && shown.encode_utf16().count() <= 4_096);
        assert_eq!(part.units(), shown.encode_utf16().count());
        let at = rest.find(&shown).expect("it is a part of the text");
        assert!(
            rest[..at]
                .chars()
                .all(|sign| sign.is_whitespace() || sign == '\u{2800}')
        );
        rest = &rest[at + shown.len()..];
    }
    assert!(
        rest.chars()
            .all(|sign| sign.is_whitespace() || sign == '\u{2800}'),
        "{rest:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_markdown_is_taken_and_nothing_hides(markdown in markdown(40)) {
        let rich = rich(&markdown);
        let shown = parsed(&rich);
        prop_assert_eq!(&shown, &rich.text());
        prop_assert!(matches!(escape_hidden(&shown), std::borrow::Cow::Borrowed(_)), "{:?}", shown);
        prop_assert!(!shown.contains('\t'));
        check_parts(&rich);
    }

    #[test]
    fn any_text_is_taken_as_it_is(text in any::<String>()) {
        let rich = FormattedText::plain_text(&text);
        prop_assert_eq!(parsed(&rich), make_visible(&text));
        check_parts(&rich);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn long_texts_add_up(markdown in markdown(1_500), cut in 10..2_000_usize) {
        let rich = rich(&markdown);
        check_parts(&rich);
        let begun = beginning(&rich, cut);
        prop_assert!(parsed(&begun).encode_utf16().count() <= cut);
        check_entities(&begun);
    }

    #[test]
    fn many_styles_are_more_parts(words in prop::collection::vec(prop::sample::select(STYLED), 0..200)) {
        let rich = rich(&words.concat());
        check_parts(&rich);
        check_entities(&beginning(&rich, 1_000));
    }
}

#[test]
fn every_beginning_of_an_answer_can_be_shown_while_it_streams() {
    let answer = "# Title\n\nSee **src/a.rs:1-20** and [x](https://x.org):\n\n```rust\nfn a<T>() {}\n\
                  ```\n\n| a | b |\n|---|---|\n| `1` | ~~2~~ |\n\n> quote *with* `code`\n\n1. one\n   - two\n";
    for (at, _) in answer.char_indices() {
        parsed(&rich(&answer[..at]));
    }
}

#[test]
fn hostile_depth_and_length_are_quick() {
    let started = std::time::Instant::now();
    for piece in [
        "> ", "- ", "*a ", "[", "![", "`", "**a _b ", "<b>", "| a ", "&lt;", "[a](", "\t- a\n",
        "1. ",
    ] {
        check_parts(&rich(&piece.repeat(20_000 / piece.len())));
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn lengths_around_the_limit_are_taken() {
    for sign in ["x", "🙂", "é", "<", "a ", "a\n", "a\n\n", "`a` "] {
        for count in [
            1_990, 2_000, 2_047, 2_048, 2_049, 4_000, 4_095, 4_096, 4_097, 4_200, 9_000,
        ] {
            check_parts(&rich(&sign.repeat(count)));
            check_parts(&FormattedText::plain_text(&sign.repeat(count)));
        }
    }
}
