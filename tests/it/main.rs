//! The tests of the binary, in one program: each further one would link LanceDB once more.

// LanceDB's futures nest deeply, and rustc walks them to see that they are Send.
#![recursion_limit = "256"]

mod support;

mod benchmark;
mod doctor;
mod index;
mod kept;
mod queries;
mod related;
mod search;
mod servers;
mod shared_cache;

mod map;

mod freshness;
mod watch;

mod embedding;

mod crash;
mod hostile;
mod processes;
mod secrets;
mod tidy;
mod traps;

mod acp;
mod attacks;
mod chat;
mod check;
mod commit;
mod config;
mod confinement;
mod design;
mod docs;
mod fixtures;
mod fleet;
mod hooks;
mod init;
mod licences;
mod log;
mod mcp_client;
mod mcp_http;
mod mcp_install;
mod mcp_server;
mod mcp_tools;
mod ollama_chat;
mod ollama_embed;
mod openai;
mod own_tools;
mod packaging;
mod peers;
mod recording;
mod review;
mod skills;
mod suite;
mod survey;
mod task;
mod telegram;
mod templates;
mod web;
mod workspace;

#[test]
fn every_file_of_tests_is_compiled() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let declared = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).expect("the folder of the tests") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a name in UTF-8");
        let module = name.strip_suffix(".rs").unwrap_or(name);
        let line = format!("mod {module};");
        assert!(
            ["main", "snapshots"].contains(&module) || declared.contains(&line),
            "`{line}` is missing in main.rs"
        );
    }
}
