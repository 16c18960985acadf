//! Identifiers of texts, each stored once.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Shortest and longest identifier, in bytes: what is longer is encoded data.
const SHORTEST: usize = 3;
const LONGEST: usize = 80;

/// Most identifiers: about 60 MB. What comes later is not counted.
const MOST_WORDS: usize = 1_500_000;

/// The identifiers of a text: words of letters, digits and `_` that begin with no digit.
pub(super) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
    words.filter(|word| is_long_enough(word))
}

/// Whether a name is one word that [`identifiers`] finds in texts.
pub(super) fn is_identifier(name: &str) -> bool {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    is_long_enough(name) && name.chars().all(is_word)
}

fn is_long_enough(word: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&word.len()) && !word.as_bytes()[0].is_ascii_digit()
}

/// Texts one behind the other, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WordList {
    text: String,
    ends: Vec<u32>,
}

impl WordList {
    /// The word of an id; empty if there is none.
    pub(super) fn get(&self, id: u32) -> &str {
        let at = id as usize;
        let Some(&end) = self.ends.get(at) else {
            return "";
        };
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..end as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a word; `false` if it has no room.
    pub(super) fn push(&mut self, word: &str) -> bool {
        let Ok(end) = u32::try_from(self.text.len() + word.len()) else {
            return false;
        };
        self.text.push_str(word);
        self.ends.push(end);
        true
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Gives each word an id, in the order in which they come.
#[derive(Default)]
pub(super) struct Interner {
    ids: HashMap<Box<str>, u32, SeededWords>,
}

impl Interner {
    /// The id of a word; `None` if there are too many.
    pub(super) fn id(&mut self, word: &str) -> Option<u32> {
        if let Some(id) = self.ids.get(word) {
            return Some(*id);
        }
        if self.ids.len() >= MOST_WORDS {
            return None;
        }
        let id = u32::try_from(self.ids.len()).ok()?;
        self.ids.insert(word.into(), id);
        Some(id)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The words with their ids, sorted by word.
    pub(super) fn sorted(&self) -> Vec<(&str, u32)> {
        let words = self.ids.iter().map(|(word, id)| (&**word, *id));
        let mut words: Vec<(&str, u32)> = words.collect();
        words.sort_unstable();
        words
    }
}

/// Hashes short words several times faster than the hasher of the standard library. Its seed is
/// random, since the words are of files that anybody may have written.
#[derive(Clone)]
pub(super) struct SeededWords(u64);

impl Default for SeededWords {
    fn default() -> SeededWords {
        SeededWords(RandomState::new().build_hasher().finish() | 1)
    }
}

impl BuildHasher for SeededWords {
    type Hasher = WordHasher;

    fn build_hasher(&self) -> WordHasher {
        WordHasher {
            state: self.0,
            seed: self.0,
        }
    }
}

/// Multiplies eight bytes at a time and folds the product.
pub(super) struct WordHasher {
    state: u64,
    seed: u64,
}

impl WordHasher {
    fn mix(&mut self, value: u64) {
        let product =
            u128::from(self.state ^ value) * u128::from(self.seed ^ 0x9e37_79b9_7f4a_7c15);
        // The halves of the product: both are wanted, so that nothing is lost.
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ value.rotate_left(29);
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut groups = bytes.chunks_exact(8);
        for group in &mut groups {
            let mut eight = [0; 8];
            eight.copy_from_slice(group);
            self.mix(u64::from_le_bytes(eight));
        }
        let rest = groups.remainder();
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(eight));
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.seed);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_three_letters_and_begin_with_none_that_is_a_digit() {
        let found: Vec<&str> =
            identifiers("let x = parse_url(a1b, 123abc); größe—von Rc<Foo>").collect();
        assert_eq!(found, ["let", "parse_url", "a1b", "größe", "von", "Foo"]);
        assert_eq!(identifiers(&"x".repeat(81)).count(), 0);
    }

    #[test]
    fn words_are_kept_once_and_listed_in_order() {
        let mut interner = Interner::default();
        let ids: Vec<Option<u32>> = ["two", "one", "two", "a_name_that_is_longer_than_eight"]
            .into_iter()
            .map(|word| interner.id(word))
            .collect();
        assert_eq!(ids, [Some(0), Some(1), Some(0), Some(2)]);
        let sorted: Vec<&str> = interner
            .sorted()
            .into_iter()
            .map(|(word, _)| word)
            .collect();
        assert_eq!(sorted, ["a_name_that_is_longer_than_eight", "one", "two"]);
        let mut list = WordList::default();
        assert!(list.push("one") && list.push("") && list.push("two"));
        assert_eq!(
            [list.get(0), list.get(1), list.get(2), list.get(3)],
            ["one", "", "two", ""]
        );
    }
}
