//! Files as an editor has them.

use std::fs;

use super::lab::{Lab, SOURCE, edit, notices, outcomes, read, text};
use super::*;

const CHANGE: &str = "Say goodbye.";
const LOOK: &str = "What is it?";

fn asked(question: &str, (path, text): (&str, &str), lines: Option<(u32, u32)>) -> Question {
    Question {
        text: question.to_owned(),
        editor_texts: vec![EditorText {
            path: path.to_owned(),
            text: text.to_owned(),
            lines,
        }],
        ..Question::default()
    }
}

#[tokio::test]
async fn a_saved_file_is_shown_as_if_it_were_mentioned_and_can_be_edited() {
    let mut lab = Lab::new(vec![edit(), text("Done.")]);
    let root = lab.root.join("main.rs").display().to_string();
    // As another system, or an editor without a last line end, has it.
    let given = SOURCE.trim_end().replace('\n', "\r\n");
    let (_, events) = lab.put(asked(CHANGE, (&root, &given), None)).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
    let said = lab.asked()[0].user().to_owned();
    assert!(
        said.starts_with("## `main.rs`, mentioned by the user\n"),
        "{said}"
    );
    assert!(
        notices(&events)
            .iter()
            .all(|notice| !notice.contains("not saved"))
    );
}

#[tokio::test]
async fn a_file_that_is_not_saved_is_named_and_not_edited_until_it_is() {
    let mut lab = Lab::new(vec![
        edit(),
        text("Please save it."),
        read("main.rs"),
        edit(),
        text("Done."),
    ]);
    let typed = format!("// typed just now\n{SOURCE}");
    let (_, events) = lab.put(asked(CHANGE, ("main.rs", &typed), None)).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(
        lab.judge.asked.lock().is_empty(),
        "nobody is asked about it"
    );
    let told = notices(&events);
    assert!(
        told.iter()
            .any(|notice| notice.starts_with("`main.rs` is not saved:")),
        "{told:?}"
    );
    let said = lab.asked()[0].user().to_owned();
    assert!(
        said.contains("## Not saved: `main.rs` in the user's editor"),
        "{said}"
    );
    assert!(said.contains("// typed just now"), "{said}");
    let results = lab.results();
    assert!(
        results[0].contains("Ask the user to save it"),
        "{results:#?}"
    );
    // It is saved; the next question need not show it again.
    fs::write(lab.root.join("main.rs"), &typed).expect("a file");
    let (_, events) = lab.ask("Now say goodbye.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
    assert!(lab.file("main.rs").contains("// typed just now"));
}

#[tokio::test]
async fn a_selection_is_compared_with_the_file_and_says_nothing_of_the_rest() {
    let mut lab = Lab::new(vec![text("A greeting."), edit(), text("Please save it.")]);
    let line = SOURCE.lines().next().expect("a line");
    lab.put(asked(LOOK, ("main.rs", line), Some((1, 1)))).await;
    let said = lab.asked()[0].user().to_owned();
    assert!(
        said.contains("## Lines 1 to 1 of `main.rs`, selected by the user"),
        "{said}"
    );
    let (_, events) = lab
        .put(asked(CHANGE, ("main.rs", "let typed = 1;"), Some((2, 2))))
        .await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
    let said = lab.asked()[1].user().to_owned();
    assert!(
        said.contains("## Not saved: lines 2 to 2 of `main.rs`"),
        "{said}"
    );
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn what_an_editor_makes_of_a_large_file_is_no_change_of_it() {
    let beginning = &SOURCE[..SOURCE.len() / 2];
    let too_large = "(file too large to show full content, and no outline available)";
    for given in [
        "# File outline for /work/main.rs\n\nfn main [L1-3]\n".to_owned(),
        format!("# First 1KB of /work/main.rs {too_large}\n\n{beginning}"),
    ] {
        let mut lab = Lab::new(vec![edit(), text("Done.")]);
        let (_, events) = lab.put(asked(CHANGE, ("main.rs", &given), None)).await;
        assert_eq!(outcomes(&events), [ToolOutcome::Done]);
        assert!(lab.file("main.rs").contains("goodbye"));
        let said = lab.asked()[0].user().to_owned();
        assert!(
            said.starts_with("## `main.rs`, mentioned by the user\n"),
            "the file itself: {said}"
        );
    }
    // Another beginning was typed; a heading of another file is text like any other.
    for given in [
        format!("# First 1KB of /work/main.rs {too_large}\n\n// typed\n{beginning}"),
        "# File outline for /work/other.rs\n\nfn main [L1-3]\n".to_owned(),
    ] {
        let mut lab = Lab::new(vec![edit(), text("Please save it.")]);
        let (_, events) = lab.put(asked(CHANGE, ("main.rs", &given), None)).await;
        assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
        assert_eq!(lab.file("main.rs"), SOURCE);
    }
}

#[tokio::test]
async fn what_must_not_be_read_is_not_sent_because_an_editor_has_it() {
    let mut lab = Lab::new(vec![text("No."), text("No.")]);
    fs::write(lab.root.join(".env"), "A=1\n").expect("a file");
    for (path, why) in [(".env", "it may hold secrets"), ("/etc/passwd", "outside")] {
        let (_, events) = lab.put(asked(LOOK, (path, "hunter2"), None)).await;
        let said = lab.asked().last().expect("a request").user().to_owned();
        assert!(!said.contains("hunter2"), "{said}");
        let told = notices(&events);
        let is_told =
            |notice: &&str| notice.contains("not sent to the model") && notice.contains(why);
        assert!(told.iter().any(is_told), "{told:?}");
    }
}

#[tokio::test]
async fn of_many_texts_the_first_are_sent_and_all_are_compared() {
    let mut lab = Lab::new(vec![edit(), text("Please save it.")]);
    let mut question = asked(CHANGE, ("main.rs", "typed"), None);
    let main = question.editor_texts.pop().expect("a text");
    for number in 0..10 {
        let path = format!("{number}.txt");
        fs::write(lab.root.join(&path), "same\n").expect("a file");
        question.editor_texts.push(EditorText {
            path,
            text: "same\n".to_owned(),
            lines: None,
        });
    }
    question.editor_texts.push(main);
    let (_, events) = lab.put(question).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
    let said = lab.asked()[0].user().to_owned();
    assert!(
        said.contains("`9.txt`") && !said.contains("typed"),
        "{said}"
    );
    assert!(
        said.contains("Texts of the user's editor left out: 1."),
        "{said}"
    );
}
