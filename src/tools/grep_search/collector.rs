//! What a search calls back with.

use std::io;

use grep_searcher::{Searcher, Sink, SinkContext, SinkMatch};

use super::{FileHits, Grep, GrepLine, MOST_MATCHES, render};

/// The lines of a file that match, and those around them.
pub(super) struct Collector<'grep> {
    pub grep: &'grep Grep,
    pub hits: FileHits,
}

impl Collector<'_> {
    fn push(&mut self, number: Option<u64>, bytes: &[u8], is_match: bool) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        let text = if is_match {
            self.grep.shorten(text)
        } else {
            render::narrow(text, render::WIDEST).into_owned()
        };
        self.hits.lines.push(GrepLine {
            number: number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            text,
            is_match,
            is_whole: false,
        });
    }
}

impl Sink for Collector<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        self.push(found.line_number(), found.bytes(), true);
        self.hits.matches += 1;
        // One more than is shown, so that the cut is known.
        Ok(self.hits.matches <= MOST_MATCHES)
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> Result<bool, io::Error> {
        self.push(line.line_number(), line.bytes(), false);
        Ok(true)
    }
}

/// Whether anything matches.
pub(super) struct AnyMatch(pub bool);

impl Sink for AnyMatch {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, _: &SinkMatch<'_>) -> Result<bool, io::Error> {
        self.0 = true;
        Ok(false)
    }
}
