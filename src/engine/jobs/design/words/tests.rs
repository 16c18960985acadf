//! What a model is shown, and what of its reply is used.

use super::super::outline::outline;
use super::super::parts::parts;
use super::super::samples::{definition, tree};
use super::*;

fn sample() -> (SourceTree, Outline) {
    let tree = tree(&["net/a.rs", "net/b.rs", "net/c.rs"])
        .defining(
            "net/a.rs",
            &[definition("dial", 12, 9), definition("wait", 40, 1)],
        )
        .defining("net/b.rs", &[definition("listen", 1, 3)]);
    let outline = outline(&tree, &parts(&tree));
    (tree, outline)
}

/// Files of 60 lines.
fn read(path: &str) -> Option<String> {
    let lines = (1..=60).map(|number| format!("// line {number} of {path}\n"));
    Some(lines.collect())
}

fn existing(tree: &SourceTree) -> Existing {
    let mut existing = Existing::default();
    tree.files
        .iter()
        .for_each(|file| existing.add_path(&file.path));
    existing
}

#[test]
fn the_outline_and_the_top_definitions_are_shown_within_the_budget() {
    let (tree, outline) = sample();
    for tokens in [200, 600, 2_000, 6_000] {
        let material = material(&tree, &outline, 0, read, tokens);
        let used = estimate_text(&material.text);
        assert!(used <= tokens + 40, "{used} of {tokens}");
    }
    let material = material(&tree, &outline, 0, read, 4_000);
    for expected in [
        "# Part `net`",
        "net/a.rs (10 lines)\n  net/a.rs:12 pub fn dial()\n  net/a.rs:40 pub fn wait()",
        "net/a.rs:1-14\n```\n1→// line 1 of net/a.rs",
        "net/a.rs:8-28\n",
    ] {
        assert!(
            material.text.contains(expected),
            "{expected}: {}",
            material.text
        );
    }
    assert_eq!(budget(8_192), 4_096);
    assert_eq!(budget(262_144), MOST_TOKENS);
}

#[test]
fn what_may_not_be_shown_is_not_and_cannot_be_cited() {
    let (tree, outline) = sample();
    let open = |path: &str| read(path).filter(|_| path != "net/b.rs");
    let material = material(&tree, &outline, 0, open, 4_000);
    assert!(!material.text.contains("of net/b.rs"), "{}", material.text);
    let reply = json!({"sentences": [
        {"text": "It listens for everybody who calls.", "at": "net/b.rs:2"},
        {"text": "It defines `listen` in the outline.", "at": "net/b.rs:1"},
    ]});
    let reply = reply.as_object().expect("an object");
    let described = description(reply, &material.shown, &existing(&tree));
    assert_eq!(described.doubts, [Doubt::Citation("net/b.rs:2".to_owned())]);
    assert_eq!(
        described.text,
        "It defines `listen` in the outline (`net/b.rs:1`)."
    );
}

#[test]
fn replies_of_all_forms_are_read() {
    let (tree, outline) = sample();
    let shown = material(&tree, &outline, 0, read, 4_000).shown;
    let read = |reply: Value| {
        let reply = reply.as_object().expect("an object").clone();
        description(&reply, &shown, &existing(&tree))
    };
    let sentence = json!({"text": "It dials with `dial` again.", "at": "net/a.rs:12"});
    let one = "It dials with `dial` again (`net/a.rs:12`).";
    assert_eq!(read(json!({"sentences": [sentence, sentence]})).text, one);
    let plain = json!({"sentences": ["As net/a.rs:12 has it, it dials again."]});
    assert_eq!(read(plain).text, "As net/a.rs:12 has it, it dials again.");
    let many: Vec<Value> = (1..=9)
        .map(|line| json!({"text": "It dials as often as it must.", "at": format!("net/a.rs:{line}")}))
        .collect();
    let described = read(json!({"sentences": many}));
    assert_eq!(described.text.matches("It dials").count(), MOST_SENTENCES);
    for garbage in [
        json!({}),
        json!({"sentences": null}),
        json!({"sentences": "It dials."}),
        json!({"sentences": [1, null, [], {"at": 3}, {"text": {}}]}),
    ] {
        assert_eq!(read(garbage).text, "");
    }
}
