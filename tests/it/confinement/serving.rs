//! Children that stay are held back like commands.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ollacode::permission::Confinement;
use ollacode::sandbox::confine::{self, SandboxPolicy};
use ollacode::sandbox::{CommandAccess, CommandEnvironment, Exit, Sandbox};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::is_full;

#[tokio::test]
async fn a_child_that_stays_writes_nothing_outside() {
    if !is_full("a_child_that_stays_writes_nothing_outside") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let top = folder.path().canonicalize().expect("its path");
    let root = top.join("workspace");
    fs::create_dir(&root).expect("a folder");
    fs::create_dir(top.join("ours")).expect("a folder");
    fs::write(top.join("outside"), "as it was\n").expect("a file");
    let base = CommandEnvironment::from_variables([], None, &root);
    let mut bounds = SandboxPolicy::new(&root, &top.join("ours"));
    bounds.readable = confine::readable(None, base.variables());
    let sandbox = Sandbox::confined(bounds, Confinement::Full, base)
        .with_helper(PathBuf::from(env!("CARGO_BIN_EXE_ollacode")));
    let outside = top.join("outside");
    let new = top.join("new");
    let command = format!(
        "echo inside > file; (echo evil > {}; echo evil > {}) 2> /dev/null; cat; exit 3",
        outside.display(),
        new.display()
    );
    let served = sandbox.serve(&command, &CommandAccess::default(), 1_000);
    let mut served = served.expect("it starts");
    let mut input = served.input.take().expect("its input");
    let mut lines = BufReader::new(served.output.take().expect("its output")).lines();
    input
        .write_all(b"are you there?\n")
        .await
        .expect("it takes input");
    let answer = lines.next_line().await.expect("it can be read");
    assert_eq!(answer.as_deref(), Some("are you there?"));
    drop(input);
    let end = served.stop(Duration::from_secs(60)).await;
    let end = end.expect("it was confined");
    assert_eq!(end.exit, Exit::Code(3), "{end:?}");
    let read = |path| fs::read_to_string(path).expect("a file");
    assert_eq!(read(root.join("file")), "inside\n");
    assert_eq!(read(outside), "as it was\n");
    assert!(!new.exists());
}
