//! The list of files that git tracks, read from its index, and the branch that is checked out.
//!
//! Of files mostly the names count. What cannot be read as an index tracks nothing: then ignore
//! files alone decide, as outside git.

use std::ffi::OsStr;
use std::path::Path;

use crate::folder::{FileKind, Folder};

/// Where an entry has its mode, and its size, in bytes.
const MODE: usize = 24;
const SIZE: usize = 36;
/// Bytes of an entry before its hash: times, numbers, mode, owner, size.
const BEFORE_HASH: usize = 40;
/// Bytes of a hash: SHA-1, or SHA-256 where a repository was made so.
const HASHES: [usize; 2] = [20, 32];
/// Entries are padded to a multiple of this many bytes.
const PADDING: usize = 8;
/// Set in an entry that has two more bytes of flags.
const EXTENDED: u16 = 0x4000;
/// Set in an entry whose file git is told not to look at: in its flags, and in the further ones.
const ASSUMED_VALID: u16 = 0x8000;
const NOT_IN_WORK_TREE: u16 = 0x4000;
/// The type of a regular file in a mode, and the bits of the type.
const REGULAR: u32 = 0o100_000;
const TYPE: u32 = 0o170_000;
/// Largest `HEAD` that is read, in bytes.
const MOST_HEAD: u64 = 4_096;
/// The length of a name, or this number if it is longer.
const LENGTH: u16 = 0x0fff;

/// Largest index that is read, in bytes.
pub(crate) const MOST_INDEX: u64 = 1 << 28;

/// Names of tracked files, in the order of their bytes.
#[derive(Debug, Default)]
pub struct TrackedFiles(Vec<String>);

impl TrackedFiles {
    /// Reads what git tracks in a work tree with this top; nothing where that cannot be read.
    pub fn read(top: &Path) -> TrackedFiles {
        let git = Folder::open(top).and_then(|top| top.folder(".git".as_ref()));
        let bytes = git.and_then(|git| git.read("index", MOST_INDEX));
        bytes.map_or_else(
            |_| TrackedFiles::default(),
            |bytes| TrackedFiles::parse(&bytes),
        )
    }

    /// Reads the bytes of an index of version 2, 3 or 4.
    pub(crate) fn parse(bytes: &[u8]) -> TrackedFiles {
        let entries = HASHES.iter().find_map(|hash| entries(bytes, *hash));
        let names = entries.unwrap_or_default().into_iter();
        TrackedFiles(names.map(|entry| entry.name).collect())
    }

    /// Whether a path from the top of the work tree is tracked.
    pub fn contains(&self, path: &str) -> bool {
        self.0
            .binary_search_by(|name| name.as_str().cmp(path))
            .is_ok()
    }

    /// All paths that are tracked.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether something in a folder is tracked.
    pub(crate) fn contains_below(&self, folder: &str) -> bool {
        let start = format!("{folder}/");
        let at = self.0.partition_point(|name| *name < start);
        self.0.get(at).is_some_and(|name| name.starts_with(&start))
    }
}

/// The branch that is checked out in a work tree with this top; `None` if there is none, or if it
/// cannot be read.
pub fn branch(top: &Path) -> Option<String> {
    let head = Folder::open(top).ok()?.read(".git/HEAD", MOST_HEAD).ok()?;
    let head = String::from_utf8(head).ok()?;
    let name = head.trim().strip_prefix("ref: refs/heads/")?;
    Some(name.to_owned())
}

