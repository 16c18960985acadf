//! Readers of manifests, a file for each family of ecosystems.

mod cargo;
mod dotnet;
mod go;
mod jvm;
mod native;
mod node;
mod node_tests;
mod others;
mod python;
mod python_tools;
mod ruby;
mod runners;
mod xml;

use std::collections::BTreeSet;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::draft::{Draft, ManifestFile};
use super::facts::Ecosystem;
use super::files::split;
use super::tables::{self, Marker};

pub(super) use python::python_runner;

/// Most manifests that are looked at.
const MOST: usize = 250;
/// The greatest depth of a manifest that no workspace names.
const DEEPEST: usize = 6;

type Reader = fn(&mut Draft<'_, '_>, ManifestFile<'_>);

/// Who reads a manifest; the others are only named.
fn reader_of(name: &str, ecosystem: Ecosystem) -> Option<Reader> {
    let reader: Reader = match (ecosystem, name) {
        (Ecosystem::Cargo, _) => cargo::read,
        (Ecosystem::Go, "go.work") => go::read_workspace,
        (Ecosystem::Go, _) => go::read,
        (Ecosystem::Npm, "package.json") => node::read,
        (Ecosystem::Npm, "lerna.json") => node::read_lerna,
        (Ecosystem::Pnpm, _) => node::read_pnpm_workspace,
        (Ecosystem::Deno, _) => node::read_deno,
        (Ecosystem::Python, "pyproject.toml") => python::read_pyproject,
        (Ecosystem::Python, "setup.cfg") => python_tools::read_setup_cfg,
        (Ecosystem::Python, "setup.py") => python::read_setup_py,
        (Ecosystem::Python, "tox.ini") => python_tools::read_tox,
        (Ecosystem::Python, "noxfile.py") => python_tools::read_nox,
        (Ecosystem::Python, "pytest.ini") => python_tools::read_pytest_ini,
        (Ecosystem::Python, "hatch.toml") => python_tools::read_hatch,
        (Ecosystem::Python, "Pipfile") => python::read_pipfile,
        (Ecosystem::Python, "requirements*.txt") => python::read_requirements,
        (Ecosystem::Python, "manage.py") => python::read_manage,
        (Ecosystem::Maven, _) => jvm::read_pom,
        (Ecosystem::Gradle, "settings.gradle" | "settings.gradle.kts") => jvm::read_settings,
        (Ecosystem::Gradle, _) => jvm::read_gradle,
        (Ecosystem::Sbt, _) => jvm::read_sbt,
        (Ecosystem::Dotnet, "*.sln" | "*.slnx") => dotnet::read_solution,
        (Ecosystem::Dotnet, _) => dotnet::read_project,
        (Ecosystem::Bundler, "Rakefile") => ruby::read_rakefile,
        (Ecosystem::Bundler, "Gemfile") => ruby::read_gemfile,
        (Ecosystem::Bundler, _) => ruby::read_gemspec,
        (Ecosystem::Mix, _) => others::read_mix,
        (Ecosystem::Swift, _) => native::read_swift,
        (Ecosystem::CMake, "CMakeLists.txt") => native::read_cmake,
        (Ecosystem::Meson, _) => native::read_meson,
        (Ecosystem::Zig, "build.zig") => native::read_zig,
        (Ecosystem::Composer, _) => others::read_composer,
        (Ecosystem::Dart, _) => others::read_pubspec,
        (Ecosystem::Stack, _) => others::read_stack,
        (Ecosystem::Cabal, _) => others::read_cabal,
        (Ecosystem::Dune, _) => others::read_dune,
        (Ecosystem::Make, _) => runners::read_makefile,
        (Ecosystem::Just, _) => runners::read_justfile,
        (Ecosystem::Task, _) => runners::read_taskfile,
        _ => return None,
    };
    Some(reader)
}

/// Reads the manifests of a project, those of its workspaces' members after the others. Manifests
/// in folders of examples, tests and documents are left out, unless there are no others.
pub(super) fn read_all(draft: &mut Draft<'_, '_>) {
    let files = draft.files;
    let mut all: Vec<(&str, &Marker)> = files
        .all()
        .filter_map(|(path, _)| Some((path, tables::marker_of(path)?)))
        .filter(|(path, _)| path.matches('/').count() <= DEEPEST)
        .collect();
    if all.iter().any(|(path, _)| !tables::is_aside(path)) {
        all.retain(|(path, _)| !tables::is_aside(path));
    }
    all.sort_by_key(|(path, _)| (path.matches('/').count(), *path));
    if all.len() > MOST {
        let reason = format!("and {} more manifests, left out", all.len() - MOST);
        files.unread(all[MOST].0, &reason);
        all.truncate(MOST);
    }
    // All are known before one is read, since what is usual depends on what is beside it.
    for (path, marker) in &all {
        draft.manifests.insert((*path).to_owned(), marker.ecosystem);
    }
    let mut read = BTreeSet::new();
    for (path, _) in all {
        read_one(draft, path, &mut read);
    }
    while let Some(path) = draft.pending.pop() {
        if read.len() >= 2 * MOST {
            draft
                .files
                .unread(&path, "too many members: this one was left out");
            break;
        }
        read_one(draft, &path, &mut read);
    }
}

fn read_one(draft: &mut Draft<'_, '_>, path: &str, read: &mut BTreeSet<String>) {
    let Some(marker) = tables::marker_of(path).filter(|_| draft.files.has(path)) else {
        return;
    };
    if !read.insert(path.to_owned()) {
        return;
    }
    draft.manifests.insert(path.to_owned(), marker.ecosystem);
    let Some(reader) = reader_of(marker.name, marker.ecosystem) else {
        return;
    };
    if let Some(text) = draft.files.read(path) {
        let folder = split(path).0;
        let text = &*text;
        reader(draft, ManifestFile { path, folder, text });
    }
}

/// The folders that patterns of a workspace name: `crates/*`, `packages/**`, `!old`.
fn expand(draft: &Draft<'_, '_>, folder: &str, patterns: &[String]) -> Vec<String> {
    const MOST_MEMBERS: usize = 200;
    let (mut found, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for pattern in patterns.iter().take(MOST_MEMBERS) {
        let (pattern, into) = match pattern.strip_prefix('!') {
            Some(rest) => (rest, &mut left_out),
            None => (pattern.as_str(), &mut found),
        };
        let Some(pattern) = super::files::resolve(folder, pattern) else {
            continue;
        };
        let mut folders = vec![String::new()];
        for part in pattern.split('/') {
            let mut next = Vec::new();
            for folder in &folders {
                if !part.contains('*') {
                    next.push(super::files::join(folder, part));
                    continue;
                }
                let fits = |below: &&str| {
                    part == "**" || tables::fits(part, split(below).1) || part == "*"
                };
                next.extend(
                    draft
                        .files
                        .folders_in(folder)
                        .filter(fits)
                        .map(str::to_owned),
                );
            }
            next.truncate(2 * MOST_MEMBERS);
            folders = next;
        }
        into.extend(folders);
    }
    let is_in = |path: &&String| !left_out.contains(*path) && draft.files.has_folder(path);
    found
        .iter()
        .filter(is_in)
        .take(MOST_MEMBERS)
        .cloned()
        .collect()
}

/// The texts of a list.
fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The keys of a table.
fn keys(value: &Value) -> Vec<String> {
    let table = value.as_object().into_iter().flatten();
    table.map(|(key, _)| key.clone()).collect()
}

/// Parses a manifest as TOML; what is wrong with it is noted.
fn parsed_toml(draft: &Draft<'_, '_>, file: ManifestFile<'_>) -> Option<Value> {
    match toml_value(file.text) {
        Ok(value) => Some(value),
        Err(error) => {
            draft.files.unread(file.path, &format!("no TOML: {error}"));
            None
        }
    }
}

/// A text of TOML as a value of JSON. Numbers and dates, which nobody asks for, are null.
fn toml_value(text: &str) -> Result<Value, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    Ok(of_table(table.get_ref()))
}

fn of_table(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| {
        let key = key.get_ref().as_ref().to_owned();
        (key, of_value(value.get_ref()))
    });
    Value::Object(entries.collect())
}

