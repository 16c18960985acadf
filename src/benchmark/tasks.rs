//! The tasks: what a code agent does all day, each with what tells whether it was done.

use std::collections::BTreeMap;

use super::checks::{ArgumentTest, EditForm, Want};
use super::material::{Function, Material, words_of};

/// How many tasks there are.
pub const COUNT: usize = 12;

/// Added to a name that is to be changed.
const SUFFIX: &str = "_renamed";
/// Lines that are read at once.
const LINES: u32 = 5;
/// A function that is nowhere; letters are added until that is so.
const NOWHERE: &str = "reticulate_splines";
/// The file that is created, and what is to be in it.
const NOTE: (&str, &str) = ("checklist.txt", "- read\n- check\n");

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// As it is shown and stored.
    pub name: &'static str,
    /// The question to the agent.
    pub prompt: String,
    /// What the answer and the calls must be like.
    pub wants: Vec<Want>,
    /// The files that must be different afterwards, and their texts. All others must be as before.
    pub changes: BTreeMap<String, String>,
}

impl Task {
    fn new(name: &'static str, prompt: String, wants: Vec<Want>) -> Task {
        Task {
            name,
            prompt,
            wants,
            changes: BTreeMap::new(),
        }
    }

    fn changing<'a>(self, changes: impl IntoIterator<Item = (&'a str, String)>) -> Task {
        let changes = changes.into_iter();
        Task {
            changes: changes
                .map(|(path, text)| (path.to_owned(), text))
                .collect(),
            ..self
        }
    }
}

/// All tasks, those that tell most first: time may not last for all.
pub fn tasks(material: &Material) -> Vec<Task> {
    let functions = &material.functions;
    let at = |index: usize| &functions[index % functions.len()];
    vec![
        search(at(0)),
        edit(material, at(2)),
        definition(at(1)),
        whole_file(material),
        lines(material, at(0)),
        diff(material, at(3)),
        stop(at(1)),
        form(at(2)),
        containing(at(0)),
        nowhere(material),
        create(),
        two_files(material),
    ]
}

fn search(function: &Function) -> Task {
    let Function { name, path, .. } = function;
    let ending = path.rsplit_once('.').map_or("*", |(_, ending)| ending);
    let glob = format!("*.{ending}");
    let prompt = format!(
        "Call `grep_search` to search for `{name}` in the files `{glob}`, and say in one sentence \
         what it found."
    );
    let arguments = vec![
        ("regex", ArgumentTest::Has(name.clone())),
        ("glob", ArgumentTest::Has(glob)),
    ];
    let wants = vec![Want::Called {
        tool: "grep_search",
        arguments,
    }];
    Task::new("call-arguments", prompt, wants)
}

fn definition(function: &Function) -> Task {
    let Function {
        name,
        path,
        start_line,
        line,
        ..
    } = function;
    let prompt =
        format!("Where is `{name}` defined? Answer with the path and the line, as `path:line`.");
    let wants = vec![Want::Cites {
        path: path.clone(),
        lines: *start_line..=*line,
    }];
    Task::new("find-definition", prompt, wants)
}

/// The order to rename a function where it is defined, and nowhere else.
fn rename_order(function: &Function) -> String {
    let Function {
        name,
        path,
        line,
        head,
        ..
    } = function;
    format!(
        "Rename the function `{name}` to `{name}{SUFFIX}` in `{path}`, only in the line that defines \
         it, and change nothing else. It is line {line}: `{head}`."
    )
}

/// The text of a file in which a function has its new name where it is defined.
fn renamed(material: &Material, function: &Function) -> String {
    let rename = |line: &str| {
        let mut places = line.match_indices(&function.name).map(|(at, _)| at);
        let is_whole = |at: &usize| {
            let rest = &line[*at..];
            let before = line[..*at].chars().next_back();
            words_of(rest).next() == Some(function.name.as_str())
                && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        };
        let mut changed = line.to_owned();
        if let Some(at) = places.find(is_whole) {
            changed.insert_str(at + function.name.len(), SUFFIX);
        }
        changed
    };
    let lines = (1..).zip(material.text(&function.path).lines());
    lines
        .map(|(number, line): (u32, &str)| {
            let line = if number == function.line {
                rename(line)
            } else {
                line.to_owned()
            };
            line + "\n"
        })
        .collect()
}

fn edit(material: &Material, function: &Function) -> Task {
    let prompt = format!("{} Use `edit_file`.", rename_order(function));
    let wants = vec![Want::Form(EditForm::Replace)];
    Task::new("edit-search-replace", prompt, wants)
        .changing([(function.path.as_str(), renamed(material, function))])
}

fn whole_file(material: &Material) -> Task {
    let function = &material.whole;
    let prompt = format!(
        "{} Read the file, then write all of it with `write_file`.",
        rename_order(function)
    );
    let wants = vec![Want::Form(EditForm::WholeFile)];
    Task::new("edit-whole-file", prompt, wants)
        .changing([(function.path.as_str(), renamed(material, function))])
}

fn diff(material: &Material, function: &Function) -> Task {
    let prompt = format!(
        "{} Call no tool for it: write the change as a unified diff, in one block in the language \
         `diff`, with the lines `--- a/{path}` and `+++ b/{path}` at its top.",
        rename_order(function),
        path = function.path
    );
    let wants = vec![Want::Form(EditForm::Diff)];
    Task::new("edit-diff", prompt, wants)
        .changing([(function.path.as_str(), renamed(material, function))])
}

