//! The confinement of commands in this workspace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::indexes::WORKSPACE;
use super::{App, StartError};
use crate::config::SandboxChoice;
use crate::permission::Confinement;
use crate::sandbox::confine::{self, ActiveConfinement, SandboxPolicy};
use crate::sandbox::{CommandEnvironment, Sandbox};
use crate::session::create_private_folder;
use crate::workspace::workspace_id;

/// Maximum bytes of the tools' cache of a workspace, which is measured once a day.
const LARGEST_CACHE: u64 = 8 << 30;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl App {
    /// The level of confinement, and why it is not full. The first call tests it, which takes some
    /// milliseconds.
    pub fn confinement(&self) -> Result<ActiveConfinement, StartError> {
        if self.settings.sandbox == SandboxChoice::Off {
            return Ok(ActiveConfinement {
                level: Confinement::None,
                why_not_full: Some("`--sandbox off` was given".to_owned()),
            });
        }
        let (bounds, _temporary) = self.bounds(&self.command_environment())?;
        Ok(confine::level(&bounds).clone())
    }

    /// A sandbox for commands in this workspace, such as those of a session.
    pub fn sandbox(&self) -> Result<Sandbox, StartError> {
        let base = self.command_environment();
        let reached = self.confinement()?;
        match (reached.level, self.settings.sandbox) {
            (Confinement::Full, _) => {}
            (_, SandboxChoice::Required) => {
                let why = reached.why_not_full.unwrap_or_default();
                return Err(StartError::Unconfined(why));
            }
            (Confinement::None, _) => {
                return Ok(Sandbox::new(self.workspace.root.clone(), base));
            }
            (Confinement::Landlock, _) => {}
        }
        let (bounds, temporary) = self.bounds(&base)?;
        let sandbox = Sandbox::confined(bounds, reached.level, base);
        Ok(sandbox.keeping(Arc::new(temporary)))
    }

    pub(super) fn command_environment(&self) -> CommandEnvironment {
        let variables = self
            .environment
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let home = self.environment.home();
        CommandEnvironment::from_variables(variables, home, &self.workspace.root)
    }

    /// The bounds of commands, and their temporary folder, which is removed on drop.
    fn bounds(
        &self,
        base: &CommandEnvironment,
    ) -> Result<(SandboxPolicy, TemporaryFolder), StartError> {
        let id = workspace_id(&self.workspace.root);
        let folder = self.settings.data_folder.join("confined").join(id);
        let made = private_folders(&folder);
        let (temporary, cache) = made.map_err(|source| StartError::Folder {
            path: folder.clone(),
            source,
        })?;
        // Read by `index --prune` only.
        if let Some(root) = self.workspace.root.to_str() {
            let _ = fs::write(folder.join(WORKSPACE), root);
        }
        let home = self.environment.home();
        let mounts = self.rules.mounts();
        let root = self.workspace.root.canonicalize();
        let root = root.unwrap_or_else(|_| self.workspace.root.clone());
        let mut bounds = SandboxPolicy::new(&root, &temporary.0);
        bounds.cache = cache;
        bounds.homes = home.map(Path::to_owned).into_iter().collect();
        bounds.readable = confine::readable(home, base.variables());
        bounds.readable.extend(mounts.readable);
        bounds.writable = mounts.writable;
        // What one rule opens and another one closes is closed, but stays readable.
        let outside = mounts.unwritable.iter();
        let outside = outside.filter(|path| {
            let is_in = |folder: &PathBuf| path.starts_with(folder);
            bounds.writable.iter().any(is_in) && !path.starts_with(&root)
        });
        bounds.readable.extend(outside.cloned());
        bounds.unwritable = mounts.unwritable;
        bounds.hidden = mounts.hidden;
        // Our own data and the user's keys, if they are inside the workspace.
        let private = self.private_paths().into_iter();
        let private: Vec<PathBuf> = private
            .map(|private| private.path.canonicalize().unwrap_or(private.path))
            .filter(|path| path.starts_with(&root) && *path != root)
            .collect();
        bounds.unwritable.extend(private.iter().cloned());
        bounds.hidden.extend(private);
        bounds.network = self.settings.network;
        bounds.limits.memory = self.settings.command_memory;
        bounds.limits.disk = self.settings.command_disk;
        Ok((bounds, temporary))
    }
}

/// The temporary folder of a session's commands, which is removed on drop.
#[derive(Debug)]
struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If this fails, the next start tries again.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Creates a temporary folder and the tools' cache folder, and removes the temporary folders of
/// processes that have ended.
fn private_folders(folder: &Path) -> io::Result<(TemporaryFolder, PathBuf)> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let is_alone = remove_left_behind(folder);
    let cache = folder.join("cache");
    if is_alone && is_due(&folder.join("cache-looked-at")) && is_larger(&cache, LARGEST_CACHE) {
        // Tools fill it again.
        let _ = fs::remove_dir_all(&cache);
    }
    let temporary = folder.join(format!("{}-{number}", std::process::id()));
    for path in [&temporary, &cache] {
        create_private_folder(path)?;
    }
    let temporary = TemporaryFolder(temporary.canonicalize()?);
    Ok((temporary, cache.canonicalize()?))
}

/// Removes the temporary folders of processes that have ended; `true` if no other process has one.
/// A failure only wastes disk space.
fn remove_left_behind(folder: &Path) -> bool {
    let mut is_alone = true;
    let knows_processes = Path::new("/proc/self").exists();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name.split('-').next().unwrap_or_default();
        let Ok(process) = process.parse::<u32>() else {
            continue;
        };
        if !knows_processes || Path::new(&format!("/proc/{process}")).exists() {
            is_alone &= process == std::process::id();
        } else {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    is_alone
}

/// Whether the last call for this file was more than a day ago; the file records the time.
fn is_due(file: &Path) -> bool {
    let looked_at = fs::metadata(file).and_then(|metadata| metadata.modified());
    let age = looked_at.ok().and_then(|time| time.elapsed().ok());
    if age.is_some_and(|age| age < DAY) {
        return false;
    }
    // If the file cannot be created, the cache is measured at each start.
    let _ = fs::write(file, "");
    true
}

/// Whether the files in a folder have more than `most` bytes.
fn is_larger(folder: &Path, most: u64) -> bool {
    let mut size = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => size += metadata.len(),
                Err(_) => {}
            }
            if size > most {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_go_with_their_session_and_with_processes_that_are_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let gone = folder.path().join("999999999-0/tmp");
        fs::create_dir_all(&gone).expect("a folder of a process that is gone");
        let (temporary, cache) = private_folders(folder.path()).expect("folders");
        let (other, _) = private_folders(folder.path()).expect("folders");
        assert!(!gone.exists());
        let path = temporary.0.clone();
        fs::create_dir(path.join("tmp")).expect("a folder");
        fs::write(path.join("tmp/large"), "x").expect("a file");
        drop(temporary);
        assert!(!path.exists() && other.0.exists() && cache.exists());
    }

    #[test]
    fn a_cache_is_measured_once_a_day() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("a/b")).expect("folders");
        fs::write(folder.path().join("a/b/c"), [0; 1000]).expect("a file");
        assert!(is_larger(folder.path(), 999) && !is_larger(folder.path(), 1000));
        let file = folder.path().join("looked-at");
        assert!(is_due(&file) && !is_due(&file));
    }
}
