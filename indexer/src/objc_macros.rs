//! Macros of Foundation in almost every header of Objective-C, which the grammar takes for errors.

use std::borrow::Cow;

/// Macros that stand alone on a line.
const ALONE: &[&str] = &["NS_ASSUME_NONNULL_BEGIN", "NS_ASSUME_NONNULL_END"];

/// Macros that open an enumeration: `typedef NS_ENUM(NSInteger, Name) {`.
const ENUMERATIONS: &[&str] = &[
    "NS_ENUM(",
    "NS_OPTIONS(",
    "NS_CLOSED_ENUM(",
    "NS_ERROR_ENUM(",
];

/// The text with what these macros stand for, and each byte that is left where it was.
pub(crate) fn expanded(text: &str) -> Cow<'_, str> {
    if !text.contains("NS_") {
        return Cow::Borrowed(text);
    }
    let mut expanded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let word = line.trim();
        if ALONE.contains(&word) {
            expanded.push_str(&line.replace(word, &" ".repeat(word.len())));
        } else if let Some(line) = enumeration(line) {
            expanded.push_str(&line);
        } else {
            expanded.push_str(line);
        }
    }
    Cow::Owned(expanded)
}

/// A line that opens an enumeration, as plain C: `enum Name {`.
fn enumeration(line: &str) -> Option<String> {
    let after_typedef = line.trim_start().strip_prefix("typedef ")?.trim_start();
    let mut macros = ENUMERATIONS.iter();
    let arguments = macros.find_map(|name| after_typedef.strip_prefix(name))?;
    let (_, rest) = arguments.split_once(',')?;
    let (name, after) = rest.split_once(')')?;
    let width = line.len() - rest.len();
    Some(format!("{:width$}{name} {after}", "enum"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_expanded_and_every_byte_stays_where_it_was() {
        for (text, expected) in [
            (
                "typedef NS_ENUM(NSInteger, Drive) {\n",
                "enum                       Drive  {\n",
            ),
            (
                "  typedef NS_OPTIONS(Größe,Flag)\r\n{\n",
                "enum                         Flag \r\n{\n",
            ),
            (
                "a;\nNS_ASSUME_NONNULL_BEGIN\r\nb;\n",
                "a;\n                       \r\nb;\n",
            ),
            ("NS_ENUM(NSInteger) é {\n", "NS_ENUM(NSInteger) é {\n"),
            ("typedef int NS_Count;", "typedef int NS_Count;"),
            ("int x;\n", "int x;\n"),
        ] {
            let found = expanded(text);
            assert_eq!(found, expected, "{text:?}");
            assert_eq!(found.len(), text.len(), "{text:?}");
        }
    }
}
