//! Thousands of paths against a tree of traps: none leads outside.

use std::collections::BTreeSet;

use super::traps::{CANARY, OUTSIDE_NAME, Traps};
use super::*;

const OURS: &str = "ours\n";
/// A file that is moved to every path and back.
const MOVED: &str = "moved.txt";

/// Ways to begin a path. `{root}` is the absolute path of the root, `{alias}` a link to it,
/// `{top}` the folder around it.
const HEADS: &[&str] = &[
    "",
    "./",
    "././",
    ".//",
    "src/../",
    "a/b/../../",
    "nothing/../",
    "same/",
    "same/same/./",
    "inner/../",
    "a/up/",
    "a/../same/",
    "a/",
    "a/same/",
    "src/",
    "inner/",
    "deep/1/2/3/",
    "deep/1/2/3/top/",
    "deep/1/../1/2/3/4/../",
    "{root}/",
    "{root}//",
    "{root}/./",
    "{root}/src/../",
    "{alias}/",
    "../",
    "../../",
    "src/../../",
    "{top}/",
    "{root}/../",
    "{root}-evil/",
    "/",
    "//",
    "/proc/self/root/{root}/",
    "/proc/self/cwd/",
];

/// What is in the root, in every folder that a head names, or nowhere.
const NAMES: &[&str] = &[
    "src",
    "src/main.rs",
    "inner",
    "inner_file",
    "same",
    "out",
    "out_file",
    "out_absolute",
    "out_file_absolute",
    "out_winding",
    "out_dangling",
    "out_dangling_deep",
    "chain",
    "chain_file",
    "loop",
    "loop_self",
    "up",
    "top",
    "proc_root",
    "proc_cwd",
    "proc_fd",
    "proc_environ",
    "device_link",
    "hard",
    "pipe",
    "socket",
    "null",
    "new",
    "outside",
    "root-evil",
    ".git",
    "..",
    "...",
    "~",
    "$HOME",
];

/// Ways to end one.
const TAILS: &[&str] = &[
    "",
    "/",
    "/.",
    "/..",
    "/../outside/kanarienvogel.txt",
    "/../../outside/kanarienvogel.txt",
    "/kanarienvogel.txt",
    "//kanarienvogel.txt",
    "/./deep/kanarienvogel.txt",
    "/deep/../kanarienvogel.txt",
    "/new.txt",
    "/new/folder/new.txt",
    "/main.rs",
];

/// Characters that no path may contain, in place of `|`.
const BAD: &[&str] = &[
    "\0",
    "\n",
    "\r",
    "\t",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31m",
    "\u{2028}",
    "\u{2029}",
];

const SPOILT: &[&str] = &[
    "|",
    "src|",
    "|src",
    "src/|main.rs",
    "src/main.rs|",
    "out/|",
    "out/kanarienvogel.txt|",
    "..|/outside",
    ".|./outside",
    "{root}|",
    "{root}/|",
    "{root}/src|/main.rs",
    "|/etc/passwd",
    "/etc|/passwd",
    ".git/hooks/|x",
];

impl Traps {
    /// Every path that is tried.
    fn cases(&self) -> BTreeSet<String> {
        let mut cases = BTreeSet::new();
        for head in HEADS {
            for name in NAMES {
                for tail in TAILS {
                    cases.insert(self.given(&format!("{head}{name}{tail}")));
                }
            }
        }
        for pattern in SPOILT {
            for bad in BAD {
                cases.insert(self.given(&pattern.replace('|', bad)));
            }
        }
        for count in [1, 2, 8, 40, 200, 1_000, 2_000] {
            for end in ["outside/kanarienvogel.txt", "etc/passwd", "src/main.rs", ""] {
                cases.insert(format!("{}{end}", "../".repeat(count)));
                cases.insert(format!("{}{end}", "a/../".repeat(count)));
                cases.insert(format!("{}{end}", "same/".repeat(count)));
                cases.insert(format!("{}out/{end}", "./".repeat(count)));
                cases.insert(format!("{}/{end}", "n".repeat(count)));
                cases.insert(format!("out/{}/{end}", "é".repeat(count)));
            }
        }
        cases
    }
}

/// Tries to get at what a path names; whatever comes back must be of the inside.
fn look(jail: &Jail, path: &WorkspacePath) {
    let shown = path.as_str();
    let clean = |text: &str| assert!(!text.contains(CANARY.trim()), "{shown:?} is read");
    if let Ok(file) = jail.read(path) {
        clean(&file.text);
    }
    if let Ok(file) = jail.read_bytes(path) {
        clean(&String::from_utf8_lossy(&file.bytes));
    }
    if let Ok(Some(hash)) = jail.hash(path) {
        assert_ne!(hash, hash_of(CANARY.as_bytes()), "{shown:?} is hashed");
    }
    for entry in jail.list(path).unwrap_or_default() {
        assert!(!entry.name.contains(OUTSIDE_NAME), "{shown:?} is listed");
        assert_ne!(entry.name, "root", "{shown:?} lists what is above");
    }
    if let Ok(real) = jail.resolve(path) {
        let real = fs::canonicalize(jail.root().join(real.as_str())).expect("it exists");
        assert!(real.starts_with(jail.root()), "{shown:?} is {real:?}");
    }
}

