//! Which lines of files the messages of a conversation show or name: an answer that cites others
//! cites what the model has not looked at.

use std::collections::{HashMap, HashSet};

use super::citations::places_in;
use crate::engine::user_message::UserMessage;
use crate::message::{Message, Source, ToolCall};
use crate::text::anchors::split_anchor;

/// Edits move lines: so many lines beside those that were shown count as shown.
const MARGIN: u64 = 10;
/// Tools whose results are lines of one file, numbered.
const READING: [&str; 2] = ["read_file", "edit_file"];
/// Tools whose results are a path, and below it the lines that were found there.
const FINDING: [&str; 2] = ["grep_search", "find_references"];
const COMMAND: &str = "run_command";
/// The other tools of this program that name a path: what they show of it cannot be told.
const NAMING: [&str; 12] = [
    "write_file",
    "search_codebase",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
    "move_file",
    "delete_file",
    "new_from_template",
    "related_files",
    "project_map",
    "ask_user",
];

/// The places that were shown.
#[derive(Debug, Default)]
pub(super) struct ShownPlaces {
    /// First and last lines, by path.
    lines: HashMap<String, Vec<(u64, u64)>>,
    /// Files that were shown or written whole, as far as that can be told.
    whole: HashSet<String>,
    /// Texts of which it is not known what of a file they show: commands and summaries.
    texts: Vec<String>,
}

impl ShownPlaces {
    /// What messages show, and the sources of the turn.
    pub(super) fn of(messages: &[Message], sources: &[Source]) -> ShownPlaces {
        let mut shown = ShownPlaces::default();
        for source in sources {
            let lines = (u64::from(source.start_line), u64::from(source.end_line));
            shown.add(&source.path, lines);
        }
        let mut calls: HashMap<&str, &ToolCall> = HashMap::new();
        for message in messages {
            match message {
                Message::Assistant { calls: made, .. } => {
                    calls.extend(made.iter().map(|call| (call.id.as_str(), call)));
                }
                Message::User { text, .. } => shown.add_question(text),
                Message::Tool {
                    call_id,
                    tool,
                    text,
                } => shown.add_result(calls.get(call_id.as_str()).copied(), tool, text),
                Message::System { .. } => {}
            }
        }
        shown
    }

    /// Whether some of these lines of a file were shown, or lines close by.
    pub(super) fn has(&self, path: &str, start: u64, end: u64) -> bool {
        let near = |(first, last): &(u64, u64)| {
            start <= last.saturating_add(MARGIN) && end.saturating_add(MARGIN) >= *first
        };
        self.whole.contains(path)
            || self
                .lines
                .get(path)
                .is_some_and(|lines| lines.iter().any(near))
            || self.texts.iter().any(|text| text.contains(path))
    }

    fn add(&mut self, path: &str, lines: (u64, u64)) {
        let known = self.lines.entry(path.to_owned()).or_default();
        match known.last_mut() {
            Some(last) if lines.0 == last.1 + 1 => last.1 = lines.1,
            _ => known.push(lines),
        }
    }

    fn add_named(&mut self, text: &str) {
        for (path, start, end) in places_in(text) {
            self.add(&path, (start, end.max(start)));
        }
    }

    /// A question: places that it names, hits, and files that the user mentioned.
    fn add_question(&mut self, text: &str) {
        self.add_named(text);
        let opening = UserMessage::parse(text);
        self.texts.extend(
            [opening.summary, opening.done]
                .into_iter()
                .filter(|text| !text.is_empty()),
        );
        let mut path = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("## `") {
                path = rest.split('`').next();
            } else if let (Some(path), Some(number)) = (path, shown_number(line)) {
                self.add(path, (number, number));
            }
        }
    }

    fn add_result(&mut self, call: Option<&ToolCall>, tool: &str, text: &str) {
        let argument = |name: &str| {
            let value = call.and_then(|call| call.arguments.get(name));
            value.and_then(|value| value.as_str()).unwrap_or_default()
        };
        if tool == COMMAND {
            self.texts.push(format!("{}\n{text}", argument("command")));
            return;
        }
        let is_ours = READING.contains(&tool) || FINDING.contains(&tool) || NAMING.contains(&tool);
        if !is_ours {
            // A tool of the user, or of a server.
            let arguments = call.into_iter().flat_map(|call| call.arguments.values());
            let words = arguments.filter_map(|value| value.as_str());
            let words: Vec<&str> = words.chain([text]).collect();
            self.texts.push(words.join("\n"));
            return;
        }
        self.add_named(text);
        if FINDING.contains(&tool) {
            return self.add_found(text);
        }
        let path = argument("path").trim();
        let path = path.strip_prefix("./").unwrap_or(path);
        if path.is_empty() {
            return;
        }
        if READING.contains(&tool) {
            for number in text.lines().filter_map(shown_number) {
                self.add(path, (number, number));
            }
        } else {
            self.whole.insert(path.to_owned());
        }
    }

    /// A path, and below it the lines that were found there.
    fn add_found(&mut self, text: &str) {
        let mut path = "";
        for line in text.lines() {
            match number_of(line, &[':', '-', '→']) {
                Some(number) => self.add(path, (number, number)),
                // A gap, or what is said of lines that are left out.
                None if line == "--" || line.starts_with('…') => {}
                None => path = line.trim(),
            }
        }
    }
}

