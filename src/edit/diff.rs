//! Unified diffs without colours.

use std::fmt::Write;
use std::hash::Hash;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use similar::{
    Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices, capture_diff_slices_deadline,
};

/// Time limit of a diff; after it the diff is correct, but may be longer than needed.
const PATIENCE: Duration = Duration::from_millis(500);

/// Unchanged lines around a change that people are shown.
const CONTEXT: usize = 3;

/// What happens to a file: its text before and after, with `\n` at the ends of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// Relative to the workspace.
    pub path: String,
    /// `None` for a file that is made.
    pub old: Option<Arc<str>>,
    /// `None` for a file that is removed.
    pub new: Option<Arc<str>>,
}

impl FileEdit {
    /// Bytes of both texts.
    pub fn size(&self) -> usize {
        let size = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        size(&self.old) + size(&self.new)
    }
}

/// The unified diff of several files, one after the other.
pub fn edits_diff(edits: &[FileEdit]) -> String {
    let diff = |edit: &FileEdit| {
        let (old, new) = (edit.old.as_deref(), edit.new.as_deref());
        file_diff(&edit.path, old, new, CONTEXT)
    };
    edits.iter().map(diff).collect()
}

/// The unified diff of a file, empty if nothing changed; texts have `\n` at the ends of lines.
pub fn unified_diff(path: &str, before: &str, after: &str, context: usize) -> String {
    file_diff(path, Some(before), Some(after), context)
}

/// The unified diff of a file that was made, changed or removed: `None` where there is none.
pub fn file_diff(path: &str, before: Option<&str>, after: Option<&str>, context: usize) -> String {
    if before == after {
        return String::new();
    }
    let name = |side: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (name("a", before), name("b", after));
    let mut out = format!("--- {old}\n+++ {new}\n");
    push_hunks(&mut out, before.unwrap_or(""), after.unwrap_or(""), context);
    out
}

/// The lines that differ, from 0 and in order: in the old text, and in their place in the new one.
pub fn changed_lines(before: &str, after: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    differences(&old, &new)
}

/// How many lines a change adds and removes.
pub fn line_counts(before: &str, after: &str) -> (usize, usize) {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let deadline = Some(Instant::now() + PATIENCE);
    let parts = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    let changed = parts.iter().filter(|part| part.tag() != DiffTag::Equal);
    changed.fold((0, 0), |(added, removed), part| {
        (
            added + part.new_range().len(),
            removed + part.old_range().len(),
        )
    })
}

/// The differences of two lists, in order: a part of the old one, and its replacement in the new
/// one.
pub(super) fn differences<T: Hash + Eq + Ord>(
    old: &[T],
    new: &[T],
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let (mut old_end, mut new_end) = (0, 0);
    for part in capture_diff_slices(Algorithm::Myers, old, new) {
        // The library tells the lengths of parts reliably, but not always where they start.
        let (old_start, new_start) = (old_end, new_end);
        old_end += part.old_range().len();
        new_end += part.new_range().len();
        if part.tag() == DiffTag::Equal {
            continue;
        }
        match found.last_mut() {
            Some((old, new)) if (old.end, new.end) == (old_start, new_start) => {
                (old.end, new.end) = (old_end, new_end);
            }
            _ => found.push((old_start..old_end, new_start..new_end)),
        }
    }
    found
}

/// The equal items of two lists in a shortest difference.
pub(super) fn equal_pairs<T: Hash + Eq + Ord>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut old_start, mut new_start) = (0, 0);
    let end = (old.len()..old.len(), new.len()..new.len());
    for (old, new) in differences(old, new).into_iter().chain([end]) {
        pairs.extend((old_start..old.start).zip(new_start..new.start));
        (old_start, new_start) = (old.end, new.end);
    }
    pairs
}

/// Cuts the middle of a diff, with a visible mark.
pub fn capped_diff(diff: &str, most: usize) -> String {
    let lines: Vec<&str> = diff.split_inclusive('\n').collect();
    if lines.len() <= most {
        return diff.to_owned();
    }
    let tail = most / 4;
    let head = most - tail;
    let left_out = lines.len() - most;
    format!(
        "{}… {left_out} lines left out …\n{}",
        lines[..head].concat(),
        lines[lines.len() - tail..].concat()
    )
}

fn push_hunks(out: &mut String, before: &str, after: &str, context: usize) {
    // Not the library's own lines: those also end at a lone carriage return.
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_slices(&old, &new);
    for hunk in diff.unified_diff().context_radius(context).iter_hunks() {
        let _ = writeln!(out, "{}", hunk.header());
        for change in hunk.iter_changes() {
            out.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            out.push_str(change.value());
            if !change.value().ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
}
