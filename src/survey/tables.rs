//! What names of files and folders mean, as data.

use super::facts::Ecosystem;
use super::files::split;

/// Hidden files at the root that tell of the project, but that no walk lists.
pub(super) const HIDDEN_FILES: &[&str] = &[
    ".bazelversion",
    ".clinerules",
    ".cursorrules",
    ".go-version",
    ".java-version",
    ".mocharc.json",
    ".node-version",
    ".nvmrc",
    ".oxlintrc.json",
    ".php-version",
    ".python-version",
    ".rspec",
    ".ruby-version",
    ".scalafmt.conf",
    ".sdkmanrc",
    ".swift-format",
    ".swift-version",
    ".terraform-version",
    ".tool-versions",
    ".windsurfrules",
    ".yarnrc.yml",
];

/// A kind of manifest.
pub(super) struct Marker {
    /// The name of the file. `*.csproj` stands for all that end so.
    pub name: &'static str,
    pub ecosystem: Ecosystem,
}

const fn marker(name: &'static str, ecosystem: Ecosystem) -> Marker {
    Marker { name, ecosystem }
}

/// Manifests of packages, workspaces and runners of tasks.
pub(super) const MARKERS: &[Marker] = &[
    marker("Cargo.toml", Ecosystem::Cargo),
    marker("go.mod", Ecosystem::Go),
    marker("go.work", Ecosystem::Go),
    marker("package.json", Ecosystem::Npm),
    marker("pnpm-workspace.yaml", Ecosystem::Pnpm),
    marker("lerna.json", Ecosystem::Npm),
    marker("nx.json", Ecosystem::Npm),
    marker("turbo.json", Ecosystem::Npm),
    marker("deno.json", Ecosystem::Deno),
    marker("deno.jsonc", Ecosystem::Deno),
    marker("pyproject.toml", Ecosystem::Python),
    marker("setup.py", Ecosystem::Python),
    marker("setup.cfg", Ecosystem::Python),
    marker("tox.ini", Ecosystem::Python),
    marker("pytest.ini", Ecosystem::Python),
    marker("noxfile.py", Ecosystem::Python),
    marker("hatch.toml", Ecosystem::Python),
    marker("Pipfile", Ecosystem::Python),
    marker("requirements*.txt", Ecosystem::Python),
    marker("manage.py", Ecosystem::Python),
    marker("pom.xml", Ecosystem::Maven),
    marker("build.gradle", Ecosystem::Gradle),
    marker("build.gradle.kts", Ecosystem::Gradle),
    marker("settings.gradle", Ecosystem::Gradle),
    marker("settings.gradle.kts", Ecosystem::Gradle),
    marker("build.sbt", Ecosystem::Sbt),
    marker("*.csproj", Ecosystem::Dotnet),
    marker("*.fsproj", Ecosystem::Dotnet),
    marker("*.vbproj", Ecosystem::Dotnet),
    marker("*.sln", Ecosystem::Dotnet),
    marker("*.slnx", Ecosystem::Dotnet),
    marker("Gemfile", Ecosystem::Bundler),
    marker("*.gemspec", Ecosystem::Bundler),
    marker("Rakefile", Ecosystem::Bundler),
    marker("mix.exs", Ecosystem::Mix),
    marker("Package.swift", Ecosystem::Swift),
    marker("CMakeLists.txt", Ecosystem::CMake),
    marker("CMakePresets.json", Ecosystem::CMake),
    marker("meson.build", Ecosystem::Meson),
    marker("composer.json", Ecosystem::Composer),
    marker("build.zig", Ecosystem::Zig),
    marker("build.zig.zon", Ecosystem::Zig),
    marker("pubspec.yaml", Ecosystem::Dart),
    marker("stack.yaml", Ecosystem::Stack),
    marker("cabal.project", Ecosystem::Cabal),
    marker("*.cabal", Ecosystem::Cabal),
    marker("dune-project", Ecosystem::Dune),
    marker("MODULE.bazel", Ecosystem::Bazel),
    marker("WORKSPACE.bazel", Ecosystem::Bazel),
    marker("WORKSPACE", Ecosystem::Bazel),
    marker("Makefile", Ecosystem::Make),
    marker("makefile", Ecosystem::Make),
    marker("GNUmakefile", Ecosystem::Make),
    marker("justfile", Ecosystem::Just),
    marker("Justfile", Ecosystem::Just),
    marker("Taskfile.yml", Ecosystem::Task),
    marker("Taskfile.yaml", Ecosystem::Task),
];

/// The kind of manifest that a path names.
pub(super) fn marker_of(path: &str) -> Option<&'static Marker> {
    let (_, name) = split(path);
    MARKERS.iter().find(|marker| fits(marker.name, name))
}

/// Whether a name fits a pattern with at most one `*`.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            name.len() > start.len() + end.len() - usize::from(!start.is_empty())
                && name.starts_with(start)
                && name.ends_with(end)
        }
        None => pattern == name,
    }
}

