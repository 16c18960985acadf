//! Each task's hidden tests fail on the project as it is, and pass on a right solution.
//!
//! Scripts run as they are, without a model and without the sandbox, with whatever compilers and
//! interpreters are installed. Languages without are left out, and that is said.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use ollacode::benchmark::suite::folders::lay_out;
use ollacode::benchmark::suite::task::{Language, Task, tasks};

use crate::support::Output;
use crate::support::environment::Running;

/// Tasks of each language.
const TASKS: usize = 5;

/// Runs a script in a folder.
fn run(script: &str, folder: &Path) -> Output {
    let mut command = Command::new("sh");
    let script = format!("exec 2>&1\n{script}");
    command.args(["-c", &script]).current_dir(folder);
    command.env_remove("RUST_BACKTRACE");
    Running::start(command, None).finish()
}

fn source(task: &Task) -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/suite");
    suite.join(task.to_string())
}

/// Copies the files below a folder over those of another one.
fn lay_over(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            lay_over(&path, &target);
        } else {
            fs::copy(path, target).expect("a file");
        }
    }
}

/// What the tests of a task say of its project, or of the solution.
fn judged(task: &Task, is_solved: bool) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(folder.path(), &task.files).expect("the project");
    if is_solved {
        lay_over(&source(task).join("solution"), folder.path());
    }
    lay_out(&folder.path().join("oracle"), &task.tests).expect("the tests");
    run(&task.oracle, folder.path())
}

#[track_caller]
fn check(language: Language) {
    let here = tempfile::tempdir().expect("a folder");
    let probe = run(language.probe(), here.path());
    if probe.code != Some(0) {
        let (title, probe) = (language.title(), language.probe());
        // Also shown if the test succeeds.
        let note = format!("left out: {TASKS} tasks in {title}, since `{probe}` does not succeed");
        let _ = writeln!(std::io::stderr(), "{note}");
        return;
    }
    let all = tasks().expect("the tasks");
    let mut checked = 0;
    for task in all.iter().filter(|task| task.language == language) {
        let before = judged(task, false);
        let code = before.code;
        assert!(
            code.is_some_and(|code| code != 0),
            "{task}: the tests do not fail on the project: {before:#?}"
        );
        assert!(!before.stdout.is_empty(), "{task}: the tests say nothing");
        let after = judged(task, true);
        assert_eq!(
            after.code,
            Some(0),
            "{task}: the solution fails: {after:#?}"
        );
        checked += 1;
    }
    assert_eq!(checked, TASKS, "{}", language.title());
}

#[test]
fn tasks_in_rust_are_judged() {
    check(Language::Rust);
}

#[test]
fn tasks_in_python_are_judged() {
    check(Language::Python);
}

#[test]
fn tasks_in_javascript_are_judged() {
    check(Language::JavaScript);
}

#[test]
fn tasks_in_go_are_judged() {
    check(Language::Go);
}

#[test]
fn tasks_in_java_are_judged() {
    check(Language::Java);
}

#[test]
fn tasks_in_c_are_judged() {
    check(Language::C);
}

#[test]
fn every_folder_of_the_suite_is_in_the_program() {
    let known: Vec<PathBuf> = tasks().expect("the tasks").iter().map(source).collect();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/suite");
    let folders = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.is_dir()).collect()
    };
    for language in folders(&suite) {
        for task in folders(&language) {
            assert!(known.contains(&task), "{} is not in it", task.display());
            let parts: Vec<PathBuf> = folders(&task);
            assert_eq!(parts.len(), 3, "files, oracle, solution: {parts:?}");
        }
    }
}
