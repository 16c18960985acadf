//! Finds the searched lines in a text if some were left out, made up or written differently.
//!
//! A local alignment: lines are paired in order, each pair counts by its similarity, and lines of
//! the text left out between pairs cost a little. Blank lines are skipped.

use std::ops::Range;

use super::similarity::{ALIKE, LineSimilarity};

/// Cost of leaving out a line, per length.
const LEFT_OUT: f64 = 0.2;

/// How much lower the similarity of any other line must be for a line without an exact match.
const MARGIN: f64 = 0.1;

/// Lowest score of a near match.
const NEAR: f64 = 0.2;

/// Lines of a text that are similar to the searched ones.
#[derive(Clone, Debug)]
pub(super) struct AlignedWindow {
    pub lines: Range<usize>,
    /// The share of the searched text that is there, less what was left out; at most 1.
    pub score: f64,
    /// For each searched line: the line of the text and the similarity. `None` if it is missing or
    /// ambiguous.
    pub pairs: Vec<Option<(usize, f64)>>,
}

/// Finds the best windows, the best first; they do not overlap.
pub(super) fn find(text: &[&str], search: &[&str], most: usize) -> Vec<AlignedWindow> {
    let (here, here_lines) = filled(search);
    let (there, there_lines) = filled(text);
    let Some(likeness) = LineSimilarity::of(&here_lines, &there_lines) else {
        return Vec::new();
    };
    let whole: f64 = likeness.here_lengths.iter().sum();
    let mut spans = spans(&likeness);
    spans.retain(|span| span.gain >= NEAR * whole);
    spans.sort_by(|one, other| other.gain.total_cmp(&one.gain));
    let mut chosen: Vec<GainSpan> = Vec::new();
    for span in spans {
        if chosen.len() == most {
            break;
        }
        let overlaps = |other: &GainSpan| {
            span.lines.start < other.lines.end && other.lines.start < span.lines.end
        };
        if !chosen.iter().any(overlaps) {
            chosen.push(span);
        }
    }
    let windows = chosen.into_iter().map(|span| {
        let mut pairs = vec![None; search.len()];
        for (one, other) in certain_pairs(&likeness, &span.lines) {
            pairs[here[one]] = Some((there[other], likeness.ratio(one, other)));
        }
        AlignedWindow {
            lines: there[span.lines.start]..there[span.lines.end - 1] + 1,
            score: span.gain / whole,
            pairs,
        }
    });
    windows.collect()
}

/// Pairs the lines of two texts with the greatest total similarity.
pub(super) fn pairs(one: &[&str], other: &[&str]) -> Vec<(usize, usize)> {
    let (one, one_lines) = filled(one);
    let (other, other_lines) = filled(other);
    let likeness = LineSimilarity::of(&one_lines, &other_lines);
    let Some(likeness) = likeness.filter(|_| !one.is_empty()) else {
        return Vec::new();
    };
    let found = GainTable::new(&likeness, 0..other.len(), 0.0, false).pairs();
    let found = found.into_iter();
    found.map(|(a, b)| (one[a], other[b])).collect()
}

/// The lines that are not blank, and their numbers.
fn filled<'line>(lines: &[&'line str]) -> (Vec<usize>, Vec<&'line str>) {
    let all = lines.iter().copied().enumerate();
    all.filter(|(_, line)| !line.trim().is_empty()).unzip()
}

/// The lines of the text from the first to the last paired one, and their gain.
#[derive(Clone, Debug)]
struct GainSpan {
    lines: Range<usize>,
    gain: f64,
}

/// The gain of the searched lines up to one of them.
#[derive(Clone, Copy, Default)]
struct BestGain {
    gain: f64,
    /// The first line of the text that is paired; `None` if none is yet.
    start: Option<usize>,
}

