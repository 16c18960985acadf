//! The index and the search, with vectors of such a server and without.

use super::*;
use crate::support::samples::write_samples;

#[test]
fn an_index_has_vectors_of_the_server() {
    let server = StandIn::start(&["vectors"]).embedding();
    let environment = environment(&server).with("OLLAMA_EMBED_MODEL", "vectors");
    write_samples(&environment);
    let indexed = environment.index();
    let indexed = indexed.expect_words(&["with vectors of vectors"]);
    assert!(!indexed.words().contains("lexical"), "{indexed:#?}");
    let answer = environment.search_json("header of the packet");
    assert_eq!(answer["mode"], "hybrid", "{answer:#}");
    assert_eq!(answer["index"]["embedded"], answer["index"]["chunks"]);
    let count = || {
        let asked = server.asked().into_iter();
        asked.filter(|asked| asked.path == "/v1/embeddings").count()
    };
    let before = count();
    environment.index();
    assert!(count() <= before + 2, "nothing is embedded twice");
}

#[test]
fn without_embeddings_the_search_is_lexical_and_says_what_to_do() {
    let server = StandIn::start(&[MODEL]);
    // The model of the settings is not there, as where nobody chose one.
    let environment = environment(&server).without("OLLAMA_EMBED_MODEL");
    write_samples(&environment);
    let output = environment.index().expect_words(&[
        "cannot compute vectors",
        "no embedding model `qwen3-embedding:0.6b`",
        "search is lexical only",
        "let an ollama beside it embed",
    ]);
    assert_eq!(output.code, Some(0));
    let answer = environment.search_json("header of the packet");
    assert_eq!(answer["mode"], "lexical");
    assert!(!answer["hits"].as_array().expect("hits").is_empty());
}

#[test]
fn a_server_that_is_gone_leaves_the_search_as_it_is() {
    let environment = environment_at("http://127.0.0.1:9").with("OLLAMA_EMBED_MODEL", "vectors");
    write_samples(&environment);
    let indexed = environment.index();
    indexed.expect_words(&["cannot compute vectors", "is not answering"]);
    let answer = environment.search_json("header of the packet");
    assert_eq!(answer["mode"], "lexical");
}
