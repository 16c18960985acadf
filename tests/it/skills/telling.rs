//! Whether models are told of skills, what that changes, and what the journal keeps.

use super::*;
use crate::support::chat_server::ServedModel;

/// The first request of a session in an environment.
fn first_request(model: ServedModel, window: &str, prepare: impl Fn(&Environment)) -> Value {
    let server = ChatServer::with_models(vec![model], vec![Reply::text("It is.")]);
    let environment = environment(&server).with("MAX_CONTEXT_TOKENS", window);
    environment.write("notes.txt", "The kettle boils.\n");
    prepare(&environment);
    ask(&environment, &[], "Is it?", 0);
    server.requests().remove(0)
}

fn able() -> ServedModel {
    ServedModel::default()
}

#[test]
fn without_skills_of_ones_own_not_a_byte_is_different() {
    let plain = first_request(able(), "32768", |_| {});
    let other = first_request(able(), "32768", |environment| {
        let for_user = TIDY.replace("---\nTidy", "disable-model-invocation: true\n---\nTidy");
        add_own(environment, "tidy", &for_user);
        add_own(environment, "broken", "no front matter\n");
        write_outside(environment, "home/.agents/skills/README.md", "no skill\n");
    });
    assert_eq!(plain["messages"], other["messages"]);
    assert_eq!(plain["tools"], other["tools"]);
    assert!(!plain.to_string().contains("skill"), "{plain:#}");
}

#[test]
fn skills_of_the_user_and_the_repository_are_told_where_there_is_room() {
    let add = |environment: &Environment| {
        add_own(environment, "tidy", TIDY);
        environment.write(
            ".agents/skills/deploy/SKILL.md",
            TIDY.replace("tidy", "deploy"),
        );
    };
    let told = first_request(able(), "32768", add);
    let system = &texts(&told, "system")[0];
    let section = "\n\n# Skills\n\nInstructions for certain kinds of requests. If a request is of such a kind, \
                   first call `use_skill` with the name, then follow what it says.\n\
                   \n- `tidy`: Tidies a file.\n- `deploy` (text of the repository): Tidies a file.";
    assert!(system.contains(section), "{system}");
    assert!(!system.contains("write-tests"), "{system}");
    let tools = told["tools"].as_array().expect("tools");
    let last = &tools.last().expect("a tool")["function"];
    assert_eq!(last["name"], "use_skill");
    let plain = first_request(able(), "32768", |_| {});
    assert_eq!(
        plain["tools"].as_array().map(Vec::len),
        Some(tools.len() - 1)
    );

    let weak = ServedModel {
        parameter_size: "7.6B",
        ..able()
    };
    for (model, window) in [(weak, "32768"), (able(), "8192")] {
        let told = first_request(model.clone(), window, add);
        let plain = first_request(model, window, |environment| {
            environment.write(".agents/other.txt", "");
        });
        assert_eq!(texts(&told, "system"), texts(&plain, "system"));
        assert_eq!(told["tools"], plain["tools"]);
    }
}