/// The best span that ends at each line of the text.
fn spans(likeness: &LineSimilarity) -> Vec<GainSpan> {
    let count = likeness.here_lengths.len();
    let mut spans = Vec::new();
    let mut before = vec![BestGain::default(); count + 1];
    for (there, length) in likeness.there_lengths.iter().enumerate() {
        let mut now = vec![BestGain::default(); count + 1];
        let mut ending = BestGain::default();
        for here in 0..count {
            let ratio = likeness.ratio(here, there);
            let skipped = before[here + 1].gain - LEFT_OUT * length;
            let mut best = now[here];
            if skipped > best.gain {
                best = BestGain {
                    gain: skipped,
                    ..before[here + 1]
                };
            }
            if ratio >= ALIKE {
                let paired = BestGain {
                    gain: before[here].gain + ratio * ratio * likeness.here_lengths[here],
                    start: before[here].start.or(Some(there)),
                };
                if paired.gain >= best.gain {
                    best = paired;
                }
                if paired.gain > ending.gain {
                    ending = paired;
                }
            }
            now[here + 1] = best;
        }
        if let Some(start) = ending.start {
            spans.push(GainSpan {
                lines: start..there + 1,
                gain: ending.gain,
            });
        }
        before = now;
    }
    spans
}

/// The pairs in and around some lines that are the same when aligned from the front and from the
/// back. If they differ, one of several equal lines was left out, or all could be shifted, and it
/// is ambiguous which. A line that is only similar to one of the text must not be similar to
/// another there.
fn certain_pairs(likeness: &LineSimilarity, lines: &Range<usize>) -> Vec<(usize, usize)> {
    let around = likeness.here_lengths.len();
    let end = (lines.end + around).min(likeness.there_lengths.len());
    let lines = lines.start.saturating_sub(around)..end;
    let backward = GainTable::new(likeness, lines.clone(), LEFT_OUT, true).pairs();
    let mut pairs = GainTable::new(likeness, lines.clone(), LEFT_OUT, false).pairs();
    pairs.retain(|pair| backward.contains(pair));
    let is_equal = |one: usize, other: usize| likeness.ratio(one, other) == 1.0;
    let taken: Vec<usize> = pairs
        .iter()
        .filter(|pair| is_equal(pair.0, pair.1))
        .map(|pair| pair.1)
        .collect();
    pairs.retain(|(one, other)| {
        let ratio = likeness.ratio(*one, *other);
        let is_rival = |line: usize| {
            line != *other && !taken.contains(&line) && likeness.ratio(*one, line) > ratio - MARGIN
        };
        is_equal(*one, *other) || !lines.clone().any(is_rival)
    });
    pairs
}

/// The gains of all searched lines with some lines of the text, from the front or from the back.
struct GainTable<'likeness> {
    likeness: &'likeness LineSimilarity,
    lines: Range<usize>,
    left_out: f64,
    is_backward: bool,
    /// By remaining searched lines, then by remaining lines of the text.
    gains: Vec<f64>,
}

