//! Slash commands: what each shows and changes.

use super::*;
use crate::support::chat_server::ServedModel;

#[test]
fn telegram_offers_the_commands() {
    let bot = Bot::start(Vec::new());
    let commands = bot.api.commands();
    let names: Vec<&str> = commands
        .iter()
        .filter_map(|command| command["command"].as_str())
        .collect();
    for name in [
        "start",
        "help",
        "new",
        "stop",
        "model",
        "status",
        "index",
        "search",
        "sources",
        "diff",
        "undo",
        "redo",
        "compact",
        "tokens",
        "memory",
        "plan",
        "approve",
        "workspace",
        "resume",
        "sessions",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    bot.api.write(OWNER, "/help");
    let help = bot.expect("/search QUERY: search the code").text;
    assert!(
        names.iter().all(|name| help.contains(&format!("/{name}"))),
        "{help}"
    );
    bot.api.write(OWNER, "/start");
    bot.expect("I answer questions about");
    bot.api.write(OWNER, "/nonsense");
    bot.expect("unknown command /nonsense");
}

#[test]
fn search_answers_from_the_index_while_the_model_is_busy() {
    let bot = Bot::start(vec![Reply::text("Hm, ").then_hang()]);
    bot.environment.write(
        "src/tea.rs",
        "/// Makes tea.\npub fn brew_tea(cups: u32) -> u32 {\n    cups\n}\n",
    );
    bot.api.write(OWNER, "/index");
    bot.expect("✓ 2 files");
    bot.api.write(OWNER, "Think long.");
    bot.expect("Hm,");
    bot.api.write(OWNER, "/search brew tea");
    let found = bot.expect("src/tea.rs:1-4");
    assert!(found.text.contains("brew_tea"), "{}", found.text);
    assert!(
        found.html.contains("<pre><code class=\"language-rust\">"),
        "{}",
        found.html
    );
    bot.api.write(OWNER, "/search");
    bot.expect("usage: /search QUERY");
    bot.api.write(OWNER, "/status");
    let status = bot.expect("running: a turn").text;
    for part in [
        "model: ",
        "mode: ask",
        "session: ",
        "index: 2 files",
        "folder: ",
    ] {
        assert!(status.contains(part), "{part} is not in {status}");
    }
    bot.api.write(OWNER, "/undo");
    bot.expect("wait until it ends, or stop it first");
    bot.api.write(OWNER, "/stop");
    bot.expect("■ stopped");
}

#[test]
fn changes_are_shown_taken_back_and_done_again() {
    let bot = Bot::start_with(
        ChatServer::start(vec![
            edit("notes.txt", "ninety", "eighty"),
            Reply::text("It is eighty now, see notes.txt:1."),
        ]),
        |environment| environment,
        &["--auto-approve"],
    );
    bot.api.write(OWNER, "/diff");
    bot.expect("this session has changed nothing");
    bot.api.write(OWNER, "/stop");
    bot.expect("nothing is running");
    bot.api.write(OWNER, "Make it colder.");
    bot.expect("It is eighty now");
    bot.api.write(OWNER, "/diff");
    let diff = bot.expect("+The kettle boils at eighty");
    assert!(diff.html.contains("language-diff"), "{}", diff.html);
    bot.api.write(OWNER, "/sources");
    bot.expect("notes.txt:1-1");
    bot.api.write(OWNER, "/undo");
    bot.expect("undone, turn 1:");
    assert_eq!(bot.environment.read("notes.txt"), NOTES);
    bot.api.write(OWNER, "/redo");
    bot.expect("redone, turn 1:");
    assert_eq!(
        bot.environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
}

#[test]
fn compaction_sends_its_result_and_no_empty_message() {
    // Numbered, since a repetitive reply is stopped.
    let line = |number: u32| format!("Step {number:02} of the answer.\n");
    let long: String = (0..100).map(line).collect();
    let bot = Bot::start(vec![
        Reply::text(&long),
        Reply::text("Short."),
        Reply::text("Kettles.").first_byte_after(Duration::from_secs(1)),
    ]);
    bot.api.write(OWNER, "Which steps?");
    bot.expect("Step 99 of the answer.");
    bot.api.write(OWNER, "And now?");
    bot.expect("Short.");
    let before = bot.api.chat(OWNER).len();
    bot.api.write(OWNER, "/compact");
    bot.expect("compacted: ");
    bot.api.write(OWNER, "/tokens");
    bot.expect("system prompt: ");
    let shown = bot.shown().split_off(before);
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(shown[0].starts_with("compacted: "), "{shown:#?}");
    assert!(shown[0].contains("\nyour own words: "), "{shown:#?}");
    assert!(shown[0].ends_with(" tokens"), "{shown:#?}");
}

#[test]
fn models_are_listed_and_chosen() {
    let models = vec![ServedModel::default(), ServedModel::named("small:7b")];
    let server = ChatServer::with_models(models, vec![Reply::text("Hello.")]);
    let bot = Bot::start_with(server, |environment| environment, &[]);
    bot.api.write(OWNER, "/model");
    bot.expect("small:7b");
    bot.api.write(OWNER, "/model missing:1b");
    bot.expect("Ollama does not have the model `missing:1b`");
    bot.api.write(OWNER, "/model small:7b");
    bot.expect("switched to small:7b");
    bot.api.write(OWNER, "Hello?");
    bot.expect("Hello.");
    assert_eq!(bot.server.requests()[0]["model"], "small:7b");
}

#[test]
fn workspaces_have_names_and_nothing_else_is_reached() {
    let server = ChatServer::start(vec![read("tea.txt"), Reply::text("It is green.")]);
    let shop = tempfile::tempdir().expect("a folder");
    std::fs::write(shop.path().join("tea.txt"), "green\n").expect("a file");
    let path = shop.path().to_str().expect("a plain path").to_owned();
    let bot = Bot::start_with(
        server,
        |environment| {
            let folder = environment.outside().join("config/ollacode");
            std::fs::create_dir_all(&folder).expect("a folder");
            let home = environment.outside();
            let home = home.display();
            let names =
                format!("[workspaces]\nshop = '{path}'\nhome = '{home}/home'\nabove = '{home}'\n");
            std::fs::write(folder.join("config.toml"), names).expect("a file");
            environment
        },
        &[],
    );
    bot.api.write(OWNER, "/workspace");
    bot.expect("shop ");
    bot.api.write(OWNER, "/workspace /etc");
    bot.expect("there is no workspace `/etc`; available: above, home, shop");
    for wide in ["home", "above"] {
        bot.api.write(OWNER, &format!("/workspace {wide}"));
        bot.expect(&format!("`{wide}` is your home folder or above it"));
    }
    bot.api.write(OWNER, "/workspace shop");
    bot.expect("new session in");
    bot.api.write(OWNER, "Which tea?");
    bot.expect("It is green.");
    let results = bot.server.requests()[1]["messages"].to_string();
    assert!(results.contains("green"), "{results}");
}

#[test]
fn sessions_go_on_here_and_on_the_terminal() {
    let bot = Bot::start(vec![
        Reply::text("Hello from the terminal."),
        Reply::text("Hello from the phone."),
        Reply::text("Hello again."),
        Reply::text("Something else."),
    ]);
    let told = bot
        .environment
        .run(&["chat", "-p", "I am on the terminal."]);
    told.expect_success();
    bot.api.write(OTHER, "/resume");
    bot.expect_in(OTHER, "there is no other session");
    bot.api.write(OTHER, "/resume 2");
    bot.expect_in(OTHER, "there is no session number 2");
    bot.api.write(OTHER, "/resume 2026");
    bot.expect_in(OTHER, "this folder has no session `2026`");
    bot.api.write(OTHER, "/sessions");
    bot.expect_in(OTHER, "no sessions in this folder yet");
    bot.api.write(OWNER, "/sessions");
    bot.expect("I am on the terminal.");
    bot.api.write(OWNER, "/resume");
    bot.expect("continues after 1 question");
    bot.api.write(OWNER, "I am on the phone.");
    bot.expect("Hello from the phone.");
    let asked = bot.server.requests()[1]["messages"].to_string();
    assert!(asked.contains("I am on the terminal."), "{asked}");
    // While it is open here, it cannot be opened there.
    let told = bot
        .environment
        .run(&["chat", "--continue", "-p", "And now?"]);
    told.expect_code(1)
        .expect_words(&["is open in another ollacode process"]);
    bot.api.write(OWNER, "/new");
    bot.expect("new session; /resume");
    let told = bot
        .environment
        .run(&["chat", "--continue", "-p", "Back on the terminal."]);
    told.expect_success();
    let asked = bot.server.requests()[2]["messages"].to_string();
    assert!(asked.contains("I am on the phone."), "{asked}");
    bot.api.write(OWNER, "Something new.");
    bot.expect("Something else.");
    let asked = bot.server.requests()[3]["messages"].to_string();
    assert!(!asked.contains("I am on the phone."), "{asked}");
}
