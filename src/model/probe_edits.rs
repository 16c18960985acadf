//! Tests in which form a chat model edits files: it is shown a file and asked for a small change, and
//! what its call makes of the file is compared with what was asked for.

use std::slice;

use futures::StreamExt;

use super::repair::{check, find_calls, text_protocol};
use super::{ChatModel, ChatRequest, Delta, EditCounts, EditForm, ModelError, ToolSpec};
use crate::edit::{LineAnchor, anchored_lines, edit, with_lines};
use crate::message::{Message, ToolCall};
use crate::text::anchors::{anchored, without_copied_anchors};

/// Most tokens of a reply; thinking needs some of them.
const REPLY: u32 = 1_024;

const SYSTEM: &str = "You change files with the tool that you are given. Call it at once, and say \
                      nothing.";

/// The file that is to be changed.
const SAMPLE: &str = "\
def greet(name):
    words = \"Hello\"
    return f\"{words}, {name}!\"


def main():
    name = \"world\"
    show(greet(name))
";

/// What is asked for, a text of the file, and what stands in its place afterwards.
const TASKS: [(&str, &str, &str); 2] = [
    (
        "Change the word Hello to Goodbye.",
        "\"Hello\"",
        "\"Goodbye\"",
    ),
    (
        "Greet twice: add the line with show once more, right below it.",
        "    show(greet(name))\n",
        "    show(greet(name))\n    show(greet(name))\n",
    ),
];

/// Has a model make two small edits in each form, with the tool for it.
///
/// # Errors
///
/// If the server fails; edits that fail are counted.
pub async fn probe_edits(
    model: &dyn ChatModel,
    tools: &[(EditForm, ToolSpec)],
) -> Result<EditCounts, ModelError> {
    let mut counts = EditCounts::default();
    for (form, tool) in tools {
        for (ask, before, after) in TASKS {
            let call = edit_call(model, &question(*form, ask), tool).await?;
            let edited = call.and_then(|call| edited(*form, &call));
            let wanted = SAMPLE.replace(before, after);
            let has_worked = edited.is_some_and(|text| text.trim_end() == wanted.trim_end());
            counts.note(*form, has_worked);
        }
    }
    Ok(counts)
}

/// The first valid call of the tool in the reply to a question.
async fn edit_call(
    model: &dyn ChatModel,
    question: &str,
    tool: &ToolSpec,
) -> Result<Option<ToolCall>, ModelError> {
    let tools = slice::from_ref(tool);
    let in_words = !model.profile().tools;
    let mut system = SYSTEM.to_owned();
    if in_words {
        system = format!("{system}\n\n{}", text_protocol(tools));
    }
    let messages = [Message::System { text: system }, Message::user(question)];
    let mut reply = model.reply(ChatRequest {
        messages: &messages,
        tools: if in_words { &[] } else { tools },
        format: None,
        without_thoughts: false,
        reply_tokens: Some(REPLY),
    });
    let (mut text, mut calls) = (String::new(), Vec::new());
    while let Some(delta) = reply.next().await {
        match delta {
            Ok(Delta::Text(piece)) => text.push_str(&piece),
            Ok(Delta::Call(call)) => calls.push(call),
            Ok(Delta::Thinking(_) | Delta::BrokenCall { .. } | Delta::Done(_)) => {}
            Err(error @ (ModelError::Failed(_) | ModelError::Crashed(_))) => return Err(error),
            // The model wrote nonsense, or has no tools after all.
            Err(_) => return Ok(None),
        }
    }
    calls.extend(find_calls(&text, tools).calls);
    Ok(calls.into_iter().find_map(|call| check(call, tools).ok()))
}

/// The file as `read_file` shows it, and what is to be changed.
fn question(form: EditForm, ask: &str) -> String {
    let lines = (1..).zip(SAMPLE.lines()).map(|(number, line)| match form {
        EditForm::Anchors => anchored(number, line, line),
        EditForm::Search | EditForm::Whole => format!("{number}→{line}"),
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "src/greet.py, lines 1-{} of {0}:\n```\n{}\n```\n\nIn src/greet.py: {ask}",
        lines.len(),
        lines.join("\n")
    )
}

/// What a call makes of the file; `None` if it is in another form or does not fit.
fn edited(form: EditForm, call: &ToolCall) -> Option<String> {
    let argument = |name: &str| call.arguments.get(name)?.as_str();
    match form {
        EditForm::Search => {
            let edited = edit(SAMPLE, argument("search")?, argument("replace")?, false);
            edited.ok().map(|edited| edited.text)
        }
        EditForm::Anchors => {
            let first = LineAnchor::parse(argument("first")?)?;
            let last = argument("last").filter(|last| !last.trim().is_empty());
            let last = last.map_or_else(|| Some(first.clone()), LineAnchor::parse)?;
            let lines = anchored_lines(SAMPLE, (&first, &last), (None, None)).ok()?;
            let text = argument("text")?;
            let bare = without_copied_anchors(text, SAMPLE, &[]);
            Some(with_lines(SAMPLE, lines, bare.as_deref().unwrap_or(text)))
        }
        EditForm::Whole => argument("content").map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(arguments: Value) -> ToolCall {
        ToolCall {
            id: "call_1".to_owned(),
            name: "edit_file".to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn an_edit_is_judged_by_what_it_makes_of_the_file() {
        let [(_, before, after), _] = TASKS;
        let wanted = SAMPLE.replace(before, after);
        let line = "    words = \"Hello\"";
        let shown = question(EditForm::Anchors, "?");
        let anchor = shown.lines().find_map(|shown| shown.strip_suffix(line));
        let anchor = anchor.expect("the line is shown");
        let new = line.replace("Hello", "Goodbye");
        for (form, arguments) in [
            (
                EditForm::Search,
                json!({"search": before, "replace": after}),
            ),
            (EditForm::Anchors, json!({"first": anchor, "text": new})),
            (EditForm::Whole, json!({"content": wanted})),
        ] {
            let text = edited(form, &call(arguments.clone()));
            assert_eq!(text.as_ref(), Some(&wanted), "{form:?}");
            // In another form it is another tool's call.
            let others = EditForm::ALL.into_iter().filter(|other| *other != form);
            for other in others {
                assert_eq!(edited(other, &call(arguments.clone())), None, "{other:?}");
            }
        }
        let wrong = json!({"first": "2zz", "text": new});
        assert_eq!(edited(EditForm::Anchors, &call(wrong)), None);
    }

    #[test]
    fn each_task_changes_the_file_once() {
        for (_, before, after) in TASKS {
            assert_eq!(SAMPLE.matches(before).count(), 1, "{before}");
            assert_ne!(SAMPLE.replace(before, after), SAMPLE);
        }
    }
}
