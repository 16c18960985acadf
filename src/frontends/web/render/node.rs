//! What the page shows of untrusted text: a tree of few elements, in which nothing hides.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::visible::escape_hidden;

/// The elements that the page builds.
pub const TAGS: [&str; 27] = [
    "a",
    "blockquote",
    "br",
    "cite",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Part of what the page shows; as JSON a string, or a list of the tag, an object of the attributes
/// and the children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(String),
    Element {
        tag: &'static str,
        attributes: Vec<(&'static str, String)>,
        children: Vec<Node>,
    },
}

impl Node {
    /// A text in which hidden characters are visible.
    pub fn text(text: &str) -> Node {
        Node::Text(escape_hidden(text).into_owned())
    }

    pub fn element(tag: &'static str, children: Vec<Node>) -> Node {
        debug_assert!(TAGS.contains(&tag), "{tag}");
        Node::Element {
            tag,
            attributes: Vec::new(),
            children,
        }
    }

    /// The same element with one attribute more. A text stays as it is.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Node {
        if let Node::Element { attributes, .. } = &mut self {
            attributes.push((name, value.into()));
        }
        self
    }
}

/// Adds a node; texts that follow each other become one.
pub fn append(nodes: &mut Vec<Node>, node: Node) {
    if let Node::Text(text) = &node {
        if let Some(Node::Text(last)) = nodes.last_mut() {
            return last.push_str(text);
        }
        if text.is_empty() {
            return;
        }
    }
    nodes.push(node);
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => serializer.serialize_str(text),
            Node::Element {
                tag,
                attributes,
                children,
            } => {
                let mut list = serializer.serialize_seq(Some(2 + children.len()))?;
                list.serialize_element(tag)?;
                list.serialize_element(&Attributes(attributes))?;
                for child in children {
                    list.serialize_element(child)?;
                }
                list.end()
            }
        }
    }
}

struct Attributes<'node>(&'node [(&'static str, String)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_the_promised_json() {
        let node = Node::element(
            "p",
            vec![
                Node::text("a < b"),
                Node::element("br", Vec::new()),
                Node::element("a", vec![Node::text("x")]).with("href", "https://x.org/?\"<"),
            ],
        );
        let node = node.with("class", "y");
        assert_eq!(
            serde_json::to_string(&node).expect("JSON"),
            r#"["p",{"class":"y"},"a < b",["br",{}],["a",{"href":"https://x.org/?\"<"},"x"]]"#
        );
        let text = Node::text("\u{202e}\0").with("class", "y");
        assert_eq!(
            serde_json::to_string(&text).expect("JSON"),
            r#""\\u{202e}\\u{0}""#
        );
    }

    #[test]
    fn texts_that_follow_each_other_become_one() {
        let mut nodes = Vec::new();
        for text in ["a", "", "b"] {
            append(&mut nodes, Node::text(text));
        }
        append(&mut nodes, Node::element("br", Vec::new()));
        append(&mut nodes, Node::text("c"));
        let br = Node::element("br", Vec::new());
        assert_eq!(nodes, [Node::text("ab"), br, Node::text("c")]);
    }
}
