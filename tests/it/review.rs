//! `ollacode review`: changes of a real repository, read by a scripted model.

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const LEDGER: &str = "def balance(entries):\n    return sum(entry.amount for entry in entries)\n\n\n\
                      def last(entries):\n    return entries[-1]\n";

fn repository(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("ledger.py", LEDGER);
    environment.write(
        "report.py",
        "from ledger import balance\n\nprint(balance([]))\n",
    );
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-q", "-m", "A ledger"]);
    environment
}

fn findings(findings: Value) -> Reply {
    Reply::text(&json!({"findings": findings}).to_string())
}

fn finding(path: &str, line: u32, problem: &str) -> Value {
    json!({"path": path, "line": line, "severity": "error", "problem": problem,
           "advice": "add them up"})
}

fn sent(request: &Value) -> String {
    let messages = request["messages"].as_array().expect("messages");
    let text = messages.last().expect("a message")["content"].as_str();
    text.expect("a text").to_owned()
}

#[test]
fn a_planted_bug_is_reported_and_what_is_not_in_the_changes_is_not() {
    let server = ChatServer::start(vec![findings(json!([
        finding("ledger.py", 2, "the amounts are subtracted"),
        finding("ledger.py", 600, "made up"),
        finding("report.py", 1, "not in the changes"),
    ]))]);
    let environment = repository(&server);
    environment.write("ledger.py", LEDGER.replace("sum(", "-sum("));
    environment.write("notes.py", "TOTAL = 1\n");
    environment.write(".env", "PASSWORD=correct-horse-battery\n");
    let output = environment.run(&["review"]).expect_success();
    assert!(
        output
            .stdout
            .contains("- `ledger.py:2` **error**: the amounts are subtracted → add them up"),
        "{output:#?}"
    );
    assert!(
        output.stdout.contains("2 findings name lines that are not"),
        "{output:#?}"
    );
    assert!(!output.stdout.contains("made up"), "{output:#?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0]["format"].is_object(), "{requests:#?}");
    let text = sent(&requests[0]);
    assert!(text.contains("    2 +     return -sum("), "{text}");
    assert!(text.contains("    1 + TOTAL = 1"), "a new file: {text}");
    assert!(!text.contains("correct-horse"), "{text}");
    assert!(output.words().contains(".env"), "it is said: {output:#?}");
}

#[test]
fn ranges_and_what_is_staged_are_reviewed_alone() {
    let none = || findings(json!([]));
    let server = ChatServer::start(vec![none(), none()]);
    let environment = repository(&server);
    environment.git(&["checkout", "-q", "-b", "topic"]);
    environment.write("ledger.py", LEDGER.replace("[-1]", "[0]"));
    environment.git(&["commit", "-q", "-am", "The first one"]);
    environment.write("report.py", "staged = True\n");
    environment.git(&["add", "report.py"]);
    environment.write("ledger.py", "later = True\n");

    let output = environment.run(&["review", "main..topic"]).expect_success();
    assert!(output.stdout.contains("Nothing was found."), "{output:#?}");
    environment.run(&["review", "--staged"]).expect_success();
    let [range, staged] = [0, 1].map(|at| sent(&server.requests()[at]));
    assert!(range.contains("+     return entries[0]"), "{range}");
    assert!(
        !range.contains("later") && !range.contains("staged"),
        "{range}"
    );
    assert!(staged.contains("    1 + staged = True"), "{staged}");
    assert!(!staged.contains("later"), "{staged}");
    let wrong = environment
        .run(&["review", "nothing..there"])
        .expect_code(1);
    assert!(
        wrong.words().contains("there are no revisions"),
        "{wrong:#?}"
    );
    let wrong = environment.run(&["review", "$(touch x)"]).expect_code(1);
    assert!(wrong.words().contains("no range of git"), "{wrong:#?}");
    assert!(!environment.workspace().join("x").exists());
}

#[test]
fn large_changes_are_read_in_parts_and_a_part_that_fails_is_named() {
    let server = ChatServer::start(vec![
        Reply::text("I like it."),
        findings(json!([finding("big.py", 2_000, "the last line is wrong")])),
    ]);
    let environment = repository(&server);
    let lines: String = (1..=2_000)
        .map(|number| format!("value_{number} = compute_something({number})\n"))
        .collect();
    environment.write("big.py", lines);
    let environment = environment.with("MAX_CONTEXT_TOKENS", "65536");
    for _ in 0..20 {
        server.then(vec![findings(json!([]))]);
    }
    let output = environment.run(&["review"]).expect_success();
    let requests = server.requests();
    assert!(requests.len() > 1, "{}", requests.len());
    assert!(
        output
            .stdout
            .contains("not reviewed: big.py: the model's reply is no list of findings"),
        "{output:#?}"
    );
    assert!(output.words().contains("part 2 of"), "{output:#?}");
}

#[test]
fn nothing_to_review_is_said_without_asking_the_model() {
    let server = ChatServer::start(Vec::new());
    let environment = repository(&server);
    let output = environment.run(&["review"]).expect_success();
    assert!(
        output.stdout.contains("there are no uncommitted changes"),
        "{output:#?}"
    );
    assert!(server.requests().is_empty());
}
