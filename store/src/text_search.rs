//! Full-text search on the opened index: which terms of a query are searched for, and the search.
//!
//! LanceDB plans a query from its text. It then splits an identifier into its parts and reads the whole
//! lists of chunks of those that share a place, and it searches for every term, however many chunks have
//! it: a pasted stack trace took seconds. Here the terms are chosen by what they can add to a score, and
//! each is a list of its own, of which only the blocks are read that can hold one of the best rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use lance::Dataset;
use lance::dataset::scanner::{RowAddrMask, RowAddrTreeMap};
use lance::index::prefilter::DatasetPreFilter;
use lance::index::{DatasetIndexExt, DatasetIndexInternalExt, FilterLoader, PreFilter};
use lance_index::metrics::NoOpMetricsCollector;
use lance_index::scalar::inverted::query::{
    FtsSearchParams, Operator, Tokens, try_collect_query_tokens,
};
use lance_index::scalar::inverted::{InvertedIndex, MemBM25Scorer};

use crate::error::{Result, StoreError};
use crate::filter::Filter;
use crate::query::TextQuery;
use crate::row::TERMS;
use crate::snapshot::{RowId, collect, row_ids};
use crate::store::TERMS_INDEX;

/// Terms of which it is looked up how many chunks have them: of a longer text the first, which are those
/// of its title and its identifiers.
const MOST_LOOKED_UP: usize = 256;
/// Entries of lists that a query may have for all of its terms together,
const FEW_ENTRIES: usize = 250_000;
/// and for the most telling ones beyond that.
const MANY_ENTRIES: usize = 3_000_000;
/// The most telling terms of a query whose terms are in more chunks than [`FEW_ENTRIES`],
const MOST_TERMS: usize = 24;
/// and how many of them are kept whatever they cost.
const FEWEST_TERMS: usize = 8;

/// What a search of the index found.
#[derive(Debug, Default)]
pub(crate) struct IndexedHits {
    /// The rows, in no order,
    pub(crate) rows: Vec<RowId>,
    /// and the score of each.
    pub(crate) scores: Vec<f32>,
    /// Words of the query that were not searched for, since too many chunks have them.
    pub(crate) left_out: HashSet<String>,
}

/// Searches the rows that are in the full-text index; `uses_trees` says whether a filter is looked up
/// in the indexes of its columns.
pub(crate) async fn search_indexed(
    dataset: &Arc<Dataset>,
    query: &TextQuery,
    limit: usize,
    filter: &Filter,
    uses_trees: bool,
) -> Result<IndexedHits> {
    let segments = dataset.load_indices_by_name(TERMS_INDEX).boxed().await?;
    let opening = segments.iter().map(|segment| {
        let opening = dataset.open_scalar_index(TERMS, &segment.uuid, &NoOpMetricsCollector);
        opening.boxed()
    });
    let opened = try_join_all(opening).await?;
    let indexes = opened
        .iter()
        .map(|index| index.as_any().downcast_ref::<InvertedIndex>())
        .collect::<Option<Vec<&InvertedIndex>>>();
    let indexes = indexes.ok_or_else(|| {
        StoreError::Invalid(format!("the index `{TERMS_INDEX}` is not one of full text"))
    })?;
    let Some(first) = indexes.first() else {
        return Ok(IndexedHits::default());
    };
    let mut terms = QueryTerms::of(query, first)?;
    let scorer = terms.count(&indexes).await?;
    terms.choose(scorer.num_docs);
    let mut hits = IndexedHits {
        left_out: terms.left_out(),
        ..IndexedHits::default()
    };
    let Some(tokens) = terms.tokens() else {
        return Ok(hits);
    };
    let passing = match filter.sql() {
        Some(condition) => Some(passing_rows(dataset, &condition, uses_trees).await?),
        None => None,
    };
    let prefilter = DatasetPreFilter::new(Arc::clone(dataset), &segments, passing);
    let prefilter = with_replaced_fragments(prefilter, &indexes);
    prefilter.wait_for_ready().await?;
    let tokens = Arc::new(tokens);
    let how = Arc::new(FtsSearchParams::new().with_limit(Some(limit)));
    let searches = indexes.iter().map(|index| {
        let (tokens, how, prefilter) = (tokens.clone(), how.clone(), prefilter.clone());
        let metrics = Arc::new(NoOpMetricsCollector);
        let search =
            index.bm25_search(tokens, how, Operator::Or, prefilter, metrics, Some(&scorer));
        search.boxed()
    });
    for (rows, scores) in try_join_all(searches).await? {
        hits.rows.extend(rows.into_iter().map(RowId));
        hits.scores.extend(scores);
    }
    Ok(hits)
}

