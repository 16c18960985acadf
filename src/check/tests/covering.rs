//! Commands that run others.

use super::super::select::Wanted;
use super::selecting::{facts, told};
use crate::permission::UserChecks;
use crate::survey::{CommandKind, Ecosystem, Facts};

/// Says what one of the commands runs.
fn has_run(facts: &mut Facts, at: usize, runs: &[(&str, &str)]) {
    let owned = |(folder, line): &(&str, &str)| ((*folder).to_owned(), (*line).to_owned());
    facts.commands[at].runs = runs.iter().map(owned).collect();
}

#[test]
fn what_another_command_runs_too_is_left_out() {
    use CommandKind::{Lint, Test};
    let mut facts = facts(&[
        (Ecosystem::Cargo, Test, "", "cargo test"),
        (Ecosystem::Npm, Test, "web", "npm test"),
        (Ecosystem::Make, Test, "", "make test"),
        (Ecosystem::Cargo, Lint, "", "cargo clippy"),
        (Ecosystem::Make, Lint, "", "make lint"),
    ]);
    let own = UserChecks::default();
    let all = |facts: &Facts| {
        told(&Wanted {
            facts,
            own: &own,
            changed: &[],
            near: &[],
            all: true,
        })
    };
    let every = [
        "lint: : cargo clippy",
        "lint: : make lint",
        "tests: : cargo test",
        "tests: web: npm test",
        "tests: : make test",
    ];
    assert_eq!(all(&facts), every);
    has_run(
        &mut facts,
        2,
        &[("", "cargo test --workspace -q"), ("web", "npm test")],
    );
    // Of linters, other words are another check.
    has_run(&mut facts, 4, &[("", "cargo clippy -- -D warnings")]);
    assert_eq!(
        all(&facts),
        [
            "lint: : cargo clippy",
            "lint: : make lint",
            "tests: : make test"
        ]
    );
    // Some of the tests are not all of them, nor are those of another folder.
    has_run(
        &mut facts,
        2,
        &[("", "cargo test parser"), ("api", "npm test")],
    );
    has_run(&mut facts, 4, &[("", "cargo clippy")]);
    assert_eq!(
        all(&facts),
        [
            "lint: : make lint",
            "tests: : cargo test",
            "tests: web: npm test",
            "tests: : make test",
        ]
    );
}
