//! A list to choose from with the arrow keys: Enter takes, Escape leaves.
//!
//! It is drawn below what is on the screen, and leaves nothing behind.

use std::fmt::Write;
use std::io;

use tokio_util::sync::CancellationToken;

use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::super::width::{truncate, width};
use super::approve;
use super::terminal::{KeyPress, KeyReader, columns, rows};

/// Maximum rows of the list that are shown at once.
const MOST_ROWS: usize = 12;
/// Rows of the screen that stay free: the title, the help, and the line of the cursor.
const OTHER_ROWS: usize = 4;

const HELP: &str = "↑ ↓ choose · Enter takes · Escape leaves";
const SHORT_HELP: &str = "↑ ↓ Enter Escape";

/// An entry of the list, without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickerRow {
    pub label: String,
    /// What is known about it.
    pub facts: String,
}

impl PickerRow {
    pub fn new(label: &str, facts: &str) -> PickerRow {
        PickerRow {
            label: visible_name(label),
            facts: visible_name(facts),
        }
    }
}

/// Lets the user choose; `None` if nothing was taken.
pub async fn pick(
    title: &'static str,
    entries: Vec<PickerRow>,
    current: Option<usize>,
    stop: CancellationToken,
) -> io::Result<Option<usize>> {
    let picking = tokio::task::spawn_blocking(move || {
        let picker = Picker::new(title, entries, current);
        run(picker, &stop)
    });
    picking.await?
}

fn run(mut picker: Picker, stop: &CancellationToken) -> io::Result<Option<usize>> {
    let keys = KeyReader::for_menu()?;
    let mut drawn = 0;
    let taken = loop {
        let lines = picker.draw(columns(), rows());
        approve::write(&format!("{}{}", erased(drawn), lines.join("\n")))?;
        drawn = lines.len();
        let Some(pressed) = keys.next_keys(stop)? else {
            break None;
        };
        if let Some(end) = pressed.into_iter().find_map(|key| picker.press(key)) {
            break end;
        }
    };
    approve::write(&erased(drawn))?;
    Ok(taken)
}

/// Removes rows that end with the row of the cursor.
fn erased(rows: usize) -> String {
    if rows == 0 {
        return String::new();
    }
    let up = match rows - 1 {
        0 => String::new(),
        up => format!("\x1b[{up}A"),
    };
    format!("\r{up}\x1b[J")
}

struct Picker {
    title: &'static str,
    entries: Vec<PickerRow>,
    /// The entry that is in force now.
    current: Option<usize>,
    at: usize,
}

impl Picker {
    fn new(title: &'static str, entries: Vec<PickerRow>, current: Option<usize>) -> Picker {
        Picker {
            at: current.unwrap_or(0),
            title,
            entries,
            current,
        }
    }

    /// What a key does: `None` if the choice goes on, else the choice.
    fn press(&mut self, key: KeyPress) -> Option<Option<usize>> {
        let last = self.entries.len().saturating_sub(1);
        match key {
            KeyPress::Up | KeyPress::Sign('k') => {
                self.at = self.at.checked_sub(1).unwrap_or(last);
            }
            KeyPress::Down | KeyPress::Sign('j') => {
                self.at = if self.at >= last { 0 } else { self.at + 1 };
            }
            KeyPress::Sign(digit @ '1'..='9') => {
                let number = digit.to_digit(10).unwrap_or(1) as usize;
                self.at = (number - 1).min(last);
            }
            KeyPress::Enter => return Some((!self.entries.is_empty()).then_some(self.at)),
            KeyPress::Escape | KeyPress::End | KeyPress::Sign('q') => return Some(None),
            KeyPress::Sign(_) | KeyPress::Other => {}
        }
        None
    }

    /// The rows of the screen, with colours.
    fn draw(&self, columns: usize, rows: usize) -> Vec<String> {
        // A row that fills the terminal would wrap, and could not be removed.
        let columns = columns.saturating_sub(1);
        let shown = rows.saturating_sub(OTHER_ROWS).clamp(1, MOST_ROWS);
        let shown = shown.min(self.entries.len());
        // The chosen entry is in the middle, as far as the list goes on there.
        let last_start = self.entries.len() - shown;
        let start = self.at.saturating_sub(shown / 2).min(last_start);
        let title = match self.entries.len() - shown {
            0 => self.title.to_owned(),
            _ => format!("{} ({} of {})", self.title, self.at + 1, self.entries.len()),
        };
        let mut lines = vec![format!("{BOLD}{}{PLAIN}", truncate(&title, columns))];
        let widest = self.entries.iter().map(|entry| width(&entry.label)).max();
        let widest = widest.unwrap_or(0).min(columns / 2);
        for (at, entry) in self.entries.iter().enumerate().skip(start).take(shown) {
            lines.push(self.row(at, entry, (widest, columns)));
        }
        let help = if width(HELP) <= columns {
            HELP
        } else {
            SHORT_HELP
        };
        lines.push(format!("{DIM}{}{PLAIN}", truncate(help, columns)));
        lines
    }

