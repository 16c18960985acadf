//! The picture of the README: a real session in a pseudo-terminal, drawn as `docs/session.svg`.
//!
//! Program, index, search, edit, approval, confinement and test run are real; only the replies of
//! the model are a script, so that the session can be repeated. `docs/record.sh` draws it again.

mod svg;

use serde_json::json;

use crate::confinement;
use crate::support::chat_server::{ChatServer, Reply, ServedModel};
use crate::support::terminal::Terminal;
use crate::support::{Environment, generated};

pub(crate) const MODEL: &str = "qwen3-coder:30b";

/// How the folder is called in the picture.
const SHOWN_AS: &str = "~/code/courier";

/// A small Python project with a bug: the delays between attempts do not double.
pub(crate) const PROJECT: [(&str, &str); 7] = [
    ("README.md", include_str!("recording/courier/README.md")),
    (
        "courier/__init__.py",
        include_str!("recording/courier/courier/__init__.py"),
    ),
    (
        "courier/client.py",
        include_str!("recording/courier/courier/client.py"),
    ),
    (
        "courier/message.py",
        include_str!("recording/courier/courier/message.py"),
    ),
    (
        "courier/retry.py",
        include_str!("recording/courier/courier/retry.py"),
    ),
    (
        "tests/__init__.py",
        include_str!("recording/courier/tests/__init__.py"),
    ),
    (
        "tests/test_retry.py",
        include_str!("recording/courier/tests/test_retry.py"),
    ),
];

/// What the model replies.
pub(crate) fn script() -> Vec<Reply> {
    let call = |name: &str, arguments| Reply::text("").call(name, arguments);
    let search = "min(self.base * 2 * attempt, self.limit)";
    let replace = "min(self.base * 2**attempt, self.limit)";
    let edit = json!({"path": "courier/retry.py", "search": search, "replace": replace});
    let replies = [
        Reply::text(
            "`RetryPolicy.delay` computes it from the number of the attempt, up to a limit \
             (courier/retry.py:16-19). `Client.send` waits that long after each connection error \
             (courier/client.py:15-25).",
        ),
        call("read_file", json!({"path": "courier/retry.py"})),
        call("edit_file", edit),
        call("run_command", json!({"command": "python3 -m unittest"})),
        Reply::text(
            "The delay was a multiple of the attempt's number; now it doubles each time \
             (courier/retry.py:18). Both tests pass.",
        ),
    ];
    let used = [2_310, 2_650, 3_020, 3_270, 3_410];
    let replies = replies.into_iter().zip(used);
    replies.map(|(reply, used)| reply.usage(used, 64)).collect()
}

/// Has the session, and draws the screen at its end.
fn recorded() -> String {
    let server = ChatServer::with_models(vec![ServedModel::named(MODEL)], script());
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", MODEL)
        .with("PATH", "/usr/local/bin:/usr/bin:/bin");
    for (path, text) in PROJECT {
        environment.write(path, text);
    }
    environment.index();
    let terminal = Terminal::start_sized(&environment, &[], 70, 92);
    terminal.expect("/help lists the commands");
    terminal.expect_end(">");
    terminal.enter("where is the delay between two attempts computed?");
    terminal.expect("index: up to date");
    terminal.expect_last(">");
    terminal.enter("it should double each time, but does not: fix it and run the tests");
    terminal.expect("? edit courier/retry.py");
    terminal.expect("[n] no");
    terminal.answer("y");
    // The tests need nothing but to read, so they run in the sandbox without a question.
    terminal.expect("Both tests pass.");
    terminal.expect_last(">");
    let workspace = environment.workspace();
    let workspace = workspace.to_str().expect("a plain path");
    terminal.with_screen(|screen| svg::drawn(screen, |text| text.replace(workspace, SHOWN_AS)))
}

/// A picture without what no two sessions share: how long things took.
fn without_times(picture: &str) -> String {
    let is_time = |word: &str| {
        let number = word.trim_end_matches(['m', 's']);
        number.len() < word.len() && number.parse::<f64>().is_ok()
    };
    let mut kept = Vec::new();
    for line in picture.lines() {
        // A unit stands behind its number, with a blank between them or without one.
        let line = line.replace(" ms", "ms").replace(" s<", "s<");
        let words = line.split([' ', '>', '<']).filter(|word| !is_time(word));
        let words = words.filter(|word| !word.starts_with("textLength"));
        kept.push(words.collect::<Vec<_>>().join(" "));
    }
    kept.join("\n")
}

#[test]
fn the_picture_of_the_readme_is_what_a_session_shows() {
    let test = "the picture of the README";
    if !confinement::is_full(test) || confinement::program("python3").is_none() {
        return;
    }
    generated::check_by("docs/session.svg", &recorded(), without_times);
}
