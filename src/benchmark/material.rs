//! Chooses the code of the workspace that tasks are about: functions whose names are defined once,
//! and the few files that they are in.

use std::collections::{BTreeMap, BTreeSet};

use ollacode_indexer::parse::FileParser;
use ollacode_indexer::parts::parts_of;
use ollacode_indexer::{ChunkKind, UniqueName};

use crate::jail::classify;
use crate::visible::escape_hidden;

use super::sample;

/// Files that are copied, each for one function.
const MOST_FILES: usize = 5;
/// Fewest functions that tasks are made of, beside the one in a file of its own.
const LEAST_FUNCTIONS: usize = 3;
/// Files that are looked at, at most.
const MOST_READ: usize = 120;
/// Lines of a file.
const FILE_LINES: std::ops::RangeInclusive<usize> = 8..=400;
/// Most bytes of a file.
const MOST_BYTES: usize = 16 << 10;
/// Lines of a function.
const FUNCTION_LINES: std::ops::RangeInclusive<usize> = 3..=60;
/// Most lines of the function that has a file of its own, which is written as a whole.
const MOST_WHOLE: usize = 20;
/// Longest line that a task quotes, in bytes.
const LONGEST_QUOTE: usize = 120;
/// Shortest line that is unlike others, in bytes.
const SHORTEST_TELLING: usize = 14;
/// Shortest name, in bytes.
const SHORTEST_NAME: usize = 4;
/// Words with which the engine takes a request for a change for a question.
const ASKING: [&str; 8] = [
    "describe", "example", "explain", "how", "propose", "show", "suggest", "tell",
];

/// A file of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the root, with `/`.
    pub path: String,
    pub text: String,
}

/// A function that tasks are about. Lines are from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub path: String,
    pub name: String,
    /// With the comments that belong to it.
    pub start_line: u32,
    /// The line that defines it.
    pub line: u32,
    pub end_line: u32,
    /// That line, without its indentation.
    pub head: String,
    /// A line of its body that is nowhere else in the file, without its indentation.
    pub telling: String,
}

/// Where the material is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Workspace,
    /// Files of this program, since the workspace has too little code.
    Sample,
}

impl Origin {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Workspace => "workspace",
            Origin::Sample => "sample",
        }
    }
}

/// What tasks are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    pub origin: Origin,
    /// The files that are copied.
    pub files: Vec<SourceFile>,
    /// At least three, in at least two files.
    pub functions: Vec<Function>,
    /// A short function alone in a file, which is one of [`Material::files`].
    pub whole: Function,
}

/// Whether a name may be the subject of a task.
pub fn is_subject(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() >= SHORTEST_NAME
        && name.len() <= LONGEST_QUOTE / 2
        && name.chars().all(is_plain)
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && is_safe(name)
}

impl Material {
    /// Chooses from names, which are tried in their order; `read` gives the text of a file that may
    /// be shown. If there is too little, the sample is used.
    pub fn choose(names: &[UniqueName], read: &dyn Fn(&str) -> Option<String>) -> Material {
        let chosen = Material::of(names, read, Origin::Workspace);
        chosen.unwrap_or_else(Material::sample)
    }

    /// The material that comes with the program.
    pub fn sample() -> Material {
        let read = |path: &str| {
            let mut files = sample::FILES.iter();
            let (_, text) = files.find(|(name, _)| *name == path)?;
            Some((*text).to_owned())
        };
        let names: Vec<UniqueName> = sample::NAMES
            .iter()
            .map(|(name, path)| UniqueName {
                name: (*name).to_owned(),
                path: (*path).to_owned(),
            })
            .collect();
        Material::of(&names, &read, Origin::Sample).unwrap_or_else(|| {
            // A test holds that it is enough.
            unreachable!("the sample has too few functions")
        })
    }

    fn of(
        names: &[UniqueName],
        read: &dyn Fn(&str) -> Option<String>,
        origin: Origin,
    ) -> Option<Material> {
        let mut library = Library::new(read);
        let mut functions = library.functions(names, true);
        if functions.len() <= LEAST_FUNCTIONS {
            functions.extend(library.functions(names, false));
            functions.truncate(LEAST_FUNCTIONS + 1);
        }
        // The one that is written as a whole; the first ones are in the files that are copied.
        let is_short = |function: &Function| {
            (function.end_line - function.start_line + 1) as usize <= MOST_WHOLE
        };
        let at = functions.iter().rposition(is_short)?;
        let inner = functions.remove(at);
        let paths: BTreeSet<&str> = functions.iter().map(|it| it.path.as_str()).collect();
        if functions.len() < LEAST_FUNCTIONS || paths.len() < 2 {
            return None;
        }
        let mut files: Vec<SourceFile> = paths
            .into_iter()
            .map(|path| SourceFile {
                path: path.to_owned(),
                text: library.text(path).unwrap_or_default(),
            })
            .collect();
        let (whole, file) = alone(&inner, &library.text(&inner.path)?, &files)?;
        files.push(file);
        Some(Material {
            origin,
            files,
            functions,
            whole,
        })
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == path);
        file.map_or("", |file| file.text.as_str())
    }
}

