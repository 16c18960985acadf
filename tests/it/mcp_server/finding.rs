//! What the tools find, as text and as data.

use serde_json::{Value, json};

use super::client::Client;
use super::shop;
use crate::support::{Environment, wait_until};

fn ready(environment: &Environment) -> Client {
    let mut client = Client::greeted(environment);
    client.wait_for_the_index();
    client
}

/// A field of each entry of a list.
fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    let entries = list
        .as_array()
        .unwrap_or_else(|| panic!("no list: {list:#}"));
    entries.iter().map(|entry| &entry[field]).collect()
}

#[test]
fn a_search_has_the_form_of_search_json() {
    let environment = shop();
    environment.index();
    let mut client = ready(&environment);
    let (text, data) = client.found("search_codebase", &json!({"query": "total_price"}));
    let mut printed = environment.search_json_with("total_price", &["--limit", "8"]);
    assert_eq!(data["index_complete"], true);
    assert_eq!(data["files_to_come"], 0);
    assert_eq!(data["cut"], false);
    // The rest is what the command prints, field by field; texts are excerpts.
    let fields = printed.as_object_mut().expect("an object");
    fields.remove("took_ms");
    for (name, field) in fields.iter().filter(|(name, _)| *name != "hits") {
        assert_eq!(data[name], *field, "{name}");
    }
    let (hits, printed) = (&data["hits"], &printed["hits"]);
    for field in [
        "path",
        "start_line",
        "end_line",
        "kind",
        "symbol",
        "scope",
        "score",
    ] {
        assert_eq!(each(hits, field), each(printed, field), "{field}");
    }
    assert_eq!(hits[0]["path"], "src/cart.rs");
    let first = hits[0]["text"].as_str().expect("a text");
    assert!(
        first.contains("pub fn total_price(&self) -> u32 {\n"),
        "{first}"
    );
    let place = format!(
        "src/cart.rs:{}-{}",
        hits[0]["start_line"], hits[0]["end_line"]
    );
    assert!(text.contains(&place), "{text}");
    assert!(text.contains("→    pub fn total_price(&self)"), "{text}");
}

#[test]
fn definitions_uses_and_neighbours_are_found() {
    let environment = shop();
    let mut client = ready(&environment);
    let name = json!({"name": "total_price"});
    let (text, data) = client.found("find_symbol", &name);
    assert!(
        text.starts_with("src/cart.rs:6-9 method in impl Cart: "),
        "{text}"
    );
    assert_eq!(
        data["definitions"],
        json!([{
            "path": "src/cart.rs",
            "start_line": 6,
            "end_line": 9,
            "kind": "method",
            "symbol": "total_price",
            "scope": ["impl Cart"],
            "signature": "pub fn total_price(&self) -> u32",
        }])
    );
    assert_eq!(data["mentions"], json!([]));
    let (text, data) = client.found("find_references", &name);
    assert!(
        text.contains("Uses of `total_price`, 2 uses in 2 files:"),
        "{text}"
    );
    let mut places = each(&data["uses"], "path");
    places.sort_by_key(ToString::to_string);
    assert_eq!(places, ["src/order.rs", "tests/cart.rs"]);
    assert_eq!(data["definitions"][0]["line"], 7);
    assert_eq!(data["name"], "total_price");
    let (text, data) = client.found("related_files", &json!({"path": "src/cart.rs"}));
    let test = text
        .lines()
        .find(|line| line.starts_with("tests/cart.rs  "));
    assert!(
        test.is_some_and(|line| line.ends_with("its test")),
        "{text}"
    );
    let paths = each(&data["files"], "path");
    assert!(paths.contains(&&json!("src/order.rs")), "{data:#}");
    let (text, data) = client.found("map", &json!({}));
    assert!(text.starts_with("src/cart.rs\n"), "{text}");
    assert_eq!(data["files"][0]["path"], "src/cart.rs");
    assert_eq!(data["version"], 1);
}

#[test]
fn a_file_is_outlined_and_read() {
    let environment = shop();
    let mut client = ready(&environment);
    let (text, data) = client.found("outline", &json!({"path": "src/cart.rs"}));
    assert!(
        text.starts_with("src/cart.rs, 10 lines:\n1-3 pub struct Cart\n"),
        "{text}"
    );
    assert_eq!(data["lines"], 10);
    let symbols = each(&data["definitions"], "symbol");
    assert_eq!(symbols.first().and_then(|name| name.as_str()), Some("Cart"));
    assert_eq!(
        symbols.last().and_then(|name| name.as_str()),
        Some("total_price")
    );
    let lines = json!({"path": "src/cart.rs", "start_line": 1, "end_line": 3});
    let (text, data) = client.found("read_lines", &lines);
    assert_eq!(
        text,
        "src/cart.rs, lines 1-3 of 10:\n1→pub struct Cart {\n2→    prices: Vec<u32>,\n3→}\n(lines \
         4-10 are not shown; to continue: read_lines {\"path\":\"src/cart.rs\",\"start_line\":4})\n"
    );
    assert_eq!(
        data,
        json!({
            "path": "src/cart.rs",
            "start_line": 1,
            "end_line": 3,
            "lines": 10,
            "text": "pub struct Cart {\n    prices: Vec<u32>,\n}\n",
            "cut": true,
        })
    );
}