    fn row(&self, at: usize, entry: &PickerRow, (widest, columns): (usize, usize)) -> String {
        let is_chosen = at == self.at;
        let sign = if is_chosen { "›" } else { " " };
        let mark = if self.current == Some(at) { "*" } else { " " };
        let lead = format!("{sign} {mark} ");
        let mut label = truncate(&entry.label, columns.saturating_sub(width(&lead)));
        let rest = columns.saturating_sub(width(&lead) + widest.max(width(&label)) + 2);
        let facts = if rest > 3 {
            truncate(&entry.facts, rest)
        } else {
            String::new()
        };
        if !facts.is_empty() {
            let blanks = widest.saturating_sub(width(&label)) + 2;
            label.push_str(&" ".repeat(blanks));
        }
        let mut row = lead;
        // Writing into a string cannot fail.
        let _ = if is_chosen {
            write!(row, "{BOLD}{label}{PLAIN}{DIM}{facts}{PLAIN}")
        } else {
            write!(row, "{label}{DIM}{facts}{PLAIN}")
        };
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker(number: usize, current: Option<usize>) -> Picker {
        let entry = |at: usize| PickerRow::new(&format!("model-{at}"), "up to 32,768 tokens");
        Picker::new("Models", (1..=number).map(entry).collect(), current)
    }

    fn plain(picker: &Picker, columns: usize, rows: usize) -> Vec<String> {
        let strip = |line: &String| anstream::adapter::strip_str(line).to_string();
        picker.draw(columns, rows).iter().map(strip).collect()
    }

    #[test]
    fn the_present_entry_is_where_it_begins_and_enter_takes_it() {
        let mut picker = picker(3, Some(1));
        assert_eq!(
            plain(&picker, 80, 24),
            [
                "Models",
                "    model-1  up to 32,768 tokens",
                "› * model-2  up to 32,768 tokens",
                "    model-3  up to 32,768 tokens",
                HELP,
            ]
        );
        assert_eq!(picker.press(KeyPress::Enter), Some(Some(1)));
    }

    #[test]
    fn keys_move_take_and_leave() {
        let mut picker = picker(3, None);
        for (key, at) in [
            (KeyPress::Down, 1),
            (KeyPress::Sign('j'), 2),
            (KeyPress::Down, 0),
            (KeyPress::Up, 2),
            (KeyPress::Sign('k'), 1),
            (KeyPress::Sign('3'), 2),
            (KeyPress::Sign('9'), 2),
            (KeyPress::Sign('x'), 2),
            (KeyPress::Other, 2),
        ] {
            assert_eq!(picker.press(key), None, "{key:?}");
            assert_eq!(picker.at, at, "{key:?}");
        }
        for key in [KeyPress::Escape, KeyPress::End, KeyPress::Sign('q')] {
            assert_eq!(picker.press(key), Some(None), "{key:?}");
        }
        assert_eq!(picker.press(KeyPress::Enter), Some(Some(2)));
    }

    #[test]
    fn no_row_is_wider_than_the_screen_and_the_list_fits_its_height() {
        for (columns, rows) in [(80, 24), (60, 10), (20, 8), (12, 3), (200, 60)] {
            let mut picker = picker(40, Some(20));
            for _ in 0..40 {
                let lines = plain(&picker, columns, rows);
                assert!(lines.len() <= rows.max(3), "{lines:?}");
                for line in &lines {
                    assert!(width(line) < columns, "{line}");
                }
                assert!(lines.iter().any(|line| line.starts_with('›')), "{lines:?}");
                picker.press(KeyPress::Down);
            }
        }
    }

    #[test]
    fn an_empty_list_gives_nothing() {
        let mut picker = picker(0, None);
        assert_eq!(plain(&picker, 80, 24), ["Models", HELP]);
        assert_eq!(picker.press(KeyPress::Up), None);
        assert_eq!(picker.press(KeyPress::Enter), Some(None));
    }

    #[test]
    fn exactly_the_drawn_rows_are_removed() {
        assert_eq!(erased(0), "");
        assert_eq!(erased(1), "\r\x1b[J");
        assert_eq!(erased(5), "\r\x1b[4A\x1b[J");
    }
}
