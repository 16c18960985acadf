//! Any text keeps its lines and is free of secrets after one look, however long or hostile it is.

use std::borrow::Cow;

use proptest::prelude::*;

use super::super::{RULES, redact};
use super::harmless::HARMLESS;
use super::templates::PLANTED;
use super::{parts, planted};

#[test]
fn a_secret_beyond_the_reach_of_its_rule_goes_whole() {
    let token = planted("ey|J{mixed:30}.ey|J{mixed:5000}.{mixed:400}");
    assert_eq!(
        redact(&format!("a {token} b")).text,
        "a [redacted: json-web-token] b"
    );
}

#[test]
fn a_hostile_line_is_searched_in_linear_time() {
    let text = "sk-".repeat(100_000) + &"token=".repeat(50_000) + &"-eyJ".repeat(50_000);
    assert!(redact(&text).findings.len() < 10);
}

/// Pieces of text that come close to secrets, and secrets.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..PLANTED.len()).prop_map(|index| {
            let (before, secret, after) = parts(PLANTED[index].1);
            format!("{before}{secret}{after}")
        }),
        (0..PLANTED.len()).prop_map(|index| parts(PLANTED[index].1).1),
        (0..RULES.len()).prop_map(|index| RULES[index].anchors[0].to_owned()),
        (0..HARMLESS.len()).prop_map(|index| HARMLESS[index].to_owned()),
        "[ \n\r\"'=:@/._|é-]{0,4}",
        "[A-Za-z0-9]{0,40}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn lines_stay_and_nothing_is_found_twice(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.concat();
        let once = redact(&text);
        prop_assert_eq!(once.text.matches('\n').count(), text.matches('\n').count());
        prop_assert_eq!(matches!(once.text, Cow::Borrowed(_)), once.findings.is_empty());
        let twice = redact(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.findings.is_empty());
        prop_assert_eq!(redact(&text), once);
    }
}
