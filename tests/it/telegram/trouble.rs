//! Missing settings, and network failures.

use super::*;
use crate::support::fake_api::Failure;

#[track_caller]
fn fails(change: impl FnOnce(Environment) -> Environment, parts: &[&str], code: i32) {
    let bot = Bot::made(ChatServer::start(Vec::new()), change);
    let output = bot.environment.run(&["telegram"]).expect_code(code);
    output.expect_words(parts);
    assert!(!bot.api.requests().contains(&"getupdates".to_owned()));
}

#[test]
fn what_is_missing_is_said_and_nothing_starts() {
    fails(
        |environment| environment.with("TELEGRAM_BOT_TOKEN", ""),
        &["`TELEGRAM_BOT_TOKEN` is not set", "@BotFather"],
        2,
    );
    fails(
        |environment| environment.with("TELEGRAM_ALLOWED_USERS", " "),
        &[
            "`TELEGRAM_ALLOWED_USERS` is empty",
            "@userinfobot",
            "--pair",
        ],
        2,
    );
    fails(
        |environment| environment.with("TELEGRAM_ALLOWED_USERS", "@me"),
        &["`@me` is not a user id"],
        2,
    );
    fails(
        |environment| {
            let environment = environment.with("OLLACODE_OFFLINE", "true");
            environment.with("TELEGRAM_API_URL", "")
        },
        &["`--offline` allows connections to this machine only"],
        1,
    );
}

#[test]
fn doctor_says_whether_the_bot_could_start() {
    let check = |change: fn(Environment) -> Environment| {
        let bot = Bot::made(ChatServer::start(Vec::new()), change);
        let output = bot.environment.run(&["doctor", "--json"]);
        let checks = output.json()["checks"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found = checks.into_iter().find(|check| check["name"] == "telegram");
        found.map(|check| check["message"].as_str().unwrap_or_default().to_owned())
    };
    let said = check(|environment| environment);
    assert_eq!(
        said.as_deref(),
        Some("a token is set, and 2 users may use the bot")
    );
    let said = check(|environment| environment.with("TELEGRAM_ALLOWED_USERS", ""));
    assert!(said.is_some_and(|said| said.contains("`TELEGRAM_ALLOWED_USERS` is empty")));
    assert_eq!(
        check(|environment| environment.with("TELEGRAM_BOT_TOKEN", "")),
        None
    );
}

#[test]
fn the_other_name_of_the_token_is_taken() {
    let bot = Bot::start_with(
        ChatServer::start(Vec::new()),
        |environment| {
            environment
                .with("TELEGRAM_BOT_TOKEN", "")
                .with("TELOXIDE_TOKEN", TOKEN)
        },
        &[],
    );
    bot.api.write(OWNER, "/start");
    bot.expect("I answer questions about");
}

#[test]
fn a_token_that_telegram_does_not_know_ends_it() {
    let unknown = TOKEN.replace('F', "f");
    let bot = Bot::made(ChatServer::start(Vec::new()), |environment| {
        environment.with("TELEGRAM_BOT_TOKEN", &unknown)
    });
    let output = bot.environment.run(&["telegram"]).expect_code(1);
    let output = output.expect_words(&["Telegram rejected the bot token", "/token"]);
    assert!(
        !output
            .stderr
            .contains(unknown.split_once(':').expect("a token").1)
    );
}

#[test]
fn a_token_that_is_taken_back_ends_it_too() {
    let mut bot = Bot::start(Vec::new());
    bot.api
        .fail("getupdates", Failure::status(401, "Unauthorized"));
    bot.api.write(OWNER, "/start");
    let running = bot.running.take().expect("it runs");
    running
        .finish()
        .expect_code(1)
        .expect_words(&["rejected the bot token"]);
}

#[test]
fn a_second_poller_is_explained_and_it_goes_on() {
    let mut bot = Bot::start(Vec::new());
    bot.api.fail("getupdates", Failure::conflict());
    bot.api.fail(
        "getupdates",
        Failure::status(400, "Bad Request: something new"),
    );
    let polls = || {
        let requests = bot.api.requests();
        requests.iter().filter(|name| *name == "getupdates").count()
    };
    let before = polls();
    // Ends the pending request, so that the failures come next.
    bot.api.write(OWNER, "/help");
    wait_until("both failures, and a good one", || polls() >= before + 3);
    bot.api.write(OWNER, "/start");
    bot.expect("I answer questions about");
    let said = bot.end().expect_success().stderr;
    assert_eq!(
        said.matches("another program polls for the messages")
            .count(),
        1,
        "{said}"
    );
    assert!(said.contains("connected to Telegram again"), "{said}");
}

#[test]
fn held_back_it_waits_and_the_answer_arrives() {
    let bot = Bot::start(vec![Reply::text("At ninety degrees.")]);
    bot.api.fail("sendmessage", Failure::retry_after(2));
    bot.api.write(OWNER, "When does the kettle boil?");
    bot.expect("At ninety degrees.");
}

#[test]
fn markup_that_telegram_refuses_goes_as_plain_text() {
    let server = ChatServer::start(vec![Reply::text("**Ninety.**")]);
    // Without a search there is only one message.
    let bot = Bot::start_with(server, |environment| environment, &["--no-rag"]);
    let refused = Failure::status(
        400,
        "Bad Request: can't parse entities: Unsupported start tag",
    );
    bot.api.fail("sendmessage", refused);
    bot.api.write(OWNER, "When does the kettle boil?");
    let answer = bot.expect("Ninety.");
    assert_eq!(answer.html, answer.text);
}

#[test]
fn a_message_that_was_deleted_is_sent_again() {
    let bot = Bot::start(vec![
        Reply::text("Let me look at that for you, ").then_hang(),
    ]);
    bot.api.write(OWNER, "When does the kettle boil?");
    let draft = bot.expect("Let me look");
    bot.api.delete(draft.id);
    bot.api.write(OWNER, "/stop");
    bot.expect("■ stopped");
}
