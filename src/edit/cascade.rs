//! The rungs of the search, from exact to close. One is tried only if the one before found
//! nothing, and what it finds must be the only one of its kind.

use std::ops::Range;

use super::close::{self, Window};
use super::lines::{Lines, Place, Wish, line_of, put};
use super::{EditError, Edited, Matched, shift};

/// Places that are counted before the search is called ambiguous.
const MOST_PLACES: usize = 1000;

/// How much of the lines must be the same for a close match.
const CLOSE: f32 = 0.8;

/// Characters besides white space that a close match needs: less is alike by chance.
const LEAST_CLOSE: usize = 8;

/// Lines of a near place that are shown.
const NEAR_LINES: usize = 12;

/// Places that are shown when nothing is close enough.
const NEAREST: usize = 3;

/// Longest line of a near place, in characters.
const NEAR_WIDTH: usize = 160;

/// Does an edit on the first rung that finds a place.
pub(super) fn edit(
    text: &str,
    search: &str,
    replace: &str,
    all: bool,
) -> Result<Edited, EditError> {
    let places = exact(text, search, replace, all);
    if let Some(edited) = settle(text, &places, Matched::Exact, all)? {
        return Ok(edited);
    }
    let Some(wish) = Wish::of(search, replace) else {
        return Err(EditError::NotFound {
            nearest: Vec::new(),
        });
    };
    let lines = Lines::of(text);
    let bare = wish.without_blank_ends();
    let wishes: Vec<&Wish<'_>> = [&wish].into_iter().chain(&bare).collect();
    type Rung = fn(&Lines<'_>, &Wish<'_>, bool) -> Vec<Place>;
    let rungs: [(Rung, Matched); 2] = [
        (trailing_space, Matched::TrailingSpace),
        (indentation, Matched::Indentation),
    ];
    for (rung, matched) in rungs {
        for wish in &wishes {
            let places = rung(&lines, wish, all);
            if let Some(edited) = settle(text, &places, matched, all)? {
                return Ok(edited);
            }
        }
    }
    closest(text, &lines, bare.as_ref().unwrap_or(&wish), all)
}

/// Replaces the places of a rung, if it found any and they are not too many.
fn settle(
    text: &str,
    places: &[Place],
    matched: Matched,
    all: bool,
) -> Result<Option<Edited>, EditError> {
    let Some(first) = places.first() else {
        return Ok(None);
    };
    if places.len() > 1 && !all {
        let lines = places.iter().map(|place| line_of(text, place.range.start));
        return Err(EditError::Many {
            lines: lines.collect(),
        });
    }
    Ok(Some(Edited {
        text: put(text, places),
        matched,
        count: places.len(),
        line: line_of(text, first.range.start),
    }))
}

/// Byte for byte. To be the only one, a place must not even overlap with another.
fn exact(text: &str, search: &str, replace: &str, all: bool) -> Vec<Place> {
    let place = |at: usize| Place {
        range: at..at + search.len(),
        with: replace.to_owned(),
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

fn trailing_space(lines: &Lines<'_>, wish: &Wish<'_>, all: bool) -> Vec<Place> {
    windows(lines, wish, all, |window| {
        let mut pairs = wish.search.iter().zip(window);
        pairs
            .all(|(here, there)| here.trim_end() == there.trim_end())
            .then_some(None)
    })
}

fn indentation(lines: &Lines<'_>, wish: &Wish<'_>, all: bool) -> Vec<Place> {
    windows(lines, wish, all, |window| {
        let mut pairs = wish.search.iter().zip(window);
        if !pairs.all(|(here, there)| here.trim() == there.trim()) {
            return None;
        }
        let pairs = wish.search.iter().zip(window);
        let pairs: Vec<(&str, &str)> = pairs.map(|(here, there)| (*here, *there)).collect();
        shift::between(&pairs, &wish.replace).map(Some)
    })
}

/// The windows that fit, with what is to be done to the lines that replace them.
fn windows(
    lines: &Lines<'_>,
    wish: &Wish<'_>,
    all: bool,
    fit: impl Fn(&[&str]) -> Option<Option<shift::Shift>>,
) -> Vec<Place> {
    let count = wish.search.len();
    let mut places = Vec::new();
    let mut at = 0;
    while places.len() < MOST_PLACES || all {
        let Some(window) = lines.all().get(at..at + count) else {
            break;
        };
        match fit(window) {
            Some(shift) => {
                places.push(shifted(lines, at..at + count, wish, shift.as_ref()));
                at += if all { count } else { 1 };
            }
            None => at += 1,
        }
    }
    places
}

fn shifted(
    lines: &Lines<'_>,
    at: Range<usize>,
    wish: &Wish<'_>,
    shift: Option<&shift::Shift>,
) -> Place {
    lines.place(at, wish, |line| match shift {
        Some(shift) => shift.apply(line),
        None => line.to_owned(),
    })
}

/// The last rung: the one place that is close enough, else what comes nearest.
fn closest(text: &str, lines: &Lines<'_>, wish: &Wish<'_>, all: bool) -> Result<Edited, EditError> {
    let found = close::find(lines.all(), &wish.search, NEAREST);
    let is_long_enough = wish
        .search
        .iter()
        .flat_map(|line| line.chars())
        .filter(|c| !c.is_whitespace())
        .nth(LEAST_CLOSE - 1)
        .is_some();
    let is_close = |window: &&Window| window.score >= CLOSE;
    let close: Vec<&Window> = found.iter().filter(is_close).collect();
    match close[..] {
        [window] if is_long_enough => Ok(replace_window(text, lines, wish, window)),
        [_, _, ..] if !all => Err(EditError::Many {
            lines: close.iter().map(|window| window.lines.start + 1).collect(),
        }),
        _ => Err(EditError::NotFound {
            nearest: found
                .iter()
                .map(|window| near(lines, &window.lines))
                .collect(),
        }),
    }
}

fn replace_window(text: &str, lines: &Lines<'_>, wish: &Wish<'_>, window: &Window) -> Edited {
    let pairs: Vec<(&str, &str)> = window
        .pairs
        .iter()
        .map(|(here, there)| (wish.search[*here], lines.all()[*there]))
        .collect();
    let shift = shift::between(&pairs, &wish.replace);
    let place = shifted(lines, window.lines.clone(), wish, shift.as_ref());
    Edited {
        line: window.lines.start + 1,
        text: put(text, &[place]),
        matched: Matched::Close(window.score),
        count: 1,
    }
}

fn near(lines: &Lines<'_>, at: &Range<usize>) -> (usize, String) {
    (at.start + 1, shown(&lines.all()[at.clone()]))
}

/// The lines of a near place, cut where that can be seen.
fn shown(lines: &[&str]) -> String {
    let narrow = |line: &&str| match line.char_indices().nth(NEAR_WIDTH) {
        Some((end, _)) => {
            let left_out = line[end..].chars().count();
            format!("{}… {left_out} characters left out …", &line[..end])
        }
        None => (*line).to_owned(),
    };
    let mut shown: Vec<String> = lines.iter().take(NEAR_LINES).map(narrow).collect();
    if lines.len() > NEAR_LINES {
        shown.push(format!("… {} lines left out …", lines.len() - NEAR_LINES));
    }
    shown.join("\n")
}
