//! The level `landlock`, which systems without user namespaces reach: the same names are judged.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ollacode::permission::Confinement;
use ollacode::sandbox::confine::{self, ConfinementReport, SandboxPolicy};

/// Runs a script in a workspace by the helper of the real program.
fn run(bounds: &SandboxPolicy, script: &str) -> (Output, ConfinementReport) {
    let arguments = ["-c", script].map(OsString::from);
    let prepared = confine::prepare(bounds, Confinement::Landlock, "/bin/bash", &arguments);
    let prepared = prepared.expect("it can be prepared");
    let numbers = prepared.inherited_numbers();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ollacode"));
    command
        .args(&prepared.arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(prepared.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&bounds.root)
        .stdin(Stdio::null());
    // SAFETY: between fork and exec, `keep` only makes system calls.
    unsafe {
        command.pre_exec(move || confine::keep(&numbers));
    }
    let output = command.output().expect("the helper starts");
    drop(prepared.inherited);
    let helper = prepared.helper.expect("there is a helper");
    (output, helper.report())
}

#[test]
fn names_are_judged_without_namespaces_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().canonicalize().expect("its path");
    let root = top.join("workspace");
    fs::create_dir_all(root.join(".git/hooks")).expect("folders");
    fs::write(root.join(".git/config"), "good\n").expect("a file");
    fs::create_dir(top.join("ours")).expect("a folder");
    fs::write(top.join("outside"), "outside\n").expect("a file");
    let mut bounds = SandboxPolicy::new(&root, &top.join("ours"));
    bounds.cache = top.join("ours/cache");
    bounds.readable = ["/usr", "/bin", "/lib", "/lib64", "/etc"]
        .map(Into::into)
        .to_vec();
    let script = "mkdir -p a/b; echo one > a/b/file; cat a/b/file; mv a/b a/c; ln -s c a/l; echo two >> a/l/file; cat a/c/file; \
        echo three > $TMPDIR/t; mv $TMPDIR/t t; cat t; \
        mkdir n; echo evil > n/.envrc; mkdir n/.vscode; echo evil >> .git/config; echo evil > .git/hooks/x; \
        mv .git/hooks h; mkdir e; mv e n/.idea; \
        echo evil > ../outside; echo evil > ../new; ln ../outside inside; ln -s ../outside s; echo evil > s; mv ../outside taken; \
        sleep 60 & exit 3";
    let (output, report) = run(&bounds, script);
    if report.failed.is_some() {
        super::say(&format!(
            "the level `landlock` could not be tried: {report:?}"
        ));
        return;
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed, "one\none\ntwo\nthree\n", "{output:?} {report:?}");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(report.left_running, 1);
    let read = |path: &str| fs::read_to_string(top.join(path)).unwrap_or_default();
    assert_eq!(read("outside"), "outside\n");
    assert_eq!(read("workspace/.git/config"), "good\n");
    for path in [
        "new",
        "workspace/n/.envrc",
        "workspace/n/.vscode",
        "workspace/n/.idea",
        "workspace/.git/hooks/x",
        "workspace/inside",
        "workspace/taken",
    ] {
        assert!(!Path::new(&top.join(path)).exists(), "{path}");
    }
    let refused: Vec<&str> = report.refused.iter().map(|one| one.path.as_str()).collect();
    for path in [
        "n/.envrc",
        "n/.vscode",
        ".git/config",
        ".git/hooks/x",
        "n/.idea",
    ] {
        assert!(refused.contains(&path), "{path} in {refused:?}");
    }
}
