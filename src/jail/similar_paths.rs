//! Finds names that look the same: in another Unicode normal form, in other capitals, with other
//! blanks, or with look-alike characters.

use unicode_normalization::UnicodeNormalization;

use super::{Jail, WorkspacePath};
use crate::visible::{is_hidden, plain_sign};

/// How a path matches an existing one; the loosest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathSimilarity {
    Equal,
    /// The same letters in another normal form: `é` as one character, or as `e` and an accent.
    SameLetters,
    /// The same except for capitals, blanks or look-alike characters.
    Similar,
}

/// The existing path nearest to a given one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearestPath {
    /// Existing names are as on disk; the rest is as given.
    pub path: WorkspacePath,
    /// Whether all of it exists.
    pub exists: bool,
    /// How the existing names match the given ones.
    pub similarity: PathSimilarity,
}

impl Jail {
    /// Follows a path name by name from the root; a missing name is replaced by the one similar
    /// name in that folder. Two similar names are ambiguous and not used.
    pub fn nearest(&self, path: &WorkspacePath) -> NearestPath {
        let mut nearest = NearestPath {
            path: path.clone(),
            exists: true,
            similarity: PathSimilarity::Equal,
        };
        if path.is_root() {
            return nearest;
        }
        let mut names: Vec<String> = path.as_str().split('/').map(str::to_owned).collect();
        for at in 0..names.len() {
            let here = WorkspacePath::of_folder(&names[..=at].join("/"));
            if !matches!(self.kind(&here), Ok(None)) {
                continue;
            }
            let folder = match at {
                0 => WorkspacePath::of_folder("."),
                _ => WorkspacePath::of_folder(&names[..at].join("/")),
            };
            let Some((name, similarity)) = self.alike_in(&folder, &names[at]) else {
                nearest.exists = false;
                break;
            };
            names[at] = name;
            nearest.similarity = nearest.similarity.max(similarity);
        }
        nearest.path = WorkspacePath::of_folder(&names.join("/"));
        nearest
    }

    /// The one name in a folder that is similar to another.
    fn alike_in(&self, folder: &WorkspacePath, name: &str) -> Option<(String, PathSimilarity)> {
        let found = self.list(folder).ok()?;
        let one = |is_alike: &dyn Fn(&str) -> bool| {
            let mut alike = found.iter().filter(|entry| is_alike(&entry.name));
            let first = alike.next()?;
            alike.next().is_none().then(|| first.name.clone())
        };
        let letters: String = name.nfc().collect();
        let same = one(&|other| other.nfc().eq(letters.chars()));
        if let Some(name) = same {
            return Some((name, PathSimilarity::SameLetters));
        }
        let wanted = confusable_form(name);
        let similar = one(&|other| confusable_form(other) == wanted)?;
        Some((similar, PathSimilarity::Similar))
    }
}

/// A normalised name for comparison.
fn confusable_form(name: &str) -> String {
    let seen: String = name
        .nfkc()
        .filter(|character| !is_hidden(*character))
        .map(plain_sign)
        .collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ").to_uppercase().to_lowercase()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    fn found(jail: &Jail, given: &str) -> (String, bool, PathSimilarity) {
        let nearest = jail.nearest(&jail.path(given).unwrap());
        (nearest.path.to_string(), nearest.exists, nearest.similarity)
    }

    #[test]
    fn names_are_found_in_other_forms_capitals_and_looks() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            "src/lib.rs",
            "docs/cafe\u{301}.md",
            "docs/na\u{ef}ve plan.md",
            "docs/a-b 'c'.md",
        ];
        for path in paths {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let jail = Jail::open(folder.path()).unwrap();
        for (given, path, alike) in [
            ("src/lib.rs", "src/lib.rs", PathSimilarity::Equal),
            (".", ".", PathSimilarity::Equal),
            ("docs/caf\u{e9}.md", paths[1], PathSimilarity::SameLetters),
            (
                "docs/nai\u{308}ve plan.md",
                paths[2],
                PathSimilarity::SameLetters,
            ),
            ("docs/CAF\u{c9}.md", paths[1], PathSimilarity::Similar),
            ("SRC/LIB.rs", "src/lib.rs", PathSimilarity::Similar),
            ("src /lib.rs", "src/lib.rs", PathSimilarity::Similar),
            ("src/l\u{200b}ib.rs", "src/lib.rs", PathSimilarity::Similar),
            (
                "docs/a\u{2013}b\u{a0}\u{2018}c\u{2019}.md",
                paths[3],
                PathSimilarity::Similar,
            ),
        ] {
            assert_eq!(
                found(&jail, given),
                (path.to_owned(), true, alike),
                "{given}"
            );
        }
        for (given, path, alike) in [
            ("Src/new/x.rs", "src/new/x.rs", PathSimilarity::Similar),
            ("src/new.rs", "src/new.rs", PathSimilarity::Equal),
            ("src/lib.rs/x", "src/lib.rs/x", PathSimilarity::Equal),
        ] {
            assert_eq!(
                found(&jail, given),
                (path.to_owned(), false, alike),
                "{given}"
            );
        }
        fs::write(folder.path().join("src/Lib.rs"), "").unwrap();
        let two = found(&jail, "src/LIB.rs");
        assert_eq!(two, ("src/LIB.rs".to_owned(), false, PathSimilarity::Equal));
    }
}
