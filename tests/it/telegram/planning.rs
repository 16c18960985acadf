//! Plans: made, carried out by a button, and withdrawn by another message.

use super::*;

#[test]
fn a_plan_is_carried_out_by_a_button() {
    let bot = Bot::start(vec![
        Reply::text("1. Make it eighty."),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is eighty now."),
    ]);
    bot.api.write(OWNER, "/plan");
    bot.expect("mode plan: read-only");
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("Carry out this plan");
    assert!(question.text.contains("mode `ask`"), "{}", question.text);
    bot.press(&question, "Carry it out");
    let question = bot.expect_question("? edit notes.txt");
    bot.press(&question, "Allow once");
    bot.expect("It is eighty now.");
    bot.expect("changed: notes.txt +1 −1; /undo takes it back");
    assert_eq!(
        bot.environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
}

#[test]
fn a_plan_is_dead_when_something_else_begins() {
    for (command, said) in [("/new", "new session"), ("/plan", "mode ask")] {
        let bot = Bot::start(vec![Reply::text("1. Make it eighty.")]);
        bot.api.write(OWNER, "/plan");
        bot.expect("mode plan");
        bot.api.write(OWNER, "Make it colder.");
        let question = bot.expect_question("Carry out this plan");
        let data = question.keyboard["inline_keyboard"][0][0]["callback_data"].clone();
        bot.api.write(OWNER, command);
        bot.expect(said);
        bot.expect("withdrawn: nothing was done");
        let data = data.as_str().expect("data");
        let press = bot.api.press_data(OWNER, OWNER, question.id, data);
        assert!(bot.said_to(&press).contains("expired"));
        bot.api.write(OWNER, "/status");
        bot.expect("folder: ");
        assert_eq!(bot.server.requests().len(), 1, "{command}");
    }
}

#[test]
fn a_session_that_was_left_in_plan_mode_is_still_in_it() {
    let bot = Bot::start_with(
        ChatServer::start(vec![
            Reply::text("1. Make it eighty."),
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("I may not."),
        ]),
        |environment| environment,
        &["--auto-approve"],
    );
    let told = bot
        .environment
        .run(&["chat", "--plan", "-p", "Make it colder."]);
    told.expect_success();
    bot.api.write(OWNER, "/resume");
    bot.expect("in mode plan");
    bot.api.write(OWNER, "Do it.");
    bot.expect("I may not.");
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
}

#[test]
fn a_task_goes_from_step_to_step_by_buttons() {
    let step = |text: &str| json!({"text": text, "files": ["notes.txt"], "check": ""});
    let steps = json!({"steps": [step("Make it eighty"), step("Make it seventy")]});
    let bot = Bot::start(vec![
        Reply::text(&steps.to_string()),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is eighty."),
        edit("notes.txt", "eighty", "seventy"),
        Reply::text("It is seventy."),
    ]);
    bot.api.write(OWNER, "/task Make it colder in steps");
    // The plan is there whole, not as a remark among the calls.
    let plan = bot.expect("Make it seventy").text;
    assert!(plan.contains("Make it colder in steps"), "{plan}");
    let question = bot.expect_question("Carry out this plan?");
    bot.press(&question, "go on");
    let question = bot.expect_question("boils at eighty");
    bot.press(&question, "Allow once");
    let question = bot.expect_question("Step 1 of 2 is done");
    bot.press(&question, "go on");
    let question = bot.expect_question("boils at seventy");
    bot.press(&question, "Allow once");
    let question = bot.expect_question("Step 2 of 2 is done");
    bot.press(&question, "go on");
    bot.expect("The task is done");
    let notes = bot.environment.read("notes.txt");
    assert_eq!(notes, NOTES.replace("ninety", "seventy"));
}

#[test]
fn a_plan_is_carried_out_in_steps_by_a_button() {
    let bot = Bot::start(vec![
        Reply::text("1. Make it eighty in notes.txt.\n2. Make it seventy in notes.txt."),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is eighty."),
    ]);
    bot.api.write(OWNER, "/plan");
    bot.expect("mode plan: read-only");
    bot.api.write(OWNER, "Make it colder.");
    let question = bot.expect_question("Carry out this plan in mode");
    bot.press(&question, "In steps");
    let question = bot.expect_question("Carry out this plan?");
    bot.press(&question, "go on");
    let question = bot.expect_question("boils at eighty");
    bot.press(&question, "Allow once");
    let question = bot.expect_question("Step 1 of 2 is done");
    bot.press(&question, "stop");
    bot.expect("The plan is kept");
}
