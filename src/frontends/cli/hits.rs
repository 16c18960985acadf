//! Hits as people read them.

use std::collections::BTreeSet;
use std::io::{self, Write};

use ollacode_indexer::query::{Query, stem, subwords};
use ollacode_indexer::rank::{Effect, Leg, Ranked};

use super::style::{BOLD, DIM, MATCH, PATH, PLAIN, visible, visible_name};

/// Lines of a hit that are shown.
const EXCERPT: usize = 6;
/// Longest line that is shown, in characters.
const WIDEST: usize = 200;

/// Writes hits, best first.
pub fn write(out: &mut impl Write, query: &str, hits: &[Ranked], explain: bool) -> io::Result<()> {
    let query = Query::parse(query);
    let stems: Vec<String> = query.words.iter().map(|word| stem(word)).collect();
    for (index, hit) in hits.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let excerpt = Excerpt::of(hit, &stems);
        write_head(out, hit)?;
        if explain {
            write_why(out, hit, &query)?;
        }
        excerpt.write(out, &stems)?;
    }
    Ok(())
}

fn write_head(out: &mut impl Write, hit: &Ranked) -> io::Result<()> {
    let chunk = &hit.chunk;
    write!(
        out,
        "{PATH}{}:{}{PLAIN}",
        visible_name(&chunk.path),
        chunk.start_line
    )?;
    let mut place: Vec<String> = chunk
        .scope
        .iter()
        .map(|scope| visible_name(scope))
        .collect();
    place.extend(chunk.symbol.as_deref().map(visible_name));
    if !place.is_empty() {
        write!(out, "  {BOLD}{}{PLAIN}", place.join(" > "))?;
    }
    writeln!(out, "  {DIM}{} {:.2}{PLAIN}", chunk.kind, hit.score)
}

/// The lines of a chunk where most words of the query are.
struct Excerpt<'hit> {
    first_line: usize,
    lines: Vec<&'hit str>,
}

impl<'hit> Excerpt<'hit> {
    fn of(hit: &'hit Ranked, stems: &[String]) -> Excerpt<'hit> {
        let lines: Vec<&str> = hit.chunk.text.lines().collect();
        let matches: Vec<usize> = lines
            .iter()
            .map(|line| distinct_matches(line, stems))
            .collect();
        let length = lines.len().min(EXCERPT);
        let start = (0..=lines.len() - length)
            .max_by_key(|&start| {
                let found: usize = matches[start..start + length].iter().sum();
                // Of equal windows the first: it has the head of the definition.
                (found, std::cmp::Reverse(start))
            })
            .unwrap_or(0);
        Excerpt {
            first_line: hit.chunk.start_line as usize + start,
            lines: lines[start..start + length].to_vec(),
        }
    }

    fn write(&self, out: &mut impl Write, stems: &[String]) -> io::Result<()> {
        for (number, line) in (self.first_line..).zip(&self.lines) {
            let cut: String = line.chars().take(WIDEST).collect();
            writeln!(
                out,
                "{DIM}{number:>6}{PLAIN}  {}",
                highlighted(&visible(&cut), stems)
            )?;
        }
        Ok(())
    }
}

fn distinct_matches(line: &str, stems: &[String]) -> usize {
    let words: Vec<String> = subwords(line).iter().map(|word| stem(word)).collect();
    stems.iter().filter(|stem| words.contains(stem)).count()
}

/// Marks the identifiers that hold a word of the query.
fn highlighted(line: &str, stems: &[String]) -> String {
    let mut shown = String::with_capacity(line.len());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let wordy = is_word(first);
        let end = rest.find(|c| is_word(c) != wordy).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        if wordy && distinct_matches(run, stems) > 0 {
            shown.push_str(&format!("{MATCH}{run}{PLAIN}"));
        } else {
            shown.push_str(run);
        }
        rest = tail;
    }
    shown
}

fn write_why(out: &mut impl Write, hit: &Ranked, query: &Query) -> io::Result<()> {
    let leg = |name: &str, leg: Option<Leg>| match leg {
        Some(leg) => format!("{name} #{} ({:.3})", leg.rank + 1, leg.score),
        None => format!("{name} –"),
    };
    let why = &hit.why;
    let fused = format!("together {:.2}", why.fused);
    let mut parts = vec![leg("words", why.lexical), leg("vectors", why.dense), fused];
    parts.extend(why.signals.iter().map(|signal| match signal.effect {
        Effect::Added(amount) => format!("{} +{amount:.2}", signal.name),
        Effect::Times(factor) => format!("{} ×{factor:.2}", signal.name),
    }));
    let text = format!(
        "{} {} {}",
        hit.chunk.path,
        hit.chunk.scope.join(" "),
        hit.chunk.text
    );
    let held: BTreeSet<String> = subwords(&text).iter().map(|word| stem(word)).collect();
    let words: Vec<&str> = query
        .words
        .iter()
        .map(String::as_str)
        .filter(|word| held.contains(&stem(word)))
        .collect();
    let words = if words.is_empty() {
        "–".to_owned()
    } else {
        words.join(" ")
    };
    writeln!(
        out,
        "        {DIM}{}; matched: {words}{PLAIN}",
        parts.join(", ")
    )
}
