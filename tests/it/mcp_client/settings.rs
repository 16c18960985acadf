//! Servers of `config.toml`, through the program: what is started, and what `doctor` says.

use ollacode::app::App;
use ollacode::config;
use ollacode::frontends::cli::args::Arguments;
use serde_json::json;

use super::*;
use crate::support::Environment;

/// An environment with a scripted server in its settings.
struct Configured {
    environment: Environment,
    lab: Lab,
}

impl Configured {
    /// `more` is what else the settings say.
    fn new(test: &str, more: &str) -> Option<Configured> {
        let lab = Lab::new(test)?;
        let environment = Environment::new();
        fs::write(environment.workspace().join("scripted.py"), SCRIPT).expect("a script");
        let configured = Configured { environment, lab };
        configured.say(&format!(
            "[mcp.lab]\ncommand = [\"{}\", \"-u\", \"scripted.py\", \"modern\"]\nenv = [\"TOKEN\", \
             \"NOT_SET\"]\n{more}",
            configured.lab.python
        ));
        Some(configured)
    }

    /// Replaces the settings.
    fn say(&self, settings: &str) {
        let folder = self.environment.outside().join("config/ollacode");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.toml"), settings).expect("settings");
    }

    /// The program's parts, as they are for the settings. Commands are not confined: this is no program
    /// that could be a helper.
    fn app(&self) -> App {
        let top = self.environment.outside();
        let path = |name: &str| top.join(name).into_os_string();
        let variables = [
            ("HOME", path("home")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_DATA_HOME", path("data")),
            ("PATH", "/usr/bin:/bin".into()),
            ("OLLAMA_EMBED_MODEL", "none".into()),
            ("TOKEN", "a token".into()),
            ("ANOTHER", "a secret".into()),
        ];
        let environment = config::Environment::new(self.environment.workspace(), variables);
        let line = ["ollacode", "--sandbox=off"];
        let flags = Arguments::read(line).expect("a command line").flags();
        App::start(&flags, &environment).expect("the program starts")
    }

    fn starts(&self) -> usize {
        let starts = fs::read_to_string(self.environment.workspace().join("starts"));
        starts.unwrap_or_default().lines().count()
    }
}

#[tokio::test]
async fn servers_of_the_settings_are_shared_and_start_when_they_are_used() {
    let Some(configured) = Configured::new("servers_of_the_settings_are_shared", "") else {
        return;
    };
    let app = configured.app();
    let servers = app.mcp_servers();
    assert!(Arc::ptr_eq(&servers, &app.clone().mcp_servers()));
    assert_eq!(servers.missing_variables("lab"), ["NOT_SET"]);
    assert_eq!(configured.starts(), 0);
    let variables = data(call(&servers, "environment", no_arguments()).await);
    assert_eq!(variables["TOKEN"], "a token");
    assert_eq!(variables["ANOTHER"], json!(null));
    assert_eq!(variables["OLLAMA_EMBED_MODEL"], json!(null));
    assert_eq!(configured.starts(), 1);
    // The last of them ends the server.
    let process = data(call(&servers, "process", no_arguments()).await)[0].as_u64();
    drop((servers, app));
    until("it is gone", || !is_alive(process.expect("a number"))).await;
}

#[tokio::test]
async fn the_end_of_the_program_ends_servers_in_order() {
    let Some(configured) = Configured::new("the_end_of_the_program_ends_servers_in_order", "")
    else {
        return;
    };
    let app = configured.app();
    app.end_servers().await;
    let servers = app.mcp_servers();
    let process = data(call(&servers, "process", no_arguments()).await)[0].as_u64();
    app.end_servers().await;
    until("it is gone", || !is_alive(process.expect("a number"))).await;
}

#[tokio::test]
async fn a_rule_that_denies_a_command_holds_for_servers() {
    let rule = "\n[[deny]]\ncommand = \"python3\"\n";
    let Some(configured) = Configured::new("a_rule_that_denies_a_command_holds_for_servers", rule)
    else {
        return;
    };
    let servers = configured.app().mcp_servers();
    let why = why_not_running(call(&servers, "echo", no_arguments()).await);
    assert!(
        why.contains("the rule `deny command = \"python3\"`"),
        "{why}"
    );
    assert!(why.contains("forbids it"), "{why}");
    assert_eq!(configured.starts(), 0);
}

#[test]
fn without_servers_there_are_none() {
    let Some(configured) = Configured::new("without_servers_there_are_none", "") else {
        return;
    };
    configured.say("");
    let servers = configured.app().mcp_servers();
    assert!(servers.configured().is_empty());
    let output = configured.environment.run(&["doctor", "--json"]);
    assert!(!output.stdout.contains("\"mcp\""), "{}", output.stdout);
}

#[test]
fn doctor_looks_at_the_settings_and_starts_nothing() {
    let more = "\n[mcp.far]\nurl = \"https://example.invalid/mcp\"\n\n[mcp.near]\nurl = \
                \"http://127.0.0.1:1/mcp\"\n";
    let Some(configured) = Configured::new("doctor_looks_at_the_settings", more) else {
        return;
    };
    let checks = |flags: &[&str]| {
        let arguments = [&["doctor", "--json"][..], flags].concat();
        let output = configured.environment.run(&arguments);
        let report = output.json();
        let checks = report["checks"].as_array().expect("checks").clone();
        let servers = checks.into_iter().filter(|check| check["name"] == "mcp");
        servers
            .map(|check| (check["state"].clone(), check["message"].clone()))
            .collect::<Vec<_>>()
    };
    let python = configured.lab.python;
    let lab = format!("`lab` runs `{python}`, but `TOKEN`, `NOT_SET` are not set");
    let near = (json!("good"), json!("`near` is at http://127.0.0.1:1"));
    assert_eq!(
        checks(&[]),
        [
            (json!("warning"), json!(lab)),
            (json!("good"), json!("`far` is at https://example.invalid")),
            near.clone(),
        ]
    );
    let far = "`far` is at https://example.invalid, but ollacode is offline";
    assert_eq!(
        checks(&["--offline"]),
        [
            (json!("warning"), json!(lab)),
            (json!("warning"), json!(far)),
            near,
        ]
    );
    assert_eq!(configured.starts(), 0);
}

#[test]
fn a_mistake_in_the_settings_stops_the_program() {
    let Some(configured) = Configured::new("a_mistake_in_the_settings_stops_the_program", "")
    else {
        return;
    };
    configured.say("[mcp.lab]\ncommand = \"npx -y some-server\"\n");
    let output = configured.environment.run(&["doctor"]);
    output.expect_code(2).expect_words(&[
        "config.toml:2",
        "`command` must be a list of words",
        "no shell reads it",
    ]);
}
