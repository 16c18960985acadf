//! Uses that only tests have.

use super::super::samples::tree;
use super::*;

#[test]
fn imports_of_the_tests_of_a_file_are_told_apart() {
    let mut tree = tree(&["core/src/lib.rs", "core/src/body.rs", "web/src/lib.rs"])
        .using("core/src/body.rs", "core/src/lib.rs", 1, "Body")
        .using("core/src/body.rs", "web/src/lib.rs", 1, "Router")
        .using("web/src/lib.rs", "core/src/body.rs", 1, "Body");
    let member = |path: &str, name: &str| (path.to_owned(), name.to_owned());
    tree.members = vec![member("core", "web-core"), member("web", "the-web")];
    let read = |path: &str| {
        match path {
        "core/src/body.rs" => Some(
            "// the_web has this\nuse crate::Error;\n#[cfg(test)]\nmod tests { use the_web::Router; }\n"
                .to_owned(),
        ),
        _ => Some("use web_core::Body;\n#[cfg(test)]\nmod tests { use web_core::Body; }\n".to_owned()),
    }
    };
    tree.find_uses_of_tests(read);
    let in_tests: Vec<bool> = tree.uses.iter().map(|used| used.in_tests).collect();
    assert_eq!(in_tests, [false, true, false]);
}

#[test]
fn data_of_tests_is_no_code() {
    let mut file = super::super::samples::file("tests/data/a.rs");
    assert!(is_code(&file));
    for language in [Some("json"), Some("markdown"), None] {
        file.language = language.map(str::to_owned);
        assert!(!is_code(&file), "{language:?}");
    }
    file.role = FileRole::Source;
    assert!(is_code(&file));
}
