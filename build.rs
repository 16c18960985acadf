//! Lists the tasks of `benchmarks/suite`, which are part of the program.
//!
//! It also makes cargo download the `protoc` that LanceDB's build needs, before anything is
//! compiled. See `.cargo/protoc`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const SUITE: &str = "benchmarks/suite";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SUITE}");
    let folder = |name| PathBuf::from(env::var_os(name).expect("cargo sets it"));
    let table = table(&folder("CARGO_MANIFEST_DIR").join(SUITE));
    let file = folder("OUT_DIR").join("suite_tasks.rs");
    fs::write(file, table).expect("the table of tasks can be written");
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
