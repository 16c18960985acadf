use crate::teaser::teaser;

/// Characters of a title in the index.
const TITLE: usize = 40;

/// The first letters of the first and the last name in upper case, for the round picture beside an
/// article; `?` for an author without a name.
pub fn monogram(author: &str) -> String {
    let names: Vec<&str> = author.split_whitespace().collect();
    let letter = |name: &str| -> String {
        name.chars().take(1).flat_map(char::to_uppercase).collect()
    };
    match names.as_slice() {
        [] => "?".to_owned(),
        [name] => letter(name),
        [first, .., last] => letter(first) + &letter(last),
    }
}

/// A line of the index: monogram and title.
pub fn index_line(author: &str, title: &str) -> String {
    format!("[{}] {}", monogram(author), teaser(title, TITLE))
}
