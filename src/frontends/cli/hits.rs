//! Prints hits for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use ollacode_indexer::query::{Query, stem, subwords};
use ollacode_indexer::rank::{Ranked, RetrieverRank, SignalEffect};

use super::style::{BOLD, DIM, MATCH, PATH, PLAIN, escape_hidden, visible_name};
use crate::frontends::excerpt::{Excerpt, distinct_matches, stems};

/// Maximum characters of a line.
const WIDEST: usize = 200;

/// Writes hits, best first.
pub fn write(out: &mut impl Write, query: &str, hits: &[Ranked], explain: bool) -> io::Result<()> {
    let query = Query::parse(query);
    let stems = stems(&query);
    for (index, hit) in hits.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let excerpt = Excerpt::of(hit, &stems);
        write_head(out, hit)?;
        if explain {
            write_why(out, hit, &query)?;
        }
        write_excerpt(out, &excerpt, &stems)?;
    }
    Ok(())
}

fn write_head(out: &mut impl Write, hit: &Ranked) -> io::Result<()> {
    let chunk = &hit.chunk;
    write!(
        out,
        "{PATH}{}:{}{PLAIN}",
        visible_name(&chunk.path),
        hit.focus.unwrap_or(chunk.start_line)
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
    let mut facts = format!("{} {:.2} {}", chunk.kind, hit.score, hit.why.reason());
    match hit.copies {
        0 => {}
        1 => facts.push_str(" and 1 copy"),
        copies => facts.push_str(&format!(" and {copies} copies")),
    }
    writeln!(out, "  {DIM}{facts}{PLAIN}")
}

/// Writes the lines of a chunk that match most words of the query.
fn write_excerpt(out: &mut impl Write, excerpt: &Excerpt<'_>, stems: &[String]) -> io::Result<()> {
    for (number, line) in (excerpt.first_line..).zip(&excerpt.lines) {
        let cut: String = line.chars().take(WIDEST).collect();
        writeln!(
            out,
            "{DIM}{number:>6}{PLAIN}  {}",
            highlighted(&escape_hidden(&cut), stems)
        )?;
    }
    Ok(())
}

/// Highlights the identifiers that contain a word of the query.
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
    let leg = |name: &str, leg: Option<RetrieverRank>| match leg {
        Some(leg) => format!("{name} #{} ({:.3})", leg.rank + 1, leg.score),
        None => format!("{name} –"),
    };
    let why = &hit.why;
    let fused = format!("fused {:.2}", why.fused);
    let mut parts = vec![
        leg("lexical", why.lexical),
        leg("vectors", why.dense),
        fused,
    ];
    parts.extend(why.signals.iter().map(|signal| match signal.effect {
        SignalEffect::Added(amount) => format!("{} +{amount:.2}", signal.name),
        SignalEffect::Times(factor) => format!("{} ×{factor:.2}", signal.name),
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
