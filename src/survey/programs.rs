//! Programs that build, test and check, and with which arguments.

use super::classify::{Purpose, is_in};
use super::facts::CommandKind::{self, Build, Format, FormatCheck, Lint, Run, Test, TypeCheck};
use super::facts::Ecosystem::{
    self, Bazel, Bundler, CMake, Cabal, Cargo, Composer, Dart, Dotnet, Dune, Go, Gradle, Maven,
    Meson, Mix, Npm, Python, Sbt, Stack, Swift, Zig,
};

/// Programs that are for one thing whatever their arguments are.
const SINGLE: &[(CommandKind, Option<Ecosystem>, &str)] = &[
    (
        Test,
        Some(Python),
        "pytest py.test unittest nosetests stestr trial",
    ),
    (
        TypeCheck,
        Some(Python),
        "mypy pyright basedpyright pyre pytype ty",
    ),
    (Lint, Some(Python), "flake8 pylint bandit pydocstyle"),
    (
        Test,
        Some(Npm),
        "jest vitest mocha ava tap tape jasmine karma c8 nyc tsd",
    ),
    (
        Lint,
        Some(Npm),
        "eslint oxlint stylelint xo standard jshint tslint",
    ),
    (
        Build,
        Some(Npm),
        "webpack rollup esbuild tsup tsdown unbuild zshy",
    ),
    (TypeCheck, Some(Npm), "vue-tsc svelte-check"),
    (Test, Some(Bundler), "rspec cucumber"),
    (Lint, Some(Bundler), "rubocop standardrb"),
    (TypeCheck, Some(Bundler), "steep srb"),
    (Test, Some(Composer), "phpunit pest"),
    (Lint, Some(Composer), "phpcs"),
    (TypeCheck, Some(Composer), "phpstan psalm"),
    (Lint, Some(Go), "golangci-lint staticcheck revive"),
    (Test, Some(Go), "gotestsum ginkgo"),
    (Test, Some(CMake), "ctest"),
    (Lint, Some(CMake), "clang-tidy cppcheck"),
    (Lint, Some(Swift), "swiftlint"),
    (Lint, Some(Cabal), "hlint"),
    (Lint, Some(Gradle), "ktlint detekt"),
    (Lint, None, "shellcheck yamllint"),
    (Test, None, "bats prove"),
];

type ByArguments = fn(&[&str]) -> Option<CommandKind>;

/// Programs whose arguments tell what they are for.
const BY_ARGUMENTS: &[(&str, Ecosystem, ByArguments)] = &[
    ("cargo", Cargo, cargo),
    ("go", Go, go),
    ("gofmt gofumpt", Go, gofmt),
    ("ruff", Python, ruff),
    ("black isort yapf autopep8", Python, formatter),
    ("pre-commit prek", Python, pre_commit),
    ("mvn mvnw mvnd", Maven, maven),
    ("gradle gradlew", Gradle, gradle),
    ("dotnet", Dotnet, dotnet),
    ("mix", Mix, mix),
    ("swift", Swift, by_first),
    ("zig", Zig, zig),
    ("sbt", Sbt, sbt),
    ("cmake", CMake, cmake),
    ("meson", Meson, by_first),
    ("ninja", Meson, ninja),
    ("stack", Stack, by_first),
    ("cabal", Cabal, by_first),
    ("dune", Dune, by_first),
    ("bazel bazelisk", Bazel, by_first),
    ("dart flutter", Dart, dart),
    ("node", Npm, node),
    ("tsc", Npm, tsc),
    ("prettier", Npm, prettier),
    ("dprint", Npm, formatter),
    ("biome", Npm, biome),
    (
        "vite next nuxt astro remix ng vue-cli-service react-scripts nest electron-vite \
         svelte-kit gatsby parcel turbo nx lerna playwright cypress",
        Npm,
        node_tool,
    ),
    ("php-cs-fixer pint", Composer, php_formatter),
    ("rails", Bundler, by_first),
    ("artisan", Composer, by_first),
];

/// What a program with its arguments is for, if that is known.
pub(super) fn purpose(name: &str, arguments: &[&str]) -> Option<Purpose> {
    let by_arguments = BY_ARGUMENTS.iter().find(|(names, _, _)| is_in(names, name));
    if let Some((_, ecosystem, kind)) = by_arguments {
        return Some(Purpose {
            kind: kind(arguments)?,
            ecosystem: Some(*ecosystem),
        });
    }
    let single = SINGLE.iter().find(|(_, _, names)| is_in(names, name));
    match single {
        Some((kind, ecosystem, _)) => Some(Purpose {
            kind: *kind,
            ecosystem: *ecosystem,
        }),
        None => script(name),
    }
}

/// A script of the project, by its name: `test.sh`, `build`, `run-tests.sh`.
fn script(name: &str) -> Option<Purpose> {
    let stem = name
        .strip_suffix(".sh")
        .or_else(|| name.strip_suffix(".py"))?;
    let kind = super::classify::kind_by_name(stem)?;
    Some(Purpose {
        kind,
        ecosystem: None,
    })
}

