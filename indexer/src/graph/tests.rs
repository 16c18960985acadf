//! Graphs of small projects, cut into chunks as an index has them.

use ollacode_store::{ChunkRow, ChunkView, ContentKey};
use proptest::prelude::*;

use super::build::GraphBuilder;
use super::rank::page_rank;
use super::*;
use crate::chunk::chunk_file;
use crate::parse::FileParser;

fn rows(files: &[(&str, &str)]) -> Vec<ChunkRow> {
    let mut parser = FileParser::default();
    let mut rows = Vec::new();
    for (path, text) in files {
        for chunk in chunk_file(&mut parser, path, text).chunks {
            rows.push(ChunkRow {
                content_key: ContentKey::of(&chunk.text),
                header: String::new(),
                chunk,
            });
        }
    }
    rows
}

fn graph_of_rows<'a>(rows: impl Iterator<Item = &'a ChunkRow>) -> FileGraph {
    let mut builder = GraphBuilder::default();
    for row in rows {
        builder.add(&ChunkView::of(row));
    }
    builder.finish()
}

pub(super) fn graph(files: &[(&str, &str)]) -> FileGraph {
    graph_of_rows(rows(files).iter())
}

/// The paths that a file uses, heaviest first.
pub(super) fn uses<'a>(graph: &'a FileGraph, path: &str) -> Vec<&'a str> {
    let id = graph.id(path).expect("it is indexed");
    let edges = graph.uses(id).iter();
    edges
        .map(|edge| graph.file(edge.file).path.as_str())
        .collect()
}

/// The paths that a file imports, by path.
pub(super) fn imports<'a>(graph: &'a FileGraph, path: &str) -> Vec<&'a str> {
    let id = graph.id(path).expect("it is indexed");
    let edges = graph.uses(id).iter().filter(|edge| edge.is_import);
    let mut paths: Vec<&str> = edges
        .map(|edge| graph.file(edge.file).path.as_str())
        .collect();
    paths.sort_unstable();
    paths
}

const SHOP: &[(&str, &str)] = &[
    (
        "src/cart.rs",
        "pub struct Cart;\n\nimpl Cart {\n    pub fn add_item(&mut self, price: u32) {\n        check_price(price);\n    }\n}\n",
    ),
    (
        "src/price.rs",
        "/// Checks a price.\npub fn check_price(price: u32) -> bool {\n    price > 0\n}\n",
    ),
    (
        "src/order.rs",
        "use crate::cart::Cart;\n\npub fn order(cart: Cart) {\n    let mut cart = cart;\n    cart.add_item(3);\n    cart.add_item(4);\n}\n",
    ),
    (
        "tests/order.rs",
        "fn helper_of_tests() {}\n\n#[test]\nfn orders() {\n    helper_of_tests();\n    order(Cart);\n}\n",
    ),
    ("README.md", "# Shop\n\n`Cart` and `check_price`.\n"),
];

#[test]
fn a_list_of_all_names_is_not_connected_to_everything() {
    let names = 0..1_100;
    let mut files: Vec<(String, String)> = names
        .clone()
        .map(|number| {
            let text = format!("pub fn wombat_{number}() {{}}\n");
            (format!("src/part{number}.rs"), text)
        })
        .collect();
    let calls: String = names.map(|it| format!("    wombat_{it}();\n")).collect();
    files.push(("src/all.rs".to_owned(), format!("fn all() {{\n{calls}}}\n")));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    let graph = graph(&files);
    let all = graph.id("src/all.rs").expect("it is indexed");
    assert_eq!(graph.uses(all).len(), 1_000);
    assert_eq!(graph.edge_count(), 1_000);
}

