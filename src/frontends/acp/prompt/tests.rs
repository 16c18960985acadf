use serde_json::{Value, json};

use super::*;

fn read(blocks: Value) -> ReadPrompt {
    let folder = PromptFolder {
        root: "/work".into(),
        given: "/work".into(),
    };
    let blocks: Vec<ContentBlock> = serde_json::from_value(blocks).expect("blocks");
    ReadPrompt::new(&folder, blocks)
}

#[test]
fn files_are_named_where_they_stand_and_texts_go_with_the_question() {
    let prompt = read(json!([
        {"type": "text", "text": "Compare "},
        {"type": "resource_link", "name": "a.rs", "uri": "file:///work/src/a.rs"},
        {"type": "text", "text": "with"},
        {"type": "resource", "resource":
            {"uri": "file:///work/src/b.rs#L2:3", "text": "two\nthree\n"}},
        {"type": "text", "text": "and"},
        {"type": "resource", "resource": {"uri": "https://example.org/page", "text": "A page"}},
        {"type": "resource_link", "name": "x", "uri": "file:///etc/hosts"},
        {"type": "text", "text": "."},
    ]));
    assert_eq!(
        prompt.text,
        "Compare @src/a.rs with `src/b.rs:2-3` and `https://example.org/page` \
         `file:///etc/hosts`."
    );
    assert_eq!(prompt.typed, "Compare withand.");
    let question = Question {
        text: prompt.text.clone(),
        files: vec!["src/a.rs".to_owned()],
        editor_texts: vec![EditorText {
            path: "src/b.rs".to_owned(),
            text: "two\nthree\n".to_owned(),
            lines: Some((2, 3)),
        }],
        attachments: vec![Attachment {
            name: "https://example.org/page".to_owned(),
            text: "A page".to_owned(),
        }],
        ..Question::default()
    };
    assert_eq!(prompt.question, question);
    assert_eq!(
        prompt.notes,
        ["`file:///etc/hosts` was not read: it is outside the folder of this thread"]
    );
}

#[test]
fn lines_and_names_with_blanks_are_mentioned_as_users_write_them() {
    let prompt = read(json!([
        {"type": "resource_link", "name": "a", "uri": "file:///work/a%20b.md"},
        {"type": "resource_link", "name": "b", "uri": "file:///work/c.rs#L5-9"},
    ]));
    assert_eq!(prompt.text, "@\"a b.md\" @c.rs:5-9 ");
    assert_eq!(prompt.question.files, ["a b.md", "c.rs"]);
}

#[test]
fn the_folder_of_the_thread_is_not_outside_it() {
    let prompt = read(json!([
        {"type": "text", "text": "Explain "},
        {"type": "resource_link", "name": "work", "uri": "file:///work"},
    ]));
    assert_eq!(prompt.text, "Explain `file:///work`");
    assert_eq!(prompt.notes, [""; 0]);
    assert_eq!(prompt.question.files, [""; 0]);
}

#[test]
fn pictures_are_taken_and_what_cannot_be_used_is_said() {
    let prompt = read(json!([
        {"type": "image", "data": "iVBORw0KGgo=", "mimeType": "image/png"},
        {"type": "image", "data": "?", "mimeType": "image/png"},
        {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
        {"type": "resource", "resource":
            {"uri": "file:///work/a.png", "blob": "iVBORw0KGgo=", "mimeType": "image/png"}},
        {"type": "resource", "resource": {"uri": "file:///work/a.zip", "blob": "AAAA"}},
    ]));
    assert!(!prompt.is_empty());
    assert_eq!(prompt.question.images.len(), 2);
    assert_eq!(
        prompt.notes,
        [
            "a picture that is no base64 was left out",
            "audio was left out: ollacode cannot use it",
            "`file:///work/a.zip` was left out: ollacode cannot use it",
        ]
    );
    let many: Vec<Value> = (0..MOST_IMAGES + 2)
        .map(|_| json!({"type": "image", "data": "AAAA", "mimeType": "image/png"}))
        .collect();
    let many = read(many.into());
    assert_eq!(many.question.images.len(), MOST_IMAGES);
    assert_eq!(many.question.text, LOOK);
    assert_eq!(many.notes, ["only the first 10 pictures are used"]);
}

#[test]
fn a_message_is_bounded_and_may_be_empty() {
    assert!(read(json!([])).is_empty());
    assert!(read(json!([{"type": "text", "text": " \n"}])).is_empty());
    let long = read(json!([{"type": "text", "text": "a".repeat(LONGEST_TEXT + 1)}]));
    assert!(long.question.text.len() < LONGEST_TEXT + 100);
    assert_eq!(
        long.notes,
        ["the message is too long: its end was left out"]
    );
}
