/// The beginning of a text, for lists: whole words with at most `limit` characters in all, and `…`
/// if something was left out.
///
/// A first word that is too long is cut after `limit` characters. White space at the ends does not
/// count.
pub fn teaser(text: &str, limit: usize) -> String {
    let text = text.trim();
    if text.len() <= limit {
        return text.to_owned();
    }
    // A word that ends exactly at the limit is whole.
    let is_whole = text[limit..].starts_with(' ');
    let beginning = &text[..limit];
    let beginning = match beginning.rfind(' ') {
        Some(end) if !is_whole => &beginning[..end],
        _ => beginning,
    };
    format!("{}…", beginning.trim_end())
}
