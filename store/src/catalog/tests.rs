//! What the catalog keeps, and when a new generation begins.

use rusqlite::config::DbConfig;

use super::*;
use crate::record::EmbedFailure;
use crate::schema::{COUNTED, SETTLED};

#[test]
fn other_columns_are_another_version_of_the_schema() {
    let schema = crate::row::schema();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let known = "id path language kind symbol scope definitions start_line end_line \
                 content_key header_length terms";
    assert_eq!(
        (Catalog::SCHEMA_VERSION, names.join(" ").as_str()),
        (1, known)
    );
}

#[test]
fn what_has_another_content_by_now_is_not_touched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    let mut file = FileRecord {
        path: "a.rs".to_owned(),
        size: 9,
        modified_ns: 1,
        inode: u64::MAX,
        hash: [1; 16],
        language: "rust".to_owned(),
        ..FileRecord::default()
    };
    let recorded = RecordedFile {
        file: file.clone(),
        keys: Vec::new(),
    };
    state.record_files(&[recorded], None).expect("record");
    file.modified_ns = 2;
    state.touch_files(&[file.clone()]).expect("touch");
    assert_eq!(state.files().expect("files"), [file.clone()]);
    let other = FileRecord {
        modified_ns: 3,
        hash: [2; 16],
        ..file.clone()
    };
    state.touch_files(&[other]).expect("touch");
    assert_eq!(state.files().expect("files"), [file]);
}

#[test]
fn the_tables_of_an_older_program_are_completed() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let old = Connection::open(folder.path().join(STATE_FILE)).expect("a database");
    old.execute_batch(
        "CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, hash BLOB NOT NULL,
            language TEXT NOT NULL, chunks INTEGER NOT NULL, status TEXT);
         INSERT INTO files VALUES (1, 'a.rs', 9, 7, zeroblob(16), 'rust', 2, NULL)",
    )
    .expect("old tables");
    drop(old);
    for _ in 0..2 {
        let state = Catalog::open(folder.path()).expect("state");
        let files = state.files().expect("files");
        let [file] = files.as_slice() else {
            panic!("one file: {files:?}");
        };
        assert_eq!((file.size, file.modified_ns, file.chunks), (9, 7, 2));
        // No file has this time, so it is read again.
        assert_eq!((file.changed_ns, file.inode), (-1, 0));
        assert_eq!((file.rules, file.unsure_since_ns), (0, 0));
    }
}

#[test]
fn the_tables_of_an_older_program_are_read_before_they_are_completed() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let old = Connection::open(folder.path().join(STATE_FILE)).expect("a database");
    old.execute_batch(include_str!("../../tests/fixtures/state.sql"))
        .expect("the first tables");
    drop(old);
    let reader = Catalog::open_read_only(folder.path()).expect("a reader");
    let files = reader.files().expect("files");
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.changed_ns, file.rules))
        .collect();
    assert_eq!(seen, [("logo.png", -1, 0), ("src/a.rs", -1, 0)]);
    let paths = ["logo.png", "src/a.rs", "gone.rs"].map(str::to_owned);
    let paths = BTreeSet::from(paths);
    let contents = reader.contents(&paths).expect("contents");
    let expected = RecordedContent {
        hash: [0x11; 16],
        rules: 0,
    };
    assert_eq!(contents, HashMap::from([("src/a.rs", expected)]));
}

#[test]
fn each_file_has_its_rules() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    let file = |path: &str, rules| RecordedFile {
        file: FileRecord {
            path: path.to_owned(),
            chunks: 1,
            rules,
            unsure_since_ns: 7,
            ..FileRecord::default()
        },
        keys: Vec::new(),
    };
    let files = [file("a.rs", 3), file("b.rs", 4)];
    state.record_files(&files, None).expect("record");
    let touched = FileRecord {
        rules: 9,
        unsure_since_ns: 0,
        ..files[0].file.clone()
    };
    state.touch_files(&[touched]).expect("touch");
    let files = state.files().expect("files");
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.rules, file.unsure_since_ns))
        .collect();
    // Whoever only looks at a file does not chunk it.
    assert_eq!(seen, [("a.rs", 3, 0), ("b.rs", 4, 7)]);
}

