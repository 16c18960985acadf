//! The head of a `SKILL.md`: YAML between two lines of `---`, read within limits.
//!
//! What agentskills.io demands is demanded; fields that other agents have are read where they say
//! something here, and else left alone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::is_skill_name;
use crate::survey::yaml::Yaml;

/// Longest front matter, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// Longest description, in characters.
const LONGEST_DESCRIPTION: usize = 1_024;
/// Longest text of the other fields, in characters.
const LONGEST_FIELD: usize = 500;
/// Most entries of `metadata` and `allowed-tools` that are kept.
const MOST_ENTRIES: usize = 50;
/// Most named arguments.
const MOST_ARGUMENTS: usize = 9;
/// The line before and after it.
const FENCE: &str = "---";

/// What the front matter of a skill says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// What the skill does and when to use it, in a line.
    pub description: String,
    pub license: Option<String>,
    /// What it needs: programs, network.
    pub compatibility: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Tools that the skill would have run unasked. They are asked about like all others.
    pub allowed_tools: Vec<String>,
    /// What to type behind its name.
    pub argument_hint: Option<String>,
    /// Names of its arguments: `$path` in its text is the argument `path`.
    pub arguments: Vec<String>,
    /// Whether models are not told of it: only the user starts it.
    pub is_for_user_only: bool,
}

/// A file taken apart: the name in the front matter, what else stands there, and the text behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParsedFile {
    pub manifest: Manifest,
    pub body: String,
}

/// Reads a `SKILL.md` of a folder of this name.
///
/// # Errors
///
/// What is wrong with it, in words that follow the name of the skill.
pub(super) fn parse_skill(name: &str, text: &str) -> Result<ParsedFile, String> {
    let text = plain(text);
    let Some((head, body)) = split(&text)? else {
        return Err(format!(
            "it has no front matter: its first line must be `{FENCE}`, followed by `name:` and \
             `description:`"
        ));
    };
    let (named, manifest) = parse_head(head)?;
    match named {
        None => return Err("its front matter has no `name`".to_owned()),
        Some(named) if named != name => {
            return Err(format!(
                "its front matter names it `{named}`, and its folder `{name}`: they must be the same"
            ));
        }
        Some(_) => {}
    }
    if manifest.description.is_empty() {
        return Err("its front matter has no `description`".to_owned());
    }
    with_body(manifest, body)
}

/// Reads a file of a folder of commands: its front matter may be missing, and so may its description.
pub(super) fn parse_command(name: &str, text: &str) -> Result<ParsedFile, String> {
    let text = plain(text);
    let (head, body) = split(&text)?.unwrap_or(("", &text));
    let (named, mut manifest) = parse_head(head)?;
    if let Some(named) = named.filter(|named| named != name) {
        return Err(format!(
            "its front matter names it `{named}`, and its file `{name}.md`: they must be the same"
        ));
    }
    if manifest.description.is_empty() {
        let mut lines = body.lines().map(|line| line.trim_start_matches('#').trim());
        let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
        manifest.description = first.chars().take(200).collect();
    }
    with_body(manifest, body)
}

fn with_body(manifest: Manifest, body: &str) -> Result<ParsedFile, String> {
    let body = body.trim().to_owned();
    if body.is_empty() {
        return Err("there is no text behind its front matter".to_owned());
    }
    Ok(ParsedFile { manifest, body })
}

/// A text without byte-order mark, with the line ends of Unix.
fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n")
}

/// The front matter of a text and what follows it; `None` if it begins otherwise.
fn split(text: &str) -> Result<Option<(&str, &str)>, String> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != FENCE {
        return Ok(None);
    }
    let (begin, mut at) = (first.len(), first.len());
    for line in lines {
        if line.trim_end() == FENCE {
            return Ok(Some((&text[begin..at], &text[at + line.len()..])));
        }
        at += line.len();
    }
    Err(format!(
        "its front matter has no end: a second line of `{FENCE}` is missing"
    ))
}

