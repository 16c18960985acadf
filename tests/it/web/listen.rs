//! Where the page is served, how it starts and ends, and idle or slow clients.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::chat_server::{ChatServer, Reply};
use crate::support::web::{Answer, Web};
use crate::support::{Environment, wait_until};

const STATE: &str = "/api/state";

/// Longer than a slow client may stay connected.
const LONGEST_STAY: Duration = Duration::from_secs(20);

fn web_with(flags: &[&str]) -> Web {
    Web::start_with(
        ChatServer::start(Vec::new()),
        |environment| environment,
        flags,
    )
}

/// Demands that the program does not start.
#[track_caller]
fn fails(environment: &Environment, flags: &[&str], code: i32, words: &[&str]) {
    let arguments = [&["web"][..], flags].concat();
    let output = environment.run(&arguments).expect_code(code);
    assert!(!output.stderr.contains("#token="), "{output:#?}");
    output.expect_words(words);
}

/// An address of this machine that others may reach, if there is one.
fn address_for_others() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only chooses a way.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// Whether a text is in a file below a folder.
fn is_written_below(folder: &Path, text: &str) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return is_written_below(&path, text);
        }
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(text)
    })
}

#[test]
fn several_folders_can_be_chosen_in_the_page() {
    let others = tempfile::tempdir().expect("a folder");
    let make = |path: &str| {
        let folder = others.path().join(path);
        fs::create_dir_all(&folder).expect("a folder");
        let folder = folder.canonicalize().expect("a folder");
        folder.to_str().expect("a plain name").to_owned()
    };
    let [first, shop, other_shop] = ["first", "one/shop", "two/shop"].map(make);
    let web = web_with(&[
        "--workspace",
        &first,
        "--workspace",
        &shop,
        "--workspace",
        &other_shop,
        // Given twice, it is one.
        "--workspace",
        &shop,
    ]);
    let known = web.get("/api/state").expect(200).json()["workspaces"].clone();
    let words = known.to_string();
    for folder in [&first, &shop, &other_shop] {
        assert_eq!(words.matches(folder.as_str()).count(), 1, "{words}");
    }
    assert!(words.contains("\"shop-2\""), "{words}");
    let missing = others.path().join("missing");
    let missing = missing.to_str().expect("a plain name");
    let environment = Environment::new();
    let flags = ["--workspace", &first, "--workspace", missing];
    fails(
        &environment,
        &flags,
        1,
        &["cannot open the workspace", "missing"],
    );
    let flags = ["--workspace", &first, "--workspace", &shop, "search", "x"];
    let output = environment.run(&flags).expect_code(2);
    output.expect_words(&["only `web` and `mcp` take several"]);
}

#[test]
fn the_address_is_printed_with_a_token_that_is_new_each_time() {
    let mut web = Web::start(Vec::new());
    let first = web.token.clone();
    assert_eq!(first.len(), 43, "256 bits");
    assert!(web.said().contains(&format!("open {}\n", web.address())));
    web.get("/").expect(200);
    web.get(STATE).expect(200);
    let output = web.end().expect_success();
    assert_eq!(output.stdout, "");
    output.expect_words(&["the page works on", "Ctrl-C stops it"]);
    assert!(!is_written_below(&web.environment.outside(), &first));
    web.go(&[]);
    assert_ne!(web.token, first);
    let (host, old) = (web.authority(), format!("Bearer {first}"));
    let headers = [("Host", host.as_str()), ("Authorization", old.as_str())];
    web.send("GET", STATE, &headers, b"").expect(401);
    // After a crash, too.
    web.kill();
    web.go(&[]);
    web.get(STATE).expect(200);
}

#[test]
fn without_ollama_and_without_a_model_it_starts() {
    let environment = |environment: Environment| environment.with("OLLAMA_HOST", "127.0.0.1:9");
    let web = Web::start_with(ChatServer::start(Vec::new()), environment, &[]);
    web.get("/").expect(200);
    web.get(STATE).expect(200);
    let web = Web::start_with(
        ChatServer::with_models(Vec::new(), Vec::new()),
        |environment| environment,
        &["--model", "missing:7b", "--offline"],
    );
    web.get(STATE).expect(200);
}

