//! The weights of the signals.

/// Every weight of the ranking, with its reason.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Share of dense retrieval for questions in prose; lexical retrieval has the rest.
    pub dense_prose: f32,
    /// The same for queries that are a symbol: names are found by their letters.
    pub dense_symbol: f32,
    /// Share of the full-text score itself, relative to the best one, in the lexical score; ranks
    /// have the rest. Ranks alone cannot tell a chunk with every word from one with half of them.
    pub lexical_score: f32,
    /// Added for the share of the query's words that a chunk has, by how rare they are; another form
    /// of a word counts half. BM25 lets a word that occurs often make up for others that are missing.
    pub coverage: f32,
    /// Added when a chunk defines a symbol that is the whole query.
    pub defines_query: f32,
    /// Added when a chunk defines a symbol that a sentence names.
    pub defines_named: f32,
    /// Factor on both when the file is named after the symbol.
    pub file_named_after: f32,
    /// Added when the words of the query are the words of the file's name or of its folder.
    pub path_words: f32,
    /// Added to a file's best chunk for the file's share of all scores.
    pub coherence: f32,
    /// Factor for each further chunk of the same file, on what the chunk shows itself.
    pub saturation: f32,
    /// The same on what the file's name adds to each of its chunks: several files are worth more
    /// than one.
    pub file_saturation: f32,
    /// Added when the query names the file.
    pub named_file: f32,
    /// Added when the query names a line of the chunk.
    pub named_line: f32,
    /// Added when the whole query is the name of a definition with a mistake in it.
    pub mistyped: f32,
    /// Added to a section of a document when the words of the query are those of its heading.
    pub heading: f32,
    /// Factor for tests, examples and other non-production paths, unless the query asks for them.
    pub aside: f32,
    /// Factor for what is no test where tests are asked for: what they test has the same words.
    pub no_test: f32,
    /// Factor for documents and settings, unless the query asks for them: a question about code
    /// is answered by code, and prose contains the same words.
    pub document: f32,
    /// How far the best document has to be ahead of the best code in full-text retrieval, as a share
    /// of the best score, to be what is asked for.
    pub document_lead: f32,
}

/// The weights in use; `docs/benchmarks.md` has what they were measured on.
pub const WEIGHTS: Weights = Weights {
    dense_prose: 0.75,
    dense_symbol: 0.3,
    lexical_score: 0.4,
    coverage: 0.5,
    defines_query: 2.0,
    defines_named: 0.5,
    file_named_after: 1.5,
    path_words: 0.6,
    coherence: 0.2,
    saturation: 0.9,
    file_saturation: 0.5,
    named_file: 0.5,
    named_line: 1.5,
    mistyped: 1.5,
    heading: 0.6,
    aside: 0.3,
    no_test: 0.4,
    document: 0.7,
    document_lead: 0.2,
};
