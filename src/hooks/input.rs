//! What a hook is told: one JSON object, in one line, on its standard input.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::fit::HookEvent;

/// Most bytes of a text that is passed on; of longer ones, the beginning.
const LONGEST_TEXT: usize = 256 << 10;

/// What a hook is told. The names are a promise: `docs/hooks.md`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HookInput {
    pub hook: &'static str,
    /// Id of the session.
    pub session: String,
    /// The turn, from 1.
    pub turn: u32,
    /// The root of the workspace.
    pub workspace: String,
    /// The mode of approvals.
    pub mode: &'static str,
    #[serde(flatten)]
    pub what: HookSubject,
    /// The files that the hook is for, relative to the workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Whether a secret was taken out of the texts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// Whether a text was too long, and is only its beginning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What it is about, by point.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HookSubject {
    /// Whether an earlier session goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// `done` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// As the model is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// First line of the message of a commit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// and all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How the turn ends: `answered`, `planned`, `cut`, `step_limit`, `stuck`, `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<&'static str>,
    /// How often hooks had the model go on in this turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
}

impl HookInput {
    /// The same for a hook that is for only some of the files.
    #[must_use]
    pub fn for_files(&self, files: Vec<String>, removed: Vec<String>) -> HookInput {
        HookInput {
            paths: files,
            removed,
            ..self.clone()
        }
    }

    /// Names the point and the tool of an event.
    #[must_use]
    pub fn about(self, event: &HookEvent) -> HookInput {
        HookInput {
            hook: event.on.name(),
            workspace: event.root.clone(),
            what: HookSubject {
                tool: event.tools.last().cloned(),
                ..self.what
            },
            ..self
        }
    }

    /// Takes secrets out of all texts, and cuts those that are too long.
    #[must_use]
    pub fn cleaned(mut self, clean: &dyn Fn(&str) -> String) -> HookInput {
        let mut cleaning = Cleaning {
            clean,
            redacted: false,
            cut: false,
        };
        if let Some(arguments) = &mut self.what.arguments {
            cleaning.value(arguments);
        }
        let texts = [
            &mut self.what.result,
            &mut self.what.subject,
            &mut self.what.message,
        ];
        for text in texts.into_iter().flatten() {
            cleaning.text(text);
        }
        self.redacted |= cleaning.redacted;
        self.cut |= cleaning.cut;
        self
    }

    /// The line that is written.
    ///
    /// # Errors
    ///
    /// Never for what is in it: all keys are texts.
    pub fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }
}

struct Cleaning<'a> {
    clean: &'a dyn Fn(&str) -> String,
    redacted: bool,
    cut: bool,
}

impl Cleaning<'_> {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(values) => {
                *values = std::mem::take(values)
                    .into_iter()
                    .map(|(mut name, mut value)| {
                        self.text(&mut name);
                        self.value(&mut value);
                        (name, value)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Secrets first: half of one would not be known as one.
    fn text(&mut self, text: &mut String) {
        let clean = (self.clean)(text);
        if clean != *text {
            *text = clean;
            self.redacted = true;
        }
        if let Cow::Owned(short) = shortened(text) {
            *text = short;
            self.cut = true;
        }
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    match text.len() > LONGEST_TEXT {
        true => Cow::Owned(text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned()),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::permission::HookPoint;

    fn input() -> HookInput {
        let event = HookEvent {
            on: HookPoint::AfterTool,
            tools: vec!["use_tool".to_owned(), "github.search".to_owned()],
            files: Vec::new(),
            removed: Vec::new(),
            root: "/home/me/shop".to_owned(),
        };
        HookInput {
            session: "20261121-143005-k3x9".to_owned(),
            turn: 3,
            mode: "ask",
            what: HookSubject {
                arguments: Some(json!({
                    "command": "echo hunter2", "more": ["hunter2", 1, {"hunter2": 2}],
                })),
                outcome: Some("done"),
                result: Some("it printed hunter2\n".to_owned()),
                ..HookSubject::default()
            },
            ..HookInput::default()
        }
        .about(&event)
        .for_files(vec!["a.rs".to_owned()], Vec::new())
    }

    fn read(input: &HookInput) -> Value {
        let line = input.line().expect("a line");
        let text = std::str::from_utf8(&line).expect("text");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn a_hook_reads_one_object_in_one_line() {
        assert_eq!(
            read(&input()),
            json!({
                "hook": "after_tool",
                "session": "20261121-143005-k3x9",
                "turn": 3,
                "workspace": "/home/me/shop",
                "mode": "ask",
                "tool": "github.search",
                "arguments": {"command": "echo hunter2", "more": ["hunter2", 1, {"hunter2": 2}]},
                "outcome": "done",
                "result": "it printed hunter2\n",
                "paths": ["a.rs"],
            })
        );
    }

    #[test]
    fn secrets_are_taken_out_of_every_text_and_that_is_said() {
        let clean = |text: &str| text.replace("hunter2", "[redacted]");
        let told = read(&input().cleaned(&clean));
        assert!(!told.to_string().contains("hunter2"), "{told}");
        assert_eq!(
            told["arguments"]["more"],
            json!(["[redacted]", 1, {"[redacted]": 2}])
        );
        assert_eq!(told["redacted"], true);
        assert_eq!(told["cut"], Value::Null);
        let same = |text: &str| text.to_owned();
        assert_eq!(read(&input().cleaned(&same))["redacted"], Value::Null);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_that_is_said() {
        let mut long = input();
        long.what.result = Some("é".repeat(LONGEST_TEXT));
        let told = read(&long.cleaned(&|text: &str| text.to_owned()));
        assert_eq!(told["cut"], true);
        let length = told["result"].as_str().map_or(0, str::len);
        assert!(
            length <= LONGEST_TEXT && length > LONGEST_TEXT - 4,
            "{length}"
        );
    }
}
