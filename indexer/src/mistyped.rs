//! Names that differ from the one that was asked for by a mistake or two.

/// A name that nothing defines.
pub(crate) struct WantedName {
    /// In lower case.
    name: String,
    length: usize,
    letters: Letters,
    /// The mistakes that a name of its length may have.
    most: usize,
}

impl WantedName {
    /// Takes a name in lower case.
    pub(crate) fn new(name: String) -> WantedName {
        let length = name.chars().count();
        WantedName {
            length,
            letters: Letters::of(&name),
            most: match length {
                0..4 => 0,
                4..8 => 1,
                _ => 2,
            },
            name,
        }
    }

    /// How similar the name of a definition is: 1 for the same, 0 for too many mistakes.
    ///
    /// A mistake is a letter that is missing, wrong, too many, or exchanged with its neighbour. A large
    /// index has a million names, so most are told apart by their letters alone.
    pub(crate) fn similarity(&self, name: &str) -> f32 {
        let is_far = name.len().abs_diff(self.name.len()) > 4 * self.most;
        if is_far || !self.letters.are_near(Letters::of(name), self.most) {
            return 0.0;
        }
        let mistakes = strsim::osa_distance(&self.name, &name.to_lowercase());
        if mistakes > self.most {
            return 0.0;
        }
        1.0 - mistakes as f32 / self.length as f32
    }
}

/// The letters of a name, whatever their case: a bit for each, which rare ones share.
#[derive(Clone, Copy)]
struct Letters(u64);

impl Letters {
    fn of(name: &str) -> Letters {
        let mut bits = 0;
        if name.is_ascii() {
            for byte in name.bytes() {
                bits |= 1 << (byte.to_ascii_lowercase() % 64);
            }
        } else {
            for letter in name.chars().flat_map(char::to_lowercase) {
                bits |= 1 << (u32::from(letter) % 64);
            }
        }
        Letters(bits)
    }

    /// Whether the letters allow so few mistakes: each takes one letter away and adds one at most.
    fn are_near(self, other: Letters, mistakes: usize) -> bool {
        let only = |these: u64, those: u64| (these & !those).count_ones() as usize;
        only(self.0, other.0) <= mistakes && only(other.0, self.0) <= mistakes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mistakes_are_counted_by_the_length_of_the_name() {
        for (wanted, name, expected) in [
            ("retrybudget", "RetryBudget", 1.0),
            ("retrybugdet", "RetryBudget", 1.0 - 1.0 / 11.0),
            ("retrybugdt", "RetryBudget", 1.0 - 2.0 / 10.0),
            ("rtrybugdt", "RetryBudget", 0.0),
            ("pars", "parse", 0.75),
            ("pas", "parse", 0.0),
            ("größe", "Grösse", 0.0),
            ("größen", "Größe", 1.0 - 1.0 / 6.0),
        ] {
            let similarity = WantedName::new(wanted.to_owned()).similarity(name);
            assert!((similarity - expected).abs() < 1e-6, "{wanted} {name}");
        }
    }

    proptest! {
        #[test]
        fn letters_never_hide_a_near_name(
            wanted in "[a-eé_]{1,12}",
            name in "[a-eA-EéÉ_]{1,12}",
        ) {
            let near = strsim::osa_distance(&wanted, &name.to_lowercase());
            let letters = Letters::of(&wanted);
            prop_assert!(letters.are_near(Letters::of(&name), near));
        }
    }
}
