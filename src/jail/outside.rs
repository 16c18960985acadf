//! Opens folders outside the workspace that a rule of the user allows to read.

use std::fs;
use std::path::{Component, Path};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use parking_lot::Mutex;

use super::error::failed;
use super::{Jail, JailError, JailInner, WorkspacePath, system};

impl Jail {
    /// Opens an absolute path outside the workspace: as a jail of its folder, and the path in it.
    ///
    /// Links are resolved first, so that what was judged is what is opened; then every folder from
    /// the root of the disk is opened by its single name and without following links. Private files
    /// are private here too.
    pub fn outside(&self, given: &Path) -> Result<(Jail, WorkspacePath), JailError> {
        let shown = given.to_string_lossy();
        let wrong = |cause| failed("look at", &shown, cause);
        let real = fs::canonicalize(given).map_err(wrong)?;
        let metadata = fs::symlink_metadata(&real).map_err(wrong)?;
        let (folder, path) = match (metadata.is_dir(), real.parent(), real.file_name()) {
            (false, Some(parent), Some(name)) => (parent, WorkspacePath::from_real(name.as_ref())?),
            _ => (real.as_path(), WorkspacePath::of_folder(".")),
        };
        Ok((self.folder_outside(folder)?, path))
    }

    fn folder_outside(&self, folder: &Path) -> Result<Jail, JailError> {
        let shown = folder.to_string_lossy();
        let wrong = |cause| failed("open", &shown, cause);
        let names = folder.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_str()),
            _ => None,
        });
        let names: Option<Vec<&str>> = names.collect();
        let names = names.ok_or_else(|| JailError::BadPath(format!("`{shown}` is not UTF-8")))?;
        let top = folder.ancestors().last().unwrap_or(folder);
        let mut dir = Dir::open_ambient_dir(top, ambient_authority()).map_err(wrong)?;
        self.check_private(&dir, &shown, &names)?;
        for (at, name) in names.iter().enumerate() {
            dir = system::open_folder(&dir, name).map_err(wrong)?;
            self.check_private(&dir, &shown, &names[at + 1..])?;
        }
        Ok(Jail(Arc::new(JailInner {
            root: folder.to_owned(),
            named: folder.to_owned(),
            dir,
            private: self.0.private.clone(),
            made: Mutex::default(),
            secrets: Arc::default(),
            listings: Mutex::default(),
            leading: Mutex::default(),
            git: self.0.git.clone(),
            programs: Vec::new(),
        })))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::jail::{Holds, PrivatePath};

    #[test]
    fn a_folder_outside_is_opened_where_it_really_is() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for path in ["workspace", "notes/deep", "own"] {
            fs::create_dir_all(top.join(path)).unwrap();
        }
        for path in ["notes/a.md", "notes/deep/b.md", "own/key"] {
            fs::write(top.join(path), path).unwrap();
        }
        symlink("notes", top.join("link")).unwrap();
        symlink("../own/key", top.join("notes/key")).unwrap();
        let private = PrivatePath {
            path: top.join("own"),
            holds: Holds::Own,
        };
        let jail = Jail::open_without(&top.join("workspace"), &[private]).unwrap();
        for (given, root, path) in [
            ("notes/a.md", "notes", "a.md"),
            ("notes", "notes", "."),
            ("link/deep/b.md", "notes/deep", "b.md"),
        ] {
            let (outside, found) = jail.outside(&top.join(given)).unwrap();
            assert_eq!(outside.root(), top.join(root), "{given}");
            assert_eq!(found.as_str(), path, "{given}");
        }
        let (notes, _) = jail.outside(&top.join("notes")).unwrap();
        assert!(notes.path("../own/key").is_err());
        assert!(
            notes.read(&notes.path("key").unwrap()).is_err(),
            "a link out"
        );
        for given in ["own", "own/key", "notes/key", "nowhere"] {
            assert!(jail.outside(&top.join(given)).is_err(), "{given}");
        }
        // Somebody puts a link in the place of the folder.
        assert!(jail.folder_outside(&top.join("link")).is_err());
    }
}
