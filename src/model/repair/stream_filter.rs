//! Keeps calls in streamed text from being shown.

use super::answer;
use super::forms::{self, BlockKind};
use super::scan::{CallCandidate, Extent, FencedBlock, ScanStep, Scanner};
use crate::model::ToolSpec;

/// Most checks of a block before it is held to the end.
const MOST_LOOKS: u32 = 16;

/// Holds back the text of a reply from where a call may begin.
///
/// Ordinary text and code blocks are shown as they come. Once a possible call begins, everything is
/// held; a JSON block only until it clearly has no call. At the end of the reply, [`find_calls`]
/// judges the whole text: what [`StreamFilter::push`] returned is always the beginning of [`FoundCalls::text`],
/// and the rest of that is shown then.
///
/// [`find_calls`]: super::find_calls
/// [`FoundCalls::text`]: super::FoundCalls::text
#[derive(Debug)]
pub struct StreamFilter {
    tools: Vec<ToolSpec>,
    text: String,
    shown: usize,
    scanner: Scanner,
    state: FilterState,
}

#[derive(Debug)]
enum FilterState {
    /// Only white space up to here.
    Blank(usize),
    /// Text is shown as it comes.
    Open,
    /// A block that may have a call.
    Block(FencedBlock, BlockChecks),
    /// Everything is held to the end.
    Held,
}

/// How often a block was checked; each check reads all of it.
#[derive(Debug, Default)]
struct BlockChecks {
    made: u32,
    /// Length of the text at the last check.
    at: usize,
}

impl StreamFilter {
    /// Starts a reply of a model with these tools.
    pub fn new(tools: &[ToolSpec]) -> StreamFilter {
        StreamFilter {
            tools: answer::with_answer(tools),
            text: String::new(),
            shown: 0,
            scanner: Scanner::default(),
            state: FilterState::Blank(0),
        }
    }

    /// Adds a piece of the reply and returns what can be shown now.
    pub fn push(&mut self, text: &str) -> String {
        self.text.push_str(text);
        let before = self.shown;
        if self.tools.is_empty() {
            self.shown = self.text.len();
        } else {
            while self.advance() {}
        }
        self.text[before..self.shown].to_owned()
    }

    /// The text that is held back.
    pub fn held(&self) -> &str {
        &self.text[self.shown..]
    }

    /// Ends the reply and returns its whole text.
    pub fn finish(self) -> String {
        self.text
    }

    /// Makes one step; returns whether another one is possible.
    fn advance(&mut self) -> bool {
        match &mut self.state {
            FilterState::Held => false,
            FilterState::Blank(until) => {
                let first = self.text[*until..].trim_start().chars().next();
                self.state = match first {
                    None => {
                        *until = self.text.len();
                        return false;
                    }
                    // The whole reply may be one call, and is read only when it is over.
                    Some('{' | '[') => FilterState::Held,
                    Some(_) => FilterState::Open,
                };
                true
            }
            FilterState::Open => self.show(),
            FilterState::Block(block, looks) => {
                if !looks.is_due(&self.text, block) {
                    return false;
                }
                match forms::block_kind(&self.text, block, &self.tools) {
                    BlockKind::Unclear => return false,
                    BlockKind::Call => self.state = FilterState::Held,
                    BlockKind::Quoted => {
                        self.scanner.quote(block);
                        self.shown = block.body;
                        self.state = FilterState::Open;
                    }
                }
                true
            }
        }
    }

    fn show(&mut self) -> bool {
        match self.scanner.step(&self.text, Extent::Growing, &self.tools) {
            ScanStep::Prose(end) | ScanStep::Quoted(end) => self.shown = end,
            ScanStep::Candidate(CallCandidate::Block(block)) => {
                self.state = FilterState::Block(block, BlockChecks::default());
            }
            ScanStep::Candidate(_) => self.state = FilterState::Held,
            ScanStep::More | ScanStep::End => return false,
        }
        true
    }
}

impl BlockChecks {
    /// Whether to check a block again: when its length has doubled, or it seems to be closed. All
    /// checks together take time in proportion to its length.
    fn is_due(&mut self, text: &str, block: &FencedBlock) -> bool {
        let before = self.at.max(block.body) - block.body;
        let grown = text.len() - block.body >= 2 * before;
        // The end of a fence may have come a character at a time.
        let new = text.as_bytes().get(self.at.max(block.body + 2) - 2..);
        let is_fence = |three: &[u8]| three == b"```" || three == b"~~~";
        let closed = new.is_some_and(|new| new.windows(3).any(is_fence));
        let due = grown || (closed && self.made < MOST_LOOKS);
        if due {
            self.made += u32::from(closed);
            self.at = text.len();
        }
        due
    }
}
