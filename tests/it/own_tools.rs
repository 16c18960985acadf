//! The user's own tools, by the program: what a model is told, what runs, and what does not.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::process::Command;

use ollacode::permission::command::shell_line;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::generated::read;
use crate::support::terminal::{PROMPT, Terminal};
use crate::support::{Environment, Output};

/// A tool that copies a file, and one that prints its words in brackets.
const TOOLS: &str = r#"
[[tool]]
name = "copy_note"
description = "Copies a note."
command = ["cp", "{from}", "{to}"]
parameters = { from = "path", to = { type = "text", description = "The new name" } }

[[tool]]
name = "show_words"
description = "Shows words."
command = ["printf", "[%s]\\n", "{first}", "--more={more}", "{rest}"]
parameters = { first = "text", more = "text", rest = "texts" }
"#;

fn environment(server: &ChatServer, settings: &str) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("notes.txt", "The kettle boils.\n");
    set(&environment, settings);
    environment
}

/// Writes the user's `config.toml`.
fn set(environment: &Environment, settings: &str) {
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("config.toml"), settings).expect("a file");
}

fn copy(to: &str) -> Reply {
    Reply::text("").call("copy_note", json!({"from": "notes.txt", "to": to}))
}

/// The outcomes of the calls of a question.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str]) -> Vec<String> {
    let mut arguments = vec!["chat", "--json", "--no-rag", "-p", "Do it."];
    arguments.extend(flags);
    let output = environment.run(&arguments).expect_success();
    let events = output.json_lines();
    let of = |kind: &str| -> Vec<Value> {
        let events = events.iter();
        events
            .filter(|event| event["event"] == kind)
            .cloned()
            .collect()
    };
    let (started, finished) = (of("tool_started"), of("tool_finished"));
    assert_eq!(started.len(), finished.len(), "{output:#?}");
    let both = started.iter().zip(&finished);
    both.map(|(start, end)| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}", text(&start["tool"]), text(&end["outcome"]))
    })
    .collect()
}

/// The results that the model got, in order.
fn results(server: &ChatServer) -> Vec<String> {
    let requests = server.requests();
    let messages = requests.last().expect("a request")["messages"].clone();
    let messages = messages.as_array().cloned().unwrap_or_default();
    let results = messages.iter().filter(|message| message["role"] == "tool");
    let texts = results.filter_map(|message| message["content"].as_str());
    texts.map(str::to_owned).collect()
}

fn exists(environment: &Environment, path: &str) -> bool {
    environment.workspace().join(path).exists()
}

#[test]
fn the_example_of_the_page_runs() {
    if Command::new("jq").arg("--version").output().is_err() {
        let note = "the example of docs/own_tools.md was not run: there is no `jq`";
        let _ = writeln!(std::io::stderr(), "{note}");
        return;
    }
    let page = read("docs/own_tools.md");
    let example = page
        .split_once("```toml\n")
        .and_then(|(_, rest)| rest.split_once("\n```"));
    let (example, _) = example.expect("an example");
    let query = |arguments: Value| Reply::text("").call("json_query", arguments);
    let server = ChatServer::start(vec![
        query(json!({"filter": ".a", "path": "x.json", "raw": true})),
        query(json!({"filter": ".", "path": "x.json", "indent": 1})),
        Reply::text("It is one."),
    ]);
    let rule = "[[allow]]\ntool = \"json_query\"\n";
    let environment = environment(&server, &format!("{example}\n\n{rule}"));
    environment.write("x.json", "{\"a\": \"one\"}\n");
    assert_eq!(ask(&environment, &[]), ["json_query done"; 2]);
    let results = results(&server);
    for (result, printed) in results.iter().zip(["\none\n", "\n{\n \"a\": \"one\"\n}\n"]) {
        assert!(
            result.starts_with("exit code 0") && result.contains(printed),
            "{result}"
        );
    }
    assert_eq!(results.len(), 2);
}

