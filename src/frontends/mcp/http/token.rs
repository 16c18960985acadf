//! The token in the data folder: made once, so that clients are set up once. Who deletes the file has
//! another one made at the next start.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process;

use anyhow::{Context, Error, bail};
use rustix::fs::OFlags;

use crate::frontends::http::token::Token;
use crate::frontends::{Notice, Notifier};
use crate::visible::visible_name;

/// A file of another length is no token.
const MOST_BYTES: u64 = 100;

/// How often is looked again after another start was quicker.
const MOST_TRIES: usize = 3;

/// What is at the place of the token.
enum Found {
    Nothing,
    Token(Token),
    /// A token that others could have read.
    Exposed,
}

/// The token in a file; if there is none, one is made. One that others could read is replaced, which is
/// told.
///
/// # Errors
///
/// The file is not one of the user with a token in it, or cannot be written.
pub fn stored(file: &Path, tell: &Notifier) -> Result<Token, Error> {
    let shown = visible_name(&file.display().to_string());
    for _ in 0..MOST_TRIES {
        match found(file).with_context(|| format!("cannot read the token in {shown}"))? {
            Found::Token(token) => return Ok(token),
            Found::Exposed => {
                fs::remove_file(file).with_context(|| format!("cannot replace {shown}"))?;
                tell(Notice::Warning(format!(
                    "others could read the token in {shown}, so there is a new one: give it to your \
                     clients"
                )));
            }
            Found::Nothing => {}
        }
        let token = Token::random()?;
        match create(file, &token) {
            Ok(()) => return Ok(token),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write the token to {shown}"));
            }
        }
    }
    bail!("{shown} is replaced again and again: stop the other program that does it")
}

fn found(path: &Path) -> Result<Found, Error> {
    let mut options = OpenOptions::new();
    // A link is not followed, and a FIFO does not block.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.read(true).custom_flags(flags.bits().cast_signed());
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    let known = file.metadata()?;
    let is_own = known.uid() == rustix::process::geteuid().as_raw();
    if !known.is_file() || !is_own {
        bail!("it is not a file of yours: delete it, and a token is made at the next start");
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    let Some(token) = Token::parse(text.trim_end()) else {
        bail!("there is no token in it: delete it, and one is made at the next start");
    };
    let is_private = known.permissions().mode() & 0o077 == 0;
    Ok(match is_private {
        true => Found::Token(token),
        false => Found::Exposed,
    })
}

/// Writes a file that is there as a whole or not at all, and replaces none.
fn create(path: &Path, token: &Token) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("new-{}", process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&beside)?;
    // Whatever the umask takes away or leaves.
    let written = file
        .set_permissions(Permissions::from_mode(0o600))
        .and_then(|()| writeln!(file, "{}", token.reveal()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tempfile::TempDir;

    use super::*;

    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data/mcp-token");
        (folder, path)
    }

    /// The token, and what was told.
    fn read(path: &Path) -> Result<(String, Vec<Notice>), String> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let tell: Notifier = Arc::new(move |notice| notes.lock().push(notice));
        let token = stored(path, &tell).map_err(|error| format!("{error:#}"))?;
        let told = told.lock().clone();
        Ok((token.reveal().to_owned(), told))
    }

    #[test]
    fn the_token_is_made_once_and_private() {
        let (_folder, path) = place();
        let (first, told) = read(&path).expect("a token");
        assert_eq!(told, []);
        assert_eq!(first.len(), 43);
        assert_eq!(read(&path), Ok((first.clone(), Vec::new())));
        let text = fs::read_to_string(&path).expect("the file");
        assert_eq!(text, format!("{first}\n"));
        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let beside = path.parent().expect("a folder");
        assert_eq!(fs::read_dir(beside).expect("a folder").count(), 1);
        fs::remove_file(&path).expect("deleted");
        assert_ne!(read(&path).expect("a token").0, first);
    }

    #[test]
    fn a_token_that_others_could_read_is_replaced() {
        let (_folder, path) = place();
        let (first, _) = read(&path).expect("a token");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("rights");
        let (second, told) = read(&path).expect("a token");
        assert_ne!(first, second);
        assert!(
            matches!(&told[..], [Notice::Warning(words)] if words.contains("a new one")),
            "{told:?}"
        );
        assert_eq!(read(&path), Ok((second, Vec::new())));
    }

    #[test]
    fn what_is_no_token_is_neither_used_nor_replaced() {
        let (folder, path) = place();
        fs::create_dir(folder.path().join("data")).expect("a folder");
        let other = folder.path().join("other");
        fs::write(&other, "A".repeat(43)).expect("a file");
        fs::set_permissions(&other, Permissions::from_mode(0o600)).expect("rights");
        symlink(&other, &path).expect("a link");
        assert!(read(&path).is_err(), "a link");
        assert!(fs::symlink_metadata(&path).expect("the link").is_symlink());
        fs::remove_file(&path).expect("deleted");
        for text in ["", "hunter2\n", &"A".repeat(42), &"A".repeat(4_000)] {
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("rights");
            let error = read(&path).expect_err("no token");
            assert!(error.contains("delete it"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("the file"), text);
        }
        fs::remove_file(&path).expect("deleted");
        fs::create_dir(&path).expect("a folder");
        assert!(read(&path).is_err(), "a folder");
    }
}
