//! Approvals: who can give them, for what, how often and for how long.

use super::*;
use crate::support::fake_api::Failure;

fn eighty(script_end: &str) -> Vec<Reply> {
    vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text(script_end),
    ]
}

#[test]
fn an_edit_is_shown_and_allowed_once() {
    let bot = Bot::start(eighty("It is eighty now."));
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    assert!(
        question.text.contains("-The kettle boils at ninety"),
        "{}",
        question.text
    );
    assert!(
        question.text.contains("+The kettle boils at eighty"),
        "{}",
        question.text
    );
    assert!(question.html.contains("language-diff"), "{}", question.html);
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    assert_eq!(bot.press(&question, "Allow once"), "✓ allowed once");
    bot.expect("It is eighty now.");
    assert_eq!(
        bot.environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
    let question = bot.api.wait_for(OWNER, PATIENCE, |sent| {
        sent.id == question.id && sent.keyboard.is_null()
    });
    assert!(
        question.text.ends_with("✓ allowed once"),
        "{}",
        question.text
    );
    let steps = bot.expect("✓ edit_file notes.txt");
    assert!(
        steps.id > question.id,
        "what was done is shown below the question"
    );
}

#[test]
fn only_the_first_press_counts() {
    let bot = Bot::start(eighty("As you like."));
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    let data = |label: &str| button(&question, label);
    let (deny, allow) = (data("Deny"), data("Allow once"));
    let first = bot.api.press_data(OWNER, OWNER, question.id, &deny);
    let second = bot.api.press_data(OWNER, OWNER, question.id, &allow);
    assert_eq!(bot.said_to(&first), "✗ denied");
    assert_eq!(bot.said_to(&second), "already answered: ✗ denied");
    bot.expect("As you like.");
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    let results = bot.server.requests()[1]["messages"].to_string();
    assert!(results.contains("denied"), "{results}");
}

/// The callback data of a button.
fn button(question: &Sent, label: &str) -> String {
    let rows = question.keyboard["inline_keyboard"]
        .as_array()
        .expect("rows");
    let buttons = rows.iter().flat_map(|row| row.as_array().expect("buttons"));
    let found = buttons.into_iter().find(|button| button["text"] == label);
    let data = found.and_then(|button| button["callback_data"].as_str());
    data.expect("the button").to_owned()
}

#[test]
fn for_this_session_the_same_is_not_asked_again() {
    let bot = Bot::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        edit("notes.txt", "eighty", "seventy"),
        Reply::text("It is seventy now."),
    ]);
    bot.api.write(OWNER, "Make it much colder.");
    let question = bot.expect_question("For this session: edits");
    bot.press(&question, "Allow for this session");
    bot.expect("It is seventy now.");
    let questions = bot
        .shown()
        .iter()
        .filter(|text| text.starts_with("? edit"))
        .count();
    assert_eq!(questions, 1);
}

#[test]
fn a_question_that_nobody_answers_is_denied() {
    let bot = Bot::start_with(
        ChatServer::start(eighty("Then not.")),
        |environment| environment.with("TELEGRAM_APPROVAL_TIMEOUT", "2"),
        &[],
    );
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    let allow = button(&question, "Allow once");
    bot.expect("Then not.");
    bot.expect("⌛ expired: denied");
    let press = bot.api.press_data(OWNER, OWNER, question.id, &allow);
    assert!(bot.said_to(&press).contains("expired"));
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
}

#[test]
fn buttons_of_others_and_forged_ones_do_nothing() {
    let mut bot = Bot::start(eighty("It is eighty now."));
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    let allow = button(&question, "Allow once");
    let deny = button(&question, "Deny");
    // The deny button with the sign of the allow button.
    let forged = deny.replacen(".n.", ".y.", 1);
    assert_ne!(forged, deny);
    let presses = [
        bot.api.press_data(STRANGER, OWNER, question.id, &allow),
        bot.api.press_data(OTHER, OWNER, question.id, &allow),
        bot.api.press_data(OTHER, OTHER, question.id, &allow),
        bot.api.press_data(OWNER, OTHER, question.id, &allow),
        bot.api.press_data(OWNER, OWNER, question.id, &forged),
        bot.api.press_data(OWNER, OWNER, question.id, "y"),
        bot.api.press_data(OWNER, OWNER, question.id, ""),
    ];
    // Updates are handled in order: those before are done when the next one is answered.
    bot.api.write(OWNER, "/start");
    bot.expect("I answer questions about");
    for press in &presses {
        assert_eq!(bot.api.answer(press), None, "{press}");
    }
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    bot.press(&question, "Allow once");
    bot.expect("It is eighty now.");
    let said = bot.end().expect_success().stderr;
    assert!(
        said.contains("user 9 wrote to the bot but is not allowed"),
        "{said}"
    );
    assert!(
        said.contains("pressed a button that belongs to somebody else"),
        "{said}"
    );
}

#[test]
fn a_stop_takes_the_question_back() {
    let bot = Bot::start(vec![edit("notes.txt", "ninety", "eighty")]);
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    let allow = button(&question, "Allow once");
    bot.api.write(OWNER, "/stop");
    bot.expect("✗ withdrawn: nothing was done");
    let press = bot.api.press_data(OWNER, OWNER, question.id, &allow);
    assert!(bot.said_to(&press).contains("expired"));
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
}