#[test]
fn the_first_catalog_is_migrated_and_loses_nothing() {
    const FINGERPRINT: &str = "0123456789abcdef";
    let folder = tempfile::tempdir().expect("temporary folder");
    let old = Connection::open(folder.path().join(STATE_FILE)).expect("a database");
    old.execute_batch(include_str!("../../tests/fixtures/state.sql"))
        .expect("the first tables");
    drop(old);
    let reader = Catalog::open_read_only(folder.path()).expect("a reader");
    assert_eq!(reader.generation().expect("no generation yet"), "");
    drop(reader);
    let (embedded, failed) = (ContentKey([0xaa; 16]), ContentKey([0xbb; 16]));
    let state = Catalog::open(folder.path()).expect("state");
    assert!(!state.generation().expect("a generation").is_empty());
    let files = state.files().expect("files");
    let seen: Vec<_> = files
        .iter()
        .map(|file| (file.path.as_str(), file.size, file.modified_ns, file.chunks))
        .collect();
    assert_eq!(seen, [("logo.png", 90, 8, 0), ("src/a.rs", 9, 7, 3)]);
    assert_eq!(files[0].status.as_deref(), Some("binary"));
    assert_eq!(files[1].hash, [0x11; 16]);
    // No file has this time, so it is read again.
    assert!(files.iter().all(|file| file.changed_ns == -1));
    assert_eq!(state.chunks_version().expect("a version"), Some(4711));
    assert!(files.iter().all(|file| file.rules == 0));
    assert_eq!(state.meta(OLD_RULES).expect("a value"), None);
    let mut keys = state.file_keys().expect("keys");
    keys[1].1.sort_unstable();
    assert_eq!(keys[1].1, [embedded, embedded, failed]);
    assert_eq!(state.vector_keys(FINGERPRINT).expect("vectors"), [embedded]);
    let counts = state.counts(FINGERPRINT).expect("counts");
    assert_eq!(
        (counts.files, counts.chunks, counts.embedded, counts.failed),
        (1, 3, 2, 1)
    );
}

#[test]
fn an_edition_lasts_until_something_is_taken_back() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    let first = state.generation().expect("edition");
    assert!(!first.is_empty());
    state.invalidate_files(&[]).expect("nothing");
    drop(state);
    let mut state = Catalog::open(folder.path()).expect("state again");
    assert_eq!(state.generation().expect("edition"), first);
    state
        .invalidate_files(&["a.rs".to_owned()])
        .expect("a file");
    assert_ne!(state.generation().expect("edition"), first);
}

/// Tables that a statement may read whole: they have few rows.
const SMALL: [&str; 3] = ["SCAN languages", "SCAN missing", "SCAN orphans"];

#[test]
fn no_statement_of_a_save_reads_a_table_from_end_to_end() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    state
        .settle("fingerprint")
        .expect("triggers with work to do");
    // Then the plans of triggers are told, too.
    let with_triggers = DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP;
    state
        .connection
        .set_db_config(with_triggers, true)
        .expect("a setting");
    for sql in save::ALL {
        let mut statement = state
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .expect(sql);
        let values = vec![0; statement.parameter_count()];
        let steps: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(values), |row| {
                Ok(row.get::<_, Option<String>>(3)?.unwrap_or_default())
            })
            .expect(sql)
            .collect::<rusqlite::Result<_>>()
            .expect(sql);
        assert!(
            sql != save::ADD_KEY || !steps.is_empty(),
            "triggers are told of"
        );
        for step in &steps {
            let is_scan = step.starts_with("SCAN ") && step != "SCAN CONSTANT ROW";
            assert!(
                !is_scan || SMALL.contains(&step.as_str()),
                "{sql}: {steps:#?}"
            );
        }
    }
}

/// Numbers that look random, and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn key(&mut self) -> ContentKey {
        ContentKey([u8::try_from(self.below(8)).unwrap_or_default(); 16])
    }
}

