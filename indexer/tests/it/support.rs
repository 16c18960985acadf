//! What several modules need: fixtures, chunks, and the check that chunks cover a text.

use std::path::{Path, PathBuf};

use ollacode_indexer::chunk::{BUDGET, FileChunks, chunk_file};
use ollacode_indexer::language::Language;
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::{Chunk, ChunkKind};

/// Names of the files of a folder, sorted.
pub fn file_names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn fixtures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// File name and text of a language's fixture.
pub fn fixture(language: &Language) -> (String, String) {
    let name = language
        .extensions
        .iter()
        .map(|extension| format!("{}.{extension}", language.name))
        .find(|name| fixtures_folder().join(name).is_file());
    let Some(name) = name else {
        panic!("{} has no fixture", language.name)
    };
    let text = std::fs::read_to_string(fixtures_folder().join(&name)).unwrap();
    (name, text)
}

/// Cuts with a parser of its own.
pub fn cut_once(path: &str, text: &str) -> FileChunks {
    chunk_file(&mut FileParser::default(), path, text)
}

pub fn chunk(path: &str, start_line: u32, text: &str) -> Chunk {
    let lines = u32::try_from(text.lines().count().max(1)).unwrap();
    Chunk {
        path: path.to_owned(),
        language: "rust".to_owned(),
        kind: ChunkKind::Block,
        symbol: None,
        scope: Vec::new(),
        definitions: Vec::new(),
        start_line,
        end_line: start_line + lines - 1,
        text: text.to_owned(),
    }
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| byte.is_ascii_whitespace())
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Characters that count against the budget.
pub fn weight(text: &str) -> usize {
    text.chars()
        .filter(|character| !character.is_ascii_whitespace())
        .count()
}

/// Says how chunks fail to hold each line that is not blank once, in order, as it is in the text.
pub fn coverage_fault(text: &str, chunks: &[Chunk]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // Index of the first line that no chunk has held yet.
    let mut due = 0;
    let mut chunks = chunks.iter().peekable();
    while let Some(chunk) = chunks.next() {
        let range = (chunk.start_line, chunk.end_line);
        let (start, end) = (chunk.start_line as usize, chunk.end_line as usize);
        if start < 1 || start > end || end > lines.len() {
            return Some(format!("lines {range:?} of {}", lines.len()));
        }
        if start - 1 < due {
            return Some(format!("lines {range:?} overlap what ends at {due}"));
        }
        if let Some(lost) = (due..start - 1).find(|&index| !is_blank(lines[index])) {
            return Some(format!("line {} is in no chunk", lost + 1));
        }
        let mut held = chunk.text.clone();
        let is_part = |next: &&Chunk| start == end && (next.start_line, next.end_line) == range;
        while let Some(part) = chunks.next_if(is_part) {
            held.push_str(&part.text);
        }
        let theirs = lines[start - 1..end].concat();
        let theirs = without_line_end(&theirs);
        // Parts of a huge line leave out stretches of white space.
        let same = if held.len() == chunk.text.len() {
            held == theirs
        } else {
            held.split_whitespace().eq(theirs.split_whitespace())
                || squeezed(&held) == squeezed(theirs)
        };
        if !same {
            return Some(format!("the text of lines {range:?} is not theirs"));
        }
        due = end;
    }
    let lost = (due..lines.len()).find(|&index| !is_blank(lines[index]));
    lost.map(|lost| format!("line {} is in no chunk", lost + 1))
}

/// Says which chunk is larger than the budget allows.
pub fn size_fault(chunks: &[Chunk]) -> Option<String> {
    chunks.iter().find_map(|chunk| {
        let range = (chunk.start_line, chunk.end_line);
        let is_line = chunk.start_line == chunk.end_line;
        let over = if is_line {
            chunk.text.len() > 4 * BUDGET
        } else {
            weight(&chunk.text) > BUDGET
        };
        (over || chunk.text.is_empty())
            .then(|| format!("lines {range:?} have {} bytes", chunk.text.len()))
    })
}

/// Panics unless chunks cover a text within the budget.
#[track_caller]
pub fn assert_covers(text: &str, cut: &FileChunks) {
    if let Some(fault) = coverage_fault(text, &cut.chunks).or_else(|| size_fault(&cut.chunks)) {
        panic!("{}: {fault}", cut.language);
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
