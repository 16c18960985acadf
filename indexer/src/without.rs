//! What a search does without a part of the index that cannot be read: it answers from the others.

use std::future::Future;
use std::time::{Duration, Instant};

use ollacode_store::{Filter, FoundChunk, SearchPart, StoreError, TextQuery, without_panic};

use crate::dense::QueryVectors;
use crate::error::IndexError;
use crate::retrievers::IndexSearch;

/// How long a search looks for words in the chunks themselves.
const LONGEST_SCAN: Duration = Duration::from_millis(700);

/// The parts of the index that a search could not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnreadParts {
    parts: Vec<SearchPart>,
    /// Whether not all chunks were read in place of the full-text index.
    is_cut_off: bool,
}

impl UnreadParts {
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    pub(crate) fn parts(&self) -> &[SearchPart] {
        &self.parts
    }

    pub(crate) fn has(&self, part: SearchPart) -> bool {
        self.parts.contains(&part)
    }

    pub(crate) fn add(&mut self, part: SearchPart) {
        if !self.has(part) {
            self.parts.push(part);
        }
    }

    /// What was found; `None` if the part could not be read, which is noted.
    ///
    /// # Errors
    /// Those that are certainly about something else.
    pub(crate) fn unless<T>(
        &mut self,
        part: SearchPart,
        found: Result<T, IndexError>,
    ) -> Result<Option<T>, IndexError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(IndexError::Store(error)) if is_unread(&error) => {
                tracing::warn!(part = part.name(), %error, "a part of the index was not read");
                self.add(part);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A sentence for each part, for the user.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let sentence = |part: &SearchPart| match part {
            SearchPart::Text if self.is_cut_off => {
                "the full-text index cannot be read: words were looked for in some of the chunks only"
            }
            SearchPart::Text => {
                "the full-text index cannot be read: words were looked for in the chunks themselves"
            }
            SearchPart::LookUps => {
                "the index of names and paths cannot be read: all chunks were looked through"
            }
            SearchPart::Vectors => "lexical search only: the vectors cannot be read",
        };
        self.parts.iter().map(sentence).map(str::to_owned).collect()
    }
}

/// Whether a retriever failed, rather than the whole search: also if the system does not let it
/// read a file, or if an index or a table is not of the kind that it asks for.
fn is_unread(error: &StoreError) -> bool {
    error.may_be_damage() || matches!(error, StoreError::Lance(_) | StoreError::Invalid(_))
}

/// Runs a retriever. LanceDB panics on some damaged data.
pub(crate) async fn guarded<T>(
    retriever: impl Future<Output = Result<T, IndexError>>,
) -> Result<T, IndexError> {
    without_panic(retriever).await.unwrap_or_else(|panic| {
        Err(IndexError::Store(StoreError::Corrupt {
            what: "a part of the index".to_owned(),
            source: panic.into(),
        }))
    })
}

