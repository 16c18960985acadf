//! Programs that build or test, and write their output: running them read-only would cost as much
//! as the build and fail at its end.

use super::{network_or_git, words};

/// Such programs with their building subcommands; none if they always build.
const BUILDING: &[(&str, &[&str])] = &[
    ("bazel", &["build", "run", "test"]),
    ("bun", PACKAGES),
    (
        "cargo",
        &[
            "b", "bench", "build", "c", "check", "clippy", "doc", "fix", "fmt", "install",
            "nextest", "r", "run", "t", "test",
        ],
    ),
    ("cmake", &[]),
    ("dotnet", &["build", "publish", "restore", "run", "test"]),
    (
        "go",
        &["build", "generate", "install", "run", "test", "vet"],
    ),
    ("gradle", &[]),
    ("gradlew", &[]),
    ("make", &[]),
    ("meson", &["compile", "install", "setup", "test"]),
    ("mix", &["compile", "test"]),
    ("mvn", &[]),
    ("mvnw", &[]),
    ("ninja", &[]),
    ("npm", PACKAGES),
    ("pnpm", PACKAGES),
    ("sbt", &[]),
    ("swift", &["build", "run", "test"]),
    ("yarn", PACKAGES),
    ("zig", &["build", "run", "test"]),
];
const PACKAGES: &[&str] = &[
    "add", "build", "ci", "exec", "i", "install", "remove", "run", "start", "t", "test", "update",
];

/// With these options a program only prints something.
const SAYING: &[&str] = &[
    "--help",
    "-h",
    "--version",
    "-V",
    "-v",
    "-n",
    "--dry-run",
    "--just-print",
];

/// The program of a command that builds, if there is one.
pub(in crate::permission) fn building(command: &str) -> Option<&'static str> {
    let vectors = words::vectors(command);
    let exact = vectors.iter().flatten().filter_map(|vector| {
        let (program, arguments) = vector.words.split_first()?;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Some((program.as_str(), arguments))
    });
    let guessed = vectors.is_none().then(|| network_or_git::programs(command));
    let mut found = exact.chain(guessed.into_iter().flatten());
    found.find_map(|(program, arguments)| {
        let program = program.rsplit('/').next()?;
        let (name, subcommands) = BUILDING.iter().find(|row| row.0 == program)?;
        let mut words = arguments
            .iter()
            .filter(|word| !word.starts_with(['-', '+']));
        let builds =
            subcommands.is_empty() || words.next().is_some_and(|word| subcommands.contains(word));
        let only_says = arguments.iter().any(|word| SAYING.contains(word));
        (builds && !only_says).then_some(*name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_builds_is_known_by_its_program_and_subcommand() {
        for (command, expected) in [
            ("cargo test --workspace", Some("cargo")),
            ("cargo +nightly build", Some("cargo")),
            ("cd sub && make -j4", Some("make")),
            ("./gradlew check | tail", Some("gradlew")),
            ("go test ./...", Some("go")),
            ("npm run lint", Some("npm")),
            ("cargo tree", None),
            ("cargo --version", None),
            ("go list ./...", None),
            ("make -n all", None),
            ("npm ls", None),
            ("jq . package.json", None),
            ("cat Makefile", None),
        ] {
            assert_eq!(building(command), expected, "{command}");
        }
    }
}
