//! Which languages the sources are in.

use std::collections::BTreeMap;

use super::facts::LanguageShare;
use super::files::{Files, split};
use super::tables::VENDORED;

/// Endings of sources, and the language of each. Documents, data and settings are no sources.
const ENDINGS: &[(&str, &[&str])] = &[
    ("Rust", &["rs"]),
    ("Go", &["go"]),
    ("Python", &["py", "pyi", "pyx"]),
    ("JavaScript", &["js", "mjs", "cjs", "jsx"]),
    ("TypeScript", &["ts", "mts", "cts", "tsx"]),
    ("Vue", &["vue"]),
    ("Svelte", &["svelte"]),
    ("Astro", &["astro"]),
    ("Java", &["java"]),
    ("Kotlin", &["kt", "kts"]),
    ("Scala", &["scala", "sc"]),
    ("Groovy", &["groovy"]),
    ("Clojure", &["clj", "cljs", "cljc"]),
    ("C", &["c", "h"]),
    (
        "C++",
        &["cpp", "cc", "cxx", "hpp", "hh", "hxx", "cu", "cuh"],
    ),
    ("C#", &["cs"]),
    ("F#", &["fs", "fsi"]),
    ("Visual Basic", &["vb"]),
    ("Objective-C", &["m", "mm"]),
    ("Swift", &["swift"]),
    ("Ruby", &["rb", "rake"]),
    ("PHP", &["php"]),
    ("Elixir", &["ex", "exs"]),
    ("Erlang", &["erl", "hrl"]),
    ("Gleam", &["gleam"]),
    ("Haskell", &["hs", "lhs"]),
    ("OCaml", &["ml", "mli"]),
    ("Dart", &["dart"]),
    ("Zig", &["zig"]),
    ("Nim", &["nim"]),
    ("Crystal", &["cr"]),
    ("Lua", &["lua"]),
    ("Perl", &["pl", "pm"]),
    ("R", &["r", "R"]),
    ("Julia", &["jl"]),
    ("Shell", &["sh", "bash", "zsh", "fish", "bats"]),
    ("PowerShell", &["ps1", "psm1"]),
    ("SQL", &["sql"]),
    ("HCL", &["tf", "hcl"]),
    ("Nix", &["nix"]),
    ("Solidity", &["sol"]),
    ("Protocol Buffers", &["proto"]),
    ("GraphQL", &["graphql", "gql"]),
    ("HTML", &["html", "htm"]),
    ("CSS", &["css", "scss", "sass", "less"]),
    ("Assembly", &["s", "S", "asm"]),
    ("Fortran", &["f90", "f95", "f03"]),
    ("Verilog", &["sv", "v"]),
    ("VHDL", &["vhd", "vhdl"]),
];

/// The language of a source, by its name.
pub(super) fn language_of(path: &str) -> Option<&'static str> {
    let (stem, ending) = split(path).1.rsplit_once('.')?;
    let row = ENDINGS
        .iter()
        .find(|(_, endings)| endings.contains(&ending));
    row.filter(|_| !stem.is_empty())
        .map(|(language, _)| *language)
}

/// The languages by their share of all bytes. Those with less than half a percent are left out.
pub(super) fn shares(files: &Files<'_>) -> Vec<LanguageShare> {
    let mut counts: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    let mut headers = (0, 0);
    for (path, size) in files.all() {
        if path.split('/').any(|part| VENDORED.contains(&part)) {
            continue;
        }
        let Some(language) = language_of(path) else {
            continue;
        };
        if path.ends_with(".h") {
            headers = (headers.0 + 1, headers.1 + size);
            continue;
        }
        let count = counts.entry(language).or_default();
        *count = (count.0 + 1, count.1 + size);
    }
    add_headers(&mut counts, headers);
    let total: u64 = counts.values().map(|(_, bytes)| bytes).sum();
    let mut sorted: Vec<(&str, usize, u64)> = counts
        .into_iter()
        .map(|(language, (files, bytes))| (language, files, bytes))
        .collect();
    // `BTreeMap` has put equal ones in the order of their names.
    sorted.sort_by_key(|(_, files, bytes)| std::cmp::Reverse((*bytes, *files)));
    let shares = sorted.into_iter().map(|(language, files, bytes)| {
        let percent = (bytes * 100 + total / 2).checked_div(total).unwrap_or(0);
        LanguageShare {
            name: language.to_owned(),
            files,
            percent: u8::try_from(percent).unwrap_or(100),
        }
    });
    shares
        .filter(|share| share.percent > 0 || total == 0)
        .collect()
}

/// Headers are of the language that the other sources are in: C, C++ or Objective-C.
fn add_headers(counts: &mut BTreeMap<&str, (usize, u64)>, headers: (usize, u64)) {
    if headers.0 == 0 {
        return;
    }
    let bytes = |counts: &BTreeMap<&str, (usize, u64)>, language: &str| {
        counts.get(language).map_or(0, |(_, bytes)| *bytes)
    };
    let of = ["C++", "Objective-C"]
        .into_iter()
        .max_by_key(|language| bytes(counts, language))
        .filter(|language| bytes(counts, language) > bytes(counts, "C"))
        .unwrap_or("C");
    let count = counts.entry(of).or_default();
    *count = (count.0 + headers.0, count.1 + headers.1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_settings_are_no_sources() {
        for (path, language) in [
            ("src/main.rs", Some("Rust")),
            ("a.min.ts", Some("TypeScript")),
            ("README.md", None),
            ("package.json", None),
            (".py", None),
            ("Makefile", None),
        ] {
            assert_eq!(language_of(path), language, "{path}");
        }
    }
}