/// A look-up as a retriever.
pub(crate) async fn look_up<T>(
    looked_up: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, IndexError> {
    Ok(looked_up.await?)
}

impl IndexSearch {
    /// What was found by symbols and by paths, or is found without their indexes if those cannot be
    /// read; they are not used any more then.
    pub(crate) async fn looked_up(
        &mut self,
        found: [Result<Vec<FoundChunk>, IndexError>; 2],
        paths: &[String],
        unread: &mut UnreadParts,
    ) -> Result<[Vec<FoundChunk>; 2], IndexError> {
        let plain = self.chunks.without_trees();
        let [by_symbols, by_paths] = found;
        let by_symbols = match unread.unless(SearchPart::LookUps, by_symbols)? {
            Some(found) => found,
            None => {
                let (names, most) = self.query.names();
                plain.chunks_by_symbols(names, most, &self.filter).await?
            }
        };
        let by_paths = match unread.unless(SearchPart::LookUps, by_paths)? {
            Some(found) => found,
            None => plain.chunks_by_paths(paths, &self.filter).await?,
        };
        if unread.has(SearchPart::LookUps) {
            self.chunks = plain;
        }
        Ok([by_symbols, by_paths])
    }

    /// Chunks that have words of the query, found without the full-text index.
    pub(crate) async fn words_in_chunks(
        &self,
        limit: usize,
        unread: &mut UnreadParts,
    ) -> Result<Vec<(FoundChunk, f32)>, IndexError> {
        let deadline = Instant::now() + LONGEST_SCAN;
        let words = &self.query.words;
        let found = self
            .chunks
            .search_words(words, limit, &self.filter, deadline);
        let found = found.await?;
        unread.is_cut_off |= !found.is_complete;
        Ok(found.found)
    }

    /// Runs full-text search; if it fails, again without the indexes by which its filter is looked
    /// up. `None` if the full-text index cannot be read.
    pub(crate) async fn lexical_if_readable(
        &self,
        text: &TextQuery,
        fetched: usize,
    ) -> Result<(LexicalHits, Option<SearchPart>), IndexError> {
        let mut unread = UnreadParts::default();
        let first = guarded(self.lexical(text, fetched, &self.chunks)).await;
        if let Some(found) = unread.unless(SearchPart::Text, first)? {
            return Ok((Some(found), None));
        }
        if self.filter == Filter::default() {
            return Ok((None, Some(SearchPart::Text)));
        }
        let plain = self.chunks.without_trees();
        let second = guarded(self.lexical(text, fetched, &plain)).await;
        Ok(match unread.unless(SearchPart::Text, second)? {
            Some(found) => (Some(found), Some(SearchPart::LookUps)),
            None => (None, Some(SearchPart::Text)),
        })
    }

    /// Runs the retriever by vectors; if it fails, again without the indexes by which its filter is
    /// looked up.
    pub(crate) async fn dense_if_readable(
        &self,
        vector: Option<&QueryVectors>,
        fetched: usize,
    ) -> Result<(DenseHits, Option<SearchPart>), IndexError> {
        let Some(vector) = vector else {
            return Ok((None, None));
        };
        let mut unread = UnreadParts::default();
        let first = guarded(self.dense(vector, fetched, &self.chunks)).await;
        if let Some(found) = unread.unless(SearchPart::Vectors, first)? {
            return Ok((Some(found), None));
        }
        let plain = self.chunks.without_trees();
        let second = guarded(self.dense(vector, fetched, &plain)).await;
        Ok(match unread.unless(SearchPart::Vectors, second)? {
            Some(found) => (Some(found), Some(SearchPart::LookUps)),
            None => (None, Some(SearchPart::Vectors)),
        })
    }
}

/// `None` if the full-text index was not read.
type LexicalHits = Option<Vec<(FoundChunk, f32)>>;
/// `None` without a model, or if the vectors were not read.
type DenseHits = Option<Vec<(FoundChunk, crate::rank::RetrieverRank)>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn lance(error: std::io::Error) -> IndexError {
        IndexError::Store(StoreError::Corrupt {
            what: "x".to_owned(),
            source: Box::new(error),
        })
    }

    #[tokio::test]
    async fn a_part_that_fails_is_named_once_and_other_errors_are_passed_on() {
        let mut unread = UnreadParts::default();
        let found = unread.unless(SearchPart::Text, Ok(7)).expect("found");
        assert_eq!((found, unread.is_empty()), (Some(7), true));
        for _ in 0..2 {
            let failed: Result<u8, IndexError> = Err(lance(std::io::Error::other("x")));
            assert_eq!(
                unread.unless(SearchPart::Text, failed).expect("noted"),
                None
            );
        }
        assert_eq!(unread.parts(), [SearchPart::Text]);
        assert_eq!(unread.sentences().len(), 1);
        // Vectors of another width, or an index of another kind.
        let other = IndexError::Store(StoreError::Invalid("60 instead of 64".to_owned()));
        let failed: Result<u8, IndexError> = Err(other);
        let found = unread.unless(SearchPart::Vectors, failed).expect("noted");
        assert!(found.is_none() && unread.has(SearchPart::Vectors));
        let stopped: Result<u8, IndexError> = Err(IndexError::Stopped);
        assert!(unread.unless(SearchPart::Text, stopped).is_err());
        let failed: Result<u8, IndexError> = guarded(async { Err(IndexError::Stopped) }).await;
        assert!(matches!(failed, Err(IndexError::Stopped)));
    }
}
