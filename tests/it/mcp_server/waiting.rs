//! Answers within two seconds: while the index is built, without Ollama, and with one that hangs.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ollacode::workspace::workspace_id;
use ollacode_store::WriterLock;
use serde_json::{Value, json};

use super::client::{Client, text_of};
use super::{fill, shop};
use crate::support::{Environment, Fault, ModelServer, PATIENCE, wait_until};

/// What a call may take, with what a busy machine adds.
const IN_TIME: Duration = Duration::from_millis(2_500);
/// How often a call is timed before it counts as late: the machine may be busy with other tests.
const TRIES: usize = 3;

/// The folder of the index of the workspace, which need not exist.
fn index_folder(environment: &Environment) -> PathBuf {
    let id = workspace_id(&environment.workspace());
    environment.data_folder().join("ollacode/indexes").join(id)
}

/// Keeps others from writing the index.
fn locked(environment: &Environment) -> WriterLock {
    WriterLock::acquire(&index_folder(environment), PATIENCE).expect("the lock")
}

/// Demands that a call is answered in time; gives its last result.
#[track_caller]
fn in_time(client: &mut Client, tool: &str, arguments: &Value) -> Value {
    let mut took = Vec::new();
    for _ in 0..TRIES {
        let begun = Instant::now();
        let result = client.call(tool, arguments);
        took.push(begun.elapsed());
        if begun.elapsed() < IN_TIME {
            return result;
        }
    }
    panic!("{tool} took {took:?}");
}

#[test]
fn while_there_is_no_index_that_is_said_and_progress_is_told() {
    let environment = shop();
    let lock = locked(&environment);
    let mut client = Client::greeted(&environment);
    for tool in ["search_codebase", "map", "related_files"] {
        let arguments = match tool {
            "search_codebase" => json!({"query": "total_price"}),
            "related_files" => json!({"path": "src/cart.rs"}),
            _ => json!({}),
        };
        let result = in_time(&mut client, tool, &arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        let why = text_of(&result);
        assert!(why.contains("still being built"), "{tool}: {why}");
        assert!(why.contains("again in a few seconds"), "{tool}: {why}");
        assert!(!why.contains("No results"), "{tool}: {why}");
    }
    // Names are found in the files themselves.
    let result = in_time(
        &mut client,
        "find_references",
        &json!({"name": "total_price"}),
    );
    assert_eq!(result["isError"], false, "{result:#}");
    let text = text_of(&result);
    assert!(text.starts_with("The index is still being built"), "{text}");
    assert!(text.contains("src/order.rs"), "{text}");
    assert_eq!(result["structuredContent"]["index_complete"], false);
    // What needs no index has no such remark.
    let (text, data) = client.found("outline", &json!({"path": "src/cart.rs"}));
    assert!(text.starts_with("src/cart.rs, 10 lines"), "{text}");
    assert!(data.get("index_complete").is_none(), "{data:#}");
    let id = client.begin_call("search_codebase", &json!({"query": "total_price"}));
    client.answer_to(&id);
    let progress = client.progress_of(&id);
    assert!(!progress.is_empty(), "{:#?}", client.seen);
    for told in progress {
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|it| it.contains("index")),
            "{told:#}"
        );
    }
    drop(lock);
    client.wait_for_the_index();
    let (text, data) = client.found("search_codebase", &json!({"query": "total_price"}));
    assert!(text.starts_with("src/cart.rs:"), "{text}");
    assert_eq!(data["index_complete"], true);
}

#[test]
fn finding_nothing_in_an_unfinished_index_proves_nothing() {
    let environment = shop();
    environment.index();
    environment.write("src/late.rs", "pub fn came_later() {}\n");
    let lock = locked(&environment);
    let mut client = Client::greeted(&environment);
    let query = json!({"query": "came_later", "path": "src/late.rs"});
    let result = in_time(&mut client, "search_codebase", &query);
    assert_eq!(result["isError"], false, "{result:#}");
    let text = text_of(&result);
    assert!(text.starts_with("The index is still being built"), "{text}");
    assert!(
        text.contains("may be found when you search again"),
        "{text}"
    );
    assert_eq!(result["structuredContent"]["index_complete"], false);
    // That a file is not known proves as little.
    for tool in ["related_files", "map"] {
        let result = in_time(&mut client, tool, &json!({"path": "src/never.rs"}));
        assert_eq!(result["isError"], true, "{result:#}");
        let why = text_of(&result);
        assert!(why.starts_with("The index is still being built"), "{why}");
        assert!(why.contains("no indexed file is called"), "{why}");
    }
    // A definition is found in the files.
    let (text, _) = client.found("find_symbol", &json!({"name": "came_later"}));
    assert!(text.contains("src/late.rs:1-1 function"), "{text}");
    let (text, status) = client.found("index_status", &json!({}));
    assert_eq!(status["workspaces"][0]["index_complete"], false);
    assert!(text.contains("still being built"), "{text}");
    drop(lock);
    client.wait_for_the_index();
    let (text, data) = client.found("search_codebase", &query);
    assert_eq!(data["hits"][0]["path"], "src/late.rs", "{text}");
}

