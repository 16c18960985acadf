//! Skills at the prompt of a chat.

use super::*;
use crate::support::terminal::{PROMPT, Terminal};

fn talk(environment: &Environment) -> Terminal {
    let terminal = Terminal::start_sized(environment, &["chat", "--no-rag"], 40, 100);
    terminal.expect("/help lists the");
    terminal.expect_end(PROMPT);
    terminal
}

#[test]
fn a_skill_is_completed_and_started_at_the_prompt() {
    let server = ChatServer::start(vec![Reply::text("It is tidy."), Reply::text("All tidy.")]);
    let environment = environment(&server);
    environment.write("notes.txt", "The kettle boils.\n");
    add_own(&environment, "tidy", TIDY);
    add_own(
        &environment,
        "tidy-all-of-it",
        &TIDY.replace("name: tidy", "name: tidy-all-of-it"),
    );
    let terminal = talk(&environment);
    terminal.enter("/tidy notes.txt");
    terminal.expect("It is tidy.");
    terminal.expect_last(PROMPT);
    // The beginning of a name is enough.
    terminal.enter("/tidy-a notes.txt");
    terminal.expect("All tidy.");
    terminal.expect_last(PROMPT);
    terminal.enter("/tidier");
    terminal.expect("unknown command /tidier; did you mean /tidy or /tidy-all-of-it?");
    terminal.expect_last(PROMPT);
    terminal.enter("/skills");
    terminal.expect("/tidy PATH");
    terminal.expect_last(PROMPT);
    terminal.enter("/skills tidy");
    terminal.expect("Remove what nobody uses.");
    terminal.expect_last(PROMPT);
    assert_eq!(terminal.leave().0, Some(0));
    let questions: Vec<String> = server.requests().iter().map(question).collect();
    let begins = |at: usize, with: &str| questions[at].starts_with(with);
    assert!(
        begins(0, "/tidy notes.txt\n\n## Skill `tidy`\n\n"),
        "{questions:?}"
    );
    assert!(
        begins(
            1,
            "/tidy-all-of-it notes.txt\n\n## Skill `tidy-all-of-it`\n\n"
        ),
        "{questions:?}"
    );
    server.assert_each_extends_the_last(&[]);
}
