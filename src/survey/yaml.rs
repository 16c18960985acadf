//! YAML as a tree of texts, within limits: aliases can make a short file endless.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};

/// Most nodes of a document, aliases resolved: large CI files have a few thousand,
const MOST_NODES: usize = 40_000;
/// and the most bytes of their texts.
const MOST_BYTES: usize = 2 << 20;
/// Most brackets that are open at once. The scanner's time grows with their square.
const MOST_OPEN: usize = 200;

/// A node. Numbers and truth values are texts, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Yaml {
    Empty,
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Parses the first document of a text.
    pub fn parse(text: &str) -> Result<Yaml, String> {
        if most_open(text) > MOST_OPEN {
            return Err("nested too deeply".to_owned());
        }
        let budget = Budget::default();
        let mut documents = serde_yaml_ng::Deserializer::from_str(text);
        let Some(first) = documents.next() else {
            return Ok(Yaml::Empty);
        };
        (&budget)
            .deserialize(first)
            .map_err(|error| error.to_string())
    }

    /// What a mapping has at a key.
    pub fn get(&self, key: &str) -> Option<&Yaml> {
        let entry = self.entries().iter().find(|(name, _)| name == key);
        entry.map(|(_, value)| value)
    }

    /// The text at a key.
    pub fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Yaml::text)
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Yaml::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping, in their order.
    pub fn entries(&self) -> &[(String, Yaml)] {
        match self {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Yaml] {
        match self {
            Yaml::List(items) => items,
            _ => &[],
        }
    }

    /// A text, or all texts of a list and the lists in it.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Yaml::Text(text) => vec![text],
            Yaml::List(items) => items.iter().flat_map(Yaml::texts).collect(),
            Yaml::Empty | Yaml::Map(_) => Vec::new(),
        }
    }
}

/// The most brackets open at once, those in quotes and comments counted, too.
fn most_open(text: &str) -> usize {
    let (mut open, mut most) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// What is left of the limits while a document is read.
struct Budget {
    nodes: Cell<usize>,
    bytes: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            nodes: Cell::new(MOST_NODES),
            bytes: Cell::new(MOST_BYTES),
        }
    }
}

impl Budget {
    fn take<E: Error>(&self, bytes: usize) -> Result<(), E> {
        let nodes = self.nodes.get().checked_sub(1);
        let bytes = self.bytes.get().checked_sub(bytes);
        let (Some(nodes), Some(bytes)) = (nodes, bytes) else {
            return Err(E::custom("too large with its aliases resolved"));
        };
        self.nodes.set(nodes);
        self.bytes.set(bytes);
        Ok(())
    }

    fn new_text<E: Error>(&self, text: String) -> Result<Yaml, E> {
        self.take(text.len())?;
        Ok(Yaml::Text(text))
    }
}

impl<'de> DeserializeSeed<'de> for &Budget {
    type Value = Yaml;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Yaml, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Budget {
    type Value = Yaml;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Yaml, E> {
        self.new_text(value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Yaml, E> {
        self.new_text(value.to_owned())
    }

    fn visit_unit<E: Error>(self) -> Result<Yaml, E> {
        self.take(0)?;
        Ok(Yaml::Empty)
    }

    fn visit_none<E: Error>(self) -> Result<Yaml, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Yaml, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Yaml, A::Error> {
        self.take(0)?;
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Yaml::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Yaml, A::Error> {
        self.take(0)?;
        let mut entries = Vec::new();
        let mut merged = Vec::new();
        while let Some((key, value)) = from.next_entry_seed(self, self)? {
            match (key, value) {
                (Yaml::Text(key), Yaml::Map(more)) if key == "<<" => merged.extend(more),
                (Yaml::Text(key), Yaml::List(maps)) if key == "<<" => {
                    for map in maps {
                        if let Yaml::Map(more) = map {
                            merged.extend(more);
                        }
                    }
                }
                (Yaml::Text(key), value) => entries.push((key, value)),
                _ => {}
            }
        }
        // What the mapping says itself comes first, and is what `get` finds.
        entries.extend(merged);
        Ok(Yaml::Map(entries))
    }

    /// A node with a tag: the tag is dropped.
    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<Yaml, A::Error> {
        let (_, content): (String, _) = from.variant()?;
        content.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lists_and_mappings_are_read() {
        let text =
            "on: [push]\na: &a\n  x: 1\n  y: true\nb:\n  <<: *a\n  x: 2\nc: !reference [d, e]\n";
        let yaml = Yaml::parse(text).expect("YAML");
        assert_eq!(yaml.get("on").map(Yaml::texts), Some(vec!["push"]));
        assert_eq!(yaml.get("b").and_then(|b| b.text_at("x")), Some("2"));
        assert_eq!(yaml.get("b").and_then(|b| b.text_at("y")), Some("true"));
        assert_eq!(yaml.get("c").map(Yaml::texts), Some(vec!["d", "e"]));
        assert_eq!(Yaml::parse(""), Ok(Yaml::Empty));
    }

    #[test]
    fn hostile_texts_are_refused_soon() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            let list = vec![below; 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        for text in [
            bomb,
            "[".repeat(100_000),
            "- ".repeat(50_000),
            "a: &a [*a]\n".to_owned(),
            "a: [b\n".to_owned(),
            format!(
                "a: &a {}\nb: [{}]\n",
                "x".repeat(10_000),
                "*a, ".repeat(1_000)
            ),
        ] {
            let beginning: String = text.chars().take(20).collect();
            assert!(Yaml::parse(&text).is_err(), "{beginning}");
        }
    }
}
