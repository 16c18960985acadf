//! Nothing outlives its command, and nothing outlives the program.
//!
//! `OLLACODE_TEST_ROUNDS=200` makes so many commands time out.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::family::{Family, last_count, marked};
use super::{
    CHAT_MODEL, ChatServer, ENDED, Environment, Reply, Session, environment, is_full, last_result,
    locked, missing, run, run_for, say,
};
use crate::support::wait_until;

/// Rounds in one session, each of which takes a second.
const ROUNDS_IN_A_SESSION: usize = 20;

/// Leaves its session twice, ignores signals, says so in a file, and waits.
const DAEMON: &str = r#"perl -MPOSIX -e 'for (1, 2) { fork and _exit(0); setsid() }
fork and _exit(0); open STDOUT, ">", "/dev/null"; open STDERR, ">&STDOUT";
$SIG{$_} = "IGNORE" for qw(TERM HUP INT QUIT); open F, ">", "started"; close F;
exec "sleep", shift' "#;

/// A number of seconds that no other process sleeps.
fn new_mark() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(4000);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    format!("{number}.{}", std::process::id())
}

/// A daemon, and a second one of another kind.
fn daemons(mark: &str) -> String {
    format!(
        "rm -f started\n{DAEMON}{mark}\n\
         setsid -f setsid -f sh -c 'exec sleep {mark}' > /dev/null 2>&1\n\
         while [ ! -e started ]; do sleep 0.01; done"
    )
}

/// As often as `OLLACODE_TEST_ROUNDS` says.
#[test]
fn no_daemon_outlives_its_command() {
    if !is_full("no_daemon_outlives_its_command") || lacks_perl() {
        return;
    }
    let wanted = std::env::var("OLLACODE_TEST_ROUNDS").ok();
    let wanted = wanted.map(|rounds| rounds.parse().expect("OLLACODE_TEST_ROUNDS is a number"));
    let rounds: usize = wanted.unwrap_or(6);
    let mut done = 0;
    while done < rounds {
        let now = ROUNDS_IN_A_SESSION.min(rounds - done);
        daemons_of_a_session(now);
        done += now;
    }
    say(&format!("{rounds} commands timed out, 0 survivors"));
}

/// Each round has a command that times out, and one that ends.
#[track_caller]
fn daemons_of_a_session(rounds: usize) {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let left = Arc::new(Mutex::new(Vec::new()));
    let mut mark_before = String::new();
    for round in 0..=2 * rounds {
        let mark = new_mark();
        let reply = match (round == 2 * rounds, round % 2) {
            (true, _) => Reply::text("That is all."),
            (_, 0) => run_for(&format!("{}\nsleep {mark}", daemons(&mark)), 1),
            _ => run(&format!("{}\necho it-ended", daemons(&mark))),
        };
        let before = std::mem::replace(&mut mark_before, mark);
        let left = Arc::clone(&left);
        server.then(vec![Reply::with(move |request| {
            if round > 0 {
                let survivors = last_count(|| marked(&before).len());
                locked(&left).push((survivors, last_result(request)));
            }
            reply.clone()
        })]);
    }
    Session::start(&environment, &[]).finish(0);
    assert!(environment.workspace().join("started").exists());
    let left = std::mem::take(&mut *locked(&left));
    assert_eq!(left.len(), 2 * rounds);
    for (round, (survivors, result)) in left.iter().enumerate() {
        assert_eq!(*survivors, 0, "in round {round}: {result}");
        let end = if round % 2 == 0 {
            "killed after 1 s"
        } else {
            ENDED
        };
        assert!(result.contains(end), "in round {round}: {result}");
    }
}

fn lacks_perl() -> bool {
    let lacks = missing(DAEMON).is_some();
    if lacks {
        say("daemons are not tried: no perl");
    }
    lacks
}

/// A session whose command waits for ever, with two daemons.
struct Waiting {
    session: Session,
    environment: Environment,
    family: Family,
    mark: String,
    // The last to be dropped: it fails if it was not asked for what it should be.
    _server: ChatServer,
}

impl Waiting {
    #[track_caller]
    fn start(flags: &[&str]) -> Waiting {
        let mark = new_mark();
        let later = "mkdir .vscode; echo evil > .vscode/tasks.json";
        let command = format!("{later}\n{}\nsleep {mark}", daemons(&mark));
        let server = ChatServer::start(vec![run("true"), run(&command)]);
        let environment = environment(&server).with("OLLAMA_MODEL", CHAT_MODEL);
        let session = Session::start(&environment, flags);
        wait_until("three processes", || marked(&mark).len() == 3);
        let family = Family::default();
        family.is_of(session.id());
        family.look();
        Waiting {
            session,
            environment,
            family,
            mark,
            _server: server,
        }
    }

    /// Demands that nothing is left of the command.
    #[track_caller]
    fn expect_end(&self, how: &str) {
        assert_eq!(last_count(|| marked(&self.mark).len()), 0, "{how}");
        self.family.expect_end();
        assert!(self.family.len() > 2, "there was no helper");
        let later = self.environment.workspace().join(".vscode");
        let is_there = || usize::from(later.exists());
        assert_eq!(last_count(is_there), 0, "{how}: {later:?} is left");
    }
}

#[test]
fn nothing_outlives_the_program_however_it_ends() {
    if !is_full("nothing_outlives_the_program_however_it_ends") || lacks_perl() {
        return;
    }
    for signal in ["KILL", "INT", "TERM"] {
        let mut waiting = Waiting::start(&[]);
        send(signal, waiting.session.id());
        waiting.session.wait();
        waiting.expect_end(signal);
    }
}

#[test]
fn unconfined_daemons_would_outlive_the_program() {
    if !is_full("unconfined_daemons_would_outlive_the_program") || lacks_perl() {
        return;
    }
    let mut waiting = Waiting::start(&["--sandbox", "off"]);
    send("KILL", waiting.session.id());
    waiting.session.wait();
    let left = marked(&waiting.mark);
    for process in &left {
        send("KILL", *process);
    }
    assert!(left.len() >= 2, "the test cannot fail: {left:?}");
    assert!(waiting.environment.workspace().join(".vscode").exists());
}

#[test]
fn a_session_that_ends_leaves_no_helper() {
    if !is_full("a_session_that_ends_leaves_no_helper") {
        return;
    }
    let family = Arc::new(Family::default());
    let server = ChatServer::start(Vec::new());
    for step in 0..4 {
        let family = Arc::clone(&family);
        server.then(vec![Reply::with(move |_| {
            family.look();
            match step {
                0..3 => run(&format!("echo {step}")),
                _ => Reply::text("That is all."),
            }
        })]);
    }
    let environment = environment(&server);
    let session = Session::start(&environment, &[]);
    family.is_of(session.id());
    session.finish(0);
    assert!(family.len() > 1, "there was no helper");
    family.expect_end();
}

/// Sends a signal to a process that this test started.
fn send(signal: &str, process: u32) {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -\"$0\" \"$1\"", signal, &process.to_string()]);
    assert!(kill.status().expect("sh starts").success(), "{signal}");
}
