//! Changes of which the user takes only parts.

use std::fs;

use serde_json::json;

use super::lab::{Lab, call, outcomes, read, text};
use super::*;
use crate::permission::Decision;

/// A file with two places that one edit changes.
fn steps() -> String {
    let between: String = (1..=10)
        .map(|number| format!("wait({number});\n"))
        .collect();
    format!("one();\n{between}one();\n")
}

fn lab(decision: Decision) -> Lab {
    let edit = json!({"path": "steps.rs", "search": "one();", "replace": "two();", "all": true});
    let script = vec![read("steps.rs"), call("edit_file", edit), text("Done.")];
    let mut lab = Lab::new(script);
    fs::write(lab.root.join("steps.rs"), steps()).expect("a file");
    lab.judge.decision = Some(decision);
    lab
}

#[tokio::test]
async fn only_the_taken_parts_are_made_and_the_model_is_told_of_the_others() {
    let mut lab = lab(Decision::Parts(vec![1]));
    let (end, events) = lab.ask("Use two.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done; 2]);
    let expected = steps().replace("(10);\none", "(10);\ntwo");
    assert_eq!(lab.file("steps.rs"), expected);
    let results = lab.results();
    for part in [
        "steps.rs: the user took parts of the change. It now reads:\n",
        "12→two();\n",
        "These were left out, and the file does not have them:\n@@ -1,4 +1,4 @@\n-one();\n+two();\n",
    ] {
        assert!(results[1].contains(part), "{part} in {}", results[1]);
    }
    // The choice is the approval.
    let asked = lab.judge.asked.lock().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].can_edit);
    let journal = fs::read_to_string(lab.session.folder().join("journal.jsonl"));
    let journal = journal.expect("a journal");
    assert!(
        journal.contains(r#""answer":"parts","taken":[1]"#),
        "{journal}"
    );
    lab.check_requests_extend_each_other();
    lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(lab.file("steps.rs"), steps());
}

#[tokio::test]
async fn a_file_that_changes_while_the_user_chooses_stays_as_it_is() {
    let mut lab = lab(Decision::Parts(vec![0]));
    let file = lab.root.join("steps.rs");
    lab.judge.meanwhile = Some(Box::new(move || {
        fs::write(&file, "other();\n").expect("a file");
    }));
    let (_, events) = lab.ask("Use two.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Failed]);
    assert_eq!(lab.file("steps.rs"), "other();\n");
    let results = lab.results();
    assert!(
        results[1].contains("has changed while the user was asked"),
        "{results:?}"
    );
}
