//! Detects replies that repeat themselves: weak models can do so until the window is full.

/// How often a block must be repeated at the end of a text: largest block in bytes, repetitions in
/// text, and repetitions in a possible call, whose arguments may well have equal lines.
const TIMES: [(usize, usize, usize); 3] = [(1 << 10, 8, 40), (4 << 10, 4, 12), (LOOKED_AT, 3, 8)];

/// Shorter repetitions, in bytes, are normal: `0, 0, 0, 0`.
const LEAST: usize = 200;
/// The same for blocks of punctuation and white space: rules, tables, indentation.
const LEAST_SIGNS: usize = 2_000;

/// Bytes at the end of the text that are checked.
const LOOKED_AT: usize = 48 << 10;
/// Checked again after this many new bytes.
const STEP: usize = 256;

/// Checks a growing text.
#[derive(Debug, Default)]
pub(super) struct RepeatDetector {
    tail: Vec<u8>,
    new: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RepeatedBlock {
    pub block: String,
    /// Bytes at the end of the text that only repeat it.
    pub needless: usize,
}

impl RepeatDetector {
    /// Adds a piece; returns the repeated block if the text repeats itself at its end.
    pub(super) fn push(&mut self, piece: &str, in_call: bool) -> Option<RepeatedBlock> {
        self.tail.extend_from_slice(piece.as_bytes());
        self.new += piece.len();
        if self.new < STEP {
            return None;
        }
        self.new = 0;
        let over = self.tail.len().saturating_sub(LOOKED_AT);
        self.tail.drain(..over);
        repeated(&self.tail, in_call)
    }
}

/// The shortest block that a text ends with often enough.
///
/// The periods of all suffixes are those of the prefixes of the reversed text, which the KMP
/// failure function gives in one pass.
fn repeated(text: &[u8], in_call: bool) -> Option<RepeatedBlock> {
    let at = |index: usize| text[text.len() - 1 - index];
    let mut borders = vec![0usize; text.len()];
    for index in 1..text.len() {
        let mut border = borders[index - 1];
        while border > 0 && at(border) != at(index) {
            border = borders[border - 1];
        }
        borders[index] = border + usize::from(at(border) == at(index));
        let length = index + 1;
        let period = length - borders[index];
        if length < LEAST || length < times(period, in_call) * period {
            continue;
        }
        let block = &text[text.len() - period..];
        let has_words = block
            .iter()
            .any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        if has_words || length >= LEAST_SIGNS {
            return Some(RepeatedBlock {
                block: String::from_utf8_lossy(block).into_owned(),
                needless: length - period,
            });
        }
    }
    None
}

/// How often a block of some length must be repeated.
fn times(period: usize, in_call: bool) -> usize {
    let row = TIMES.iter().find(|(longest, ..)| period <= *longest);
    row.map_or(usize::MAX / LOOKED_AT, |(_, in_text, in_calls)| {
        if in_call { *in_calls } else { *in_text }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How much of a text was needed to see that it repeats itself, if it does.
    fn seen_after(text: &str) -> Option<usize> {
        let mut repeats = RepeatDetector::default();
        let mut length = 0;
        for character in text.chars() {
            let piece = character.to_string();
            length += piece.len();
            if repeats.push(&piece, false).is_some() {
                return Some(length);
            }
        }
        None
    }

    #[test]
    fn a_block_again_and_again_is_seen_soon() {
        for block in [
            "I will now read the file.\n",
            "ok\n",
            "a",
            "First this, then that.\n\n- one\n- two\n- three\n\n",
            "파일을 읽겠습니다.\n",
            "fn a() {\n    b();\n}\n",
        ] {
            let text = block.repeat(4_000 / block.len() + 20);
            let most = (8 * block.len()).max(LEAST) + STEP + block.len();
            let seen = seen_after(&text).expect(block);
            assert!(seen <= most, "{block}: {seen} of {most}");
            let seen = seen_after(&format!("Something else comes first. {text}")).expect(block);
            assert!(seen <= most + 2 * STEP, "{block}: {seen}");
        }
        assert!(seen_after(&" ".repeat(10_000)).is_some());
        assert!(seen_after(&"\n".repeat(10_000)).is_some());
    }

    #[test]
    fn a_long_block_is_seen_after_fewer_times() {
        let block = |bytes: usize| -> String {
            let lines = (0..).map(|number| format!("Line {number} of the plan.\n"));
            let mut text = String::new();
            lines
                .take_while(|line| {
                    text.push_str(line);
                    text.len() < bytes
                })
                .for_each(drop);
            text
        };
        for (bytes, times) in [(2_000, 4), (3_900, 4), (6_000, 3), (10_000, 3)] {
            let block = block(bytes);
            let seen = seen_after(&block.repeat(times + 1)).expect("a repetition");
            let most = times * block.len() + 2 * STEP;
            assert!(seen <= most, "{bytes}: {seen} of {most}");
            assert_eq!(seen_after(&block.repeat(2)), None, "{bytes}");
        }
    }

    #[test]
    fn what_only_looks_alike_goes_on() {
        let steps: String = (0..500)
            .map(|number| format!("{number}. Read the file.\n"))
            .collect();
        let rule = "-".repeat(500);
        let matrix = "    [0, 0, 0],\n".repeat(10);
        let twice = "The same paragraph, which is long enough to matter.\n".repeat(4);
        for text in [steps.as_str(), &rule, &matrix, &twice] {
            assert_eq!(seen_after(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_needless_is_said() {
        let text = format!(
            "Hello.\nAgain and again.\n{}",
            "Again and again.\n".repeat(30)
        );
        let mut repeats = RepeatDetector::default();
        let found = repeats.push(&text, false).expect("a repetition");
        assert_eq!(found.block.len(), 17);
        assert!(text[..text.len() - found.needless].starts_with("Hello.\nAgain"));
        assert!(found.needless >= 7 * 17, "{found:?}");
    }

    proptest! {
        #[test]
        fn every_block_is_seen_and_the_tail_is_bounded(block in "[a-z]{1,12}( [a-z]{1,9}){0,40}\n") {
            let text = block.repeat(9 + 3 * LEAST / block.len());
            prop_assert!(seen_after(&text).is_some());
        }
    }
}
