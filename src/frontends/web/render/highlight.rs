//! Code as nodes whose classes say what it is; the page's style sheet has the colours.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack};

use super::node::{Node, append};
use crate::frontends::syntaxes::{LONGEST_LINE, MOST_LINES, SYNTAXES, syntax};

/// Bytes of one text that are highlighted.
const MOST_BYTES: usize = 256 * 1024;
/// Blocks of code that are remembered.
const MOST_REMEMBERED: usize = 64;

/// What a scope of a grammar is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Class(&'static str),
    /// A keyword if it is a word.
    Operator,
}

const KEYWORD: Kind = Kind::Class("k");
const STRING: Kind = Kind::Class("s");
const COMMENT: Kind = Kind::Class("c");
const CONSTANT: Kind = Kind::Class("n");
const FUNCTION: Kind = Kind::Class("f");
const TYPE: Kind = Kind::Class("t");
const PUNCTUATION: Kind = Kind::Class("p");

/// The first entry that a scope begins with counts.
const KINDS: &[(&str, Kind)] = &[
    ("comment", COMMENT),
    ("punctuation.definition.comment", COMMENT),
    // The arguments of a shell, the values of YAML.
    ("string.unquoted", Kind::Plain),
    ("string", STRING),
    ("punctuation.definition.string", STRING),
    ("constant", CONSTANT),
    ("keyword.operator", Kind::Operator),
    ("keyword", KEYWORD),
    ("storage", KEYWORD),
    ("variable.language", KEYWORD),
    ("variable.function", FUNCTION),
    ("entity.name.function", FUNCTION),
    ("entity.name.macro", FUNCTION),
    ("entity.name.tag", KEYWORD),
    ("entity.name.section", KEYWORD),
    ("entity.name.constant", CONSTANT),
    ("entity.name.label", CONSTANT),
    ("entity.name", TYPE),
    ("entity.other.attribute-name", TYPE),
    ("entity.other.inherited-class", TYPE),
    ("support.function", FUNCTION),
    ("support.macro", FUNCTION),
    ("support.constant", CONSTANT),
    ("support.type", TYPE),
    ("support.class", TYPE),
    ("markup.heading", KEYWORD),
    ("markup.raw", STRING),
    ("markup.inserted", STRING),
    ("markup.deleted", CONSTANT),
    ("meta.diff.header", COMMENT),
    ("meta.diff.range", COMMENT),
    // Code within a string.
    ("meta.interpolation", Kind::Plain),
    ("meta.template.expression", Kind::Plain),
    ("source", Kind::Plain),
    ("text", Kind::Plain),
    ("punctuation", PUNCTUATION),
];

static SCOPES: LazyLock<Vec<(Scope, Kind)>> = LazyLock::new(|| {
    let scopes = KINDS.iter();
    scopes
        .filter_map(|(name, kind)| Some((Scope::new(name).ok()?, *kind)))
        .collect()
});

/// The class of a part of a line, from the scopes that it is in.
fn class(scopes: &ScopeStack, text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        return None;
    }
    let kind_of = |scope: &Scope| {
        let found = SCOPES
            .iter()
            .find(|(prefix, _)| prefix.is_prefix_of(*scope));
        found.map(|(_, kind)| *kind)
    };
    match scopes.as_slice().iter().rev().find_map(kind_of)? {
        Kind::Plain => None,
        Kind::Class(class) => Some(class),
        Kind::Operator if text.contains(char::is_alphabetic) => Some("k"),
        Kind::Operator => Some("p"),
    }
}

/// Highlights a text line by line.
#[derive(Clone, Debug)]
struct Highlighter {
    /// `None` for a text without a grammar, or whose grammar failed: it would fail again.
    grammar: Option<(ParseState, ScopeStack)>,
    lines_left: usize,
    bytes_left: usize,
}

impl Highlighter {
    fn new(language: &str) -> Highlighter {
        let grammar = syntax(language).map(|syntax| (ParseState::new(syntax), ScopeStack::new()));
        Highlighter {
            grammar,
            lines_left: MOST_LINES,
            bytes_left: MOST_BYTES,
        }
    }

    /// Adds the next line, which ends with a line feed unless it is the last one.
    fn line(&mut self, line: &str, nodes: &mut Vec<Node>) {
        let is_short = line.len() <= LONGEST_LINE;
        let is_within = self.lines_left > 0 && self.bytes_left >= line.len();
        if !is_short || !is_within {
            return append(nodes, Node::text(line));
        }
        self.lines_left -= 1;
        self.bytes_left -= line.len();
        match self.parts(line) {
            Some(parts) => {
                for (class, text) in parts {
                    add(nodes, class, text);
                }
            }
            None => {
                self.grammar = None;
                append(nodes, Node::text(line));
            }
        }
    }

