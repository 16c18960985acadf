//! `ollacode template` and the tool `new_from_template`, by the program.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const PAIR: &str = "description = \"A module and its test\"\n\n[variables.name]\n\
                    description = \"what it is about\"\npattern = \"[a-z ]+\"\n";

/// Writes a template of the repository that makes two files.
fn add_pair(environment: &Environment) {
    let at = |path: &str| format!(".ollacode/templates/pair/{path}");
    environment.write(&at("template.toml"), PAIR);
    environment.write(
        &at("files/src/{{ name|snake }}.rs"),
        "pub struct {{ name|pascal }};\n",
    );
    environment.write(
        &at("files/tests/{{ name|snake }}.rs"),
        "// tests of {{ name }}\n",
    );
}

fn exists(environment: &Environment, path: &str) -> bool {
    environment.workspace().join(path).exists()
}

#[test]
fn templates_are_listed_and_shown() {
    let environment = Environment::new();
    add_pair(&environment);
    environment.write(".ollacode/templates/broken/template.toml", "description = ");
    let listed = environment.run(&["template", "list"]).expect_success();
    for words in [
        "A module and its test (of this repository)",
        "endpoint-go",
        "An API endpoint in Python (FastAPI) (an example)",
        "the template `broken` cannot be read",
    ] {
        assert!(listed.stdout.contains(words), "{words}: {listed:#?}");
    }
    let listed = environment.run(&["template", "list", "--json"]).json();
    let listed = listed.as_array().expect("a list");
    let pair = listed.iter().find(|it| it["name"] == "pair");
    let pair = pair.expect("the template");
    assert_eq!(pair["origin"], "repository");
    assert_eq!(pair["error"], Value::Null);
    assert_eq!(pair["manifest"]["variables"]["name"]["pattern"], "[a-z ]+");
    let shown = environment.run(&["template", "show", "pair"]);
    let shown = shown.expect_success().stdout;
    assert!(
        shown.contains("── src/{{ name|snake }}.rs\npub struct {{ name|pascal }};\n"),
        "{shown}"
    );
    let shown = environment.run(&["template", "show", "test-go", "--json"]);
    assert_eq!(shown.json()["origin"], "shipped");
    let unknown = environment.run(&["template", "show", "endpoint-cobol"]);
    unknown
        .expect_code(1)
        .expect_words(&["there is no template `endpoint-cobol`; there are: broken, endpoint-go"]);
}

#[test]
fn files_are_made_all_or_none() {
    let environment = Environment::new();
    add_pair(&environment);
    let new = ["template", "new", "pair", "name=user account"];
    let shown = environment.run(&[&new[..], &["--dry-run"]].concat());
    let shown = shown.expect_success().stdout;
    assert!(shown.contains("pub struct UserAccount;"), "{shown}");
    assert!(!exists(&environment, "src/user_account.rs"));

    // One of the two is there: the other one is not made.
    environment.write("tests/user_account.rs", "mine\n");
    let refused = environment.run(&new).expect_code(1);
    refused.expect_words(&[
        "`tests/user_account.rs` already exists",
        "nothing was written",
    ]);
    assert!(!exists(&environment, "src/user_account.rs"));
    assert_eq!(environment.read("tests/user_account.rs"), "mine\n");
    environment.remove("tests/user_account.rs");

    // The second one cannot be written: the first one is removed again.
    fs::remove_dir(environment.workspace().join("tests")).expect("an empty folder");
    environment.write("tests", "a file in place of the folder\n");
    environment.run(&new).expect_code(1);
    assert!(!exists(&environment, "src/user_account.rs"));
    environment.remove("tests");

    environment.run(&new).expect_success().expect_words(&[
        "created src/user_account.rs",
        "created tests/user_account.rs",
    ]);
    assert_eq!(
        environment.read("src/user_account.rs"),
        "pub struct UserAccount;\n"
    );
    let wrong = environment.run(&["template", "new", "pair", "name=A", "nam=b"]);
    wrong.expect_code(1).expect_words(&[
        "it has no value `nam`",
        "`name` does not match `[a-z ]+` (what it is about)",
    ]);
}

