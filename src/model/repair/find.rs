//! Extracts the calls of a reply: every possible place is parsed, then the text around a call
//! decides whether it counts.

use std::ops::Range;

use super::forms::{self, ParseAttempt};
use super::scan::{CallCandidate, CallStart, Extent, ScanStep, Scanner};
use super::{answer, example, families, tags, unknown, xml};
use crate::message::ToolCall;
use crate::model::{THOUGHT_TAGS, ToolSpec};

/// Longest remark after a block with a call, in bytes.
const LONGEST_REMARK: usize = 500;

/// The calls found in the text of a reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundCalls {
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
    /// The answer, if it was given as a call.
    pub answer: Option<String>,
}

/// Most broken calls after which others are searched for.
const MOST_BROKEN: usize = 8;

/// Extracts the calls from the text of a reply, by the rules of the parent module.
pub fn find_calls(text: &str, tools: &[ToolSpec]) -> FoundCalls {
    let mut found = find(text, &answer::with_answer(tools), MOST_BROKEN);
    found.answer = answer::take_answer(&mut found.calls, tools);
    let later = answer::take_answer(&mut found.later, tools);
    found.answer = found.answer.or(later);
    let is_nothing = found.calls.is_empty() && found.later.is_empty() && found.answer.is_none();
    if is_nothing && found.broken.is_none() && !tools.is_empty() {
        found.broken = unknown::reason(text, tools);
    }
    found
}

