//! Markdown of a model as nodes.
//!
//! The text is untrusted: raw HTML is text, links lead to the web only, pictures are their
//! alternative text, hidden characters are visible. Nodes are neither deep nor many, whatever the
//! text is.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{
    Alignment, BrokenLink, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd,
};

use super::highlight::CodeMemory;
use super::node::{self, Node};
use super::text::{cited, linked};
use crate::frontends::markup::{language, looks_like_address, same_address, web_address};

/// Elements within each other; of deeper ones only the text is shown.
const DEEPEST: usize = 32;
/// Elements of a block; of more only the text is shown.
const MOST_ELEMENTS: usize = 20_000;

const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// The addresses of links that have a label: `[text][label]`.
pub type Definitions = BTreeMap<String, String>;

/// A text as nodes.
#[derive(Debug, Default)]
pub struct Rendered {
    /// One for each block.
    pub blocks: Vec<Node>,
    /// Labels that the text defines, with their addresses, in order.
    pub defined: Vec<(String, String)>,
    /// Labels that may be meant and are not defined.
    pub missing: BTreeSet<String>,
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
}

/// Renders a text; `known` has labels that other texts define.
pub fn render<'text>(text: &'text str, known: &Definitions, memory: &mut CodeMemory) -> Rendered {
    let mut missing = BTreeSet::new();
    let mut look_up = |link: BrokenLink<'text>| -> Option<(CowStr<'text>, CowStr<'text>)> {
        let label = key(&link.reference);
        if let Some(address) = known.get(&label) {
            return Some((CowStr::from(address.clone()), CowStr::from("")));
        }
        missing.insert(label);
        None
    };
    let mut builder = Builder::new(memory);
    let mut defined: Vec<(usize, String, String)> = Vec::new();
    {
        let mut parser = Parser::new_with_broken_link_callback(text, options(), Some(&mut look_up));
        for event in parser.by_ref() {
            builder.event(event);
        }
        for (label, link) in parser.reference_definitions().iter() {
            defined.push((link.span.start, key(label), link.dest.to_string()));
        }
    }
    defined.sort();
    let defined = defined.into_iter();
    Rendered {
        blocks: builder.blocks,
        defined: defined
            .map(|(_, label, address)| (label, address))
            .collect(),
        missing,
    }
}

/// A label as it is compared.
fn key(label: &str) -> String {
    label.to_lowercase()
}

/// Where the line begins with which the last block of a text begins: all before it is complete,
/// whatever may follow.
pub fn last_block(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut last = 0;
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        if depth == 0 {
            last = range.start;
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let before = text.get(..last).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end + 1)
}

/// Makes nodes of events.
struct Builder<'memory> {
    memory: &'memory mut CodeMemory,
    blocks: Vec<Node>,
    open: Vec<Open>,
    /// Tags that are open and not shown.
    skipped: usize,
    /// Elements that the block may still have.
    left: usize,
    /// Text that is in no node yet.
    text: String,
    /// The info string and the text of the current block of code.
    code: Option<(String, String)>,
    links: Vec<Link>,
    /// The label of a footnote, before its text.
    lead: Option<String>,
    columns: Vec<Alignment>,
    /// The number of the current column.
    column: usize,
}

struct Open {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

/// A link or a picture that is open.
struct Link {
    address: String,
    text: String,
    is_element: bool,
    is_picture: bool,
}

impl Builder<'_> {
    fn new(memory: &mut CodeMemory) -> Builder<'_> {
        Builder {
            memory,
            blocks: Vec::new(),
            open: Vec::new(),
            skipped: 0,
            left: MOST_ELEMENTS,
            text: String::new(),
            code: None,
            links: Vec::new(),
            lead: None,
            columns: Vec::new(),
            column: 0,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        if self.open.is_empty() && self.skipped == 0 {
            self.left = MOST_ELEMENTS;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.add_text(&text),
            Event::Code(code) => self.add_code(&code),
            Event::SoftBreak => self.add_text("\n"),
            Event::HardBreak => self.add_leaf("br", "\n"),
            Event::Rule => self.add_leaf("hr", "———"),
            Event::TaskListMarker(is_done) => self.add_text(if is_done { "☑ " } else { "☐ " }),
            // As it is written: the note may be far away.
            Event::FootnoteReference(label) => self.add_text(&format!("[^{label}]")),
            // Extensions that are not enabled.
            Event::InlineMath(text) | Event::DisplayMath(text) => self.add_text(&text),
        }
    }

