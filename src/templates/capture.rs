//! Makes a template of files that exist. The name of the first file becomes the value `name`, in
//! whatever spelling it stands in the texts. With siblings of it, what differs between them line by line
//! becomes further values, and lines that only some of them have are left out.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::render::escaped;
use super::words::{Spelling, words};
use super::{Manifest, Template, TemplateError, TemplateFile, TemplateOrigin, Variable};

/// Most values beside the name: more is no template.
const MOST_VALUES: usize = 20;
/// Values of names: letters, digits, spaces, hyphens.
const NAME_PATTERN: &str = "[A-Za-z_][A-Za-z0-9_ -]*";

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
    let stem = own_words(
        &first.path,
        siblings.iter().map(|other| other.path.as_str()),
    );
    if stem.is_empty() {
        let why = format!(
            "the name of `{}` has no words that could be a value",
            first.path
        );
        return Err(refused(why));
    }
    let mut lines = marked(&first.text, &stem);
    let mut values = Values::default();
    for other in siblings {
        let stem = own_words(&other.path, [first.path.as_str()]);
        if stem.is_empty() {
            return Err(refused(format!(
                "the names of `{}` and `{}` do not differ in a word",
                first.path, other.path
            )));
        }
        lines = common(lines, &marked(&other.text, &stem), &mut values);
    }
    if values.samples.len() > MOST_VALUES {
        return Err(refused(format!(
            "the files differ in more than {MOST_VALUES} places: choose more similar ones"
        )));
    }
    if !siblings.is_empty() && lines.len() * 3 < first.text.lines().count() {
        let why = "the files have less than a third of their lines in common";
        return Err(refused(why.to_owned()));
    }
    Ok(made(name, first, &stem, (&lines, &values)))
}

fn made(
    name: &str,
    first: &Sample,
    stem: &[String],
    (lines, values): (&[Line], &Values),
) -> Template {
    let mut text = lines
        .iter()
        .map(Line::template)
        .collect::<Vec<_>>()
        .join("\n");
    if first.text.ends_with('\n') {
        text.push('\n');
    }
    let mut manifest = Manifest {
        description: format!("Like {}", first.path),
        variables: values.variables(),
    };
    manifest.variables.insert(
        "name".to_owned(),
        Variable {
            description: format!("instead of {}", stem.join(" ")),
            default: None,
            pattern: Some(NAME_PATTERN.to_owned()),
        },
    );
    Template {
        name: name.to_owned(),
        origin: TemplateOrigin::User,
        manifest,
        files: vec![TemplateFile {
            path: Line::parse(&first.path, stem).template(),
            text,
        }],
    }
}

/// The words of a file's name that its siblings do not have; all of them without siblings, but for
/// words of tests, which stay.
fn own_words<'a>(path: &str, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    const KEPT: [&str; 4] = ["test", "tests", "spec", "mod"];
    let own = words(stem(path));
    let mut shared: Option<Vec<String>> = None;
    for other in others {
        let other = words(stem(other));
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

/// The name of a file without its folders and endings.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.find('.') {
        Some(0) | None => name,
        Some(at) => &name[..at],
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

fn marked(text: &str, stem: &[String]) -> Vec<Line> {
    text.lines().map(|line| Line::parse(line, stem)).collect()
}

impl Line {
    /// Finds a name in its spellings, the longest first, and cuts the rest into words and others.
    fn parse(text: &str, stem: &[String]) -> Line {
        let joined = stem.join(" ");
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
                pieces.push(Piece::Name(name));
                rest = &rest[spelling.len()..];
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
            // With the mark that follows, a brace would be another one.
            let is_mark = !matches!(piece, Piece::Text(_));
            if is_mark && template.ends_with('{') {
                template.pop();
                template.push_str("{{ \"{\" }}");
            }
            match piece {
                Piece::Text(text) => template.push_str(&escaped(text)),
                Piece::Name(spelling) => template.push_str(&format!("{{{{ name|{spelling} }}}}")),
                Piece::Value(value) => template.push_str(&format!("{{{{ {value} }}}}")),
            }
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

    fn variables(&self) -> BTreeMap<String, Variable> {
        let variable = |((first, _), name): (&(Piece, Piece), &String)| {
            let sample = match first {
                Piece::Text(text) => text.clone(),
                Piece::Name(_) | Piece::Value(_) => String::new(),
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