    /// The parts of a line with their classes; `None` without a grammar, or if it failed.
    fn parts<'line>(
        &mut self,
        line: &'line str,
    ) -> Option<Vec<(Option<&'static str>, &'line str)>> {
        let (state, scopes) = self.grammar.as_mut()?;
        // Grammars know where a line ends by its line feed.
        let whole = format!("{}\n", line.trim_end_matches('\n'));
        let changes = state.parse_line(&whole, &SYNTAXES).ok()?;
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, change) in changes {
            let at = at.min(line.len());
            if at > from {
                let text = line.get(from..at)?;
                parts.push((class(scopes, text), text));
                from = at;
            }
            scopes.apply(&change).ok()?;
        }
        let rest = line.get(from..)?;
        parts.push((class(scopes, rest), rest));
        Some(parts)
    }
}

/// Adds a part of a line to the one before if both have the same class.
fn add(nodes: &mut Vec<Node>, class: Option<&'static str>, text: &str) {
    let node = Node::text(text);
    let Some(class) = class else {
        return append(nodes, node);
    };
    match nodes.last_mut() {
        Some(Node::Element {
            attributes,
            children,
            ..
        }) if attributes.iter().any(|(_, value)| value == class) => append(children, node),
        _ => nodes.push(Node::element("span", vec![node]).with("class", class)),
    }
}

/// The lines of a text, each an element with its number, highlighted.
///
/// `language` is a name or an ending, or the path of a file.
pub fn code(text: &str, language: Option<&str>, first_line: u32) -> Vec<Node> {
    let mut highlighter = Highlighter::new(language.unwrap_or_default());
    let line = |(line, number): (&str, u64)| {
        let mut parts = Vec::new();
        highlighter.line(line, &mut parts);
        Node::element("span", parts)
            .with("class", "line")
            .with("data-start", number.to_string())
    };
    text.lines()
        .zip(u64::from(first_line)..)
        .map(line)
        .collect()
}

/// Code that was highlighted before: when it is longer the next time, as in an answer that streams
/// in, only its new lines are highlighted.
#[derive(Debug, Default)]
pub struct CodeMemory {
    /// The last one used is the last one.
    blocks: Vec<Begun>,
    /// Lines that were highlighted whole.
    #[cfg(test)]
    pub lines: usize,
}

/// The whole lines of a block of code.
#[derive(Debug)]
struct Begun {
    language: String,
    source: String,
    highlighter: Highlighter,
    nodes: Vec<Node>,
}

impl CodeMemory {
    /// Highlights a block of code.
    pub fn highlighted(&mut self, code: &str, language: &str) -> Vec<Node> {
        let mut begun = self.take(code, language);
        let whole = code.rfind('\n').map_or(0, |end| end + 1);
        for line in code[begun.source.len()..whole].split_inclusive('\n') {
            begun.highlighter.line(line, &mut begun.nodes);
            #[cfg(test)]
            {
                self.lines += 1;
            }
        }
        begun.source.push_str(&code[begun.source.len()..whole]);
        let mut nodes = begun.nodes.clone();
        if whole < code.len() {
            let mut highlighter = begun.highlighter.clone();
            highlighter.line(&code[whole..], &mut nodes);
        }
        if self.blocks.len() >= MOST_REMEMBERED {
            self.blocks.remove(0);
        }
        self.blocks.push(begun);
        nodes
    }

