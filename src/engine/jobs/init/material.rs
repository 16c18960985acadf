//! What the model is shown of the project: the facts, the map, and the beginnings of files that
//! describe it.

use ollacode_secrets::redact;

use super::ground::is_plain;
use crate::engine::clip::clipped_to;
use crate::jail::{EntryKind, Jail, JailError, is_secret};
use crate::model::budget::part;
use crate::permission::Rules;
use crate::retrieval::fenced;
use crate::survey::Facts;
use crate::text::with_causes;
use crate::visible::{defang_chat_markers, escape_hidden, visible_name};

/// Characters that are read of the README.
const README: usize = 2_000;
/// Characters that are read of each file with instructions, and how many such files.
const INSTRUCTIONS: usize = 1_200;
const MOST_INSTRUCTIONS: usize = 3;
/// Most names of the root that are listed.
const MOST_NAMES: usize = 60;
/// Most tokens of the map, and of the facts.
const MAP_TOKENS: u32 = 2_000;
const FACTS_TOKENS: u32 = 1_500;

/// Names of files that describe a project; the first that exists is read.
const READMES: [&str; 6] = [
    "README.md",
    "Readme.md",
    "readme.md",
    "README.rst",
    "README.txt",
    "README",
];

/// What the model is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Material {
    pub text: String,
    /// The map under its heading; empty without an index.
    pub map: String,
    /// Files that could not be read, with the reason.
    pub unread: Vec<String>,
}

/// Where the material comes from.
pub(super) struct Sources<'a> {
    pub jail: &'a Jail,
    pub rules: &'a Rules,
    pub facts: &'a Facts,
    /// The facts as they stand in the file.
    pub shown: &'a str,
    /// The most used files with their definitions; empty without an index.
    pub map: &'a str,
    /// The file that is to be written: what we wrote is no source.
    pub target: &'a str,
}

impl Material {
    /// Reads files; blocks.
    pub fn gather(sources: &Sources<'_>, window: u32) -> Material {
        let mut material = Material::default();
        let facts = clipped_to(sources.shown, FACTS_TOKENS.min(part(window, 15)));
        material.section("Facts", facts.trim_end());
        let names = root_names(sources);
        if !names.is_empty() {
            let names = names.join(", ");
            material.section("In the root folder", &clipped_to(&names, part(window, 5)));
        }
        if !sources.map.is_empty() {
            let map = clipped_to(sources.map, map_tokens(window));
            material.map = section("Most used files and what they define", &fenced(&map, ""));
        }
        if let Some(name) = READMES.into_iter().find(|name| is_file(sources.jail, name)) {
            material.file(sources, name, (README, part(window, 10)));
        }
        let instructions = sources.facts.instructions.iter();
        let others = instructions.filter(|path| path.as_str() != sources.target);
        for path in others.take(MOST_INSTRUCTIONS) {
            material.file(sources, path, (INSTRUCTIONS, part(window, 4)));
        }
        material
    }

    fn section(&mut self, heading: &str, body: &str) {
        self.text.push_str(&section(heading, body));
    }

    /// Adds the beginning of a file, without secrets.
    fn file(&mut self, sources: &Sources<'_>, path: &str, (length, tokens): (usize, u32)) {
        match beginning(sources, path, length) {
            Ok(text) => {
                let text = clipped_to(&text, tokens);
                let heading = format!("The beginning of {}", visible_name(path));
                self.section(&heading, &fenced(&text, ""));
            }
            Err(why) => self.unread.push(format!("{}: {why}", visible_name(path))),
        }
    }
}

fn section(heading: &str, body: &str) -> String {
    format!("# {heading}\n\n{body}\n\n")
}

/// How many tokens of a map a window has room for.
pub(super) fn map_tokens(window: u32) -> u32 {
    MAP_TOKENS.min(part(window, 15))
}

fn is_file(jail: &Jail, name: &str) -> bool {
    let kind = jail.path(name).and_then(|path| jail.kind(&path));
    matches!(kind, Ok(Some(EntryKind::File | EntryKind::Link)))
}

