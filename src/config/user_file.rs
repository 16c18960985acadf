//! The user's file, with a `NAME=value` per line.
//!
//! It has its own parser, since those for `.env` files expand variables of the process in values
//! and report no line numbers.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{ConfigError, SETTINGS, SettingOrigin};

/// Unknown names with this prefix are misspelled settings.
const PREFIX: &str = "OLLACODE_";

/// The values in the file. They may be secrets, so there is no `Debug`.
#[derive(Default)]
pub(super) struct UserFile {
    path: PathBuf,
    entries: Vec<FileSetting>,
    pub warnings: Vec<String>,
}

struct FileSetting {
    name: String,
    value: String,
    line: usize,
}

impl UserFile {
    /// Reads the file; a missing one is empty.
    pub fn read(path: PathBuf) -> Result<UserFile, ConfigError> {
        let text = match read_text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(UserFile::default());
            }
            Err(source) => return Err(ConfigError::UserFile { path, source }),
        };
        let entries = parse(&path, &text)?;
        let warnings = warnings(&path, &entries);
        Ok(UserFile {
            path,
            entries,
            warnings,
        })
    }

    /// The value of a setting, and its line.
    pub fn given(&self, name: &str) -> Option<(&str, SettingOrigin)> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        let origin = SettingOrigin::File {
            path: self.path.clone(),
            line: entry.line,
        };
        Some((&entry.value, origin))
    }
}

/// Sets a value in the user's file and keeps everything else.
///
/// A missing file is created, readable by its owner only. The file is replaced atomically.
pub fn set(path: &Path, name: &str, value: &str) -> io::Result<()> {
    let before = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let after = with(&before, name, value);
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = write_private(&beside, &after).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error to report is the one above.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The text with the value replaced, or appended.
fn with(text: &str, name: &str, value: &str) -> String {
    let entry = format!("{name}={value}");
    let is_it = |line: &str| matches!(parse_line(line), Ok(Some((found, _))) if found == name);
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter().position(|line| is_it(line)) {
        Some(at) => lines[at] = &entry,
        None => lines.push(&entry),
    }
    lines.join("\n") + "\n"
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn read_text(path: &Path) -> io::Result<String> {
    // Opening a FIFO would block.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    fs::read_to_string(path)
}

fn parse(path: &Path, text: &str) -> Result<Vec<FileSetting>, ConfigError> {
    let mut entries: Vec<FileSetting> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, content) in (1..).zip(text.lines()) {
        let wrong = |problem: String| ConfigError::Line {
            path: path.to_owned(),
            line,
            problem,
        };
        let parsed = parse_line(content).map_err(|problem| wrong(problem.to_owned()))?;
        let Some((name, value)) = parsed else {
            continue;
        };
        if let Some(first) = entries.iter().find(|entry| entry.name == name) {
            return Err(wrong(format!(
                "`{name}` is already set in line {}",
                first.line
            )));
        }
        if !is_setting(name) && name.to_ascii_uppercase().starts_with(PREFIX) {
            return Err(unknown(path, line, name));
        }
        entries.push(FileSetting {
            name: name.to_owned(),
            value,
            line,
        });
    }
    Ok(entries)
}

/// Parses a line; `None` if it is empty or a comment.
fn parse_line(line: &str) -> Result<Option<(&str, String)>, &'static str> {
    const SHAPE: &str = "expected `NAME=value`";
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or(SHAPE)?;
    let name = name.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(SHAPE);
    }
    let value = value.trim_start();
    let value = match value.strip_prefix(['\'', '"']) {
        Some(rest) if value.starts_with('"') => quoted(rest, '"')?,
        Some(rest) => quoted(rest, '\'')?,
        None => bare(value).to_owned(),
    };
    Ok(Some((name, value)))
}

/// An unquoted value ends where a comment starts.
fn bare(text: &str) -> &str {
    let comment = text
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| at == 0 || text[..at].ends_with(char::is_whitespace));
    text[..comment.unwrap_or(text.len())].trim_end()
}

/// A value after its opening quote; only double quotes have escapes.
fn quoted(text: &str, quote: char) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == quote {
            let rest = characters.as_str().trim_start();
            if rest.is_empty() || rest.starts_with('#') {
                return Ok(value);
            }
            return Err("unexpected text after the closing quote");
        }
        if character != '\\' || quote != '"' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => value.push('\n'),
            Some(escaped @ ('\\' | '"' | '$')) => value.push(escaped),
            other => value.extend(['\\'].into_iter().chain(other)),
        }
    }
    Err("the closing quote is missing")
}

fn is_setting(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.name == name)
}

fn unknown(path: &Path, line: usize, name: &str) -> ConfigError {
    let known = SETTINGS
        .iter()
        .filter(|setting| setting.name.starts_with(PREFIX));
    let known: Vec<String> = known.map(|setting| format!("`{}`", setting.name)).collect();
    ConfigError::Unknown {
        path: path.to_owned(),
        line,
        name: name.to_owned(),
        known: known.join(", "),
    }
}

fn warnings(path: &Path, entries: &[FileSetting]) -> Vec<String> {
    let shown = path.display();
    let strangers = entries.iter().filter(|entry| !is_setting(&entry.name));
    let mut warnings: Vec<String> = strangers
        .map(|entry| {
            format!(
                "{shown}:{}: `{}` is not a setting of ollacode",
                entry.line, entry.name
            )
        })
        .collect();
    let secret = |entry: &FileSetting| {
        let named = |name: &str| {
            SETTINGS
                .iter()
                .any(|known| known.secret && known.name == name)
        };
        named(&entry.name) && !entry.value.is_empty()
    };
    if entries.iter().any(secret) && others_can_read(path) {
        warnings.push(format!(
            "{shown} contains a secret and other users can read it; run `chmod 600 {shown}`"
        ));
    }
    warnings
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_set_and_the_rest_stays() {
        let before = "# mine\nA='x y'\nexport B=1 # why\n";
        for (name, after) in [
            ("A", "# mine\nA=7,8\nexport B=1 # why\n"),
            ("B", "# mine\nA='x y'\nB=7,8\n"),
            ("C", "# mine\nA='x y'\nexport B=1 # why\nC=7,8\n"),
        ] {
            assert_eq!(with(before, name, "7,8"), after);
        }
        assert_eq!(with("", "C", "7"), "C=7\n");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_made_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ollacode").join(".env");
        set(&path, "C", "7").expect("it is written");
        set(&path, "C", "7,8").expect("it is written again");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "C=7,8\n");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let parent = path.parent().expect("a folder");
        assert_eq!(fs::read_dir(parent).expect("a folder").count(), 1);
    }
}
