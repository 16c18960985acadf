//! Errors of file access, with what to do instead.

use std::io;

use super::Holds;

/// Why a file of the workspace is not read or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// The path leads outside the workspace, by `..`, as an absolute path or through a link.
    #[error("`{0}` points outside the workspace: use a path relative to the workspace root")]
    Outside(String),
    /// Never opened by any tool.
    #[error("`{path}` contains {holds} and is never read, listed or changed: leave it alone")]
    Private {
        /// The path as given.
        path: String,
        holds: Holds,
    },
    /// The workspace itself is a folder of ollacode, or in one.
    #[error(
        "{0} is where ollacode keeps its own settings or data: work on another folder, or move \
         them with `OLLACODE_DATA_DIR` or `XDG_CONFIG_HOME`"
    )]
    OwnFolder(String),
    #[error("there is no `{0}`: list its folder to see what there is")]
    NotFound(String),
    /// A folder, where a file is needed.
    #[error("`{0}` is a folder, not a file: name a file in it")]
    Folder(String),
    /// A file, where a folder is needed.
    #[error("`{0}` is not a folder")]
    NotAFolder(String),
    /// It cannot be shown or edited as text.
    #[error("`{path}` is not text: {why}; leave it as it is")]
    NotText {
        path: String,
        /// The sign of that.
        why: &'static str,
    },
    /// A device, a pipe or a socket.
    #[error("`{0}` is a device, a pipe or a socket, not a file: leave it alone")]
    NotRegular(String),
    /// A symbolic link in the path of a write.
    #[error("`{path}` is a link, which is not followed here{}", suggestion_for(.target.as_deref()))]
    Link {
        path: String,
        /// Its target, if that is inside.
        target: Option<String>,
    },
    /// The same file has another name, perhaps outside.
    #[error("`{0}` has more than one hard link and is not written: ask the user to copy it first")]
    ManyLinks(String),
    /// Nobody may write to it.
    #[error("`{0}` is read-only: ask the user to change that first")]
    ReadOnly(String),
    /// It changed.
    #[error("`{0}` has changed on disk since it was read: read it again, then repeat the change")]
    ChangedOnDisk(String),
    /// It is larger than the limit.
    #[error("`{path}` is too large: {bytes} bytes, at most {most} are read")]
    TooLarge { path: String, bytes: u64, most: u64 },
    /// It already exists.
    #[error("`{0}` already exists: choose another name, or read and edit it")]
    AlreadyThere(String),
    /// Not a valid path.
    #[error("{0}")]
    BadPath(String),
    /// An error of the system.
    // The cause is part of the message: models are shown a single line.
    #[error("cannot {what} `{path}`: {cause}")]
    Io {
        what: &'static str,
        path: String,
        cause: io::Error,
    },
}

/// Converts an error of the system.
pub(super) fn failed(what: &'static str, path: &str, cause: io::Error) -> JailError {
    let path = path.to_owned();
    match cause.kind() {
        io::ErrorKind::NotFound => JailError::NotFound(path),
        io::ErrorKind::NotADirectory => JailError::NotAFolder(path),
        io::ErrorKind::IsADirectory => JailError::Folder(path),
        io::ErrorKind::AlreadyExists => JailError::AlreadyThere(path),
        // How cap-std says that a path leads out; a refusal of the system has a number.
        io::ErrorKind::PermissionDenied if cause.raw_os_error().is_none() => {
            JailError::Outside(path)
        }
        _ => JailError::Io { what, path, cause },
    }
}

fn suggestion_for(target: Option<&str>) -> String {
    match target {
        Some(target) => format!(": name `{target}` itself"),
        None => ": name the file itself".to_owned(),
    }
}
