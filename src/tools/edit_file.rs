//! `edit_file`: a text in place of another one, or lines in place of others.

mod anchors;

use std::ops::Range;
use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::draft::{
    Draft, check_literal_newlines, check_omissions, check_placeholders, file_to_edit, was_read,
};
use super::write_file::LONGEST_WHOLE;
use super::{PreparedCall, Tool, ToolContext, ToolError, arguments, blocking, render, spelling};
use crate::edit::{EditError, Edited, Matched, edit};
use crate::jail::{TextFile, is_secret};
use crate::message::ToolCall;
use crate::model::{EditForm, ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::text::anchors::{split_anchor, without_copied_anchors};
use crate::visible::defang_chat_markers;

/// Places that are shown where it is not certain which is meant.
const NEAR_PLACES: usize = 3;
/// Lines of a near place that are shown.
const NEAR_LINES: usize = 12;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    other_form: Some(Box::new(anchors::DECLARATION.spec())),
    ..DECLARATION.spec()
});

/// For models that edit by anchors.
static ANCHORED: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    other_form: Some(Box::new(DECLARATION.spec())),
    ..anchors::DECLARATION.spec()
});

/// For models that write whole files.
static BESIDE_WHOLE: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    description: format!(
        "Replace text that occurs once in a file of more than {LONGEST_WHOLE} lines. Copy `search` \
         exactly, without line numbers."
    ),
    ..SPEC.clone()
});

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "edit_file",
    aliases: arguments::EDIT_NAMES,
    description: "Replace text that occurs once in a file. Copy `search` exactly, without line \
                  numbers.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "search",
            aliases: &["old_content", "old_string", "old_str", "old", "old_text"],
            kind: ParameterKind::Text,
            description: "Whole lines to find, as few as make the match unique",
            required: true,
        },
        ParameterDeclaration {
            name: "replace",
            aliases: &[
                "new_content",
                "new_string",
                "new_str",
                "new",
                "new_text",
                "replacement",
            ],
            kind: ParameterKind::Text,
            description: "Text that replaces it",
            required: true,
        },
        ParameterDeclaration {
            name: "all",
            aliases: &["replace_all"],
            kind: ParameterKind::Boolean,
            description: "Replace every occurrence",
            required: false,
        },
    ],
    is_core: true,
};

pub(super) struct EditFile;

impl Tool for EditFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn spec_in(&self, form: EditForm) -> &ToolSpec {
        match form {
            EditForm::Search => &SPEC,
            EditForm::Anchors => &ANCHORED,
            EditForm::Whole => &BESIDE_WHOLE,
        }
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            if anchors::is_anchored(call) {
                return anchors::prepare(call, context).await;
            }
            let given = arguments::text(call, "path")?;
            let wish = EditArguments {
                search: arguments::text(call, "search")?.to_owned(),
                replace: arguments::text(call, "replace")?.to_owned(),
                all: arguments::flag(call, "all"),
            };
            let file = file_to_edit(context, given).await?;
            let path = file.path.clone();
            let was_read = was_read(context, &file)?;
            // Whether an edit fits tells what the file holds.
            if !was_read && is_secret(&path) {
                return Err(ToolError::TellModel(format!(
                    "`{path}` may contain secrets: call read_file first, which the user must \
                     approve"
                )));
            }
            let (file, edited) = blocking(move || {
                let edited = wish.edited(&file, was_read);
                (file, edited)
            })
            .await?;
            let edited = edited?;
            let draft = Draft {
                path,
                after: file.as_written(&edited.text).into_owned(),
                match_description: Some(match_note(&edited)),
                before: Some(file),
            };
            Ok(draft.prepared())
        }
        .boxed()
    }
}

/// What is to be replaced, as the model wrote it.
struct EditArguments {
    search: String,
    replace: String,
    all: bool,
}

impl EditArguments {
    fn edited(&self, file: &TextFile, was_read: bool) -> Result<Edited, ToolError> {
        let (search, replace) = self.as_meant(&file.text);
        check_placeholders(&search, &file.text)?;
        check_placeholders(&replace, &file.text)?;
        check_omissions(&replace, &file.text)?;
        check_literal_newlines(&replace, &file.text)?;
        let edited = edit(&file.text, &search, &replace, self.all);
        let edited = edited.map_err(|error| edit_failure(&error, file))?;
        if !was_read && !is_certain(&edited) {
            return Err(ToolError::TellModel(format!(
                "the `search` text is not exactly in `{0}`, and you have not read that file: call \
                 read_file on `{0}` first, then copy the lines",
                file.path
            )));
        }
        Ok(edited)
    }

