//! Non-production paths: tests, examples, documents and settings, which rank below code.

use ollacode_store::Chunk;

use crate::language::PLAIN_TEXT;
use crate::query::file_stem;

/// Words of a query that asks for tests, examples or other non-production paths.
pub(crate) const ASIDE_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "example",
    "examples",
    "bench",
    "benchmark",
    "benchmarks",
    "demo",
    "fixture",
    "fixtures",
    "mock",
    "mocks",
    "spec",
    "specs",
    "sample",
    "samples",
    "doc",
    "docs",
    "documentation",
    "legacy",
    "compat",
    "compatibility",
    "changelog",
    "changes",
    "history",
    "release",
    "releases",
];

/// Words of a query that asks for documents or settings.
pub(crate) const DOCUMENT_WORDS: &[&str] = &[
    "doc",
    "docs",
    "documentation",
    "readme",
    "changelog",
    "guide",
    "tutorial",
    "manual",
    "license",
    "install",
    "installation",
    "dependency",
    "dependencies",
    "package",
    "workflow",
    "ci",
    "release",
    "makefile",
    "dockerfile",
    "cmake",
    "yaml",
    "json",
    "toml",
    "markdown",
    "html",
    "css",
];

pub(crate) fn is_document(chunk: &Chunk) -> bool {
    is_document_path(&chunk.path, &chunk.language)
}

/// Whether a file is a document or has settings, by its path and language.
pub(crate) fn is_document_path(path: &str, language: &str) -> bool {
    const LANGUAGES: &[&str] = &["cmake", "css", "html", "json", "markdown", "toml", "yaml"];
    const ENDINGS: &[&str] = &[
        ".txt", ".rst", ".adoc", ".csv", ".xml", ".cfg", ".ini", ".rast",
    ];
    // Code in a language without a grammar is plain text, too, and no document.
    LANGUAGES.contains(&language)
        || language == PLAIN_TEXT && ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Whether a chunk is a test, an example or the like. Code in a folder of documents is one of its
/// examples; the documents themselves are where they belong.
pub(crate) fn is_aside(chunk: &Chunk) -> bool {
    is_aside_path(&chunk.path, &chunk.language)
}

/// Like [`is_aside`], by the path and language of a file.
pub(crate) fn is_aside_path(path: &str, language: &str) -> bool {
    const DOCUMENT_FOLDERS: &[&str] = &["doc", "docs"];
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "__tests__",
        "testing",
        "spec",
        "specs",
        "test_suite",
        "testdata",
        "fixtures",
        "example",
        "examples",
        "_examples",
        "samples",
        "demo",
        "demos",
        "bench",
        "benches",
        "benchmark",
        "benchmarks",
        "compat",
        "legacy",
        "vendor",
        "third_party",
        "node_modules",
        "mocks",
        "__mocks__",
        "e2e",
    ];
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = file_stem(name);
    let mut folders = folders.split('/');
    let is_document = is_document_path(path, language);
    let in_documents = |folder: &str| DOCUMENT_FOLDERS.contains(&folder) && !is_document;
    folders.any(|folder| FOLDERS.contains(&folder) || in_documents(folder))
        || is_test_name(path)
        || is_document && is_changelog(&lower, stem)
}

/// Whether the name of a file is that of a test.
pub(crate) fn is_test_name(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let stem = file_stem(name);
    stem.starts_with("test_")
        || ["_test", "_tests", "_spec", "test", "tests", "conftest"]
            .iter()
            .any(|end| stem.ends_with(end) && (end.starts_with('_') || stem == *end))
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".tests.")
        || name.ends_with(".t.sol")
        || is_camel_test(path)
}

/// Whether a document lists what has changed: the words of everything, and no answer.
fn is_changelog(path: &str, stem: &str) -> bool {
    const NAMES: &[&str] = &[
        "changelog",
        "changes",
        "history",
        "news",
        "release",
        "whatsnew",
    ];
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    let is_one = |name: &str| NAMES.iter().any(|begin| name.starts_with(begin));
    is_one(stem) || is_one(folder)
}

/// `FooTest.java`, `FooTests.cs`.
fn is_camel_test(path: &str) -> bool {
    let stem = file_stem(path);
    stem.ends_with("Test") || stem.ends_with("Tests") || stem.ends_with("Spec")
}
