//! Which files belong to a file: each signal, and their sum.

use std::fs;
use std::sync::Arc;

use ollacode_indexer::related::{
    ChangeHistory, Reason, RelatedFile, Signal, nearest_paths, rankings, related,
};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{FileGraph, Freshness, Index, RefreshOptions};
use tempfile::TempDir;

/// A small project in which each signal points to other files.
const PROJECT: &[(&str, &str)] = &[
    (
        "src/parser.rs",
        "pub struct Parser;\n\nimpl Parser {\n    pub fn parse_header(&self) -> Token {\n        \
         next_token(frobnication_limit)\n    }\n}\n",
    ),
    (
        "src/lexer.rs",
        "pub struct Token;\n\npub fn next_token(limit: usize) -> Token {\n    Token\n}\n",
    ),
    (
        "src/server.rs",
        "pub fn serve() {\n    let parser = Parser;\n    parser.parse_header();\n}\n",
    ),
    (
        "src/limits.rs",
        "/// About frobnication_limit.\npub fn unrelated_words() {}\n",
    ),
    ("src/colours.rs", "pub fn paint_red() {}\n"),
    (
        "tests/parser.rs",
        "#[test]\nfn an_empty_text_has_no_tokens() {}\n",
    ),
    ("deploy/rollout.py", "def roll_out():\n    return 1\n"),
    (
        "CHANGELOG.md",
        "# Changes\n\nThe Parser, parse_header and next_token.\n",
    ),
];

struct Project {
    graph: Arc<FileGraph>,
    _folder: TempDir,
}

async fn project(files: &[(&str, &str)]) -> Project {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    for (path, text) in files {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let index = Index::new(&root, folder.path().join("index"), WalkLimits::default());
    let options = RefreshOptions::default();
    index.refresh(&options, &|_| ()).await.unwrap();
    let graph = index.graph(Freshness::Trust).await.unwrap();
    Project {
        graph,
        _folder: folder,
    }
}

impl Project {
    fn related(&self, path: &str, history: Option<&ChangeHistory>) -> Vec<RelatedFile> {
        let file = self.graph.id(path).expect("an indexed file");
        related(&self.graph, history, file, 10, &|_| true)
    }

    /// The paths by one signal, the best first.
    fn by(&self, signal: Signal, path: &str, history: Option<&ChangeHistory>) -> Vec<&str> {
        let file = self.graph.id(path).expect("an indexed file");
        let rankings = rankings(&self.graph, history, file);
        let (_, ranking) = rankings.iter().find(|(found, _)| *found == signal).unwrap();
        let files = ranking.files();
        files
            .map(|file| self.graph.file(file).path.as_str())
            .collect()
    }
}

fn reasons_of<'r>(found: &'r [RelatedFile], path: &str) -> &'r [Reason] {
    let file = found.iter().find(|file| file.path == path);
    &file
        .unwrap_or_else(|| panic!("{path} is among {found:?}"))
        .reasons
}

