//! Any text is split as a shell would, or not at all.

use super::super::{matches, remembered, risk, words};
use crate::permission::CommandRisk;

#[test]
fn words_are_what_a_shell_makes_of_them() {
    let words = |command| {
        let vectors = words::vectors(command)?;
        let vectors = vectors
            .into_iter()
            .map(|vector| (vector.words, vector.piped));
        Some(vectors.collect::<Vec<_>>())
    };
    let vector =
        |words: &[&str], piped| (words.iter().map(|word| (*word).to_owned()).collect(), piped);
    assert_eq!(
        words("a'b c'\"d\" '' | e&&f"),
        Some(vec![
            vector(&["ab cd", ""], false),
            vector(&["e"], true),
            vector(&["f"], false)
        ])
    );
    assert_eq!(words("git show HEAD~2^~ a'$x'"), {
        Some(vec![vector(&["git", "show", "HEAD~2^~", "a$x"], false)])
    });
    assert_eq!(words("a ''~"), None);
}

#[test]
fn any_text_is_taken() {
    let pieces = [
        "ls", " ", "'", "\"", "|", "&", ";", "~", "-", "--", "=", "git", "é", "\n", "$", ".",
    ];
    for seed in 0..65_536_usize {
        let mut rest = seed;
        let mut command = String::new();
        for _ in 0..4 {
            command.push_str(pieces[rest % pieces.len()]);
            rest /= pieces.len();
        }
        let risk = risk(&command);
        assert!(
            risk != CommandRisk::KnownSafe || command.contains("ls"),
            "{command:?}"
        );
        let key = remembered(&command);
        assert!(key.is_none_or(|key| matches(&key, &command)), "{command:?}");
    }
}
