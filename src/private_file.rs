//! Small files of JSON in the data folder that processes change at the same time: for their owner alone,
//! replaced as a whole, and never written over when they are damaged.

mod owner;

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::session::create_private_folder;

pub(crate) use owner::{WrittenByOthers, written_by_others};

/// How long a change waits for that of another process, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// A file, which may not exist yet. Locks and new versions of it are beside it, under its name with other
/// endings. Clones are of the same file.
#[derive(Clone, Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    form: FileForm,
}

/// What is the same for all files of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileForm {
    /// What `version` in the file is at the most; a greater one is of a later version of this program.
    pub version: u32,
    /// Largest file, in bytes.
    pub most_bytes: u64,
    /// What follows if the file cannot be used: "nothing is trusted".
    pub consequence: &'static str,
    /// What to do if it is damaged.
    pub remedy: &'static str,
}

/// What every version of every file has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl PrivateFile {
    pub fn new(path: PathBuf, form: FileForm) -> PrivateFile {
        PrivateFile { path, form }
    }

    #[cfg(test)]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn folder(&self) -> &Path {
        let folder = self.path.parent();
        folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    /// What is in the file; the default if there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is damaged or could be written by others: in words for people, with what to
    /// do.
    pub fn read<Content: DeserializeOwned + Default>(&self) -> io::Result<Content> {
        let FileForm {
            version,
            most_bytes,
            consequence,
            remedy,
        } = self.form;
        let path = self.path.display();
        let damaged = |why: &str| {
            io::Error::other(format!(
                "{path} is damaged ({why}), so {consequence}: {remedy}"
            ))
        };
        // Opening a FIFO would wait for ever.
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Content::default());
            }
            Err(error) => return Err(self.failed("read", &error)),
            Ok(metadata) if !metadata.is_file() => return Err(damaged("it is not a file")),
            Ok(_) => {}
        }
        if let Some(why) = written_by_others(&self.path) {
            let words = format!("{path} is not used, so {consequence}: {why}");
            return Err(io::Error::other(words));
        }
        let mut bytes = Vec::new();
        File::open(&self.path)
            .and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes))
            .map_err(|error| self.failed("read", &error))?;
        if bytes.len() as u64 > most_bytes {
            return Err(damaged(&format!("it is larger than {most_bytes} bytes")));
        }
        let json = |error: serde_json::Error| damaged(&error.to_string());
        let form: Versioned = serde_json::from_slice(&bytes).map_err(json)?;
        if form.version > version {
            return Err(io::Error::other(format!(
                "{path} is of a later version of ollacode, so {consequence}: use that version"
            )));
        }
        serde_json::from_slice(&bytes).map_err(json)
    }

    /// Changes the file while no other process does. If `change` gives nothing, nothing is written.
    ///
    /// # Errors
    ///
    /// As for [`PrivateFile::read`], and if the file cannot be written; it then stays as it is.
    pub fn change<Content, Changed>(
        &self,
        change: impl FnOnce(&mut Content) -> Option<Changed>,
    ) -> io::Result<Option<Changed>>
    where
        Content: DeserializeOwned + Default + Serialize,
    {
        create_private_folder(self.folder())
            .map_err(|error| self.failed("create the folder of", &error))?;
        let _lock = self.lock()?;
        let mut content = self.read()?;
        let changed = change(&mut content);
        if changed.is_some() {
            self.write(&content)
                .map_err(|error| self.failed("write", &error))?;
        }
        Ok(changed)
    }

    /// The right to change the file, until it is dropped or the process ends.
    fn lock(&self) -> io::Result<File> {
        let file = private()
            .create(true)
            .truncate(false)
            .open(self.path.with_extension("lock"))
            .map_err(|error| self.failed("lock", &error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => {
                    let busy = io::Error::other("another process is changing it; try again");
                    return Err(self.failed("change", &busy));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed("lock", &error)),
            }
        }
    }

    /// Replaces the file, while this process has the lock.
    fn write(&self, content: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(content)?;
        let most = self.form.most_bytes;
        if bytes.len() as u64 > most {
            // It could not be read again.
            let why = format!("it would be larger than {most} bytes");
            return Err(io::Error::other(why));
        }
        self.remove_left_behind();
        let random = RandomState::new().build_hasher().finish();
        let beside = self.path.with_extension(format!("new-{random:016x}"));
        let written = private()
            .create_new(true)
            .open(&beside)
            .and_then(|mut file| {
                file.write_all(&bytes)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // The error to report is the one above.
            let _ = fs::remove_file(&beside);
        }
        written?;
        if cfg!(unix) {
            File::open(self.folder())?.sync_all()?;
        }
        Ok(())
    }

    /// Removes new versions of processes that were killed before they were in place.
    fn remove_left_behind(&self) {
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let beginning = format!("{stem}.new-");
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&beginning) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> io::Error {
        let text = format!("cannot {what} {}: {error}", self.path.display());
        io::Error::new(error.kind(), text)
    }
}

