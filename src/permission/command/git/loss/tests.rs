//! Git commands as models write them.

use crate::permission::command::{git_losses, skips_hooks};

/// The losses of a command in a line: `git stash: Changes` and paths.
fn losses(command: &str) -> String {
    let found = git_losses(command);
    let lines = found.iter().map(|loss| {
        let paths = loss.paths.join(" ");
        format!("{}: {:?} {paths}", loss.command, loss.scope)
            .trim_end()
            .to_owned()
    });
    lines.collect::<Vec<String>>().join("; ")
}

#[test]
fn what_may_be_lost_is_known_by_the_words() {
    for (command, expected) in [
        ("git stash", "git stash: Changes"),
        ("git stash push -m x", "git stash: Changes"),
        ("git stash -u", "git stash: ChangesAndNewFiles"),
        ("git stash drop", "git stash drop: Elsewhere"),
        ("git stash list", ""),
        ("git stash pop", ""),
        ("git reset --hard HEAD~1", "git reset --hard: Changes"),
        ("git reset --har", "git reset --hard: Changes"),
        ("git reset --soft HEAD~1", ""),
        ("git reset a.rs", ""),
        ("git checkout -- a.rs", "git checkout --: Changes a.rs"),
        ("git checkout -- .", "git checkout --: Changes ."),
        ("git checkout HEAD a.rs", "git checkout: Changes HEAD a.rs"),
        ("git checkout a.rs", "git checkout: BranchOrPath a.rs"),
        ("git checkout main", "git checkout: BranchOrPath main"),
        ("git checkout", "git checkout: Changes"),
        ("git checkout -f main", "git checkout -f: Changes"),
        ("git checkout -b new", ""),
        ("git switch main", "git switch: Changes"),
        ("git switch -c new", ""),
        ("git switch --discard-changes main", "git switch: Changes"),
        ("git restore src", "git restore: Changes src"),
        (
            "git restore --staged src",
            "git restore --staged: Staged src",
        ),
        ("git restore -SW src", "git restore: Changes src"),
        ("git clean -fd", "git clean: NewFiles"),
        ("git clean -fdx", "git clean: NewAndIgnoredFiles"),
        ("git clean -fX", "git clean: NewAndIgnoredFiles"),
        ("git clean -n", ""),
        ("git clean -fnd", ""),
        ("git clean -fenode_modules", "git clean: NewFiles"),
        ("git rebase main", "git rebase: Changes"),
        ("git rebase --continue", ""),
        ("git merge --abort", "git merge --abort: Changes"),
        ("git merge main", ""),
        ("git rm a.rs", ""),
        ("git rm -rf src", "git rm -f: Changes src"),
        ("git rm -f --cached a.rs", ""),
        (
            "git worktree remove --force ../x",
            "git worktree remove --force: Elsewhere",
        ),
        ("git worktree remove ../x", ""),
        (
            "git submodule deinit --all",
            "git submodule deinit: Elsewhere",
        ),
        ("git read-tree -u HEAD", "git read-tree -u: Changes"),
        ("git checkout-index -f -a", "git checkout-index -f: Changes"),
        ("git checkout-index a.rs", ""),
        (
            "git -C sub checkout -- a.rs",
            "git checkout --: Changes sub/a.rs",
        ),
        ("git -c x.y=z stash", "git stash: Changes"),
        ("git undo-all", "git undo-all: Unknown"),
        ("git status && git log", ""),
        ("git add -A && git commit -m x", ""),
    ] {
        assert_eq!(losses(command), expected, "{command}");
    }
}

#[test]
fn quotes_variables_and_short_options_hide_nothing() {
    for (command, expected) in [
        ("git checkout \"a.rs\"", "git checkout: Changes"),
        ("git checkout $(git ls-files -m)", "git checkout: Changes"),
        (
            "git ls-files -m | xargs git checkout",
            "git checkout: Changes",
        ),
        (
            "git checkout --pathspec-from-file=list",
            "git checkout: Changes",
        ),
        ("git checkout -- a.rs \"$B\"", "git checkout --: Changes"),
        ("git apply -R x.patch", "git apply -R: Changes"),
        ("git apply x.patch", ""),
        ("git apply --check -R x.patch", ""),
        ("git reset --h", "git reset --hard: Changes"),
        ("git reset \"--hard\"", "git reset --hard: Changes"),
        ("git reset \\\n  --hard", "git reset --hard: Changes"),
        ("git commit -m \"no git stash here\"", ""),
        ("echo git stash; apt install git curl", ""),
    ] {
        assert_eq!(losses(command), expected, "{command}");
    }
}

#[test]
fn wrappers_are_seen_through() {
    for command in [
        "sh -c 'git stash'",
        "bash -lc \"cd x && git stash\"",
        "env A=1 git stash",
        "A=1 git stash",
        "/usr/bin/git stash",
        "echo $(git stash)",
        "if true; then git stash; fi",
        "time git stash",
        "ls | xargs git stash",
        "ls | xargs -I % git stash",
        "git \"stash\"",
        "'git' stash",
        "find . -name '*.rs' -exec git stash +",
        "find . -exec git stash +",
        "env -u A git stash",
        "stdbuf -oL git stash",
        "(git stash)",
    ] {
        assert_eq!(losses(command), "git stash: Changes", "{command}");
    }
}

#[test]
fn what_goes_around_hooks_is_known() {
    for (command, expected) in [
        (
            "git commit --no-verify -m x",
            Some("git commit --no-verify"),
        ),
        ("git commit --no-ver -m x", Some("git commit --no-ver")),
        ("git commit -n -m x", Some("git commit -n")),
        ("git commit -anm x", Some("git commit -anm")),
        ("sh -c 'git commit -nm x'", Some("git commit -nm")),
        ("git push --no-verify", Some("git push --no-verify")),
        (
            "git commit \"--no-verify\" -m x",
            Some("git commit --no-verify"),
        ),
        (
            "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath git commit -m x",
            Some("core.hooksPath"),
        ),
        ("git commit -m \"mention -n here\"", None),
        (
            "git -c core.hooksPath=/dev/null commit -m x",
            Some("git -c core.hooksPath=/dev/null"),
        ),
        ("git commit -mnone", None),
        ("git commit -m x", None),
        ("git merge -n main", None),
        ("git commit -m x -- -n", None),
        ("git log -n 3", None),
    ] {
        assert_eq!(skips_hooks(command).as_deref(), expected, "{command}");
    }
}
