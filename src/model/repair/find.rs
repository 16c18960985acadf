//! Extracts the calls of a reply: every possible place is parsed, then the text around a call
//! decides whether it counts.

use std::ops::Range;

use super::forms::{self, Attempt};
use super::scan::{Candidate, Extent, Opening, Scanner, Step};
use super::{example, families, tags, xml};
use crate::message::ToolCall;
use crate::model::{THOUGHT_TAGS, ToolSpec};

/// Longest remark after a block with a call, in bytes.
const LONGEST_REMARK: usize = 500;

/// The calls found in the text of a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The text without the calls, otherwise unchanged.
    pub text: String,
    /// The calls in their order, checked; their ids are new.
    pub calls: Vec<ToolCall>,
    /// The ranges of the text with these calls.
    pub taken: Vec<Range<usize>>,
    /// Why an attempted call is not valid, as a message to the model. It is still in the text, and
    /// no call after it was removed from the text.
    pub broken: Option<String>,
    /// The calls after that one, if they certainly are not parts of its arguments.
    pub later: Vec<ToolCall>,
    /// The ranges of the reply with these later calls.
    pub later_at: Vec<Range<usize>>,
}

/// Most broken calls after which others are searched for.
const MOST_BROKEN: usize = 8;

/// Extracts the calls from the text of a reply, by the rules of the parent module.
pub fn find_calls(text: &str, tools: &[ToolSpec]) -> Found {
    find(text, tools, MOST_BROKEN)
}

fn find(text: &str, tools: &[ToolSpec], spare: usize) -> Found {
    if tools.is_empty() {
        return Found {
            text: text.to_owned(),
            ..Found::default()
        };
    }
    let (mut pieces, broken) = pieces(text, tools);
    let in_thoughts = drop_thoughts(text, &mut pieces);
    let reasons = [
        in_thoughts,
        misplaced(text, &pieces),
        torn(text, &pieces, tools),
    ];
    // The first one that does not count ends the list, whatever is wrong with it.
    let first = reasons
        .into_iter()
        .flatten()
        .min_by_key(|(index, _)| *index);
    let (taken, broken) = match first {
        Some((index, reason)) => (index, Some(Broken::of(reason))),
        None => (pieces.len(), broken),
    };
    drop_examples(text, &mut pieces);
    let mut found = Found::default();
    for (index, piece) in pieces.into_iter().enumerate() {
        match piece.content {
            Content::Calls(called) if index < taken => {
                found.calls.extend(called.calls);
                found.taken.push(piece.range);
            }
            _ => found.text.push_str(&text[piece.range]),
        }
    }
    if let Some(broken) = broken {
        found.broken = Some(broken.why);
        if let Some(range) = broken.range
            && spare > 0
            && !text[..range.end].contains("<think")
        {
            let rest = find(&text[range.end..], tools, spare - 1);
            let moved = |at: Range<usize>| at.start + range.end..at.end + range.end;
            let places = rest.taken.into_iter().chain(rest.later_at).map(moved);
            found.later_at.extend(places);
            if !broken.others.is_empty() {
                found.later_at.push(range.clone());
            }
            found.later = broken.others;
            found.later.extend(rest.calls);
            found.later.extend(rest.later);
        }
    }
    found
}

/// An attempted call that is not valid.
struct Broken {
    why: String,
    /// Its range, if certain.
    range: Option<Range<usize>>,
    /// Valid calls in the same list.
    others: Vec<ToolCall>,
}

impl Broken {
    fn of(why: &str) -> Broken {
        Broken {
            why: why.to_owned(),
            range: None,
            others: Vec::new(),
        }
    }
}

/// A part of a reply.
struct Piece {
    range: Range<usize>,
    content: Content,
}

enum Content {
    Prose,
    Quoted,
    Calls(Called),
    /// From a broken call to the end.
    Unread,
}

struct Called {
    calls: Vec<ToolCall>,
    place: Place,
    markup: bool,
}

/// What may follow a call.
#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    BeforeRemark,
    Last,
}

