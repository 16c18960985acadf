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

#[test]
fn whatever_stands_between_the_marks_is_a_key() {
    for kind in ["RSA PRIVATE", "PRIVATE", "OPENSSH PRIVATE"] {
        for body in [
            "short",
            "aB3=",
            "no Base64: ümläut & {more}",
            "a\n\n  b",
            "1",
        ] {
            for indent in ["", "    ", "# "] {
                let lines = body.replace('\n', &format!("\n{indent}"));
                let text = format!(
                    "{indent}-----BEGIN {kind} KEY-----\n{indent}{lines}\n{indent}-----END {kind} KEY-----\n"
                );
                let redacted = redact(&text);
                assert_eq!(redacted.findings.len(), 1, "{text}");
                assert_eq!(redacted.text.lines().count(), text.lines().count());
                for word in body.split_whitespace() {
                    let kept = redacted.text.lines().any(|line| line.trim() == word);
                    assert!(!kept, "{}", redacted.text);
                }
                assert_eq!(redact(&redacted.text).findings, [], "twice");
            }
        }
    }
}

#[test]
fn a_short_key_in_a_string_is_one() {
    let text = r#"{"key": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"}"#;
    let expected = r#"{"key": "-----BEGIN PRIVATE KEY-----[redacted: private-key]-----END PRIVATE KEY-----\n"}"#;
    assert_eq!(redact(text).text, expected);
    for code in [
        r#"let key = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");"#,
        r#"key = "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----""#,
        "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----",
    ] {
        assert_eq!(redact(code).findings, [], "{code}");
    }
}

#[test]
fn keys_of_other_programs_and_without_an_end_are_keys() {
    for text in [
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nSHORTKEYFIVE\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
        "Private-Lines: 1\nSHORTKEYFIVE\nPrivate-MAC: 1\n",
        "a\n-----BEGIN RSA PRIVATE KEY-----\nSHORTKEYFIVE\n\nrest\n",
    ] {
        let redacted = redact(text).text;
        assert!(!redacted.contains("SHORTKEYFIVE"), "{redacted}");
        assert_eq!(redacted.lines().count(), text.lines().count(), "{redacted}");
    }
    let code = "if line == \"-----BEGIN RSA PRIVATE KEY-----\" {\n    parse();\n}\n";
    assert_eq!(redact(code).text, code);
}