/// Tries to change what a path names; what was changed must be inside.
fn change(jail: &Jail, path: &WorkspacePath) {
    let shown = path.as_str();
    let canary = hash_of(CANARY.as_bytes());
    let moved = jail.path(MOVED).expect("a path");
    for expected in [Expected::Absent, Expected::Hash(canary), Expected::Any] {
        if jail.write(path, OURS.as_bytes(), expected).is_err() {
            continue;
        }
        assert_ne!(expected, Expected::Hash(canary), "{shown:?} was outside");
        let real = fs::canonicalize(jail.root().join(shown)).expect("it was written");
        assert_eq!(
            real,
            jail.root().join(shown),
            "{shown:?} has gone elsewhere"
        );
        assert_eq!(fs::read(&real).expect("a file"), OURS.as_bytes());
    }
    assert!(
        jail.rename(path, &moved, canary).is_err(),
        "{shown:?} moved"
    );
    assert!(jail.remove(path, canary).is_err(), "{shown:?} removed");
    // To there and back, if it is inside and free.
    let ours = hash_of(OURS.as_bytes());
    let _ = jail.remove(path, ours);
    if jail.rename(&moved, path, ours).is_ok() && *path != moved {
        assert!(jail.root().join(shown).is_file(), "{shown:?} is not there");
        jail.rename(path, &moved, ours).expect("moved back");
    }
}

#[test]
fn no_path_leads_out() {
    let traps = Traps::new();
    let jail = &traps.world.jail;
    let cases = traps.cases();
    assert!(cases.len() >= 10_000, "{} cases", cases.len());
    let mut paths = BTreeSet::new();
    for given in &cases {
        match jail.path(given) {
            Ok(path) => {
                let names: Vec<&str> = path.as_str().split('/').collect();
                assert!(!names.contains(&".."), "{given:?} is {path}");
                assert!(!path.as_str().starts_with('/'), "{given:?} is {path}");
                assert!(!path.as_str().contains(char::is_control), "{given:?}");
                paths.insert(path);
            }
            Err(error) => {
                let said = error.to_string();
                assert!(!said.contains(char::is_control), "{given:?}: {said:?}");
            }
        }
    }
    // Spellings of one path are the same path from here on.
    assert!(paths.len() >= 1_500, "{} paths", paths.len());
    for path in &paths {
        look(jail, path);
    }
    traps.check("reading");
    let moved = jail.path(MOVED).expect("a path");
    jail.write(&moved, OURS.as_bytes(), Expected::Absent)
        .expect("written");
    for path in &paths {
        change(jail, path);
    }
    traps.check("writing");
    for name in ["", "a", "deep/1/2/3"] {
        let folder = jail.root().join(name);
        for (link, _) in [
            ("out", 0),
            ("chain", 0),
            ("out_dangling", 0),
            ("hard", 1),
            ("pipe", 0),
        ] {
            assert!(
                fs::symlink_metadata(folder.join(link)).is_ok(),
                "{name}/{link}"
            );
        }
    }
}

/// All ways to write a name with capitals, up to a limit.
fn cases_of(name: &str, most: usize) -> Vec<String> {
    let letters = name.chars().filter(char::is_ascii_alphabetic).count();
    let count = 1_usize << letters.min(12);
    let step = count.div_ceil(most);
    let twin = |bits: usize| {
        let mut at = 0;
        let turned = name.chars().map(|letter| {
            let is_letter = letter.is_ascii_alphabetic();
            at += usize::from(is_letter);
            if is_letter && bits >> ((at - 1) % 12) & 1 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        });
        turned.collect()
    };
    (0..count).step_by(step).map(twin).collect()
}

#[test]
fn twins_of_protected_names_are_protected() {
    let world = World::new();
    let mut tried = 0;
    for (name, below) in [
        (".git", "/hooks/pre-commit"),
        (".git", "/config"),
        (".ollacode", "/config.toml"),
        (".vscode", "/tasks.json"),
        (".github/workflows", "/x.yml"),
        (".cargo", "/config.toml"),
        (".envrc", ""),
        (".env", ""),
        ("build.rs", ""),
        ("package.json", ""),
        (".bashrc", ""),
        ("rust-toolchain.toml", ""),
    ] {
        for twin in cases_of(name, 64) {
            for spoilt in ["", ".", " ", ". .", "\u{200c}", "\u{feff}"] {
                for before in ["", "a/", "./a/../"] {
                    let given = format!("{before}{twin}{spoilt}{below}");
                    let Ok(path) = world.jail.path(&given) else {
                        continue;
                    };
                    assert!(protected(&path).is_some(), "{given:?}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 5_000, "{tried} twins");
}
