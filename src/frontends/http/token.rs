//! The token, without which nothing is answered. That of the web page is new at each start, and stored
//! only in the file that the user names.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fmt, process};

use anyhow::{Context, Error, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits as text.
pub struct Token {
    text: String,
    hash: blake3::Hash,
}

impl Token {
    pub fn random() -> Result<Token, Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(Error::msg)?;
        Ok(Token::of(URL_SAFE_NO_PAD.encode(bits)))
    }

    /// A token that was kept; `None` if the text is none.
    pub fn parse(text: &str) -> Option<Token> {
        let bits = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bits.len() == 32).then(|| Token::of(text.to_owned()))
    }

    fn of(text: String) -> Token {
        let hash = blake3::hash(text.as_bytes());
        Token { text, hash }
    }

    /// Whether this is the token. The time that it takes reveals nothing: hashes are compared, in
    /// constant time.
    pub fn check(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()) == self.hash
    }

    /// The token itself, for the address of the page.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// A file with the token, for scripts; deleted when it is dropped.
pub struct TokenFile {
    path: PathBuf,
    content: String,
}

impl TokenFile {
    /// Writes the file, readable only by the user. It must be outside of the workspaces, whose files
    /// the model can read.
    pub fn write(path: &Path, token: &Token, workspaces: &[PathBuf]) -> Result<TokenFile, Error> {
        let parent = path.parent().unwrap_or(Path::new(""));
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        let folder = parent
            .canonicalize()
            .with_context(|| format!("cannot write the token to {}", path.display()))?;
        let is_below =
            |root: &PathBuf| folder.starts_with(root.canonicalize().as_ref().unwrap_or(root));
        ensure!(
            !workspaces.iter().any(is_below),
            "`--token-file` must not be in a workspace, where the model could read it: choose a \
             file in another folder"
        );
        let name = path.file_name();
        let name = name.with_context(|| format!("{} is not the name of a file", path.display()))?;
        let file = TokenFile {
            path: folder.join(name),
            content: format!("{}\n", token.reveal()),
        };
        ensure!(
            file.is_replaceable(),
            "{} already exists, and is no token file: choose another name",
            path.display()
        );
        file.create()
            .with_context(|| format!("cannot write the token to {}", path.display()))?;
        Ok(file)
    }

    /// Whether there is nothing at the path, or an empty file or an earlier token.
    fn is_replaceable(&self) -> bool {
        let sizes = [0, self.content.len() as u64];
        match fs::symlink_metadata(&self.path) {
            Ok(known) => known.is_file() && sizes.contains(&known.len()),
            Err(_) => true,
        }
    }

    /// Creates a new file and moves it to the path, so that no other program has it open.
    fn create(&self) -> io::Result<()> {
        let beside = self.path.with_extension(format!("new-{}", process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&beside)?;
        let written = file.write_all(self.content.as_bytes());
        let moved = written.and_then(|()| fs::rename(&beside, &self.path));
        if moved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        moved
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // Another start may have replaced it.
        let is_ours = self.is_replaceable()
            && fs::read(&self.path).is_ok_and(|found| found == self.content.as_bytes());
        if is_ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token::random().expect("random bits");
        let text = token.reveal().to_owned();
        assert_eq!(text.len(), 43, "256 bits in Base64");
        assert!(token.check(&text));
        for wrong in [
            String::new(),
            text[1..].to_owned(),
            text[..42].to_owned(),
            format!("{text}="),
            format!("{text} "),
            text.to_uppercase(),
            text.chars().rev().collect(),
            "A".repeat(43),
        ] {
            assert!(!token.check(&wrong), "{wrong}");
        }
        assert_ne!(text, Token::random().expect("random bits").reveal());
        let kept = Token::parse(&text).expect("a token");
        assert!(kept.check(&text));
        for wrong in ["", &text[1..], &text.replace(&text[..1], "/"), "A=="] {
            assert!(Token::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "***");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_goes_with_the_service() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        // As `mktemp` leaves it, but readable for everybody.
        fs::write(&path, "").expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("rights");
        let token = Token::random().expect("random bits");
        let file = TokenFile::write(&path, &token, &[]).expect("a token file");
        let content = fs::read_to_string(&path).expect("a token file");
        assert_eq!(content, format!("{}\n", token.reveal()));
        let mode = fs::symlink_metadata(&path).expect("a token file");
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        let entries = || fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(entries(), 1);
        drop(file);
        assert_eq!(entries(), 0);
        let first = TokenFile::write(&path, &token, &[]).expect("a token file");
        let later = Token::random().expect("random bits");
        let second = TokenFile::write(&path, &later, &[]).expect("a token file");
        drop(first);
        assert!(path.exists(), "the file of a later start stays");
        drop(second);
        assert_eq!(entries(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_but_a_token_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let [notes, link, below] = ["notes", "link", "below"].map(|name| folder.path().join(name));
        fs::write(&notes, "kept").expect("a file");
        std::os::unix::fs::symlink(&notes, &link).expect("a link");
        fs::create_dir(&below).expect("a folder");
        let token = Token::random().expect("random bits");
        for path in [&notes, &link, &below] {
            let refused = TokenFile::write(path, &token, &[]).err();
            let refused = refused.expect("it is no token file").to_string();
            assert!(refused.contains("already exists"), "{refused}");
        }
        assert_eq!(fs::read_to_string(&link).ok().as_deref(), Some("kept"));
        let entries = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(entries.count(), 3);
    }

    #[test]
    fn the_file_is_not_in_a_workspace() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("below")).expect("folders");
        let token = Token::random().expect("random bits");
        let roots = [root];
        let write = |path: PathBuf| TokenFile::write(&path, &token, &roots);
        for path in ["root/token", "root/below/token", "root/below/../token"] {
            let refused = write(folder.path().join(path)).err();
            let refused = refused.unwrap_or_else(|| panic!("{path} was written"));
            assert!(refused.to_string().contains("workspace"), "{refused}");
        }
        assert!(write(folder.path().join("token")).is_ok());
        assert!(write(folder.path().join("missing/token")).is_err());
        assert!(write(folder.path().join("root/..")).is_err(), "no name");
    }
}
