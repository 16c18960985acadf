//! Runners of tasks: make, just and task.

use super::super::draft::{Draft, ManifestFile};
use super::super::files::join;
use super::super::tasks::{LONGEST_SCRIPT, Runner, TaskBody};
use super::super::yaml::Yaml;

/// Most targets of a file.
const MOST: usize = 500;

/// A target of a makefile.
struct Target {
    name: String,
    line: u32,
    needs: String,
    recipe: String,
}

pub(super) fn read_makefile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let (targets, phony) = targets(file.text);
    let is_phony = |name: &str| phony.iter().any(|known| known == name);
    let mut default = None;
    for target in &targets {
        let is_default = default.is_none() && !target.name.starts_with('.');
        if is_default {
            default = Some(target);
        }
        if makes_file(draft, file.folder, target, is_phony(&target.name)) {
            continue;
        }
        draft.task(
            Runner::Make,
            file.folder,
            &target.name,
            body_of(file, target, &targets),
        );
    }
    if let Some(target) = default {
        let body = TaskBody {
            what: format!("default target {}", target.name),
            is_hidden: true,
            ..body_of(file, target, &targets)
        };
        draft.task(Runner::Make, file.folder, "", body);
    }
}

/// What a target runs: the targets that it needs, then its recipe.
fn body_of(file: ManifestFile<'_>, target: &Target, all: &[Target]) -> TaskBody {
    let mut script = String::new();
    for need in target.needs.split_whitespace().take(50) {
        if all.iter().any(|other| other.name == need) {
            script.push_str(&format!("make {need}\n"));
        }
    }
    script.push_str(&target.recipe);
    TaskBody {
        script,
        path: file.path.to_owned(),
        line: Some(target.line),
        what: format!("target {}", target.name),
        is_hidden: false,
    }
}

/// Whether a target is a file that is made, not a task: its recipe writes it, or it is there and
/// nothing says that it is none, so that make finds it up to date.
fn makes_file(draft: &Draft<'_, '_>, folder: &str, target: &Target, is_phony: bool) -> bool {
    if is_phony {
        return false;
    }
    let path = join(folder, &target.name);
    let is_there = draft.files.has(&path) || draft.files.has_folder(&path);
    let output = format!("-o {}", target.name);
    let writes = |line: &str| {
        line.contains("-o $@")
            || line.contains("> $@")
            || line.trim_end().ends_with(&output)
            || line.contains(&format!("{output} "))
    };
    (is_there && target.needs.is_empty()) || target.recipe.lines().any(writes)
}

/// The targets of a makefile, and the names that are phony.
fn targets(text: &str) -> (Vec<Target>, Vec<String>) {
    let mut found: Vec<Target> = Vec::new();
    let mut phony = Vec::new();
    let (mut is_defining, mut is_phony) = (false, false);
    // The targets to which the recipe belongs.
    let mut group = 0;
    for (number, line) in (1_u32..).zip(text.lines()) {
        if line.starts_with("define ") {
            is_defining = true;
        } else if line.starts_with("endef") {
            is_defining = false;
        }
        if is_defining || line.starts_with('#') {
            continue;
        }
        if is_phony {
            is_phony = line.ends_with('\\');
            phony.extend(names_of(line));
            continue;
        }
        if let Some(recipe) = line.strip_prefix('\t') {
            let recipe = plain(recipe);
            for target in &mut found[group..] {
                // One that is too long is left out later; a line with many targets would copy it.
                if target.recipe.len() <= LONGEST_SCRIPT {
                    target.recipe.push_str(&recipe);
                    target.recipe.push('\n');
                }
            }
            continue;
        }
        let Some((names, rest)) = line.split_once(':') else {
            continue;
        };
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        if rest.starts_with('=') || names.contains('=') {
            continue;
        }
        if names.trim() == ".PHONY" {
            is_phony = rest.ends_with('\\');
            phony.extend(names_of(rest));
            continue;
        }
        let needs = rest
            .split(['#', ';', '|'])
            .next()
            .unwrap_or_default()
            .trim();
        group = found.len();
        for name in names
            .split_whitespace()
            .filter(|name| !name.contains(['%', '$']))
        {
            if found.len() < MOST {
                found.push(Target {
                    name: name.to_owned(),
                    line: number,
                    // Variables of a target are set behind its name, too.
                    needs: if needs.contains('=') {
                        String::new()
                    } else {
                        needs.to_owned()
                    },
                    recipe: String::new(),
                });
            }
        }
    }
    (found, phony)
}

