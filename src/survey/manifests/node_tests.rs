//! How one test of a package of JavaScript is run.

use serde_json::Value;

use super::node::scripts_of;
use crate::survey::shell;

/// Runners of tests, and their arguments for one test.
const RUNNERS: &[(&str, &str)] = &[
    ("vitest", "{file} -t \"{name}\""),
    ("jest", "{file} -t \"{name}\""),
    ("playwright", "{file} -g \"{name}\""),
    ("ava", "{file} --match \"{name}\""),
    ("mocha", "--grep \"{name}\""),
    ("jasmine", "{file} --filter=\"{name}\""),
    ("react-scripts", "{file} -t \"{name}\""),
    ("node", "--test-name-pattern=\"{name}\""),
];

/// The command line that runs one test: by the script `test`, if that only runs a runner of tests;
/// else by the runner that is depended on.
pub(super) fn one_test(manifest: &Value, manager: &str, exec: &str) -> Option<String> {
    let script = scripts_of(manifest)
        .into_iter()
        .find(|(name, _)| *name == "test");
    if let Some((_, script)) = script
        && let Some((runner, arguments)) = runner_of(script)
    {
        let call = match manager {
            "npm" => "npm test --",
            "bun" => "bun run test",
            "yarn" => "yarn test",
            _ => "pnpm test",
        };
        // `node --test` with files in the script would run all of them: the name tells.
        return Some(format!(
            "{call} {}",
            arguments_of(runner, script, arguments)
        ));
    }
    if manager == "bun" && script.is_none_or(|(_, script)| script.starts_with("bun test")) {
        return Some("bun test {file} -t \"{name}\"".to_owned());
    }
    let depends_on = |name: &str| {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|section| manifest[*section].get(name).is_some())
    };
    let (runner, arguments) = RUNNERS.iter().find(|(runner, _)| depends_on(runner))?;
    match *runner {
        "vitest" => Some(format!("{exec} vitest run {arguments}")),
        "mocha" => Some(format!("{exec} mocha {{file}} {arguments}")),
        _ => Some(format!("{exec} {runner} {arguments}")),
    }
}

fn arguments_of(runner: &str, script: &str, arguments: &str) -> String {
    // Vitest without `run` watches the files and never ends, where a terminal is.
    let watches =
        runner == "vitest" && !script.contains("run") && !script.contains("--watch=false");
    if watches {
        format!("--run {arguments}")
    } else {
        arguments.to_owned()
    }
}

/// The runner that a script ends with: arguments that are added reach it.
fn runner_of(script: &str) -> Option<(&'static str, &'static str)> {
    let last = script.rsplit("&&").next().unwrap_or(script);
    if last.contains(['|', ';', '>']) {
        return None;
    }
    let words = shell::words(last);
    let program = words.iter().find(|word| {
        let is_wrapper = matches!(
            word.as_str(),
            "npx" | "pnpm" | "yarn" | "exec" | "cross-env" | "nyc" | "c8" | "bunx"
        );
        !is_wrapper && !word.contains('=') && !word.starts_with('-')
    })?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let by_node = || {
        let path = words
            .iter()
            .find(|word| word.contains("/jest") || word.contains("/mocha"))?;
        Some(if path.contains("/jest") {
            "jest"
        } else {
            "mocha"
        })
    };
    let name = match name {
        "node" if words.iter().any(|word| word == "--test") => "node",
        "node" => by_node()?,
        name => name,
    };
    RUNNERS.iter().find(|(runner, _)| *runner == name).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_test_is_run_by_the_script_where_arguments_reach_the_runner() {
        let script = |script: &str| json!({"scripts": {"test": script}});
        for (manifest, manager, expected) in [
            (
                script("jest"),
                "npm",
                Some("npm test -- {file} -t \"{name}\""),
            ),
            (
                script("vitest run"),
                "pnpm",
                Some("pnpm test {file} -t \"{name}\""),
            ),
            (
                script("vitest"),
                "yarn",
                Some("yarn test --run {file} -t \"{name}\""),
            ),
            (
                script("xo && ava"),
                "npm",
                Some("npm test -- {file} --match \"{name}\""),
            ),
            (
                script("mocha --check-leaks test/"),
                "npm",
                Some("npm test -- --grep \"{name}\""),
            ),
            (
                script("node --experimental-vm-modules ./node_modules/jest/bin/jest.js"),
                "npm",
                Some("npm test -- {file} -t \"{name}\""),
            ),
            (script("jest && echo done"), "npm", None),
            (script("turbo run test"), "npm", None),
            (
                json!({"scripts": {"test": "turbo test"}, "devDependencies": {"vitest": "1"}}),
                "npm",
                Some("npx vitest run {file} -t \"{name}\""),
            ),
            (
                json!({"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}),
                "npm",
                None,
            ),
        ] {
            let found = one_test(&manifest, manager, "npx");
            assert_eq!(found.as_deref(), expected, "{manifest}");
        }
    }
}
