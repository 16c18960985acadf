//! Finding a chat model: its window, where it runs, what there is instead, what it can do.

use ollacode::model::ChatModel;
use ollacode::model::http::{NetworkScope, ServerError};
use ollacode::model::ollama::{
    FITS_MOST, InstalledModel, LoadedMemory, OllamaChat, installed_chat_models, suggest,
};
use ollacode::model::{EditCount, EditForm, ModelError, ProbeReport, ToolSpec, probe_edits};
use ollacode::tools::{ToolSet, Toolbox};
use serde_json::{Value, json};

use super::{client_with, hear, limits, model, question, request, tool};
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply, ServedModel};

const CORE: [&str; 6] = [
    "read_file",
    "write_file",
    "edit_file",
    "grep_search",
    "search_codebase",
    "run_command",
];
const OTHERS: [&str; 6] = [
    "move_file",
    "delete_file",
    "list_directory",
    "search_files",
    "outline",
    "find_symbol",
];

/// The core tools, and all of them.
fn tools() -> [Vec<ToolSpec>; 2] {
    let core = CORE.map(tool).to_vec();
    let all = CORE.into_iter().chain(OTHERS).map(tool).collect();
    [core, all]
}

fn served(models: Vec<ServedModel>) -> ChatServer {
    ChatServer::with_models(models, Vec::new())
}

async fn connect(
    server: &ChatServer,
    name: &str,
    wanted: Option<u32>,
    reach: NetworkScope,
) -> Result<OllamaChat, ServerError> {
    OllamaChat::connect(client_with(server, limits()), name, wanted, reach).await
}

#[tokio::test]
async fn the_window_is_chosen_before_anything_is_loaded() {
    let able = ServedModel::default;
    let loaded = ServedModel {
        loaded: Some(24_000),
        ..able()
    };
    let set = ServedModel {
        parameters: "num_ctx                        20000\ntemperature   0.7",
        ..able()
    };
    let short = ServedModel {
        context_length: 8_192,
        ..able()
    };
    for (model, wanted, expected) in [
        (able(), None, 16_384),
        (able(), Some(10_000), 10_000),
        (able(), Some(65_536), 32_768),
        (loaded, None, 24_000),
        (set, None, 20_000),
        (short, None, 8_192),
    ] {
        let server = served(vec![model]);
        let model = connect(&server, CHAT_MODEL, wanted, NetworkScope::Any).await;
        let profile = model.expect("a model").profile().clone();
        assert_eq!(profile.window, expected);
        assert!(profile.tools && !profile.weak && profile.remote.is_none());
        assert!(server.loads().is_empty() && server.requests().is_empty());
    }
}

#[tokio::test]
async fn loading_finds_out_which_window_there_really_is() {
    for (is_old, window) in [(false, 4_096), (true, 16_384)] {
        let small = ServedModel {
            most_loaded: 4_096,
            is_old,
            ..ServedModel::default()
        };
        let server = ChatServer::with_models(vec![small], vec![Reply::text("Hello.")]);
        let model = model(&server).await;
        assert_eq!(model.profile().window, 16_384);
        let loaded = LoadedMemory {
            window,
            on_card: Some(0.75),
        };
        assert_eq!(model.load().await, Ok(loaded));
        assert_eq!(model.profile().window, window);
        let load = &server.loads()[0];
        assert_eq!(load["messages"], json!([]));
        assert_eq!(load["options"]["num_ctx"], 16_384);
        // Other options than those of the load would load it again; the server checks that.
        assert_eq!(hear(&model, request(&question())).await.text, "Hello.");
    }
}

#[tokio::test]
async fn an_old_server_is_asked_in_other_ways() {
    let old = ServedModel {
        is_old: true,
        parameter_size: "7B",
        ..ServedModel::default()
    };
    let server = served(vec![old]);
    let profile = model(&server).await.profile().clone();
    assert!(profile.tools, "it is found out when it is asked");
    assert!(profile.weak);
    let installed = installed_chat_models(&client_with(&server, limits())).await;
    assert_eq!(installed.expect("a list").len(), 1);
}

