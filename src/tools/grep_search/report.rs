//! What was found, as the model reads it: a path, its lines below.

use super::{FileHits, GrepResult, MOST_MATCHES};
use crate::message::Source;
use crate::tools::render::{self, OutputPage};
use crate::tools::{FileLine, FileView, ToolOutput};
use crate::visible::defang_chat_markers;

/// Most files that are named in place of their matches,
const MOST_NAMED: usize = 3;
/// and the longest name of one, in characters.
const LONGEST_NAME: usize = 50;
/// Tokens for what is said of them.
const AROUND: u32 = 60;
/// Most bytes of a result.
const MOST_BYTES: usize = 20 << 10;

pub(super) fn render_report(found: &GrepResult, tokens: u32) -> ToolOutput {
    let mut report = GrepReport {
        page: OutputPage::of_result(MOST_BYTES, tokens.saturating_sub(AROUND)),
        files: 0,
        matches: 0,
        sources: Vec::new(),
    };
    let whole = found
        .hits
        .iter()
        .take_while(|hits| report.write(hits))
        .count();
    let fits = whole == found.hits.len();
    let more_places = more(found, &report, whole);
    let mut text = defang_chat_markers(&report.page.into_text()).into_owned();
    if !fits || found.is_cut {
        text.push_str(&format!(
            "… only the first {} matches are shown: narrow with path, glob or a longer regex{more_places} …\n",
            report.matches
        ));
    }
    if found.matches == 0 {
        let files = render::count(found.searched, "file", "files");
        text.push_str(&format!(
            "No match in {files}. Ignored and hidden files were not searched. search_codebase \
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
            render::count(report.matches, "match", "matches"),
            render::count(report.files, "file", "files"),
        ),
        sources: report.sources,
        ..ToolOutput::default()
    }
}

/// Where more matches are than those that are shown; `whole` files are shown whole.
fn more(found: &GrepResult, report: &GrepReport, whole: usize) -> String {
    let name = |path: &str| render::narrow(&render::name(path), LONGEST_NAME).into_owned();
    let mut more = String::new();
    let mut rest = &found.hits[whole..];
    if report.files > whole
        && let Some((cut, others)) = rest.split_first()
    {
        let last = report.sources.last().map_or(0, |source| source.end_line);
        more.push_str(&format!(
            ". `{}` has more after line {last}",
            name(&cut.path)
        ));
        rest = others;
    }
    let named: Vec<String> = rest
        .iter()
        .take(MOST_NAMED)
        .map(|hits| name(&hits.path))
        .collect();
    if !named.is_empty() {
        more.push_str(&format!(". More in {}", named.join(", ")));
        if rest.len() > named.len() {
            let others = render::count(rest.len() - named.len(), "other file", "other files");
            more.push_str(&format!(" and {others}"));
        }
    }
    if found.is_cut {
        let last = name(&found.last);
        more.push_str(&format!(
            ". Files after `{last}` in path order were not searched"
        ));
    }
    more
}

impl FileHits {
    /// What the model is shown of the file, as far as lines are shown whole.
    pub(super) fn view(&self) -> Option<FileView> {
        let (path, hash) = self.version.clone()?;
        let whole = self.lines.iter().filter(|line| line.is_whole);
        let lines = whole.map(|line| FileLine {
            number: line.number,
            text: line.text.clone(),
        });
        Some(FileView::Found {
            path,
            hash,
            lines: lines.collect(),
        })
    }
}

struct GrepReport {
    page: OutputPage,
    files: usize,
    matches: usize,
    sources: Vec<Source>,
}

impl GrepReport {
    /// Writes what was found in a file; says whether all of it had room.
    fn write(&mut self, hits: &FileHits) -> bool {
        if self.matches >= MOST_MATCHES || !self.page.push(&render::name(&hits.path)) {
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
