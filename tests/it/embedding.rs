//! Vectors from a model server: hybrid search, nothing twice, and whatever can go wrong with it.

mod breaking;
mod refusing;
mod reusing;
mod working;

use serde_json::Value;

use crate::support::environment::paths_of;
use crate::support::samples::{functions, write_samples};
use crate::support::{Environment, Fault, ModelServer, wait_until};

fn sample(server: &ModelServer) -> Environment {
    let environment = Environment::on(server);
    write_samples(&environment);
    environment.write("src/orbit.rs", functions("orbit", 6));
    environment
}

/// The part of an answer that tells about the index.
#[track_caller]
fn index_of(environment: &Environment) -> Value {
    environment.search_json("orbit")["index"].clone()
}

/// Demands a vector for every chunk but so many.
#[track_caller]
fn assert_embedded_but(environment: &Environment, failed: u64, when: &str) {
    let index = index_of(environment);
    let chunks = index["chunks"].as_u64().expect("a number");
    assert!(chunks > failed, "there are chunks {when}: {index}");
    assert_eq!(
        index["embedded"],
        chunks - failed,
        "vectors {when}: {index}"
    );
}
