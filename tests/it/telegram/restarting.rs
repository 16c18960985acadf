//! What survives a restart of the bot.

use super::*;

#[test]
fn a_pending_question_is_dead_after_a_restart() {
    let mut bot = Bot::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Nothing was changed."),
    ]);
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("? edit notes.txt");
    let mut running = bot.running.take().expect("it runs");
    running.kill();
    bot.go(&[]);
    let said = bot.press(&question, "Allow once");
    assert!(said.contains("from before a restart"), "{said}");
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    let actions = bot
        .environment
        .run(&["log", "--json"])
        .expect_success()
        .json_lines();
    let of = |kind: &str| {
        actions
            .iter()
            .filter(|action| action["action"] == kind)
            .count()
    };
    assert_eq!(
        (of("asked"), of("decided"), of("changed")),
        (1, 0, 0),
        "{actions:#?}"
    );
    // The conversation continues its session.
    bot.api.write(OWNER, "What happened?");
    bot.expect("Nothing was changed.");
    let asked = bot.server.requests()[1]["messages"].to_string();
    assert!(asked.contains("Make it colder."), "{asked}");
}

#[test]
fn what_was_written_meanwhile_is_listed_and_not_done() {
    let mut bot = Bot::made(
        ChatServer::start(vec![Reply::text("Yes.")]),
        |environment| environment,
    );
    for number in 0..12 {
        bot.api.write(OWNER, &format!("Delete file {number}."));
    }
    bot.api.write(STRANGER, "Delete everything.");
    bot.api.write(OTHER, "/undo");
    bot.go(&[]);
    let list = bot
        .expect("12 messages arrived while the bot was offline")
        .text;
    assert!(
        list.contains("• Delete file 0.") && list.contains("… and 2 more"),
        "{list}"
    );
    bot.expect_in(OTHER, "• /undo");
    assert!(bot.api.chat(STRANGER).is_empty());
    assert!(bot.server.requests().is_empty());
    bot.api.write(OWNER, "Are you there?");
    bot.expect("Yes.");
    // Nothing is sent twice.
    bot.end().expect_success();
    bot.go(&[]);
    bot.api.write(OWNER, "/status");
    bot.expect("folder: ");
    let lists = bot
        .shown()
        .iter()
        .filter(|text| text.contains("was offline"))
        .count();
    assert_eq!(lists, 1);
}

#[test]
fn the_end_of_the_program_is_the_end_of_the_turn_and_all_is_sent() {
    let mut bot = Bot::start(vec![Reply::text("It is a long story: ").then_hang()]);
    bot.api.write(OWNER, "Tell me.");
    bot.expect("It is a long");
    bot.api.write(OWNER, "And another one.");
    bot.expect("1 message queued");
    bot.end().expect_success();
    bot.expect("■ stopped");
    bot.expect("the queued messages were not read: send them again");
    let actions = bot
        .environment
        .run(&["log", "--json"])
        .expect_success()
        .json_lines();
    let last = actions.last().expect("an action");
    assert_eq!(last["action"], "ended", "{actions:#?}");
}