fn beginning(sources: &Sources<'_>, path: &str, length: usize) -> Result<String, String> {
    let jail = sources.jail;
    if sources.rules.hides(path) {
        return Err("a rule keeps it from being read".to_owned());
    }
    let path = jail.path(path).map_err(|error| error.to_string())?;
    let file = jail.read(&path).map_err(|error| reason(&error))?;
    if is_secret(&file.path) || sources.rules.hides(file.path.as_str()) {
        return Err("it may not be read".to_owned());
    }
    // Before it is cut: half a secret would not be known as one.
    let clean = jail.secret_values().hide_all(&file.text);
    let clean = redact(&clean).text;
    let text: String = clean.chars().take(length).collect();
    Ok(defang_chat_markers(&escape_hidden(&text)).into_owned())
}

fn reason(error: &JailError) -> String {
    match error {
        JailError::TooLarge { .. } => "it is too large".to_owned(),
        other => with_causes(other),
    }
}

/// The names in the root folder that may be shown; folders end in `/`.
fn root_names(sources: &Sources<'_>) -> Vec<String> {
    let Sources { jail, rules, .. } = sources;
    let entries = jail.path(".").and_then(|root| jail.list(&root));
    let entries = entries.unwrap_or_default().into_iter();
    let shown = entries.filter(|entry| {
        let is_open = jail.path(&entry.name).is_ok_and(|path| !is_secret(&path));
        // The file that is written is no news of the project.
        let is_ours = [".git", sources.target].contains(&entry.name.as_str());
        is_open && !is_ours && !rules.hides(&entry.name)
    });
    let names = shown.filter_map(|entry| {
        let name = Some(entry.name).filter(|name| is_plain(name))?;
        match entry.kind {
            EntryKind::Folder => Some(format!("`{name}/`")),
            EntryKind::File => Some(format!("`{name}`")),
            EntryKind::Link | EntryKind::Other => None,
        }
    });
    names.take(MOST_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::facts;
    use super::*;

    fn gathered(files: &[(&str, &str)], window: u32) -> Material {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        let jail = Jail::open(folder.path()).expect("a jail");
        let facts = Facts {
            instructions: vec!["AGENTS.md".to_owned(), "CLAUDE.md".to_owned()],
            ..facts()
        };
        let sources = Sources {
            jail: &jail,
            rules: &Rules::default(),
            facts: &facts,
            shown: "- Languages: Rust\n",
            map: "src/main.rs\n  fn main()",
            target: "AGENTS.md",
        };
        Material::gather(&sources, window)
    }

    #[test]
    fn the_material_has_facts_map_and_beginnings_without_secrets() {
        let readme = format!(
            "# Shop\nkey AKIA4X7Q2M6PLW3RTY6B <|im_start|>\n{}END",
            "x".repeat(README)
        );
        let files = [
            ("README.md", readme.as_str()),
            ("CLAUDE.md", "Be kind.\n"),
            ("AGENTS.md", "ours\n"),
            ("src/main.rs", "fn main() {}\n"),
            (".env", "A=1\n"),
        ];
        let material = gathered(&files, 32_768);
        for part in [
            "# Facts\n\n- Languages: Rust\n",
            "`README.md`",
            "`src/`",
            "# Shop",
            "Be kind.",
        ] {
            assert!(material.text.contains(part), "{part}: {}", material.text);
        }
        for part in [
            "AKIA4X7Q2M6PLW3RTY6B",
            "<|im_start|>",
            "END",
            "ours",
            "`.env`",
        ] {
            assert!(!material.text.contains(part), "{part}: {}", material.text);
        }
        assert_eq!(material.unread, Vec::<String>::new());
        // Words are not written again when only the map has changed.
        assert!(material.map.contains("fn main()"), "{}", material.map);
        assert!(!material.text.contains("fn main()"), "{}", material.text);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let huge = "x".repeat(10 << 20);
        let material = gathered(&[("README.md", &huge)], 32_768);
        assert_eq!(material.unread[0], "README.md: it is too large");
        assert!(material.unread[1].starts_with("CLAUDE.md: "));
        assert!(material.text.len() < 2_000);
    }

    #[test]
    fn a_small_window_gets_less() {
        let readme = "로그인 페이지의 오류를 ".repeat(200);
        let files = [("README.md", readme.as_str())];
        let [small, large] = [4_096, 32_768].map(|window| gathered(&files, window).text.len());
        assert!(small < large, "{small} {large}");
        assert!(small > 500, "{small}");
    }
}
