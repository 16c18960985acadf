//! Edits that a model writes into its reply instead of calling a tool: search-and-replace blocks as
//! aider has them, unified diffs in a block, and patches of Codex.
//!
//! They are no calls as long as they may be an explanation, so that [`edits_in`] is for replies to a
//! request for a change, in turns in which nothing was changed.

use std::ops::Range;

use serde_json::Map;

use super::{check, example, foreign, new_call_id, patches};
use crate::message::ToolCall;
use crate::model::ToolSpec;

/// Languages of blocks that quote something.
const QUOTING: &[&str] = &["text", "txt", "markdown", "md", "console", "output"];

/// Languages of blocks with a diff.
const DIFFS: &[&str] = &["diff", "patch", "udiff"];

/// Longest line that may be a path, in bytes.
const LONGEST_PATH: usize = 200;

/// The edits in a reply.
#[derive(Debug, Default, PartialEq)]
pub struct WrittenEdits {
    /// As calls, checked; their ids are new.
    pub calls: Vec<ToolCall>,
    /// Their ranges in the reply.
    pub places: Vec<Range<usize>>,
}

/// Finds the edits in the text of a reply; none if one of them is an example, or cannot be made.
pub fn edits_in(text: &str, tools: &[ToolSpec]) -> WrittenEdits {
    let mut edits = WrittenEdits::default();
    if text.contains("<think") {
        return edits;
    }
    let Some(found) = EditReader::default().read(text) else {
        return edits;
    };
    for (range, (name, arguments)) in found {
        // What deletes or moves a file has to be asked for by a call.
        if !["edit_file", "write_file"].contains(&name)
            || example::introduces(prose_before(text, range.start))
            || example::takes_back(prose_after(text, range.end))
        {
            return WrittenEdits::default();
        }
        let call = ToolCall {
            id: new_call_id(),
            name: name.to_owned(),
            arguments,
        };
        let Ok(call) = check(call, tools) else {
            return WrittenEdits::default();
        };
        edits.calls.push(call);
        edits.places.push(range);
    }
    edits
}

/// The text before an edit, without the lines that only say where it is made.
fn prose_before(text: &str, at: usize) -> &str {
    let mut before = text[..at].trim_end();
    loop {
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = &before[start..];
        if line.is_empty() || !(line.trim_start().starts_with("```") || path_in(line).is_some()) {
            return before;
        }
        before = before[..start].trim_end();
    }
}

fn prose_after(text: &str, at: usize) -> &str {
    text[at..].trim_start().trim_start_matches('`')
}

/// A block that is open.
struct FencedBlock {
    /// The row of signs that began it.
    fence: String,
    language: String,
    /// Blocks in it that are open.
    inner: usize,
}

/// The row of back-ticks or tildes that a line begins with, and what is behind it.
fn fence_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let sign = line.chars().next().filter(|sign| "`~".contains(*sign))?;
    let rest = line.trim_start_matches(sign);
    let fence = &line[..line.len() - rest.len()];
    (fence.len() >= 3).then_some((fence, rest))
}

