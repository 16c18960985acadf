//! `ollacode map`, and the map in the system prompt, from end to end.

use std::fs;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply, ServedModel};

const CART: &str = "\
use crate::price::check_price;

/// What somebody wants to buy.
pub struct Cart {
    total: u32,
}

impl Cart {
    pub fn add_item(&mut self, price: u32) {
        if check_price(price) {
            self.total += price;
        }
    }
}
";

const PRICE: &str = "\
/// Whether a price can be paid.
pub fn check_price(price: u32) -> bool {
    price > 0
}
";

const ORDER: &str = "\
use crate::cart::Cart;

pub fn take_order(mut cart: Cart) {
    cart.add_item(3);
}
";

/// The flags of some forms of a map.
const FORMS: [&[&str]; 3] = [&[], &["--json"], &["--svg"]];

/// A small shop, with tests, documents and a file of secrets.
fn shop() -> Environment {
    let environment = Environment::new();
    write_shop(&environment);
    environment
}

fn write_shop(environment: &Environment) {
    for (path, text) in [
        ("src/cart.rs", CART),
        ("src/price.rs", PRICE),
        ("src/order.rs", ORDER),
        (
            "src/main.rs",
            "mod cart;\nmod order;\nmod price;\n\nfn main() {\n    order::take_order(todo());\n}\n",
        ),
        ("src/payroll/wages.rs", "pub fn pay_wombats() {}\n"),
        (
            "tests/order.rs",
            "#[test]\nfn orders_are_taken() {\n    take_order(Cart::new());\n}\n",
        ),
        ("docs/guide.md", "# Guide\n\nUse `Cart`.\n"),
        (".env", "WOMBAT_TOKEN=hunter2hunter2\n"),
    ] {
        environment.write(path, text);
    }
}

/// Hides a folder from the model and from what it is shown.
fn hide_payroll(environment: &Environment) {
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    let rules = "[[deny]]\nread = [\"src/payroll/**\"]\n";
    fs::write(folder.join("config.toml"), rules).expect("rules");
}

#[track_caller]
fn map(environment: &Environment, arguments: &[&str]) -> String {
    let arguments = [&["map"][..], arguments].concat();
    environment.run(&arguments).expect_success().stdout
}

#[test]
fn the_map_shows_the_most_used_files_first_and_counts_the_others() {
    let environment = shop();
    // Without an index, one is made.
    let output = environment.run(&["map"]).expect_success();
    assert!(output.stderr.contains("indexing"), "{output:#?}");
    let text = output.stdout;
    let at = |line: &str| {
        text.find(line)
            .unwrap_or_else(|| panic!("no {line} in {text}"))
    };
    assert!(at("src/price.rs\n") < at("src/order.rs\n"), "{text}");
    assert!(at("src/cart.rs\n") < at("src/order.rs\n"), "{text}");
    at("  4 pub struct Cart\n");
    at("  2 pub fn check_price(price: u32) -> bool\n");
    at("tests/: 1 test file\n");
    at("docs/: 1 document\n");
    assert!(
        !text.contains("orders_are_taken") && !text.contains(".env"),
        "{text}"
    );
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let environment = shop();
    let [text, data, picture] = FORMS.map(|form| map(&environment, form));
    // The file is written again, and indexed again: its rows are the last of the table then.
    environment.write("src/cart.rs", format!("{CART}// more\n"));
    map(&environment, &[]);
    environment.write("src/cart.rs", CART);
    assert_eq!(map(&environment, &[]), text);
    assert_eq!(map(&environment, &["--json"]), data);
    assert_eq!(map(&environment, &["--svg"]), picture);
}

#[test]
fn the_focus_comes_first_and_what_it_imports_is_there() {
    let environment = shop();
    let text = map(
        &environment,
        &["--focus", "src/order.rs", "--budget", "256"],
    );
    assert!(text.starts_with("src/order.rs\n"), "{text}");
    let cart = text.find("src/cart.rs\n").expect("it is imported");
    let price = text.find("src/price.rs\n").unwrap_or(usize::MAX);
    assert!(cart < price, "{text}");
    environment
        .run(&["map", "--focus", "src/odrer.rs"])
        .expect_code(1)
        .expect_words(&[
            "no indexed file is called `src/odrer.rs`",
            "similar: `src/order.rs`",
        ]);
    environment.run(&["map", "--budget", "100"]).expect_code(2);
    environment.run(&["map", "--svg", "--json"]).expect_code(2);
}

#[test]
fn what_rules_hide_is_on_no_map() {
    let environment = shop();
    hide_payroll(&environment);
    for form in FORMS.into_iter().chain([&["--mermaid"][..]]) {
        let text = map(&environment, form);
        assert!(
            !text.contains("wombat") && !text.contains("payroll"),
            "{text}"
        );
    }
    environment
        .run(&["map", "--focus", "src/payroll/wages.rs"])
        .expect_code(1)
        .expect_words(&["no indexed file", "a rule for `read` keeps it back"]);
}