#[test]
fn the_other_name_of_the_command_works() {
    let environment = Environment::new();
    let running = environment.start(&["serve", "--port", "0"]);
    wait_until("the address", || {
        running.stderr_so_far().contains("/#token=")
    });
    running.interrupt();
    running.finish().expect_success();
}

#[test]
fn a_port_that_is_chosen_is_the_port() {
    let first = web_with(&[]);
    let port = first.port.to_string();
    let in_use = ["cannot listen on 127.0.0.1:", "--port 0"];
    fails(&first.environment, &["--port", &port], 1, &in_use);
    let variable = Environment::new().with("OLLACODE_WEB_PORT", &port);
    fails(&variable, &[], 1, &in_use);
    drop(first);
    let again = web_with(&["--port", &port]);
    assert_eq!(again.port.to_string(), port);
}

#[test]
fn without_a_choice_two_pages_find_their_ports() {
    let environments = [Environment::new(), Environment::new()];
    let running = environments.each_ref().map(|it| it.start(&["web"]));
    for running in &running {
        wait_until("the address", || {
            running.stderr_so_far().contains("/#token=")
        });
    }
    for running in running {
        running.signal("TERM");
        running.finish().expect_success();
    }
}

#[test]
fn only_this_machine_is_listened_to() {
    let web = web_with(&[]);
    if let Ok(mut stream) = TcpStream::connect(("::1", web.port)) {
        let head = format!("GET / HTTP/1.1\r\nHost: [::1]:{}\r\n\r\n", web.port);
        stream.write_all(head.as_bytes()).expect("a request");
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).expect("an answer");
        assert_eq!(&begin, b"HTTP/1.1 200");
    }
    if let Some(address) = address_for_others() {
        assert!(TcpStream::connect((address, web.port)).is_err());
    }
}

#[test]
fn another_address_is_asked_for_and_warned_of() {
    let environment = Environment::new();
    for address in ["0.0.0.0", "::", "somewhere", "localhost", "192.168.1.5:80"] {
        fails(&environment, &["--listen", address], 2, &["--listen"]);
    }
    let not_ours = ["cannot listen on 192.0.2.1:", "no address of this machine"];
    fails(
        &environment,
        &["--port", "0", "--listen", "192.0.2.1"],
        1,
        &not_ours,
    );
    let offline = ["--listen", "192.0.2.1", "--offline"];
    fails(&environment, &offline, 1, &["`--offline`", "tunnel"]);
    let Some(address) = address_for_others() else {
        return;
    };
    let shown = address.to_string();
    let mut web = web_with(&["--listen", &shown]);
    let host = format!("{shown}:{}", web.port);
    let bearer = web.bearer();
    let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
    web.send("GET", STATE, &headers, b"").expect(200);
    let mut stream = TcpStream::connect(&host).expect("it listens there");
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
        .expect("a request");
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).expect("an answer");
    assert_eq!(&begin, b"HTTP/1.1 200");
    let open = format!("open http://{host}/#token={}", web.token);
    let words = ["nothing is encrypted", open.as_str()];
    web.end().expect_success().expect_words(&words);
}

#[cfg(unix)]
#[test]
fn scripts_find_the_token_in_a_private_file() {
    use std::os::unix::fs::PermissionsExt;
    let environment = Environment::new();
    let path = environment.outside().join("token");
    let file = path.to_str().expect("a plain path").to_owned();
    let inside = environment.workspace().join("token");
    let inside = inside.to_str().expect("a plain path");
    for path in ["token", "./token", inside] {
        let words = ["`--token-file` must not be in a workspace"];
        fails(
            &environment,
            &["--port", "0", "--token-file", path],
            1,
            &words,
        );
    }
    let missing = ["--port", "0", "--token-file", "/missing/token"];
    fails(
        &environment,
        &missing,
        1,
        &["cannot write the token to /missing/token"],
    );
    let server = ChatServer::start(Vec::new());
    let mut web = Web::start_with(server, |_| environment, &["--token-file", &file]);
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = fs::read_to_string(&path).expect("a file");
    assert_eq!(token.trim(), web.token);
    web.end().expect_success();
    assert!(!path.exists());
}

