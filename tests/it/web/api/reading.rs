//! What is looked at: the state, the code, files, sessions, the description of the API.

use super::*;
use crate::support::wait_for;

/// Searches until the index has the file; the watcher builds it.
pub(super) fn search_until_found(web: &Web, query: &str) -> Value {
    wait_for("a hit", || {
        let found = web
            .get(&format!("/api/search?q={query}"))
            .expect(200)
            .json();
        let has_hits = found["hits"]
            .as_array()
            .is_some_and(|hits| !hits.is_empty());
        has_hits.then_some(found)
    })
}

#[test]
fn the_state_is_told_to_a_page_that_opens() {
    let web = web(Vec::new());
    let state = web.get("/api/state").expect(200).json();
    assert_eq!(state["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(state["workspace"]["name"], "workspace");
    assert_eq!(state["workspaces"][0]["is_first"], true);
    assert_eq!(state["model"]["name"], "scripted:30b");
    assert_eq!(
        (&state["mode"], &state["offers_auto_approve"]),
        (&json!("ask"), &json!(false))
    );
    let modes = state["modes"].as_array().expect("modes").iter();
    let modes: Vec<&str> = modes.filter_map(|mode| mode["name"].as_str()).collect();
    assert_eq!(modes, ["ask", "auto-edit", "plan"]);
    assert_eq!(state["conversations"], json!([]));
    let talk = Talk::open(&web);
    let state = web.get("/api/state").expect(200).json();
    assert_eq!(state["conversations"][0]["id"], talk.id);
    web.get("/api/state?workspace=nowhere").expect(404);
}

#[test]
fn the_code_is_searched() {
    let web = web(Vec::new());
    web.environment
        .write("src/parser.rs", crate::support::samples::PARSER);
    let found = search_until_found(&web, "read_header");
    let hit = &found["hits"][0];
    assert_eq!(
        (&hit["path"], &hit["language"]),
        (&json!("src/parser.rs"), &json!("rust"))
    );
    assert!(hit["why_word"].is_string(), "{hit:#}");
    assert!(hit["why"].is_null(), "{hit:#}");
    let lines: Vec<String> = hit["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(text_of)
        .collect();
    assert!(lines.join("\n").contains("fn read_header"), "{lines:#?}");
    for query in [
        "q=read_header&language=python",
        "q=read_header&path=docs/**",
    ] {
        let found = web.get(&format!("/api/search?{query}")).expect(200).json();
        assert_eq!(found["hits"], json!([]), "{query}");
    }
    let query = "/api/search?q=read_header&limit=1&explain=1&lexical=1";
    let found = web.get(query).expect(200).json();
    assert_eq!(found["hits"].as_array().map(Vec::len), Some(1));
    assert!(found["hits"][0]["why"]["signals"].is_array(), "{found:#}");
    assert_eq!(web.get("/api/search?q=").expect(400).code(), "bad_request");
    let unknown = web.get("/api/search?q=a&language=klingon").expect(400);
    assert_eq!(unknown.code(), "query_invalid");
}

#[test]
fn lines_of_a_file_are_shown_and_what_is_hidden_is_not() {
    let web = web(Vec::new());
    let text: String = (1..=900)
        .map(|number| format!("let a = {number};\n"))
        .collect();
    web.environment.write("src/a.rs", text);
    web.environment
        .write(".env", "DB_PASSWORD=marmalade-kettle-42\n");
    let file = |query: &str| web.get(&format!("/api/file?path={query}"));
    let shown = file("src/a.rs&start=12&end=30").expect(200).json();
    assert_eq!(
        (&shown["first"], &shown["last"], &shown["total"]),
        (&json!(12), &json!(30), &json!(900))
    );
    assert_eq!(shown["language"], "rust");
    let lines = shown["lines"].as_array().expect("lines");
    assert_eq!(
        (lines.len(), text_of(&lines[0]).trim()),
        (19, "let a = 12;")
    );
    assert_eq!(file("src/a.rs").expect(200).json()["last"], 400);
    assert_eq!(file(".env").expect(403).code(), "hidden");
    for outside in ["../workspace/../home", "/etc/passwd", "%2e%2e/data"] {
        let answer = file(outside);
        assert!(
            [403, 404].contains(&answer.status),
            "{outside}: {}",
            answer.text()
        );
    }
    assert_eq!(file("src/b.rs").expect(404).code(), "not_found");
    file("src/a.rs&start=901").expect(400);
    file("src").expect(400);
    file("").expect(400);
    let offered = web.get("/api/complete?prefix=src/").expect(200).json();
    assert_eq!(offered, json!(["src/a.rs"]));
}

#[test]
fn earlier_sessions_are_listed_searched_resumed_and_exported() {
    let web = web(vec![Reply::text("At ninety."), Reply::text("Green.")]);
    for question in ["When does it boil?", "Which colour has it?"] {
        Talk::open(&web).ask_and_wait(question);
    }
    let sessions = |query: &str| {
        let all = web.get(&format!("/api/sessions{query}")).expect(200).json();
        all.as_array().expect("a list").clone()
    };
    let all = sessions("");
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(
        all[0]["last_used"].is_string() && all[0]["is_open"] == true,
        "{all:#?}"
    );
    let found = sessions("?q=BOIL+when");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["title"], "When does it boil?");
    let id = found[0]["id"].as_str().expect("an id");
    // It is open here: that is the conversation.
    let talk = Talk::resume(&web, id);
    assert_eq!(answer_in(&talk.snapshot_events()), "At ninety.");
    let exported = web
        .get(&format!("/api/sessions/{id}/export"))
        .expect(200)
        .json();
    assert_eq!(exported["name"], format!("{id}.md"));
    assert!(
        exported["text"]
            .as_str()
            .is_some_and(|text| text.contains("At ninety."))
    );
    assert_eq!(
        web.get("/api/sessions/none/export").expect(404).code(),
        "session_not_found"
    );
    let missing = web.post("/api/conversations", &json!({"session": "none"}));
    assert_eq!(missing.expect(404).code(), "session_not_found");
}

#[test]
fn the_index_is_updated_and_says_how_far_it_is() {
    let web = web(Vec::new());
    search_until_found(&web, "kettle");
    let state = web.get("/api/index").expect(200).json();
    assert_eq!(state["files"], 1, "{state:#}");
    assert_eq!(state["is_running"], false);
    web.post("/api/index", &json!({})).expect(202);
    let state = wait_for("the end of the update", || {
        let state = web.get("/api/index").expect(200).json();
        (state["is_running"] == false).then_some(state)
    });
    assert_eq!(state["files"], 1, "{state:#}");
}

#[test]
fn the_installation_and_the_models_are_rows() {
    let web = web(Vec::new());
    let models = web.get("/api/models").expect(200).json();
    assert_eq!(models[0]["name"], "scripted:30b");
    let checks = web.get("/api/doctor").expect(200).json();
    let names: Vec<&str> = checks
        .as_array()
        .expect("checks")
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
    for name in ["version", "workspace", "data", "index", "ollama"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

#[test]
fn the_api_describes_itself_and_says_what_it_does_not_know() {
    let web = web(Vec::new());
    let described = web.get("/api/openapi.json").expect(200);
    assert_eq!(described.header("content-type"), Some("application/json"));
    assert_eq!(described.json()["openapi"], "3.1.0");
    web.get("/api/nothing").expect(404);
    web.get("/api/agent/chat").expect(405);
    web.post("/api/state", &json!({})).expect(405);
    let talk = Talk::open(&web);
    web.get(&format!("{}?x", talk.path("/events/more")))
        .expect(404);
}
