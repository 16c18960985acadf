//! Lists the tasks of `benchmarks/suite`, which are part of the program, and notes what `--version
//! --verbose` says about the build.
//!
//! It also makes cargo download the `protoc` that LanceDB's build needs, before anything is
//! compiled. See `.cargo/protoc`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SUITE: &str = "benchmarks/suite";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SUITE}");
    let folder = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let table = table(&folder("CARGO_MANIFEST_DIR").join(SUITE));
    let file = folder("OUT_DIR").join("suite_tasks.rs");
    fs::write(file, table).expect("the table of tasks can be written");
    note_build(&folder("CARGO_MANIFEST_DIR"), &folder("OUT_DIR"));
}

/// Passes on to the program: commit, target, profile, and as what it is built to be installed.
fn note_build(root: &Path, out: &Path) {
    let target = env::var("TARGET").ok();
    let profile = profile(out).map(|name| if name == "debug" { "dev" } else { name });
    let commit = match profile {
        // Each commit would compile the program again.
        Some("dev") => None,
        _ => published_commit(root).or_else(|| commit(root)),
    };
    println!("cargo::rerun-if-env-changed=OLLACODE_BUILD_PACKAGE");
    let package = env::var("OLLACODE_BUILD_PACKAGE").ok();
    for (name, value) in [
        ("COMMIT", commit.as_deref()),
        ("TARGET", target.as_deref()),
        ("PROFILE", profile),
        ("PACKAGE", package.as_deref()),
    ] {
        let value = value.unwrap_or("unknown");
        println!("cargo::rustc-env=OLLACODE_BUILT_{name}={value}");
    }
}

/// The folder of the profile in `target/[TARGET/]PROFILE/build/…`.
fn profile(out: &Path) -> Option<&str> {
    let parts: Vec<_> = out.iter().filter_map(|part| part.to_str()).collect();
    let build = parts.iter().rposition(|part| *part == "build")?;
    parts.get(build.checked_sub(1)?).copied()
}

/// The commit that cargo noted when it made the package, in a package from the registry.
fn published_commit(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = text.split_once("\"sha1\"")?;
    after.split('"').nth(1).map(str::to_owned)
}

/// The commit that is checked out here, if this is a clone; with `-modified` if files were changed.
fn commit(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(root)
            .args(arguments)
            .output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    // Sources unpacked in a clone of something else have no commit.
    let top = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    if top.canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    for file in ["HEAD", "logs/HEAD"] {
        let file = root.join(git(&["rev-parse", "--git-path", file])?);
        if file.exists() {
            println!("cargo::rerun-if-changed={}", file.display());
        }
    }
    git(&[
        "describe",
        "--always",
        "--abbrev=12",
        "--dirty=-modified",
        "--exclude=*",
    ])
}

/// An expression: a slice of `EmbeddedTask`. Solutions are left out.
fn table(suite: &Path) -> String {
    let mut table = "&[\n".to_owned();
    for language in folders(suite) {
        for name in folders(&suite.join(&language)) {
            let task = format!("{language}/{name}");
            let [files, tests] = ["files", "oracle"].map(|part| texts(suite, &task, part));
            table.push_str(&format!(
                "EmbeddedTask {{ language: {language:?}, name: {name:?}, manifest: {}, \
                 files: &[{files}], tests: &[{tests}] }},\n",
                included(&format!("{task}/task.toml"))
            ));
        }
    }
    table.push_str("]\n");
    table
}

/// The files of a part of a task: pairs of a path and a text.
fn texts(suite: &Path, task: &str, part: &str) -> String {
    let top = suite.join(task).join(part);
    let mut pending = vec![top.clone()];
    let mut paths = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of a task") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let below = path.strip_prefix(&top).expect("a path below");
                paths.push(below.to_str().expect("a plain name").replace('\\', "/"));
            }
        }
    }
    paths.sort();
    let pairs = paths.iter().map(|path| {
        let text = included(&format!("{task}/{part}/{path}"));
        format!("({path:?}, {text}), ")
    });
    pairs.collect()
}

fn included(path: &str) -> String {
    format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{SUITE}/{path}\"))")
}

/// The names of the folders in a folder, sorted.
fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of tasks");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    names
}