/// The files that were read.
struct Library<'a> {
    read: &'a dyn Fn(&str) -> Option<String>,
    /// By path; `None` for those that are of no use.
    texts: BTreeMap<String, Option<String>>,
    /// Paths of the functions so far, and their names.
    used: BTreeSet<String>,
    taken: BTreeSet<String>,
    parser: FileParser,
}

impl<'a> Library<'a> {
    fn new(read: &'a dyn Fn(&str) -> Option<String>) -> Library<'a> {
        Library {
            read,
            texts: BTreeMap::new(),
            used: BTreeSet::new(),
            taken: BTreeSet::new(),
            parser: FileParser::default(),
        }
    }

    /// The functions of some names that are of use and not taken yet: one in each of a few files, or
    /// further ones in the files that were used.
    fn functions(&mut self, names: &[UniqueName], spread: bool) -> Vec<Function> {
        let mut found = Vec::new();
        for UniqueName { name, path } in names {
            if found.len() >= MOST_FILES {
                break;
            }
            let is_wanted = self.used.contains(path) != spread && !self.taken.contains(name);
            if !is_wanted || !is_subject(name) {
                continue;
            }
            let Some(text) = self.text(path) else {
                continue;
            };
            if let Some(function) = self.function(path, &text, name) {
                self.used.insert(path.clone());
                self.taken.insert(name.clone());
                found.push(function);
            }
        }
        found
    }

    /// The text of a file, if it is of use.
    fn text(&mut self, path: &str) -> Option<String> {
        if let Some(known) = self.texts.get(path) {
            return known.clone();
        }
        if self.texts.len() >= MOST_READ {
            return None;
        }
        let text = is_plain_path(path).then(|| (self.read)(path)).flatten();
        let text = text.filter(|text| is_plain_text(text));
        self.texts.insert(path.to_owned(), text.clone());
        text
    }

    /// The function of a name in a file, if there is exactly one that is of use.
    fn function(&mut self, path: &str, text: &str, name: &str) -> Option<Function> {
        let parts = parts_of(path, text).parts;
        let [part] = parts.as_slice() else {
            return None;
        };
        let outline = self.parser.outline(part.language?, text).ok()?;
        let mut named = outline.definitions.iter();
        let definition = named.find(|definition| definition.name == name)?;
        let is_function = matches!(definition.kind, ChunkKind::Function | ChunkKind::Method);
        if !is_function || named.any(|other| other.name == name) {
            return None;
        }
        let lines: Vec<&str> = text.lines().collect();
        let head = lines.get(definition.start_row)?.trim();
        let body = lines.get(definition.start_row + 1..definition.rows.end)?;
        let count = |wanted: &str| lines.iter().filter(|line| line.trim() == wanted).count();
        let is_one_word = words_of(head).filter(|word| *word == name).count() == 1;
        let is_telling =
            |line: &str| line.len() >= SHORTEST_TELLING && is_quotable(line) && count(line) == 1;
        let mut body = body.iter().map(|line| line.trim());
        let telling = body.find(|&line| is_telling(line))?;
        let length = definition.rows.len();
        let is_of_use = is_one_word
            && is_quotable(head)
            && is_safe(head)
            && count(head) == 1
            && FUNCTION_LINES.contains(&length);
        let line = |row: usize| u32::try_from(row + 1).unwrap_or(u32::MAX);
        is_of_use.then(|| Function {
            path: path.to_owned(),
            name: name.to_owned(),
            start_line: line(definition.rows.start),
            line: line(definition.start_row),
            end_line: line(definition.rows.end.saturating_sub(1)),
            head: head.to_owned(),
            telling: telling.to_owned(),
        })
    }
}

/// A function in a file of its own, and that file.
fn alone(inner: &Function, text: &str, others: &[SourceFile]) -> Option<(Function, SourceFile)> {
    let first = inner.start_line as usize - 1;
    let lines: Vec<&str> = text.lines().collect();
    let lines = lines.get(first..inner.end_line as usize)?;
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let margin = filled
        .map(|line| line.len() - line.trim_start().len())
        .min()?;
    let body: String = lines
        .iter()
        .map(|line| format!("{}\n", line.get(margin..).unwrap_or_default()))
        .collect();
    let ending = inner
        .path
        .rsplit_once('.')
        .map_or("txt", |(_, ending)| ending);
    let path = format!("fragment.{ending}");
    if others.iter().any(|other| other.path == path) {
        return None;
    }
    let function = Function {
        path: path.clone(),
        start_line: 1,
        line: inner.line - inner.start_line + 1,
        end_line: inner.end_line - inner.start_line + 1,
        ..inner.clone()
    };
    Some((function, SourceFile { path, text: body }))
}

/// The words of a text, as names are written.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| !word.is_empty())
}

