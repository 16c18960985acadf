//! A table, once all its rows are there.

use std::fmt::Write;

use anstyle::Style;

use super::Look;
use super::inline::{Around, Piece, pieces};
use crate::frontends::cli::style::{DIM, PLAIN};
use crate::frontends::cli::width::width;
use crate::visible::visible;

type Row = Vec<Vec<Piece>>;

/// Lays a table out in columns; as it is written if it is too wide, or is none.
pub fn render(lines: &[String], look: Look) -> String {
    laid_out(lines, look).unwrap_or_else(|| {
        let mut plain = String::new();
        for line in lines {
            plain.push_str(&visible(line));
            plain.push('\n');
        }
        plain
    })
}

fn laid_out(lines: &[String], look: Look) -> Option<String> {
    let [head, rule, body @ ..] = lines else {
        return None;
    };
    if !look.color || !is_rule(rule) {
        return None;
    }
    let head = row(head, Style::new().bold());
    let body: Vec<Row> = body.iter().map(|line| row(line, Style::new())).collect();
    let columns = body.iter().chain([&head]).map(Vec::len).max()?;
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = body.iter().chain([&head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell_width(cell)).max().unwrap_or(0)
        })
        .collect();
    if widths.iter().sum::<usize>() + 3 * columns.saturating_sub(1) > look.width {
        return None;
    }
    let mut out = String::new();
    write_row(&mut out, &head, &widths);
    let dashes: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{DIM}{}{PLAIN}", dashes.join("─┼─"));
    for row in &body {
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
                out.push_str(&visible(text));
            } else {
                let _ = write!(out, "{style}{}{PLAIN}", visible(text));
            }
        }
        if column + 1 < widths.len() {
            out.push_str(&" ".repeat(columns.saturating_sub(cell_width(cell))));
        }
    }
    out.push('\n');
}

fn cell_width(cell: &[Piece]) -> usize {
    cell.iter().map(|piece| width(&visible(&piece.text))).sum()
}

fn row(line: &str, style: Style) -> Row {
    cells(line)
        .into_iter()
        .map(|cell| pieces(cell, Around::default(), style).list)
        .collect()
}

/// The texts between the bars; a bar behind a backslash is text.
fn cells(line: &str) -> Vec<&str> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = match line.strip_suffix('|') {
        Some(shorter) if !shorter.ends_with('\\') => shorter,
        _ => line,
    };
    let mut cells = Vec::new();
    let mut from = 0;
    for (at, _) in line.match_indices('|') {
        if !line[..at].ends_with('\\') {
            cells.push(line[from..at].trim());
            from = at + 1;
        }
    }
    cells.push(line[from..].trim());
    cells
}

/// `|---|:-:|`
fn is_rule(line: &str) -> bool {
    cells(line).iter().all(|cell| {
        cell.contains('-') && cell.chars().all(|character| matches!(character, '-' | ':'))
    })
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
            &["a    │ long", "─────┼─────", "x\\|y │ 1", "한   │ "],
        );
    }

    #[test]
    fn what_cannot_be_laid_out_stays() {
        for (lines, width) in [
            (&["| a | b |", "|---|---|"][..], 4),
            (&["| a | b |", "| c | d |"][..], 80),
            (&["| a |"][..], 80),
        ] {
            check(lines, width, lines);
        }
    }
}
