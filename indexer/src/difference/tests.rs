//! Which files differ from the index, and in which order they are read.

use super::*;

fn record(path: &str) -> FileRecord {
    FileRecord {
        path: path.to_owned(),
        size: 5,
        modified_ns: 1,
        changed_ns: 2,
        inode: 3,
        rules: CHUNK_RULES,
        ..FileRecord::default()
    }
}

fn entry(path: &str) -> WalkEntry {
    WalkEntry {
        path: path.to_owned(),
        size: 5,
        modified_ns: 1,
        changed_ns: 2,
        inode: 3,
    }
}

#[test]
fn size_both_times_and_the_number_of_a_file_tell_that_it_is_as_before() {
    let as_before = entry("a.rs");
    let others = [
        WalkEntry {
            size: 6,
            ..entry("a.rs")
        },
        WalkEntry {
            modified_ns: 9,
            ..entry("a.rs")
        },
        WalkEntry {
            changed_ns: 9,
            ..entry("a.rs")
        },
        WalkEntry {
            inode: 9,
            ..entry("a.rs")
        },
    ];
    let compared = |entry: WalkEntry| {
        let walked = WalkResult {
            entries: vec![entry],
            ..WalkResult::default()
        };
        let known = vec![record("a.rs")];
        difference(&walked, known, &RefreshScope::Everything, Reread::Changed)
    };
    assert!(compared(as_before.clone()).is_empty());
    for unlike in [
        FileRecord {
            rules: CHUNK_RULES - 1,
            ..record("a.rs")
        },
        FileRecord {
            unsure_since_ns: 1,
            ..record("a.rs")
        },
    ] {
        let walked = WalkResult {
            entries: vec![as_before.clone()],
            ..WalkResult::default()
        };
        let scope = RefreshScope::Everything;
        let found = difference(&walked, vec![unlike.clone()], &scope, Reread::Changed);
        assert_eq!(found.tasks.len(), 1, "{unlike:?}");
    }
    for other in others {
        assert_eq!(compared(other.clone()).tasks.len(), 1, "{other:?}");
    }
}

#[test]
fn what_changed_comes_before_what_only_other_rules_chunked() {
    let file = |path: &str, modified_ns: i64| WalkEntry {
        modified_ns,
        ..entry(path)
    };
    let entries = vec![
        file("a.md", 1),
        file("b.rs", 1),
        file("c.rs", 9),
        file("d.rs", 8),
        file("e.rs", 1),
        file("f.rs", 1),
        file("tests/g.rs", 1),
    ];
    let walked = WalkResult {
        entries,
        ..WalkResult::default()
    };
    let outdated = |path: &str| FileRecord {
        rules: 0,
        ..record(path)
    };
    let unsure = FileRecord {
        unsure_since_ns: 7,
        ..record("e.rs")
    };
    let known = vec![
        outdated("a.md"),
        outdated("b.rs"),
        record("c.rs"),
        unsure,
        record("f.rs"),
        outdated("tests/g.rs"),
    ];
    let mut found = difference(&walked, known, &RefreshScope::Everything, Reread::Changed);
    assert_eq!(found.unchanged, 1);
    let paths = |found: &Difference| -> Vec<String> {
        let tasks = found.tasks.iter();
        tasks.map(|task| task.entry.path.clone()).collect()
    };
    found.sort(&HashSet::new());
    let expected = ["c.rs", "d.rs", "e.rs", "b.rs", "a.md", "tests/g.rs"];
    assert_eq!(paths(&found), expected);
    found.sort(&HashSet::from(["a.md".to_owned()]));
    assert_eq!(paths(&found)[..2], ["a.md", "c.rs"]);
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_gone() {
    let known = ["a.rs", "q", "q/a.rs", "q/deep/b.rs", "queue.rs", "r/c.rs"];
    let removed = |unread: &[&str]| {
        let walked = WalkResult {
            unread: unread.iter().map(|path| (*path).to_owned()).collect(),
            ..WalkResult::default()
        };
        let known = known.map(record).to_vec();
        difference(&walked, known, &RefreshScope::Everything, Reread::Changed).removed
    };
    assert_eq!(removed(&[]), known);
    assert_eq!(removed(&["q"]), ["a.rs", "queue.rs", "r/c.rs"]);
    assert_eq!(
        removed(&["q/deep", "r/c.rs"]),
        ["a.rs", "q", "q/a.rs", "queue.rs"]
    );
    assert_eq!(removed(&[""]), [""; 0]);
}
