//! The prompt templates of embedding models, from their model cards.

/// A family of embedding models.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::model) struct EmbeddingTemplate {
    /// Base names, without namespace and tag, in lower case.
    names: &'static [&'static str],
    /// Prefix of a query.
    pub query: &'static str,
    /// Prefix of a document.
    pub document: &'static str,
    /// Window that it was trained for, in tokens, if its metadata says more.
    pub window: Option<usize>,
}

/// The prefix shared by arctic v1, mxbai and bge.
const PASSAGES: &str = "Represent this sentence for searching relevant passages: ";

/// A card without prefixes.
const fn as_is(names: &'static [&'static str], window: Option<usize>) -> EmbeddingTemplate {
    EmbeddingTemplate {
        names,
        query: "",
        document: "",
        window,
    }
}

/// A card with a prefix for queries only.
const fn query_only(names: &'static [&'static str], query: &'static str) -> EmbeddingTemplate {
    EmbeddingTemplate {
        names,
        query,
        document: "",
        window: None,
    }
}

const CARDS: &[EmbeddingTemplate] = &[
    query_only(
        &[
            "qwen3-embedding",
            "qwen3-embedding-0.6b",
            "qwen3-embedding-4b",
            "qwen3-embedding-8b",
        ],
        // No space after `Query:`, as on the card.
        "Instruct: Given a search query, retrieve relevant code snippets that answer the query\n\
         Query:",
    ),
    EmbeddingTemplate {
        names: &["embeddinggemma", "embeddinggemma-300m"],
        query: "task: code retrieval | query: ",
        document: "title: none | text: ",
        window: None,
    },
    query_only(
        &[
            "snowflake-arctic-embed2",
            "snowflake-arctic-embed-m-v2.0",
            "snowflake-arctic-embed-l-v2.0",
        ],
        "query: ",
    ),
    query_only(&["snowflake-arctic-embed"], PASSAGES),
    query_only(&["mxbai-embed-large", "mxbai-embed-large-v1"], PASSAGES),
    query_only(&["bge-large", "bge-large-en-v1.5"], PASSAGES),
    EmbeddingTemplate {
        names: &[
            "nomic-embed-text",
            "nomic-embed-text-v1.5",
            "nomic-embed-text-v2-moe",
        ],
        query: "search_query: ",
        document: "search_document: ",
        window: None,
    },
    query_only(
        &["nomic-embed-code", "coderankembed"],
        "Represent this query for searching relevant code: ",
    ),
    as_is(&["granite-embedding"], None),
    as_is(&["bge-m3"], None),
    // Trained on 256 tokens, though its positions reach to 512.
    as_is(&["all-minilm", "all-minilm-l6-v2"], Some(256)),
];

/// The card of a model that is not in the table.
const UNKNOWN: &EmbeddingTemplate = &as_is(&[], None);

impl EmbeddingTemplate {
    /// Finds the card of a model by its base name: `hf.co/Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0`
    /// and `qwen3-embedding-0.6b-q8_0.gguf` have the base name `qwen3-embedding-0.6b`.
    pub(in crate::model) fn for_model(model: &str) -> &'static EmbeddingTemplate {
        let last = model.rsplit(['/', '\\']).next().unwrap_or(model);
        let base = last
            .split_once([':', '@'])
            .map_or(last, |(base, _)| base)
            .trim()
            .to_ascii_lowercase();
        let base = base.strip_prefix("text-embedding-").unwrap_or(&base);
        let base = base.strip_suffix(".gguf").unwrap_or(base);
        let base = without_quantization(base);
        let base = base.strip_suffix("-gguf").unwrap_or(base);
        CARDS
            .iter()
            .find(|card| card.names.contains(&base))
            .unwrap_or(UNKNOWN)
    }

    /// Whether the model is in the table, so that it is an embedding model.
    pub(in crate::model) fn is_known(&self) -> bool {
        !self.names.is_empty()
    }

    /// Both templates, for the fingerprint of an index.
    pub(in crate::model) fn template(&self) -> String {
        format!(
            "query={}{{text}} document={}{{text}}",
            self.query, self.document
        )
    }
}

/// A name without the kind of numbers at its end, such as `-q8_0` or `.f16`.
fn without_quantization(name: &str) -> &str {
    match name.rsplit_once(['-', '.']) {
        Some((rest, last)) if is_quantization(last) => rest,
        _ => name,
    }
}

fn is_quantization(word: &str) -> bool {
    let digits = word.strip_prefix("iq").or_else(|| word.strip_prefix('q'));
    let is_quantized = digits.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    is_quantized || ["f16", "bf16", "f32"].contains(&word)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn cards_are_found_by_base_name() {
        for (model, query, document) in [
            ("qwen3-embedding:0.6b", "Instruct: Given a", ""),
            (
                "hf.co/Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0",
                "Instruct: Given a",
                "",
            ),
            ("qwen3-embedding-0.6b-q8_0.gguf", "Instruct: Given a", ""),
            (
                "text-embedding-nomic-embed-text-v1.5",
                "search_query: ",
                "search_document: ",
            ),
            (
                "text-embedding-nomic-embed-text-v1.5@q8_0",
                "search_query: ",
                "search_document: ",
            ),
            (
                "C:\\models\\nomic-embed-text-v1.5.Q8_0.gguf",
                "search_query: ",
                "search_document: ",
            ),
            (
                "embeddinggemma",
                "task: code retrieval | query: ",
                "title: none | text: ",
            ),
            ("snowflake-arctic-embed2", "query: ", ""),
            ("snowflake-arctic-embed:22m", "Represent this sentence", ""),
            ("mxbai-embed-large:latest", "Represent this sentence", ""),
            (
                "me/nomic-embed-text:v1.5",
                "search_query: ",
                "search_document: ",
            ),
        ] {
            let card = EmbeddingTemplate::for_model(model);
            assert!(card.is_known() && card.query.starts_with(query), "{model}");
            assert_eq!(card.document, document, "{model}");
        }
        for model in ["all-minilm:22m", "bge-m3", "granite-embedding:30m"] {
            let card = EmbeddingTemplate::for_model(model);
            assert!(card.is_known() && card.query.is_empty() && card.document.is_empty());
        }
        assert!(!EmbeddingTemplate::for_model("qwen3-coder:30b").is_known());
        assert_eq!(EmbeddingTemplate::for_model("qwen3-coder:30b").query, "");
    }

    #[test]
    fn no_name_is_on_two_cards() {
        let mut seen = HashSet::new();
        for name in CARDS.iter().flat_map(|card| card.names) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }

    #[test]
    fn the_instruction_of_qwen_is_as_on_its_card() {
        let expected = "Instruct: Given a search query, retrieve relevant code snippets that \
                        answer the query\nQuery:";
        assert_eq!(
            EmbeddingTemplate::for_model("qwen3-embedding").query,
            expected
        );
    }
}
