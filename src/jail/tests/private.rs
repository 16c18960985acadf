//! Private folders and files stay closed under every name.

use std::os::unix::fs::symlink;

use super::*;

/// A workspace with our folders in it, one of which does not exist yet, and links to them.
fn world() -> World {
    let mut world = World::new();
    for folder in ["root/xdg/ollacode", "root/.ssh", "root/data/sessions"] {
        fs::create_dir_all(world.at(folder)).expect("a folder");
    }
    for file in [
        "xdg/ollacode/.env",
        "xdg/other",
        ".ssh/id",
        "data/sessions/1",
        "dotfile",
    ] {
        fs::write(world.at("root").join(file), "it\n").expect("a file");
    }
    symlink("data/sessions", world.at("root/link")).expect("a link");
    symlink("xdg/ollacode/.env", world.at("root/file-link")).expect("a link");
    symlink("../../dotfile", world.at("root/xdg/ollacode/config.toml")).expect("a link");
    let private = [
        ("root/xdg/ollacode", Holds::Own),
        ("root/xdg/ollacode/config.toml", Holds::Own),
        ("root/data", Holds::Own),
        ("root/later/ollacode", Holds::Own),
        ("root/.ssh", Holds::Keys),
        ("evil", Holds::Keys),
    ];
    let private = private.map(|(path, holds)| PrivatePath {
        path: world.at(path),
        holds,
    });
    world.jail = Jail::open_without(&world.at("root"), &private).expect("a jail");
    world
}

const PRIVATE: &[&str] = &[
    "xdg/ollacode/.env",
    "xdg/ollacode/new",
    "xdg/ollacode/deep/new",
    "xdg/OllaCode/.env",
    "data/sessions/1",
    "data/new",
    "later/ollacode/config.toml",
    "later/ollacode",
    ".ssh/id",
    ".ssh",
    "dotfile",
];

#[test]
fn they_are_neither_read_nor_written_nor_made() {
    let world = world();
    for given in PRIVATE {
        let path = world.path(given);
        let is_private = |error: JailError| match error {
            JailError::Private { .. } => {}
            // A name in other capitals is another one on this disk.
            JailError::NotFound(_) if given.contains("OllaCode") => {}
            other => panic!("{given}: {other}"),
        };
        is_private(world.read(given).expect_err("it is not read"));
        is_private(
            world
                .write(given, "x", Expected::Any)
                .expect_err("it is not written"),
        );
        is_private(
            world
                .jail
                .hash(&path)
                .map(|_| ())
                .err()
                .unwrap_or(JailError::NotFound(String::new())),
        );
        let to = world.path("xdg/other");
        let hash = world.hash("xdg/other");
        is_private(
            world
                .jail
                .rename(&to, &path, hash)
                .expect_err("nothing is moved there"),
        );
    }
    for given in ["link/1", "file-link"] {
        let error = world.read(given).expect_err("it is not read");
        assert!(
            matches!(error, JailError::Private { .. } | JailError::Link { .. }),
            "{given}: {error}"
        );
    }
    assert!(!world.at("root/later").exists());
    assert_eq!(
        fs::read_to_string(world.at("root/dotfile")).expect("a file"),
        "it\n"
    );
    assert_eq!(world.read("xdg/other").expect("it is read"), "it\n");
}

#[test]
fn they_are_not_listed() {
    let world = world();
    let names = |given: &str| -> Vec<String> {
        let listed = world.jail.list(&world.path(given)).expect("a folder");
        listed.into_iter().map(|entry| entry.name).collect()
    };
    assert_eq!(names("."), ["file-link", "link", "src", "xdg"]);
    assert_eq!(names("xdg"), ["other"]);
    for given in ["xdg/ollacode", "data", "data/sessions", "link", ".ssh"] {
        let error = world
            .jail
            .list(&world.path(given))
            .expect_err("it is not listed");
        assert!(
            matches!(error, JailError::Private { .. }),
            "{given}: {error}"
        );
    }
    for (path, expected) in [
        ("xdg/ollacode", true),
        ("data/sessions/1", true),
        ("dotfile", true),
        ("xdg/other", false),
        ("src", false),
    ] {
        assert_eq!(world.jail.leaves_out(path), expected, "{path}");
    }
}

#[test]
fn another_name_for_the_same_folder_leads_nowhere_either() {
    let world = world();
    // What a save does: another file in the same place.
    fs::remove_file(world.at("root/dotfile")).expect("it is gone");
    fs::write(world.at("root/dotfile"), "new\n").expect("a file");
    assert!(world.read("dotfile").is_err());
    fs::rename(world.at("root/xdg"), world.at("root/renamed")).expect("another name");
    let error = world
        .read("renamed/ollacode/.env")
        .expect_err("it is not read");
    assert!(matches!(error, JailError::Private { .. }), "{error}");
    fs::hard_link(world.at("root/.ssh/id"), world.at("root/src/id")).expect("a hard link");
    assert_eq!(
        world.read("src/main.rs").expect("it is read"),
        "fn main() {}\n"
    );
}

#[test]
fn a_workspace_in_a_folder_of_ours_is_refused() {
    let world = world();
    let own = [PrivatePath {
        path: world.at("root/data"),
        holds: Holds::Own,
    }];
    for root in ["root/data", "root/data/sessions", "root/link"] {
        let opened = Jail::open_without(&world.at(root), &own);
        assert!(matches!(opened, Err(JailError::OwnFolder(_))), "{root}");
    }
    let keys = [PrivatePath {
        path: world.at("root/.ssh"),
        holds: Holds::Keys,
    }];
    let jail = Jail::open_without(&world.at("root/.ssh"), &keys).expect("it was chosen");
    let path = jail.path("id").expect("a path");
    assert_eq!(jail.read(&path).expect("it is read").text, "it\n");
}

#[test]
fn without_a_home_folder_nothing_is_private() {
    let world = World::new();
    assert!(!world.jail.leaves_out("src"));
    assert!(
        keys_below(&world.at("root"))
            .iter()
            .any(|it| it.path.ends_with(".ssh"))
    );
}
