//! Secrets in the files are in nothing that is stored, sent or shown.
//!
//! Every string of every version of every table is read back, since LanceDB compresses; the
//! full-text index is asked, whose tokens are not in a table; SQLite's files, which are not
//! compressed, are searched byte by byte. A control shows that all three find what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use futures::TryStreamExt;
use lancedb::Table;
use lancedb::arrow::arrow_array::cast::AsArray;
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery, MatchQuery, Operator};
use lancedb::query::{ExecutableQuery, QueryBase};
use ollacode_store::{
    Catalog, Chunk, ChunkKind, ChunkRow, ContentKey, FileRecord, OpenMode, OpenOptions,
    RecordedFile, Store,
};
use serde_json::Value;

use crate::support::{Draw, Environment, ModelServer, block_on};

const MIXED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "1234567890";

/// Lines with a secret: `|` parts what a scanner of this file would see, `{class:n}` is drawn.
/// Of each, the longest drawn run is what must not be found.
const FORMS: &[&str] = &[
    "key: AK|IA{base32:16}",
    "aws_secret_access_key = {mixed:40}",
    "const KEY = 'AI|za{mixed:35}';",
    "client: GOC|SPX-{mixed:28}",
    "git clone https://gh|p_{mixed:36}@github.com/a/b",
    "GITHUB_TOKEN=github|_pat_{mixed:22}_{mixed:59}",
    "token: gl|pat-{mixed:20}",
    "auth npm|_{mixed:36}",
    "password = py|pi-AgEIcHlwaS5vcmc{mixed:100}",
    "slack: xo|xb-{digit:12}-{digit:12}-{mixed:24}",
    "https://hooks.sl|ack.com/services/T{upper:8}/B{upper:8}/{mixed:24}",
    "stripe.api_key = \"sk_|live_{mixed:24}\"",
    "ANTHROPIC_API_KEY=sk-|ant-api03-{mixed:93}-AA",
    "openai.api_key = \"sk|-{mixed:48}\"",
    "login(token=\"h|f_{mixed:34}\")",
    "cookie: ey|J{mixed:33}.ey|J{mixed:70}.{mixed:43}",
    "DATABASE_URL=postgres://app:{mixed:24}@db.internal:5432/app",
    "Authorization: Basic {mixed:22}==",
    "curl -H \"X: Bearer {mixed:40}\"",
    "let client_secret = \"{mixed:32}\";",
    "https://api.telegram.org/bot{digit:10}:A|A{mixed:33}/getMe",
    "mail S|G.{mixed:22}.{mixed:43}",
    "AccountName=a;Account|Key={mixed:86}==;EndpointSuffix=b",
    "export TOKEN=dop_|v1_{hex:64}",
    "age AGE-SE|CRET-KEY-1{upper:58}",
    "-----BEGIN RSA PRIV|ATE KEY-----\n{mixed:64}\n{mixed:64}\n-----END RSA PRIV|ATE KEY-----",
];

/// Kinds of files that secrets are planted in: name, what goes before a line, what behind.
const KINDS: &[(&str, &str, &str)] = &[
    ("src/main.rs", "// ", "\npub fn after_rust() {}\n"),
    ("src/app.py", "# ", "\ndef after_python():\n    pass\n"),
    ("src/app.js", "// ", "\nfunction afterScript() {}\n"),
    ("src/app.go", "// ", "\nfunc afterGo() {}\n"),
    ("config/app.yaml", "# ", "\nafter: yaml\n"),
    ("config/app.toml", "# ", "\nafter = \"toml\"\n"),
    ("scripts/run.sh", "# ", "\necho after shell\n"),
    ("docs/guide.md", "", "\n\n# After\n"),
    ("notes.txt", "", "\nafter text\n"),
    ("windows.txt", "", "\r\nafter carriage return\r\n"),
    ("LICENSES", "", "\nafter a byte order mark\n"),
];

