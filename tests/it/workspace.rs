//! Which folder is the workspace, and the name of its data folder.

use std::fs;
use std::path::{Path, PathBuf};

use ollacode::config::{GivenFolder, SettingOrigin};
use ollacode::workspace::{Workspace, WorkspaceError, WorkspaceSource, workspace_id};
use tempfile::TempDir;

/// A folder with these subfolders, and its path with links resolved.
fn tree(folders: &[&str]) -> (TempDir, PathBuf) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let root = temporary.path().canonicalize().expect("its path");
    for folder in folders {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    (temporary, root)
}

fn given(path: &Path) -> GivenFolder {
    GivenFolder {
        path: path.to_owned(),
        origin: SettingOrigin::Flag("--workspace"),
    }
}

#[test]
fn the_nearest_index_wins_then_git_then_the_current_folder() {
    let (_temporary, root) = tree(&["outer/project/.git", "outer/project/src/deep", "plain/deep"]);
    fs::create_dir_all(root.join("outer/linked/src")).expect("a folder");
    fs::write(root.join("outer/linked/.git"), "gitdir: ../project/.git\n").expect("a file");
    let cases: [(&[&str], &str, &str, WorkspaceSource); 9] = [
        (&[], "plain/deep", "plain/deep", WorkspaceSource::Current),
        (
            &[],
            "outer/project/src/deep",
            "outer/project",
            WorkspaceSource::Git,
        ),
        (&[], "outer/project", "outer/project", WorkspaceSource::Git),
        (
            &[],
            "outer/linked/src",
            "outer/linked",
            WorkspaceSource::Git,
        ),
        (&["plain"], "plain/deep", "plain", WorkspaceSource::Indexed),
        (
            &["plain", "plain/deep"],
            "plain/deep",
            "plain/deep",
            WorkspaceSource::Indexed,
        ),
        (
            &["outer"],
            "outer/project/src/deep",
            "outer/project",
            WorkspaceSource::Git,
        ),
        (
            &["outer"],
            "outer/linked/src",
            "outer/linked",
            WorkspaceSource::Git,
        ),
        (
            &["plain"],
            "outer/project/src",
            "outer/project",
            WorkspaceSource::Git,
        ),
    ];
    for (indexed, current, expected, found) in cases {
        let has_index = |folder: &Path| indexed.iter().any(|index| root.join(index) == folder);
        let workspace = Workspace::discover(None, &root.join(current), None, has_index);
        let workspace = workspace.unwrap_or_else(|error| panic!("{current}: {error}"));
        let expected = Workspace {
            root: root.join(expected),
            found,
        };
        assert_eq!(workspace, expected, "{current} with {indexed:?}");
    }
}

#[test]
fn a_repository_of_any_kind_is_a_boundary() {
    let (_temporary, root) = tree(&[
        "p/clone/.git",
        "p/clone/src/.git/hooks",
        "p/bare.git/objects",
        "p/bare.git/refs",
        "p/bare.git/hooks",
        "p/plain/refs",
    ]);
    for name in ["fifo", "broken", "garbage", "looped"] {
        fs::create_dir_all(root.join("p").join(name).join("deep")).expect("a folder");
    }
    fs::write(root.join("p/bare.git/HEAD"), "ref: refs/heads/main\n").expect("a file");
    fs::write(root.join("p/garbage/.git"), [0xff, 0, 0xfe]).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("/nowhere", root.join("p/broken/.git")).expect("a link");
        symlink(".git", root.join("p/looped/.git")).expect("a link");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("p/fifo/.git"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .expect("a pipe");
    }
    for (current, expected) in [
        ("p/clone", "p/clone"),
        ("p/clone/src", "p/clone/src"),
        ("p/clone/.git", "p/clone"),
        ("p/clone/src/.git/hooks", "p/clone/src"),
        ("p/bare.git", "p/bare.git"),
        ("p/bare.git/hooks", "p/bare.git"),
        ("p/garbage/deep", "p/garbage"),
        #[cfg(unix)]
        ("p/fifo/deep", "p/fifo"),
        #[cfg(unix)]
        ("p/broken/deep", "p/broken"),
        #[cfg(unix)]
        ("p/looped/deep", "p/looped"),
        ("p/plain", "p"),
        ("p/plain/refs", "p"),
    ] {
        let is_outer = |folder: &Path| folder == root.join("p");
        let found = Workspace::discover(None, &root.join(current), None, is_outer);
        assert_eq!(
            found.expect("a workspace").root,
            root.join(expected),
            "{current}"
        );
    }
}

