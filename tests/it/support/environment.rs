//! One hermetic environment: its own home, settings, data and workspace, and nothing of ours.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::embedder::{MODEL, ModelServer};

/// A command that takes longer hangs, and is killed.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// A home, a data folder and a workspace, deleted at the end.
pub struct Environment {
    folder: TempDir,
    data: String,
    variables: Vec<(String, String)>,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its data.
    pub stdout: String,
    /// The rest.
    pub stderr: String,
}

impl Output {
    /// Demands an exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Output {
        assert_eq!(self.code, Some(code), "the exit code of {self:#?}");
        self
    }

    /// Demands success.
    #[track_caller]
    pub fn expect_success(self) -> Output {
        self.expect_code(0)
    }

    /// Everything that was said, in lower case.
    pub fn words(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr).to_lowercase()
    }

    /// Demands that something was said, in whatever case.
    #[track_caller]
    pub fn expect_words(self, expected: &[&str]) -> Output {
        let words = self.words();
        for expected in expected {
            let expected = expected.to_lowercase();
            assert!(
                words.contains(&expected),
                "`{expected}` is not in {self:#?}"
            );
        }
        self
    }

    /// Reads the one object that was printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            self.stdout.lines().count(),
            1,
            "one line is wanted: {self:#?}"
        );
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Reads an object a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let read = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
        };
        self.stdout.lines().map(read).collect()
    }
}

/// A command that goes on while the test does something else; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Option<Reader>,
    stderr: Option<Reader>,
}

/// Reads what a command says.
struct Reader {
    said: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Starts a command; without input its stdin is empty.
    pub fn start(mut command: Command, input: Option<&[u8]>) -> Running {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = command.spawn().expect("ollacode starts");
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            let input = input.to_owned();
            // It may end without having read everything.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let stdout = child.stdout.take().map(Reader::start);
        let stderr = child.stderr.take().map(Reader::start);
        Running {
            child,
            stdout,
            stderr,
        }
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said on stderr until now.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.as_ref().map(Reader::text).unwrap_or_default()
    }

