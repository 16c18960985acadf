//! What is known of parts.

use super::super::parts::parts;
use super::super::samples::{definition, tree};
use super::*;

/// Three folders with three files each, and tests.
fn sample() -> SourceTree {
    let mut paths = Vec::new();
    for folder in ["app", "net", "store", "tests"] {
        for name in ["a", "b", "c"] {
            paths.push(format!("{folder}/{name}.rs"));
        }
    }
    tree(&paths)
        .defining(
            "net/a.rs",
            &[definition("dial", 3, 2), definition("quiet", 9, 0)],
        )
        .defining("store/a.rs", &[definition("open", 1, 5)])
        .using("app/a.rs", "net/a.rs", 4, "dial")
        .using("app/b.rs", "net/a.rs", 2, "dial")
        .using("app/a.rs", "store/a.rs", 1, "open")
        .using("app/a.rs", "app/b.rs", 50, "inside")
        .using("net/a.rs", "store/a.rs", 3, "open")
        .using("tests/a.rs", "net/a.rs", 7, "dial")
}

fn known(tree: &SourceTree) -> Outline {
    outline(tree, &parts(tree))
}

#[test]
fn edges_are_counted_between_parts() {
    let outline = known(&sample());
    let labels: Vec<&str> = (0..4).map(|part| outline.label(part)).collect();
    assert_eq!(labels, ["app", "net", "store", "tests"]);
    let uses: Vec<(usize, usize, bool)> = outline.parts[0]
        .uses
        .iter()
        .map(|used| (used.part, used.count, used.only_tests))
        .collect();
    // Files are counted, not names.
    assert_eq!(uses, [(1, 2, false), (2, 1, false)]);
    assert_eq!(outline.parts[0].uses[0].names, ["dial"]);
    assert!(outline.parts[3].uses[0].only_tests);
    let used_by: Vec<(usize, usize)> = outline
        .used_by(1)
        .into_iter()
        .map(|(part, used)| (part, used.count))
        .collect();
    assert_eq!(used_by, [(0, 2), (3, 1)]);
}

#[test]
fn names_in_common_make_no_edge_and_tests_of_a_file_none_of_the_program() {
    let mut coincidence = sample().using("store/c.rs", "app/c.rs", 9, "get");
    coincidence.uses.last_mut().expect("a use").is_certain = false;
    let outline = known(&coincidence);
    assert!(outline.parts[2].uses.is_empty());
    assert_eq!(outline.circles, Vec::<Vec<usize>>::new());
    let mut tested = sample().using("store/c.rs", "app/c.rs", 9, "App");
    tested.uses.last_mut().expect("a use").in_tests = true;
    let outline = known(&tested);
    assert!(outline.parts[2].uses[0].only_tests);
    assert_eq!(outline.circles, Vec::<Vec<usize>>::new());
}

#[test]
fn a_part_has_its_size_languages_definitions_and_tests() {
    let mut tree = sample();
    let at = tree.at("net/b.rs");
    tree.files[at].language = Some("python".to_owned());
    tree.files[at].lines = 60;
    tree.entries = vec![
        ("net/c.rs".to_owned(), "binary `dialer`".to_owned()),
        ("elsewhere.rs".to_owned(), "binary".to_owned()),
    ];
    let outline = known(&tree);
    let net = &outline.parts[1];
    assert_eq!((net.files.len(), net.lines, net.test_count), (3, 80, 0));
    let shares = [("python".to_owned(), 75_u64), ("rust".to_owned(), 25)];
    assert_eq!(net.languages, shares);
    let names: Vec<&str> = net
        .definitions
        .iter()
        .map(|of_part| of_part.name.as_str())
        .collect();
    assert_eq!(names, ["dial"], "what nobody uses is left out");
    assert_eq!(net.tests, ["tests/a.rs"]);
    assert_eq!(net.entries.len(), 1);
    assert_eq!(outline.parts[3].tests.len(), 3);
}

#[test]
fn circles_are_found_once_and_tests_make_none() {
    assert_eq!(known(&sample()).circles, Vec::<Vec<usize>>::new());
    let round = sample().using("store/c.rs", "app/c.rs", 1, "app");
    assert_eq!(known(&round).circles, [vec![0, 2], vec![0, 1, 2]]);
    let by_tests = sample().using("net/b.rs", "tests/b.rs", 1, "helper");
    assert_eq!(known(&by_tests).circles, Vec::<Vec<usize>>::new());
}

#[test]
fn a_hash_is_about_names_and_edges_not_about_lines_and_counts() {
    let before = known(&sample());
    let mut moved = sample();
    let at = moved.at("net/a.rs");
    moved.files[at].lines = 500;
    moved.files[at].definitions[0].line = 77;
    moved.files[at].definitions[0].uses = 9;
    moved.uses[0].count = 40;
    let hashes = |outline: &Outline| -> Vec<String> {
        let parts = outline.parts.iter();
        parts.map(|part| part.hash.clone()).collect()
    };
    assert_eq!(hashes(&known(&moved)), hashes(&before));
    let changed = |after: &SourceTree| -> Vec<usize> {
        let after = hashes(&known(after));
        let both = hashes(&before).into_iter().zip(after).enumerate();
        both.filter(|(_, (one, other))| one != other)
            .map(|(part, _)| part)
            .collect()
    };
    let defined = sample().defining("net/b.rs", &[definition("listen", 1, 0)]);
    assert_eq!(changed(&defined), [1]);
    let used = sample().using("store/b.rs", "net/a.rs", 1, "dial");
    assert_eq!(changed(&used), [2]);
}

#[test]
fn a_path_names_a_part_what_is_below_or_what_it_is_in() {
    let outline = known(&sample());
    assert_eq!(outline.named("net"), [1]);
    assert_eq!(outline.named("./net/"), [1]);
    assert_eq!(outline.named("net/deeper/x.rs"), [1]);
    assert_eq!(outline.named("network"), Vec::<usize>::new());
    let mut paths: Vec<String> = Vec::new();
    for folder in ["src", "src/a", "src/b"] {
        paths.extend(["x", "y", "z"].map(|name| format!("{folder}/{name}.rs")));
    }
    let nested = known(&tree(&paths));
    assert_eq!(nested.named("src"), [0, 1, 2]);
    assert_eq!(nested.named("src/b/x.rs"), [2]);
    assert_eq!(nested.named("src/x.rs"), [0]);
}
