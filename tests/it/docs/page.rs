//! A page of the documentation, as GitHub shows it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::support::generated;

/// What a page consists of.
pub struct Page {
    /// Its path from the root.
    pub name: String,
    /// The targets of its links and pictures.
    pub links: Vec<String>,
    /// The anchors of its headings.
    pub anchors: BTreeSet<String>,
    /// Its spans of code, and the lines of its blocks of code.
    pub code: Vec<String>,
}

impl Page {
    /// Reads a page by its path from the root.
    pub fn read(name: String) -> Page {
        let text = generated::read(&name);
        let mut page = Page {
            name,
            links: Vec::new(),
            anchors: BTreeSet::new(),
            code: Vec::new(),
        };
        let mut heading = None;
        let mut in_block = false;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors
                        .extend(heading.take().map(|text| anchor(&text)));
                }
                Event::Start(Tag::CodeBlock(_)) => in_block = true,
                Event::End(TagEnd::CodeBlock) => in_block = false,
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&code);
                    }
                    page.code.push(code.into_string());
                }
                Event::Text(text) if in_block => {
                    page.code.extend(text.lines().map(str::to_owned));
                }
                Event::Text(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The path from the root of a file that this page names from its own folder.
    pub fn beside(&self, path: &str) -> String {
        let folder = Path::new(&self.name).parent().unwrap_or(Path::new(""));
        let mut found = PathBuf::new();
        for part in folder.join(path).components() {
            match part {
                Component::ParentDir => {
                    found.pop();
                }
                part => found.push(part),
            }
        }
        found.to_string_lossy().replace('\\', "/")
    }
}

/// The anchor of a heading: lower-case letters and digits, with `-` for each space.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}
