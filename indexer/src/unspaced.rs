//! Scripts that are written without spaces between words, or with endings that run into the next
//! word: their words are found by pairs of letters, as Lucene's analyser for Chinese, Japanese and
//! Korean does.

use std::collections::HashSet;

/// Whether a letter belongs to such a script: Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer.
pub(crate) fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{2fa1f}')
}

/// The pairs of neighbouring letters in runs of such scripts, each once, in their order. Marks that
/// are no letters, such as tones, are left out: a tokeniser cuts at them.
pub(crate) fn pairs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.is_ascii() {
        return found;
    }
    let mut seen = HashSet::new();
    let mut before = None;
    for letter in text.chars() {
        if !is_unspaced(letter) {
            before = None;
            continue;
        }
        if !letter.is_alphanumeric() {
            continue;
        }
        if let Some(before) = before
            && seen.insert((before, letter))
        {
            found.push([before, letter].iter().collect());
        }
        before = Some(letter);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_become_pairs() {
        for (text, expected) in [
            ("plain", &[][..]),
            ("größe", &[]),
            ("连接池 pool 连接", &["连接", "接池"]),
            ("字", &[]),
            ("テスト用a", &["テス", "スト", "ト用"]),
            ("연결을", &["연결", "결을"]),
            ("ที่ดี", &["ที", "ีด", "ดี"]),
        ] {
            assert_eq!(pairs(text), expected, "{text}");
        }
    }
}
