//! Files of secrets are found wherever they are, within bounds.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::*;

fn found(world: &World) -> (Vec<String>, bool) {
    let files = world.jail.secret_files(Duration::from_secs(30));
    let name = |path: &PathBuf| path.to_string_lossy().into_owned();
    (files.paths.iter().map(name).collect(), files.complete)
}

fn put(world: &World, paths: &[&str]) {
    for path in paths {
        let path = world.at("root").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, "A=b\n").expect("a file");
    }
}

#[test]
fn secret_files_are_found_at_every_depth_and_in_ignored_folders() {
    let world = World::new();
    let secrets = [
        ".ENV.local",
        ".aws/credentials",
        ".env",
        "a/b/c/d/e/f/.pgpass",
        "deploy/prod/terraform.tfstate",
        "ignored/.netrc",
        "services/api/.env",
    ];
    put(&world, &secrets);
    put(
        &world,
        &[
            ".gitignore",
            ".env.example",
            "services/api/.env.sample",
            "src/env.rs",
            "node_modules/x/.env",
            ".git/x/.env",
            "sub/target/debug/.env",
        ],
    );
    fs::write(world.at("root/.gitignore"), "ignored/\n.env\n").expect("a file");
    assert_eq!(found(&world), (secrets.map(str::to_owned).to_vec(), true));
}

#[test]
fn a_link_that_is_named_like_a_secret_gives_the_file_it_leads_to() {
    let world = World::new();
    put(&world, &["shared/settings.txt"]);
    let root = world.at("root");
    symlink("shared/settings.txt", root.join(".env")).expect("a link");
    symlink("../evil/secret", root.join(".netrc")).expect("a link");
    symlink("gone", root.join(".pgpass")).expect("a link");
    symlink(".", root.join("again")).expect("a link");
    assert_eq!(
        found(&world),
        (vec!["shared/settings.txt".to_owned()], true)
    );
}

#[test]
fn what_was_not_looked_into_is_told() {
    let world = World::new();
    put(&world, &["closed/.env", "open/.env"]);
    assert!(!world.jail.secret_files(Duration::ZERO).complete);
    let closed = world.at("root/closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("a mode");
    // The superuser may look into every folder.
    let expected = match fs::read_dir(&closed) {
        Ok(_) => (vec!["closed/.env".to_owned(), "open/.env".to_owned()], true),
        Err(_) => (vec!["open/.env".to_owned()], false),
    };
    assert_eq!(found(&world), expected);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("a mode");
}

#[cfg(target_os = "linux")]
#[test]
fn only_folders_that_changed_are_listed_again() {
    let world = World::new();
    let paths: Vec<String> = (0..60)
        .map(|at| format!("d{}/e{at}/a.rs", at % 6))
        .collect();
    put(
        &world,
        &paths.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let root = world.at("root");
    let look = || world.jail.secret_files(Duration::from_secs(30));
    // A folder has to rest for a moment before its stamp is relied upon.
    let settled = || {
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while look().listed > 0 {
            assert!(
                std::time::Instant::now() < deadline,
                "listed again and again"
            );
        }
    };
    let first = look();
    assert!(first.listed >= 66 && first.paths.is_empty(), "{first:?}");
    settled();
    // Contents and times of files are no names.
    fs::write(root.join("d0/e0/a.rs"), "changed").expect("a file");
    assert_eq!(look().listed, 0);
    for (change, listed, secrets) in [
        ("made", 1, &["d1/e1/.env"][..]),
        ("renamed", 2, &["d1/e1/.env", "d2/.env"]),
        ("replaced", 3, &["d1/e1/.env", "d3/.netrc"]),
        ("removed", 1, &["d3/.netrc"]),
    ] {
        settled();
        match change {
            "made" => fs::write(root.join("d1/e1/.env"), "A=b").expect("a file"),
            "renamed" => {
                fs::rename(root.join("d0/e0/a.rs"), root.join("d2/.env")).expect("renamed");
            }
            "replaced" => {
                fs::remove_file(root.join("d2/.env")).expect("removed");
                fs::rename(root.join("d3"), root.join("old")).expect("renamed");
                fs::create_dir(root.join("d3")).expect("a folder");
                fs::write(root.join("d3/.netrc"), "A=b").expect("a file");
                let gone = fs::remove_dir_all(root.join("old"));
                gone.expect("removed");
            }
            _ => fs::remove_file(root.join("d1/e1/.env")).expect("removed"),
        }
        let found = look();
        let names: Vec<_> = found
            .paths
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        assert_eq!(names, secrets, "{change}");
        assert_eq!(found.listed, listed, "{change}");
    }
    // Other files are looked for with other eyes.
    let also = world
        .jail
        .secret_files_and(Duration::from_secs(30), "rust", |path| {
            path.ends_with(".rs")
        });
    assert!(also.listed > 40 && also.paths.len() > 40, "{also:?}");
}
