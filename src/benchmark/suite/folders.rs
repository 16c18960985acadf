//! The folders of a run: the project of the model, and its copy for the hidden tests.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::task::TaskFile;
use crate::benchmark::process_folder::ProcessFolder;
use crate::session::create_private_folder;

/// How names of the folders begin; the id of the process follows.
const PREFIX: &str = "suite-";
/// Folders of build output, dependencies and histories: the tests make their own.
const NOT_COPIED: [&str; 4] = [".git", "__pycache__", "node_modules", "target"];
/// Most files of a copy,
const MOST_FILES: usize = 2_000;
/// and most bytes.
const MOST_BYTES: u64 = 32 << 20;

/// The folders; they are deleted with this value.
#[derive(Debug)]
pub struct RunFolders {
    folder: ProcessFolder,
}

impl RunFolders {
    /// Makes them in a folder, and removes those of processes that have ended.
    pub fn create(above: &Path) -> io::Result<RunFolders> {
        let folder = ProcessFolder::create(above, PREFIX)?;
        let folders = RunFolders { folder };
        for path in [folders.project(), folders.tested(), folders.data()] {
            create_private_folder(&path)?;
        }
        Ok(folders)
    }

    /// Where the model works.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Where the hidden tests run: nothing of it is in the project.
    pub fn tested(&self) -> PathBuf {
        self.folder.path().join("tested")
    }

    /// What is kept of sessions, indexes and commands while the run lasts.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// Removes everything in a folder, but not the folder itself: a waiting command may be in it.
pub fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes files below a folder.
pub fn lay_out(folder: &Path, files: &[TaskFile]) -> io::Result<()> {
    for file in files {
        let path = folder.join(file.path);
        if let Some(above) = path.parent() {
            create_private_folder(above)?;
        }
        fs::write(path, file.text)?;
    }
    Ok(())
}

/// Copies what a model has left into an empty folder: regular files only, and no link is followed.
///
/// # Errors
///
/// Also if it is too much: a sentence about the project.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut files, mut bytes) = (0, 0);
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        create_private_folder(&to.join(&folder))?;
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let name = entry.file_name();
                if !NOT_COPIED.iter().any(|other| name == *other) {
                    folders.push(path);
                }
            } else if kind.is_file() {
                files += 1;
                bytes += entry.metadata()?.len();
                if files > MOST_FILES || bytes > MOST_BYTES {
                    let text = "the project has become too large to be tested";
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
                }
                fs::copy(entry.path(), to.join(path))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &'static str, text: &'static str) -> TaskFile {
        TaskFile { path, text }
    }

    #[test]
    fn a_project_is_laid_out_copied_and_emptied() {
        let above = tempfile::tempdir().expect("a folder");
        let [from, to] = ["from", "to"].map(|name| above.path().join(name));
        fs::create_dir(&to).expect("a folder");
        let files = [
            file("src/a/b.rs", "b"),
            file("c.txt", "c"),
            file("target/d", "d"),
            file("src/__pycache__/e", "e"),
        ];
        lay_out(&from, &files).expect("files");
        std::os::unix::fs::symlink("/etc/passwd", from.join("link")).expect("a link");
        std::os::unix::fs::symlink(&above, from.join("src/out")).expect("a link");
        copy(&from, &to).expect("a copy");
        for (path, is_copied) in [
            ("src/a/b.rs", true),
            ("c.txt", true),
            ("target", false),
            ("src/__pycache__", false),
            ("link", false),
            ("src/out", false),
        ] {
            assert_eq!(to.join(path).exists(), is_copied, "{path}");
        }
        empty(&to).expect("it is emptied");
        assert!(to.is_dir());
        assert_eq!(fs::read_dir(&to).expect("a folder").count(), 0);
        empty(&from).expect("it is emptied");
        assert!(Path::new("/etc/passwd").exists() && above.path().exists());
    }

    #[test]
    fn a_project_that_has_become_too_large_is_not_copied() {
        let above = tempfile::tempdir().expect("a folder");
        let [from, to] = ["from", "to"].map(|name| above.path().join(name));
        for path in [&from, &to] {
            fs::create_dir(path).expect("a folder");
        }
        let large = fs::File::create(from.join("large")).expect("a file");
        large.set_len(MOST_BYTES + 1).expect("a size");
        let error = copy(&from, &to).expect_err("it is too large");
        assert!(error.to_string().contains("too large"), "{error}");
    }
}
