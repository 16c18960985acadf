//! The marked parts of a file: what stands between `<!-- ollacode:NAME -->` and
//! `<!-- /ollacode:NAME -->`, each on a line of its own, is renewed; everything else is the user's.

use std::collections::BTreeMap;

/// A part of the file that is renewed, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// What the project is, in words.
    What,
    Facts,
    /// What folders and files are for, in words.
    Parts,
    Places,
    Commands,
    Conventions,
    Pitfalls,
}

impl Part {
    pub const ALL: [Part; 7] = [
        Part::What,
        Part::Facts,
        Part::Parts,
        Part::Places,
        Part::Commands,
        Part::Conventions,
        Part::Pitfalls,
    ];

    /// Its name in the marks.
    pub fn name(self) -> &'static str {
        match self {
            Part::What => "what",
            Part::Facts => "facts",
            Part::Parts => "parts",
            Part::Places => "places",
            Part::Commands => "commands",
            Part::Conventions => "conventions",
            Part::Pitfalls => "pitfalls",
        }
    }

    /// Whether the model writes it.
    pub fn is_of_words(self) -> bool {
        match self {
            Part::What | Part::Parts | Part::Conventions | Part::Pitfalls => true,
            Part::Facts | Part::Places | Part::Commands => false,
        }
    }

    fn named(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// What is to stand in a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartText {
    /// Whole lines; may be empty.
    pub body: String,
    /// The hash of what the model wrote it from.
    pub source: Option<String>,
}

impl PartText {
    /// The line that opens the part.
    fn opening(&self, part: Part) -> String {
        match &self.source {
            Some(source) => format!("<!-- ollacode:{} {source} -->", part.name()),
            None => format!("<!-- ollacode:{} -->", part.name()),
        }
    }

    /// The part with its marks.
    pub fn marked(&self, part: Part) -> String {
        let (opening, name) = (self.opening(part), part.name());
        format!("{opening}\n{}<!-- /ollacode:{name} -->\n", self.body)
    }
}

