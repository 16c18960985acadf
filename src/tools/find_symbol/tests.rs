//! Definitions, and what is said where there are none.

use serde_json::json;

use super::*;
use crate::tools::tests_support::{Bench, call};

#[test]
fn names_are_read_as_models_write_them() {
    for (written, name, scope) in [
        ("parse", "parse", vec![]),
        ("Parser::parse", "parse", vec!["Parser"]),
        ("`parser.parse()`", "parse", vec!["parser"]),
        ("fn parse(text: &str)", "parse", vec!["fn"]),
        ("vec!", "vec!", vec![]),
    ] {
        let wanted = WantedSymbol::parse(written).unwrap();
        assert_eq!(wanted.name, name, "{written}");
        assert_eq!(wanted.scope, scope, "{written}");
    }
    assert!(WantedSymbol::parse(" :: ").is_err());
    assert!(WantedSymbol::parse("vec!").unwrap().is("vec"));
}

#[tokio::test]
async fn definitions_are_found_with_their_lines() {
    let bench = Bench::new();
    bench.file(
        "src/net.rs",
        "fn small() {}\n\n/// Dials.\nfn dial(host: &str) {\n    go(host);\n}\n\nstruct Phone;\n\n\
         impl Phone {\n    fn dial(&self) {}\n}\n",
    );
    bench.file("src/use.rs", "fn main() {\n    dial(\"a\");\n}\n");
    bench.index().await;
    let output = bench
        .call(&call("find_symbol", json!({"name": "dial"})))
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "src/net.rs:3-6 function: fn dial(host: &str)\n\
         src/net.rs:11-11 method in impl Phone: fn dial(&self) {}\n"
    );
    assert_eq!(output.summary, "2 definitions in 1 file");
    let scoped = call("find_symbol", json!({"name": "Phone::dial"}));
    let output = bench.call(&scoped).await.unwrap();
    assert!(
        output.text.starts_with("src/net.rs:11-11"),
        "{}",
        output.text
    );
    let small = bench
        .call(&call("find_symbol", json!({"name": "small"})))
        .await
        .unwrap();
    assert!(small.text.starts_with("src/net.rs:1-1"), "{}", small.text);
}

#[tokio::test]
async fn what_is_not_defined_is_said() {
    let bench = Bench::new();
    bench.file("a.rs", "fn main() {}\n");
    bench.index().await;
    let output = bench
        .call(&call("find_symbol", json!({"name": "nowhere"})))
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "`nowhere`: no definition found in the 1 file with a grammar.\nIt is not mentioned in the 1 \
         file that could be read. Ignored and hidden files were not searched.\n"
    );
    assert!(output.sources.is_empty());
}

async fn find(bench: &Bench, name: &str) -> String {
    let asked = call("find_symbol", json!({"name": name}));
    bench.call(&asked).await.unwrap().text
}

#[tokio::test]
async fn scripts_of_components_have_definitions() {
    let bench = Bench::new();
    bench.file(
        "Cart.vue",
        "<template>\n  <p>{{ computeCartDiscount(1) }}</p>\n</template>\n\n<script setup \
         lang=\"ts\">\nimport x from 'y'\n\nfunction computeCartDiscount(total: number): number \
         {\n  return total\n}\n</script>\n\n<style scoped>\np { color: red }\n</style>\n",
    );
    bench.file(
        "Nav.svelte",
        "<script>\n  export function openNav() {}\n</script>\n<nav/>\n",
    );
    bench.file(
        "Page.astro",
        "---\nconst a = 1;\nfunction slugOf(p: string) {}\n---\n<p/>\n",
    );
    bench.index().await;
    for (name, place) in [
        (
            "computeCartDiscount",
            "Cart.vue:8-10 function: function computeCartDiscount(total: number): number\n",
        ),
        (
            "openNav",
            "Nav.svelte:2-2 function: export function openNav() {}\n",
        ),
        (
            "slugOf",
            "Page.astro:3-3 function: function slugOf(p: string) {}\n",
        ),
    ] {
        assert_eq!(find(&bench, name).await, place);
    }
}

#[tokio::test]
async fn what_looks_like_a_definition_comes_before_mentions() {
    let bench = Bench::new();
    bench.file(
        "a.vala",
        "main() {\n  greet();\n}\n\nvoid greet(String a) {\n}\n",
    );
    bench.file("b.rs", "// greet\nfn greeter() {}\n");
    bench.file(".env", "A=greet\n");
    bench.index().await;
    assert_eq!(
        find(&bench, "greet").await,
        "`greet`: no definition found in the 1 file with a grammar.\n\
         Lines that look like its definition:\na.vala:5: void greet(String a) {\nMentions:\n\
         a.vala:2: greet();\nb.rs:1: // greet\n\
         (not searched: 1 with secrets or hidden by a rule)\n"
    );
}

#[tokio::test]
async fn definitions_in_files_that_are_not_indexed_are_found() {
    let bench = Bench::new();
    bench.file(
        "src/net.rs",
        "pub fn dial(host: &str) {\n    ring(host);\n}\n",
    );
    bench.file("src/phone.rs", "fn call() {\n    dial(\"a\");\n}\n");
    assert_eq!(
        find(&bench, "dial").await,
        "src/net.rs:1-3 function: pub fn dial(host: &str)\n"
    );
}

#[tokio::test]
async fn notebooks_and_other_encodings_have_definitions() {
    let bench = Bench::new();
    bench.file(
        "a.ipynb",
        "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"outputs\": [],\n   \
         \"source\": [\n    \"import os\\n\",\n    \"def load_rows(path):\\n\",\n    \"    \
         return []\"\n   ]\n  }\n ],\n \"metadata\": {\"language_info\": {\"name\": \
         \"python\"}}\n}\n",
    );
    let text = "int x;\r\nint wide_sum(int a) {\r\n  return a;\r\n}\r\n";
    let bytes = text.encode_utf16().flat_map(u16::to_le_bytes);
    bench.bytes(
        "b.c",
        &[0xff, 0xfe].into_iter().chain(bytes).collect::<Vec<u8>>(),
    );
    bench.index().await;
    let found = find(&bench, "load_rows").await;
    assert_eq!(found, "a.ipynb:8-9 function: def load_rows(path):\n");
    let found = find(&bench, "wide_sum").await;
    assert_eq!(found, "b.c:2-4 function: int wide_sum(int a)\n");
}
