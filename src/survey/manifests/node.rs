//! `package.json` and what is beside it: workspaces, scripts, lock files; `deno.json`.

use serde_json::Value;

use super::super::draft::{Draft, ManifestFile, line_of, node_ecosystem};
use super::super::facts::CommandKind::{Format, FormatCheck, Lint, OneTest, Test, TypeCheck};
use super::super::facts::Ecosystem::{Deno, Npm};
use super::super::files::{join, resolve, split};
use super::super::leaving;
use super::super::tasks::{Runner, TaskBody};
use super::super::yaml::Yaml;
use super::{expand, keys, node_tests, parsed_json, texts};

/// Most scripts of a manifest.
const MOST_SCRIPTS: usize = 300;
/// What `npm init` writes where there are no tests.
const NO_TEST: &str = "no test specified";

/// The scripts of a manifest, without the one that only says that there are no tests.
pub(super) fn scripts_of(manifest: &Value) -> Vec<(&str, &str)> {
    let scripts = manifest["scripts"].as_object().into_iter().flatten();
    let texts = scripts.filter_map(|(name, script)| Some((name.as_str(), script.as_str()?)));
    texts
        .filter(|(_, script)| !script.contains(NO_TEST) && !script.trim().is_empty())
        .collect()
}

pub(super) fn read(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_json(draft, file) else {
        return;
    };
    if let Some(name) = manifest["packageManager"].as_str() {
        let name = name.split('@').next().unwrap_or_default();
        draft
            .named_managers
            .insert(file.folder.to_owned(), name.to_owned());
    }
    let workspaces = match &manifest["workspaces"] {
        Value::Object(table) => table.get("packages").map(texts).unwrap_or_default(),
        other => texts(other),
    };
    add_members(draft, file.folder, &workspaces);
    for section in [
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
    ] {
        for name in keys(&manifest[section]) {
            draft.depends(Npm, &name, file.path);
        }
    }
    if let Some(name) = manifest["name"].as_str() {
        draft.own.insert(name.to_owned());
    }
    if file.folder.is_empty() {
        draft.licence(manifest["license"].as_str().unwrap_or_default(), file.path);
        draft.toolchain(
            "Node.js",
            manifest["engines"]["node"].as_str().unwrap_or_default(),
            file.path,
        );
        if let Some(named) = manifest["packageManager"].as_str() {
            draft.toolchain("package manager", named, file.path);
        }
    }
    entry_points(draft, file, &manifest);
    scripts(draft, file, &manifest);
    // What CI uses is known by now; which manager a folder has is asked for when tasks are told.
    set_up(draft, file, &manifest);
}

fn scripts(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value) {
    let begin = line_of(file.text, "\"scripts\"").unwrap_or(1);
    for (name, script) in scripts_of(manifest).into_iter().take(MOST_SCRIPTS) {
        let after = file.text.lines().skip(begin as usize);
        let sign = format!("\"{name}\"");
        let at = after
            .take(500)
            .position(|line| line.trim_start().starts_with(&sign));
        let line = at
            .and_then(|at| u32::try_from(at).ok())
            .map(|at| begin + 1 + at);
        let body = TaskBody {
            script: script.to_owned(),
            path: file.path.to_owned(),
            line,
            what: format!("scripts.{name}"),
            is_hidden: false,
        };
        draft.task(Runner::Script, file.folder, name, body);
    }
}

/// Commands of tools that are depended on or have settings.
fn set_up(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value) {
    let manager = draft.node_manager(file.folder);
    let ecosystem = node_ecosystem(manager);
    let exec = match manager {
        "pnpm" => "pnpm exec",
        "yarn" => "yarn",
        "bun" => "bunx",
        _ => "npx",
    };
    let depends_on = |name: &str| {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|section| manifest[*section].get(name).is_some())
    };
    for (package, kind, arguments) in [
        ("eslint", Lint, "eslint ."),
        ("oxlint", Lint, "oxlint"),
        ("@biomejs/biome", Lint, "biome lint ."),
        ("@biomejs/biome", FormatCheck, "biome format ."),
        ("@biomejs/biome", Format, "biome format --write ."),
        ("prettier", FormatCheck, "prettier --check ."),
        ("prettier", Format, "prettier --write ."),
    ] {
        if depends_on(package) {
            draft.set_up(
                file,
                kind,
                ecosystem,
                &format!("{exec} {arguments}"),
                package,
            );
        }
    }
    if depends_on("typescript") && draft.files.has(&join(file.folder, "tsconfig.json")) {
        draft.set_up(
            file,
            TypeCheck,
            ecosystem,
            &format!("{exec} tsc --noEmit"),
            "typescript",
        );
    }
    let leaves = scripts_of(manifest).into_iter().any(|(name, script)| {
        matches!(name, "pretest" | "test" | "posttest") && leaving::leaves(script)
    });
    let one_test = node_tests::one_test(manifest, manager, exec);
    if let Some(line) = one_test.filter(|_| !leaves) {
        draft.set_up(file, OneTest, ecosystem, &line, "scripts");
    }
    if manager == "bun" && scripts_of(manifest).iter().all(|(name, _)| *name != "test") {
        let is_test = |name: &str| name.contains(".test.") || name.contains("_test.");
        if draft.files.all().any(|(path, _)| is_test(split(path).1)) {
            draft.usual(file, Test, ecosystem, "bun test");
        }
    }
}

