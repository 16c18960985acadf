//! The table of languages, its queries and its fixtures agree, and each outline is as expected.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ollacode_indexer::ChunkKind;
use ollacode_indexer::language::{LANGUAGES, Language, PLAIN_TEXT, language_of, languages_named};
use ollacode_indexer::parse::{FileOutline, FileParser, OutlineQuery, OutlineQueryError};
use tree_sitter::{CaptureQuantifier, Node, Query};

use crate::support::{file_names, fixture, fixtures_folder};

fn grammar(language: &Language) -> tree_sitter::Language {
    tree_sitter::Language::new(language.grammar)
}

fn named(name: &str) -> &'static Language {
    let language = LANGUAGES.iter().find(|language| language.name == name);
    language.unwrap_or_else(|| panic!("{name} is not in the table"))
}

/// A line for each definition: `first-last kind scope > name`.
fn outline_lines(outline: &FileOutline) -> String {
    let definitions = &outline.definitions;
    let mut text = String::new();
    for (index, definition) in definitions.iter().enumerate() {
        let mut path = Vec::new();
        for outer in &definitions[..index] {
            if outer.bytes.end >= definition.bytes.end {
                path.extend(outer.named_scope.clone());
                path.push(outer.label.clone());
            }
        }
        path.extend(definition.named_scope.clone());
        path.push(definition.name.clone());
        let (first, last) = (definition.rows.start + 1, definition.rows.end);
        text += &format!("{first}-{last} {} {}\n", definition.kind, path.join(" > "));
    }
    text
}

/// Places of what the grammar did not understand.
fn errors(node: Node<'_>, found: &mut Vec<String>) {
    if node.is_error() || node.is_missing() {
        let start = node.start_position();
        found.push(format!(
            "{}:{} {}",
            start.row + 1,
            start.column + 1,
            node.kind()
        ));
    }
    if node.has_error() {
        for child in node.children(&mut node.walk()) {
            errors(child, found);
        }
    }
}

fn check_outline(name: &str) {
    let language = named(name);
    let (_, text) = fixture(language);
    let outline = FileParser::default().outline(language, &text).unwrap();
    let mut found = Vec::new();
    errors(outline.tree.root_node(), &mut found);
    assert_eq!(
        found,
        Vec::<String>::new(),
        "{name}: the fixture does not parse"
    );
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, outline_lines(&outline));
    });
}

macro_rules! outlines {
    ($($name:ident)*) => {
        /// The languages that have a test below.
        const OUTLINED: &[&str] = &[$(stringify!($name)),*];

        mod outline {
            $(#[test] fn $name() { super::check_outline(stringify!($name)); })*
        }
    };
}

outlines! {
    bash c cmake cpp csharp css dart dockerfile elixir go graphql haskell hcl html java javascript
    json julia kotlin lua make markdown nix objc ocaml ocaml_interface php powershell protobuf
    python r ruby rust scala solidity sql swift toml tsx typescript yaml zig
}

#[test]
fn every_row_has_an_outline_test() {
    let rows: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
    assert_eq!(rows, OUTLINED);
}

#[test]
fn rows_are_sorted_by_name() {
    assert!(LANGUAGES.is_sorted_by(|left, right| left.name < right.name));
}

#[test]
fn every_query_compiles_and_knows_only_the_closed_set_of_captures() {
    for language in &LANGUAGES {
        if let Err(error) = OutlineQuery::compile(&grammar(language), language.query) {
            panic!("{}: {error}", language.name);
        }
    }
}

#[test]
fn a_capture_outside_of_the_closed_set_is_refused() {
    let rust = grammar(named("rust"));
    for capture in [
        "definition",
        "definition.thing",
        "reference",
        "names",
        "local.scope",
    ] {
        let source = format!("(function_item name: (_) @name) @{capture}");
        match OutlineQuery::compile(&rust, &source) {
            Err(OutlineQueryError::UnknownCapture(unknown)) => assert_eq!(unknown, capture),
            Err(other) => panic!("@{capture}: {other}"),
            Ok(_) => panic!("@{capture} was accepted"),
        }
    }
    for kind in ChunkKind::ALL {
        let source = format!("(function_item name: (_) @name) @definition.{kind}");
        assert!(OutlineQuery::compile(&rust, &source).is_ok(), "{kind}");
    }
    let broken = OutlineQuery::compile(&rust, "(no_such_node) @doc");
    assert!(matches!(broken, Err(OutlineQueryError::Syntax(_))));
}

#[test]
fn every_pattern_for_a_definition_has_a_name() {
    for language in &LANGUAGES {
        let query = Query::new(&grammar(language), language.query).unwrap();
        for pattern in 0..query.pattern_count() {
            let quantifiers = query.capture_quantifiers(pattern);
            let has = |wanted: &dyn Fn(&str) -> bool| {
                let mut captures = query.capture_names().iter().zip(quantifiers);
                captures.any(|(name, quantifier)| {
                    wanted(name) && *quantifier != CaptureQuantifier::Zero
                })
            };
            if has(&|name| name.starts_with("definition.")) {
                let at = query.start_byte_for_pattern(pattern);
                let row = language.query[..at].matches('\n').count() + 1;
                assert!(
                    has(&|name| name == "name"),
                    "{}.scm, line {row}",
                    language.name
                );
            }
        }
    }
}

#[test]
fn every_query_file_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    for name in file_names(&folder) {
        let source = std::fs::read_to_string(folder.join(&name)).unwrap();
        let used = LANGUAGES.iter().any(|language| language.query == source);
        assert!(
            name.ends_with(".scm") && used,
            "no language uses queries/{name}"
        );
    }
    // The reverse holds since the table includes the files when it is compiled.
    let used: BTreeSet<&str> = LANGUAGES.iter().map(|language| language.query).collect();
    assert_eq!(used.len(), file_names(&folder).len());
}

