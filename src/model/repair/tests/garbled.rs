//! Replies as weak models garble them: the calls of other agents' tools, under their names and
//! arguments, in forms that lack something. Nearly all are recovered, and none is taken for another.

use serde_json::{Value, json};

use super::super::find_calls;
use super::foreign::{Row, claude, cline, codex};
use super::formats::{each, object, parameters, python, raw};
use super::taught::taught;
use crate::model::ToolSpec;
use crate::tools::{ToolSet, Toolbox};

/// Fewest percent of the replies that are recovered.
const RECOVERED: usize = 95;

/// How a reply is garbled.
type Garbling = (&'static str, fn(&str, &Value) -> String);

const GARBLINGS: &[Garbling] = &[
    ("a tag that is not closed", |n, a| {
        format!("I do it now.\n<tool_call>\n{}", object(n, a))
    }),
    ("an end without a beginning", |n, a| {
        format!("{}\n</tool_call>", object(n, a))
    }),
    ("the last brace is missing", |n, a| {
        let call = parameters(n, a);
        call.strip_suffix('}').unwrap_or(&call).to_owned()
    }),
    ("a brace too many in a block", |n, a| {
        format!("```json\n{}}}\n```", object(n, a))
    }),
    ("a namespace and a number, after thoughts", |n, a| {
        format!(
            "<think>Hm.</think>\n{}",
            object(&format!("functions.{n}:0"), a)
        )
    }),
    ("arguments as a text, and a sign at the end", |n, a| {
        let text = Value::String(a.to_string());
        format!("{{\"name\": \"{n}\", \"arguments\": {text}}}<|im_end|>")
    }),
    ("markup without its closer", |n, a| {
        format!("好的。\n\n{}", markup(n, a))
    }),
    ("Mistral's, with a remark before", |n, a| {
        format!("I look at it.\n[TOOL_CALLS]{n}[ARGS]{a}")
    }),
    ("Python in a block", |n, a| {
        format!("```tool_code\nprint({})\n```", python(n, a))
    }),
];

/// Quotations, examples and thoughts of a call.
const QUOTATIONS: &[Garbling] = &[
    ("an example", |n, a| {
        format!("For example:\n\n```json\n{}\n```", object(n, a))
    }),
    ("a quotation", |n, a| {
        format!("> <tool_call>{}</tool_call>", object(n, a))
    }),
    ("a block of text", |n, a| {
        format!("```text\n<tool_call>{}</tool_call>\n```", object(n, a))
    }),
    ("thoughts", |n, a| {
        format!("<think>\n{}\n</think>\nHello.", object(n, a))
    }),
    ("another name", |n, a| {
        format!(
            "<tool_call>{}</tool_call>",
            object(&format!("preview_{n}"), a)
        )
    }),
];

fn markup(name: &str, arguments: &Value) -> String {
    let arguments = each(arguments, "\n", |key, value| {
        format!("<parameter={key}>\n{}\n</parameter>", raw(value))
    });
    format!("<tool_call>\n<function={name}>\n{arguments}\n</function>")
}

fn rows() -> Vec<Row> {
    [claude(), cline(), codex(), taught()].concat()
}

/// Whether a form can have these arguments: markup has texts only, and Python words for keys.
fn fits(form: &str, arguments: &Value) -> bool {
    let mut members = arguments.as_object().into_iter().flatten();
    match form {
        "markup without its closer" => {
            members.all(|(_, value)| !value.is_array() && !value.is_null())
        }
        "Python in a block" => members.all(|(key, _)| !key.starts_with('-')),
        _ => true,
    }
}

/// The calls that would run.
fn calls(text: &str, tools: &[ToolSpec]) -> Vec<Value> {
    let found = find_calls(text, tools);
    let calls = found.calls.iter().chain(&found.later);
    calls
        .map(|call| json!([call.name, call.arguments]))
        .collect()
}

#[test]
fn garbled_replies_are_recovered_and_none_is_taken_for_another() {
    let tools = Toolbox::builtin().specs(ToolSet::All);
    let (mut all, mut missed, mut wrong) = (0, Vec::new(), Vec::new());
    for (form, garbled) in GARBLINGS {
        for (name, arguments, expected) in rows() {
            if !fits(form, &arguments) {
                continue;
            }
            all += 1;
            let text = garbled(name, &arguments);
            let calls = calls(&text, &tools);
            if calls.iter().any(|call| *call != expected) || calls.len() > 1 {
                wrong.push(format!("{form}: {text}\n=> {calls:?}"));
            } else if calls.is_empty() {
                missed.push(format!("{form}: {text}"));
            }
        }
    }
    assert!(all >= 200, "only {all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let least = (all * RECOVERED).div_ceil(100);
    let recovered = all - missed.len();
    assert!(
        recovered >= least,
        "{recovered} of {all}:\n{}",
        missed.join("\n\n")
    );
}

#[test]
fn what_is_quoted_runs_in_none_of_them() {
    let tools = Toolbox::builtin().specs(ToolSet::All);
    for (form, quoted) in QUOTATIONS {
        for (name, arguments, _) in rows() {
            let text = quoted(name, &arguments);
            assert_eq!(calls(&text, &tools), Vec::<Value>::new(), "{form}: {text}");
        }
    }
}
