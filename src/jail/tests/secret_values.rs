//! Values of secret files are found in texts, however they were copied.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;

const VALUE: &str = "yellow/canary+42 &more";

fn world(files: &[(&str, &str)]) -> World {
    let world = World::new();
    for (path, text) in files {
        put(&world, path, text);
    }
    world
}

fn put(world: &World, path: &str, text: &str) {
    let path = world.at("root").join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

fn hidden(world: &World, text: &str) -> String {
    world.jail.secret_values().hide_all(text).into_owned()
}

fn hex(bytes: &[u8], between: &str) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(between)
}

/// As `xxd` and `hexdump -C` print it.
fn dumps(bytes: &[u8]) -> [String; 2] {
    let text = |line: &[u8]| -> String {
        line.iter()
            .map(|byte| {
                if byte.is_ascii_graphic() || *byte == b' ' {
                    char::from(*byte)
                } else {
                    '.'
                }
            })
            .collect()
    };
    let (mut xxd, mut canonical) = (String::new(), String::new());
    for (index, line) in bytes.chunks(16).enumerate() {
        let pairs: Vec<String> = line.chunks(2).map(|pair| hex(pair, "")).collect();
        xxd.push_str(&format!(
            "{:08x}: {:<39}  {}\n",
            index * 16,
            pairs.join(" "),
            text(line)
        ));
        let halves: Vec<String> = line.chunks(8).map(|half| hex(half, " ")).collect();
        canonical.push_str(&format!(
            "{:08x}  {:<48}  |{}|\n",
            index * 16,
            halves.join("  "),
            text(line)
        ));
    }
    [xxd, canonical]
}

#[test]
fn a_value_is_hidden_in_every_form() {
    let world = world(&[("a/b/.env", &format!("KEY=\"{VALUE}\"\n"))]);
    let mut forms = vec![
        VALUE.to_owned(),
        "yellow%2Fcanary%2B42%20%26more".to_owned(),
        VALUE.chars().rev().collect(),
        hex(VALUE.as_bytes(), ""),
        hex(VALUE.as_bytes(), " ").to_uppercase(),
        format!("\\x{}", hex(VALUE.as_bytes(), "\\x")),
        "yellow/ca\nnary+42 &more".to_owned(),
    ];
    for before in ["", "a", "ab", "abc: "] {
        let text = format!(
            "{before}{VALUE} and more behind it, so that it goes over several lines of output\n"
        );
        for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
            let wrapped: Vec<&str> = encoded
                .as_bytes()
                .chunks(20)
                .filter_map(|line| std::str::from_utf8(line).ok())
                .collect();
            forms.push(wrapped.join("\n"));
            let numbered = wrapped
                .iter()
                .zip(1..)
                .map(|(line, number)| format!("{number}→{line}\n"));
            forms.push(numbered.collect());
            forms.push(encoded);
        }
        forms.extend(dumps(text.as_bytes()));
    }
    for form in forms {
        let text = format!("first\n{form}\nlast\n");
        let clean = hidden(&world, &text);
        assert!(
            clean.contains("[redacted: value in a/b/.env]"),
            "{text}{clean}"
        );
        assert!(
            clean.starts_with("first\n") && clean.ends_with("last\n"),
            "{clean}"
        );
        assert_eq!(clean.lines().count(), text.lines().count(), "{clean}");
        for part in ["yellow", "canary", "eWVsbG93L2"] {
            assert!(!clean.contains(part), "{clean}");
        }
    }
}

#[test]
fn ordinary_words_of_such_files_are_no_secrets() {
    let world = world(&[(
        ".env",
        "MODE=development\nDEBUG=true\nPORT=8080\nHOST=localhost\nN=1\nPASS=hunter2\nWORD_SECRET=swordfish\n",
    )]);
    let text = "true 1 8080 localhost development swordfishes xhunter2y";
    assert_eq!(hidden(&world, text), text);
    assert_eq!(
        hidden(&world, "hunter2, swordfish"),
        "[redacted: value in .env], [redacted: value in .env]"
    );
}

#[test]
fn values_are_kept_back_when_their_file_changes_or_goes() {
    let world = world(&[
        (".env", "A_TOKEN=first-1\n"),
        ("x/.netrc", "machine a login b password second-2\n"),
    ]);
    assert!(!hidden(&world, "first-1 second-2").contains("-1"));
    put(&world, ".env", "A_TOKEN=third-33\n");
    fs::remove_file(world.at("root/x/.netrc")).expect("removed");
    put(&world, "new/.env", "A_TOKEN=fourth-4\n");
    let text = "first-1 second-2 third-33 fourth-4";
    // Listing may use a tenth of the time only, so what is new may be seen a little later.
    let mut clean = hidden(&world, text);
    let begun = std::time::Instant::now();
    while clean.contains("fourth-4") && begun.elapsed().as_secs() < 20 {
        clean = hidden(&world, text);
    }
    assert!(!clean.contains(|c: char| c.is_ascii_digit()), "{clean}");
}

#[test]
fn what_was_allowed_is_shown_as_long_as_the_file_is_the_same() {
    let world = world(&[(".env", "A_TOKEN=first-1\n")]);
    let values = world.jail.secret_values();
    let seen = world.hash(".env");
    let shown = |hash: Hash| {
        values
            .hide("first-1", move |path, version| {
                path == ".env" && *version == hash
            })
            .into_owned()
    };
    assert_eq!(shown(seen), "first-1");
    assert_eq!(shown(hash_of(b"other")), "[redacted: value in .env]");
}