/// Files that are secret by their names; what is in them has no form that a rule would know.
const SECRET_FILES: &[&str] = &[
    ".env",
    ".env.local",
    "id_rsa",
    "keys/id_ed25519",
    "server.pem",
    "tls.key",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "credentials.json",
    "config/credentials",
    "kubeconfig",
    "secrets.yaml",
    "infra/prod.tfvars",
    ".aws/credentials",
    ".ssh/config",
];

/// What was planted.
struct Planted {
    /// By file: the text with its secrets.
    files: BTreeMap<String, String>,
    /// What must be found nowhere.
    needles: Vec<Needle>,
}

/// A part of a secret that is nowhere else by chance.
#[derive(Clone, Debug, PartialEq)]
struct Needle {
    /// Where it was planted.
    path: String,
    /// Its drawn characters.
    run: String,
    /// The same with the letters, digits and underscores around it: what becomes a token.
    word: String,
}

impl Needle {
    fn new(path: &str, run: &str, text: &str) -> Needle {
        let (before, after) = text.split_once(run).expect("the run is in its text");
        let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let before = before.rsplit(is_other).next().unwrap_or_default();
        let after = after.split(is_other).next().unwrap_or_default();
        let word = format!("{before}{run}{after}");
        Needle {
            path: path.to_owned(),
            run: run.to_owned(),
            word,
        }
    }
}

/// Expands a form, and gives the longest drawn run with it.
fn expand(form: &str, draw: &mut Draw) -> (String, String) {
    let mut text = String::new();
    let mut longest = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let (class, after) = after.split_once('}').expect("a closing brace");
        let (class, length) = class.split_once(':').expect("a length");
        let alphabet = match class {
            "mixed" => MIXED,
            "upper" => UPPER,
            "base32" => BASE32,
            "hex" => HEX,
            "digit" => DIGITS,
            _ => panic!("no class {class}"),
        };
        let drawn = draw.text(alphabet, length.parse().expect("a length"));
        text.push_str(&before.replace('|', ""));
        text.push_str(&drawn);
        if drawn.len() > longest.len() {
            longest = drawn;
        }
        rest = after;
    }
    text.push_str(&rest.replace('|', ""));
    (text, longest)
}

fn plant() -> Planted {
    let mut draw = Draw::seeded(7);
    let mut planted = Planted {
        files: BTreeMap::new(),
        needles: Vec::new(),
    };
    for (number, form) in FORMS.iter().enumerate() {
        // Each form in two kinds of files.
        for offset in [0, 5] {
            let (path, before, after) = KINDS[(number + offset) % KINDS.len()];
            let (text, run) = expand(form, &mut draw);
            planted.needles.push(Needle::new(path, &run, &text));
            let block: Vec<String> = text.lines().map(|line| format!("{before}{line}")).collect();
            let file = planted.files.entry(path.to_owned()).or_default();
            if path == "LICENSES" && file.is_empty() {
                file.push('\u{feff}');
            }
            file.push_str(&block.join("\n"));
            file.push_str(after);
        }
    }
    for path in SECRET_FILES {
        let run = draw.text(MIXED, 32);
        let text = format!("first line\nsome words {run} more words\n");
        planted.needles.push(Needle::new(path, &run, &text));
        planted.files.insert((*path).to_owned(), text);
    }
    planted
}

/// A place where strings are, and the strings.
type Strings = Vec<(String, String)>;

async fn tables(folder: &Path) -> Vec<Table> {
    let uri = folder.to_str().expect("a path in UTF-8");
    let connection = lancedb::connect(uri).execute().await.expect("a connection");
    let mut tables = Vec::new();
    for name in connection.table_names().execute().await.expect("names") {
        tables.push(
            connection
                .open_table(name)
                .execute()
                .await
                .expect("a table"),
        );
    }
    tables
}