#[test]
fn risks_are_said_at_the_start() {
    let mut web = web_with(&["--auto-approve"]);
    let words = [
        "for everybody who has the token",
        "all commands run without approval",
    ];
    web.end().expect_success().expect_words(&words);
    let environment = Environment::new();
    let home = environment.outside().join("home");
    let output = environment.run_in(&home, &["web", "--port", "0"]);
    output
        .expect_code(1)
        .expect_words(&["your home folder", "--yes"]);
}

#[test]
fn it_ends_at_once_whatever_is_open() {
    let mut web = Web::start(vec![Reply::silence()]);
    let idle = web.connect();
    let mut waiting = web.connect();
    waiting.write_all(b"GET / HTTP/1.1\r\n").expect("a part");
    let room = web.post("/api/conversations", &json!({})).json();
    let room = room["id"].as_str().expect("an id").to_owned();
    let mut events = web.stream(&format!("/api/conversations/{room}/events?after=0"));
    let question = json!({ "message": "what is here?", "client": "m1" });
    web.post(&format!("/api/conversations/{room}/ask"), &question)
        .expect(202);
    assert_eq!(events.answer.status, 200);
    events.event("asked");
    wait_until("the model to be asked", || web.server.left() == 0);
    let before = Instant::now();
    let output = web.end();
    let took = before.elapsed();
    output.expect_success();
    assert!(took < Duration::from_secs(8), "{took:?}");
    events.wait_for_end();
    drop((idle, waiting));
}

#[test]
fn five_hundred_idle_connections_leave_room() {
    let web = web_with(&[]);
    // A connection that had the token stays, however many come.
    let mut known = BufReader::new(web.connect());
    let request = web.post_bytes("/api/nothing", &json!({}), "");
    let ask = |stream: &mut BufReader<TcpStream>| {
        stream.get_mut().write_all(&request).expect("a request");
        let answer = Answer::read(stream, true).expect("an answer");
        answer.expect(404);
    };
    ask(&mut known);
    let begun = Instant::now();
    let idle: Vec<TcpStream> = (0..500).map(|_| web.connect()).collect();
    web.get("/").expect(200);
    web.get(STATE).expect(200);
    ask(&mut known);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let files = format!("/proc/{}/fd", web.id());
    if let Ok(files) = fs::read_dir(files) {
        let count = files.count();
        assert!(count < 450, "{count} files are open");
    }
    drop(idle);
    web.get(STATE).expect(200);
}

#[test]
fn slow_clients_are_disconnected() {
    let web = web_with(&[]);
    let (host, bearer) = (web.authority(), web.bearer());
    let post = format!(
        "POST /api/nothing HTTP/1.1\r\nHost: {host}\r\nAuthorization: {bearer}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    );
    let page = format!("GET /app.js HTTP/1.1\r\nHost: {host}\r\n\r\n");
    // What is sent at once, what is sent again and again, and what is answered before the end.
    let cases = [
        (String::new(), "", ""),
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n"), "", ""),
        (
            format!("GET / HTTP/1.1\r\nHost: {host}\r\n"),
            "X-More: x\r\n",
            "",
        ),
        (page, "", "200"),
        (format!("{post}{{"), "", "408"),
        (
            format!("GET {STATE} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"),
            "",
            "401",
        ),
    ];
    let clients = cases.map(|(first, again, status)| {
        let mut stream = web.connect();
        let mut reader = stream.try_clone().expect("a second handle");
        let begun = Instant::now();
        let all = thread::spawn(move || {
            let mut all = Vec::new();
            // A reset is an end, too.
            let _ = reader.read_to_end(&mut all);
            (String::from_utf8_lossy(&all).into_owned(), begun.elapsed())
        });
        stream.write_all(first.as_bytes()).expect("a part");
        (stream, again, status, all)
    });
    while clients.iter().any(|(_, _, _, all)| !all.is_finished()) {
        for (stream, again, ..) in &clients {
            let mut stream: &TcpStream = stream;
            let _ = stream.write_all(again.as_bytes());
        }
        thread::sleep(Duration::from_millis(200));
    }
    for (number, (_, _, status, all)) in clients.into_iter().enumerate() {
        let (all, took) = all.join().expect("a reader");
        let found = all.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, status, "{number}: {all}");
        assert!(took < LONGEST_STAY, "{number}: {took:?}");
    }
    web.get(STATE).expect(200);
}
