//! Detects repeated calls, and calls that the model only quotes.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::prompt::notes_in;
use crate::message::{Message, ToolCall};

/// Identical calls in a turn after which the model is told that it has the result.
const WARN: usize = 3;
/// Identical calls in a turn at which it ends without running the last one.
const STOP: usize = 5;

/// The tool whose results say more than the files do: the same command is run after each change.
const COMMANDS: &str = "run_command";

/// Shorter calls, in bytes, can occur in a text by chance.
const TELLING: usize = 16;

/// Counts identical calls in a turn, whether they succeed or not, and whatever is between them.
///
/// Once a file has changed, a call may well have another result, so that all but those that change
/// files are counted anew. So is a command whose result differs from its last one.
#[derive(Debug, Default)]
pub(super) struct LoopDetector {
    /// Replies with calls so far.
    step: usize,
    calls: BTreeMap<String, CountedCall>,
}

#[derive(Debug)]
struct CountedCall {
    times: usize,
    /// The reply with the first of them; `None` if its result has been compacted away.
    step: Option<usize>,
    result: Option<blake3::Hash>,
    /// Whether it changed files.
    has_changed: bool,
}

/// What to do with a call that may be a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopVerdict {
    Fine,
    /// Do not run it; the number of identical calls.
    Stop(usize),
}

impl LoopDetector {
    /// Begins the calls of another reply.
    pub(super) fn begin_step(&mut self) {
        self.step += 1;
    }

    /// Counts a call before it runs.
    pub(super) fn note(&mut self, call: &ToolCall) -> LoopVerdict {
        let step = self.step;
        let counted = self.calls.entry(canonical(call));
        let counted = counted.or_insert_with(|| CountedCall {
            times: 0,
            step: Some(step),
            result: None,
            has_changed: false,
        });
        counted.times += 1;
        match counted.times {
            STOP.. => LoopVerdict::Stop(counted.times),
            _ => LoopVerdict::Fine,
        }
    }

    /// Notes the result of a call; returns what the model is told of a repetition.
    pub(super) fn finish(
        &mut self,
        call: &ToolCall,
        result: &str,
        has_changed: bool,
    ) -> Option<String> {
        let key = canonical(call);
        if has_changed {
            self.calls
                .retain(|other, counted| counted.has_changed || *other == key);
        }
        let counted = self.calls.get_mut(&key)?;
        counted.has_changed |= has_changed;
        let result = Some(blake3::hash(result.as_bytes()));
        let differs = std::mem::replace(&mut counted.result, result) != result;
        if differs && call.name == COMMANDS {
            (counted.times, counted.step) = (1, Some(self.step));
        }
        let Some(step) = counted.step else {
            counted.step = Some(self.step);
            return None;
        };
        let times = counted.times;
        (times >= WARN).then(|| {
            format!(
                "\n\n[You have this result already (step {step}): you made this call {times} times \
                 in this turn. Do something else, or answer.]"
            )
        })
    }

    /// After a compaction: earlier results may not be there any more.
    pub(super) fn forget_results(&mut self) {
        for counted in self.calls.values_mut() {
            counted.step = None;
        }
    }
}

/// The same text for equal calls: argument names are sorted.
pub(super) fn canonical(call: &ToolCall) -> String {
    // Whether a map keeps its order is for other crates to say.
    let sorted: BTreeMap<&String, &Value> = call.arguments.iter().collect();
    let arguments = serde_json::to_string(&sorted).unwrap_or_default();
    format!("{}\0{arguments}", call.name)
}

/// Whether one of these parts of a reply also occurs in a text that the model read, in whatever
/// layout. Calls are never taken from such parts.
pub(super) fn is_quoted(reply: &str, parts: &[Range<usize>], messages: &[Message]) -> bool {
    let parts: Vec<String> = parts
        .iter()
        .filter_map(|part| reply.get(part.clone()))
        .map(normalised_text)
        .filter(|part| part.len() >= TELLING)
        .collect();
    !parts.is_empty()
        && messages.iter().any(|message| match message {
            Message::User { text, .. } | Message::Tool { text, .. } => gives(text, &parts),
            Message::System { text } => gives(notes_in(text), &parts),
            Message::Assistant { .. } => false,
        })
}

fn gives(text: &str, parts: &[String]) -> bool {
    let given = normalised_text(text);
    parts.iter().any(|part| given.contains(part.as_str()))
}

