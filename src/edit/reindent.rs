//! Corrects indentation that differs in the same way on every line.

use std::borrow::Cow;

use super::tokens::indent;

/// How the indentation of a text differs from that of the searched lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reindent {
    /// The text has this white space before each line.
    Add(String),
    /// Each searched line starts with this white space, which the text does not have.
    Strip(String),
    /// The text uses other indentation characters, or more or fewer per level.
    Scale(IndentScale),
}

/// `there = there_base + (here - here_base) * by / per`, in characters of white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndentScale {
    here: char,
    there: char,
    here_base: i64,
    there_base: i64,
    by: i64,
    per: i64,
}

/// Default width of a level, in spaces.
const USUAL: i64 = 4;

/// The shift from searched lines to lines of a text, from pairs of them. Blank lines do not count.
///
/// `replace` are the lines to shift, which help to determine the width of a level.
pub(super) fn between(pairs: &[(&str, &str)], replace: &[&str]) -> Option<Reindent> {
    let indents: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(here, there)| !here.trim().is_empty() && !there.trim().is_empty())
        .map(|(here, there)| (indent(here), indent(there)))
        .collect();
    let (first_here, first_there) = *indents.first()?;
    let wished = indents.iter().map(|pair| pair.0);
    let to_shift = replace.iter().map(|line| indent(line));
    let here = unit(wished.chain(to_shift));
    let there = unit(indents.iter().map(|pair| pair.1));
    // Adding to it, or taking from it, would mix tabs and spaces.
    let is_mixing = matches!((here, there), (Some(here), Some(there)) if here != there);
    if is_mixing && let Some(scale) = scale(&indents, replace, here, there) {
        return Some(Reindent::Scale(scale));
    }
    if let Some(added) = first_there.strip_suffix(first_here)
        && indents
            .iter()
            .all(|(here, there)| there.strip_prefix(added) == Some(*here))
    {
        return Some(Reindent::Add(added.to_owned()));
    }
    if let Some(missing) = first_here.strip_suffix(first_there)
        && indents
            .iter()
            .all(|(here, there)| here.strip_prefix(missing) == Some(*there))
    {
        return Some(Reindent::Strip(missing.to_owned()));
    }
    scale(&indents, replace, here, there).map(Reindent::Scale)
}

impl Reindent {
    /// Shifts a line; blank ones stay.
    pub fn apply(&self, line: &str) -> String {
        if line.trim().is_empty() {
            return line.to_owned();
        }
        let indent = indent(line);
        let rest = &line[indent.len()..];
        match self {
            Reindent::Add(added) => format!("{added}{line}"),
            Reindent::Strip(missing) => {
                let common = indent
                    .bytes()
                    .zip(missing.bytes())
                    .take_while(|(one, other)| one == other)
                    .count();
                line[common..].to_owned()
            }
            Reindent::Scale(scale) => format!("{}{rest}", scale.apply(indent)),
        }
    }
}

impl IndentScale {
    fn apply(&self, indent: &str) -> String {
        if !indent.chars().all(|c| c == self.here) {
            return indent.to_owned();
        }
        let count = length(indent);
        let shifted = self.there_base * self.per + (count - self.here_base) * self.by;
        let shifted = shifted.max(0);
        let mut out = repeated(self.there, shifted / self.per);
        if self.there == '\t' && self.here == ' ' {
            // What is less than a level aligns something.
            out.push_str(&repeated(' ', shifted % self.per));
        }
        out
    }
}

/// Indents the lines that a replacement adds with tabs or spaces, as in the whole text.
pub(super) fn in_style_of<'line>(text: &str, search: &str, replace: &'line str) -> Cow<'line, str> {
    let begins = |text: &str, unit: char| text.lines().any(|line| line.starts_with(unit));
    let (ours, theirs) = match (begins(text, '\t'), begins(text, ' ')) {
        (true, false) => ('\t', ' '),
        (false, true) => (' ', '\t'),
        _ => return Cow::Borrowed(replace),
    };
    // The first line follows the indentation of the file, unless that was copied.
    let (first, added) = match replace.split_once('\n') {
        _ if search.starts_with(ours) => ("", replace),
        Some((first, rest)) => (&replace[..=first.len()], rest),
        None => (replace, ""),
    };
    if !begins(added, theirs) {
        return Cow::Borrowed(replace);
    }
    let known: Vec<&str> = search.lines().collect();
    let widths = |text: &str| {
        let widths = text.lines().filter(|line| !line.trim().is_empty());
        widths
            .map(|line| length(indent(line)))
            .fold(0, greatest_divisor)
    };
    let level = match ours {
        '\t' => widths(added),
        _ => widths(text),
    };
    let level = if matches!(level, 2 | 3 | 4 | 8) {
        level
    } else {
        USUAL
    };
    let (by, per) = if ours == '\t' { (1, level) } else { (level, 1) };
    let scale = IndentScale {
        here: theirs,
        there: ours,
        here_base: 0,
        there_base: 0,
        by,
        per,
    };
    let lines = added.split('\n').map(|line| {
        if known.contains(&line) || !line.starts_with(theirs) {
            return line.to_owned();
        }
        Reindent::Scale(scale.clone()).apply(line)
    });
    let lines: Vec<String> = lines.collect();
    Cow::Owned(format!("{first}{}", lines.join("\n")))
}

