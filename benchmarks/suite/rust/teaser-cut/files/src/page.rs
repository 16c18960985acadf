use crate::teaser::teaser;

/// Characters of a title in the index.
const TITLE: usize = 40;

/// The first letters of the first and the last name in upper case, for the round picture beside an
/// article; `?` for an author without a name.
pub fn monogram(author: &str) -> String {
    let names: Vec<&str> = author.split_whitespace().collect();
    let first = &names[0][..1];
    let mut letters = first.to_uppercase();
    if names.len() > 1 {
        letters.push_str(&names[names.len() - 1][..1].to_uppercase());
    }
    letters
}

/// A line of the index: monogram and title.
pub fn index_line(author: &str, title: &str) -> String {
    format!("[{}] {}", monogram(author), teaser(title, TITLE))
}
