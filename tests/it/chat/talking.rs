//! `ollacode chat` in a terminal: keys, questions, Ctrl-C, and the terminal afterwards.

use super::*;
use crate::support::chat_server::ServedModel;
use crate::support::terminal::{CTRL_C, PROMPT, Terminal};
use crate::support::wait_until;

/// Starts a conversation and waits for its prompt.
fn talk(environment: &Environment, arguments: &[&str]) -> Terminal {
    let mut all = vec!["chat"];
    all.extend(arguments);
    let terminal = Terminal::start(environment, &all);
    terminal.expect("/help lists the commands");
    terminal.expect_end(PROMPT);
    terminal
}

#[test]
fn edits_are_asked_about_and_undone() {
    let answers = [
        edit("notes.txt", "ninety", "eighty"),
        edit("notes.txt", "ninety", "seventy"),
        edit("notes.txt", "ninety", "sixty"),
        edit("notes.txt", "sixty", "fifty"),
        Reply::text("It is fifty now."),
    ];
    let server = ChatServer::start(answers.into());
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);

    terminal.enter("Make it colder, please.");
    let asked = terminal.expect("+The kettle boils at eighty degrees");
    assert!(asked.contains("? edit notes.txt"), "{asked}");
    assert!(
        asked.contains("-The kettle boils at ninety degrees"),
        "{asked}"
    );
    terminal.expect("[a] for this session: edits · [n] no · [r] no, with a reason");
    terminal.answer("n");
    terminal.expect("+The kettle boils at seventy degrees");
    terminal.answer("r");
    terminal.expect("reason:");
    terminal.enter("not so warm");
    terminal.expect("+The kettle boils at sixty degrees");
    assert_eq!(environment.read("notes.txt"), NOTES);
    terminal.answer("a");
    // The next edit needs no approval.
    terminal.expect("It is fifty now.");
    terminal.expect_last(PROMPT);
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "fifty")
    );
    let results = results_at_last(&server);
    assert!(
        results[0].contains("The user denied this call"),
        "{results:#?}"
    );
    assert!(results[1].contains("said: not so warm"), "{results:#?}");
    server.assert_each_extends_the_last(&[]);

    terminal.enter("/undo");
    terminal.expect("undone, turn 1");
    terminal.expect_last(PROMPT);
    assert_eq!(environment.read("notes.txt"), NOTES);
    terminal.enter("/redo");
    terminal.expect("redone, turn 1");
    terminal.expect_last(PROMPT);
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "fifty")
    );
    // A file that was changed since is not overwritten.
    environment.write("notes.txt", "mine\n");
    terminal.enter("/undo");
    terminal.expect("changed since then");
    terminal.expect_last(PROMPT);
    assert_eq!(environment.read("notes.txt"), "mine\n");
    let (code, screen) = terminal.leave();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("ollacode chat --resume"), "{screen}");
}

