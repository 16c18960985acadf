//! The indexer's parts, each by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod chunks;
mod edits;
mod embed;
mod languages;
mod parts;
mod query;
mod rank;
mod related;
mod sample;
mod support;
mod together;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_file_of_this_folder_is_a_module() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    let listed: BTreeSet<String> = main
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let present: BTreeSet<String> = support::file_names(&folder)
        .into_iter()
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "main")
        .collect();
    assert_eq!(listed, present);
}
