use super::*;
use crate::tools::tests_support::{Bench, call};

const NET: &str = "/// Dials a host.\npub fn dial(host: &str) {\n    if host.is_empty() {\n        \
                       dial(\"localhost\");\n    }\n}\n\npub fn redial() {}\n";
const PHONE: &str = "use crate::net::dial;\n\nstruct Phone;\n\nimpl Phone {\n    fn call(&self) \
                         {\n        dial(\"a\");\n    }\n}\n";

async fn find(bench: &Bench, name: &str) -> ToolOutput {
    let asked = call("find_references", json!({"name": name}));
    bench.call(&asked).await.unwrap()
}

#[tokio::test]
async fn uses_are_grouped_by_file_and_definitions_are_apart() {
    let bench = Bench::new();
    bench.file("src/net.rs", NET);
    bench.file("src/phone.rs", PHONE);
    bench.file("notes.txt", "dial is slow\n");
    bench.index().await;
    let output = find(&bench, "dial").await;
    let text = &output.text;
    let (defined, used) = text.split_once("Uses of `dial`").expect("both parts");
    assert!(
        defined.contains("src/net.rs:2: pub fn dial(host: &str) {"),
        "{text}"
    );
    assert!(used.starts_with(", 4 uses in 3 files:\n"), "{text}");
    assert!(
        used.contains("src/phone.rs\n1: use crate::net::dial;\n7: dial(\"a\");"),
        "{text}"
    );
    assert!(used.contains("[in impl Phone > call]"), "{text}");
    assert!(
        used.contains("4: dial(\"localhost\");  [in dial]"),
        "{text}"
    );
    assert!(used.ends_with("notes.txt\n1: dial is slow\n"), "{text}");
    assert!(!text.contains("redial"), "{text}");
    assert_eq!(output.summary, "4 uses in 3 files");
    assert_eq!(output.sources.len(), 5);
    let Found::References {
        definitions,
        uses,
        is_cut,
    } = bench.found()
    else {
        panic!("references were looked for");
    };
    assert!(!is_cut);
    let head = "pub fn dial(host: &str) {";
    assert_eq!(definitions, [found_line("src/net.rs", 2, head, "")]);
    let mut places: Vec<(&str, usize, &str)> = uses
        .iter()
        .map(|used| (used.path.as_str(), used.line, used.within.as_str()))
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            ("notes.txt", 1, ""),
            ("src/net.rs", 4, "dial"),
            ("src/phone.rs", 1, ""),
            ("src/phone.rs", 7, "impl Phone > call"),
        ]
    );
}

#[tokio::test]
async fn what_the_index_does_not_know_yet_is_found() {
    let bench = Bench::new();
    bench.file("src/net.rs", NET);
    let output = find(&bench, "net::dial()").await;
    assert!(
        output.text.contains("4: dial(\"localhost\");"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn a_name_without_uses_says_so() {
    let bench = Bench::new();
    bench.file("src/net.rs", NET);
    bench.index().await;
    let output = find(&bench, "redial").await;
    assert!(
        output.text.contains("src/net.rs:8: pub fn redial() {}"),
        "{}",
        output.text
    );
    assert!(
        output.text.contains("is used nowhere in the 1 file"),
        "{}",
        output.text
    );
    let output = find(&bench, "hang_up").await;
    assert!(
        output.text.starts_with("`hang_up` is used nowhere"),
        "{}",
        output.text
    );
    assert!(output.sources.is_empty());
}

#[tokio::test]
async fn the_room_that_is_given_holds() {
    let calls: String = (0..60).map(|_| "    dial(\"a\");\n").collect();
    let bench = Bench::new().narrow(300);
    for number in 0..5 {
        let text = format!("fn caller_{number}() {{\n{calls}}}\n");
        bench.file(&format!("src/caller_{number}.rs"), &text);
    }
    bench.index().await;
    let output = find(&bench, "dial").await;
    let tokens = crate::text::tokens::estimate_text(&output.text);
    assert!(tokens <= 300, "{tokens}: {}", output.text);
    assert!(
        output.text.contains("more uses left out"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn files_with_the_scope_that_was_written_come_first() {
    let bench = Bench::new();
    bench.file("a.rs", "fn one(text: &str) {\n    parse(text);\n}\n");
    bench.file(
        "b.rs",
        "fn two(text: &str) {\n    Parser::parse(text);\n}\n",
    );
    bench.index().await;
    let text = find(&bench, "Parser::parse").await.text;
    let place = |path: &str| text.find(path).expect("it is listed");
    assert!(place("b.rs") < place("a.rs"), "{text}");
}
