//! Calls that are no work but its end: other agents have a tool for the answer, and models that they
//! taught call it.

use std::sync::LazyLock;

use serde_json::Value;

use super::{arguments, names};
use crate::message::ToolCall;
use crate::model::{Parameter, ParameterKind, ToolSpec};

/// The tool of Cline and Roo for the answer.
const NAME: &str = "attempt_completion";

/// The same tool of others, and theirs for a question, which is an answer where no tool asks.
const OTHER_NAMES: &[&str] = &[
    "final_answer",
    "complete_task",
    "task_complete",
    "task_completed",
    "task_done",
    "submit_answer",
    "plan_mode_respond",
    "finish",
    "ask_user",
    "ask_question",
    "ask_followup_question",
];

/// The argument with the text.
const TEXT: &str = "result";

const OTHER_TEXTS: &[&str] = &[
    "answer",
    "final_answer",
    "response",
    "message",
    "text",
    "content",
    "summary",
    "question",
];

static ANSWER: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    name: NAME.to_owned(),
    aliases: owned(OTHER_NAMES),
    description: "Answer the user.".to_owned(),
    parameters: vec![
        parameter(TEXT, OTHER_TEXTS, ParameterKind::Text),
        // A command that shows the result, and what to choose from: nothing that is to be done.
        parameter("command", &[], ParameterKind::Schema(Value::Null)),
        parameter(
            "options",
            &["follow_up", "suggestions"],
            ParameterKind::Schema(Value::Null),
        ),
    ],
    schema: None,
    takes_others: true,
    other_form: None,
    is_core: false,
});

fn parameter(name: &str, aliases: &[&str], kind: ParameterKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        aliases: owned(aliases),
        kind,
        description: String::new(),
        required: false,
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// The tools of a reply, with the one for its answer; none if there are no tools.
pub(super) fn with_answer(tools: &[ToolSpec]) -> Vec<ToolSpec> {
    let mut all = tools.to_vec();
    if !tools.is_empty() && names::resolve(NAME, tools).is_none() {
        all.push(ANSWER.clone());
    }
    all
}

/// Whether a tool is the one for the answer, which is not offered.
pub(super) fn is_answer(name: &str) -> bool {
    name == NAME
}

/// The answer that a call is, unless one of the tools has its name.
pub(super) fn answer_of(call: &ToolCall, tools: &[ToolSpec]) -> Option<String> {
    if names::resolve(&call.name, tools).is_some() {
        return None;
    }
    let answer = std::slice::from_ref(&*ANSWER);
    names::resolve(&call.name, answer)?;
    let arguments = arguments::fit(&ANSWER, call.arguments.clone()).ok()?;
    let text = arguments.get(TEXT).and_then(Value::as_str);
    Some(text.unwrap_or_default().trim().to_owned())
}

/// Takes the answer out of the calls of a reply.
pub fn take_answer(calls: &mut Vec<ToolCall>, tools: &[ToolSpec]) -> Option<String> {
    let mut answer = None;
    calls.retain(|call| match answer_of(call, tools) {
        Some(text) => {
            answer = Some(text);
            false
        }
        None => true,
    });
    answer
}
