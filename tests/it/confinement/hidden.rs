//! Files that may hold secrets look empty to commands, so that no copy of one holds a value.

use super::{ChatServer, Reply, environment, is_full, place, results, run};
use crate::support::Environment;

/// Files of secrets, and each with the word that is its secret.
const FILES: &[&str] = &[
    ".env",
    "a/b/.env",
    "services/api/.env.production",
    ".netrc",
    "home/.pgpass",
    "deploy/key.pem",
    "config/credentials.json",
    "infra/terraform.tfstate",
    ".aws/credentials",
];

/// It looks like nothing, so that no rule about tokens knows it.
const SECRET: &str = "plum jam on toast";

fn with_secrets(server: &ChatServer) -> Environment {
    let environment = environment(server);
    for file in FILES {
        let format = if file.ends_with(".json") || file.ends_with("tfstate") {
            format!("{{\"password\": \"{SECRET}\"}}\n")
        } else {
            format!("PASSWORD=\"{SECRET}\"\n")
        };
        environment.write(file, &format);
    }
    environment
}

#[test]
fn no_copy_of_a_secret_file_holds_a_value() {
    if !is_full("no_copy_of_a_secret_file_holds_a_value") {
        return;
    }
    let all = FILES.join(" ");
    let commands = [
        format!("for f in {all}; do cp $f copy; cat copy; done"),
        format!("cat {all} | base64; cat {all} | xxd -p; cat {all} | rev; gzip -c .env | base64"),
        format!(
            "tar cf all.tar {all}; strings all.tar; grep -r jam . ; cp -r . /tmp/x; grep -r jam /tmp/x"
        ),
        "ln a/b/.env hard; ln -s a/b/.env soft; cat hard soft; mv a/b moved; cat moved/.env"
            .to_owned(),
        "head -c 100 < .env; while read l; do echo \"$l\"; done < .env; wc -c .env".to_owned(),
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = with_secrets(&server);
    let said = results(&environment, &[], &server);
    assert!(said[4].contains("0 .env"), "{}", said[4]);
    assert!(
        said[4].contains("looked empty to the command"),
        "{}",
        said[4]
    );
    let encoded = [
        "cGx1bSBqYW0",
        "x1bSBqYW0gb",
        "bHVtIGphbS",
        "706c756d206a616d",
        "tsaot no maj",
    ];
    let seen =
        |text: &str| text.contains(SECRET) || encoded.iter().any(|encoded| text.contains(encoded));
    for request in server.requests() {
        assert!(!seen(&request.to_string()), "sent: {request:#}");
    }
    for path in place::tree(&environment.data_folder()) {
        let text = std::fs::read(&path).unwrap_or_default();
        assert!(!seen(&String::from_utf8_lossy(&text)), "in {path:?}");
    }
}

#[test]
fn other_versions_that_git_has_are_not_shown() {
    if !is_full("other_versions_that_git_has_are_not_shown") {
        return;
    }
    let commands = [
        "git diff; git log -p; git grep PASSWORD HEAD; git show; git format-patch -1 --stdout; git diff HEAD~1",
        "git diff --no-prefix; git log -p --all; git diff --cached",
        "git show HEAD:.env; git cat-file -p HEAD~1:.env",
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server);
    environment.git(&["init", "-q"]);
    for (version, text) in [
        ("one", "PASSWORD=plum jam\n"),
        ("two", "PASSWORD=fig jam\n"),
    ] {
        environment.write(".env", text);
        environment.write("a.rs", format!("fn {version}() {{}}\n"));
        environment.git(&["add", "-A"]);
        environment.git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            version,
        ]);
    }
    environment.write(".env", "PASSWORD=none\n");
    let said = results(&environment, &[], &server);
    assert!(
        said[0].contains("[redacted: changes of .env]"),
        "{}",
        said[0]
    );
    assert!(said[0].contains("fn two"), "{}", said[0]);
    for request in server.requests() {
        let request = request.to_string();
        assert!(
            !request.contains("plum jam") && !request.contains("fig jam"),
            "{request}"
        );
    }
}

#[test]
fn a_tracked_file_of_secrets_does_not_keep_git_from_working() {
    if !is_full("a_tracked_file_of_secrets_does_not_keep_git_from_working") {
        return;
    }
    let commands = [
        "git add a.rs .env && git -c user.name=a -c user.email=a@b commit -qm two && git log --format=%s",
        "git add .netrc",
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server);
    environment.git(&["init", "-q"]);
    environment.write(".env", format!("PASSWORD={SECRET}\n"));
    environment.write("a.rs", "fn one() {}\n");
    environment.git(&["add", "-A"]);
    environment.git(&[
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "-qm",
        "one",
    ]);
    environment.write(".env", format!("PASSWORD={SECRET} 2\n"));
    environment.write(".netrc", format!("machine a login b password {SECRET}\n"));
    let said = results(&environment, &[], &server);
    assert!(said[0].contains("stdout:\ntwo\none\n"), "{}", said[0]);
    assert!(said[1].contains("Permission denied"), "{}", said[1]);
    environment.git(&["diff", "--quiet", "HEAD", "--", ".env"]);
}

