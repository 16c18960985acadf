//! Effects of settings and flags on a conversation.

use super::*;

#[test]
fn the_limit_of_steps_ends_a_turn() {
    let script = (1..10)
        .map(|number| read(&format!("part{number}.txt")))
        .collect();
    let server = ChatServer::start(script);
    let environment = environment(&server);
    for number in 1..10 {
        environment.write(&format!("part{number}.txt"), format!("part {number}\n"));
    }
    let told = ask_for_code(&environment, &["--max-steps", "3"], "Read all of it.", 1);
    let told = told.expect_end("step_limit");
    assert_eq!(server.requests().len(), 3);
    assert_eq!(told.calls(), ["read_file done"; 3]);
}

#[test]
fn notes_of_the_repository_are_told_to_the_model_and_to_the_user() {
    let server = ChatServer::start(vec![Reply::text("Yes.")]);
    let environment = environment(&server);
    environment.write("AGENTS.md", "Always measure in degrees Celsius.\n");
    let told = ask(&environment, &[], "Is it warm?").expect_end("answered");
    let system = messages(&server.requests()[0])[0]["content"].to_string();
    assert!(
        system.contains("Always measure in degrees Celsius."),
        "{system}"
    );
    let notices = told.of("notice");
    let notice = notices.iter().find_map(|notice| notice["text"].as_str());
    assert!(
        notice.is_some_and(|text| text.contains("`AGENTS.md`")),
        "{notice:?}"
    );
}

#[test]
fn the_answer_goes_into_the_file_that_is_named() {
    let server = ChatServer::start(vec![Reply::text("At **ninety** degrees.")]);
    let environment = environment(&server);
    let arguments = [
        "chat",
        "--output",
        "answer.md",
        "-p",
        "When does the kettle boil?",
    ];
    let output = environment.run(&arguments).expect_success();
    assert_eq!(output.stdout, "");
    assert_eq!(
        environment.read("answer.md").trim(),
        "At **ninety** degrees."
    );
}

#[test]
fn a_file_that_cannot_be_written_is_found_before_the_model_is_asked() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    environment.write("kept.md", "kept\n");
    for (path, expected) in [
        (
            "no/such/answer.md",
            "the folder no/such does not exist; create it",
        ),
        ("src", "cannot write src"),
        ("kept.md/answer.md", "cannot write kept.md/answer.md"),
    ] {
        environment.write("src/a.rs", "fn a() {}\n");
        for json in [false, true] {
            let mut arguments = vec!["chat", "--output", path, "-p", "Who?"];
            arguments.extend(json.then_some("--json"));
            let output = environment.run(&arguments).expect_code(1);
            output.expect_words(&[expected]);
        }
    }
    assert!(server.requests().is_empty());
    assert_eq!(environment.read("kept.md"), "kept\n");
}

/// Fills the context window, and returns the events of the last question.
fn fill(environment: &Environment) -> Told {
    let long = "the kettle and its heat ".repeat(150);
    let mut last = None;
    for number in 0..5 {
        let prompt = format!("Question {number}. {long}");
        let mut arguments = vec!["chat", "--json", "--no-rag", "-p", &prompt];
        if number > 0 {
            arguments.push("--continue");
        }
        let events = environment.run(&arguments).json_lines();
        last = Some(Told { events });
    }
    last.expect("an answer")
}

#[test]
fn older_turns_are_summarised_only_if_that_is_wanted() {
    let server = || {
        ChatServer::start(vec![
            Reply::with(|request| {
                let is_summary = request["tools"].is_null();
                Reply::text(if is_summary { "Kettles." } else { "I see." })
            })
            .repeated(),
        ])
    };
    let summaries = |server: &ChatServer| {
        let requests = server.requests();
        let without_tools = requests.iter().filter(|request| request["tools"].is_null());
        without_tools.count()
    };
    let (wanted, unwanted) = (server(), server());
    let environment_of =
        |server: &ChatServer| environment(server).with("MAX_CONTEXT_TOKENS", "4096");
    fill(&environment_of(&wanted)).expect_end("answered");
    assert!(summaries(&wanted) > 0);
    let told = fill(&environment_of(&unwanted).with("COMPACT_MODE", "false"));
    let told = told.expect_end("failed");
    let ended = told.of("ended")[0].clone();
    assert_eq!(ended["code"], "context_too_long");
    let hint = ended["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("MAX_CONTEXT_TOKENS"), "{ended:#}");
    assert_eq!(summaries(&unwanted), 0);
    let notice = told.of("notice").iter().any(|notice| {
        let text = notice["text"].as_str().unwrap_or_default();
        text.contains("compaction is switched off")
    });
    assert!(notice, "{told:#?}");
}

#[test]
fn a_model_edits_in_the_form_of_the_setting_and_its_edits_are_counted() {
    let line = NOTES.trim_end();
    let first = format!("1{}", ollacode::text::anchors::checksum(line));
    let text = line.replace("ninety", "eighty");
    let arguments = json!({"path": "notes.txt", "first": first, "text": text});
    let server = ChatServer::start(vec![
        read("notes.txt"),
        Reply::text("").call("edit_file", arguments),
        Reply::text("It boils at eighty degrees."),
    ]);
    let environment = environment(&server).with("OLLACODE_EDIT_FORM", "anchors");
    let told = ask(&environment, &["--auto-edit"], "Make it eighty degrees.");
    let told = told.expect_end("answered");
    assert_eq!(told.calls(), ["read_file done", "edit_file done"]);
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
    let requests = server.requests();
    let tools = requests[0]["tools"].as_array().expect("tools");
    let edit = tools
        .iter()
        .find(|tool| tool["function"]["name"] == "edit_file");
    let parameters = &edit.expect("it is offered")["function"]["parameters"];
    assert!(
        parameters["properties"]["first"].is_object(),
        "{parameters}"
    );
    let results = results_at_last(&server);
    assert!(
        results[0].contains(&format!("{first}|The kettle")),
        "{results:#?}"
    );
    server.assert_each_extends_the_last(&[]);
    let probes = fs::read_to_string(environment.data_folder().join("ollacode/probes.json"));
    let probes: Value = serde_json::from_str(&probes.expect("a file")).expect("JSON");
    let counts = &probes["models"][CHAT_MODEL]["edits"]["anchors"];
    assert_eq!(*counts, json!({"tried": 1, "worked": 1}), "{probes:#}");
}
