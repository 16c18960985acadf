//! What the model knows of the files: which version, and which lines of it, the messages show that
//! are in the request.
//!
//! Tools say what they show and change by [`FileViews::add`]. Which of it counts is looked up in the
//! messages before each round of calls: a line that was cut out of a result, or has left the
//! conversation, is not known, whatever once ran.

mod shown_lines;
#[cfg(test)]
mod tests;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{Hash as _, Hasher};
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

pub use self::shown_lines::ShownLines;
use super::render::MARGIN;
use super::rewrite_leave::RewriteLeave;
use crate::edit::LineAnchor;
use crate::jail::Hash;
use crate::message::{Message, ToolCall};
use crate::text::anchors::anchored;
use crate::visible::defang_chat_markers;

/// How long two versions of a file are compared; after that more lines count as new.
const PATIENCE: Duration = Duration::from_millis(200);

/// Lines around a change that the result of an edit may show.
const AROUND: usize = 3;

/// What a call, or a question, shows of a file or does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileView {
    /// Lines of a file are shown, numbered.
    Shown {
        /// The file, relative to the workspace.
        path: String,
        hash: Hash,
        /// What is shown of it.
        lines: Vec<FileLine>,
    },
    /// Lines of a file were found by a search. To find them is allowed to everybody, so that they
    /// open no file of secrets.
    Found {
        /// The file, relative to the workspace.
        path: String,
        hash: Hash,
        /// What is shown of it.
        lines: Vec<FileLine>,
    },
    /// The model wrote a file, or changed places in it.
    Changed {
        /// The file, relative to the workspace.
        path: String,
        /// The version before; `None` if there was no file.
        before: Option<Hash>,
        after: Hash,
        /// Lines that stayed: their first number before, and now, and how many.
        kept: Vec<(usize, usize, usize)>,
        /// Lines of the version now that the call or its result may hold.
        lines: Vec<FileLine>,
    },
    /// A file has another path.
    Moved { from: String, to: String },
    /// A file is gone.
    Removed {
        /// The file, relative to the workspace.
        path: String,
    },
}

/// A line of a file as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLine {
    /// From 1.
    pub number: usize,
    /// Without its line end.
    pub text: String,
}

impl FileView {
    /// Shows a part of a text; `lines` are counted from 1. What is shown of a line may be less
    /// than all of it: then it does not count.
    pub fn shown(path: &str, hash: Hash, text: &str, lines: Range<usize>) -> FileView {
        FileView::Shown {
            path: path.to_owned(),
            hash,
            lines: file_lines(text, lines),
        }
    }

    /// A search found a part of a text; `lines` are counted from 1.
    pub fn found(path: &str, hash: Hash, text: &str, lines: Range<usize>) -> FileView {
        FileView::Found {
            path: path.to_owned(),
            hash,
            lines: file_lines(text, lines),
        }
    }

    /// The model changed places in a text. `before` is the version and the text before.
    pub fn edited(path: &str, before: (Hash, &str), after: (Hash, &str)) -> FileView {
        let old: Vec<&str> = before.1.lines().collect();
        let new: Vec<&str> = after.1.lines().collect();
        let deadline = Some(Instant::now() + PATIENCE);
        let operations = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
        let mut kept = Vec::new();
        // Results show what changed with a few lines around; the rest cannot be in them.
        let mut near: BTreeSet<usize> = BTreeSet::new();
        for operation in operations {
            if let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = operation
            {
                kept.push((old_index + 1, new_index + 1, len));
            } else {
                let lines = operation.new_range();
                near.extend((lines.start + 1).saturating_sub(AROUND)..=lines.end + AROUND);
            }
        }
        let mut lines = file_lines(after.1, 1..usize::MAX);
        lines.retain(|line| near.contains(&line.number));
        FileView::Changed {
            path: path.to_owned(),
            before: Some(before.0),
            after: after.0,
            kept,
            lines,
        }
    }

