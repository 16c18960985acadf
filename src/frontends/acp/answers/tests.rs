use agent_client_protocol::v1::schema::{ElicitationAcceptAction, SelectedPermissionOutcome};
use serde_json::{Value, json};

use super::*;
use crate::permission::Mode;
use crate::session;

fn json_of(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

fn selected(option: &'static str) -> RequestPermissionOutcome {
    RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option))
}

fn options() -> Vec<String> {
    vec!["the first".to_owned(), "the\nsecond".to_owned()]
}

#[test]
fn a_call_is_allowed_for_a_session_only_where_that_can_be_remembered() {
    assert_eq!(
        json_of(&call_options(Some("edits of `src`"))),
        json!([
            {"optionId": "once", "name": "Allow once", "kind": "allow_once"},
            {"optionId": "session", "name": "Allow for this session: edits of `src`",
                "kind": "allow_always"},
            {"optionId": "reject", "name": "Reject", "kind": "reject_once"},
        ])
    );
    assert_eq!(
        json_of(&call_options(None)),
        json!([
            {"optionId": "once", "name": "Allow once", "kind": "allow_once"},
            {"optionId": "reject", "name": "Reject", "kind": "reject_once"},
        ])
    );
    for (outcome, can_remember, expected) in [
        (selected("once"), false, Decision::Once),
        (selected("session"), true, Decision::Session),
        (selected("session"), false, Decision::Deny(None)),
        (selected("reject"), true, Decision::Deny(None)),
        (selected("made up"), true, Decision::Deny(None)),
        (
            RequestPermissionOutcome::Cancelled,
            true,
            Decision::Deny(None),
        ),
    ] {
        assert_eq!(decision(&outcome, can_remember), expected, "{outcome:?}");
    }
}

#[test]
fn a_plan_is_carried_out_only_if_that_is_chosen() {
    let plan = PlanOffer {
        session: session::SessionId::parse("20261121-143005-k3x9").expect("an id"),
        turn: 2,
        mode: Mode::AutoEdit,
        has_steps: true,
    };
    assert_eq!(
        json_of(&plan_call(&plan, "p", Confinement::Full)),
        json!({"toolCallId": "plan-p-2", "title": "Carry out the plan", "kind": "switch_mode",
            "content": [{"type": "content", "content": {"type": "text", "text":
                "The plan would be carried out in mode auto-edit: edits and most commands run \
                 without approval."}}]})
    );
    assert_eq!(
        json_of(&plan_call_over(&plan, "p", None)),
        json!({"toolCallId": "plan-p-2", "status": "failed"})
    );
    assert_eq!(
        json_of(&plan_options(&plan)),
        json!([
            {"optionId": "carry-out", "name": "Carry it out in mode auto-edit",
                "kind": "allow_once"},
            {"optionId": "in-steps", "name": "Carry it out in steps, each of which you see",
                "kind": "allow_once"},
            {"optionId": "keep-planning", "name": "Keep planning", "kind": "reject_once"},
        ])
    );
    let without = PlanOffer {
        has_steps: false,
        ..plan
    };
    assert_eq!(plan_options(&without).len(), 2);
    assert_eq!(plan_way(&selected("carry-out")), Some(PlanWay::AtOnce));
    assert_eq!(plan_way(&selected("in-steps")), Some(PlanWay::InSteps));
    for outcome in [
        selected("keep-planning"),
        RequestPermissionOutcome::Cancelled,
    ] {
        assert_eq!(plan_way(&outcome), None);
    }
}

#[test]
fn a_question_is_a_form_with_a_field_for_any_other_answer() {
    let session = SessionId::new("s");
    assert_eq!(
        json_of(&form(&session, Some("c1"), "Which?", &options())),
        json!({"mode": "form", "sessionId": "s", "toolCallId": "c1", "message": "Which?",
        "requestedSchema": {"type": "object", "properties": {
            "choice": {"type": "string", "title": "Choose one",
                "enum": ["the first", "the\\nsecond"]},
            "answer": {"type": "string", "title": "Or answer in your own words"},
        }}})
    );
    assert_eq!(
        json_of(&form(&session, None, "Which?", &[])),
        json!({"mode": "form", "sessionId": "s", "message": "Which?",
        "requestedSchema": {"type": "object", "required": ["answer"], "properties": {
            "answer": {"type": "string", "title": "Answer"},
        }}})
    );
    let answered = |values: &[(&str, &str)]| {
        let values = values.iter();
        let values = values.map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let content: BTreeMap<String, ElicitationContentValue> = values.collect();
        let accepted = ElicitationAcceptAction::new().content(content);
        answer_in(&CreateElicitationResponse::new(accepted), &options())
    };
    assert_eq!(
        answered(&[("choice", "the\\nsecond")]).as_deref(),
        Some("the\nsecond")
    );
    let both = answered(&[("choice", "the first"), ("answer", " neither ")]);
    assert_eq!(both.as_deref(), Some("neither"));
    for nothing in [&[][..], &[("choice", "made up")], &[("answer", " ")]] {
        assert_eq!(answered(nothing), None);
    }
    for action in [ElicitationAction::Decline, ElicitationAction::Cancel] {
        let response = CreateElicitationResponse::new(action);
        assert_eq!(answer_in(&response, &options()), None);
    }
}

#[test]
fn a_question_in_text_is_answered_by_a_number_or_in_words() {
    assert_eq!(
        question_text("Which? ", &options()),
        "**Question:** Which?\n\n1. the first\n2. the\\nsecond\n\n*Your next message is the \
         answer: a number, or your own words.*"
    );
    assert_eq!(
        question_text("Why?", &[]),
        "**Question:** Why?\n\n*Your next message is the answer.*"
    );
    for (message, expected) in [
        ("2", Some("the\nsecond")),
        (" 1 ", Some("the first")),
        ("3", Some("3")),
        ("0", Some("0")),
        ("both", Some("both")),
        (" ", None),
    ] {
        assert_eq!(answer_text(message, &options()).as_deref(), expected);
    }
}
