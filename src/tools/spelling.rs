//! Paths and texts as models spell them.

use url::Url;

/// Quotes that models put around a path.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// A path without quotes around it, with `/` between its names, and not as an address.
pub(super) fn plain(given: &str) -> String {
    let quoted = QUOTES.iter().find_map(|quote| {
        let inner = given.strip_prefix(*quote)?.strip_suffix(*quote)?;
        (!inner.is_empty()).then_some(inner)
    });
    let given = quoted.unwrap_or(given).trim();
    let address = given
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("file://"));
    let file = address
        .and_then(|_| Url::parse(given).ok())
        .and_then(|address| address.to_file_path().ok())
        .and_then(|file| file.to_str().map(str::to_owned));
    file.unwrap_or_else(|| given.replace('\\', "/"))
}

/// A path with lines behind it, as compilers and reviews name them: the path, and the first and
/// the last line. `src/main.rs:10`, `src/main.rs:10:5` (a column), `src/main.rs:10-20`,
/// `src/main.rs#L10-L20`.
pub(super) fn without_lines(path: &str) -> Option<(&str, (usize, usize))> {
    let (file, lines) = match path.split_once("#L") {
        Some((file, lines)) => (file, lines.replace("-L", "-")),
        None => {
            let (file, last) = path.rsplit_once(':')?;
            match file.rsplit_once(':') {
                Some((file, line)) if line_numbers(line).is_some() => (file, line.to_owned()),
                _ => (file, last.to_owned()),
            }
        }
    };
    let lines = line_numbers(&lines)?;
    (!file.is_empty()).then_some((file, lines))
}

fn line_numbers(text: &str) -> Option<(usize, usize)> {
    let number = |digits: &str| {
        let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|number| is_plain && *number > 0)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((number(first)?, number(last)?))
}

/// A text of one line with the line breaks that are written out in it, as `\n`; `None` if there
/// are none.
pub(super) fn with_breaks(text: &str) -> Option<String> {
    let is_escaped = text.contains("\\n") && !text.contains('\n');
    is_escaped.then(|| text.replace("\\n", "\n").replace("\\t", "\t"))
}

/// Whether a text of one line has several line breaks written out in it where code has none: not
/// in quotes, nor in a regular expression.
pub(super) fn lacks_breaks(text: &str) -> bool {
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
            assert!(lacks_breaks(text), "{text}");
        }
        for text in [
            r#"printf "a\nb\nc\n""#,
            r"s.replace(/\n/g, '').split(/\n/)",
            r"a\nb",
            "a\n\\n\\n",
            "",
        ] {
            assert!(!lacks_breaks(text), "{text}");
        }
        assert_eq!(with_breaks(r"a\n\tb").as_deref(), Some("a\n\tb"));
        assert_eq!(with_breaks("a\n\\n"), None);
        assert_eq!(with_breaks("a"), None);
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
        for given in ["\"", "\"a", "a'b", "é", "", "file"] {
            assert_eq!(plain(given), given);
        }
    }

    #[test]
    fn lines_behind_a_path_are_taken_off() {
        for (given, file, lines) in [
            ("a.rs:1", "a.rs", (1, 1)),
            ("src/a.rs:10-20", "src/a.rs", (10, 20)),
            ("a.rs:10:5", "a.rs", (10, 10)),
            ("a.rs#L3", "a.rs", (3, 3)),
            ("a.rs#L3-L9", "a.rs", (3, 9)),
        ] {
            assert_eq!(without_lines(given), Some((file, lines)), "{given}");
        }
        for given in ["a.rs", "a:b", ":1", "a:", "a.rs:0", "a:1-x", "#L1"] {
            assert_eq!(without_lines(given), None, "{given}");
        }
    }
}
