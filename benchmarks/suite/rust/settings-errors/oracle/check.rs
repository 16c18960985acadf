use std::process::Command;

use settings::{parse, Settings, SettingsError};

fn assert_is_error(error: &(dyn std::error::Error + Send + Sync)) -> String {
    error.to_string()
}

#[track_caller]
fn expect(text: &str, error: SettingsError, message: &str) {
    let found = parse(text).expect_err("an error");
    assert_eq!(found, error, "{text:?}");
    assert_eq!(assert_is_error(&found), message, "{text:?}");
    assert_eq!(found.clone(), found);
}

#[test]
fn each_error_is_a_variant_with_the_message_of_before() {
    expect(
        "minutes = 4\nname garden",
        SettingsError::MissingEquals { line: 2 },
        "line 2: expected `key = value`",
    );
    expect(
        "# a comment\n\nCOLOUR = red",
        SettingsError::UnknownKey { line: 3, key: "colour".to_owned() },
        "line 3: unknown key `colour`",
    );
    expect(
        "minutes = -4",
        SettingsError::BadNumber { key: "minutes".to_owned(), text: "-4".to_owned() },
        "`minutes` must be a number, not `-4`",
    );
    expect(
        "frost_limit =",
        SettingsError::BadNumber { key: "frost_limit".to_owned(), text: String::new() },
        "`frost_limit` must be a number, not ``",
    );
    expect(
        "name = a\n\nminutes = 1\nName = b",
        SettingsError::Twice { line: 4, key: "name".to_owned(), first: 1 },
        "line 4: `name` is set twice, first in line 1",
    );
}

#[test]
fn the_first_error_is_the_one_of_before() {
    // All lines are split before any is understood.
    let error = parse("colour = red\nrubbish").expect_err("an error");
    assert_eq!(error, SettingsError::MissingEquals { line: 2 });
}

#[test]
fn what_was_read_is_read() {
    assert_eq!(parse(""), Ok(Settings::default()));
    let read = parse("  NAME = back = yard # and more\nfrost_limit = -2\r\n").expect("settings");
    assert_eq!(read.name, "back = yard");
    assert_eq!((read.minutes, read.frost_limit), (10, -2));
}

#[test]
fn the_program_says_what_it_said() {
    for (text, is_good, message) in [
        ("colour = red", true, "warning: line 1: unknown key `colour`\n"),
        ("minutes = x", false, "error: `minutes` must be a number, not `x`\n"),
        ("minutes = 1", true, ""),
    ] {
        let run = Command::new("oracle/out/main").arg(text).output().expect("it runs");
        assert_eq!(String::from_utf8_lossy(&run.stderr), message, "{text}");
        assert_eq!(run.status.success(), is_good, "{text}");
    }
}
