use std::{fs, thread};

use super::*;

fn store() -> (tempfile::TempDir, TrustStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = TrustStore::new(folder.path().join("data/trusted/files.json"));
    (folder, store)
}

#[test]
fn only_the_content_that_was_trusted_is_trusted() {
    let (_folder, store) = store();
    let (here, there) = (Path::new("/a"), Path::new("/b"));
    assert!(!store.trusts(TrustKind::Hooks, here, b"x"));
    assert!(!store.forget(TrustKind::Hooks, here).expect("nothing there"));
    store.trust(TrustKind::Hooks, here, b"x").expect("written");
    assert!(store.trusts(TrustKind::Hooks, here, b"x"));
    assert!(!store.trusts(TrustKind::Hooks, here, b"x "));
    assert!(!store.trusts(TrustKind::Hooks, there, b"x"));
    assert!(!store.trusts(TrustKind::McpServers, here, b"x"));
    store.trust(TrustKind::Hooks, here, b"y").expect("written");
    assert!(!store.trusts(TrustKind::Hooks, here, b"x"));
    assert!(store.forget(TrustKind::Hooks, here).expect("written"));
    assert!(!store.trusts(TrustKind::Hooks, here, b"y"));
    assert_eq!(store.problem(), None);
}

#[test]
fn a_damaged_file_trusts_nothing_says_so_and_is_not_replaced() {
    let (_folder, store) = store();
    let path = store.file.path().to_owned();
    store
        .trust(TrustKind::Hooks, Path::new("/a"), b"x")
        .expect("written");
    fs::write(&path, "{").expect("written");
    assert!(!store.trusts(TrustKind::Hooks, Path::new("/a"), b"x"));
    let problem = store.problem().expect("a problem");
    assert!(
        problem.contains("is damaged (EOF")
            && problem.contains("nothing of repositories is trusted: delete it"),
        "{problem}"
    );
    let refused = store.trust(TrustKind::Hooks, Path::new("/a"), b"x");
    assert_eq!(refused.expect_err("damaged").to_string(), problem);
    assert!(store.forget(TrustKind::Hooks, Path::new("/a")).is_err());
    assert_eq!(fs::read_to_string(&path).expect("a file"), "{");
}

#[test]
fn who_trusts_at_the_same_time_loses_nothing() {
    const THREADS: usize = 4;
    const EACH: usize = 5;
    let (_folder, store) = store();
    let root = |thread: usize, number: usize| PathBuf::from(format!("/{thread}/{number}"));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            // As another process would: by the name of the file.
            let store = TrustStore::new(store.file.path().to_owned());
            scope.spawn(move || {
                for number in 0..EACH {
                    store
                        .trust(TrustKind::McpServers, &root(thread, number), b"x")
                        .expect("written");
                }
            });
        }
    });
    for thread in 0..THREADS {
        for number in 0..EACH {
            let is_there = store.trusts(TrustKind::McpServers, &root(thread, number), b"x");
            assert!(is_there, "{thread} {number}");
        }
    }
}

#[test]
fn what_was_trusted_longest_ago_makes_room() {
    let mut files = TrustedFiles::default();
    let root = |number: usize| PathBuf::from(format!("/{}/{number}", "long \"".repeat(700)));
    for number in 0..MOST {
        files.insert(TrustKind::Hooks, &root(number), b"x");
    }
    // The first again, so that the second is the oldest.
    files.insert(TrustKind::Hooks, &root(0), b"y");
    files.insert(TrustKind::Hooks, &root(MOST), b"x");
    assert_eq!(files.trusted.len(), MOST);
    assert!(files.trusts(TrustKind::Hooks, &root(0), b"y"));
    assert!(!files.trusts(TrustKind::Hooks, &root(1), b"x"));
    assert!(files.trusts(TrustKind::Hooks, &root(2), b"x"));
    assert!(files.trusts(TrustKind::Hooks, &root(MOST), b"x"));
    let written = serde_json::to_vec_pretty(&files).expect("JSON");
    assert!(
        (written.len() as u64) < FORM.most_bytes,
        "{}",
        written.len()
    );
}

#[cfg(unix)]
#[test]
fn paths_that_are_no_text_are_told_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let (_folder, store) = store();
    let [one, other] = [b"/a\xff", b"/a\xfe"].map(|name| Path::new(OsStr::from_bytes(name)));
    store.trust(TrustKind::Hooks, one, b"x").expect("written");
    store.trust(TrustKind::Hooks, other, b"x").expect("written");
    assert!(store.trusts(TrustKind::Hooks, one, b"x"));
    assert!(store.trusts(TrustKind::Hooks, other, b"x"));
}
