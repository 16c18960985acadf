//! Where a failed edit was to be made: the definition around the nearest lines.

use super::definitions::definitions;
use super::draft::file_to_edit;
use super::render::NumberedLines;
use super::{FileView, ToolContext, arguments, blocking, files, render};
use crate::edit::{EditError, LineAnchor, edit};
use crate::jail::TextFile;
use crate::message::ToolCall;
use crate::model::EditForm;

/// Longest definition that is given, in lines.
const LONGEST: usize = 60;
/// Lines before and after a place without such a definition.
const AROUND: usize = 15;

/// The part of a file that an edit was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditPlace {
    /// `` `run`, lines 10-24 of `src/a.rs` ``.
    pub name: String,
    /// Its lines, numbered.
    pub lines: String,
}

/// The part of a file that a call of `edit_file` is about, if its search text is near anything or an
/// anchor names a line. It counts as shown to the model.
pub async fn edit_place(context: &ToolContext, call: &ToolCall) -> Option<EditPlace> {
    let path = arguments::text(call, "path").ok()?;
    let search = arguments::text(call, "search").ok();
    let search =
        search.map(|text| render::without_numbers(text).unwrap_or_else(|| text.to_owned()));
    let anchor = arguments::text(call, "first").ok();
    let anchor = anchor.and_then(LineAnchor::parse);
    let form = context.edit_form();
    let file = file_to_edit(context, path).await.ok()?;
    if files::is_kept(&context.jail, &context.rules, file.path.as_str()) {
        return None;
    }
    let look = move || {
        let line = match (search, anchor) {
            (Some(search), _) => nearest_line(&file.text, &search)?,
            (None, Some(anchor)) => anchor.number.min(file.text.lines().count()),
            (None, None) => return None,
        };
        shown(&file, line, form)
    };
    let (view, place) = blocking(look).await.ok()??;
    context.knowledge().add(view);
    Some(place)
}

fn shown(file: &TextFile, line: usize, form: EditForm) -> Option<(FileView, EditPlace)> {
    let path = file.path.as_str();
    let (clean, _) = render::without_secrets(&file.text);
    let lines = NumberedLines::new(form, &file.text, &clean);
    let around = definitions(path, &file.text).unwrap_or_default();
    let around = around
        .into_iter()
        .filter(|defined| (defined.start_line..=defined.end_line).contains(&line))
        .filter(|defined| defined.end_line - defined.start_line < LONGEST)
        .min_by_key(|defined| defined.end_line - defined.start_line);
    let name = render::name(path);
    let (start, end, name) = match around {
        Some(defined) => {
            let (start, end) = (defined.start_line, defined.end_line);
            let what = format!("`{}`, lines {start}-{end} of `{name}`", defined.name);
            (start, end, what)
        }
        None => {
            let start = line.saturating_sub(AROUND).max(1);
            let end = lines.count().min(line + AROUND);
            (start, end, format!("lines {start}-{end} of `{name}`"))
        }
    };
    if start > end || end > lines.count() {
        return None;
    }
    let numbered: Vec<String> = (start..=end).map(|number| lines.line(number)).collect();
    let view = FileView::shown(path, file.hash, &file.text, start..end + 1);
    let lines = numbered.join("\n");
    Some((view, EditPlace { name, lines }))
}

/// The line of a text that a search text is nearest to.
fn nearest_line(text: &str, search: &str) -> Option<usize> {
    match edit(text, search, "", false) {
        Ok(edited) => Some(edited.line),
        Err(EditError::NotFound { nearest }) => nearest.first().map(|lines| lines.start),
        Err(EditError::Differs { lines }) => Some(lines.start),
        Err(EditError::Many { lines } | EditError::Part { lines }) => lines.first().copied(),
        Err(EditError::Empty | EditError::Same) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::anchors::anchored as anchored_line;
    use crate::tools::tests_support::{Bench, call};

    #[tokio::test]
    async fn the_definition_around_a_failed_edit_is_given() {
        let bench = Bench::new();
        let text = "fn one() {\n    first();\n}\n\nfn two() {\n    second(1);\n    third();\n}\n";
        bench.file("a.rs", text);
        bench.file("a.txt", "one\ntwo\nthree\n");
        let edit = |path: &str, search: &str| {
            let arguments = json!({"path": path, "search": search, "replace": "x"});
            call("edit_file", arguments)
        };
        let near = edit("a.rs", "    second(2);\n    third();");
        let place = edit_place(bench.context(), &near).await.expect("a place");
        assert_eq!(place.name, "`two`, lines 5-8 of `a.rs`");
        assert_eq!(
            place.lines,
            "5→fn two() {\n6→    second(1);\n7→    third();\n8→}"
        );
        let near = edit("a.txt", "two");
        let place = edit_place(bench.context(), &near).await.expect("a place");
        assert_eq!(place.name, "lines 1-3 of `a.txt`");
        let bench = bench.editing(EditForm::Anchors);
        let arguments = json!({"path": "a.rs", "first": "6zz", "text": "x"});
        let anchored = call("edit_file", arguments);
        let place = edit_place(bench.context(), &anchored).await;
        let place = place.expect("a place");
        assert_eq!(place.name, "`two`, lines 5-8 of `a.rs`");
        let first = anchored_line(5, "fn two() {", "fn two() {");
        assert!(place.lines.starts_with(&first), "{}", place.lines);
        for nowhere in [edit("b.rs", "two"), edit("a.rs", "")] {
            assert_eq!(edit_place(bench.context(), &nowhere).await, None);
        }
    }
}
