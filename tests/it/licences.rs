//! What dependencies may be licensed under: `deny.toml` lists it, for cargo-deny and for this test.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use toml::de::DeTable;

use crate::support::generated;

/// In place of a part of an expression that is met.
const MET: &str = "met";

/// The licences that `deny.toml` allows.
fn allowed() -> BTreeSet<String> {
    let text = generated::read("deny.toml");
    let table = DeTable::parse(&text).expect("deny.toml is TOML");
    let licences = table.get_ref().get("licenses").expect("`licenses`");
    let allow = licences.get_ref().get("allow").expect("`allow`");
    let allow = allow.get_ref().as_array().expect("a list");
    let names = allow.iter().filter_map(|name| name.get_ref().as_str());
    names.map(str::to_owned).collect()
}

/// Whether licences that are allowed meet an SPDX expression; `AND` binds closer than `OR`.
fn complies(expression: &str, allowed: &BTreeSet<String>) -> bool {
    if let Some((before, after)) = expression.split_once(')') {
        let (before, inner) = before.rsplit_once('(').expect("an opening parenthesis");
        let inner = if complies(inner, allowed) { MET } else { "" };
        return complies(&format!("{before}{inner}{after}"), allowed);
    }
    // Some old manifests have a slash for `OR`.
    let expression = expression.replace('/', " OR ");
    let is_met = |licence: &str| licence == MET || allowed.contains(licence);
    let mut options = expression.split(" OR ");
    options.any(|option| option.split(" AND ").all(|licence| is_met(licence.trim())))
}

#[test]
fn expressions_are_read() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
        .map(str::to_owned)
        .into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("MIT AND ISC", true),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND (BSD-1 OR (GPL-2.0 AND MIT))", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("", false),
    ] {
        assert_eq!(complies(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let output = Command::new(env!("CARGO"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["tree", "--offline", "--workspace", "--prefix", "none"])
        .args(["--edges", "normal,build,dev", "--format", "{p}\t{l}"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("plain text");
    let allowed = allowed();
    let crates: BTreeSet<(&str, &str)> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once('\t').expect("two columns"))
        .map(|(name, licence)| (name, licence.trim_end_matches(" (*)")))
        .collect();
    assert!(crates.len() > 100, "{} crates", crates.len());
    let wrong: Vec<_> = crates
        .into_iter()
        .filter(|(_, licence)| !complies(licence, &allowed))
        .collect();
    assert!(wrong.is_empty(), "not allowed by deny.toml: {wrong:#?}");
}
