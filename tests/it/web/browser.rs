//! The page in a real browser, against the program with a scripted model and a real index: at the
//! widths of a phone and of a desk, without an error on the console and without a violation of the
//! policy of the page. Names of its elements are those of `src/frontends/web/page/`.

mod approvals;
mod chat;
mod hostile;
mod load;
mod looks;
mod reload;
mod search;
mod sessions;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::browser::{Browser, is_required, keys, missing, say};
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::samples::write_samples;
use crate::support::web::Web;
use crate::support::{Environment, wait_until};

/// Widths of a desk and of a phone, in pixels.
const WIDTHS: [u32; 2] = [1440, 360];

/// A file that every workspace has, and that nothing else is like.
const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// The page of a program that runs.
struct Page<'a> {
    browser: &'a Browser,
    web: Web,
}

impl Deref for Page<'_> {
    type Target = Web;

    fn deref(&self) -> &Web {
        &self.web
    }
}

impl DerefMut for Page<'_> {
    fn deref_mut(&mut self) -> &mut Web {
        &mut self.web
    }
}

/// Has a flow at every width, in one browser.
#[track_caller]
fn at_every_width(test: &str, flow: impl Fn(&Browser)) {
    let Some(browser) = Browser::start(test) else {
        return;
    };
    for width in WIDTHS {
        browser.set_width(width);
        flow(&browser);
    }
}

impl<'a> Page<'a> {
    /// Opens the page of a program whose model gives these replies.
    #[track_caller]
    fn open(browser: &'a Browser, script: Vec<Reply>) -> Page<'a> {
        let server = ChatServer::start(script);
        Page::open_with(browser, server, |environment| environment)
    }

    /// The same with other settings and files: a small workspace in three languages, indexed.
    #[track_caller]
    fn open_with(
        browser: &'a Browser,
        server: ChatServer,
        change: impl FnOnce(Environment) -> Environment,
    ) -> Page<'a> {
        let made = |environment: Environment| {
            environment.write("notes.txt", NOTES);
            write_samples(&environment);
            let environment = change(environment);
            environment.index();
            environment
        };
        let web = Web::start_with(server, made, &[]);
        browser.open(&web.address());
        let page = Page { browser, web };
        page.expect_state("connected");
        page
    }

    /// Waits for a state of the connection: `connected`, `lost`, `refused`.
    #[track_caller]
    fn expect_state(&self, state: &str) {
        self.browser.wait(
            &format!("the state {state}"),
            "return document.body.dataset.state === arguments[0];",
            &[json!(state)],
        );
    }

    /// Writes a question, and sends it.
    #[track_caller]
    fn ask(&self, question: &str) {
        self.browser.type_into("#input", question);
        self.browser.click("#send");
    }

    /// Waits until an answer has a text.
    #[track_caller]
    fn expect_answer(&self, text: &str) -> String {
        self.browser.expect(&item("answer"), text)
    }

    /// Waits until so many turns have ended.
    #[track_caller]
    fn expect_ended(&self, turns: usize) {
        self.browser.wait(
            &format!("the end of turn {turns}"),
            "return document.querySelectorAll(arguments[0]).length === arguments[1]
                && document.querySelector('#stop').hidden;",
            &[json!(item("end")), json!(turns)],
        );
    }

    /// Waits for a question about a call, until keys count.
    #[track_caller]
    fn expect_approval(&self, title: &str) {
        self.browser
            .expect(&format!("{OPEN_APPROVAL}[data-ready=true]"), title);
    }

    /// Clicks a button of the question that is open.
    #[track_caller]
    fn decide(&self, button: &str) {
        self.browser
            .click(&format!("{OPEN_APPROVAL} {}", role(button)));
    }

    /// Shows a view: `chat`, `search`, `changes` or `system`.
    #[track_caller]
    fn show(&self, view: &str) {
        self.browser.click(&format!("#nav-{view}"));
        self.browser.expect_count(&format!("#view-{view}"), 1);
    }

    /// Shows the list of sessions, which narrow screens hide.
    #[track_caller]
    fn show_sessions(&self) {
        let toggle = "#sidebar-toggle[aria-expanded=false]";
        if self.browser.count(toggle) > 0 {
            self.browser.click(toggle);
        }
    }

    /// Waits until a file of the workspace has a text.
    #[track_caller]
    fn expect_file(&self, path: &str, text: &str) {
        wait_until(&format!("{path} to be {text:?}"), || {
            self.environment.read(path) == text
        });
    }

    /// Demands that nothing went wrong, and leaves.
    #[track_caller]
    fn finish(self) {
        self.browser.expect_clean();
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // The page would look for a program that has gone.
        self.browser.leave();
    }
}

/// A question about a call that waits for an answer.
const OPEN_APPROVAL: &str = "[data-role=item][data-kind=approval][data-open=true]";

/// The selector of a part of the page.
fn role(name: &str) -> String {
    format!("[data-role=\"{name}\"]")
}

/// The selector of a kind of what a conversation shows.
fn item(kind: &str) -> String {
    format!("[data-role=item][data-kind=\"{kind}\"]")
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

/// A reply that counts, slowly enough to be interrupted: `It counts: 1 2 3 …`
fn counting() -> Reply {
    let line = |text: String| {
        let message = json!({"role": "assistant", "content": text});
        let line = json!({
            "model": CHAT_MODEL, "created_at": "2026-11-21T05:00:00.1Z", "message": message,
            "done": false,
        });
        format!("{line}\n")
    };
    let numbers = (1..2_000).map(|number| line(format!("{number} ")));
    let pieces: Vec<String> = [line("It counts: ".to_owned())]
        .into_iter()
        .chain(numbers)
        .collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    Reply::endless(&pieces, Duration::from_millis(40))
}

/// Demands that an answer counts without a gap, and gives how far.
#[track_caller]
fn counted(answer: &str) -> usize {
    let numbers = answer.trim().strip_prefix("It counts:");
    let numbers = numbers.unwrap_or_else(|| panic!("it does not count: {answer}"));
    for (expected, number) in (1..).zip(numbers.split_whitespace()) {
        assert_eq!(number, expected.to_string(), "{answer}");
    }
    numbers.split_whitespace().count()
}

/// The text of the last message of a request.
fn last_text(request: &Value) -> String {
    let last = request["messages"].as_array().and_then(|all| all.last());
    let text = last.and_then(|message| message["content"].as_str());
    text.unwrap_or_default().to_owned()
}

/// Who has no browser sees how much was not tested.
#[test]
fn skipped_tests_are_counted() {
    let tests = [
        include_str!("browser/approvals.rs"),
        include_str!("browser/chat.rs"),
        include_str!("browser/hostile.rs"),
        include_str!("browser/load.rs"),
        include_str!("browser/looks.rs"),
        include_str!("browser/reload.rs"),
        include_str!("browser/search.rs"),
        include_str!("browser/sessions.rs"),
    ];
    // Each test has one of these.
    let begun = ["Browser::start(", "at_every_width("];
    let in_file = |text: &&str| {
        begun
            .map(|word| text.matches(word).count())
            .iter()
            .sum::<usize>()
    };
    let count: usize = tests.iter().map(in_file).sum();
    if let Some(name) = missing() {
        assert!(!is_required(), "{name} is missing");
        say(&format!(
            "{count} tests of the web page were skipped: {name} is not installed"
        ));
    } else if looks::axe().is_none() {
        say("1 test of the web page was skipped: OLLACODE_TEST_AXE names no axe-core");
    }
}
