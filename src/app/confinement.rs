//! What commands are held back by, in this workspace.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use super::indexes::WORKSPACE;
use super::{App, StartError};
use crate::config::SandboxChoice;
use crate::permission::Confinement;
use crate::sandbox::confine::{self, Bounds, Reached};
use crate::sandbox::{CommandEnvironment, Sandbox};
use crate::workspace::workspace_id;

impl App {
    /// How well commands are held back here, and why not better. It is tried at the first call,
    /// which takes some milliseconds.
    pub fn confinement(&self) -> Result<Reached, StartError> {
        if self.settings.sandbox == SandboxChoice::Off {
            return Ok(Reached {
                level: Confinement::None,
                why_not_full: Some("`--sandbox off` was given".to_owned()),
            });
        }
        let bounds = self.bounds(&self.command_environment())?;
        Ok(confine::level(&bounds).clone())
    }

    /// What runs the commands of a session.
    pub(super) fn sandbox(&self) -> Result<Sandbox, StartError> {
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
        Ok(Sandbox::confined(self.bounds(&base)?, reached.level, base))
    }

    fn command_environment(&self) -> CommandEnvironment {
        let variables = self
            .environment
            .variables()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let home = self.environment.home();
        CommandEnvironment::from_variables(variables, home, &self.workspace.root)
    }

    fn bounds(&self, base: &CommandEnvironment) -> Result<Bounds, StartError> {
        let id = workspace_id(&self.workspace.root);
        let folder = self.settings.data_folder.join("confined").join(id);
        let made = private_folders(&folder);
        let (temporary, cache) = made.map_err(|source| StartError::Folder {
            path: folder.clone(),
            source,
        })?;
        // Only `index --prune` asks for it.
        if let Some(root) = self.workspace.root.to_str() {
            let _ = fs::write(folder.join(WORKSPACE), root);
        }
        let home = self.environment.home();
        let mounts = self.rules.mounts();
        let root = self.workspace.root.canonicalize();
        let root = root.unwrap_or_else(|_| self.workspace.root.clone());
        let mut bounds = Bounds::new(&root, &temporary);
        bounds.cache = cache;
        bounds.homes = home.map(Path::to_owned).into_iter().collect();
        bounds.readable = confine::readable(home, base.variables());
        bounds.readable.extend(mounts.readable);
        bounds.writable = mounts.writable;
        bounds.protected = mounts
            .unwritable
            .iter()
            .filter_map(|path| Some(path.strip_prefix(&root).ok()?.to_str()?.to_owned()))
            .filter(|path| !path.is_empty())
            .collect();
        bounds.network = self.settings.network;
        Ok(bounds)
    }
}

/// Makes the temporary folder of this process and the folder of what tools keep, and empties what
/// processes left behind that are gone.
fn private_folders(folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let temporary = folder.join(std::process::id().to_string());
    let cache = folder.join("cache");
    for path in [&temporary, &cache] {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(path)?;
    }
    empty_left_behind(folder);
    Ok((temporary.canonicalize()?, cache.canonicalize()?))
}

/// What was set aside stays: somebody may miss it. Where anything fails, there is only less room.
fn empty_left_behind(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists() {
            let _ = fs::remove_dir_all(entry.path().join("tmp"));
            // Only if nothing else is in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
}
