//! Pairing a user with a code.

use super::*;
use crate::support::terminal::Terminal;

/// Starts pairing and returns the code.
fn pair(bot: &Bot) -> (Terminal, String) {
    let terminal = Terminal::start(&bot.environment, &["telegram", "--pair"]);
    let shown = terminal.expect("?start=");
    let code = shown.rsplit("?start=").next().unwrap_or_default();
    let code: String = code
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    (terminal, code)
}

fn unpaired() -> Bot {
    Bot::made(ChatServer::start(Vec::new()), |environment| {
        environment.without("TELEGRAM_ALLOWED_USERS")
    })
}

#[test]
fn whoever_sends_the_code_is_let_in() {
    let mut bot = unpaired();
    bot.api.write(STRANGER, "AAAA2222");
    let (terminal, code) = pair(&bot);
    assert_eq!(code.len(), 8, "{code}");
    bot.api.write(OWNER, "/start");
    bot.api.write(STRANGER, "WRONG222");
    bot.api.write_in(GROUP, STRANGER, &code);
    bot.api.write(
        OWNER,
        &format!("{}-{}", &code[..4].to_lowercase(), &code[4..]),
    );
    terminal.expect("user 7 is allowed");
    bot.expect("You are allowed to use this bot.");
    assert!(bot.api.chat(STRANGER).is_empty() && bot.api.chat(GROUP).is_empty());
    drop(terminal);
    let file = bot.environment.outside().join("config/ollacode/.env");
    let settings = std::fs::read_to_string(file).expect("the user's file");
    assert_eq!(settings, "TELEGRAM_ALLOWED_USERS=7\n");
    bot.go(&[]);
    bot.api.write(OWNER, "/start");
    bot.expect("I answer questions about");
}

#[test]
fn five_wrong_codes_end_it() {
    let bot = unpaired();
    let (terminal, code) = pair(&bot);
    for number in 0..5 {
        bot.api.write(STRANGER, &format!("WRONG22{number}"));
    }
    terminal.expect("five wrong codes were sent");
    bot.api.write(STRANGER, &code);
    assert!(bot.api.chat(STRANGER).is_empty());
    assert!(
        !bot.environment
            .outside()
            .join("config/ollacode/.env")
            .exists()
    );
}
