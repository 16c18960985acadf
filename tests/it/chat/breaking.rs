//! Failures: a killed process, a missing model, a failing server.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::support::{Draw, kills, wait_until};

#[test]
fn a_session_goes_on_after_a_power_cut() {
    let arguments = json!({"path": "new.txt", "content": "new\n"});
    let server = ChatServer::start(vec![
        Reply::text("I write.").call("write_file", arguments),
        Reply::text("It is writ").then_hang(),
    ]);
    let environment = environment(&server);
    let question = "Write a file with the word new.";
    let mut running = environment.start(&["chat", "--json", "--auto-approve", "-p", question]);
    // The second request follows the result of the first call.
    wait_until("the second request", || server.requests().len() == 2);
    running.kill();
    assert_eq!(environment.read("new.txt"), "new\n");

    server.then(vec![Reply::text("new.txt is there.")]);
    let flags = ["--continue"];
    ask(&environment, &flags, "Is the new file there now?").expect_end("answered");
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_every_call_has_a_result(&requests[2]);
    assert_eq!(results(&requests[1]), results(&requests[2]));
    assert!(requests[2].to_string().contains(question));
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_call_that_was_not_run_before_a_power_cut_is_not_run_after_it() {
    let arguments = json!({"path": "new.txt", "content": "new\n"});
    let server = ChatServer::start(vec![
        Reply::text("").call("write_file", arguments).then_hang(),
    ]);
    let environment = environment(&server);
    let question = "Write a file with the word new.";
    let mut running = environment.start(&["chat", "--json", "--auto-approve", "-p", question]);
    wait_until("the request", || server.requests().len() == 1);
    running.kill();

    server.then(vec![Reply::text("It is not there.")]);
    let flags = ["--continue"];
    let told = ask(&environment, &flags, "Is the new file there now?").expect_end("answered");
    assert!(told.calls().is_empty(), "{told:#?}");
    assert!(!environment.workspace().join("new.txt").exists());
    assert_every_call_has_a_result(&server.requests()[1]);
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_model_that_is_missing_is_named_with_the_command_that_gets_it() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server).with("OLLAMA_MODEL", "absent:7b");
    for flags in [
        &["chat", "-p", "Who?"] as &[&str],
        &["chat", "--json", "-p", "Who?"],
    ] {
        let output = environment.run(flags).expect_code(1);
        let output = output.expect_words(&["absent:7b", "pull absent:7b"]);
        assert!(!output.words().contains("panicked"), "{output:#?}");
        if flags.contains(&"--json") {
            let error = output.json();
            assert_eq!(error["event"], "error");
            assert_eq!(error["code"], "model_missing");
            assert_eq!(
                error["message"],
                "Ollama does not have the model `absent:7b`"
            );
            let hint = error["hint"].as_str().unwrap_or_default();
            assert!(hint.contains("pull absent:7b"), "{error:#}");
        } else {
            assert_eq!(output.stdout, "");
        }
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_is_missing_is_named_with_the_command_that_starts_it() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &format!("http://{address}"))
        .with("OLLAMA_MODEL", CHAT_MODEL);
    let output = environment.run(&["chat", "-p", "Who?"]).expect_code(1);
    let output = output.expect_words(&[&address, "ollama serve"]);
    assert!(!output.words().contains("panicked"), "{output:#?}");
    assert_eq!(output.stdout, "");
}

/// A file whose first line counts its edits, too long to be written at once.
fn counted(version: usize) -> String {
    format!("version {version}\n{}", "The rest stays.\n".repeat(20_000))
}

fn version(environment: &Environment) -> usize {
    let text = environment.read("counted.txt");
    let first = text.lines().next().unwrap_or_default();
    let version = first
        .strip_prefix("version ")
        .and_then(|it| it.parse().ok());
    let version = version.unwrap_or_else(|| panic!("it is torn: {first}"));
    assert!(text == counted(version), "it is torn in version {version}");
    version
}

/// Kills per session: each continues with the whole history, so many would be slow.
const KILLS_OF_A_SESSION: usize = 25;

/// The number in `OLLACODE_TEST_KILLS`.
#[test]
fn killed_at_any_moment_files_are_whole_and_each_edit_is_in_the_journal() {
    let mut draw = Draw::seeded(11);
    let mut left = kills(12);
    while left > 0 {
        let rounds = left.min(KILLS_OF_A_SESSION);
        kill_while_editing(rounds, &mut draw);
        left -= rounds;
    }
}

fn kill_while_editing(rounds: usize, draw: &mut Draw) {
    let server = ChatServer::start(Vec::new());
    let environment = Arc::new(environment(&server));
    environment.write("counted.txt", counted(0));
    let edits = Arc::new(AtomicBool::new(true));
    let (here, editing) = (Arc::clone(&environment), Arc::clone(&edits));
    server.then(vec![
        Reply::with(move |_| {
            if !editing.load(Ordering::SeqCst) {
                return Reply::text("That is all.");
            }
            let now = version(&here);
            let (from, to) = (format!("version {now}\n"), format!("version {}\n", now + 1));
            edit("counted.txt", &from, &to)
        })
        .repeated(),
    ]);
    for round in 0..rounds {
        let before = server.requests().len();
        let mut arguments = vec!["chat", "--json", "--no-rag", "--auto-approve"];
        arguments.extend(["--max-steps", "400", "-p", "Count on, please."]);
        if round > 0 {
            arguments.push("--continue");
        }
        let mut running = environment.start(&arguments);
        wait_until("a request", || server.requests().len() > before);
        // Not a wait: it varies the moment of the kill.
        thread::sleep(Duration::from_micros(draw.below(60_000) as u64));
        running.kill();
        version(&environment);
    }
    edits.store(false, Ordering::SeqCst);
    ask(&environment, &["--continue"], "Is that all of it?").expect_end("answered");
    let last = server.requests().pop().expect("a request");
    assert_every_call_has_a_result(&last);
    let journals = journals(&environment.data_folder());
    assert_eq!(journals.len(), 1);
    let changed = journals[0]
        .lines()
        .filter(|line| line.contains("\"changed\""));
    assert_eq!(changed.count(), version(&environment), "{}", journals[0]);
    let unreadable = journals[0]
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).is_err());
    assert_eq!(unreadable.count(), 0);
    assert_eq!(temporaries(&environment.workspace()), 0);
}

/// Number of temporary files in a folder.
fn temporaries(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let is_temporary = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".tmp");
    names.filter(is_temporary).count()
}

#[test]
fn what_a_killed_writer_left_is_gone_at_the_next_start() {
    let server = ChatServer::start(vec![Reply::text("Hello."), Reply::text("Hello.")]);
    let environment = environment(&server);
    ask(&environment, &[], "Hello?").expect_end("answered");
    // As left by a process that was killed while it replaced a file.
    let only = |folder: PathBuf| {
        let mut entries = fs::read_dir(folder).expect("a folder");
        entries.next().expect("an entry").expect("an entry").path()
    };
    let session = only(only(environment.data_folder().join("ollacode/sessions")));
    fs::create_dir_all(session.join("changes")).expect("a folder");
    let announced = r#"[{"turn":1,"path":"src/a.rs","before":"00","after":"11"}]"#;
    fs::write(session.join("changes/announced.json"), announced).expect("a file");
    environment.write("src/a.rs", "fn a() {}\n");
    environment.write("src/.ollacode-0123456789abcdef.tmp", "half a te");
    ask(&environment, &[], "Hello?").expect_end("answered");
    assert_eq!(temporaries(&environment.workspace().join("src")), 0);
}
