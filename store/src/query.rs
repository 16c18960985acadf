//! Full-text queries.

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

    /// For rows in the full-text index: one list, in which each word is repeated by its weight.
    ///
    /// Lance answers such a query from the blocks that can hold the best rows; for clauses with
    /// boosts it reads every match, which takes more than twice as long.
    pub(crate) fn for_indexed(&self, column: &str) -> FtsQuery {
        let words: Vec<&str> = self
            .clauses
            .iter()
            .flat_map(|(text, weight)| std::iter::repeat_n(text.as_str(), usize::from(*weight)))
            .collect();
        MatchQuery::new(words.join(" "))
            .with_column(Some(column.to_owned()))
            .into()
    }

    /// For rows that are not in the index yet, where repeated words count once.
    pub(crate) fn for_others(&self, column: &str) -> FtsQuery {
        let clauses = self.clauses.iter().map(|(text, weight)| {
            let query = MatchQuery::new(text.clone())
                .with_column(Some(column.to_owned()))
                .with_boost(f32::from(*weight));
            (Occur::Should, query.into())
        });
        BooleanQuery::new(clauses).into()
    }
}