#[test]
fn long_results_are_cut_at_eight_kilobytes_and_say_so() {
    let environment = shop();
    let lines: String = (0..2_000)
        .map(|line| format!("pub fn function_number_{line}() {{ shared_name(); }}\n"))
        .collect();
    environment.write("src/long.rs", &lines);
    for number in 0..40 {
        let body: String = (0..14)
            .map(|value| format!("    let value_{value} = {number} + {value};\n"))
            .collect();
        let text = format!(
            "fn user_{number}() {{\n    // Counts the marmots of the meadow.\n    shared_name();\n{body}}}\n"
        );
        environment.write(&format!("src/users/user_{number}.rs"), text);
    }
    let mut client = ready(&environment);
    for (tool, arguments, cut) in [
        (
            "read_lines",
            json!({"path": "src/long.rs", "end_line": 2_000}),
            "are not shown; to continue: read_lines",
        ),
        (
            "outline",
            json!({"path": "src/long.rs"}),
            "more definitions left out",
        ),
        (
            "find_references",
            json!({"name": "shared_name"}),
            "more uses left out",
        ),
        (
            "search_codebase",
            json!({"query": "marmots of the meadow", "limit": 30}),
            "without their lines",
        ),
    ] {
        let (text, data) = client.found(tool, &arguments);
        assert!(
            (2_000..=8_192).contains(&text.len()),
            "{tool}: {}",
            text.len()
        );
        assert!(text.contains(cut), "{tool}: {text}");
        let size = data.to_string().len();
        assert!(size <= 34_000, "{tool}: {size}");
        assert!(
            data["cut"] == true || tool == "search_codebase",
            "{tool}: {data:#}"
        );
        // Text and data end at the same place.
        match tool {
            "read_lines" => {
                let last = data["end_line"].as_u64().expect("a line");
                assert!(text.contains(&format!("\n{last}→")), "{text}");
                assert!(!text.contains(&format!("\n{}→", last + 1)), "{text}");
            }
            "outline" => {
                let definitions = data["definitions"].as_array().expect("definitions");
                let last = definitions.last().expect("one")["symbol"].as_str();
                let shown = text.matches("pub fn function_number_").count();
                assert_eq!(shown, definitions.len());
                assert!(text.contains(last.expect("a name")), "{text}");
            }
            "find_references" => {
                let uses = data["uses"].as_array().expect("uses");
                assert_eq!(text.matches("shared_name();").count(), uses.len(), "{text}");
            }
            _ => {
                for path in each(&data["hits"], "path") {
                    assert!(
                        text.contains(path.as_str().expect("a path")),
                        "{path}: {text}"
                    );
                }
            }
        }
    }
}

#[test]
fn changes_are_found_at_once_and_by_the_watcher() {
    let environment = shop();
    let mut client = ready(&environment);
    environment.write("src/badger.rs", "pub fn count_badgers() {}\n");
    let query = json!({"query": "count_badgers"});
    wait_until("a new file to be found", || {
        let (_, data) = client.found("search_codebase", &query);
        data["hits"][0]["path"] == "src/badger.rs"
    });
    environment.remove("src/badger.rs");
    let (_, data) = client.found("search_codebase", &query);
    let paths = each(&data["hits"], "path");
    assert!(!paths.contains(&&json!("src/badger.rs")), "{data:#}");
    // Nobody asks for these.
    environment.write("src/marmot.rs", "pub fn count_marmots() {}\n");
    wait_until("the watcher to index a file", || {
        environment.stale_paths_found("count_marmots") == ["src/marmot.rs"]
    });
}

#[test]
fn two_servers_share_one_index() {
    let environment = shop();
    let mut clients = [Client::greeted(&environment), Client::greeted(&environment)];
    for client in &mut clients {
        client.wait_for_the_index();
    }
    for name in ["first_badger", "second_badger"] {
        let path = format!("src/{name}.rs");
        environment.write(&path, format!("pub fn {name}() {{}}\n"));
        for client in &mut clients {
            wait_until("a new file to be found by both", || {
                let (_, data) = client.found("search_codebase", &json!({"query": name}));
                data["hits"][0]["path"] == path.as_str()
            });
        }
    }
    for client in clients {
        assert_eq!(client.end().code, Some(0));
    }
    assert_eq!(environment.index_folders().len(), 1);
}
