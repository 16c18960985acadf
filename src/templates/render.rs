//! Fills in a template: minijinja without includes, with strict names, and with bounded work.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

use super::words::Spelling;
use super::{Template, TemplateError};

/// Most instructions of a text: a text of 512 KiB with some loops takes a few thousand.
const FUEL: u64 = 200_000;
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
                environment
                    .render_str(text, &values)
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

/// A text that is no template, as the text of one: its placeholders would be taken for ours.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["{{", "{%", "{#"]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
    {
        let mark = &rest[at..at + 2];
        escaped.push_str(&rest[..at]);
        escaped.push_str(&format!("{{{{ \"{mark}\" }}}}"));
        rest = &rest[at + 2..];
    }
    escaped.push_str(rest);
    escaped
}
