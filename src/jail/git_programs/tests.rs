//! What git's settings and hooks protect.

use std::fs;

use super::*;

fn workspace(config: &str) -> (tempfile::TempDir, Jail) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".git/hooks")).unwrap();
    fs::write(folder.path().join(".git/config"), config).unwrap();
    let jail = Jail::open(folder.path()).unwrap();
    (folder, jail)
}

#[test]
fn what_settings_tell_git_to_run_is_protected() {
    for (config, path) in [
        (
            "[core]\n\thooksPath = tools/hooks\n",
            "tools/hooks/pre-commit",
        ),
        (
            "[core] hookspath=\"tools/my hooks\" # ours\n",
            "tools/my hooks/x",
        ),
        ("[CORE]\nHooksPath = ./tools/../hooks/\n", "hooks/pre-push"),
        (
            "[core]\n\thooksPath = tools/hooks\n",
            "TOOLS/Hooks/pre-commit",
        ),
        ("[core]\nfsmonitor = tools/watch.sh\n", "tools/watch.sh"),
        ("[core]\nfsmonitor = sh ./watch.sh -q\n", "watch.sh"),
        (
            "[core]\nattributesFile = conf/attributes\n",
            "conf/attributes",
        ),
        ("[core]\nsshCommand = ssh -F tools/ssh\n", "tools/ssh"),
        (
            "[filter \"lock\"]\n\tclean = tools/clean %f\n",
            "tools/clean",
        ),
        ("[filter \"a] b\"]\n\tprocess = tools/p\n", "tools/p"),
        (
            "[diff \"x\"]\ncommand = python3 tools/diff.py\n",
            "tools/diff.py",
        ),
        ("[diff \"x\"]\ntextconv = tools/conv\n", "tools/conv"),
        ("[merge \"x\"]\ndriver = tools/merge %A %B\n", "tools/merge"),
        ("[alias]\nci = \"!sh tools/ci.sh\"\n", "tools/ci.sh"),
        ("[alias]\nci = !tools/ci.sh; true\n", "tools/ci.sh"),
        (
            "[credential]\nhelper = !f() { tools/cred; }; f\n",
            "tools/cred",
        ),
        ("[include]\npath = ../conf/git\n", "conf/git"),
        ("[includeIf \"gitdir:x\"]\npath = ../conf/git\n", "conf/git"),
        ("[core]\nfsmonitor = tools/\\\nwatch\n", "tools/watch"),
    ] {
        let (folder, jail) = workspace(config);
        fs::write(folder.path().join("watch.sh"), "").unwrap();
        assert_eq!(jail.protected_by_lead(path), Some(WHY), "{config}");
        for other in ["src/main.rs", "tools/other.sh", "hooks2", "conf/x"] {
            assert_eq!(jail.protected_by_lead(other), None, "{config}: {other}");
        }
    }
}

#[test]
fn settings_are_read_where_they_are_included() {
    let (folder, jail) = workspace("[include]\npath = ../shared/git\n");
    fs::create_dir(folder.path().join("shared")).unwrap();
    let text = "[core]\nhooksPath = ci/hooks\n[include]\npath = git\n";
    fs::write(folder.path().join("shared/git"), text).unwrap();
    assert!(jail.protected_by_lead("ci/hooks/pre-commit").is_some());
    assert!(jail.protected_by_lead("shared/git").is_some());
}

#[test]
fn hooks_that_are_links_protect_what_they_lead_to() {
    let (folder, jail) = workspace("[core]\nhooksPath = linked\n");
    fs::create_dir_all(folder.path().join("real/hooks")).unwrap();
    fs::write(folder.path().join("check.sh"), "").unwrap();
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(at)).unwrap();
    };
    link("../../check.sh", ".git/hooks/pre-commit");
    link("/etc/hostname", ".git/hooks/pre-push");
    link("real/hooks", "linked");
    assert!(jail.protected_by_lead("check.sh").is_some());
    assert!(jail.protected_by_lead("real/hooks/commit-msg").is_some());
    assert_eq!(jail.protected_by_lead("real/a"), None);
}

#[test]
fn ordinary_settings_protect_nothing() {
    let config = "[core]\n\tbare = false\n\teditor = vim\n\tpager = less -R\n\
        \tfsmonitor = true\n[branch \"src\"]\n\tremote = origin\n\tmerge = refs/heads/src\n\
        [user]\n\tname = src\n[alias]\n\tst = status src\nbroken\n[remote \"o\"]\nurl = src\n";
    let (folder, jail) = workspace(config);
    fs::create_dir(folder.path().join("src")).unwrap();
    assert_eq!(jail.led_to().0, []);
    fs::write(folder.path().join(".git/config"), vec![b'['; 300 << 10]).unwrap();
    assert_eq!(jail.led_to().0, []);
    fs::remove_file(folder.path().join(".git/config")).unwrap();
    assert_eq!(jail.led_to().0, []);
}

