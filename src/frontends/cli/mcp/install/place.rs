//! A file of settings: where it is, reading it, and replacing it as a whole.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Error, bail, ensure};

use crate::config::{Environment, SettingsFolder};
use crate::visible::visible_name;

/// Larger files are not edited.
const MOST_BYTES: u64 = 16 << 20;

/// The mode of a file that is made.
const PRIVATE: u32 = 0o600;

/// Where a file of settings may be.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    folder: SettingsFolder,
    below: &'static str,
}

/// A file of settings, as it was read.
#[derive(Debug)]
pub struct SettingsFile {
    /// As it is named to people.
    pub path: PathBuf,
    /// What is replaced: links in the path are followed.
    real: PathBuf,
    /// `None` if it does not exist.
    pub text: Option<String>,
    mode: u32,
}

impl Place {
    pub const fn new(folder: SettingsFolder, below: &'static str) -> Place {
        Place { folder, below }
    }

    /// The path; `None` without a home folder.
    fn path(&self, environment: &Environment) -> Option<PathBuf> {
        Some(environment.settings_folder(self.folder)?.join(self.below))
    }
}

/// The path of the first place where something is, else of the first place.
///
/// # Errors
///
/// There is no home folder.
pub fn chosen(places: &[Place], environment: &Environment) -> Result<PathBuf, Error> {
    let paths: Vec<PathBuf> = places
        .iter()
        .filter_map(|place| place.path(environment))
        .collect();
    let existing = paths.iter().find(|path| path.symlink_metadata().is_ok());
    let found = existing.or(paths.first()).cloned();
    found.context("your home folder is not known: set `HOME`")
}

/// The folders in which files may be replaced: the home folder, and those that variables name.
pub fn own_folders(places: &[Place], environment: &Environment) -> Vec<PathBuf> {
    let named = places
        .iter()
        .filter_map(|place| environment.settings_folder(place.folder));
    let home = environment.home().map(Path::to_owned);
    named.chain(home).collect()
}

impl SettingsFile {
    /// Reads a file, which may not exist. Links are followed within some folders.
    ///
    /// # Errors
    ///
    /// It is no text file of the user, it is too large, or a link leads out of the folders.
    pub fn read(path: &Path, folders: &[PathBuf]) -> Result<SettingsFile, Error> {
        let shown = visible_name(&path.display().to_string());
        let real = real_path(path).with_context(|| format!("cannot read {shown}"))?;
        let is_within =
            |folder: &PathBuf| real.starts_with(real_path(folder).as_ref().unwrap_or(folder));
        ensure!(
            folders.iter().any(is_within),
            "{shown} leads to {}, which is not in your home folder: edit that file yourself",
            visible_name(&real.display().to_string())
        );
        let mut file = SettingsFile {
            path: path.to_owned(),
            real,
            text: None,
            mode: PRIVATE,
        };
        let known = match fs::symlink_metadata(&file.real) {
            Ok(known) => known,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(file),
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        let user = rustix::process::geteuid().as_raw();
        ensure!(known.is_file(), "{shown} is not a regular file");
        ensure!(known.uid() == user, "{shown} belongs to another user");
        ensure!(
            known.len() <= MOST_BYTES,
            "{shown} is larger than 16 MB: edit it yourself"
        );
        let bytes = fs::read(&file.real).with_context(|| format!("cannot read {shown}"))?;
        let text = String::from_utf8(bytes).ok();
        file.text = Some(text.with_context(|| format!("{shown} is not text in UTF-8"))?);
        file.mode = known.permissions().mode() & 0o777;
        Ok(file)
    }

    /// Replaces the file as a whole, if it still is as it was read; with its mode, or private if it is
    /// new.
    ///
    /// # Errors
    ///
    /// It was changed meanwhile, or cannot be written; then it stays as it is.
    pub fn replace(&self, text: &str) -> Result<(), Error> {
        let shown = visible_name(&self.path.display().to_string());
        let wrong = || format!("cannot write {shown}");
        let folder = self.real.parent().with_context(wrong)?;
        fs::create_dir_all(folder).with_context(wrong)?;
        let mut name = self.real.file_name().with_context(wrong)?.to_owned();
        name.push(format!(".new-{}", process::id()));
        let beside = folder.join(name);
        let written = self.write_beside(&beside, text);
        if written.is_err() {
            // The error to report is the one above.
            let _ = fs::remove_file(&beside);
        }
        written.with_context(wrong)
    }

    fn write_beside(&self, beside: &Path, text: &str) -> Result<(), Error> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(PRIVATE);
        let mut file = options.open(beside)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(self.mode))?;
        file.sync_all()?;
        let now = match fs::read(&self.real) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let before = self.text.as_ref().map(|text| text.as_bytes().to_owned());
        if now != before {
            bail!("it was changed meanwhile: run the command again");
        }
        Ok(fs::rename(beside, &self.real)?)
    }
}

