//! Every command of the table as data; modes, plans, changes and the way back.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_report_is_rendered_as_an_answer_is() {
    let web = web(Vec::new());
    let talk = Talk::open(&web);
    let result = talk.command("/template test-go");
    assert_eq!(result["kind"], "report");
    let blocks = result["data"]["blocks"].as_array().expect("blocks");
    let text: String = blocks.iter().map(text_of).collect();
    assert!(text.contains("func Test{{ name|pascal }}"), "{text}");
    assert!(!text.contains("```"), "{text}");
}

#[test]
fn every_command_of_the_table_is_data() {
    let web = web(vec![Reply::text("It boils.").thinking("Ninety, I think.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("When does it boil?");
    let lines = [
        ("/help", "help"),
        ("/search kettle", "search"),
        ("/search", "usage"),
        ("/diff", "diff"),
        ("/sources", "sources"),
        ("/thoughts", "thoughts"),
        ("/approve", "modes"),
        ("/approve auto-edit", "mode"),
        ("/plan", "mode"),
        ("/model", "models"),
        ("/status", "status"),
        ("/index", "index"),
        ("/workspace", "workspaces"),
        ("/sessions", "sessions"),
        ("/tokens", "tokens"),
        ("/memory", "memory"),
        ("/stop", "stopped"),
        ("/undo 0", "usage"),
        ("/redo 0", "usage"),
        ("/resume 1", "already_open"),
        ("/new", "new_session"),
    ];
    let mut tried: BTreeSet<String> = BTreeSet::new();
    for (line, kind) in lines {
        let result = talk.command(line);
        assert_eq!(result["kind"], kind, "{line}: {result:#}");
        let name = line.split(' ').next().unwrap_or_default();
        tried.insert(name.trim_start_matches('/').to_owned());
    }
    // Compaction asks the model, and has its own test.
    tried.insert("compact".to_owned());
    // So have those that run a turn, or need the index.
    for name in [
        "check", "commit", "design", "hooks", "init", "map", "mcp", "related", "review", "skills",
        "task", "template",
    ] {
        tried.insert(name.to_owned());
    }
    let state = web.get("/api/state").expect(200).json();
    let commands = state["commands"].as_array().expect("commands");
    // Skills stand behind them.
    let own = commands.iter().filter(|it| it["origin"].is_null());
    let all: BTreeSet<String> = own
        .filter_map(|command| command["name"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(tried, all);
}

#[test]
fn what_a_command_says_is_what_it_found() {
    let web = web(vec![Reply::text("It boils.").thinking("Ninety, I think.")]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("When does it boil?");
    let thoughts = talk.command("/thoughts");
    assert_eq!(thoughts["data"], "Ninety, I think.");
    let tokens = talk.command("/tokens");
    assert!(tokens["data"]["used"].as_u64() > Some(0), "{tokens:#}");
    let sessions = talk.command("/sessions");
    let session = &sessions["data"]["sessions"][0];
    assert_eq!(
        (&session["title"], &session["is_open"]),
        (&json!("When does it boil?"), &json!(true))
    );
    let models = talk.command("/model");
    assert_eq!(models["data"][0]["name"], "scripted:30b");
    let help = talk.command("/he");
    assert!(help["data"].as_array().is_some_and(|all| all.len() > 15));
    for (line, code) in [
        ("/modle", "unknown_command"),
        ("/quit", "unknown_command"),
        ("boil", "bad_request"),
        ("/resume nothing", "session_not_found"),
        ("/approve auto-approve", "other"),
    ] {
        let answer = talk.post("/command", &json!({ "line": line }));
        assert_eq!(answer.code(), code, "{line}");
    }
}

#[test]
fn a_mode_is_chosen_and_every_page_is_told() {
    let web = web(colder());
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    let mode = talk
        .post("/mode", &json!({"mode": "auto-edit"}))
        .expect(200)
        .json();
    assert_eq!(
        (&mode["mode"], &mode["is_planning"]),
        (&json!("auto-edit"), &json!(false))
    );
    assert_eq!(events.event("mode")["mode"], "auto-edit");
    talk.post("/mode", &json!({"mode": "auto-approve"}))
        .expect(400);
    talk.post("/mode", &json!({"mode": ""})).expect(400);
    talk.ask("Make it colder.");
    events.event("ended");
    assert!(!names(&events.seen).contains(&"approval_asked"));
    assert_eq!(web.environment.read("notes.txt"), cold_notes());
}

#[test]
fn a_plan_is_offered_and_carried_out() {
    let mut script = vec![Reply::text("1. Make it eighty in notes.txt.")];
    script.extend(colder());
    let web = web(script);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    let refused = talk.post("/carry_out", &json!({})).expect(409);
    assert_eq!(refused.code(), "plan_out_of_date");
    let mode = talk
        .post("/mode", &json!({"mode": "plan"}))
        .expect(200)
        .json();
    assert_eq!(
        (&mode["is_planning"], &mode["work_mode"]),
        (&json!(true), &json!("ask"))
    );
    talk.ask("Make it colder.");
    assert_eq!(events.event("ended")["how"], "planned");
    assert_eq!(events.event("plan_offered")["mode"], "ask");
    talk.post("/carry_out", &json!({})).expect(202);
    let asked = events.event("approval_asked");
    talk.answer(&asked["id"], "once").expect(200);
    events.event("ended");
    assert_eq!(web.environment.read("notes.txt"), cold_notes());
    talk.post("/carry_out", &json!({})).expect(409);
}

#[test]
fn a_plan_is_carried_out_in_steps() {
    let steps = "1. Make it eighty in notes.txt.\n2. Say so in other.txt.";
    let web = web(vec![Reply::text(steps)]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.post("/mode", &json!({"mode": "plan"})).expect(200);
    talk.ask("Make it colder.");
    assert_eq!(events.event("plan_offered")["has_steps"], true);
    talk.post("/carry_out", &json!({"in_steps": true}))
        .expect(202);
    let task = events.event("task");
    assert_eq!(task["task"], "Make it colder.");
    assert_eq!(task["steps"][1]["state"], "pending", "{task:#}");
    let asked = events.event("question_asked");
    let question = asked["question"].as_str().unwrap_or_default();
    assert!(question.contains("Carry out this plan?"), "{asked:#}");
    talk.post("/stop", &json!({})).expect(200);
    events.event("ended");
}

#[test]
fn changes_are_listed_put_back_undone_and_redone() {
    let web = web_with(colder(), &["--auto-approve"]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("Make it colder.");
    let changes = || web.get(&talk.path("/changes")).expect(200).json();
    let changed = changes();
    assert_eq!(
        (
            &changed[0]["path"],
            &changed[0]["kind"],
            &changed[0]["added"]
        ),
        (&json!("notes.txt"), &json!("changed"), &json!(1))
    );
    let mut events = talk.events(talk.snapshot()["last"].as_u64().expect("a number"));
    let reverted = talk
        .post("/revert", &json!({"path": "notes.txt"}))
        .expect(200)
        .json();
    assert_eq!(reverted["written"], json!(["notes.txt"]));
    assert_eq!(events.event("command")["kind"], "reverted");
    assert_eq!(web.environment.read("notes.txt"), NOTES);
    assert_eq!(changes(), json!([]));
    let again = talk
        .post("/revert", &json!({"path": "notes.txt"}))
        .expect(409);
    assert_eq!(again.code(), "not_reverted");
    for (line, kind, expected) in [
        ("/undo", "undone", cold_notes()),
        ("/undo", "undone", NOTES.to_owned()),
        ("/redo", "redone", cold_notes()),
    ] {
        let result = talk.command(line);
        assert_eq!(result["kind"], kind);
        assert_eq!(result["data"]["turns"][0]["turn"], 1, "{result:#}");
        assert_eq!(web.environment.read("notes.txt"), expected, "{line}");
        assert_eq!(events.event("command")["kind"], kind);
    }
}

#[test]
fn while_a_turn_runs_what_would_disturb_it_is_refused() {
    let web = web(vec![Reply::text("It is a long story: ").then_hang()]);
    let talk = Talk::open(&web);
    talk.ask("Tell me.");
    talk.events(0).event("block");
    assert_eq!(talk.command("/new")["kind"], "busy");
    for (name, body) in [
        ("/mode", json!({"mode": "plan"})),
        ("/revert", json!({"path": "notes.txt"})),
    ] {
        assert_eq!(talk.post(name, &body).expect(409).code(), "busy", "{name}");
    }
    assert_eq!(
        web.get(&talk.path("/changes")).expect(200).json(),
        json!([])
    );
    assert_eq!(talk.command("/stop")["data"]["is_turn"], true);
}

#[test]
fn another_session_begins_on_every_page_anew() {
    let web = web(vec![Reply::text("One."), Reply::text("Two.")]);
    let talk = Talk::open(&web);
    let mut events = talk.events(0);
    talk.ask_and_wait("First?");
    let first = talk.snapshot()["session"].clone();
    talk.command("/new");
    events.event("gap");
    assert_eq!(talk.snapshot()["session"], json!(null));
    talk.ask_and_wait("Second?");
    let id = first.as_str().expect("an id");
    assert_eq!(talk.command(&format!("/resume {id}"))["kind"], "resumed");
    let snapshot = talk.snapshot();
    assert_eq!(
        (&snapshot["session"], &snapshot["title"]),
        (&first, &json!("First?"))
    );
    let history = snapshot["history"].as_array().expect("a history");
    assert_eq!(names(history), ["asked", "block"], "{history:#?}");
    assert_eq!(answer_in(history), "One.");
    // The events that are kept are those of this session.
    let mut events = talk.events(0);
    assert_eq!(events.event("opened")["session"], first);
    assert!(
        !names(&events.seen).contains(&"asked"),
        "{:#?}",
        events.seen
    );
}

#[test]
fn a_conversation_is_compacted() {
    let long = "The kettle is a vessel. ".repeat(60);
    let web = web(vec![
        Reply::text(&long),
        Reply::text(&long),
        Reply::text("Kettles were talked about.").repeated(),
    ]);
    let talk = Talk::open(&web);
    talk.ask_and_wait("What is a kettle?");
    talk.ask_and_wait("Are you sure?");
    let last = talk.snapshot()["last"].as_u64().expect("a number");
    assert_eq!(talk.command("/compact")["kind"], "compacting");
    let mut events = talk.events(last);
    assert_eq!(events.event("command")["kind"], "compacting");
    assert!(["compacted", "failed"].contains(&events.event("ended")["how"].as_str().expect("how")));
}
