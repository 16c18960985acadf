//! What the model is told instead of writing a long file anew: the edits that its text amounts to,
//! and what the file would lose.

use std::ops::Range;

use serde_json::{Value, json};

use super::super::content_loss::lost_places;
use super::super::draft::edit_call;
use super::super::render;
use crate::edit::changed_lines;
use crate::jail::TextFile;
use crate::model::EditForm;
use crate::text::anchors::checksum;
use crate::visible::defang_chat_markers;

/// Most edits that are filled in.
const MOST_EDITS: usize = 3;
/// Most lines of one side of an edit that is filled in.
const MOST_LINES: usize = 12;
/// Most lines that an edit may only remove.
const MOST_REMOVED: usize = 5;
/// Most lines around an edit that make its search text unique.
const MOST_AROUND: usize = 3;

/// Why a file of more lines than so many is not written anew, and the calls to make instead, for a
/// model that edits in a form.
pub(super) fn edit_instead(
    file: &TextFile,
    after: &str,
    (most, form): (usize, EditForm),
) -> String {
    let path = render::name(file.path.as_str());
    let old: Vec<&str> = file.text.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let places = changed_lines(&file.text, after);
    let (shown, _) = render::without_secrets(&file.text);
    let shown: Vec<&str> = shown.lines().collect();
    let texts = EditTexts {
        old: &old,
        new: &new,
        shown: &shown,
        file: &file.text,
    };
    let gone = lost_places(file.path.as_str(), &file.text, after);
    // Where definitions would be lost, what is only removed was hardly meant.
    let is_meant = |new: &Range<usize>| gone.is_empty() || !new.is_empty();
    let calls: Vec<String> = places
        .iter()
        .filter(|(_, new)| is_meant(new))
        .filter_map(|(old, new)| texts.call(file.path.as_str(), (old, new), form))
        .take(MOST_EDITS)
        .collect();
    let lines = render::count(old.len(), "line", "lines");
    let mut text = format!(
        "nothing was written: `{path}` exists and has {lines}, and write_file replaces only files \
         of up to {most} lines. Change the lines that must change.\n"
    );
    if !gone.is_empty() {
        text.push_str(&format!(
            "Your text would lose code; gone: {}\n",
            gone.join("; ")
        ));
    }
    match &calls[..] {
        [] => {
            let call = edit_call(file.path.as_str(), form);
            text.push_str(&format!("Next call: {call}\n"));
        }
        calls => text.push_str(&format!("Next call: {}\n", calls.join("\nThen: "))),
    }
    if places.len() > calls.len() && !calls.is_empty() {
        let more = render::count(places.len() - calls.len(), "more place", "more places");
        text.push_str(&format!("({more} differ)\n"));
    }
    let changed: usize = places.iter().map(|(old, _)| old.len()).sum();
    if changed * 2 > old.len() {
        text.push_str(
            "Only if the user wants the whole file replaced: repeat this call, and the user is \
             asked.\n",
        );
    }
    text
}

/// A call of `edit_file`; the search text comes first, as models write it.
fn filled(path: &str, search: &str, replace: &str) -> String {
    let [path, search, replace] = [path, search, replace].map(Value::from);
    let call = format!("edit_file {{\"path\":{path},\"search\":{search},\"replace\":{replace}}}");
    defang_chat_markers(&call).into_owned()
}

/// The two texts of a file, and the old one as the model was shown it.
struct EditTexts<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    shown: &'a [&'a str],
    file: &'a str,
}

impl EditTexts<'_> {
    /// The call for a place; see [`EditTexts::edit`].
    fn call(
        &self,
        path: &str,
        (old, new): (&Range<usize>, &Range<usize>),
        form: EditForm,
    ) -> Option<String> {
        let (search, replace) = self.edit(old, new)?;
        if form != EditForm::Anchors {
            return Some(filled(path, &search, &replace));
        }
        let count = search.split('\n').count();
        let mut places = (0..).zip(self.old.windows(count));
        let (at, lines) = places.find(|(_, lines)| lines.join("\n") == search)?;
        let anchor = |at: usize, line: &str| format!("{}{}", at + 1, checksum(line));
        let call = json!({
            "path": path,
            "first": anchor(at, lines[0]),
            "last": anchor(at + count - 1, lines[count - 1]),
            "text": replace,
        });
        let call = format!("edit_file {call}");
        Some(defang_chat_markers(&call).into_owned())
    }

    /// The search text and the replacement for a place, with lines around it until it is unique;
    /// `None` if it is long, only removes much, or is not shown as it is.
    fn edit(&self, old: &Range<usize>, new: &Range<usize>) -> Option<(String, String)> {
        let is_long = old.len() > MOST_LINES || new.len() > MOST_LINES;
        if is_long || (new.is_empty() && old.len() > MOST_REMOVED) {
            return None;
        }
        // What is only removed would leave an empty line.
        for around in usize::from(new.is_empty())..=MOST_AROUND {
            let before = around.min(old.start).min(new.start);
            let after = around
                .min(self.old.len() - old.end)
                .min(self.new.len() - new.end);
            let place = old.start - before..old.end + after;
            let lines = self.old.get(place.clone())?;
            let replace = self.new.get(new.start - before..new.end + after)?;
            // Another place may be among the lines around.
            let is_same = lines[..before] == replace[..before]
                && lines[lines.len() - after..] == replace[replace.len() - after..];
            let is_shown = self.shown.get(place) == Some(lines)
                && lines
                    .iter()
                    .all(|line| line.chars().count() <= render::WIDEST);
            if !is_shown || !is_same {
                return None;
            }
            let search = lines.join("\n");
            let is_unique = self.file.matches(search.as_str()).count() == 1;
            if !search.trim().is_empty() && is_unique {
                return Some((search, replace.join("\n")));
            }
        }
        None
    }
}
