//! The form of `edit_file` in which lines are named by the anchors before them.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::super::changed_places::around;
use super::super::draft::{
    Draft, check_literal_newlines, check_omissions, check_placeholders, file_to_edit, was_read,
};
use super::super::render::NumberedLines;
use super::super::{PreparedCall, ToolContext, ToolError, arguments, blocking, render, spelling};
use crate::edit::{AnchorError, LineAnchor, anchored_lines, with_lines};
use crate::jail::TextFile;
use crate::message::ToolCall;
use crate::model::{EditForm, ParameterDeclaration, ParameterKind, ToolDeclaration};
use crate::visible::defang_chat_markers;

/// Lines around those that anchors name, which are shown where these do not fit.
const AROUND: usize = 4;

pub(super) static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "edit_file",
    aliases: arguments::EDIT_NAMES,
    description: "Replace whole lines of a file, from one anchor to another. The anchor of a line \
                  stands before it, such as `12ab|`.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "first",
            aliases: &["first_anchor", "start_anchor", "start", "from"],
            kind: ParameterKind::Text,
            description: "Anchor of the first line to replace, such as `12ab`",
            required: true,
        },
        ParameterDeclaration {
            name: "last",
            aliases: &["last_anchor", "end_anchor", "end", "to"],
            kind: ParameterKind::Text,
            description: "Anchor of the last line; without it, only the first is replaced",
            required: false,
        },
        ParameterDeclaration {
            name: "text",
            aliases: &[
                "new_text",
                "new_lines",
                "new_content",
                "new_string",
                "new_str",
                "content",
                "replace",
                "replacement",
            ],
            kind: ParameterKind::Text,
            description: "The new lines, without anchors; to insert lines, repeat the line before \
                          them",
            required: true,
        },
    ],
    is_core: true,
};

/// Whether a call names lines by anchors.
pub(super) fn is_anchored(call: &ToolCall) -> bool {
    call.arguments.contains_key("first")
}

pub(super) async fn prepare(
    call: &ToolCall,
    context: &ToolContext,
) -> Result<PreparedCall, ToolError> {
    let file = file_to_edit(context, arguments::text(call, "path")?).await?;
    let path = file.path.clone();
    if !was_read(context, &file)? {
        return Err(ToolError::TellModel(format!(
            "you have not read `{path}`: call read_file first, which shows the anchors of its lines"
        )));
    }
    let first = arguments::text(call, "first")?;
    let last = arguments::optional_text(call, "last").unwrap_or(first);
    let anchors = [first, last].map(|given| GivenAnchor::of(context, path.as_str(), given));
    let text = arguments::text(call, "text")?.to_owned();
    let (file, replaced) = blocking(move || {
        let replaced = replaced(&file, &anchors, &text);
        (file, replaced)
    })
    .await?;
    let (after, description) = replaced?;
    let draft = Draft {
        path,
        after: file.as_written(&after).into_owned(),
        match_description: Some(description),
        before: Some(file),
    };
    Ok(draft.prepared())
}

/// An anchor of a call.
struct GivenAnchor {
    given: String,
    anchor: Option<LineAnchor>,
    /// The line as it was shown with this anchor.
    shown: Option<String>,
}

impl GivenAnchor {
    fn of(context: &ToolContext, path: &str, given: &str) -> GivenAnchor {
        let anchor = LineAnchor::parse(given);
        let knowledge = context.knowledge();
        let shown = anchor.as_ref();
        let shown = shown.and_then(|anchor| knowledge.line_at(path, anchor));
        GivenAnchor {
            given: given.to_owned(),
            shown: shown.map(str::to_owned),
            anchor,
        }
    }
}

/// The text with the new lines in place, and what is said of it.
fn replaced(
    file: &TextFile,
    anchors: &[GivenAnchor; 2],
    text: &str,
) -> Result<(String, String), ToolError> {
    let new = as_meant(text, file);
    check_placeholders(&new, &file.text)?;
    check_omissions(&new, &file.text)?;
    check_literal_newlines(&new, &file.text)?;
    let [first, last] = anchors;
    let (Some(begin), Some(end)) = (&first.anchor, &last.anchor) else {
        return Err(no_anchor(anchors, file));
    };
    let shown = (first.shown.as_deref(), last.shown.as_deref());
    let lines = anchored_lines(&file.text, (begin, end), shown);
    let lines = lines.map_err(|error| failure(error, (begin, end), file))?;
    let after = with_lines(&file.text, lines.clone(), &new);
    if after == file.text {
        return Err(ToolError::TellModel(
            "nothing was changed: the new lines are the same as those in the file".to_owned(),
        ));
    }
    let mut said = format!("{} replaced", words(&lines));
    if lines.start + 1 != begin.number {
        let before = begin.number - 1..end.number;
        said.push_str(&format!(" (shown to you as {})", place(&before)));
    }
    Ok((after, said))
}

/// The new lines as they would be in the file: without a fence or the anchors before them, and with
/// the markers of the file.
fn as_meant(text: &str, file: &TextFile) -> String {
    let fenced = spelling::without_fence(text);
    let fenced = fenced.filter(|_| !spelling::has_fences(file.path.as_str()));
    let text = fenced.unwrap_or(text);
    let bare = render::without_numbers(text);
    render::as_in_file(bare.as_deref().unwrap_or(text), &file.text).into_owned()
}

/// `line 3 was`, `lines 3-5 were`.
fn words(lines: &Range<usize>) -> String {
    let verb = if lines.len() == 1 { "was" } else { "were" };
    format!("{} {verb}", place(lines))
}

fn place(lines: &Range<usize>) -> String {
    match lines.len() {
        1 => format!("line {}", lines.end),
        _ => format!("lines {}-{}", lines.start + 1, lines.end),
    }
}

/// What is said of something that is no anchor.
fn no_anchor(anchors: &[GivenAnchor; 2], file: &TextFile) -> ToolError {
    let wrong = anchors.iter().find(|anchor| anchor.anchor.is_none());
    let given = wrong.map_or("", |anchor| anchor.given.as_str());
    let digits: String = given.chars().filter(char::is_ascii_digit).take(7).collect();
    let number = digits.parse().unwrap_or(1);
    let given: String = given.chars().take(40).collect();
    let why = format!(
        "`{}` is no anchor: copy the number and the two letters that stand before the line",
        render::name(&given)
    );
    refusal(&why, (number, number), file)
}

fn failure(
    error: AnchorError,
    (first, last): (&LineAnchor, &LineAnchor),
    file: &TextFile,
) -> ToolError {
    let why = match error {
        AnchorError::Backwards => "`last` is the anchor of a line before `first`".to_owned(),
        AnchorError::Moved { number } => {
            let path = render::name(file.path.as_str());
            format!("line {number} of `{path}` is not the one that had this anchor")
        }
    };
    refusal(&why, (first.number, last.number), file)
}

/// Why nothing was changed, with the lines that are there now.
fn refusal(why: &str, (first, last): (usize, usize), file: &TextFile) -> ToolError {
    let (clean, _) = render::without_secrets(&file.text);
    let lines = NumberedLines::new(EditForm::Anchors, &file.text, &clean);
    let count = lines.count();
    let begin = first.min(last).clamp(1, count.max(1)) - 1;
    let end = first.max(last).clamp(begin, count);
    let shown = around(&lines, &(begin..end), AROUND);
    let message = format!(
        "nothing was changed: {why}. These lines are there now:\n{shown}Repeat the call with the \
         anchors of the lines that you mean.\n"
    );
    ToolError::TellModel(defang_chat_markers(&message).into_owned())
}
