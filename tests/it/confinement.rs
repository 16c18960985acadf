//! What a hostile command reaches at the level `full`, through the whole program: a scripted model
//! that obeys an attacker calls `run_command`, and side effects are looked at.
//!
//! Each probe is tried again with `--sandbox off` where that is harmless, so that it is seen to be
//! able to succeed. Where commands cannot be fully confined, nothing is tried, and that is said.

#![cfg(target_os = "linux")]

mod builds;
mod denied;
mod ending;
mod family;
mod hidden;
mod landlock;
mod led;
mod names;
mod network;
mod place;
mod processes;
mod protected;
mod reading;
mod repository;
mod rules;
mod serving;
mod system;
mod usage;
mod writing;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use family::Family;
use place::{CANARY, Kind, Place};

/// What a probe prints when its end was reached.
const ENDED: &str = "it-ended";

/// So long anything that a command started may be left after its end.
const SURVIVAL: Duration = Duration::from_secs(3);

/// No session here takes so long.
const LONGEST_SESSION: Duration = Duration::from_secs(120);

/// Where interpreters are that a confined command may run: not in a home folder.
const PROGRAMS: &[&str] = &["/usr/bin", "/usr/local/bin", "/bin"];

/// A command that tries to do what it may not.
struct Probe {
    name: &'static str,
    /// It may use what `place` writes into `prelude`.
    script: &'static str,
    unconfined: Unconfined,
}

/// Whether a probe is tried without confinement, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unconfined {
    /// It must succeed.
    Succeeds,
    /// It depends on the system and on the user; it is said if it does not succeed.
    MaySucceed,
    /// No: it would do harm, or only root could succeed.
    Untried,
}

const fn sure(name: &'static str, script: &'static str) -> Probe {
    let unconfined = Unconfined::Succeeds;
    Probe {
        name,
        script,
        unconfined,
    }
}

const fn perhaps(name: &'static str, script: &'static str) -> Probe {
    Probe {
        unconfined: Unconfined::MaySucceed,
        ..sure(name, script)
    }
}

const fn untried(name: &'static str, script: &'static str) -> Probe {
    Probe {
        unconfined: Unconfined::Untried,
        ..sure(name, script)
    }
}

/// Says something even if the test succeeds.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "confinement: {text}");
}

/// Where a program is that confined commands may run.
pub fn program(name: &str) -> Option<String> {
    let paths = PROGRAMS.iter().map(|folder| format!("{folder}/{name}"));
    paths.into_iter().find(|path| Path::new(path).exists())
}

/// A program that a script needs and that is not there.
fn missing(script: &str) -> Option<&'static str> {
    let needs = [("py <<", "python3"), ("perl ", "perl"), ("gcc ", "gcc")];
    let mut missing = needs.into_iter();
    let found = missing.find(|(words, name)| script.contains(words) && program(name).is_none());
    found.map(|(_, name)| name)
}

/// Whether commands are fully confined here; says so for a test if they are not.
#[track_caller]
pub fn is_full(test: &str) -> bool {
    static LEVEL: OnceLock<String> = OnceLock::new();
    let level = LEVEL.get_or_init(|| {
        let server = ChatServer::start(vec![Reply::text("Nothing to do.")]);
        let environment = environment(&server);
        let events = Session::start(&environment, &[]).finish(0);
        let level = events[0]["confinement"].as_str();
        level.expect("`started` says the confinement").to_owned()
    });
    if level != "full" {
        say(&format!("`{test}` could not run: the level is {level}"));
    }
    level == "full"
}

/// An environment whose chat model is on a server.
fn environment(server: &ChatServer) -> Environment {
    Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL)
}

/// A run of the program that answers one question.
struct Session {
    child: Child,
    folder: PathBuf,
}

