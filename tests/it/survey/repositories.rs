//! Real repositories, with the facts that people who read them wrote down.
//!
//! `OLLACODE_TEST_REPOSITORIES=FOLDER` names a folder with checkouts of those in `wanted.toml`,
//! each under its short name. Without it the test says that it did nothing.

use std::path::PathBuf;

use ollacode::survey::{CommandKind, Facts};
use serde::Deserialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{facts_of, lines};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    repository: Vec<Repository>,
}

/// What one repository must have. Empty lists of `frameworks`, `commands`, `never` ask for nothing;
/// the others are compared as a whole.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repository {
    name: String,
    /// Where it is from, and the commit that was read.
    address: String,
    commit: String,
    /// Those with at least a tenth of the sources, most first.
    languages: Vec<String>,
    manifests: Vec<String>,
    members: Vec<String>,
    managers: Vec<String>,
    licence: String,
    frameworks: Vec<String>,
    no_frameworks: Vec<String>,
    /// Kind, and the best command of it: `line`, or `folder: line`.
    first: Vec<(String, String)>,
    /// Commands that must be known, too.
    commands: Vec<(String, String)>,
    /// What no command may have in it.
    never: Vec<String>,
}

fn value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Array(items) => items
            .iter()
            .map(|item| self::value(item.get_ref()))
            .collect(),
        DeValue::Table(entries) => table(entries),
        other => panic!("{other:?} is no text, list or table"),
    }
}

fn table(entries: &DeTable<'_>) -> Value {
    let entries = entries.iter();
    let entries = entries.map(|(key, item)| (key.get_ref().to_string(), value(item.get_ref())));
    Value::Object(entries.collect())
}

fn wanted() -> Wanted {
    let parsed = DeTable::parse(include_str!("wanted.toml")).expect("TOML");
    serde_json::from_value(table(parsed.get_ref())).expect("the form of `Wanted`")
}

fn kind(words: &str) -> CommandKind {
    let mut all = CommandKind::ALL.into_iter();
    all.find(|kind| kind.words() == words)
        .expect("a kind of command")
}

impl Repository {
    /// What is not as it should be.
    fn differences(&self, facts: &Facts) -> Vec<String> {
        let mut found = Vec::new();
        let large = facts
            .languages
            .iter()
            .filter(|language| language.percent >= 10);
        let languages: Vec<&str> = large.map(|language| language.name.as_str()).collect();
        let manifests: Vec<&str> = facts.manifests.iter().map(|it| it.path.as_str()).collect();
        let members: Vec<&str> = facts.members.iter().map(|it| it.path.as_str()).collect();
        let managers: Vec<&str> = facts
            .package_managers
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        for (what, is, wanted) in [
            ("languages", languages, &self.languages),
            ("manifests", manifests, &self.manifests),
            ("members", members, &self.members),
            ("package managers", managers, &self.managers),
        ] {
            if is != *wanted {
                found.push(format!("{what}: {is:?}, not {wanted:?}"));
            }
        }
        let licence = facts.licence.as_ref().map_or("", |it| it.name.as_str());
        if licence != self.licence {
            found.push(format!("licence: {licence}, not {}", self.licence));
        }
        let has = |name: &String| facts.frameworks.iter().any(|it| it.name == *name);
        found.extend(
            self.frameworks
                .iter()
                .filter(|name| !has(name))
                .map(|name| format!("no {name}")),
        );
        found.extend(
            self.no_frameworks
                .iter()
                .filter(|name| has(name))
                .map(|name| format!("{name}, which it is itself")),
        );
        for (words, line) in &self.first {
            let all = lines(facts, kind(words));
            if all.first() != Some(line) {
                found.push(format!("{words}: {all:?}, not first {line:?}"));
            }
        }
        for (words, line) in &self.commands {
            let all = lines(facts, kind(words));
            if !all.contains(line) {
                found.push(format!("{words}: {all:?} without {line:?}"));
            }
        }
        for command in &facts.commands {
            let is_bad = |word: &&String| command.line.contains(word.as_str());
            found.extend(
                self.never
                    .iter()
                    .filter(is_bad)
                    .map(|word| format!("`{}` has {word}", command.line)),
            );
        }
        found
    }
}

#[test]
fn the_facts_of_real_repositories_are_those_that_people_see() {
    let wanted = wanted();
    assert_eq!(wanted.repository.len(), 10);
    let Some(folder) = std::env::var_os("OLLACODE_TEST_REPOSITORIES").map(PathBuf::from) else {
        return;
    };
    let mut differences = Vec::new();
    for repository in &wanted.repository {
        let root = folder.join(&repository.name);
        assert!(
            root.is_dir(),
            "{} at {} is not in {}",
            repository.address,
            repository.commit,
            folder.display()
        );
        let found = repository.differences(&facts_of(&root));
        differences.extend(
            found
                .into_iter()
                .map(|line| format!("{}: {line}", repository.name)),
        );
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