    /// The longest beginning of a block that is remembered.
    fn take(&mut self, code: &str, language: &str) -> Begun {
        let blocks = self.blocks.iter().enumerate();
        let found = blocks
            .filter(|(_, begun)| begun.language == language && code.starts_with(&begun.source))
            .max_by_key(|(_, begun)| begun.source.len())
            .map(|(at, _)| at);
        match found {
            Some(at) => self.blocks.remove(at),
            None => Begun {
                language: language.to_owned(),
                source: String::new(),
                highlighter: Highlighter::new(language),
                nodes: Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts with their classes: `k[fn] f[main]p[()]`.
    fn shown(nodes: &[Node]) -> String {
        let one = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            Node::Element {
                attributes,
                children,
                ..
            } => format!("{}[{}]", attributes[0].1, shown(children)),
        };
        nodes.iter().map(one).collect()
    }

    fn plain(nodes: &[Node]) -> String {
        let one = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            Node::Element { children, .. } => plain(children),
        };
        nodes.iter().map(one).collect()
    }

    #[test]
    fn every_scope_of_the_table_is_one() {
        assert_eq!(SCOPES.len(), KINDS.len());
    }

    #[test]
    fn code_has_classes() {
        for (language, source, expected) in [
            ("rust", "fn main() {", &["k[fn] f[main]", "p["][..]),
            (
                "rust",
                "let a = \"b\"; // c",
                &["k[let]", "s[\"b\"]", "c[// c]"],
            ),
            ("src/a.rs", "const A: usize = 42;", &["k[const]", "n[42]"]),
            (
                "python",
                "def f(): return 'x' # y",
                &["k[def] f[f]", "s['x']", "c[# y]"],
            ),
            ("json", "{\"a\": 15}", &["s[\"a\"]", "n[15]"]),
            ("toml", "a = 1 # b", &["n[1]", "c[# b]"]),
        ] {
            let nodes = CodeMemory::default().highlighted(source, language);
            let shown = shown(&nodes);
            for part in expected {
                assert!(shown.contains(part), "{language}: {part} in {shown}");
            }
            assert_eq!(plain(&nodes), source);
        }
    }

    #[test]
    fn lines_have_their_numbers() {
        let nodes = code("fn a() {\r\n\n}", Some("rust"), 7);
        assert_eq!(nodes.len(), 3);
        for (node, number) in nodes.iter().zip(["7", "8", "9"]) {
            let Node::Element {
                tag, attributes, ..
            } = node
            else {
                panic!("{node:?}");
            };
            let expected = [
                ("class", "line".to_owned()),
                ("data-start", number.to_owned()),
            ];
            assert_eq!((*tag, attributes.as_slice()), ("span", &expected[..]));
        }
        assert!(shown(&nodes).starts_with("line[k[fn] f[a]"), "{nodes:?}");
        assert_eq!(code("", None, 1), []);
        assert_eq!(code("a\n", Some("no-such-language"), u32::MAX).len(), 1);
    }

    #[test]
    fn what_is_long_is_plain() {
        let long = format!("let a = \"{}\";", "b".repeat(1_000_000));
        let text = format!("{long}\nlet c = 1;\n");
        let nodes = CodeMemory::default().highlighted(&text, "rust");
        assert_eq!(plain(&nodes), text);
        let after = shown(&nodes);
        assert!(after.starts_with("let a") && after.contains("k[let] c"));
        let many = "x\n".repeat(MOST_LINES) + "fn f() {}\n";
        let nodes = CodeMemory::default().highlighted(&many, "rust");
        assert!(shown(&nodes).ends_with("x\nfn f() {}\n"));
    }

    #[test]
    fn only_new_lines_are_highlighted() {
        let text = "fn a() {\n    /* b\n  c */ \"d\n e\";\n}\n".repeat(20);
        let mut memory = CodeMemory::default();
        for end in (0..=text.len()).step_by(7).chain([text.len()]) {
            let part = &text[..end];
            let fresh = CodeMemory::default().highlighted(part, "rust");
            assert_eq!(memory.highlighted(part, "rust"), fresh, "{end}");
        }
        assert_eq!((memory.lines, memory.blocks.len()), (100, 1));
    }

    #[test]
    fn blocks_do_not_mix() {
        let mut memory = CodeMemory::default();
        for (source, language) in [
            ("a\n", "rust"),
            ("a\nb\n", "rust"),
            ("a\n", "rust"),
            ("a\nb\nfn c", "python"),
            ("", "rust"),
            ("fn a() {}\n", "rust"),
            ("a\nb\nfn c", "rust"),
        ] {
            let fresh = CodeMemory::default().highlighted(source, language);
            assert_eq!(memory.highlighted(source, language), fresh, "{source}");
        }
        for number in 0..2 * MOST_REMEMBERED {
            memory.highlighted(&format!("{number}\n"), "rust");
        }
        assert_eq!(memory.blocks.len(), MOST_REMEMBERED);
    }

    #[test]
    fn tricks_are_shown() {
        let nodes = code("let a = \"\u{202e}\u{1b}[2J\";", Some("rust"), 1);
        assert_eq!(plain(&nodes), "let a = \"\\u{202e}\\u{1b}[2J\";");
    }
}
