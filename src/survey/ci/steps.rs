//! Azure Pipelines and others whose steps may stand anywhere, and Travis CI.

use super::super::files::resolve;
use super::super::yaml::Yaml;
use super::{CiFile, Script, is_aside, is_rare};

/// The greatest depth at which steps are looked for.
const DEEPEST: usize = 16;

/// A script that is longer, in bytes, is left as it is: variables could make it endless.
const LONGEST_SCRIPT: usize = 8_000;

/// Keys whose text is a script.
const SCRIPTS: &[&str] = &["script", "bash", "pwsh", "command", "commands"];

pub(super) fn read_nested(file: &mut CiFile<'_, '_>, settings: &Yaml) {
    let variables: Vec<&Yaml> = settings.get("variables").into_iter().collect();
    search(
        file,
        settings,
        &Place {
            job: "steps",
            is_aside: false,
            variables,
        },
        0,
    );
}

#[derive(Clone)]
struct Place<'y> {
    job: &'y str,
    is_aside: bool,
    variables: Vec<&'y Yaml>,
}

fn search<'y>(file: &mut CiFile<'_, '_>, node: &'y Yaml, place: &Place<'y>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    for item in node.items() {
        search(file, item, place, depth + 1);
    }
    if node.entries().is_empty() {
        return;
    }
    let mut here = place.clone();
    let name = ["job", "stage", "deployment", "label", "name"]
        .iter()
        .find_map(|key| node.text_at(key));
    if let Some(name) = name.filter(|_| depth > 0) {
        here.job = name;
        here.is_aside |= is_aside(name) || node.get("deployment").is_some();
    }
    let pool = node
        .get("pool")
        .and_then(|pool| pool.text_at("vmImage"))
        .unwrap_or_default();
    here.is_aside |= (pool.contains("windows") || pool.contains("macOS")) && !pool.contains("$");
    here.variables
        .extend(node.get("variables").filter(|_| depth > 0));
    take(file, node, &here);
    for (_, value) in node.entries() {
        search(file, value, &here, depth + 1);
    }
}

/// Takes the script of a step, if the node is one.
fn take(file: &mut CiFile<'_, '_>, step: &Yaml, place: &Place<'_>) {
    let script = SCRIPTS.iter().find_map(|key| {
        let texts = step.get(key)?.texts();
        (!texts.is_empty()).then(|| texts.join("\n"))
    });
    let condition = step.text_at("condition").or(step.text_at("if"));
    let Some(script) = script.filter(|_| !is_rare(condition.unwrap_or_default())) else {
        return;
    };
    let folder = step.text_at("workingDirectory").unwrap_or_default();
    let folder = folder
        .trim_start_matches("$(Build.SourcesDirectory)")
        .trim_start_matches("$(System.DefaultWorkingDirectory)")
        .trim_start_matches('/');
    if let Some(folder) = resolve("", folder).filter(|folder| file.files.has_folder(folder)) {
        let text = with_macros(&file.lines(&script), &place.variables);
        file.take(Script {
            job: place.job,
            folder,
            text,
            is_aside: place.is_aside,
        });
    }
}

/// A script in which `$(name)` is replaced; lines with others, which may be commands, are dropped.
fn with_macros(script: &[&str], variables: &[&Yaml]) -> String {
    let macros = named(variables).into_iter();
    let macros: Vec<(String, &str)> = macros
        .map(|(name, value)| (format!("$({name})"), value))
        .collect();
    let mut lines = Vec::new();
    for line in script.iter().filter(|line| line.len() < 4_000) {
        let mut line = (*line).to_owned();
        for (name, value) in &macros {
            line = line.replace(name, value);
            if line.len() >= 4_000 {
                break;
            }
        }
        if !line.contains("$(") && !line.contains("${{") && line.len() < 4_000 {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// The names and values of variables: a mapping, or a list of `name` and `value`.
fn named<'y>(variables: &[&'y Yaml]) -> Vec<(&'y str, &'y str)> {
    let mut found = Vec::new();
    for variables in variables {
        for (name, value) in variables.entries() {
            found.extend(value.text().map(|value| (name.as_str(), value)));
        }
        for item in variables.items() {
            found.extend(item.text_at("name").zip(item.text_at("value")));
        }
    }
    found.retain(|(name, value)| !name.is_empty() && value.len() < 200);
    found.truncate(100);
    found
}

/// A script in which `$NAME` and `${NAME}` are replaced.
pub(super) fn with_variables(script: &str, variables: &[&Yaml]) -> String {
    let mut found = script.to_owned();
    for (name, value) in named(variables) {
        if found.len() > LONGEST_SCRIPT {
            break;
        }
        found = found.replace(&format!("${{{name}}}"), value);
        let mut lines = Vec::new();
        for line in found.lines() {
            let words = line.split(' ').map(|word| {
                if word.strip_prefix('$') == Some(name) {
                    value
                } else {
                    word
                }
            });
            lines.push(words.collect::<Vec<_>>().join(" "));
        }
        found = lines.join("\n");
    }
    found
}

pub(super) fn read_travis(file: &mut CiFile<'_, '_>, settings: &Yaml) {
    let script = settings.get("script").map(Yaml::texts).unwrap_or_default();
    file.take(Script {
        job: "script",
        folder: String::new(),
        text: script.join("\n"),
        is_aside: false,
    });
}
