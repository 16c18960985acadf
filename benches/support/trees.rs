//! Clones of repositories: their commits, and the files of a commit in a folder. Nothing is written
//! into a clone, and files that a partial clone lacks are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Error, ensure};

/// Commits that are read: those that are asked about, and their history.
const MOST_COMMITS: &str = "12000";

/// Larger files are not source.
const LARGEST: usize = 1 << 20;

/// What a header of a commit begins with.
const MARK: &str = "the next commit is ";

/// A commit that is no merge.
pub struct Commit {
    pub parent: Option<String>,
    /// What it changed.
    pub files: Vec<String>,
}

/// A clone, bare or not.
pub struct Repository {
    git_dir: PathBuf,
}

impl Repository {
    pub fn open(folder: &Path) -> Result<Repository, Error> {
        let below = folder.join(".git");
        let git_dir = if below.exists() {
            below
        } else {
            folder.to_owned()
        };
        let repository = Repository { git_dir };
        repository
            .git(&["rev-parse", "--verify", "HEAD"])
            .with_context(|| format!("{} is no clone of a repository", folder.display()))?;
        Ok(repository)
    }

    /// The newest first.
    pub fn commits(&self) -> Result<Vec<Commit>, Error> {
        let format = format!("--format={MARK}%P");
        let listed = self.git(&[
            "log",
            "--no-merges",
            "--no-renames",
            "--name-only",
            "-z",
            "-n",
            MOST_COMMITS,
            &format,
        ])?;
        let mut commits: Vec<Commit> = Vec::new();
        for part in listed.split(|byte| *byte == 0) {
            let part = String::from_utf8_lossy(part);
            let part = part.trim_start_matches('\n');
            if let Some(parent) = part.strip_prefix(MARK) {
                let parent = parent.trim();
                commits.push(Commit {
                    parent: (!parent.is_empty()).then(|| parent.to_owned()),
                    files: Vec::new(),
                });
            } else if let Some(commit) = commits.last_mut()
                && !part.is_empty()
            {
                commit.files.push(part.to_owned());
            }
        }
        Ok(commits)
    }

    /// The files of a commit with the ids of their contents; no links and no submodules.
    fn files(&self, commit: &str) -> Result<BTreeMap<String, String>, Error> {
        let listed = self.git(&["ls-tree", "-r", "-z", commit])?;
        let mut files = BTreeMap::new();
        for line in listed.split(|byte| *byte == 0) {
            let line = String::from_utf8_lossy(line);
            let Some((head, path)) = line.split_once('\t') else {
                continue;
            };
            let mut words = head.split(' ');
            let (mode, kind, id) = (words.next(), words.next(), words.next());
            let is_file = kind == Some("blob") && mode != Some("120000");
            if let Some(id) = id.filter(|_| is_file) {
                files.insert(path.to_owned(), id.to_owned());
            }
        }
        Ok(files)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&self.git_dir).args(arguments);
        // Nothing is fetched for a partial clone.
        command.env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
        command
    }

    fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let output = self
            .command(arguments)
            .output()
            .context("git cannot be run")?;
        ensure!(
            output.status.success(),
            "`git {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(output.stdout)
    }
}

/// A folder with the files of a commit.
pub struct WorkTree {
    root: PathBuf,
    /// The contents that are there.
    files: BTreeMap<String, String>,
}

impl WorkTree {
    pub fn new(root: PathBuf) -> Result<WorkTree, Error> {
        fs::create_dir_all(&root)?;
        Ok(WorkTree {
            root,
            files: BTreeMap::new(),
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the files those of a commit; writes only those that differ.
    pub fn check_out(&mut self, repository: &Repository, commit: &str) -> Result<(), Error> {
        let wanted = repository.files(commit)?;
        let gone = self.files.keys().filter(|path| !wanted.contains_key(*path));
        for path in gone {
            // Where a folder took its place, it is gone already.
            let _ = fs::remove_file(self.root.join(path));
        }
        let changed = wanted
            .iter()
            .filter(|(path, id)| self.files.get(*path) != Some(*id));
        let changed: Vec<(&String, &String)> = changed.collect();
        self.write(repository, &changed)?;
        self.files = wanted;
        Ok(())
    }

    fn write(&self, repository: &Repository, files: &[(&String, &String)]) -> Result<(), Error> {
        let mut process = repository
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("git cannot be run")?;
        let mut input = process.stdin.take().context("git has an input")?;
        let mut output = BufReader::new(process.stdout.take().context("git has an output")?);
        let mut made = BTreeSet::new();
        for (path, id) in files {
            writeln!(input, "{id}")?;
            input.flush()?;
            let Some(contents) = contents(&mut output)? else {
                continue;
            };
            let file = self.root.join(path);
            let folder = file.parent().context("a file is in a folder")?.to_owned();
            if made.insert(folder.clone()) {
                fs::create_dir_all(&folder)?;
            }
            if file.is_dir() {
                // A file took the place of a folder, whose files are gone.
                fs::remove_dir_all(&file)?;
            }
            if contents.len() <= LARGEST {
                fs::write(&file, contents)?;
            }
        }
        drop(input);
        process.wait()?;
        Ok(())
    }
}

/// The next contents that `git cat-file --batch` prints; `None` if the clone lacks them.
fn contents(output: &mut impl BufRead) -> Result<Option<Vec<u8>>, Error> {
    let mut head = String::new();
    output.read_line(&mut head)?;
    let words: Vec<&str> = head.split_whitespace().collect();
    let [_, _, size] = words.as_slice() else {
        return Ok(None);
    };
    let mut contents = vec![0; size.parse::<usize>()? + 1];
    output.read_exact(&mut contents)?;
    contents.pop();
    Ok(Some(contents))
}
