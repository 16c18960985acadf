//! Makes a template of files that exist. The name of the first file becomes the value `name`, in
//! whatever spelling it stands in the texts. With siblings of it, what differs between them line by line
//! becomes further values, and lines that only some of them have are left out.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::render::escaped;
use super::words::{Spelling, words};
use super::{
    Manifest, RenderedFile, Template, TemplateError, TemplateFile, TemplateOrigin, Variable,
};
use crate::syntax::new_errors;

/// Most values beside the name: more is no template.
const MOST_VALUES: usize = 20;
/// Values of names: letters of any language, digits, underscores, spaces, hyphens.
const NAME_PATTERN: &str = r"\w[\w -]*";

/// A file that a template is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Relative to the workspace.
    pub path: String,
    pub text: String,
}

/// Makes a template of a file and its siblings, of which there may be none.
///
/// # Errors
///
/// If the files are too different for a template, or their names have no words.
pub fn captured(
    name: &str,
    first: &Sample,
    siblings: &[Sample],
) -> Result<Template, TemplateError> {
    let refused = |why: String| TemplateError::Unreadable {
        name: name.to_owned(),
        why,
    };
    let others: Vec<&str> = siblings.iter().map(|other| other.path.as_str()).collect();
    // `orders/index.ts` has its name in the folder.
    let depth = first.path.split('/').count();
    let named = (0..depth)
        .map(|level| (level, own_words(&first.path, &others, level)))
        .find(|(_, words)| !words.is_empty());
    let Some((level, stem)) = named else {
        let why = format!(
            "the name of `{}` has no words that could be a value",
            first.path
        );
        return Err(refused(why));
    };
    let naming = Naming::new(&first.path, &stem);
    let mut lines = marked(&first.text, &naming);
    let mut values = Values::default();
    for other in siblings {
        let stem = own_words(&other.path, &[&first.path], level);
        if stem.is_empty() {
            return Err(refused(format!(
                "the names of `{}` and `{}` do not differ in a word",
                first.path, other.path
            )));
        }
        let other = marked(&other.text, &Naming::new(&other.path, &stem));
        lines = common(lines, &other, &mut values);
    }
    if values.samples.len() > MOST_VALUES {
        return Err(refused(format!(
            "the files differ in more than {MOST_VALUES} places: choose more similar ones"
        )));
    }
    if !siblings.is_empty() && lines.len() * 2 < first.text.lines().count() {
        let why = "the files have less than half of their lines in common";
        return Err(refused(why.to_owned()));
    }
    let template = template(name, first, &naming, &lines, &values);
    let own = BTreeMap::from([("name".to_owned(), naming.words.join(" "))]);
    let made = template.render(&own)?;
    let is_broken = |made: &RenderedFile| {
        let errors = new_errors(&first.path, Some(&first.text), &made.text);
        !errors.is_empty()
    };
    if made.iter().any(is_broken) {
        let why = "what the files have in common is no whole file: choose more similar ones";
        return Err(refused(why.to_owned()));
    }
    Ok(template)
}

fn template(
    name: &str,
    first: &Sample,
    naming: &Naming,
    lines: &[Line],
    values: &Values,
) -> Template {
    let lines: Vec<String> = lines.iter().map(Line::template).collect();
    let mut text = lines.join("\n");
    if first.text.ends_with('\n') {
        text.push('\n');
    }
    let mut manifest = Manifest {
        description: format!("Like {}", first.path),
        variables: values.variables(&naming.words.join(" ")),
    };
    let variable = Variable {
        description: format!("instead of {}", naming.words.join(" ")),
        default: None,
        pattern: Some(NAME_PATTERN.to_owned()),
    };
    manifest.variables.insert("name".to_owned(), variable);
    Template {
        name: name.to_owned(),
        origin: TemplateOrigin::User,
        manifest,
        files: vec![TemplateFile {
            path: Line::parse(&first.path, &naming.of_path()).template(),
            text,
        }],
    }
}

