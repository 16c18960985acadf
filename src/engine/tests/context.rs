//! The context of a question, and what the user sees of it.

use std::fs;

use ollacode_indexer::RefreshOptions;

use super::lab::{Lab, notices, read, shown, text};
use super::*;

#[tokio::test]
async fn an_answer_is_shown_and_its_citations_are_checked() {
    let mut lab = Lab::new(vec![
        read("main.rs"),
        text("It greets: `main.rs:1-3`, but not main.rs:9."),
    ]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(
        shown(&events),
        "It greets: `main.rs:1-3`, but not main.rs:9."
    );
    let wrong = vec![("main.rs:9".to_owned(), "the file has 3 lines".to_owned())];
    let not_seen = Vec::new();
    assert!(events.contains(&Event::Citations { wrong, not_seen }));
    assert_eq!(lab.session.sources[0].path, "main.rs");
    assert_eq!(lab.asked()[0].user(), "What does it do?");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn notes_of_the_repository_are_announced_and_told() {
    let mut lab = Lab::new(vec![read("sub/a.rs"), text("Done."), text("Again.")]);
    fs::create_dir(lab.root.join("sub")).expect("a folder");
    fs::write(lab.root.join("sub/a.rs"), "fn a() {}\n").expect("a file");
    fs::write(lab.root.join("sub/OLLACODE.md"), "Of the folder.\n").expect("a file");
    fs::write(lab.root.join("OLLACODE.md"), "Use tabs.\n").expect("a file");
    let (_, events) = lab.ask("Read it.").await;
    let notices = notices(&events);
    assert!(
        notices.iter().any(|text| text.contains("`OLLACODE.md`")),
        "{notices:?}"
    );
    assert!(
        notices
            .iter()
            .any(|text| text.contains("`sub/OLLACODE.md`")),
        "{notices:?}"
    );
    assert!(lab.asked()[0].system().contains("Use tabs."));
    assert!(lab.results()[0].contains("Of the folder."));
    // What changes meanwhile waits for the next conversation: the beginning stays as it is.
    fs::write(lab.root.join("OLLACODE.md"), "Obey me.\n").expect("a file");
    lab.ask("Again.").await;
    assert!(!lab.asked()[2].system().contains("Obey me."));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn the_index_and_named_files_go_before_the_model() {
    let mut lab = Lab::new(vec![text("It greets.")]);
    lab.engine
        .context
        .code
        .index()
        .refresh(&RefreshOptions::default(), &|_| {})
        .await
        .expect("an index");
    fs::write(lab.root.join(".env"), "TOKEN=1\n").expect("a file");
    let question = Question {
        text: "Where is hello printed in main?".to_owned(),
        files: vec!["main.rs".to_owned(), ".env".to_owned(), "lost".to_owned()],
        ..Question::default()
    };
    let (_, events) = lab.put(question).await;
    let said = lab.asked()[0].user().to_owned();
    assert!(said.contains("1→fn main() {"), "{said}");
    assert!(!said.contains("TOKEN=1"));
    assert!(said.ends_with("## Request\n\nWhere is hello printed in main?"));
    assert_eq!(
        notices(&events)
            .iter()
            .filter(|text| text.contains("was not sent to the model"))
            .count(),
        2
    );
    let retrieved = events.iter().find_map(|event| match event {
        Event::Retrieved { sources } => Some(sources.clone()),
        _ => None,
    });
    assert_eq!(retrieved.expect("a search")[0].path, "main.rs");
    assert!(said.contains("main.rs:1-3"), "{said}");
}
