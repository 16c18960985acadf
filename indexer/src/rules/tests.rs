//! A sample of everything that the rules decide, and the digest that it has under them.

use std::fmt::Debug;
use std::fs;
use std::path::Path;

use ollacode_secrets::redact;
use ollacode_store::{Catalog, ChunkRow};

use super::CHUNK_RULES;
use crate::chunk::{chunk_file, header};
use crate::embed::content_key;
use crate::language::{LANGUAGES, Language};
use crate::parse::FileParser;
use crate::walk::skipped_by_content;

/// The rules, and the digest of the sample under them. Never change one without the other.
const RECORDED: (u32, &str) = (6, "e687ab49c6e100ea");

/// Lines with secrets, in parts, so that none stands in this file.
const SECRETS: &[&[&str]] = &[
    &["key: AK", "IAQWERTYUIOPASDFGH"],
    &["token = gh", "p_abcdefghijklmnopqrstuvwxyz0123456789"],
    &[
        "DATABASE_URL=postgres://app:",
        "s3cretw0rd2many@db.internal/app",
    ],
    &[
        "let client_sec",
        "ret = \"Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA\";",
    ],
    &[
        "-----BEGIN RSA PRIV",
        "ATE KEY-----\nMIIEpAIBAAKCAQEA7bq3\n-----END RSA PRIV",
        "ATE KEY-----",
    ],
    &["nothing = to_be_seen_here"],
];

/// Texts that are skipped for their content, and texts that are not.
fn skipped_or_not() -> Vec<String> {
    vec![
        "a\0b".to_owned(),
        concat!("// @gener", "ated by a program\nfn a() {}\n").to_owned(),
        format!("{}\n", "a(b){c;d};e=f;".repeat(400)),
        format!("{}\n", "long lines of prose are kept ".repeat(400)),
        "fn a() {}\n".to_owned(),
    ]
}

/// The digest of the sample: every part with its length, so that nothing moves unnoticed.
#[derive(Default)]
struct SampleDigest(blake3::Hasher);

impl SampleDigest {
    fn add(&mut self, part: &str) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
    }

    fn add_value(&mut self, value: &impl Debug) {
        self.add(&format!("{value:?}"));
    }

    fn add_chunks(&mut self, path: &str, text: &str) {
        let cut = chunk_file(&mut FileParser::default(), path, text);
        self.add_value(&(cut.language, cut.failure));
        for chunk in cut.chunks {
            self.add_value(&ChunkRow {
                header: header(&chunk),
                content_key: content_key(&chunk),
                chunk,
            });
        }
    }

    fn finish(self) -> String {
        self.0.finalize().to_hex()[..16].to_owned()
    }
}

/// The versions of the grammars, from the lock file.
fn grammars() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = fs::read_to_string(path).expect("the lock file");
    let mut lines = lock.lines().peekable();
    let mut grammars = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("name = \"tree-sitter") {
            let version = lines.peek().copied().unwrap_or_default();
            grammars.push(format!("{line} {version}"));
        }
    }
    grammars
}

fn digest() -> String {
    let mut sample = SampleDigest::default();
    sample.add_value(&Catalog::SCHEMA_VERSION);
    let grammars = grammars();
    assert!(grammars.len() > 40, "the grammars are known: {grammars:?}");
    sample.add_value(&grammars);
    for language in &LANGUAGES {
        let Language {
            name,
            extensions,
            file_names,
            ..
        } = language;
        sample.add_value(&(name, extensions, file_names));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = fs::read_dir(&folder).expect("the fixtures");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string())
        .map(|name| name.expect("a plain name"))
        .collect();
    names.sort();
    for name in &names {
        let text = fs::read_to_string(folder.join(name)).expect("a fixture");
        sample.add_chunks(name, &text);
    }
    let notes = "A first paragraph.\n\nA second one.\n".repeat(60);
    sample.add_chunks("docs/notes.txt", &notes);
    for parts in SECRETS {
        let text = parts.concat();
        let redacted = redact(&text);
        sample.add(&redacted.text);
        sample.add_value(&redacted.findings);
    }
    for text in skipped_or_not() {
        sample.add_value(&skipped_by_content("a.js", &text));
    }
    sample.finish()
}

#[test]
fn other_chunks_of_the_sample_are_another_number_of_the_rules() {
    let digest = digest();
    assert_eq!(
        (CHUNK_RULES, digest.as_str()),
        RECORDED,
        "the sample has other chunks: add one to `CHUNK_RULES` in `rules.rs`, and record this \
         number and this digest as `RECORDED` here"
    );
}

#[test]
fn the_sample_has_a_secret_of_each_line_and_each_reason() {
    let found: Vec<bool> = SECRETS
        .iter()
        .map(|parts| !redact(&parts.concat()).findings.is_empty())
        .collect();
    assert_eq!(found, [true, true, true, true, true, false]);
    let skipped: Vec<bool> = skipped_or_not()
        .iter()
        .map(|text| skipped_by_content("a.js", text).is_some())
        .collect();
    assert_eq!(skipped, [true, true, true, false, false]);
}