fn lines(material: &Material, function: &Function) -> Task {
    let Function {
        path, line, head, ..
    } = function;
    let all = u32::try_from(material.text(path).lines().count()).unwrap_or(u32::MAX);
    let first = (*line).min(all.saturating_sub(LINES - 1)).max(1);
    let last = first + LINES - 1;
    let prompt = format!(
        "Call `read_file` to read the lines {first} to {last} of `{path}`, and repeat line {line} \
         exactly."
    );
    let arguments = vec![
        ("path", ArgumentTest::Path(path.clone())),
        ("start_line", ArgumentTest::Number(u64::from(first))),
        ("end_line", ArgumentTest::Number(u64::from(last))),
    ];
    let called = Want::Called {
        tool: "read_file",
        arguments,
    };
    let wants = vec![called, Want::HasText(head.clone())];
    Task::new("read-lines", prompt, wants)
}

fn stop(function: &Function) -> Task {
    let path = &function.path;
    let prompt = format!(
        "Read `{path}` once with `read_file`. Then answer with the one word DONE, and do nothing \
         else."
    );
    let called = Want::Called {
        tool: "read_file",
        arguments: vec![("path", ArgumentTest::Path(path.clone()))],
    };
    let wants = vec![
        called,
        Want::MostCalls(2),
        Want::Lines(vec!["DONE".to_owned()]),
    ];
    Task::new("stop-when-done", prompt, wants)
}

fn form(function: &Function) -> Task {
    let Function { name, path, .. } = function;
    let prompt = format!(
        "Answer with exactly two lines and nothing else. The first line is the path of the file that \
         defines `{name}`, the second line is the word READY."
    );
    let wants = vec![Want::Lines(vec![path.clone(), "READY".to_owned()])];
    Task::new("follow-form", prompt, wants)
}

fn containing(function: &Function) -> Task {
    let prompt = format!(
        "Which function in `{}` contains the line `{}`? Answer with its name only.",
        function.path, function.telling
    );
    let wants = vec![Want::Names(function.name.clone())];
    Task::new("find-function", prompt, wants)
}

fn nowhere(material: &Material) -> Task {
    let mut name = NOWHERE.to_owned();
    while material.files.iter().any(|file| file.text.contains(&name)) {
        name.push('s');
    }
    let prompt = format!(
        "In which file is the function `{name}` defined? If it is defined nowhere, say that it is \
         not found."
    );
    Task::new("no-invention", prompt, vec![Want::Denies])
}

fn create() -> Task {
    let (path, text) = NOTE;
    let lines: Vec<String> = text.lines().map(|line| format!("`{line}`")).collect();
    let prompt = format!(
        "Create the file `{path}` with exactly these two lines: {}.",
        lines.join(" and ")
    );
    Task::new("create-file", prompt, Vec::new()).changing([(path, text.to_owned())])
}

fn two_files(material: &Material) -> Task {
    let functions = &material.functions;
    let first = &functions[0];
    let second = functions.iter().find(|other| other.path != first.path);
    let second = second.unwrap_or(&material.whole);
    let prompt = format!(
        "Two changes. First: {} Second: {}",
        rename_order(first),
        rename_order(second)
    );
    let changes = [first, second].map(|it| (it.path.as_str(), renamed(material, it)));
    Task::new("edit-two-files", prompt, Vec::new()).changing(changes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_are_twelve_tasks_and_three_forms_of_edits() {
        let tasks = tasks(&Material::sample());
        let names: BTreeSet<&str> = tasks.iter().map(|task| task.name).collect();
        assert_eq!((tasks.len(), names.len()), (COUNT, COUNT));
        for form in [EditForm::Replace, EditForm::WholeFile, EditForm::Diff] {
            let has_form = |task: &&Task| task.wants.contains(&Want::Form(form));
            assert_eq!(tasks.iter().filter(has_form).count(), 1, "{form:?}");
        }
        for task in &tasks {
            assert!(!task.wants.is_empty() || !task.changes.is_empty());
        }
    }

    #[test]
    fn a_change_is_one_line_of_a_file() {
        let material = Material::sample();
        for task in tasks(&material) {
            for (path, text) in &task.changes {
                let before = material.text(path);
                if before.is_empty() {
                    assert_eq!(task.name, "create-file");
                    continue;
                }
                let lines = before.lines().zip(text.lines());
                let changed: Vec<_> = lines.filter(|(old, new)| old != new).collect();
                assert_eq!(changed.len(), 1, "{}: {changed:?}", task.name);
                let (old, new) = changed[0];
                assert_eq!(new.replace(SUFFIX, ""), old);
                assert!(task.prompt.contains(old.trim()), "{}", task.prompt);
                assert_eq!(before.lines().count(), text.lines().count());
            }
        }
    }

    #[test]
    fn prompts_name_what_is_there() {
        let material = Material::sample();
        insta::assert_snapshot!(
            tasks(&material)
                .iter()
                .map(|task| format!("{}\n  {}\n", task.name, task.prompt))
                .collect::<String>()
        );
        let at = |name: &str| {
            let all = tasks(&material);
            let found = all.into_iter().find(|task| task.name == name);
            found.unwrap_or_else(|| panic!("there is no task {name}"))
        };
        let cites = Want::Cites {
            path: "shop/orders.py".to_owned(),
            lines: 6..=6,
        };
        assert_eq!(at("find-definition").wants, [cites]);
        let names = Want::Names("price_with_tax".to_owned());
        assert_eq!(at("find-function").wants, [names]);
    }
}