#[test]
fn files_use_what_others_define() {
    let graph = graph(SHOP);
    let paths: Vec<&str> = graph
        .files()
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    let sorted = [
        "README.md",
        "src/cart.rs",
        "src/order.rs",
        "src/price.rs",
        "tests/order.rs",
    ];
    assert_eq!(paths, sorted);
    assert_eq!(uses(&graph, "src/cart.rs"), ["src/price.rs"]);
    assert_eq!(uses(&graph, "src/order.rs"), ["src/cart.rs"]);
    assert_eq!(uses(&graph, "src/price.rs"), [""; 0]);
    let order = graph.id("src/order.rs").expect("it is there");
    let edge = &graph.uses(order)[0];
    assert!(edge.is_import && edge.weight > 3.0, "{edge:?}");
    assert!(edge.names.contains(&"add_item".to_owned()), "{edge:?}");
    let cart = graph.id("src/cart.rs").expect("it is there");
    let users: Vec<&str> = graph
        .used_by(cart)
        .iter()
        .map(|edge| graph.file(edge.file).path.as_str())
        .collect();
    assert_eq!(users.len(), 3, "{users:?}");
    assert_eq!(users[0], "src/order.rs");
    assert!(graph.id("src/none.rs").is_none());
}

#[test]
fn definitions_have_their_line_and_how_many_files_use_them() {
    let graph = graph(SHOP);
    let file = graph.file(graph.id("src/price.rs").expect("it is there"));
    assert_eq!(file.role, FileRole::Source);
    assert_eq!(file.language.as_deref(), Some("rust"));
    assert_eq!(file.lines, 4);
    let definition = &file.definitions[0];
    assert_eq!(definition.name, "check_price");
    assert_eq!(
        definition.signature,
        "pub fn check_price(price: u32) -> bool"
    );
    assert_eq!(definition.line, 2);
    assert_eq!(definition.kind, ChunkKind::Function);
    // The cart and the README.
    assert_eq!(definition.uses, 2);
}

#[test]
fn names_of_tests_are_for_tests() {
    let graph = graph(&[
        ("src/a.py", "def run():\n    make_fixture()\n"),
        ("tests/helpers.py", "def make_fixture():\n    pass\n"),
        ("tests/test_a.py", "def test_run():\n    make_fixture()\n"),
    ]);
    assert_eq!(uses(&graph, "src/a.py"), [""; 0]);
    assert_eq!(uses(&graph, "tests/test_a.py")[0], "tests/helpers.py");
}

#[test]
fn names_that_many_files_define_connect_nothing() {
    let paths: Vec<String> = (0..6)
        .map(|number| format!("src/part{number}.py"))
        .collect();
    let mut files: Vec<(&str, &str)> = paths
        .iter()
        .map(|path| (path.as_str(), "def common_name():\n    pass\n"))
        .collect();
    files.push(("src/user.py", "def other():\n    common_name()\n"));
    assert_eq!(graph(&files).uses(FileId(6)).len(), 0);
    files.pop();
    files.pop();
    files.push(("src/user.py", "def other():\n    common_name()\n"));
    assert_eq!(graph(&files).uses(FileId(5)).len(), 5);
}

#[test]
fn roles_are_told_by_path_and_beginning() {
    for (path, text, role) in [
        ("src/a.rs", "fn one() {}\n", FileRole::Source),
        ("src/a_test.go", "package a\n", FileRole::Test),
        (
            "pkg/thing/FooTest.java",
            "class FooTest {}\n",
            FileRole::Test,
        ),
        ("examples/one.py", "x = 1\n", FileRole::Example),
        ("docs/conf.py", "x = 1\n", FileRole::Example),
        ("docs/guide.md", "# Guide\n", FileRole::Document),
        ("notes.txt", "Notes.\n", FileRole::Document),
        ("vendor/x/y.go", "package y\n", FileRole::Vendored),
        ("api/api.pb.go", "package api\n", FileRole::Generated),
        (
            "api/made.go",
            "// Code generated by stringer. DO NOT EDIT.\npackage api\n",
            FileRole::Generated,
        ),
    ] {
        let graph = graph(&[(path, text)]);
        assert_eq!(graph.files()[0].role, role, "{path}");
    }
}