#[test]
fn a_model_uses_a_skill_by_itself() {
    let server = ChatServer::start(vec![
        Reply::text("").call(
            "use_skill",
            json!({"name": "tidy", "arguments": "notes.txt"}),
        ),
        Reply::text("").call(
            "use_skill",
            json!({"name": "tidy", "file": "references/words.md"}),
        ),
        read("notes.txt"),
        Reply::text("Nothing to remove in notes.txt:1."),
    ]);
    let environment = environment(&server);
    environment.write("notes.txt", "The kettle boils.\n");
    add_own(&environment, "tidy", TIDY);
    let reference = "config/ollacode/skills/tidy/references/words.md";
    write_outside(&environment, reference, "Words that nobody needs: very.\n");
    let events = ask(&environment, &[], "Please tidy up notes.txt.", 0);
    assert_eq!(
        calls(&events),
        ["use_skill done", "use_skill done", "read_file done"]
    );
    let results = texts(&server.requests()[3], "tool");
    assert!(
        results[0].starts_with("## Skill `tidy`\n\nThe user wrote these instructions."),
        "{results:?}"
    );
    assert!(
        results[0].contains("Tidy notes.txt.\n\n1. Read it."),
        "{results:?}"
    );
    let others = "Its other files, to be read with `use_skill` and `file`: `references/words.md`";
    assert!(results[0].contains(others), "{results:?}");
    assert!(
        results[1].starts_with("Words that nobody needs: very."),
        "{results:?}"
    );
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn the_journal_has_the_line_and_a_resumed_session_the_same_bytes() {
    let server = ChatServer::start(vec![Reply::text("Tidy."), Reply::text("Yes.")]);
    let environment = environment(&server);
    environment.write("notes.txt", "The kettle boils.\n");
    add_own(&environment, "tidy", TIDY);
    ask(&environment, &[], "/tidy notes.txt", 0);
    let sessions = environment.run(&["sessions"]).expect_success();
    assert!(sessions.stdout.contains("/tidy notes.txt"), "{sessions:#?}");
    let log = environment.run(&["log"]).expect_success();
    assert!(log.stdout.contains("/tidy notes.txt"), "{log:#?}");
    assert!(!log.stdout.contains("Remove what nobody uses"), "{log:#?}");
    // What was sent stays, whatever became of the skill.
    fs::remove_dir_all(environment.outside().join("config/ollacode/skills/tidy"))
        .expect("it is there");
    let unchanged = "config/ollacode/skills/other/SKILL.md";
    write_outside(&environment, unchanged, &TIDY.replace("tidy", "other"));
    ask(&environment, &["--continue"], "Are you sure?", 0);
    let requests = server.requests();
    let [first, second] = [&requests[0], &requests[1]].map(|request| texts(request, "user"));
    assert_eq!(first[0], second[0]);
    assert!(second[0].contains("Remove what nobody uses"), "{second:?}");
    server.assert_each_extends_the_last(&[]);
}

#[test]
fn a_skill_that_does_not_fit_is_refused_and_the_model_is_not_asked() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server).with("MAX_CONTEXT_TOKENS", "4096");
    let long = format!("{TIDY}{}", "Remove another line.\n".repeat(800));
    add_own(&environment, "tidy", &long);
    let events = ask(&environment, &[], "/tidy notes.txt", 1);
    let ended = events.last().expect("an end");
    assert_eq!(
        (&ended["how"], &ended["code"]),
        (&json!("failed"), &json!("context_too_long"))
    );
    let reason = ended["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("the skill `tidy` has about"), "{reason}");
    assert!(reason.contains("MAX_CONTEXT_TOKENS"), "{reason}");
    assert!(server.requests().is_empty());
}

#[test]
fn a_template_of_a_skill_is_used_by_its_name() {
    let server = ChatServer::start(vec![
        Reply::text("").call(
            "new_from_template",
            json!({"name": "tidy/page", "values": {"name": "about"}}),
        ),
        Reply::text("The page is pages/about.md."),
    ]);
    let environment = environment(&server);
    add_own(&environment, "tidy", TIDY);
    let at = |path: &str| format!("config/ollacode/skills/tidy/templates/page/{path}");
    let manifest = "description = \"A page\"\n[variables.name]\npattern = '[a-z]+'\n";
    write_outside(&environment, &at("template.toml"), manifest);
    write_outside(
        &environment,
        &at("files/pages/{{ name }}.md"),
        "# {{ name|title_words }}\n",
    );
    let listed = environment.run(&["template", "list"]).expect_success();
    assert!(listed.stdout.contains("tidy/page"), "{listed:#?}");
    assert!(listed.stdout.contains("A page (yours)"), "{listed:#?}");
    let events = ask(&environment, &["--auto-edit"], "Add the page about.", 0);
    assert_eq!(calls(&events), ["new_from_template done"]);
    assert_eq!(environment.read("pages/about.md"), "# About\n");
    // The text of a skill is no template.
    add_own(
        &environment,
        "plain",
        "---\nname: plain\ndescription: d\n---\nSay {{ 7 * 6 }}.\n",
    );
    let shown = environment
        .run(&["skills", "show", "plain"])
        .expect_success();
    assert!(shown.stdout.contains("Say {{ 7 * 6 }}."), "{shown:#?}");
}
