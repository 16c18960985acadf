//! Several servers: who embeds, who does not, where sessions go, and which key goes where.

mod chatting;
mod joining;
mod spreading;

use std::collections::BTreeSet;
use std::fs;

use crate::support::samples::{functions, write_samples};
use crate::support::{Environment, ModelServer};

/// What a text has that servers are compared by.
const PROBE: &str = "fn probe(text";

/// Writes the user's `config.toml`.
fn configure(environment: &Environment, text: &str) {
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("config.toml"), text).expect("a file");
}

/// A table for a server.
fn table(uri: &str, more: &str) -> String {
    format!("[[server]]\nurl = \"{uri}\"\nkind = \"ollama\"\n{more}\n")
}

/// An environment whose first server is one, and that has another one beside it, with so many files
/// of eight functions each.
fn with_two(first: &ModelServer, other: &ModelServer, files: usize) -> Environment {
    let environment = Environment::on(first);
    configure(&environment, &table(&other.uri(), ""));
    write_samples(&environment);
    for number in 0..files {
        let stem = format!("orbit{number}");
        environment.write(&format!("src/{stem}.rs"), functions(&stem, 8));
    }
    environment
}

/// The texts that a server embedded, without what it was compared by.
fn embedded(server: &ModelServer) -> Vec<String> {
    let texts = server.embedded().into_iter();
    texts.filter(|text| !text.contains(PROBE)).collect()
}

/// Demands a vector of each chunk.
#[track_caller]
fn assert_complete(environment: &Environment) {
    let index = environment.search_json("orbit")["index"].clone();
    assert!(index["chunks"].as_u64() > Some(0), "{index}");
    assert_eq!(index["embedded"], index["chunks"], "{index}");
}

/// Demands that no text was embedded twice.
#[track_caller]
fn assert_none_twice(texts: &[String]) {
    let distinct: BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len(), "texts embedded twice");
}
