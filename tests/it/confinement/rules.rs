//! What a rule denies is closed to commands, outside of the workspace and inside; and what the user does
//! while a command runs is left alone.

use std::fs;
use std::thread;
use std::time::Duration;

use super::{ChatServer, Environment, Reply, environment, is_full, results, run};

fn write_rules(environment: &Environment, rules: &str) {
    let settings = environment.outside().join("config/ollacode/config.toml");
    fs::create_dir_all(settings.parent().expect("a folder")).expect("folders");
    fs::write(settings, rules).expect("rules");
}

#[test]
fn a_denied_folder_in_an_allowed_one_is_closed() {
    if !is_full("a_denied_folder_in_an_allowed_one_is_closed") {
        return;
    }
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let notes = environment.outside().join("notes");
    fs::create_dir_all(notes.join("priv")).expect("folders");
    fs::write(notes.join("priv/kept"), "kept-word\n").expect("a file");
    environment.write("src/keep/a.rs", "fn a() {}\n");
    environment.write("x/y/z.p12", "kept-word\n");
    environment.write("x/y/z.sql", "select 1;\n");
    let rules = format!(
        "[[allow]]\nread = '{0}/**'\nwrite = '{0}/**'\n[[deny]]\nread = '{0}/priv/**'\nwrite = '{0}/priv/**'\n\
         [[deny]]\nwrite = 'src/keep/**'\n[[deny]]\nread = '*.p12'\n[[deny]]\nwrite = '*.sql'\n",
        notes.display()
    );
    write_rules(&environment, &rules);
    let commands = [
        format!("echo open > {}/open; cat {0}/open", notes.display()),
        format!(
            "cd {}; echo x > priv/new; echo x > priv/kept; cat priv/*; mkdir -p p2; mv priv p2/q; mv p2 priv",
            notes.display()
        ),
        "echo x > src/keep/b.rs; echo x >> src/keep/a.rs; mv src s; echo x > s/keep/c.rs; \
         mkdir -p t/keep; echo x > t/keep/d.rs; rm -rf src; mv t src"
            .to_owned(),
        "cat x/y/z.p12; cp x/y/z.p12 c; cat c; echo x > x/y/z.sql; rm -f x/y/z.sql; sed -i s/1/2/ x/y/z.sql"
            .to_owned(),
    ];
    for command in &commands {
        server.then(vec![run(command)]);
    }
    server.then(vec![Reply::text("Done.")]);
    let said = results(&environment, &[], &server);
    assert_eq!(said.len(), commands.len(), "{said:#?}");
    assert!(said[0].contains("\nopen\n"), "{}", said[0]);
    assert!(!said[1].contains("kept-word"), "{}", said[1]);
    let read = |path: &str| fs::read_to_string(notes.join(path)).expect("a file");
    assert_eq!(read("open"), "open\n");
    assert_eq!(read("priv/kept"), "kept-word\n");
    assert!(!notes.join("priv/new").exists());
    assert_eq!(environment.read("src/keep/a.rs"), "fn a() {}\n");
    assert!(!said[3].contains("kept-word"), "{}", said[3]);
    assert_eq!(environment.read("x/y/z.sql"), "select 1;\n");
    for path in ["src/keep/b.rs", "src/keep/c.rs", "src/keep/d.rs"] {
        assert!(!environment.workspace().join(path).exists(), "{path}");
    }
}

/// Ways to put a link in the place of a folder above `vault/inner/list.txt`.
const LINKS: &[&str] = &[
    "ln -s made vault",
    "ln -s made link; mv link vault",
    "mkdir vault; ln -s ../made/inner vault/inner",
    "mkdir vault; ln -s ../made/inner link; mv link vault/inner",
];

#[test]
fn a_link_cannot_replace_a_folder_above_a_denied_file() {
    if !is_full("a_link_cannot_replace_a_folder_above_a_denied_file") {
        return;
    }
    let try_link = |link: &str, flags: &[&str]| {
        let server = ChatServer::start(vec![run("sh try.sh"), Reply::text("Done.")]);
        let environment = environment(&server);
        write_rules(&environment, "[[deny]]\nwrite = 'vault/inner/list.txt'\n");
        // In a script: a command whose text names the path is not run at all.
        let script = format!("mkdir -p made/inner; echo evil > made/inner/list.txt; {link}\n");
        environment.write("try.sh", script);
        let said = results(&environment, flags, &server);
        let denied = environment.workspace().join("vault/inner/list.txt");
        (denied.exists(), said)
    };
    for link in LINKS {
        let (is_replaced, said) = try_link(link, &[]);
        assert!(!is_replaced, "{link}: {said:#?}");
        assert!(said[0].contains("a rule denies it"), "{link}: {said:#?}");
        assert!(try_link(link, &["--sandbox", "off"]).0, "{link}");
    }
}

#[test]
fn what_the_user_makes_while_a_command_runs_stays() {
    if !is_full("what_the_user_makes_while_a_command_runs_stays") {
        return;
    }
    let wait = "touch began; for i in $(seq 100); do [ -e .envrc ] && [ -e a/.git/config ] && \
        [ -e package.json ] && break; sleep 0.05; done; echo evil > .envrc; echo evil > a/.git/config; cat .envrc";
    let server = ChatServer::start(vec![run(wait), Reply::text("Done.")]);
    let environment = environment(&server);
    let workspace = environment.workspace();
    let user = thread::spawn(move || {
        while !workspace.join("began").exists() {
            thread::sleep(Duration::from_millis(2));
        }
        fs::create_dir_all(workspace.join("a/.git")).expect("folders");
        for path in ["a/.git/config", "package.json", ".envrc.new"] {
            fs::write(workspace.join(path), "mine\n").expect("a file");
        }
        fs::rename(workspace.join(".envrc.new"), workspace.join(".envrc")).expect("a file");
    });
    let said = results(&environment, &[], &server);
    user.join().expect("the user's work");
    assert!(said[0].contains("stdout:\nmine\n"), "{}", said[0]);
    for path in [".envrc", "a/.git/config", "package.json"] {
        assert_eq!(environment.read(path), "mine\n", "{path}");
    }
}
