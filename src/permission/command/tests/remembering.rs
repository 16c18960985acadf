//! What "for this session" covers, and what it never does.

use super::super::{matches, remembered, risk};
use crate::permission::CommandRisk;

#[test]
fn what_is_remembered_covers_no_more_than_it_says() {
    for (command, key) in [
        ("cargo test", "cargo test"),
        ("cargo test parser::tests -- --nocapture", "cargo test"),
        ("cargo test --workspace | tail -20", "cargo test"),
        ("pwd && cargo test", "cargo test"),
        ("cargo clippy --all-targets -- -D warnings", "cargo clippy"),
        ("cargo test --config x=y", "cargo test --config x=y"),
        (
            "cargo test --manifest-path /x/Cargo.toml",
            "cargo test --manifest-path /x/Cargo.toml",
        ),
        ("cargo clippy -- -C linker=x", "cargo clippy -- -C linker=x"),
        ("cargo run", "cargo run"),
        ("go test -run TestA ./...", "go test"),
        ("go test -exec ./x ./...", "go test -exec ./x ./..."),
        ("pytest -q tests/a.py::test_b", "pytest"),
        ("pytest -p plugin", "pytest -p plugin"),
        ("git status --short", "git status"),
        ("git diff HEAD~1 -- src", "git diff"),
        ("git diff --output=x", "git diff --output=x"),
        ("git diff --no-index a b", "git diff --no-index a b"),
        ("git -c a=b status", "git -c a=b status"),
        ("git push", "git push"),
        ("npm run build", "npm run build"),
        ("make test", "make test"),
        ("rm -rf build", "rm -rf build"),
    ] {
        let expected: Vec<_> = key.split(' ').map(str::to_owned).collect();
        assert_eq!(remembered(command), Some(expected.clone()), "{command:?}");
        assert!(matches(&expected, command), "{command:?}");
    }
    let key = |command: &str| remembered(command).expect("it can be remembered");
    for (allowed, other) in [
        ("rm -rf build", "rm -rf build src"),
        ("rm -rf build", "rm -rf /"),
        ("cargo test", "cargo test --config x=y"),
        ("cargo test", "cargo build"),
        ("cargo test", "cargo test; rm -rf src"),
        ("cargo test", "cargo test && cargo run"),
        ("cargo test", "cargo test | sh"),
        ("cargo test", "cargo test $(x)"),
        ("cargo test", "cargo test; cat link"),
        ("cargo test", "cargo test; git log"),
        ("cargo test", "RUSTC_WRAPPER=x cargo test"),
        ("cargo test", "./cargo test"),
        ("git diff", "git diff --output=x"),
        ("git diff", "git diff --ext-diff"),
        ("git diff", "git diff ../a ../b"),
        ("git diff", "git -c diff.external=x diff"),
        ("git push", "git push --force"),
        ("make test", "make test SHELL=x"),
    ] {
        assert!(!matches(&key(allowed), other), "{allowed:?} {other:?}");
    }
}

#[test]
fn interpreters_and_wrappers_are_never_remembered() {
    for command in [
        "sh x.sh",
        "bash -c ls",
        "/bin/bash x",
        "zsh x",
        "python x.py",
        "python3 x.py",
        "python3.12 -m pytest",
        "/usr/bin/python3 x",
        "node x.js",
        "perl x",
        "ruby x",
        "php x",
        "deno run x",
        "bun x",
        "lua x",
        "awk x y",
        "sed -i x y",
        "env cargo test",
        "xargs cargo",
        "timeout 5 cargo test",
        "sudo make",
        "nice make",
        "nohup make",
        "setsid make",
        "time make",
        "exec make",
        "command make",
        "eval make",
        "source x",
        ". x",
        "find . -exec rm x +",
        "npx x",
        "docker run x",
        "ssh host x",
        "watch make",
        "FOO=1 cargo test",
        "cd x",
        // Not understood, or too much.
        "cargo test > out",
        "cargo test 2>&1",
        "cargo test & make",
        "cargo test; make",
        "$(x)",
        "",
        // Not asked.
        "ls",
        "ls | wc -l",
    ] {
        assert_eq!(remembered(command), None, "{command:?}");
    }
}

/// These are remembered word for word, where the sandbox closes everything else to them: see
/// `run_command`.
#[test]
fn checks_by_interpreters_are_unknown_and_can_be_remembered_word_for_word() {
    for command in [
        "python3 -m pytest",
        "python3 -m pytest -q tests",
        "npx mocha",
        "npx mocha --grep parser",
        "node --test",
    ] {
        assert_eq!(remembered(command), None, "{command:?}");
        assert_eq!(risk(command), CommandRisk::Unknown, "{command:?}");
    }
}