fn names_of(line: &str) -> impl Iterator<Item = String> {
    line.trim_end_matches('\\')
        .split_whitespace()
        .map(str::to_owned)
}

/// A line of a recipe as shell: without what make takes out, variables of make that name itself or
/// usual programs resolved.
fn plain(recipe: &str) -> String {
    recipe
        .trim_start_matches(['@', '-', '+', ' '])
        .replace("$(MAKE)", "make")
        .replace("${MAKE}", "make")
        .replace("$(GO)", "go")
        .replace("$(CARGO)", "cargo")
        .replace("$(PYTHON)", "python")
        .replace("$(NPM)", "npm")
        .replace("$$", "$")
}

pub(super) fn read_justfile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut found: Vec<(String, u32, String)> = Vec::new();
    let mut is_private = false;
    for (number, line) in (1_u32..).zip(file.text.lines()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, _, script)) = found.last_mut() {
                script.push_str(line.trim().trim_start_matches(['@', '-']));
                script.push('\n');
            }
            continue;
        }
        if line.starts_with('[') {
            is_private = line.contains("private");
            continue;
        }
        let begins = line.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '@');
        let head = line
            .split_once(':')
            .filter(|(_, rest)| begins && !rest.starts_with('='));
        let Some((head, needs)) = head else {
            continue;
        };
        let mut words = head.trim_start_matches('@').split_whitespace();
        let name = words.next().unwrap_or_default();
        let is_word = matches!(name, "set" | "alias" | "export" | "import" | "mod");
        // One that wants arguments cannot be run as it is.
        let wants = words.any(|word| !word.contains('=') && !word.starts_with('*'));
        if is_word || wants || std::mem::take(&mut is_private) || found.len() >= MOST {
            continue;
        }
        let needs = needs
            .split_whitespace()
            .take(50)
            .map(|need| format!("just {need}\n"));
        found.push((name.to_owned(), number, needs.collect()));
    }
    for (name, line, script) in found {
        let body = TaskBody {
            script,
            path: file.path.to_owned(),
            line: Some(line),
            what: format!("recipe {name}"),
            is_hidden: false,
        };
        draft.task(Runner::Just, file.folder, &name, body);
    }
}

pub(super) fn read_taskfile(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let yaml = match Yaml::parse(file.text) {
        Ok(yaml) => yaml,
        Err(error) => return draft.files.unread(file.path, &format!("no YAML: {error}")),
    };
    for (name, task) in yaml.get("tasks").map(Yaml::entries).unwrap_or_default() {
        let mut script = String::new();
        let commands = task.get("cmds").or_else(|| task.get("cmd")).unwrap_or(task);
        for need in task.get("deps").map(Yaml::texts).unwrap_or_default() {
            script.push_str(&format!("task {need}\n"));
        }
        for command in commands.texts() {
            script.push_str(command);
            script.push('\n');
        }
        for command in commands.items() {
            if let Some(other) = command.text_at("task") {
                script.push_str(&format!("task {other}\n"));
            }
            script.push_str(command.text_at("cmd").unwrap_or_default());
            script.push('\n');
        }
        let sign = format!("  {name}:");
        let line = file.text.lines().position(|line| line.starts_with(&sign));
        let body = TaskBody {
            script,
            path: file.path.to_owned(),
            line: line.and_then(|line| u32::try_from(line + 1).ok()),
            what: format!("task {name}"),
            is_hidden: task.text_at("internal") == Some("true"),
        };
        draft.task(Runner::Task, file.folder, name, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_from_assignments_and_patterns() {
        let text = ".PHONY: test \\\n  lint\nX := 1\nY ::= 2\ntest: build ## runs\n\t@go test\n\
                    \t-$(MAKE) x\n%.o: %.c\n\tcc\nbuild lint:\n\tgo build\nt: V = 1\n";
        let (found, phony) = targets(text);
        let names: Vec<&str> = found.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["test", "build", "lint", "t"]);
        assert_eq!(phony, ["test", "lint"]);
        assert_eq!(found[0].needs, "build");
        assert_eq!(found[0].recipe, "go test\nmake x\n");
        assert_eq!(found[1].recipe, "go build\n");
        assert_eq!(found[2].recipe, "go build\n");
    }
}