/// The number of a line of a file, as tools show it: with its number or with its anchor.
fn shown_number(line: &str) -> Option<u64> {
    number_of(line, &['→']).or_else(|| {
        let (number, _, _) = split_anchor(line)?;
        u64::try_from(number).ok()
    })
}

/// The number at the beginning of a line, before one of some signs.
fn number_of(line: &str, signs: &[char]) -> Option<u64> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let has_sign = line[digits..].starts_with(signs);
    if has_sign {
        line[..digits].parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn called(tool: &str, arguments: serde_json::Value, text: &str) -> [Message; 2] {
        let call = ToolCall {
            id: format!("{tool} {arguments}"),
            name: tool.to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        };
        let result = Message::Tool {
            call_id: call.id.clone(),
            tool: tool.to_owned(),
            text: text.to_owned(),
        };
        let asks = Message::Assistant {
            text: String::new(),
            thinking: String::new(),
            calls: vec![call],
        };
        [asks, result]
    }

    #[test]
    fn lines_that_messages_show_are_known() {
        let mut messages = vec![Message::user(
            "## `src/b.rs`, mentioned by the user\n\n```\n1→a\n2→b\n```\n\n\
             src/net.rs:40-60 (fn dial)\n```\nlet x;\n```\n\n## Request\n\nWhy src/c.rs:100?",
        )];
        messages.extend(called(
            "read_file",
            json!({"path": "./src/a.rs", "start_line": 50}),
            "src/a.rs, lines 50-52 of 900:\n50→a\n51→b\n52→c\n",
        ));
        messages.extend(called(
            "grep_search",
            json!({"regex": "x", "path": "src"}),
            "src/d.rs\n200:x\n201-y\n--\n300-z\nsrc/e.rs\n7:x\n",
        ));
        messages.extend(called(
            "find_references",
            json!({"name": "x"}),
            "Definitions of `x`:\nsrc/j.rs:30: fn x()\nUses of `x`, 2 uses in 1 file:\n\
             src/k.rs\n70: x();\n… 3 more in this file …\n95: x();  [in y]\n",
        ));
        messages.extend(called(
            "run_command",
            json!({"command": "cat src/f.rs"}),
            "x",
        ));
        messages.extend(called("write_file", json!({"path": "src/g.rs"}), "created"));
        messages.extend(called(
            "count_lines",
            json!({"path": "src/l.rs"}),
            "7 src/m.rs",
        ));
        let sources = [Source {
            path: "src/h.rs".to_owned(),
            start_line: 5,
            end_line: 9,
            symbol: None,
        }];
        let shown = ShownPlaces::of(&messages, &sources);
        for (path, line) in [
            ("src/a.rs", 51),
            ("src/a.rs", 60),
            ("src/b.rs", 2),
            ("src/net.rs", 45),
            ("src/c.rs", 100),
            ("src/d.rs", 201),
            ("src/d.rs", 300),
            ("src/j.rs", 30),
            ("src/k.rs", 70),
            ("src/k.rs", 95),
            ("src/e.rs", 7),
            ("src/f.rs", 500),
            ("src/g.rs", 500),
            ("src/l.rs", 500),
            ("src/h.rs", 7),
        ] {
            assert!(shown.has(path, line, line), "{path}:{line}");
        }
        for (path, line) in [
            ("src/a.rs", 500),
            ("src/b.rs", 40),
            ("src/d.rs", 7),
            ("src/e.rs", 200),
            ("src/i.rs", 1),
            ("src/k.rs", 400),
        ] {
            assert!(!shown.has(path, line, line), "{path}:{line}");
        }
        assert!(shown.has("src/a.rs", 1, 900));
    }

    #[test]
    fn lines_with_anchors_are_known() {
        let messages = called(
            "read_file",
            json!({"path": "src/l.rs"}),
            "src/l.rs, lines 70-71 of 900:\n70ab|a\n71cd|b\n",
        );
        let shown = ShownPlaces::of(&messages, &[]);
        assert!(shown.has("src/l.rs", 71, 71));
        assert!(!shown.has("src/l.rs", 400, 400));
    }
}
