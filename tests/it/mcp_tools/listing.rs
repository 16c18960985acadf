//! What people are shown of servers, and exposed tools.

use super::*;

#[test]
fn servers_are_listed_with_their_tools_and_what_is_wrong() {
    let Some(lab) = Lab::new(Vec::new()) else {
        return;
    };
    let odd = json!({"name": "a b", "inputSchema": {"type": "object"}});
    lab.give(&json!([search("Searches the documents."), odd]));
    let listed = lab.environment.run(&["mcp", "list"]).expect_success();
    for words in [
        "docs  ",
        "server.py tools.json",
        "  search  new  Searches the documents.",
        "  a b  left out: its name is not one of letters",
    ] {
        assert!(listed.stdout.contains(words), "{words}: {listed:#?}");
    }
    let json = lab
        .environment
        .run(&["mcp", "list", "--json"])
        .expect_success()
        .json();
    let server = &json["servers"][0];
    assert_eq!(server["name"], "docs");
    assert_eq!(server["origin"], "user");
    assert_eq!(server["network"], false);
    assert_eq!(server["error"], Value::Null);
    assert_eq!(
        server["tools"],
        json!([{
            "name": "search",
            "description": "Searches the documents.",
            "arguments": "{\"query\": string, \"limit\": integer (optional)}",
            "state": "new",
            "exposed": false,
            "change": null,
        }])
    );
    assert_eq!(json["repository"], Value::Null);

    lab.environment
        .write("server.py", "import sys\nsys.exit('a token is missing')\n");
    let failed = lab.environment.run(&["mcp", "list"]).expect_code(1);
    assert!(failed.stdout.contains("does not answer:"), "{failed:#?}");
    assert!(failed.stdout.contains("a token is missing"), "{failed:#?}");
    assert!(
        !failed.stdout.contains("no tools"),
        "a failure is no empty list: {failed:#?}"
    );
    let none = Environment::new().run(&["mcp", "list"]).expect_success();
    none.expect_words(&["there are no mcp servers"]);
}

#[test]
fn the_command_of_the_chat_starts_nothing_unless_a_server_is_named() {
    let Some(lab) = Lab::new(Vec::new()) else {
        return;
    };
    let terminal = lab.talk();
    terminal.enter("/mcp");
    terminal.expect("not seen yet");
    terminal.expect_end(PROMPT);
    assert_eq!(lab.starts(), 0);
    terminal.enter("/mcp docs");
    terminal.expect("Searches the documents.");
    terminal.expect_end(PROMPT);
    assert_eq!(lab.starts(), 1);
    terminal.enter("/mcp other");
    terminal.expect("there is no MCP server `other`: there are `docs`");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn an_exposed_tool_is_there_from_the_start_of_the_first_session() {
    let script = || {
        vec![
            Reply::text("").call("docs_search", json!({"query": "kettle", "limit": "2"})),
            Reply::text("They say much."),
        ]
    };
    let Some(lab) = Lab::new(script()) else {
        return;
    };
    lab.configure("expose = [\"search\", \"gone\"]");
    let output = lab.ask(&["--auto-approve"]);
    assert_eq!(lab.outcomes(&output), ["docs_search done"]);
    assert_eq!(
        lab.calls(),
        [json!(["search", {"query": "kettle", "limit": 2}])]
    );
    let note = "`gone` of the mcp server `docs` cannot be exposed";
    assert!(
        output.words().replace('\n', " ").contains(note),
        "{output:#?}"
    );
    let requests = lab.server.requests();
    let names = offered(&requests[0]);
    assert_eq!(names.last().map(String::as_str), Some("docs_search"));
    let tool = requests[0]["tools"]
        .as_array()
        .and_then(|all| all.last())
        .cloned();
    let tool = tool.unwrap_or_default();
    let description = "The server `docs` says: \"Searches the documents.\"";
    assert_eq!(tool["function"]["description"], description);
    lab.server.assert_each_extends_the_last(&[]);

    // It changes meanwhile: the list stays as it was pinned, to the byte, and nothing is started for it.
    lab.give(&json!([search("Now it is evil.")]));
    let before = lab.starts();
    lab.server.then(vec![Reply::text("Nothing.")]);
    lab.ask(&[]);
    assert_eq!(lab.starts(), before);
    let later = lab.server.requests();
    assert_eq!(
        later.last().expect("a request")["tools"],
        requests[0]["tools"]
    );
}
