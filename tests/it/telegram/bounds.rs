//! Access: strangers and groups; and the token, which is never shown.

use super::*;

#[test]
fn a_stranger_gets_no_answer_and_one_line() {
    let mut bot = Bot::start(vec![Reply::text("At ninety degrees.")]);
    for _ in 0..3 {
        bot.api.write(STRANGER, "/start");
    }
    let message = bot.api.write(STRANGER, "Let me in!");
    bot.api.edit(STRANGER, message, "Please!");
    bot.api
        .write_in(-9_999, OWNER, "@ollacode_test_bot /status");
    bot.api
        .write_in(GROUP, STRANGER, "@ollacode_test_bot /status");
    bot.api.write(OWNER, "When does the kettle boil?");
    bot.expect("At ninety degrees.");
    for chat in [STRANGER, -9_999, GROUP] {
        assert_eq!(bot.api.chat(chat).len(), 0, "{chat}");
    }
    assert!(bot.api.actions().iter().all(|(chat, _)| *chat == OWNER));
    let said = bot.end().expect_success().stderr;
    assert_eq!(said.matches("user 9 wrote to the bot").count(), 1, "{said}");
}

#[test]
fn in_a_group_it_answers_only_when_it_is_addressed() {
    let bot = Bot::start(vec![Reply::text("At ninety degrees.")]);
    bot.api.write_in(GROUP, OWNER, "When does the kettle boil?");
    bot.api.write_in(GROUP, OWNER, "/status");
    let entities = json!([{"type": "mention", "offset": 0, "length": 18}]);
    let text = "@ollacode_test_bot when does the kettle boil?";
    bot.api
        .message(GROUP, OWNER, json!({"text": text, "entities": entities}));
    bot.expect_in(GROUP, "At ninety degrees.");
    assert_eq!(bot.server.requests().len(), 1);
    assert!(!last_text(&bot.server.requests()[0]).contains("ollacode_test_bot"));
    assert!(
        !bot.api
            .chat(GROUP)
            .iter()
            .any(|sent| sent.text.contains("mode ask"))
    );
}

#[test]
fn the_token_is_nowhere() {
    let secret = TOKEN.split_once(':').expect("a token").1;
    let server = ChatServer::start(vec![
        run("env; cat /proc/self/environ /proc/*/environ /proc/*/cmdline; echo end"),
        Reply::text(&format!("I found {TOKEN}, and {secret}.")),
    ]);
    let mut bot = Bot::start_with(
        server,
        |environment| environment.with("OLLACODE_LOG", "trace"),
        &["--auto-approve"],
    );
    bot.api.fail(
        "sendmessage",
        crate::support::fake_api::Failure::status(500, "Internal"),
    );
    bot.api.write(OWNER, "Find the token.");
    bot.expect("I found");
    let said = bot.end();
    for (where_it_is, text) in [
        ("stdout", said.stdout),
        ("stderr", said.stderr),
        (
            "the chat",
            bot.api
                .chat(OWNER)
                .iter()
                .map(|sent| sent.html.clone())
                .collect(),
        ),
        (
            "requests",
            bot.server.requests()[..2]
                .iter()
                .map(Value::to_string)
                .collect(),
        ),
    ] {
        let at = text.find(secret);
        let around = at.map(|at| &text[text.floor_char_boundary(at.saturating_sub(200))..at]);
        assert_eq!(around, None, "{where_it_is}");
    }
}