    /// The model wrote all of a text.
    pub fn written(path: &str, before: Option<Hash>, after: (Hash, &str)) -> FileView {
        FileView::Changed {
            path: path.to_owned(),
            before,
            after: after.0,
            kept: Vec::new(),
            lines: file_lines(after.1, 1..usize::MAX),
        }
    }
}

fn file_lines(text: &str, wanted: Range<usize>) -> Vec<FileLine> {
    let lines = (1..).zip(text.lines());
    lines
        .skip_while(|(number, _)| *number < wanted.start)
        .take_while(|(number, _)| *number < wanted.end)
        .map(|(number, text)| FileLine {
            number,
            text: text.to_owned(),
        })
        .collect()
}

/// The files that the model knows, and where it knows them from.
#[derive(Debug, Default)]
pub struct FileViews {
    /// What was shown and done in this session, in its order.
    log: Vec<ViewEntry>,
    /// What the call that runs shows and does.
    fresh: Vec<FileView>,
    /// What that adds up to, by path.
    files: HashMap<String, SeenFile>,
    /// Which files may be written anew.
    pub leave: RewriteLeave,
}

#[derive(Debug)]
struct ViewEntry {
    origin: ViewOrigin,
    views: Vec<FileView>,
}

/// The message that a view stands in.
#[derive(Debug)]
enum ViewOrigin {
    /// A message of the user.
    Question,
    /// A call, by its id and its arguments, and its result.
    Call(String, u64),
}

/// What is known of one file.
#[derive(Debug)]
struct SeenFile {
    hash: Hash,
    /// Numbers of the lines that are known.
    lines: BTreeSet<usize>,
}

impl FileViews {
    /// The version of a file that the model knows something of.
    pub fn hash(&self, path: &str) -> Option<Hash> {
        self.files.get(path).map(|file| file.hash)
    }

    /// Whether a call or a question of the session showed this version of a file, or made it:
    /// somebody allowed that, whether or not the model still has it.
    pub fn was_shown(&self, path: &str, version: &Hash) -> bool {
        let logged = self.log.iter().flat_map(|entry| &entry.views);
        logged.chain(&self.fresh).any(|view| match view {
            FileView::Shown {
                path: of, hash: is, ..
            }
            | FileView::Changed {
                path: of,
                after: is,
                ..
            } => of == path && is == version,
            FileView::Found { .. } | FileView::Moved { .. } | FileView::Removed { .. } => false,
        })
    }

    /// Whether a call or a question of the session showed or made one of these lines of a file,
    /// first and last, in whatever version.
    pub fn has_shown(&self, path: &str, first: u64, last: u64) -> bool {
        let is_within = |line: &FileLine| (first..=last).contains(&(line.number as u64));
        self.lines_of(path).any(is_within)
    }

    /// A line of a file as it was shown or made last with an anchor, in whatever version.
    pub fn line_at(&self, path: &str, anchor: &LineAnchor) -> Option<&str> {
        let is_meant = |line: &&FileLine| line.number == anchor.number && anchor.fits(&line.text);
        let line = self.lines_of(path).filter(is_meant).last()?;
        Some(line.text.as_str())
    }

    /// The lines of a file that calls and questions showed or made, in their order.
    fn lines_of<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a FileLine> {
        let logged = self.log.iter().flat_map(|entry| &entry.views);
        logged.chain(&self.fresh).flat_map(move |view| match view {
            FileView::Shown {
                path: of, lines, ..
            }
            | FileView::Found {
                path: of, lines, ..
            }
            | FileView::Changed {
                path: of, lines, ..
            } if of == path => lines.as_slice(),
            _ => &[],
        })
    }