#[tokio::test]
async fn a_model_sees_if_the_server_says_so() {
    for (capabilities, is_old, vision) in [
        (vec!["completion", "vision"], false, true),
        (vec!["completion", "tools"], false, false),
        (vec!["completion", "vision"], true, false),
    ] {
        let server = served(vec![ServedModel {
            capabilities,
            is_old,
            ..ServedModel::default()
        }]);
        assert_eq!(model(&server).await.profile().vision, vision);
    }
}

#[tokio::test]
async fn what_is_missing_or_no_chat_model_is_said() {
    let embedder = ServedModel {
        name: "vectors:latest".to_owned(),
        capabilities: vec!["embedding"],
        ..ServedModel::default()
    };
    let server = served(vec![embedder]);
    let missing = connect(&server, "qwen3-coder:30b", None, NetworkScope::Any).await;
    assert!(
        matches!(&missing, Err(ServerError::ModelMissing { model, .. }) if model == "qwen3-coder:30b"),
        "{missing:?}"
    );
    let error = match connect(&server, "vectors", None, NetworkScope::Any).await {
        Err(error @ ServerError::NotForChat { .. }) => error,
        other => panic!("{other:?}"),
    };
    assert!(error.hint().is_some_and(|hint| hint.contains(FITS_MOST)));
}

