//! The difference between two lines, applied to a third one: a three-way merge within a line.

use std::ops::Range;

use super::diff::{differences, equal_pairs};
use super::tokens::{LineToken, is_comment, tokens};

/// Applies the difference between `base` and `theirs` to `ours`.
///
/// `None` if the changed part is not in `ours`, or it is ambiguous where.
pub(super) fn merge(base: &str, theirs: &str, ours: &str) -> Option<String> {
    let (base_tokens, their_tokens) = (tokens(base), tokens(theirs));
    let texts = |tokens: &[LineToken], line: &str| -> Vec<String> {
        let text = |token: &LineToken| line[token.range.clone()].to_owned();
        tokens.iter().map(text).collect()
    };
    let aligned = AlignedTokens::new(&base_tokens, ours);
    let mut merged = String::new();
    let mut copied = 0;
    let (old, new) = (texts(&base_tokens, base), texts(&their_tokens, theirs));
    for (old_part, new_part) in differences(&old, &new) {
        let place = aligned.place(old_part)?;
        merged.push_str(ours.get(copied..place.start)?);
        merged.push_str(&new[new_part].concat());
        copied = place.end;
    }
    merged.push_str(&ours[copied..]);
    Some(merged)
}

/// The positions of the tokens of a line in another one.
struct AlignedTokens<'line> {
    /// By token; `None` where it is not there.
    places: Vec<Option<Range<usize>>>,
    ours: &'line str,
}

impl<'line> AlignedTokens<'line> {
    fn new(base: &[LineToken], ours: &'line str) -> AlignedTokens<'line> {
        let our_tokens = tokens(ours);
        let words = |tokens: &[LineToken]| -> Vec<usize> {
            let all = tokens.iter().enumerate();
            all.filter(|(_, token)| !token.is_space())
                .map(|(at, _)| at)
                .collect()
        };
        let (here, there) = (words(base), words(&our_tokens));
        let folded = |tokens: &[LineToken], at: &[usize]| -> Vec<String> {
            at.iter().map(|at| tokens[*at].folded.clone()).collect()
        };
        let pairs = certain_pairs(&folded(base, &here), &folded(&our_tokens, &there));
        let mut places = vec![None; base.len()];
        for (one, other) in pairs {
            places[here[one]] = Some(our_tokens[there[other]].range.clone());
        }
        let mut aligned = AlignedTokens { places, ours };
        for (at, token) in base.iter().enumerate() {
            if token.is_space() {
                aligned.places[at] = aligned.gap(at, at + 1);
            }
        }
        aligned
    }

    /// The white space between the token before one and that after another; `None` if there is
    /// more than white space.
    fn gap(&self, first: usize, after: usize) -> Option<Range<usize>> {
        let start = match first.checked_sub(1) {
            Some(before) => self.places[before].as_ref()?.end,
            None => 0,
        };
        let end = match self.places.get(after) {
            Some(place) => place.as_ref()?.start,
            None => self.ours.len(),
        };
        let between = self.ours.get(start..end)?;
        if between.trim().is_empty() {
            return Some(start..end);
        }
        // Whatever is added to the end of a line comes before the comment there.
        let is_end = after == self.places.len() && first > 0 && is_comment(between);
        is_end.then_some(start..start)
    }

    /// The position of some tokens, or between two.
    fn place(&self, tokens: Range<usize>) -> Option<Range<usize>> {
        if tokens.is_empty() {
            let gap = self.gap(tokens.start, tokens.start)?;
            return Some(gap.start..gap.start);
        }
        let mut places = self.places[tokens].iter();
        let mut whole = places.next()?.clone()?;
        for place in places {
            let place = place.as_ref()?;
            let between = self.ours.get(whole.end..place.start)?;
            if !between.trim().is_empty() {
                return None;
            }
            whole.end = place.end;
        }
        Some(whole)
    }
}

/// Pairs of tokens that are the same from the front and from the back: if they differ, one of
/// several equal tokens is missing, and it is ambiguous which.
fn certain_pairs(here: &[String], there: &[String]) -> Vec<(usize, usize)> {
    if here == there {
        return (0..here.len()).map(|at| (at, at)).collect();
    }
    let reversed = |tokens: &[String]| -> Vec<String> { tokens.iter().rev().cloned().collect() };
    let backward: Vec<(usize, usize)> = equal_pairs(&reversed(here), &reversed(there))
        .into_iter()
        .map(|(one, other)| (here.len() - 1 - one, there.len() - 1 - other))
        .collect();
    let mut pairs = equal_pairs(here, there);
    pairs.retain(|pair| backward.contains(pair));
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_difference_is_applied() {
        for (base, theirs, ours, merged) in [
            (
                "log(Limits::new(5, from_secs(60)))",
                "tracing(Limits::new(5, from_secs(60)))",
                "log(Limits::new(3, from_secs(30)))",
                "tracing(Limits::new(3, from_secs(30)))",
            ),
            ("return a", "return b", "return a  # why", "return b  # why"),
            ("go(a);", "go(a).await;", "go( a );", "go( a ).await;"),
            ("f(a)", "f(a) + 1", "f(a)  // why", "f(a) + 1  // why"),
            (
                "let n = 1;",
                "let m = 1;",
                "let n: u8 = 1;",
                "let m: u8 = 1;",
            ),
            (
                "let n = 1;",
                "let mut n = 1;",
                "let n: u8 = 1;",
                "let mut n: u8 = 1;",
            ),
            (
                "say(\"it's\", 1)",
                "say(\"it's\", 2)",
                "say(“it’s”, 1)",
                "say(“it’s”, 2)",
            ),
            ("a=b", "a = b", "a=b # why", "a = b # why"),
            (
                "call(a, b)",
                "call(a)",
                "call(a, b) // why",
                "call(a) // why",
            ),
        ] {
            let result = merge(base, theirs, ours);
            assert_eq!(result.as_deref(), Some(merged), "{base} {theirs} {ours}");
        }
    }

    #[test]
    fn what_is_not_there_or_not_certain_is_refused() {
        for (base, theirs, ours) in [
            ("wait(5)", "wait(6)", "wait(3)"),
            ("f(1, 1)", "f(1, 2)", "f(1)"),
            ("f(a)", "f(a).unwrap()", "f(a).await"),
            ("f(a, c)", "f(a, b, c)", "f(a, x, c)"),
            ("f(a, c)", "f()", "f(a, b, c)"),
            ("x = a + b", "x = a", "x = a - b"),
        ] {
            assert_eq!(merge(base, theirs, ours), None, "{base} {theirs} {ours}");
        }
    }

    proptest! {
        #[test]
        fn an_equal_line_becomes_what_was_asked_for(
            base in "[a-c(),. =]{0,20}",
            theirs in "[a-c(),. =]{0,20}",
        ) {
            let merged = merge(&base, &theirs, &base);
            prop_assert_eq!(merged.as_deref(), Some(theirs.as_str()));
        }

        #[test]
        fn without_a_difference_nothing_changes(
            base in "[a-c(),. =]{0,20}",
            ours in "[a-c(),. =]{0,20}",
        ) {
            let merged = merge(&base, &base, &ours);
            prop_assert_eq!(merged.as_deref(), Some(ours.as_str()));
        }
    }
}