    /// Both texts as they would be in the file: without the numbers of the lines, if they were
    /// copied with them, and with its own markers.
    fn as_meant(&self, file: &str) -> (String, String) {
        if let Some(search) = spelling::without_fence(&self.search)
            && !file.contains(&self.search)
        {
            let bare = |text: &str| text.strip_suffix('\n').unwrap_or(text).to_owned();
            let replace = spelling::without_fence(&self.replace).unwrap_or(&self.replace);
            let inside = EditArguments {
                search: bare(search),
                replace: bare(replace),
                all: self.all,
            };
            return inside.as_meant(file);
        }
        let in_file = |text: &str| render::as_in_file(text, file).into_owned();
        let numbered = !file.contains(&self.search);
        let plain = spelling::with_breaks(&self.search);
        if let Some(search) = plain.filter(|plain| numbered && file.contains(plain.as_str())) {
            let replace = spelling::with_breaks(&self.replace);
            return (search, replace.unwrap_or_else(|| self.replace.clone()));
        }
        match render::without_numbers(&self.search).filter(|_| numbered) {
            Some(search) => {
                let replace = self.replace_without_numbers(file);
                let replace = replace.as_deref().unwrap_or(&self.replace);
                (in_file(&search), in_file(replace))
            }
            None => (in_file(&self.search), in_file(&self.replace)),
        }
    }

    /// The new text of a search text that was copied with numbers or anchors, which its lines may have
    /// kept.
    fn replace_without_numbers(&self, file: &str) -> Option<String> {
        let anchors = self.search.lines().filter_map(split_anchor);
        let given: Vec<(usize, &str)> = anchors.map(|(number, sum, _)| (number, sum)).collect();
        render::without_plain_numbers(&self.replace)
            .or_else(|| without_copied_anchors(&self.replace, file, &given))
    }
}

/// Whether an edit needs no look at the file before it: the lines are there once, and at most their
/// white space differs, which stays as in the file.
fn is_certain(edited: &Edited) -> bool {
    match edited.matched {
        Matched::Exact => true,
        Matched::TrailingSpace | Matched::Indentation => edited.count == 1,
        Matched::Spelling | Matched::Close(_) => false,
    }
}

/// What the model is told of an edit that does not work. What it is shown of the file is without
/// secrets: those that go over several lines are seen only in the whole of it.
fn edit_failure(error: &EditError, file: &TextFile) -> ToolError {
    let path = render::name(file.path.as_str());
    let copy = "Read the file and copy the lines exactly";
    let lines_of = |lines: &[usize]| -> Vec<Range<usize>> {
        let lines = lines.iter().take(NEAR_PLACES);
        lines.map(|line| *line..line + 1).collect()
    };
    let (why, places) = match error {
        EditError::NotFound { nearest } => (
            format!("the `search` text is not in `{path}`. {copy}"),
            nearest.clone(),
        ),
        EditError::Differs { lines } => (
            format!("the lines to change in `{path}` differ from the `search` text. {copy}"),
            vec![lines.clone()],
        ),
        EditError::Part { lines } => (format!("in `{path}`, {error}"), lines_of(lines)),
        EditError::Many { lines } => (format!("in `{path}`, {error}"), lines_of(lines)),
        _ => return ToolError::TellModel(error.to_string()),
    };
    let (text, _) = render::without_secrets(&file.text);
    let lines: Vec<&str> = text.lines().collect();
    let mut message = format!("nothing was changed: {why}\n");
    for place in &places {
        push_place(&mut message, place, &lines);
    }
    if let [place] = &places[..] {
        message.push_str(&next_call(&path, place, file, &lines));
    }
    ToolError::TellModel(defang_chat_markers(&message).into_owned())
}

/// Adds the lines of a place, with their numbers.
fn push_place(message: &mut String, place: &Range<usize>, lines: &[&str]) {
    match place.len() {
        1 => message.push_str(&format!("\nline {}:\n", place.start)),
        _ => message.push_str(&format!(
            "\nnearest match, lines {}-{}:\n",
            place.start,
            place.end - 1
        )),
    }
    let near = lines
        .get(place.start - 1..place.end - 1)
        .unwrap_or_default();
    for (number, line) in (place.start..).zip(near).take(NEAR_LINES) {
        message.push_str(&render::numbered(number, line));
        message.push('\n');
    }
    if near.len() > NEAR_LINES {
        let left_out = near.len() - NEAR_LINES;
        message.push_str(&format!("… {left_out} lines left out …\n"));
    }
}

/// The call that is to follow: with the lines as they are, if they can be shown whole.
fn next_call(path: &str, place: &Range<usize>, file: &TextFile, shown: &[&str]) -> String {
    let lines: Vec<&str> = file.text.lines().collect();
    let range = place.start - 1..place.end - 1;
    let can_be_copied = range.len() <= NEAR_LINES
        && shown.get(range.clone()) == lines.get(range.clone())
        && lines[range.clone()]
            .iter()
            .all(|line| line.len() <= render::WIDEST);
    if !can_be_copied {
        let (first, last) = (place.start, place.end - 1);
        return format!(
            "\nNext call: read_file {}\n",
            json!({"path": path, "start_line": first, "end_line": last})
        );
    }
    let search = lines[range].join("\n");
    format!(
        "\nNext call, if these are the lines: edit_file {}\n",
        json!({"path": path, "search": search, "replace": "these lines with your change"})
    )
}

/// How the place was found.
fn match_note(edited: &Edited) -> String {
    let matched = edited.matched;
    let said = match edited.count {
        0 | 1 => format!("it matched {matched}"),
        count => format!("{count} places matched {matched}"),
    };
    match edited.passed_over {
        0 => said,
        more => {
            let places = render::count(more, "place", "places");
            format!("{said}; {places} inside longer words or numbers were not changed")
        }
    }
}

#[cfg(test)]
mod tests;
