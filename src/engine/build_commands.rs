//! How a repository is built and tested, as far as its manifests tell.

use serde_json::Value;

/// Most commands of a kind that are named.
const MOST: usize = 3;

/// Manifests with one command each that builds and that tests.
const MANIFESTS: [(&str, &str, &str); 7] = [
    ("Cargo.toml", "cargo build", "cargo test"),
    ("go.mod", "go build ./...", "go test ./..."),
    ("pom.xml", "mvn compile", "mvn test"),
    ("mix.exs", "mix compile", "mix test"),
    ("Package.swift", "swift build", "swift test"),
    ("build.zig", "zig build", "zig build test"),
    (
        "CMakeLists.txt",
        "cmake -B build && cmake --build build",
        "ctest --test-dir build",
    ),
];

/// Commands that build and that test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BuildCommands {
    pub build: Vec<String>,
    pub test: Vec<String>,
}

impl BuildCommands {
    /// Finds the commands from the names of the files at the root; `read` gives the text of one.
    pub(super) fn of(files: &[&str], read: &dyn Fn(&str) -> Option<String>) -> BuildCommands {
        let has = |name: &str| files.contains(&name);
        let mut commands = BuildCommands::default();
        for (manifest, build, test) in MANIFESTS {
            if has(manifest) {
                commands.add(build, test);
            }
        }
        if has("build.gradle") || has("build.gradle.kts") {
            let gradle = if has("gradlew") {
                "./gradlew"
            } else {
                "gradle"
            };
            commands.add(&format!("{gradle} assemble"), &format!("{gradle} test"));
        }
        if files
            .iter()
            .any(|name| name.ends_with(".sln") || name.ends_with(".csproj"))
        {
            commands.add("dotnet build", "dotnet test");
        }
        let is_python = [
            "pyproject.toml",
            "setup.py",
            "setup.cfg",
            "pytest.ini",
            "tox.ini",
        ];
        if is_python.iter().any(|name| has(name)) {
            commands.add("", "python3 -m pytest");
        }
        if has("package.json")
            && let Some(text) = read("package.json")
        {
            commands.add_scripts(&text, runner(&has));
        }
        if let Some(name) = ["Makefile", "makefile", "GNUmakefile"]
            .into_iter()
            .find(|name| has(name))
            && let Some(text) = read(name)
        {
            commands.add_targets(&text);
        }
        commands.build.truncate(MOST);
        commands.test.truncate(MOST);
        commands
    }

    fn add(&mut self, build: &str, test: &str) {
        let given = |command: &str| (!command.is_empty()).then(|| command.to_owned());
        self.build.extend(given(build));
        self.test.extend(given(test));
    }

    /// The scripts `build` and `test` of a `package.json`, but for the one that only says that
    /// there are no tests.
    fn add_scripts(&mut self, text: &str, runner: &str) {
        let manifest: Value = serde_json::from_str(text).unwrap_or_default();
        let script = |name: &str| manifest["scripts"][name].as_str();
        if script("build").is_some() {
            self.build.push(format!("{runner} run build"));
        }
        if script("test").is_some_and(|script| !script.contains("no test specified")) {
            self.test.push(format!("{runner} test"));
        }
    }

    /// The targets `build`, `test` and `check` of a makefile.
    fn add_targets(&mut self, text: &str) {
        let has = |target: &str| {
            text.lines().any(|line| {
                let rest = line.strip_prefix(target).map(str::trim_start);
                rest.is_some_and(|rest| rest.starts_with(':') && !rest.starts_with(":="))
            })
        };
        if has("build") {
            self.build.push("make build".to_owned());
        } else if self.build.is_empty() {
            self.build.push("make".to_owned());
        }
        if let Some(target) = ["test", "check"].into_iter().find(|target| has(target)) {
            self.test.push(format!("make {target}"));
        }
    }
}

/// The program that runs scripts, by the lock file beside them.
fn runner(has: &dyn Fn(&str) -> bool) -> &'static str {
    if has("pnpm-lock.yaml") {
        "pnpm"
    } else if has("yarn.lock") {
        "yarn"
    } else if has("bun.lock") || has("bun.lockb") {
        "bun"
    } else {
        "npm"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::proof::test_runs::{can_run_tests, ends_as_tests};

    fn commands(files: &[(&str, &str)]) -> (String, String) {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let read = |wanted: &str| {
            let mut files = files.iter();
            let found = files.find(|(name, _)| *name == wanted);
            found.map(|(_, text)| (*text).to_owned())
        };
        let BuildCommands { build, test } = BuildCommands::of(&names, &read);
        (build.join(", "), test.join(", "))
    }

    #[test]
    fn commands_are_those_of_the_manifests() {
        let scripts = r#"{"scripts": {"build": "tsc", "test": "vitest"}}"#;
        let none = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
        for (files, build, test) in [
            (vec![], "", ""),
            (vec![("Cargo.toml", "")], "cargo build", "cargo test"),
            (vec![("pyproject.toml", "")], "", "python3 -m pytest"),
            (
                vec![("package.json", scripts), ("pnpm-lock.yaml", "")],
                "pnpm run build",
                "pnpm test",
            ),
            (vec![("package.json", none)], "", ""),
            (vec![("package.json", "not JSON")], "", ""),
            (
                vec![
                    ("go.mod", ""),
                    ("Makefile", "test: all\n\tgo test\nbuild := x\n"),
                ],
                "go build ./...",
                "go test ./..., make test",
            ),
            (vec![("Makefile", "all:\n\tcc a.c\n")], "make", ""),
            (
                vec![("build.gradle.kts", ""), ("gradlew", "")],
                "./gradlew assemble",
                "./gradlew test",
            ),
        ] {
            let found = commands(&files);
            assert_eq!(found, (build.to_owned(), test.to_owned()), "{files:?}");
        }
    }

    #[test]
    fn every_test_command_counts_as_a_run_of_tests() {
        let scripts = r#"{"scripts": {"test": "vitest"}}"#;
        let mut all: Vec<Vec<(&str, &str)>> = MANIFESTS
            .iter()
            .map(|(manifest, _, _)| vec![(*manifest, "")])
            .collect();
        all.extend([
            vec![("build.gradle", "")],
            vec![("build.gradle", ""), ("gradlew", "")],
            vec![("a.csproj", "")],
            vec![("setup.py", "")],
            vec![("Makefile", "test:\n")],
            vec![("Makefile", "check:\n")],
            vec![("package.json", scripts)],
        ]);
        for lock in ["pnpm-lock.yaml", "yarn.lock", "bun.lock"] {
            all.push(vec![("package.json", scripts), (lock, "")]);
        }
        for files in all {
            let (_, test) = commands(&files);
            assert!(can_run_tests(&test) && ends_as_tests(&test), "{files:?}");
        }
    }
}