/// Makes files below a folder, with the folders above them.
fn write(folder: &tempfile::TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn every_repository_in_the_workspace_counts() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder,
        "sub/.git/config",
        "[core]\nhooksPath = hooks\nfsmonitor = ../shared/watch\n",
    );
    write(
        &folder,
        "a/b/c/.git/config",
        "[alias]\nx = !sh run/x.sh\n[include]\npath = ../more\n",
    );
    write(&folder, "a/b/c/more", "[diff \"x\"]\ntextconv = conv/x\n");
    // A submodule, a work tree made by hand, and a link.
    write(&folder, "module/.git", "gitdir: ../.git/modules/module\n");
    write(
        &folder,
        ".git/modules/module/config",
        "[core]\nhooksPath = own-hooks\n",
    );
    write(&folder, "hand/.git", "gitdir: ../meta/git\n");
    write(&folder, "meta/git/commondir", "../common\n");
    write(
        &folder,
        "meta/common/config",
        "[filter \"x\"]\nclean = tools/clean\n",
    );
    write(&folder, "later/.git", "gitdir: ../not/made\n");
    write(&folder, "linked/x", "");
    std::os::unix::fs::symlink("../meta/other", folder.path().join("linked/.git")).unwrap();
    write(&folder, "meta/other/config", "[core]\neditor = bin/edit\n");
    let jail = Jail::open(folder.path()).unwrap();
    for path in [
        "sub/hooks/pre-commit",
        "shared/watch",
        "a/b/c/run/x.sh",
        "a/b/c/more",
        "a/b/c/conv/x",
        "module/own-hooks/post-merge",
        "meta/git/config",
        "meta/git/hooks/pre-push",
        "meta/common/config",
        "meta/common/info/attributes",
        "hand/tools/clean",
        "not/made/config",
        "not/made/hooks/x",
        "meta/other/config.worktree",
        "linked/bin/edit",
    ] {
        assert_eq!(jail.protected_by_lead(path), Some(WHY), "{path}");
    }
    for path in [
        "hooks/pre-commit",
        "sub/src/a.rs",
        "tools/clean",
        "meta/git/HEAD",
        "meta/git/objects/x",
        "own-hooks/x",
        "not/made/HEAD",
    ] {
        assert_eq!(jail.protected_by_lead(path), None, "{path}");
    }
    assert!(jail.led_to().1);
}

#[test]
fn the_users_own_settings_count_in_every_repository() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    write(&folder, "sub/.git/HEAD", "");
    write(&folder, "conf/more", "[core]\nsshCommand = ssh/run\n");
    let inside = folder.path().display();
    let text = format!(
        "[core]\nhooksPath = dev/hooks\n[include]\npath = {inside}/conf/more\n\
         [includeIf \"gitdir:~/x\"]\npath = ~/own\n[credential]\nhelper = {inside}/bin/cred get\n"
    );
    write(&home, "gitconfig", &text);
    write(&home, "own", &format!("[alias]\nx = !{inside}/bin/x\n"));
    let jail = Jail::open(folder.path()).unwrap();
    assert_eq!(jail.protected_by_lead("dev/hooks/pre-commit"), None);
    let jail = jail.with_git_settings(crate::jail::GitSettings {
        home: Some(home.path().to_owned()),
        files: vec![home.path().join("gitconfig"), home.path().join("none")],
    });
    for path in [
        "dev/hooks/pre-commit",
        "sub/dev/hooks/pre-commit",
        "conf/more",
        "ssh/run",
        "sub/ssh/run",
        "bin/cred",
        "bin/x",
    ] {
        assert_eq!(jail.protected_by_lead(path), Some(WHY), "{path}");
    }
    assert_eq!(jail.protected_by_lead("sub/conf/more"), None);
}

#[test]
fn hooks_alone_are_told_from_other_programs() {
    let (_folder, jail) = workspace("[core]\nhooksPath = tools/hooks\n");
    assert!(!jail.led_to().1);
    let (_folder, jail) = workspace("[filter \"x\"]\nsmudge = tools/smudge\n");
    assert!(jail.led_to().1);
    // What stands in a file that is no settings, or never ends, is passed over.
    let (folder, jail) = workspace("[include]\npath = ../loop\n");
    write(
        &folder,
        "loop",
        "[include]\npath = loop\n[core]\npager = bin/pager\n",
    );
    assert!(jail.protected_by_lead("bin/pager").is_some());
}