impl<'likeness> GainTable<'likeness> {
    fn new(
        likeness: &'likeness LineSimilarity,
        lines: Range<usize>,
        left_out: f64,
        is_backward: bool,
    ) -> GainTable<'likeness> {
        let (height, width) = (likeness.here_lengths.len() + 1, lines.len() + 1);
        let mut table = GainTable {
            likeness,
            lines,
            left_out,
            is_backward,
            gains: vec![0.0; height * width],
        };
        for here in (0..height).rev() {
            for there in (0..width).rev() {
                let choices = [
                    table.paired(here, there),
                    table.skipped(here, there),
                    (here + 1 < height).then(|| table.gain(here + 1, there)),
                ];
                let best = choices.into_iter().flatten().reduce(f64::max);
                table.gains[here * width + there] = best.unwrap_or(0.0);
            }
        }
        table
    }

    fn gain(&self, here: usize, there: usize) -> f64 {
        self.gains[here * (self.lines.len() + 1) + there]
    }

    /// The searched line and the line of the text of a table cell.
    fn at(&self, here: usize, there: usize) -> (usize, usize) {
        if self.is_backward {
            let last = self.likeness.here_lengths.len() - 1;
            (last - here, self.lines.end - 1 - there)
        } else {
            (here, self.lines.start + there)
        }
    }

    fn paired(&self, here: usize, there: usize) -> Option<f64> {
        if here == self.likeness.here_lengths.len() || there == self.lines.len() {
            return None;
        }
        let (one, other) = self.at(here, there);
        let ratio = self.likeness.ratio(one, other);
        let gain = ratio * ratio * self.likeness.here_lengths[one];
        (ratio >= ALIKE).then(|| gain + self.gain(here + 1, there + 1))
    }

    fn skipped(&self, here: usize, there: usize) -> Option<f64> {
        if there == self.lines.len() {
            return None;
        }
        // What is around all that is paired was not left out.
        let is_around = here == 0 || here == self.likeness.here_lengths.len();
        let cost = if is_around {
            0.0
        } else {
            let (_, other) = self.at(here, there);
            self.left_out * self.likeness.there_lengths[other]
        };
        Some(self.gain(here, there + 1) - cost)
    }

    /// The pairs with the greatest gain; the first of several.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let (mut here, mut there) = (0, 0);
        while here < self.likeness.here_lengths.len() && there < self.lines.len() {
            let gain = self.gain(here, there);
            let is = |choice: Option<f64>| choice.is_some_and(|found| found >= gain - 1e-9);
            if is(self.paired(here, there)) {
                pairs.push(self.at(here, there));
                here += 1;
                there += 1;
            } else if is(self.skipped(here, there)) {
                there += 1;
            } else {
                here += 1;
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        text.split('|').collect()
    }

    fn found(text: &str, search: &str) -> Vec<Option<usize>> {
        let windows = find(&lines(text), &lines(search), 3);
        let pairs = windows.first().map(|window| window.pairs.clone());
        let pairs = pairs.unwrap_or_default().into_iter();
        pairs.map(|pair| pair.map(|(line, _)| line)).collect()
    }

    #[test]
    fn lines_are_paired_over_gaps() {
        let text = "head|validate();|audit(order);|charge();|send_receipt();|tail";
        assert_eq!(
            found(text, "validate();|charge();|send_receipt();"),
            [Some(1), Some(3), Some(4)]
        );
        assert_eq!(
            found(
                text,
                "validate();|made_up(everything);|charge();|send_receipt();"
            ),
            [Some(1), None, Some(3), Some(4)]
        );
        assert_eq!(
            found("one_line||two_lines", "|one_line|two_lines"),
            [None, Some(0), Some(2)]
        );
    }

    #[test]
    fn which_of_equal_lines_was_left_out_is_not_guessed() {
        assert_eq!(
            found(
                "first();|x = 1;|x = 1;|second();",
                "first();|x = 1;|second();"
            ),
            [Some(0), None, Some(3)]
        );
    }

    #[test]
    fn the_best_window_is_first_and_none_overlap() {
        let windows = find(
            &lines("a_one|b_two|x|a_one|b_tow"),
            &lines("a_one|b_two"),
            3,
        );
        assert_eq!(windows[0].lines, 0..2);
        assert_eq!(windows[0].score, 1.0);
        assert_eq!(windows[1].lines, 3..5);
        assert!(windows[1].score < 1.0);
        assert!(find(&[], &["a"], 3).is_empty());
        assert!(find(&["a"], &[], 3).is_empty());
    }

    #[test]
    fn like_lines_of_two_texts_are_pairs() {
        let (one, other) = (
            lines("let a = 1;|go(a);|"),
            lines("new();|let a = 2;|go(b);"),
        );
        assert_eq!(pairs(&one, &other), [(0, 1), (1, 2)]);
        assert_eq!(pairs(&lines("aaaa"), &lines("bbbb")), []);
    }
}