    /// Which of the `count` lines of a file the model does not know.
    pub fn unseen(&self, path: &str, count: usize) -> Vec<Range<usize>> {
        let known = self.files.get(path).map(|file| &file.lines);
        let mut unseen: Vec<Range<usize>> = Vec::new();
        for number in 1..=count {
            if known.is_some_and(|lines| lines.contains(&number)) {
                continue;
            }
            match unseen.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => unseen.push(number..number + 1),
            }
        }
        unseen
    }

    /// Begins with a request of the user, whose words may be leave to write a file anew.
    pub fn begin_request(&mut self, text: &str) {
        self.leave.begin(text);
    }

    /// Takes down what the call that runs, or the question that is made, shows and does.
    pub fn add(&mut self, view: FileView) {
        self.fresh.push(view);
    }

    /// Says that what was added is in a message of the user.
    pub fn end_question(&mut self) {
        self.end(ViewOrigin::Question);
    }

    /// Says that what was added is in the result of a call. What the call has done to files counts
    /// at once, also for the other calls of the same reply; what it shows, the model has not got.
    pub fn end_call(&mut self, call: &ToolCall) {
        let written = WrittenLines::of(call);
        for view in &self.fresh {
            if !matches!(view, FileView::Shown { .. } | FileView::Found { .. }) {
                apply(&mut self.files, view, &|line| written.has(line), true);
            }
        }
        self.end(ViewOrigin::Call(call.id.clone(), written.arguments));
    }

    fn end(&mut self, origin: ViewOrigin) {
        let views = std::mem::take(&mut self.fresh);
        if !views.is_empty() {
            self.log.push(ViewEntry { origin, views });
        }
    }

    /// Finds out what is known from the messages up to the last reply: those are what the model had
    /// before it.
    pub fn refresh(&mut self, messages: &[Message]) {
        let got = messages
            .iter()
            .rposition(|message| matches!(message, Message::Assistant { .. }))
            .map_or(messages.len(), |at| at + 1);
        self.files.clear();
        if self.log.is_empty() {
            return;
        }
        let got = ReceivedLines::new(&messages[..got], &self.log);
        for ViewEntry { origin, views } in &self.log {
            for view in views {
                match origin {
                    ViewOrigin::Question => {
                        // Hits may be shown without numbers.
                        let is_found = matches!(view, FileView::Found { .. });
                        let shows = |line: &FileLine| {
                            let bare = defang_chat_markers(&line.text);
                            got.questions.contains(&numbered(line)[..])
                                || got.questions.contains(&anchored_line(line)[..])
                                || (is_found && got.questions.contains(bare.as_ref()))
                        };
                        apply(&mut self.files, view, &shows, !got.questions.is_empty());
                    }
                    ViewOrigin::Call(id, arguments) => {
                        let result = got.results.get(id.as_str());
                        let written = got.calls.get(id.as_str());
                        let written = written.filter(|written| written.arguments == *arguments);
                        let shows = |line: &FileLine| {
                            result.is_some_and(|lines| shows_line(lines, line))
                                || written.is_some_and(|written| written.has(line))
                        };
                        apply(&mut self.files, view, &shows, result.is_some());
                    }
                }
            }
        }
    }
}

/// Adds a view to what is known. `is_there`: whether the message is that it stands in.
fn apply(
    files: &mut HashMap<String, SeenFile>,
    view: &FileView,
    shows: &dyn Fn(&FileLine) -> bool,
    is_there: bool,
) {
    let numbers = |lines: &[FileLine]| -> BTreeSet<usize> {
        let lines = lines.iter().filter(|line| shows(line));
        lines.map(|line| line.number).collect()
    };
    match view {
        FileView::Shown { path, hash, lines } | FileView::Found { path, hash, lines } => {
            let shown = numbers(lines);
            // An empty file was read; of a search that shows nothing, nothing is known.
            let is_empty_file = lines.is_empty() && matches!(view, FileView::Shown { .. });
            if shown.is_empty() && !(is_empty_file && is_there) {
                return;
            }
            match files.get_mut(path) {
                Some(file) if file.hash == *hash => file.lines.extend(shown),
                _ => {
                    let file = SeenFile {
                        hash: *hash,
                        lines: shown,
                    };
                    files.insert(path.clone(), file);
                }
            }
        }
        FileView::Changed {
            path,
            before,
            after,
            kept,
            lines,
        } => {
            let known = files.remove(path).filter(|file| Some(file.hash) == *before);
            if known.is_none() && !is_there {
                return;
            }
            let mut now = numbers(lines);
            for (old, new, count) in kept {
                let known = known
                    .iter()
                    .flat_map(|file| file.lines.range(*old..old + count));
                now.extend(known.map(|number| number - old + new));
            }
            let file = SeenFile {
                hash: *after,
                lines: now,
            };
            files.insert(path.clone(), file);
        }
        FileView::Moved { from, to } => {
            let file = files.remove(from);
            files.extend(file.map(|file| (to.clone(), file)));
        }
        FileView::Removed { path } => {
            files.remove(path);
        }
    }
}