/// Leaves out the rows of fragments that compaction has replaced: they stay in the index.
fn with_replaced_fragments(
    mut prefilter: DatasetPreFilter,
    indexes: &[&InvertedIndex],
) -> Arc<dyn PreFilter> {
    let replaced = indexes
        .iter()
        .map(|index| index.deleted_fragments().clone());
    if let Some(replaced) = replaced.reduce(|all, some| all | some)
        && !replaced.is_empty()
    {
        prefilter.set_deleted_fragments(replaced);
    }
    Arc::new(prefilter)
}

/// The rows that pass a condition, as LanceDB asks for them.
async fn passing_rows(
    dataset: &Dataset,
    condition: &str,
    uses_trees: bool,
) -> Result<Box<dyn FilterLoader>> {
    let mut scanner = dataset.scan();
    scanner.with_row_id().use_scalar_index(uses_trees);
    scanner
        .filter(condition)
        .and_then(|scanner| scanner.project::<&str>(&[]))?;
    let mut passing = RowAddrTreeMap::new();
    for batch in collect(&scanner).await? {
        let rows = row_ids(&batch)?;
        passing.extend(rows.into_iter().map(|row| row.0));
    }
    Ok(Box::new(PassingRows(RowAddrMask::from_allowed(passing))))
}

/// Rows that pass, which are known already.
pub(crate) struct PassingRows(pub(crate) RowAddrMask);

impl FilterLoader for PassingRows {
    fn load<'a>(self: Box<Self>) -> BoxFuture<'a, lance::Result<RowAddrMask>>
    where
        Self: 'a,
    {
        async move { Ok(self.0) }.boxed()
    }
}

/// The terms of a query.
struct QueryTerms {
    terms: Vec<Term>,
    /// The words of the query, each with the places of its terms.
    words: Vec<(String, Vec<usize>)>,
    /// Words beyond [`MOST_LOOKED_UP`] terms.
    unseen: HashSet<String>,
    /// An empty list of tokens of the index's kind.
    none: Tokens,
}

/// A word, or a part of an identifier, as the index has it.
struct Term {
    token: String,
    /// How often a match counts.
    weight: usize,
    /// How many chunks have it.
    chunks: usize,
    is_chosen: bool,
}

impl Term {
    /// Entries of lists that a search for it may read.
    fn cost(&self) -> usize {
        self.weight.saturating_mul(self.chunks)
    }

    /// What a match can add to a score, in comparison: BM25 bounds how much frequency counts.
    fn value(&self, all: usize) -> f32 {
        let (with, all) = (self.chunks as f32, all as f32);
        let rarity = (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln();
        self.weight as f32 * rarity
    }
}

impl QueryTerms {
    /// Splits a query as the index has split the chunks; each term once, with the sum of its weights.
    fn of(query: &TextQuery, index: &InvertedIndex) -> Result<QueryTerms> {
        let mut tokenizer = index.tokenizer();
        let mut split = QueryTerms {
            terms: Vec::new(),
            words: Vec::new(),
            unseen: HashSet::new(),
            none: Tokens::new(Vec::new(), tokenizer.doc_type()),
        };
        let mut places: HashMap<String, usize> = HashMap::new();
        for (word, weight) in query.words() {
            let tokens = try_collect_query_tokens(word, &mut tokenizer)?;
            let mut its_places = Vec::new();
            for token in tokens {
                let Some(place) = split.place_of(token, &mut places) else {
                    split.unseen.insert(word.to_owned());
                    break;
                };
                split.terms[place].weight += usize::from(weight);
                its_places.push(place);
            }
            if !its_places.is_empty() {
                split.words.push((word.to_owned(), its_places));
            }
        }
        Ok(split)
    }