    /// Whether it goes on.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child's state").is_none()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends Ctrl-C.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends a signal by its name, if the command still runs.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -\"$1\" \"$0\" 2>/dev/null", &pid, name]);
        kill.status().expect("sh starts");
    }

    /// Waits for its end, but not for ever.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        let status = self.wait();
        let stdout = self.stdout.take().map(Reader::finish);
        let stderr = self.stderr.take().map(Reader::finish);
        let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
        let Some(status) = status else {
            panic!("it still ran after {LONGEST_RUN:?}\n{stdout}\n{stderr}");
        };
        Output {
            code: status.code(),
            stdout,
            stderr,
        }
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let deadline = Instant::now() + LONGEST_RUN;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child's state") {
                return Some(status);
            }
            if Instant::now() > deadline {
                self.kill();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Reader {
    fn start(mut from: impl Read + Send + 'static) -> Reader {
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        let thread = std::thread::spawn(move || {
            let mut piece = [0; 8_192];
            loop {
                let length = match from.read(&mut piece) {
                    Ok(length @ 1..) => length,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => break,
                };
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend_from_slice(&piece[..length]);
            }
        });
        Reader { said, thread }
    }

    fn text(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits for the end.
    fn finish(self) -> String {
        let Reader { said, thread } = self;
        thread.join().expect("a reader");
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).into_owned()
    }
}

impl Environment {
    /// Makes an environment with an empty workspace and no embedding model.
    pub fn new() -> Environment {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["home", "config", "data", "workspace"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Environment {
            folder,
            data: "data".to_owned(),
            variables: Vec::new(),
        }
        .with("OLLAMA_EMBED_MODEL", "none")
    }

    /// Makes an environment whose embedding model is on a server.
    pub fn on(server: &ModelServer) -> Environment {
        Environment::new()
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_EMBED_MODEL", MODEL)
    }

    /// Sets an environment variable for the commands, in place of the value that it had.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Environment {
        self.set(name, value);
        self
    }

    /// Has an environment variable not set at all, which is not the same as empty.
    #[must_use]
    pub fn without(mut self, name: &str) -> Environment {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// Sets an environment variable for the commands to come.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Sets the embedding model, and gives the name of the one before.
    pub fn replace_model(&mut self, model: &str) -> String {
        let known = self
            .variables
            .iter()
            .find(|(name, _)| name == "OLLAMA_EMBED_MODEL");
        let before = known.map_or_else(|| "none".to_owned(), |(_, value)| value.clone());
        self.set("OLLAMA_EMBED_MODEL", model);
        before
    }

    /// Goes on with another data folder, as on a machine that has no index yet.
    pub fn use_data_folder(&mut self, name: &str) {
        fs::create_dir_all(self.folder.path().join(name)).expect("a folder");
        name.clone_into(&mut self.data);
    }

    /// The folder around everything, without links in its path.
    pub fn outside(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("the temporary folder")
    }

    /// The workspace.
    pub fn workspace(&self) -> PathBuf {
        self.outside().join("workspace")
    }

    /// Where indexes and the cache of vectors are.
    pub fn data_folder(&self) -> PathBuf {
        self.outside().join(&self.data)
    }

    /// The folder of the only index.
    #[track_caller]
    pub fn index_folder(&self) -> PathBuf {
        let mut found = self.index_folders();
        assert_eq!(
            found.len(),
            1,
            "one index is wanted in {}",
            self.data_folder().display()
        );
        found.remove(0)
    }

    /// The folders of all indexes, those set aside not counted.
    pub fn index_folders(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find_indexes(&self.data_folder(), &mut found);
        found.sort();
        found
    }

    /// Writes a file of the workspace, with its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Reads a file of the workspace.
    pub fn read(&self, path: &str) -> String {
        let bytes = fs::read(self.workspace().join(path)).expect("a file");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Deletes a file of the workspace.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.workspace().join(path)).expect("a file to delete");
    }

    /// Renames a file of the workspace.
    pub fn rename(&self, from: &str, to: &str) {
        let to = self.workspace().join(to);
        fs::create_dir_all(to.parent().expect("a parent")).expect("folders");
        fs::rename(self.workspace().join(from), to).expect("a file to rename");
    }

    /// Runs git in the workspace, as a user of tests.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let settings = [
            "user.name=Test",
            "user.email=test@localhost",
            "commit.gpgsign=false",
            "gc.auto=0",
        ];
        let settings = settings.into_iter().flat_map(|setting| ["-c", setting]);
        let arguments: Vec<&str> = settings.chain(arguments.iter().copied()).collect();
        self.git_says(&arguments);
    }

    /// What git says in the workspace, with the settings of the home folder.
    #[track_caller]
    pub fn git_says(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.outside().join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(self.workspace())
            .args(arguments);
        let output = command.output().expect("git starts");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The command with the arguments, in the workspace.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.workspace(), arguments)
    }

    fn command_in<A: AsRef<OsStr>>(&self, folder: &Path, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ollacode"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.outside().join("home"))
            .env("XDG_CONFIG_HOME", self.outside().join("config"))
            .env("XDG_DATA_HOME", self.data_folder())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(folder)
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).finish()
    }

    /// Runs a command in another folder.
    #[must_use]
    pub fn run_in(&self, folder: &Path, arguments: &[&str]) -> Output {
        Running::start(self.command_in(folder, arguments), None).finish()
    }

    /// Runs a command that reads something.
    #[must_use]
    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        Running::start(self.command(arguments), Some(input)).finish()
    }

    /// Starts a command and does not wait for it.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments), None)
    }

    /// Indexes the workspace, which must succeed.
    #[track_caller]
    pub fn index(&self) -> Output {
        self.run(&["index"]).expect_success()
    }

    /// Searches, and reads the answer.
    #[track_caller]
    pub fn search_json(&self, query: &str) -> Value {
        self.search_json_with(query, &[])
    }

    /// Searches with more arguments, and reads the answer.
    #[track_caller]
    pub fn search_json_with(&self, query: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["search", query, "--json"];
        arguments.extend(more);
        let answer = self.run(&arguments).expect_success().json();
        assert_eq!(answer["query"], query, "the query of {answer:#}");
        answer
    }

    /// The paths of an answer's hits, each once, best first.
    #[track_caller]
    pub fn paths_found(&self, query: &str) -> Vec<String> {
        paths_of(&self.search_json(query))
    }

    /// The same without a look at changed files.
    #[track_caller]
    pub fn stale_paths_found(&self, query: &str) -> Vec<String> {
        paths_of(&self.search_json_with(query, &["--no-refresh"]))
    }
}

/// The hits of an answer.
#[track_caller]
pub fn hits_of(answer: &Value) -> &[Value] {
    answer["hits"]
        .as_array()
        .unwrap_or_else(|| panic!("there are no hits in {answer:#}"))
}

/// The paths of an answer's hits, each once, best first.
#[track_caller]
pub fn paths_of(answer: &Value) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for hit in hits_of(answer) {
        let path = hit["path"].as_str().expect("a path");
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

fn find_indexes(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("state.db").exists() {
        found.push(folder.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_indexes(&entry.path(), found);
        }
    }
}
