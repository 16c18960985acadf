//! Which server is asked, and with which key.

use ollacode::model::http::{KindChoice, ServerKind};

use super::*;

#[test]
fn without_another_server_it_is_ollama() {
    let home = Home::new();
    let settings = home.settings(&[("OLLAMA_HOST", "gpu"), ("OLLAMA_API_KEY", "a")]);
    assert_eq!(settings.server.address.to_string(), "http://gpu:11434");
    assert_eq!(
        settings.server.kind,
        KindChoice::Kind(ServerKind::Ollama),
        "it is not asked what it is"
    );
    assert!(settings.server.key.is_some() && settings.warnings.is_empty());
    let useless = home.settings(&[("OLLACODE_SERVER_KEY", "sesame")]);
    assert!(useless.server.key.is_none());
    let warnings = useless.warnings.join("\n");
    assert!(
        warnings.contains("has no effect without `OLLACODE_SERVER`")
            && !warnings.contains("sesame"),
        "{warnings}"
    );
}

#[test]
fn another_server_takes_precedence_and_has_a_key_of_its_own() {
    let home = Home::new();
    let server = ("OLLACODE_SERVER", "https://gpu.lan/v1");
    let settings = home.settings(&[server, ("OLLAMA_API_KEY", "of Ollama")]);
    assert_eq!(settings.server.address.to_string(), "https://gpu.lan");
    assert_eq!(settings.server.kind, KindChoice::Auto);
    assert!(
        settings.server.key.is_none(),
        "a key goes to its own server only"
    );
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    let settings = home.settings(&[server, ("OLLACODE_SERVER_KEY", "k")]);
    assert!(settings.server.key.is_some() && settings.warnings.is_empty());
}

#[test]
fn which_of_two_servers_is_used_is_said() {
    let home = Home::new();
    let server = ("OLLACODE_SERVER", "http://127.0.0.1:8080");
    let both = home.settings(&[server, ("OLLAMA_HOST", "gpu")]);
    assert_eq!(
        both.warnings,
        [
            "`OLLACODE_SERVER` is used (http://127.0.0.1:8080), and `OLLAMA_HOST` is not \
          (http://gpu:11434)"
        ]
    );
    let same = home.settings(&[server, ("OLLAMA_HOST", "127.0.0.1:8080")]);
    assert!(same.warnings.is_empty(), "{:?}", same.warnings);
}

#[test]
fn a_key_that_will_not_be_sent_is_said() {
    let settings = Home::new().settings(&[
        ("OLLACODE_SERVER", "http://gpu.lan:8000"),
        ("OLLACODE_SERVER_KEY", "sesame"),
    ]);
    assert_eq!(
        settings.warnings,
        ["`OLLACODE_SERVER_KEY` is not sent to http://gpu.lan:8000: use `https://` there"]
    );
}

#[test]
fn what_is_no_address_of_a_server_is_an_error() {
    let home = Home::new();
    assert_eq!(
        home.error(&[("OLLACODE_SERVER", "ftp://gpu")]),
        "`OLLACODE_SERVER` begins with `ftp://`, and only `http://` and `https://` work (from the \
         environment)"
    );
    assert_eq!(
        home.error(&[("OLLACODE_SERVER", "gpu:0")]),
        "`OLLACODE_SERVER` is `gpu:0`, which is not of the form `http://host:port` (from the \
         environment)"
    );
}
