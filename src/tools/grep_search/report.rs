//! What was found, as the model reads it: a path, its lines below.

use super::{Found, Hits, MOST_MATCHES};
use crate::message::Source;
use crate::tools::ToolOutput;
use crate::tools::shown::{self, Page};
use crate::visible::neutral;

/// Most bytes of a result.
const MOST_BYTES: usize = 20 << 10;

pub(super) fn written(found: &Found, tokens: u32) -> ToolOutput {
    let mut report = Report {
        page: Page::of_result(MOST_BYTES, tokens),
        files: 0,
        matches: 0,
        sources: Vec::new(),
    };
    let fits = found.hits.iter().all(|hits| report.write(hits));
    let mut text = neutral(&report.page.into_text()).into_owned();
    if !fits || found.is_cut {
        text.push_str(&format!(
            "… only the first {} matches are shown: narrow with path, glob or a longer regex …\n",
            report.matches
        ));
    }
    if found.matches == 0 {
        let files = shown::count(found.searched, "file", "files");
        text.push_str(&format!(
            "No match in {files}; what is ignored or hidden was not searched. search_codebase \
             finds code by meaning.\n"
        ));
    }
    text.push_str(&found.unread());
    let more = if fits && !found.is_cut {
        ""
    } else {
        " and more"
    };
    ToolOutput {
        text,
        summary: format!(
            "{} in {}{more}",
            shown::count(report.matches, "match", "matches"),
            shown::count(report.files, "file", "files"),
        ),
        detail: String::new(),
        sources: report.sources,
    }
}

struct Report {
    page: Page,
    files: usize,
    matches: usize,
    sources: Vec<Source>,
}

impl Report {
    /// Writes what was found in a file; says whether all of it had room.
    fn write(&mut self, hits: &Hits) -> bool {
        if self.matches >= MOST_MATCHES || !self.page.push(&shown::name(&hits.path)) {
            return false;
        }
        self.files += 1;
        let has_context = hits.lines.iter().any(|line| !line.is_match);
        let mut last: Option<usize> = None;
        for line in &hits.lines {
            if self.matches >= MOST_MATCHES && line.is_match {
                return false;
            }
            // Gaps are marked only where lines around matches are shown.
            if has_context && last.is_some_and(|last| line.number > last + 1) {
                self.page.push("--");
            }
            last = Some(line.number);
            let mark = if line.is_match { ':' } else { '-' };
            if !self
                .page
                .push(&format!("{}{mark}{}", line.number, line.text))
            {
                return false;
            }
            self.matches += usize::from(line.is_match);
            self.note(&hits.path, line.number);
        }
        true
    }

    fn note(&mut self, path: &str, number: usize) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match self.sources.last_mut() {
            Some(last) if last.path == path && number <= last.end_line.saturating_add(1) => {
                last.end_line = number;
            }
            _ => self.sources.push(Source {
                path: path.to_owned(),
                start_line: number,
                end_line: number,
                symbol: None,
            }),
        }
    }
}
