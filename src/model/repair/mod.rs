//! Tool calls that weak models get wrong: found in text, repaired, checked.
//!
//! [`check`] makes a call match its tool, whoever wrote it. [`find_calls`] takes calls out of the
//! text of a reply, [`Gate`] keeps them from being shown while that text streams, and
//! [`text_protocol`] and [`call_format`] say how a model without native tools is to call.
//!
//! # When text is a call
//!
//! A call runs something, so text is a call only if nothing speaks against it:
//!
//! 1. It stands in the model's own reply. Whoever calls [`find_calls`] gives it nothing else:
//!    no thoughts, no tool output. What stands between `<think>` and `</think>`, or before a
//!    `</think>` without a beginning, is a thought that the server left in.
//! 2. It names a known tool, and [`check`] accepts its arguments. A description of a tool (a
//!    JSON schema for arguments) is none.
//! 3. It is not quoted. A fenced block is quoted unless its language is `tool`, `tool_call`,
//!    `tool_calls`, `tool_code`, `json`, `xml` or none, and it has nothing but calls in it. A
//!    fence within a quoted block begins another one, so that a README in a block stays one.
//!    Lines with four or more columns of indentation, list items, block quotes and code spans
//!    are quotes too.
//! 4. It stands where calls stand:
//!    - the signs of a family of models (`<tool_call>`, `[TOOL_CALLS]`, `<|python_tag|>` and the
//!      others in `families`), markup (`<function=`), and tags of a tool's own name (`<read_file>`)
//!      at the beginning of a line, after a sentence, or after another call; anything may follow;
//!    - a block in a language for tools; anything may follow;
//!    - a block in JSON, XML or no language; after it stand only further calls and a remark:
//!      500 bytes without headings, tables or blocks, since more of it is a document;
//!    - bare JSON at the beginning of a line, a list of calls as Python writes them, or the name of
//!      a tool on a line of its own before an object; after it stand only further calls.
//!
//!    And the sentence before it does not make an example of it: "you would send", "I will not call".
//! 5. It is whole. Only closers may be missing, and only where no argument can be lost with
//!    them: those after a closed object of arguments, of lists and of fences, and the
//!    `</tool_call>` or the `</function>` when the other is there. A text that ends within the
//!    arguments is never a call. In XML a value ends at the `</parameter>` that fits the
//!    `<parameter=…>`s within it and that markup follows; if closers are left over in the reply,
//!    a value had some of its own, and none of the calls in XML is taken.
//!
//! What names a known tool, or has a marker, and still is no call, is [`Found::broken`]. Calls
//! after it are [`Found::later`], but only if it is certain where it ends: what looks like a call
//! within the arguments of another one is none.
//!
//! # Where a new format goes
//!
//! Other signs around a name and an object: a row of `families`. Another layout of the arguments of
//! a tool: `foreign`. Another name of a tool or an argument: an alias at the tool. Only where name
//! and arguments are written in a new way does `payload` need another reader. Each has a row in
//! `tests::more_formats`, by which it is tried whole, cut, in pieces of every size, and quoted.
//!
//! All of it takes time in proportion to the text, and bounded stack.

mod arguments;
mod example;
mod families;
mod find;
mod foreign;
mod forms;
mod gate;
mod json;
mod names;
mod payload;
mod protocol;
mod python;
mod scan;
mod shapes;
mod tags;
mod xml;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::message::ToolCall;
use crate::model::ToolSpec;

pub use find::{Found, find_calls};
pub use gate::Gate;
pub use protocol::{NO_TOOL, call_format, call_from_format, text_protocol};

/// Longest name of an unknown tool that is repeated, in characters.
const LONGEST_NAME: usize = 60;

/// What is wrong with a call; reads as a message to the model that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No tool has the name, nor one like it.
    #[error("there is no tool `{name}`; the tools are: {}", available.join(", "))]
    UnknownTool {
        /// As the model wrote it, shortened.
        name: String,
        /// The tools that there are.
        available: Vec<String>,
    },
    /// A required argument is not there, or is `null`.
    #[error("`{tool}` needs the argument `{field}`; its arguments are {shape}")]
    Missing {
        tool: String,
        field: String,
        /// All parameters and their types.
        shape: String,
    },
    /// An argument that the tool does not have: what it was to change would be left undone.
    #[error("`{tool}` has no argument `{field}` and did not run; its arguments are {shape}")]
    Unknown {
        tool: String,
        /// As the model wrote it, shortened.
        field: String,
        /// All parameters and their types.
        shape: String,
    },
    /// An argument is given twice, by two of its names.
    #[error("`{field}` of `{tool}` is given twice with different values: give it once")]
    Twice { tool: String, field: String },
    /// An argument has a type that cannot be turned into the right one.
    #[error("`{field}` of `{tool}` must be {expected}, not {got}")]
    Wrong {
        tool: String,
        field: String,
        /// The type that is needed.
        expected: String,
        /// The value that was given, shortened.
        got: String,
    },
}

/// Makes a call match one of the tools: its name resolved, its arguments renamed and turned into
/// the types that the tool wants, unknown ones dropped.
///
/// The id stays. Nothing is filled in: an optional argument without a value is absent.
///
/// # Errors
///
/// What the model is to be told, if no tool has the name, or an argument is missing or wrong.
pub fn check(call: ToolCall, tools: &[ToolSpec]) -> Result<ToolCall, CallError> {
    let Some(tool) = names::resolve(&call.name, tools) else {
        return Err(CallError::UnknownTool {
            name: shortened(call.name.trim(), LONGEST_NAME),
            available: tools.iter().map(|tool| tool.name.to_owned()).collect(),
        });
    };
    Ok(ToolCall {
        id: call.id,
        name: tool.name.to_owned(),
        arguments: arguments::fit(tool, call.arguments)?,
    })
}

/// Arguments as an object: as they are, written as a text, or alone in a list.
pub fn arguments_of(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Array(mut items) if items.len() <= 1 => {
            arguments::object_of(items.pop().unwrap_or_default())
        }
        other => arguments::object_of(other),
    }
}

/// The calls that one in the layout of another agent's tool stands for: `edits` are several, and
/// `str_replace_editor` is a tool for each of its commands. The first one keeps the id.
///
/// A call that is already in our layout, or that nobody knows, stays as it is.
pub fn reshaped(call: ToolCall, tools: &[ToolSpec]) -> Vec<ToolCall> {
    let Some(tool) = names::resolve(&call.name, tools) else {
        return vec![call];
    };
    let mut id = Some(call.id);
    let calls = foreign::reshaped(tool.name, call.arguments).into_iter();
    calls
        .map(|(name, arguments)| ToolCall {
            id: id.take().unwrap_or_else(new_call_id),
            name: name.to_owned(),
            arguments,
        })
        .collect()
}

/// An id for a call that came without one, not used before in this or another process.
pub fn new_call_id() -> String {
    static RANDOM: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("call_{:016x}", RANDOM.hash_one(number))
}

/// The first characters of a text, on one line.
fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

fn plain(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
