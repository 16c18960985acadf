//! `read_file`: the lines of a file, numbered.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::found::{Found, FoundLines, Recipient};
use super::paths::{self, LocatedPath};
use super::render::{self, NumberedLines, OutputPage};
use super::spelling::LineRange;
use super::{
    FileView, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    blocking,
};
use crate::message::{Source, ToolCall};
use crate::model::{EditForm, ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};
use crate::text::tokens::estimate_text;
use crate::visible::defang_chat_markers;

/// Lines that are shown if the call does not say how many.
const WINDOW: usize = 200;
/// Most bytes of lines that are shown.
const MOST_BYTES: usize = 32 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

/// For models that edit by anchors.
static ANCHORED: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    description: "Read a file, at most 200 lines per call. Each line begins with its anchor, such \
                  as `12ab|`, which is not part of it."
        .to_owned(),
    ..DECLARATION.spec()
});

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "read_file",
    aliases: &[
        "read",
        "view",
        "view_file",
        "open_file",
        "read_text_file",
        "cat",
        "open",
        "get_file",
        "get_file_content",
        "get_file_contents",
        "read_files",
        "read_many_files",
        "read_multiple_files",
        "file_read",
        "fs_read",
    ],
    description: "Read a file, at most 200 lines per call. The line numbers are not part of it.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "start_line",
            aliases: &[
                "start",
                "line_start",
                "offset",
                "from_line",
                "start_line_one_indexed",
            ],
            kind: ParameterKind::Integer,
            description: "First line, from 1",
            required: false,
        },
        ParameterDeclaration {
            name: "end_line",
            aliases: &[
                "end",
                "line_end",
                "to_line",
                "end_line_one_indexed_inclusive",
            ],
            kind: ParameterKind::Integer,
            description: "Last line, inclusive",
            required: false,
        },
    ],
    is_core: true,
};

pub(super) struct ReadFile;

impl Tool for ReadFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn spec_in(&self, form: EditForm) -> &ToolSpec {
        match form {
            EditForm::Anchors => &ANCHORED,
            EditForm::Search | EditForm::Whole => &SPEC,
        }
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let file = paths::existing_file(context, arguments::text(call, "path")?).await?;
            let window = LineWindow::of(call, file.lines)?;
            let name = render::name(&file.name());
            let effects = file.reading();
            let judged = effects.clone();
            Ok(PreparedCall {
                what: format!("{name}{}", window.words()),
                effects,
                preview: Preview::None,
                remember: None,
                run: Box::new(move |running| read(file, judged, window, running).boxed()),
            })
        }
        .boxed()
    }
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LineWindow {
    /// From 1.
    start: usize,
    end: usize,
    /// Whether the call said so.
    is_given: bool,
}

impl LineWindow {
    /// The lines that arguments name, else those behind the path: `src/main.rs:10-20`.
    fn of(call: &ToolCall, behind: Option<LineRange>) -> Result<LineWindow, ToolError> {
        let mut start = arguments::number(call, "start_line");
        let mut end = arguments::number(call, "end_line");
        if let Some((first, last)) = behind
            && (start, end) == (None, None)
        {
            start = Some(first);
            end = (last > first).then_some(last);
        }
        let first = start.unwrap_or(1);
        let last = end.unwrap_or(first.saturating_add(WINDOW - 1));
        if last < first {
            return Err(ToolError::TellModel(format!(
                "end_line {last} is before start_line {first}"
            )));
        }
        Ok(LineWindow {
            start: first,
            end: last,
            is_given: start.is_some() || end.is_some(),
        })
    }

    fn words(self) -> String {
        if self.is_given {
            format!(":{}-{}", self.start, self.end)
        } else {
            String::new()
        }
    }
}