/// Opens a file for writing that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: FileForm = FileForm {
        version: 1,
        most_bytes: 1_000,
        consequence: "nothing is known",
        remedy: "delete it",
    };

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        version: u32,
        numbers: Vec<u32>,
    }

    fn file() -> (tempfile::TempDir, PrivateFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/numbers.json");
        (folder, PrivateFile::new(path, FORM))
    }

    /// Adds a number; none twice.
    fn add(file: &PrivateFile, number: u32) -> io::Result<Option<()>> {
        file.change(|known: &mut Numbers| {
            let is_new = !known.numbers.contains(&number);
            is_new.then(|| known.numbers.push(number))
        })
    }

    fn numbers(file: &PrivateFile) -> io::Result<Vec<u32>> {
        Ok(file.read::<Numbers>()?.numbers)
    }

    /// The names in the folder of the file.
    fn beside(file: &PrivateFile) -> Vec<String> {
        let entries = fs::read_dir(file.folder()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn changes_of_several_are_all_kept_and_nothing_is_left_behind() {
        let (_folder, file) = file();
        assert_eq!(numbers(&file).expect("no file"), [0_u32; 0]);
        thread::scope(|scope| {
            for from in [0, 10, 20, 30] {
                // As another process would: by the name of the file.
                let file = PrivateFile::new(file.path().to_owned(), FORM);
                scope.spawn(move || {
                    for number in from..from + 5 {
                        add(&file, number).expect("written");
                    }
                });
            }
        });
        let mut known = numbers(&file).expect("a file");
        known.sort_unstable();
        let expected = [0, 10, 20, 30].map(|from| from..from + 5);
        assert_eq!(known, expected.into_iter().flatten().collect::<Vec<u32>>());
        let killed = file.path().with_extension("new-0123");
        fs::write(killed, "half").expect("written");
        let before = fs::read(file.path()).expect("a file");
        assert_eq!(add(&file, 4).expect("nothing to do"), None);
        assert_eq!(fs::read(file.path()).expect("a file"), before);
        add(&file, 99).expect("written");
        assert_eq!(beside(&file), ["numbers.json", "numbers.lock"]);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_stays() {
        let (_folder, file) = file();
        add(&file, 1).expect("written");
        let long = format!("{{\"version\": 1, \"numbers\": [{}1]}}", "1, ".repeat(400));
        for (text, why) in [
            ("{", "is damaged (EOF"),
            ("", "is damaged (EOF"),
            ("[]", "is damaged (invalid"),
            (r#"{"version": 1}"#, "is damaged (missing field"),
            (&long, "is damaged (it is larger than 1000 bytes)"),
            (r#"{"version": 2}"#, "is of a later version of ollacode"),
        ] {
            fs::write(file.path(), text).expect("written");
            let problem = numbers(&file).expect_err(text).to_string();
            assert!(
                problem.contains(why) && problem.contains(", so nothing is known: "),
                "{problem}"
            );
            assert_eq!(add(&file, 2).expect_err(text).to_string(), problem);
            assert_eq!(fs::read_to_string(file.path()).expect("a file"), text);
        }
        fs::remove_file(file.path()).expect("removed");
        fs::create_dir(file.path()).expect("a folder");
        let problem = numbers(&file).expect_err("a folder").to_string();
        assert!(problem.contains("is not a file"), "{problem}");
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let (_folder, file) = file();
        add(&file, 1).expect("written");
        let error = file.change(|known: &mut Numbers| {
            known.numbers.resize(1_000, 7);
            Some(())
        });
        let error = error.expect_err("it is too large").to_string();
        assert!(error.contains("larger than 1000 bytes"), "{error}");
        assert_eq!(numbers(&file).expect("a file"), [1]);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, file) = file();
        add(&file, 1).expect("written");
        let mode = |path: &Path| {
            let metadata = fs::metadata(path).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(file.folder()), 0o700);
        for name in beside(&file) {
            assert_eq!(mode(&file.folder().join(&name)), 0o600, "{name}");
        }
        // What others could have written is nobody's word.
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).expect("rights");
        let problem = numbers(&file).expect_err("rights").to_string();
        assert!(
            problem.contains("other users can write to it") && problem.contains("chmod go-w"),
            "{problem}"
        );
    }
}
