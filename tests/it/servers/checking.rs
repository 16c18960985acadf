//! What `ollacode doctor` says of such servers.

use super::*;

#[test]
fn doctor_says_what_the_server_is_and_where_its_numbers_come_from() {
    let server = StandIn::start(&[MODEL]);
    let environment = environment(&server);
    let output = environment.run(&["doctor", "--json"]);
    expect_check(&output, "server", "good", &server.uri());
    expect_check(&output, "server", "good", "CORS");
    let window = "16,384 tokens (from the server)";
    assert_eq!(WINDOW, 16_384);
    expect_check(&output, "chat", "good", MODEL);
    expect_check(&output, "chat", "good", window);
    expect_check(
        &output,
        "chat",
        "good",
        "ollacode doctor --model local-coder",
    );
    expect_check(&output, "embeddings", "good", "off");
    expect_check(&output, "model", "good", MODEL);
    assert!(checks(&output, "ollama").is_empty());
    assert!(server.chats().is_empty(), "no model is asked anything");
}

#[test]
fn a_window_of_the_user_is_told_as_such() {
    let server = StandIn::playing(Plays::Vllm, &[MODEL]);
    let environment = environment(&server).with("MAX_CONTEXT_TOKENS", "8192");
    let output = environment.run(&["doctor", "--json"]);
    expect_check(
        &output,
        "chat",
        "good",
        "8,192 tokens (from `MAX_CONTEXT_TOKENS`)",
    );
}

#[test]
fn what_is_missing_is_said() {
    let server = StandIn::start(&[MODEL]);
    let environment = environment(&server)
        .without("OLLAMA_EMBED_MODEL")
        .with("OLLAMA_MODEL", "other");
    let output = environment.run(&["doctor", "--json"]);
    expect_check(
        &output,
        "chat",
        "warning",
        "does not have the model `other`",
    );
    expect_check(
        &output,
        "embeddings",
        "warning",
        "until there is one, search is lexical only",
    );
    let nobody = environment_at("http://127.0.0.1:9");
    let output = nobody.run(&["doctor", "--json"]);
    expect_check(&output, "server", "warning", "is not answering");
}

#[test]
fn an_embedding_model_of_the_server_is_tried() {
    let server = StandIn::start(&["vectors"]).embedding();
    let environment = environment(&server).with("OLLAMA_EMBED_MODEL", "vectors");
    let output = environment.run(&["doctor", "--json"]);
    expect_check(&output, "embeddings", "good", "vectors: 16 dimensions");
}
