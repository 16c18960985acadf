//! Skills on the phone: in the menu, and by names with `_`.

use super::*;

const TIDY: &str = "---\nname: tidy-up\ndescription: Tidies a file.\n---\nTidy $ARGUMENTS.\n";

#[test]
fn a_skill_is_in_the_menu_and_is_started_from_it() {
    let with_skill = |environment: Environment| {
        environment.write(".agents/skills/tidy-up/SKILL.md", TIDY);
        environment
    };
    let server = ChatServer::start(vec![Reply::text("It is tidy."), Reply::text("So is this.")]);
    let bot = Bot::start_with(server, with_skill, &["--no-rag"]);
    let menu = bot.api.commands();
    let described = |name: &str| {
        let command = menu.iter().find(|command| command["command"] == name);
        let command = command.unwrap_or_else(|| panic!("{name} is not in {menu:?}"));
        command["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(described("tidy_up"), "of the repository: Tidies a file.");
    assert!(described("write_tests").starts_with("skill: Writes tests"));
    bot.api.write(OWNER, "/tidy_up notes.txt");
    bot.expect("It is tidy.");
    bot.expect("/tidy-up is text of this repository");
    bot.api.write(OWNER, "/tidy-up\nall of it,\nplease");
    bot.expect("So is this.");
    let requests = bot.server.requests();
    let asked = [&requests[0], &requests[1]].map(last_text);
    assert!(
        asked[0].starts_with("/tidy-up notes.txt\n\n## Skill `tidy-up`\n\n"),
        "{asked:?}"
    );
    assert!(asked[0].contains("Tidy notes.txt."), "{asked:?}");
    assert!(asked[1].contains("Tidy all of it,\nplease."), "{asked:?}");
    bot.api.write(OWNER, "/tidy_down");
    bot.expect("unknown command /tidy_down; did you mean /tidy-up?");
    bot.api.write(OWNER, "/skills");
    bot.expect("Of this repository (text without power)");
}

#[test]
fn the_beginning_of_a_name_is_enough_behind_a_caption() {
    let with_skill = |environment: Environment| {
        environment.write(".agents/skills/tidy-up/SKILL.md", TIDY);
        environment
    };
    let server = ChatServer::start(vec![Reply::text("It is tidy.")]);
    let bot = Bot::start_with(server, with_skill, &["--no-rag"]);
    let id = bot.api.keep_file(b"error: it broke\n");
    let document = json!({
        "document": {
            "file_id": id, "file_unique_id": "u", "file_name": "build.log", "file_size": 16,
        },
        "caption": "look at this", "media_group_id": "1",
    });
    bot.api.message(OWNER, OWNER, document);
    bot.api.write(OWNER, "/tidy notes.txt");
    bot.expect("It is tidy.");
    let asked = last_text(&bot.server.requests()[0]);
    for part in [
        "error: it broke",
        "/tidy-up notes.txt\n\nlook at this\n\n## Skill `tidy-up`\n\n",
        "Tidy notes.txt\n\nlook at this.",
    ] {
        assert!(asked.contains(part), "{asked}");
    }
}