#[test]
fn rare_identifiers_are_counted_by_file() {
    let graph = graph(SHOP);
    let cart = graph.id("src/cart.rs").expect("it is there");
    let counts: Vec<(&str, u32)> = graph
        .identifiers(cart)
        .iter()
        .map(|(id, count)| (graph.identifier(*id), *count))
        .collect();
    assert!(counts.contains(&("Cart", 2)), "{counts:?}");
    let (id, _) = graph
        .identifiers(cart)
        .iter()
        .find(|(id, _)| graph.identifier(*id) == "check_price")
        .expect("it calls it");
    assert_eq!(graph.document_frequency(*id), 3);
    assert_eq!(graph.identifier(u32::MAX), "");
}

#[test]
fn a_graph_does_not_depend_on_the_order_of_chunks() {
    let rows = rows(SHOP);
    let one = graph_of_rows(rows.iter());
    let other = graph_of_rows(rows.iter().rev());
    assert_eq!(one, other);
    assert_eq!(one.rank(&[]), other.rank(&[]));
}

#[test]
fn ranks_add_up_and_prefer_what_is_used() {
    let graph = graph(SHOP);
    let rank = graph.rank(&[]);
    let sum: f64 = rank.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    let of = |path: &str| rank[graph.id(path).expect("it is there").0 as usize];
    assert!(of("src/price.rs") > of("src/order.rs"));
    assert!(of("src/cart.rs") > of("src/order.rs"));
    assert_eq!(of("tests/order.rs"), 0.0);
    let order = graph.id("src/order.rs").expect("it is there");
    let focused = graph.rank(&[order, order, FileId(99)]);
    let sum: f64 = focused.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    assert!(focused[order.0 as usize] > rank[order.0 as usize]);
}

#[test]
fn graphs_of_nothing_and_of_nothing_known_work() {
    assert_eq!(graph(&[]).rank(&[]), Vec::<f64>::new());
    let graph = graph(&[("notes.txt", "a\n"), ("more.txt", "b\n")]);
    let rank = graph.rank(&[]);
    assert!(
        rank.iter().all(|rank| (rank - 0.5).abs() < 1e-9),
        "{rank:?}"
    );
}

fn edge(file: u32, weight: f32) -> GraphEdge {
    GraphEdge {
        file: FileId(file),
        weight,
        names: Vec::new(),
        is_import: false,
        count: 1,
    }
}

#[test]
fn two_files_that_use_each_other_share_the_rank() {
    let uses = [vec![edge(1, 2.0)], vec![edge(0, 5.0)]];
    let rank = page_rank(&uses, &[0.5, 0.5]);
    assert!((rank[0] - 0.5).abs() < 1e-12 && (rank[1] - 0.5).abs() < 1e-12);
}

#[test]
fn files_that_use_nothing_give_their_rank_back_to_the_start() {
    let uses = [vec![edge(1, 1.0)], Vec::new(), Vec::new()];
    let third = 1.0 / 3.0;
    let rank = page_rank(&uses, &[third, third, third]);
    let sum: f64 = rank.iter().sum();
    assert!((sum - 1.0).abs() < 1e-12);
    assert!((rank[0] - rank[2]).abs() < 1e-12);
    assert!(rank[1] > rank[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the graph: the sum is that of the start, nothing is negative, and other numbers for
    /// the same files give the same ranks.
    #[test]
    fn ranks_obey_their_laws(
        edges in prop::collection::vec((0u32..8, 0u32..8, 1u8..20), 0..40),
        turn in 1u32..8,
    ) {
        let rows = |turn: u32| {
            let mut rows: Vec<Vec<GraphEdge>> = vec![Vec::new(); 8];
            for (from, to, weight) in &edges {
                let from = ((from + turn) % 8) as usize;
                rows[from].push(edge((to + turn) % 8, f32::from(*weight)));
            }
            rows
        };
        let start = [0.125; 8];
        let (one, other) = (page_rank(&rows(0), &start), page_rank(&rows(turn), &start));
        prop_assert!((one.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(one.iter().all(|rank| *rank >= 0.0));
        for (at, rank) in one.iter().enumerate() {
            let turned = other[(at + turn as usize) % 8];
            prop_assert!((rank - turned).abs() < 1e-9);
        }
        prop_assert_eq!(&one, &page_rank(&rows(0), &start));
    }
}
