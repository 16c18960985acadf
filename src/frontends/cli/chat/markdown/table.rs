//! A table, once all its rows are there.

use std::fmt::Write;

use anstyle::Style;
use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Look;
use super::inline::{Piece, Reader};
use crate::frontends::cli::style::{DIM, PLAIN};
use crate::frontends::cli::width::width;
use crate::visible::escape_hidden;

type Row = Vec<Vec<Piece>>;

/// Lays a table out in columns; as it is written if it is too wide, or is none.
pub fn render(lines: &[String], look: Look) -> String {
    laid_out(lines, look).unwrap_or_else(|| {
        let mut plain = String::new();
        for line in lines {
            plain.push_str(&escape_hidden(line));
            plain.push('\n');
        }
        plain
    })
}

fn laid_out(lines: &[String], look: Look) -> Option<String> {
    if !look.color {
        return None;
    }
    let rows = rows(lines)?;
    let columns = rows.iter().map(Vec::len).max()?;
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell_width(cell)).max().unwrap_or(0)
        })
        .collect();
    if widths.iter().sum::<usize>() + 3 * columns.saturating_sub(1) > look.width {
        return None;
    }
    let (head, body) = rows.split_first()?;
    let mut out = String::new();
    write_row(&mut out, head, &widths);
    let dashes: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{DIM}{}{PLAIN}", dashes.join("─┼─"));
    for row in body {
        write_row(&mut out, row, &widths);
    }
    Some(out)
}

fn write_row(out: &mut String, row: &Row, widths: &[usize]) {
    for (column, columns) in widths.iter().enumerate() {
        if column > 0 {
            let _ = write!(out, " {DIM}│{PLAIN} ");
        }
        let cell = row.get(column).map(Vec::as_slice).unwrap_or_default();
        for Piece { style, text } in cell {
            if style.is_plain() {
                out.push_str(&escape_hidden(text));
            } else {
                let _ = write!(out, "{style}{}{PLAIN}", escape_hidden(text));
            }
        }
        if column + 1 < widths.len() {
            out.push_str(&" ".repeat(columns.saturating_sub(cell_width(cell))));
        }
    }
    out.push('\n');
}

fn cell_width(cell: &[Piece]) -> usize {
    cell.iter()
        .map(|piece| width(&escape_hidden(&piece.text)))
        .sum()
}

/// The cells of a table; `None` if it is none, or something in it would not be shown.
fn rows(lines: &[String]) -> Option<Vec<Row>> {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    let source = lines.join("\n");
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut rows: Vec<Vec<Reader<'_>>> = Vec::new();
    for (event, range) in Parser::new_ext(&source, options).into_offset_iter() {
        match &event {
            Event::Start(Tag::Paragraph) => return None,
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                let style = Style::new();
                let style = if rows.len() == 1 { style.bold() } else { style };
                rows.last_mut()?.push(Reader::new(&source, range, style));
            }
            _ => {
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.event(&event, range);
                }
            }
        }
    }
    let rows: Vec<Row> = rows
        .into_iter()
        .map(|row| row.into_iter().map(cell).collect())
        .collect();
    // Cells beyond the columns of the head are dropped.
    let letters = |text: &str| text.chars().filter(|sign| sign.is_alphanumeric()).count();
    let cells = rows.iter().flatten().flatten();
    let shown: usize = cells.map(|piece| letters(&piece.text)).sum();
    (shown == letters(&source)).then_some(rows)
}

fn cell(reader: Reader<'_>) -> Vec<Piece> {
    let mut list = reader.pieces.list;
    if let Some(last) = list.last_mut() {
        last.text.truncate(last.text.trim_end().len());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], width: usize, expected: &[&str]) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let shown = render(&lines, Look { color: true, width });
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn columns_are_aligned() {
        check(
            &["| a | long |", "|---|:-:|", "| `x\\|y` | 1 |", "| 한 |"],
            80,
            &["a   │ long", "────┼─────", "x|y │ 1", "한  │ "],
        );
    }

    #[test]
    fn what_cannot_be_laid_out_stays() {
        for (lines, width) in [
            (&["| a | b |", "|---|---|"][..], 4),
            (&["| a | b |", "| c | d |"][..], 80),
            (&["| a | b |", "|---|---|", "| c | d | e |"][..], 80),
            (&["| a |"][..], 80),
        ] {
            check(lines, width, lines);
        }
    }
}
