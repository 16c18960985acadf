//! A second run, and files of the user.

use super::*;

const MINE: &str = "# My notes\r\n\r\nNever touch the kettle.\r\n";

#[test]
fn a_second_run_changes_only_what_stands_between_marks() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    init(&environment, &["--auto-approve"], 0);
    let first = environment.read("OLLACODE.md");
    let own = format!("Mine above.\n\n{first}\n## Mine\n\n- below  \n\tno end");
    environment.write("OLLACODE.md", &own);

    // Nothing has changed: the model is not asked, and nothing is written.
    let output = init(&environment, &["--auto-approve"], 0);
    output.expect_words(&["up to date"]);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(environment.read("OLLACODE.md"), own);

    environment.write("Makefile", format!("{MAKEFILE}\nbuild:\n\t@test -d src\n"));
    let mut changed = words();
    changed["what"] = json!("A shop for tea and kettles.");
    server.then(vec![reply(&changed)]);
    init(&environment, &["--auto-approve"], 0).expect_words(&["Updated `OLLACODE.md`"]);
    let second = environment.read("OLLACODE.md");
    assert_eq!(outside(&second), outside(&own));
    assert_eq!(part(&second, "what"), "A shop for tea and kettles.\n");
    assert!(
        part(&second, "commands").contains("`make build`"),
        "{second}"
    );
    assert!(
        !part(&first, "commands").contains("`make build`"),
        "{first}"
    );
}

#[test]
fn a_part_that_the_user_removed_does_not_come_back() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    environment.write(
        "OLLACODE.md",
        "Mine.\n<!-- ollacode:commands -->\nold\n<!-- /ollacode:commands -->\nMine, too.\n",
    );
    let output = init(&environment, &["--auto-approve"], 0);
    output.expect_words(&["no marked part for words"]);
    let text = environment.read("OLLACODE.md");
    assert!(part(&text, "commands").contains("`make test`"), "{text}");
    assert_eq!(outside(&text), "Mine.\nMine, too.\n");
    assert!(!text.contains("ollacode:what"), "{text}");
}

#[test]
fn a_file_of_the_user_without_marks_is_never_overwritten() {
    for flags in [&[] as &[&str], &["--auto-approve"]] {
        let server = ChatServer::start(vec![reply(&words())]);
        let environment = environment(&server);
        environment.write("OLLACODE.md", MINE);
        let output = init(&environment, flags, 1);
        assert_eq!(environment.read("OLLACODE.md"), MINE);
        assert!(
            output.stdout.contains("+<!-- ollacode:facts -->"),
            "{output:#?}"
        );
        output.expect_words(&["no marks of", "run it on a terminal"]);
    }
}

#[test]
fn marks_that_do_not_fit_change_nothing() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let broken = "Mine.\n<!-- ollacode:facts -->\nold\n";
    environment.write("OLLACODE.md", broken);
    let output = init(&environment, &["--auto-approve"], 1);
    output.expect_words(&["do not fit together", "opened on line 2"]);
    assert_eq!(environment.read("OLLACODE.md"), broken);
}

#[test]
fn instructions_for_all_agents_are_respected() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    environment.write("AGENTS.md", MINE);
    let output = init(&environment, &["--auto-approve"], 0);
    output.expect_words(&["`AGENTS.md` is read no more", "init --agents"]);
    assert_eq!(environment.read("AGENTS.md"), MINE);
    let text = environment.read("OLLACODE.md");
    assert!(part(&text, "facts").contains("`AGENTS.md`"), "{text}");
    let asked = server.requests()[0]["messages"][1]["content"].to_string();
    assert!(asked.contains("Never touch the kettle."), "{asked}");
}

#[test]
fn with_a_flag_the_parts_are_appended_to_the_instructions_for_all_agents() {
    let server = ChatServer::start(vec![reply(&words()), reply(&words())]);
    let environment = environment(&server);
    environment.write("AGENTS.md", MINE);
    init(&environment, &["--agents", "--auto-approve"], 0).expect_words(&["Updated `AGENTS.md`"]);
    let text = environment.read("AGENTS.md");
    assert!(text.starts_with(MINE), "{text}");
    // Its line ends are those of the user.
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    let text = text.replace("\r\n", "\n");
    assert_eq!(part(&text, "what"), "A shop that sells kettles.\n");
    assert!(!environment.workspace().join("OLLACODE.md").exists());
    // The next run renews them in their place.
    let output = init(&environment, &["--agents", "--auto-approve"], 0);
    output.expect_words(&["up to date"]);
}
