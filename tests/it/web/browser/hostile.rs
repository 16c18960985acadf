//! What a model, a file or a command says is text, whatever it says: 300 strings in a browser. No
//! script of theirs runs, no request leaves, nothing stays invisible.

mod pieces;

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::support::chat_server::ServedModel;
use pieces::PIECES;

/// Where the strings are put: texts of the model, names of tools, names of files, contents of
/// files, titles of sessions.
const PLACES: usize = 5;

/// Calls in one reply, and hits or sessions on one list.
const AT_ONCE: usize = 10;

/// A server that nobody should reach.
struct Canary {
    address: String,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    fn start() -> Canary {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&visits);
        thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Canary { address, visits }
    }

    /// The strings, aimed at this server.
    fn pieces(&self) -> Vec<String> {
        let aimed = |piece: &&str| {
            piece
                .replace("PWN", "window.pwned=1")
                .replace("CANARY", &self.address)
        };
        PIECES.iter().map(aimed).collect()
    }
}

/// A word that is shown with each string.
fn mark(index: usize) -> String {
    format!("odd{index:02}")
}

/// Waits until the words of some strings are shown somewhere.
#[track_caller]
fn expect_marks(browser: &Browser, css: &str, indexes: std::ops::Range<usize>) {
    let marks: Vec<String> = indexes.map(mark).collect();
    browser.wait(
        &format!("{marks:?} in {css}"),
        "const [css, marks] = arguments;
         const text = [...document.querySelectorAll(css)].map((one) => one.textContent).join(' ');
         return marks.every((mark) => text.includes(mark));",
        &[json!(css), json!(marks)],
    );
}

/// Demands that nothing but text came of the strings.
#[track_caller]
fn expect_harmless(browser: &Browser, canary: &Canary) {
    let wrong = browser.eval(
        r#"const wrong = [];
           if ('pwned' in window) wrong.push('a script ran');
           const entries = performance.getEntriesByType('resource');
           for (const {name} of entries) {
             if (!name.startsWith(`${location.origin}/`) && !name.startsWith('data:')) wrong.push(name);
           }
           const banned = 'img[src^=http], iframe, frame, object, embed, svg, math, video, audio, '
             + 'base, style, body link, body meta, body script, form[action], [srcdoc], [style*=url]';
           for (const one of document.querySelectorAll(banned)) wrong.push(one.outerHTML);
           for (const {href} of document.querySelectorAll('a[href]')) {
             if (!/^https?:/.test(href)) wrong.push(`a link to ${href}`);
           }
           const isHidden = new RegExp('[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f'
             + '\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e'
             + '\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb'
             + '\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]', 'u');
           const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
           while (texts.nextNode()) {
             const {data, parentElement} = texts.currentNode;
             if (isHidden.test(data)) wrong.push(`hidden: ${escape(data)} in ${parentElement.tagName}`);
           }
           const spoken = ['title', 'aria-label', 'placeholder'];
           for (const one of document.querySelectorAll('*')) {
             for (const {name, value} of one.attributes) {
               if (name.startsWith('on')) wrong.push(`${name}=${value}`);
               if (spoken.includes(name) && isHidden.test(value)) wrong.push(`${name}: ${escape(value)}`);
             }
           }
           if (isHidden.test(document.title)) wrong.push('the title hides something');
           return wrong.slice(0, 20);"#,
        &[],
    );
    assert_eq!(wrong, json!([]));
    assert_eq!(canary.visits.load(Ordering::SeqCst), 0, "a request left");
    browser.expect_clean();
}

#[test]
fn there_are_three_hundred_strings() {
    assert!(PIECES.len() * PLACES >= 300, "{}", PIECES.len());
}

#[test]
fn what_a_model_says_and_calls_is_text() {
    let Some(browser) = Browser::start("what_a_model_says_and_calls_is_text") else {
        return;
    };
    let canary = Canary::start();
    let pieces = canary.pieces();
    let said = pieces.iter().enumerate();
    let said: String = said
        .map(|(index, piece)| format!("{}\n\n{piece}\n\n", mark(index)))
        .collect();
    let diff = format!("ninety\n{}", lines_of(&pieces));
    let mut models = vec![ServedModel::default()];
    models.extend(
        pieces
            .iter()
            .take(AT_ONCE)
            .map(|piece| ServedModel::named(piece)),
    );
    let script = vec![
        Reply::text(&said),
        edit("notes.txt", "ninety", &diff),
        Reply::text("Then not."),
        calling(pieces.clone()).repeated(),
    ];
    let page = Page::open_with(&browser, ChatServer::with_models(models, script), |it| it);
    page.ask("Say it.");
    expect_marks(&browser, &item("answer"), 0..pieces.len());
    page.expect_ended(1);
    expect_harmless(&browser, &canary);

    page.ask("Write it.");
    expect_marks(&browser, OPEN_APPROVAL, 0..pieces.len());
    expect_harmless(&browser, &canary);
    page.decide("deny");
    page.expect_ended(2);
    for (turn, first) in (3..).zip((0..pieces.len()).step_by(AT_ONCE)) {
        page.ask("Call it.");
        page.expect_ended(turn);
        let last = pieces.len().min(first + AT_ONCE);
        expect_marks(&browser, &item("call"), first..last);
    }
    expect_harmless(&browser, &canary);
    // The same from the snapshot, and the names of models.
    browser.reload();
    expect_marks(&browser, &item("call"), 0..pieces.len());
    page.show("system");
    browser.expect_count("[data-role=model]", 1 + AT_ONCE);
    expect_harmless(&browser, &canary);
    page.finish();
}

