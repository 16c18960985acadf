//! Paths and texts as models spell them.

use url::Url;

use crate::visible::is_hidden;

/// What models put around a path, in pairs.
const AROUND: [(char, char); 3] = [('"', '"'), ('\'', '\''), ('`', '`')];

/// What stands before the lines behind a path.
const BEFORE_LINES: [&str; 8] = [
    "#L", ":L", ", lines ", ", line ", ":line ", " lines ", " line ", "(",
];

/// What a diff puts before the paths of its two sides.
const SIDES: [&str; 2] = ["a/", "b/"];

/// First and last line, from 1.
pub(super) type LineRange = (usize, usize);

/// A path that a model may have meant, and the lines that it named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    pub path: String,
    pub lines: Option<LineRange>,
}

/// What a text may mean as a path, the likeliest first: which of it exists tells what was meant.
pub(super) fn spellings(given: &str) -> Vec<Spelling> {
    let mut found: Vec<Spelling> = Vec::new();
    let mut add = |path: &str, lines: Option<LineRange>| {
        let spelling = Spelling {
            path: path.to_owned(),
            lines,
        };
        if !path.is_empty() && !found.contains(&spelling) {
            found.push(spelling);
        }
    };
    add(given, None);
    add(given.trim(), None);
    let plain = plain(given);
    let bare = plain.trim_start_matches('@');
    let bare = bare.trim_end_matches([',', ';', ':', '.', '!', '?']);
    let inner = [("(", ")"), ("[", "]"), ("<", ">")]
        .iter()
        .find_map(|(open, close)| {
            let inner = bare.strip_prefix(open)?.strip_suffix(close)?;
            Some(inner)
        });
    for path in [plain.as_str(), bare, inner.unwrap_or(bare)] {
        add(path, None);
        if let Some((file, lines)) = without_lines(path) {
            add(&self::plain(file), Some(lines));
        }
        if let Some((file, _)) = path.split_once("::") {
            add(file, None);
        }
    }
    if let Some(decoded) = decoded(&plain) {
        add(&decoded, None);
    }
    for spelling in found.clone() {
        if let Some(path) = without_side(&spelling.path) {
            found.push(Spelling {
                path: path.to_owned(),
                ..spelling
            });
        }
    }
    found
}

/// A path without quotes around it, with `/` between its names, and not as an address.
pub(super) fn plain(given: &str) -> String {
    let given = given.trim();
    let quoted = AROUND.iter().find_map(|(open, close)| {
        let inner = given.strip_prefix(*open)?.strip_suffix(*close)?;
        (!inner.is_empty()).then_some(inner)
    });
    let given = quoted.unwrap_or(given).trim();
    address(given).unwrap_or_else(|| given.replace("\\ ", " ").replace('\\', "/"))
}

/// The path of `file:///w/a%20b.rs`; of `file://src/a.rs`, which is no proper address, too.
fn address(given: &str) -> Option<String> {
    let scheme = given.get(..5)?;
    if !scheme.eq_ignore_ascii_case("file:") {
        return None;
    }
    let proper = Url::parse(given)
        .ok()
        .filter(|_| given[5..].starts_with("//"));
    let file = proper.and_then(|address| address.to_file_path().ok());
    let file = file.and_then(|file| file.to_str().map(str::to_owned));
    Some(file.unwrap_or_else(|| given[5..].trim_start_matches('/').to_owned()))
}

/// A path without the escapes of an address: `a%20b.rs`.
fn decoded(path: &str) -> Option<String> {
    if !path.contains('%') {
        return None;
    }
    let address = Url::parse(&format!("file:///{}", path.trim_start_matches('/'))).ok()?;
    let file = address.to_file_path().ok()?;
    let file = file.to_str()?.trim_start_matches('/');
    (file != path).then(|| file.to_owned())
}

/// A path without what diffs put before it.
pub(super) fn without_side(path: &str) -> Option<&str> {
    let rest = SIDES.iter().find_map(|side| path.strip_prefix(side))?;
    (!rest.is_empty()).then_some(rest)
}

/// A path with lines behind it, as compilers and reviews name them: the path, and the first and
/// the last line. `src/main.rs:10`, `src/main.rs:10:5` (a column), `src/main.rs:10-20`,
/// `src/main.rs#L10-L20`, `src/main.rs(10,5)`, `src/main.rs, line 10`.
pub(super) fn without_lines(path: &str) -> Option<(&str, LineRange)> {
    let marked = BEFORE_LINES.iter().find_map(|mark| {
        let (file, lines) = path.rsplit_once(mark)?;
        let lines = lines.strip_suffix(')').unwrap_or(lines);
        Some((file, line_numbers(lines)?))
    });
    let (file, lines) = match marked {
        Some(found) => found,
        None => {
            let (file, last) = path.rsplit_once(':')?;
            let last = line_numbers(last)?;
            let before = file.rsplit_once(':');
            match before.and_then(|(file, line)| Some((file, line_numbers(line)?))) {
                Some(found) => found,
                None => (file, last),
            }
        }
    };
    let file = file.trim_end_matches([' ', ',', ':']);
    (!file.is_empty()).then_some((file, lines))
}

