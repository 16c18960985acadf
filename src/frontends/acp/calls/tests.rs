use serde_json::json;

use super::*;

fn edit(path: &str, old: Option<&str>, new: Option<&str>) -> FileEdit {
    FileEdit {
        path: path.to_owned(),
        old: old.map(Into::into),
        new: new.map(Into::into),
    }
}

fn root() -> &'static Path {
    Path::new("/work/shop")
}

fn details(arguments: Value, preview: Preview) -> CallDetails {
    CallDetails {
        arguments: arguments.as_object().cloned().unwrap_or_default(),
        preview,
    }
}

fn place(path: &str, line: Option<u32>) -> ToolCallLocation {
    ToolCallLocation::new(path).line(line)
}

#[test]
fn every_tool_of_ours_has_a_kind_and_words() {
    for (tool, expected_kind, what, expected) in [
        (
            "read_file",
            ToolKind::Read,
            "src/a.rs:1-9",
            "Read `src/a.rs:1-9`",
        ),
        ("edit_file", ToolKind::Edit, "src/a.rs", "Edit `src/a.rs`"),
        (
            "move_file",
            ToolKind::Move,
            "a.rs → b.rs",
            "Move `a.rs → b.rs`",
        ),
        ("delete_file", ToolKind::Delete, "a.rs", "Delete `a.rs`"),
        (
            "run_command",
            ToolKind::Execute,
            "cargo test",
            "`cargo test`",
        ),
        ("run_command", ToolKind::Execute, "", "Run a command"),
        ("run_command", ToolKind::Execute, "a `b`", "`` a `b` ``"),
        (
            "search_codebase",
            ToolKind::Search,
            "tokens",
            "Search the code for `tokens`",
        ),
        ("project_map", ToolKind::Read, "", "Map of the project"),
        (
            "made_up",
            ToolKind::Other,
            "x\u{202e}y",
            "made_up `x\\u{202e}y`",
        ),
    ] {
        assert_eq!(kind(tool), expected_kind, "{tool}");
        assert_eq!(title(tool, what), expected, "{tool}");
    }
    let toolbox = crate::tools::Toolbox::builtin();
    for spec in toolbox.specs(crate::tools::ToolSet::All) {
        assert!(known(&spec.name).is_some(), "{} has no kind", spec.name);
    }
    let long = title("read_file", &"a".repeat(2 * LONGEST_TITLE));
    assert_eq!(
        long.chars().count(),
        "Read ``…".chars().count() + LONGEST_TITLE
    );
}

#[test]
fn places_are_absolute_and_stay_in_the_workspace() {
    let found =
        |tool: &str, arguments: Value| locations(root(), tool, &details(arguments, Preview::None));
    assert_eq!(
        found("read_file", json!({"path": "./src/a.rs", "start_line": 7})),
        [place("/work/shop/src/a.rs", Some(7))]
    );
    assert_eq!(
        found("read_file", json!({"file_path": "/work/shop/a.rs"})),
        [place("/work/shop/a.rs", None)]
    );
    for outside in [
        "../a.rs",
        "/etc/passwd",
        "",
        "src/*.rs",
        "a\nb",
        "a\u{200b}",
    ] {
        assert_eq!(found("read_file", json!({"path": outside})), []);
    }
    assert_eq!(found("run_command", json!({"path": "a.rs"})), []);
    let edits = vec![
        edit("a.rs", Some("1\n2\n3\n"), Some("1\n2\nthree\n")),
        edit("new.rs", None, Some("1\n")),
        edit("old.rs", Some("1\n"), None),
    ];
    let preview = Preview::Edits(edits);
    assert_eq!(
        locations(root(), "edit_file", &details(json!({}), preview)),
        [
            place("/work/shop/a.rs", Some(3)),
            place("/work/shop/new.rs", Some(1)),
            place("/work/shop/old.rs", Some(1)),
        ]
    );
}

#[test]
fn a_change_has_whole_texts_unless_it_is_huge_or_hides_something() {
    let shown_of = |edits: Vec<FileEdit>| shown(root(), &Preview::Edits(edits));
    let small = shown_of(vec![
        edit("a.rs", Some("old\n"), Some("new\n")),
        edit("b.rs", None, Some("made\n")),
        edit("c.rs", Some("gone\n"), None),
    ]);
    assert!(small.is_whole);
    assert_eq!(
        small.content,
        [
            Diff::new("/work/shop/a.rs", "new\n")
                .old_text("old\n")
                .into(),
            ToolCallContent::from(Diff::new("/work/shop/b.rs", "made\n")),
            Diff::new("/work/shop/c.rs", "").old_text("gone\n").into(),
        ]
    );
    let hidden = shown_of(vec![edit("a.rs", Some("a\n"), Some("a\u{202e}\n"))]);
    assert!(hidden.is_whole);
    assert_eq!(
        hidden.content,
        [ToolCallContent::from(
            "```diff\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+a\\u{202e}\n```"
        )]
    );
    // What was there before is not what the change is about.
    let long = format!("\u{feff}{}", "1\n".repeat(20));
    let far = shown_of(vec![edit("a.rs", Some(&long), Some(&format!("{long}2\n")))]);
    assert!(matches!(far.content[..], [ToolCallContent::Diff(_)]));
    let large = "line\n".repeat(MOST_WHOLE / 5);
    let changed = format!("{large}more\n");
    let diff = shown_of(vec![edit("a.rs", Some(&large), Some(&changed))]);
    assert!(diff.is_whole, "the difference is small");
    assert!(matches!(diff.content[..], [ToolCallContent::Content(_)]));
    let rewritten = shown_of(vec![edit("a.rs", Some(&large), Some("x\n"))]);
    assert!(!rewritten.is_whole, "the difference is huge");
}

#[test]
fn a_command_is_shown_whole_or_cannot_be_approved() {
    let preview = shown(root(), &Preview::Command("cargo test".to_owned()));
    assert!(preview.is_whole);
    assert_eq!(
        preview.content,
        [ToolCallContent::from("```sh\ncargo test\n```")]
    );
    let long = "a".repeat(MOST_OF_COMMAND + 1);
    assert!(!shown(root(), &Preview::Command(long)).is_whole);
    let nothing = shown(root(), &Preview::None);
    assert!(nothing.is_whole && nothing.content.is_empty());
}

#[test]
fn arguments_are_shown_without_secrets_and_whatever_hides() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let arguments = json!({
        "path": "a\u{202e}.rs",
        "limit": 3,
        "content": "x".repeat(LONGEST_VALUE + 5),
        "parts": [{"text": format!("token = \"{token}\"")}],
    });
    let arguments = arguments.as_object().expect("an object");
    let shown = raw_input(arguments);
    assert_eq!(shown["path"], json!("a\\u{202e}.rs"));
    assert_eq!(shown["limit"], json!(3));
    let content = shown["content"].as_str().expect("a text");
    assert_eq!(content.chars().count(), LONGEST_VALUE + 1);
    let text = shown["parts"][0]["text"].as_str().expect("a text");
    assert!(
        text.contains("[redacted") && !text.contains(&token),
        "{text}"
    );
}