#[test]
fn ctrl_c_stops_the_model_and_the_second_one_leaves() {
    let server = ChatServer::start(vec![
        Reply::text("The beginning of a long answer").then_hang(),
        Reply::text("Here again."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);
    terminal.enter("Tell me all about kettles.");
    terminal.expect("The beginning of a");
    terminal.press(CTRL_C);
    terminal.expect("stopped");
    terminal.expect_last(PROMPT);
    wait_until("the closed connection", || server.closed_connections() == 1);
    terminal.enter("Are you there?");
    terminal.expect("Here again.");
    terminal.expect_last(PROMPT);
    let requests = server.requests();
    let said = messages(&requests[1]);
    let content = |at: usize| said[at]["content"].as_str().unwrap_or_default();
    // The reply stays as it was; the next question tells the model.
    let (stopped, asked) = (content(said.len() - 2), content(said.len() - 1));
    assert_eq!(stopped, "The beginning of a long answer");
    assert!(asked.contains("stopped by the user"), "{asked}");
    terminal.press(CTRL_C);
    terminal.expect("press Ctrl-C again");
    terminal.press(CTRL_C);
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
}

#[test]
fn ctrl_c_stops_a_command_with_all_that_it_started() {
    let server = ChatServer::start(vec![run("touch made && (sleep 3600 & wait)")]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);
    terminal.enter("Run something long.");
    terminal.expect("? run a command");
    terminal.expect("touch made && (sleep 3600 & wait)");
    terminal.answer("y");
    terminal.expect(" s · Ctrl-C stops");
    terminal.press(CTRL_C);
    terminal.expect("stopped by the user");
    terminal.expect_last(PROMPT);
    assert!(server.requests().len() == 1);
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let server = ChatServer::start(vec![edit("notes.txt", "ninety", "eighty")]);
    let environment = environment(&server);
    let mut terminal = talk(&environment, &[]);
    terminal.enter("Make it colder.");
    terminal.expect("[n] no");
    let before = terminal.modes();
    // During a question: the first withdraws it, the second exits.
    terminal.press(CTRL_C);
    terminal.expect_last(PROMPT);
    terminal.press(CTRL_C);
    terminal.wait();
    let after = terminal.modes();
    assert!(!before.echoes, "a question reads single keys");
    assert!(after.echoes && after.lines, "{after:?}");
    let raw = terminal.raw();
    assert_eq!(
        raw.matches("\x1b[?2004h").count(),
        raw.matches("\x1b[?2004l").count(),
        "bracketed paste is as it was"
    );
    assert_eq!(environment.read("notes.txt"), NOTES);
}

#[test]
fn a_key_that_was_pressed_before_the_question_does_not_answer_it() {
    let server = ChatServer::start(vec![
        Reply::text("First I say that I will edit the notes. ")
            .call(
                "edit_file",
                json!({"path": "notes.txt", "search": "ninety", "replace": "eighty"}),
            )
            .first_byte_after(std::time::Duration::from_millis(300)),
        Reply::text("So be it."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);
    terminal.enter("Make it colder.");
    terminal.press("y");
    terminal.expect("[n] no");
    terminal.answer("n");
    terminal.expect("So be it.");
    terminal.expect_last(PROMPT);
    assert_eq!(environment.read("notes.txt"), NOTES);
}

#[test]
fn a_plan_turns_into_work_with_one_key() {
    let arguments = json!({"path": "new.txt", "content": "new\n"});
    let server = ChatServer::start(vec![
        Reply::text("1. Write new.txt.\n2. Read it again."),
        Reply::text("").call("write_file", arguments),
        read("new.txt"),
        Reply::text("Both steps are done."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &["--auto-edit"]);
    terminal.enter("/plan");
    terminal.expect_last("plan>");
    terminal.enter("Write a new file.");
    terminal.expect("Carry out this plan in mode `auto-edit`?");
    terminal.answer("y");
    terminal.expect("Both steps are done.");
    terminal.expect_last("auto-edit>");
    assert_eq!(environment.read("new.txt"), "new\n");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_window_may_change_its_size_at_any_time() {
    let long = "A sentence about kettles that goes on for a while. ".repeat(12);
    let server = ChatServer::start(vec![
        Reply::text(&long).then_hang(),
        Reply::text("Narrow now."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);
    terminal.enter("Tell me all about kettles.");
    terminal.expect("A sentence about kettles");
    for (rows, columns) in [(10, 30), (50, 200), (3, 12), (40, 60)] {
        terminal.resize(rows, columns);
    }
    terminal.press(CTRL_C);
    terminal.expect_last(PROMPT);
    terminal.enter("And now?");
    terminal.expect("Narrow now.");
    terminal.expect_last(PROMPT);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn what_hides_in_a_command_is_shown_and_plays_no_tricks() {
    let trick = "echo \u{202e}safe\u{1b}[2K\u{1b}]0;title\u{7}; touch made";
    let server = ChatServer::start(vec![run(trick), Reply::text("Well.\u{1b}[31m red")]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[]);
    terminal.enter("Run it.");
    terminal.expect(r"echo \u{202e}safe\u{1b}[2K\u{1b}]0;title\u{7}; touch made");
    terminal.answer("n");
    terminal.expect(r"Well.\u{1b}[31m red");
    terminal.expect_last(PROMPT);
    let raw = terminal.raw();
    for forbidden in ["\u{202e}", "\u{1b}]0;", "\u{1b}[31m red"] {
        assert!(!raw.contains(forbidden), "{forbidden:?} was written");
    }
    assert!(!environment.workspace().join("made").exists());
}

#[test]
fn a_file_that_is_mentioned_is_before_the_model_and_lines_go_on() {
    let server = ChatServer::start(vec![Reply::text("At ninety degrees.")]);
    let environment = environment(&server);
    let terminal = talk(&environment, &["--no-rag"]);
    // Tab completes the path.
    terminal.press("When does it boil, by @not");
    // The files are listed in the background.
    wait_until("the completed path", || {
        terminal.press("\t");
        terminal.screen().contains("@notes.txt")
    });
    terminal.press("\\\r");
    terminal.enter("and why?");
    terminal.expect("At ninety degrees.");
    terminal.expect_last(PROMPT);
    let requests = server.requests();
    let question = last_text(&requests[0]);
    assert!(question.contains(NOTES.trim()), "{question}");
    assert!(
        question.ends_with("When does it boil, by @notes.txt \nand why?")
            || question.ends_with("When does it boil, by @notes.txt\nand why?"),
        "{question}"
    );
}

#[test]
fn the_model_asks_and_the_user_answers() {
    let question = json!({"question": "Which colour?", "options": ["red", "blue"]});
    let server = ChatServer::start(vec![
        Reply::text("").call("ask_user", question),
        Reply::text("Blue it is."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &["--tools", "all"]);
    terminal.enter("Paint it.");
    terminal.expect("Which colour?");
    terminal.expect("2  blue");
    terminal.enter("2");
    terminal.expect("Blue it is.");
    assert!(results_at_last(&server)[0].contains("blue"));
}

#[test]
fn commands_of_the_conversation_say_what_is() {
    let server = ChatServer::with_models(
        vec![ServedModel::default(), ServedModel::named("other:7b")],
        vec![Reply::text("At ninety degrees: notes.txt:1.")],
    );
    let environment = environment(&server);
    environment.write("OLLACODE.md", "# Kettles\n\nDegrees are Celsius.\n");
    environment.index();
    let terminal = talk(&environment, &[]);
    terminal.expect("OLLACODE.md (3 lines)");
    terminal.enter("When does the kettle boil?");
    terminal.expect("At ninety degrees");
    terminal.expect_last(PROMPT);
    // Longer than the screen.
    terminal.enter("/help");
    terminal.expect("/quit");
    terminal.expect_last(PROMPT);
    for (command, said) in [
        ("/sources", "notes.txt:1"),
        ("/tokens", "system prompt"),
        ("/context", "░ free"),
        ("/undo x", "usage: /undo"),
        ("/status", "mode     ask"),
        ("/search kettle", "The kettle boils"),
        ("/index", "2 files"),
        ("/memory", "Degrees are Celsius."),
        ("/diff", "changed nothing"),
        ("/undo", "nothing to undo"),
        ("/workspace", "/workspace NAME switches"),
        ("/workspace /etc", "there is no workspace `/etc`"),
        ("/resume", "there is no other session"),
        ("/resume zz9", "this folder has no session `zz9`"),
        ("/nonsense", "/help"),
    ] {
        terminal.press("\x0c");
        terminal.enter(command);
        // What is on the screen of the command before says nothing.
        terminal.expect(&format!("> {command}"));
        terminal.expect(said);
        terminal.expect_last(PROMPT);
    }
    for (command, said) in [
        ("/sessions", "1  When does the kettle boil?"),
        ("/model", "other:7b"),
        ("/approve", "› * ask"),
    ] {
        terminal.press("\x0c");
        terminal.enter(command);
        terminal.expect(&format!("> {command}"));
        terminal.expect(said);
        terminal.press("\x1b");
        terminal.expect_last(PROMPT);
    }
    terminal.enter("/model other:7b");
    terminal.expect("switched to other:7b");
    terminal.expect_last(PROMPT);
    server.then(vec![Reply::text("I am another one.")]);
    terminal.enter("Who are you?");
    terminal.expect("I am another one.");
    let requests = server.requests();
    assert_eq!(requests.last().expect("a request")["model"], "other:7b");
    terminal.expect_last(PROMPT);
    terminal.enter("/approve auto-edit");
    terminal.expect_last("auto-edit>");
    terminal.enter("/clear");
    terminal.expect("new session");
    terminal.expect_last("auto-edit>");
    terminal.enter("/quit");
    assert_eq!(terminal.finish().0, Some(0));
}

#[test]
fn workspaces_and_sessions_are_switched_as_on_the_phone() {
    let server = ChatServer::start(vec![
        Reply::text("At ninety degrees."),
        read("tea.txt"),
        Reply::text("It is green."),
    ]);
    let shop = tempfile::tempdir().expect("a folder");
    fs::write(shop.path().join("tea.txt"), "green\n").expect("a file");
    let environment = environment(&server);
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    let names = format!("[workspaces]\nshop = '{}'\n", shop.path().display());
    fs::write(folder.join("config.toml"), names).expect("a file");
    let terminal = talk(&environment, &["--no-rag"]);
    let say = |line: &str, said: &str| {
        terminal.press("\x0c");
        terminal.enter(line);
        terminal.expect(said);
        terminal.expect_last(PROMPT);
    };
    say("When does it boil?", "At ninety degrees.");
    say("/workspace", "shop");
    say(
        "/workspace /etc",
        "there is no workspace `/etc`; available: shop",
    );
    say("/workspace shop", "new session in");
    say("/resume", "there is no other session");
    say("Which tea?", "It is green.");
    let results = results_at_last(&server);
    assert!(results[0].contains("green"), "{results:#?}");
    say("/new", "new session; /resume");
    say("/resume", "continues after 1 question");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn a_model_that_is_missing_is_pulled_when_that_is_wanted() {
    let server = ChatServer::with_models(Vec::new(), vec![Reply::text("Here I am.")]);
    let environment = environment(&server);
    let terminal = Terminal::start(&environment, &["chat"]);
    terminal.expect(&format!("Download `{CHAT_MODEL}` now?"));
    terminal.answer("y");
    terminal.expect("/help lists the commands");
    terminal.enter("Are you there?");
    terminal.expect("Here I am.");
}
