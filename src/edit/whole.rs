//! Whether a match begins and ends at word boundaries: `timeout = 3` does not match in `timeout =
//! 30`, nor `count` in `recount`.

use std::ops::Range;

/// Characters that form another operator with a `=` after them.
const BEFORE_EQUALS: &str = "=!<>+-*/%&|^:";

/// Whether a match has the complete words at its ends.
///
/// A match may end within a word if the replacement ends in the same part of it: `fn run` is then
/// short for its line. It may begin within one if it spans several lines, which make the position
/// certain.
pub(super) fn is_whole(text: &str, place: &Range<usize>, replace: &str) -> bool {
    let search = &text[place.clone()];
    let [before, behind] = [&text[..place.start], &text[place.end..]];
    let is_line = !search.trim_end().contains('\n');
    let cut_start = !search.starts_with('_') && is_within(before, &text[place.start..]);
    let cut_end = !search.ends_with('_') && is_within(&text[..place.end], behind);
    let is_key = is_line && is_part_of_key(before, search);
    let shares_start = !is_line && first_word(search) == first_word(replace);
    let end = last_word(search);
    let shares_end = end == last_word(replace) && end.len() < search.trim().len();
    (!cut_start || shares_start) && (!cut_end || shares_end) && !is_key
}

/// Whether a word, a number or an operator continues from one text into the next.
fn is_within(before: &str, behind: &str) -> bool {
    let mut left = before.chars().rev();
    let mut right = behind.chars();
    let (Some(last), Some(first)) = (left.next(), right.next()) else {
        return false;
    };
    let is_digit = |character: Option<char>| character.is_some_and(|c| c.is_ascii_digit());
    match (last, first) {
        _ if is_of_word(last) && is_of_word(first) => true,
        ('.', '0'..='9') => is_number(last_word(&before[..before.len() - 1])),
        ('0'..='9', '.') => is_digit(right.next()) && is_number(last_word(before)),
        (sign, '=') => BEFORE_EQUALS.contains(sign),
        ('=' | '-', '>') => true,
        _ => false,
    }
}

/// Whether a text begins within a compound key: `color: red` in `border-color: red`.
fn is_part_of_key(before: &str, search: &str) -> bool {
    let key = search.trim_start_matches(|c: char| is_of_word(c) || c == '-');
    let value = key.trim_start();
    let is_key = key.len() < search.len()
        && value.starts_with([':', '='])
        && !value.starts_with("==")
        && !value.starts_with("::");
    let part = before.strip_suffix('-').unwrap_or_default();
    is_key && search.starts_with(is_of_word) && part.ends_with(is_of_word)
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// The word or the character at the beginning of a text.
fn first_word(text: &str) -> &str {
    let rest = text.trim_start_matches(is_of_word);
    match text.len() - rest.len() {
        0 => &text[..text.chars().next().map_or(0, char::len_utf8)],
        length => &text[..length],
    }
}

/// The word or the character at the end of a text.
fn last_word(text: &str) -> &str {
    match text.trim_end_matches(is_of_word).len() {
        all if all == text.len() => {
            let sign = text.chars().next_back().map_or(0, char::len_utf8);
            &text[text.len() - sign..]
        }
        rest => &text[rest..],
    }
}

/// Whether a character belongs to words that are separated by spaces or punctuation. Scripts
/// without spaces are left out, and so are those that add endings to words.
fn is_of_word(character: char) -> bool {
    character == '_'
        || character < '\u{530}' && character.is_alphanumeric()
        || matches!(character, '\u{300}'..='\u{36f}')
}
