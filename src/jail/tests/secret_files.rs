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