/// One thing that happens to a catalog.
fn happen(state: &mut Catalog, numbers: &mut Numbers) -> Result<()> {
    let path = format!("file_{}", numbers.below(4));
    let fingerprint = ["first", "second"][usize::from(numbers.below(2) == 0)];
    match numbers.below(40) {
        0..14 => {
            let keys: Vec<ContentKey> = (0..numbers.below(4)).map(|_| numbers.key()).collect();
            let file = FileRecord {
                path,
                language: ["rust", "go"][keys.len() % 2].to_owned(),
                chunks: u32::try_from(keys.len()).unwrap_or_default(),
                ..FileRecord::default()
            };
            state.record_files(&[RecordedFile { file, keys }], None)
        }
        14..18 => state.remove_files(&[path], None),
        18..26 => state.record_vectors(fingerprint, &[numbers.key(), numbers.key()]),
        26..30 => state.remove_vectors(fingerprint, &[numbers.key()]),
        30..35 => {
            let failure = EmbedFailure {
                key: numbers.key(),
                path,
                start_line: 1,
                reason: "too long".to_owned(),
            };
            state.record_failures(fingerprint, &[failure])
        }
        35 => state.clear_failures(),
        36 => state.remove_fingerprint(fingerprint),
        _ => state.settle(fingerprint),
    }
}

/// What the catalog answers: missing keys with their number, orphans, counts and languages.
fn answers(state: &Catalog, fingerprint: &str) -> Result<impl PartialEq + std::fmt::Debug + use<>> {
    let texts = state.missing_texts(fingerprint)?;
    let mut missing: Vec<(ContentKey, String)> = texts
        .keys
        .iter()
        .map(|(key, file)| (*key, texts.files[*file as usize].path.clone()))
        .collect();
    missing.sort();
    Ok((
        missing,
        state.missing_count(fingerprint)?,
        state.orphan_vector_keys(fingerprint, 100)?,
        state.counts(fingerprint)?,
        state.languages()?,
    ))
}

#[test]
fn what_is_kept_is_what_a_search_through_everything_finds() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    let mut numbers = Numbers(7);
    let mut compared = 0;
    for step in 0..1_500 {
        happen(&mut state, &mut numbers).expect("a change");
        let Some(settled) = state.meta(SETTLED).expect("meta") else {
            continue;
        };
        compared += 1;
        let kept = answers(&state, &settled).expect("answers");
        // Without these marks everything is read.
        let marks = [SETTLED, COUNTED];
        let write = |sql: &str| {
            marks.iter().for_each(|mark| {
                state.connection.execute(sql, [mark]).expect("a mark");
            });
        };
        write("UPDATE meta SET name = '-' || name WHERE name = ?1");
        let searched = answers(&state, &settled).expect("answers");
        write("UPDATE meta SET name = ?1 WHERE name = '-' || ?1");
        assert_eq!(kept, searched, "after {step} changes");
    }
    assert!(compared > 500, "{compared} of the states were settled");
}

#[test]
fn files_are_listed_by_path_and_folder() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut state = Catalog::open(folder.path()).expect("state");
    assert!(!state.has_files().expect("files"));
    let all = ["a", "a!b", "a/b.rs", "a/b/c.rs", "a0", "ab/c.rs", "z"];
    let recorded: Vec<RecordedFile> = all
        .iter()
        .map(|path| RecordedFile {
            file: FileRecord {
                path: (*path).to_owned(),
                ..FileRecord::default()
            },
            keys: Vec::new(),
        })
        .collect();
    state.record_files(&recorded, None).expect("files");
    assert!(state.has_files().expect("files"));
    let listed = |paths: &[&str]| {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let files = state.files_at(&paths).expect("files");
        files.into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["a"]), ["a", "a/b.rs", "a/b/c.rs"]);
    assert_eq!(listed(&["a/b", "z", "a/b.rs"]), ["a/b.rs", "a/b/c.rs", "z"]);
    assert_eq!(listed(&["missing", "a/"]), [""; 0]);
    assert_eq!(listed(&["z", ""]), all);
}