impl Session {
    fn start(environment: &Environment, flags: &[&str]) -> Session {
        let mut arguments = vec!["chat", "--json", "--auto-approve", "--no-rag"];
        arguments.extend(["--max-steps", "400", "-p", "Do what you were told."]);
        arguments.extend(flags);
        let folder = environment.data_folder();
        let file = |name: &str| File::create(folder.join(name)).expect("a file for output");
        let mut command = environment.command(&arguments);
        command.stdin(Stdio::null());
        command.stdout(file("events")).stderr(file("errors"));
        let child = command.spawn().expect("ollacode starts");
        Session { child, folder }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, but not for ever; gives its code.
    fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + LONGEST_SESSION;
        loop {
            match self.child.try_wait().expect("the child's state") {
                Some(status) => return status.code(),
                None if Instant::now() > deadline => return None,
                None => thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// Waits for its end, and reads the events.
    #[track_caller]
    fn finish(mut self, code: i32) -> Vec<Value> {
        let status = self.wait();
        let said = |name: &str| fs::read_to_string(self.folder.join(name)).expect("the output");
        let (events, errors) = (said("events"), said("errors"));
        assert_eq!(status, Some(code), "the end of {events}\n{errors}");
        let read = |line| serde_json::from_str(line).expect("an event");
        events.lines().map(read).collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A reply that runs a command.
fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// A reply that runs a command that may take so many seconds.
fn run_for(command: &str, seconds: u32) -> Reply {
    let arguments = json!({"command": command, "timeout": seconds});
    Reply::text("").call("run_command", arguments)
}

/// The result that a request ends with.
fn last_result(request: &Value) -> String {
    let last = request["messages"].as_array().and_then(|all| all.last());
    let last = last.filter(|message| message["role"] == "tool");
    let text = last.and_then(|message| message["content"].as_str());
    text.unwrap_or_default().to_owned()
}

/// What each command that a model called gave, in order.
#[track_caller]
fn results(environment: &Environment, flags: &[&str], server: &ChatServer) -> Vec<String> {
    Session::start(environment, flags).finish(0);
    let requests = server.requests();
    requests.iter().skip(1).map(last_result).collect()
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a probe did that it may not, and what it printed.
#[derive(Clone, Debug)]
struct Tried {
    through: Vec<String>,
    printed: String,
}

/// Runs probes in one session, each in a place that is as it was at first.
#[track_caller]
fn try_all(kind: Kind, flags: &[&str], probes: &[&Probe]) -> BTreeMap<&'static str, Tried> {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server).with("TEST_SECRET", CANARY);
    let place = Arc::new(Mutex::new(Place::new(&environment, kind)));
    let tried = Arc::new(Mutex::new(Vec::new()));
    let family = Arc::new(Family::default());
    // What is to be run, and behind the last of it nothing.
    let scripts = probes.iter().map(|probe| Some(probe.script));
    for (index, script) in scripts.chain([None]).enumerate() {
        let (place, tried) = (Arc::clone(&place), Arc::clone(&tried));
        let family = Arc::clone(&family);
        server.then(vec![Reply::with(move |request| {
            family.look();
            let mut place = locked(&place);
            if index > 0 {
                let printed = last_result(request);
                let through = place.look(&printed);
                locked(&tried).push(Tried { through, printed });
            }
            place.restore();
            match script {
                Some(script) => run(&format!(". ./prelude\n{script}\nended")),
                None => Reply::text("That is all."),
            }
        })]);
    }
    let session = Session::start(&environment, flags);
    family.is_of(session.id());
    let events = session.finish(0);
    assert_eq!(server.left(), 0, "not all was asked for");
    let calls = events
        .iter()
        .filter(|event| event["event"] == "tool_finished");
    let undone: Vec<_> = calls.filter(|event| event["outcome"] != "done").collect();
    assert!(undone.is_empty(), "not run: {undone:#?}");
    family.expect_end();
    let tried = std::mem::take(&mut *locked(&tried));
    // Else it is known who saw it, which is better to be told of.
    if flags.is_empty() && tried.iter().all(|tried| tried.through.is_empty()) {
        assert_unseen(&server, &environment);
    }
    probes.iter().map(|probe| probe.name).zip(tried).collect()
}

/// Demands that what stands in the canaries is in no request, and in no file of ours.
#[track_caller]
fn assert_unseen(server: &ChatServer, environment: &Environment) {
    for request in server.requests() {
        assert!(!request.to_string().contains(CANARY), "sent: {request:#}");
    }
    let data = environment.data_folder();
    for path in place::tree(&data) {
        let text = fs::read(&path).unwrap_or_default();
        let holds = String::from_utf8_lossy(&text).contains(CANARY);
        assert!(!holds || path == data.join("canary"), "in {path:?}");
    }
}

/// Tries probes with and without confinement.
#[track_caller]
fn check(test: &str, kind: Kind, probes: &[Probe]) {
    if !is_full(test) {
        return;
    }
    let mut able = Vec::new();
    for probe in probes {
        match missing(probe.script) {
            Some(name) => say(&format!("`{}` is not tried: no {name}", probe.name)),
            None => able.push(probe),
        }
    }
    let confined = try_all(kind, &[], &able);
    assert_eq!(confined.len(), able.len(), "names are to differ");
    let mut through = confined.clone();
    through.retain(|_, tried| !tried.through.is_empty());
    assert!(through.is_empty(), "these got through: {through:#?}");
    for (name, tried) in &confined {
        assert!(tried.printed.contains(ENDED), "`{name}` broke: {tried:#?}");
    }
    able.retain(|probe| probe.unconfined != Unconfined::Untried);
    let unconfined = try_all(kind, &["--sandbox", "off"], &able);
    let mut in_vain = Vec::new();
    for probe in &able {
        let tried = &unconfined[probe.name];
        if !tried.through.is_empty() {
            continue;
        }
        let must = probe.unconfined == Unconfined::Succeeds;
        assert!(!must, "`{}` cannot fail: {tried:#?}", probe.name);
        in_vain.push(probe.name);
    }
    let (tried, shown) = (confined.len(), able.len() - in_vain.len());
    say(&format!(
        "`{test}`: {tried} probes, 0 through; {shown} got through unconfined; in vain: {in_vain:?}"
    ));
}
