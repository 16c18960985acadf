//! The form of `edit_file` in which lines are named by the anchors before them.

#[cfg(test)]
mod tests;

use std::iter;
use std::ops::Range;

use serde_json::json;

use super::super::changed_places::around;
use super::super::draft::{
    Draft, check_literal_newlines, check_omissions, check_placeholders, edit_call, file_to_edit,
    was_read,
};
use super::super::render::NumberedLines;
use super::super::{
    FileView, PreparedCall, ShownLines, ToolContext, ToolError, arguments, blocking, render,
    spelling,
};
use crate::edit::{AnchorError, LineAnchor, anchored_lines, with_lines};
use crate::jail::TextFile;
use crate::message::ToolCall;
use crate::model::{EditForm, ParameterDeclaration, ParameterKind, ToolDeclaration};
use crate::text::anchors::without_copied_anchors;
use crate::visible::defang_chat_markers;

/// Lines around those that anchors name, which are shown where these do not fit.
const AROUND: usize = 4;
/// Most lines between two anchors that are shown then; of more, only those around both anchors.
const MOST_SHOWN: usize = 30;

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
            "you have not read `{path}`: call read_file first, which shows the anchors of its \
             lines. Next call: read_file {}",
            json!({"path": path.as_str()})
        )));
    }
    let first = arguments::text(call, "first")?;
    let last = arguments::optional_text(call, "last").unwrap_or(first);
    let anchors = [first, last].map(|given| GivenAnchor::of(context, path.as_str(), given));
    let shown = context.knowledge().shown_lines(path.as_str(), &file.hash);
    let text = arguments::text(call, "text")?.to_owned();
    let (file, replaced) = blocking(move || {
        let replaced = replaced(&file, &anchors, &shown, &text);
        (file, replaced)
    })
    .await?;
    let (after, description) = match replaced {
        Ok(replaced) => replaced,
        Err(refusal) => {
            let of_file = |lines| FileView::found(path.as_str(), file.hash, &file.text, lines);
            let mut knowledge = context.knowledge();
            for view in refusal.shown.into_iter().map(of_file) {
                knowledge.add(view);
            }
            return Err(refusal.error);
        }
    };
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

/// Why nothing is changed, and which lines are shown with that, from 1.
struct Refusal {
    error: ToolError,
    shown: Vec<Range<usize>>,
}

impl From<ToolError> for Refusal {
    fn from(error: ToolError) -> Refusal {
        Refusal {
            error,
            shown: Vec::new(),
        }
    }
}

/// The text with the new lines in place, and what is said of it.
fn replaced(
    file: &TextFile,
    anchors: &[GivenAnchor; 2],
    shown: &ShownLines,
    text: &str,
) -> Result<(String, String), Refusal> {
    let new = as_meant(text, anchors, file);
    check_placeholders(&new, &file.text)?;
    check_omissions(&new, &file.text)?;
    check_literal_newlines(&new, &file.text)?;
    let [first, last] = anchors;
    let (Some(begin), Some(end)) = (&first.anchor, &last.anchor) else {
        return Err(no_anchor(anchors, file));
    };
    let texts = (first.shown.as_deref(), last.shown.as_deref());
    let lines = named_lines(&file.text, (begin, end), shown, texts);
    let lines = lines.map_err(|error| failure(error, (begin, end), file))?;
    if let Some(unseen) = shown.first_unseen(lines.start + 1..lines.end + 1) {
        let path = render::name(file.path.as_str());
        let why = format!("line {unseen} of `{path}` was not shown to you as it is now");
        return Err(refusal(&why, (lines.start + 1, lines.end), file));
    }
    let after = with_lines(&file.text, lines.clone(), &new);
    if after == file.text {
        let why = "nothing was changed: the new lines are the same as those in the file";
        return Err(ToolError::TellModel(why.to_owned()).into());
    }
    let mut said = format!("{} replaced", words(&lines));
    if lines.start + 1 != begin.number {
        let before = begin.number - 1..end.number;
        said.push_str(&format!(" (shown to you as {})", place(&before)));
    }
    Ok((after, said))
}

