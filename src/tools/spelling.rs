//! Paths as models spell them.

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

#[cfg(test)]
mod tests {
    use super::*;

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
