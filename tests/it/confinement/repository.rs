//! Git inside: it reads, it commits, and what makes it run programs stays as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::{ChatServer, Environment, Reply, environment, is_full, results, run};
use crate::support::terminal::Terminal;

/// An environment whose workspace is a repository with one commit.
fn repository(server: &ChatServer) -> Environment {
    let environment = environment(server);
    let settings = "[user]\n\tname = Test\n\temail = test@localhost\n";
    fs::write(environment.outside().join("home/.gitconfig"), settings).expect("settings");
    environment.write("notes.txt", "one\n");
    environment.git(&["init", "-q", "."]);
    environment.git(&["add", "."]);
    environment.git(&["commit", "-q", "-m", "the first"]);
    environment
}

/// The subjects of all commits, newest first, as git tells outside.
fn subjects(environment: &Environment) -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["log", "--format=%s"]);
    git.current_dir(environment.workspace());
    git.env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = git.output().expect("git starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn git_reads_inside() {
    if !is_full("git_reads_inside") {
        return;
    }
    let server = ChatServer::start(vec![
        run("git status"),
        run("git diff"),
        run("git log --oneline"),
        run("git show --stat HEAD && git blame notes.txt"),
        // Asked so, git is no command that is known to be safe.
        run("git status --short > status.txt; cat status.txt; git log -1 --format=%an > x; cat x"),
        Reply::text("That is all."),
    ]);
    let environment = repository(&server);
    environment.write("notes.txt", "one\ntwo\n");
    let results = results(&environment, &[], &server);
    let expected = [
        "modified",
        "+two",
        "the first",
        "1 insertion",
        "M notes.txt",
    ];
    for (result, expected) in results.iter().zip(expected) {
        assert!(result.contains(expected), "{result}");
        assert!(result.contains("exit code 0"), "{result}");
    }
    assert!(results[4].contains("Test"), "{}", results[4]);
}

#[test]
fn git_commits_inside() {
    if !is_full("git_commits_inside") {
        return;
    }
    let server = ChatServer::start(vec![
        run("git add notes.txt && git commit -q -m 'the second'"),
        run("echo three >> notes.txt"),
        run("git -c user.name=Me -c user.email=me@localhost commit -q -a -m 'the third'"),
        run("git checkout -q -b side && git commit -q --allow-empty -m 'the fourth'"),
        run("git tag v1 && git stash list && git branch more && git log --oneline"),
        Reply::text("That is all."),
    ]);
    let environment = repository(&server);
    environment.write("notes.txt", "one\ntwo\n");
    let results = results(&environment, &[], &server);
    for result in &results {
        assert!(result.contains("exit code 0"), "{results:#?}");
    }
    let expected = ["the fourth", "the third", "the second", "the first"];
    assert_eq!(subjects(&environment), expected);
}

/// What makes git run programs, or take its settings from elsewhere, and our own rules.
const RUNS: &[&str] = &[
    "workspace/.git/config",
    "workspace/.git/config.worktree",
    "workspace/.git/commondir",
    "workspace/.git/hooks/pre-commit",
    "workspace/.git/modules/x/config",
    "workspace/.ollacode/config.toml",
    "home/.gitconfig",
];

const ATTACKS: &[&str] = &[
    "echo evil > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
    "git config core.fsmonitor ./evil",
    "git config --global core.hooksPath evil",
    "git config --worktree core.pager evil",
    "echo evil >> .git/config; echo evil > .git/config.worktree; echo evil > .git/commondir",
    "mv .git/hooks .git/h; mkdir .git/hooks; echo evil > .git/hooks/pre-commit",
    "mv .git .g; cp -r .g .git; echo evil >> .git/config",
    "ln -f notes.txt .git/config; ln -sf ../notes.txt .git/config",
    "git init -q --template=evil .; git init -q --separate-git-dir=elsewhere .",
    "mkdir -p .git/modules/x; echo evil > .git/modules/x/config",
    "mkdir .ollacode; echo evil > .ollacode/config.toml",
    "echo evil >> ../home/.gitconfig; echo evil >> $HOME/.gitconfig",
];

/// Attacks a repository from within commands that commit, and so may write git's folder: a hook of
/// the user runs what the repository says. Tells whether anything changed that may not.
#[track_caller]
fn changes_what_runs(attacks: &[&str], flags: &[&str]) -> bool {
    let script = (0..attacks.len()).map(|number| {
        // The hook reads which attack it is.
        run(&format!(
            "git commit -q --allow-empty -m {number} && echo was-let"
        ))
    });
    let server = ChatServer::start(script.collect());
    server.then(vec![Reply::text("That is all.")]);
    let environment = repository(&server);
    environment.write("evil/hooks/pre-commit", "evil\n");
    for (number, attack) in attacks.iter().enumerate() {
        environment.write(&format!("attacks/{number}.sh"), attack);
    }
    environment.write(
        ".git/hooks/post-commit",
        "#!/bin/sh\nsh attacks/$(git log -1 --format=%s).sh\nexit 0\n",
    );
    let hook = environment.workspace().join(".git/hooks/post-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let read = || {
        let paths = RUNS.iter().map(|path| environment.outside().join(path));
        let texts = paths.map(|path| fs::read_to_string(path).ok());
        texts.collect::<Vec<_>>()
    };
    let before = read();
    let results = results(&environment, flags, &server);
    // It is no test of commands that could not write at all.
    let was_let = results.iter().filter(|result| result.contains("was-let"));
    assert_eq!(was_let.count(), attacks.len(), "{results:#?}");
    read() != before
}

