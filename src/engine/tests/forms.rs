//! The forms in which a model edits files.

use serde_json::json;

use super::lab::{Lab, Line, SOURCE, call, edit, outcomes, read, text};
use super::*;
use crate::text::anchors::{anchored, checksum};

const GREETING: &str = "    println!(\"hello\");";

/// An edit of the greeting by its anchor.
fn anchored_edit() -> Line {
    let first = format!("2{}", checksum(GREETING));
    let text = GREETING.replace("hello", "goodbye");
    call(
        "edit_file",
        json!({"path": "main.rs", "first": first, "text": text}),
    )
}

fn with_form(script: Vec<Line>, form: EditForm) -> Lab {
    let options = EngineOptions {
        edit_form: Some(form),
        ..EngineOptions::default()
    };
    Lab::with(script, 32_768, options)
}

/// The arguments of an edit, as the model is told of them.
fn arguments(lab: &Lab) -> Vec<String> {
    let tools = lab.engine.tools(lab.session.model.profile());
    let edit = tools.iter().find(|tool| tool.name == "edit_file");
    let parameters = &edit.expect("it is offered").parameters;
    parameters.iter().map(|it| it.name.clone()).collect()
}

#[tokio::test]
async fn a_model_that_edits_by_anchors_is_shown_them() {
    let script = vec![read("main.rs"), anchored_edit(), text("It says goodbye.")];
    let mut lab = with_form(script, EditForm::Anchors);
    let (_, events) = lab.ask("Say goodbye instead.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done; 2]);
    assert_eq!(lab.file("main.rs"), SOURCE.replace("hello", "goodbye"));
    let results = lab.results();
    let line = anchored(2, GREETING, GREETING);
    assert!(
        results[0].contains(&format!("\n{line}\n")),
        "{}",
        results[0]
    );
    assert!(results[1].contains("line 2 was replaced"), "{}", results[1]);
    let asked = lab.asked();
    assert!(
        asked[0].system().contains("by the anchors"),
        "{}",
        asked[0].system()
    );
    assert_eq!(arguments(&lab), ["path", "first", "last", "text"]);
    assert_eq!(*lab.model.edited.lock(), [(EditForm::Anchors, true)]);
    lab.check_requests_extend_each_other();
    let undone = lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(undone.written, ["main.rs"]);
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn a_file_that_the_user_mentions_has_anchors_and_counts_as_read() {
    let script = vec![anchored_edit(), text("It says goodbye.")];
    let mut lab = with_form(script, EditForm::Anchors);
    let question = Question {
        text: "Say goodbye instead.".to_owned(),
        files: vec!["main.rs".to_owned()],
        ..Question::default()
    };
    let (_, events) = lab.put(question).await;
    assert_eq!(
        outcomes(&events),
        [ToolOutcome::Done],
        "{:?}",
        lab.results()
    );
    let asked = lab.asked();
    let line = anchored(2, GREETING, GREETING);
    assert!(asked[0].user().contains(&line), "{}", asked[0].user());
}

#[tokio::test]
async fn either_form_is_understood_whatever_is_offered() {
    for (form, script) in [
        (
            EditForm::Anchors,
            vec![read("main.rs"), edit(), text("Done.")],
        ),
        (
            EditForm::Search,
            vec![read("main.rs"), anchored_edit(), text("Done.")],
        ),
    ] {
        let mut lab = with_form(script, form);
        lab.ask("Say goodbye instead.").await;
        assert_eq!(
            lab.file("main.rs"),
            SOURCE.replace("hello", "goodbye"),
            "{form:?}"
        );
    }
}

#[tokio::test]
async fn what_is_offered_stays_while_edits_are_counted() {
    let wrong = || {
        let search = "    println!(\"hallo\", world);\n}";
        call(
            "edit_file",
            json!({"path": "main.rs", "search": search, "replace": "}"}),
        )
    };
    let missing = call(
        "edit_file",
        json!({"path": "no.rs", "search": "a", "replace": "b"}),
    );
    let mut lab = Lab::new(vec![
        read("main.rs"),
        wrong(),
        missing,
        edit(),
        text("It says goodbye."),
        text("Nothing else."),
    ]);
    lab.ask("Say goodbye instead.").await;
    let counted = [(EditForm::Search, false), (EditForm::Search, true)];
    assert_eq!(*lab.model.edited.lock(), counted, "{:?}", lab.results());
    // It does better in another form now: that is for the next session.
    *lab.model.form.lock() = EditForm::Anchors;
    lab.ask("What else?").await;
    assert_eq!(arguments(&lab)[1], "search");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn the_form_is_chosen_by_the_model_and_a_resumed_prompt_follows_it() {
    let mut lab = Lab::new(vec![text("Well."), text("Well.")]);
    *lab.model.form.lock() = EditForm::Whole;
    lab.ask("What does it do?").await;
    assert!(lab.asked()[0].system().contains("up to 200 lines"));
    let Message::System { text } = &mut lab.session.messages[0] else {
        panic!("{:?}", lab.session.messages);
    };
    // As another version, or another setting, has left it.
    *text = "You are ollacode.".to_owned();
    lab.ask("And now?").await;
    assert!(lab.asked()[1].system().contains("up to 200 lines"));
}
