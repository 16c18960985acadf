//! Each skill that comes with ollacode, with a model that follows it.

use super::*;

const CART: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    \
                    return result\n";

/// Has a scripted model follow a skill, and gives the server, the environment, the question and the events.
#[track_caller]
fn follow(
    name: &str,
    arguments: &str,
    files: &[(&str, &str)],
    script: Vec<Reply>,
) -> (ChatServer, Environment, String, Vec<Value>) {
    let server = ChatServer::start(script);
    let environment = environment(&server);
    for (path, text) in files {
        environment.write(path, text);
    }
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "begin"]);
    let line = format!("/{name} {arguments}");
    let line = line.trim_end();
    let events = ask(&environment, &["--auto-edit"], line, 0);
    let said = question(&server.requests()[0]);
    let begin = format!(
        "{line}\n\n## Skill `{name}`\n\nThese instructions are part of ollacode. Follow them"
    );
    assert!(said.starts_with(&begin), "{said}");
    assert!(
        said.ends_with(&format!("\n\n(end of the skill `{name}`)")),
        "{said}"
    );
    let last = events.last().expect("an end");
    assert_eq!(
        (&last["event"], &last["how"]),
        (&json!("ended"), &json!("answered"))
    );
    assert_eq!(server.left(), 0);
    server.assert_each_extends_the_last(&[]);
    // Skills of ours alone cost no prompt and no tool.
    let tools = server.requests()[0]["tools"].to_string();
    assert!(!tools.contains("use_skill"), "{tools}");
    (server, environment, said, events)
}

fn answer(events: &[Value]) -> String {
    let texts = events.iter().filter(|event| event["event"] == "text");
    texts.filter_map(|event| event["text"].as_str()).collect()
}

#[test]
fn write_tests_makes_a_file_of_tests() {
    let tests = "from cart import total\n\n\ndef test_nothing_costs_nothing():\n    assert total([]) == 0\n";
    let (_server, environment, said, events) = follow(
        "write-tests",
        "cart.py total",
        &[
            ("cart.py", CART),
            ("tests/test_shop.py", "def test_shop():\n    assert True\n"),
        ],
        vec![
            read("cart.py"),
            grep("def test_"),
            read("tests/test_shop.py"),
            Reply::text("").call(
                "write_file",
                json!({"path": "tests/test_cart.py", "content": tests}),
            ),
            Reply::text("The new file is tests/test_cart.py: it covers an empty cart."),
        ],
    );
    assert!(said.contains("Write tests for: cart.py total\n"), "{said}");
    let expected = [
        "read_file done",
        "grep_search done",
        "read_file done",
        "write_file done",
    ];
    assert_eq!(calls(&events), expected);
    assert_eq!(environment.read("tests/test_cart.py"), tests);
}

#[test]
fn explain_module_reads_and_changes_nothing() {
    let (_server, environment, said, events) = follow(
        "explain-module",
        "cart.py",
        &[
            ("cart.py", CART),
            ("shop.py", "from cart import total\n\nprint(total([1]))\n"),
        ],
        vec![
            read("cart.py"),
            grep("total"),
            Reply::text("**Purpose**: it adds up prices (cart.py:1-5). **Used by**: shop.py:3."),
        ],
    );
    assert!(
        said.contains("Explain this part of the code: cart.py\n"),
        "{said}"
    );
    assert_eq!(calls(&events), ["read_file done", "grep_search done"]);
    assert!(answer(&events).contains("cart.py:1-5"));
    assert_eq!(environment.read("cart.py"), CART);
}

#[test]
fn review_changes_reads_what_is_not_committed() {
    let (server, _environment, said, events) = follow(
        "review-changes",
        "HEAD~1..HEAD for empty input",
        &[("cart.py", CART)],
        vec![
            run("git status --short"),
            read("cart.py"),
            Reply::text("Nothing is wrong in cart.py:1-5: an empty list gives 0."),
        ],
    );
    assert!(
        said.contains("look for: HEAD~1..HEAD for empty input\n"),
        "{said}"
    );
    assert_eq!(calls(&events), ["run_command done", "read_file done"]);
    let results = texts(&server.requests()[2], "tool");
    assert!(results[1].contains("result += price"), "{results:?}");
}

#[test]
fn changelog_entry_writes_below_the_heading() {
    let changelog = "# Changelog\n\n## Unreleased\n\n- Carts have names.\n\n## 1.0\n\n- First.\n";
    let (_server, environment, said, events) = follow(
        "changelog-entry",
        "",
        &[("CHANGELOG.md", changelog), ("cart.py", CART)],
        vec![
            read("CHANGELOG.md"),
            edit(
                "CHANGELOG.md",
                "- Carts have names.",
                "- Carts have names.\n- Carts have a total.",
            ),
            Reply::text("Added below Unreleased: carts have a total (CHANGELOG.md:6)."),
        ],
    );
    assert!(
        said.contains("Write a changelog entry for: \nIf nothing is given"),
        "{said}"
    );
    assert_eq!(calls(&events), ["read_file done", "edit_file done"]);
    let expected = changelog.replace("names.\n", "names.\n- Carts have a total.\n");
    assert_eq!(environment.read("CHANGELOG.md"), expected);
}

#[test]
fn upgrade_dependency_changes_the_version_in_the_manifest() {
    let (_server, environment, said, events) = follow(
        "upgrade-dependency",
        "requests 2.32.0",
        &[
            ("requirements.txt", "flask==3.0.0\nrequests==2.31.0\n"),
            ("cart.py", CART),
        ],
        vec![
            grep("requests"),
            edit("requirements.txt", "requests==2.31.0", "requests==2.32.0"),
            Reply::text(
                "requests is at 2.32.0 in requirements.txt:2; run `pip install -r requirements.txt`.",
            ),
        ],
    );
    let expected = "Upgrade this dependency (package, then version): requests 2.32.0\n";
    assert!(said.contains(expected), "{said}");
    assert_eq!(calls(&events), ["grep_search done", "edit_file done"]);
    let manifest = environment.read("requirements.txt");
    assert_eq!(manifest, "flask==3.0.0\nrequests==2.32.0\n");
}
