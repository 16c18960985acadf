//! Paths that a query names, in part with a line: from a prompt, an error message, a stack trace.

use std::collections::HashSet;

use crate::language::language_of;

/// Mentions beyond which none are looked up: the frames of a trace that matter are its innermost.
const MOST_MENTIONS: usize = 20;
/// Files that one mention may stand for, where it does not say which.
const MOST_FILES: usize = 3;
/// How much a further mention counts beside the one before it.
const NEXT: f32 = 0.7;
/// How much a mention counts that shares only the end of its path with a file.
const PARTIAL: f32 = 0.6;

/// A path in a query, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mention {
    /// With `/`, without a leading one.
    pub path: String,
    /// From 1.
    pub line: Option<u32>,
}

/// A file of the index that a query names.
#[derive(Clone, Debug, PartialEq)]
pub struct Mentioned {
    /// As in the index.
    pub path: String,
    /// From 1.
    pub line: Option<u32>,
    /// From 0 to 1: how much it counts.
    pub strength: f32,
}

/// The paths that a text names, each once, the most telling first: of a stack trace the innermost
/// frame.
pub fn mentions(text: &str) -> Vec<Mention> {
    let is_end = |c: char| c.is_whitespace() || "\"'`()[]{}<>,;|".contains(c);
    let mut found: Vec<Mention> = Vec::new();
    let mut seen = HashSet::new();
    let mut words = text
        .split(is_end)
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let Some(mut mention) = mention(word) else {
            continue;
        };
        // `File "a.py", line 12` and `in a.cs:line 12`.
        if mention.line.is_none() {
            let says_line = word.ends_with(":line") || words.next_if_eq(&"line").is_some();
            mention.line = says_line
                .then(|| words.peek().and_then(|next| leading_number(next)))
                .flatten();
        }
        if seen.insert(mention.clone()) {
            found.push(mention);
        }
    }
    if text.contains("most recent call last") {
        found.reverse();
    }
    found.truncate(MOST_MENTIONS);
    found
}

/// Reads `src/a.rs`, `a.rs:12:5`, `a.rs#L12`, `C:\src\a.cs:line`.
fn mention(word: &str) -> Option<Mention> {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    let word = word.strip_suffix(":line").unwrap_or(word);
    let (path, rest) = match word.split_once('#') {
        Some((path, rest)) => (path, rest.trim_start_matches('L')),
        None => {
            let after_drive = if word
                .get(1..3)
                .is_some_and(|two| matches!(two, ":\\" | ":/"))
            {
                2
            } else {
                0
            };
            let name_starts = word.rfind(['/', '\\']).map_or(after_drive, |at| at + 1);
            match word[name_starts..].find(':') {
                Some(at) => word.split_at(name_starts + at),
                None => (word, ""),
            }
        }
    };
    let path = path.replace('\\', "/");
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_path = !name.is_empty() && (path.contains('/') || language_of(name, "").is_some());
    let path = path.trim_start_matches("../").trim_start_matches("./");
    is_path.then(|| Mention {
        path: path.trim_start_matches('/').to_owned(),
        line: leading_number(rest.trim_start_matches(':')),
    })
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok().filter(|line| *line > 0)
}

/// The files that mentions stand for: those whose path ends as the mention does, or the other way
/// round, as in a build folder; else those that share the most names at the end, at least two.
pub fn resolve<'a>(mentions: &[Mention], paths: impl Iterator<Item = &'a str>) -> Vec<Mentioned> {
    let mut best: Vec<(usize, Vec<&str>)> = vec![(0, Vec::new()); mentions.len()];
    for path in paths {
        for (mention, (most, files)) in mentions.iter().zip(&mut best) {
            let shared = shared_names(&mention.path, path);
            if shared == 0 || shared < *most {
                continue;
            }
            if shared > *most {
                *most = shared;
                files.clear();
            }
            files.push(path);
        }
    }
    let mut found: Vec<Mentioned> = Vec::new();
    let mut factor = 1.0;
    for (mention, (shared, mut files)) in mentions.iter().zip(best) {
        files.sort_by_key(|path| (path.matches('/').count(), *path));
        files.truncate(MOST_FILES);
        let whole = shared == mention.path.split('/').count();
        let is_whole = |path: &str| whole || shared == path.split('/').count();
        let mut counted = false;
        for path in files {
            let strength = match is_whole(path) {
                true => factor,
                false if shared > 1 => PARTIAL * factor,
                false => continue,
            };
            counted = true;
            found.push(Mentioned {
                path: path.to_owned(),
                line: mention.line,
                strength,
            });
        }
        if counted {
            factor *= NEXT;
        }
    }
    found
}

/// How many names two paths share at their ends.
fn shared_names(left: &str, right: &str) -> usize {
    let pairs = left.rsplit('/').zip(right.rsplit('/'));
    pairs.take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let line = |mention: Mention| match mention.line {
            Some(line) => format!("{}:{line}", mention.path),
            None => mention.path,
        };
        mentions(text).into_iter().map(line).collect()
    }

    #[test]
    fn paths_are_found_however_tools_write_them() {
        for (text, expected) in [
            ("what does src/net/http.rs do?", &["src/net/http.rs"][..]),
            ("see `a.rs`.", &["a.rs"]),
            ("a.rs:12:5: error", &["a.rs:12"]),
            ("--> src/a.rs:12:5", &["src/a.rs:12"]),
            ("/home/me/x/src/a.go:7 +0x1d", &["home/me/x/src/a.go:7"]),
            ("at f (/srv/app/lib/b.js:10:13)", &["srv/app/lib/b.js:10"]),
            ("at com.x.Foo.bar(Foo.java:88)", &["Foo.java:88"]),
            ("in C:\\src\\Foo.cs:line 42", &["C:/src/Foo.cs:42"]),
            ("src/a.ts(12,5): error TS1", &["src/a.ts"]),
            (
                "https://x.org/b/main/src/a.py#L12",
                &["https://x.org/b/main/src/a.py:12"],
            ),
            (
                "Traceback (most recent call last):\n  File \"/x/a.py\", line 3, in f\n    g()\n  \
                 File \"/x/b.py\", line 9, in g\nE",
                &["x/b.py:9", "x/a.py:3"],
            ),
            ("./lib/x.rb:4:in `y'", &["lib/x.rb:4"]),
            ("self.value and e.g. 3.5", &[]),
            ("the parser", &[]),
            ("src/a.rs src/a.rs", &["src/a.rs"]),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn mentions_stand_for_the_files_with_the_same_end() {
        let paths = [
            "src/net/http.rs",
            "src/http.rs",
            "lib/core/x.py",
            "y/x.py",
            "z/x.py",
        ];
        let found = |text: &str| -> Vec<(String, f32)> {
            resolve(&mentions(text), paths.into_iter())
                .into_iter()
                .map(|it| (it.path, it.strength))
                .collect()
        };
        let one = |path: &str, strength: f32| vec![(path.to_owned(), strength)];
        assert_eq!(found("src/http.rs"), one("src/http.rs", 1.0));
        assert_eq!(found("net/http.rs"), one("src/net/http.rs", 1.0));
        assert_eq!(found("/home/me/src/http.rs:3"), one("src/http.rs", 1.0));
        assert_eq!(
            found("site-packages/core/x.py"),
            one("lib/core/x.py", PARTIAL)
        );
        assert_eq!(found("other/x.py"), []);
        assert_eq!(found("x.py").len(), 3);
        assert_eq!(found("missing.rs and http.rs").len(), 2);
    }
}
