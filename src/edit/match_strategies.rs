//! The match strategies, from exact to close. Each is tried only if the one before found nothing,
//! and its match must be unique.

use super::align::{self, AlignedWindow};
use super::lines::{EditRequest, Replacement, TextLines, line_of, put};
use super::merge::{self, Alignment};
use super::whole::is_whole;
use super::{EditError, Edited, Matched, reindent, tokens};

/// Most matches counted of an ambiguous search.
const MOST_PLACES: usize = 1000;

/// Lowest score of a close match.
const CLOSE: f64 = 0.65;

/// Near matches named if none is close enough.
const NEAREST: usize = 3;

/// Edits with the first strategy that finds a match.
pub(super) fn edit(
    text: &str,
    search: &str,
    replace: &str,
    all: bool,
) -> Result<Edited, EditError> {
    let line = |place: &Replacement| line_of(text, place.range.start);
    let found = exact(text, search, replace, all);
    let is_whole = |place: &Replacement| is_whole(text, &place.range, replace);
    let (places, parts): (Vec<Replacement>, Vec<Replacement>) =
        found.into_iter().partition(is_whole);
    if let Some(first) = places.first() {
        one_or_all(&places, all, line)?;
        return Ok(Edited {
            line: line(first),
            text: put(text, &places),
            matched: Matched::Exact,
            count: places.len(),
            passed_over: parts.len(),
        });
    }
    match by_lines(text, search, replace, all) {
        // What nearly matches is not nearer than what does.
        Err(EditError::NotFound { .. }) if !parts.is_empty() => Err(EditError::Part {
            lines: parts.iter().map(line).collect(),
        }),
        edited => edited,
    }
}

/// The strategies that compare whole lines.
fn by_lines(text: &str, search: &str, replace: &str, all: bool) -> Result<Edited, EditError> {
    let Some(wish) = EditRequest::of(search, replace) else {
        return Err(EditError::NotFound {
            nearest: Vec::new(),
        });
    };
    let wish = wish.without_blank_ends().unwrap_or(wish);
    let lines = TextLines::of(text);
    let rungs: [(LineKey, Matched); 3] = [
        (|line| line.trim_end().to_owned(), Matched::TrailingSpace),
        (|line| line.trim().to_owned(), Matched::Indentation),
        (tokens::key, Matched::Spelling),
    ];
    for (key, matched) in rungs {
        let found = equal(&lines, &wish, key, all);
        if !found.is_empty() {
            one_or_all(&found, all, |alignment| alignment.lines.start + 1)?;
            return merged(text, &lines, &wish, &found, matched);
        }
    }
    closest(text, &lines, &wish, all)
}

/// The key by which two lines are equal.
type LineKey = fn(&str) -> String;

/// Rejects several matches unless all are requested.
fn one_or_all<T>(found: &[T], all: bool, line: impl Fn(&T) -> usize) -> Result<(), EditError> {
    if found.len() > 1 && !all {
        return Err(EditError::Many {
            lines: found.iter().map(line).collect(),
        });
    }
    Ok(())
}

/// An exact match. A unique one must not even overlap with another.
fn exact(text: &str, search: &str, replace: &str, all: bool) -> Vec<Replacement> {
    // Whole lines are replaced by whole lines, also if the last line end was forgotten.
    let is_ended = search.ends_with('\n') && !replace.is_empty() && !replace.ends_with('\n');
    let replace = &reindent::in_style_of(text, search, replace);
    let place = |at: usize| {
        let is_whole = is_ended && (at == 0 || text.as_bytes()[at - 1] == b'\n');
        Replacement {
            range: at..at + search.len(),
            with: format!("{replace}{}", if is_whole { "\n" } else { "" }),
        }
    };
    if all {
        let found = text.match_indices(search);
        return found.map(|(at, _)| place(at)).collect();
    }
    let step = search.chars().next().map_or(1, char::len_utf8);
    let mut places = Vec::new();
    let mut from = 0;
    while places.len() < MOST_PLACES
        && let Some(at) = text[from..].find(search)
    {
        places.push(place(from + at));
        from += at + step;
    }
    places
}