#[tokio::test]
async fn offline_refuses_what_runs_elsewhere() {
    let stub = ServedModel {
        name: "stub:latest".to_owned(),
        remote_host: Some("https://ollama.com:443"),
        ..ServedModel::default()
    };
    let cloud = ServedModel::named("big:480b-cloud");
    let server = served(vec![stub, cloud]);
    for name in ["stub", "big:480b-cloud", "unknown:cloud"] {
        let refused = connect(&server, name, None, NetworkScope::LoopbackOnly).await;
        assert!(
            matches!(refused, Err(ServerError::Offline { .. })),
            "{refused:?}"
        );
    }
    for (name, host) in [
        ("stub", "https://ollama.com:443"),
        ("big:480b-cloud", "https://ollama.com"),
    ] {
        let model = connect(&server, name, None, NetworkScope::Any).await;
        let model = model.expect("a model");
        assert_eq!(model.profile().remote.as_deref(), Some(host));
        assert_eq!(
            model.profile().window,
            32_768,
            "memory elsewhere is not ours to save"
        );
        assert!(model.load().await.is_ok());
    }
    assert!(server.loads().is_empty(), "there is nothing to load");
    let unknown = connect(&server, "unknown:cloud", None, NetworkScope::Any).await;
    assert!(
        matches!(unknown, Err(ServerError::ModelMissing { .. })),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn installed_models_are_listed_and_suggested() {
    let named = |name: &str, capabilities: Vec<&'static str>, size| ServedModel {
        name: name.to_owned(),
        capabilities,
        size,
        ..ServedModel::default()
    };
    let server = served(vec![
        named("vectors:latest", vec!["embedding"], 1),
        named("story:latest", vec!["completion"], 90),
        named("large:70b", vec!["completion", "tools"], 80),
        named("my-coder:14b", vec!["completion", "tools"], 9),
        ServedModel {
            remote_host: Some("https://ollama.com"),
            ..named("far-coder:cloud", vec!["completion", "tools"], 0)
        },
    ]);
    let client = client_with(&server, limits());
    let installed = installed_chat_models(&client).await.expect("a list");
    let names: Vec<&str> = installed.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(
        names,
        ["story", "large:70b", "my-coder:14b", "far-coder:cloud"]
    );
    let large = InstalledModel {
        name: "large:70b".to_owned(),
        size: 80,
        tools: true,
        window: Some(32_768),
        remote: None,
    };
    assert_eq!(installed[1], large);
    assert!(!installed[0].tools);
    let suggestion = suggest(&client, "qwen3-coder:30b").await;
    assert_eq!(suggestion.installed.as_deref(), Some("my-coder:14b"));
    assert_eq!(suggestion.fits, Some(FITS_MOST));
    assert_eq!(suggest(&client, FITS_MOST).await.fits, None);
}

#[tokio::test]
async fn a_pulled_model_can_be_connected_to() {
    let server = served(Vec::new());
    let client = client_with(&server, limits());
    let nothing = suggest(&client, CHAT_MODEL).await;
    assert_eq!(nothing.installed, None);
    client.pull(CHAT_MODEL, &mut |_| {}).await.expect("a pull");
    assert_eq!(model(&server).await.profile().name, CHAT_MODEL);
}

fn tools_of(request: &Value) -> usize {
    request["tools"].as_array().map_or(0, Vec::len)
}

fn calling() -> Reply {
    Reply::text("").call("read_file", json!({"path": "src/main.rs"}))
}

#[tokio::test]
async fn a_probe_finds_out_how_many_tools_a_model_bears() {
    let leak = "<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": \
                \"src/main.rs\"}}\n</tool_call>";
    let leaking = Reply::with(move |request| {
        if tools_of(request) > 6 {
            Reply::text(leak)
        } else {
            calling()
        }
    });
    let able = ProbeReport {
        native: true,
        leaks: false,
        many_tools: true,
        window: 16_384,
        tokens_per_second: Some(50.0),
        recommend_core: false,
    };
    let leaks = ProbeReport {
        leaks: true,
        many_tools: false,
        recommend_core: true,
        ..able
    };
    let mute = ProbeReport {
        native: false,
        leaks: false,
        ..leaks
    };
    for (reply, expected) in [
        (calling(), able),
        (leaking, leaks),
        (Reply::text("I cannot do that."), mute),
    ] {
        let server = ChatServer::start(vec![reply.repeated()]);
        let [core, all] = tools();
        let report = model(&server).await.probe(&core, &all).await;
        assert_eq!(report, Ok(expected));
        let tools: Vec<usize> = server.requests().iter().map(tools_of).collect();
        assert_eq!(tools, [1, 6, 12]);
    }
}

#[tokio::test]
async fn a_probe_tries_words_where_there_are_no_tools() {
    let words = "```tool\n{\"tool\": \"read_file\", \"path\": \"src/main.rs\"}\n```";
    let plain = ServedModel {
        capabilities: vec!["completion"],
        ..ServedModel::default()
    };
    let server = ChatServer::with_models(vec![plain], vec![Reply::text(words)]);
    let [core, all] = tools();
    let report = model(&server).await.probe(&core, &all).await;
    let report = report.expect("a report");
    assert!(!report.native && report.leaks && report.recommend_core);
    let system = server.requests()[0]["messages"][0]["content"].clone();
    assert!(
        system
            .as_str()
            .is_some_and(|text| text.contains("## Tools"))
    );
}

#[tokio::test]
async fn a_probe_of_a_server_that_fails_is_no_report() {
    let server = ChatServer::start(vec![Reply::status(500, "timed out waiting")]);
    let [core, all] = tools();
    let report = model(&server).await.probe(&core, &all).await;
    assert!(matches!(report, Err(ModelError::Failed(_))), "{report:?}");
}

/// The tools for edits, as `doctor` has them.
fn edit_tools() -> Vec<(EditForm, ToolSpec)> {
    let toolbox = Toolbox::builtin();
    let tool = |form: EditForm| {
        let name = match form {
            EditForm::Search | EditForm::Anchors => "edit_file",
            EditForm::Whole => "write_file",
        };
        let mut tools = toolbox.specs_in(ToolSet::Core, form).into_iter();
        let tool = tools.find(|tool| tool.name == name);
        (form, tool.expect("it is there"))
    };
    EditForm::ALL.into_iter().map(tool).collect()
}

#[tokio::test]
async fn a_probe_finds_out_in_which_form_a_model_edits() {
    // This model copies anchors well, and texts badly.
    let replying = Reply::with(|request| {
        let question = request["messages"][1]["content"]
            .as_str()
            .unwrap_or_default();
        let line = |text: &str| question.lines().find(|line| line.ends_with(text));
        let anchor = |text: &str| Some(line(text)?.split_once('|')?.0.to_owned());
        let arguments = match (anchor("\"Hello\""), question.contains("Goodbye")) {
            (Some(first), true) => {
                json!({"path": "src/greet.py", "first": first, "text": "    words = \"Goodbye\""})
            }
            (Some(_), false) => {
                let show = "    show(greet(name))";
                json!({"path": "src/greet.py", "first": anchor("show(greet(name))"),
                    "text": format!("{show}\n{show}\n")})
            }
            (None, _) => json!({"path": "src/greet.py", "search": "Hallo", "replace": "Goodbye"}),
        };
        Reply::text("").call("edit_file", arguments)
    });
    let server = ChatServer::start(vec![replying.repeated()]);
    let model = model(&server).await;
    let edits = probe_edits(&model, &edit_tools()).await.expect("a report");
    let count = |worked, tried| EditCount { tried, worked };
    assert_eq!(
        EditForm::ALL.map(|form| edits.of(form)),
        [count(0, 2), count(2, 2), count(0, 2)]
    );
    let requests = server.requests();
    assert_eq!(
        requests.iter().map(tools_of).collect::<Vec<usize>>(),
        [1; 6]
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probes.json");
    model
        .memory()
        .remember_probed_edits(&edits, &file)
        .expect("it is written");
    let model = model.remembering(file);
    assert_eq!(model.edit_form(), EditForm::Anchors);
}

#[tokio::test]
async fn edits_of_sessions_are_remembered_and_decide_once_there_are_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("probes.json");
    let server = served(vec![ServedModel::default(), ServedModel::named("other:1b")]);
    for _ in 0..20 {
        let model = model(&server).await.remembering(file.clone());
        assert_eq!(model.edit_form(), EditForm::Search);
        model.edited(EditForm::Search, false);
    }
    let model = model(&server).await.remembering(file.clone());
    assert_eq!(model.edit_form(), EditForm::Anchors);
    let other = connect(&server, "other:1b", None, NetworkScope::Any).await;
    let other = other.expect("a model").remembering(file);
    assert_eq!(other.edit_form(), EditForm::Search);
}

#[tokio::test]
async fn reports_are_remembered_for_the_same_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("models").join("probes.json");
    let report = ProbeReport {
        native: true,
        window: 16_384,
        recommend_core: true,
        ..ProbeReport::default()
    };
    let server = served(vec![ServedModel::default(), ServedModel::named("other:1b")]);
    let first = model(&server).await;
    assert_eq!(first.memory().recall(&file), None);
    first
        .memory()
        .remember(&report, &file)
        .expect("it is written");
    assert_eq!(first.memory().recall(&file), Some(report));
    let other = connect(&server, "other:1b", None, NetworkScope::Any).await;
    let other = other.expect("a model");
    assert_eq!(other.memory().recall(&file), None);
    other
        .memory()
        .remember(&ProbeReport::default(), &file)
        .expect("it is written");
    assert_eq!(first.memory().recall(&file), Some(report), "both are kept");
    let changed = served(vec![ServedModel {
        digest: "sha256:dddd",
        ..ServedModel::default()
    }]);
    assert_eq!(model(&changed).await.memory().recall(&file), None);
    std::fs::write(&file, "torn {").expect("it is written");
    assert_eq!(first.memory().recall(&file), None);
    first
        .memory()
        .remember(&report, &file)
        .expect("it is written again");
    assert_eq!(first.memory().recall(&file), Some(report));
}
