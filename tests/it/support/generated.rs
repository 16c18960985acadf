//! Files and parts of files that are generated: compared with what is there, or written anew.

use std::fs;
use std::path::Path;

/// A file of the repository.
pub fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Demands that a file is this; with `INSTA_UPDATE=always`, as for snapshots, it is written.
#[track_caller]
pub fn check(path: &str, expected: &str) {
    check_by(path, expected, str::to_owned);
}

/// The same, compared by what matters of both.
#[track_caller]
pub fn check_by(path: &str, expected: &str, essence: impl Fn(&str) -> String) {
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::write(path, expected).expect("a file that can be written");
        return;
    }
    assert_eq!(
        essence(&read(path)),
        essence(expected),
        "{path} is out of date: see \"Generated files\" in docs/development.md"
    );
}

/// Demands that the part of a page between `<!-- generated: NAME -->` and `<!-- end -->` is this.
#[track_caller]
pub fn check_part(path: &str, name: &str, expected: &str) {
    let page = read(path);
    let begin = format!("<!-- generated: {name} -->\n");
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("{path} lacks {begin}"));
    let (_, after) = rest
        .split_once("<!-- end -->")
        .unwrap_or_else(|| panic!("{path}: the part {name} has no end"));
    check(
        path,
        &format!("{before}{begin}{expected}<!-- end -->{after}"),
    );
}
