//! A three-way merge by lines.
//!
//! `search` is the base, `replace` is the model's version of it, and the file has the lines that
//! the base was meant to copy. Only the difference between the first two is applied to the file.
//! Whatever both leave out, make up or write differently stays as in the file.

use std::ops::Range;

use super::diff::differences;
use super::lines::{EditRequest, Replacement, TextLines};
use super::tokens::{indent, key};
use super::{align, inline, reindent};

/// The line of the file for each searched line.
pub(super) struct Alignment {
    /// Lines of the file, from the first match to the last.
    pub lines: Range<usize>,
    /// By searched line; `None` if it is missing or ambiguous.
    pub pairs: Vec<Option<usize>>,
}

/// The part to change is different in the file.
pub(super) struct Conflict;

/// The replacements to make in the file.
pub(super) fn merge(
    lines: &TextLines<'_>,
    wish: &EditRequest<'_>,
    alignment: &Alignment,
) -> Result<Vec<Replacement>, Conflict> {
    let mut merge = Merge::new(lines, wish, alignment);
    for (old, new) in differences(&wish.search, &wish.replace) {
        merge.change(old, new)?;
    }
    let is_in_order = |pair: &[Replacement]| pair[0].range.end <= pair[1].range.start;
    if merge.places.windows(2).all(is_in_order) {
        Ok(merge.places)
    } else {
        Err(Conflict)
    }
}

struct Merge<'a> {
    lines: &'a TextLines<'a>,
    wish: &'a EditRequest<'a>,
    pairs: Vec<Option<usize>>,
    /// How the indentation of the file differs; `None` if it differs in several ways.
    shift: Option<reindent::Reindent>,
    places: Vec<Replacement>,
}

