//! Whole files as models write them.

use serde_json::Value;

use super::*;
use crate::tools::tests_support::{Bench, call};

fn write(path: &str, content: &str) -> ToolCall {
    call("write_file", json!({"path": path, "content": content}))
}

async fn read(bench: &Bench, path: &str) {
    let arguments: Value = json!({"path": path});
    bench.call(&call("read_file", arguments)).await.unwrap();
}

#[tokio::test]
async fn a_new_file_is_shown_written_and_undone() {
    let bench = Bench::new();
    let prepared = bench
        .prepare(&write("src/new/a.rs", "fn a() {}\n"))
        .await
        .unwrap();
    assert_eq!(
        prepared.effects,
        [Effect::Write {
            path: "src/new/a.rs".to_owned(),
            runs_later: None
        }]
    );
    let diff = prepared.preview.text().into_owned();
    assert!(
        diff.contains("+++ b/src/new/a.rs") && diff.contains("+fn a() {}"),
        "{diff}"
    );
    assert_eq!(
        bench.content("src/new/a.rs"),
        None,
        "nothing before it runs"
    );
    let output = bench.run(prepared).await.unwrap();
    assert_eq!(output.text, "src/new/a.rs was created, 1 line.\n");
    assert_eq!(output.summary, "+1 −0");
    assert_eq!(
        bench.content("src/new/a.rs").as_deref(),
        Some("fn a() {}\n")
    );
    let context = bench.context();
    context.changes.lock().undo(&context.jail).unwrap();
    assert_eq!(bench.content("src/new/a.rs"), None);
}

#[tokio::test]
async fn no_spelling_of_a_path_becomes_the_name_of_a_file() {
    let bench = Bench::new();
    for (number, path) in ["src\\a0.rs", "\"src/a1.rs\"", "`src/a2.rs`"]
        .iter()
        .enumerate()
    {
        bench.call(&write(path, "fn a() {}\n")).await.unwrap();
        let made = format!("src/a{number}.rs");
        assert!(bench.content(&made).is_some(), "{path}");
        assert!(!bench.root().join(path).exists(), "{path}");
    }
}