#[test]
fn who_configures_none_sends_the_same_bytes() {
    let server = ChatServer::start(vec![Reply::text("Nothing to do."); 4]);
    let environment = environment(&server, TOOLS);
    assert_eq!(ask(&environment, &[]), Vec::<String>::new());
    set(&environment, "[[deny]]\ncommand = 'rm'\n");
    ask(&environment, &[]);
    let file = environment.outside().join("config/ollacode/config.toml");
    fs::remove_file(file).expect("the file");
    ask(&environment, &[]);
    let requests = server.requests();
    let [with, ruled, without] = &requests[..] else {
        panic!("one request each");
    };
    assert_eq!(without["tools"].to_string(), ruled["tools"].to_string());
    let system = |request: &Value| request["messages"][0].to_string();
    assert_eq!(system(without), system(ruled));
    assert_eq!(system(without), system(with));
    let (ours, all) = (without["tools"].as_array(), with["tools"].as_array());
    let (ours, all) = (ours.expect("a list"), all.expect("a list"));
    assert_eq!(ours[..], all[..ours.len()]);
    let own: Vec<&Value> = all[ours.len()..].iter().map(|it| &it["function"]).collect();
    assert_eq!(own.len(), 2);
    assert_eq!(
        *own[0],
        json!({
            "name": "copy_note",
            "description": "Copies a note.",
            "parameters": {
                "type": "object",
                "required": ["from", "to"],
                "properties": {
                    "from": {"type": "string", "description": "File or folder of the workspace"},
                    "to": {"type": "string", "description": "The new name"},
                },
            },
        })
    );
    assert_eq!(own[1]["name"], "show_words");
    // The user asked for them: they are there for weak models, too.
    set(&environment, TOOLS);
    ask(&environment.with("OLLACODE_TOOLS", "core"), &[]);
    let core = server.requests().remove(3);
    let core = core["tools"].as_array().expect("a list").clone();
    assert_eq!(core.len(), 8, "{core:#?}");
    assert_eq!(core[6]["function"]["name"], "copy_note");
}