/// Commits in which the parser was changed with a file that nothing else points to.
fn history() -> ChangeHistory {
    let mut commits = vec![vec!["src/parser.rs", "deploy/rollout.py", "CHANGELOG.md"]; 12];
    commits.insert(3, vec!["src/colours.rs"]);
    ChangeHistory::new(commits)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_finds_its_own() {
    let project = project(PROJECT).await;
    let history = history();
    let by = |signal| project.by(signal, "src/parser.rs", Some(&history));
    assert_eq!(by(Signal::Name)[0], "tests/parser.rs");
    let neighbours = by(Signal::Neighbours);
    assert!(neighbours.contains(&"src/lexer.rs"), "{neighbours:?}");
    assert!(neighbours.contains(&"src/server.rs"), "{neighbours:?}");
    assert!(!neighbours.contains(&"src/colours.rs"), "{neighbours:?}");
    let identifiers = by(Signal::Identifiers);
    assert!(identifiers.contains(&"src/limits.rs"), "{identifiers:?}");
    assert!(!identifiers.contains(&"src/colours.rs"), "{identifiers:?}");
    assert_eq!(by(Signal::History), ["deploy/rollout.py"]);
    let recent = by(Signal::Recent);
    assert_eq!(recent, ["deploy/rollout.py", "src/colours.rs"]);
    for signal in Signal::ALL {
        assert!(!by(signal).contains(&"src/parser.rs"), "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_like_a_file_lends_it_its_history() {
    let project = project(PROJECT).await;
    // The parser itself was never changed with it; the lexer, which shares its words, was.
    let history = ChangeHistory::new([vec!["src/lexer.rs", "deploy/rollout.py"]]);
    let by = |signal| project.by(signal, "src/parser.rs", Some(&history));
    assert!(by(Signal::History).is_empty());
    assert_eq!(by(Signal::HistoryOfAlike), ["deploy/rollout.py"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_has_its_reasons() {
    let project = project(PROJECT).await;
    let history = history();
    let found = project.related("src/parser.rs", Some(&history));
    assert!(found.iter().all(|file| !file.reasons.is_empty()));
    assert!(found.is_sorted_by(|one, other| one.score >= other.score));
    assert!(reasons_of(&found, "tests/parser.rs").contains(&Reason::ItsTest));
    let together = Reason::ChangedTogether { times: 12 };
    assert_eq!(together.to_string(), "changed together 12 times");
    assert_eq!(reasons_of(&found, "deploy/rollout.py"), [together]);
    let of_server = reasons_of(&found, "src/server.rs");
    let uses = of_server.iter().find(|reason| reason.name() == "uses");
    let uses = uses.unwrap_or_else(|| panic!("{of_server:?}"));
    assert!(uses.names().contains(&"Parser".to_owned()), "{uses}");
    assert!(uses.to_string().starts_with("uses "), "{uses}");
    let of_lexer = reasons_of(&found, "src/lexer.rs");
    let used = of_lexer.iter().find(|reason| reason.name() == "used_by");
    let used = used.unwrap_or_else(|| panic!("{of_lexer:?}"));
    assert!(used.count() >= Some(2), "{used}");
    assert!(used.to_string().starts_with("used in "), "{used}");
    assert_eq!(reasons_of(&found, "src/colours.rs"), [Reason::SameFolder]);
    // The other way round.
    let found = project.related("tests/parser.rs", None);
    assert!(reasons_of(&found, "src/parser.rs").contains(&Reason::WhatItTests));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_history_the_other_signals_decide() {
    let project = project(PROJECT).await;
    let found = project.related("src/parser.rs", None);
    assert!(found.iter().all(|file| file.path != "deploy/rollout.py"));
    assert!(!found.is_empty());
    let empty = ChangeHistory::default();
    assert_eq!(project.related("src/parser.rs", Some(&empty)), found);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_related_to_code_is_code() {
    let project = project(PROJECT).await;
    let history = history();
    let found = project.related("src/parser.rs", Some(&history));
    assert!(
        found.iter().all(|file| file.path != "CHANGELOG.md"),
        "{found:?}"
    );
    let found = project.related("CHANGELOG.md", Some(&history));
    assert!(
        found.iter().any(|file| file.path == "src/parser.rs"),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_give_the_same_order() {
    let mut files = PROJECT.to_vec();
    let first = project(&files).await;
    files.reverse();
    let second = project(&files).await;
    let history = history();
    for file in first.graph.files() {
        let (one, other) = (
            first.related(&file.path, Some(&history)),
            second.related(&file.path, Some(&history)),
        );
        assert_eq!(one, other, "{}", file.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_and_one_file_has_no_others() {
    let project = project(PROJECT).await;
    let file = project.graph.id("src/parser.rs").unwrap();
    assert_eq!(related(&project.graph, None, file, 2, &|_| true).len(), 2);
    assert!(related(&project.graph, None, file, 0, &|_| true).is_empty());
    assert!(related(&project.graph, None, file, 10, &|_| false).is_empty());
    let alone = self::project(&[("only.rs", "fn only() {}\n")]).await;
    assert!(alone.related("only.rs", None).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_indexed_has_near_ones() {
    let project = project(PROJECT).await;
    let near = |path| nearest_paths(&project.graph, path, &|_| true);
    assert_eq!(near("parser.rs"), ["src/parser.rs", "tests/parser.rs"]);
    assert_eq!(near("lib/tests/parser.rs")[0], "tests/parser.rs");
    assert_eq!(near("src/praser.rs")[0], "src/parser.rs");
    assert!(near("zzzzzzzzzzzz").is_empty());
    assert!(near("").is_empty());
    assert!(nearest_paths(&project.graph, "parser.rs", &|_| false).is_empty());
}
