//! What a file loses when it is written anew: definitions that are gone, or most of its lines.

use std::collections::HashMap;

use super::definitions::{Defined, definitions};
use super::render;
use crate::visible::escape_hidden;

/// Most definitions that are named.
const MOST_NAMED: usize = 8;
/// Most definitions that are looked for in a text that cannot be parsed: each is a search of all of it.
const MOST_LOOKED_FOR: usize = 1_000;
/// Fewer lines than this are no loss: a short text is often written anew.
const FEW_LINES: usize = 10;

/// What `after` has no more of `before`, for people and for the model: `fn audit(order: &Order)
/// (lines 10-14)`. `None` if that is nothing worth a question.
pub(super) fn lost_content(path: &str, before: &str, after: &str) -> Option<String> {
    let gone = lost_definitions(path, before, after);
    let mut parts: Vec<String> = gone.iter().take(MOST_NAMED).cloned().collect();
    if gone.len() > MOST_NAMED {
        let more = gone.len() - MOST_NAMED;
        parts.push(render::count(more, "more definition", "more definitions"));
    }
    let (old, new) = (before.lines().count(), after.lines().count());
    if old >= FEW_LINES && new * 2 < old {
        parts.push(format!("{} of its {old} lines", old - new));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The definitions that `after` has no more, each with its place: `` `mean`, a.py:8 ``.
pub(super) fn lost_places(path: &str, before: &str, after: &str) -> Vec<String> {
    let gone = gone(path, before, after);
    let more = gone.len().saturating_sub(MOST_NAMED);
    let path = render::name(path);
    let mut places: Vec<String> = gone
        .iter()
        .take(MOST_NAMED)
        .map(|defined| {
            let name = render::without_secrets(&defined.name).0.into_owned();
            format!("`{}`, {path}:{}", escape_hidden(&name), defined.start_line)
        })
        .collect();
    if more > 0 {
        places.push(format!("{more} more"));
    }
    places
}

fn lost_definitions(path: &str, before: &str, after: &str) -> Vec<String> {
    gone(path, before, after)
        .into_iter()
        .map(|defined| {
            let head = render::without_secrets(&defined.head).0.into_owned();
            let lines = match (defined.start_line, defined.end_line) {
                (first, last) if first == last => format!("line {first}"),
                (first, last) => format!("lines {first}-{last}"),
            };
            format!("`{}` ({lines})", escape_hidden(&head))
        })
        .collect()
}

/// Definitions of names that the text after defines less often, or not at all.
fn gone(path: &str, before: &str, after: &str) -> Vec<Defined> {
    let Ok(mut old) = definitions(path, before) else {
        return Vec::new();
    };
    let mut left: HashMap<String, usize> = HashMap::new();
    match definitions(path, after) {
        Ok(new) => {
            for defined in new {
                *left.entry(defined.name).or_default() += 1;
            }
        }
        // A text that cannot be parsed may define whatever it names.
        Err(_) => {
            for defined in old.iter().take(MOST_LOOKED_FOR) {
                if !left.contains_key(&defined.name) {
                    let count = after.matches(defined.name.as_str()).count();
                    left.insert(defined.name.clone(), count);
                }
            }
            old.truncate(MOST_LOOKED_FOR);
        }
    }
    let mut gone = Vec::new();
    for defined in old {
        match left.get_mut(&defined.name) {
            Some(count) if *count > 0 => *count -= 1,
            _ => gone.push(defined),
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "fn charge() {\n    go();\n}\n\nfn audit(order: &Order) {\n    log();\n}\n";

    #[test]
    fn a_definition_that_is_gone_is_named_with_its_lines() {
        let after = "fn charge() {\n    stop();\n}\n";
        let found = lost_content("a.rs", TWO, after);
        assert_eq!(
            found.as_deref(),
            Some("`fn audit(order: &Order)` (lines 5-7)")
        );
        assert_eq!(
            lost_content(
                "a.py",
                "def a():\n  pass\n\ndef b():\n  pass\n",
                "def b():\n  pass\n"
            )
            .as_deref(),
            Some("`def a():` (lines 1-2)")
        );
    }

    #[test]
    fn a_name_that_is_gone_has_its_place() {
        let after = "fn charge() {\n    stop();\n}\n";
        assert_eq!(lost_places("a.rs", TWO, after), ["`audit`, a.rs:5"]);
        assert_eq!(lost_places("a.rs", TWO, TWO), Vec::<String>::new());
    }

    #[test]
    fn what_changes_moves_or_is_added_is_no_loss() {
        let moved =
            "fn audit(order: &Order) -> bool {\n    true\n}\n\nfn charge() {}\n\nfn new() {}\n";
        assert_eq!(lost_content("a.rs", TWO, moved), None);
        assert_eq!(lost_content("a.txt", "old\n", "new\n"), None);
        assert_eq!(lost_content("a.rs", TWO, TWO), None);
    }

    #[test]
    fn one_of_two_of_a_name_is_a_loss() {
        let before = "impl A {\n    fn new() {}\n}\nimpl B {\n    fn new() {}\n}\n";
        let after = "impl A {\n    fn new() {}\n}\nimpl B {\n}\n";
        let found = lost_content("a.rs", before, after).expect("a loss");
        assert!(found.contains("fn new()"), "{found}");
    }

    #[test]
    fn most_of_the_lines_is_a_loss_in_any_file() {
        let before = "a line\n".repeat(200);
        let found = lost_content("notes.txt", &before, "a line\n".repeat(3).as_str());
        assert_eq!(found.as_deref(), Some("197 of its 200 lines"));
        assert_eq!(lost_content("notes.txt", &before, &"b\n".repeat(150)), None);
    }

    #[test]
    fn a_text_that_cannot_be_parsed_may_still_define_what_it_names() {
        let found = lost_content("a.rs", TWO, "fn charge( {{{ audit");
        assert!(found.is_none_or(|found| !found.contains("charge")));
    }

    #[test]
    fn many_are_counted() {
        let before: String = (0..20)
            .map(|number| format!("fn f{number}() {{}}\n"))
            .collect();
        let found = lost_content("a.rs", &before, "fn other() {}\n").expect("a loss");
        assert!(
            found.contains("12 more definitions, 19 of its 20 lines"),
            "{found}"
        );
    }
}