    /// Whether elements of so many levels can be opened.
    fn has_room(&self, levels: usize) -> bool {
        let depth = self.open.len() + self.links.len();
        self.skipped == 0 && self.left > 0 && depth + levels <= DEEPEST
    }

    fn start(&mut self, tag: Tag<'_>) {
        let levels = match tag {
            Tag::Table(_) => 5,
            Tag::CodeBlock(_) => 2,
            _ => 1,
        };
        if !self.has_room(levels) {
            self.skipped += 1;
            return;
        }
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.open("p"),
            Tag::Heading { level, .. } => self.open(HEADINGS[level as usize - 1]),
            Tag::BlockQuote(_) => self.open("blockquote"),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                self.code = Some((info.to_string(), String::new()));
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => self.code = Some(Default::default()),
            Tag::List(first) => self.start_list(first),
            Tag::Item => self.open("li"),
            Tag::FootnoteDefinition(label) => {
                self.open("blockquote");
                self.attribute("class", "footnote");
                self.lead = Some(format!("[^{label}]: "));
            }
            Tag::Table(columns) => {
                self.columns = columns;
                self.open("table");
            }
            Tag::TableHead => self.start_row("thead"),
            Tag::TableRow => self.start_row("tbody"),
            Tag::TableCell => self.start_cell(),
            Tag::Emphasis => self.open("em"),
            Tag::Strong => self.open("strong"),
            Tag::Strikethrough => self.open("del"),
            Tag::Link { dest_url, .. } => self.start_link(&dest_url),
            Tag::Image { dest_url, .. } => self.links.push(Link {
                address: dest_url.into_string(),
                text: String::new(),
                is_element: false,
                is_picture: true,
            }),
            // Extensions that are not enabled.
            _ => self.skipped += 1,
        }
    }

    fn end(&mut self, tag: TagEnd) {
        if self.skipped > 0 {
            self.skipped -= 1;
            let is_inline = matches!(
                tag,
                TagEnd::Emphasis
                    | TagEnd::Strong
                    | TagEnd::Strikethrough
                    | TagEnd::Link
                    | TagEnd::Image
            );
            if !is_inline {
                self.add_text("\n");
            }
            return;
        }
        match tag {
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableHead => {
                self.close();
                self.close();
            }
            TagEnd::Table => {
                if self.is_within("tbody") {
                    self.close();
                }
                self.close();
            }
            TagEnd::HtmlBlock => {
                self.text.truncate(self.text.trim_end().len());
                self.close();
            }
            TagEnd::FootnoteDefinition => {
                self.text.extend(self.lead.take());
                self.close();
            }
            _ => self.close(),
        }
    }

    fn open(&mut self, tag: &'static str) {
        self.flush();
        self.left = self.left.saturating_sub(1);
        self.open.push(Open {
            tag,
            attributes: Vec::new(),
            children: Vec::new(),
        });
    }

    /// Adds an attribute to the element that was opened last.
    fn attribute(&mut self, name: &'static str, value: impl Into<String>) {
        if let Some(open) = self.open.last_mut() {
            open.attributes.push((name, value.into()));
        }
    }

    fn is_within(&self, tag: &str) -> bool {
        self.open.last().is_some_and(|open| open.tag == tag)
    }

    fn close(&mut self) {
        self.flush();
        if let Some(open) = self.open.pop() {
            self.append(Node::Element {
                tag: open.tag,
                attributes: open.attributes,
                children: open.children,
            });
        }
    }

    fn append(&mut self, node: Node) {
        match (self.open.last_mut(), node) {
            (Some(open), node) => node::append(&mut open.children, node),
            (None, Node::Text(text)) => {
                let text = Node::Text(text);
                self.blocks.push(Node::element("p", vec![text]));
            }
            (None, node) => self.blocks.push(node),
        }
    }

    fn is_in_link(&self) -> bool {
        self.links.iter().any(|link| link.is_element)
    }

    fn add_text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            return code.push_str(text);
        }
        self.text.extend(self.lead.take());
        if let Some(link) = self.links.last_mut() {
            link.text.push_str(text);
        }
        self.text.push_str(text);
    }

    /// Makes nodes of the text so far.
    fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let nodes = if self.is_in_link() {
            vec![Node::text(&text)]
        } else {
            linked(&text, &mut self.left)
        };
        for node in nodes {
            self.append(node);
        }
    }

    /// Adds an element without children, or a text where there is no room.
    fn add_leaf(&mut self, tag: &'static str, otherwise: &str) {
        if self.has_room(1) {
            self.open(tag);
            self.close();
        } else {
            self.add_text(otherwise);
        }
    }

    fn add_code(&mut self, code: &str) {
        if !self.has_room(1) {
            return self.add_text(code);
        }
        self.text.extend(self.lead.take());
        if let Some(link) = self.links.last_mut() {
            link.text.push_str(code);
        }
        self.open("code");
        let nodes = if self.is_in_link() {
            vec![Node::text(code)]
        } else {
            cited(code, &mut self.left)
        };
        for node in nodes {
            self.append(node);
        }
        self.close();
    }

    fn end_code(&mut self) {
        let (info, text) = self.code.take().unwrap_or_default();
        let mut code = Node::element("code", self.memory.highlighted(&text, &info));
        let is_plain = |name: &String| !name.contains(['+', '#', '.']);
        if let Some(name) = language(&info).filter(is_plain) {
            code = code.with("class", format!("language-{name}"));
        }
        self.flush();
        self.append(Node::element("pre", vec![code]));
    }

    fn start_list(&mut self, first: Option<u64>) {
        self.open(if first.is_some() { "ol" } else { "ul" });
        if let Some(first) = first.filter(|first| *first != 1) {
            self.attribute("start", first.to_string());
        }
    }

    /// Opens a row in a part of the table, which the first row opens.
    fn start_row(&mut self, part: &'static str) {
        if !self.is_within(part) {
            self.open(part);
        }
        self.open("tr");
        self.column = 0;
    }

    fn start_cell(&mut self) {
        let part = self.open.iter().rev().nth(1).map(|open| open.tag);
        self.open(if part == Some("thead") { "th" } else { "td" });
        let side = match self.columns.get(self.column) {
            Some(Alignment::Left) => Some("left"),
            Some(Alignment::Center) => Some("center"),
            Some(Alignment::Right) => Some("right"),
            Some(Alignment::None) | None => None,
        };
        if let Some(side) = side {
            self.attribute("class", side);
        }
        self.column += 1;
    }

    fn start_link(&mut self, address: &str) {
        self.flush();
        let target = web_address(address).filter(|_| !self.is_in_link());
        let is_element = target.is_some();
        if let Some(target) = target {
            self.open("a");
            self.attribute("href", target);
        }
        self.links.push(Link {
            address: address.to_owned(),
            text: String::new(),
            is_element,
            is_picture: false,
        });
    }

    /// Ends a link or a picture; says where a link leads if that is not seen.
    fn end_link(&mut self) {
        let Some(link) = self.links.last() else {
            return;
        };
        if link.is_element {
            self.close();
        }
        let Some(link) = self.links.pop() else {
            return;
        };
        let Link { address, text, .. } = link;
        if let Some(outer) = self.links.last_mut() {
            outer.text.push_str(&text);
        }
        let is_blank = text.trim().is_empty();
        if link.is_picture {
            if is_blank {
                self.add_text(&address);
            }
            return;
        }
        let is_said = same_address(&text, &address) || address.is_empty();
        if !is_said && (!link.is_element || is_blank || looks_like_address(&text)) {
            self.add_text(&format!(" ({address})"));
        }
    }
}

#[cfg(test)]
mod tests;