/// A path without links, of which the last parts may not exist.
fn real_path(path: &Path) -> Result<PathBuf, Error> {
    match path.canonicalize() {
        Ok(real) => return Ok(real),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    // What a link leads to must exist.
    ensure!(
        path.symlink_metadata().is_err(),
        "{} is a link to nothing",
        visible_name(&path.display().to_string())
    );
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        bail!("it is not the path of a file");
    };
    Ok(real_path(parent)?.join(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A home folder in another one, and a file in it.
    fn home() -> (TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join("home");
        fs::create_dir(&home).expect("a folder");
        let file = home.join("settings.json");
        (folder, home, file)
    }

    fn read(path: &Path, home: &Path) -> Result<SettingsFile, String> {
        let read = SettingsFile::read(path, &[home.to_owned()]);
        read.map_err(|error| format!("{error:#}"))
    }

    fn mode(path: &Path) -> u32 {
        let known = fs::symlink_metadata(path).expect("a file");
        known.permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_made_private_and_keeps_its_mode() {
        let (_folder, home, _) = home();
        let path = home.join("a/b/settings.json");
        let file = read(&path, &home).expect("it may not exist");
        assert_eq!(file.text, None);
        file.replace("{}").expect("written");
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("rights");
        let file = read(&path, &home).expect("a file");
        assert_eq!(file.text.as_deref(), Some("{}"));
        file.replace("{ }").expect("written");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(fs::read_to_string(&path).expect("a file"), "{ }");
        let beside = fs::read_dir(path.parent().expect("a folder"));
        assert_eq!(beside.expect("a folder").count(), 1);
    }

    #[test]
    fn links_are_followed_only_within_the_folder() {
        let (folder, home, path) = home();
        let dotfiles = home.join("dotfiles.json");
        fs::write(&dotfiles, "1").expect("a file");
        symlink(&dotfiles, &path).expect("a link");
        read(&path, &home)
            .expect("a file")
            .replace("2")
            .expect("written");
        assert!(fs::symlink_metadata(&path).expect("a link").is_symlink());
        assert_eq!(fs::read_to_string(&dotfiles).expect("a file"), "2");
        fs::remove_file(&path).expect("deleted");
        let outside = folder.path().join("outside.json");
        fs::write(&outside, "1").expect("a file");
        symlink(&outside, &path).expect("a link");
        let error = read(&path, &home).expect_err("it leads out");
        assert!(error.contains("not in your home folder"), "{error}");
        fs::remove_file(&path).expect("deleted");
        symlink(home.join("nothing"), &path).expect("a link");
        let error = read(&path, &home).expect_err("it leads nowhere");
        assert!(error.contains("a link to nothing"), "{error}");
        // A folder on the way, too.
        symlink(folder.path(), home.join("out")).expect("a link");
        for path in ["out/outside.json", "out/new/settings.json"] {
            let error = read(&home.join(path), &home).expect_err("it leads out");
            assert!(error.contains("not in your home folder"), "{error}");
        }
    }

    #[test]
    fn what_is_no_text_file_is_left_alone() {
        let (_folder, home, path) = home();
        fs::create_dir(&path).expect("a folder");
        assert!(
            read(&path, &home)
                .expect_err("a folder")
                .contains("regular")
        );
        fs::remove_dir(&path).expect("deleted");
        fs::write(&path, b"\xff\xfe{\0}\0").expect("a file");
        assert!(read(&path, &home).expect_err("UTF-16").contains("UTF-8"));
        let large = fs::File::create(&path).expect("a file");
        large.set_len(MOST_BYTES + 1).expect("a hole");
        assert!(read(&path, &home).expect_err("large").contains("16 MB"));
    }

    #[test]
    fn a_file_that_was_changed_meanwhile_stays() {
        let (_folder, home, path) = home();
        let absent = read(&path, &home).expect("it may not exist");
        fs::write(&path, "theirs").expect("a file");
        let error = absent.replace("ours").expect_err("it is there now");
        assert!(
            format!("{error:#}").contains("changed meanwhile"),
            "{error:#}"
        );
        let known = read(&path, &home).expect("a file");
        fs::write(&path, "theirs again").expect("a file");
        assert!(known.replace("ours").is_err());
        assert_eq!(fs::read_to_string(&path).expect("a file"), "theirs again");
        assert_eq!(fs::read_dir(&home).expect("a folder").count(), 1);
    }
}