fn by_first(arguments: &[&str]) -> Option<CommandKind> {
    match *arguments.iter().find(|word| !word.starts_with('-'))? {
        "build" | "compile" | "v2-build" => Some(Build),
        "test" | "runtest" | "v2-test" => Some(Test),
        "run" | "exec" | "server" | "serve" | "s" => Some(Run),
        _ => None,
    }
}

fn checks(arguments: &[&str]) -> bool {
    let flags = "--check -c --diff --list-different --check-only --dry-run --test --lint";
    arguments.iter().any(|word| is_in(flags, word))
}

fn format_or_check(is_check: bool) -> Option<CommandKind> {
    Some(if is_check { FormatCheck } else { Format })
}

fn formatter(arguments: &[&str]) -> Option<CommandKind> {
    format_or_check(checks(arguments) || arguments.first() == Some(&"check"))
}

/// Without an option it prints what it would write.
fn prettier(arguments: &[&str]) -> Option<CommandKind> {
    let writes = arguments
        .iter()
        .any(|word| matches!(*word, "--write" | "-w"));
    match writes {
        true => Some(Format),
        false => checks(arguments).then_some(FormatCheck),
    }
}

fn php_formatter(arguments: &[&str]) -> Option<CommandKind> {
    format_or_check(checks(arguments))
}

fn gofmt(arguments: &[&str]) -> Option<CommandKind> {
    format_or_check(!arguments.contains(&"-w"))
}

fn ruff(arguments: &[&str]) -> Option<CommandKind> {
    match arguments.first() {
        Some(&"format") => format_or_check(checks(arguments)),
        _ => Some(Lint),
    }
}

fn pre_commit(arguments: &[&str]) -> Option<CommandKind> {
    (arguments.first() == Some(&"run")).then_some(Lint)
}

fn zig(arguments: &[&str]) -> Option<CommandKind> {
    match arguments {
        ["build", "test", ..] | ["test", ..] => Some(Test),
        ["build", "run", ..] => Some(Run),
        ["build", ..] => Some(Build),
        ["fmt", ..] => format_or_check(checks(arguments)),
        _ => None,
    }
}

fn cmake(arguments: &[&str]) -> Option<CommandKind> {
    if arguments.contains(&"--build") {
        return ninja(arguments);
    }
    None
}

fn ninja(arguments: &[&str]) -> Option<CommandKind> {
    let tests = arguments.contains(&"test") || arguments.contains(&"check");
    Some(if tests { Test } else { Build })
}

fn node(arguments: &[&str]) -> Option<CommandKind> {
    let is_runner =
        |word: &&str| *word == "--test" || word.contains("/jest") || word.contains("/mocha");
    arguments.iter().any(is_runner).then_some(Test)
}

fn tsc(arguments: &[&str]) -> Option<CommandKind> {
    let checks = arguments.contains(&"--noEmit");
    Some(if checks { TypeCheck } else { Build })
}

fn cargo(arguments: &[&str]) -> Option<CommandKind> {
    let (options, checked) = match arguments.iter().position(|word| *word == "--") {
        Some(at) => (&arguments[..at], arguments[at..].contains(&"--check")),
        None => (arguments, false),
    };
    // Another compiler, or another machine than this one.
    let is_other = options
        .iter()
        .any(|word| word.starts_with('+') || *word == "--target" || word.starts_with("--target="));
    if is_other || options.contains(&"--no-run") {
        return None;
    }
    let checks = checked || options.contains(&"--check");
    match options
        .iter()
        .copied()
        .find(|word| !word.starts_with('-'))?
    {
        "build" | "b" => Some(Build),
        "test" | "t" | "nextest" => Some(Test),
        "clippy" => Some(Lint),
        "fmt" if checks => Some(FormatCheck),
        "fmt" => Some(Format),
        "check" | "c" => Some(TypeCheck),
        "run" | "r" => Some(Run),
        _ => None,
    }
}

fn go(arguments: &[&str]) -> Option<CommandKind> {
    match arguments {
        ["build", ..] => Some(Build),
        ["test", ..] => Some(Test),
        ["vet", ..] => Some(Lint),
        ["fmt", ..] => Some(Format),
        ["run", program, rest @ ..] => match *program {
            program if program.contains("golangci-lint") => Some(Lint),
            program if program.contains("staticcheck") => Some(Lint),
            program if program.contains("ginkgo") || program.contains("gotestsum") => Some(Test),
            program if program.contains('@') || rest.contains(&"install") => None,
            _ => Some(Run),
        },
        _ => None,
    }
}

