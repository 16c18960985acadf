//! Tool calls that weak models get wrong: found in text, repaired, checked.
//!
//! [`check`] makes a call match its tool, whatever its source. [`find_calls`] extracts calls from
//! the text of a reply, [`StreamFilter`] keeps them from being shown while that text streams, and
//! [`text_protocol`] and [`call_format`] tell a model without native tools how to call.
//!
//! # When text is a call
//!
//! A call runs something, so text counts as a call only under all of these conditions:
//!
//! 1. It is in the model's own reply. Callers pass [`find_calls`] nothing else: no thoughts, no
//!    tool output. Text between `<think>` and `</think>`, or before a `</think>` without a start
//!    tag, is a thought that the server left in.
//! 2. It names a known tool, and [`check`] accepts its arguments. A description of a tool (a
//!    JSON schema for arguments) is not a call.
//! 3. It is not quoted. A fenced block is quoted unless its language is `tool`, `tool_call`,
//!    `tool_calls`, `tool_code`, `json`, `xml` or none, and it contains only calls. A fence
//!    within a quoted block opens another one, so that a README in a block stays one. Lines with
//!    four or more columns of indentation, list items, block quotes and code spans are quotes
//!    too.
//! 4. It is in a place for calls:
//!    - the markers of a model family (`<tool_call>`, `[TOOL_CALLS]`, `<|python_tag|>` and the
//!      others in `families`), markup (`<function=`), and tags of a tool's own name
//!      (`<read_file>`) at the beginning of a line, after a sentence, or after another call;
//!      anything may follow;
//!    - a block in a language for tools; anything may follow;
//!    - a block in JSON, XML or no language; only further calls may follow, and a remark of up
//!      to 500 bytes without headings, tables or blocks: anything longer is a document;
//!    - bare JSON at the beginning of a line, a list of calls in Python syntax, a call of a tool in
//!      it that is not indented, or the name of a tool on a line of its own before an object; only
//!      further calls may follow.
//!
//!    And the sentence before it does not make it an example: "you would send", "I will not
//!    call".
//! 5. It is complete. Only closers may be missing, and only where no argument can be lost with
//!    them: those after a closed object of arguments, of lists and of fences, and either the
//!    `</tool_call>` or the `</function>`. A text that ends within the arguments is never a call.
//!    In XML a value ends at the `</parameter>` that is balanced with the `<parameter=…>`s within
//!    it and is followed by markup; if closers are left over in the reply, a value contained some
//!    itself, and none of the calls in XML is accepted.
//!
//! Text that names a known tool, or has a marker, and still is not a call, is [`FoundCalls::broken`].
//! So is an object with a name and arguments, and nothing else, that is all of a reply or of its last
//! block, though it names no tool. A call of the tool that other agents have for the answer is
//! [`FoundCalls::answer`].
//! Calls after it are [`FoundCalls::later`], but only if its end is certain: what looks like a call
//! within the arguments of another one is not a call.
//!
//! Edits that are written out (search-and-replace blocks, diffs, patches) are no calls, but
//! [`edits_in`] finds them for who knows that a change was asked for.
//!
//! # Where a new format goes
//!
//! Other markers around a name and an object: a row of `families`. Another layout of the
//! arguments of a tool: `foreign`. Another name of a tool or an argument: an alias at the tool.
//! Only for another syntax of name and arguments does `payload` need another parser. Each has a
//! row in `tests::more_formats`, which tests it whole, cut, in pieces of every size, and quoted.
//!
//! All of it takes time in proportion to the text, and bounded stack.

mod answer;
mod arguments;
mod commands;
mod example;
mod families;
mod find;
mod foreign;
mod forms;
mod json;
mod names;
mod object;
mod patches;
mod payload;
mod protocol;
mod python;
mod scan;
mod servers;
mod shapes;
mod stream_filter;
mod tags;
mod unknown;
mod written_edits;
mod xml;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};

use crate::message::ToolCall;
use crate::model::ToolSpec;

pub use answer::take_answer;
pub use find::{FoundCalls, find_calls};
pub use names::is_same_name;
pub use object::objects_in;
pub use protocol::{NO_TOOL, call_format, call_from_format, text_protocol};
pub use stream_filter::StreamFilter;
pub use written_edits::{WrittenEdits, edits_in};

/// Longest name of an unknown tool shown, in characters.
const LONGEST_NAME: usize = 60;

/// The error of a call; displayed as a message to the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No tool has that name or a similar one.
    #[error("there is no tool `{name}`; the tools are: {}{instead}", available.join(", "))]
    UnknownTool {
        /// As the model wrote it, shortened.
        name: String,
        /// The names of the tools.
        available: Vec<String>,
        /// A sentence with the call that does what the name says; empty if it says nothing.
        instead: String,
    },
    /// A required argument is missing or `null`.
    #[error("`{tool}` needs the argument `{field}`; its arguments are {shape}")]
    Missing {
        tool: String,
        field: String,
        /// All parameters and their types.
        shape: String,
    },
    /// An argument that the tool does not have: ignoring it would change what the model wanted.
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

/// Makes a call match one of the tools: resolves its name, renames its arguments and converts them
/// to the types of the tool.
///
/// Arguments that the tool does not list are an error if they could change what it does, unless the
/// tool accepts additional ones: then they stay.
///
/// The id stays. Nothing is filled in: an optional argument without a value is absent.
///
/// # Errors
///
/// The message to the model if no tool has the name, or an argument is missing, unknown or wrong.
pub fn check(call: ToolCall, tools: &[ToolSpec]) -> Result<ToolCall, CallError> {
    let Some(tool) = names::resolve(&call.name, tools) else {
        let offered = tools.iter().filter(|tool| !answer::is_answer(&tool.name));
        return Err(CallError::UnknownTool {
            name: shortened(call.name.trim(), LONGEST_NAME),
            available: offered.map(|tool| tool.name.clone()).collect(),
            instead: instead_of(&call.name, tools),
        });
    };
    Ok(ToolCall {
        id: call.id,
        name: tool.name.clone(),
        arguments: arguments::fit(tool, call.arguments)?,
    })
}

/// What to call in place of a tool that does not exist, as a sentence.
fn instead_of(name: &str, tools: &[ToolSpec]) -> String {
    let instead = names::instead(name, tools).map(|(aim, tool)| {
        let shape = arguments::shape(tool);
        format!(". To {aim}, call `{}` with {shape}", tool.name)
    });
    instead.unwrap_or_default()
}

/// Arguments as an object: given as one, as a string, or alone in a list.
pub fn arguments_of(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Array(mut items) if items.len() <= 1 => {
            arguments::object_of(items.pop().unwrap_or_default())
        }
        other => arguments::object_of(other),
    }
}

/// Converts a call in the layout of another agent's tool, possibly into several: `edits` are
/// several, so are the files of a patch, and `str_replace_editor` is one tool per command. The first
/// one keeps the id.
///
/// A call of a tool of a server by its own name becomes one of the tool that calls those, where that is
/// offered. A call in our layout, or in an unknown one, is unchanged.
pub fn reshaped(call: ToolCall, tools: &[ToolSpec]) -> Vec<ToolCall> {
    let Some(tool) = names::resolve(&call.name, tools) else {
        return vec![servers::through_our_tool(call, tools)];
    };
    let mut id = Some(call.id);
    let calls = foreign::reshaped(&tool.name, &call.name, call.arguments).into_iter();
    calls
        .map(|(name, arguments)| ToolCall {
            id: id.take().unwrap_or_else(new_call_id),
            name: name.to_owned(),
            arguments,
        })
        .collect()
}

/// An id for a call without one; unique across processes.
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
