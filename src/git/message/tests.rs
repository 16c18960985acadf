//! What the model is shown, and what of its words is taken.

use super::*;

fn change(path: &str, diff: &str) -> FileChange {
    FileChange {
        path: path.to_owned(),
        lines: Some((2, 1)),
        diff: format!("--- a/{path}\n+++ b/{path}\n{diff}"),
        ..FileChange::default()
    }
}

fn reply(subject: &str, body: &str) -> Map<String, Value> {
    let value = json!({"subject": subject, "body": body});
    value.as_object().expect("an object").clone()
}

#[test]
fn a_message_is_checked() {
    let long = "x".repeat(73);
    for (subject, body, why) in [
        ("", "", "the subject is empty"),
        ("  \n ", "", "the subject is empty"),
        ("one\ntwo", "", "more than one line"),
        (long.as_str(), "", "73 characters"),
        ("```fix```", "", "code fence"),
        ("fix", "```\nx\n```", "code fence"),
        ("This commit fixes it", "", "`This commit`"),
        ("{\"subject\": \"x\"}", "", "no sentence"),
        ("...", "", "no sentence"),
        ("# Fix", "", "no sentence"),
        ("## 12 fixes", "", "no sentence"),
        ("#12", "", "no sentence"),
        ("Signed-off-by: Ada <a@b.c>", "", "says who wrote it"),
        ("🤖 fix", "", "says who wrote it"),
    ] {
        let error = taken(&reply(subject, body), &[]).expect_err(subject);
        assert!(error.contains(why), "{subject:?}: {error}");
    }
    let message = taken(&reply(" fix the delay. ", ""), &[]);
    assert_eq!(message.as_deref(), Ok("fix the delay"));
    for subject in [
        "#12 fix the delay",
        "#12: fix the delay",
        "Fix the delay (#12)",
    ] {
        assert_eq!(taken(&reply(subject, ""), &[]).as_deref(), Ok(subject));
        assert_eq!(written(&format!(" {subject}\n")).as_deref(), Ok(subject));
    }
    let with_periods = ["One.".to_owned(), "Two.".to_owned(), "three".to_owned()];
    let message = taken(&reply("Fix the delay.", ""), &with_periods);
    assert_eq!(message.as_deref(), Ok("Fix the delay."));
}

#[test]
fn a_body_is_wrapped_and_names_nobody() {
    let body = "It waits longer between tries, because the server answers late after a restart, \
                as seen.\n\nCo-authored-by: Bot <bot@example.org>\nCo-developed-by: Bot\n🤖 Generated with x\n- one";
    let message = taken(&reply("fix it", body), &[]).expect("a message");
    assert_eq!(
        message,
        "fix it\n\nIt waits longer between tries, because the server answers late after a\n\
         restart, as seen.\n\n- one"
    );
}

#[test]
fn secrets_and_hidden_characters_stay_out() {
    let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let message = taken(&reply("use the key", &format!("{key} \u{202e}")), &[]);
    let message = message.expect("a message");
    assert!(!message.contains(&key), "{message}");
    assert!(message.contains("\\u{202e}"), "{message}");
}

#[test]
fn small_hunks_have_room_and_large_ones_are_counted() {
    let large: String = (0..500).map(|number| format!("+line {number}\n")).collect();
    let changes = [
        change("big.rs", &format!("@@ -1 +1,500 @@\n{large}")),
        change("small.rs", "@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n"),
    ];
    let material = MessageMaterial {
        changes: &changes,
        words: "make it faster",
        hint: "say why",
        subjects: &["core: begin".to_owned()],
        complaint: "",
    };
    let prompt = material.prompt(300);
    for part in [
        "The user asked:\nmake it faster\n",
        "The message should say:\nsay why\n",
        "- core: begin\n",
        "big.rs  +2 −1\nsmall.rs  +2 −1\n",
        "\nsmall.rs\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n",
        "\nbig.rs\n@@ -1 +1,500 @@\n+line 0\n",
        "… 1 larger hunks are left out or cut",
    ] {
        assert!(prompt.contains(part), "{part:?} in {prompt}");
    }
    assert!(!prompt.contains("line 499"), "{prompt}");
    assert!(estimate_text(&prompt) < 400, "{prompt}");
    assert!(material.prompt(20_000).contains("+line 499\n"));
}

#[test]
fn many_files_do_not_use_up_the_room() {
    let changes: Vec<FileChange> = (0..1_000)
        .map(|number| change(&format!("src/file_{number}.rs"), "@@ -1 +1 @@\n-a\n+b\n"))
        .collect();
    let material = MessageMaterial {
        changes: &changes,
        ..MessageMaterial::default()
    };
    let prompt = material.prompt(1_000);
    assert!(estimate_text(&prompt) < 1_300, "{}", estimate_text(&prompt));
    assert!(prompt.contains(" more files\n"), "{prompt}");
    assert!(prompt.contains("+b\n"), "{prompt}");
}

#[test]
fn without_a_model_the_files_are_named() {
    let named = |paths: &[&str]| {
        let changes: Vec<FileChange> = paths.iter().map(|path| change(path, "")).collect();
        plain(&changes)
    };
    assert_eq!(named(&["src/a.rs", "b.rs"]), "Change a.rs, b.rs");
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    assert_eq!(named(&many), "Change a, b, c, d, e and 2 more");
    let long = "x".repeat(80);
    assert_eq!(named(&[&long, "a"]), "Change 2 files");
    assert_eq!(named(&["new\nline"]), "Change new\\nline");
}

#[test]
fn the_users_words_are_taken_as_they_are() {
    assert_eq!(
        written(" fix  \n\nThis commit.\n").as_deref(),
        Ok("fix\n\nThis commit.")
    );
    assert!(written(" \n ").is_err());
}

#[test]
fn a_trailer_stands_last_and_names_the_model() {
    assert_eq!(with_trailer("fix", None, "qwen"), "fix");
    assert_eq!(with_trailer("fix", Some(" "), "qwen"), "fix");
    assert_eq!(
        with_trailer(
            "fix\n\nbody\n",
            Some("Assisted-by: ollacode ({model})"),
            "qwen"
        ),
        "fix\n\nbody\n\nAssisted-by: ollacode (qwen)"
    );
    let trailer = Some("Assisted-by: ollacode ({model})");
    let edited = "fix it\n\nAssisted-by: ollacode (qwen)";
    assert_eq!(with_trailer(edited, trailer, "qwen"), edited);
    // Without a model.
    assert_eq!(
        with_trailer("fix", trailer, ""),
        "fix\n\nAssisted-by: ollacode"
    );
}

#[test]
fn a_file_is_a_line() {
    let file = FileChange {
        path: "a\n\u{202e}".to_owned(),
        is_new: true,
        ..FileChange::default()
    };
    assert_eq!(file.line(), "a\\n\\u{202e}  new  binary");
}