/// By the last goal: `clean verify` verifies.
fn maven(arguments: &[&str]) -> Option<CommandKind> {
    let skips_tests = arguments
        .iter()
        .any(|word| word.starts_with("-DskipTests") || word.starts_with("-Dmaven.test.skip"));
    let kinds = arguments.iter().filter_map(|word| match *word {
        "test" | "verify" | "integration-test" if !skips_tests => Some(Test),
        "compile" | "package" | "test-compile" => Some(Build),
        "spotless:check" | "fmt:check" | "formatter:validate" => Some(FormatCheck),
        "spotless:apply" | "fmt:format" => Some(Format),
        "checkstyle:check" | "pmd:check" | "spotbugs:check" => Some(Lint),
        "spring-boot:run" | "exec:java" | "quarkus:dev" => Some(Run),
        _ => None,
    });
    kinds.max_by_key(|kind| usize::from(*kind == Test))
}

fn gradle(arguments: &[&str]) -> Option<CommandKind> {
    let kinds = arguments.iter().filter_map(|word| {
        let task = word.rsplit(':').next().unwrap_or(word);
        match task {
            "test" | "check" | "build" | "allTests" | "testDebugUnitTest" => Some(Test),
            "assemble" | "classes" | "jar" | "assembleDebug" | "compileJava" => Some(Build),
            "lint" | "detekt" | "ktlintCheck" | "checkstyleMain" | "lintDebug" => Some(Lint),
            "spotlessCheck" => Some(FormatCheck),
            "spotlessApply" | "ktlintFormat" => Some(Format),
            "run" | "bootRun" => Some(Run),
            _ => None,
        }
    });
    let excludes_tests = arguments.windows(2).any(|pair| pair == ["-x", "test"]);
    let kind = kinds.max_by_key(|kind| usize::from(*kind == Test))?;
    Some(if kind == Test && excludes_tests {
        Build
    } else {
        kind
    })
}

fn dotnet(arguments: &[&str]) -> Option<CommandKind> {
    match arguments {
        ["build", ..] => Some(Build),
        ["test" | "vstest", ..] => Some(Test),
        ["format", rest @ ..] if rest.contains(&"--verify-no-changes") => Some(FormatCheck),
        ["format", ..] => Some(Format),
        ["run", ..] => Some(Run),
        _ => None,
    }
}

fn mix(arguments: &[&str]) -> Option<CommandKind> {
    match arguments {
        ["test" | "coveralls", ..] => Some(Test),
        ["compile", ..] => Some(Build),
        ["format", rest @ ..] if rest.contains(&"--check-formatted") => Some(FormatCheck),
        ["format", ..] => Some(Format),
        ["credo", ..] => Some(Lint),
        ["dialyzer", ..] => Some(TypeCheck),
        ["phx.server" | "run", ..] => Some(Run),
        _ => None,
    }
}

fn sbt(arguments: &[&str]) -> Option<CommandKind> {
    let kinds = arguments
        .iter()
        .flat_map(|word| word.split([';', ' ']))
        .filter_map(|word| {
            let task = word
                .trim_start_matches('+')
                .rsplit('/')
                .next()
                .unwrap_or(word);
            match task {
                "test" | "testQuick" | "testOnly" => Some(Test),
                "compile" | "package" | "Compile" => Some(Build),
                "scalafmtCheckAll" | "scalafmtCheck" | "scalafmtSbtCheck" => Some(FormatCheck),
                "scalafmtAll" | "scalafmt" => Some(Format),
                "scalafixAll" | "scalafix" => Some(Lint),
                "run" => Some(Run),
                _ => None,
            }
        });
    kinds.max_by_key(|kind| usize::from(*kind == Test))
}

fn dart(arguments: &[&str]) -> Option<CommandKind> {
    match arguments {
        ["test", ..] => Some(Test),
        ["analyze", ..] => Some(Lint),
        ["format", rest @ ..]
            if rest
                .iter()
                .any(|word| word.starts_with("--set-exit-if-changed")) =>
        {
            Some(FormatCheck)
        }
        ["format", ..] => Some(Format),
        ["run", ..] => Some(Run),
        ["build" | "compile", ..] => Some(Build),
        _ => None,
    }
}

fn biome(arguments: &[&str]) -> Option<CommandKind> {
    let writes = arguments
        .iter()
        .any(|word| matches!(*word, "--write" | "--apply" | "--fix"));
    match arguments {
        ["lint" | "ci", ..] => Some(Lint),
        ["check", ..] if writes => Some(Format),
        ["check", ..] => Some(Lint),
        ["format", ..] => Some(if writes { Format } else { FormatCheck }),
        _ => None,
    }
}

fn node_tool(arguments: &[&str]) -> Option<CommandKind> {
    let words = arguments.iter().filter(|word| !word.starts_with('-'));
    let mut kinds = words.filter_map(|word| match *word {
        "build" | "build:prod" => Some(Build),
        "test" | "run" => Some(Test),
        "lint" => Some(Lint),
        "check" | "typecheck" => Some(TypeCheck),
        "dev" | "serve" | "start" | "preview" => Some(Run),
        _ => None,
    });
    kinds.next()
}
