//! The lines of a hit that match the query best.

use ollacode_indexer::query::{Query, stem, subwords};
use ollacode_indexer::rank::Ranked;

/// Maximum lines of an excerpt.
const LINES: usize = 6;

/// The lines of a hit that match most words of the query, among them the one that it is about.
pub struct Excerpt<'hit> {
    /// Line number in the file.
    pub first_line: usize,
    pub lines: Vec<&'hit str>,
}

impl<'hit> Excerpt<'hit> {
    /// Chooses the lines; `stems` are the stems of the query.
    pub fn of(hit: &'hit Ranked, stems: &[String]) -> Excerpt<'hit> {
        let chunk = &hit.chunk;
        let focus = hit.focus_offset();
        let lines: Vec<&str> = chunk.text.lines().collect();
        let matches: Vec<usize> = lines
            .iter()
            .map(|line| distinct_matches(line, stems))
            .collect();
        let length = lines.len().min(LINES);
        let start = (0..=lines.len() - length)
            .max_by_key(|&start| {
                let window = start..start + length;
                let found: usize = matches[window.clone()].iter().sum();
                let has_focus = focus.is_some_and(|line| window.contains(&line));
                // On a tie the first window, which has the head of the definition.
                (has_focus, found, std::cmp::Reverse(start))
            })
            .unwrap_or(0);
        Excerpt {
            first_line: chunk.start_line as usize + start,
            lines: lines[start..start + length].to_vec(),
        }
    }
}

/// The stems of a query's words.
pub fn stems(query: &Query) -> Vec<String> {
    query.words.iter().map(|word| stem(word)).collect()
}

/// The number of stems that a line contains.
pub fn distinct_matches(line: &str, stems: &[String]) -> usize {
    let words: Vec<String> = subwords(line).iter().map(|word| stem(word)).collect();
    stems.iter().filter(|stem| words.contains(stem)).count()
}