/// Consecutive lines that are equal by some key, ignoring blank lines between them.
fn equal(
    lines: &TextLines<'_>,
    wish: &EditRequest<'_>,
    key: fn(&str) -> String,
    all: bool,
) -> Vec<Alignment> {
    let filled = |lines: &[&str]| -> Vec<(usize, String)> {
        let all = lines.iter().enumerate();
        all.filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| (at, key(line)))
            .collect()
    };
    let (here, there) = (filled(&wish.search), filled(lines.all()));
    let mut found = Vec::new();
    let mut at = 0;
    while (all || found.len() < MOST_PLACES)
        && let Some(window) = there.get(at..at + here.len())
    {
        let mut both = here.iter().zip(window);
        if !both.all(|((_, one), (_, other))| one == other) {
            at += 1;
            continue;
        }
        let mut pairs = vec![None; wish.search.len()];
        for ((one, _), (other, _)) in here.iter().zip(window) {
            pairs[*one] = Some(*other);
        }
        found.push(Alignment {
            lines: window[0].0..window[window.len() - 1].0 + 1,
            pairs,
        });
        at += if all { here.len() } else { 1 };
    }
    found
}

/// The text with the differences between search and replacement applied to the match.
fn merged(
    text: &str,
    lines: &TextLines<'_>,
    wish: &EditRequest<'_>,
    found: &[Alignment],
    matched: Matched,
) -> Result<Edited, EditError> {
    let mut places = Vec::new();
    for alignment in found {
        let differs = |_: merge::Conflict| EditError::Differs {
            lines: alignment.lines.start + 1..alignment.lines.end + 1,
        };
        places.extend(merge::merge(lines, wish, alignment).map_err(differs)?);
    }
    let start = places.first().map_or(0, |place| place.range.start);
    Ok(Edited {
        line: line_of(text, start),
        text: put(text, &places),
        matched,
        count: found.len(),
        passed_over: 0,
    })
}

/// The last strategy: the one match that is close enough, otherwise the nearest lines.
fn closest(
    text: &str,
    lines: &TextLines<'_>,
    wish: &EditRequest<'_>,
    all: bool,
) -> Result<Edited, EditError> {
    let found = align::find(lines.all(), &wish.search, NEAREST);
    let filled = wish.search.iter().filter(|line| !line.trim().is_empty());
    let is_close = |window: &&AlignedWindow| filled.clone().count() > 1 && window.score >= CLOSE;
    let close: Vec<&AlignedWindow> = found.iter().filter(is_close).collect();
    let best = close.iter().find(|best| {
        let mut others = close.iter().filter(|other| other.lines != best.lines);
        others.all(|other| is_better(best, other))
    });
    match best {
        Some(window) => {
            let alignment = Alignment {
                lines: window.lines.clone(),
                pairs: window
                    .pairs
                    .iter()
                    .map(|pair| pair.map(|pair| pair.0))
                    .collect(),
            };
            let matched = Matched::Close(window.score);
            merged(text, lines, wish, &[alignment], matched)
        }
        None if close.len() > 1 && !all => Err(EditError::Many {
            lines: close.iter().map(|window| window.lines.start + 1).collect(),
        }),
        None => Err(EditError::NotFound {
            nearest: found
                .iter()
                .map(|window| window.lines.start + 1..window.lines.end + 1)
                .collect(),
        }),
    }
}

/// Whether no searched line favours the other place, and one favours this.
fn is_better(best: &AlignedWindow, other: &AlignedWindow) -> bool {
    let ratio = |pair: &Option<(usize, f64)>| pair.map_or(0.0, |pair| pair.1);
    let ratios = || {
        best.pairs
            .iter()
            .map(ratio)
            .zip(other.pairs.iter().map(ratio))
    };
    ratios().all(|(one, other)| one >= other)
        && ratios().any(|(one, other)| one == 1.0 && other < 1.0)
}