#[test]
fn the_json_has_the_promised_shape() {
    let environment = shop();
    let output = environment.run(&["map", "--json", "--focus", "src/cart.rs"]);
    let answer = output.expect_success().json();
    let keys = |value: &Value| -> Vec<String> {
        let object = value.as_object().expect("an object");
        let mut keys: Vec<String> = object.keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(
        keys(&answer),
        [
            "aside", "budget", "files", "left_out", "notes", "tokens", "unread", "version"
        ]
    );
    assert_eq!(answer["version"], 1);
    assert!(answer["tokens"].as_u64() <= answer["budget"].as_u64());
    let files = answer["files"].as_array().expect("files");
    assert_eq!(files[0]["path"], "src/cart.rs");
    assert_eq!(files[0]["reason"], "focus");
    assert_eq!(
        keys(&files[0]),
        ["definitions", "language", "path", "rank", "reason"]
    );
    let definition = &files[0]["definitions"][0];
    assert_eq!(
        keys(definition),
        ["kind", "line", "name", "signature", "uses"]
    );
    assert_eq!(definition["name"], "Cart");
    assert_eq!(definition["kind"], "struct");
    let reasons: Vec<&str> = files
        .iter()
        .filter_map(|it| it["reason"].as_str())
        .collect();
    assert!(reasons.contains(&"used_by_focus") && reasons.contains(&"uses_focus"));
    let aside = answer["aside"].as_array().expect("what is counted");
    assert!(aside.contains(&json!({"folder": "docs", "role": "document", "files": 1})));
}

#[test]
fn the_picture_is_xml_and_the_chart_has_a_node_for_each_folder() {
    let environment = shop();
    environment.write(
        "<b>\"&'odd/one.rs",
        "use crate::cart::Cart;\npub fn one(cart: Cart) {}\n",
    );
    let picture = map(&environment, &["--svg"]);
    let mut reader = Reader::from_str(&picture);
    loop {
        match reader.read_event().expect("it is XML") {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().into_inner();
                assert!(
                    !["script", "b", "image", "foreignObject"].contains(&name),
                    "{picture}"
                );
            }
            _ => {}
        }
    }
    assert!(
        picture.contains("&lt;b&gt;&quot;&amp;&#39;odd"),
        "{picture}"
    );
    assert!(
        !picture.contains("http") || picture.matches("http").count() == 1,
        "{picture}"
    );
    let chart = map(&environment, &["--mermaid"]);
    assert!(chart.starts_with("flowchart LR\n"), "{chart}");
    assert!(chart.contains("[\"src: 4 files\"]"), "{chart}");
    assert!(chart.contains("-->|1|"), "{chart}");
}

fn system(request: &Value) -> &str {
    let first = &request["messages"][0];
    assert_eq!(first["role"], "system");
    first["content"].as_str().expect("a text")
}

const HEADING: &str = "Most used files";

fn chatting(server: &ChatServer) -> Environment {
    let environment = shop()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    hide_payroll(&environment);
    environment
}

#[test]
fn a_session_begins_with_a_short_map_that_stays_as_it_is() {
    let server = ChatServer::start(vec![
        Reply::text("").call("project_map", json!({"path": "src/cart.rs"})),
        Reply::text("A shop."),
        Reply::text("Still a shop."),
    ]);
    let environment = chatting(&server);
    environment.index();
    let ask = |flags: &[&str], question: &str| {
        let flags = [&["chat", "-p", question][..], flags].concat();
        let _ = environment.run(&flags).expect_success();
    };
    ask(&[], "What is this?");
    environment.write("src/more.rs", "pub fn more(cart: crate::cart::Cart) {}\n");
    environment.index();
    ask(&["--continue"], "And now?");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let first = system(&requests[0]);
    assert!(
        first.contains(HEADING) && first.contains("- src/cart.rs: Cart"),
        "{first}"
    );
    assert!(
        !first.contains("wombat") && !first.contains("wages"),
        "{first}"
    );
    for request in &requests {
        assert_eq!(system(request), first);
    }
    server.assert_each_extends_the_last(&[]);
    let messages = requests[1]["messages"].as_array().expect("messages");
    let result = messages.last().and_then(|it| it["content"].as_str());
    let result = result.expect("the result of the tool");
    assert!(
        result.contains("src/cart.rs\n  4 pub struct Cart\n"),
        "{result}"
    );
    assert!(result.contains("src/price.rs"), "{result}");
}

#[test]
fn without_an_index_or_room_there_is_no_map_in_the_prompt() {
    let server = ChatServer::start(vec![Reply::text("A shop.")]);
    let environment = chatting(&server);
    let question = ["chat", "-p", "What is this?", "--no-rag"];
    let _ = environment.run(&question).expect_success();
    assert!(!system(&server.requests()[0]).contains(HEADING));
    let small = ServedModel {
        context_length: 6_000,
        ..ServedModel::default()
    };
    let server = ChatServer::with_models(vec![small], vec![Reply::text("A shop.")]);
    let environment = environment.with("OLLAMA_HOST", &server.uri());
    environment.index();
    let _ = environment.run(&question).expect_success();
    assert!(!system(&server.requests()[0]).contains(HEADING));
}
