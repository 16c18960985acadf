//! Workflows of GitHub Actions, and of what is like it.

use super::super::files::resolve;
use super::super::yaml::Yaml;
use super::{CiFile, Script, is_rare};

/// Longest line of a script, in bytes: longer ones are no command of a project.
const LONGEST_LINE: usize = 4_000;
/// Most steps of a job.
const MOST_STEPS: usize = 100;

/// Where expressions get their values.
struct Values<'y> {
    matrix: Vec<(&'y str, &'y Yaml)>,
    /// What only some combinations have.
    included: Vec<&'y str>,
    /// The environments of the workflow, the job and the step.
    env: Vec<&'y Yaml>,
}

/// Events that run a workflow at each change, or for one that does.
const CHANGES: &[&str] = &[
    "push",
    "pull_request",
    "pull_request_target",
    "merge_group",
    "workflow_call",
];

pub(super) fn read(file: &mut CiFile<'_, '_>, workflow: &Yaml) {
    file.is_aside |= !runs_at_changes(workflow) || workflow.get("env").is_some_and(is_special);
    let jobs = workflow.get("jobs").map(Yaml::entries).unwrap_or_default();
    for (name, job) in jobs.iter().take(100) {
        read_job(file, workflow, name, job);
    }
}

/// Whether changes start a workflow, rather than a clock or a person; so if it does not say.
fn runs_at_changes(workflow: &Yaml) -> bool {
    let Some(on) = workflow.get("on") else {
        return true;
    };
    // What only tags start makes a release.
    let is_release = |event: &Yaml| event.get("tags").is_some() && event.get("branches").is_none();
    let events = on.entries().iter().filter(|(_, event)| !is_release(event));
    let names = events.map(|(name, _)| name.as_str());
    let mut names = names.chain(on.texts());
    names.any(|name| CHANGES.contains(&name))
}

fn read_job(file: &mut CiFile<'_, '_>, workflow: &Yaml, name: &str, job: &Yaml) {
    let env: Vec<&Yaml> = [job.get("env"), workflow.get("env")]
        .into_iter()
        .flatten()
        .collect();
    let mut values = Values {
        matrix: matrix(job),
        included: included(job),
        env,
    };
    let system = job.get("runs-on").map(Yaml::texts).unwrap_or_default();
    let is_other = system
        .iter()
        .any(|name| name.contains("windows") || name.contains("macos"));
    let may_fail = job.text_at("continue-on-error") == Some("true");
    let condition = job.text_at("if").unwrap_or_default();
    let steps = steps_of(job);
    let checkout = checkout(&steps, &values);
    let is_ours = !has_other_at_root(&steps);
    let builds_other = job.get("env").is_some_and(is_special);
    let default = [job, workflow].iter().find_map(|level| {
        level
            .get("defaults")?
            .get("run")?
            .text_at("working-directory")
    });
    for step in steps {
        note_setup(file, step);
        let Some(run) = step.text_at("run") else {
            continue;
        };
        if is_rare(step.text_at("if").unwrap_or_default()) {
            continue;
        }
        let own = step.get("env").map(|env| values.environment(env));
        if let Some(own) = own {
            values.env.insert(0, own);
        }
        let given = step.text_at("working-directory").or(default).unwrap_or("");
        let is_within = !checkout.is_empty() && given.contains(&checkout);
        let folder = folder_of(given, &checkout, &values).filter(|_| is_ours || is_within);
        if let Some(folder) = folder.filter(|folder| file.files.has_folder(folder)) {
            let lines = file.lines(run).into_iter();
            let lines = lines.map(|line| values.line(line).unwrap_or_else(|| "#".to_owned()));
            let script = Script {
                job: name,
                folder,
                text: lines.collect::<Vec<_>>().join("\n"),
                is_aside: is_other
                    || may_fail
                    || is_rare(condition)
                    || builds_other
                    || own.is_some_and(is_special),
            };
            file.take(script);
        }
        if own.is_some() {
            values.env.remove(0);
        }
    }
}

/// The steps of a job, with those that run side by side.
fn steps_of(job: &Yaml) -> Vec<&Yaml> {
    let steps = job.get("steps").map(Yaml::items).unwrap_or_default().iter();
    let single = steps.flat_map(|step| match step.get("parallel") {
        Some(inner) => inner.items(),
        None => std::slice::from_ref(step),
    });
    single.take(MOST_STEPS).collect()
}

/// Whether another repository is checked out where ours would be: what runs there is not ours.
fn has_other_at_root(steps: &[&Yaml]) -> bool {
    steps.iter().any(|step| {
        let uses = step.text_at("uses").unwrap_or_default();
        let with = |key: &str| step.get("with").and_then(|with| with.text_at(key));
        let is_other = with("repository").is_some_and(|name| !name.contains("github."));
        uses.starts_with("actions/checkout") && is_other && with("path").is_none()
    })
}

/// Whether an environment makes the compiler build something else: the same command without it does
/// not do the same.
fn is_special(env: &Yaml) -> bool {
    env.entries().iter().any(|(key, value)| {
        let value = value.text().unwrap_or_default();
        key.ends_with("FLAGS") && (value.contains("--cfg") || value.contains("-Z"))
    })
}

