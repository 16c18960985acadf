//! Rules of the repository, as tests: who may do what, how large a file may be, one feature set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines beyond which a file wants splitting.
const LONGEST_FILE: usize = 500;

/// Lines beyond which a function wants splitting.
const LONGEST_FUNCTION: usize = 70;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below some folders, from the root, without test modules.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut pending: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root");
                let name = name.to_str().expect("a plain name").replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources below {folders:?}");
    found
}

/// Lines of code, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("//"))
}

/// Files that use one of some words.
pub fn users(folders: &[&str], words: &[&str]) -> BTreeSet<String> {
    sources(folders)
        .into_iter()
        .filter(|(_, text)| code(text).any(|line| words.iter().any(|word| line.contains(word))))
        .map(|(name, _)| name)
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const ALL: &[&str] = &["src", "indexer/src", "secrets/src", "store/src"];

/// Each top-level module of the program, without its tests, and those that it uses.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources(&["src"]) {
        if name.contains("/tests") {
            continue;
        }
        let inside = name.trim_start_matches("src/").trim_end_matches(".rs");
        let module = inside.split('/').next().unwrap_or(inside).to_owned();
        let program = text.split("#[cfg(test)]\nmod tests {").next();
        let lines: Vec<&str> = code(program.unwrap_or_default()).collect();
        let lines = lines.join("\n");
        let used = lines.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|sign: char| sign != '_' && !sign.is_ascii_alphanumeric());
            rest[..end.unwrap_or(rest.len())].to_owned()
        });
        let is_module = |used: &String| {
            let file = root().join(format!("src/{used}.rs"));
            *used != module && (root().join("src").join(used).is_dir() || file.exists())
        };
        let used: BTreeSet<String> = used.filter(is_module).collect();
        imports.entry(module.clone()).or_default().extend(used);
    }
    imports
}

/// Modules are floors: each uses those below, and none of those above.
#[test]
fn the_modules_of_the_program_make_no_circle() {
    let mut imports = imports();
    assert!(imports["frontends"].contains("conversation"));
    loop {
        let free: Vec<String> = imports
            .iter()
            .filter(|(_, uses)| uses.is_empty())
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        imports.retain(|name, _| !free.contains(name));
        for uses in imports.values_mut() {
            uses.retain(|name| !free.contains(name));
        }
    }
    assert_eq!(imports, BTreeMap::new(), "these use each other in a circle");
}

/// What a conversation is stands in one place: front ends show it.
#[test]
fn front_ends_hold_no_session_and_run_no_turn() {
    for (name, text) in sources(&["src/frontends"]) {
        for line in code(&text) {
            for word in [
                "Session::create",
                "Session::resume",
                "engine.ask(",
                "impl Approver",
            ] {
                assert!(!line.contains(word), "{name}: {line}");
            }
        }
    }
}

#[test]
fn only_the_settings_read_the_environment() {
    let words = ["env::var", "env::vars", "env::current_dir", "env::home_dir"];
    let mut users = users(ALL, &words);
    // A test is told how long it may take.
    users.remove("src/jail/tests/race.rs");
    assert_eq!(users, set(&["src/config.rs"]));
}

#[test]
fn only_the_command_line_prints() {
    let mut users = users(ALL, &["println!", "print!(", "stdout()", "stderr()"]);
    // Samples of sources in tests of the engine print, but not here.
    users.retain(|name| !name.starts_with("src/engine/tests/"));
    // The connection with an editor, and nothing else.
    users.remove("src/frontends/acp/lines.rs");
    for name in users {
        assert!(name.starts_with("src/frontends/cli/"), "{name} prints");
    }
}

#[test]
fn only_the_sandbox_starts_processes() {
    let words = ["process::Command", "Command::new"];
    let mut users = users(ALL, &words);
    // A command that is offered to an editor.
    users.remove("src/frontends/acp/commands.rs");
    for name in users {
        assert!(name.starts_with("src/sandbox/"), "{name} starts processes");
    }
}

#[test]
fn the_engine_and_its_tools_know_no_front_end_and_no_ollama() {
    let folders = [
        "src/engine",
        "src/tools",
        "src/permission",
        "src/session",
        "src/jail",
        "src/sandbox",
        "src/edit",
    ];
    let words = ["frontends::", "model::ollama", "model::openai", "reqwest"];
    assert_eq!(users(&folders, &words), set(&[]));
}

