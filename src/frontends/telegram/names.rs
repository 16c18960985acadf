//! Names and sizes of documents, checked before anything is downloaded.

use crate::visible::is_hidden;

/// Maximum size of a document.
pub const MOST_BYTES: u64 = 1 << 20;
/// Maximum size of a photo; Telegram's photos are smaller.
pub const MOST_BYTES_OF_PICTURE: u64 = 10 << 20;
const LONGEST_NAME: usize = 80;
/// Longest extension that is kept when a name is shortened.
const LONGEST_EXTENSION: usize = 12;
/// The name of a document without a usable name.
const NAMELESS: &str = "document";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentRefusal {
    #[error("`{name}` has {bytes} bytes; the limit is {most}")]
    TooLarge { name: String, bytes: u64, most: u64 },
    #[error("Telegram did not report the size of `{0}`, so it was not downloaded")]
    UnknownSize(String),
    #[error("`{0}` is not UTF-8 text; only text files and photos can be sent")]
    NotText(String),
    #[error("`{0}` is empty")]
    Empty(String),
}

/// A name that is safe to show and to use: no folders, hidden characters or device names.
pub fn document_name(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_bad =
        |sign: char| is_hidden(sign) || sign.is_control() || "<>:\"|?*`$;&'\n\t".contains(sign);
    let replaced: String = last
        .chars()
        .map(|sign| if is_bad(sign) { '_' } else { sign })
        .map(|sign| if sign.is_whitespace() { ' ' } else { sign })
        .collect();
    // A leading dot hides a file, and a leading dash is an option.
    let bare = replaced.trim_start_matches(['.', '-', ' ', '~']);
    let bare = bare.trim_end_matches(['.', ' ']);
    let short = shortened(bare);
    let stem = short.split('.').next().unwrap_or_default();
    if stem.trim_matches('_').is_empty() && !stem.is_empty() || is_device(stem) {
        return format!("{NAMELESS}-{short}");
    }
    if short.is_empty() {
        return NAMELESS.to_owned();
    }
    short
}

/// Checks the reported size, before anything is downloaded.
pub fn check_size(name: &str, bytes: Option<u64>) -> Result<(), DocumentRefusal> {
    check(name, bytes, MOST_BYTES)
}

pub fn check_picture(name: &str, bytes: Option<u64>) -> Result<(), DocumentRefusal> {
    check(name, bytes, MOST_BYTES_OF_PICTURE)
}

fn check(name: &str, bytes: Option<u64>, most: u64) -> Result<(), DocumentRefusal> {
    match bytes {
        None => Err(DocumentRefusal::UnknownSize(name.to_owned())),
        Some(0) => Err(DocumentRefusal::Empty(name.to_owned())),
        Some(bytes) if bytes > most => Err(DocumentRefusal::TooLarge {
            name: name.to_owned(),
            bytes,
            most,
        }),
        Some(_) => Ok(()),
    }
}

/// The text of a document. Its size is checked again, since the reported one may be wrong.
pub fn text(name: &str, bytes: Vec<u8>) -> Result<String, DocumentRefusal> {
    check_size(name, Some(bytes.len() as u64))?;
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(DocumentRefusal::NotText(name.to_owned())),
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let extension = if extension.len() <= LONGEST_EXTENSION {
        extension
    } else {
        ""
    };
    let end = name.floor_char_boundary(LONGEST_NAME - extension.len());
    format!("{}{extension}", name[..end].trim_end_matches(['.', ' ']))
}

/// Names that Windows reserves for devices, with any extension.
fn is_device(stem: &str) -> bool {
    let stem = stem.trim().to_ascii_lowercase();
    let is_numbered = |kind: &str| {
        let number = stem.strip_prefix(kind).unwrap_or_default();
        number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || is_numbered("com")
        || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (name, safe) in [
            (None, "document"),
            (Some(""), "document"),
            (Some("notes.txt"), "notes.txt"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("C:\\temp\\a.log"), "a.log"),
            (Some(".."), "document"),
            (Some("/"), "document"),
            (Some(".env"), "env"),
            (Some("-rf"), "rf"),
            (Some("~root"), "root"),
            (Some("a\0b\nc\u{202e}txt.exe"), "a_b_c_txt.exe"),
            (Some("$(id).sh"), "_(id).sh"),
            (Some("nul.txt"), "document-nul.txt"),
            (Some("COM1"), "document-COM1"),
            (Some("___"), "document-___"),
            (Some("grüße 한국어.md"), "grüße 한국어.md"),
            (Some("a. . ."), "a"),
        ] {
            assert_eq!(document_name(name), safe, "{name:?}");
        }
        let long = document_name(Some(&format!("{}.rs", "ü".repeat(200))));
        assert!(
            long.len() <= LONGEST_NAME && long.ends_with("ü.rs"),
            "{long}"
        );
    }

    #[test]
    fn sizes_are_checked_before_and_after() {
        assert_eq!(check_size("a", Some(MOST_BYTES)), Ok(()));
        assert!(matches!(
            check_size("a", Some(MOST_BYTES + 1)),
            Err(DocumentRefusal::TooLarge { .. })
        ));
        assert!(matches!(
            check_size("a", None),
            Err(DocumentRefusal::UnknownSize(_))
        ));
        assert!(matches!(
            text("a", vec![b'a'; (1 << 20) + 1]),
            Err(DocumentRefusal::TooLarge { .. })
        ));
        assert!(matches!(text("a", vec![]), Err(DocumentRefusal::Empty(_))));
        assert!(matches!(
            text("a", vec![0xff]),
            Err(DocumentRefusal::NotText(_))
        ));
        assert!(matches!(
            text("a", b"a\0b".to_vec()),
            Err(DocumentRefusal::NotText(_))
        ));
        assert_eq!(text("a", b"\xef\xbb\xbfhi".to_vec()), Ok("hi".to_owned()));
    }
}
