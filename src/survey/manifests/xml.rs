//! XML as the names, attributes and texts of its elements, within limits.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Most elements that are looked at, and their greatest depth.
const MOST: usize = 30_000;
const DEEPEST: usize = 64;
/// Longest path, in bytes. Each element has its own, so that one long name would count many times.
const LONGEST_PATH: usize = 400;

/// An element.
pub(super) struct Element {
    /// The names of the elements above it and its own, joined with `/`, without prefixes.
    pub path: String,
    /// Its text; empty if it has elements.
    pub text: String,
    pub attributes: Vec<(String, String)>,
}

impl Element {
    /// Its own name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The elements in the order of their ends. Entities of the document itself are not resolved.
pub(super) fn elements(text: &str) -> Result<Vec<Element>, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut found = Vec::new();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err("nested too deeply".to_owned());
                }
                let element = opened(&start, open.last())?;
                open.push(element);
            }
            Event::Empty(start) => found.push(opened(&start, open.last())?),
            Event::End(_) => found.extend(open.pop()),
            Event::Text(text) => {
                if let Some(element) = open.last_mut()
                    && element.text.len() < 1_000
                {
                    element.text.push_str(text.xml10_content().trim());
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
        if found.len() > MOST {
            return Err("too many elements".to_owned());
        }
    }
}

fn opened(start: &BytesStart<'_>, above: Option<&Element>) -> Result<Element, String> {
    let name = start.local_name().into_inner();
    let path = match above {
        Some(above) => format!("{}/{name}", above.path),
        None => name.to_owned(),
    };
    if path.len() > LONGEST_PATH {
        return Err("names of elements are too long".to_owned());
    }
    let attributes = start.attributes().take(50).flatten().map(|attribute| {
        let value = attribute.value.chars().take(500).collect();
        (attribute.key.into_inner().to_owned(), value)
    });
    Ok(Element {
        path,
        text: String::new(),
        attributes: attributes.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_paths_texts_and_attributes() {
        let text = "<?xml version=\"1.0\"?><a xmlns=\"x\"><b i=\"1\"> t </b><c/></a>";
        let found = elements(text).expect("XML");
        let shown: Vec<(&str, &str)> = found
            .iter()
            .map(|element| (element.path.as_str(), element.text.as_str()))
            .collect();
        assert_eq!(shown, [("a/b", "t"), ("a/c", ""), ("a", "")]);
        assert_eq!(found[0].attribute("i"), Some("1"));
        assert!(elements("<a><b></a>").is_err());
        assert!(elements(&"<a>".repeat(10_000)).is_err());
        // 200 KB as they stand, 5 GB as paths.
        let long = "a".repeat(100_000);
        assert!(elements(&format!("<{long}>{}</{long}>", "<b/>".repeat(25_000))).is_err());
    }
}
