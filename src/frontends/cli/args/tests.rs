//! What the command line accepts, and which settings it gives.

use std::path::Path;

use super::*;

fn read(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::read(["ollacode"].into_iter().chain(line.split_whitespace()))
}

/// The value that the command line gives a setting.
fn given<'a>(flags: &'a Flags, setting: &str) -> Option<&'a str> {
    let mut given = flags.given.iter();
    let (_, _, value) = given.find(|(name, _, _)| *name == setting)?;
    value.to_str()
}

fn search(line: &str) -> SearchArguments {
    let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    match arguments.command {
        Some(Command::Search(search)) => search,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn each_command_has_an_example_in_its_help() {
    for command in Arguments::command().get_subcommands() {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let example = format!("ollacode {}", command.get_name());
        assert!(help.contains(&example), "{}: {help}", command.get_name());
    }
}

#[test]
fn what_contradicts_itself_is_a_usage_error() {
    for line in [
        "nonsense",
        "chat words",
        "chat --continue --resume a",
        "chat --auto-edit --auto-approve",
        "chat --tools some",
        "chat --max-steps ten",
        "chat --prompt=",
        "sessions export",
        "sessions export a --format html",
        "index --watch --dry-run",
        "index --status --failures",
        "index --inspect a.rs --remove",
        "index --force --status",
        "index a b",
        "index a --workspace b",
        "--workspace b index a",
        "--continue --resume a",
        "--auto-edit --auto-approve",
        "--prompt=",
        "--model m search x",
        "--plan chat",
        "--json sessions",
        "index --embed-model=",
        "index --workspace=",
        "search",
        "search words --stdin",
        "search words --limit 0",
        "search words --limit 101",
        "search words --limit ten",
        "search words --color sometimes",
        "completions",
        "completions basic",
        "web --port many",
        "web --port 65536",
        "web --listen somewhere",
        "web --listen 192.168.1.5:80",
        "web --listen 0.0.0.0",
        "web --listen ::",
        "web --listen ::ffff:0.0.0.0",
        "web --pair",
        "serve --prompt x",
        "benchmark --quick --budget 5",
        "benchmark --budget 0",
        "benchmark --compare a",
        "benchmark m --compare a b",
        "benchmark --suite --quick",
        "benchmark --suite --compare a b",
        "benchmark --suite --languages cobol",
        "benchmark --suite --try-minutes 0",
        "benchmark --languages go",
        "benchmark --task lot-picking",
        "benchmark --again",
        "benchmark --unconfined",
    ] {
        match read(line) {
            Ok(arguments) => panic!("`{line}` was taken: {arguments:?}"),
            Err(error) => assert_eq!(error.exit_code(), 2, "{line}: {error}"),
        }
    }
    assert!(Arguments::read(["ollacode", "search", "  "]).is_err());
}

#[test]
fn help_and_version_are_no_failures() {
    for line in ["--help", "search --help", "help index"] {
        let code = read(line).map(|_| ()).map_err(|error| error.exit_code());
        assert_eq!(code, Err(0), "{line}");
    }
    for (line, verbose) in [
        ("--version", 0),
        ("-V", 0),
        ("-vV", 1),
        ("--version --verbose", 1),
    ] {
        let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(arguments.version, "{line}");
        assert_eq!(arguments.verbose, verbose, "{line}");
    }
}

#[test]
fn nothing_means_to_chat() {
    for line in ["", "--offline", "--workspace w"] {
        let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(arguments.command.is_none(), "{line}");
    }
    for line in ["chat", "cli"] {
        let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(
            matches!(arguments.command, Some(Command::Chat(_))),
            "{line}"
        );
    }
}

#[test]
fn flags_of_chat_work_without_its_name() {
    let arguments = Arguments::read(["ollacode", "--offline", "-p", "where is it", "--json"]);
    let arguments = arguments.unwrap_or_else(|error| panic!("{error}"));
    assert!(arguments.command.is_none() && arguments.offline);
    assert_eq!(arguments.chat.prompt.as_deref(), Some("where is it"));
    assert!(arguments.chat.json);
    let line = "--model qwen3:8b --continue --workspace w --max-steps 3";
    let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(arguments.chat.go_on);
    let flags = arguments.flags();
    assert_eq!(given(&flags, "OLLAMA_MODEL"), Some("qwen3:8b"));
    assert_eq!(given(&flags, "OLLACODE_MAX_STEPS"), Some("3"));
    assert_eq!(given(&flags, "WORKSPACE_DIR"), Some("w"));
    // The name of a command can be the value of an option.
    let resumed = read("--resume search").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(resumed.chat.resume.as_deref(), Some("search"));
}

#[test]
fn other_commands_have_no_flags_of_chat() {
    for line in ["index --plan", "search x --model m", "sessions --continue"] {
        assert!(read(line).is_err(), "{line}");
    }
    for (line, is_told) in [
        ("--help", true),
        ("chat --help", true),
        ("index --help", false),
    ] {
        let help = read(line).map(|_| String::new());
        let help = help.unwrap_or_else(|error| error.to_string());
        assert_eq!(help.contains("--auto-edit"), is_told, "{line}: {help}");
    }
    let arguments = read("--workspace w search x --json");
    let arguments = arguments.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(arguments.command, Some(Command::Search(_))));
    assert_eq!(arguments.chat, ChatArguments::default());
}

#[test]
fn flags_of_chat_are_settings() {
    let line = "chat --model m --tools core --max-steps 3 --no-rag --plan";
    let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let flags = arguments.flags();
    assert_eq!(given(&flags, "OLLAMA_MODEL"), Some("m"));
    assert_eq!(given(&flags, "OLLACODE_TOOLS"), Some("core"));
    assert_eq!(given(&flags, "OLLACODE_MAX_STEPS"), Some("3"));
    assert_eq!(given(&flags, "OLLACODE_RAG"), Some("false"));
    let flags = read("doctor --model m").map(|arguments| arguments.flags());
    assert_eq!(
        flags
            .ok()
            .as_ref()
            .and_then(|flags| given(flags, "OLLAMA_MODEL")),
        None
    );
}

#[test]
fn the_web_page_has_two_names_and_its_port_is_a_setting() {
    for line in ["web", "serve --listen 192.168.1.5 --token-file t"] {
        let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let flags = arguments.flags();
        assert!(matches!(arguments.command, Some(Command::Web(_))), "{line}");
        assert_eq!(given(&flags, "OLLACODE_WEB_PORT"), None, "{line}");
    }
    let line = "web --port 0 --model m --auto-approve";
    let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let flags = arguments.flags();
    assert_eq!(given(&flags, "OLLACODE_WEB_PORT"), Some("0"));
    assert_eq!(given(&flags, "OLLAMA_MODEL"), Some("m"));
}

#[test]
fn words_of_a_query_need_no_quotes() {
    assert_eq!(
        search("search where is it").query().as_deref(),
        Some("where is it")
    );
    let mixed = search("search --json where --lang go is --path a/** --lang c it -n 3");
    assert_eq!(mixed.query().as_deref(), Some("where is it"));
    assert_eq!(mixed.lang, ["go", "c"]);
    assert_eq!(mixed.path, ["a/**"]);
    assert_eq!(mixed.limit, 3);
    assert!(mixed.json);
    assert_eq!(
        search("search -- --limit").query().as_deref(),
        Some("--limit")
    );
    assert_eq!(search("search --stdin").query(), None);
    assert_eq!(search("search x").limit, 10);
}

#[test]
fn flags_are_known_before_and_after_the_command() {
    let before = "--workspace w --data-dir d --embed-model m --offline -vv --color never";
    for line in [format!("{before} search x"), format!("search x {before}")] {
        let flags = read(&line)
            .unwrap_or_else(|error| panic!("{line}: {error}"))
            .flags();
        assert_eq!(given(&flags, "WORKSPACE_DIR"), Some("w"), "{line}");
        assert_eq!(given(&flags, "OLLACODE_DATA_DIR"), Some("d"), "{line}");
        assert_eq!(given(&flags, "OLLAMA_EMBED_MODEL"), Some("m"), "{line}");
        assert_eq!(given(&flags, "OLLACODE_OFFLINE"), Some("true"), "{line}");
        assert_eq!(
            given(&flags, "OLLACODE_LOG"),
            Some("warn,ollacode=debug"),
            "{line}"
        );
        assert_eq!(flags.color, Color::Never, "{line}");
    }
}

#[test]
fn each_action_of_index_is_told_apart() {
    let file = Path::new("a.rs");
    for (line, action) in [
        ("index", IndexAction::Refresh),
        ("index . --force --yes", IndexAction::Refresh),
        ("index --watch --force", IndexAction::Watch),
        ("index --dry-run --json", IndexAction::DryRun),
        ("index --status", IndexAction::Status),
        ("index --failures", IndexAction::Failures),
        ("index --inspect a.rs", IndexAction::Inspect(file)),
        ("index --remove -y", IndexAction::Remove),
    ] {
        let arguments = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        match &arguments.command {
            Some(Command::Index(index)) => assert_eq!(index.action(), action, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    let flags = read("index some/where").map(|arguments| arguments.flags());
    assert_eq!(
        flags
            .ok()
            .as_ref()
            .and_then(|flags| given(flags, "WORKSPACE_DIR")),
        Some("some/where")
    );
}

#[test]
fn the_paths_of_a_map_need_no_flag() {
    let arguments = read("map src --focus tests").expect("it is understood");
    let Some(Command::Map(map)) = arguments.command else {
        panic!("it is no map");
    };
    assert_eq!(
        (map.paths, map.focus),
        (vec!["src".to_owned()], vec!["tests".to_owned()])
    );
}

#[test]
fn what_jobs_share_is_found_for_each_of_them() {
    for (line, is_job) in [
        ("init", true),
        ("design", true),
        ("check", true),
        ("commit", true),
        ("review", true),
        ("task", true),
        ("map", false),
    ] {
        let arguments = read(line).expect("it is understood");
        let job = arguments.command.as_ref().and_then(Command::job);
        assert_eq!(job.is_some(), is_job, "{line}");
    }
}

#[test]
fn jobs_offer_only_what_has_an_effect() {
    for (line, is_understood) in [
        ("check --network --sandbox off -y", true),
        ("check --model x", false),
        ("check --tools all", false),
        ("check --max-steps 3", false),
        ("check --no-rag", false),
        ("commit --model x --network", true),
        ("commit --no-rag", false),
        ("review --model x", true),
        ("review --tools core", false),
        ("init --model x --no-rag --network", true),
        ("init --max-steps 3", false),
        ("design --model x --no-rag", true),
        ("design --sandbox off", false),
        ("design --network", false),
        ("task --tools core --max-steps 3 --no-rag --network x", true),
    ] {
        assert_eq!(read(line).is_ok(), is_understood, "{line}");
    }
    let flags = read("task --tools core --max-steps 3 --no-rag --model x go").map(|it| it.flags());
    let flags = flags.expect("it is understood");
    for (setting, value) in [
        ("OLLACODE_TOOLS", "core"),
        ("OLLACODE_MAX_STEPS", "3"),
        ("OLLACODE_RAG", "false"),
        ("OLLAMA_MODEL", "x"),
    ] {
        assert_eq!(given(&flags, setting), Some(value), "{setting}");
    }
    // Whoever looks at a change needs no index for it.
    let flags = read("check").expect("it is understood").flags();
    assert_eq!(given(&flags, "OLLACODE_RAG"), Some("false"));
}