/// Services of continuous integration: the path of their settings, a folder if it ends in `/`.
pub(super) const CI: &[(&str, &str)] = &[
    (".github/workflows/", "GitHub Actions"),
    (".gitlab-ci.yml", "GitLab CI"),
    (".circleci/config.yml", "CircleCI"),
    ("azure-pipelines.yml", "Azure Pipelines"),
    ("azure-pipelines.yaml", "Azure Pipelines"),
    (".azure-pipelines/", "Azure Pipelines"),
    (".travis.yml", "Travis CI"),
    ("Jenkinsfile", "Jenkins"),
    ("bitbucket-pipelines.yml", "Bitbucket Pipelines"),
    (".buildkite/pipeline.yml", "Buildkite"),
    (".drone.yml", "Drone"),
    (".woodpecker.yml", "Woodpecker"),
    (".cirrus.yml", "Cirrus CI"),
    ("appveyor.yml", "AppVeyor"),
    (".appveyor.yml", "AppVeyor"),
    ("cloudbuild.yaml", "Google Cloud Build"),
    ("buildspec.yml", "AWS CodeBuild"),
    (".forgejo/workflows/", "Forgejo Actions"),
    (".gitea/workflows/", "Gitea Actions"),
    (".ci/", "scripts in .ci"),
];

/// The service whose settings are at a path.
pub(super) fn ci_of(path: &str) -> Option<&'static str> {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    let fits = |place: &str| match place.strip_suffix('/') {
        Some(".ci") => split(path).0 == ".ci",
        Some(folder) => is_yaml && split(path).0 == folder,
        None => path == place,
    };
    let found = CI.iter().find(|(place, _)| fits(place));
    found.map(|(_, name)| *name)
}