/// The words of a file's name, or of the folder so many levels above, that its siblings do not have; all
/// of them without siblings, but for words that say nothing of what a file is about, which stay.
fn own_words(path: &str, others: &[&str], level: usize) -> Vec<String> {
    const KEPT: [&str; 8] = [
        "test", "tests", "spec", "mod", "index", "main", "init", "src",
    ];
    let own = words(part(path, level));
    let mut shared: Option<Vec<String>> = None;
    for other in others {
        let other = words(part(other, level));
        let both = own.iter().filter(|word| other.contains(word));
        let both: Vec<String> = both.cloned().collect();
        shared = Some(match shared {
            Some(before) => both
                .into_iter()
                .filter(|word| before.contains(word))
                .collect(),
            None => both,
        });
    }
    let shared = shared.unwrap_or_else(|| KEPT.map(str::to_owned).to_vec());
    // One run of words: the first.
    let own = own.into_iter().skip_while(|word| shared.contains(word));
    own.take_while(|word| !shared.contains(word)).collect()
}

/// The name of a file without its endings, or of the folder so many levels above.
fn part(path: &str, level: usize) -> &str {
    let name = path.rsplit('/').nth(level).unwrap_or_default();
    match name.find('.') {
        Some(at) if at > 0 && level == 0 => &name[..at],
        _ => name,
    }
}

/// The name in a file, and how such files spell a name of several words: from one word (`order`) that
/// cannot be seen.
struct Naming {
    words: Vec<String>,
    /// In code, and in names of files.
    usual: [&'static str; 2],
}

impl Naming {
    fn new(path: &str, words: &[String]) -> Naming {
        let ending = path.rsplit('.').next().unwrap_or_default();
        let usual = match ending {
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => {
                ["camel", "kebab"]
            }
            "java" | "kt" | "swift" | "scala" | "dart" | "cs" | "go" => ["camel", "snake"],
            "css" | "scss" | "html" => ["kebab", "kebab"],
            _ => ["snake", "snake"],
        };
        Naming {
            words: words.to_vec(),
            usual,
        }
    }

    /// The same for the path of the file itself.
    fn of_path(&self) -> Naming {
        Naming {
            words: self.words.clone(),
            usual: [self.usual[1]; 2],
        }
    }

