//! Where two rules meet: options that look like others, secrets and commands, git and the rest.

use super::*;

#[test]
fn a_letter_behind_digits_or_letters_hides_no_file() {
    let rows: &[Row] = &[Row {
        name: "joined options",
        modes: &[ASK, PLAN],
        prepare: |ground| ground.environment.write("made", "as it was\n"),
        calls: &[
            ("run_command", r#"{"command": "head -99c .env"}"#),
            ("run_command", r#"{"command": "head -9qc .env"}"#),
            ("run_command", r#"{"command": "tail -99c .env"}"#),
            (
                "run_command",
                r#"{"command": "tail -99c ../private/canary.txt"}"#,
            ),
            ("run_command", r#"{"command": "tree -Po x made"}"#),
        ],
    }];
    play_all(rows, |row, flags, done| {
        for made in done.calls() {
            assert!(is_harmless(&made), "{} {flags:?}: {done}", row.name);
        }
    });
}

#[test]
fn commands_do_not_show_secrets_of_the_workspace() {
    if !is_full("commands_do_not_show_secrets_of_the_workspace") {
        return;
    }
    let rows: &[Row] = &[Row {
        name: "commands that read secrets",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            ("run_command", r#"{"command": "cat .env"}"#),
            ("run_command", r#"{"command": "cat harmless.txt"}"#),
            ("run_command", r#"{"command": "grep -rn yellow ."}"#),
            ("run_command", r#"{"command": "tar c . | tr -d '\\000'"}"#),
            (
                "run_command",
                r#"{"command": "python3 -c 'print(open(\".env\").read()[::-1][::-1])'"}"#,
            ),
        ],
    }];
    play_all(rows, |_, _, _| {});
}

#[test]
fn a_command_of_git_opens_nothing_else() {
    if !is_full("a_command_of_git_opens_nothing_else") {
        return;
    }
    let rows: &[Row] = &[Row {
        name: "git and more",
        modes: BOTH,
        prepare: as_it_is,
        calls: &[
            (
                "run_command",
                r#"{"command": "git add notes.txt; echo x > build.rs; echo x > package.json"}"#,
            ),
            (
                "run_command",
                r#"{"command": "git checkout -q .; echo x > .envrc"}"#,
            ),
        ],
    }];
    play_all(rows, |_, _, _| {});
}
