use super::*;

fn store() -> (tempfile::TempDir, TrustStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = TrustStore::new(folder.path().join("data/trusted/files.json"));
    (folder, store)
}

/// The names beside the file.
fn names(store: &TrustStore) -> Vec<String> {
    let entries = fs::read_dir(store.folder()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
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
    for (content, why) in [
        ("{", "is damaged (EOF"),
        ("", "is damaged (EOF"),
        ("[]", "is damaged (invalid"),
        (
            r#"{"version": 2, "number": 0, "trusted": {}}"#,
            "is of a later version",
        ),
    ] {
        let (_folder, store) = store();
        store
            .trust(TrustKind::Hooks, Path::new("/a"), b"x")
            .expect("written");
        fs::write(&store.file, content).expect("written");
        assert!(!store.trusts(TrustKind::Hooks, Path::new("/a"), b"x"));
        let problem = store.problem().expect("a problem");
        assert!(
            problem.contains(why) && problem.contains("nothing of repositories is trusted"),
            "{problem}"
        );
        let refused = store.trust(TrustKind::Hooks, Path::new("/a"), b"x");
        assert_eq!(refused.expect_err("damaged").to_string(), problem);
        assert!(store.forget(TrustKind::Hooks, Path::new("/a")).is_err());
        let left = fs::read_to_string(&store.file).expect("a file");
        assert_eq!(left, content);
    }
}

#[test]
fn a_file_without_an_end_is_not_read() {
    let (_folder, store) = store();
    create_private_folder(store.folder()).expect("a folder");
    let file = private().create_new(true).open(&store.file);
    let file = file.expect("a file");
    file.set_len(MOST_BYTES + 1).expect("a long file");
    let problem = store.problem().expect("a problem");
    assert!(problem.contains("larger than 1048576 bytes"), "{problem}");
    fs::remove_file(&store.file).expect("removed");
    fs::create_dir(&store.file).expect("a folder");
    let problem = store.problem().expect("a problem");
    assert!(problem.contains("is not a file"), "{problem}");
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
            let store = TrustStore::new(store.file.clone());
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
    assert_eq!(names(&store), ["files.json", "files.lock"]);
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
    assert!((written.len() as u64) < MOST_BYTES, "{}", written.len());
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let (_folder, store) = store();
    create_private_folder(store.folder()).expect("a folder");
    fs::write(store.file.with_extension("new-0123"), "half").expect("written");
    store
        .trust(TrustKind::Hooks, Path::new("/a"), b"x")
        .expect("written");
    assert_eq!(names(&store), ["files.json", "files.lock"]);
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = store();
    store
        .trust(TrustKind::Hooks, Path::new("/a"), b"x")
        .expect("written");
    let mode = |path: &Path| {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(store.folder()), 0o700);
    for name in names(&store) {
        assert_eq!(mode(&store.folder().join(&name)), 0o600, "{name}");
    }
    // What others could have written is nobody's word.
    fs::set_permissions(&store.file, fs::Permissions::from_mode(0o666)).expect("rights");
    assert!(!store.trusts(TrustKind::Hooks, Path::new("/a"), b"x"));
    let problem = store.problem().expect("a problem");
    assert!(
        problem.contains("other users can write to it") && problem.contains("chmod go-w"),
        "{problem}"
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