/// The lines that two anchors name, from 0. Where a line has moved to since it was shown is known from
/// the edits between, so that another line with its number and its text is not taken for it.
fn named_lines(
    text: &str,
    (first, last): (&LineAnchor, &LineAnchor),
    shown: &ShownLines,
    texts: (Option<&str>, Option<&str>),
) -> Result<Range<usize>, AnchorError> {
    let lines: Vec<&str> = text.lines().collect();
    let moved = |anchor: &LineAnchor| {
        let line = |number: &usize| lines.get(number.saturating_sub(1));
        let fits = |number: &usize| line(number).is_some_and(|line| anchor.fits(line));
        let mut places = shown.now(anchor.number).filter(fits);
        let number = match (places.next(), places.next()) {
            (place, None) => place.unwrap_or(anchor.number),
            (_, Some(_)) => {
                let number = anchor.number;
                return Err(AnchorError::Ambiguous { number });
            }
        };
        Ok(LineAnchor {
            number,
            checksum: anchor.checksum.clone(),
        })
    };
    let (begin, end) = (moved(first)?, moved(last)?);
    let given = last.number.checked_sub(first.number);
    if given.is_some() && end.number.checked_sub(begin.number) != given {
        return Err(AnchorError::Apart);
    }
    anchored_lines(text, (&begin, &end), texts)
}

/// The new lines as they would be in the file: without a fence or the anchors before them, and with
/// the markers of the file.
fn as_meant(text: &str, anchors: &[GivenAnchor; 2], file: &TextFile) -> String {
    let fenced = spelling::without_fence(text);
    let fenced = fenced.filter(|_| !spelling::has_fences(file.path.as_str()));
    let text = fenced.unwrap_or(text);
    let given = anchors.iter().filter_map(|given| given.anchor.as_ref());
    let given: Vec<(usize, &str)> = given
        .map(|anchor| (anchor.number, anchor.checksum.as_str()))
        .collect();
    let bare = without_copied_anchors(text, &file.text, &given);
    let bare = bare.or_else(|| render::without_plain_numbers(text));
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
fn no_anchor(anchors: &[GivenAnchor; 2], file: &TextFile) -> Refusal {
    let wrong = anchors.iter().find(|anchor| anchor.anchor.is_none());
    let given = wrong.map_or("", |anchor| anchor.given.as_str());
    let digits = given.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = digits.split(|c: char| !c.is_ascii_digit()).next();
    let number = digits.and_then(|digits| digits.parse().ok()).unwrap_or(1);
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
) -> Refusal {
    let path = render::name(file.path.as_str());
    let why = match error {
        AnchorError::Backwards => "`last` is the anchor of a line before `first`".to_owned(),
        AnchorError::Moved { number } => {
            format!("line {number} of `{path}` is not the one that had this anchor")
        }
        AnchorError::Ambiguous { number } => format!(
            "`{path}` has changed, and two of its lines were shown to you as line {number} with \
             this anchor"
        ),
        AnchorError::Apart => format!(
            "`{path}` has changed, and there are not as many lines between `first` and `last` as \
             you were shown"
        ),
    };
    refusal(&why, (first.number, last.number), file)
}

/// Why nothing was changed, with the lines that are there now and the call to make.
fn refusal(why: &str, (first, last): (usize, usize), file: &TextFile) -> Refusal {
    let path = file.path.as_str();
    let (clean, _) = render::without_secrets(&file.text);
    let lines = NumberedLines::new(EditForm::Anchors, &file.text, &clean);
    let count = lines.count();
    if count == 0 {
        let call = json!({"path": path, "content": "<all of the file>"});
        return Refusal::from(ToolError::TellModel(format!(
            "nothing was changed: `{}` is empty and has no anchors. Next call: write_file {call}",
            render::name(path)
        )));
    }
    let begin = first.min(last).clamp(1, count) - 1;
    let end = first.max(last).clamp(begin + 1, count);
    let is_long = end - begin > MOST_SHOWN;
    // Of a long range both ends.
    let first_end = if is_long { begin + 1 } else { end };
    let second = is_long.then(|| end - 1..end);
    let places: Vec<Range<usize>> = iter::once(begin..first_end).chain(second).collect();
    let mut between = String::new();
    if is_long {
        let call = json!({"path": path, "start_line": begin + 1, "end_line": end});
        between = format!("For the lines between: read_file {call}\n");
    }
    let texts: Vec<String> = places
        .iter()
        .map(|place| around(&lines, place, AROUND))
        .collect();
    let message = format!(
        "nothing was changed: {why}. These lines are there now:\n{}{between}Next call, with the \
         anchors of the lines that you mean: {}\n",
        texts.join("…\n"),
        edit_call(path, EditForm::Anchors)
    );
    let shown = |place: Range<usize>| {
        let start = place.start.saturating_sub(AROUND) + 1;
        start..(place.end + AROUND).min(count) + 1
    };
    Refusal {
        error: ToolError::TellModel(defang_chat_markers(&message).into_owned()),
        shown: places.into_iter().map(shown).collect(),
    }
}
