//! The line that a query is about: one that it names, or that defines a symbol of it.

use ollacode_store::Chunk;

use crate::mention::Mentioned;
use crate::query::Query;
use crate::rank::Candidate;

/// Lines between a line that is named and a chunk that counts as beside it,
const BESIDE: u32 = 20;
/// and its share of what the chunk with the line gains: what goes on there is often meant, too.
const BESIDE_SHARE: f32 = 0.2;

/// How lines of comments begin. A `#` without a space begins definitions of C, too.
const COMMENTS: [&str; 6] = ["//", "/*", "* ", "--", "\"\"\"", "# "];

/// Marks the chunks whose file or line the query names. A line that is in no chunk, such as a blank
/// one between two, stands for the nearest.
pub(crate) fn mark_named(candidates: &mut [Candidate], mentioned: &[Mentioned]) {
    for it in mentioned {
        let distance = |chunk: &Chunk| it.line.map(|line| lines_between(chunk, line));
        let chunks = candidates.iter().map(|candidate| &candidate.chunk);
        let nearest = chunks
            .filter(|chunk| chunk.path == it.path)
            .filter_map(distance)
            .min();
        for Candidate { chunk, named, .. } in candidates.iter_mut() {
            if chunk.path != it.path {
                continue;
            }
            named.file = named.file.max(it.strength);
            let share = match (distance(chunk), nearest) {
                (Some(lines), Some(nearest)) if lines == nearest => 1.0,
                (Some(lines), _) if lines <= BESIDE => BESIDE_SHARE,
                _ => 0.0,
            };
            named.line = named.line.max(share * it.strength);
        }
    }
}

/// Lines from a chunk to a line of its file; 0 inside.
fn lines_between(chunk: &Chunk, line: u32) -> u32 {
    let before = chunk.start_line.saturating_sub(line);
    before.max(line.saturating_sub(chunk.end_line))
}

/// The line of a chunk that a query is about: one that it names, or the one that defines its symbol.
pub(crate) fn focus(query: &Query, mentioned: &[Mentioned], chunk: &Chunk) -> Option<u32> {
    let mut named = mentioned.iter().filter(|it| it.path == chunk.path);
    let inside = chunk.start_line..=chunk.end_line;
    named
        .find_map(|it| it.line.filter(|line| inside.contains(line)))
        .or_else(|| defining_line(query, chunk))
}

/// The first line with a symbol that the query names and the chunk defines, comments aside.
fn defining_line(query: &Query, chunk: &Chunk) -> Option<u32> {
    let name = chunk
        .definitions
        .iter()
        .find(|name| query.symbols.contains(name))?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let has_name = |line: &str| line.split(|c| !is_word(c)).any(|word| word == name);
    let is_comment = |line: &str| {
        let line = line.trim_start();
        COMMENTS.iter().any(|begin| line.starts_with(begin))
    };
    let at = chunk
        .text
        .lines()
        .position(|line| has_name(line) && !is_comment(line))?;
    Some(chunk.start_line + u32::try_from(at).ok()?)
}