/// Every string in every version of every table.
async fn strings_of_tables(folder: &Path) -> Strings {
    let mut strings = Vec::new();
    for table in tables(folder).await {
        for version in table.list_versions().await.expect("versions") {
            table.checkout(version.version).await.expect("a version");
            let stream = table.query().execute().await.expect("rows");
            for batch in stream.try_collect::<Vec<_>>().await.expect("rows") {
                for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                    let Some(values) = column.as_string_opt::<i32>() else {
                        continue;
                    };
                    let place = format!(
                        "{}.{} version {}",
                        table.name(),
                        field.name(),
                        version.version
                    );
                    strings.extend(
                        values
                            .iter()
                            .flatten()
                            .map(|value| (place.clone(), value.to_owned())),
                    );
                }
            }
        }
    }
    strings
}

/// Every string of the catalog, and the bytes of every file, as text.
fn strings_of_files(index: &Path, data: &Path) -> Strings {
    let state = Catalog::open_read_only(index).expect("the catalog");
    let mut strings = vec![(
        "state.db".to_owned(),
        format!("{:?}", state.files().expect("files")),
    )];
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                strings.push((path.display().to_string(), text));
            }
        }
    }
    strings
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// The needles for which the full-text index has a row with all their tokens.
async fn needles_indexed(folder: &Path, needles: &[Needle]) -> Vec<Needle> {
    let mut found = Vec::new();
    let chunks = tables(folder)
        .await
        .into_iter()
        .find(|table| table.name() == "chunks");
    let chunks = chunks.expect("the table of chunks");
    for needle in needles {
        let query: FtsQuery = MatchQuery::new(needle.word.clone())
            .with_column(Some("terms".to_owned()))
            .with_operator(Operator::And)
            .into();
        let query = chunks
            .query()
            .full_text_search(FullTextSearchQuery::new_query(query))
            .limit(1);
        let stream = query.execute().await.expect("an answer");
        let batches = stream.try_collect::<Vec<_>>().await.expect("rows");
        if batches.iter().any(|batch| batch.num_rows() > 0) {
            found.push(needle.clone());
        }
    }
    found
}

