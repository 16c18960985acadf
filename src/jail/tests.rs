//! Only files of the workspace are accessible.

mod files;
mod links;
mod names;
#[cfg(target_os = "linux")]
mod paths;
mod private;
#[cfg(target_os = "linux")]
mod race;
mod secret_encodings;
mod secret_files;
mod secret_kinds;
mod secret_values;
#[cfg(target_os = "linux")]
mod traps;
mod writers;

use std::fs;

use tempfile::TempDir;

use super::*;

/// A workspace with something beside it.
struct World {
    temporary: TempDir,
    jail: Jail,
}

const OUTSIDE: &str = "outside\n";

impl World {
    /// `root/` with some files, and beside it `evil/` and `root-evil/`.
    fn new() -> World {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        for folder in ["root/src", "root-evil", "evil/deep"] {
            fs::create_dir_all(temporary.path().join(folder)).expect("a folder");
        }
        for file in ["root-evil/secret", "evil/secret", "evil/deep/secret"] {
            fs::write(temporary.path().join(file), OUTSIDE).expect("a file");
        }
        let root = temporary.path().join("root");
        fs::write(root.join("src/main.rs"), "fn main() {}\n").expect("a file");
        let jail = Jail::open(&root).expect("a jail");
        World { temporary, jail }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temporary.path().join(path)
    }

    fn path(&self, given: &str) -> WorkspacePath {
        let path = self.jail.path(given);
        path.unwrap_or_else(|error| panic!("{given:?}: {error}"))
    }

    fn read(&self, given: &str) -> Result<String, JailError> {
        let read = self.jail.path(given).and_then(|path| self.jail.read(&path));
        read.map(|file| file.text)
    }

    fn write(&self, given: &str, text: &str, expected: Expected) -> Result<(), JailError> {
        let path = self.jail.path(given)?;
        self.jail.write(&path, text.as_bytes(), expected)
    }

    fn hash(&self, given: &str) -> Hash {
        let hash = self.jail.hash(&self.path(given)).expect("a readable file");
        hash.unwrap_or_else(|| panic!("no {given}"))
    }

    /// Checks that everything outside is unchanged, and no temporary file is left.
    fn check(&self) {
        let mut found = Vec::new();
        let mut pending = vec![self.temporary.path().to_owned()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let path = entry.path();
                if entry.file_type().expect("a type").is_dir() {
                    pending.push(path.clone());
                }
                let relative = path.strip_prefix(self.temporary.path()).expect("below");
                found.push(relative.to_str().expect("a plain name").to_owned());
            }
        }
        found.sort();
        assert!(
            !found.iter().any(|path| path.ends_with(".tmp")),
            "{found:?}"
        );
        let outside: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|path| path.starts_with("evil") || path.starts_with("root-evil"))
            .collect();
        let before = [
            "evil",
            "evil/deep",
            "evil/deep/secret",
            "evil/secret",
            "root-evil",
            "root-evil/secret",
        ];
        assert_eq!(outside, before);
        for file in ["root-evil/secret", "evil/secret", "evil/deep/secret"] {
            let text = fs::read_to_string(self.at(file)).expect("a file");
            assert_eq!(text, OUTSIDE, "{file}");
        }
    }
}
