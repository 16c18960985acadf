//! Tools that run the tests of Python: tox, nox, hatch, and settings in `setup.cfg` and
//! `pytest.ini`.

use serde_json::Value;

use super::super::draft::{Draft, ManifestFile, line_of};
use super::super::facts::CommandKind::{Lint, Test, TypeCheck};
use super::super::facts::Ecosystem::Python;
use super::super::tasks::{Runner, TaskBody};
use super::python::{add_pytest, python_runner};
use super::{keys, parsed_toml, quoted, texts};

/// The sections of a file of settings, each with its keys and values; a value may have several
/// lines.
fn sections(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            found.push((name.to_owned(), Vec::new()));
            continue;
        }
        let Some((_, entries)) = found.last_mut() else {
            continue;
        };
        let is_continued = line.starts_with([' ', '\t']);
        if let Some((_, value)) = entries.last_mut().filter(|_| is_continued) {
            value.push('\n');
            value.push_str(trimmed);
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            entries.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

pub(super) fn read_setup_cfg(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let runner = python_runner(draft, file.folder);
    for (section, entries) in sections(file.text) {
        match section.as_str() {
            "tool:pytest" => add_pytest(draft, file, "[tool:pytest]"),
            "flake8" => draft.set_up(file, Lint, Python, &format!("{runner}flake8"), "[flake8]"),
            "mypy" => {
                let has_files = entries.iter().any(|(key, _)| key == "files");
                let path = if has_files { "" } else { " ." };
                draft.set_up(
                    file,
                    TypeCheck,
                    Python,
                    &format!("{runner}mypy{path}"),
                    "[mypy]",
                );
            }
            _ => {}
        }
        for (key, value) in &entries {
            let is_list = matches!(key.as_str(), "install_requires" | "tests_require")
                || section == "options.extras_require";
            if is_list {
                for line in value.lines() {
                    let end = line
                        .find([' ', '>', '<', '=', '[', ';', '~', '!'])
                        .unwrap_or(line.len());
                    draft.depends(Python, &line[..end].to_ascii_lowercase(), file.path);
                }
            }
        }
    }
}

pub(super) fn read_pytest_ini(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    add_pytest(draft, file, "[pytest]");
}

pub(super) fn read_tox(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut has_environments = false;
    for (section, entries) in sections(file.text) {
        if section == "pytest" {
            add_pytest(draft, file, "[pytest]");
        }
        if section == "flake8" {
            let runner = python_runner(draft, file.folder);
            draft.set_up(file, Lint, Python, &format!("{runner}flake8"), "[flake8]");
        }
        let name = match section.as_str() {
            "testenv" => "",
            other => match other.strip_prefix("testenv:") {
                Some(name) => name,
                None => continue,
            },
        };
        has_environments = true;
        let commands = entries.iter().find(|(key, _)| key == "commands");
        let script = commands
            .map(|(_, value)| plain_tox(value))
            .unwrap_or_default();
        add_environment(draft, file, name, script, &format!("[{section}]"));
    }
    if has_environments {
        let runner = python_runner(draft, file.folder);
        draft.set_up(file, Test, Python, &format!("{runner}tox"), "[testenv]");
    }
}

/// Commands without what tox replaces.
fn plain_tox(commands: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0_u32;
    for sign in commands.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(sign),
            _ => {}
        }
    }
    kept
}

fn add_environment(
    draft: &mut Draft<'_, '_>,
    file: ManifestFile<'_>,
    name: &str,
    script: String,
    what: &str,
) {
    let body = TaskBody {
        script,
        path: file.path.to_owned(),
        line: line_of(file.text, what),
        what: what.to_owned(),
        // The default environments are told of by the reader, with `tox` alone.
        is_hidden: name.is_empty(),
    };
    draft.task(Runner::Tox, file.folder, name, body);
}

/// The settings of tox in `pyproject.toml`.
pub(super) fn add_tox_table(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, tox: &Value) {
    if !tox.is_object() {
        return;
    }
    if let Some(settings) = tox["legacy_tox_ini"].as_str() {
        let inner = ManifestFile {
            text: settings,
            ..file
        };
        return read_tox(draft, inner);
    }
    let script = |environment: &Value| {
        let commands = environment["commands"].as_array().into_iter().flatten();
        let lines: Vec<String> = commands.map(|words| texts(words).join(" ")).collect();
        plain_tox(&lines.join("\n"))
    };
    add_environment(
        draft,
        file,
        "",
        script(&tox["env_run_base"]),
        "[tool.tox.env_run_base]",
    );
    for name in keys(&tox["env"]) {
        let body = script(&tox["env"][name.as_str()]);
        add_environment(draft, file, &name, body, &format!("[tool.tox.env.{name}]"));
    }
    let runner = python_runner(draft, file.folder);
    draft.set_up(file, Test, Python, &format!("{runner}tox"), "tool.tox");
}

/// Scripts of the environments of hatch.
pub(super) fn add_hatch(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>, environments: &Value) {
    for (environment, settings) in environments.as_object().into_iter().flatten() {
        for (name, script) in settings["scripts"].as_object().into_iter().flatten() {
            let script = match script.as_str() {
                Some(script) => script.to_owned(),
                None => texts(script).join("\n"),
            };
            let full = match environment.as_str() {
                "default" => name.clone(),
                other => format!("{other}:{name}"),
            };
            let body = TaskBody {
                script: plain_tox(&script),
                path: file.path.to_owned(),
                line: line_of(file.text, &format!("{name} =")),
                what: format!("scripts.{name}"),
                is_hidden: false,
            };
            draft.task(Runner::Hatch, file.folder, &full, body);
        }
    }
}

pub(super) fn read_hatch(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    if let Some(settings) = parsed_toml(draft, file) {
        add_hatch(draft, file, &settings["envs"]);
    }
}

/// The sessions of a `noxfile.py`: functions below `@nox.session`, with what they `session.run`.
pub(super) fn read_nox(draft: &mut Draft<'_, '_>, file: ManifestFile<'_>) {
    let mut session: Option<(String, String, u32)> = None;
    let mut is_marked = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.starts_with("@nox.session") || line.starts_with("@session") {
            is_marked = true;
        } else if let Some(rest) = line.strip_prefix("def ").filter(|_| is_marked) {
            found.extend(session.take());
            let name = rest.split('(').next().unwrap_or_default();
            session = Some((name.to_owned(), String::new(), number));
            is_marked = false;
        } else if let Some((_, script, _)) = &mut session
            && let Some((_, arguments)) = line.split_once("session.run(")
        {
            script.push_str(&quoted(arguments).join(" "));
            script.push('\n');
        }
    }
    found.extend(session);
    for (name, script, line) in found {
        let body = TaskBody {
            script,
            path: file.path.to_owned(),
            line: Some(line),
            what: format!("session {name}"),
            is_hidden: false,
        };
        draft.task(Runner::Nox, file.folder, &name, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_values_of_several_lines() {
        let text = "[tox]\nenvlist = py\n# c\n[testenv]\ncommands =\n    pytest {posargs:tests}\n    mypy\n";
        let found = sections(text);
        assert_eq!(found[1].0, "testenv");
        assert_eq!(
            found[1].1,
            [(
                "commands".to_owned(),
                "\npytest {posargs:tests}\nmypy".to_owned()
            )]
        );
        assert_eq!(plain_tox("pytest {posargs:{a}} x"), "pytest  x");
    }
}
