//! `/related`.

use ollacode_indexer::RefreshOptions;

use super::*;

#[tokio::test]
async fn related_files_are_a_report() {
    let lab = Lab::new(Vec::new());
    let mut conversation = lab.conversation();
    let before = sentence(&mut conversation, "/related main.rs").await;
    assert!(before.contains("not indexed yet; /index"), "{before}");
    let work = lab.folder.path().join("work");
    fs::create_dir(work.join("tests")).expect("a folder");
    fs::write(work.join("tests/main.rs"), "fn run() {}\n").expect("a file");
    fs::write(work.join("main_loop.rs"), "fn run_loop() {}\n").expect("a file");
    let workspace = lab.shared.workspaces.first();
    let options = RefreshOptions::default();
    let refreshed = workspace.app.index.refresh(&options, &|_| {}).await;
    refreshed.expect("an index");
    let reply = type_in(&mut conversation, "/related main_loop.rs").await;
    let Ok(CommandReply::Report(report)) = reply else {
        panic!("it is no report");
    };
    assert!(
        report.starts_with("Files that belong to `main_loop.rs`:\n\n- `"),
        "{report}"
    );
    assert!(report.contains("- `main.rs`: `"), "{report}");
    assert!(report.contains("not a git repository"), "{report}");
    let usage = sentence(&mut conversation, "/related").await;
    assert!(usage.starts_with("usage: /related PATH"), "{usage}");
    let unknown = sentence(&mut conversation, "/related main_lop.rs").await;
    assert!(unknown.contains("similar: `main_loop.rs`"), "{unknown}");
    // Whatever was asked, no session began.
    assert!(conversation.session.is_none());
}