/// How many tracked files of a work tree with this top are gone, or have another size than git saw
/// last; `None` if that cannot be read. At most `most` files are looked at. Changes that keep the
/// size, or that are staged, are not seen.
pub fn changed(top: &Path, most: usize) -> Option<usize> {
    let folder = Folder::open(top).ok()?;
    let git = folder.folder(".git".as_ref()).ok()?;
    let bytes = git.read("index", MOST_INDEX).ok()?;
    let entries = HASHES.iter().find_map(|hash| entries(&bytes, *hash))?;
    let looked_at = entries.iter().filter(|entry| entry.is_file).take(most);
    let is_changed = |entry: &&IndexEntry| match size_of(&folder, &entry.name) {
        // Git writes 0 where the time does not tell whether a file was changed.
        Some(size) => entry.size != 0 && u64::from(entry.size) != size & u64::from(u32::MAX),
        None => true,
    };
    Some(looked_at.filter(is_changed).count())
}

/// The size of a regular file at a path with `/`.
fn size_of(folder: &Folder, path: &str) -> Option<u64> {
    match path.split_once('/') {
        Some((first, rest)) => size_of(&folder.folder(OsStr::new(first)).ok()?, rest),
        None => {
            let stat = folder.stat(OsStr::new(path)).ok()?;
            (stat.kind == FileKind::File).then_some(stat.size)
        }
    }
}

/// An entry of an index.
struct IndexEntry {
    name: String,
    /// The lower 32 bits of its size in bytes.
    size: u32,
    /// Whether it is a regular file that is in the work tree.
    is_file: bool,
}

/// All entries, or nothing if this is no index with hashes of this length.
fn entries(bytes: &[u8], hash: usize) -> Option<Vec<IndexEntry>> {
    let mut rest = bytes.strip_prefix(b"DIRC")?;
    let version = u32::from_be_bytes(take(&mut rest)?);
    let count = u32::from_be_bytes(take(&mut rest)?);
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut entries = Vec::new();
    let mut before: Vec<u8> = Vec::new();
    for _ in 0..count {
        let entry = rest;
        rest = rest.get(BEFORE_HASH + hash..)?;
        let flags = u16::from_be_bytes(take(&mut rest)?);
        let more_flags = if flags & EXTENDED == 0 {
            0
        } else {
            u16::from_be_bytes(take(&mut rest)?)
        };
        if version == 4 {
            // The name begins like the one before it, without this many bytes of its end.
            let cut = number(&mut rest)?;
            before.truncate(before.len().checked_sub(cut)?);
        } else {
            before.clear();
        }
        let end = memchr::memchr(0, rest)?;
        before.extend_from_slice(&rest[..end]);
        if usize::from(flags & LENGTH) != before.len().min(usize::from(LENGTH)) {
            return None;
        }
        rest = &rest[end + 1..];
        if version != 4 {
            let length = (entry.len() - rest.len()).next_multiple_of(PADDING);
            rest = entry.get(length..)?;
        }
        // A name that is not UTF-8 is not listed anyway.
        if let Ok(name) = str::from_utf8(&before) {
            let is_hidden = flags & ASSUMED_VALID != 0 || more_flags & NOT_IN_WORK_TREE != 0;
            entries.push(IndexEntry {
                name: name.to_owned(),
                size: number_at(entry, SIZE)?,
                is_file: number_at(entry, MODE)? & TYPE == REGULAR && !is_hidden,
            });
        }
    }
    // Its own checksum comes last.
    let is_sorted = entries.is_sorted_by(|one, next| one.name <= next.name);
    (rest.len() >= hash && is_sorted).then_some(entries)
}