/// Why the marks of a file cannot be understood. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MarkError {
    #[error("line {line} opens the part `{name}` inside the part `{outer}`")]
    Nested {
        line: usize,
        name: &'static str,
        outer: &'static str,
    },
    #[error("the part `{name}`, opened on line {line}, has no `<!-- /ollacode:{name} -->`")]
    Open { line: usize, name: &'static str },
    #[error("line {line} closes the part `{name}`, which is not open there")]
    Closed { line: usize, name: &'static str },
    #[error("line {line} opens the part `{name}` a second time")]
    Twice { line: usize, name: &'static str },
}

/// A text with its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MarkedText<'text> {
    pieces: Vec<Piece<'text>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'text> {
    /// Lines of the user.
    Own(&'text str),
    Part {
        part: Part,
        /// The line of the mark, with its line end.
        opening: &'text str,
        source: Option<&'text str>,
        body: &'text str,
        closing: &'text str,
    },
}

/// A line that is a mark.
enum Mark<'text> {
    Opens(Part, Option<&'text str>),
    Closes(Part),
}

/// Reads a line as a mark; marks that are not known are text.
fn mark(line: &str) -> Option<Mark<'_>> {
    let inside = line
        .trim()
        .strip_prefix("<!--")?
        .strip_suffix("-->")?
        .trim();
    if let Some(name) = inside.strip_prefix("/ollacode:") {
        return Part::named(name).map(Mark::Closes);
    }
    let mut words = inside.strip_prefix("ollacode:")?.split_whitespace();
    let part = Part::named(words.next()?)?;
    let source = words.next();
    // Words behind it are none of ours.
    words.next().is_none().then_some(Mark::Opens(part, source))
}

/// A part that has begun: its lines from the mark on.
struct OpenPart<'text> {
    part: Part,
    source: Option<&'text str>,
    line: usize,
    /// Where its mark begins and ends in the text.
    opening: std::ops::Range<usize>,
}

impl<'text> MarkedText<'text> {
    /// Finds the parts of a text. Marks in blocks of code are text.
    pub fn read(text: &'text str) -> Result<MarkedText<'text>, MarkError> {
        let mut pieces = Vec::new();
        let mut own = 0;
        let mut at = 0;
        let mut fence = None;
        let mut open: Option<OpenPart<'text>> = None;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let range = at..at + line.len();
            at = range.end;
            if open.is_none() && is_in_fence(line, &mut fence) {
                continue;
            }
            match (mark(line), open.take()) {
                (None, still) => open = still,
                (Some(Mark::Opens(part, _)), Some(outer)) => {
                    return Err(MarkError::Nested {
                        line: number,
                        name: part.name(),
                        outer: outer.part.name(),
                    });
                }
                (Some(Mark::Opens(part, source)), None) => {
                    check_new(&pieces, part, number)?;
                    push_own(&mut pieces, &text[own..range.start]);
                    open = Some(OpenPart {
                        part,
                        source,
                        line: number,
                        opening: range,
                    });
                }
                (Some(Mark::Closes(part)), Some(begun)) if begun.part == part => {
                    own = range.end;
                    pieces.push(Piece::Part {
                        part,
                        source: begun.source,
                        body: &text[begun.opening.end..range.start],
                        opening: &text[begun.opening],
                        closing: &text[range],
                    });
                }
                (Some(Mark::Closes(part)), _) => {
                    return Err(MarkError::Closed {
                        line: number,
                        name: part.name(),
                    });
                }
            }
        }
        if let Some(OpenPart { part, line, .. }) = open {
            let name = part.name();
            return Err(MarkError::Open { line, name });
        }
        push_own(&mut pieces, &text[own..]);
        Ok(MarkedText { pieces })
    }

    /// Whether it has no part.
    pub fn is_unmarked(&self) -> bool {
        self.parts().next().is_none()
    }

    fn parts(&self) -> impl Iterator<Item = (Part, Option<&'text str>, &'text str)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Own(_) => None,
            Piece::Part {
                part, source, body, ..
            } => Some((*part, *source, *body)),
        })
    }

    /// The text of a part, if it is there.
    pub fn body(&self, part: Part) -> Option<&'text str> {
        let found = self.parts().find(|(found, _, _)| *found == part);
        found.map(|(_, _, body)| body)
    }

    /// Whether there is a part for words.
    pub fn wants_words(&self) -> bool {
        self.is_unmarked() || self.parts().any(|(part, _, _)| part.is_of_words())
    }

    /// Whether the parts with words that are there were all written from this source.
    pub fn has_words_of(&self, source: &str) -> bool {
        let mut words = self.parts().filter(|(part, _, _)| part.is_of_words());
        let is_of = |(part, of, body): (Part, Option<&str>, &str)| {
            // The sentence about the project is never left out by the model.
            of == Some(source) && (part != Part::What || !body.trim().is_empty())
        };
        words.all(is_of)
    }

    /// The text outside of the parts, piece by piece.
    #[cfg(test)]
    pub fn own(&self) -> Vec<&'text str> {
        let own = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Own(text) => Some(*text),
            Piece::Part { .. } => None,
        });
        own.collect()
    }

    /// The text with other parts; those that are not given stay as they are, and none is added.
    pub fn with(&self, renewed: &BTreeMap<Part, PartText>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Own(own) => text.push_str(own),
                Piece::Part {
                    part,
                    opening,
                    source,
                    body,
                    closing,
                } => {
                    let new = renewed.get(part);
                    match new.filter(|new| new.source.as_deref() != *source) {
                        Some(new) => {
                            text.push_str(&new.opening(*part));
                            text.push('\n');
                        }
                        None => text.push_str(opening),
                    }
                    text.push_str(new.map_or(*body, |new| new.body.as_str()));
                    text.push_str(closing);
                }
            }
        }
        text
    }
}

fn push_own<'text>(pieces: &mut Vec<Piece<'text>>, own: &'text str) {
    if !own.is_empty() {
        pieces.push(Piece::Own(own));
    }
}

