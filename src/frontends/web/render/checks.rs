//! What tests say about nodes.

use super::node::{Node, TAGS};
use crate::visible::escape_hidden;

/// Elements within each other that are allowed anywhere.
pub const DEEPEST: usize = 40;

/// Nodes in one line: `<p class="x">text</p>`. A text is written as it is.
pub fn outline(nodes: &[Node]) -> String {
    let one = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element {
            tag,
            attributes,
            children,
        } => {
            let attributes = attributes.iter();
            let attributes = attributes.map(|(name, value)| format!(" {name}=\"{value}\""));
            let attributes: String = attributes.collect();
            match children.is_empty() {
                true => format!("<{tag}{attributes}/>"),
                false => format!("<{tag}{attributes}>{}</{tag}>", outline(children)),
            }
        }
    };
    nodes.iter().map(one).collect()
}

/// The text of nodes.
pub fn plain(nodes: &[Node]) -> String {
    let one = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element { children, .. } => plain(children),
    };
    nodes.iter().map(one).collect()
}

/// Panics unless every node is one that may be shown.
pub fn assert_harmless(nodes: &[Node]) {
    for node in nodes {
        if let Some(problem) = problem(node, 0) {
            panic!("{problem} in {}", outline(nodes));
        }
        serde_json::to_string(node).expect("JSON");
    }
}

/// The tags, attributes and texts that are allowed, said a second time.
fn problem(node: &Node, depth: usize) -> Option<String> {
    let (tag, attributes, children) = match node {
        Node::Text(text) => {
            let is_visible = escape_hidden(text) == *text;
            return (!is_visible).then(|| format!("hidden characters: {text:?}"));
        }
        Node::Element {
            tag,
            attributes,
            children,
        } => (*tag, attributes, children),
    };
    if !TAGS.contains(&tag) || depth > DEEPEST {
        return Some(format!("`{tag}` at depth {depth}"));
    }
    for (name, value) in attributes {
        let is_number = || !value.is_empty() && value.bytes().all(|sign| sign.is_ascii_digit());
        let is_allowed = match (tag, *name) {
            (_, "class") => value.bytes().all(|sign| {
                sign.is_ascii_lowercase() || sign.is_ascii_digit() || b"-_ ".contains(&sign)
            }),
            ("a", "href") => value.starts_with("http://") || value.starts_with("https://"),
            ("cite", "data-path") => !value.contains(char::is_whitespace),
            ("cite", "data-start" | "data-end") => is_number(),
            ("ol", "start") | ("span", "data-start") => is_number(),
            _ => false,
        };
        if !is_allowed {
            return Some(format!("`{name}={value}` of `{tag}`"));
        }
    }
    let is_link = |node: &Node| {
        matches!(
            node,
            Node::Element {
                tag: "a" | "cite",
                ..
            }
        )
    };
    if is_link(node) && children.iter().any(is_link) {
        return Some(format!("a link in `{tag}`"));
    }
    children.iter().find_map(|child| problem(child, depth + 1))
}
