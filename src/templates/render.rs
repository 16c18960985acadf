//! Fills in a template: minijinja without includes, with strict names, and with bounded work.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

use super::words::Spelling;
use super::{Template, TemplateError};

/// Most work for a text, in minijinja's measure: an instruction, or 64 bytes. A text of 512 KiB takes
/// about 10,000.
const FUEL: u64 = 50_000;
/// Longest tag, in bytes. minijinja parses, compiles and drops what stands in one with functions that call
/// themselves once for each sign: in a long one, `{{ -----…1 }}` would use up the stack, which ends the
/// program.
const LONGEST_TAG: usize = 200;
/// Most tags `elif` of a text, for the same reason.
const MOST_BRANCHES: usize = 100;
/// Bytes of the stack: values may be nested as deeply as the work allows, `{% set a = [a] %}`.
const STACK: usize = 64 << 20;
/// Most bytes of what comes out.
const MOST_BYTES: usize = 1 << 20;

/// A file that a template makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// Relative to the workspace.
    pub path: String,
    pub text: String,
}

impl Template {
    /// Fills in the values; the files in the order of the template. Files with an empty name are left
    /// out: so a template chooses.
    ///
    /// # Errors
    ///
    /// If values are missing or do not fit, or the template has an error.
    pub fn render(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<Vec<RenderedFile>, TemplateError> {
        let values = self.manifest.complete(&self.name, given)?;
        let rendered = thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(STACK);
            let rendering = thread.spawn_scoped(scope, || self.filled(&values));
            rendering.ok().and_then(|rendering| rendering.join().ok())
        });
        rendered.unwrap_or_else(|| {
            Err(TemplateError::Values {
                name: self.name.clone(),
                why: "there is no thread for it".to_owned(),
            })
        })
    }

    fn filled(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<Vec<RenderedFile>, TemplateError> {
        let environment = environment();
        let mut files = Vec::new();
        let mut names = BTreeSet::new();
        let mut bytes = 0;
        for file in &self.files {
            let broken = |place: &str, why: String| TemplateError::Broken {
                name: self.name.clone(),
                place: place.to_owned(),
                why,
            };
            let filled = |text: &str, place: &str| {
                check_tags(text).map_err(|why| broken(place, why))?;
                environment
                    .render_str(text, values)
                    .map_err(|error| broken(place, explained(&error)))
            };
            let path = filled(&file.path, &format!("the name of {}", file.path))?;
            let path = path.trim().to_owned();
            if path.is_empty() {
                continue;
            }
            if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
                let why = format!("`{path}` is no path below the workspace");
                return Err(broken(&file.path, why));
            }
            if !names.insert(path.clone()) {
                let why = format!("two files are named `{path}`");
                return Err(broken(&file.path, why));
            }
            let text = filled(&file.text, &file.path)?;
            bytes += text.len();
            if bytes > MOST_BYTES {
                let why = format!("more than {} KiB come out of it", MOST_BYTES >> 10);
                return Err(broken(&file.path, why));
            }
            files.push(RenderedFile { path, text });
        }
        if files.is_empty() {
            return Err(TemplateError::Values {
                name: self.name.clone(),
                why: "no file comes out of it".to_owned(),
            });
        }
        Ok(files)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    // The marks are those of every template.
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    for spelling in Spelling::ALL {
        let filter = move |text: String| spelling.of(&text);
        environment.add_filter(spelling.name(), filter);
    }
    environment
}

/// What is wrong, in a line.
fn explained(error: &minijinja::Error) -> String {
    let what = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    match error.line() {
        Some(line) => format!("line {line}: {what}"),
        None => what,
    }
}

/// Where the next tag or comment begins.
fn next_mark(text: &str) -> Option<usize> {
    let mut pairs = text.as_bytes().windows(2);
    pairs.position(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// Finds tags that are too long, or whose end could be taken for another one. It goes through a text in
/// the same way as minijinja's lexer.
fn check_tags(text: &str) -> Result<(), String> {
    let (mut rest, mut branches) = (text, 0);
    while let Some(at) = next_mark(rest) {
        let (mark, inside) = rest[at..].split_at(2);
        let after = match mark {
            "{#" => inside.find("#}").map(|end| end + 2),
            "{%" if plain_tag(inside, "raw").is_some() => end_of_raw(inside),
            _ => {
                let close = if mark == "{%" { "%}" } else { "}}" };
                let end = inside.find(close);
                let tag = &inside[..end.unwrap_or(inside.len())];
                if tag.len() > LONGEST_TAG {
                    return Err(format!("a tag `{mark}` has more than {LONGEST_TAG} bytes"));
                }
                if !is_closed(tag) {
                    return Err(format!(
                        "a tag `{mark}` has `{close}` within quotes or brackets, or no end"
                    ));
                }
                let word = tag.trim_start_matches(['-', '+']).trim_start();
                branches += usize::from(word.starts_with("elif"));
                end.map(|end| end + 2)
            }
        };
        let Some(after) = after else {
            // It has no end, which is an error of the template.
            break;
        };
        rest = &inside[after..];
    }
    if branches > MOST_BRANCHES {
        return Err(format!("there are more than {MOST_BRANCHES} tags `elif`"));
    }
    Ok(())
}

/// The length of a tag that is nothing but a word, behind its opening mark.
fn plain_tag(inside: &str, word: &str) -> Option<usize> {
    let rest = inside.strip_prefix(['-', '+']).unwrap_or(inside);
    let rest = rest.trim_ascii_start().strip_prefix(word)?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    Some(inside.len() - rest.strip_prefix("%}")?.len())
}

/// Where a raw block ends, from behind its first opening mark.
fn end_of_raw(inside: &str) -> Option<usize> {
    let mut at = plain_tag(inside, "raw")?;
    loop {
        at += inside[at..].find("{%")? + 2;
        if let Some(length) = plain_tag(&inside[at..], "endraw") {
            return Some(at + length);
        }
    }
}

/// Whether quotes and brackets of a tag have their ends in it.
fn is_closed(tag: &str) -> bool {
    let (mut open, mut quote) = (0_i32, None);
    let mut signs = tag.chars();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(_), '\\') => {
                signs.next();
            }
            (Some(mark), sign) if sign == mark => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(sign),
            (None, '(' | '[' | '{') => open += 1,
            (None, ')' | ']' | '}') => open -= 1,
            (None, _) => {}
        }
    }
    open == 0 && quote.is_none()
}

/// A text that is no template, as the text of one: its placeholders would be taken for ours.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = next_mark(rest) {
        let mark = &rest[at..at + 2];
        escaped.push_str(&rest[..at]);
        escaped.push_str(&format!("{{{{ \"{mark}\" }}}}"));
        rest = &rest[at + 2..];
    }
    escaped.push_str(rest);
    escaped
}