/// Finds one scale for all lines, if each side uses a single character.
fn scale(
    indents: &[(&str, &str)],
    replace: &[&str],
    here: Option<char>,
    there: Option<char>,
) -> Option<IndentScale> {
    let (here, there) = (here.or(there)?, there.or(here)?);
    let is_pure = |indent: &str, unit: char| indent.chars().all(|c| c == unit);
    if !indents
        .iter()
        .all(|(one, other)| is_pure(one, here) && is_pure(other, there))
    {
        return None;
    }
    let counts: Vec<(i64, i64)> = indents
        .iter()
        .map(|(one, other)| (length(one), length(other)))
        .collect();
    let &(here_base, there_base) = counts.first()?;
    let other = counts.iter().find(|count| count.0 != here_base);
    let (by, per) = match other {
        Some(&(one, other)) => {
            let (per, by) = (one - here_base, other - there_base);
            (by * per.signum(), per.abs())
        }
        None => guess(here, there, here_base, there_base, replace)?,
    };
    // Any two widths are on some line: others, or the margin, must be on it, too.
    let is_guess = here == there && here_base * by != there_base * per && {
        let mut widths: Vec<i64> = counts.iter().map(|count| count.0).collect();
        widths.sort_unstable();
        widths.dedup();
        widths.len() < 3
    };
    if is_guess {
        return None;
    }
    let fits = |&(one, other): &(i64, i64)| (other - there_base) * per == (one - here_base) * by;
    (by > 0 && counts.iter().all(fits)).then_some(IndentScale {
        here,
        there,
        here_base,
        there_base,
        by,
        per,
    })
}

/// The width of a level if all lines are on the same one.
fn guess(
    here: char,
    there: char,
    here_base: i64,
    there_base: i64,
    replace: &[&str],
) -> Option<(i64, i64)> {
    let is_level = |width: i64| matches!(width, 2 | 3 | 4 | 8);
    match (here, there) {
        (' ', '\t') => {
            let widths = replace.iter().map(|line| length(indent(line)));
            let width = widths.fold(here_base, greatest_divisor);
            let counted = here_base.checked_div(there_base).unwrap_or(0);
            let is_alone = replace
                .iter()
                .all(|line| line.trim().is_empty() || length(indent(line)) == here_base);
            // A single level tells its width only by how often it is indented there.
            let exact = is_alone && counted * there_base == here_base && is_level(counted);
            let width = if exact { counted } else { width };
            Some((1, if is_level(width) { width } else { USUAL }))
        }
        ('\t', ' ') => {
            let counted = there_base.checked_div(here_base).unwrap_or(0);
            let exact = counted * here_base == there_base && is_level(counted);
            Some((if exact { counted } else { USUAL }, 1))
        }
        _ => None,
    }
}

fn greatest_divisor(one: i64, other: i64) -> i64 {
    if other == 0 {
        one
    } else {
        greatest_divisor(other, one % other)
    }
}

/// The single indentation character; `None` if there is none, or several.
fn unit<'line>(indents: impl Iterator<Item = &'line str>) -> Option<char> {
    let mut all = indents.flat_map(str::chars);
    let first = all.next()?;
    all.all(|c| c == first).then_some(first)
}

/// The length of an indentation: white space is one byte each.
fn length(indent: &str) -> i64 {
    i64::try_from(indent.len()).unwrap_or(0)
}

fn repeated(unit: char, count: i64) -> String {
    std::iter::repeat_n(unit, usize::try_from(count).unwrap_or(0)).collect()
}
