//! `ollacode design` from end to end: the binary, a workspace on disk, and a scripted Ollama.

mod drafting;
mod renewing;

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::{Environment, Output};

/// The document that is written by default.
const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// The files of a small shop, in three folders.
const FILES: [(&str, &str); 10] = [
    (
        "shop/orders/store.py",
        "class OrderStore:\n    def find_order(self, number):\n        return number\n",
    ),
    (
        "shop/orders/model.py",
        "class OrderLine:\n    def line_total(self):\n        return 1\n",
    ),
    (
        "shop/orders/export.py",
        "from shop.orders.store import OrderStore\n\n\ndef export_orders():\n    return OrderStore()\n",
    ),
    (
        "shop/web/routes.py",
        "from shop.orders.store import OrderStore\n\n\ndef serve_order(number):\n    \
         return OrderStore().find_order(number)\n",
    ),
    (
        "shop/web/views.py",
        "from shop.billing.invoice import make_invoice\n\n\ndef show_invoice(order):\n    \
         return make_invoice(order)\n",
    ),
    (
        "shop/web/forms.py",
        "def read_form(text):\n    return text\n",
    ),
    (
        "shop/billing/invoice.py",
        "from shop.orders.model import OrderLine\n\n\ndef make_invoice(order):\n    \
         return OrderLine().line_total()\n",
    ),
    ("shop/billing/tax.py", "def tax_rate():\n    return 7\n"),
    (
        "shop/billing/rates.py",
        "def shipping_rate():\n    return 3\n",
    ),
    (
        "tests/test_routes.py",
        "from shop.web.routes import serve_order\n\n\ndef test_serve():\n    assert serve_order(1)\n",
    ),
];

/// The shop, indexed, with a chat server.
fn environment(server: &ChatServer) -> Environment {
    let environment = shop().with("OLLAMA_HOST", &server.uri());
    environment.index();
    environment
}

fn shop() -> Environment {
    let environment = Environment::new().with("OLLAMA_MODEL", CHAT_MODEL);
    for (path, text) in FILES {
        environment.write(path, text);
    }
    environment
}

/// Runs `ollacode design`.
#[track_caller]
fn design(environment: &Environment, flags: &[&str], code: i32) -> Output {
    let mut arguments = vec!["design"];
    arguments.extend(flags);
    environment.run(&arguments).expect_code(code)
}

/// What the model was shown in a request.
fn asked(request: &Value) -> &str {
    request["messages"][1]["content"]
        .as_str()
        .unwrap_or_default()
}

/// The first place in the outline that a request shows: `path:line`.
fn first_place(request: &Value) -> String {
    let (_, outline) = asked(request).split_once("# Outline").expect("an outline");
    let places = outline.lines().filter_map(|line| line.strip_prefix("  "));
    let mut places = places.filter_map(|line| line.split(' ').next());
    places.next().expect("a definition").to_owned()
}

/// A reply that describes a part by a word, with a citation that holds.
fn describing(word: &str) -> Reply {
    let word = word.to_owned();
    Reply::with(move |request| {
        let text = format!("As the {word} says, this part does what the shop needs.");
        let sentences = [json!({"text": text, "at": first_place(request)})];
        Reply::text(&json!({ "sentences": sentences }).to_string())
    })
}

/// A reply with one sentence and its citation.
fn saying(text: &str, at: &str) -> Reply {
    let sentences = [json!({"text": text, "at": at})];
    Reply::text(&json!({ "sentences": sentences }).to_string())
}

/// The block of a part, between its marks.
#[track_caller]
fn part<'text>(document: &'text str, path: &str) -> &'text str {
    let mark = format!("<!-- ollacode:design part=\"{path}\"");
    let (_, rest) = document.split_once(&mark).expect("the mark of a part");
    let (body, _) = rest
        .split_once("<!-- /ollacode:design -->")
        .expect("its end");
    body
}

#[test]
fn the_first_run_describes_every_part() {
    let server = ChatServer::start(vec![
        describing("first"),
        describing("second"),
        describing("third"),
    ]);
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit"], 0);
    let text = environment.read(DOCUMENT);
    assert!(
        text.starts_with("# Architecture of `workspace`\n"),
        "{text}"
    );
    for path in ["shop/billing", "shop/orders", "shop/web"] {
        let block = part(&text, path);
        assert!(
            block.contains("this part does what the shop needs"),
            "{block}"
        );
        assert!(
            block.contains(&format!("`{path}/")),
            "it cites a file: {block}"
        );
        assert!(block.contains("- Size: 3 files"), "{block}");
    }
    assert!(part(&text, "shop/web").contains("- Uses: "), "{text}");
    assert!(
        part(&text, "shop/orders").contains("`OrderStore`"),
        "{text}"
    );
    for expected in [
        "```mermaid\nflowchart LR\n",
        "[\"shop/web\"]",
        "| `shop/orders` | 3 |",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    output.expect_words(&[DOCUMENT, "3 parts described, 0 kept"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert!(request["format"]["properties"]["sentences"].is_object());
        let shown = asked(request);
        assert!(
            shown.contains("# Outline") && shown.contains("# Excerpts"),
            "{shown}"
        );
        assert!(request["tools"].as_array().is_none_or(Vec::is_empty));
    }
    // It can be undone: the journal has the change.
    let log = environment.run(&["log", "--json"]).expect_success();
    let changed = log
        .json_lines()
        .into_iter()
        .filter(|line| line["action"] == "changed");
    let paths: Vec<String> = changed.map(|line| line["path"].to_string()).collect();
    assert_eq!(paths, [format!("\"{DOCUMENT}\"")]);
}

#[test]
fn a_name_in_common_without_an_import_is_no_use() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let environment = shop().with("OLLAMA_HOST", &nobody);
    // `shop/web` defines it, and uses `shop/billing`: that would be a circle.
    environment.write(
        "shop/billing/notes.py",
        "def note(read_form):\n    return read_form\n",
    );
    environment.index();
    design(&environment, &["--auto-edit"], 0);
    let text = environment.read(DOCUMENT);
    let billing = part(&text, "shop/billing");
    let uses = billing.lines().find(|line| line.starts_with("- Uses: "));
    assert_eq!(
        uses,
        Some("- Uses: `shop/orders` (1 file: `OrderLine` `line_total`)"),
        "{text}"
    );
    assert!(!text.contains("in a circle"), "{text}");
}

#[test]
fn the_events_are_those_of_a_turn() {
    let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit", "--json"], 0);
    let events = output.json_lines();
    assert_eq!(events[0]["event"], "started");
    let tools: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "tool_started")
        .collect();
    assert_eq!(tools.len(), 1, "{events:#?}");
    assert_eq!(tools[0]["tool"], "write_file");
    let last = events.last().expect("an event");
    assert_eq!(
        (&last["event"], &last["how"]),
        (&json!("ended"), &json!("answered"))
    );
}

