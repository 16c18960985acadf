//! A folder of this process, for what a benchmark writes; those of processes that are gone are removed.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::session::create_private_folder;

/// The folder; it is deleted with this value.
#[derive(Debug)]
pub struct ProcessFolder {
    path: PathBuf,
}

impl ProcessFolder {
    /// Makes it in a folder: its name is a prefix, which ends with a hyphen, and the id of the process.
    pub fn create(above: &Path, prefix: &str) -> io::Result<ProcessFolder> {
        create_private_folder(above)?;
        remove_left_behind(above, prefix);
        let path = above.join(format!("{prefix}{}", std::process::id()));
        create_private_folder(&path)?;
        Ok(ProcessFolder { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ProcessFolder {
    fn drop(&mut self) {
        // If this fails, the next process tries again.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that have ended without doing so.
fn remove_left_behind(above: &Path, prefix: &str) {
    let knows_processes = Path::new("/proc/self").exists();
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name
            .strip_prefix(prefix)
            .and_then(|id| id.parse::<u32>().ok());
        let is_gone = process.is_some_and(|id| {
            id == std::process::id()
                || (knows_processes && !Path::new(&format!("/proc/{id}")).exists())
        });
        if is_gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_with_their_value_and_with_processes_that_are_gone() {
        let above = tempfile::tempdir().expect("a folder");
        let [gone, here, other] =
            ["copy-999999999", "copy-1", "copy-results"].map(|name| above.path().join(name));
        for path in [&gone, &here, &other] {
            fs::create_dir_all(path.join("workspace")).expect("a folder");
        }
        let folder = ProcessFolder::create(above.path(), "copy-").expect("a folder");
        let knows_processes = Path::new("/proc/self").exists();
        assert_eq!(!gone.exists(), knows_processes);
        let path = folder.path().to_owned();
        assert!(path.is_dir() && here.exists() && other.exists());
        drop(folder);
        assert!(!path.exists() && here.exists() && other.exists());
    }
}
