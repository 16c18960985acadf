//! What a commit leaves out, and what it does without.

use super::*;

#[test]
fn what_is_behind_a_link_now_does_not_hold_up_the_rest() {
    let server = ChatServer::start(vec![
        make("made/a.txt", "a\n"),
        edit("other.txt", "one", "two"),
        Reply::text("Done."),
        message("count on"),
    ]);
    let environment = environment(&server);
    work(&environment, "Make some files.");
    fs::rename(
        environment.workspace().join("made"),
        environment.workspace().join("moved"),
    )
    .expect("it moves");
    std::os::unix::fs::symlink("moved", environment.workspace().join("made")).expect("a link");
    commit(&environment, 0);
    assert_eq!(log(&environment), ("count on".to_owned(), 2));
}

#[test]
fn without_ollama_the_files_are_named_and_the_session_keeps_its_model() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
    ]);
    let mut environment =
        environment(&server).with("OLLACODE_COMMIT_TRAILER", "Assisted-by: ollacode ({model})");
    work(&environment, "Make it eighty degrees.");
    environment.set("OLLAMA_HOST", "http://127.0.0.1:9");
    let told = commit(&environment, 0);
    let expected = "Change notes.txt\n\nAssisted-by: ollacode";
    assert_eq!(log(&environment), (expected.to_owned(), 2));
    let notice = said(&told, "notice");
    assert!(notice.contains("the model did not answer"), "{notice}");
    let journals = journals(&environment);
    assert!(!journals.contains("\"type\":\"model\""), "{journals}");
}

#[test]
fn a_new_secret_is_named_and_left_out() {
    let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let server = ChatServer::start(vec![
        make("config.txt", &format!("token = \"{key}\"\n")),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment = environment(&server);
    work(&environment, "Write down the token.");
    let told = commit(&environment, 0);
    let text = said(&told, "text");
    assert!(
        text.contains("not: config.txt: seems to hold a secret"),
        "{text}"
    );
    assert_eq!(status(&environment), "?? config.txt\n");
}

#[test]
fn what_cannot_be_committed_here_is_named() {
    let server = ChatServer::start(vec![
        make("sub/a.txt", "a\n"),
        make("ignored.log", "a\n"),
        make("big.bin", "a\n"),
        edit("other.txt", "one", "two"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    environment.write(".gitignore", "*.log\n");
    environment.write(".gitattributes", "*.bin filter=lfs\n");
    environment.git(&["init", "-q", "sub"]);
    environment.git(&["-C", "sub", "commit", "-q", "--allow-empty", "-m", "x"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "more"]);
    environment.git(&["update-index", "--assume-unchanged", "other.txt"]);
    work(&environment, "Make some files.");
    let told = commit(&environment, 0);
    let text = said(&told, "text");
    for part in [
        "sub/a.txt: belongs to the submodule `sub`",
        "ignored.log: is ignored by git",
        "big.bin: git stores it through the filter `lfs`, which is not set up here",
        "other.txt: git was told to assume it unchanged",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(log(&environment).1, 2);
}