fn entry_points(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value) {
    let name = manifest["name"]
        .as_str()
        .unwrap_or_else(|| split(file.folder).1);
    let programs: Vec<(String, String)> = match &manifest["bin"] {
        Value::String(path) => vec![(name.to_owned(), path.clone())],
        Value::Object(table) => table
            .iter()
            .filter_map(|(name, path)| Some((name.clone(), path.as_str()?.to_owned())))
            .collect(),
        _ => Vec::new(),
    };
    let mut found: Vec<(String, String)> = programs
        .into_iter()
        .map(|(name, path)| (path, format!("program {name}")))
        .collect();
    let main = manifest["main"].as_str();
    // What npm takes where nothing is named.
    let main = main.or_else(|| {
        draft
            .files
            .has(&join(file.folder, "index.js"))
            .then_some("index.js")
    });
    found.extend(main.map(|path| (path.to_owned(), format!("library {name}"))));
    for (path, what) in found {
        let path = resolve(file.folder, &path);
        // What is built is not there yet.
        if let Some(path) = path.filter(|path| draft.files.has(path)) {
            draft.entry_point(&path, &what);
        }
    }
}

fn add_members(draft: &mut Draft<'_, '_>, folder: &str, patterns: &[String]) {
    for member in expand(draft, folder, patterns) {
        let manifest = join(&member, "package.json");
        if !draft.files.has(&manifest) {
            continue;
        }
        let text = draft.files.read(&manifest);
        let parsed = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let name = parsed.as_ref().and_then(|value| value["name"].as_str());
        draft.member(&member, name.unwrap_or_default(), "package.json");
    }
}

pub(super) fn read_pnpm_workspace(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    match Yaml::parse(file.text) {
        Ok(yaml) => {
            let packages = yaml.get("packages").map(Yaml::texts).unwrap_or_default();
            let packages: Vec<String> = packages.into_iter().map(str::to_owned).collect();
            add_members(draft, file.folder, &packages);
        }
        Err(error) => draft.files.unread(file.path, &format!("no YAML: {error}")),
    }
}

pub(super) fn read_lerna(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    if let Some(manifest) = parsed_json(draft, file) {
        add_members(draft, file.folder, &texts(&manifest["packages"]));
    }
}

pub(super) fn read_deno(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_json(draft, file) else {
        return;
    };
    let members = texts(&manifest["workspace"]);
    for member in expand(draft, file.folder, &members) {
        draft.member(&member, "", "deno.json");
    }
    for (_, specifier) in manifest["imports"].as_object().into_iter().flatten() {
        let specifier = specifier.as_str().unwrap_or_default();
        if let Some(name) = specifier.strip_prefix("npm:") {
            let version = name.rfind('@').filter(|at| *at > 0).unwrap_or(name.len());
            draft.depends(Npm, &name[..version], file.path);
        }
    }
    for (name, task) in manifest["tasks"].as_object().into_iter().flatten() {
        let script = task
            .as_str()
            .or_else(|| task["command"].as_str())
            .unwrap_or_default();
        let body = TaskBody {
            script: script.to_owned(),
            path: file.path.to_owned(),
            line: line_of(file.text, &format!("\"{name}\"")),
            what: format!("tasks.{name}"),
            is_hidden: false,
        };
        draft.task(Runner::Deno, file.folder, name, body);
    }
    for (kind, line) in [
        (Test, "deno test"),
        (OneTest, "deno test {file} --filter {name}"),
        (Lint, "deno lint"),
        (FormatCheck, "deno fmt --check"),
        (Format, "deno fmt"),
        (TypeCheck, "deno check ."),
    ] {
        draft.usual(file, kind, Deno, line);
    }
}
