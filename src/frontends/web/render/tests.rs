//! Hostile text in every place: nothing but allowed elements comes of it.

use super::checks::{assert_harmless, plain};
use super::*;
use crate::edit::FileEdit;
use crate::visible::{escape_hidden, visible_name};

/// What an attacker writes into a file, a name, an answer.
const PIECES: [&str; 30] = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</script><script>alert(1)//",
    "</code></pre><svg/onload=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "\"><iframe srcdoc='<script>alert(1)</script>'>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "JaVaScRiPt&colon;alert(1)",
    "java\tscript:alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
    "vbscript:msgbox(1)",
    "file:///etc/passwd:1",
    "https://user:word@bad.org/",
    "https://bad.org\\@good.org",
    "http://[::1]:80/a.rs:1",
    "//bad.org/x.js:1",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "\u{202e}gnp.exe\u{2066}a.rs:1",
    "\u{1b}]8;;https://bad.org\u{7}x\u{0}",
    "\u{200b}\u{feff}\u{e0041}\u{ad}",
    "]]>--><!--",
    "[x]: javascript:alert(1) 'y'",
    "../../etc/passwd.txt:1-9",
    "a.rs:1\" data-path=\"/etc/shadow",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "```html\n<b onclick=alert(1)>\n```",
    "| a |\n|---|\n| <style>*{display:none}</style> |",
];

/// Where it stands in an answer.
const PLACES: [&str; 15] = [
    "{}",
    "# {}",
    "> {}",
    "- {}\n  - {}",
    "**{}** _{}_ ~~{}~~",
    "`{}`",
    "```{}\n{}\n```",
    "~~~\n{}",
    "[{}]({})",
    "[{}](<{}> \"{}\")",
    "![{}]({})",
    "<{}>",
    "[x][{}]\n\n[{}]: {}",
    "a[^{}]\n\n[^{}]: {}",
    "| {} |\n|---|\n| {} |",
];

fn texts() -> Vec<String> {
    let in_place = |place: &str| PIECES.map(|piece| place.replace("{}", piece));
    PLACES.into_iter().flat_map(in_place).collect()
}

/// What is written can be read, whatever became of it.
fn assert_shown(piece: &str, shown: &str) {
    let letters = |text: &str| -> String {
        let is_letter = |sign: &char| sign.is_ascii_alphanumeric();
        text.chars().filter(is_letter).collect()
    };
    let wanted = letters(&escape_hidden(piece));
    assert!(letters(shown).contains(&wanted), "{piece} in {shown}");
}

#[test]
fn answers_are_harmless() {
    let texts = texts();
    assert!(texts.len() >= 300);
    for text in &texts {
        let blocks = markdown(text);
        assert_harmless(&blocks);
        let mut answer = OpenAnswer::new();
        for at in 0..text.len() {
            let sign = text.get(at..text.ceil_char_boundary(at + 1));
            for (_, block) in answer.push(sign.unwrap_or_default()) {
                assert_harmless(&[block]);
            }
        }
        for (_, block) in answer.finish() {
            assert_harmless(&[block]);
        }
        assert_eq!(answer.text(), text);
    }
    assert_harmless(&markdown(&texts.join("\n\n")));
    assert_harmless(&markdown(&texts.join(" ")));
}

/// The addresses of all links.
fn addresses(nodes: &[Node]) -> Vec<&str> {
    let mut found = Vec::new();
    for node in nodes {
        if let Node::Element {
            attributes,
            children,
            ..
        } = node
        {
            let own = attributes.iter().filter(|(name, _)| *name == "href");
            found.extend(own.map(|(_, value)| value.as_str()));
            found.extend(addresses(children));
        }
    }
    found
}

#[test]
fn links_lead_to_the_web_alone() {
    let mut count = 0;
    for text in texts() {
        let blocks = markdown(&text);
        for address in addresses(&blocks) {
            let starts = ["http://[::1]/", "https://bad.org/"];
            let is_known = starts.iter().any(|start| address.starts_with(start));
            assert!(is_known && !address.contains('@'), "{text}: {address}");
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn files_and_their_contents_are_harmless() {
    for piece in PIECES {
        for language in [None, Some("rust"), Some("html"), Some(piece)] {
            let lines = code(piece, language, 1);
            assert_harmless(&lines);
            assert_eq!(lines.len(), piece.lines().count());
            let joined: Vec<&str> = piece.lines().collect();
            assert_eq!(plain(&lines), escape_hidden(&joined.concat()), "{piece}");
        }
    }
}

#[test]
fn changes_are_harmless() {
    for piece in PIECES {
        for other in ["", "same\n", PIECES[0]] {
            let edit = FileEdit {
                path: piece.to_owned(),
                old: Some(other.into()),
                new: Some(piece.into()),
            };
            for file in diff(&[edit]) {
                assert!(file.is_whole, "{piece}");
                assert_eq!(file.path, visible_name(piece));
                let rows = file.hunks.iter().flat_map(|hunk| &hunk.rows);
                let parts: Vec<&str> = rows
                    .filter(|row| row.new.is_some())
                    .flat_map(|row| &row.parts)
                    .map(|(text, _)| text.as_str())
                    .collect();
                for part in parts.iter().copied().chain([file.path.as_str()]) {
                    assert_eq!(escape_hidden(part), part);
                }
                let is_same = piece == other;
                assert!(is_same || !parts.is_empty());
                if !is_same {
                    assert_shown(piece, &parts.concat());
                }
            }
        }
    }
}

#[test]
fn what_is_written_can_be_read() {
    for piece in PIECES {
        assert_shown(piece, &plain(&markdown(&format!("~~~\n{piece}\n~~~"))));
    }
    for piece in &PIECES[..7] {
        assert_shown(piece, &plain(&markdown(piece)));
        assert_shown(piece, &plain(&markdown(&format!("a {piece}"))));
    }
}