#[test]
fn an_approved_call_runs_and_is_undone() {
    let server = ChatServer::start(vec![
        copy("copy of notes.txt"),
        Reply::text("It is copied."),
    ]);
    let environment = environment(&server, TOOLS);
    let terminal = Terminal::start(&environment, &["chat", "--no-rag"]);
    terminal.expect_end(PROMPT);
    terminal.enter("Copy the notes.");
    let screen = terminal.expect("[r] no, with a reason");
    assert!(screen.contains("run your tool copy_note"), "{screen}");
    assert!(
        screen.contains("  cp notes.txt 'copy of notes.txt'\n"),
        "{screen}"
    );
    assert!(
        !screen.contains("[e] edit"),
        "the command is the user's: {screen}"
    );
    terminal.answer("y");
    terminal.expect("It is copied.");
    terminal.expect_last(PROMPT);
    assert_eq!(environment.read("copy of notes.txt"), "The kettle boils.\n");
    assert!(results(&server)[0].contains("files changed by the command: copy of notes.txt"));
    terminal.enter("/undo");
    terminal.expect("copy of notes.txt");
    terminal.expect_last(PROMPT);
    crate::support::wait_until("the undo", || !exists(&environment, "copy of notes.txt"));
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn without_leave_nothing_is_changed() {
    for flags in [&[] as &[&str], &["--plan"]] {
        let server = ChatServer::start(vec![copy("other.txt"), Reply::text("I may not.")]);
        let environment = environment(&server, TOOLS);
        assert_eq!(ask(&environment, flags), ["copy_note denied"], "{flags:?}");
        assert!(!exists(&environment, "other.txt"), "{flags:?}");
    }
}

#[test]
fn arguments_are_words_whatever_they_hold() {
    let texts = [
        "it's \"quoted\"",
        "a\ntouch made\n",
        "$(touch made) `touch made`",
        "; touch made # && touch made | tee made > made",
        "\\' ' touch made '",
        "a  b\t$HOME ${PWD} ~ * {a,b}",
    ];
    let call = |text: &str| {
        let arguments = json!({"first": text, "more": text, "rest": [text, "last"]});
        Reply::text("").call("show_words", arguments)
    };
    let mut script: Vec<Reply> = texts.iter().map(|text| call(text)).collect();
    script.push(call("-rf"));
    script.push(Reply::text("That is all."));
    let server = ChatServer::start(script);
    let environment = environment(&server, TOOLS);
    let outcomes = ask(&environment, &["--auto-approve"]);
    assert_eq!(outcomes[..texts.len()], ["show_words done"; 6]);
    assert_eq!(outcomes[texts.len()..], ["show_words failed"]);
    let results = results(&server);
    for (text, result) in texts.iter().zip(&results) {
        let shown = format!("stdout:\n[{text}]\n[--more={text}]\n[{text}]\n[last]\n");
        assert!(result.contains(&shown), "{text:?}: {result}");
    }
    assert!(
        results[texts.len()].contains("`first` must not begin with `-`"),
        "{results:#?}"
    );
    assert!(!exists(&environment, "made"));
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_path_leads_nowhere_else() {
    let ways = ["../outside.txt", "link.txt", ".env", "missing.txt"];
    let mut script: Vec<Reply> = ways
        .iter()
        .map(|from| Reply::text("").call("copy_note", json!({"from": from, "to": "made.txt"})))
        .collect();
    script.push(Reply::text("I cannot."));
    let server = ChatServer::start(script);
    let environment = environment(&server, TOOLS);
    let outside = environment.outside().join("outside.txt");
    fs::write(&outside, "canary\n").expect("a file");
    symlink(&outside, environment.workspace().join("link.txt")).expect("a link");
    environment.write(".env", "A=canary\n");
    assert_eq!(
        ask(&environment, &["--auto-approve"]),
        ["copy_note failed"; 4]
    );
    assert!(!exists(&environment, "made.txt"));
    assert!(
        results(&server)[2].contains("is closed to commands"),
        "{:#?}",
        results(&server)
    );
}

#[test]
fn rules_hold_for_tools_and_for_their_commands() {
    for (rules, repository, outcome) in [
        ("[[allow]]\ntool = 'copy_*'\n", "", "copy_note done"),
        (
            "[[allow]]\ncommand = 'cp notes.txt ...'\n",
            "",
            "copy_note done",
        ),
        ("[[deny]]\ntool = 'Copy-Note'\n", "", "copy_note denied"),
        (
            "[[allow]]\ntool = 'copy_note'\n[[deny]]\ncommand = 'cp'\n",
            "",
            "copy_note denied",
        ),
        (
            "[[allow]]\ntool = 'copy_note'\n",
            "[[deny]]\ntool = 'copy_note'\n",
            "copy_note denied",
        ),
        (
            "[[allow]]\ntool = 'copy_note'\n",
            "[[ask]]\ntool = 'copy_note'\n",
            "copy_note denied",
        ),
        // What it does not allow stays forbidden.
        (
            "[[allow]]\ntool = 'copy_note'\n[[deny]]\nwrite = 'other.txt'\n",
            "",
            "copy_note denied",
        ),
    ] {
        let server = ChatServer::start(vec![copy("other.txt"), Reply::text("So it is.")]);
        let environment = environment(&server, &format!("{rules}{TOOLS}"));
        if !repository.is_empty() {
            environment.write(".ollacode/config.toml", repository);
        }
        assert_eq!(ask(&environment, &[]), [outcome], "{rules}{repository}");
        let is_done = outcome.ends_with("done");
        assert_eq!(
            exists(&environment, "other.txt"),
            is_done,
            "{rules}{repository}"
        );
    }
}

#[test]
fn what_it_prints_has_no_secrets() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let server = ChatServer::start(vec![
        Reply::text("").call("print_file", json!({"path": "client.py"})),
        Reply::text("It has a token."),
    ]);
    let settings = "[[tool]]\nname = 'print_file'\ndescription = 'Prints.'\n\
                    command = ['cat', '{path}']\nparameters = { path = 'path' }\n";
    let environment = environment(&server, settings);
    environment.write("client.py", format!("TOKEN = \"{token}\"\nURL = 1\n"));
    // It only reads, so nobody is asked.
    assert_eq!(ask(&environment, &["--plan"]), ["print_file done"]);
    let results = results(&server);
    assert!(results[0].contains("URL = 1"), "{results:#?}");
    assert!(
        !server
            .requests()
            .iter()
            .any(|it| it.to_string().contains(&token))
    );
}

#[track_caller]
fn refused(settings: &str) -> Output {
    let environment = Environment::new();
    set(&environment, settings);
    environment.run(&["index"])
}

#[test]
fn a_tool_that_could_be_taken_for_another_stops_everything() {
    let named =
        |name: &str| format!("[[tool]]\nname = '{name}'\ndescription = 'A.'\ncommand = ['a']\n");
    for (name, by) in [
        ("read_file", "read_file"),
        ("readfile", "read_file"),
        ("bash", "run_command"),
        ("scaffold", "new_from_template"),
    ] {
        refused(&named(name)).expect_code(2).expect_words(&[
            &format!("cannot add the tool `{name}`"),
            &format!("already used by the tool `{by}`"),
            "give yours another name in config.toml",
        ]);
    }
    refused("[[tool]]\nname = 'a_tool'\ndescription = 'A.'\ncommand = ['cd', '{x}']\n")
        .expect_code(2)
        .expect_words(&["config.toml:4: `cd` is a word of the shell"]);
    refused("[[deny]]\ntool = 'read_file'\n")
        .expect_code(2)
        .expect_words(&[
            "config.toml:2",
            "is a tool of ollacode itself",
            "use `read`",
        ]);
}

/// The state and the message of a check.
fn doctor(environment: &Environment, name: &str) -> Option<(String, String)> {
    let report = environment.run(&["doctor", "--json"]).json();
    let checks = report["checks"].as_array().cloned().unwrap_or_default();
    let check = checks.into_iter().find(|check| check["name"] == name)?;
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    Some((text("state"), text("message")))
}

#[test]
fn doctor_knows_tools_rules_and_trust() {
    let environment = Environment::new();
    for name in ["tools", "rules", "trust"] {
        assert_eq!(doctor(&environment, name), None, "{name}");
    }
    set(&environment, TOOLS);
    assert_eq!(
        doctor(&environment, "tools"),
        Some((
            "good".to_owned(),
            "2 tools of your own: copy_note, show_words".to_owned()
        ))
    );
    let missing = TOOLS.replace("\"cp\"", "\"no-such-program\"");
    set(
        &environment,
        &format!("[[deny]]\ntool = 'githb.*'\n{missing}"),
    );
    let (state, message) = doctor(&environment, "tools").expect("a check");
    assert_eq!(state, "warning");
    assert_eq!(message, "not found: `no-such-program` of `copy_note`");
    let (state, message) = doctor(&environment, "rules").expect("a check");
    assert_eq!(state, "warning");
    assert!(message.contains("`deny tool = 'githb.*'`"), "{message}");
    let folder = environment.data_folder().join("ollacode/trusted");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("files.json"), "{").expect("a file");
    let (state, message) = doctor(&environment, "trust").expect("a check");
    assert_eq!(state, "warning");
    assert!(message.contains("is damaged"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_shell_sees_exactly_the_words(
        words in prop::collection::vec(
            prop_oneof!["[^\\x00]{0,20}", "[ -~\n\t]{0,20}", "['\"$`\\\\;&|<>(){}*?~!#=\n -]{0,12}"],
            1..5,
        ),
    ) {
        let all: Vec<String> = ["printf", "%s\\0"]
            .into_iter()
            .map(str::to_owned)
            .chain(words.iter().cloned())
            .collect();
        let shell = ["/bin/bash", "/bin/sh"].into_iter().find(|path| fs::exists(path).unwrap_or(false));
        let output = Command::new(shell.expect("a shell"))
            .args(["-c", "--", &shell_line(&all)])
            .env("LANG", "C.UTF-8")
            .output()
            .expect("the shell starts");
        prop_assert!(output.status.success(), "{:?}", output);
        let expected: String = words.iter().map(|word| format!("{word}\0")).collect();
        prop_assert_eq!(output.stdout, expected.into_bytes());
    }
}
