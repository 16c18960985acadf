//! `go.mod` and `go.work`.

use super::super::draft::{Draft, ManifestFile, is_plain};
use super::super::facts::CommandKind::{Build, Format, FormatCheck, Lint, OneTest, Run, Test};
use super::super::facts::Ecosystem::Go;
use super::super::files::{join, resolve, split};

pub(super) fn read(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut module = "";
    for (section, line) in statements(file.text) {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else {
            continue;
        };
        match section {
            "module" => module = first,
            "go" if file.folder.is_empty() => draft.toolchain("Go", first, file.path),
            // What other modules need is no choice of the project.
            "require" if !line.contains("// indirect") => draft.depends(Go, first, file.path),
            _ => {}
        }
    }
    draft.own.insert(module.to_owned());
    let has_lint = [".golangci.yml", ".golangci.yaml", ".golangci.toml"]
        .iter()
        .any(|name| draft.files.has(&join(file.folder, name)));
    if has_lint {
        draft.set_up(file, Lint, Go, "golangci-lint run", "golangci");
    }
    for (kind, line) in [
        (Build, "go build ./..."),
        (Test, "go test ./..."),
        (OneTest, "go test ./{package} -run {name}"),
        (Lint, "go vet ./..."),
        (FormatCheck, "gofmt -l ."),
        (Format, "gofmt -w ."),
    ] {
        draft.usual(file, kind, Go, line);
    }
    programs(draft, file, module);
}

/// `main.go` at the root of the module, and below `cmd`.
fn programs(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, module: &str) {
    let is_version = |part: &str| part.len() < 4 && part.starts_with('v');
    let mut parts = module.rsplit('/');
    let name = parts.find(|part| !is_version(part)).unwrap_or("main");
    let main = join(file.folder, "main.go");
    if draft.files.has(&main) {
        draft.entry_point(&main, &format!("program {name}"));
        draft.usual(file, Run, Go, "go run .");
    }
    let folder = join(file.folder, "cmd");
    let commands: Vec<String> = draft.files.folders_in(&folder).map(str::to_owned).collect();
    for command in &commands {
        let main = join(command, "main.go");
        if draft.files.has(&main) {
            let name = split(command).1;
            draft.entry_point(&main, &format!("program {name}"));
            if commands.len() == 1 && is_plain(name) {
                draft.usual(file, Run, Go, &format!("go run ./cmd/{name}"));
            }
        }
    }
}

pub(super) fn read_workspace(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    for (section, line) in statements(file.text) {
        if section != "use" {
            continue;
        }
        let path = line.split_whitespace().next().unwrap_or_default();
        if let Some(folder) = resolve(file.folder, path.trim_matches('"')) {
            draft.member(&folder, "", "go.mod");
        }
    }
}

/// The statements, each with the word that it or its block begins with.
fn statements(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut block = None;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        if line == ")" {
            block = None;
        } else if let Some(section) = block {
            found.push((section, line));
        } else if let Some((section, rest)) = line.split_once(char::is_whitespace) {
            if rest.trim() == "(" {
                block = Some(section);
            } else {
                found.push((section, rest.trim()));
            }
        }
    }
    found
}