/// The first combination of a matrix: of each list the first value, then what `include` adds.
fn matrix(job: &Yaml) -> Vec<(&str, &Yaml)> {
    let matrix = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"));
    let Some(matrix) = matrix else {
        return Vec::new();
    };
    let lists = matrix
        .entries()
        .iter()
        .filter(|(key, _)| key != "include" && key != "exclude");
    let mut found: Vec<(&str, &Yaml)> = lists
        .filter_map(|(key, list)| Some((key.as_str(), list.items().first()?)))
        .collect();
    let first = matrix
        .get("include")
        .and_then(|include| include.items().first());
    // Where there are lists, what is included adds to some combinations, and not to the first.
    if found.is_empty()
        && let Some(first) = first
    {
        found.extend(
            first
                .entries()
                .iter()
                .map(|(key, value)| (key.as_str(), value)),
        );
    }
    found
}

/// The names that `include` gives values to.
fn included(job: &Yaml) -> Vec<&str> {
    let include = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix")?.get("include"));
    let combinations = include.map(Yaml::items).unwrap_or_default();
    let names = combinations.iter().flat_map(Yaml::entries);
    names.map(|(name, _)| name.as_str()).collect()
}

/// Where the repository is checked out, as the step says.
fn checkout(steps: &[&Yaml], values: &Values<'_>) -> String {
    let is_checkout = |step: &&&Yaml| {
        let uses = step.text_at("uses").unwrap_or_default();
        // Another repository is none of ours.
        uses.starts_with("actions/checkout")
            && step
                .get("with")
                .and_then(|with| with.get("repository"))
                .is_none()
            && step.get("with").and_then(|with| with.get("ref")).is_none()
    };
    let step = steps.iter().find(is_checkout);
    let path = step.and_then(|step| step.get("with")?.text_at("path"));
    values.with_env(path.unwrap_or_default())
}

/// The folder of a step from the root of the repository.
fn folder_of(given: &str, checkout: &str, values: &Values<'_>) -> Option<String> {
    let given = values.with_env(given);
    let mut rest = given.trim_end_matches('/');
    for prefix in [
        "${{ github.workspace }}",
        "${{github.workspace}}",
        "$GITHUB_WORKSPACE",
    ] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    let mut checkout = checkout.trim_end_matches('/');
    for prefix in [
        "${{ github.workspace }}",
        "${{github.workspace}}",
        "$GITHUB_WORKSPACE",
    ] {
        checkout = checkout.strip_prefix(prefix).unwrap_or(checkout);
    }
    let checkout = checkout.trim_start_matches(['/', '.']);
    let rest = rest.trim_start_matches('/');
    let rest = rest
        .strip_prefix(checkout)
        .unwrap_or(rest)
        .trim_start_matches('/');
    let resolved = values.resolved(rest)?;
    resolve("", &resolved)
}

/// Actions that set up a package manager.
fn note_setup(file: &mut CiFile<'_, '_>, step: &Yaml) {
    let uses = step.text_at("uses").unwrap_or_default();
    for (action, manager) in [
        ("pnpm/action-setup", "pnpm"),
        ("oven-sh/setup-bun", "bun"),
        ("astral-sh/setup-uv", "uv"),
        ("pdm-project/setup-pdm", "pdm"),
        ("prefix-dev/setup-pixi", "pixi"),
    ] {
        if uses.starts_with(action) {
            file.note_manager(manager);
        }
    }
    let cache = step.get("with").and_then(|with| with.text_at("cache"));
    file.note_manager(cache.unwrap_or_default());
}