/// `10`, `10-20`, `L10-L20`, `10,5` and `10:5` (a column).
fn line_numbers(text: &str) -> Option<LineRange> {
    let number = |digits: &str| {
        let digits = digits.trim().trim_start_matches('L');
        let digits = digits.split([',', ':']).next().unwrap_or_default();
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_plain && *number > 0)
    };
    let (first, last) = text.split_once(['-', '–']).unwrap_or((text, text));
    let is_column = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_digit() || b",:L ".contains(&b))
    };
    if !is_column(first) || !is_column(last) {
        return None;
    }
    Some((number(first)?, number(last)?))
}

/// Why a text is no name for a new file: the rest of a sentence that begins with it. What a system
/// takes for a name may still be none that anybody means.
pub(super) fn no_name(path: &str) -> Option<&'static str> {
    const SIGNS: [char; 6] = ['*', '?', '<', '>', '|', '`'];
    let mut names = path.split('/').filter(|name| !name.is_empty());
    if path.contains("://") {
        Some("is a URL; files are named by their path, relative to the workspace root")
    } else if path.ends_with('/') {
        Some("ends with `/`, so it names a folder; add the name of the file")
    } else if without_lines(path).is_some() || path.contains("::") {
        Some("names a position in a file, not a file")
    } else if path.contains(SIGNS) {
        Some("contains a wildcard or another character that file names should not have")
    } else if path.contains('"') || path.contains(is_hidden) {
        Some("contains a quote or an invisible character")
    } else if path.starts_with("$") && path.contains('/') && path[1..].starts_with(is_of_variable) {
        Some("begins with a variable, which is not expanded")
    } else if names.any(|name| name.trim() != name) {
        Some("has a space at the beginning or the end of a name")
    } else {
        None
    }
}

/// A path without quotes and characters that cannot be seen, and without blanks around its names.
pub(super) fn without_hidden(path: &str) -> String {
    let seen = path.replace(|c: char| c == '"' || is_hidden(c), "");
    let names: Vec<&str> = seen.split('/').map(str::trim).collect();
    names.join("/")
}

fn is_of_variable(character: char) -> bool {
    character.is_ascii_uppercase() || character == '{'
}

/// Whether a path begins with a drive of Windows.
pub(super) fn has_drive(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'/'
}

/// A text of one line with the line breaks that are written out in it, as `\n`; `None` if there
/// are none.
pub(super) fn with_breaks(text: &str) -> Option<String> {
    let is_escaped = text.contains("\\n") && !text.contains('\n');
    is_escaped.then(|| text.replace("\\n", "\n").replace("\\t", "\t"))
}

/// What is in the fenced block that a text is all of: models put one around the content of a file.
/// `None` if there is none, or more than that.
pub(super) fn without_fence(text: &str) -> Option<&str> {
    const FENCE: &str = "```";
    let inside = text.trim().strip_prefix(FENCE)?.strip_suffix(FENCE)?;
    let (information, body) = inside.split_once('\n')?;
    let is_fence = |line: &str| line.trim_start().starts_with(FENCE);
    let is_block = body.is_empty() || body.ends_with('\n');
    let is_plain = !information.trim().contains([' ', '`']);
    (is_block && is_plain && !body.lines().any(is_fence)).then_some(body)
}

/// Whether the blocks of a file are written with fences.
pub(super) fn has_fences(path: &str) -> bool {
    let path = path.trim().to_lowercase();
    let endings = [".md", ".mdx", ".markdown", ".qmd", ".rmd", ".txt", ".rst"];
    endings.iter().any(|ending| path.ends_with(ending))
}

