//! The other direction: a design for something new.

use super::*;

/// A draft of a model that works well, but for two paths and a citation.
fn draft() -> Value {
    json!({
        "context": "Orders are exported by `export_orders` (shop/orders/export.py:4). \
                    A sentence with a wrong place (shop/orders/export.py:400).",
        "options": [
            {"name": "In the store", "for": "It knows the orders.", "against": "It grows."},
            {"name": "A new module", "for": "It stands alone.", "against": "One more file."},
        ],
        "decision": "A new module, since the store is long enough.",
        "files": [
            {"path": "shop/orders/csv_export.py", "change": "Writes orders as CSV."},
            {"path": "shop/web/routes.py", "change": "Serves the export."},
            {"path": "lost/module.py", "change": "Is in no folder."},
        ],
        "steps": [
            {"do": "Write orders as CSV", "files": ["shop/orders/csv_export.py"]},
            {"do": "Serve the export", "files": ["shop/web/routes.py", "shop/orders/csv_export.py"]},
            {"do": "Test the export", "files": ["tests/test_export.py"]},
        ],
    })
}

const STEPS: &str = "## Steps\n\n\
    1. Write orders as CSV (`shop/orders/csv_export.py`)\n\
    2. Serve the export (`shop/web/routes.py`, `shop/orders/csv_export.py`)\n\
    3. Test the export (`tests/test_export.py`)\n";

#[test]
fn a_goal_becomes_a_design_that_ends_in_steps() {
    let server = ChatServer::start(vec![Reply::text(&draft().to_string())]);
    let environment = environment(&server);
    let output = design(
        &environment,
        &["--goal", "Export the orders as CSV", "--json"],
        0,
    );
    let events = output.json_lines();
    let text: String = events
        .iter()
        .filter(|event| event["event"] == "text")
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert!(
        text.starts_with("# Design: Export the orders as CSV\n"),
        "{text}"
    );
    assert!(text.ends_with(STEPS), "{text}");
    assert!(text.contains("(shop/orders/export.py:4)."), "{text}");
    assert!(!text.contains("wrong place"), "{text}");
    assert!(
        text.contains("- `shop/orders/csv_export.py` (new): Writes"),
        "{text}"
    );
    assert!(
        text.contains("no such file or folder: `lost/module.py`"),
        "{text}"
    );
    assert!(
        events.iter().any(|event| event["event"] == "retrieved"),
        "{events:#?}"
    );
    assert!(
        events.iter().all(|event| event["event"] != "tool_started"),
        "{events:#?}"
    );
    let request = &server.requests()[0];
    for shown in [
        "Export the orders as CSV",
        "`shop/billing`",
        "export_orders",
    ] {
        assert!(
            asked(request).contains(shown),
            "{shown}: {}",
            asked(request)
        );
    }
    assert!(request["format"]["properties"]["steps"].is_object());
}

#[test]
fn the_steps_of_a_draft_are_the_plan_of_a_task() {
    let server = ChatServer::start(vec![Reply::text(&draft().to_string())]);
    let environment = environment(&server);
    let output = design(&environment, &["--goal", "Export the orders as CSV"], 0);
    output.expect_words(&["`ollacode task`"]);
    // Nobody can be asked whether the plan is carried out.
    let output = environment.run(&["task", "--json"]).expect_code(1);
    for words in ["Export the orders as CSV", "Serve the export"] {
        assert!(output.stdout.contains(words), "{words}: {}", output.stdout);
    }
}

#[test]
fn a_design_is_written_to_a_new_file_only() {
    let server = ChatServer::start(vec![Reply::text(&draft().to_string())]);
    let environment = environment(&server);
    let flags = [
        "--goal",
        "Export the orders",
        "--out",
        "docs/export.md",
        "--auto-edit",
    ];
    let output = design(&environment, &flags, 0).expect_words(&["docs/export.md", "/task"]);
    let text = environment.read("docs/export.md");
    assert!(text.ends_with(STEPS), "{text}\n{output:#?}");
    let output = design(&environment, &flags, 1);
    output.expect_words(&["docs/export.md", "overwrites nothing"]);
    assert_eq!(environment.read("docs/export.md"), text);
    assert_eq!(server.requests().len(), 1, "nothing is asked in vain");
}

#[test]
fn a_reply_of_no_use_is_asked_for_once_more() {
    let mut lost = draft();
    lost["files"] = json!([{"path": "nowhere/a.py", "change": "x"}]);
    lost["steps"] = json!([{"do": "Do it", "files": ["nowhere/a.py"]}]);
    let server = ChatServer::start(vec![
        Reply::text(&lost.to_string()),
        Reply::text(&draft().to_string()),
    ]);
    let environment = environment(&server);
    let output = design(&environment, &["--goal", "Export the orders"], 0);
    assert!(output.stdout.contains("Serve the export"), "{output:#?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(asked(&requests[1]).contains("none of its files exists: nowhere/a.py"));
}

#[test]
fn garbage_twice_is_an_error_with_what_was_found() {
    let server = ChatServer::start(vec![Reply::text("No."), Reply::text("{}")]);
    let environment = environment(&server);
    let output = design(&environment, &["--goal", "Change export_orders"], 1);
    assert!(
        output.stdout.contains("shop/orders/export.py"),
        "{output:#?}"
    );
    output.expect_words(&["no design that can be used", "requested form"]);
}

#[test]
fn a_goal_needs_words_and_no_part() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    design(&environment, &["--goal", ""], 2);
    design(&environment, &["--goal", "x", "--part", "shop"], 2);
    design(&environment, &["--goal", "  "], 1).expect_words(&["the goal is empty"]);
}