#[test]
fn front_ends_do_not_import_each_other() {
    let others: &[(&str, &[&str])] = &[
        (
            "src/frontends/cli",
            &["frontends::telegram", "super::telegram::run"],
        ),
        ("src/frontends/cli", &["frontends::web", "super::web::run"]),
        ("src/frontends/telegram", &["frontends::cli", "super::cli"]),
        ("src/frontends/telegram", &["frontends::web", "super::web"]),
        ("src/frontends/web", &["frontends::cli", "super::cli"]),
        (
            "src/frontends/mcp",
            &[
                "frontends::acp",
                "frontends::cli",
                "frontends::telegram",
                "frontends::web",
            ],
        ),
        (
            "src/frontends/http",
            &["frontends::cli", "frontends::mcp", "frontends::web"],
        ),
        (
            "src/frontends/web",
            &["frontends::telegram", "super::telegram"],
        ),
        ("src/frontends/cli", &["frontends::acp", "super::acp::run"]),
        (
            "src/frontends/acp",
            &[
                "frontends::cli",
                "frontends::mcp",
                "frontends::telegram",
                "frontends::web",
            ],
        ),
    ];
    for (here, others) in others.iter().copied() {
        assert_eq!(users(&[here], others), set(&[]), "{here}");
    }
}

#[test]
fn only_the_store_knows_its_databases() {
    let words = ["lancedb::", "lance::", "rusqlite::", "arrow_array::"];
    assert_eq!(
        users(&["src", "indexer/src", "secrets/src"], &words),
        set(&[])
    );
}

#[test]
fn permissions_are_decided_without_the_index() {
    let words = ["ollacode_indexer", "ollacode_store"];
    assert_eq!(users(&["src/permission", "secrets/src"], &words), set(&[]));
}

#[test]
fn the_catalog_is_read_and_written_on_threads_that_may_block() {
    for (name, text) in sources(&["indexer/src"]) {
        if name.ends_with("tests.rs") {
            continue;
        }
        let lines: Vec<&str> = code(&text).collect();
        for (number, line) in lines.iter().enumerate() {
            // A shared one opens itself on such a thread.
            let line = line.replace("SharedCatalog", "");
            if line.contains("Catalog::open") {
                let before = &lines[number.saturating_sub(2)..=number];
                let may_block = before.iter().any(|line| line.contains("blocking(move ||"));
                assert!(may_block, "{name} opens the catalog here: {line}");
            }
            // Outside of such a thread, the catalog is a `SharedCatalog`.
            let is_handed_on = line.contains("mut Catalog") && !line.contains("FnOnce");
            assert!(!is_handed_on, "{name} hands on the catalog: {line}");
        }
    }
}

#[test]
fn the_indexer_knows_no_http_and_no_ollama() {
    let words = ["reqwest", "http://", "ollama"];
    let mut users = users(&["indexer/src", "store/src"], &words);
    // The name of the product is no knowledge of Ollama.
    users.retain(|name| {
        let text = fs::read_to_string(root().join(name)).expect("a source");
        let text = text.replace("ollacode", "");
        code(&text).any(|line| words.iter().any(|word| line.contains(word)))
    });
    assert_eq!(users, set(&[]));
}

#[test]
fn files_stay_readable() {
    let all = [
        ALL,
        &[
            "tests",
            "indexer/benches",
            "indexer/tests",
            "store/tests",
            "benches",
        ],
    ]
    .concat();
    for (name, text) in sources(&all) {
        let lines = text.lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{name} has {lines} lines: it wants splitting"
        );
    }
}

/// What ends the raw string that is open at the end of a line, if one is.
fn open_raw_string(line: &str, mut open: Option<String>) -> Option<String> {
    let mut rest = line;
    loop {
        if let Some(end) = open {
            let Some((_, after)) = rest.split_once(end.as_str()) else {
                return Some(end);
            };
            rest = after;
        }
        let (_, after) = rest.split_once("r#")?;
        rest = after.trim_start_matches('#');
        let hashes = 1 + after.len() - rest.len();
        open = rest
            .starts_with('"')
            .then(|| format!("\"{}", "#".repeat(hashes)));
        rest = rest.strip_prefix('"').unwrap_or(rest);
    }
}

/// The name of the function that begins with a line of code, if one does.
fn function_name(code: &str) -> Option<&str> {
    let (qualifiers, rest) = code.split_once("fn ")?;
    let is_qualifier = |word: &str| {
        let is_keyword = ["pub", "const", "async", "unsafe", "extern", "\"C\""].contains(&word);
        is_keyword || word.starts_with("pub(") || word.ends_with(')')
    };
    if !qualifiers.split_whitespace().all(is_qualifier) {
        return None;
    }
    rest.split(['(', '<']).next()
}