#[test]
fn a_commit_does_not_change_what_git_runs() {
    if !is_full("a_commit_does_not_change_what_git_runs") {
        return;
    }
    assert!(!changes_what_runs(ATTACKS, &[]));
    for attack in ATTACKS {
        let changes = changes_what_runs(&[attack], &["--sandbox", "off"]);
        assert!(changes, "it cannot fail: {attack}");
    }
}

#[test]
fn git_makes_repositories_and_work_trees() {
    if !is_full("git_makes_repositories_and_work_trees") {
        return;
    }
    let server = ChatServer::start(vec![
        run("git init -q sub && git init -q --bare bare.git"),
        run("git clone -q . /tmp/x && ls /tmp/x"),
        run("git clone -q . copy && git -C copy log --oneline"),
        run("git worktree add -q -b side wt && git -C wt status --short"),
        run("git -C wt commit -q --allow-empty -m 'in the work tree'"),
        run("git worktree remove wt"),
        run("git -C copy commit -q --allow-empty -m 'in the copy'"),
        run(
            "echo evil >> copy/.git/config; echo evil > sub/.git/hooks/pre-commit; \
             echo evil > bare.git/config; mkdir -p new/.git; echo evil > .git/config; echo held",
        ),
        run("git config core.fsmonitor evil"),
        run("git submodule add ./bare.git lib"),
        Reply::text("That is all."),
    ]);
    let environment = repository(&server);
    environment.write(
        ".git/hooks/post-checkout",
        "#!/bin/sh\nmkdir -p hooked/.git\n",
    );
    let hook = environment.workspace().join(".git/hooks/post-checkout");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a mode");
    let results = results(&environment, &[], &server);
    for result in &results[..7] {
        assert!(result.contains("exit code 0"), "{results:#?}");
    }
    assert!(results[1].contains("notes.txt"), "{}", results[1]);
    for path in [
        "copy/.git/config",
        "sub/.git/config",
        "bare.git/config",
        ".git/config",
    ] {
        assert!(!environment.read(path).contains("evil"), "{path}");
    }
    for path in [
        "sub/.git/hooks/pre-commit",
        "new/.git",
        "hooked",
        "lib",
        ".gitmodules",
    ] {
        assert!(!environment.workspace().join(path).exists(), "{path}");
    }
    assert!(results[7].contains("held"), "{}", results[7]);
    // What sets what git runs is asked about, and nobody is there.
    for result in &results[8..] {
        assert!(
            result.contains("Denied: the user must approve this"),
            "{result}"
        );
    }
    assert!(subjects(&environment).contains(&"the first".to_owned()));
}

#[test]
fn settings_are_written_by_git_when_the_user_allows_just_that() {
    if !is_full("settings_are_written_by_git_when_the_user_allows_just_that") {
        return;
    }
    let server = ChatServer::start(vec![
        run("git config user.name Someone"),
        run("git remote add origin https://example.org/x.git"),
        Reply::text("It is done."),
    ]);
    let environment = repository(&server);
    let terminal = Terminal::start(&environment, &["chat", "--auto-approve"]);
    terminal.expect("/help lists the commands");
    terminal.expect_end(">");
    terminal.enter("Do it.");
    for shown in ["git config user.name", "git remote add"] {
        terminal.expect(shown);
        terminal.expect("[n] no");
        terminal.answer("y");
    }
    terminal.expect("It is done.");
    terminal.leave();
    let settings = environment.read(".git/config");
    assert!(settings.contains("name = Someone"), "{settings}");
    assert!(settings.contains("example.org/x.git"), "{settings}");
}

#[test]
fn a_new_work_tree_with_protected_files_is_asked_about() {
    if !is_full("a_new_work_tree_with_protected_files_is_asked_about") {
        return;
    }
    let command = "git worktree add -q -b side wt";
    let server = ChatServer::start(vec![run(command), Reply::text("It is done.")]);
    let environment = repository(&server);
    environment.write(".github/workflows/ci.yml", "on: push\n");
    environment.git(&["add", "."]);
    environment.git(&["commit", "-q", "-m", "work for others"]);
    let terminal = Terminal::start(&environment, &["chat", "--auto-approve"]);
    terminal.expect("/help lists the commands");
    terminal.expect_end(">");
    terminal.enter("Do it.");
    terminal.expect("wt/.github/workflows/ci.yml");
    terminal.expect("[n] no");
    terminal.answer("y");
    terminal.expect("It is done.");
    terminal.leave();
    assert_eq!(
        environment.read("wt/.github/workflows/ci.yml"),
        "on: push\n"
    );
}
