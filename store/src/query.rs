//! What is searched for, and where.

use lancedb::index::scalar::{BooleanQuery, FtsQuery, MatchQuery, Occur};

/// A text to search for, with expansions: any word of any clause may match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextQuery {
    /// The clauses; the score of a chunk is the sum over them.
    pub clauses: Vec<TextClause>,
}

/// Words and what a match of them is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct TextClause {
    /// The words, split like the text of chunks.
    pub text: String,
    /// A factor on the score, above 0.
    pub boost: f32,
}

impl TextQuery {
    /// Makes a query of one text.
    pub fn new(text: impl Into<String>) -> TextQuery {
        TextQuery::default().or(text, 1.0)
    }

    /// Adds an alternative, usually with a boost below 1.
    #[must_use]
    pub fn or(mut self, text: impl Into<String>, boost: f32) -> TextQuery {
        self.clauses.push(TextClause {
            text: text.into(),
            boost,
        });
        self
    }

    /// Translates for LanceDB; a query without words is `None`.
    pub(crate) fn to_lance(&self, column: &str) -> Option<FtsQuery> {
        let mut matches: Vec<FtsQuery> = self
            .clauses
            .iter()
            .filter(|clause| !clause.text.trim().is_empty())
            .filter(|clause| clause.boost.is_finite() && clause.boost > 0.0)
            .map(|clause| {
                MatchQuery::new(clause.text.clone())
                    .with_column(Some(column.to_owned()))
                    .with_boost(clause.boost)
                    .into()
            })
            .collect();
        // A single match has a plan of its own that is cheaper on rows that are not indexed yet.
        if matches.len() < 2 {
            return matches.pop();
        }
        let clauses = matches.into_iter().map(|query| (Occur::Should, query));
        Some(BooleanQuery::new(clauses).into())
    }
}

/// Limits a search to languages and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of languages; empty for all.
    pub languages: Vec<String>,
    /// Exact paths, globs resolved before; `None` for all.
    pub paths: Option<Vec<String>>,
}

impl Filter {
    /// Says whether nothing can pass.
    pub fn passes_nothing(&self) -> bool {
        self.paths.as_ref().is_some_and(Vec::is_empty)
    }

    /// The condition in SQL, if there is one.
    pub(crate) fn sql(&self) -> Option<String> {
        let mut conditions = Vec::new();
        if !self.languages.is_empty() {
            conditions.push(is_in("language", self.languages.iter().map(String::as_str)));
        }
        if let Some(paths) = &self.paths {
            conditions.push(is_in("path", paths.iter().map(String::as_str)));
        }
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}

/// Writes `column IN ('a', 'b')` with quotes escaped; no value means a condition never true.
pub(crate) fn is_in<'a>(column: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let mut sql = format!("{column} IN (");
    let mut first = true;
    for value in values {
        if !first {
            sql.push(',');
        }
        first = false;
        sql.push('\'');
        sql.push_str(&value.replace('\'', "''"));
        sql.push('\'');
    }
    if first {
        return "false".to_owned();
    }
    sql.push(')');
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_escaped() {
        assert_eq!(is_in("path", ["a", "it's"]), "path IN ('a','it''s')");
        assert_eq!(is_in("path", []), "false");
    }

    #[test]
    fn filters_are_joined() {
        let filter = Filter {
            languages: vec!["rust".into()],
            paths: Some(vec!["a.rs".into()]),
        };
        let sql = filter.sql();
        assert_eq!(
            sql.as_deref(),
            Some("language IN ('rust') AND path IN ('a.rs')")
        );
        assert_eq!(Filter::default().sql(), None);
    }
}