/// A call, and the range of the text that it was made of.
type PlacedCall = (Range<usize>, (&'static str, foreign::ArgumentMap));

#[derive(Default)]
struct EditReader<'a> {
    /// The file that was named last.
    path: Option<&'a str>,
    /// The open block.
    block: Option<FencedBlock>,
    found: Vec<PlacedCall>,
}

impl<'a> EditReader<'a> {
    /// All edits of a text, in order; `None` if one of them is not complete.
    fn read(mut self, text: &'a str) -> Option<Vec<PlacedCall>> {
        let mut at = 0;
        while at < text.len() {
            let line = text[at..].split('\n').next().unwrap_or_default();
            let next = text.len().min(at + line.len() + 1);
            let is_quoted = self.is_in(QUOTING);
            if foreign::begins_block(line) && !is_quoted {
                let end = end_after(text, at, foreign::ends_block)?;
                self.blocks(text, at..end)?;
                at = end;
            } else if line.starts_with("*** Begin Patch") && !is_quoted {
                let is_end = |line: &str| line.starts_with("*** End Patch");
                let end = end_after(text, at, is_end)?;
                self.patch(text, at..end)?;
                at = end;
            } else if let Some((fence, information)) = fence_of(line) {
                at = self.fence(text, (fence, information), at, next)?;
            } else {
                self.path = path_in(line).or(self.path);
                at = next;
            }
        }
        Some(self.found)
    }

    fn is_in(&self, languages: &[&str]) -> bool {
        let block = self.block.as_ref();
        block.is_some_and(|block| languages.contains(&block.language.as_str()))
    }

    /// Passes a fence, and the whole of a block with a diff; returns where the text continues.
    fn fence(
        &mut self,
        text: &'a str,
        (fence, information): (&'a str, &'a str),
        at: usize,
        next: usize,
    ) -> Option<usize> {
        let information = information.trim();
        if let Some(block) = &mut self.block {
            // Shorter ones, and those of another sign, are text of the block.
            match (fence.starts_with(&block.fence), information.is_empty()) {
                (true, true) if block.inner == 0 => self.block = None,
                (true, true) => block.inner -= 1,
                (true, false) => block.inner += 1,
                (false, _) => {}
            }
            return Some(next);
        }
        let (language, rest) = information
            .split_once([' ', ':'])
            .unwrap_or((information, ""));
        self.path = path_in(rest).or(self.path);
        let language = language.to_ascii_lowercase();
        if !DIFFS.contains(&language.as_str()) {
            self.block = Some(FencedBlock {
                fence: fence.to_owned(),
                language,
                inner: 0,
            });
            return Some(next);
        }
        let is_end = |line: &str| line.trim() == fence;
        let end = end_after(text, next, is_end)?;
        let body = text[next..end].trim_end().trim_end_matches(['`', '~']);
        // What has no head may be a part of an explanation.
        if let Some(calls) = patches::calls(body, None) {
            let places = calls.into_iter().map(|call| (at..end, call));
            self.found.extend(places);
        }
        Some(end)
    }

    fn patch(&mut self, text: &str, range: Range<usize>) -> Option<()> {
        let calls = patches::calls(&text[range.clone()], None)?;
        let places = calls.into_iter().map(|call| (range.clone(), call));
        self.found.extend(places);
        Some(())
    }

    fn blocks(&mut self, text: &str, range: Range<usize>) -> Option<()> {
        let path = self.path?;
        for (search, replace) in foreign::blocks(&text[range.clone()])? {
            let arguments = Map::from_iter([("path".to_owned(), path.into())]);
            let call = foreign::block(arguments, search, replace);
            self.found.push((range.clone(), call));
        }
        Some(())
    }
}

/// Where the text continues after the first line of a kind.
fn end_after(text: &str, from: usize, is_end: impl Fn(&str) -> bool) -> Option<usize> {
    let mut at = from;
    for line in text[from..].split_inclusive('\n') {
        at += line.len();
        if is_end(line.trim_end_matches('\n')) {
            return Some(at);
        }
    }
    None
}

/// The path that a line consists of, whatever is around it: `**src/main.rs**:`, `### a.py`.
fn path_in(line: &str) -> Option<&str> {
    let around = |c: char| c.is_whitespace() || "#*`:\"'".contains(c);
    let line = line.trim_matches(around);
    let line = ["File:", "file:", "Path:", "path:"]
        .iter()
        .find_map(|label| line.strip_prefix(label))
        .unwrap_or(line)
        .trim_matches(around);
    let fits = |c: char| c.is_alphanumeric() || "/._-+@[]()".contains(c);
    let name = line.rsplit('/').next().unwrap_or_default();
    let has_ending = name
        .rsplit_once('.')
        .is_some_and(|(_, ending)| !ending.is_empty());
    let is_path = line.len() <= LONGEST_PATH
        && line.chars().all(fits)
        && !name.is_empty()
        && (has_ending || line.contains('/'));
    is_path.then_some(line)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tools::{ToolSet, Toolbox};

    fn shown(text: &str) -> Vec<Value> {
        let calls = edits_in(text, &Toolbox::builtin().specs(ToolSet::All)).calls;
        let shown = |call: &ToolCall| json!([call.name, call.arguments]);
        calls.iter().map(shown).collect()
    }

    fn edit() -> Value {
        json!(["edit_file", {"path": "src/a.rs", "search": "old();", "replace": "new();"}])
    }

    const BLOCK: &str = "<<<<<<< SEARCH\nold();\n=======\nnew();\n>>>>>>> REPLACE\n";
    const DIFF: &str = "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@\n-old();\n+new();\n";

    #[test]
    fn edits_that_are_written_are_calls() {
        for text in [
            format!("src/a.rs\n```rust\n{BLOCK}```\n"),
            format!("I change it.\n\n**src/a.rs**\n{BLOCK}"),
            format!("```rust src/a.rs\n{BLOCK}```"),
            format!("```rust:src/a.rs\n{BLOCK}```"),
            format!("```\nsrc/a.rs\n{BLOCK}```"),
            format!("### File: `src/a.rs`\n\n{BLOCK}\nDone."),
            format!("Here is the fix:\n\n```diff\n{DIFF}```\n"),
            "*** Begin Patch\n*** Update File: src/a.rs\n@@\n-old();\n+new();\n*** End Patch"
                .into(),
        ] {
            assert_eq!(shown(&text), [edit()], "{text}");
        }
        let two = format!("src/a.rs\n{BLOCK}\n{BLOCK}");
        assert_eq!(shown(&two), [edit(), edit()]);
        let new = "b.rs\n<<<<<<< SEARCH\n=======\nfn b() {}\n>>>>>>> REPLACE";
        let written = json!(["write_file", {"path": "b.rs", "content": "fn b() {}\n"}]);
        assert_eq!(shown(new), [written]);
    }

    #[test]
    fn what_explains_quotes_or_is_not_whole_is_no_edit() {
        for text in [
            String::new(),
            "It greets.".into(),
            BLOCK.into(),
            format!("You could change it like this:\n\nsrc/a.rs\n```rust\n{BLOCK}```"),
            format!("For example:\n\n```diff\n{DIFF}```"),
            format!("src/a.rs\n```text\n{BLOCK}```"),
            format!("src/a.rs\n{BLOCK}\nThis is only an example."),
            format!("<think>src/a.rs\n{BLOCK}</think>"),
            "src/a.rs\n<<<<<<< SEARCH\nold();\n=======\nnew();".into(),
            "```diff\n-old();\n+new();\n```".into(),
            format!("```rust\n{DIFF}```"),
            format!("> src/a.rs\n> {}", BLOCK.replace('\n', "\n> ")),
            format!("````text\nsrc/a.rs\n{BLOCK}````"),
            format!("~~~text\nsrc/a.rs\n{BLOCK}~~~"),
            format!("```markdown\n```rust\nfn a() {{}}\n```\nsrc/a.rs\n{BLOCK}```"),
            "*** Begin Patch\n*** Delete File: src/a.rs\n*** End Patch".into(),
        ] {
            assert_eq!(shown(&text), Vec::<Value>::new(), "{text}");
        }
    }
}
