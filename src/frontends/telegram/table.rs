//! Tables as lines of text: Telegram has no tables.

use unicode_width::UnicodeWidthStr;

use super::formatted_text::make_visible;

/// Widest column that other cells are padded to.
const WIDEST: usize = 32;

/// A table that is being read.
#[derive(Default)]
pub struct MarkdownTable {
    rows: Vec<Vec<String>>,
}

impl MarkdownTable {
    pub fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub fn begin_cell(&mut self) {
        if let Some(row) = self.rows.last_mut() {
            row.push(String::new());
        }
    }

    pub fn push(&mut self, text: &str) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            cell.push_str(&text.replace('\n', " "));
        }
    }

    /// Its rows, one per line, with a rule below the header.
    pub fn render(&self) -> String {
        // Hidden characters must be shown before the width is measured.
        let shown = |cell: &String| make_visible(cell).trim().to_owned();
        let rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(shown).collect())
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell| cell.width())
                .max()
                .unwrap_or_default()
                .min(WIDEST)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
        if lines.len() > 1 {
            let below: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            lines.insert(1, below.join("─┼─"));
        }
        lines.join("\n")
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = widths.iter().enumerate().map(|(column, width)| {
        let cell = row.get(column).map_or("", String::as_str);
        format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
    });
    cells.collect::<Vec<_>>().join(" │ ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_measured_as_they_are_shown() {
        let mut table = MarkdownTable::default();
        for row in [
            ["a", "b"],
            ["x\ty", "1"],
            ["e\u{30a}", "2"],
            ["a\u{30a}", "3"],
        ] {
            table.begin_row();
            for cell in row {
                table.begin_cell();
                table.push(cell);
            }
        }
        assert_eq!(
            table.render(),
            "a        │ b\n─────────┼──\nx    y   │ 1\ne\\u{30a} │ 2\nå        │ 3"
        );
    }
}
