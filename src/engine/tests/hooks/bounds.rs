//! Hooks that fail, hang, flood or tell secrets.

use super::*;

const VALUE: &str = "yellow-canary-42";

#[tokio::test]
async fn a_guard_that_hangs_or_is_missing_blocks_and_says_how_to_mend_it() {
    for (more, command, words) in [
        ("timeout = 1", "sleep 1000", "did not end within 1 s"),
        (
            "",
            "no-such-program-here",
            "names a program that is not found",
        ),
        ("", "kill -9 $$", "was killed by signal 9"),
        ("", "./main.rs", "cannot be executed"),
    ] {
        let table = hook("before_tool", more, command);
        let mut lab = lab(vec![run("touch ran.txt"), text("I may not.")], &table);
        let (_, events) = lab.ask("Run it.").await;
        assert_eq!(outcomes(&events), [ToolOutcome::Denied], "{command}");
        let result = &lab.results()[0];
        assert!(result.contains(words), "{result}");
        assert!(result.contains("`on_error = \"continue\"`"), "{result}");
        assert!(!lab.root.join("ran.txt").exists());
    }
}

#[tokio::test]
async fn a_guard_that_may_be_passed_over_is_shown_and_passed_over() {
    let table = hook(
        "before_tool",
        "timeout = 1\non_error = 'continue'",
        "sleep 1000",
    );
    let mut lab = lab(vec![run("touch ran.txt"), text("It ran.")], &table);
    let (_, events) = lab.ask("Run it.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(
        notices(&events),
        ["the hook `sleep 1000` did not end within 1 s"]
    );
    assert!(lab.root.join("ran.txt").exists());
}

#[tokio::test]
async fn any_other_exit_code_is_told_to_the_user_only() {
    for on in ["before_tool", "after_tool", "session_start", "turn_end"] {
        let table = hook(on, "", "echo 'it broke' >&2; exit 3");
        let mut lab = lab(vec![read("main.rs"), text("It greets.")], &table);
        let (end, events) = lab.ask("What does it do?").await;
        assert_eq!(
            (end, outcomes(&events)),
            (TurnEnd::Answered, vec![ToolOutcome::Done])
        );
        let said = notices(&events);
        assert_eq!(said.len(), 1, "{on}: {said:?}");
        assert!(
            said[0].ends_with("failed with exit code 3: it broke"),
            "{said:?}"
        );
        assert!(
            !format!("{:?}", lab.session.messages).contains("it broke"),
            "{on}"
        );
    }
}

#[tokio::test]
async fn a_flood_is_bounded_wherever_it_goes() {
    let table = hook(
        "before_tool",
        "timeout = 60",
        "head -c 20000000 /dev/zero | tr '\\0' x; head -c 10000000 /dev/zero | tr '\\0' y >&2; exit 2",
    );
    let mut lab = lab(vec![read("main.rs"), text("I may not.")], &table);
    let (_, events) = lab.ask("What does it do?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    let result = &lab.results()[0];
    assert!(
        result.contains("yyyy") && !result.contains("xxxx"),
        "{result}"
    );
    assert!(result.len() < 4_000, "{}", result.len());
    let journal = lab.session.folder().join("journal.jsonl");
    let length = fs::metadata(journal).expect("a journal").len();
    assert!(length < 64 << 10, "{length}");
    assert!(format!("{events:?}").len() < 16_000);
}

#[tokio::test]
async fn secrets_go_neither_into_a_hook_nor_out_of_it() {
    let before = hook("before_tool", "", "cat > seen.json");
    let after = hook("after_tool", "", "cat p >&2; exit 2");
    let script = vec![
        run(&format!("echo {VALUE}; cat p")),
        text("It is a password."),
    ];
    let mut lab = lab(script, &format!("{before}{after}"));
    for path in [".env", "p"] {
        fs::write(lab.root.join(path), format!("DB_PASSWORD={VALUE}\n")).expect("a file");
    }
    let (_, events) = lab.ask("What is in p?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let seen: Value = serde_json::from_str(&lab.file("seen.json")).expect("an object");
    assert_eq!(
        seen["arguments"]["command"],
        "echo [redacted: value in .env]; cat p",
    );
    assert_eq!(seen["redacted"], true);
    let result = &lab.results()[0];
    assert!(
        result.contains("objects: DB_PASSWORD=[redacted: value in .env]"),
        "{result}"
    );
    let journal = lab.session.folder().join("journal.jsonl");
    let journal = fs::read_to_string(journal).expect("a journal");
    for told in [journal, notices(&events).join("\n"), result.clone()] {
        assert!(!told.contains(VALUE), "{told}");
    }
}

#[tokio::test]
async fn a_stop_ends_a_hook_and_the_turn() {
    let table = hook("before_tool", "timeout = 60", "echo > began; sleep 1000");
    let mut lab = lab(vec![read("main.rs")], &table);
    let (began, stop) = (lab.root.join("began"), lab.stop.clone());
    let stopping = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
        while !began.exists() {
            ticks.tick().await;
        }
        stop.cancel();
    });
    let (end, _) = lab.ask("What does it do?").await;
    stopping.await.expect("stopped");
    assert_eq!(end, TurnEnd::Stopped);
    assert_eq!(
        ran(&lab),
        ["before_tool: echo > began; sleep 1000 → stopped by the user"]
    );
}

#[tokio::test]
async fn a_rule_that_denies_a_command_holds_for_hooks() {
    let table = hook("before_tool", "", "curl https://example.org");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, "[[deny]]\ncommand = 'curl'\n").expect("a file");
    let user = UserRules::read(&file, None).expect("rules");
    let mut lab = lab(vec![read("main.rs"), text("I may not.")], &table);
    let context = Arc::get_mut(&mut lab.engine.context).expect("nobody else has it");
    let rules = crate::permission::Rules::new(&lab.root, &user, Default::default());
    context.rules = Arc::new(rules);
    let (_, events) = lab.ask("What does it do?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    let result = &lab.results()[0];
    assert!(
        result.contains("did not run: the rule `deny command = 'curl'`"),
        "{result}"
    );
    assert_eq!(ran(&lab), Vec::<String>::new());
}

#[tokio::test]
async fn a_hook_before_a_call_that_changes_its_file_does_no_harm() {
    let table = hook(
        "before_tool",
        "tool = 'edit_file'",
        "sed -i 's/^    /\\t/' {path}",
    );
    let script = vec![read("main.rs"), edit(), text("It says goodbye now.")];
    let mut lab = lab(script, &table);
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(
        outcomes(&events),
        [ToolOutcome::Done; 2],
        "{:?}",
        lab.results()
    );
    assert_eq!(lab.file("main.rs"), FORMATTED);
    lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn a_log_in_the_workspace_hides_no_loop() {
    let table = hook("after_tool", "", "cat >> log.jsonl");
    let mut script = vec![run("test -d . && echo fine")];
    script.extend((0..3).map(|_| read("main.rs")));
    script.push(text("It greets."));
    let mut lab = lab(script, &table);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done; 4]);
    let results = lab.results();
    assert!(
        results
            .iter()
            .any(|result| result.contains("You have this result already")),
        "{results:?}"
    );
}
