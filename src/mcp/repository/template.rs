//! Texts of `.mcp.json` into which values of variables are put: `${NAME}` and `${NAME:-default}`.

/// Longest name of a variable, in bytes.
const LONGEST_NAME: usize = 128;

/// A text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    written: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable {
        name: String,
        default: Option<String>,
    },
}

impl Template {
    /// Reads a text. `$` without a brace behind it is itself.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (inside, behind) = behind.split_once('}').ok_or("has a `${` without its `}`")?;
            let (name, default) = match inside.split_once(":-") {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (inside, None),
            };
            let name = name.strip_prefix("env:").unwrap_or(name);
            if !is_variable(name) {
                let inside = super::plain(inside, 40);
                return Err(format!("has `${{{inside}}}`, which names no variable"));
            }
            pieces.push(Piece::Variable {
                name: name.to_owned(),
                default,
            });
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Template {
            written: text.to_owned(),
            pieces,
        })
    }

    /// As it stands in the file.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { name, .. } => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The variable that is all of it, if it has no default.
    pub fn only_variable(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [
                Piece::Variable {
                    name,
                    default: None,
                },
            ] => Some(name),
            _ => None,
        }
    }

    /// The text with values put in.
    ///
    /// # Errors
    ///
    /// If a variable is not set and has no default.
    pub fn filled(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Variable { name, default } => {
                    let value = value(name).or_else(|| default.clone());
                    let value = value.ok_or_else(|| format!("the variable `{name}` is not set"))?;
                    text.push_str(&value);
                }
            }
        }
        // A value ends the text for whoever starts a program, or a line of a header.
        match text.contains(['\0', '\n', '\r']) {
            true => Err("a variable that it needs has more than one line".to_owned()),
            false => Ok(text),
        }
    }
}

/// Whether a variable can have this name.
pub(super) fn is_variable(name: &str) -> bool {
    let is_sign = |sign: char| sign == '_' || sign.is_ascii_alphanumeric();
    name.len() <= LONGEST_NAME
        && name.chars().all(is_sign)
        && name.starts_with(|sign: char| sign == '_' || sign.is_ascii_alphabetic())
}