#[test]
fn what_was_hidden_once_stays_hidden() {
    if !is_full("what_was_hidden_once_stays_hidden") {
        return;
    }
    let commands = [
        "mkdir target tests; mv services target/x; mv deploy tests/d; mv .aws x; mv a target/a; ls",
        "cat target/x/api/.env* tests/d/key.pem x/credentials services/api/.env* deploy/key.pem .aws/*",
        "for i in $(seq 1500); do : > $i.pem; done; cat .env",
        "for i in $(seq 1501 2500); do : > $i.pem; done; cat .env",
        "cat .env; rev .env",
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = with_secrets(&server);
    let said = results(&environment, &[], &server);
    assert!(said[0].contains("busy"), "{}", said[0]);
    assert!(said[4].contains("did not run"), "{}", said[4]);
    for said in said {
        assert!(
            !said.contains(SECRET) && !said.contains("tsaot no maj"),
            "{said}"
        );
    }
}

#[test]
fn git_cannot_add_a_secret_file_and_a_rule_opens_one() {
    if !is_full("git_cannot_add_a_secret_file_and_a_rule_opens_one") {
        return;
    }
    let commands = ["git add -A", "wc -c < .env | tr -d ' '; wc -c < .netrc"];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = with_secrets(&server);
    environment.git(&["init", "-q"]);
    let settings = environment.outside().join("config/ollacode/config.toml");
    std::fs::create_dir_all(settings.parent().expect("a folder")).expect("folders");
    std::fs::write(settings, "[[allow]]\nread = '.env'\n").expect("a file");
    let said = results(&environment, &[], &server);
    assert!(said[0].contains("Permission denied"), "{}", said[0]);
    let length = format!("PASSWORD=\"{SECRET}\"\n").len();
    assert!(
        said[1].contains(&format!("stdout:\n{length}\n0\n")),
        "{}",
        said[1]
    );
}

/// Ways of git to print what it has of a file that need not name it.
const STREAMS: &[&str] = &[
    "git archive HEAD~1 | tar xO",
    "git archive --format=tar HEAD~1 | base64",
    "git fast-export --all",
    "git cat-file --batch-all-objects --batch",
    "git rev-list --objects --all | cut -c-40 | git cat-file --batch",
    "git show HEAD~1:.env; git show :.env; git show stash@{0}:.env",
    "git log -p --all; git stash show -p; git diff HEAD~1 HEAD",
    "git grep -a jam $(git rev-list --all)",
    "git bundle create - --all | base64",
    "git worktree list; git cat-file -p HEAD~1:.env | rev | xxd -p",
    "for f in $(git ls-tree -r --name-only HEAD~1); do git show HEAD~1:$f | od -An -c; done",
    "git show HEAD~1:config/database.yml | gzip | base64",
];

#[test]
fn no_stream_of_git_holds_a_value_of_another_version() {
    if !is_full("no_stream_of_git_holds_a_value_of_another_version") {
        return;
    }
    let replies = STREAMS.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server);
    environment.git(&["init", "-q"]);
    let as_somebody = ["-c", "user.name=a", "-c", "user.email=a@b"];
    let put = |secret: &str| {
        environment.write(".env", format!("PASSWORD={secret}\n"));
        environment.write(
            "config/database.yml",
            format!("production:\n  adapter: mysql2\n  password: {secret}s\n"),
        );
    };
    for secret in ["plum-jam-1", "fig-jam-2", "pear-jam-3"] {
        put(secret);
        environment.git(&["add", "-A"]);
        let last = match secret {
            "pear-jam-3" => &["stash", "-q"][..],
            _ => &["commit", "-qm", "a version"],
        };
        environment.git(&[&as_somebody[..], last].concat());
    }
    environment.git(&["rm", "-q", "--cached", ".env"]);
    put("none");
    let said = results(&environment, &[], &server);
    assert!(said[0].contains("adapter: mysql2"), "{}", said[0]);
    let seen: Vec<&str> = server.requests().iter().flat_map(shown_of).collect();
    assert_eq!(seen, Vec::<&str>::new(), "{said:#?}");
}

/// What a request shows of the versions, plain or in what the commands make of it.
fn shown_of(request: &serde_json::Value) -> Vec<&'static str> {
    let request = request.to_string();
    let forms = [
        "plum-jam-1",
        "fig-jam-2",
        "pear-jam-3",
        "cGx1bS1qYW0",
        "x1bS1qYW0t",
        "bHVtLWphbS",
        "312d6d616a",
        "p   l   u   m",
    ];
    let is_shown = |form: &&str| request.contains(form);
    forms.into_iter().filter(is_shown).collect()
}

#[test]
fn git_alone_does_not_take_hidden_files_for_changed() {
    if !is_full("git_alone_does_not_take_hidden_files_for_changed") {
        return;
    }
    let commands = [
        "git status --short",
        "git status --short | head -5",
        "git diff --stat",
    ];
    let replies = commands.iter().map(|command| run(command));
    let server = ChatServer::start(replies.chain([Reply::text("Done.")]).collect());
    let environment = environment(&server);
    environment.git(&["init", "-q"]);
    environment.write(".env", format!("PASSWORD={SECRET}\n"));
    environment.git(&["add", "-A"]);
    let as_somebody = ["-c", "user.name=a", "-c", "user.email=a@b"];
    environment.git(&[&as_somebody[..], &["commit", "-qm", "one"]].concat());
    for said in &results(&environment, &[], &server)[..3] {
        assert!(said.contains("no output"), "{said}");
    }
}