fn find(text: &str, tools: &[ToolSpec], spare: usize) -> FoundCalls {
    if tools.is_empty() {
        return FoundCalls {
            text: text.to_owned(),
            ..FoundCalls::default()
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
        Some((index, reason)) => (index, Some(MalformedCall::of(reason))),
        None => (pieces.len(), broken),
    };
    drop_examples(text, &mut pieces);
    let mut found = FoundCalls::default();
    for (index, piece) in pieces.into_iter().enumerate() {
        match piece.content {
            PieceContent::Calls(called) if index < taken => {
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
            && !may_be_thoughts(text, &range)
            && !example::introduces(&text[..range.start])
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

/// Whether a part of a reply may be within thoughts: they begin before it, or end after it.
fn may_be_thoughts(text: &str, part: &Range<usize>) -> bool {
    let before = text[..part.end].to_ascii_lowercase();
    let after = text[part.start..].to_ascii_lowercase();
    THOUGHT_TAGS.iter().any(|tags| {
        let begins = before.contains(tags.begin.trim_end_matches('>'));
        begins || (tags.ends_alone && after.contains(tags.end.trim_end_matches('>')))
    })
}

/// An attempted call that is not valid.
struct MalformedCall {
    why: String,
    /// Its range, if certain.
    range: Option<Range<usize>>,
    /// Valid calls in the same list.
    others: Vec<ToolCall>,
}

impl MalformedCall {
    fn of(why: &str) -> MalformedCall {
        MalformedCall {
            why: why.to_owned(),
            range: None,
            others: Vec::new(),
        }
    }
}

/// A part of a reply.
struct ReplyPiece {
    range: Range<usize>,
    content: PieceContent,
}

enum PieceContent {
    Prose,
    Quoted,
    Calls(ParsedCalls),
    /// From a broken call to the end.
    Unread,
}

struct ParsedCalls {
    calls: Vec<ToolCall>,
    place: CallPosition,
    markup: bool,
}

/// What may follow a call.
#[derive(Clone, Copy)]
enum CallPosition {
    Anywhere,
    BeforeRemark,
    Last,
}

/// A piece whose call does not count, and the reason.
type RejectedCall = (usize, &'static str);

/// The parts of a reply, and the error of the last one, if any.
fn pieces(text: &str, tools: &[ToolSpec]) -> (Vec<ReplyPiece>, Option<MalformedCall>) {
    let mut scanner = Scanner::default();
    let mut pieces = Vec::new();
    let mut at = 0;
    // A text can begin as JSON on each of its lines, and each could be read to the end.
    let mut spare = text.len().saturating_mul(4);
    loop {
        let candidate = match scanner.step(text, Extent::Whole, tools) {
            ScanStep::Prose(end) => {
                add(&mut pieces, at..end, PieceContent::Prose);
                at = end;
                continue;
            }
            ScanStep::Quoted(end) => {
                add(&mut pieces, at..end, PieceContent::Quoted);
                at = end;
                continue;
            }
            ScanStep::Candidate(candidate) => candidate,
            ScanStep::More | ScanStep::End => break,
        };
        match attempt(text, &candidate, spare, tools) {
            ParseAttempt::Calls { calls, end, markup } => {
                let called = ParsedCalls {
                    calls,
                    place: call_position(&candidate),
                    markup,
                };
                add(&mut pieces, at..end, PieceContent::Calls(called));
                scanner.resume(end);
                at = end;
            }
            ParseAttempt::Broken { why, end, others } => {
                add(&mut pieces, at..text.len(), PieceContent::Unread);
                let range = end_of_broken(text, &candidate, end).map(|end| at..end);
                return (pieces, Some(MalformedCall { why, range, others }));
            }
            ParseAttempt::Text { end, read } => {
                if let CallCandidate::Block(block) = &candidate {
                    scanner.quote(block);
                    add(&mut pieces, at..block.body, PieceContent::Quoted);
                    at = block.body;
                } else {
                    spare = spare.saturating_sub(read - end.min(read));
                    scanner.skip(end);
                    add(&mut pieces, at..end, PieceContent::Prose);
                    at = end;
                }
            }
        }
    }
    let quoted = "the call is inside a code block that is not closed: write the call outside of \
                  code blocks";
    let broken = scanner
        .ended_in_quoted_call()
        .then(|| MalformedCall::of(quoted));
    (pieces, broken)
}

/// Where a broken call ends: at its end if it could be parsed, or at its closing marker, unless
/// something else begins before that.
fn end_of_broken(text: &str, candidate: &CallCandidate, end: Option<usize>) -> Option<usize> {
    const CLOSER: &str = "</tool_call>";
    match (candidate, end) {
        // What follows a block decides whether it counts.
        (CallCandidate::Block(_), end) => end.filter(|end| text[*end..].trim().is_empty()),
        (_, Some(end)) => Some(end),
        (CallCandidate::Marker(at, CallStart::Sign(_, length)), None) => {
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

fn add(pieces: &mut Vec<ReplyPiece>, range: Range<usize>, content: PieceContent) {
    match (pieces.last_mut(), &content) {
        (
            Some(ReplyPiece {
                range: before,
                content: PieceContent::Prose,
            }),
            PieceContent::Prose,
        ) => before.end = range.end,
        _ => pieces.push(ReplyPiece { range, content }),
    }
}

fn attempt(
    text: &str,
    candidate: &CallCandidate,
    spare: usize,
    tools: &[ToolSpec],
) -> ParseAttempt {
    match *candidate {
        // A sign that counts would have been read.
        CallCandidate::Bare(at) if spare == 0 || families::ends_with_begin(&text[..at]) => {
            ParseAttempt::text(at + 1)
        }
        CallCandidate::Bare(at) => match forms::bare(text, at, tools) {
            ParseAttempt::Calls { calls, end, markup } => ParseAttempt::Calls {
                calls,
                end: end + forms::separator(&text[end..]),
                markup,
            },
            other => other,
        },
        CallCandidate::Named(at) => forms::named_line(text, at, tools),
        CallCandidate::Marker(at, opening) => forms::at_marker(text, at, opening, tools),
        CallCandidate::Block(block) => forms::block(text, &block, tools),
    }
}

fn call_position(candidate: &CallCandidate) -> CallPosition {
    match candidate {
        CallCandidate::Bare(_) | CallCandidate::Named(_) => CallPosition::Last,
        CallCandidate::Block(block) if !block.for_tools => CallPosition::BeforeRemark,
        CallCandidate::Block(_) | CallCandidate::Marker(..) => CallPosition::Anywhere,
    }
}

/// Turns calls into text if the text around them makes them examples.
fn drop_examples(text: &str, pieces: &mut [ReplyPiece]) {
    let mut is_example = false;
    for index in 0..pieces.len() {
        let part = &text[pieces[index].range.clone()];
        match pieces[index].content {
            PieceContent::Prose if part.trim().is_empty() => {}
            PieceContent::Prose => is_example = example::introduces(part),
            PieceContent::Quoted | PieceContent::Unread => is_example = false,
            PieceContent::Calls(_) => {
                let after = pieces.get(index + 1);
                let is_taken_back = after.is_some_and(|after| {
                    matches!(after.content, PieceContent::Prose)
                        && example::takes_back(&text[after.range.clone()])
                });
                if is_example || is_taken_back {
                    pieces[index].content = PieceContent::Prose;
                }
            }
        }
    }
}

/// Turns calls in thoughts into text, and returns one in thoughts without an end.
fn drop_thoughts(text: &str, pieces: &mut [ReplyPiece]) -> Option<RejectedCall> {
    let thoughts = thoughts(text, pieces);
    let mut unended = None;
    for (index, piece) in pieces.iter_mut().enumerate() {
        let is_call = matches!(piece.content, PieceContent::Calls(_));
        let mut around = thoughts
            .iter()
            .filter(|thought| is_call && thought.range.contains(&piece.range.start));
        if around.clone().any(|thought| thought.is_ended) {
            piece.content = PieceContent::Prose;
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
fn thoughts(text: &str, pieces: &[ReplyPiece]) -> Vec<Thought> {
    let lower = text.to_ascii_lowercase();
    let prose = || {
        let pieces = pieces.iter();
        pieces.filter(|piece| matches!(piece.content, PieceContent::Prose))
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
fn misplaced(text: &str, pieces: &[ReplyPiece]) -> Option<RejectedCall> {
    let (mut following, mut is_document) = (0usize, false);
    let mut refused = None;
    for (index, piece) in pieces.iter().enumerate().rev() {
        match &piece.content {
            PieceContent::Prose => {
                let part = text[piece.range.clone()].trim();
                following += part.len();
                is_document |= part.lines().any(|line| line.starts_with(['#', '|']));
            }
            PieceContent::Quoted => {
                following += piece.range.len();
                is_document = true;
            }
            PieceContent::Unread => {}
            PieceContent::Calls(called) => {
                // Between sentences it is written about.
                let is_alone = following == 0 || !follows_prose(text, &pieces[..index]);
                let counts = match called.place {
                    CallPosition::Anywhere => is_alone,
                    CallPosition::BeforeRemark => {
                        let is_meant = is_alone || is_announced(text, &pieces[..index]);
                        is_meant && !is_document && following <= LONGEST_REMARK
                    }
                    CallPosition::Last => following == 0,
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
fn is_announced(text: &str, before: &[ReplyPiece]) -> bool {
    let mut before = before.iter().rev();
    let said = before.find(|piece| !text[piece.range.clone()].trim().is_empty());
    said.is_some_and(|piece| example::announces(&text[piece.range.clone()]))
}

/// Whether there is text before.
fn follows_prose(text: &str, before: &[ReplyPiece]) -> bool {
    let mut before = before.iter();
    before.any(|piece| match piece.content {
        PieceContent::Prose => text[piece.range.clone()].contains(char::is_alphabetic),
        PieceContent::Quoted => true,
        PieceContent::Unread | PieceContent::Calls(_) => false,
    })
}

/// The first call in markup, if closing tags of values are left over after it.
fn torn(text: &str, pieces: &[ReplyPiece], tools: &[ToolSpec]) -> Option<RejectedCall> {
    let has_markup =
        |piece: &ReplyPiece| matches!(&piece.content, PieceContent::Calls(called) if called.markup);
    let first = pieces.iter().position(has_markup)?;
    let after = || {
        let others = pieces[first..].iter();
        others
            .filter(|piece| !matches!(piece.content, PieceContent::Calls(_)))
            .map(|piece| &text[piece.range.clone()])
    };
    let reason = "the end of the call is not clear, because a value contains a closing tag such \
                  as `</parameter>`: write the call as JSON";
    let is_torn =
        xml::closes_more_than_it_opens(after()) || tags::closes_more_than_it_opens(after(), tools);
    is_torn.then_some((first, reason))
}