fn parse_head(head: &str) -> Result<(Option<String>, Manifest), String> {
    if head.len() > LONGEST_HEAD {
        let most = LONGEST_HEAD >> 10;
        return Err(format!("its front matter is longer than {most} KiB"));
    }
    let yaml = match Yaml::parse(head) {
        Ok(yaml) => yaml,
        // Other agents take a colon in a description as it stands.
        Err(error) => Yaml::parse(&quoted(head))
            .map_err(|_| format!("its front matter is no YAML: {error}"))?,
    };
    if !matches!(yaml, Yaml::Map(_) | Yaml::Empty) {
        return Err("its front matter is no list of `key: value`".to_owned());
    }
    let field = |key: &str, most: usize| -> Result<Option<String>, String> {
        let text = match yaml.get(key) {
            None | Some(Yaml::Empty) => return Ok(None),
            Some(Yaml::Text(text)) => in_line(text),
            Some(_) => return Err(format!("`{key}` in its front matter is no text")),
        };
        if text.chars().count() > most {
            return Err(format!(
                "`{key}` in its front matter has more than {most} characters"
            ));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    };
    let is_on = |key: &str| yaml.text_at(key).is_some_and(|it| it.trim() == "true");
    let manifest = Manifest {
        description: field("description", LONGEST_DESCRIPTION)?.unwrap_or_default(),
        license: field("license", LONGEST_FIELD)?,
        compatibility: field("compatibility", LONGEST_FIELD)?,
        metadata: metadata(&yaml),
        allowed_tools: words_at(&yaml, "allowed-tools"),
        argument_hint: hint(&yaml),
        arguments: argument_names(&yaml)?,
        is_for_user_only: is_on("disable-model-invocation"),
    };
    Ok((field("name", LONGEST_FIELD)?, manifest))
}

/// A text in one line.
fn in_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn short(text: &str) -> String {
    in_line(text).chars().take(LONGEST_FIELD).collect()
}

fn metadata(yaml: &Yaml) -> BTreeMap<String, String> {
    let entries = yaml.get("metadata").map(Yaml::entries).unwrap_or_default();
    let texts = entries.iter().filter_map(|(key, value)| {
        let value = value.text()?;
        Some((short(key), short(value)))
    });
    texts.take(MOST_ENTRIES).collect()
}

/// The words of a text, or of the texts of a list.
fn words_at(yaml: &Yaml, key: &str) -> Vec<String> {
    let texts = yaml.get(key).map(Yaml::texts).unwrap_or_default();
    let words = texts.into_iter().flat_map(str::split_whitespace);
    words.take(MOST_ENTRIES).map(short).collect()
}

/// `[path]` is a list for YAML.
fn hint(yaml: &Yaml) -> Option<String> {
    let hint = match yaml.get("argument-hint")? {
        Yaml::List(items) => {
            let items = items.iter().filter_map(Yaml::text);
            let items: Vec<String> = items.map(|item| format!("[{item}]")).collect();
            items.join(" ")
        }
        other => other.text()?.to_owned(),
    };
    let hint: String = in_line(&hint).chars().take(80).collect();
    (!hint.is_empty()).then_some(hint)
}

fn argument_names(yaml: &Yaml) -> Result<Vec<String>, String> {
    let names = words_at(yaml, "arguments");
    if names.len() > MOST_ARGUMENTS {
        return Err(format!(
            "`arguments` in its front matter has more than {MOST_ARGUMENTS} names"
        ));
    }
    let is_name = |name: &String| {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
            && name.len() <= 32
            && name.chars().all(is_sign)
            && name != "ARGUMENTS"
    };
    match names.iter().find(|name| !is_name(name)) {
        Some(wrong) => Err(format!(
            "`{wrong}` in its front matter cannot name an argument: use letters, digits, `_` and `-`"
        )),
        None => Ok(names),
    }
}

/// The same YAML with quotes around values that are none without them: `description: Use it when: …`.
fn quoted(head: &str) -> String {
    let mut text = String::with_capacity(head.len() + 64);
    for line in head.lines() {
        match line.split_once(':') {
            Some((key, value)) if is_plain_key(key) && wants_quotes(line, value.trim()) => {
                let value = value.trim().replace('\\', "\\\\").replace('"', "\\\"");
                text.push_str(&format!("{key}: \"{value}\"\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// Whether a value was meant as a text. What has anchors or aliases was not.
fn wants_quotes(line: &str, value: &str) -> bool {
    let is_yaml = value.starts_with(['&', '*', '!', '|', '>'])
        || value.starts_with(['[', '{']) && value.contains(['&', '*']);
    !is_yaml && Yaml::parse(line).is_err()
}

/// Whether a key stands at the beginning of its line, without signs of YAML.
fn is_plain_key(key: &str) -> bool {
    is_skill_name(key)
        || key
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest_of(head: &str) -> Result<Manifest, String> {
        let text = format!("---\nname: a\n{head}---\n\nDo it.\n");
        parse_skill("a", &text).map(|parsed| parsed.manifest)
    }

    fn why(name: &str, text: &str) -> String {
        parse_skill(name, text).expect_err("it is wrong")
    }

    #[test]
    fn every_field_is_read() {
        let parsed = parse_skill(
            "pdf-forms",
            "\u{feff}---\r\nname: pdf-forms\r\ndescription: >\r\n  Fills in forms.\r\n  Use it for PDF.\r\n\
             license: MIT\r\ncompatibility: Requires git\r\nmetadata:\r\n  author: me\r\n  version: 1.0\r\n\
             allowed-tools: Bash(git:*) Read\r\nargument-hint: [form]\r\narguments: form kind\r\n\
             disable-model-invocation: true\r\nother: [1, 2]\r\n---\r\n\r\n# Forms\r\n\r\nDo it.\r\n",
        );
        let parsed = parsed.expect("a skill");
        assert_eq!(parsed.body, "# Forms\n\nDo it.");
        let texts = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let expected = Manifest {
            description: "Fills in forms. Use it for PDF.".to_owned(),
            license: Some("MIT".to_owned()),
            compatibility: Some("Requires git".to_owned()),
            metadata: [("author", "me"), ("version", "1")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            allowed_tools: texts(&["Bash(git:*)", "Read"]),
            argument_hint: Some("[form]".to_owned()),
            arguments: texts(&["form", "kind"]),
            is_for_user_only: true,
        };
        // A number of YAML is a number: `1.0` may come back as `1`.
        let mut found = parsed.manifest;
        if let Some(version) = found.metadata.get_mut("version") {
            *version = version.trim_end_matches(".0").to_owned();
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_list_of_tools_is_read_like_a_text() {
        let manifest = manifest_of("description: d\nallowed-tools:\n  - \"*\"\n  - Read\n");
        assert_eq!(manifest.expect("a skill").allowed_tools, ["*", "Read"]);
    }

    #[test]
    fn colons_of_other_agents_are_taken_as_they_stand() {
        for (line, expected) in [
            (
                "Use this when: the user asks",
                "Use this when: the user asks",
            ),
            ("a \"b\": c\\d", "a \"b\": c\\d"),
        ] {
            let manifest = manifest_of(&format!("description: {line}\nlicense: MIT\n"));
            let manifest = manifest.expect("a skill");
            assert_eq!(manifest.description, expected);
            assert_eq!(manifest.license.as_deref(), Some("MIT"));
        }
        let manifest = manifest_of("description: d\nargument-hint: [path] [kind]\n");
        let hint = manifest.expect("a skill").argument_hint;
        assert_eq!(hint.as_deref(), Some("[path] [kind]"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let long = "x".repeat(1_025);
        for (text, expected) in [
            ("# A\n", "no front matter"),
            ("---\nname: a\n", "no end"),
            ("---\ndescription: d\n---\nx", "no `name`"),
            ("---\nname: b\ndescription: d\n---\nx", "names it `b`"),
            (
                "---\nname: ../../etc\ndescription: d\n---\nx",
                "names it `../../etc`",
            ),
            ("---\nname: a\n---\nx", "no `description`"),
            (
                "---\nname: a\ndescription: \" \"\n---\nx",
                "no `description`",
            ),
            ("---\nname: a\ndescription: [d]\n---\nx", "is no text"),
            ("---\nname: a\ndescription: d\n---\n \n", "no text behind"),
            ("---\n- a\n---\nx", "no list of `key: value`"),
            ("---\nname: a\n}\n---\nx", "is no YAML"),
            (
                "---\nname: a\ndescription: d\narguments: 1st\n---\nx",
                "cannot name an argument",
            ),
        ] {
            let why = why("a", text);
            assert!(why.contains(expected), "{text}: {why}");
        }
        let text = format!("---\nname: a\ndescription: {long}\n---\nx");
        assert!(why("a", &text).contains("more than 1024 characters"));
        let text = format!(
            "---\nname: a\ndescription: d\nnote: {}\n---\nx",
            "x".repeat(17_000)
        );
        assert!(why("a", &text).contains("longer than 16 KiB"));
    }

    #[test]
    fn bombs_of_yaml_are_refused_soon() {
        let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 9].join(", ");
            aliases.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        for head in [
            aliases,
            format!("a: {}\n", "[".repeat(10_000)),
            "a: &a [*a]\n".to_owned(),
            format!(
                "a: &a {}\nb: [{}]\n",
                "x".repeat(8_000),
                "*a, ".repeat(1_500)
            ),
        ] {
            let beginning: String = head.chars().take(20).collect();
            let error = manifest_of(&format!("description: d\n{head}")).err();
            let is_refused = error.as_ref().is_some_and(|why| why.contains("is no YAML"));
            assert!(is_refused, "{beginning}: {error:?}");
        }
    }

    #[test]
    fn a_file_of_commands_needs_no_front_matter() {
        let parsed = parse_command("tidy", "\n# Tidy up\n\nRemove what nobody uses.\n");
        let parsed = parsed.expect("a skill");
        assert_eq!(parsed.manifest.description, "Tidy up");
        assert_eq!(parsed.body, "# Tidy up\n\nRemove what nobody uses.");
        let parsed = parse_command("tidy", "---\ndescription: Tidies\n---\nGo.");
        assert_eq!(parsed.expect("a skill").manifest.description, "Tidies");
        let wrong = parse_command("tidy", "---\nname: other\n---\nGo.");
        assert!(wrong.is_err_and(|why| why.contains("`tidy.md`")));
        assert!(parse_command("tidy", "\n").is_err());
    }
}
