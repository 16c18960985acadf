//! Private folders and files, which no tool opens wherever they are: the settings and data of
//! ollacode, and the keys in the user's home folder.
//!
//! They are identified by device and inode, so no link, mount or other name gives access to them.
//! One that does not exist yet is identified by the folder that it would be in, and its names below
//! that.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata};

use super::{JailError, folded};

/// Places of keys, passwords and the like below the home folder.
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

/// A private folder or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivatePath {
    /// Absolute; may not exist yet.
    pub path: PathBuf,
    pub holds: Holds,
}

/// The content of a private folder or file.
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

/// The places of keys and passwords below a home folder.
pub fn keys_below(home: &Path) -> Vec<PrivatePath> {
    let private = |name: &&str| PrivatePath {
        path: home.join(name),
        holds: Holds::Keys,
    };
    KEYS_BELOW_HOME.iter().map(private).collect()
}

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// The private folders and files of a workspace.
#[derive(Clone, Default)]
pub(super) struct PrivatePaths(Vec<IdentifiedPath>);

#[derive(Clone)]
struct IdentifiedPath {
    holds: Holds,
    /// Identity of it, or of the folder that it is or would be in,
    identity: Identity,
    /// and its names below that, folded.
    below: Vec<String>,
    real: PathBuf,
}

impl PrivatePaths {
    /// Looks up the identities of the paths. `root` is the workspace, which must not be in a folder
    /// of ollacode; one among the user's keys was chosen deliberately.
    pub fn new(paths: &[PrivatePath], root: &Path) -> Result<PrivatePaths, JailError> {
        let mut known: Vec<IdentifiedPath> = paths.iter().flat_map(known).collect();
        let around: Vec<Identity> = root.ancestors().filter_map(identity_at).collect();
        let holds_root = |it: &IdentifiedPath| it.below.is_empty() && around.contains(&it.identity);
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

    /// The private content of the path that `names` lead to from a folder.
    pub fn find(&self, folder: Identity, names: &[&str]) -> Option<Holds> {
        let leads = |known: &&IdentifiedPath| {
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

    /// The real paths of the private folders and files.
    pub fn paths(&self) -> Vec<PathBuf> {
        let paths: BTreeSet<&PathBuf> = self.0.iter().map(|known| &known.real).collect();
        paths.into_iter().cloned().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A path by its identity and by its place: programs replace files when they save.
fn known(private: &PrivatePath) -> Vec<IdentifiedPath> {
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
        .map(|(identity, below)| IdentifiedPath {
            holds: private.holds,
            identity,
            below,
            real: full.clone(),
        })
        .collect()
}

/// The identity of the entry at a path, without following a link.
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
