//! The second run: what changed is described anew, and text of the user stays.

use super::*;

/// A shop with a document.
fn described(server: &ChatServer) -> Environment {
    server.then(vec![describing("a"), describing("b"), describing("c")]);
    let environment = environment(server);
    design(&environment, &["--auto-edit"], 0);
    environment
}

#[test]
fn nothing_changed_so_nothing_is_asked_and_nothing_written() {
    let server = ChatServer::start(Vec::new());
    let environment = described(&server);
    let text = environment.read(DOCUMENT);
    let output = design(&environment, &["--auto-edit", "--json"], 0);
    assert_eq!(server.requests().len(), 3);
    assert_eq!(environment.read(DOCUMENT), text);
    let events = output.json_lines();
    assert!(
        events.iter().all(|event| event["event"] != "tool_started"),
        "{events:#?}"
    );
    output.expect_words(&["up to date", "3 kept"]);
}

#[test]
fn one_changed_part_is_one_request_and_text_of_the_user_stays() {
    let server = ChatServer::start(Vec::new());
    let environment = described(&server);
    let mine = "\n## Why we do it so\n\nBecause `<!-- -->` of   our customers.\t\n";
    let end = "<!-- /ollacode:design -->\n";
    let text = environment.read(DOCUMENT);
    let text = text.replacen("# Architecture of `workspace`", "# The shop", 1);
    let text = text.replacen(end, &format!("{end}{mine}"), 2) + "no line end";
    environment.write(DOCUMENT, &text);
    environment.write(
        "shop/web/forms.py",
        "def read_form(text):\n    return text\n\n\ndef check_form(text):\n    return bool(text)\n",
    );
    server.then(vec![describing("newcomer")]);
    let output = design(&environment, &["--auto-edit"], 0);
    let new = environment.read(DOCUMENT);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "one more");
    assert!(asked(&requests[3]).contains("check_form"));
    assert!(
        part(&new, "shop/web").contains("As the newcomer says"),
        "{new}"
    );
    for path in ["shop/orders", "shop/billing"] {
        assert_eq!(part(&new, path), part(&text, path));
    }
    assert!(new.starts_with("# The shop\n"), "{new}");
    assert_eq!(new.matches(mine).count(), 2, "{new}");
    assert!(
        new.ends_with("no line end") || new.ends_with("no line end\n"),
        "{new}"
    );
    output.expect_words(&["1 part described, 2 kept"]);
}

#[test]
fn a_block_that_was_changed_by_hand_is_renewed_only_by_name() {
    let server = ChatServer::start(Vec::new());
    let environment = described(&server);
    let text = environment.read(DOCUMENT);
    let edited = text.replace("As the b says", "As I wrote myself");
    assert_ne!(edited, text);
    environment.write(DOCUMENT, &edited);
    environment.write("shop/orders/more.py", "def more_orders():\n    return 2\n");
    let output = design(&environment, &["--auto-edit"], 0);
    assert_eq!(server.requests().len(), 3, "nothing is asked");
    let new = environment.read(DOCUMENT);
    assert!(new.contains("As I wrote myself"), "{new}");
    output.expect_words(&["changed by hand", "`shop/orders`"]);
    server.then(vec![describing("newcomer")]);
    design(&environment, &["--auto-edit", "--part", "shop/orders"], 0);
    let new = environment.read(DOCUMENT);
    assert!(
        part(&new, "shop/orders").contains("As the newcomer says"),
        "{new}"
    );
    assert!(!new.contains("As I wrote myself"), "{new}");
}

#[test]
fn a_part_that_does_not_exist_is_an_error_with_the_parts() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let output = design(&environment, &["--auto-edit", "--part", "shop/nowhere"], 1);
    output.expect_words(&[
        "no part has `shop/nowhere`",
        "`shop/billing`, `shop/orders`",
    ]);
    assert!(!environment.workspace().join("docs").exists());
}

#[test]
fn a_document_of_somebody_else_is_never_overwritten() {
    const OWN: &str = "# Our architecture\n\nWritten by people.\n";
    for path in [DOCUMENT, "docs/architecture.md"] {
        let server = ChatServer::start(vec![describing("a"), describing("b"), describing("c")]);
        let environment = environment(&server);
        environment.write(path, OWN);
        let output = design(&environment, &["--auto-approve"], 0);
        assert_eq!(environment.read(path), OWN);
        assert!(output.stdout.contains("As the b says"), "{output:#?}");
        output.expect_words(&["nothing was overwritten", "--out", path]);
        let entries = std::fs::read_dir(environment.workspace().join("docs"));
        assert_eq!(entries.expect("a folder").count(), 1);
        server.then(vec![describing("a"), describing("b"), describing("c")]);
        design(&environment, &["--auto-edit", "--out", "docs/parts.md"], 0);
        assert!(environment.read("docs/parts.md").contains("As the b says"));
    }
}

#[test]
fn a_mark_without_an_end_is_an_error_and_nothing_is_asked() {
    let server = ChatServer::start(Vec::new());
    let environment = described(&server);
    let text = environment.read(DOCUMENT);
    let (broken, _) = text
        .rsplit_once("<!-- /ollacode:design -->")
        .expect("an end");
    environment.write(DOCUMENT, broken);
    let output = design(&environment, &["--auto-edit"], 1);
    output.expect_words(&[DOCUMENT, "has no end", "line"]);
    assert_eq!(environment.read(DOCUMENT), broken);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn files_outside_and_folders_are_not_written() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    for out in ["../outside.md", "shop", ".env"] {
        let output = design(&environment, &["--auto-approve", "--out", out], 1);
        assert!(output.words().contains(out), "{output:#?}");
    }
    assert!(!environment.outside().join("outside.md").exists());
    assert_eq!(server.requests().len(), 0);
}
