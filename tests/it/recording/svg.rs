//! A terminal's screen as a picture.

use std::fmt::Write;

use vt100::{Cell, Color, Screen};

const COLUMN: f32 = 8.4;
const ROW: f32 = 19.0;
/// Around the text.
const MARGIN: f32 = 16.0;
/// Above the text, for the bar of the window.
const BAR: f32 = 40.0;
const BACKGROUND: &str = "#0d1117";
const FOREGROUND: &str = "#d0d7de";

/// The first 16 colours of a terminal.
const PALETTE: [&str; 16] = [
    "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
    "#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#ffffff",
];

/// How cells look.
#[derive(Clone, PartialEq)]
struct Style {
    color: String,
    /// Further attributes of the text.
    more: String,
}

/// Cells of one row that look alike.
struct Span {
    column: u16,
    text: String,
    style: Style,
}

/// Draws what is on a screen; `shown` changes texts first.
pub fn drawn(screen: &Screen, shown: impl Fn(&str) -> String) -> String {
    let (rows, columns) = screen.size();
    let is_blank = |row: &u16| spans(screen, *row).iter().all(|span| span.is_blank());
    let rows = (0..rows).rev().find(|row| !is_blank(row)).unwrap_or(0) + 1;
    let width = f32::from(columns) * COLUMN + 2.0 * MARGIN;
    let height = f32::from(rows) * ROW + BAR + MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" font-size=\"14\" font-family=\"ui-monospace, \
         SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for (dot, color) in ["#ff5f57", "#febc2e", "#28c840"].into_iter().enumerate() {
        let x = 20 + 20 * dot;
        let _ = writeln!(
            out,
            "<circle cx=\"{x}\" cy=\"18\" r=\"6\" fill=\"{color}\"/>"
        );
    }
    for row in 0..rows {
        let y = BAR + f32::from(row) * ROW;
        for span in spans(screen, row) {
            span.draw(&mut out, y, &shown);
        }
    }
    out + "</svg>\n"
}

/// The spans of a row.
fn spans(screen: &Screen, row: u16) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for column in 0..screen.size().1 {
        let Some(cell) = screen.cell(row, column) else {
            break;
        };
        let text = match cell.contents() {
            _ if cell.is_wide_continuation() => "",
            "" => " ",
            text => text,
        };
        let style = Style::of(cell);
        match spans.last_mut() {
            Some(last) if last.style == style || text.is_empty() => {
                last.text.push_str(text);
            }
            _ => spans.push(Span {
                column,
                text: text.to_owned(),
                style,
            }),
        }
    }
    spans
}

impl Span {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn draw(&self, out: &mut String, y: f32, shown: &impl Fn(&str) -> String) {
        let x = MARGIN + f32::from(self.column) * COLUMN;
        let text = shown(&self.text);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        let escaped = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let y = y + ROW * 0.75;
        let Style { color, more, .. } = &self.style;
        let length = text.chars().count() as f32 * COLUMN;
        // The length keeps columns in line, whatever font there is.
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{color}\"{more} textLength=\"{length:.1}\" \
             xml:space=\"preserve\">{escaped}</text>"
        );
    }
}

impl Style {
    fn of(cell: &Cell) -> Style {
        let attributes = [
            (cell.bold(), " font-weight=\"bold\""),
            (cell.dim(), " opacity=\"0.6\""),
            (cell.italic(), " font-style=\"italic\""),
            (cell.underline(), " text-decoration=\"underline\""),
        ];
        let attributes = attributes.into_iter().filter(|(is_set, _)| *is_set);
        Style {
            color: rgb(cell.fgcolor()).unwrap_or_else(|| FOREGROUND.to_owned()),
            more: attributes.map(|(_, attribute)| attribute).collect(),
        }
    }
}

/// A colour as SVG writes it; `None` is the terminal's own.
fn rgb(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        Color::Idx(index @ 0..16) => Some(PALETTE[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let [red, green, blue] = [36, 6, 1].map(|part| level((index - 16) / part % 6));
            Some(format!("#{red:02x}{green:02x}{blue:02x}"))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}