async fn read(
    located: LocatedPath,
    judged: Vec<Effect>,
    window: LineWindow,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let (located, file) = blocking(move || {
        let file = located.read_judged(&judged);
        (located, file)
    })
    .await?;
    let file = file?;
    let form = running.context.edit_form();
    let (tokens, recipient) = (running.tokens, running.recipient);
    let name = located.name();
    let output = render_lines(&name, &file.text, window, (tokens, form), recipient)?;
    let shown = output.sources.first().map_or(1..1, |source| {
        source.start_line as usize..source.end_line as usize + 1
    });
    // Where links led is where it is.
    let real = located.name_of(file.path.as_str());
    let view = FileView::shown(&real, file.hash, &file.text, shown);
    running.context.knowledge().add(view);
    Ok(output)
}

fn render_lines(
    path: &str,
    text: &str,
    window: LineWindow,
    (tokens, form): (u32, EditForm),
    recipient: Recipient<'_>,
) -> Result<ToolOutput, ToolError> {
    let name = render::name(path);
    let (clean, secrets) = render::without_secrets(text);
    let lines = NumberedLines::new(form, text, &clean);
    let all = lines.count();
    if all == 0 {
        recipient.put(|| found(path, &lines, 0, 0));
        return Ok(ToolOutput {
            text: format!("{name} is empty."),
            summary: "empty".to_owned(),
            ..ToolOutput::default()
        });
    }
    if window.start > all {
        let has = render::count(all, "line", "lines");
        return Err(ToolError::TellModel(format!(
            "{name} has only {has}; start_line is {}",
            window.start
        )));
    }
    let end = window.end.min(all);
    let read_file = recipient.names.read_file;
    let around = |last: usize| around(path, window, (last, all), secrets > 0, read_file);
    let (head, tail) = around(end.min(all - 1));
    let room = tokens.saturating_sub(estimate_text(&head) + estimate_text(&tail));
    let mut page = OutputPage::new(recipient.bytes(MOST_BYTES)).within(room);
    let mut last = window.start - 1;
    let numbered = |number: usize| defang_chat_markers(&lines.line(number)).into_owned();
    while last < end && page.push(&numbered(last + 1)) {
        last += 1;
    }
    if last < window.start {
        // One that has no room is shown all the same: else nobody could read on.
        page = OutputPage::new(usize::MAX);
        last = window.start;
        page.push(&numbered(last));
    }
    let (head, tail) = around(last);
    recipient.put(|| found(path, &lines, window.start, last));
    let line = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(ToolOutput {
        text: format!("{head}{}{tail}", page.into_text()),
        summary: render::count(last + 1 - window.start, "line", "lines"),
        sources: vec![Source {
            path: path.to_owned(),
            start_line: line(window.start),
            end_line: line(last),
            symbol: None,
        }],
        ..ToolOutput::default()
    })
}

/// The lines that are shown, as data.
fn found(path: &str, lines: &NumberedLines<'_>, start_line: usize, end_line: usize) -> Found {
    Found::Lines(FoundLines {
        path: path.to_owned(),
        start_line,
        end_line,
        all: lines.count(),
        text: lines.plain(start_line..end_line + 1),
    })
}

/// What stands before and behind the lines, of which `last` is the last one: the call that reads
/// on, too.
fn around(
    path: &str,
    window: LineWindow,
    (last, all): (usize, usize),
    secrets: bool,
    read_file: &str,
) -> (String, String) {
    let (name, start) = (render::name(path), window.start);
    let head = format!("{name}, lines {start}-{last} of {all}:\n");
    let mut tail = String::new();
    if last < all {
        let next = last + 1;
        let mut call = json!({"path": path, "start_line": next});
        if window.is_given && last < window.end && window.end < all {
            call["end_line"] = window.end.into();
        }
        let call = defang_chat_markers(&call.to_string()).into_owned();
        tail = format!("(lines {next}-{all} are not shown; to continue: {read_file} {call})\n");
    }
    if secrets {
        tail.push_str(
            "(secrets in this file are shown as `[redacted: …]`; edit only lines without them)\n",
        );
    }
    (head, tail)
}