#[test]
fn a_cancelled_call_has_no_answer_and_others_have() {
    let environment = shop();
    let _lock = locked(&environment);
    let mut client = Client::greeted(&environment);
    let id = client.begin_call("search_codebase", &json!({"query": "total_price"}));
    let reason = json!({"requestId": id, "reason": "the user pressed a key"});
    client.write(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": reason}));
    // A call that is not known is nothing to cancel.
    let other = json!({"requestId": "unknown"});
    client.write(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": other}));
    client.found("outline", &json!({"path": "src/cart.rs"}));
    // This takes as long as the cancelled one would have taken.
    client.failed("search_codebase", &json!({"query": "total_price"}));
    assert!(
        client
            .seen
            .iter()
            .all(|message| message.get("id") != Some(&id)),
        "{:#?}",
        client.seen
    );
    let ended = client.end();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.rest, Vec::<Value>::new());
}

#[test]
fn it_ends_with_its_input_also_in_the_middle_of_a_call() {
    let environment = shop();
    let _lock = locked(&environment);
    for _ in 0..TRIES {
        let mut client = Client::greeted(&environment);
        let ids: Vec<Value> = (0..20)
            .map(|_| client.begin_call("search_codebase", &json!({"query": "total_price"})))
            .collect();
        let ended = client.end();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        // Who sends its questions and leaves still gets the answers.
        for id in &ids {
            let has_id = |message: &&Value| message.get("id") == Some(id);
            let answer = ended.rest.iter().find(has_id);
            assert!(answer.is_some(), "{id}: {ended:#?}");
        }
        if ended.took < IN_TIME {
            return;
        }
    }
    panic!("the server did not end in time");
}

#[test]
fn a_signal_ends_it() {
    let environment = shop();
    let _lock = locked(&environment);
    let mut client = Client::greeted(&environment);
    client.begin_call("search_codebase", &json!({"query": "total_price"}));
    assert_eq!(client.terminate(), Some(0));
}

#[test]
fn without_ollama_words_are_enough() {
    let environment = Environment::new()
        .with("OLLAMA_HOST", "http://127.0.0.1:9")
        .with("OLLAMA_EMBED_MODEL", "some-model");
    fill(&environment);
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    let result = in_time(
        &mut client,
        "search_codebase",
        &json!({"query": "total_price"}),
    );
    let data = &result["structuredContent"];
    assert_eq!(data["mode"], "lexical");
    assert_eq!(data["hits"][0]["path"], "src/cart.rs");
}

#[test]
fn vectors_are_used_where_ollama_answers() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    fill(&environment);
    environment.write(
        "src/garage.rs",
        "/// Parks the automobile.\npub fn park() {}\n",
    );
    environment.index();
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    let query = json!({"query": "where is the car"});
    wait_until("a hybrid search", || {
        let (_, data) = client.found("search_codebase", &query);
        let mut hits = data["hits"].as_array().into_iter().flatten();
        data["mode"] == "hybrid" && hits.any(|hit| hit["path"] == "src/garage.rs")
    });
    let (text, status) = client.found("index_status", &json!({}));
    let workspace = &status["workspaces"][0];
    assert_eq!(workspace["chunks"], workspace["embedded"], "{text}");
    assert_eq!(workspace["model"], crate::support::embedder::MODEL);
}

#[test]
fn an_ollama_that_hangs_holds_up_nothing() {
    let server = ModelServer::start();
    let mut environment = Environment::on(&server);
    fill(&environment);
    environment.index();
    // It connects, and does not embed.
    server.set(&[Fault::Hang]);
    let query = json!({"query": "total_price"});
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for _ in 0..6 {
        let result = in_time(&mut client, "search_codebase", &query);
        assert_eq!(result["structuredContent"]["mode"], "lexical", "{result:#}");
        assert_eq!(
            result["structuredContent"]["hits"][0]["path"],
            "src/cart.rs"
        );
        assert!(
            text_of(&result).contains("lexical search only"),
            "{result:#}"
        );
    }
    client.end();
    // It accepts connections, and says nothing at all.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    environment.set("OLLAMA_HOST", &format!("http://{address}"));
    let mut client = Client::greeted(&environment);
    client.wait_for_the_index();
    for _ in 0..3 {
        let result = in_time(&mut client, "search_codebase", &query);
        assert_eq!(result["structuredContent"]["mode"], "lexical", "{result:#}");
        assert_eq!(
            result["structuredContent"]["hits"][0]["path"],
            "src/cart.rs"
        );
    }
    assert_eq!(client.end().code, Some(0));
}