/// The functions of a source as rustfmt leaves it: the name, the first line and the number of
/// lines of each that has a body and more than one line.
fn functions(text: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    // The functions that have begun, with their indentation: one within another has more.
    let mut begun: Vec<(usize, &str, usize)> = Vec::new();
    let mut open_string = None;
    for (number, line) in (1..).zip(text.lines()) {
        let is_code = open_string.is_none();
        open_string = open_raw_string(line, open_string);
        if !is_code {
            continue;
        }
        let code = line.trim_start();
        let indentation = line.len() - code.len();
        if let Some(name) = function_name(code) {
            begun.retain(|(other, _, _)| *other < indentation);
            if !code.ends_with(['}', ';']) {
                begun.push((indentation, name, number));
            }
        } else if code == "}" {
            begun.retain(|(other, _, _)| *other <= indentation);
            if let Some((_, name, first)) = begun.pop_if(|(other, _, _)| *other == indentation) {
                found.push((name, first, number + 1 - first));
            }
        } else if code.starts_with(')') && code.ends_with(';') {
            // A method of a trait, without a body.
            begun.retain(|(other, _, _)| *other != indentation);
        }
    }
    found
}

#[test]
fn functions_are_measured() {
    let text = "impl A {\n    pub(crate) async fn one(\n        &self,\n    ) -> u8 {\n        1\n    \
                }\n}\n\ntrait B {\n    fn two(&self) -> u8;\n    fn three(\n        &self,\n    \
                );\n}\n\nfn four() {}\n\nfn five() {\n    r##\"\n}\n\"#\n\"##;\n}\n";
    assert_eq!(functions(text), [("one", 2, 5), ("five", 18, 6)]);
}

#[test]
fn functions_stay_readable() {
    let mut long = Vec::new();
    for (file, text) in sources(ALL) {
        for (name, first, lines) in functions(&text) {
            if lines > LONGEST_FUNCTION {
                long.push(format!("{file}:{first}: `{name}` has {lines} lines"));
            }
        }
    }
    assert!(
        long.is_empty(),
        "at most {LONGEST_FUNCTION} lines a function; these want splitting:\n{}",
        long.join("\n")
    );
}

/// The features of every crate that `cargo tree` shows for some edges: more than one set where it
/// is compiled for build scripts, too.
fn features(edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--workspace",
            "--prefix",
            "none",
            "--edges",
            edges,
        ])
        .args(["--format", "{p} {f}"])
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("plain text");
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim_end_matches(" (*)");
        let mut words = line.splitn(3, ' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let features = words.next().unwrap_or_default().to_owned();
        let sets = found.entry(format!("{name} {version}")).or_default();
        sets.insert(features);
    }
    found
}

#[test]
fn tests_and_program_share_one_compiled_lancedb() {
    let program = features("normal,build");
    let tests = features("normal,build,dev");
    for (name, features) in program {
        // Features that only tests turn on would compile everything above the crate twice.
        assert_eq!(
            tests.get(&name),
            Some(&features),
            "features of {name} in tests"
        );
    }
}

/// The files in the package of a crate.
fn packaged(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "package",
            "--list",
            "--offline",
            "--allow-dirty",
            "-p",
            name,
        ])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("plain text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn packages_have_what_they_need() {
    let indexer = packaged("ollacode-indexer");
    for entry in fs::read_dir(root().join("indexer/queries")).expect("the queries") {
        let name = entry.expect("an entry").file_name();
        let name = format!("queries/{}", name.to_str().expect("a plain name"));
        assert!(indexer.contains(&name), "the package lacks {name}");
    }
    for name in [
        "ollacode-secrets",
        "ollacode-store",
        "ollacode-indexer",
        "ollacode",
    ] {
        assert!(packaged(name).contains("LICENSE"), "{name} lacks LICENSE");
    }
}

/// Runs the script that finds `protoc`, with a PATH of our own.
#[cfg(unix)]
fn protoc(path: &str) -> String {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let cargo_home = std::env::var_os("CARGO_HOME");
    let mut command = Command::new("/bin/sh");
    command.arg(root().join(".cargo/protoc")).arg("--version");
    command.env_clear().env("HOME", home).env("PATH", path);
    if let Some(cargo_home) = cargo_home {
        command.env("CARGO_HOME", cargo_home);
    }
    let output = command.output().expect("a shell");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("plain text")
}

#[cfg(unix)]
#[test]
fn protoc_is_found_without_one_installed_and_an_installed_one_wins() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let tools = tempfile::tempdir().expect("a folder");
    let uname = ["/bin/uname", "/usr/bin/uname"]
        .into_iter()
        .find(|path| Path::new(path).exists());
    symlink(uname.expect("uname"), tools.path().join("uname")).expect("a link");
    let path = tools.path().to_str().expect("a plain path");
    let found = protoc(path);
    assert!(found.starts_with("libprotoc "), "{found}");
    let installed = tools.path().join("protoc");
    fs::write(&installed, "#!/bin/sh\necho installed\n").expect("a script");
    fs::set_permissions(&installed, fs::Permissions::from_mode(0o755)).expect("rights");
    assert_eq!(protoc(path), "installed\n");
}
