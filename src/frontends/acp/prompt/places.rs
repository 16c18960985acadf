//! Addresses in messages of an editor: files of the folder, with lines, or something else.

use std::path::{Component, Path, PathBuf};

use url::Url;

use super::PromptFolder;

/// Where an address leads.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// The path in the folder, with `/`; none for the folder itself.
    pub inside: Option<String>,
    /// Whether it is a file or a folder elsewhere.
    pub is_outside: bool,
    /// Its name: that of the file, or the whole address.
    pub name: String,
    /// The first and the last line, from 1.
    pub lines: Option<(u32, u32)>,
}

impl Place {
    /// Reads an address such as `file:///home/me/a.rs#L5:10`; a path alone is one, too.
    pub fn of(folder: &PromptFolder, address: &str) -> Place {
        let (path, lines) = match Url::parse(address) {
            Ok(url) if url.scheme() == "file" => {
                (url.to_file_path().ok(), url.fragment().and_then(lines))
            }
            Ok(_) => (None, None),
            Err(_) => {
                let path = address.starts_with('/').then(|| PathBuf::from(address));
                (path, None)
            }
        };
        let name = path.as_ref().and_then(|path| path.file_name()?.to_str());
        let found = path.as_ref().and_then(|path| inside(folder, path));
        Place {
            is_outside: path.is_some() && found.is_none(),
            inside: found.filter(|path| !path.is_empty()),
            name: name.unwrap_or(address).to_owned(),
            lines,
        }
    }
}

/// A path in the folder, by either of the folder's names; empty for the folder itself.
fn inside(folder: &PromptFolder, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(&folder.root);
    let inside = inside.or_else(|_| path.strip_prefix(&folder.given)).ok()?;
    let mut parts = Vec::new();
    for part in inside.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts.join("/"))
}

/// `L5`, `L5:10`, `L5-10`, `L5-L10`
fn lines(fragment: &str) -> Option<(u32, u32)> {
    let number = |text: &str| {
        let digits = text.strip_prefix(['L', 'l']).unwrap_or(text);
        digits.parse::<u32>().ok().filter(|line| *line > 0)
    };
    let rest = fragment.strip_prefix(['L', 'l'])?;
    match rest.split_once([':', '-']) {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            Some((first, last.max(first)))
        }
        None => number(rest).map(|line| (line, line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_file_of_the_folder_or_something_else() {
        let folder = PromptFolder {
            root: "/private/work".into(),
            given: "/work".into(),
        };
        let place = |inside: Option<&str>, is_outside, name: &str, lines| Place {
            inside: inside.map(str::to_owned),
            is_outside,
            name: name.to_owned(),
            lines,
        };
        for (address, expected) in [
            (
                "file:///work/src/a.rs",
                place(Some("src/a.rs"), false, "a.rs", None),
            ),
            (
                "file:///private/work/a%20b.rs#L5:10",
                place(Some("a b.rs"), false, "a b.rs", Some((5, 10))),
            ),
            (
                "file:///work/a.rs?symbol=run#L7",
                place(Some("a.rs"), false, "a.rs", Some((7, 7))),
            ),
            (
                "file:///work/a.rs#L9-L3",
                place(Some("a.rs"), false, "a.rs", Some((9, 9))),
            ),
            (
                "file:///work/a.rs#top",
                place(Some("a.rs"), false, "a.rs", None),
            ),
            ("/work/a.rs", place(Some("a.rs"), false, "a.rs", None)),
            ("file:///work", place(None, false, "work", None)),
            ("file:///work/", place(None, false, "work", None)),
            (
                "file:///work/../etc/passwd",
                place(None, true, "passwd", None),
            ),
            ("file:///works/a.rs", place(None, true, "a.rs", None)),
            (
                "https://example.org/a.rs#L5",
                place(None, false, "https://example.org/a.rs#L5", None),
            ),
            (
                "zed:///agent/thread/1",
                place(None, false, "zed:///agent/thread/1", None),
            ),
            ("a.rs", place(None, false, "a.rs", None)),
        ] {
            assert_eq!(Place::of(&folder, address), expected, "{address}");
        }
    }
}
