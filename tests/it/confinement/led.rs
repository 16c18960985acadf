//! What is executed though its name does not say so: by git's settings, wherever they are, and since a
//! link with a protected name leads to it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{ChatServer, Environment, Reply, environment, is_full, results, run};

/// Files that are executed, with what says so.
const EXECUTED: &[&str] = &[
    "sub/hooks/pre-commit",
    "sub/watch.sh",
    "dev/hooks/pre-push",
    "sub/dev/hooks/pre-push",
    "conf/more",
    "meta/git/config",
    "meta/git/hooks/x",
    "editor/tasks.json",
    "hk/pre-commit",
    "env.sh",
    "dots/fish/config.fish",
    "not/there.sh",
];

fn prepare(environment: &Environment) {
    for (path, text) in [
        (
            "sub/.git/config",
            "[core]\n\thooksPath = hooks\n\tfsmonitor = sh ./watch.sh\n",
        ),
        ("sub/watch.sh", "good\n"),
        ("sub/hooks/pre-commit", "good\n"),
        ("hand/.git", "gitdir: ../meta/git\n"),
        ("meta/git/config", "[core]\n\tbare = false\n"),
        ("meta/git/HEAD", "ref: refs/heads/main\n"),
        ("conf/more", "good\n"),
        ("dev/hooks/pre-push", "good\n"),
        ("editor/tasks.json", "good\n"),
        ("hk/pre-commit", "good\n"),
        ("env.sh", "good\n"),
        ("dots/x", "good\n"),
        ("a/b/c/x", "good\n"),
    ] {
        environment.write(path, text);
    }
    for (to, at) in [
        ("../editor", "sub/.vscode"),
        ("../../hk", "a/b/.husky"),
        ("../../../env.sh", "a/b/c/.envrc"),
        ("../dots", "a/.config"),
        ("../not/there.sh", "sub/.envrc"),
    ] {
        symlink(to, environment.workspace().join(at)).expect("a link");
    }
    let settings = format!(
        "[core]\n\thooksPath = dev/hooks\n[include]\n\tpath = {}/conf/more\n",
        environment.workspace().display()
    );
    fs::write(environment.outside().join("home/.gitconfig"), settings).expect("settings");
}

fn state(workspace: &Path) -> Vec<Option<String>> {
    let read = |path: &&str| fs::read_to_string(workspace.join(path)).ok();
    EXECUTED.iter().map(read).collect()
}

/// Ways to write the file `$f` in the folder `$d`.
const WAYS: &[&str] = &[
    "echo evil > $f",
    "rm -f $f; echo evil > $f",
    "mkdir -p $d; echo evil > x; mv x $f",
    "mkdir -p $d; echo evil > x; ln -f x $f",
    "mv $d gone; mkdir -p $d; echo evil > $f",
    "rm -rf $d; mkdir e; echo evil > e/$n; mv e $d",
    "rm -rf $d; mkdir e; echo evil > e/$n; ln -s $PWD/e $d",
];

#[test]
fn what_settings_and_links_lead_to_is_not_written_by_commands() {
    if !is_full("what_settings_and_links_lead_to_is_not_written_by_commands") {
        return;
    }
    let try_all = |path: &str, ways: &[&str], flags: &[&str]| {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let name = path.rsplit('/').next().unwrap_or(path);
        let commands = ways
            .iter()
            .map(|way| run(&format!("f={path}; d={folder}; n={name}; {way}")));
        let server = ChatServer::start(commands.chain([Reply::text("Done.")]).collect());
        let environment = environment(&server);
        prepare(&environment);
        let before = state(&environment.workspace());
        let said = results(&environment, flags, &server);
        let after = state(&environment.workspace());
        let at = EXECUTED
            .iter()
            .position(|known| *known == path)
            .expect(path);
        let has_evil = after.iter().flatten().any(|text| text.contains("evil"));
        (has_evil, after[at] != before[at], said)
    };
    for path in EXECUTED {
        // The last way begins anew: those before it may have removed what made the path special.
        let (at_top, begun_anew) = (&WAYS[..4], &WAYS[WAYS.len() - 1..]);
        let ways = match path.contains('/') {
            true => [&WAYS[..WAYS.len() - 1], begun_anew],
            false => [at_top, at_top],
        };
        let mut can_fail = false;
        for ways in ways {
            let (has_evil, _, said) = try_all(path, ways, &[]);
            assert!(!has_evil, "{path}: {said:#?}");
            can_fail |= try_all(path, ways, &["--sandbox", "off"]).1;
        }
        assert!(can_fail, "{path}");
    }
}

#[test]
fn what_lies_beside_is_written_as_ever() {
    if !is_full("what_lies_beside_is_written_as_ever") {
        return;
    }
    let command = "for f in sub/other.sh dev/x hooks/x meta/x editorx a/b/c/y dots/y not/other; do \
        mkdir -p $(dirname $f); echo fine > $f || echo refused $f; done";
    let server = ChatServer::start(vec![run(command), Reply::text("Done.")]);
    let environment = environment(&server);
    prepare(&environment);
    let said = results(&environment, &[], &server);
    assert!(!said[0].contains("refused"), "{}", said[0]);
    assert_eq!(environment.read("hooks/x"), "fine\n");
}