fn check_new(pieces: &[Piece<'_>], part: Part, line: usize) -> Result<(), MarkError> {
    let is_there =
        |piece: &Piece<'_>| matches!(piece, Piece::Part { part: known, .. } if *known == part);
    if pieces.iter().any(is_there) {
        let name = part.name();
        return Err(MarkError::Twice { line, name });
    }
    Ok(())
}

/// Whether a line belongs to a block of code, its fences included.
fn is_in_fence(line: &str, fence: &mut Option<(char, usize)>) -> bool {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let line = line.trim();
    let run = |sign: char| line.chars().take_while(|&found| found == sign).count();
    match *fence {
        Some((sign, length)) => {
            let is_end = run(sign) >= length && line.trim_start_matches(sign).is_empty();
            if is_end {
                *fence = None;
            }
            true
        }
        None => {
            let opened = ['`', '~'].into_iter().find(|&sign| run(sign) >= 3);
            let opened = opened.filter(|sign| {
                let info = line.trim_start_matches(*sign);
                indent <= 3 && !(*sign == '`' && info.contains('`'))
            });
            *fence = opened.map(|sign| (sign, run(sign)));
            fence.is_some()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(body: &str) -> PartText {
        PartText {
            body: body.to_owned(),
            source: None,
        }
    }

    const FILE: &str = "# Shop\n\nMine.\n<!-- ollacode:facts -->\nold\n<!-- /ollacode:facts -->\n\
                        Mine, too.\n";

    #[test]
    fn only_what_stands_between_marks_changes() {
        let marked = MarkedText::read(FILE).expect("marks");
        assert_eq!(marked.body(Part::Facts), Some("old\n"));
        assert_eq!(marked.body(Part::Commands), None);
        let renewed = [(Part::Facts, text("new\n")), (Part::Commands, text("x\n"))];
        let after = marked.with(&renewed.into());
        assert_eq!(after, FILE.replace("old", "new"));
        assert_eq!(marked.with(&BTreeMap::new()), FILE);
    }

    #[test]
    fn words_remember_what_they_were_written_from() {
        let new = PartText {
            body: "A shop.\n".to_owned(),
            source: Some("0a1b2c3d".to_owned()),
        };
        let before = text("").marked(Part::What);
        let marked = MarkedText::read(&before).expect("marks");
        assert!(!marked.has_words_of("0a1b2c3d"));
        let after = marked.with(&[(Part::What, new.clone())].into());
        assert_eq!(after, new.marked(Part::What));
        let marked = MarkedText::read(&after).expect("marks");
        assert!(marked.has_words_of("0a1b2c3d"));
        assert!(!marked.has_words_of("ffffffff"));
    }

    #[test]
    fn marks_in_code_and_unknown_ones_are_text() {
        for own in [
            "```html\n<!-- ollacode:facts -->\n<!-- /ollacode:facts -->\n```\n",
            "~~~\n<!-- ollacode:facts -->\n",
            "<!-- ollacode:later -->\n<!-- /ollacode:later -->\n",
            "see <!-- ollacode:facts --> here\n",
            "<!-- ollacode:facts a b -->\n",
            "",
        ] {
            let marked = MarkedText::read(own).expect("no marks");
            assert!(marked.is_unmarked(), "{own}");
            assert_eq!(marked.with(&[(Part::Facts, text("x\n"))].into()), own);
        }
    }

    #[test]
    fn marks_that_do_not_fit_are_an_error() {
        let (open, close) = ("<!-- ollacode:facts -->\n", "<!-- /ollacode:facts -->\n");
        let what = "<!-- ollacode:what -->\n";
        for (text, expected) in [
            (format!("a\n{open}"), "opened on line 2"),
            (close.to_owned(), "line 1 closes"),
            (format!("{open}{open}{close}"), "line 2 opens"),
            (format!("{open}{what}{close}"), "inside the part `facts`"),
            (format!("{what}{close}"), "line 2 closes"),
            (format!("{open}{close}{open}{close}"), "a second time"),
        ] {
            let error = MarkedText::read(&text).expect_err("an error").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("<!-- ollacode:facts -->".to_owned()),
            Just("<!-- /ollacode:facts -->".to_owned()),
            Just("<!-- ollacode:what 12345678 -->".to_owned()),
            Just("  <!-- /ollacode:what -->".to_owned()),
            Just("<!-- ollacode:else -->".to_owned()),
            Just("```".to_owned()),
            Just("~~~~".to_owned()),
            "[a-z<!#` -]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn text_outside_the_marks_never_changes(
            lines in prop::collection::vec((line(), prop_oneof!["\n", "\r\n"]), 0..14),
            rest in "[a-z]{0,3}",
            body in prop::collection::vec("[a-z `-]{0,9}", 0..4),
            source in prop::option::of("[0-9a-f]{8}"),
        ) {
            let mut file: String = lines.iter().map(|(line, end)| format!("{line}{end}")).collect();
            file.push_str(&rest);
            if let Ok(marked) = MarkedText::read(&file) {
                prop_assert_eq!(&marked.with(&BTreeMap::new()), &file);
                let body: String = body.iter().map(|line| format!("- {line}\n")).collect();
                let new = PartText { body, source };
                let renewed: BTreeMap<Part, PartText> =
                    Part::ALL.into_iter().map(|part| (part, new.clone())).collect();
                let after = marked.with(&renewed);
                let again = MarkedText::read(&after).expect("marks as before");
                prop_assert_eq!(again.own(), marked.own());
                for part in Part::ALL {
                    let is_there = marked.body(part).is_some();
                    prop_assert_eq!(again.body(part), is_there.then_some(new.body.as_str()));
                }
                prop_assert_eq!(&again.with(&renewed), &after);
            }
        }
    }
}