impl<'a> Merge<'a> {
    fn new(
        lines: &'a TextLines<'a>,
        wish: &'a EditRequest<'a>,
        alignment: &Alignment,
    ) -> Merge<'a> {
        let mut pairs = alignment.pairs.clone();
        pair_blank_lines(&mut pairs, &wish.search, lines.all());
        let both = pairs.iter().zip(&wish.search);
        let both: Vec<(&str, &str)> = both
            .filter_map(|(there, here)| Some((*here, lines.all()[(*there)?])))
            .collect();
        Merge {
            shift: reindent::between(&both, &wish.replace),
            lines,
            wish,
            pairs,
            places: Vec::new(),
        }
    }

    /// Replaces lines: similar ones are changed, others exchanged.
    fn change(&mut self, old: Range<usize>, new: Range<usize>) -> Result<(), Conflict> {
        let (search, replace) = (&self.wish.search, &self.wish.replace);
        let alike = align::pairs(&search[old.clone()], &replace[new.clone()]);
        let (mut old_done, mut new_done) = (old.start, new.start);
        for (here, there) in alike {
            let (here, there) = (old.start + here, new.start + there);
            self.block(old_done..here, new_done..there)?;
            self.change_line(here, there)?;
            (old_done, new_done) = (here + 1, there + 1);
        }
        self.block(old_done..old.end, new_done..new.end)
    }

    /// Changes a line into a similar one.
    fn change_line(&mut self, here: usize, there: usize) -> Result<(), Conflict> {
        let at = self.found(here)?;
        let (base, theirs) = (self.wish.search[here], self.wish.replace[there]);
        let ours = self.lines.all()[at];
        if theirs.trim() == ours.trim() && indent(theirs) == indent(ours) {
            return Ok(());
        }
        let bare = |line: &'a str| &line[indent(line).len()..];
        let merged = inline::merge(bare(base), bare(theirs), bare(ours)).ok_or(Conflict)?;
        let indentation = if indent(base) == indent(theirs) {
            indent(ours).to_owned()
        } else {
            let line = self.indented(theirs, [here, here])?;
            indent(&line).to_owned()
        };
        let range = self.lines.range(at..at + 1);
        self.put(range, vec![format!("{indentation}{merged}")]);
        Ok(())
    }

    /// Replaces whole lines, which must be in the file as searched, with nothing between them.
    fn block(&mut self, old: Range<usize>, new: Range<usize>) -> Result<(), Conflict> {
        let is_blank = |line: &usize| self.wish.search[*line].trim().is_empty();
        let filled: Vec<usize> = old.clone().filter(|line| !is_blank(line)).collect();
        let (Some(first), Some(last)) = (filled.first(), filled.last()) else {
            return self.blank_block(old, new);
        };
        let mut at: Vec<usize> = Vec::new();
        for here in &filled {
            let there = self.found(*here)?;
            if key(self.wish.search[*here]) != key(self.lines.all()[there]) {
                return Err(Conflict);
            }
            at.push(there);
        }
        let is_adjacent = |pair: &[usize]| self.lines.is_blank(pair[0] + 1..pair[1]);
        if !at.windows(2).all(is_adjacent) {
            return Err(Conflict);
        }
        // Blank lines around belong to it as far as the file has them.
        at.extend(old.filter_map(|line| self.pairs[line]));
        let lines = self.indented_all(new, [*first, *last])?;
        let start = at.iter().copied().min().unwrap_or_default();
        let end = at.iter().copied().max().unwrap_or_default() + 1;
        self.put(self.lines.range(start..end), lines);
        Ok(())
    }

    /// Replaces blank lines, or inserts lines.
    fn blank_block(&mut self, old: Range<usize>, new: Range<usize>) -> Result<(), Conflict> {
        let mut there: Vec<usize> = old.clone().filter_map(|line| self.pairs[line]).collect();
        there.sort_unstable();
        match (there.first(), there.last()) {
            (Some(first), Some(last)) => {
                let range = self.lines.range(*first..last + 1);
                let lines = self.indented_all(new, self.neighbours(old)?)?;
                self.put(range, lines);
                Ok(())
            }
            _ => self.insert(old.start, new),
        }
    }

    /// Inserts lines before a searched line. The position must be certain: nothing was left out
    /// there.
    fn insert(&mut self, before: usize, new: Range<usize>) -> Result<(), Conflict> {
        if new.is_empty() {
            return Ok(());
        }
        let [above, below] = self.around(before..before);
        let at = match (above, below) {
            (Some((_, above)), Some((_, below))) if self.lines.is_blank(above + 1..below) => {
                let last = before.checked_sub(1).and_then(|line| self.pairs[line]);
                let next = self.pairs.get(before).copied().flatten();
                last.map_or(next.unwrap_or(above + 1), |last| last + 1)
            }
            (Some((here, above)), None) if self.is_last(here) => above + 1,
            (None, Some((here, below))) if self.is_first(here) => below,
            _ => return Err(Conflict),
        };
        let lines = self.indented_all(new, self.neighbours(before..before)?)?;
        self.put(self.lines.range(at..at), lines);
        Ok(())
    }

    /// The line of the file for a searched line that is to be changed. A line that differs from
    /// another only in its indentation is ambiguous unless the indentation tells them apart.
    fn found(&self, here: usize) -> Result<usize, Conflict> {
        let wanted = key(self.wish.search[here]);
        let is_one = |lines: &[&str]| lines.iter().filter(|line| key(line) == wanted).count() == 1;
        let is_certain =
            self.shift.is_some() || (is_one(&self.wish.search) && is_one(self.lines.all()));
        self.pairs[here].filter(|_| is_certain).ok_or(Conflict)
    }

    /// The searched lines above and below some others, and their positions; blank lines do not
    /// count. `None` for one that is not in the file.
    fn around(&self, lines: Range<usize>) -> [Option<(usize, usize)>; 2] {
        let is_filled = |line: &usize| !self.wish.search[*line].trim().is_empty();
        let above = (0..lines.start).rev().find(is_filled);
        let below = (lines.end..self.pairs.len()).find(is_filled);
        [above, below].map(|line| Some((line?, self.pairs[line?]?)))
    }

    /// The searched lines that give the indentation for lines between them.
    fn neighbours(&self, lines: Range<usize>) -> Result<[usize; 2], Conflict> {
        match self.around(lines).map(|pair| pair.map(|(line, _)| line)) {
            [Some(above), Some(below)] => Ok([above, below]),
            // A single one tells enough only if the others are indented in the same way.
            [Some(only), None] | [None, Some(only)] if self.shift.is_some() => Ok([only, only]),
            _ => Err(Conflict),
        }
    }

    fn is_first(&self, line: usize) -> bool {
        let above = &self.wish.search[..line];
        above.iter().all(|line| line.trim().is_empty())
    }

    fn is_last(&self, line: usize) -> bool {
        let below = &self.wish.search[line + 1..];
        below.iter().all(|line| line.trim().is_empty())
    }

    fn indented_all(
        &self,
        new: Range<usize>,
        neighbours: [usize; 2],
    ) -> Result<Vec<String>, Conflict> {
        let lines = self.wish.replace[new].iter();
        lines.map(|line| self.indented(line, neighbours)).collect()
    }

    /// A line with the file's indentation; an error if its neighbours disagree.
    fn indented(&self, line: &str, neighbours: [usize; 2]) -> Result<String, Conflict> {
        if let Some(shift) = &self.shift {
            return Ok(shift.apply(line));
        }
        let [one, other] = neighbours.map(|here| {
            let there = self.lines.all()[self.pairs[here]?];
            let shift = reindent::between(&[(self.wish.search[here], there)], &self.wish.replace);
            shift.map(|shift| shift.apply(line))
        });
        match (one, other) {
            (Some(one), Some(other)) if one == other => Ok(one),
            _ => Err(Conflict),
        }
    }

    /// Replaces a part of the file that consists of lines.
    fn put(&mut self, range: Range<usize>, lines: Vec<String>) {
        self.places.push(self.lines.whole(range, &lines));
    }
}

/// Pairs searched blank lines with those at the same place in the file.
fn pair_blank_lines(pairs: &mut [Option<usize>], search: &[&str], text: &[&str]) {
    let is_blank = |line: &str| line.trim().is_empty();
    for line in 1..search.len() {
        if let Some(above) = pairs[line - 1]
            && is_blank(search[line])
            && pairs[line].is_none()
            && text.get(above + 1).is_some_and(|line| is_blank(line))
        {
            pairs[line] = Some(above + 1);
        }
    }
}
