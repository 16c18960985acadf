//! Files that a question mentions with `@`.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::jail::{EntryKind, Jail, PathSimilarity};

/// Characters that may precede the `@` of a mention, besides white space.
const OPENING: &str = "([{,";

/// Whether an `@` after this character begins a mention; in an e-mail address it does not.
pub fn begins_mention(before: char) -> bool {
    before.is_whitespace() || OPENING.contains(before)
}

/// The files that a question mentions, among those that are listed or exist below `root`; `None` if
/// cancelled by `stop`.
pub async fn mentioned_files(
    text: &str,
    root: PathBuf,
    listed: Arc<Vec<String>>,
    stop: &CancellationToken,
) -> Result<Option<Vec<String>>, JoinError> {
    if !text.contains('@') {
        return Ok(Some(Vec::new()));
    }
    let text = text.to_owned();
    // File system calls may block.
    let naming = tokio::task::spawn_blocking(move || {
        let jail = Jail::open(&root).ok();
        let real = |path: &str| {
            if is_listed(&listed, path) {
                return Some(path.to_owned());
            }
            exists_below(jail.as_ref()?, path)
        };
        let named = mentions(&text, &|path| real(path).is_some());
        let mut files: Vec<String> = Vec::new();
        for path in named {
            let path = real(&path).unwrap_or(path);
            if !files.contains(&path) {
                files.push(path);
            }
        }
        files
    });
    stop.run_until_cancelled(naming).await.transpose()
}

fn is_listed(files: &[String], path: &str) -> bool {
    let found = files.binary_search_by(|file| file.as_str().cmp(path));
    found.is_ok()
}

/// A file or folder below the root, also through a link that stays there, as it was written. If
/// there is none, the one whose name differs only in case or Unicode form. A word alone, such as
/// `@Test`, does not match the folder `test`.
fn exists_below(jail: &Jail, given: &str) -> Option<String> {
    let path = jail.path(given).ok()?;
    let nearest = jail.nearest(&path);
    let found = jail.resolve(&nearest.path).ok()?;
    let is_kind = matches!(
        jail.kind(&found),
        Ok(Some(EntryKind::File | EntryKind::Folder))
    );
    let is_there = nearest.exists && !found.is_root() && is_kind;
    is_there
        .then(|| match nearest.similarity {
            PathSimilarity::Equal => given.to_owned(),
            PathSimilarity::SameLetters | PathSimilarity::Similar => nearest.path.to_string(),
        })
        .filter(|_| {
            nearest.similarity != PathSimilarity::Similar
                || given.contains('/')
                || has_ending(given)
        })
}

/// Whether a path looks like a file name: `src/a.rs`, not `types/node`.
fn has_ending(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && ending.starts_with(|sign: char| sign.is_ascii_alphabetic())
    })
}

/// The files that a question mentions: `@src/main.rs`, `@"with space.md"`, `@src/main.rs:10-20`.
///
/// An unknown path counts only if it looks like a file, with a `/` and an extension: `@dataclass`
/// and `@types/node` do not.
fn mentions(text: &str, is_known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let is_meant = |path: &str| is_known(path) || (path.contains('/') && has_ending(path));
    let mut found: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence {
            continue;
        }
        for (at, character) in line.char_indices() {
            let begins = begins_mention(before);
            before = character;
            if character != '@' || !begins {
                continue;
            }
            let path = mentioned(&line[at + 1..], is_known);
            if is_meant(&path) && !found.contains(&path) {
                found.push(path);
            }
        }
        before = '\n';
    }
    found
}

/// The path after an `@`, without the punctuation of the sentence.
fn mentioned(rest: &str, is_known: &dyn Fn(&str) -> bool) -> String {
    if let Some((path, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        return path.to_owned();
    }
    let mut path = rest.split_whitespace().next().unwrap_or_default();
    if rest.starts_with(char::is_whitespace) {
        return String::new();
    }
    if is_known(path) {
        return path.to_owned();
    }
    path = path.trim_end_matches(|end: char| ".,;:!?)]}'\"".contains(end));
    if let Some((file, lines)) = path.rsplit_once(':')
        && lines
            .chars()
            .all(|sign| sign.is_ascii_digit() || sign == '-')
    {
        path = file;
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 4] = ["README.md", "a b.md", "src/app.rs", "src/main.rs"];

    #[test]
    fn mentioned_files_are_told_from_other_words() {
        for (text, expected) in [
            ("explain @src/main.rs, please", &["src/main.rs"][..]),
            ("@README.md and @README.md.", &["README.md"]),
            ("(@src/app.rs:10-20)", &["src/app.rs"]),
            ("@\"a b.md\" too", &["a b.md"]),
            ("see @src/missing.rs", &["src/missing.rs"]),
            ("npm i @types/node @babel/core@7.1", &[]),
            ("why @dataclass, @app.route and me@src/app.rs?", &[]),
            ("@ src/app.rs", &[]),
            ("```\n@src/app.rs\n```\n@src/main.rs", &["src/main.rs"]),
        ] {
            let is_known = |path: &str| FILES.contains(&path);
            assert_eq!(mentions(text, &is_known), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn what_exists_is_known_though_it_is_not_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("made")).expect("a folder");
        for path in [".env", "ignored.log", "made/new", "../outside.rs"] {
            std::fs::write(root.join(path), "x").expect("a file");
        }
        let stop = CancellationToken::new();
        let text = "@.env @ignored.log, @made/new @made @missing.log @../outside @. @\"\" @/";
        let found = mentioned_files(text, root.clone(), Arc::default(), &stop).await;
        let expected = [".env", "ignored.log", "made/new", "made"].map(str::to_owned);
        assert_eq!(found.expect("it ran"), Some(expected.to_vec()));
        let jail = Jail::open(&root).expect("a jail");
        for outside in ["../outside.rs", "/etc"] {
            assert_eq!(exists_below(&jail, outside), None);
        }
        let other = mentioned_files("@MADE/New @MADE", root.clone(), Arc::default(), &stop).await;
        assert_eq!(other.expect("it ran"), Some(vec!["made/new".to_owned()]));
        stop.cancel();
        let stopped = mentioned_files(text, root, Arc::default(), &stop).await;
        assert_eq!(stopped.expect("it was stopped"), None);
    }
}