fn of_value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.as_ref().to_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Array(items) => {
            Value::Array(items.iter().map(|item| of_value(item.get_ref())).collect())
        }
        DeValue::Table(table) => of_table(table),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => Value::Null,
    }
}

/// Parses a manifest as JSON, in which comments may stand.
fn parsed_json(draft: &Draft<'_, '_>, file: ManifestFile<'_>) -> Option<Value> {
    let parsed = serde_json::from_str(file.text)
        .or_else(|error| serde_json::from_str(&without_comments(file.text)).map_err(|_| error));
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            draft.files.unread(file.path, &format!("no JSON: {error}"));
            None
        }
    }
}

/// JSON without comments and without commas before closing brackets.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    let mut in_text = false;
    while let Some(sign) = signs.next() {
        match sign {
            '\\' if in_text => {
                kept.push(sign);
                kept.extend(signs.next());
                continue;
            }
            '"' => in_text = !in_text,
            '/' if !in_text && signs.peek() == Some(&'/') => {
                while signs.next_if(|sign| *sign != '\n').is_some() {}
                continue;
            }
            '/' if !in_text && signs.peek() == Some(&'*') => {
                let mut before = ' ';
                signs.next();
                for sign in signs.by_ref() {
                    if before == '*' && sign == '/' {
                        break;
                    }
                    before = sign;
                }
                continue;
            }
            ']' | '}' if !in_text => {
                let end = kept.trim_end().len();
                if kept[..end].ends_with(',') {
                    kept.truncate(end - 1);
                }
            }
            _ => {}
        }
        kept.push(sign);
    }
    kept
}

/// What stands in quotes in a text: `'a'` and `"b"`.
fn quoted(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let inside = &rest[at + 1..];
        let Some(end) = inside.find(quote) else {
            break;
        };
        found.push(&inside[..end]);
        rest = &inside[end + 1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_are_left_out_of_json() {
        let text = "{ // a\n \"b\": \"//c\", /* d */ \"e\": [1, 2,],\n}";
        let value: serde_json::Value = serde_json::from_str(&without_comments(text)).expect("JSON");
        assert_eq!(value, serde_json::json!({"b": "//c", "e": [1, 2]}));
    }

    #[test]
    fn what_is_quoted_is_found() {
        assert_eq!(quoted("gem 'rails', \"~> 7\""), ["rails", "~> 7"]);
        assert_eq!(quoted("it's"), Vec::<&str>::new());
    }
}
