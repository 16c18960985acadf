//! The tables `[[server]]`: which servers there are, and which key each gets.

use ollacode::model::http::{KindChoice, ServerKind};

use super::*;

fn home(tables: &str) -> Home {
    let home = Home::new();
    home.write(".config/ollacode/config.toml", tables);
    home
}

fn shown(settings: &Settings) -> Vec<String> {
    settings.servers.iter().map(ToString::to_string).collect()
}

#[test]
fn the_server_of_the_settings_is_the_first() {
    let home = home("[[server]]\nurl = 'http://gpu:11434'\nname = 'gpu'\nroles = ['embed']\n");
    let settings = home.settings(&[("OLLAMA_HOST", "here:1"), ("OLLAMA_API_KEY", "sesame")]);
    assert_eq!(
        shown(&settings),
        ["http://here:1", "gpu (http://gpu:11434)"]
    );
    let [first, gpu] = settings.servers.as_slice() else {
        panic!("two servers");
    };
    assert!((first.chat && first.embed) && (!gpu.chat && gpu.embed));
    assert!(
        first.config.key.is_some() && gpu.config.key.is_none(),
        "keys are not shared"
    );
    let alone = Home::new().settings(&[]);
    assert_eq!(shown(&alone), ["http://127.0.0.1:11434"]);
}

#[test]
fn a_table_with_the_address_of_the_settings_says_more_about_that_server() {
    let home =
        home("[[server]]\nurl = 'http://127.0.0.1:11434/'\nname = 'here'\nkind = 'ollama'\n");
    let settings = home.settings(&[("OLLAMA_API_KEY", "sesame")]);
    assert_eq!(shown(&settings), ["here (http://127.0.0.1:11434)"]);
    let kind = KindChoice::Kind(ServerKind::Ollama);
    assert_eq!(settings.server.kind, kind);
    assert!(settings.servers[0].config.key.is_some());
}

#[test]
fn a_key_is_in_the_environment_and_never_shown() {
    let tables = "[[server]]\nurl = 'https://gpu'\nkey_env = 'GPU_KEY'\n";
    let settings = home(tables).settings(&[("GPU_KEY", "sesame")]);
    assert!(settings.servers[1].config.key.is_some());
    assert!(!format!("{settings:?}").contains("sesame"));
    let without = home(tables).settings(&[]);
    assert!(without.servers[1].config.key.is_none());
    let said = without.warnings.join("\n");
    assert!(said.contains("`GPU_KEY` is not set"), "{said}");
    let error = home(tables).error(&[("GPU_KEY", "sesame\nopen")]);
    assert!(
        error.contains("`GPU_KEY`") && !error.contains("sesame"),
        "{error}"
    );
}

#[test]
fn offline_says_once_which_servers_are_left_out() {
    let tables = "[[server]]\nurl = 'http://gpu'\n[[server]]\nurl = 'http://localhost:8080'\n";
    let settings = home(tables).settings(&[("OLLACODE_OFFLINE", "true")]);
    assert_eq!(settings.reach, NetworkScope::LoopbackOnly);
    let said: Vec<&String> = settings
        .warnings
        .iter()
        .filter(|warning| warning.contains("--offline"))
        .collect();
    let [said] = said.as_slice() else {
        panic!("one warning: {said:?}");
    };
    assert!(
        said.contains("http://gpu") && !said.contains("8080"),
        "{said}"
    );
    assert_eq!(home(tables).settings(&[]).warnings, Vec::<String>::new());
}
