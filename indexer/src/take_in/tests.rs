//! Searches before everything is taken in: they answer, say what is missing, show nothing stale, and
//! what is missing follows. In these tests a search takes in five files.

use std::fs::{self, File};
use std::sync::Arc;
use std::time::SystemTime;

use ollacode_store::WriterLock;

use super::*;
use crate::refresh::tests::{Workspace, chunked_by, file, functions, quiet, refresh, rows_in};
use crate::rules::CHUNK_RULES;
use crate::search::{SearchRequest, SearchResults};

/// Files of a workspace.
const FILES: usize = 12;
/// More searches than it takes until everything is taken in, whatever the clock of the files.
const MANY: usize = 1_000;

async fn search(index: &Index, query: &str) -> SearchResults {
    search_both(index, query, &[]).await
}

async fn search_both(index: &Index, query: &str, also: &[&str]) -> SearchResults {
    let request = SearchRequest {
        query: query.to_owned(),
        also: also.iter().map(|query| (*query).to_owned()).collect(),
        limit: 10,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let found = index.search(&request, None, &quiet).await;
    found.expect("an answer")
}

fn paths(results: &SearchResults) -> Vec<&str> {
    let hits = results.hits.iter();
    hits.map(|hit| hit.chunk.path.as_str()).collect()
}

/// Every line that is shown is in its file.
fn assert_fresh(workspace: &Workspace, results: &SearchResults) {
    for hit in &results.hits {
        let text = fs::read_to_string(workspace.root().join(&hit.chunk.path)).expect("a file");
        let shown = hit.chunk.text.trim();
        assert!(text.contains(shown), "{} has no {shown}", hit.chunk.path);
    }
}

/// Gives every file another content, the last one most recently.
fn change_all(workspace: &Workspace) {
    for number in 0..FILES {
        workspace.write(&file(number), &functions(&format!("comet{number}")));
        let changed = File::options()
            .append(true)
            .open(workspace.root().join(file(number)))
            .expect("a file");
        let seconds = 1_000_000_000 + number as u64;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        changed.set_modified(time).expect("a time");
    }
}

/// Searches until a search has taken in the last file.
async fn search_to_the_end(index: &Index, query: &str) -> SearchResults {
    for _ in 0..MANY {
        let results = search(index, query).await;
        if results.behind.is_nothing() {
            return results;
        }
    }
    panic!("it never ends");
}

async fn rules_of_files(index: &Index) -> Vec<u32> {
    let known = index.read_known().await.expect("the catalog");
    known.files.iter().map(|file| file.rules).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_and_follows_and_nothing_stale_is_shown() {
    let workspace = Workspace::with_files(FILES);
    let index = workspace.index();
    refresh(&index).await;
    change_all(&workspace);
    // The last five files are taken in, this one is not.
    let answer = search(&index, "orbit0_1").await;
    let left = Behind {
        changed: FILES - ALWAYS,
        outdated: 0,
    };
    assert_eq!(answer.behind, left);
    assert_fresh(&workspace, &answer);
    let shown = answer.hits.iter().map(|hit| hit.chunk.text.as_str());
    assert!(
        !shown.collect::<String>().contains("orbit0_1"),
        "{answer:?}"
    );
    let best = file(FILES - 1);
    let answer = search(&index, "comet11_2").await;
    assert_eq!(paths(&answer).first(), Some(&best.as_str()));
    search_to_the_end(&index, "comet0_1").await;
    for number in 0..FILES {
        let answer = search(&index, &format!("comet{number}_1")).await;
        assert_eq!(paths(&answer).first(), Some(&file(number).as_str()));
        assert_fresh(&workspace, &answer);
        let answer = search(&index, &format!("orbit{number}_1")).await;
        assert_fresh(&workspace, &answer);
    }
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_names_is_taken_in_first() {
    let workspace = Workspace::with_files(FILES);
    let index = workspace.index();
    refresh(&index).await;
    change_all(&workspace);
    let answer = search(&index, "what does comet0_1 in file_00.rs do?").await;
    assert!(answer.behind.changed > 0, "{answer:?}");
    assert_eq!(paths(&answer).first(), Some(&"file_00.rs"));
    assert_fresh(&workspace, &answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_files_are_not_shown_whether_their_chunks_are_deleted_or_not() {
    let workspace = Workspace::with_files(FILES);
    let index = workspace.index();
    refresh(&index).await;
    for number in 0..FILES - 2 {
        fs::remove_file(workspace.root().join(file(number))).expect("a file");
    }
    let mut stored = rules_of_files(&index).await.len();
    while stored > 2 {
        for number in 0..FILES - 2 {
            let answer = search(&index, &format!("orbit{number}_1")).await;
            assert!(
                !paths(&answer).contains(&file(number).as_str()),
                "{answer:?}"
            );
        }
        let left = rules_of_files(&index).await.len();
        assert!(left < stored, "searches delete some");
        stored = left;
    }
    workspace.assert_as_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn further_queries_search_what_the_first_one_took_in_and_show_no_more() {
    let workspace = Workspace::with_files(FILES);
    for number in 0..FILES {
        workspace.write(&format!("note_{number}.txt"), "the kettle says marmalade\n");
    }
    let index = workspace.index();
    refresh(&index).await;
    // They are in the index still, and as they were.
    workspace.write(".ignore", "note_*.txt\n");
    let answer = search_both(&index, "orbit3_1", &["marmalade"]).await;
    assert!(rules_of_files(&index).await.len() > FILES, "some are left");
    let shown = paths(&answer);
    assert!(
        !shown.iter().any(|path| path.starts_with("note")),
        "{shown:?}"
    );
    change_all(&workspace);
    let lock = WriterLock::try_acquire(&workspace.index_folder()).expect("a free lock");
    let answer = search_both(&index, "kettle", &["comet11_1"]).await;
    assert!(paths(&answer).contains(&file(11).as_str()), "{answer:?}");
    drop(lock);
}

/// More chunks than a retriever fetches at first are of files that were removed and are still stored.
#[tokio::test(flavor = "multi_thread")]
async fn removed_files_do_not_crowd_out_others() {
    const REMOVED: usize = 120;
    let workspace = Workspace::with_files(1);
    let note = |number: usize| format!("note_{number}.txt");
    for number in 0..REMOVED {
        workspace.write(&note(number), &format!("marmalade marmalade {number}\n"));
    }
    let words = "of all that stands here one word only is the word that is meant\n".repeat(5);
    workspace.write("kept.txt", &format!("{words}marmalade\n"));
    let index = workspace.index();
    refresh(&index).await;
    for number in 0..REMOVED {
        fs::remove_file(workspace.root().join(note(number))).expect("a file");
    }
    let answer = search(&index, "marmalade").await;
    assert!(rules_of_files(&index).await.len() > 100, "most are left");
    assert_eq!(paths(&answer), ["kept.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_older_rules_is_searched_and_follows() {
    let workspace = Workspace::with_files(FILES);
    let (index, folder) = (workspace.index(), workspace.index_folder());
    refresh(&index).await;
    let expected = rows_in(&folder).await;
    chunked_by(&folder, CHUNK_RULES - 1);
    let answer = search(&index, "orbit3_1").await;
    assert_eq!(paths(&answer).first(), Some(&file(3).as_str()));
    assert_eq!(
        answer.behind,
        Behind {
            changed: 0,
            outdated: FILES - ALWAYS
        }
    );
    // What was done stays done: each file has its rules.
    let rules = rules_of_files(&index).await;
    let done = rules.iter().filter(|rules| **rules == CHUNK_RULES);
    assert_eq!(done.count(), ALWAYS);
    search_to_the_end(&workspace.index(), "orbit3_1").await;
    assert_eq!(rules_of_files(&index).await, [CHUNK_RULES; FILES]);
    assert_eq!(rows_in(&folder).await, expected);
    assert_eq!(refresh(&index).await.changed, 0, "and only once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_older_rules_let_through_is_not_shown() {
    let workspace = Workspace::with_files(FILES);
    workspace.write("notes.txt", "the kettle says marmalade\n");
    refresh(&workspace.index()).await;
    chunked_by(&workspace.index_folder(), CHUNK_RULES - 1);
    let index = workspace.index().redacting(Arc::new(|text: &str| {
        text.contains("marmalade")
            .then(|| text.replace("marmalade", "nothing"))
    }));
    let answer = search(&index, "kettle").await;
    // Documents come last.
    assert!(answer.behind.outdated > 0, "{answer:?}");
    assert_eq!(paths(&answer), ["notes.txt"]);
    assert_eq!(answer.hits[0].chunk.text.trim(), "the kettle says nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_one_writes_the_first_files_are_searched_in_memory() {
    let workspace = Workspace::with_files(FILES);
    let index = workspace.index();
    refresh(&index).await;
    let before = rows_in(&workspace.index_folder()).await;
    change_all(&workspace);
    let lock = WriterLock::try_acquire(&workspace.index_folder()).expect("a free lock");
    for _ in 0..2 {
        let answer = search(&index, "comet11_1").await;
        assert_eq!(answer.behind.changed, FILES - ALWAYS);
        assert_eq!(paths(&answer).first(), Some(&file(11).as_str()));
        assert_fresh(&workspace, &answer);
    }
    drop(lock);
    assert_eq!(rows_in(&workspace.index_folder()).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_refresh_of_the_same_process_nothing_is_written_twice() {
    let workspace = Workspace::with_files(FILES);
    let index = workspace.index();
    refresh(&index).await;
    let before = rows_in(&workspace.index_folder()).await;
    change_all(&workspace);
    let running = RunningRefresh::begin(&index.refreshing);
    let answer = search(&index, "comet11_1").await;
    assert_eq!(paths(&answer).first(), Some(&file(11).as_str()));
    let how = RefreshOptions::default();
    index.catch_up(&how, &quiet).await.expect("nothing to do");
    assert_eq!(rows_in(&workspace.index_folder()).await, before);
    drop(running);
    index.catch_up(&how, &quiet).await.expect("a refresh");
    workspace.assert_as_clean().await;
    assert_eq!(index.refreshing.load(Ordering::SeqCst), 0);
}

/// Files that were written just now are read again until their times tell; after that none is.
#[tokio::test(flavor = "multi_thread")]
async fn times_from_the_future_do_not_make_files_differ_for_ever() {
    let workspace = Workspace::with_files(3);
    let index = workspace.index();
    refresh(&index).await;
    for number in 0..3 {
        let path = workspace.root().join(file(number));
        let changed = File::options().append(true).open(path).expect("a file");
        let future = SystemTime::now() + Duration::from_secs(1_000_000_000);
        changed.set_modified(future).expect("a time");
    }
    for _ in 0..MANY {
        refresh(&index).await;
        let pending = index.pending().await.expect("a comparison");
        if pending.difference.is_empty() {
            return;
        }
    }
    panic!("they are read again for ever");
}

/// As `cp -p`, `touch -r`, `rsync -t` and `tar` do it.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn another_content_with_the_old_size_and_time_is_noticed() {
    let workspace = Workspace::with_files(1);
    let index = workspace.index();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let write = |name: &str, word: &str| {
        workspace.write(name, &format!("the {word} sleeps\n"));
        let path = workspace.root().join(name);
        let written = File::options().append(true).open(path).expect("a file");
        written.set_modified(time).expect("a time");
    };
    write("animal.txt", "marmot");
    for _ in 0..MANY {
        refresh(&index).await;
        if index
            .pending()
            .await
            .expect("a comparison")
            .difference
            .is_empty()
        {
            break;
        }
    }
    write("animal.txt", "badger");
    assert_eq!(refresh(&index).await.changed, 1, "written over");
    write("copy.tmp", "beaver");
    let root = workspace.root();
    fs::rename(root.join("copy.tmp"), root.join("animal.txt")).expect("a file");
    assert_eq!(refresh(&index).await.changed, 1, "exchanged");
}

#[test]
fn the_words_say_how_many() {
    let words = |changed, outdated| Behind { changed, outdated }.words();
    assert_eq!(words(0, 0), None);
    let one = words(1, 0).expect("words");
    assert_eq!(one, "1 changed file is not searched yet");
    assert_eq!(
        words(4_812, 2).expect("words"),
        "4812 changed files are not searched yet; 2 files are searched as an older version of \
         ollacode divided them"
    );
}

#[test]
fn a_few_files_are_taken_in_whatever_the_time_but_no_flood_of_bytes() {
    let task = |size| {
        FileTask::new(crate::walk::WalkEntry {
            size,
            ..crate::walk::WalkEntry::default()
        })
    };
    let count = |sizes: &[u64]| always(&sizes.iter().copied().map(task).collect::<Vec<_>>());
    assert_eq!(count(&[1; 100]), ALWAYS);
    assert_eq!(count(&[ALWAYS_BYTES / 2; 10]), 2);
    assert_eq!(count(&[2 * ALWAYS_BYTES, 1]), 1);
}