/// The lines that the model got, and those that it wrote, of the messages that matter.
struct ReceivedLines<'a> {
    questions: HashSet<&'a str>,
    results: HashMap<&'a str, HashSet<&'a str>>,
    calls: HashMap<&'a str, WrittenLines>,
}

impl<'a> ReceivedLines<'a> {
    fn new(messages: &'a [Message], log: &[ViewEntry]) -> ReceivedLines<'a> {
        let ids: HashSet<&str> = log
            .iter()
            .filter_map(|entry| match &entry.origin {
                ViewOrigin::Call(id, _) => Some(id.as_str()),
                ViewOrigin::Question => None,
            })
            .collect();
        let has_questions = log
            .iter()
            .any(|entry| matches!(entry.origin, ViewOrigin::Question));
        let mut got = ReceivedLines {
            questions: HashSet::new(),
            results: HashMap::new(),
            calls: HashMap::new(),
        };
        for message in messages {
            match message {
                Message::User { text, .. } if has_questions => got.questions.extend(text.lines()),
                Message::Tool { call_id, text, .. } if ids.contains(call_id.as_str()) => {
                    got.results.insert(call_id, text.lines().collect());
                }
                Message::Assistant { calls, .. } => {
                    let calls = calls.iter().filter(|call| ids.contains(call.id.as_str()));
                    let calls = calls.map(|call| (call.id.as_str(), WrittenLines::of(call)));
                    got.calls.extend(calls);
                }
                _ => {}
            }
        }
        got
    }
}

/// The lines that the model wrote in a call.
struct WrittenLines {
    /// Tells whether arguments are still as they were.
    arguments: u64,
    lines: HashSet<String>,
}

impl WrittenLines {
    fn of(call: &ToolCall) -> WrittenLines {
        let mut hasher = DefaultHasher::new();
        let mut lines = HashSet::new();
        for (name, value) in &call.arguments {
            (name, value.to_string()).hash(&mut hasher);
            let text = value.as_str().unwrap_or_default();
            lines.extend(
                text.lines()
                    .map(|line| defang_chat_markers(line).into_owned()),
            );
        }
        WrittenLines {
            arguments: hasher.finish(),
            lines,
        }
    }

    fn has(&self, line: &FileLine) -> bool {
        self.lines
            .contains(defang_chat_markers(&line.text).as_ref())
    }
}

/// Whether a result has a line, as `read_file` or `grep_search` show it.
fn shows_line(result: &HashSet<&str>, line: &FileLine) -> bool {
    let is_numbered = ["→", ":", "-"].iter().any(|margin| {
        let shown = format!("{}{margin}{}", line.number, line.text);
        result.contains(defang_chat_markers(&shown).as_ref())
    });
    is_numbered || result.contains(&anchored_line(line)[..])
}

/// A line as tools show it to models that edit by anchors.
fn anchored_line(line: &FileLine) -> String {
    let shown = anchored(line.number, &line.text, &line.text);
    defang_chat_markers(&shown).into_owned()
}

/// A line as tools show it, if it is shown in whole.
fn numbered(line: &FileLine) -> String {
    defang_chat_markers(&format!("{}{MARGIN}{}", line.number, line.text)).into_owned()
}
