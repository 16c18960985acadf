//! The line of a hook: text for the shell, and places that are filled in with quoted words.
//!
//! A quoted word is harmless only where the shell reads words. Within quotes, backquotes or arithmetic
//! its own quotes mean something else, and the name of a file could become a command: a line that
//! wants a word there is refused.

use crate::permission::command::shell_word;
use crate::visible::escape_hidden;

/// Longest line, in bytes.
const LONGEST: usize = 2_000;

/// A line for the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookLine {
    text: String,
    pieces: Vec<Piece>,
}

/// Something that is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// A file: the line runs once for each.
    Path,
    /// All files.
    Paths,
    /// The tool.
    Tool,
    /// The root of the workspace.
    Workspace,
}

/// What is filled in.
#[derive(Clone, Copy, Debug, Default)]
pub struct HookValues<'a> {
    pub path: &'a str,
    pub paths: &'a [String],
    pub tool: &'a str,
    pub workspace: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Placeholder),
}

impl Placeholder {
    const ALL: [Placeholder; 4] = [
        Placeholder::Path,
        Placeholder::Paths,
        Placeholder::Tool,
        Placeholder::Workspace,
    ];

    fn name(self) -> &'static str {
        match self {
            Placeholder::Path => "path",
            Placeholder::Paths => "paths",
            Placeholder::Tool => "tool",
            Placeholder::Workspace => "workspace",
        }
    }
}

impl HookLine {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what would be right.
    pub fn parse(text: &str) -> Result<HookLine, String> {
        let is_line = !text.is_empty()
            && text.len() <= LONGEST
            && !text.contains(['\n', '\r', '\0'])
            && escape_hidden(text) == text;
        if !is_line {
            return Err(format!(
                "it must be one line for the shell of at most {LONGEST} bytes, such as \
                 `command = \"rustfmt {{path}}\"`"
            ));
        }
        let pieces = pieces(text)?;
        if pieces.iter().any(|piece| matches!(piece, Piece::Place(_))) {
            check_places(text)?;
        }
        Ok(HookLine {
            text: text.to_owned(),
            pieces,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn has(&self, place: Placeholder) -> bool {
        self.pieces.contains(&Piece::Place(place))
    }

    /// Whether files are filled in: without any, there is nothing to run.
    pub fn wants_files(&self) -> bool {
        self.has(Placeholder::Path) || self.has(Placeholder::Paths)
    }

    /// The line with these values.
    pub fn filled(&self, values: &HookValues<'_>) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Place(Placeholder::Path) => quoted_path(values.path),
            Piece::Place(Placeholder::Paths) => {
                let paths: Vec<String> =
                    values.paths.iter().map(|path| quoted_path(path)).collect();
                paths.join(" ")
            }
            Piece::Place(Placeholder::Tool) => shell_word(values.tool),
            Piece::Place(Placeholder::Workspace) => shell_word(values.workspace),
        });
        pieces.collect()
    }
}

/// A path that no program takes for an option.
fn quoted_path(path: &str) -> String {
    match path.starts_with('-') {
        true => shell_word(&format!("./{path}")),
        false => shell_word(path),
    }
}

/// The name within `{…}` at the beginning of a text, if it looks like a placeholder.
fn name_in_braces(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_name.then_some(name)
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut done = 0;
    for (at, _) in text.match_indices('{') {
        // `${name}` is the shell's.
        let Some(name) = name_in_braces(&text[at..]).filter(|_| !text[..at].ends_with('$')) else {
            continue;
        };
        let place = Placeholder::ALL
            .into_iter()
            .find(|place| place.name() == name);
        let Some(place) = place else {
            let names = Placeholder::ALL.map(Placeholder::name);
            return Err(format!(
                "`{{{name}}}` is no placeholder; there are `{{{}}}`. Braces for the program itself are \
                 written with blanks: `{{ {name} }}`",
                names.join("}`, `{")
            ));
        };
        if text[..at].ends_with('\\') {
            return Err(format!(
                "`{{{name}}}` is quoted already: leave out the backslash"
            ));
        }
        if done < at {
            pieces.push(Piece::Text(text[done..at].to_owned()));
        }
        pieces.push(Piece::Place(place));
        done = at + name.len() + 2;
    }
    if done < text.len() {
        pieces.push(Piece::Text(text[done..].to_owned()));
    }
    Ok(pieces)
}

/// Demands that every placeholder of a line stands where the shell reads words.
fn check_places(text: &str) -> Result<(), String> {
    const SCRIPT: &str = "write that part into a script, and give it the placeholders as arguments";
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let mut is_escaped = false;
    for (at, sign) in text.char_indices() {
        let rest = &text[at..];
        let was_escaped = std::mem::take(&mut is_escaped);
        let last = std::mem::replace(&mut before, sign);
        if was_escaped {
            continue;
        }
        match (quote, sign) {
            (Some(open), '{') if name_in_braces(rest).is_some() && last != '$' => {
                return Err(format!(
                    "a placeholder is quoted already, and stands within {open} here: leave these \
                     quotes out"
                ));
            }
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => is_escaped = true,
            (None, '\'' | '"') => quote = Some(sign),
            (_, '`') => return Err(format!("backquotes do not go with placeholders: {SCRIPT}")),
            (_, '$') if !is_plain(&rest[1..], quote) => {
                return Err(format!(
                    "`{}` does not go with placeholders: {SCRIPT}",
                    rest.chars().take(3).collect::<String>()
                ));
            }
            (None, '(') if last == '(' => {
                return Err(format!("`((` does not go with placeholders: {SCRIPT}"));
            }
            (None, '<') if last == '<' => {
                return Err(format!("`<<` does not go with placeholders: {SCRIPT}"));
            }
            (None, '#') if last.is_whitespace() || ";&|()".contains(last) => {
                return Err("a comment does not go with placeholders: leave it out".to_owned());
            }
            _ => {}
        }
    }
    match quote {
        Some(quote) => Err(format!("the quote {quote} has no end")),
        None => Ok(()),
    }
}

/// Whether what follows a `$` leaves the quotes around it as they are: a variable, or `$(…)` where
/// there are none.
fn is_plain(rest: &str, quote: Option<char>) -> bool {
    if rest.starts_with(['\'', '"']) {
        // `$'…'` has rules of its own; within double quotes, `$` is the last sign of the text.
        return quote.is_some();
    }
    match rest.strip_prefix('{') {
        Some(rest) => rest.split_once('}').is_some_and(|(name, _)| {
            let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !name.is_empty() && name.chars().all(is_sign)
        }),
        None if rest.starts_with("((") || rest.starts_with('[') => false,
        None if rest.starts_with('(') => quote.is_none(),
        None => true,
    }
}
