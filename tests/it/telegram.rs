//! `ollacode telegram` from end to end: the binary, a fake server of the Bot API, a scripted Ollama.

mod approving;
mod asking;
mod bounds;
mod commands;
mod documented;
mod fake;
mod files;
mod formatting;
mod naughty;
mod pairing;
mod passing_on;
mod planning;
mod restarting;
mod sessions;
mod skills;
mod trouble;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::fake_api::{FakeApi, Sent, TOKEN};
use crate::support::{Environment, Output, PATIENCE, Running, wait_until};

/// The first of the list, and another one who is allowed.
const OWNER: i64 = 7;
const OTHER: i64 = 8;
/// Somebody who is not.
const STRANGER: i64 = 9;
/// A group in which they may talk.
const GROUP: i64 = -100_500;

/// A file that most tests have, and that nothing else is like.
const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// A bot that runs, with what it talks to.
struct Bot {
    // Dropped in this order: the program goes before its servers.
    running: Option<Running>,
    environment: Environment,
    api: FakeApi,
    server: ChatServer,
}

impl Bot {
    /// Starts a bot whose model gives these replies.
    fn start(script: Vec<Reply>) -> Bot {
        Bot::start_with(ChatServer::start(script), |environment| environment, &[])
    }

    /// Starts one with other settings and flags.
    fn start_with(
        server: ChatServer,
        change: impl FnOnce(Environment) -> Environment,
        flags: &[&str],
    ) -> Bot {
        let mut bot = Bot::made(server, change);
        bot.go(flags);
        bot
    }

    /// Everything that a bot needs, before it is started.
    fn made(server: ChatServer, change: impl FnOnce(Environment) -> Environment) -> Bot {
        let api = FakeApi::start();
        let environment = Environment::new()
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_MODEL", CHAT_MODEL)
            .with("TELEGRAM_BOT_TOKEN", TOKEN)
            .with("TELEGRAM_ALLOWED_USERS", "7,8")
            .with("TELEGRAM_ALLOWED_CHATS", "-100500")
            .with("TELEGRAM_API_URL", &api.uri());
        let environment = change(environment);
        environment.write("notes.txt", NOTES);
        Bot {
            running: None,
            environment,
            api,
            server,
        }
    }

    /// Starts the program, and waits until it listens.
    fn go(&mut self, flags: &[&str]) {
        let polls = || {
            let requests = self.api.requests();
            requests.iter().filter(|name| *name == "getupdates").count()
        };
        let before = polls();
        let mut arguments = vec!["telegram"];
        arguments.extend(flags);
        self.running = Some(self.environment.start(&arguments));
        // The first one asks for what is old.
        wait_until("the bot to listen", || polls() >= before + 2);
    }

    /// Ends the program as a service manager would, and gives what it said.
    #[track_caller]
    fn end(&mut self) -> Output {
        let running = self.running.take().expect("it runs");
        running.signal("TERM");
        running.finish()
    }

    /// Waits for a message in the owner's chat that contains something.
    #[track_caller]
    fn expect(&self, part: &str) -> Sent {
        self.expect_in(OWNER, part)
    }

    /// The same for another chat.
    #[track_caller]
    fn expect_in(&self, chat: i64, part: &str) -> Sent {
        let wanted = |sent: &Sent| sent.text.contains(part);
        self.api.wait_for(chat, PATIENCE, wanted)
    }

    /// Waits for a question with buttons.
    #[track_caller]
    fn expect_question(&self, part: &str) -> Sent {
        let wanted = |sent: &Sent| sent.text.contains(part) && !sent.keyboard.is_null();
        self.api.wait_for(OWNER, PATIENCE, wanted)
    }

    /// Presses a button, and waits for what is said to it.
    #[track_caller]
    fn press(&self, question: &Sent, label: &str) -> String {
        let press = self.api.press(OWNER, question.id, label);
        self.said_to(&press)
    }

    #[track_caller]
    fn said_to(&self, press: &str) -> String {
        wait_until("an answer to the press", || {
            self.api.answer(press).is_some()
        });
        self.api.answer(press).expect("an answer")
    }

    /// All that was shown in the owner's chat, as text.
    fn shown(&self) -> Vec<String> {
        let messages = self.api.chat(OWNER).into_iter();
        messages.map(|sent| sent.text).collect()
    }
}

/// A reply that reads a file.
fn read(path: &str) -> Reply {
    Reply::text("").call("read_file", json!({ "path": path }))
}

/// A reply that edits a file.
fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// A reply that runs a command.
fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// The text of the last message of a request.
fn last_text(request: &Value) -> String {
    let last = request["messages"].as_array().and_then(|all| all.last());
    let text = last.and_then(|message| message["content"].as_str());
    text.unwrap_or_default().to_owned()
}

/// Every text below a folder.
fn texts_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(texts_below(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    found
}