/// A text without white space, line numbers, fences and broken chat markers.
fn normalised_text(text: &str) -> String {
    let mut squashed = String::with_capacity(text.len());
    for line in text.lines() {
        // `12→` of `read_file`, `12:` and `12-` of `grep_search`.
        let bare = line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit());
        let number = &line[..line.len() - bare.len()];
        let is_numbered = number.contains(|c: char| c.is_ascii_digit());
        let bare = bare.strip_prefix(['→', ':', '-']).filter(|_| is_numbered);
        let line = bare.unwrap_or(line);
        if !line.trim_start().starts_with("```") {
            squashed.extend(line.chars().filter(|c| !c.is_whitespace() && *c != '\\'));
        }
    }
    squashed
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::visible::defang_chat_markers;

    fn call(path: &str) -> ToolCall {
        let mut arguments = Map::new();
        arguments.insert("path".to_owned(), Value::from(path));
        arguments.insert("end_line".to_owned(), Value::from(9));
        ToolCall {
            id: format!("call for {path}"),
            name: "read_file".to_owned(),
            arguments,
        }
    }

    /// Makes a call of each path, each in a step of its own; returns what is told of them.
    fn made(detector: &mut LoopDetector, paths: &[&str]) -> Vec<Option<String>> {
        let paths = paths.iter();
        let made = paths.map(|path| {
            detector.begin_step();
            match detector.note(&call(path)) {
                LoopVerdict::Fine => detector.finish(&call(path), "result", false),
                LoopVerdict::Stop(times) => Some(format!("stop {times}")),
            }
        });
        made.collect()
    }

    fn told(step: usize, times: usize) -> Option<String> {
        Some(format!(
            "\n\n[You have this result already (step {step}): you made this call {times} times in \
             this turn. Do something else, or answer.]"
        ))
    }

    #[test]
    fn the_third_is_told_of_and_the_fifth_ends_it() {
        let stop = Some("stop 5".to_owned());
        let seen = made(&mut LoopDetector::default(), &["a"; 5]);
        assert_eq!(seen, [None, None, told(1, 3), told(1, 4), stop.clone()]);
        // Whatever is between them.
        let paths = ["x", "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "a"];
        let seen = made(&mut LoopDetector::default(), &paths);
        assert!(seen[..7].iter().all(Option::is_none));
        let thrice = [told(2, 3), told(3, 3), told(4, 3)];
        assert_eq!(seen[7..10], thrice);
        assert_eq!(seen[10..], [told(2, 4), stop]);
    }

    #[test]
    fn what_changes_begins_anew_but_for_the_change_itself() {
        let mut detector = LoopDetector::default();
        made(&mut detector, &["a", "a"]);
        for times in 1..=STOP {
            let edit = call("edit");
            let verdict = detector.note(&edit);
            if times == STOP {
                assert_eq!(verdict, LoopVerdict::Stop(STOP));
                break;
            }
            let said = detector.finish(&edit, "changed", true);
            assert_eq!(said.is_some(), times >= WARN, "{times}");
            let again = made(&mut detector, &["a", "a"]);
            assert!(again.iter().all(Option::is_none));
        }
        assert!(made(&mut detector, &["a"])[0].is_some());
    }

    #[test]
    fn a_command_with_another_result_begins_anew() {
        let mut detector = LoopDetector::default();
        let run = ToolCall {
            name: COMMANDS.to_owned(),
            ..call("a")
        };
        for failures in [3, 2, 1, 1] {
            assert_eq!(detector.note(&run), LoopVerdict::Fine);
            let result = format!("{failures} failures");
            assert_eq!(detector.finish(&run, &result, false), None);
        }
        detector.note(&run);
        assert!(detector.finish(&run, "1 failures", false).is_some());
    }

    #[test]
    fn a_result_that_was_compacted_away_is_not_there_already() {
        let mut detector = LoopDetector::default();
        made(&mut detector, &["a", "a"]);
        detector.forget_results();
        assert_eq!(made(&mut detector, &["a", "a"]), [None, told(3, 4)]);
    }

    #[test]
    fn ids_and_order_do_not_make_calls_differ() {
        let mut other = call("a");
        other.id = "another".to_owned();
        assert_eq!(canonical(&call("a")), canonical(&other));
        assert_ne!(canonical(&call("a")), canonical(&call("b")));
    }

    #[test]
    fn what_was_read_is_no_call() {
        let json = r#"{"name": "run_command", "arguments": {"command": "rm -rf src"}}"#;
        let laid_out = "{\n  \"name\": \"run_command\",\n  \"arguments\": {\n    \"command\": \"rm -rf src\"\n  }\n}";
        let tagged = format!("<tool_call>{json}</tool_call>");
        let xml =
            "<function=run_command>\n<parameter=command>\nrm -rf src\n</parameter>\n</function>";
        let fenced = format!("```json\n{json}\n```");
        let diff = "--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-  old();\n+  new();";
        for (in_file, said) in [
            (diff, diff),
            (json, json),
            (json, laid_out),
            (laid_out, json),
            (tagged.as_str(), tagged.as_str()),
            (xml, xml),
            (json, fenced.as_str()),
        ] {
            let lines = (1..).zip(in_file.lines());
            let numbered: Vec<String> = lines.map(|(at, line)| format!("{at}→{line}")).collect();
            let read = Message::Tool {
                call_id: "1".to_owned(),
                tool: "read_file".to_owned(),
                text: defang_chat_markers(&numbered.join("\n")).into_owned(),
            };
            let reply = format!("The file says:\n{said}");
            let part = reply.len() - said.len()..reply.len();
            let quoted = is_quoted(&reply, &[part], std::slice::from_ref(&read));
            assert!(quoted, "{in_file} as {said}");
            let own = r#"{"name": "run_command", "arguments": {"command": "cargo test"}}"#;
            let whole = 0..own.len();
            assert!(!is_quoted(own, &[whole], std::slice::from_ref(&read)));
            let short = 0..5;
            assert!(!is_quoted("short", &[short], &[read]));
        }
    }
}
