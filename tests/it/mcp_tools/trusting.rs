//! `.mcp.json` of a repository: nothing of it is started before somebody has looked at just that.

use super::*;

/// Servers of a repository: one that writes a file when it is started.
fn brought(lab: &Lab, canary: &str) -> String {
    let run = format!("touch {canary}; exec \"$0\" -u server.py tools.json");
    json!({"mcpServers": {"Evil": {
        "command": "sh",
        "args": ["-c", run, lab.python],
        "env": {"GREETING": "${USER_NAME}", "LEVEL": "high"},
    }}})
    .to_string()
}

fn exists(lab: &Lab, file: &str) -> bool {
    lab.environment.workspace().join(file).exists()
}

/// Everything that could start a server without being asked to trust it.
fn try_everything(lab: &Lab) -> String {
    let mut said = String::new();
    for arguments in [
        &["mcp", "list"] as &[&str],
        &["mcp", "list", "--json"],
        &["doctor"],
        &["mcp", "trust"],
    ] {
        said.push_str(&lab.environment.run(arguments).words());
    }
    lab.server.then(vec![
        more_tools(""),
        use_tool("repo-evil.search", "{\"query\": \"x\"}"),
        Reply::text("There is no such tool."),
    ]);
    said.push_str(&lab.ask(&["--auto-approve"]).words());
    said.replace('\n', " ")
}

/// Trusts the servers at a terminal.
#[track_caller]
fn trust(lab: &Lab, answer: &str) -> (Option<i32>, String) {
    let terminal = Terminal::start(&lab.environment, &["mcp", "trust"]);
    terminal.expect("Trust 1 server of this repository? [y/N]");
    terminal.enter(answer);
    terminal.finish()
}

#[test]
fn servers_of_a_repository_are_mentioned_once_when_a_session_begins() {
    let nothing = || Reply::text("Nothing.");
    let Some(lab) = Lab::without_servers(vec![nothing(), nothing()]) else {
        return;
    };
    let text = brought(&lab, "canary");
    lab.environment.write(".mcp.json", &text);
    let words = "which are not started: repo-evil";
    let is_said = |output: &Output| output.stderr.replace('\n', " ").contains(words);
    assert!(is_said(&lab.ask(&[])));
    assert!(!is_said(&lab.ask(&[])), "once is enough");
    lab.environment.write(".mcp.json", format!("{text} "));
    let terminal = Terminal::start(&lab.environment, &["chat", "--no-rag"]);
    terminal.expect("repo-evil");
    terminal.expect_end(PROMPT);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn nothing_is_started_before_it_is_trusted_nor_after_a_change() {
    let Some(mut lab) = Lab::without_servers(Vec::new()) else {
        return;
    };
    lab.environment.set("USER_NAME", "me");
    lab.environment.write(".mcp.json", brought(&lab, "canary"));
    let said = try_everything(&lab);
    assert!(!exists(&lab, "canary") && lab.starts() == 0, "{said}");
    assert!(said.contains("which are not started: repo-evil"), "{said}");
    assert!(said.contains("at a terminal only"), "{said}");
    let names = offered(lab.server.requests().last().expect("a request"));
    assert!(!names.contains(&"use_tool".to_owned()), "{names:?}");

    // It is mentioned once.
    lab.server.then(vec![Reply::text("Nothing.")]);
    let again = lab.ask(&[]);
    assert!(!again.stderr.contains("repo-evil"), "{again:#?}");

    let (code, screen) = trust(&lab, "n");
    assert_eq!(code, Some(1), "{screen}");
    for words in [
        "repo-evil",
        "starts: sh -c 'touch canary; exec \"$0\"",
        "network: no",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    for words in [
        "variable: GREETING = ${USER_NAME}",
        "variable: LEVEL = high",
        "USER_NAME",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    assert!(!exists(&lab, "canary"));
    assert_eq!(trust(&lab, "y").0, Some(0));
    assert!(!exists(&lab, "canary"), "to trust starts nothing");
    let listed = lab.environment.run(&["mcp", "list"]).expect_success();
    assert!(
        listed.stdout.contains("repo-evil (of this repository)"),
        "{listed:#?}"
    );
    assert!(listed.stdout.contains("search  new"), "{listed:#?}");
    assert!(exists(&lab, "canary"));

    // Any change ends the trust, also one of a blank.
    let starts = lab.starts();
    let text = lab.environment.read(".mcp.json");
    lab.environment.write(".mcp.json", format!("{text} "));
    let said = try_everything(&lab);
    assert_eq!(lab.starts(), starts, "{said}");
    assert!(said.contains("which are not started: repo-evil"), "{said}");
    lab.environment.write(".mcp.json", text);
    lab.environment.run(&["mcp", "list"]).expect_success();
    assert_eq!(
        lab.starts(),
        starts + 1,
        "what was trusted is trusted still"
    );
    let forgotten = lab.environment.run(&["mcp", "trust", "--forget"]);
    forgotten
        .expect_success()
        .expect_words(&["no longer trusted"]);
    try_everything(&lab);
    assert_eq!(lab.starts(), starts + 1);
}

#[test]
fn a_trusted_server_is_asked_about_and_gets_its_variables() {
    let Some(mut lab) = Lab::without_servers(Vec::new()) else {
        return;
    };
    lab.environment.set("USER_NAME", "me");
    lab.environment.set("GREETING", "not this one");
    let run = "echo \"$GREETING $LEVEL $USER_NAME\" > said; exec \"$0\" -u server.py tools.json";
    let text = json!({"mcpServers": {"Evil": {
        "command": "sh", "args": ["-c", run, lab.python],
        "env": {"GREETING": "${USER_NAME}", "LEVEL": "high"},
    }}});
    lab.environment.write(".mcp.json", text.to_string());
    assert_eq!(trust(&lab, "y").0, Some(0));
    lab.server.then(vec![
        use_tool("repo-evil.search", "{\"query\": \"x\"}"),
        Reply::text("I may not."),
    ]);
    let output = lab.ask(&[]);
    assert_eq!(lab.outcomes(&output), ["use_tool denied"]);
    assert_eq!(lab.lines("said"), ["me high "]);
}

#[test]
fn a_file_that_cannot_be_used_is_said_and_does_no_harm() {
    let Some(lab) = Lab::new(vec![Reply::text("Nothing.")]) else {
        return;
    };
    lab.environment.write(".mcp.json", "{\"mcpServers\": [");
    let output = lab.ask(&[]);
    assert!(
        output.words().contains("`.mcp.json` is no json"),
        "{output:#?}"
    );
    let refused = lab.environment.run(&["mcp", "trust"]);
    refused.expect_code(1).expect_words(&["is no json"]);
    lab.environment.remove(".mcp.json");
    let none = lab.environment.run(&["mcp", "trust"]);
    none.expect_code(1)
        .expect_words(&["this repository has no `.mcp.json`"]);
}
