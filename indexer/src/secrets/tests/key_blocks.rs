//! Private keys of many lines go line by line.

use super::super::{Finding, redact};
use super::planted;

#[test]
fn a_key_block_keeps_its_lines() {
    for indent in ["", "    ", "# ", "\t// "] {
        for newline in ["\n", "\r\n"] {
            let body = planted("{mixed:64}");
            let lines = [
                "before",
                "-----BEGIN EC PRIVATE KEY-----",
                "Proc-Type: 4,ENCRYPTED",
                "",
                &body,
                "aB3=",
                "-----END EC PRIVATE KEY-----",
                "after",
            ];
            let text = lines
                .map(|line| format!("{indent}{line}{newline}"))
                .concat();
            let redacted = redact(&text);
            assert!(!redacted.text.contains(&body[..16]), "{}", redacted.text);
            assert!(!redacted.text.contains("aB3="), "{}", redacted.text);
            assert!(
                redacted
                    .text
                    .starts_with(&format!("{indent}before{newline}"))
            );
            assert!(redacted.text.ends_with(&format!("{indent}after{newline}")));
            assert_eq!(redacted.text.lines().count(), lines.len());
            assert_eq!(redacted.text.matches(newline).count(), lines.len());
            assert_eq!(
                redacted.findings,
                [Finding {
                    rule: "private-key",
                    line: 2
                }]
            );
        }
    }
}

#[test]
fn a_key_block_without_end_stops_at_what_is_no_key() {
    let body = planted("{mixed:64}");
    let text = format!("-----BEGIN PRIVATE KEY-----\n{body}\n{body}\nfn main() {{}}\n");
    let redacted = redact(&text);
    let expected = "-----BEGIN PRIVATE KEY-----\n[redacted: private-key]\n\
                    [redacted: private-key]\nfn main() {}\n";
    assert_eq!(redacted.text, expected);
}