/// Whether a text has no word that changes how a request is understood.
fn is_safe(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    !words.any(|word| ASKING.contains(&word))
}

/// Whether a line can stand between back-ticks.
fn is_quotable(line: &str) -> bool {
    line.len() <= LONGEST_QUOTE
        && !line.contains('`')
        && line.contains(char::is_alphabetic)
        && escape_hidden(line) == line
}

/// Whether a path is ordinary: nothing that runs by itself, and nothing to be quoted.
fn is_plain_path(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    path.chars().all(is_plain) && is_safe(path) && classify(path).is_none()
}

fn is_plain_text(text: &str) -> bool {
    text.len() <= MOST_BYTES
        && text.ends_with('\n')
        && !text.contains(['\r', '\u{fffd}'])
        && FILE_LINES.contains(&text.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, path: &str) -> UniqueName {
        UniqueName {
            name: name.to_owned(),
            path: path.to_owned(),
        }
    }

    /// A file with a function of a name, and one beside it.
    fn file(name: &str) -> String {
        format!(
            "\"\"\"About {name}.\"\"\"\n\n\ndef {name}(value):\n    \"\"\"Doubles {name}.\"\"\"\n    \
             doubled_{name} = value * 2\n    return doubled_{name}\n\n\ndef beside_{name}(value):\n    \
             \"\"\"Stands beside {name}.\"\"\"\n    return value - len(\"{name}\")\n"
        )
    }

    fn workspace(path: &str) -> Option<String> {
        let (stem, ending) = path.rsplit_once('.')?;
        (ending == "py").then(|| file(stem))
    }

    #[test]
    fn functions_are_spread_over_files_and_known_by_their_lines() {
        let names = [
            named("alpha", "alpha.py"),
            named("beside_alpha", "alpha.py"),
            named("notes", "notes.md"),
            named("beta", "beta.py"),
            named("how_beta", "beta.py"),
            named("gamma", "gamma.py"),
            named("delta", "delta.py"),
        ];
        let material = Material::choose(&names, &workspace);
        assert_eq!(material.origin, Origin::Workspace);
        let subjects: Vec<&str> = material.functions.iter().map(|it| &*it.name).collect();
        assert_eq!(subjects, ["alpha", "beta", "gamma"]);
        let alpha = &material.functions[0];
        assert_eq!((alpha.start_line, alpha.line, alpha.end_line), (4, 4, 7));
        assert_eq!(alpha.head, "def alpha(value):");
        assert_eq!(alpha.telling, "\"\"\"Doubles alpha.\"\"\"");
        let paths: Vec<&str> = material.files.iter().map(|file| &*file.path).collect();
        assert_eq!(paths, ["alpha.py", "beta.py", "gamma.py", "fragment.py"]);
        assert_eq!(material.whole.name, "delta");
        assert_eq!(material.whole.line, 1);
        assert!(
            material
                .text("fragment.py")
                .starts_with("def delta(value):\n    \"\"\"D")
        );
        assert_eq!(Material::choose(&names, &workspace), material);
    }

    #[test]
    fn a_file_may_have_several_of_them_where_there_are_few() {
        let names = [
            named("alpha", "alpha.py"),
            named("beta", "beta.py"),
            named("beside_alpha", "alpha.py"),
            named("beside_beta", "beta.py"),
        ];
        let material = Material::choose(&names, &workspace);
        assert_eq!(material.origin, Origin::Workspace);
        let subjects: Vec<&str> = material.functions.iter().map(|it| &*it.name).collect();
        assert_eq!(subjects.len(), LEAST_FUNCTIONS, "{subjects:?}");
    }

    #[test]
    fn where_there_is_too_little_the_sample_is_used() {
        let sample = Material::sample();
        assert_eq!(sample.origin, Origin::Sample);
        assert!(sample.functions.len() >= LEAST_FUNCTIONS);
        let few = [
            named("alpha", "alpha.py"),
            named("beside_alpha", "alpha.py"),
        ];
        for names in [Vec::new(), few.to_vec()] {
            assert_eq!(Material::choose(&names, &workspace), sample);
        }
        let unreadable = |_: &str| None;
        assert_eq!(Material::choose(&few, &unreadable), sample);
    }

    #[test]
    fn names_and_files_that_would_mislead_are_left_out() {
        for name in ["run", "größe", "explain_it", "show", "a.b", "_private", ""] {
            assert!(!is_subject(name), "{name}");
        }
        for name in ["parse_line", "readHeader", "Step4"] {
            assert!(is_subject(name), "{name}");
        }
        for path in ["Makefile", ".git/hooks/pre-commit", "a b.py", "how/to.py"] {
            assert!(!is_plain_path(path), "{path}");
        }
        assert!(is_plain_path("src/a-b/c_d.rs"));
    }
}