    /// The spelling of a place, if it cannot be seen from the name there.
    fn spelling(&self, seen: &'static str, before: Option<char>, after: &str) -> &'static str {
        let [code, file] = self.usual;
        let is_joined = |after: &str| {
            let rest = after.strip_prefix('-').unwrap_or_default();
            rest.starts_with(char::is_alphabetic)
        };
        if self.words.len() > 1 || seen != Spelling::Snake.name() {
            return seen;
        }
        if before == Some('_') || after.starts_with('_') {
            Spelling::Snake.name()
        } else if matches!(before, Some('/' | '-')) || is_joined(after) {
            file
        } else {
            code
        }
    }
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Piece {
    Text(String),
    /// The value `name` in a spelling.
    Name(&'static str),
    /// A further value.
    Value(String),
}

/// A line, cut at what may differ: words, and what is between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Line(Vec<Piece>);

fn marked(text: &str, name: &Naming) -> Vec<Line> {
    text.lines().map(|line| Line::parse(line, name)).collect()
}

impl Line {
    /// Finds a name in its spellings, the longest first, and cuts the rest into words and others.
    fn parse(text: &str, naming: &Naming) -> Line {
        let joined = naming.words.join(" ");
        let mut spelled: Vec<(String, &'static str)> = Spelling::ALL
            .iter()
            .filter(|spelling| !matches!(spelling, Spelling::Title))
            .map(|spelling| (spelling.of(&joined), spelling.name()))
            .collect();
        spelled.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let before = text[..text.len() - rest.len()].chars().next_back();
            let named = spelled.iter().find(|(spelling, _)| {
                rest.strip_prefix(spelling.as_str())
                    .is_some_and(|after| begins_behind(before, spelling) && ends_before(after))
            });
            if let Some((spelling, name)) = named {
                rest = &rest[spelling.len()..];
                pieces.push(Piece::Name(naming.spelling(name, before, rest)));
                continue;
            }
            let is_word = |c: char| c == '_' || c.is_alphanumeric();
            let first = rest.chars().next().unwrap_or(' ');
            let same = |c: char| is_word(c) == is_word(first);
            // A word may hide the name in its middle: `find_order`.
            let mut end = rest.find(|c: char| !same(c)).unwrap_or(rest.len());
            for (spelling, _) in &spelled {
                let inner = rest[first.len_utf8()..].find(spelling.as_str());
                if let Some(at) = inner {
                    end = end.min(at + first.len_utf8());
                }
            }
            match pieces.last_mut() {
                Some(Piece::Text(text)) if is_word(first) && text.ends_with(is_word) => {
                    text.push_str(&rest[..end]);
                }
                _ => pieces.push(Piece::Text(rest[..end].to_owned())),
            }
            rest = &rest[end..];
        }
        Line(pieces)
    }

    fn template(&self) -> String {
        let mut template = String::new();
        for piece in &self.0 {
            let placeholder = match piece {
                Piece::Text(text) => {
                    template.push_str(&escaped(text));
                    continue;
                }
                Piece::Name(spelling) => format!("{{{{ name|{spelling} }}}}"),
                Piece::Value(value) => format!("{{{{ {value} }}}}"),
            };
            // Together with a brace before it (`{order}`), it would mean something else.
            if template.ends_with('{') {
                template.pop();
                template.push_str("{{ \"{\" }}");
            }
            template.push_str(&placeholder);
        }
        template
    }
}

/// Whether a name begins behind a sign: `order` does in `find_order`, `Order` in `newOrder`, but `order`
/// not in `border`.
fn begins_behind(before: Option<char>, spelling: &str) -> bool {
    let starts_large = spelling.starts_with(char::is_uppercase);
    before.is_none_or(|c| !c.is_alphanumeric() || (starts_large && !c.is_uppercase()))
}

/// Whether a name ends before a text; an `s` for the plural may follow.
fn ends_before(after: &str) -> bool {
    let is_end = |after: &str| {
        let next = after.chars().next();
        next.is_none_or(|c| !c.is_lowercase())
    };
    is_end(after) || after.strip_prefix('s').is_some_and(is_end)
}

/// Further values, by what stood in their place in the first file and its sibling.
#[derive(Default)]
struct Values {
    samples: BTreeMap<(Piece, Piece), String>,
}

impl Values {
    fn of(&mut self, first: &Piece, other: &Piece) -> String {
        if let Piece::Value(known) = first {
            return known.clone();
        }
        let number = self.samples.len() + 1;
        let key = (first.clone(), other.clone());
        let value = self.samples.entry(key);
        value.or_insert_with(|| format!("value_{number}")).clone()
    }

    /// What they are by default: as in the first file, whose name is given.
    fn variables(&self, own: &str) -> BTreeMap<String, Variable> {
        let variable = |((first, _), name): (&(Piece, Piece), &String)| {
            let sample = match first {
                Piece::Text(text) => text.clone(),
                Piece::Name(seen) => {
                    let mut all = Spelling::ALL.iter();
                    let spelling = all.find(|spelling| spelling.name() == *seen);
                    spelling
                        .map(|spelling| spelling.of(own))
                        .unwrap_or_default()
                }
                Piece::Value(_) => String::new(),
            };
            let variable = Variable {
                description: format!("for example {sample}"),
                default: Some(sample),
                pattern: None,
            };
            (name.clone(), variable)
        };
        self.samples.iter().map(variable).collect()
    }
}

/// The lines that two files have in common, and those that differ only in some pieces.
fn common(lines: Vec<Line>, other: &[Line], values: &mut Values) -> Vec<Line> {
    let operations = capture_diff_slices(Algorithm::Myers, &lines, other);
    let mut kept = Vec::new();
    for operation in operations {
        match operation {
            DiffOp::Equal { old_index, len, .. } => {
                kept.extend(lines[old_index..old_index + len].iter().cloned());
            }
            DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            } => {
                let mut others = other[new_index..new_index + new_len].iter().peekable();
                for line in &lines[old_index..old_index + old_len] {
                    let both = others
                        .peek()
                        .and_then(|other| generalised(line, other, values));
                    if both.is_some() {
                        others.next();
                    }
                    kept.extend(both);
                }
            }
            // What only one of them has.
            DiffOp::Delete { .. } | DiffOp::Insert { .. } => {}
        }
    }
    kept
}

/// A line with values where two lines differ; `None` if they are too different.
fn generalised(one: &Line, other: &Line, values: &mut Values) -> Option<Line> {
    if one.0.len() != other.0.len() {
        return None;
    }
    let differing = one
        .0
        .iter()
        .zip(&other.0)
        .filter(|(one, other)| one != other);
    if differing.count() * 2 > one.0.len() {
        return None;
    }
    let pieces = one.0.iter().zip(&other.0).map(|(one, other)| {
        if one == other {
            one.clone()
        } else {
            Piece::Value(values.of(one, other))
        }
    });
    Some(Line(pieces.collect()))
}