/// Lock files, and the package manager that writes each.
pub(super) const LOCKS: &[(&str, &str)] = &[
    ("Cargo.lock", "cargo"),
    ("go.sum", "go"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("deno.lock", "deno"),
    ("uv.lock", "uv"),
    ("poetry.lock", "poetry"),
    ("pdm.lock", "pdm"),
    ("Pipfile.lock", "pipenv"),
    ("conda-lock.yml", "conda"),
    ("pixi.lock", "pixi"),
    ("Gemfile.lock", "bundler"),
    ("mix.lock", "mix"),
    ("composer.lock", "composer"),
    ("pubspec.lock", "pub"),
    ("Package.resolved", "swift"),
    ("packages.lock.json", "nuget"),
    ("gradle.lockfile", "gradle"),
    ("stack.yaml.lock", "stack"),
    ("cabal.project.freeze", "cabal"),
    ("MODULE.bazel.lock", "bazel"),
    ("conan.lock", "conan"),
    ("flake.lock", "nix"),
];

/// Package managers of JavaScript; in a folder, one of them is meant.
pub(super) const NODE_MANAGERS: &[&str] = &["npm", "pnpm", "yarn", "bun"];

/// Files that ask for a version of a compiler or interpreter, or that hold an environment.
pub(super) const TOOLCHAINS: &[(&str, &str)] = &[
    ("rust-toolchain", "Rust"),
    ("rust-toolchain.toml", "Rust"),
    (".nvmrc", "Node.js"),
    (".node-version", "Node.js"),
    (".python-version", "Python"),
    (".ruby-version", "Ruby"),
    (".java-version", "Java"),
    (".sdkmanrc", "SDKMAN"),
    (".go-version", "Go"),
    (".swift-version", "Swift"),
    (".php-version", "PHP"),
    (".terraform-version", "Terraform"),
    (".bazelversion", "Bazel"),
    (".tool-versions", "asdf"),
    ("mise.toml", "mise"),
    (".mise.toml", "mise"),
    ("global.json", ".NET"),
    ("flake.nix", "Nix"),
    ("shell.nix", "Nix"),
    ("devbox.json", "Devbox"),
    (".devcontainer/devcontainer.json", "dev container"),
    ("Dockerfile", "Docker"),
];

/// Beginnings of licences: a text of each, and its name. The first that fits counts.
pub(super) const LICENCES: &[(&str, &str)] = &[
    ("apache license", "Apache-2.0"),
    ("gnu affero general public license", "AGPL-3.0"),
    ("gnu lesser general public license", "LGPL"),
    ("gnu general public license version 2", "GPL-2.0"),
    ("gnu general public license version 3", "GPL-3.0"),
    ("mozilla public license", "MPL-2.0"),
    ("eclipse public license", "EPL-2.0"),
    ("boost software license", "BSL-1.0"),
    ("the unlicense", "Unlicense"),
    ("this is free and unencumbered software", "Unlicense"),
    ("creative commons legal code cc0", "CC0-1.0"),
    ("isc license", "ISC"),
    ("zlib license", "Zlib"),
    ("business source license", "BUSL-1.1"),
    ("permission is hereby granted, free of charge", "MIT"),
    (
        "permission to use, copy, modify, and/or distribute this software for any",
        "ISC",
    ),
    ("neither the name of", "BSD-3-Clause"),
    (
        "redistribution and use in source and binary forms",
        "BSD-2-Clause",
    ),
];

/// Names of files with a licence, without their endings.
pub(super) const LICENCE_FILES: &[&str] =
    &["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "MIT-LICENSE"];

/// Folders of generated files.
pub(super) const GENERATED: &[&str] = &[
    "__generated__",
    "autogen",
    "gen",
    "generated",
    "_generated",
    "generated-sources",
    "dist",
    "migrations",
    "__snapshots__",
    "snapshots",
];

/// Folders of other people's code.
pub(super) const VENDORED: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "3rdparty",
    "extern",
    "external",
    "node_modules",
    "bower_components",
    "Pods",
    "Carthage",
    "submodules",
];

/// Folders whose manifests are of examples, tests and documents, not of the project.
pub(super) const ASIDE: &[&str] = &[
    "_examples",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "doc",
    "docs",
    "test",
    "tests",
    "__tests__",
    "__fixtures__",
    "fixture",
    "fixtures",
    "spec",
    "testdata",
    "template",
    "templates",
    "playground",
    "snapshots",
];

/// Whether a path is in a folder of examples, tests, documents, or other people's code.
pub(super) fn is_aside(path: &str) -> bool {
    let (folders, _) = split(path);
    folders
        .split('/')
        .any(|folder| ASIDE.contains(&folder) || VENDORED.contains(&folder))
}

/// Files and folders with instructions for agents; a folder ends in `/`.
pub(super) const INSTRUCTIONS: &[&str] = &[
    "OLLACODE.md",
    "AGENTS.md",
    "AGENT.md",
    "CLAUDE.md",
    "GEMINI.md",
    "CONVENTIONS.md",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".cursor/rules/",
    ".github/copilot-instructions.md",
    ".github/instructions/",
    "CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
];

/// How files of tests are named: glob, language.
pub(super) const TEST_PATTERNS: &[(&str, &str)] = &[
    ("*_test.go", "Go"),
    ("test_*.py", "Python"),
    ("*_test.py", "Python"),
    ("*.test.ts", "TypeScript"),
    ("*.test.tsx", "TypeScript"),
    ("*.spec.ts", "TypeScript"),
    ("*.spec.tsx", "TypeScript"),
    ("*.test.js", "JavaScript"),
    ("*.test.jsx", "JavaScript"),
    ("*.test.mjs", "JavaScript"),
    ("*.test.cjs", "JavaScript"),
    ("*.spec.js", "JavaScript"),
    ("*_test.js", "JavaScript"),
    ("*_test.ts", "TypeScript"),
    ("*Test.java", "Java"),
    ("*Tests.java", "Java"),
    ("*IT.java", "Java"),
    ("*Test.kt", "Kotlin"),
    ("*Tests.cs", "C#"),
    ("*Test.cs", "C#"),
    ("*Spec.scala", "Scala"),
    ("*Test.scala", "Scala"),
    ("*_spec.rb", "Ruby"),
    ("*_test.rb", "Ruby"),
    ("test_*.rb", "Ruby"),
    ("*_test.exs", "Elixir"),
    ("*Tests.swift", "Swift"),
    ("*Test.php", "PHP"),
    ("*_test.dart", "Dart"),
    ("*_test.cc", "C++"),
    ("*_test.cpp", "C++"),
    ("test_*.cpp", "C++"),
    ("test_*.c", "C"),
    ("*Spec.hs", "Haskell"),
    ("*_test.zig", "Zig"),
    ("*.bats", "Shell"),
];

/// Folders of tests.
pub(super) const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "Tests",
    "e2e",
    "integration_tests",
    "unit_tests",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_tables_have_what_was_promised_and_nothing_twice() {
        assert!(MARKERS.len() >= 40, "{}", MARKERS.len());
        let names: BTreeSet<&str> = MARKERS.iter().map(|marker| marker.name).collect();
        assert_eq!(names.len(), MARKERS.len());
        let ecosystems: BTreeSet<Ecosystem> =
            MARKERS.iter().map(|marker| marker.ecosystem).collect();
        assert!(ecosystems.len() >= 20, "{ecosystems:?}");
        let locks: BTreeSet<&str> = LOCKS.iter().map(|(name, _)| *name).collect();
        assert_eq!(locks.len(), LOCKS.len());
    }

    #[test]
    fn names_fit_their_patterns() {
        let name = |path: &str| marker_of(path).map(|marker| marker.name);
        assert_eq!(name("a/b/Cargo.toml"), Some("Cargo.toml"));
        assert_eq!(name("src/App.csproj"), Some("*.csproj"));
        assert_eq!(name("requirements.txt"), Some("requirements*.txt"));
        assert_eq!(name("requirements-dev.txt"), Some("requirements*.txt"));
        assert_eq!(name(".csproj"), None);
        assert_eq!(name("a.txt"), None);
        assert_eq!(ci_of(".github/workflows/ci.yml"), Some("GitHub Actions"));
        assert_eq!(ci_of(".github/workflows/README.md"), None);
        assert_eq!(ci_of("a/.gitlab-ci.yml"), None);
    }
}
