//! Calls of own tools: what runs, and what does not.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::model::repair::check;
use crate::model::{Parameter, ParameterKind};
use crate::permission::{
    CommandRisk, Confinement, Effect, Mode, Permission, Preview, UserRules, permission,
};
use crate::tools::tests_support::{Bench, call};

/// The first tool of a file.
fn own(text: &str) -> OwnTool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, text).unwrap();
    let user = UserRules::read(&file, None).unwrap_or_else(|error| panic!("{text}: {error}"));
    OwnTool::new(&user.tools[0])
}

/// A tool that prints each of its words in brackets.
fn show(words: &str, parameters: &str) -> OwnTool {
    own(&format!(
        "[[tool]]\nname = 'show'\ndescription = 'Shows.'\ncommand = ['printf', '[%s]\\n', {words}]\n\
         parameters = {{ {parameters} }}\n"
    ))
}

async fn prepared(bench: &Bench, tool: &OwnTool, arguments: Value) -> PreparedCall {
    let asked = call("show", arguments.clone());
    match bench.prepare_with(tool, &asked).await {
        Ok(prepared) => prepared,
        Err(error) => panic!("{arguments}: {error}"),
    }
}

async fn refused(bench: &Bench, tool: &OwnTool, arguments: Value) -> String {
    match bench
        .prepare_with(tool, &call("show", arguments.clone()))
        .await
    {
        Err(ToolError::TellModel(text)) => text,
        Err(other) => panic!("{arguments}: {other}"),
        Ok(prepared) => panic!("{arguments}: {}", prepared.what),
    }
}

/// The line that would run.
async fn line(bench: &Bench, tool: &OwnTool, arguments: Value) -> String {
    let prepared = prepared(bench, tool, arguments).await;
    let Preview::Command(line) = prepared.preview else {
        panic!("no command");
    };
    line
}