#[test]
fn a_template_of_files_makes_files_like_them() {
    let environment = Environment::new();
    let view = |name: &str, limit: u32| {
        format!("class {name}View:\n    limit = {limit}\n\n    def show(self):\n        return 1\n")
    };
    environment.write("app/order_view.py", view("Order", 10));
    environment.write("app/user_view.py", view("User", 25));
    let from = [
        "template",
        "from",
        "view",
        "app/order_view.py",
        "app/user_view.py",
    ];
    let shown = environment.run(&[&from[..], &["--dry-run"]].concat());
    let shown = shown.expect_success().stdout;
    assert!(
        shown.contains("── app/{{ name|snake }}_view.py\nclass {{ name|pascal }}View:\n    limit = {{ value_1 }}\n"),
        "{shown}"
    );
    let own = environment.outside().join("config/ollacode/templates/view");
    assert!(!own.exists(), "it was only shown");
    environment
        .run(&from)
        .expect_success()
        .expect_words(&["it wants name, value_1"]);
    assert!(own.join("template.toml").exists());
    environment
        .run(&from)
        .expect_code(1)
        .expect_words(&["already exists"]);
    environment
        .run(&["template", "new", "view", "name=shop item"])
        .expect_success();
    assert_eq!(
        environment.read("app/shop_item_view.py"),
        view("ShopItem", 10)
    );
    // The repository cannot put its own in place of it.
    environment.write(".ollacode/templates/view/template.toml", "");
    environment.write(".ollacode/templates/view/files/a", "theirs\n");
    let shown = environment.run(&["template", "show", "view", "--json"]);
    assert_eq!(shown.json()["origin"], "user");
    for (name, path, why) in [
        ("../up", "app/order_view.py", "cannot name a template"),
        ("other", "app/none.py", "none.py"),
        ("other", "../outside.py", "outside"),
    ] {
        let refused = environment.run(&["template", "from", name, path]);
        refused.expect_code(1).expect_words(&[why]);
    }
}

#[test]
fn a_hostile_template_of_a_repository_does_nothing() {
    let environment = Environment::new();
    environment.write("private/plans.txt", "the yellow canary\n");
    let add = |name: &str, path: &str, text: &str| {
        let at = |path: &str| format!(".ollacode/templates/{name}/{path}");
        environment.write(&at("template.toml"), "");
        environment.write(&at(&format!("files/{path}")), text);
    };
    add("up", "{{ '..' }}", "x");
    add(
        "git",
        "{{ '.git' }}{{ '/hooks/pre-commit' }}",
        "#!/bin/sh\n",
    );
    add("include", "a", "{% include 'private/plans.txt' %}");
    add("deep", "a", &format!("{{{{ {}1 }}}}", "-".repeat(200_000)));
    add(
        "chain",
        "a",
        &format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(20_000)),
    );
    add(
        "endless",
        "a",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    );
    // Links to files that a rule may hide.
    let templates = environment.workspace().join(".ollacode/templates");
    environment.write(".ollacode/templates/link/template.toml", "");
    symlink("../../../private", templates.join("link/files")).expect("a link");
    symlink(
        "../../../private/plans.txt",
        templates.join("include/files/b"),
    )
    .expect("a link");
    for (name, why) in [
        ("up", "no path below the workspace"),
        ("include", "neither file nor folder"),
        ("deep", "more than 200 bytes"),
        ("chain", "`elif`"),
        ("endless", "fuel"),
        ("link", "cannot be read"),
    ] {
        let refused = environment.run(&["template", "new", name]);
        let refused = refused.expect_code(1).expect_words(&[why]);
        assert!(!refused.words().contains("canary"), "{refused:#?}");
    }
    let shown = environment.run(&["template", "show", "link"]);
    assert!(!shown.words().contains("canary"), "{shown:#?}");
    let new = environment.run(&["template", "new", "git"]).expect_code(1);
    new.expect_words(&["`.git/hooks/pre-commit`", "nothing was written"]);
    assert!(!exists(&environment, ".git/hooks/pre-commit"));
}

#[test]
fn a_model_asks_what_a_template_wants_and_uses_it() {
    let use_it = |arguments: Value| Reply::text("").call("new_from_template", arguments);
    let server = ChatServer::start(vec![
        use_it(json!({"name": "pair"})),
        use_it(json!({"name": "pair", "values": {"name": "user account"}})),
        Reply::text("Both are made."),
    ]);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    add_pair(&environment);
    let output = environment.run(&[
        "chat",
        "--json",
        "--no-rag",
        "--auto-edit",
        "-p",
        "Make a module for user accounts.",
    ]);
    let events = output.expect_success().json_lines();
    let finished = events.iter();
    let finished = finished.filter(|event| event["event"] == "tool_finished");
    let finished: Vec<&Value> = finished.collect();
    assert_eq!(finished.len(), 2, "{events:#?}");
    assert_eq!(finished[0]["outcome"], "done");
    assert_eq!(finished[1]["outcome"], "done");
    assert_eq!(finished[1]["summary"], "2 files, +2");
    assert_eq!(
        environment.read("src/user_account.rs"),
        "pub struct UserAccount;\n"
    );
    assert_eq!(
        environment.read("tests/user_account.rs"),
        "// tests of user account\n"
    );
    let last = server.requests().last().cloned().unwrap_or_default();
    let told = last["messages"].to_string();
    assert!(told.contains("name: what it is about"), "{told}");
    server.assert_each_extends_the_last(&[]);
}
