//! `Cargo.toml`.

use serde_json::Value;

use super::super::draft::{Draft, ManifestFile};
use super::super::facts::CommandKind::{
    Build, Format, FormatCheck, Lint, OneTest, Run, Test, TypeCheck,
};
use super::super::facts::Ecosystem::Cargo;
use super::super::files::{join, resolve};
use super::{expand, parsed_toml, texts, toml_value};

pub(super) fn read(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let Some(manifest) = parsed_toml(draft, file) else {
        return;
    };
    read_package(draft, file, &manifest);
    let workspace = &manifest["workspace"];
    if workspace.is_object() {
        let excluded = texts(&workspace["exclude"]);
        let mut patterns = texts(&workspace["members"]);
        patterns.extend(excluded.iter().map(|path| format!("!{path}")));
        for folder in expand(draft, file.folder, &patterns) {
            if draft.files.has(&join(&folder, "Cargo.toml")) {
                let name = name_of(draft, &folder);
                draft.member(&folder, &name, "Cargo.toml");
            }
        }
        depends(draft, file, workspace);
    }
    // Members are built from the root, by `-p`.
    let is_member = draft
        .members
        .iter()
        .any(|member| member.path == file.folder);
    if draft.is_top(Cargo, file.folder) && !is_member {
        let is_workspace = workspace["members"].is_array();
        usual(draft, file, is_workspace);
        let runs = file.folder.is_empty()
            && (draft.files.has("src/main.rs") || manifest["bin"].is_array());
        if runs {
            draft.usual(file, Run, Cargo, "cargo run");
        }
    }
}

fn usual(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, is_workspace: bool) {
    let (all, formatted) = if is_workspace {
        (" --workspace", " --all")
    } else {
        ("", "")
    };
    for (kind, line) in [
        (Build, format!("cargo build{all}")),
        (Test, format!("cargo test{all}")),
        (Lint, format!("cargo clippy{all} --all-targets")),
        (FormatCheck, format!("cargo fmt{formatted} --check")),
        (Format, format!("cargo fmt{formatted}")),
        (TypeCheck, format!("cargo check{all}")),
    ] {
        draft.usual(file, kind, Cargo, &line);
    }
    let one = if is_workspace {
        "cargo test -p {package} {name}"
    } else {
        "cargo test {name}"
    };
    draft.usual(file, OneTest, Cargo, one);
}

/// The name of the package in a folder.
fn name_of(draft: &Draft<'_, '_>, folder: &str) -> String {
    let text = draft.files.read(&join(folder, "Cargo.toml"));
    let manifest = text
        .and_then(|text| toml_value(&text).ok())
        .unwrap_or_default();
    manifest["package"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn read_package(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value) {
    depends(draft, file, manifest);
    for (_, target) in manifest["target"].as_object().into_iter().flatten() {
        depends(draft, file, target);
    }
    for package in [&manifest["package"], &manifest["workspace"]["package"]] {
        if !file.folder.is_empty() {
            break;
        }
        draft.toolchain(
            "Rust",
            package["rust-version"].as_str().unwrap_or_default(),
            file.path,
        );
        draft.licence(package["license"].as_str().unwrap_or_default(), file.path);
    }
    let Some(name) = manifest["package"]["name"].as_str() else {
        return;
    };
    draft.own.insert(name.to_owned());
    entry_points(draft, file, manifest, name);
}

fn entry_points(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, manifest: &Value, name: &str) {
    let bins = manifest["bin"].as_array();
    let mut has_main = false;
    for bin in bins.into_iter().flatten() {
        let bin_name = bin["name"].as_str().unwrap_or(name);
        let usual = format!("src/bin/{bin_name}.rs");
        let given = bin["path"].as_str().unwrap_or(&usual);
        let path = resolve(file.folder, given).filter(|path| draft.files.has(path));
        let main = join(file.folder, "src/main.rs");
        let path = path.unwrap_or_else(|| main.clone());
        has_main |= path == main;
        if draft.files.has(&path) {
            draft.entry_point(&path, &format!("program {bin_name}"));
        }
    }
    let main = join(file.folder, "src/main.rs");
    if draft.files.has(&main) && !has_main {
        draft.entry_point(&main, &format!("program {name}"));
    }
    let lib = manifest["lib"]["path"].as_str().unwrap_or("src/lib.rs");
    let lib = resolve(file.folder, lib).filter(|lib| draft.files.has(lib));
    if let Some(lib) = lib {
        draft.entry_point(&lib, &format!("library {name}"));
    }
    let folder = join(file.folder, "src/bin");
    let names: Vec<String> = draft.files.names_in(&folder).map(str::to_owned).collect();
    for program in names.iter().filter_map(|name| name.strip_suffix(".rs")) {
        draft.entry_point(
            &join(&folder, &format!("{program}.rs")),
            &format!("program {program}"),
        );
    }
}

fn depends(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, table: &Value) {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in table[section].as_object().into_iter().flatten() {
            let package = value["package"].as_str();
            draft.depends(Cargo, package.unwrap_or(name), file.path);
        }
    }
}
