//! Approval of the write: on a terminal, and where nobody can be asked.

use super::*;
use crate::support::terminal::{PROMPT, Terminal};

#[test]
fn where_nobody_can_approve_it_the_text_is_printed_and_nothing_is_written() {
    // Project instructions are asked about in `auto-edit`, too.
    for flags in [&[] as &[&str], &["--auto-edit"]] {
        let server = ChatServer::start(vec![reply(&words())]);
        let environment = environment(&server);
        let output = init(&environment, flags, 1);
        assert!(!environment.workspace().join("OLLACODE.md").exists());
        for part in [
            "This would be written to `OLLACODE.md`",
            "# Project instructions",
            "- Errors end the program.",
        ] {
            assert!(output.stdout.contains(part), "{part}: {output:#?}");
        }
        assert!(output.stderr.contains("--auto-approve"), "{output:#?}");
    }
}

#[test]
fn on_a_terminal_the_change_is_shown_and_asked_about() {
    for (key, is_written) in [("y", true), ("n", false)] {
        let server = ChatServer::start(vec![reply(&words())]);
        let environment = environment(&server);
        let terminal = Terminal::start_sized(&environment, &["init", "--no-rag"], 100, 100);
        terminal.expect("[y] once");
        let screen = terminal.screen();
        assert!(screen.contains("OLLACODE.md"), "{screen}");
        assert!(screen.contains("A shop that sells kettles."), "{screen}");
        terminal.answer(key);
        let (code, screen) = terminal.finish();
        assert_eq!(code, Some(0), "{screen}");
        let file = environment.workspace().join("OLLACODE.md");
        assert_eq!(file.exists(), is_written, "{screen}");
        let said = if is_written {
            "Wrote OLLACODE.md"
        } else {
            "Nothing was written"
        };
        assert!(screen.contains(said), "{screen}");
    }
}

#[test]
fn in_a_conversation_it_is_a_command_and_can_be_undone() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    let terminal = Terminal::start_sized(&environment, &["chat", "--no-rag"], 100, 100);
    terminal.expect("/help lists the");
    terminal.expect_end(PROMPT);
    terminal.enter("/init nonsense");
    terminal.expect("usage: /init [check] [agents]");
    terminal.expect_end(PROMPT);
    terminal.enter("/init");
    terminal.expect("[y] once");
    terminal.answer("y");
    terminal.expect(" characters.");
    terminal.expect_end(PROMPT);
    assert!(environment.read("OLLACODE.md").contains("Kettles are hot."));
    terminal.enter("/undo");
    terminal.expect("undone");
    terminal.expect_end(PROMPT);
    assert!(!environment.workspace().join("OLLACODE.md").exists());
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn parts_are_appended_to_a_text_of_the_user_once_that_is_approved() {
    let mine = "# Mine\n\nNever touch the kettle.\n";
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    environment.write("OLLACODE.md", mine);
    let terminal = Terminal::start_sized(&environment, &["init", "--no-rag"], 100, 100);
    terminal.expect("your text stays as it is");
    terminal.expect("[y] once");
    terminal.answer("y");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    let text = environment.read("OLLACODE.md");
    assert!(text.starts_with(mine), "{text}");
    assert_eq!(part(&text, "what"), "A shop that sells kettles.\n");
}

#[test]
fn whoever_is_asked_about_commands_is_told_how_many_there_are() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    environment.remove("Cargo.toml");
    let arguments = ["init", "--check", "--no-rag"];
    let terminal = Terminal::start_sized(&environment, &arguments, 100, 100);
    for number in 1..=2 {
        let screen = terminal.expect(&format!("command {number} of 2 that are tried"));
        assert!(!screen.contains("A shop that sells kettles."), "{screen}");
        terminal.answer("n");
    }
    // The change of the file is asked about as ever.
    let screen = terminal.expect("A shop that sells kettles.");
    assert_eq!(screen.matches("that are tried").count(), 2, "{screen}");
    crate::support::wait_until("the question", || {
        terminal.screen().matches("[y] once").count() == 3
    });
    terminal.answer("n");
    assert_eq!(terminal.finish().0, Some(0));
}
