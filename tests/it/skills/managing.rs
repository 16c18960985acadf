//! `ollacode skills`.

use super::*;

#[test]
fn skills_are_listed_and_shown() {
    let environment = Environment::new();
    add_own(&environment, "tidy", TIDY);
    write_outside(
        &environment,
        "home/.agents/skills/shared/SKILL.md",
        &TIDY.replace("tidy", "shared"),
    );
    write_outside(
        &environment,
        "config/ollacode/commands/hello.md",
        "# Say hello\n\nTo $1.\n",
    );
    environment.write(".agents/skills/tidy/SKILL.md", TIDY);
    environment.write(
        ".agents/skills/review/SKILL.md",
        TIDY.replace("tidy", "review"),
    );
    environment.write(
        ".agents/skills/broken/SKILL.md",
        "---\nname: broken\n---\nx\n",
    );
    let listed = environment.run(&["skills", "list"]).expect_success();
    for row in [
        "tidy                Tidies a file. (yours)",
        "tidy                yours of this name counts before it (of this repository)",
        "shared              Tidies a file. (yours)",
        "hello               Say hello (yours)",
        "review              /review is a command of ollacode: rename the skill (of this repository)",
        "broken              its front matter has no `description` (of this repository)",
    ] {
        assert!(
            listed.stdout.lines().any(|line| line == row),
            "{row}: {listed:#?}"
        );
    }
    assert!(
        listed
            .stdout
            .contains("\nwrite-tests         Writes tests for a file"),
        "{listed:#?}"
    );
    let listed = environment.run(&["skills", "list", "--json"]).json();
    let skills = listed["skills"].as_array().expect("a list");
    let tidy: Vec<&Value> = skills.iter().filter(|it| it["name"] == "tidy").collect();
    assert_eq!(
        (&tidy[0]["origin"], &tidy[0]["hidden_by"]),
        (&json!("user"), &json!(null))
    );
    assert_eq!(
        (&tidy[1]["origin"], &tidy[1]["hidden_by"]),
        (&json!("repository"), &json!("user"))
    );
    assert_eq!(tidy[1]["place"], ".agents/skills/tidy/SKILL.md");
    assert_eq!(tidy[0]["manifest"]["argument_hint"], "PATH");

    environment.write(".agents/skills/forms/references/a.md", "Of a.\n");
    let forms = "---\nname: forms\ndescription: Fills in forms.\nlicense: MIT\ncompatibility: Requires git\n\
                 metadata:\n  author: somebody\nallowed-tools: \"*\"\n---\n# Forms\n\nFill them in.\n";
    environment.write(".agents/skills/forms/SKILL.md", forms);
    let shown = environment
        .run(&["skills", "show", "/forms"])
        .expect_success();
    assert_eq!(
        shown.stdout,
        "forms: Fills in forms.\n\n\
         whose: of this repository\n\
         file: .agents/skills/forms/SKILL.md\n\
         license: MIT\n\
         compatibility: Requires git\n\
         metadata: author: somebody\n\
         allowed-tools: * (ignored: a skill gives no permission)\n\
         has: references/a.md (6 bytes)\n\n\
         # Forms\n\nFill them in.\n"
    );
    let shown = environment
        .run(&["skills", "show", "write-tests", "--json"])
        .json();
    assert_eq!(shown["origin"], "shipped");
    let unknown = environment
        .run(&["skills", "show", "nothing"])
        .expect_code(1);
    unknown.expect_words(&["there is no skill `nothing`; there are: broken, changelog-entry"]);
}

#[test]
fn a_new_skill_is_made_once_and_can_be_used() {
    let server = ChatServer::start(vec![Reply::text("Which one?"), Reply::text("Yes.")]);
    let environment = environment(&server);
    let new = ["skills", "new", "release-notes"];
    environment.run(&new).expect_success().expect_words(&[
        "config/ollacode/skills/release-notes/SKILL.md",
        "then /release-notes uses it",
    ]);
    let made = environment
        .outside()
        .join("config/ollacode/skills/release-notes/SKILL.md");
    let text = fs::read_to_string(&made).expect("a skill");
    fs::write(&made, text.replace("Examples help", "A wombat helps")).expect("it is edited");
    environment
        .run(&new)
        .expect_code(1)
        .expect_words(&["already exists"]);
    let kept = fs::read_to_string(&made).expect("a skill");
    assert!(kept.contains("A wombat helps"), "{kept}");
    ask(&environment, &[], "/release-notes 1.2", 0);
    let said = question(&server.requests()[0]);
    assert!(said.contains("What to work on: 1.2\n"), "{said}");

    let of_repository = ["skills", "new", "deploy", "--repository"];
    environment
        .run(&of_repository)
        .expect_success()
        .expect_words(&["made .agents/skills/deploy/SKILL.md"]);
    environment
        .run(&of_repository)
        .expect_code(1)
        .expect_words(&["already exists"]);
    ask(&environment, &[], "/deploy", 0);
    let said = question(&server.requests()[1]);
    assert!(said.contains("not from the user"), "{said}");
    let hidden = ["skills", "new", "release-notes", "--repository"];
    environment
        .run(&hidden)
        .expect_success()
        .expect_words(&["another skill of this name counts before it"]);

    for (name, why) in [
        ("../up", "cannot name a skill"),
        ("Deploy", "cannot name a skill"),
        ("review", "/review is a command of ollacode"),
        ("und", "/und is short for /undo"),
    ] {
        environment
            .run(&["skills", "new", name])
            .expect_code(1)
            .expect_words(&[why]);
    }
    assert!(!environment.outside().join("config/ollacode/up").exists());
}

#[test]
fn skills_above_the_workspace_count_within_its_repository_only() {
    let environment = Environment::new();
    environment.write("top/inner/notes.txt", "x\n");
    environment.write("top/.agents/skills/tidy/SKILL.md", TIDY);
    environment.write(".agents/skills/far/SKILL.md", TIDY.replace("tidy", "far"));
    let inner = environment.workspace().join("top/inner");
    let names = || -> Vec<String> {
        let inner = inner.to_str().expect("a path");
        let output = environment.run(&["--workspace", inner, "skills", "list", "--json"]);
        let listed = output.expect_success().json();
        let skills = listed["skills"].as_array().expect("a list").clone();
        let theirs = skills.iter().filter(|it| it["origin"] == "repository");
        theirs
            .filter_map(|it| it["place"].as_str().map(str::to_owned))
            .collect()
    };
    // No repository, no skills of what is above.
    assert!(names().is_empty());
    fs::create_dir_all(environment.workspace().join("top/.git")).expect("a folder");
    assert_eq!(names(), ["../.agents/skills/tidy/SKILL.md"]);
    // A repository of its own ends it.
    fs::create_dir_all(inner.join(".git")).expect("a folder");
    assert!(names().is_empty());
}