#[tokio::test]
async fn numbers_and_breaks_as_they_are_shown_do_not_go_into_files() {
    let bench = Bench::new();
    bench
        .call(&write("a.rs", "1→fn a() {\n2→}\n"))
        .await
        .unwrap();
    assert_eq!(bench.content("a.rs").as_deref(), Some("fn a() {\n}\n"));
    bench
        .call(&write("d.rs", "```rust\nfn d() {}\n```"))
        .await
        .unwrap();
    assert_eq!(bench.content("d.rs").as_deref(), Some("fn d() {}\n"));
    let page = "```rust\nfn d() {}\n```\n";
    bench.call(&write("d.md", page)).await.unwrap();
    assert_eq!(bench.content("d.md").as_deref(), Some(page));
    let error = bench
        .refused(&write("b.rs", "fn b() {\\n    c();\\n}\\n"))
        .await;
    assert!(error.contains("real line breaks"), "{error}");
    bench
        .call(&write("c.sh", "printf \"a\\nb\\nc\"\n"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_was_not_read_is_not_overwritten() {
    let bench = Bench::new();
    bench.file("a.txt", "old\n");
    let error = bench.refused(&write("a.txt", "new\n")).await;
    assert!(error.contains("read_file {\"path\":\"a.txt\""), "{error}");
    assert!(error.contains("edit_file {\"path\":\"a.txt\""), "{error}");
    read(&bench, "a.txt").await;
    bench.call(&write("a.txt", "new\n")).await.unwrap();
    assert_eq!(bench.content("a.txt").as_deref(), Some("new\n"));
    // What it wrote itself, the model knows.
    bench.call(&write("a.txt", "newer\n")).await.unwrap();
    assert_eq!(bench.content("a.txt").as_deref(), Some("newer\n"));
}

#[tokio::test]
async fn what_was_not_shown_is_not_overwritten() {
    let bench = Bench::new().narrow(400);
    let text: String = (1..=200)
        .map(|n| format!("    step_{n}(input);\n"))
        .collect();
    bench.file("a.txt", &text);
    let page = json!({"path": "a.txt"});
    let output = bench.call(&call("read_file", page)).await.unwrap();
    let last = output.sources[0].end_line;
    assert!(last < 200, "the page ends where its room does");
    let error = bench.refused(&write("a.txt", "short\n")).await;
    let next = last + 1;
    assert!(
        error.contains(&format!("lines {next}-200 of its 200")),
        "{error}"
    );
    // The call that reads on is given, and works until all was read.
    let mut next = next;
    while next <= 200 {
        let call_on = format!("read_file {{\"path\":\"a.txt\",\"start_line\":{next}}}");
        let error = bench.refused(&write("a.txt", "short\n")).await;
        assert!(error.contains(&call_on), "{error}");
        let page = json!({"path": "a.txt", "start_line": next});
        let output = bench.call(&call("read_file", page)).await.unwrap();
        next = output.sources[0].end_line + 1;
    }
    let error = bench.refused(&write("a.txt", "short\n")).await;
    assert!(error.contains("files of up to 30 lines"), "{error}");
    // Who insists asks the user.
    let prepared = bench.prepare(&write("a.txt", "short\n")).await.unwrap();
    let is_loss = |effect: &Effect| matches!(effect, Effect::Loss { .. });
    assert!(prepared.effects.iter().any(is_loss));
    bench.forget();
    bench.refused(&write("a.txt", "short\n")).await;
}

#[tokio::test]
async fn a_line_that_was_shown_in_part_is_not_overwritten() {
    let bench = Bench::new();
    bench.file("a.txt", &format!("one\n{}\n", "x".repeat(2_000)));
    read(&bench, "a.txt").await;
    let error = bench.refused(&write("a.txt", "one\nx\n")).await;
    assert!(error.contains("lines 2 of its 2"), "{error}");
}

#[tokio::test]
async fn what_would_be_lost_is_named_and_asked_about() {
    let bench = Bench::new();
    let text = "fn charge() {\n    go();\n}\n\nfn audit() {\n    log();\n}\n";
    bench.file("a.rs", text);
    read(&bench, "a.rs").await;
    let whole = write("a.rs", &text.replace("go", "stop"));
    let prepared = bench.prepare(&whole).await.unwrap();
    let is_loss = |effect: &Effect| matches!(effect, Effect::Loss { .. });
    assert!(!prepared.effects.iter().any(is_loss));
    let part = write("a.rs", "fn charge() {\n    stop();\n}\n");
    let prepared = bench.prepare(&part).await.unwrap();
    let loss = Effect::Loss {
        path: "a.rs".to_owned(),
        what: "`fn audit()` (lines 5-7)".to_owned(),
    };
    assert!(prepared.effects.contains(&loss), "{:?}", prepared.effects);
    let output = bench.run(prepared).await.unwrap();
    assert!(
        output
            .text
            .contains("no longer has `fn audit()` (lines 5-7)"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn changes_of_others_are_not_overwritten() {
    let bench = Bench::new();
    bench.file("a.txt", "old\n");
    read(&bench, "a.txt").await;
    bench.file("a.txt", "of somebody else\n");
    let error = bench.refused(&write("a.txt", "new\n")).await;
    assert!(error.contains("changed on disk"), "{error}");
    read(&bench, "a.txt").await;
    let prepared = bench.prepare(&write("a.txt", "new\n")).await.unwrap();
    bench.file("a.txt", "while the user was asked\n");
    assert!(bench.run(prepared).await.is_err());
    let prepared = bench.prepare(&write("b.txt", "new\n")).await.unwrap();
    bench.file("b.txt", "there meanwhile\n");
    assert!(bench.run(prepared).await.is_err());
    assert_eq!(bench.content("b.txt").as_deref(), Some("there meanwhile\n"));
    // What was not made is not to be undone.
    let context = bench.context();
    assert!(context.changes.lock().undo(&context.jail).is_err());
}

#[tokio::test]
async fn line_ends_order_marks_and_the_last_line_end_stay() {
    let bench = Bench::new();
    bench.file("a.txt", "\u{feff}one\r\ntwo\r\n");
    read(&bench, "a.txt").await;
    bench.call(&write("a.txt", "one\nthree")).await.unwrap();
    assert_eq!(
        bench.content("a.txt").as_deref(),
        Some("\u{feff}one\r\nthree\r\n")
    );
}

#[tokio::test]
async fn what_runs_later_is_labelled() {
    let bench = Bench::new();
    for path in [
        ".github/workflows/ci.yml",
        "build.rs",
        ".git/hooks/pre-commit",
        ".ENV",
    ] {
        let prepared = bench.prepare(&write(path, "x\n")).await.unwrap();
        assert!(
            matches!(
                &prepared.effects[0],
                Effect::Write {
                    runs_later: Some(_),
                    ..
                }
            ),
            "{path}"
        );
    }
}

#[tokio::test]
async fn new_syntax_errors_are_told_at_once() {
    let bench = Bench::new();
    let output = bench
        .call(&write("a.rs", "fn a() {}\nfn b( {}\n"))
        .await
        .unwrap();
    assert!(output.text.contains("new syntax errors"), "{}", output.text);
    assert!(
        output.text.contains("line 2: `)` is missing"),
        "{}",
        output.text
    );
    assert_eq!(output.summary, "+2 −0, 1 syntax error");
}

#[tokio::test]
async fn placeholders_for_secrets_are_not_written() {
    let rule = ollacode_secrets::rules().next().unwrap();
    let bench = Bench::new();
    let error = bench
        .refused(&write("a.txt", &format!("k = [redacted: {rule}]\n")))
        .await;
    assert!(error.contains("is a placeholder for a secret"), "{error}");
}

#[tokio::test]
async fn nothing_to_do_asks_nobody() {
    let bench = Bench::new();
    bench.file("a.txt", "same\n");
    read(&bench, "a.txt").await;
    let prepared = bench.prepare(&write("a.txt", "same")).await.unwrap();
    assert_eq!(prepared.effects, [Effect::Read]);
    let output = bench.run(prepared).await.unwrap();
    assert!(
        output.text.contains("nothing was written"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn the_outside_and_folders_are_refused() {
    let bench = Bench::new();
    bench.file("src/a.rs", "");
    for path in ["../x", "/etc/x", "~/x", "src", ""] {
        bench.refused(&write(path, "x")).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_on_the_way_are_not_followed() {
    let bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.root().join("link")).unwrap();
    bench.refused(&write("link/x", "x")).await;
    assert!(!outside.path().join("x").exists());
}

/// A file of sixty definitions, and the same with a value changed.
fn sixty() -> (String, String) {
    let text: String = (0..30)
        .map(|number| format!("def f{number}():\n    return {number}\n"))
        .collect();
    let changed = text.replace("    return 7\n", "    return 70\n");
    (text, changed)
}

#[tokio::test]
async fn a_long_file_is_edited_and_the_refusal_holds_the_edit() {
    let bench = Bench::new();
    let (text, changed) = sixty();
    bench.file("a.py", &text);
    read(&bench, "a.py").await;
    let without = changed.replace("def f9():\n    return 9\n", "");
    let error = bench.refused(&write("a.py", &without)).await;
    assert!(error.contains("has 60 lines"), "{error}");
    assert!(error.contains("gone: `f9`, a.py:19"), "{error}");
    assert!(!error.contains("repeat this call"), "{error}");
    let (_, next) = error.split_once("edit_file ").expect("a call");
    let next = next.lines().next().unwrap_or_default();
    let next: Value = serde_json::from_str(next).unwrap();
    bench.call(&call("edit_file", next)).await.unwrap();
    assert_eq!(bench.content("a.py"), Some(changed));
}

#[tokio::test]
async fn a_text_that_must_be_unique_is_filled_in_with_the_lines_around() {
    let bench = Bench::new();
    let text: String = (0..20)
        .map(|number| format!("def f{number}():\n    return 1\n"))
        .collect();
    bench.file("a.py", &text);
    read(&bench, "a.py").await;
    let old = "def f5():\n    return 1\n";
    let changed = text.replace(old, "def f5():\n    return 2\n");
    let error = bench.refused(&write("a.py", &changed)).await;
    let (_, next) = error.split_once("edit_file ").expect("a call");
    let next = next.lines().next().unwrap_or_default();
    let next: Value = serde_json::from_str(next).unwrap();
    bench.call(&call("edit_file", next)).await.unwrap();
    assert_eq!(bench.content("a.py"), Some(changed));
}

#[tokio::test]
async fn the_user_may_want_a_long_file_written_anew() {
    let bench = Bench::new();
    let (text, changed) = sixty();
    bench.file("a.py", &text);
    read(&bench, "a.py").await;
    let request = "Rewrite a.py with seventy.";
    bench.context().knowledge().begin_request(request);
    bench.call(&write("a.py", &changed)).await.unwrap();
    assert_eq!(bench.content("a.py"), Some(changed));
}

#[tokio::test]
async fn lines_that_are_added_or_removed_are_filled_in_so_that_they_fit() {
    let text: String = (1..=40).map(|n| format!("line {n}\n")).collect();
    for changed in [
        text.replace("line 20\n", ""),
        text.replace("line 20\n", "line 20\nline 20a\n"),
        format!("line 0\n{text}"),
        format!("{text}line 41\n"),
    ] {
        let bench = Bench::new();
        bench.file("a.txt", &text);
        read(&bench, "a.txt").await;
        let error = bench.refused(&write("a.txt", &changed)).await;
        let (_, next) = error.split_once("edit_file ").expect("a call");
        let next = next.lines().next().unwrap_or_default();
        let next: Value = serde_json::from_str(next).unwrap();
        bench.call(&call("edit_file", next)).await.unwrap();
        assert_eq!(bench.content("a.txt"), Some(changed));
    }
}

#[tokio::test]
async fn the_form_of_a_models_edits_decides_what_is_written_anew() {
    let text: String = (1..=100)
        .map(|number| format!("let value_{number} = {number};\n"))
        .collect();
    let changed = text.replace("= 50;", "= 51;");
    for (form, call) in [
        (EditForm::Search, Some("\"search\":\"let value_50 = 50;\"")),
        (EditForm::Anchors, Some("\"first\":\"50")),
        (EditForm::Whole, None),
    ] {
        let bench = Bench::new().editing(form);
        bench.file("a.rs", &text);
        read(&bench, "a.rs").await;
        let write = write("a.rs", &changed);
        match call {
            Some(call) => {
                let error = bench.refused(&write).await;
                assert!(error.contains(call), "{form:?}: {error}");
            }
            None => {
                bench.call(&write).await.unwrap();
                assert_eq!(bench.content("a.rs").as_ref(), Some(&changed));
            }
        }
    }
}
