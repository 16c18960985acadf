//! Where the setting comes from, and what it may be.

use super::fill;
use crate::support::{Environment, ModelServer};

#[test]
fn without_a_setting_there_is_none_and_nothing_is_said() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    fill(&environment);
    let output = environment.index();
    assert!(!output.words().contains("shared"), "{output:#?}");
    let vectors = environment
        .run(&["index", "--json"])
        .expect_success()
        .json();
    assert!(vectors["vectors"].get("shared").is_none(), "{vectors:#}");
    let output = environment.run(&["cache", "stat"]).expect_code(1);
    output.expect_words(&["there is no shared cache", "OLLACODE_SHARED_CACHE"]);
}

#[test]
fn a_repository_cannot_set_it() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    let folder = environment.outside().join("theirs");
    std::fs::create_dir(&folder).expect("a folder");
    let setting = format!(
        "OLLACODE_SHARED_CACHE={}\nOLLACODE_SHARED_CACHE_WRITE=true\n",
        folder.display()
    );
    for name in [".env", ".ollacode/.env", "ollacode/.env"] {
        environment.write(name, &setting);
    }
    let above = environment.outside().join(".env");
    std::fs::write(above, &setting).expect("a file");
    fill(&environment);
    environment.index();
    let entries = std::fs::read_dir(&folder).expect("a folder").count();
    assert_eq!(entries, 0, "nothing is written where a repository wants it");
    environment.run(&["cache", "stat"]).expect_code(1);
}

#[test]
fn a_value_that_is_no_place_is_refused_at_the_start() {
    for (name, value, expected) in [
        (
            "OLLACODE_SHARED_CACHE",
            "vectors",
            "the absolute path of a folder",
        ),
        (
            "OLLACODE_SHARED_CACHE",
            "./vectors",
            "the absolute path of a folder",
        ),
        (
            "OLLACODE_SHARED_CACHE",
            "http://example.org/x",
            "`s3://bucket/prefix`",
        ),
        (
            "OLLACODE_SHARED_CACHE",
            "s3://me:sesame@team",
            "`s3://bucket/prefix`",
        ),
        (
            "OLLACODE_SHARED_CACHE",
            "https://team.blob.core.windows.net/x?sig=sesame",
            "without credentials",
        ),
        (
            "OLLACODE_SHARED_CACHE_WRITE",
            "perhaps",
            "`true` or `false`",
        ),
        (
            "OLLACODE_SHARED_CACHE_CHECK",
            "perhaps",
            "`true` or `false`",
        ),
        (
            "OLLACODE_SHARED_CACHE_KEY",
            "too short",
            "a secret of 16 to 1024 characters",
        ),
    ] {
        let environment = Environment::new().with(name, value);
        let output = environment.run(&["index", "--status"]).expect_code(2);
        let output = output.expect_words(&[name, expected]);
        for secret in ["too short", "sesame"] {
            assert!(
                !output.words().contains(secret),
                "it is not shown: {output:#?}"
            );
        }
    }
}

#[test]
fn a_folder_may_be_below_the_home_folder() {
    let server = ModelServer::start();
    let environment = Environment::on(&server)
        .with("OLLACODE_SHARED_CACHE", "~/vectors")
        .with("OLLACODE_SHARED_CACHE_WRITE", "true");
    let folder = environment.outside().join("home/vectors");
    std::fs::create_dir(&folder).expect("a folder");
    fill(&environment);
    environment.index().expect_words(&["were written to"]);
    assert!(std::fs::read_dir(&folder).expect("a folder").count() > 0);
}