/// Calls tools that do not exist, some with each question, and says something after their results.
fn calling(names: Vec<String>) -> Reply {
    let turns = AtomicUsize::new(0);
    Reply::with(move |request| {
        if request["tools"].as_array().is_none_or(Vec::is_empty) {
            return Reply::text("No summary.");
        }
        let last = request["messages"].as_array().and_then(|all| all.last());
        if last.is_some_and(|message| message["role"] == "tool") {
            return Reply::text("There is none.");
        }
        let first = turns.fetch_add(1, Ordering::SeqCst) * AT_ONCE;
        let calls = names.iter().enumerate().skip(first).take(AT_ONCE);
        calls.fold(Reply::text(""), |reply, (index, name)| {
            reply.call(&format!("{} {name}", mark(index)), json!({"path": name}))
        })
    })
}

#[test]
fn what_files_and_sessions_are_called_is_text() {
    let Some(browser) = Browser::start("what_files_and_sessions_are_called_is_text") else {
        return;
    };
    let canary = Canary::start();
    let pieces = canary.pieces();
    let text = lines_of(&pieces);
    let cited = format!("It is all in hostile.txt:1-{}.", pieces.len());
    let server = ChatServer::start(vec![Reply::text("Hello."), Reply::text(&cited)]);
    let page = Page::open_with(&browser, server, |environment| {
        environment.write("hostile.txt", &text);
        for (index, piece) in pieces.iter().enumerate() {
            // No name of a file has a slash, and none is much longer.
            let name = piece.replace('/', "\u{2215}").replace('\n', " ");
            let name: String = name.chars().take(120).collect();
            let name = format!("names/{} {name}.txt", mark(index));
            environment.write(&name, format!("The heron of {}.\n", mark(index)));
        }
        put_sessions(&environment, &pieces);
        environment
    });
    page.ask("Where is it?");
    page.expect_answer("It is all in");
    page.expect_ended(1);
    browser.click(&format!("{} {}", item("answer"), role("cite")));
    expect_marks(&browser, "#file-text", 0..pieces.len());
    expect_harmless(&browser, &canary);
    browser.click("#file-close");

    page.show("search");
    browser.type_into("#query", "heron");
    for first in (0..pieces.len()).step_by(AT_ONCE) {
        let path = format!("names/{}*", &mark(first)[..4]);
        browser.fill("#path", &path);
        let last = pieces.len().min(first + AT_ONCE);
        expect_marks(&browser, "#hits", first..last);
        browser.expect_count(&role("hit"), last - first);
        expect_harmless(&browser, &canary);
    }
    // Opened, a name is the heading of the pane.
    browser.click(&role("hit-open"));
    browser.expect("#file-text", "The heron of");
    expect_harmless(&browser, &canary);
    browser.click("#file-close");

    page.show("chat");
    expect_marks(&browser, "#sessions", 0..pieces.len());
    expect_harmless(&browser, &canary);
    // The one on top is this one.
    browser.click("[data-role=session]:nth-child(2) [data-role=session-open]");
    browser.expect(&role("question-text"), "odd");
    expect_harmless(&browser, &canary);
    page.finish();
}

/// The strings as the lines of a text.
fn lines_of(pieces: &[String]) -> String {
    let lines = pieces.iter().enumerate().map(|(index, piece)| {
        let line = piece.replace(['\n', '\r', '\0'], " ");
        format!("{} {line}\n", mark(index))
    });
    lines.collect()
}

/// Makes sessions whose first questions are the strings, from one that was had.
fn put_sessions(environment: &Environment, pieces: &[String]) {
    let told = environment.run(&["chat", "-p", "Hello?"]);
    told.expect_success();
    let sessions = only(&environment.data_folder().join("ollacode/sessions"));
    let had = only(&sessions);
    let journal = fs::read_to_string(had.join("journal.jsonl")).expect("a journal");
    for (index, piece) in pieces.iter().enumerate() {
        let folder = sessions.join(format!(
            "20261121-14{:02}{:02}-k3x9",
            index / 60,
            index % 60
        ));
        fs::create_dir(&folder).expect("a folder");
        let question = format!("{} {piece}", mark(index));
        let lines = journal.lines().map(|line| {
            let mut record: Value = serde_json::from_str(line).expect("a record");
            if record["type"] == "user" {
                record["text"] = json!(question);
                record["shown"] = json!(question);
            }
            format!("{record}\n")
        });
        fs::write(folder.join("journal.jsonl"), lines.collect::<String>()).expect("a journal");
    }
}

/// The only entry of a folder.
fn only(folder: &std::path::Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(folder).expect("a folder");
    entries.next().expect("an entry").expect("an entry").path()
}
