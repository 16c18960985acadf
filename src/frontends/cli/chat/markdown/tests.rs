//! What a text looks like, and that it does not matter how it arrives.

use proptest::prelude::*;

use super::*;

const WIDE: usize = 10_000;

fn shown(text: &str, look: Look) -> String {
    let mut markdown = Markdown::new(look);
    let mut out = markdown.push(text);
    out.push_str(&markdown.finish());
    out
}

fn plain(text: &str, width: usize) -> String {
    shown(
        text,
        Look {
            color: false,
            width,
        },
    )
}

/// In colour, with the colours taken away.
fn stripped(text: &str, width: usize) -> String {
    let shown = shown(text, Look { color: true, width });
    anstream::adapter::strip_str(&shown).to_string()
}

#[test]
fn markers_become_styles() {
    let text = "\
# Title

Some **bold** and `code`, not 2 * 3.
- one
  - two
10. ten
> said
---
";
    let expected = "\
Title

Some bold and code, not 2 * 3.
• one
  • two
10. ten
│ said
────────────────────────────────────────
";
    assert_eq!(stripped(text, 80), expected);
    let coloured = shown(
        "# T\n**b** `c`\n",
        Look {
            color: true,
            width: 80,
        },
    );
    assert_eq!(
        coloured,
        "\u{1b}[1m\u{1b}[4mT\u{1b}[0m\n\u{1b}[1mb\u{1b}[0m \u{1b}[36mc\u{1b}[0m\n"
    );
}

#[test]
fn without_colour_the_text_stays_as_it_is() {
    let text =
        "# Title\n\n**b** `c`\n* item\n> quote\n| a |\n|---|\n```rust\nfn a() {}\n```\n---\n";
    assert_eq!(plain(text, WIDE), text);
}

#[test]
fn code_is_code() {
    let text = "```rust\nlet a = \"**b** # c\";\n\n| d |\n~~~\n```\n**e**";
    let expected = "```rust\nlet a = \"**b** # c\";\n\n| d |\n~~~\n```\ne\n";
    assert_eq!(stripped(text, 80), expected);
    assert_eq!(stripped("````\n```\n````\n*a*", 80), "````\n```\n````\na\n");
    assert_eq!(
        stripped("  ```\n  a\n  ```\n*b*", 80),
        "  ```\n  a\n  ```\nb\n"
    );
    assert_eq!(stripped("```a``` b", 80), "a b\n");
}

#[test]
fn a_fence_ends_with_its_text() {
    let mut markdown = Markdown::new(Look {
        color: true,
        width: 80,
    });
    for text in ["```rust\nlet", "```rust"] {
        let mut out = markdown.push(text);
        out.push_str(&markdown.finish());
        assert!(out.ends_with('\n'), "{out:?}");
        let mut next = markdown.push("*a*");
        next.push_str(&markdown.finish());
        assert_eq!(next, "\u{1b}[3ma\u{1b}[0m\n", "after {text}");
    }
}

#[test]
fn words_stay_whole_at_the_edge() {
    assert_eq!(stripped("aaa bbb ccc", 7), "aaa bbb\nccc\n");
    assert_eq!(stripped("- aaa bbb", 6), "• aaa\n  bbb\n");
    assert_eq!(stripped("> aaa bbb", 6), "│ aaa\n│ bbb\n");
    assert_eq!(stripped("12. aaa bbb", 8), "12. aaa\n    bbb\n");
    assert_eq!(stripped("aaaaaaaaaa b", 4), "aaaaaaaaaa\nb\n");
    assert_eq!(stripped("한국어 한국어", 4), "한국\n어\n한국\n어\n");
    assert_eq!(stripped("a 👩‍💻 b", 80), "a 👩‍💻 b\n");
}

#[test]
fn text_is_shown_as_it_comes() {
    let mut markdown = Markdown::new(Look {
        color: true,
        width: 80,
    });
    let pieces = ["Some ", "words and **bo", "ld** text", " end", "\n"].map(|text| {
        let shown = markdown.push(text);
        anstream::adapter::strip_str(&shown).to_string()
    });
    assert_eq!(pieces, ["Some", " words and", " bold", " text", " end\n"]);
}

#[test]
fn a_table_is_laid_out_when_it_is_whole() {
    let text = "| a | b |\n|---|---|\n| 1 | 2 |\nafter\n";
    assert_eq!(stripped(text, 80), "a │ b\n──┼──\n1 │ 2\nafter\n");
}

#[test]
fn nothing_plays_tricks_on_the_terminal() {
    for text in [
        "a\u{1b}[2Jb",
        "**\u{1b}[2J**",
        "```\n\u{1b}[2J\n```",
        "| \u{1b}[2J |",
        "# \u{202e}",
    ] {
        let out = shown(
            text,
            Look {
                color: true,
                width: 80,
            },
        );
        assert!(
            !out.contains("\u{1b}[2J") && !out.contains('\u{202e}'),
            "{out:?}"
        );
    }
    assert_eq!(plain("a\r\nb\r\n", 80), "a\nb\n");
}

/// Lines as models write them, and as they do not.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "[a-z *_`~#>|+.0-9\\\\-]{0,24}",
        "[ ]{0,4}(-|[*]|[0-9]{1,3}[.]|#{1,3}|>) [a-z *`]{0,12}",
        "```[a-z]{0,4}",
        "[|][a-z |`*-]{0,16}",
        "[가-힣 ]{0,8}",
        Just("---".to_owned()),
        Just(String::new()),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

fn trimmed(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_text_is_cut(
        text in text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        color: bool,
        width in 4_usize..60,
    ) {
        let whole = shown(&text, Look { color, width });
        let mut ends: Vec<usize> = cuts
            .iter()
            .map(|cut| text.floor_char_boundary(cut.index(text.len() + 1)))
            .collect();
        ends.push(text.len());
        ends.sort_unstable();
        let mut markdown = Markdown::new(Look { color, width });
        let mut out = String::new();
        let mut from = 0;
        for end in ends {
            out.push_str(&markdown.push(&text[from..end]));
            from = end;
        }
        out.push_str(&markdown.finish());
        prop_assert_eq!(out, whole);
    }

    #[test]
    fn without_colour_every_character_is_there(text in text()) {
        let out = plain(&text, WIDE);
        prop_assert_eq!(trimmed(&out), trimmed(&text));
    }

    #[test]
    fn in_colour_only_markers_are_taken_away(text in text()) {
        let letters = |text: &str| -> String {
            let is_letter = |character: &char| character.is_alphanumeric();
            text.chars().filter(is_letter).collect()
        };
        let out = stripped(&text, WIDE);
        prop_assert_eq!(letters(&out), letters(&text));
    }

    #[test]
    fn a_narrow_terminal_loses_nothing(text in text(), width in 1_usize..30) {
        let squeezed = |text: &str| -> String { text.split_whitespace().collect() };
        prop_assert_eq!(squeezed(&plain(&text, width)), squeezed(&text));
    }
}
