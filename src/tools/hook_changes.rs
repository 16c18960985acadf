//! What hooks change in files: the model goes on from the files as they are then, and is told of them.

use super::changed_places::{changed, changed_places};
use super::render::{self, NumberedLines};
use super::{FileView, ToolContext};
use crate::edit::changed_lines;
use crate::session::changes::ChangeRecord;
use crate::visible::defang_chat_markers;

/// Most lines of all files that are shown; of longer ones, only the name.
const MOST_LINES: usize = 30;
/// Most files that are named.
const MOST_NAMED: usize = 10;

/// Takes in what hooks changed: files of which the model knows the version before are known as they are
/// now. Gives what the model is told: the changed lines if they are few, else the names; empty if there
/// is nothing to tell. Reads contents.
///
/// To be called while the call is running that the hooks ran for: its result is where the lines stand.
pub(crate) fn take_in_changes(context: &ToolContext, changes: &[ChangeRecord]) -> String {
    let mut text = String::new();
    let mut names: Vec<String> = Vec::new();
    let mut lines_left = MOST_LINES;
    for change in changes {
        if context.rules.hides(&change.path) {
            continue;
        }
        let shown = known_lines(context, change);
        let count = shown.as_ref().map_or(0, |shown| shown.lines().count());
        match shown.filter(|_| count <= lines_left) {
            Some(shown) => {
                lines_left -= count;
                let name = render::name(&change.path);
                text.push_str(&format!(
                    "{name} was changed by a hook, and now reads:\n{shown}"
                ));
            }
            None => names.push(render::name(&change.path)),
        }
    }
    names.sort();
    names.dedup();
    if !names.is_empty() {
        text.push_str(&named(&names));
    }
    defang_chat_markers(&text).into_owned()
}

/// The names of the files that hooks changed, for the model; empty if there are none.
pub(crate) fn named_changes(context: &ToolContext, changes: &[ChangeRecord]) -> String {
    let paths = changes.iter().map(|change| change.path.as_str());
    let mut names: Vec<String> = paths
        .filter(|path| !context.rules.hides(path))
        .map(render::name)
        .collect();
    names.sort();
    names.dedup();
    match names.as_slice() {
        [] => String::new(),
        names => named(names),
    }
}

fn named(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = &names[..names.len().min(MOST_NAMED)];
    format!(
        "A hook changed {}{more}: read them again before you edit them.\n",
        shown.join(", ")
    )
}

/// The changed lines of a file whose version before the model has seen or made; from now on it knows
/// the version after. `None` for all other files.
fn known_lines(context: &ToolContext, change: &ChangeRecord) -> Option<String> {
    let (Some(before), Some(after)) = change.hashes() else {
        return None;
    };
    if !context.knowledge().was_shown(&change.path, &before) {
        return None;
    }
    let texts = context.changes.lock().texts_of(change);
    let Some((Some(old), Some(new))) = texts else {
        return None;
    };
    let view = FileView::edited(&change.path, (before, &old), (after, &new));
    context.knowledge().add(view);
    let (clean, _) = render::without_secrets(&new);
    let lines = NumberedLines::new(context.edit_form(), &new, &clean);
    let places: Vec<_> = changed_lines(&old, &new)
        .into_iter()
        .map(|(_, place)| place)
        .collect();
    Some(changed_places(&lines, &places, &changed(&old, &new)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    /// Changes a file as a hook does, while the call before it is still running.
    fn rewritten(bench: &Bench, path: &str, text: &str) -> Vec<ChangeRecord> {
        use crate::session::changes::{Blob, Change};
        let context = bench.context();
        let before = bench.content(path).map(|old| Blob::new(old.into_bytes()));
        bench.file(path, text);
        let mut changes = context.changes.lock();
        changes.take_records();
        changes.note(Change {
            path: path.to_owned(),
            before,
            after: Some(Blob::new(text.as_bytes().to_vec())),
        });
        changes.take_records()
    }

    #[tokio::test]
    async fn a_file_that_the_model_knows_is_shown_as_it_is_now() {
        let bench = Bench::new();
        bench.file("a.txt", "one\ntwo\nthree\n");
        let read = call("read_file", json!({"path": "a.txt"}));
        bench.call(&read).await.unwrap();
        let changed = rewritten(&bench, "a.txt", "one\n  two\nthree\n");
        let told = take_in_changes(bench.context(), &changed);
        assert_eq!(
            told,
            "a.txt was changed by a hook, and now reads:\n1→one\n2→  two\n3→three\n"
        );
    }

    #[tokio::test]
    async fn other_files_and_long_changes_are_only_named() {
        let bench = Bench::new();
        let long: String = (1..=60).map(|number| format!("l{number}\n")).collect();
        bench.file("long.txt", &long);
        bench.file("other.txt", "one\n");
        let read = call("read_file", json!({"path": "long.txt"}));
        bench.call(&read).await.unwrap();
        let all: String = (1..=60).map(|number| format!(" l{number} \n")).collect();
        let mut changed = rewritten(&bench, "long.txt", &all);
        changed.extend(rewritten(&bench, "other.txt", "two\n"));
        let told = take_in_changes(bench.context(), &changed);
        let expected =
            "A hook changed long.txt, other.txt: read them again before you edit them.\n";
        assert_eq!(told, expected);
        assert_eq!(named_changes(bench.context(), &changed), expected);
        assert_eq!(named_changes(bench.context(), &[]), "");
        assert_eq!(bench.context().seen("other.txt"), None);
    }

    #[tokio::test]
    async fn what_a_rule_keeps_back_is_not_told() {
        let bench = Bench::new().ruled("[[deny]]\nread = 'secret/**'\n");
        bench.file("secret/a.txt", "one\n");
        let changed = rewritten(&bench, "secret/a.txt", "two\n");
        assert_eq!(take_in_changes(bench.context(), &changed), "");
        assert_eq!(named_changes(bench.context(), &changed), "");
    }
}