/// The needles that occur in strings, with where; case does not count, as tokens have none.
fn needles_in(strings: &[(String, String)], needles: &[Needle]) -> Vec<String> {
    let needles: Vec<(&str, String)> = needles
        .iter()
        .map(|needle| (needle.path.as_str(), needle.run.to_lowercase()))
        .collect();
    let mut found = Vec::new();
    for (place, text) in strings {
        let text = text.to_lowercase();
        let inside = needles
            .iter()
            .filter(|(_, needle)| text.contains(needle.as_str()));
        found.extend(inside.map(|(path, _)| format!("a secret of {path} in {place}")));
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn no_secret_is_stored_sent_or_shown() {
    let planted = plant();
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    for (path, text) in &planted.files {
        environment.write(path, text);
    }
    let said = environment.run(&["index", "--json"]).expect_success();
    assert_all_are_listed(&said.json(), &planted);
    // More versions: a file changes, and one that was harmless gets a secret.
    let text = &planted.files["src/main.rs"];
    environment.write("late.rs", "pub fn late() {}\n");
    environment.index();
    environment.write("late.rs", format!("pub fn late() {{}}\n{text}"));
    let searched = environment.search_json("after the key of the secret token");
    assert!(
        searched.to_string().contains("[redacted: "),
        "hits show what was taken out: {searched:#}"
    );

    let index = environment.index_folder();
    let mut strings = block_on(strings_of_tables(&index));
    assert!(strings.len() > 100, "strings were read back");
    strings.extend(strings_of_files(&index, &environment.data_folder()));
    strings.push(("what index said".to_owned(), said.words()));
    strings.push(("an answer".to_owned(), searched.to_string()));
    let received = server.received();
    assert!(received.len() > 5, "texts were sent to the model");
    strings.extend(
        received
            .into_iter()
            .map(|text| ("a text for the model".to_owned(), text)),
    );
    assert_eq!(
        needles_in(&strings, &planted.needles),
        Vec::<String>::new(),
        "secrets found"
    );
    let indexed = block_on(needles_indexed(&index, &planted.needles));
    assert!(
        indexed.is_empty(),
        "their tokens are in the full-text index: {indexed:#?}"
    );
}

/// Demands that a report tells of every file that secrets were planted in.
fn assert_all_are_listed(report: &Value, planted: &Planted) {
    let names = |list: &Value, name: fn(&Value) -> &Value| -> BTreeSet<String> {
        let list = list.as_array().expect("a list").iter();
        list.filter_map(|entry| name(entry).as_str())
            .map(str::to_owned)
            .collect()
    };
    let (secret_files, files): (BTreeSet<String>, BTreeSet<String>) = planted
        .files
        .keys()
        .cloned()
        .partition(|path| SECRET_FILES.contains(&path.as_str()));
    assert_eq!(
        names(&report["secret_files"], |path| path),
        secret_files,
        "files never read"
    );
    assert_eq!(
        names(&report["secrets"], |found| &found["path"]),
        files,
        "files redacted"
    );
    let lines = report["secrets"]
        .as_array()
        .map(Vec::len)
        .unwrap_or_default();
    assert!(
        lines >= 2 * FORMS.len(),
        "{lines} places are listed: {report:#}"
    );
    assert!(
        report["secrets"]
            .as_array()
            .into_iter()
            .flatten()
            .all(|found| found["line"].is_u64())
    );
}

#[test]
fn the_scan_would_find_every_secret() {
    let planted = plant();
    assert!(FORMS.len() >= 20, "enough forms");
    let folder = tempfile::tempdir().expect("a folder");
    let rows: Vec<ChunkRow> = planted
        .files
        .iter()
        .map(|(path, text)| unredacted_row(path, text))
        .collect();
    block_on(async {
        let store = Store::open(folder.path(), OpenOptions::new(OpenMode::Write)).await;
        let store = store.expect("the store");
        store.append(&rows).await.expect("rows");
        store.index_text().await.expect("an index");
    });
    let records: Vec<RecordedFile> = rows.iter().map(leaking_record).collect();
    let mut state = Catalog::open(folder.path()).expect("the catalog");
    state.record_files(&records, None).expect("records");
    let strings = block_on(strings_of_tables(folder.path()));
    let state_strings = strings_of_files(folder.path(), folder.path());
    let state_only: Strings = state_strings
        .into_iter()
        .filter(|(place, _)| place.contains("state.db"))
        .collect();
    for needle in &planted.needles {
        let one = std::slice::from_ref(needle);
        assert_ne!(
            needles_in(&strings, one),
            Vec::<String>::new(),
            "{needle:?} in the tables"
        );
        assert_ne!(
            needles_in(&state_only, one),
            Vec::<String>::new(),
            "{needle:?} in state.db"
        );
        let indexed = block_on(needles_indexed(folder.path(), one));
        assert_eq!(
            indexed, one,
            "the tokens of {needle:?} in the full-text index"
        );
    }
}

/// A row as it would be without the detector.
fn unredacted_row(path: &str, text: &str) -> ChunkRow {
    ChunkRow {
        chunk: Chunk {
            path: path.to_owned(),
            language: "text".to_owned(),
            kind: ChunkKind::Text,
            symbol: None,
            scope: Vec::new(),
            definitions: Vec::new(),
            start_line: 1,
            end_line: 1,
            text: text.to_owned(),
        },
        header: path.to_owned(),
        content_key: ContentKey::of(text),
    }
}

/// A catalog that has the text where a reason should be.
fn leaking_record(row: &ChunkRow) -> RecordedFile {
    RecordedFile {
        file: FileRecord {
            path: row.chunk.path.clone(),
            language: "text".to_owned(),
            chunks: 1,
            status: Some(row.chunk.text.clone()),
            ..FileRecord::default()
        },
        keys: vec![row.content_key],
    }
}
