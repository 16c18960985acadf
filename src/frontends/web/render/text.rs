//! What a text names: addresses of the web become links, places in files citations.

use std::ops::Range;

use ollacode_indexer::language::language_of;

use super::node::{Node, append};
use crate::engine::proof::citations::{NamedPlace, named_places};
use crate::frontends::markup::{LONGEST_ADDRESS, web_address};

/// Longest path of a citation, in bytes.
const LONGEST_PATH: usize = 500;

/// A text with links and citations; `left` is how many elements may still be made.
pub fn linked(text: &str, left: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = text;
    while let Some((range, address)) = next_address(rest) {
        let (before, from) = rest.split_at(range.start);
        add_cited(&mut nodes, before, left);
        rest = from;
        if *left == 0 {
            break;
        }
        *left -= 1;
        let (written, after) = from.split_at(range.len());
        nodes.push(Node::element("a", vec![Node::text(written)]).with("href", address));
        rest = after;
    }
    add_cited(&mut nodes, rest, left);
    nodes
}

/// A text with citations.
pub fn cited(text: &str, left: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    add_cited(&mut nodes, text, left);
    nodes
}

fn add_cited(nodes: &mut Vec<Node>, text: &str, left: &mut usize) {
    let mut end = 0;
    for place in named_places(text).filter(is_in_file) {
        if *left == 0 {
            break;
        }
        let NamedPlace { range, path, .. } = place;
        // `a.rs:1-b.rs:2`
        if range.start < end {
            continue;
        }
        *left -= 1;
        append(nodes, Node::text(&text[end..range.start]));
        end = range.end;
        let cite = Node::element("cite", vec![Node::text(&text[range])])
            .with("data-path", path)
            .with("data-start", place.start.to_string())
            .with("data-end", place.end.to_string());
        nodes.push(cite);
    }
    append(nodes, Node::text(&text[end..]));
}

/// Endings of files that have no language.
const PLAIN_TEXT: [&str; 7] = ["cfg", "conf", "csv", "ini", "lock", "log", "txt"];

/// Whether a place can be one in a file: `localhost:8080` and the name of an image cannot.
fn is_in_file(place: &NamedPlace) -> bool {
    let name = place.path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let has_extension = (1..=8).contains(&extension.len())
        && extension.starts_with(|sign: char| sign.is_ascii_alphabetic());
    let is_file = place.path.contains('/') && has_extension || PLAIN_TEXT.contains(&extension);
    let are_lines = (1..=place.end).contains(&place.start) && place.end <= u64::from(u32::MAX);
    are_lines
        && place.path.len() <= LONGEST_PATH
        && (is_file || language_of(&place.path, "").is_some())
}

/// The first address of the web in a text: where it is, and in the form that browsers make of it.
fn next_address(text: &str) -> Option<(Range<usize>, String)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("http") {
        let at = from + found;
        let is_sign = |sign: &u8| sign.is_ascii_graphic() && !b"<>\"`".contains(sign);
        let signs = text[at..].bytes().take(LONGEST_ADDRESS + 1);
        from = at + signs.take_while(is_sign).count();
        let is_word = text[..at].ends_with(char::is_alphanumeric)
            || text[from..].starts_with(char::is_alphanumeric);
        let written = without_end_signs(&text[at..from]);
        let scheme = written.strip_prefix("http").unwrap_or_default();
        let is_whole = scheme.starts_with("://") || scheme.starts_with("s://");
        if !is_word
            && is_whole
            && let Some(address) = web_address(written)
        {
            return Some((at..at + written.len(), address));
        }
    }
    None
}

/// An address without the signs behind it that belong to the sentence.
fn without_end_signs(written: &str) -> &str {
    const PAIRS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];
    let count = |sign: char| written.matches(sign).count();
    let mut surplus = PAIRS.map(|(open, close)| count(close).saturating_sub(count(open)));
    let mut address = written;
    while let Some(last) = address.chars().next_back() {
        let pair = PAIRS.iter().position(|(_, close)| *close == last);
        match pair {
            Some(pair) if surplus[pair] > 0 => surplus[pair] -= 1,
            None if ".,;:!?'*_~|\\".contains(last) => {}
            _ => break,
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Links as `<address>`, citations as `{path:start-end}`.
    fn shown(nodes: &[Node]) -> String {
        let one = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            Node::Element {
                tag: "a",
                attributes,
                ..
            } => format!("<{}>", attributes[0].1),
            Node::Element { attributes, .. } => format!(
                "{{{}:{}-{}}}",
                attributes[0].1, attributes[1].1, attributes[2].1
            ),
        };
        nodes.iter().map(one).collect()
    }

    #[test]
    fn addresses_become_links() {
        for (text, expected) in [
            ("see https://x.org/a.", "see <https://x.org/a>."),
            ("(http://x.org/a_(b))", "(<http://x.org/a_(b)>)"),
            (
                "https://x.org/a, https://y.org!",
                "<https://x.org/a>, <https://y.org/>!",
            ),
            ("https://x.org/a.rs:12 b", "<https://x.org/a.rs:12> b"),
            ("https://x.org。好", "<https://x.org/>。好"),
            ("https://exämple.org", "https://exämple.org"),
            ("xhttps://x.org", "xhttps://x.org"),
            ("https:// http:x http", "https:// http:x http"),
            ("https://a@x.org", "https://a@x.org"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("<https://x.org><script>", "<<https://x.org/>><script>"),
        ] {
            assert_eq!(shown(&linked(text, &mut 9)), expected, "{text}");
        }
        let long = format!("https://x.org/{}", "a".repeat(LONGEST_ADDRESS));
        assert_eq!(linked(&long, &mut 9), [Node::text(&long)]);
    }

    #[test]
    fn places_become_citations() {
        for (text, expected) in [
            ("see src/a.rs:3-9.", "see {src/a.rs:3-9}."),
            ("[./b.py:7]: x", "[{b.py:7-7}]: x"),
            ("Makefile:3, notes.md:1", "{Makefile:3-3}, {notes.md:1-1}"),
            ("a/b.xyz:2 c:3", "{a/b.xyz:2-2} c:3"),
            ("a.txt:2 example.com:80", "{a.txt:2-2} example.com:80"),
            (
                "localhost:8080 docker.io/nginx:1",
                "localhost:8080 docker.io/nginx:1",
            ),
            (
                "a.rs:0 a.rs:9-3 a.rs:99999999999",
                "a.rs:0 a.rs:9-3 a.rs:99999999999",
            ),
            ("a.rs:1-b.rs:2", "{a.rs:1-1}-b.rs:2"),
            ("at 12:30", "at 12:30"),
        ] {
            assert_eq!(shown(&linked(text, &mut 9)), expected, "{text}");
            assert_eq!(shown(&cited(text, &mut 9)), expected, "{text}");
        }
    }

    #[test]
    fn few_elements_are_made() {
        let text = "a.rs:1 https://x.org ".repeat(9);
        let mut left = 5;
        let nodes = linked(&text, &mut left);
        let elements = nodes.iter().filter(|node| !matches!(node, Node::Text(_)));
        assert_eq!((elements.count(), left), (5, 0));
        assert!(shown(&nodes).ends_with("a.rs:1 https://x.org "));
    }

    #[test]
    fn long_texts_take_one_pass() {
        for piece in [
            "http",
            "http://",
            "https://x.org/)",
            "a:",
            "[(",
            "http://x:1",
        ] {
            let text = piece.repeat(200_000 / piece.len());
            assert!(!linked(&text, &mut 1_000).is_empty(), "{piece}");
        }
    }
}
