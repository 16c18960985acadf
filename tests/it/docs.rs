//! The documentation: links are valid, every command and setting is described, everything that it
//! names exists, and generated parts are up to date.

mod page;
mod tables;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use ollacode::frontends::cli::args::Arguments;
use ollacode::tools::{ToolSet, Toolbox};

use crate::support::generated::read;
use page::Page;

/// The pages beside the README.
const FRONT: [&str; 4] = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];

/// Where commands and their flags are described.
const COMMAND_PAGES: &[(&str, &str)] = &[
    ("cache", "docs/teams.md"),
    ("chat", "docs/chat.md"),
    ("commit", "docs/git.md"),
    ("index", "docs/search.md"),
    ("map", "docs/map.md"),
    ("search", "docs/search.md"),
    ("related", "docs/related.md"),
    ("task", "docs/tasks.md"),
    ("telegram", "docs/telegram.md"),
    ("acp", "docs/editors.md"),
    ("web", "docs/web.md"),
    ("design", "docs/design.md"),
    ("init", "docs/init.md"),
    ("sessions", "docs/commands.md"),
    ("export", "docs/commands.md"),
    ("log", "docs/commands.md"),
    ("doctor", "docs/commands.md"),
    ("benchmark", "docs/benchmark.md"),
    ("check", "docs/checks.md"),
    ("hooks", "docs/hooks.md"),
    ("review", "docs/git.md"),
    ("template", "docs/templates.md"),
    ("mcp", "docs/mcp.md"),
    ("skills", "docs/skills.md"),
    ("completions", "docs/commands.md"),
    ("man", "docs/commands.md"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages in `docs/`.
fn documents() -> Vec<String> {
    let entries = fs::read_dir(root().join("docs")).expect("the folder `docs`");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| format!("docs/{}", name.to_str().expect("a plain name")));
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    pages.sort();
    pages
}

fn all_pages() -> Vec<Page> {
    let front = FRONT.into_iter().map(str::to_owned);
    front.chain(documents()).map(Page::read).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for page in all_pages() {
        for link in &page.links {
            if ["http://", "https://", "mailto:"]
                .iter()
                .any(|scheme| link.starts_with(scheme))
            {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                page.name.clone()
            } else {
                page.beside(file)
            };
            assert!(
                root().join(&target).exists(),
                "{}: {link} leads to {target}, which does not exist",
                page.name
            );
            assert!(
                anchor.is_empty() || Page::read(target).anchors.contains(anchor),
                "{}: {link} has no such heading",
                page.name
            );
        }
    }
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let readme = Page::read("README.md".to_owned());
    let linked: BTreeSet<String> = readme
        .links
        .iter()
        .map(|link| link.split('#').next().unwrap_or_default().to_owned())
        .collect();
    for page in documents() {
        assert!(linked.contains(&page), "the README does not link to {page}");
    }
    let lines = read("README.md").lines().count();
    assert!(lines <= 200, "the README has {lines} lines");
}

/// Asserts that a page has these words as code.
#[track_caller]
fn assert_described(page: &Page, what: &str, words: &str) {
    let is_there = page.code.iter().any(|code| {
        code.split([' ', ',', '|', '[', ']', '='])
            .any(|part| part == words)
    });
    assert!(
        is_there,
        "{} does not describe `{words}` ({what})",
        page.name
    );
}

/// Asserts that a page has a flag, with its short form and its values.
#[track_caller]
fn assert_flag(page: &Page, command: &str, flag: &Arg) {
    if flag.is_hide_set() || ["help", "version"].contains(&flag.get_id().as_str()) {
        return;
    }
    if let Some(long) = flag.get_long() {
        assert_described(page, command, &format!("--{long}"));
    }
    if let Some(short) = flag.get_short() {
        assert_described(page, command, &format!("-{short}"));
    }
    for value in flag.get_possible_values() {
        let is_switch = ["true", "false"].contains(&value.get_name());
        if !value.is_hide_set() && !is_switch {
            assert_described(page, command, value.get_name());
        }
    }
}

/// `above`: the page of the command that it is a part of, where it has none of its own.
#[track_caller]
fn check_command(command: &Command, above: Option<&str>) {
    let name = command.get_name();
    let own = COMMAND_PAGES.iter().find(|(of, _)| *of == name);
    let page = above.or(own.map(|(_, page)| *page));
    let page = page.unwrap_or_else(|| panic!("`{name}` has no page in COMMAND_PAGES"));
    let page = Page::read(page.to_owned());
    assert_described(&page, "command", name);
    for flag in command.get_arguments().filter(|flag| !flag.is_global_set()) {
        assert_flag(&page, name, flag);
    }
    for alias in command.get_visible_aliases() {
        assert_described(&page, "alias", alias);
    }
    for part in command.get_subcommands() {
        check_command(part, Some(&page.name));
    }
}

#[test]
fn every_command_and_flag_is_on_its_page() {
    let program = Arguments::command();
    for command in program.get_subcommands() {
        check_command(command, None);
    }
    let general = Page::read("docs/commands.md".to_owned());
    let chat = Page::read("docs/chat.md".to_owned());
    for flag in program.get_arguments() {
        let page = if flag.is_global_set() {
            &general
        } else {
            &chat
        };
        assert_flag(page, "ollacode", flag);
    }
}

#[test]
fn every_tool_is_described() {
    let page = Page::read("docs/chat.md".to_owned());
    for tool in Toolbox::builtin().specs(ToolSet::All) {
        assert_described(&page, "tool", &tool.name);
    }
}

/// The text of every source of the project, tests included.
fn sources() -> String {
    let mut pending = [
        "src",
        "tests",
        "indexer/src",
        "indexer/tests",
        "secrets/src",
        "store/src",
        "store/tests",
    ]
    .map(|folder| root().join(folder))
    .to_vec();
    let mut text = String::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).expect("a source"));
            }
        }
    }
    text
}

#[test]
fn files_and_tests_that_pages_name_exist() {
    let sources = sources();
    let folders = [
        "src/",
        "indexer/",
        "secrets/",
        "store/",
        "tests/",
        "benches/",
        "docs/",
        "packaging/",
        ".ci/",
    ];
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    for page in all_pages() {
        if page.name == "CHANGELOG.md" {
            continue;
        }
        for code in &page.code {
            // A citation has line numbers after its path.
            let path = code.split(':').next().unwrap_or_default();
            let is_path = folders.iter().any(|folder| path.starts_with(folder));
            if is_path && !path.contains(['*', '<', ' ']) {
                let exists = root().join(path).exists();
                assert!(exists, "{} names `{code}`, which does not exist", page.name);
            }
            // A name of many words is the name of a test.
            if code.split('_').filter(|word| !word.is_empty()).count() >= 4
                && code.chars().all(is_word)
            {
                let exists = sources.contains(&format!("fn {code}("));
                assert!(
                    exists,
                    "{} names the test `{code}`, which does not exist",
                    page.name
                );
            }
        }
    }
}
