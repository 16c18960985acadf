//! The table of permissions, and what is said where something is asked.

use super::*;
use crate::edit::FileEdit;
use crate::jail::classify;

const MODES: [Mode; 4] = [Mode::Ask, Mode::AutoEdit, Mode::AutoApprove, Mode::Plan];
const LEVELS: [Confinement; 3] = [Confinement::Full, Confinement::Landlock, Confinement::None];

/// What happens in the four modes: `+` runs, `r` runs read-only, `?` asks, `-` is denied.
fn row(effect: &Effect, level: Confinement) -> String {
    let sign = |mode| match permission(effect, mode, level, &Rules::default()) {
        Permission::Allow => '+',
        Permission::ReadOnly => 'r',
        Permission::Ask(_) => '?',
        Permission::Deny(_) => '-',
    };
    MODES.into_iter().map(sign).collect()
}

fn write(path: &str) -> Effect {
    Effect::Write {
        path: path.to_owned(),
        runs_later: classify(path),
    }
}

fn command(text: &str, risk: CommandRisk) -> Effect {
    Effect::Command {
        text: text.to_owned(),
        risk,
        network: false,
        tool: None,
    }
}

fn with_network(text: &str, risk: CommandRisk) -> Effect {
    Effect::Command {
        text: text.to_owned(),
        risk,
        network: true,
        tool: None,
    }
}

fn external(server: &str, tool: &str) -> Effect {
    Effect::External {
        server: server.to_owned(),
        tool: tool.to_owned(),
    }
}

#[test]
fn every_cell_of_the_table_holds() {
    let secret = Effect::ReadSecret {
        path: ".env".to_owned(),
    };
    let loss = Effect::Loss {
        path: "src/main.rs".to_owned(),
        what: "`fn main()` (lines 1-3)".to_owned(),
    };
    let outside = |path: &str| Effect::ReadOutside {
        path: path.to_owned(),
    };
    let git_risk = Effect::GitRisk {
        why: "`git stash` may take others' work".to_owned(),
    };
    let external = external("tracker", "search");
    for (effect, at_each_level) in [
        (Effect::Read, ["++++"; 3]),
        (Effect::AskUser, ["++++"; 3]),
        (outside("/etc/passwd"), ["----"; 3]),
        (secret, ["???-"; 3]),
        (write("src/main.rs"), ["?++-"; 3]),
        (write(".git/hooks/pre-commit"), ["???-"; 3]),
        (write("a/.vscode/tasks.json"), ["???-"; 3]),
        (write("Makefile"), ["???-"; 3]),
        (write("docs/AGENTS.md"), ["??+-"; 3]),
        (loss, ["??+-"; 3]),
        (git_risk, ["???-"; 3]),
        (external, ["??+-"; 3]),
        (command("ls", CommandRisk::KnownSafe), ["++++"; 3]),
        (
            command("tool x", CommandRisk::Unknown),
            ["r++r", "??+-", "??+-"],
        ),
        (
            command("make", CommandRisk::Unknown),
            ["?++-", "??+-", "??+-"],
        ),
        (
            command("vi a.rs", CommandRisk::Unknown),
            ["?++-", "??+-", "??+-"],
        ),
        (
            command("cat a/.env", CommandRisk::Unknown),
            ["?++-", "??+-", "??+-"],
        ),
        (
            command("curl x", CommandRisk::NeedsNetworkOrGit),
            ["??+-"; 3],
        ),
        (with_network("ls", CommandRisk::KnownSafe), ["++++"; 3]),
        (
            with_network("tool x", CommandRisk::Unknown),
            ["r?+r", "??+-", "??+-"],
        ),
    ] {
        for (level, expected) in LEVELS.into_iter().zip(at_each_level) {
            assert_eq!(row(&effect, level), expected, "{effect:?} at {level:?}");
        }
    }
}

#[test]
fn edits_are_shown_as_a_diff_in_which_nothing_hides() {
    let preview = Preview::Edits(vec![
        FileEdit {
            path: "a.rs".to_owned(),
            old: Some("one\n".into()),
            new: Some("two\u{202e}\n".into()),
        },
        FileEdit {
            path: "b.rs".to_owned(),
            old: Some("gone\n".into()),
            new: None,
        },
    ]);
    let text = preview.text();
    for part in [
        "--- a/a.rs\n+++ b/a.rs\n@@",
        "@@\n-one\n+two\\u{202e}\n--- a/b.rs\n+++ /dev/null\n@@",
        "@@\n-gone\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(preview.size(), "one\ntwo\u{202e}\ngone\n".len());
    assert_eq!(Preview::None.text(), "");
    for preview in [Preview::Command, Preview::Text] {
        let preview = preview("ls".to_owned());
        assert_eq!((&*preview.text(), preview.size()), ("ls", 2));
    }
}

#[test]
fn what_is_out_of_the_ordinary_is_said() {
    let reason =
        |effect: &Effect| match permission(effect, Mode::Ask, Confinement::None, &Rules::default())
        {
            Permission::Ask(reason) => reason,
            other => panic!("{effect:?}: {other:?}"),
        };
    assert_eq!(reason(&write("src/main.rs")), "");
    assert_eq!(reason(&command("make", CommandRisk::Unknown)), "");
    let hook = reason(&write(".husky/pre-commit"));
    assert_eq!(
        hook,
        "`.husky/pre-commit` contains hooks, which git runs automatically"
    );
    assert!(reason(&command("curl x", CommandRisk::NeedsNetworkOrGit)).contains("network"));
    let secret = Effect::ReadSecret {
        path: ".env".to_owned(),
    };
    assert!(reason(&secret).contains("`.env` may hold secrets"));
    assert_eq!(
        reason(&external("tracker", "search")),
        "ollacode can neither see nor confine what the tool `search` of the server `tracker` does"
    );
}

#[test]
fn a_grant_covers_one_tool_of_one_server() {
    let grant = |server, tool| external(server, tool).external_grant();
    assert_eq!(
        grant("tracker", "search").as_deref(),
        Some("calls of `search` of the server `tracker`")
    );
    assert_ne!(grant("tracker", "search"), grant("tracker", "delete"));
    assert_ne!(grant("tracker", "search"), grant("other", "search"));
    assert_eq!(grant("b", "a` of the server `b"), None);
    assert_eq!(Effect::Read.external_grant(), None);
}
