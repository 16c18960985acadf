//! What is known of a project from its files: small projects of each ecosystem, traps, hostile
//! manifests, and real repositories.

mod fixtures;
mod hostile;
mod more_fixtures;
mod repositories;
mod side_effects;
mod traps;

use std::fs;
use std::path::Path;

use ollacode::jail::Jail;
use ollacode::permission::Rules;
use ollacode::survey::{CommandKind, Facts, survey};
use tempfile::TempDir;

/// The files of a project: paths and texts.
type Project = [(&'static str, &'static str)];

fn written(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    folder
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, bytes).expect("a file");
}

fn facts_of(root: &Path) -> Facts {
    let jail = Jail::open(root).expect("a jail");
    survey(&jail, &Rules::default())
}

fn facts(files: &[(&str, &str)]) -> Facts {
    facts_of(written(files).path())
}

/// The commands of a kind, the best first: `line`, or `folder: line`.
fn lines(facts: &Facts, kind: CommandKind) -> Vec<String> {
    let commands = facts.commands(kind);
    let lines = commands.map(|command| match command.folder.as_str() {
        "" => command.line.clone(),
        folder => format!("{folder}: {}", command.line),
    });
    lines.collect()
}

fn first(facts: &Facts, kind: CommandKind) -> Option<String> {
    lines(facts, kind).into_iter().next()
}

#[test]
fn each_small_project_has_the_facts_of_its_snapshot() {
    let all = fixtures::FIXTURES.iter().chain(more_fixtures::FIXTURES);
    for (name, files) in all {
        let facts = facts(files);
        insta::assert_json_snapshot!(*name, facts);
    }
}

#[test]
fn each_small_project_has_its_commands() {
    let all = fixtures::WANTED.iter().chain(more_fixtures::WANTED);
    let mut wrong = Vec::new();
    for (name, kind, line) in all {
        let facts = facts(project(name));
        let found = first(&facts, *kind);
        let wanted = (!line.is_empty()).then(|| (*line).to_owned());
        if found != wanted {
            wrong.push(format!(
                "{name}, {}: {found:?}, not {wanted:?}",
                kind.words()
            ));
        }
        assert_eq!(facts.unread, Vec::<String>::new(), "{name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_at_least_twenty_four_small_projects() {
    assert!(fixtures::FIXTURES.len() + more_fixtures::FIXTURES.len() >= 24);
}

fn project(name: &str) -> &'static Project {
    let mut all = fixtures::FIXTURES.iter().chain(more_fixtures::FIXTURES);
    let found = all.find(|(known, _)| *known == name);
    found
        .map(|(_, files)| *files)
        .expect("a project of this name")
}

#[test]
fn the_same_files_give_the_same_facts() {
    for (name, files) in fixtures::FIXTURES {
        assert_eq!(facts(files), facts(files), "{name}");
    }
}

#[test]
fn the_facts_are_told_in_markdown() {
    let text = facts(project("cargo_workspace")).to_markdown();
    for part in [
        "- Languages: Rust 100 % (3 files)\n",
        "- Package managers: cargo (`Cargo.lock`)\n",
        "- Members: `crates/cli` (example), `crates/core` (example-core)\n",
        "| test | `cargo test --workspace` | . | `.github/workflows/ci.yml:6` (run in job check)",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert!(facts(&[]).to_markdown().contains("none were found"));
}