fn number_at(entry: &[u8], at: usize) -> Option<u32> {
    take(&mut entry.get(at..)?).map(u32::from_be_bytes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

/// A number of seven bits a byte, the highest first; each further byte counts one more.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0usize;
    loop {
        let [byte] = take(rest)?;
        value = value
            .checked_shl(7)?
            .checked_add(usize::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        value = value.checked_add(1)?;
        if value > 1 << 24 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An index as git writes it, of version 2 or 4.
    fn index(names: &[&str], version: u32, hash: usize) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(names.len()).unwrap_or(0).to_be_bytes());
        let mut before = "";
        for name in names {
            let start = bytes.len();
            bytes.extend(vec![7; BEFORE_HASH + hash]);
            bytes.extend(u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
            if version == 4 {
                let common = name
                    .bytes()
                    .zip(before.bytes())
                    .take_while(|(one, other)| one == other)
                    .count();
                let cut = before.len() - common;
                assert!(cut < 128, "short names");
                bytes.push(u8::try_from(cut).unwrap_or(0));
                bytes.extend(&name.as_bytes()[common..]);
                bytes.push(0);
                before = name;
            } else {
                bytes.extend(name.as_bytes());
                bytes.push(0);
                let length = (bytes.len() - start).next_multiple_of(PADDING);
                bytes.resize(start + length, 0);
            }
        }
        bytes.extend(vec![9; hash]);
        bytes
    }

    #[test]
    fn names_are_read_in_every_version_and_with_either_hash() {
        let names = ["README.md", "a-b/x", "a/x.rs", "a/y.rs", "b/deep/er/z.rs"];
        for version in [2, 3, 4] {
            for hash in HASHES {
                let tracked = TrackedFiles::parse(&index(&names, version, hash));
                assert_eq!(tracked.0, names, "version {version}, hash of {hash}");
            }
        }
        let tracked = TrackedFiles::parse(&index(&names, 2, 20));
        assert!(tracked.contains("a/x.rs") && !tracked.contains("a"));
        assert!(tracked.contains_below("b/deep") && tracked.contains_below("a"));
        assert!(!tracked.contains_below("a/x.rs") && !tracked.contains_below("b/de"));
    }

    /// An entry of an index of version 2.
    fn entry(name: &str, mode: u32, size: u32) -> Vec<u8> {
        let mut bytes = vec![0; BEFORE_HASH + 20];
        bytes[MODE..MODE + 4].copy_from_slice(&mode.to_be_bytes());
        bytes[SIZE..SIZE + 4].copy_from_slice(&size.to_be_bytes());
        bytes.extend(u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
        bytes.extend(name.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(PADDING), 0);
        bytes
    }

    #[test]
    fn changed_files_and_the_branch_are_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path();
        assert_eq!((branch(top), changed(top, 10)), (None, None));
        std::fs::create_dir_all(top.join(".git")).expect("a folder");
        std::fs::create_dir(top.join("a")).expect("a folder");
        std::fs::write(top.join(".git/HEAD"), "ref: refs/heads/fix/it\n").expect("a file");
        let file = 0o100_644;
        let mut bytes = b"DIRC\0\0\0\x02\0\0\0\x04".to_vec();
        bytes.extend(entry("a/x.rs", file, 5));
        bytes.extend(entry("a/y.rs", file, 5));
        bytes.extend(entry("link", 0o120_000, 5));
        bytes.extend(entry("z.rs", file, 5));
        bytes.extend([9; 20]);
        std::fs::write(top.join(".git/index"), bytes).expect("a file");
        std::fs::write(top.join("a/x.rs"), "same\n").expect("a file");
        std::fs::write(top.join("a/y.rs"), "longer\n").expect("a file");
        assert_eq!(branch(top).as_deref(), Some("fix/it"));
        // One is longer, one is gone, and a link does not count.
        assert_eq!(changed(top, 10), Some(2));
        assert_eq!(changed(top, 1), Some(0));
        std::fs::write(top.join(".git/HEAD"), "0123456789abcdef\n").expect("a file");
        assert_eq!(branch(top), None);
    }

    #[test]
    fn what_is_no_index_tracks_nothing() {
        let whole = index(&["a", "b"], 2, 20);
        for length in 0..whole.len() {
            assert!(
                TrackedFiles::parse(&whole[..length]).0.is_empty(),
                "{length}"
            );
        }
        assert!(TrackedFiles::parse(&index(&["a"], 5, 20)).0.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..300), version in 2u32..5) {
            let mut whole = b"DIRC".to_vec();
            whole.extend(version.to_be_bytes());
            whole.append(&mut bytes);
            TrackedFiles::parse(&whole);
        }
    }
}
