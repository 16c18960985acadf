//! Detects repeated calls, and calls that the model only quotes.

use std::collections::{BTreeMap, BTreeSet};
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

/// Units of the durations that a command prints, which differ each time.
const UNITS: &[&str] = &[
    "s", "sec", "secs", "second", "seconds", "ms", "us", "µs", "ns",
];

/// Shorter calls, in bytes, can occur in a text by chance.
const TELLING: usize = 16;

/// Counts identical calls in a turn, whether they succeed or not, and whatever is between them.
///
/// Once a file has changed, a call may well have another result, so that all but those that change
/// files are counted anew. So is a command whose result differs from its last one, and each command
/// after a change by another call.
#[derive(Debug, Default)]
pub(super) struct LoopDetector {
    /// Replies with calls so far.
    step: usize,
    calls: BTreeMap<String, CountedCall>,
    /// The user's own tools, which run commands, too.
    own_commands: BTreeSet<String>,
}

#[derive(Debug)]
struct CountedCall {
    times: usize,
    /// The reply with the first of them.
    step: usize,
    /// The last result of a command.
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
    /// With the names of the tools that run commands.
    pub(super) fn new<'a>(commands: impl Iterator<Item = &'a str>) -> LoopDetector {
        LoopDetector {
            own_commands: commands.map(str::to_owned).collect(),
            ..LoopDetector::default()
        }
    }

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
            step,
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
            let own = &self.own_commands;
            self.calls.retain(|other, counted| {
                *other == key || (counted.has_changed && !is_command(other, own))
            });
        }
        let counted = self.calls.get_mut(&key)?;
        counted.has_changed |= has_changed;
        if is_command(&key, &self.own_commands) {
            let result = Some(blake3::hash(without_times(result).as_bytes()));
            if std::mem::replace(&mut counted.result, result) != result {
                (counted.times, counted.step) = (1, self.step);
            }
        }
        let CountedCall { times, step, .. } = *counted;
        (times >= WARN).then(|| {
            format!(
                "\n\n[You have this result already (step {step}): you made this call {times} times \
                 in this turn. Do something else, or answer.]"
            )
        })
    }

    /// After a compaction: earlier results may not be there any more.
    pub(super) fn forget_results(&mut self) {
        self.calls.clear();
    }
}

/// Whether canonical text is of a command.
fn is_command(canonical: &str, own: &BTreeSet<String>) -> bool {
    let name = canonical.split('\0').next().unwrap_or_default();
    name == COMMANDS || own.contains(name)
}

/// A result in which durations and times of day are blanked: `3.2 s`, `0.02s`, `12:34:56`.
fn without_times(result: &str) -> String {
    let mut kept = String::with_capacity(result.len());
    let mut rest = result;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let is_end = |c: char| !(c.is_ascii_digit() || c == '.' || c == ':');
        let (number, after) = from.split_at(from.find(is_end).unwrap_or(from.len()));
        let is_blanked = is_time_of_day(number) || is_unit_first(after);
        kept.push_str(before);
        kept.push_str(if is_blanked { "_" } else { number });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn is_time_of_day(number: &str) -> bool {
    let parts: Vec<&str> = number.trim_end_matches(['.', ':']).split(':').collect();
    let is_part = |part: &&str| {
        let whole = part.split('.').next().unwrap_or_default();
        (1..=2).contains(&whole.len())
    };
    parts.len() == 3 && parts.iter().all(is_part)
}

/// Whether a text begins with a unit of time, with or without a blank before it.
fn is_unit_first(text: &str) -> bool {
    let text = text.strip_prefix(' ').unwrap_or(text);
    let end = text.find(|c: char| !c.is_alphanumeric());
    UNITS.contains(&&text[..end.unwrap_or(text.len())])
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
    fn tools_of_the_user_are_commands() {
        let mut detector = LoopDetector::new(["run_tests"].into_iter());
        let run = |name: &str| ToolCall {
            name: name.to_owned(),
            ..call("a")
        };
        for failures in [3, 2, 1] {
            detector.note(&run("run_tests"));
            let result = format!("{failures} failures");
            assert_eq!(detector.finish(&run("run_tests"), &result, false), None);
            detector.note(&run("other"));
            let repeated = detector.finish(&run("other"), &result, false);
            assert_eq!(repeated.is_some(), failures == 1);
        }
    }

    #[test]
    fn a_command_is_the_same_however_long_it_took() {
        for (one, other, expected) in [
            ("exit code 1, 3.2 s\nx", "exit code 1, 3.4 s\nx", true),
            ("finished in 0.02s", "finished in 0.10s", true),
            ("took 9 ms; 2 seconds", "took 12 ms; 3 seconds", true),
            ("[12:34:56.789] ok", "[12:35:01.002] ok", true),
            ("at 12:34:56: ok", "at 2:35:01: ok", true),
            ("exit code 1, 3.2 s", "exit code 2, 3.2 s", false),
            ("3 failures", "2 failures", false),
            ("3 steps", "2 steps", false),
            ("a.rs:12:5: error", "a.rs:13:5: error", false),
            ("1.2.3", "1.2.4", false),
        ] {
            let is_same = without_times(one) == without_times(other);
            assert_eq!(is_same, expected, "{one} / {other}");
        }
    }

    #[test]
    fn a_command_that_writes_begins_anew_after_another_change() {
        let mut detector = LoopDetector::default();
        let run = ToolCall {
            name: COMMANDS.to_owned(),
            ..call("a")
        };
        for number in 0..=STOP {
            let edit = call(&format!("edit {number}"));
            assert_eq!(detector.note(&edit), LoopVerdict::Fine);
            assert_eq!(detector.finish(&edit, "changed", true), None);
            assert_eq!(detector.note(&run), LoopVerdict::Fine);
            assert_eq!(detector.finish(&run, "2 failures", true), None);
        }
        // Without a change in between it is repeated.
        for times in 2..STOP {
            assert_eq!(detector.note(&run), LoopVerdict::Fine);
            let said = detector.finish(&run, "2 failures", true);
            assert_eq!(said.is_some(), times >= WARN, "{times}");
        }
        assert_eq!(detector.note(&run), LoopVerdict::Stop(STOP));
    }

    #[test]
    fn a_result_that_was_compacted_away_is_not_there_already() {
        let mut detector = LoopDetector::default();
        made(&mut detector, &["a", "a"]);
        detector.forget_results();
        let again = made(&mut detector, &["a"; 3]);
        assert_eq!(again, [None, None, told(3, 3)]);
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