    /// The place of a term, which is added if it is new; `None` if there are too many.
    fn place_of(&mut self, token: String, places: &mut HashMap<String, usize>) -> Option<usize> {
        if let Some(place) = places.get(&token) {
            return Some(*place);
        }
        let place = self.terms.len();
        if place == MOST_LOOKED_UP {
            return None;
        }
        places.insert(token.clone(), place);
        self.terms.push(Term {
            token,
            weight: 0,
            chunks: 0,
            is_chosen: false,
        });
        Some(place)
    }

    /// Looks up how many chunks have each term; LanceDB keeps that in memory for the search.
    async fn count(&mut self, indexes: &[&InvertedIndex]) -> Result<MemBM25Scorer> {
        let tokens: Vec<String> = self.terms.iter().map(|term| term.token.clone()).collect();
        let counting = indexes
            .iter()
            .map(|index| index.bm25_stats_for_terms(&tokens, None).boxed());
        let (mut all_tokens, mut all_chunks) = (0, 0);
        for (tokens, chunks, with_term) in try_join_all(counting).await? {
            all_tokens += tokens;
            all_chunks += chunks;
            for (term, with) in self.terms.iter_mut().zip(with_term) {
                term.chunks += with;
            }
        }
        let counts = self.terms.iter();
        let counts = counts.map(|term| (term.token.clone(), term.chunks));
        Ok(MemBM25Scorer::new(all_tokens, all_chunks, counts.collect()))
    }

    /// Chooses terms, those with the greatest value first, until the lists of the next are too long.
    fn choose(&mut self, all: usize) {
        let mut order: Vec<usize> = (0..self.terms.len()).collect();
        order.retain(|at| self.terms[*at].chunks > 0);
        order.sort_by(|left, right| {
            let value = |at: usize| self.terms[at].value(all);
            let by_value = value(*right).total_cmp(&value(*left));
            by_value.then(left.cmp(right))
        });
        let (mut chosen, mut entries) = (0, 0_usize);
        for at in order {
            let term = &mut self.terms[at];
            let with_it = entries.saturating_add(term.cost());
            term.is_chosen = chosen < FEWEST_TERMS
                || with_it <= FEW_ENTRIES
                || chosen < MOST_TERMS && with_it <= MANY_ENTRIES;
            if term.is_chosen {
                chosen += 1;
                entries = with_it;
            }
        }
    }

    /// The words of which no term was chosen. A term that no indexed chunk has may be in chunks that
    /// are not indexed yet.
    fn left_out(&self) -> HashSet<String> {
        let is_left_out = |place: &usize| {
            let term = &self.terms[*place];
            !term.is_chosen && term.chunks > 0
        };
        let words = self.words.iter();
        let words = words.filter(|(_, places)| places.iter().all(is_left_out));
        let words = words.map(|(word, _)| word);
        words.chain(&self.unseen).cloned().collect()
    }

    /// The chosen terms, each as often as it counts; `None` if there are none.
    fn tokens(&self) -> Option<Tokens> {
        let chosen = self.terms.iter().filter(|term| term.is_chosen);
        let tokens: Vec<String> = chosen
            .flat_map(|term| std::iter::repeat_n(term.token.clone(), term.weight))
            .collect();
        let kind = self.none.token_type().clone();
        (!tokens.is_empty()).then(|| Tokens::new(tokens, kind))
    }
}

#[cfg(test)]
mod tests;
