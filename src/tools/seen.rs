//! What the model knows of the files: which version it was shown, and which lines of it.

use std::collections::HashMap;
use std::ops::Range;

use crate::jail::Hash;

/// The files that the model has read or written, by path.
#[derive(Debug, Default)]
pub struct Seen {
    files: HashMap<String, SeenFile>,
}

/// What is known of one file.
#[derive(Clone, Debug)]
struct SeenFile {
    hash: Hash,
    /// Lines that were shown, counted from 1; may overlap.
    lines: Vec<Range<usize>>,
}

impl Seen {
    /// The hash that a file had when the model last read or wrote it.
    pub fn hash(&self, path: &str) -> Option<Hash> {
        self.files.get(path).map(|file| file.hash)
    }

    /// The model was shown these lines of a file.
    pub fn read(&mut self, path: &str, hash: Hash, lines: Range<usize>) {
        match self.files.get_mut(path) {
            Some(file) if file.hash == hash => file.lines.push(lines),
            _ => self.insert(path, hash, vec![lines]),
        }
    }

    /// The model wrote all of a file.
    pub fn wrote(&mut self, path: &str, hash: Hash) {
        let all = 1..usize::MAX;
        self.insert(path, hash, vec![all]);
    }

    /// The model changed a place in a file; what it knows of the rest it knows still.
    pub fn edited(&mut self, path: &str, hash: Hash) {
        let before = self.files.remove(path);
        let lines = before.map(|file| file.lines).unwrap_or_default();
        self.insert(path, hash, lines);
    }

    /// A file has another name now.
    pub fn moved(&mut self, from: &str, to: &str) {
        if let Some(file) = self.files.remove(from) {
            self.files.insert(to.to_owned(), file);
        }
    }

    /// A file is gone.
    pub fn removed(&mut self, path: &str) {
        self.files.remove(path);
    }

    /// How many of the `count` lines of a file the model was not shown.
    pub fn missing(&self, path: &str, count: usize) -> usize {
        let Some(file) = self.files.get(path) else {
            return count;
        };
        let is_shown = |line: usize| file.lines.iter().any(|lines| lines.contains(&line));
        (1..=count).filter(|line| !is_shown(*line)).count()
    }

    fn insert(&mut self, path: &str, hash: Hash, lines: Vec<Range<usize>>) {
        self.files.insert(path.to_owned(), SeenFile { hash, lines });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_add_up_as_long_as_the_file_stays_the_same() {
        let mut seen = Seen::default();
        assert_eq!(seen.missing("a", 10), 10);
        seen.read("a", [1; 32], 1..5);
        seen.read("a", [1; 32], 4..9);
        assert_eq!((seen.missing("a", 10), seen.hash("a")), (2, Some([1; 32])));
        seen.read("a", [2; 32], 9..11);
        assert_eq!(seen.missing("a", 10), 8);
        seen.edited("a", [3; 32]);
        assert_eq!((seen.missing("a", 10), seen.hash("a")), (8, Some([3; 32])));
        seen.moved("a", "b");
        assert_eq!((seen.hash("a"), seen.hash("b")), (None, Some([3; 32])));
        seen.wrote("b", [4; 32]);
        assert_eq!(seen.missing("b", 10), 0);
        seen.edited("new", [5; 32]);
        assert_eq!(seen.missing("new", 3), 3);
        seen.removed("b");
        assert_eq!(seen.hash("b"), None);
    }
}
