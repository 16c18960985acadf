//! Tables of the documentation that are generated from those of the code.

use ollacode::config::{SETTINGS, Setting, example_file};
use ollacode::failure::FailureCode;
use ollacode_indexer::ChunkKind;
use ollacode_indexer::language::{LANGUAGES, Language, PLAIN_TEXT};
use ollacode_indexer::rank::{WEIGHTS, Weights};

use crate::support::generated::{check, check_part, read};

/// A table in Markdown.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = head.map(|_| "---".to_owned());
    let mut text = format!("{}{}", row(&head.map(str::to_owned)), row(&rule));
    for cells in rows {
        text.push_str(&row(&cells.map(|cell| cell.replace('|', "\\|"))));
    }
    text
}

/// Names as code.
fn code(names: &[&str]) -> String {
    let names = names.iter().filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(" ")
}

#[test]
fn the_settings_are_those_of_the_table() {
    let rows = SETTINGS.iter().map(|setting| {
        let Setting {
            name,
            default,
            meaning,
            example,
            ..
        } = setting;
        let example = example.map_or_else(String::new, |value| format!(" Example: `{value}`"));
        [
            code(&[*name]),
            code(&[*default]),
            format!("{meaning}{example}"),
        ]
    });
    let settings = table(["setting", "default", "meaning"], rows);
    check_part("docs/settings.md", "settings", &settings);
    check(".env.example", &example_file());
}

#[test]
fn the_languages_are_those_of_the_table() {
    let rows = LANGUAGES.iter().map(|language| {
        let Language {
            name,
            aliases,
            extensions,
            file_names,
            ..
        } = language;
        [&[*name][..], *aliases, *extensions, *file_names].map(code)
    });
    let text = [
        code(&[PLAIN_TEXT]),
        String::new(),
        "every other text file".to_owned(),
        String::new(),
    ];
    let head = ["language", "other names", "endings", "file names"];
    check_part(
        "docs/languages.md",
        "languages",
        &table(head, rows.chain([text])),
    );
    let count = format!("{} languages", LANGUAGES.len());
    assert!(
        read("README.md").contains(&count),
        "the README does not say {count}"
    );
}

#[test]
fn the_kinds_are_those_of_the_store() {
    let rows = ChunkKind::ALL
        .iter()
        .map(|kind| [code(&[kind.name()]), kind.meaning().to_owned()]);
    check_part("docs/search.md", "kinds", &table(["kind", "meaning"], rows));
}

#[test]
fn the_failure_codes_are_those_of_the_program() {
    let rows = FailureCode::ALL
        .iter()
        .map(|code_of| [code(&[code_of.name()]), code_of.meaning().to_owned()]);
    let failures = table(["code", "meaning"], rows);
    check_part("docs/chat.md", "failures", &failures);
}

#[test]
fn the_kinds_of_secrets_are_those_of_the_detector() {
    let names: Vec<&str> = ollacode_secrets::rules().collect();
    let text = format!(
        "{} kinds are recognised: {}.\n",
        names.len(),
        code(&names).replace("` `", "`, `")
    );
    check_part("docs/sandbox.md", "secrets", &text);
}

#[test]
fn the_weights_are_those_of_the_ranking() {
    let Weights {
        dense_prose,
        dense_symbol,
        lexical_score,
        coverage,
        defines_query,
        defines_named,
        file_named_after,
        path_words,
        coherence,
        saturation,
        file_saturation,
        named_file,
        named_line,
        mistyped,
        heading,
        aside,
        no_test,
        document,
        document_lead,
    } = WEIGHTS;
    let rows = [
        (
            "3",
            "share of the relative score in the full-text value",
            lexical_score,
        ),
        (
            "3",
            "added at most, for the words of the query that a chunk has",
            coverage,
        ),
        ("4", "share of the vectors, for prose", dense_prose),
        (
            "4",
            "share of the vectors, for a query that is a symbol",
            dense_symbol,
        ),
        (
            "5",
            "added, if the chunk defines the symbol that is the whole query",
            defines_query,
        ),
        (
            "5",
            "added, if it defines a symbol that a sentence names",
            defines_named,
        ),
        (
            "5",
            "factor on both, if the file is named after the symbol",
            file_named_after,
        ),
        ("6", "added at most, for words in the path", path_words),
        ("7", "factor for tests and examples", aside),
        (
            "7",
            "factor for what is no test, if tests are asked for",
            no_test,
        ),
        ("7", "factor for documents and settings", document),
        (
            "7",
            "lead of the best document that lifts it, as a share of the best full-text score",
            document_lead,
        ),
        (
            "8",
            "added at most to the best chunk of a file, as a part of its score",
            coherence,
        ),
        (
            "9",
            "factor for each further chunk of a file, on what it shows itself",
            saturation,
        ),
        (
            "9",
            "the same on what the file's name adds to each chunk",
            file_saturation,
        ),
        ("10", "added, if the query names the file", named_file),
        ("10", "added, if it names a line of the chunk", named_line),
        (
            "10",
            "added at most, if it is the name of a definition with a mistake",
            mistyped,
        ),
        (
            "11",
            "added at most to a section of a document, for words in its heading",
            heading,
        ),
    ];
    let rows =
        rows.map(|(step, what, weight)| [step, what, &weight.to_string()].map(str::to_owned));
    check_part(
        "docs/ranking.md",
        "weights",
        &table(["step", "what", "weight"], rows),
    );
}
