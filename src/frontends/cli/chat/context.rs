//! What fills the context window, as a bar with its parts.

use anstyle::{AnsiColor, Style};

use super::super::style::{DIM, PLAIN};
use crate::conversation::messages::{other_tokens, token_rows};
use crate::engine::TokenReport;

/// Widest bar, in columns.
const WIDEST: usize = 60;
/// Columns beside the bar.
const MARGIN: usize = 4;

/// A part of the window. Signs differ as well as colours.
struct WindowPart {
    /// Its name among the rows.
    name: &'static str,
    sign: &'static str,
    style: Style,
    tokens: u32,
}

fn parts(tokens: &TokenReport) -> [WindowPart; 7] {
    let part = |name, sign, color: AnsiColor, tokens| WindowPart {
        name,
        sign,
        style: color.on_default(),
        tokens,
    };
    let free = tokens.window.saturating_sub(tokens.used);
    let kept = tokens.kept;
    [
        part("system prompt", "▓", AnsiColor::Blue, tokens.system),
        part("tools", "▒", AnsiColor::Magenta, tokens.tools),
        part("summary", "▞", AnsiColor::Yellow, kept.summary),
        part("your own words", "▖", AnsiColor::Yellow, kept.words),
        part("conversation", "█", AnsiColor::Green, other_tokens(tokens)),
        part("hits of the index", "▚", AnsiColor::Cyan, kept.hits),
        WindowPart {
            style: DIM,
            ..part("free", "░", AnsiColor::White, free)
        },
    ]
}

/// The bar and its rows, for a terminal of this width.
pub fn text(tokens: &TokenReport, columns: usize) -> String {
    let parts = parts(tokens);
    let width = columns.saturating_sub(MARGIN).clamp(10, WIDEST);
    let cells = cells(&parts, width);
    let bar: String = parts
        .iter()
        .zip(cells)
        .filter(|(_, cells)| *cells > 0)
        .map(|(part, cells)| format!("{}{}{PLAIN}", part.style, part.sign.repeat(cells)))
        .collect();
    let mut text = format!("  {bar}\n");
    let rows = token_rows(tokens);
    let names = rows.iter().map(|(name, _)| name.chars().count()).max();
    let values = rows.iter().map(|(_, value)| value.chars().count()).max();
    let (names, values) = (names.unwrap_or(0), values.unwrap_or(0));
    for (name, value) in &rows {
        let part = parts.iter().find(|part| part.name == *name);
        let sign = part.map_or_else(
            || " ".to_owned(),
            |part| format!("{}{}{PLAIN}", part.style, part.sign),
        );
        let share = part.map_or_else(String::new, |part| {
            format!("  {DIM}{:>3} %{PLAIN}", percent(part.tokens, tokens.window))
        });
        text.push_str(&format!(
            "  {sign} {DIM}{name:<names$}{PLAIN}  {value:>values$}{share}\n"
        ));
    }
    text
}

/// Percent of the window, rounded to the nearest.
pub fn percent(tokens: u32, window: u32) -> u64 {
    let window = u64::from(window.max(1));
    (u64::from(tokens) * 100 + window / 2) / window
}

/// How many columns each part has. A part that is not empty has at least one, as long as there is
/// room; all together fill the bar.
fn cells(parts: &[WindowPart], width: usize) -> Vec<usize> {
    let total: u64 = parts.iter().map(|part| u64::from(part.tokens)).sum();
    let share = |part: &WindowPart| {
        let cells = u64::from(part.tokens) * width as u64 / total.max(1);
        let cells = usize::try_from(cells).unwrap_or(width);
        if part.tokens > 0 { cells.max(1) } else { 0 }
    };
    let mut cells: Vec<usize> = parts.iter().map(share).collect();
    // The largest part takes what rounding leaves, or gives what it adds.
    let sum: usize = cells.iter().sum();
    if let Some(largest) = cells.iter_mut().max() {
        *largest = (*largest + width).saturating_sub(sum);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::KeptTokens;

    fn report(system: u32, tools: u32, history: u32, window: u32) -> TokenReport {
        TokenReport {
            used: system + tools + history,
            window,
            system,
            tools,
            history,
            kept: KeptTokens {
                summary: 0,
                words: history / 6,
                hits: history / 3,
            },
        }
    }

    fn plain(tokens: &TokenReport, columns: usize) -> String {
        anstream::adapter::strip_str(&text(tokens, columns)).to_string()
    }

    #[test]
    fn the_bar_shows_the_parts_in_proportion() {
        let shown = plain(&report(1_000, 2_000, 3_000, 8_000), 24);
        assert_eq!(
            shown.lines().collect::<Vec<&str>>(),
            [
                "  ▓▓▒▒▒▒▒▖███▚▚░░░░░░░",
                "    used               6,000",
                "  ▓ system prompt      1,000   13 %",
                "  ▒ tools              2,000   25 %",
                "  ▞ summary                0    0 %",
                "  ▖ your own words       500    6 %",
                "  █ conversation       1,500   19 %",
                "  ▚ hits of the index  1,000   13 %",
                "  ░ free               2,000   25 %",
                "    context window     8,000",
            ]
        );
    }

    #[test]
    fn the_bar_has_its_width_whatever_it_shows() {
        for tokens in [
            report(0, 0, 0, 0),
            report(1, 1, 1, 32_768),
            report(1_100, 1_200, 29_000, 32_768),
            report(2_000, 1_000, 90_000, 8_192),
        ] {
            for columns in [5, 24, 60, 80, 200] {
                let shown = plain(&tokens, columns);
                let bar = shown.lines().next().expect("a bar").trim();
                let width = columns.saturating_sub(MARGIN).clamp(10, WIDEST);
                assert_eq!(bar.chars().count(), width, "{columns}: {bar}");
            }
        }
        let bar = plain(&report(1, 1, 1, 32_768), 80);
        assert!(
            bar.contains('▓') && bar.contains('▒') && bar.contains('█'),
            "{bar}"
        );
    }

    #[test]
    fn shares_are_rounded() {
        assert_eq!(percent(0, 0), 0);
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(2, 3), 67);
        assert_eq!(percent(9_000, 8_192), 110);
    }
}
