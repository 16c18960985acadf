//! Folders and files that no tool opens, wherever in the workspace they are: the settings and data
//! of ollacode, and the keys that people keep in their home folder.
//!
//! They are known by device and inode of what they really are, so neither a link, a mount nor
//! another name leads to them. One that does not exist yet is known by the folder that it would be
//! made in, and its names below that.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata};

use super::{JailError, folded};

/// Where keys, passwords and the like are kept, below the home folder.
const KEYS_BELOW_HOME: &[&str] = &[
    ".Xauthority",
    ".aws",
    ".azure",
    ".bash_history",
    ".boto",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".composer/auth.json",
    ".config/BraveSoftware",
    ".config/chromium",
    ".config/composer/auth.json",
    ".config/doctl",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/glab-cli",
    ".config/google-chrome",
    ".config/hub",
    ".config/microsoft-edge",
    ".config/op",
    ".config/rclone",
    ".databrickscfg",
    ".docker/config.json",
    ".gem/credentials",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/fish/fish_history",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".m2/settings-security.xml",
    ".m2/settings.xml",
    ".mozilla",
    ".my.cnf",
    ".mysql_history",
    ".netrc",
    ".npmrc",
    ".oci",
    ".password-store",
    ".pgpass",
    ".psql_history",
    ".pypirc",
    ".python_history",
    ".s3cfg",
    ".ssh",
    ".terraform.d/credentials.tfrc.json",
    ".thunderbird",
    ".vault-token",
    ".zsh_history",
    "Library/Application Support/Firefox",
    "Library/Application Support/Google/Chrome",
    "Library/Keychains",
];

/// A folder or file that no tool opens, nor anything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivatePath {
    /// Absolute; may not exist yet.
    pub path: PathBuf,
    pub holds: Holds,
}

/// What a private folder or file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Settings and data of ollacode.
    Own,
    /// Keys and passwords of the user.
    Keys,
}

impl fmt::Display for Holds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Holds::Own => "ollacode's own settings or data",
            Holds::Keys => "keys, passwords or a history of the user",
        })
    }
}

/// Where people keep keys and passwords below their home folder.
pub fn keys_below(home: &Path) -> Vec<PrivatePath> {
    let private = |name: &&str| PrivatePath {
        path: home.join(name),
        holds: Holds::Keys,
    };
    KEYS_BELOW_HOME.iter().map(private).collect()
}

/// Device and inode; two of the same are one file.
pub(super) type Identity = (u64, u64);

/// The private folders and files of a workspace.
#[derive(Clone, Default)]
pub(super) struct PrivatePaths(Vec<Known>);

#[derive(Clone)]
struct Known {
    holds: Holds,
    /// What it really is, or the folder that it is or would be in,
    identity: Identity,
    /// and its names below that, folded.
    below: Vec<String>,
    real: PathBuf,
}

impl PrivatePaths {
    /// Looks up what the paths really are. `root` is the workspace, which must not lie in a folder
    /// of ollacode; one that lies among the user's keys was chosen for that.
    pub fn new(paths: &[PrivatePath], root: &Path) -> Result<PrivatePaths, JailError> {
        let mut known: Vec<Known> = paths.iter().flat_map(known).collect();
        let around: Vec<Identity> = root.ancestors().filter_map(identity_at).collect();
        let holds_root = |it: &Known| it.below.is_empty() && around.contains(&it.identity);
        if known
            .iter()
            .any(|it| holds_root(it) && it.holds == Holds::Own)
        {
            return Err(JailError::OwnFolder(root.display().to_string()));
        }
        let kept_out: Vec<PathBuf> = known
            .iter()
            .filter(|it| holds_root(it))
            .map(|it| it.real.clone())
            .collect();
        known.retain(|it| !kept_out.contains(&it.real));
        Ok(PrivatePaths(known))
    }

    /// What is private about the path that `names` lead along from a folder.
    pub fn find(&self, folder: Identity, names: &[&str]) -> Option<Holds> {
        let leads = |known: &&Known| {
            known.identity == folder
                && known.below.len() <= names.len()
                && known
                    .below
                    .iter()
                    .zip(names)
                    .all(|(one, other)| *one == folded(other))
        };
        self.0.iter().find(leads).map(|known| known.holds)
    }

    /// Whether a path is private, or in a folder that is.
    pub fn covers(&self, path: &Path) -> bool {
        self.0.iter().any(|known| path.starts_with(&known.real))
    }

    /// Where the private folders and files really are, or would be.
    pub fn paths(&self) -> Vec<PathBuf> {
        let paths: BTreeSet<&PathBuf> = self.0.iter().map(|known| &known.real).collect();
        paths.into_iter().cloned().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A path by what it is, and by where it is: programs replace their files when they save.
fn known(private: &PrivatePath) -> Vec<Known> {
    let deepest = private.path.ancestors().find_map(|ancestor| {
        let real = fs::canonicalize(ancestor).ok()?;
        let below = private.path.strip_prefix(ancestor).ok()?;
        Some((real, below))
    });
    let Some((real, below)) = deepest else {
        return Vec::new();
    };
    let full = real.join(below);
    let full: PathBuf = full.components().collect();
    let is_there = below.as_os_str().is_empty();
    let folder = if is_there {
        real.parent()
    } else {
        Some(real.as_path())
    };
    let by_place = folder.and_then(|folder| {
        let below = full.strip_prefix(folder).ok()?.iter();
        Some((
            identity_at(folder)?,
            below
                .map(|name| folded(&name.to_string_lossy()).into_owned())
                .collect(),
        ))
    });
    let by_itself = is_there
        .then(|| Some((identity_at(&full)?, Vec::new())))
        .flatten();
    by_itself
        .into_iter()
        .chain(by_place)
        .map(|(identity, below)| Known {
            holds: private.holds,
            identity,
            below,
            real: full.clone(),
        })
        .collect()
}

/// The identity of what is at a path, without following a link there.
fn identity_at(path: &Path) -> Option<Identity> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::symlink_metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The identity of an open folder.
pub(super) fn identity_of(folder: &Dir) -> Option<Identity> {
    folder.dir_metadata().ok().as_ref().and_then(identity)
}

/// The identity that metadata tell.
pub(super) fn identity(metadata: &Metadata) -> Option<Identity> {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        None
    }
}
