//! Values of secret files are removed, and hidden characters are shown.

use std::fs;

use serde_json::json;

use super::lab::{Lab, SOURCE, call, read, text};
use super::*;

const VALUE: &str = "yellow-canary-42";

fn put(lab: &Lab, path: &str, text: &str) {
    let path = lab.root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn journal(lab: &Lab) -> String {
    let journal = lab.session.folder().join("journal.jsonl");
    fs::read_to_string(journal).expect("a journal")
}

#[tokio::test]
async fn a_copied_value_reaches_no_request_no_journal_and_no_event() {
    let mut lab = Lab::new(vec![
        read("p"),
        call("grep_search", json!({"regex": "DB_"})),
        call(
            "run_command",
            json!({"command": "cat p; base64 p; od -An -tx1 p"}),
        ),
        call(
            "edit_file",
            json!({"path": "p", "search": "DB_", "replace": "DATABASE_"}),
        ),
        call("run_command", json!({"command": "rm -r services; cat p"})),
        text("Done."),
    ]);
    put(
        &lab,
        "services/api/.env",
        &format!("DB_PASSWORD={VALUE}\nMODE=development\n"),
    );
    put(
        &lab,
        "p",
        &format!("DB_PASSWORD={VALUE}\nMODE=development\n"),
    );
    put(&lab, "AGENTS.md", &format!("Use {VALUE} in development.\n"));
    let question = Question {
        text: "What is in p?".to_owned(),
        files: vec!["p".to_owned()],
        attachments: vec![Attachment {
            name: "log".to_owned(),
            text: format!("login {VALUE}"),
        }],
        ..Question::default()
    };
    let (end, events) = lab.put(question).await;
    assert_eq!(end, TurnEnd::Answered);
    let requests = format!("{:?}", lab.asked().last());
    assert!(
        requests.contains("DB_PASSWORD=[redacted: value in services/api/.env]"),
        "{requests}"
    );
    assert!(requests.contains("MODE=development"), "{requests}");
    let encoded = ["eWVsbG93LWNhbmFyeS00", "79 65 6c 6c 6f 77"];
    for told in [requests, journal(&lab), format!("{events:?}")] {
        for form in [&[VALUE][..], &encoded].concat() {
            assert!(!told.contains(form), "{form}: {told}");
        }
    }
    assert!(
        lab.file("p")
            .contains(&format!("DATABASE_PASSWORD={VALUE}"))
    );
}

#[tokio::test]
async fn what_the_user_let_the_model_read_stays_out_of_the_journal_only() {
    let mut lab = Lab::new(vec![
        read(".env"),
        read("p"),
        text(&format!("It is {VALUE}.")),
    ]);
    put(&lab, ".env", &format!("DB_PASSWORD={VALUE}\n"));
    put(&lab, "p", &format!("copy of {VALUE}\n"));
    let (end, _) = lab.ask("What is the password?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(
        lab.results().iter().all(|result| result.contains(VALUE)),
        "{:?}",
        lab.results()
    );
    assert!(!journal(&lab).contains(VALUE), "{}", journal(&lab));
}

#[tokio::test]
async fn settings_with_secrets_are_read_and_edited_without_them() {
    let edit = json!({"path": "gradle.properties", "search": "jvmargs=-Xmx2g", "replace": "jvmargs=-Xmx4g"});
    let overwrite = json!({"path": "gradle.properties", "search": "nexusPassword=[redacted: value in gradle.properties]", "replace": "nexusPassword=x"});
    let mut lab = Lab::new(vec![
        read("gradle.properties"),
        call("grep_search", json!({"regex": "nexus"})),
        call("edit_file", edit),
        call("edit_file", overwrite),
        call(
            "run_command",
            json!({"command": "rev gradle.properties; cat gradle.properties"}),
        ),
        text("Done."),
    ]);
    let settings = format!("jvmargs=-Xmx2g\nnexusUser=builder\nnexusPassword={VALUE}\n");
    put(&lab, "gradle.properties", &settings);
    put(&lab, "copy.txt", &format!("-Dnexus={VALUE}\n"));
    let (end, events) = lab.ask("Give it more memory.").await;
    assert_eq!(end, TurnEnd::Answered);
    let results = lab.results();
    assert!(results[0].contains("nexusUser=builder"), "{}", results[0]);
    let masked = "nexusPassword=[redacted: value in gradle.properties]";
    assert!(results[0].contains(masked), "{}", results[0]);
    assert!(results[1].contains("-Dnexus=[redacted: "), "{}", results[1]);
    assert!(
        results[3].contains("is a placeholder for a secret"),
        "{}",
        results[3]
    );
    assert_eq!(
        lab.file("gradle.properties"),
        settings.replace("Xmx2g", "Xmx4g")
    );
    let requests = format!("{:?}", lab.asked());
    let reversed: String = VALUE.chars().rev().collect();
    for told in [requests, journal(&lab), format!("{events:?}")] {
        assert!(!told.contains(VALUE) && !told.contains(&reversed), "{told}");
    }
}

#[tokio::test]
async fn hidden_characters_are_shown_and_can_be_edited() {
    let edit = json!({"path": "a.rs", "search": "// ok\\u{202e} \\u{e0041}", "replace": "// fine\\u{202e}"});
    let mut lab = Lab::new(vec![
        read("a.rs"),
        call("edit_file", edit),
        call("grep_search", json!({"regex": "fine"})),
        text("Done."),
    ]);
    put(&lab, "a.rs", &format!("// ok\u{202e} \u{e0041}\n{SOURCE}"));
    put(&lab, "AGENTS.md", "Be\u{200b} kind\u{e0042}.\n");
    let (end, _) = lab.ask("Look.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(lab.file("a.rs"), format!("// fine\u{202e}\n{SOURCE}"));
    let results = lab.results();
    assert!(
        results[0].contains("// ok\\u{202e} \\u{e0041}"),
        "{}",
        results[0]
    );
    assert!(
        results[0].contains("hidden characters are shown as escapes"),
        "{}",
        results[0]
    );
    let told = lab
        .asked()
        .last()
        .map(|asked| format!("{:?}", asked.messages));
    let told = told.expect("a request");
    assert!(told.contains("Be\\\\u{200b} kind\\\\u{e0042}"), "{told}");
}
