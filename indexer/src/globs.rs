//! Globs on paths, as people type them.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::error::IndexError;

/// Compiles globs as people type them: `src` and `src/` match what is below, `*.rs` in any folder.
pub(crate) fn globs(patterns: &[String]) -> Result<GlobSet, IndexError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let trimmed = trimmed(pattern);
        let anywhere = if trimmed.contains('/') {
            trimmed.to_owned()
        } else {
            format!("**/{trimmed}")
        };
        for text in [anywhere.clone(), format!("{anywhere}/**")] {
            let glob = GlobBuilder::new(&text)
                .literal_separator(true)
                .build()
                .map_err(|source| IndexError::BadGlob {
                    pattern: pattern.clone(),
                    source,
                })?;
            set.add(glob);
        }
    }
    set.build().map_err(|source| IndexError::BadGlob {
        pattern: patterns.join(" "),
        source,
    })
}

fn trimmed(pattern: &str) -> &str {
    pattern.trim_start_matches("./").trim_end_matches('/')
}

/// What every path that matches one of some globs begins with.
pub(crate) fn beginning(patterns: &[String]) -> String {
    let literal = |pattern: &String| {
        let pattern = trimmed(pattern);
        let end = pattern.find(['*', '?', '[', '{', '\\']);
        // Without a folder a pattern matches in any.
        let literal = &pattern[..end.unwrap_or(pattern.len())];
        let is_in_folder = pattern.contains('/');
        (if is_in_folder { literal } else { "" }).to_owned()
    };
    let common = |left: String, right: String| {
        let pairs = left.chars().zip(right.chars());
        let same = pairs.take_while(|(left, right)| left == right);
        same.map(|(letter, _)| letter).collect()
    };
    patterns
        .iter()
        .map(literal)
        .reduce(common)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_begin_with_what_all_of_their_paths_begin_with() {
        for (patterns, expected) in [
            (&["src/net/**"][..], "src/net/"),
            (&["./src/net/"], "src/net"),
            (&["src/net/*.rs", "src/new/a?.rs"], "src/ne"),
            (&["src/{net,new}/*.rs"], "src/"),
            (&["src/\\[a].rs"], "src/"),
            (&["src/a", "*.rs"], ""),
            (&["src"], ""),
            (&["grün/größe", "grün/größen"], "grün/größe"),
            (&[], ""),
        ] {
            let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
            let found = beginning(&patterns);
            assert_eq!(found, expected, "{patterns:?}");
            let set = globs(&patterns).expect("globs");
            for path in [
                "src/net/a.rs",
                "src/new/ab.rs",
                "src/a",
                "grün/größe/a.rs",
                "b.rs",
            ] {
                assert!(!set.is_match(path) || path.starts_with(&found), "{path}");
            }
        }
    }
}
