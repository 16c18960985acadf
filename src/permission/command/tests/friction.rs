//! How many commands of a day of reading, and one of building and testing, need approval.

use super::super::risk;
use crate::permission::{Confinement, Effect, Mode, Permission, Rules, permission};

const READING: &str = include_str!("../../../../tests/it/attacks/reading.txt");
const BUILDING: &str = include_str!("../../../../tests/it/attacks/building.txt");

/// The commands of a list that are asked about in a mode at full confinement.
fn asked(list: &'static str, mode: Mode) -> Vec<&'static str> {
    let is_asked = |command: &&str| {
        let effect = Effect::Command {
            text: (*command).to_owned(),
            risk: risk(command),
            network: false,
            tool: None,
        };
        let found = permission(&effect, mode, Confinement::Full, &Rules::default());
        matches!(found, Permission::Ask(_) | Permission::Deny(_))
    };
    list.lines().filter(is_asked).collect()
}

#[test]
fn reading_is_hardly_ever_asked_about_in_ask_mode() {
    assert!(READING.lines().count() >= 150);
    for mode in [Mode::Ask, Mode::Plan] {
        let asked = asked(READING, mode);
        assert!(
            asked.len() * 100 <= READING.lines().count() * 3,
            "{asked:#?}"
        );
    }
}

#[test]
fn building_is_hardly_ever_asked_about_in_auto_edit() {
    assert!(BUILDING.lines().count() >= 50);
    let asked = asked(BUILDING, Mode::AutoEdit);
    assert!(asked.len() * 10 <= BUILDING.lines().count(), "{asked:#?}");
}

/// Commands of git, and a part of what is said about each.
const REASONS: &[(&str, &str)] = &[
    ("git commit -m x", "it writes `.git`"),
    ("git fetch", "it needs the network, and it writes `.git`"),
    ("git diff --output=a.txt", "it writes `a.txt`"),
    ("git diff --outp a.txt", "it writes `a.txt`"),
    ("git -C sub log --output x -1", "it writes `sub/x`"),
    ("git archive -o a.tar HEAD", "it writes `a.tar`"),
    ("git archive -oa.tar HEAD", "it writes `a.tar`"),
    ("git format-patch -o p -1", "it writes `p`"),
    ("git format-patch -1", "it writes `0001-….patch`"),
    ("git bundle create b.bundle HEAD", "it writes `b.bundle`"),
    ("git log --ext-diff -p", "`--ext-diff` can start"),
    ("git log --ext-d -p", "`--ext-d` can start"),
    ("git show --textconv", "`--textconv` can start"),
    ("git show --textc", "`--textc` can start"),
    (
        "git -c core.fsmonitor=x status",
        "`-c core.fsmonitor=x` can start",
    ),
    ("git -c alias.s='!id' s", "`-c alias.s=` can start"),
    (
        "git ls-remote --upload-pack=x .",
        "`--upload-pack=x` can start",
    ),
    ("git fetch --upload x", "`--upload` can start"),
    ("git push --receive-pack=x", "`--receive-pack=x` can start"),
    ("git rebase -x id HEAD~2", "`git rebase -x` can start"),
    ("git rebase -ix id HEAD~2", "`git rebase -x` can start"),
    ("git rebase --exec id HEAD~2", "`--exec` can start"),
    ("git bisect run ./x", "`git bisect run` can start"),
    (
        "git submodule foreach id",
        "`git submodule foreach` can start",
    ),
    ("git grep -O total", "`git grep -O` can start"),
    ("git grep -nOless total", "`git grep -O` can start"),
    (
        "git grep --open-files=less total",
        "`--open-files=less` can start",
    ),
    ("git difftool -y -x id", "`git difftool` can start"),
    ("git config core.hooksPath x", "`git config` can start"),
    ("git config --unset x", "`git config` can start"),
    ("git --git-dir=x status", "`--git-dir=x` can start"),
    ("git --exec-path=. status", "`--exec-path=.` can start"),
    ("git -p log", "`-p` can start"),
    ("git remote add x y", "`git remote add` can start"),
    ("git clone --config a=b x", "`--config` can start"),
    ("git checkout main", "may replace any file"),
    ("git checkout -- src", "may replace any file"),
    ("git restore .", "may replace any file"),
    ("git stash", "may replace any file"),
    ("git stash pop", "may replace any file"),
    ("git apply x.patch", "may replace any file"),
    ("git am x.patch", "may replace any file"),
    ("git worktree add ../x", "may replace any file"),
    ("git merge topic", "may replace any file"),
    ("git reset --hard", "may replace any file"),
    ("git pull", "may replace any file"),
    ("true && git -C a stash drop", "it writes `.git`"),
];

#[test]
fn what_git_writes_starts_and_calls_is_named() {
    for &(command, reasons) in REASONS {
        let why = super::super::why_network_or_git(command);
        assert!(why.contains(reasons), "{command}: {why}");
    }
    for command in [
        "git checkout -b topic",
        "git switch -c topic",
        "git reset HEAD~1",
        "git restore --staged a",
        "git add -A",
        "git commit -m x",
    ] {
        let why = super::super::why_network_or_git(command);
        assert_eq!(why, "it writes `.git`", "{command}");
        assert!(super::super::writes_git(command), "{command}");
    }
    for command in [
        "git log --text -p",
        "git diff --color --cached",
        "git log --oneline --exit-code",
        "git diff --output-indicator-new=x",
        "git rev-parse --git-dir",
        "git grep -n FOO",
        "git -c user.name=me log",
        "git lol",
    ] {
        assert_eq!(super::super::why_network_or_git(command), "", "{command}");
    }
}

#[test]
fn the_folder_of_git_is_opened_to_nothing_that_starts_programs() {
    for command in [
        "git add . && git lol",
        "git -c alias.x=y commit -m x",
        "git rebase -x id HEAD~2",
        "git commit -m x && git log --ext-diff -p",
        "git submodule foreach git commit -m x",
        "git commit -m x; sh x",
        "git --exec-path=. commit -m x",
        "git commit --templ=x",
        "git status",
        "git add $x",
    ] {
        assert!(!super::super::writes_git(command), "{command}");
    }
}

#[test]
fn git_alone_is_told_from_git_with_others() {
    for command in [
        "git status",
        "git status --short | head -5",
        "git diff --stat && git log --oneline | wc -l",
        "git add -A && git commit -m x",
    ] {
        assert!(super::super::is_git_alone(command), "{command}");
    }
    for command in [
        "git status; cat .env",
        "git status | sh",
        "git ls-files | xargs cat",
        "git status > x",
        "git -c alias.x='!cat .env' x",
        "git log | head -5 .env",
        "git lol",
        "ls",
        "$(git status)",
    ] {
        assert!(!super::super::is_git_alone(command), "{command}");
    }
}

#[test]
fn protected_names_that_git_is_told_to_write_are_found() {
    for (command, target) in [
        ("git mv notes.txt .envrc", ".envrc"),
        ("git mv .envrc notes.txt", ".envrc"),
        ("git mv x/tasks.json .vscode", ".vscode/tasks.json"),
        (
            "git diff --output=.github/workflows/x.yml",
            ".github/workflows/x.yml",
        ),
        (
            "git log --out .github/workflows/x.yml",
            ".github/workflows/x.yml",
        ),
        ("git archive -o.envrc HEAD", ".envrc"),
        ("git bundle create .bashrc HEAD", ".bashrc"),
        ("git rm .github/workflows/x.yml", ".github/workflows/x.yml"),
        ("git checkout HEAD~1 -- .envrc", ".envrc"),
        (
            "git restore -s HEAD~1 .vscode/tasks.json",
            ".vscode/tasks.json",
        ),
        ("git -C sub mv a .envrc", "sub/.envrc"),
        ("true; git mv a '.envrc' > x", ".envrc"),
    ] {
        let found = super::super::git_targets(command);
        assert!(
            found.iter().any(|path| path == target),
            "{command}: {found:?}"
        );
        assert!(crate::jail::classify(target).is_some(), "{target}");
    }
}

#[test]
fn what_git_does_to_its_folder_is_told_apart() {
    use super::super::{GitWork, git_work, new_checkouts, new_repositories};
    for (command, work) in [
        ("git status", GitWork::Nothing),
        ("git add -A && git commit -m x", GitWork::Writes),
        ("cd sub && git commit -m x", GitWork::Writes),
        ("cd .. && git commit -m x", GitWork::Nothing),
        ("git worktree remove x", GitWork::Writes),
        ("git init sub", GitWork::Makes),
        ("git clone . /tmp/x", GitWork::Makes),
        ("git worktree add sub/x", GitWork::Makes),
        ("git init --template=x", GitWork::Nothing),
        ("git clone -u x y z", GitWork::Nothing),
        ("git -c core.fsmonitor=x init", GitWork::Nothing),
        ("git init; sh x", GitWork::Nothing),
        ("git config user.name x", GitWork::Settings),
        ("git remote add x y", GitWork::Settings),
        ("git submodule add ./x y", GitWork::Settings),
        ("git config --edit", GitWork::Nothing),
        ("git -c alias.x=y config a.b c", GitWork::Nothing),
        ("git submodule foreach x", GitWork::Nothing),
        ("git config a.b c | sh", GitWork::Nothing),
    ] {
        assert_eq!(git_work(command), work, "{command}");
    }
    assert!(super::super::git_targets("git config a.b c").contains(&".git/config".to_owned()));
    assert_eq!(new_checkouts("git worktree add -b x sub/y main"), ["sub/y"]);
    assert_eq!(new_checkouts("git clone -q . z"), ["z"]);
    assert!(new_checkouts("git clone --bare . z").is_empty());
    assert_eq!(new_repositories("cargo new --name a b"), ["b"]);
    assert_eq!(new_repositories("cd x && uv init"), ["."]);
    assert!(new_repositories("cargo new --vcs none b; cargo build").is_empty());
    for local in ["git clone . x", "git clone /a/b x", "git clone file:///a x"] {
        assert!(!super::super::needs_network(local), "{local}");
    }
}