impl<'y> Values<'y> {
    /// The environment of a step: what is written there, or what the matrix has.
    fn environment(&self, env: &'y Yaml) -> &'y Yaml {
        let name = env.text().and_then(|text| {
            let inside = text.trim().strip_prefix("${{")?.strip_suffix("}}")?;
            inside.trim().strip_prefix("matrix.")
        });
        let mut matrix = self.matrix.iter();
        let found = matrix.find(|(key, _)| Some(*key) == name);
        found.map_or(env, |(_, value)| *value)
    }

    /// A line as it runs: resolved, and with the environments of tox that a variable names.
    fn line(&self, line: &str) -> Option<String> {
        let line = self.resolved(line)?;
        let named = self.env.iter().find_map(|env| env.text_at("TOXENV"));
        match named {
            Some(named) if line.trim_end().ends_with("tox") => {
                Some(format!("{} -e {}", line.trim_end(), self.resolved(named)?))
            }
            _ => Some(line),
        }
    }

    /// A text in which expressions of the environment are replaced, and no others.
    fn with_env(&self, text: &str) -> String {
        let mut found = text.to_owned();
        for (key, value) in self.env.iter().flat_map(|env| env.entries()) {
            if let Some(value) = value.text() {
                for form in [
                    format!("${{{{ env.{key} }}}}"),
                    format!("${{{{env.{key}}}}}"),
                ] {
                    if found.len() < 2_000 {
                        found = found.replace(&form, value);
                    }
                }
            }
        }
        found
    }

    /// A line with its expressions and the variables of its environment replaced; `None` if one has
    /// no value that is known.
    fn resolved(&self, line: &str) -> Option<String> {
        if line.len() > LONGEST_LINE {
            return None;
        }
        let mut found = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, behind) = after.split_once("}}")?;
            found.push_str(before);
            found.push_str(&self.value(expression.trim())?);
            rest = behind;
        }
        found.push_str(rest);
        for (key, value) in self.env.iter().flat_map(|env| env.entries()).take(100) {
            let Some(value) = value
                .text()
                .filter(|value| value.len() < 200 && !value.contains("${{"))
            else {
                continue;
            };
            found = with_variable(&found, key, value);
            if found.len() > LONGEST_LINE {
                return None;
            }
        }
        (found.len() <= LONGEST_LINE).then_some(found)
    }

    /// Of alternatives the first one with a value that is not empty, else that of the last one.
    fn value(&self, expression: &str) -> Option<String> {
        let mut value = None;
        for alternative in expression.split("||") {
            value = self.single_value(alternative.trim());
            if value.as_ref().is_some_and(|value| !value.is_empty()) {
                break;
            }
        }
        value
    }

    fn single_value(&self, expression: &str) -> Option<String> {
        if expression.contains(['&', '(', '=', '!', '<', '>']) {
            return None;
        }
        if let Some(text) = expression.strip_prefix('\'') {
            return text.strip_suffix('\'').map(str::to_owned);
        }
        if expression == "github.workspace" {
            return Some(".".to_owned());
        }
        let mut parts = expression.split('.');
        match parts.next()? {
            "matrix" => {
                let name = parts.next()?;
                let Some((_, value)) = self.matrix.iter().find(|(key, _)| *key == name) else {
                    // The first combination has nothing there.
                    return self.included.contains(&name).then(String::new);
                };
                let mut value = *value;
                for part in parts {
                    value = value.get(part)?;
                }
                value.text().map(str::to_owned)
            }
            "env" => {
                let name = parts.next()?;
                let value = self.env.iter().find_map(|env| env.text_at(name))?;
                (!value.contains("${{")).then(|| value.to_owned())
            }
            _ => None,
        }
    }
}

/// A line in which `$NAME` and `${NAME}` are replaced.
fn with_variable(line: &str, name: &str, value: &str) -> String {
    let line = line.replace(&format!("${{{name}}}"), value);
    let plain = format!("${name}");
    let mut found = String::new();
    let mut rest = line.as_str();
    while let Some((before, after)) = rest.split_once(&plain) {
        found.push_str(before);
        let goes_on = after.starts_with(|sign: char| sign == '_' || sign.is_ascii_alphanumeric());
        found.push_str(if goes_on { &plain } else { value });
        rest = after;
    }
    found.push_str(rest);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_the_values_of_the_first_combination() {
        let job = "strategy:\n  matrix:\n    a: [1, 2]\n    b: [{c: x}]\n    include: [{d: 3}]\nenv:\n  E: e\n  F: ${{ x.y }}\n";
        let job = Yaml::parse(job).expect("YAML");
        let values = Values {
            matrix: matrix(&job),
            included: included(&job),
            env: job.get("env").into_iter().collect(),
        };
        for (line, expected) in [
            ("t ${{ matrix.a }} ${{matrix.b.c}}", Some("t 1 x")),
            ("t ${{ matrix.d || '' }}", Some("t ")),
            ("t ${{ matrix.d || matrix.a }}", Some("t 1")),
            ("t ${{ env.E }} $E ${E} $EE", Some("t e e e $EE")),
            ("t ${{ env.F }}", None),
            ("t ${{ secrets.X }}", None),
            ("t ${{ matrix.a == 1 && 'x' || 'y' }}", Some("t y")),
            ("t ${{ github.ref }}", None),
            ("t ${{ matrix.unknown }}", None),
        ] {
            assert_eq!(values.resolved(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_long_chain_of_alternatives_ends() {
        let values = Values {
            matrix: Vec::new(),
            included: Vec::new(),
            env: Vec::new(),
        };
        let chain = "a||".repeat(200_000);
        assert_eq!(values.value(&format!("{chain}'x'")).as_deref(), Some("x"));
        assert_eq!(values.resolved(&format!("t ${{{{ {chain}'x' }}}}")), None);
    }

    #[test]
    fn folders_are_those_of_the_repository() {
        let values = Values {
            matrix: Vec::new(),
            included: Vec::new(),
            env: Vec::new(),
        };
        for (given, checkout, expected) in [
            ("", "", Some("")),
            ("./a/b", "", Some("a/b")),
            ("${{ github.workspace }}/a", "", Some("a")),
            ("src/x", "src/x", Some("")),
            (
                "${{ github.workspace }}/src/${{ github.repository }}",
                "${{ github.workspace }}/src/${{ github.repository }}",
                Some(""),
            ),
            ("${{ inputs.where }}", "", None),
            ("/tmp", "", Some("tmp")),
        ] {
            assert_eq!(
                folder_of(given, checkout, &values).as_deref(),
                expected,
                "{given}"
            );
        }
    }
}
