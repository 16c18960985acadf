//! Checksums of the files that tables consist of.
//!
//! LanceDB writes a file once and never changes it, but it does not note what it wrote. A checksum
//! tells a damaged file from every other reason why a read fails: missing permissions, a full disk,
//! too many open files, or an error of the program.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Result, StoreError};
use crate::files::write_private_file;

/// The file with the checksums, in the folder of the index. Its last line is a checksum of the rest.
const FILE: &str = "checksums";
/// The same while it is written.
const NEW_FILE: &str = "checksums.new";
/// Bytes that are read at a time.
const BUFFER: usize = 256 << 10;

/// Length and hash of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// Its length in bytes.
    pub bytes: u64,
    /// BLAKE3, 128 bits.
    hash: [u8; 16],
}

impl Checksum {
    /// Reads a file from its first to its last byte.
    pub(crate) fn of(path: &Path) -> io::Result<Checksum> {
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER];
        let mut bytes = 0;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Checksum {
            bytes,
            hash: shortened(&hasher.finalize()),
        })
    }

    fn parse(text: &str) -> Option<Checksum> {
        let (hash, bytes) = text.split_once(' ')?;
        Some(Checksum {
            bytes: bytes.parse().ok()?,
            hash: hex::decode(hash).ok()?.try_into().ok()?,
        })
    }
}

/// Checksums by path in the folder of the index, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checksums(HashMap<String, Checksum>);

impl Checksums {
    /// Reads the checksums of an index. None are known if their file is missing or damaged itself.
    pub(crate) fn read(folder: &Path) -> Result<Checksums> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Checksums::parse(&text).unwrap_or_default()),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::InvalidData => Ok(Checksums::default()),
                _ => Err(StoreError::io("read", &path, error)),
            },
        }
    }

    fn parse(text: &str) -> Option<Checksums> {
        let (lines, total) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        if total != hex::encode(total_of(lines)) {
            return None;
        }
        let parsed = lines.lines().map(|line| {
            let (checksum, path) = line.split_once('\t')?;
            Some((path.to_owned(), Checksum::parse(checksum)?))
        });
        parsed.collect::<Option<HashMap<_, _>>>().map(Checksums)
    }

    /// Replaces the file, as a whole.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_unstable_by_key(|(path, _)| *path);
        let lines: Vec<String> = entries
            .iter()
            .map(|(path, known)| format!("{} {}\t{path}", hex::encode(known.hash), known.bytes))
            .collect();
        let lines = lines.join("\n");
        let text = format!("{lines}\n{}\n", hex::encode(total_of(&lines)));
        let (new, path) = (folder.join(NEW_FILE), folder.join(FILE));
        write_private_file(&new, &text)?;
        fs::rename(&new, &path).map_err(|error| StoreError::io("write", &path, error))
    }

    /// The checksum of a file, if it is known.
    pub(crate) fn get(&self, path: &str) -> Option<Checksum> {
        self.0.get(path).copied()
    }

    pub(crate) fn insert(&mut self, path: String, checksum: Checksum) {
        self.0.insert(path, checksum);
    }

    /// Forgets the files whose paths begin with a text, in the file, too. After a step back the
    /// numbers of versions are used again, so that another manifest gets the path of the old one.
    pub(crate) fn forget(folder: &Path, beginning: &str) -> Result<()> {
        let mut known = Checksums::read(folder)?;
        let before = known.0.len();
        known.retain(|path| !path.starts_with(beginning));
        if known.0.len() == before {
            return Ok(());
        }
        let Err(error) = known.write(folder) else {
            return Ok(());
        };
        // Without any checksum less is found, but nothing intact counts as damaged.
        tracing::warn!(%error, "the checksums of the index were removed");
        let path = folder.join(FILE);
        fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))
    }

    /// Forgets the files that are not wanted any more.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.0.retain(|path, _| is_wanted(path));
    }
}

fn total_of(lines: &str) -> [u8; 16] {
    shortened(&blake3::hash(lines.as_bytes()))
}

fn shortened(hash: &blake3::Hash) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_is_not_read_again() {
        let folder = tempfile::tempdir().expect("temporary folder");
        Checksums::forget(folder.path(), "a.lance/").expect("nothing to forget");
        assert!(!folder.path().join(FILE).exists());
        let file = folder.path().join("x");
        fs::write(&file, "x").expect("a file");
        let checksum = Checksum::of(&file).expect("a hash");
        let mut known = Checksums::default();
        for path in ["a.lance/_versions/7.manifest", "ab.lance/data/x"] {
            known.insert(path.to_owned(), checksum);
        }
        known.write(folder.path()).expect("written");
        Checksums::forget(folder.path(), "a.lance/").expect("forgotten");
        let known = Checksums::read(folder.path()).expect("read");
        assert_eq!(known.get("a.lance/_versions/7.manifest"), None);
        assert_eq!(known.get("ab.lance/data/x"), Some(checksum));
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert_eq!(
            Checksums::read(folder.path()).expect("none"),
            Checksums::default()
        );
        let file = folder.path().join("a b.lance");
        fs::write(&file, vec![7; 3 * BUFFER + 1]).expect("a file");
        let mut known = Checksums::default();
        known.insert("a b.lance".to_owned(), Checksum::of(&file).expect("a hash"));
        known.write(folder.path()).expect("written");
        assert_eq!(Checksums::read(folder.path()).expect("read"), known);
        let mut damaged = vec![7; 3 * BUFFER + 1];
        damaged[BUFFER + 9] = 0;
        fs::write(&file, damaged).expect("damage");
        assert_ne!(known.get("a b.lance"), Checksum::of(&file).ok());
        let path = folder.path().join(FILE);
        let text = fs::read(&path).expect("a file");
        for at in 0..text.len() {
            let mut other = text.clone();
            other[at] ^= 1;
            fs::write(&path, &other).expect("damage");
            let read = Checksums::read(folder.path()).expect("read");
            assert_eq!(read, Checksums::default(), "byte {at}");
        }
        for length in 0..text.len() {
            fs::write(&path, &text[..length]).expect("damage");
            let read = Checksums::read(folder.path()).expect("read");
            assert_eq!(read, Checksums::default(), "the first {length} bytes");
        }
    }
}