#[test]
fn sentences_that_do_not_hold_are_not_written() {
    let nowhere = "This sentence cites lines that nobody has seen.";
    let server = ChatServer::start(vec![
        saying(nowhere, "shop/billing/tax.py:999"),
        saying(nowhere, "shop/lost.py:1"),
        saying(
            "It calls `launch_rockets` for every order.",
            "shop/web/forms.py:1",
        ),
    ]);
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit"], 0);
    let text = environment.read(DOCUMENT);
    assert!(
        !text.contains("nobody has seen") && !text.contains("rockets"),
        "{text}"
    );
    assert!(text.contains("No part is described in words"), "{text}");
    assert!(
        part(&text, "shop/web").contains("- Size: 3 files"),
        "{text}"
    );
    output.expect_words(&[
        "3 sentences of the model did not hold and were taken out, 2 for their citation",
    ]);
}

#[test]
fn garbage_of_a_model_leaves_a_document_of_facts() {
    let server = ChatServer::start(vec![
        Reply::text("I am sorry, I cannot do that."),
        Reply::text("{\"sentences\": "),
        Reply::text("```json\n[1, 2, 3]\n```"),
    ]);
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit"], 0);
    let text = environment.read(DOCUMENT);
    assert!(
        part(&text, "shop/orders").contains("`OrderStore`"),
        "{text}"
    );
    assert!(!text.contains("sorry"), "{text}");
    output.expect_words(&["facts alone", "do not have the requested form"]);
}

#[test]
fn without_a_model_and_without_an_index_there_are_facts_and_it_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let environment = shop().with("OLLAMA_HOST", &format!("http://{address}"));
    let output = design(&environment, &["--auto-edit"], 0);
    let text = environment.read(DOCUMENT);
    assert!(
        part(&text, "shop/billing").contains("`make_invoice`"),
        "{text}"
    );
    output.expect_words(&["facts alone", DOCUMENT]);
}

#[test]
fn where_nobody_can_be_asked_the_document_is_shown() {
    let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(&server);
    let output = design(&environment, &[], 1);
    assert!(!environment.workspace().join("docs").exists());
    assert!(output.stdout.contains("As the b says"), "{output:#?}");
    output.expect_words(&["was not written", "--auto-edit"]);
}

#[test]
fn a_protected_file_needs_a_person_and_no_flag_that_is_there_already() {
    let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit", "--out", "AGENTS.md"], 1);
    assert!(!environment.workspace().join("AGENTS.md").exists());
    let output = output.expect_words(&["`AGENTS.md` was not written", "in a terminal"]);
    assert!(!output.stderr.contains("with `--auto-edit`"), "{output:#?}");
}

#[test]
fn a_window_of_8k_is_enough() {
    let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(&server).with("MAX_CONTEXT_TOKENS", "8192");
    let long: String = (0..3_000)
        .map(|number| {
            format!("def long_function_{number}(value):\n    return value + {number}\n\n\n")
        })
        .collect();
    environment.write("shop/orders/long.py", long);
    design(&environment, &["--auto-edit"], 0);
    for request in server.requests() {
        // A token has at least two characters of code.
        assert!(
            asked(&request).len() < 4_096 * 5,
            "{}",
            asked(&request).len()
        );
    }
}

#[test]
fn what_a_rule_hides_is_in_no_request_and_no_document() {
    let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(&server);
    let config = environment.outside().join("config/ollacode");
    std::fs::create_dir_all(&config).expect("a folder");
    std::fs::write(
        config.join("config.toml"),
        "[[deny]]\nread = \"shop/orders/store.py\"\n",
    )
    .expect("rules");
    environment.write("shop/orders/more.py", "def more_orders():\n    return 2\n");
    design(&environment, &["--auto-edit"], 0);
    for request in server.requests() {
        assert!(!asked(&request).contains("store.py"), "{request:#}");
    }
    let text = environment.read(DOCUMENT);
    assert!(!text.contains("store.py"), "{text}");
}