#[test]
fn a_repository_of_the_home_folder_is_not_that_of_what_is_below() {
    let (_temporary, root) = tree(&["home/.git", "home/notes", "home/code/shop/.git", ".git"]);
    let home = root.join("home");
    for (current, expected, found) in [
        ("home/notes", "home/notes", WorkspaceSource::Current),
        ("home/code", "home/code", WorkspaceSource::Current),
        ("home/code/shop", "home/code/shop", WorkspaceSource::Git),
        ("home", "home", WorkspaceSource::Git),
        (".", ".", WorkspaceSource::Git),
    ] {
        let workspace = Workspace::discover(None, &root.join(current), Some(&home), |_| false);
        let root = root.join(expected).canonicalize().expect("a folder");
        assert_eq!(
            workspace.expect("a workspace"),
            Workspace { root, found },
            "{current}"
        );
    }
    let indexed = |folder: &Path| folder == home;
    let workspace = Workspace::discover(None, &home.join("notes"), Some(&home), indexed);
    assert_eq!(workspace.expect("a workspace").root, home);
}

#[test]
fn a_named_folder_wins_over_everything() {
    let (_temporary, root) = tree(&["project/.git", "other"]);
    let named = given(&root.join("project/../other"));
    let workspace = Workspace::discover(Some(&named), &root.join("project"), None, |_| true);
    let expected = Workspace {
        root: root.join("other"),
        found: WorkspaceSource::Given,
    };
    assert_eq!(workspace.expect("a workspace"), expected);
}

#[cfg(unix)]
#[test]
fn links_are_resolved() {
    let (_temporary, root) = tree(&["project/src"]);
    std::os::unix::fs::symlink(root.join("project"), root.join("link")).expect("a link");
    let named = given(&root.join("link"));
    let workspace = Workspace::discover(Some(&named), &root, None, |_| false).expect("a workspace");
    assert_eq!(workspace.root, root.join("project"));
    let inside = Workspace::discover(None, &root.join("link/src"), None, |folder| {
        folder == root.join("project")
    });
    assert_eq!(inside.expect("a workspace").root, root.join("project"));
}

#[test]
fn what_is_no_folder_is_refused() {
    let (_temporary, root) = tree(&[]);
    fs::write(root.join("file"), "").expect("a file");
    let discover = |name: &str| {
        Workspace::discover(Some(&given(&root.join(name))), &root, None, |_| false)
            .expect_err("no workspace")
    };
    let missing = discover("missing");
    assert!(
        matches!(missing, WorkspaceError::Missing { .. }),
        "{missing:?}"
    );
    let shown = root.join("missing").display().to_string();
    let expected = format!("the workspace {shown} (from `--workspace`) does not exist");
    assert_eq!(missing.to_string(), expected);
    for name in ["file", "file/below"] {
        let error = discover(name);
        assert!(
            matches!(error, WorkspaceError::NotAFolder { .. }),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn the_home_folder_and_those_above_it_ask_first() {
    let (_temporary, home) = tree(&["project"]);
    let above = home.parent().expect("a parent").to_owned();
    let cases = [
        (above.clone(), Some(home.as_path()), true),
        (above, None, false),
        (PathBuf::from("/"), Some(home.as_path()), true),
        (PathBuf::from("/"), None, true),
        (home.clone(), Some(home.as_path()), true),
        (home.clone(), None, false),
        (home.join("project"), Some(home.as_path()), false),
    ];
    for (root, home, expected) in cases {
        let workspace = Workspace {
            root,
            found: WorkspaceSource::Given,
        };
        assert_eq!(
            workspace.needs_confirmation(home),
            expected,
            "{workspace:?} {home:?}"
        );
    }
}

#[test]
fn an_id_is_readable_stable_and_different_for_each_path() {
    let (long, cut) = (
        format!("/{}", "x".repeat(300)),
        format!("{}-", "x".repeat(40)),
    );
    let cases = [
        ("/home/me/shop", "shop-"),
        ("/srv/shop", "shop-"),
        ("/", "root-"),
        ("/srv/.dotfiles", "dotfiles-"),
        ("/srv/a b:c", "a_b_c-"),
        ("/srv/..", "root-"),
        ("/srv/쇼핑", "__-"),
        (long.as_str(), cut.as_str()),
    ];
    let mut seen = Vec::new();
    for (path, prefix) in cases {
        let id = workspace_id(Path::new(path));
        let hash = id
            .strip_prefix(prefix)
            .unwrap_or_else(|| panic!("{path}: {id}"));
        assert_eq!(hash.len(), 16, "{id}");
        assert!(hash.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
        assert_eq!(id, workspace_id(Path::new(path)));
        assert!(!seen.contains(&id), "{id}");
        seen.push(id);
    }
}
