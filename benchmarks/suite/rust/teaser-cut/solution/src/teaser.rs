/// The beginning of a text, for lists: whole words with at most `limit` characters in all, and `…`
/// if something was left out.
///
/// A first word that is too long is cut after `limit` characters. White space at the ends does not
/// count.
pub fn teaser(text: &str, limit: usize) -> String {
    let text = text.trim();
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text.to_owned();
    };
    // A word that ends exactly at the limit is whole.
    let is_whole = text[end..].starts_with(' ');
    let beginning = &text[..end];
    let beginning = match beginning.rfind(' ') {
        Some(end) if !is_whole => &beginning[..end],
        _ => beginning,
    };
    format!("{}…", beginning.trim_end())
}
