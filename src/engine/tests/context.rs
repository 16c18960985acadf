//! The context of a question, and what the user sees of it.

use std::fs;

use ollacode_indexer::RefreshOptions;

use super::lab::{Lab, notices, read, shown, text};
use super::*;

async fn index(lab: &Lab) {
    let index = lab.engine.context.code.index();
    index
        .refresh(&RefreshOptions::default(), &|_| {})
        .await
        .expect("an index");
}

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
    index(&lab).await;
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

#[tokio::test]
async fn a_follow_up_brings_the_uses_of_its_subject_and_hits_of_turns_before_are_one_line() {
    let mut lab = Lab::new(vec![
        text("`fetch_page` is in `client.rs:1-3`."),
        text("In `main`."),
        text("No."),
    ]);
    let client = "pub fn fetch_page() {\n    dial();\n}\n";
    fs::write(lab.root.join("client.rs"), client).expect("a file");
    let main = "fn main() {\n    fetch_page();\n}\n";
    fs::write(lab.root.join("main.rs"), main).expect("a file");
    index(&lab).await;
    lab.ask("Where is fetch_page defined?").await;
    lab.ask("and where is that called?").await;
    lab.ask("did you run the tests?").await;
    let asked = lab.asked();
    let first = asked[0].user();
    assert!(first.contains("## Found in the index"), "{first}");
    assert!(first.contains("1→pub fn fetch_page() {"), "{first}");
    let second = asked[1].user();
    assert!(
        second.contains("Uses of `fetch_page`, 1 use in 1 file"),
        "{second}"
    );
    assert!(second.contains("2: fetch_page();  [in main]"), "{second}");
    assert!(
        second.ends_with("## Request\n\nand where is that called?"),
        "{second}"
    );
    let Message::User { text, .. } = &asked[1].messages[1] else {
        panic!("{:#?}", asked[1].messages);
    };
    assert!(
        text.contains("no longer shown: client.rs:1-3 (fetch_page)"),
        "{text}"
    );
    assert!(!text.contains("1→pub fn"), "{text}");
    assert!(
        text.ends_with("## Request\n\nWhere is fetch_page defined?"),
        "{text}"
    );
    let tokens = lab.engine.tokens(&lab.session).await;
    assert_eq!(tokens.kept.hits, 0, "the last question had none");
    // What is in the conversation is not searched for.
    assert_eq!(asked[2].user(), "did you run the tests?");
}

#[tokio::test]
async fn that_nothing_fits_is_said() {
    let mut lab = Lab::new(vec![text("I found nothing.")]);
    index(&lab).await;
    lab.ask("Where are invoice totals and tax rates computed for main customers?")
        .await;
    let said = lab.asked()[0].user().to_owned();
    assert!(said.contains("Nothing in the index fits"), "{said}");
}

/// A small program, a file for each part.
const PARTS: [(&str, &str); 5] = [
    (
        "client.rs",
        "/// Gets a page over the network.\npub fn fetch_page(url: &str) -> String {\n    get(url)\n}\n",
    ),
    (
        "cache.rs",
        "/// Drops the oldest entries.\npub fn evict_old(entries: &mut Vec<u8>) {\n    entries.clear();\n}\n",
    ),
    (
        "parser.rs",
        "/// Reads the fields of a header.\npub fn parse_header(text: &str) -> usize {\n    text.len()\n}\n",
    ),
    (
        "retry.rs",
        "/// Seconds before the next attempt.\npub fn retry_delay(attempt: u32) -> u32 {\n    2 * attempt\n}\n",
    ),
    (
        "main.rs",
        "fn main() {\n    let page = fetch_page(\"a\");\n    parse_header(&page);\n}\n",
    ),
];

/// A question, its answer, a follow-up, and the file that the follow-up is about.
const FOLLOW_UPS: [(&str, &str, &str, &str); 8] = [
    (
        "Where is fetch_page defined?",
        "In client.rs:2.",
        "and where is that called?",
        "main.rs",
    ),
    (
        "Where is fetch_page defined?",
        "In client.rs:2.",
        "Does it handle errors?",
        "client.rs",
    ),
    (
        "How does the cache drop entries?",
        "`evict_old` does.",
        "keep an alias for the old name",
        "cache.rs",
    ),
    (
        "How does the cache drop entries?",
        "`evict_old` does.",
        "that did nothing. do it",
        "cache.rs",
    ),
    (
        "Where are headers read?",
        "In `parse_header` of parser.rs:2.",
        "make that function return a Result instead",
        "parser.rs",
    ),
    (
        "Where are headers read?",
        "In `parse_header` of parser.rs:2.",
        "who calls it?",
        "main.rs",
    ),
    (
        "How long does a retry wait?",
        "`retry_delay` says so.",
        "it should double each time: fix it",
        "retry.rs",
    ),
    (
        "How long does a retry wait?",
        "`retry_delay` says so.",
        "and its tests?",
        "retry.rs",
    ),
];

#[tokio::test]
async fn most_follow_ups_bring_the_file_that_they_are_about() {
    let answers = FOLLOW_UPS.iter().flat_map(|it| [text(it.1), text("So.")]);
    let mut lab = Lab::new(answers.collect());
    for (path, text) in PARTS {
        fs::write(lab.root.join(path), text).expect("a file");
    }
    index(&lab).await;
    let mut missed = Vec::new();
    for (question, _, follow_up, wanted) in FOLLOW_UPS {
        lab.ask(question).await;
        let (_, events) = lab.ask(follow_up).await;
        let is_found = events.iter().any(|event| match event {
            Event::Retrieved { sources } => {
                sources.iter().take(4).any(|source| source.path == wanted)
            }
            _ => false,
        });
        if !is_found {
            missed.push(follow_up);
        }
    }
    // At least seven of ten.
    assert!(missed.len() * 10 <= FOLLOW_UPS.len() * 3, "{missed:?}");
}
