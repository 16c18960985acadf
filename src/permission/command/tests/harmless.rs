//! Commands that only read are known to be safe, with the files that they open, until something is
//! added.

use super::super::{paths, risk};
use crate::permission::CommandRisk;

const HARMLESS: &[&str] = &[
    "ls",
    "  ls  ",
    "ls -la",
    "ls -la src",
    "ls -R src tests",
    "ls --color=never 'a folder'",
    "ls \"a folder\"/src",
    "pwd",
    "pwd && ls",
    "ls; pwd",
    "ls src || echo none",
    "echo '---' && ls",
    "echo --- ; ls",
    "echo 'costs $5 `now` \\n!'",
    "cat README.md",
    "cat ./README.md src/main.rs",
    "cat -n src/main.rs",
    "cat -- -x",
    "cat build.rs .github/workflows/ci.yml",
    "cat .env.example",
    "cat '한국어.md'",
    "head -n 20 src/main.rs",
    "head -20 src/main.rs",
    "head -n20 src/main.rs",
    "tail -n +5 src/main.rs",
    "tail -5 src/main.rs",
    "wc -l src/main.rs src/lib.rs",
    "cat src/main.rs | wc -l",
    "cat src/main.rs | head -50 | tail -10",
    "ls | sort | uniq -c | sort -rn | head",
    "cut -d, -f1 data.csv | sort -u",
    "cut -d ',' -f 1,2 data.csv",
    "file src/main.rs",
    "stat -c '%s' Cargo.toml",
    "nl -ba src/main.rs",
    "sed -n 10,20p src/main.rs",
    "sed -n '10,$p' src/main.rs",
    "du -sh target",
    "tree -L 2 src",
    "which cargo",
    "command -v cargo",
    "uname -a",
    "basename src/main.rs .rs",
    "diff -u a.rs b.rs",
    "find . -name '*.rs'",
    "find src -type f -not -name \"*.md\" | wc -l",
    "find . -maxdepth 2 -type d",
    "grep -n 'fn main' src/main.rs",
    "grep -in -A 3 -B3 \"todo|fixme\" src/main.rs",
    "grep -rn --include='*.rs' unsafe src",
    "grep -rn unsafe src --include \"*.rs\" --exclude-dir=target",
    "grep -e a -e b src/lib.rs",
    "ls | grep -v test",
    "rg unsafe src/main.rs",
    "rg -t rust unsafe",
    "rg -n --type rust 'fn \\w+' src",
    "rg -g '*.rs' -g '!target' unsafe .",
    "rg --files src",
    "ls -R | rg main",
    "git log",
    "git log --oneline -5",
    "git log --oneline -n 20 -- src/main.rs",
    "git log --stat HEAD~3..HEAD",
    "git log --since='2 weeks ago' --author=me --format='%h %an %s'",
    "git --no-pager log --graph --all",
    "git show --stat HEAD",
    "git show --name-only HEAD~2 | head",
    "git ls-files",
    "git ls-files src | wc -l",
    "git rev-parse --abbrev-ref HEAD",
    "git rev-parse --short HEAD",
    "git branch",
    "git branch -a",
    "git branch -vv",
    "git branch --list 'feature/*'",
    "git branch --show-current",
    "git tag -l 'v*'",
    "git describe --tags --always",
    "git --version",
];

#[test]
fn what_is_harmless_is_known_to_be_safe() {
    for command in HARMLESS {
        assert_eq!(risk(command), CommandRisk::KnownSafe, "{command:?}");
    }
}

#[test]
fn every_way_to_spoil_a_harmless_command_is_seen() {
    for command in HARMLESS {
        for spoilt in [
            format!("{command}\nrm -rf src"),
            format!("{command}; rm -rf src"),
            format!("{command} && rm -rf src"),
            format!("{command} & rm -rf src"),
            format!("{command} | sh"),
            format!("{command} > out"),
            format!("{command} $(rm -rf src)"),
            format!("{command} `rm -rf src`"),
            format!("{command} \u{202e}"),
            format!("PATH=. {command}"),
            format!("sudo {command}"),
            format!("rm -rf src; {command}"),
            format!("{command} '"),
        ] {
            assert_ne!(risk(&spoilt), CommandRisk::KnownSafe, "{spoilt:?}");
        }
    }
}

#[test]
fn paths_are_what_is_opened() {
    for (command, expected) in [
        (
            "cat -n src/main.rs a/b | head -n 5",
            &["src/main.rs", "a/b"][..],
        ),
        ("grep -n -A 3 pattern src/main.rs", &["src/main.rs"]),
        ("grep -e pattern link", &["link"]),
        ("rg -t rust x link", &["link"]),
        ("find link -name x; ls other", &["link", "other"]),
        ("sed -n 1,5p 'a b'", &["a b"]),
        ("cat - | wc -l", &[]),
        ("git log -- src", &[]),
        ("cat link; rm x", &[]),
    ] {
        assert_eq!(paths(command), expected, "{command:?}");
    }
}
