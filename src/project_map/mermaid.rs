//! The parts of a project as a flowchart in Mermaid's language.

use super::{Part, Parts};
use crate::visible::visible_name;

/// Longest label, in characters.
const LONGEST: usize = 60;

/// A flowchart: a node for each folder, with its files; an arrow for what files of one use of
/// another, with the number of pairs of files.
pub fn mermaid(parts: &Parts) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, part) in parts.parts.iter().enumerate() {
        text.push_str(&format!("  p{at}[\"{}\"]\n", escaped(&label(part))));
    }
    for edge in &parts.edges {
        text.push_str(&format!(
            "  p{} -->|{}| p{}\n",
            edge.from, edge.count, edge.to
        ));
    }
    if parts.left_out > 0 {
        text.push_str(&format!(
            "  %% {} lighter connections are left out\n",
            parts.left_out
        ));
    }
    text
}

/// `src/engine: 41 files`
fn label(part: &Part) -> String {
    let files = match part.files.len() {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    format!("{}: {files}", folder_name(&part.folder, LONGEST))
}

/// A folder as people are shown it; of a long one the end.
pub(super) fn folder_name(folder: &str, longest: usize) -> String {
    let name = match folder {
        "" => "(root)".to_owned(),
        folder => visible_name(folder),
    };
    let length = name.chars().count();
    if length <= longest {
        return name;
    }
    let end: String = name.chars().skip(length + 1 - longest).collect();
    format!("…{end}")
}

/// A label between quotes: everything that could end it, or be read as markup, as an entity.
fn escaped(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    let mut signs = label.chars().peekable();
    while let Some(sign) = signs.next() {
        // `1. x` and `- x` would be lists, which charts do not have.
        let begins_list = "-+.".contains(sign) && signs.peek() == Some(&' ');
        match sign {
            sign if begins_list => text.push_str(&format!("#{};", u32::from(sign))),
            // Letters, and what paths are made of.
            '/' | '_' | '-' | '.' | ' ' | ':' | '(' | ')' | '…' | '+' | '@' => text.push(sign),
            sign if sign.is_alphanumeric() => text.push(sign),
            sign => text.push_str(&format!("#{};", u32::from(sign))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_no_markup() {
        for (label, expected) in [
            ("src/a-b.c: 2 files", "src/a-b.c: 2 files"),
            ("1. intro: 3 files", "1#46; intro: 3 files"),
            ("- x: 1 file", "#45; x: 1 file"),
            ("a\"]b", "a#34;#93;b"),
        ] {
            assert_eq!(escaped(label), expected, "{label}");
        }
    }
}