#[test]
fn every_fixture_belongs_to_a_language() {
    let of_languages: BTreeSet<String> = LANGUAGES
        .iter()
        .map(|language| fixture(language).0)
        .collect();
    let present: BTreeSet<String> = file_names(&fixtures_folder()).into_iter().collect();
    assert_eq!(of_languages, present);
}

#[test]
fn no_extension_or_file_name_belongs_to_two_rows() {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for language in &LANGUAGES {
        let extensions = language
            .extensions
            .iter()
            .map(|extension| format!(".{extension}"));
        let names = language.file_names.iter().map(|name| format!("/{name}"));
        for key in extensions.chain(names) {
            assert_eq!(key, key.trim(), "{}", language.name);
            let other = owners.insert(key.clone(), language.name);
            assert_eq!(other, None, "{key} belongs to {} too", language.name);
        }
        let lower = language
            .extensions
            .iter()
            .all(|e| *e == e.to_ascii_lowercase());
        assert!(
            lower,
            "{}: extensions are looked up in lower case",
            language.name
        );
    }
}

#[test]
fn every_extension_and_file_name_finds_its_row() {
    for language in &LANGUAGES {
        for extension in language.extensions {
            for path in [
                format!("some/folder/a.b.{extension}"),
                format!("A.{extension}"),
            ] {
                let found = language_of(&path, "").map(|found| found.name);
                assert_eq!(found, Some(language.name), "{path}");
            }
            let upper = format!("a.{}", extension.to_ascii_uppercase());
            let found = language_of(&upper, "").map(|found| found.name);
            assert_eq!(found, Some(language.name), "{upper}");
        }
        for name in language.file_names {
            let found = language_of(&format!("folder/{name}"), "").map(|found| found.name);
            assert_eq!(found, Some(language.name), "{name}");
        }
    }
}

#[test]
fn a_language_is_known_by_name_content_or_interpreter() {
    let cases: &[(&str, &str, Option<&str>)] = &[
        (
            "include/list.h",
            "struct list { int length; };\n",
            Some("c"),
        ),
        (
            "include/list.h",
            "#pragma once\nnamespace list {\n}\n",
            Some("cpp"),
        ),
        (
            "include/list.h",
            "template <typename T>\nT first();\n",
            Some("cpp"),
        ),
        ("include/LIST.H", "class List {};\n", Some("cpp")),
        (
            "include/Boat.h",
            "// A boat.\n@interface Boat\n@end\n",
            Some("objc"),
        ),
        ("src/Boat.m", "#import \"Boat.h\"\n", Some("objc")),
        ("src/fit.m", "function y = fit(x)\n  y = x;\nend\n", None),
        ("bin/run", "#!/bin/sh\n", Some("bash")),
        ("bin/run", "#!/usr/bin/env python3\n", Some("python")),
        (
            "bin/run",
            "#!/usr/bin/env -S python3.12 -u\n",
            Some("python"),
        ),
        ("bin/run", "#!/usr/bin/env node\n", Some("javascript")),
        ("bin/run", "#!/usr/bin/env Rscript\n", Some("r")),
        ("bin/run", "#!/usr/bin/env runhaskell\n", Some("haskell")),
        ("bin/run", "#!/usr/bin/env pwsh\n", Some("powershell")),
        ("bin/run", "#!/usr/bin/perl\n", None),
        ("bin/run", "no interpreter\n", None),
        ("bin/run", "", None),
        ("Gemfile", "", Some("ruby")),
        ("web/Dockerfile", "", Some("dockerfile")),
        ("Dockerfile.dev", "", Some("dockerfile")),
        ("dev.Dockerfile", "", Some("dockerfile")),
        ("Dockerfile.dockerignore", "", None),
        ("Dockerfiles", "", None),
        ("Makefile", "", Some("make")),
        ("Makefile.toml", "", Some("toml")),
        ("bin/build", "#!/usr/bin/make -f\n", Some("make")),
        ("src/CMakeLists.txt", "", Some("cmake")),
        (".bashrc", "", Some("bash")),
        (".rs", "", None),
        ("notes.txt", "#!/bin/sh\n", None),
        ("archive.rs.orig", "fn main() {}", None),
    ];
    for (path, text, expected) in cases {
        assert_eq!(
            language_of(path, text).map(|found| found.name),
            *expected,
            "{path} {text:?}"
        );
    }
}

#[test]
fn the_language_filter_knows_names_aliases_and_extensions() {
    assert_eq!(languages_named("rust"), ["rust"]);
    assert_eq!(languages_named("RS"), ["rust"]);
    assert_eq!(languages_named("c++"), ["cpp"]);
    assert_eq!(languages_named("C#"), ["csharp"]);
    assert_eq!(languages_named("golang"), ["go"]);
    assert_eq!(languages_named("shell"), ["bash"]);
    assert_eq!(languages_named("terraform"), ["hcl"]);
    assert_eq!(languages_named("proto"), ["protobuf"]);
    assert_eq!(languages_named("docker"), ["dockerfile"]);
    assert_eq!(languages_named("Objective-C"), ["objc"]);
    // One language to a person, two grammars.
    assert_eq!(languages_named("typescript"), ["tsx", "typescript"]);
    assert_eq!(languages_named("tsx"), ["tsx"]);
    assert_eq!(languages_named("ocaml"), ["ocaml", "ocaml_interface"]);
    assert_eq!(languages_named("text"), [PLAIN_TEXT]);
    assert!(languages_named("cobol").is_empty());
    assert!(languages_named("").is_empty());
}