/// A piece whose call does not count, and the reason.
type Refused = (usize, &'static str);

/// The parts of a reply, and the error of the last one, if any.
fn pieces(text: &str, tools: &[ToolSpec]) -> (Vec<Piece>, Option<Broken>) {
    let mut scanner = Scanner::default();
    let mut pieces = Vec::new();
    let mut at = 0;
    // A text can begin as JSON on each of its lines, and each could be read to the end.
    let mut spare = text.len().saturating_mul(4);
    loop {
        let candidate = match scanner.step(text, Extent::Whole, tools) {
            Step::Prose(end) => {
                add(&mut pieces, at..end, Content::Prose);
                at = end;
                continue;
            }
            Step::Quoted(end) => {
                add(&mut pieces, at..end, Content::Quoted);
                at = end;
                continue;
            }
            Step::Candidate(candidate) => candidate,
            Step::More | Step::End => break,
        };
        match attempt(text, &candidate, spare, tools) {
            Attempt::Calls { calls, end, markup } => {
                let called = Called {
                    calls,
                    place: place(&candidate),
                    markup,
                };
                add(&mut pieces, at..end, Content::Calls(called));
                scanner.resume(end);
                at = end;
            }
            Attempt::Broken { why, end, others } => {
                add(&mut pieces, at..text.len(), Content::Unread);
                let range = end_of_broken(text, &candidate, end).map(|end| at..end);
                return (pieces, Some(Broken { why, range, others }));
            }
            Attempt::Text { end, read } => {
                if let Candidate::Block(block) = &candidate {
                    scanner.quote(block);
                    add(&mut pieces, at..block.body, Content::Quoted);
                    at = block.body;
                } else {
                    spare = spare.saturating_sub(read - end.min(read));
                    scanner.skip(end);
                    add(&mut pieces, at..end, Content::Prose);
                    at = end;
                }
            }
        }
    }
    let quoted = "the call is inside a code block that is not closed: write the call outside of \
                  code blocks";
    let broken = scanner.ended_in_quoted_call().then(|| Broken::of(quoted));
    (pieces, broken)
}

/// Where a broken call ends: at its end if it could be parsed, or at its closing marker, unless
/// something else begins before that.
fn end_of_broken(text: &str, candidate: &Candidate, end: Option<usize>) -> Option<usize> {
    const CLOSER: &str = "</tool_call>";
    match (candidate, end) {
        (Candidate::Block(_), _) => None,
        (_, Some(end)) => Some(end),
        (Candidate::Marker(at, Opening::Sign(_, length)), None) => {
            let inside = at + length;
            let length = text[inside..].find(CLOSER)?;
            let within = families::plain(&text[inside..inside + length]);
            let mut others = families::begins().chain(xml::OPENINGS.iter().copied());
            let is_alone = !others.any(|sign| within.contains(&families::plain(sign)));
            is_alone.then_some(inside + length + CLOSER.len())
        }
        (_, None) => None,
    }
}

fn add(pieces: &mut Vec<Piece>, range: Range<usize>, content: Content) {
    match (pieces.last_mut(), &content) {
        (
            Some(Piece {
                range: before,
                content: Content::Prose,
            }),
            Content::Prose,
        ) => before.end = range.end,
        _ => pieces.push(Piece { range, content }),
    }
}

fn attempt(text: &str, candidate: &Candidate, spare: usize, tools: &[ToolSpec]) -> Attempt {
    match *candidate {
        // A sign that counts would have been read.
        Candidate::Bare(at) if spare == 0 || families::ends_with_begin(&text[..at]) => {
            Attempt::text(at + 1)
        }
        Candidate::Bare(at) => match forms::bare(text, at, tools) {
            Attempt::Calls { calls, end, markup } => Attempt::Calls {
                calls,
                end: end + forms::separator(&text[end..]),
                markup,
            },
            other => other,
        },
        Candidate::Named(at) => forms::named_line(text, at, tools),
        Candidate::Marker(at, opening) => forms::at_marker(text, at, opening, tools),
        Candidate::Block(block) => forms::block(text, &block, tools),
    }
}

fn place(candidate: &Candidate) -> Place {
    match candidate {
        Candidate::Bare(_) | Candidate::Named(_) => Place::Last,
        Candidate::Block(block) if !block.for_tools => Place::BeforeRemark,
        Candidate::Block(_) | Candidate::Marker(..) => Place::Anywhere,
    }
}

/// Turns calls into text if the text around them makes them examples.
fn drop_examples(text: &str, pieces: &mut [Piece]) {
    let mut is_example = false;
    for index in 0..pieces.len() {
        let part = &text[pieces[index].range.clone()];
        match pieces[index].content {
            Content::Prose if part.trim().is_empty() => {}
            Content::Prose => is_example = example::introduces(part),
            Content::Quoted | Content::Unread => is_example = false,
            Content::Calls(_) => {
                let after = pieces.get(index + 1);
                let is_taken_back = after.is_some_and(|after| {
                    matches!(after.content, Content::Prose)
                        && example::takes_back(&text[after.range.clone()])
                });
                if is_example || is_taken_back {
                    pieces[index].content = Content::Prose;
                }
            }
        }
    }
}

/// Turns calls in thoughts into text, and returns one in thoughts without an end.
fn drop_thoughts(text: &str, pieces: &mut [Piece]) -> Option<Refused> {
    let thoughts = thoughts(text, pieces);
    let mut unended = None;
    for (index, piece) in pieces.iter_mut().enumerate() {
        let is_call = matches!(piece.content, Content::Calls(_));
        let mut around = thoughts
            .iter()
            .filter(|thought| is_call && thought.range.contains(&piece.range.start));
        if around.clone().any(|thought| thought.is_ended) {
            piece.content = Content::Prose;
        } else if around.next().is_some() {
            let reason = "the call is inside thoughts that do not end: end them with `</think>`, \
                          then write the call";
            unended = unended.or(Some((index, reason)));
        }
    }
    unended
}

/// Thoughts in a reply.
struct Thought {
    range: Range<usize>,
    is_ended: bool,
}

/// Finds thoughts by their tags, unless quoted.
fn thoughts(text: &str, pieces: &[Piece]) -> Vec<Thought> {
    let lower = text.to_ascii_lowercase();
    let prose = || {
        let pieces = pieces.iter();
        pieces.filter(|piece| matches!(piece.content, Content::Prose))
    };
    let places = |tag: &str| -> Vec<usize> {
        let found = prose().flat_map(|piece| {
            let found = lower[piece.range.clone()].match_indices(tag);
            found.map(|(at, _)| at + piece.range.start)
        });
        found.collect()
    };
    let mut thoughts = Vec::new();
    for tags in THOUGHT_TAGS {
        // Models add words to a tag, and servers cut it: `<think a="b">`.
        let begin = tags.begin.trim_end_matches('>');
        let end = tags.end.trim_end_matches('>');
        let begins = places(begin).into_iter().map(|at| (at, true));
        let ends = places(end).into_iter().map(|at| (at, false));
        let mut marks: Vec<(usize, bool)> = begins.chain(ends).collect();
        marks.sort_unstable();
        let (mut open, mut last_end) = (None, 0);
        for (at, begins) in marks {
            match (begins, open) {
                (true, None) => open = Some(at),
                (true, Some(_)) => {}
                (false, Some(start)) => {
                    thoughts.push(Thought {
                        range: start..at,
                        is_ended: true,
                    });
                    (open, last_end) = (None, at);
                }
                (false, None) => {
                    if tags.ends_alone {
                        thoughts.push(Thought {
                            range: last_end..at,
                            is_ended: true,
                        });
                    }
                    last_end = at;
                }
            }
        }
        thoughts.extend(open.map(|start| Thought {
            range: start..text.len(),
            is_ended: false,
        }));
    }
    thoughts
}

/// The first call with more text after it than allowed.
fn misplaced(text: &str, pieces: &[Piece]) -> Option<Refused> {
    let (mut following, mut is_document) = (0usize, false);
    let mut refused = None;
    for (index, piece) in pieces.iter().enumerate().rev() {
        match &piece.content {
            Content::Prose => {
                let part = text[piece.range.clone()].trim();
                following += part.len();
                is_document |= part.lines().any(|line| line.starts_with(['#', '|']));
            }
            Content::Quoted => {
                following += piece.range.len();
                is_document = true;
            }
            Content::Unread => {}
            Content::Calls(called) => {
                // Between sentences it is written about.
                let is_alone = following == 0 || !follows_prose(text, &pieces[..index]);
                let counts = match called.place {
                    Place::Anywhere => is_alone,
                    Place::BeforeRemark => {
                        let is_meant = is_alone || is_announced(text, &pieces[..index]);
                        is_meant && !is_document && following <= LONGEST_REMARK
                    }
                    Place::Last => following == 0,
                };
                if !counts {
                    refused = Some(index);
                }
            }
        }
    }
    let reason = "a call must be the last thing in the reply, with nothing after it";
    refused.map(|index| (index, reason))
}

/// Whether the text before a call announces it.
fn is_announced(text: &str, before: &[Piece]) -> bool {
    let mut before = before.iter().rev();
    let said = before.find(|piece| !text[piece.range.clone()].trim().is_empty());
    said.is_some_and(|piece| example::announces(&text[piece.range.clone()]))
}

/// Whether there is text before.
fn follows_prose(text: &str, before: &[Piece]) -> bool {
    let mut before = before.iter();
    before.any(|piece| match piece.content {
        Content::Prose => text[piece.range.clone()].contains(char::is_alphabetic),
        Content::Quoted => true,
        Content::Unread | Content::Calls(_) => false,
    })
}

/// The first call in markup, if closing tags of values are left over after it.
fn torn(text: &str, pieces: &[Piece], tools: &[ToolSpec]) -> Option<Refused> {
    let has_markup =
        |piece: &Piece| matches!(&piece.content, Content::Calls(called) if called.markup);
    let first = pieces.iter().position(has_markup)?;
    let after = || {
        let others = pieces[first..].iter();
        others
            .filter(|piece| !matches!(piece.content, Content::Calls(_)))
            .map(|piece| &text[piece.range.clone()])
    };
    let reason = "the end of the call is not clear, because a value contains a closing tag such \
                  as `</parameter>`: write the call as JSON";
    let is_torn =
        xml::closes_more_than_it_opens(after()) || tags::closes_more_than_it_opens(after(), tools);
    is_torn.then_some((first, reason))
}