/// Whether a text of one line has several literal `\n` where code has none: not in quotes, nor in a
/// regular expression.
pub(super) fn has_literal_newlines(text: &str) -> bool {
    if text.contains('\n') {
        return false;
    }
    let (mut quote, mut count) = (None, 0);
    let mut before = ' ';
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => {
                let is_break = characters.next() == Some('n') && quote.is_none();
                count += usize::from(is_break && !"/[(|\\".contains(before));
            }
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'' | '`', None) => quote = Some(character),
            _ => {}
        }
        before = character;
    }
    count > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_that_are_written_out_are_known() {
        for text in [r"fn a() {\n    b();\n}\n", r"a = 1\nb = 'x'\nc = 2"] {
            assert!(has_literal_newlines(text), "{text}");
        }
        for text in [
            r#"printf "a\nb\nc\n""#,
            r"s.replace(/\n/g, '').split(/\n/)",
            r"a\nb",
            "a\n\\n\\n",
            "",
        ] {
            assert!(!has_literal_newlines(text), "{text}");
        }
        assert_eq!(with_breaks(r"a\n\tb").as_deref(), Some("a\n\tb"));
        assert_eq!(with_breaks("a\n\\n"), None);
        assert_eq!(with_breaks("a"), None);
    }

    #[test]
    fn a_fence_around_a_text_is_taken_off() {
        for (given, body) in [
            ("```rust\nfn a() {}\n```", "fn a() {}\n"),
            ("```\na\nb\n```\n", "a\nb\n"),
            ("\n```src/a.rs\na\n```", "a\n"),
        ] {
            assert_eq!(without_fence(given), Some(body), "{given}");
        }
        for given in [
            "",
            "fn a() {}",
            "```",
            "``` ```",
            "```rust\nfn a() {}",
            "```\na\n```\ntext\n```\nb\n```",
            "`a`",
        ] {
            assert_eq!(without_fence(given), None, "{given}");
        }
        assert!(has_fences("docs/A.MD") && !has_fences("a.rs"));
    }

    #[test]
    fn other_spellings_mean_the_same_path() {
        for given in [
            "src/main.rs",
            "src\\main.rs",
            "\"src/main.rs\"",
            "'src\\main.rs'",
            "`src/main.rs`",
        ] {
            assert_eq!(plain(given), "src/main.rs", "{given}");
        }
        assert_eq!(plain("file:///w/a%20b.rs"), "/w/a b.rs");
        assert_eq!(plain("FILE:///w/a.rs"), "/w/a.rs");
        assert_eq!(plain("file://src/a.rs"), "src/a.rs");
        assert_eq!(plain("file:src/a.rs"), "src/a.rs");
        assert_eq!(plain("src/a\\ b.rs "), "src/a b.rs");
        for given in ["\"", "\"a", "a'b", "é", "", "file", "(a)/b", "@a/b"] {
            assert_eq!(plain(given), given);
        }
    }

    #[test]
    fn a_path_may_be_meant_in_several_ways() {
        for (given, path, lines) in [
            ("`src/a.rs`:12", "src/a.rs", Some((12, 12))),
            ("@src/a.rs", "src/a.rs", None),
            ("(src/a.rs)", "src/a.rs", None),
            ("<src/a.rs>", "src/a.rs", None),
            ("src/a.rs.", "src/a.rs", None),
            ("a/src/a.rs", "src/a.rs", None),
            ("b/src/a.rs:3", "src/a.rs", Some((3, 3))),
            ("src/a%20b.rs", "src/a b.rs", None),
            ("tests/a.py::Test::test_b", "tests/a.py", None),
        ] {
            let wanted = Spelling {
                path: path.to_owned(),
                lines,
            };
            assert!(spellings(given).contains(&wanted), "{given}");
            assert_eq!(spellings(given)[0].path, given);
        }
    }

    #[test]
    fn what_is_no_name_is_told_from_odd_names() {
        for path in [
            "src/a.rs:12",
            "src/a.rs#L3",
            "a.py::test",
            "https://a.b/c.rs",
            "src/",
            "src/*.rs",
            "<path>",
            "a\"b",
            "a\u{200b}b",
            "src/ a.rs",
            "$HOME/a",
            "${DIR}/a",
        ] {
            assert!(no_name(path).is_some(), "{path}");
        }
        for path in [
            "src/a.rs",
            "app/(group)/[id]/page.tsx",
            "routes/$id.tsx",
            "$id/route.ts",
            "@types/a.d.ts",
            ".github/ci.yml",
            "a b.md",
            "x=1,y=2.txt",
            "a'b",
            "ß/é.md",
        ] {
            assert_eq!(no_name(path), None, "{path}");
        }
        assert!(has_drive("C:/a") && !has_drive("ab:/c") && !has_drive("C:"));
    }

    #[test]
    fn lines_behind_a_path_are_taken_off() {
        for (given, file, lines) in [
            ("a.rs:1", "a.rs", (1, 1)),
            ("src/a.rs:10-20", "src/a.rs", (10, 20)),
            ("a.rs:10:5", "a.rs", (10, 10)),
            ("a.rs#L3", "a.rs", (3, 3)),
            ("a.rs#L3-L9", "a.rs", (3, 9)),
            ("a.rs:L3-9", "a.rs", (3, 9)),
            ("a.rs(3,9)", "a.rs", (3, 3)),
            ("a.rs(12)", "a.rs", (12, 12)),
            ("a.rs, line 7", "a.rs", (7, 7)),
            ("a.rs lines 7-9", "a.rs", (7, 9)),
            ("a.rs:line 7", "a.rs", (7, 7)),
        ] {
            assert_eq!(without_lines(given), Some((file, lines)), "{given}");
        }
        for given in [
            "a.rs", "a:b", ":1", "a:", "a.rs:0", "a:1-x", "#L1", "(1)", "(a)", "a b",
        ] {
            assert_eq!(without_lines(given), None, "{given}");
        }
    }
}