#[test]
fn models_are_told_its_parameters_with_their_types() {
    let tool = own(r#"
        [[tool]]
        name = "query"
        description = "Filters JSON."
        command = ["jq", "{raw}", "--indent={indent}", "--{mode}", "{more}", "--", "{filter}", "{file}"]
        [tool.parameters]
        filter = { type = "text", description = "The filter" }
        file = "path"
        raw = { type = "boolean", flag = "-r" }
        indent = { type = "integer", default = 2 }
        mode = { type = "text", enum = ["tab", "seq"], description = "How" }
        more = { type = "texts", required = false }
        "#);
    let parameter = |name: &str, kind, description: &str, required| Parameter {
        name: name.to_owned(),
        aliases: Vec::new(),
        kind,
        description: description.to_owned(),
        required,
    };
    let mode = json!({"type": "string", "enum": ["tab", "seq"], "description": "How"});
    let spec = tool.spec();
    assert_eq!(
        (spec.name.as_str(), spec.description.as_str()),
        ("query", "Filters JSON.")
    );
    assert!(spec.is_core && !spec.takes_others && spec.schema.is_none());
    let mut found = spec.parameters.clone();
    let aliases = std::mem::take(&mut found[2].aliases);
    assert!(aliases.iter().any(|name| name == "path"), "{aliases:?}");
    assert!(!aliases.iter().any(|name| name == "file"), "{aliases:?}");
    assert_eq!(
        found,
        [
            parameter("mode", ParameterKind::Schema(mode), "How", true),
            parameter("filter", ParameterKind::Text, "The filter", true),
            parameter(
                "file",
                ParameterKind::Text,
                "File or folder of the workspace",
                true
            ),
            parameter("raw", ParameterKind::Boolean, "Yes or no", false),
            parameter("indent", ParameterKind::Integer, "Number; default 2", false),
            parameter("more", ParameterKind::Texts, "Texts", false),
        ]
    );
    // Models get arguments wrong, and are read generously.
    let given = call(
        "query",
        json!({"filter": 1, "path": "a.json", "mode": "tab", "raw": "yes"}),
    );
    let checked = check(given, std::slice::from_ref(spec)).unwrap();
    let expected = json!({"filter": "1", "file": "a.json", "mode": "tab", "raw": true});
    assert_eq!(Value::Object(checked.arguments), expected);
}

#[tokio::test]
async fn an_argument_is_a_word_whatever_it_holds() {
    let bench = Bench::new();
    let tool = show(
        "'{one}', 'x={two}y', '{more}'",
        "one = 'text', two = 'text', more = 'texts'",
    );
    for text in [
        "plain",
        "",
        "it's \"quoted\"",
        "$(touch made)",
        "`touch made`",
        "a; touch made",
        "a && touch made || touch made",
        "a\ntouch made\n",
        "' ; touch made ; '",
        "'\\''; touch made #",
        "${HOME} $HOME ~ * ? [a] {a,b}",
        "\\ \\n \\' !x",
        "> made",
        "한국어 é",
        "#",
        "=x",
        "%s",
    ] {
        let arguments = json!({"one": text, "two": text, "more": [text, "last"]});
        let prepared = prepared(&bench, &tool, arguments).await;
        let output = bench.run(prepared).await.unwrap();
        let shown = format!("[{text}]\n[x={text}y]\n[{text}]\n[last]\n");
        assert!(
            output.text.ends_with(&format!("stdout:\n{shown}")),
            "{text:?}: {}",
            output.text
        );
        assert!(output.text.starts_with("exit code 0"), "{}", output.text);
        assert_eq!(bench.content("made"), None, "{text:?}");
    }
}

#[tokio::test]
async fn what_runs_is_judged_and_shown_as_a_command() {
    let bench = Bench::new();
    let tool = show("'{one}'", "one = 'text'");
    let prepared = prepared(&bench, &tool, json!({"one": "a b\u{202e}"})).await;
    assert_eq!(
        prepared.preview,
        Preview::Command("printf '[%s]\\n' 'a b\\u{202e}'".to_owned())
    );
    assert_eq!(
        prepared.effects,
        [Effect::Command {
            text: "printf '[%s]\\n' 'a b\u{202e}'".to_owned(),
            risk: CommandRisk::Unknown,
            network: bench.context().sandbox.opens_network(),
            tool: Some("show".to_owned()),
        }]
    );
    let other = own(
        "[[tool]]\nname = 'push'\ndescription = 'Pushes.'\ncommand = ['git', 'push', '{to}']\n\
         parameters = { to = 'text' }\n",
    );
    let prepared = bench
        .prepare_with(&other, &call("push", json!({"to": "origin"})))
        .await;
    let effects = prepared.unwrap().effects;
    let Effect::Command { risk, .. } = &effects[0] else {
        panic!("a command");
    };
    assert_eq!(*risk, CommandRisk::NeedsNetworkOrGit);
}

#[tokio::test]
async fn rules_for_commands_and_for_tools_hold() {
    let text = "[[deny]]\ncommand = 'rm'\n[[allow]]\ntool = 'remove'\n\
                [[tool]]\nname = 'remove'\ndescription = 'Removes.'\n\
                command = ['env', '{what}', '{path}']\nparameters = { what = 'text', path = 'text' }\n";
    let bench = Bench::new().ruled(text);
    let tool = own(text);
    for (what, expected) in [("rm", false), ("ls", true)] {
        let asked = call("remove", json!({"what": what, "path": "a"}));
        let prepared = bench.prepare_with(&tool, &asked).await.unwrap();
        let judged = permission(
            &prepared.effects[0],
            Mode::Ask,
            Confinement::Landlock,
            &bench.context().rules,
        );
        assert_eq!(judged == Permission::Allow, expected, "{what}: {judged:?}");
        assert_eq!(matches!(judged, Permission::Deny(_)), !expected, "{what}");
    }
}

#[tokio::test]
async fn an_argument_is_no_option() {
    let bench = Bench::new();
    let text = "one = 'text'";
    for (words, parameters, arguments) in [
        ("'{one}'", text, json!({"one": "-rf"})),
        ("'{one}'", text, json!({"one": "-"})),
        ("'{one}x'", text, json!({"one": "--output="})),
        ("'{one}-x'", text, json!({"one": ""})),
        ("'-n', '{one}'", "one = 'integer'", json!({"one": -5})),
        ("'{one}'", "one = 'texts'", json!({"one": ["a", "-x"]})),
        (
            "'{one}'",
            "one = { type = 'text', flag = '--name' }",
            json!({"one": "-x"}),
        ),
    ] {
        let why = refused(&bench, &show(words, parameters), arguments).await;
        assert!(why.starts_with("`one` must not begin with `-`"), "{why}");
    }
    for (words, parameters, arguments, expected) in [
        ("'--', '{one}'", text, json!({"one": "-rf"}), "-- -rf"),
        ("'-n{one}'", text, json!({"one": "-5"}), "-n-5"),
        ("'a{one}'", text, json!({"one": "-5"}), "a-5"),
        (
            "'{one}'",
            "one = { type = 'text', flag = '--name=' }",
            json!({"one": "-x"}),
            "--name=-x",
        ),
        // These are the user's own words.
        (
            "'{one}'",
            "one = { type = 'text', enum = ['-l', '-s'] }",
            json!({"one": "-s"}),
            "-s",
        ),
        (
            "'{one}'",
            "one = { type = 'text', default = '-l' }",
            json!({}),
            "-l",
        ),
    ] {
        let line = line(&bench, &show(words, parameters), arguments).await;
        assert_eq!(line, format!("printf '[%s]\\n' {expected}"));
    }
}

#[tokio::test]
async fn what_is_not_given_leaves_no_word() {
    let bench = Bench::new();
    let tool = show(
        "'a', '{deep}', '{count}', '--max={most}', '{level}', '{names}', 'z'",
        "deep = { type = 'boolean', flag = '--deep' }, \
         count = { type = 'integer', flag = '-n', required = false }, \
         most = { type = 'integer', required = false }, \
         level = { type = 'text', enum = ['low', 'high'], required = false, flag = '--level=' }, \
         names = { type = 'texts', flag = '-e', required = false }",
    );
    for (arguments, expected) in [
        (json!({}), "a z"),
        (json!({"deep": false, "names": []}), "a z"),
        (json!({"level": ""}), "a z"),
        (json!({"deep": true}), "a --deep z"),
        (
            json!({"deep": true, "count": 3, "most": 0, "level": "low", "names": ["x y", "z"]}),
            "a --deep -n 3 --max=0 --level=low -e 'x y' -e z z",
        ),
    ] {
        let line = line(&bench, &tool, arguments).await;
        assert_eq!(line, format!("printf '[%s]\\n' {expected}"));
    }
    let tool = show("'{deep}'", "deep = 'boolean'");
    assert_eq!(
        line(&bench, &tool, json!({"deep": true})).await,
        "printf '[%s]\\n' true"
    );
    assert_eq!(line(&bench, &tool, json!({})).await, "printf '[%s]\\n'");
}

#[tokio::test]
async fn wrong_arguments_are_told() {
    let bench = Bench::new();
    let tool = show(
        "'{one}', '{many}'",
        "one = { type = 'text', enum = ['low', 'high'] }, many = { type = 'texts', required = false }",
    );
    let many = vec!["x"; 201];
    for (arguments, expected) in [
        (json!({}), "`one` of `show` must be given"),
        (json!({"one": {"a": 1}}), "`one` of `show` must be a text"),
        (
            json!({"one": "middle"}),
            "`one` of `show` must be one of `low`, `high`",
        ),
        (
            json!({"one": "low", "many": many}),
            "`many` of `show` must be at most 200 values",
        ),
        (
            json!({"one": "low", "many": ["a\0b"]}),
            "`many` of `show` must be a value without NUL",
        ),
        (
            json!({"one": "low", "many": ["x".repeat((16 << 10) + 1)]}),
            "`many` of `show` must be a value of at most 16384 bytes",
        ),
        (
            json!({"one": "low", "many": vec!["x".repeat(16 << 10); 5]}),
            "the command would have 8",
        ),
    ] {
        let why = refused(&bench, &tool, arguments).await;
        assert!(why.starts_with(expected), "{expected}: {why}");
    }
    let vim = own(
        "[[tool]]\nname = 'edit_it'\ndescription = 'Edits.'\ncommand = ['vim', '{x}']\n\
         parameters = { x = 'text' }\n",
    );
    let why = refused(&bench, &vim, json!({"x": "a"})).await;
    assert!(why.contains("`vim` needs a terminal"), "{why}");
}

#[tokio::test]
async fn a_path_is_one_of_the_workspace() {
    let bench = Bench::new();
    bench.file("src/main.rs", "fn main() {}\n");
    bench.file("-rf", "");
    bench.file(".env", "A=1\n");
    let tool = show(
        "'{one}', '{more}'",
        "one = 'path', more = { type = 'paths', required = false }",
    );
    let full = bench.root().join("src/main.rs");
    for (given, expected) in [
        ("src/main.rs", "src/main.rs"),
        ("./src/main.rs", "src/main.rs"),
        ("`src/main.rs`", "src/main.rs"),
        (full.to_str().unwrap(), "src/main.rs"),
        ("src", "src"),
        (".", "."),
        ("-rf", "./-rf"),
    ] {
        let line = line(&bench, &tool, json!({"one": given, "more": [given]})).await;
        assert_eq!(line, format!("printf '[%s]\\n' {expected} {expected}"));
    }
    for (given, expected) in [
        ("../x", "outside"),
        ("/etc/passwd", "outside"),
        ("src/mian.rs", "similar paths: `src/main.rs`"),
        (".env", "`.env` is closed to commands"),
    ] {
        for arguments in [
            json!({"one": given}),
            json!({"one": "src", "more": [given]}),
        ] {
            let why = refused(&bench, &tool, arguments).await;
            assert!(why.contains(expected), "{given}: {why}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_judged_by_where_it_leads() {
    let bench = Bench::new().ruled("[[deny]]\nread = 'kept/**'\n");
    bench.file("kept/a.txt", "x\n");
    bench.file(".env", "A=1\n");
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, bench.root().join(name)).unwrap();
    };
    link("/etc", "out");
    link(".env", "harmless");
    link("kept/a.txt", "open");
    let tool = show("'{one}'", "one = 'path'");
    for given in ["out", "out/passwd", "harmless", "open", "kept/a.txt"] {
        refused(&bench, &tool, json!({"one": given})).await;
    }
}

#[tokio::test]
async fn its_time_has_the_limit_of_the_user() {
    let bench = Bench::new();
    let tool = own(
        "[[tool]]\nname = 'show'\ndescription = 'Waits.'\ncommand = ['sleep', '{x}']\n\
         parameters = { x = 'integer' }\ntimeout = 1\n",
    );
    assert_eq!(tool.tool.timeout, Duration::from_secs(1));
    let prepared = prepared(&bench, &tool, json!({"x": 30})).await;
    let output = bench.run(prepared).await.unwrap();
    assert!(
        output.text.starts_with("killed after 1 s"),
        "{}",
        output.text
    );
    assert!(
        output.text.contains("the user set this time"),
        "{}",
        output.text
    );
}