#[test]
fn a_long_command_is_a_file_and_hides_nothing() {
    let command = format!(
        "touch made; echo a\u{202e}b\n{}",
        "echo one more line\n".repeat(300)
    );
    let bot = Bot::start(vec![run(&command), Reply::text("Well.")]);
    bot.api.write(OWNER, "Do something.");
    let question = bot.expect_question("? run a command");
    assert!(question.text.contains("a\\u{202e}b"), "{}", question.text);
    let file = bot
        .api
        .wait_for(OWNER, PATIENCE, |sent| sent.document.is_some());
    assert!(file.id < question.id);
    let (name, contents) = file.document.expect("a file");
    let contents = String::from_utf8_lossy(&contents).into_owned();
    assert_eq!(
        (name.as_str(), contents.matches("one more line").count()),
        ("command.sh", 300)
    );
    bot.press(&question, "Deny");
    bot.expect("Well.");
}

#[test]
fn a_command_that_cannot_be_shown_whole_is_denied() {
    // It looks like the password of a URL, so it would be hidden although it runs.
    let bot = Bot::start(vec![
        run("curl -sI https://ci:x;rm$IFS-rf$IFS.;@status.example.com"),
        Reply::text("Then not."),
    ]);
    bot.api.write(OWNER, "Is the site up?");
    bot.expect("it cannot be shown here in full");
    bot.expect("Then not.");
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    let results = bot.server.requests()[1]["messages"].to_string();
    assert!(
        results.contains("cannot be shown on the phone"),
        "{results}"
    );
}

#[test]
fn what_blanks_would_push_out_of_sight_is_shown() {
    for blank in [" ", "\n", "\t", "\u{2003}", "\u{2800}"] {
        let command = format!("touch new; touch one{}far-away", blank.repeat(3_000));
        let bot = Bot::start(vec![run(&command), Reply::text("Well.")]);
        bot.api.write(OWNER, "Do something.");
        let question = bot.expect_question("? run a command");
        let text = &question.text;
        assert!(text.contains("touch one ⟨3,000 blanks⟩ far-away"), "{text}");
        bot.press(&question, "Deny");
        bot.expect("Well.");
    }
}

#[test]
fn a_long_command_shows_its_beginning_its_end_and_how_much_is_between() {
    let command = format!("echo one; : {} && touch far-away", "x".repeat(6_000));
    let bot = Bot::start(vec![run(&command), Reply::text("Well.")]);
    bot.api.write(OWNER, "Do something.");
    let question = bot.expect_question("? run a command");
    let text = &question.text;
    assert!(text.contains("echo one; : xxx"), "{text}");
    assert!(text.contains("characters left out"), "{text}");
    assert!(text.contains("xxx && touch far-away"), "{text}");
    bot.press(&question, "Deny");
    bot.expect("Well.");
}

#[test]
fn a_long_command_whose_file_does_not_arrive_is_denied() {
    let command = format!("touch new; : {}", "x".repeat(6_000));
    let bot = Bot::start(vec![run(&command), Reply::text("Then not.")]);
    let why = "Bad Request: not enough rights to send documents to the chat";
    bot.api.fail("sendDocument", Failure::status(400, why));
    bot.api.write(OWNER, "Do something.");
    bot.expect("it cannot be shown here in full");
    bot.expect("Then not.");
    let questions = bot
        .shown()
        .iter()
        .filter(|text| text.contains("Allow"))
        .count();
    assert_eq!(questions, 0);
}

#[test]
fn values_of_a_file_of_secrets_are_hidden_whatever_its_lines_look_like() {
    let before = "-- a/x\n-- /dev/null\nTOKEN=wombat1\n++ b/y\nwombat2\n";
    let bot = Bot::start(vec![
        Reply::text("").call("read_file", json!({"path": ".env"})),
        Reply::text("").call(
            "write_file",
            json!({"path": ".env", "content": "++ b/z\nTOKEN=wombat3\nwombat4\n"}),
        ),
        Reply::text("Well."),
    ]);
    bot.environment.write(".env", before);
    bot.api.write(OWNER, "Change the token.");
    let question = bot.expect_question("read .env");
    bot.press(&question, "Allow once");
    let question = bot.expect_question("write .env");
    assert!(
        question.text.contains("TOKEN=[hidden]"),
        "{}",
        question.text
    );
    bot.press(&question, "Allow once");
    bot.expect("Well.");
    bot.api.write(OWNER, "/diff");
    bot.api.wait_for(OWNER, PATIENCE, |sent| {
        sent.keyboard.is_null() && sent.text.starts_with("--- a/.env")
    });
    for shown in bot.shown() {
        assert!(!shown.contains("wombat"), "{shown}");
    }
}

#[test]
fn what_is_hidden_in_a_diff_is_said() {
    let secret = format!("key = \"ghp_{}\"\n", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let arguments = json!({"path": "keys.txt", "content": secret});
    let bot = Bot::start(vec![
        Reply::text("").call("write_file", arguments),
        Reply::text("As you like."),
    ]);
    bot.api.write(OWNER, "Keep my key.");
    let question = bot.expect_question("keys.txt");
    assert!(question.text.contains("[redacted"), "{}", question.text);
    assert!(
        question.text.contains("Parts that look like secrets"),
        "{}",
        question.text
    );
    assert!(
        !question.text.contains("For this session"),
        "{}",
        question.text
    );
    bot.press(&question, "Deny");
    bot.expect("As you like.");
}

#[test]
fn unasked_only_if_it_was_started_so() {
    let bot = Bot::start(Vec::new());
    bot.api.write(OWNER, "/approve auto-approve");
    bot.expect("can be set at start only");
    bot.api.write(OWNER, "/approve auto-edit");
    bot.expect("mode auto-edit");
    drop(bot);
    let server = ChatServer::start(eighty("It is eighty now."));
    let mut bot = Bot::start_with(server, |environment| environment, &["--auto-approve"]);
    bot.api.write(OWNER, "Make it colder.");
    bot.expect("It is eighty now.");
    assert_eq!(
        bot.environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
    let said = bot.end().expect_success().stderr;
    assert!(said.contains("all commands run without approval"), "{said}");
}
