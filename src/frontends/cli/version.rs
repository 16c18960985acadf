//! `ollacode --version`; with `--verbose` also what is known about the build and the installation.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Error;

use super::print;

/// A package installs this file in the folder above that of the program: one word, such as `deb`.
const INSTALLED_BY: &str = "share/ollacode/installed-by";

/// The longest word in that file, in bytes.
const LONGEST_WORD: usize = 32;

pub fn run(is_verbose: bool) -> Result<(), Error> {
    print(|out| {
        writeln!(out, concat!("ollacode ", env!("CARGO_PKG_VERSION")))?;
        if !is_verbose {
            return Ok(());
        }
        let program = std::env::current_exe().and_then(fs::canonicalize).ok();
        let installed_by = program.as_deref().and_then(installed_by);
        for (name, value) in [
            ("commit", env!("OLLACODE_BUILT_COMMIT")),
            ("target", env!("OLLACODE_BUILT_TARGET")),
            ("profile", env!("OLLACODE_BUILT_PROFILE")),
            (
                "installed by",
                installed_by
                    .as_deref()
                    .unwrap_or(env!("OLLACODE_BUILT_PACKAGE")),
            ),
        ] {
            writeln!(out, "{name}: {value}")?;
        }
        Ok(())
    })
}

/// What installed the program at a path without links: a package's file, or the path itself, says it.
fn installed_by(program: &Path) -> Option<String> {
    let folder = program.parent()?;
    if let Some(word) = folder
        .parent()
        .and_then(|above| marker(&above.join(INSTALLED_BY)))
    {
        return Some(word);
    }
    let has = |name: &str| program.components().any(|part| part.as_os_str() == name);
    let name = if program.starts_with("/nix/store") {
        "nix"
    } else if has("Cellar") {
        "homebrew"
    } else if folder.parent()?.join(".crates.toml").is_file() {
        // Of `cargo install` and `cargo binstall`.
        "cargo"
    } else {
        return None;
    };
    Some(name.to_owned())
}

/// The word in a file; `None` if there is no file, or something else in it.
fn marker(file: &Path) -> Option<String> {
    let mut text = String::new();
    let file = File::open(file).ok()?;
    file.take(LONGEST_WORD as u64 + 1)
        .read_to_string(&mut text)
        .ok()?;
    let word = text.trim_end();
    let is_word = (1..=LONGEST_WORD).contains(&word.len())
        && word
            .bytes()
            .all(|sign| sign.is_ascii_alphanumeric() || sign == b'-');
    is_word.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_package_or_the_path_says_what_installed_the_program() {
        let prefix = tempfile::tempdir().expect("a folder");
        let program = prefix.path().join("bin/ollacode");
        assert_eq!(installed_by(&program), None);
        fs::write(prefix.path().join(".crates.toml"), "").expect("a file");
        assert_eq!(installed_by(&program).as_deref(), Some("cargo"));
        let file = prefix.path().join(INSTALLED_BY);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        for (text, expected) in [
            ("deb\n", "deb"),
            ("container", "container"),
            ("", "cargo"),
            ("two words", "cargo"),
            ("\u{1b}[31m", "cargo"),
            ("a-word-of-more-than-thirty-two-bytes", "cargo"),
        ] {
            fs::write(&file, text).expect("a file");
            assert_eq!(
                installed_by(&program).as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
        let nix = Path::new("/nix/store/0a1b-ollacode-0.1.0/bin/ollacode");
        assert_eq!(installed_by(nix).as_deref(), Some("nix"));
        let brew = Path::new("/opt/homebrew/Cellar/ollacode/0.1.0/bin/ollacode");
        assert_eq!(installed_by(brew).as_deref(), Some("homebrew"));
    }
}
