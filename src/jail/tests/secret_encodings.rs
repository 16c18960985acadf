//! Values of secret files are found in decoded parts of a text.

use std::borrow::Cow;
use std::fs;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::*;

/// Values with signs and blanks, without, short, drawn, and a phrase of words.
const VALUES: &[&str] = &[
    "yellow/canary+42 &more",
    "hunter2",
    "Sw0rdfish-77",
    "f0a1c9e83b5d7264aa09",
    "correct horse battery",
    "pa$$w0rd\"x'\\y",
    "grün-ächzt-9",
];

type Encode = fn(&str) -> String;

fn each(text: &str, write: impl Fn(u8) -> String, between: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(write).collect();
    bytes.join(between)
}

fn letters(text: &str, write: impl Fn(char) -> String, between: &str) -> String {
    let letters: Vec<String> = text.chars().map(write).collect();
    letters.join(between)
}

/// As `fold` does it, with something before each line.
fn folded(text: &str, width: usize, before: impl Fn(usize) -> String) -> String {
    let letters: Vec<char> = text.chars().collect();
    let lines = letters.chunks(width).zip(1..);
    lines
        .map(|(line, number)| format!("{}{}\n", before(number), String::from_iter(line)))
        .collect()
}

fn base32(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let groups: Vec<char> = bits.chars().collect();
    let digit = |group: &[char]| {
        let padded = format!("{:0<5}", String::from_iter(group));
        char::from(DIGITS[usize::from_str_radix(&padded, 2).expect("bits")])
    };
    groups.chunks(5).map(digit).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// As `od` writes words of so many bytes, the last byte first.
fn words(text: &str, size: usize, write: impl Fn(u64) -> String) -> String {
    let word = |bytes: &[u8]| {
        let number = bytes
            .iter()
            .rev()
            .fold(0, |all, byte| all << 8 | u64::from(*byte));
        write(number)
    };
    let words: Vec<String> = text.as_bytes().chunks(size).map(word).collect();
    let lines = words.chunks(16 / size).zip(0..);
    lines
        .map(|(line, row)| format!("{:07o} {}\n", row * 16, line.join(" ")))
        .collect()
}

fn rotated(text: &str) -> String {
    let rotate = |letter: char| match letter {
        'a'..='m' | 'A'..='M' => char::from(letter as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(letter as u8 - 13),
        other => other,
    };
    text.chars().map(rotate).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[rustfmt::skip]
const ENCODINGS: &[(&str, Encode)] = &[
    ("as it is", str::to_owned),
    ("JSON", |it| serde_json::Value::from(it).to_string()),
    ("\\u", |it| it.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()),
    ("\\u{}", |it| letters(it, |c| format!("\\u{{{:x}}}", u32::from(c)), "")),
    ("\\x", |it| each(it, |byte| format!("\\x{byte:02x}"), "")),
    ("octal escapes", |it| each(it, |byte| format!("\\{byte:03o}"), "")),
    ("U+", |it| letters(it, |c| format!("U+{:04X}", u32::from(c)), " ")),
    ("decimal entities", |it| letters(it, |c| format!("&#{};", u32::from(c)), "")),
    ("hexadecimal entities", |it| letters(it, |c| format!("&#x{:X};", u32::from(c)), "")),
    ("HTML", |it| it.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;")),
    ("percent, all", |it| each(it, |byte| format!("%{byte:02X}"), "")),
    ("percent, twice", |it| each(it, |byte| format!("%25{byte:02x}"), "")),
    ("a form", |it| url::form_urlencoded::byte_serialize(it.as_bytes()).collect()),
    ("quoted printable", |it| each(it, |byte| format!("={byte:02X}"), "")),
    ("a list of bytes", |it| format!("{:?}", it.as_bytes())),
    ("bytes one a line", |it| each(it, |byte| byte.to_string(), "\n")),
    ("bytes in hexadecimal", |it| each(it, |byte| format!("0x{byte:x}"), ", ")),
    ("pairs", |it| each(it, |byte| format!("{byte:02X}"), ":")),
    ("digits", |it| each(it, |byte| format!("{byte:02x}"), "")),
    ("folded digits", |it| folded(&each(it, |byte| format!("{byte:02x}"), ""), 7, |_| String::new())),
    ("bits", |it| each(it, |byte| format!("{byte:08b}"), " ")),
    ("od -b", |it| words(it, 1, |word| format!("{word:03o}"))),
    ("od", |it| words(it, 2, |word| format!("{word:06o}"))),
    ("od -x", |it| words(it, 2, |word| format!("{word:04x}"))),
    ("od -tx4", |it| words(it, 4, |word| format!("{word:08x}"))),
    ("od -tu1", |it| words(it, 1, |word| format!("{word:3}"))),
    ("od -tu2", |it| words(it, 2, |word| format!("{word:5}"))),
    ("od -c", |it| {
        let rows = it.chars().collect::<Vec<_>>();
        let rows = rows.chunks(16).zip(0..);
        rows.map(|(row, number)| format!("{:07o}{}\n", number * 16, letters(&String::from_iter(row), |c| format!("   {c}"), ""))).collect()
    }),
    ("reversed", |it| it.chars().rev().collect()),
    ("upper case", str::to_uppercase),
    ("lower case", str::to_lowercase),
    ("one a line", |it| letters(it, String::from, "\n")),
    ("blanks", |it| letters(it, String::from, " ")),
    ("three blanks", |it| letters(it, String::from, "   ")),
    ("a list of letters", |it| letters(it, String::from, "', '")),
    ("folded", |it| folded(it, 5, |_| String::new())),
    ("folded and numbered", |it| folded(it, 5, |number| format!("{number}→"))),
    ("folded and cat -n", |it| folded(it, 5, |number| format!("{number:6}\t"))),
    ("folded and grep -n", |it| folded(it, 5, |number| format!("{number}:"))),
    ("one a line and numbered", |it| folded(it, 1, |number| format!("{number}→"))),
    ("Base32", |it| base32(&format!("PASSWORD={it} and more"))),
    ("Base64", |it| STANDARD.encode(it)),
    ("Base64 in blanks", |it| folded(&STANDARD.encode(it), 4, |_| String::new()).replace('\n', " ")),
    ("Base64 twice", |it| STANDARD.encode(STANDARD.encode(it))),
    ("Base64 thrice", |it| STANDARD.encode(STANDARD.encode(STANDARD.encode(it)))),
    ("Base64 twice, wrapped", |it| {
        let inner = folded(&STANDARD.encode(format!("{:>90}", it)), 76, |_| String::new());
        folded(&STANDARD.encode(inner), 76, |number| format!("{number}→"))
    }),
    ("Base64 of digits", |it| STANDARD.encode(each(it, |byte| format!("{byte:02x}"), ""))),
    ("digits of Base64", |it| each(&STANDARD.encode(it), |byte| format!("{byte:02x}"), "")),
    ("Base64 of UTF-16", |it| STANDARD.encode(wide(it))),
    ("gzip", |it| STANDARD.encode(gzip(it))),
    ("gzip in digits", |it| gzip(it).iter().map(|byte| format!("{byte:02x}")).collect()),
    ("zlib", |it| STANDARD.encode(zlib(it))),
    ("zlib in escapes", |it| zlib(it).iter().map(|byte| format!("\\x{byte:02x}")).collect()),
    ("gzip twice", |it| STANDARD.encode(gzip(&STANDARD.encode(gzip(it))))),
    ("JSON in JSON", |it| {
        let inner = serde_json::json!({"password": it}).to_string();
        serde_json::Value::from(inner).to_string()
    }),
];

fn world() -> World {
    let world = World::new();
    let lines = VALUES.iter().zip(1..);
    let text: String = lines
        .map(|(value, number)| format!("S{number}_SECRET={value}\n"))
        .collect();
    fs::write(world.at("root/.env"), text).expect("a file");
    world
}

#[test]
fn no_encoding_gets_a_value_out() {
    let world = world();
    let values = world.jail.secret_values();
    let mut missed = Vec::new();
    for (name, encode) in ENCODINGS {
        for value in VALUES {
            // What is around it moves it to another place of the encoding.
            for before in ["", "x", "key: "] {
                let encoded = encode(&format!("{before}{value}"));
                let text = format!("first line\n{encoded}\nlast line\n");
                let clean = values.hide_all(&text);
                if !clean.contains("[redacted: ") {
                    missed.push(format!("{name} of {before:?} and {value}"));
                }
                assert!(clean.starts_with("first line\n"), "{name}: {clean}");
                assert!(clean.ends_with("last line\n"), "{name}: {clean}");
                assert_eq!(clean.lines().count(), text.lines().count(), "{name}");
            }
        }
    }
    let all = ENCODINGS.len() * VALUES.len() * 3;
    // `xhunter2` is another word than `hunter2`, wherever it stands.
    missed.retain(|missed| !missed.contains("\"x\" and hunter2"));
    assert_eq!(missed, Vec::<String>::new(), "{} of {all}", missed.len());
}

#[test]
fn rotated_letters_are_a_value_unless_they_are_a_word() {
    let world = world();
    let values = world.jail.secret_values();
    for value in VALUES.iter().filter(|value| value.len() >= 8) {
        let text = format!("first {} last", rotated(value));
        assert!(values.are_in(&text), "{text}");
    }
}

#[test]
fn data_that_cannot_be_unpacked_is_taken_out_whole() {
    let world = world();
    let values = world.jail.secret_values();
    for start in [
        &b"\xfd7zXZ\0"[..],
        b"BZh91AY&SY",
        b"\x28\xb5\x2f\xfd",
        b"PK\x03\x04",
        b"Salted__",
    ] {
        let mut data: Vec<u8> = start.iter().copied().chain(0..80).collect();
        data.truncate(78);
        let text = format!("first\n{}\nlast line\n", STANDARD.encode(&data));
        let clean = values.hide_all(&text);
        let expected = format!("first\n[redacted: {CLOSED}]\nlast line\n");
        assert_eq!(clean, expected, "{start:?}");
        let harmless = "first\nUEsDBAo is short\nlast\n";
        assert_eq!(values.hide_all(harmless), harmless);
    }
    let none = World::new();
    let text = STANDARD.encode(b"Salted__0123456789abcdef");
    assert!(
        !none.jail.secret_values().are_in(&text),
        "there are no values"
    );
}

#[test]
fn a_bomb_is_taken_out_whole() {
    let world = world();
    let values = world.jail.secret_values();
    let bomb = gzip(&"0".repeat(64 << 20));
    let clean = values.hide_all(&STANDARD.encode(bomb)).into_owned();
    assert_eq!(clean.trim_end_matches('='), format!("[redacted: {CLOSED}]"));
}

/// What stands in many files of variables, and in every text, too.
const ORDINARY: &str = "DEBUG=true\nHOST=localhost\nPORT=5432\nDB_USER=postgres\nMODE=development\n\
    DB_PASSWORD=postgres\nLEVEL=info\nAPP_NAME=shop\nREGION=eu-west-1\nURL=http://localhost:8080/api\n\
    DATABASE_URL=postgres://app:Tr0ub4dor&3@db/app\nSECRET_KEY=a8f5f167f44f4964e6c998dee827110c\n\
    API_TOKEN=mango-tango-9\nPIN=904417\nCODE_SECRET=sloe and damson\nMAIL=me@example.com\nTZ=Europe/Berlin\n\
    PASS=Zq9!x\nSHORT_KEY=ab12\nWORD_PASSWORD=chestnuts\nUSE_CACHE=enabled\nLOG_FILE=/var/log/app.log\n";

#[test]
fn ordinary_texts_stay_as_they_are() {
    let world = World::new();
    fs::write(world.at("root/.env"), ORDINARY).expect("a file");
    let values = world.jail.secret_values();
    assert!(values.are_in("mango-tango-9") && values.are_in("is Zq9!x or ab12"));
    let (mut folders, mut bytes) = (vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') || name == "target" || name == "secret_encodings.rs" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let clean = values.hide_all(&text);
                assert!(matches!(clean, Cow::Borrowed(_)), "{}", path.display());
                bytes += text.len();
            }
        }
    }
    assert!(bytes > 1 << 20, "{bytes} bytes were looked at");
}

#[test]
fn a_large_text_stays_as_it_is() {
    let world = world();
    let values = world.jail.secret_values();
    let source = include_str!("../secret_values/needles.rs");
    let text = source.repeat((1 << 20) / source.len() + 1);
    let clean = values.hide_all(&text);
    assert!(matches!(clean, Cow::Borrowed(_)), "nothing was taken out");
}
