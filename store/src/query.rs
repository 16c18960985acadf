//! Full-text queries.

use std::collections::HashSet;

use lancedb::index::scalar::{BooleanQuery, FtsQuery, MatchQuery, Occur};

/// A text to search for, with expansions: any word of any clause may match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextQuery {
    /// Words, with the weight of a match.
    clauses: Vec<(String, u8)>,
}

impl TextQuery {
    /// Makes a query of one text.
    pub fn new(text: impl Into<String>) -> TextQuery {
        TextQuery::default().or(text, 1)
    }

    /// Adds an alternative whose matches have the given weight.
    #[must_use]
    pub fn or(mut self, text: impl Into<String>, weight: u8) -> TextQuery {
        let text = text.into();
        if weight > 0 && !text.trim().is_empty() {
            self.clauses.push((text, weight));
        }
        self
    }

    /// Whether the query has no words, so that nothing can match.
    pub(crate) fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// The words in their order, with the weight of a match.
    pub(crate) fn words(&self) -> impl Iterator<Item = (&str, u8)> {
        let clauses = self.clauses.iter();
        clauses.flat_map(|(text, weight)| text.split_whitespace().map(|word| (word, *weight)))
    }

    /// For rows that are not in the index yet, without some words; `None` if nothing is left.
    ///
    /// LanceDB counts a word once there, however often it is repeated, so its weight is a factor.
    pub(crate) fn for_others(&self, column: &str, left_out: &HashSet<String>) -> Option<FtsQuery> {
        let clauses = self.clauses.iter().filter_map(|(text, weight)| {
            let words = text.split_whitespace();
            let words: Vec<&str> = words.filter(|word| !left_out.contains(*word)).collect();
            let query = MatchQuery::new(words.join(" "))
                .with_column(Some(column.to_owned()))
                .with_boost(f32::from(*weight));
            (!words.is_empty()).then(|| (Occur::Should, query.into()))
        });
        let clauses: Vec<(Occur, FtsQuery)> = clauses.collect();
        (!clauses.is_empty()).then(|| BooleanQuery::new(clauses).into())
    }
}
