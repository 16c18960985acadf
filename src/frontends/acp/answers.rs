//! What the user is asked in an editor, and what the answers mean. It reads and writes nothing.

use std::collections::BTreeMap;

use agent_client_protocol::v1::schema::{
    CreateElicitationRequest, CreateElicitationResponse, ElicitationAction,
    ElicitationContentValue, ElicitationFormMode, ElicitationSchema, ElicitationSessionScope,
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, SessionId,
    StringPropertySchema, ToolCall, ToolCallContent, ToolCallId, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind,
};

use crate::conversation::messages::mode_words;
use crate::conversation::{PlanOffer, PlanWay};
use crate::permission::{Confinement, Decision};
use crate::visible::{escape_hidden, visible_name};

/// The choices about a call.
const ONCE: &str = "once";
const SESSION: &str = "session";
const REJECT: &str = "reject";

/// The choices about a plan.
const CARRY_OUT: &str = "carry-out";
const IN_STEPS: &str = "in-steps";
const KEEP_PLANNING: &str = "keep-planning";

/// The fields of a form.
const CHOICE: &str = "choice";
const ANSWER: &str = "answer";

/// The choices about a call. `remember` is what "for this session" covers, if that is possible.
pub fn call_options(remember: Option<&str>) -> Vec<PermissionOption> {
    let once = PermissionOption::new(ONCE, "Allow once", PermissionOptionKind::AllowOnce);
    let session = remember.map(|covers| {
        let name = format!("Allow for this session: {}", visible_name(covers));
        PermissionOption::new(SESSION, name, PermissionOptionKind::AllowAlways)
    });
    let reject = PermissionOption::new(REJECT, "Reject", PermissionOptionKind::RejectOnce);
    [once].into_iter().chain(session).chain([reject]).collect()
}

/// What a choice about a call means. Whatever was not offered is a no.
pub fn decision(outcome: &RequestPermissionOutcome, can_remember: bool) -> Decision {
    match chosen(outcome) {
        Some(ONCE) => Decision::Once,
        Some(SESSION) if can_remember => Decision::Session,
        _ => Decision::Deny(None),
    }
}

fn chosen(outcome: &RequestPermissionOutcome) -> Option<&str> {
    match outcome {
        RequestPermissionOutcome::Selected(selected) => Some(&*selected.option_id.0),
        _ => None,
    }
}

/// A plan that can be carried out, as a call that waits for approval.
pub fn plan_call(plan: &PlanOffer, prefix: &str, confinement: Confinement) -> ToolCall {
    let mode = plan.mode.name();
    let words = mode_words(plan.mode, confinement);
    let text = format!("The plan would be carried out in mode {mode}: {words}.");
    ToolCall::new(plan_call_id(plan, prefix), "Carry out the plan")
        .kind(ToolKind::SwitchMode)
        .status(ToolCallStatus::Pending)
        .content(vec![ToolCallContent::from(text)])
}

/// How the call about a plan ended.
pub fn plan_call_over(plan: &PlanOffer, prefix: &str, way: Option<PlanWay>) -> ToolCallUpdate {
    let status = match way {
        Some(_) => ToolCallStatus::Completed,
        None => ToolCallStatus::Failed,
    };
    let fields = ToolCallUpdateFields::new().status(status);
    ToolCallUpdate::new(plan_call_id(plan, prefix), fields)
}

fn plan_call_id(plan: &PlanOffer, prefix: &str) -> ToolCallId {
    ToolCallId::new(format!("plan-{prefix}-{}", plan.turn))
}

/// The choices about a plan.
pub fn plan_options(plan: &PlanOffer) -> Vec<PermissionOption> {
    let mode = plan.mode.name();
    let at_once = format!("Carry it out in mode {mode}");
    let at_once = PermissionOption::new(CARRY_OUT, at_once, PermissionOptionKind::AllowOnce);
    let in_steps = plan.has_steps.then(|| {
        let name = "Carry it out in steps, each of which you see";
        PermissionOption::new(IN_STEPS, name, PermissionOptionKind::AllowOnce)
    });
    let keep = "Keep planning";
    let keep = PermissionOption::new(KEEP_PLANNING, keep, PermissionOptionKind::RejectOnce);
    [at_once]
        .into_iter()
        .chain(in_steps)
        .chain([keep])
        .collect()
}

/// How a plan is to be carried out; `None` if it is not.
pub fn plan_way(outcome: &RequestPermissionOutcome) -> Option<PlanWay> {
    match chosen(outcome) {
        Some(CARRY_OUT) => Some(PlanWay::AtOnce),
        Some(IN_STEPS) => Some(PlanWay::InSteps),
        _ => None,
    }
}

/// A question as a form: the offered answers, and a field for any other.
pub fn form(
    session: &SessionId,
    call: Option<&str>,
    question: &str,
    options: &[String],
) -> CreateElicitationRequest {
    let answer = StringPropertySchema::new().title("Answer");
    let schema = match options {
        [] => ElicitationSchema::new().property(ANSWER, answer, true),
        options => {
            let names = options.iter().map(|option| visible_name(option));
            let choice = StringPropertySchema::new()
                .title("Choose one")
                .enum_values(names.collect::<Vec<String>>());
            let answer = answer.title("Or answer in your own words");
            ElicitationSchema::new()
                .property(CHOICE, choice, false)
                .property(ANSWER, answer, false)
        }
    };
    let scope =
        ElicitationSessionScope::new(session.clone()).tool_call_id(call.map(ToolCallId::new));
    let mode = ElicitationFormMode::new(scope, schema);
    CreateElicitationRequest::new(mode, escape_hidden(question))
}

/// The answer in a form; `None` if the user declines.
pub fn answer_in(response: &CreateElicitationResponse, options: &[String]) -> Option<String> {
    let ElicitationAction::Accept(accepted) = &response.action else {
        return None;
    };
    let values = accepted.content.as_ref()?;
    let written = field(values, ANSWER).map(str::trim);
    if let Some(written) = written.filter(|written| !written.is_empty()) {
        return Some(written.to_owned());
    }
    let chosen = field(values, CHOICE)?;
    let option = options.iter().find(|option| visible_name(option) == chosen);
    option.cloned()
}

fn field<'a>(values: &'a BTreeMap<String, ElicitationContentValue>, name: &str) -> Option<&'a str> {
    match values.get(name) {
        Some(ElicitationContentValue::String(text)) => Some(text.as_str()),
        _ => None,
    }
}

/// A question in Markdown, for editors without forms: the next message answers it.
pub fn question_text(question: &str, options: &[String]) -> String {
    let mut text = format!("**Question:** {}\n\n", escape_hidden(question.trim()));
    for (number, option) in (1..).zip(options) {
        text.push_str(&format!("{number}. {}\n", visible_name(option)));
    }
    text.push_str(match options {
        [] => "*Your next message is the answer.*",
        _ => "\n*Your next message is the answer: a number, or your own words.*",
    });
    text
}

/// What a message answers: an option by its number, or itself; `None` if it says nothing.
pub fn answer_text(message: &str, options: &[String]) -> Option<String> {
    let message = message.trim();
    let number: Option<usize> = message.parse().ok();
    let option = number.and_then(|number| options.get(number.checked_sub(1)?));
    let answer = option.map_or(message, String::as_str);
    (!answer.is_empty()).then(|| answer.to_owned())
}

#[cfg(test)]
mod tests;
