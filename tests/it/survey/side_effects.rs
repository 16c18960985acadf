//! Commands that publish, write or belong to others, seen in real repositories: none of them is told
//! as a check of the project.

use ollacode::survey::CommandKind::{Build, Format, Lint, OneTest, Test, TypeCheck};

use super::{facts, first, lines};

/// A workflow with one job and its steps.
fn workflow(steps: &str) -> String {
    format!("jobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

#[test]
fn a_task_that_publishes_or_deploys_is_not_told_whatever_its_name_is() {
    let ci =
        workflow("      - run: npm run ship\n      - run: make build\n      - run: npm test\n");
    let facts = facts(&[
        (
            "package.json",
            "{\"scripts\": {\"test\": \"jest\", \"posttest\": \"npm run upload\", \"upload\": \"aws s3 sync a b\", \
             \"build\": \"tsc && npm publish\", \"lint\": \"npm run all-checks\", \"all-checks\": \"eslint . && git push\", \
             \"ship\": \"jest && firebase deploy\", \"unit\": \"jest\"}}",
        ),
        (
            "Makefile",
            ".PHONY: build test\nbuild: image\n\tgo build\nimage:\n\tdocker build . && docker push x\ntest:\n\tdocker compose run app pytest\n",
        ),
        ("a.js", "1\n"),
        (".github/workflows/ci.yml", &ci),
    ]);
    assert_eq!(lines(&facts, Build), Vec::<String>::new());
    assert_eq!(lines(&facts, Lint), Vec::<String>::new());
    assert_eq!(lines(&facts, Test), ["make test", "npm run unit"]);
    assert_eq!(lines(&facts, OneTest), Vec::<String>::new());
}

#[test]
fn a_check_that_writes_is_a_formatter() {
    let ci = workflow(
        "      - run: pnpm run lint --fix\n      - run: pnpm turbo lint -- --fix\n      - run: ruff check --fix .\n",
    );
    let facts = facts(&[
        (
            "package.json",
            "{\"scripts\": {\"lint\": \"eslint .\", \"format\": \"prettier --write .\"}}",
        ),
        ("pnpm-lock.yaml", ""),
        (
            "web/package.json",
            "{\"scripts\": {\"lint\": \"eslint . --fix\"}}",
        ),
        ("a.js", "1\n"),
        (".github/workflows/autofix.yml", &ci),
    ]);
    assert_eq!(lines(&facts, Lint), ["pnpm run lint"]);
    for line in [
        "pnpm run lint --fix",
        "pnpm turbo lint -- --fix",
        "ruff check --fix .",
        "web: pnpm run lint",
    ] {
        let all = lines(&facts, Format);
        assert!(all.contains(&line.to_owned()), "{line} is not in {all:?}");
    }
}

#[test]
fn all_is_no_build_where_nothing_is_built_and_a_banner_is_no_command() {
    let all = |makefile: &'static str| {
        let facts = facts(&[("Makefile", makefile), ("a.c", "\n")]);
        lines(&facts, Build)
    };
    let none = Vec::<String>::new();
    let phony = ".PHONY: all test lint\nall: test lint\ntest:\n\tpytest\nlint:\n\tflake8\n";
    assert_eq!(all(phony), none);
    assert_eq!(all("all:\n\t@echo \"** a build tool **\"\n"), none);
    assert_eq!(
        all("all: prog\nprog: a.c\n\tcc -o prog a.c\n"),
        ["make all"]
    );
    let facts = facts(&[
        (
            "package.json",
            "{\"scripts\": {\"test\": \"echo \\\"no tests yet\\\"\"}}",
        ),
        ("a.js", "1\n"),
    ]);
    assert_eq!(lines(&facts, Test), none);
}

#[test]
fn what_another_command_prints_is_not_put_in() {
    let ci = workflow(
        "      - run: go test $(rm -rf ~)\n      - run: go test \"`id`\"\n      - run: go build -p $(nproc) ./...\n      - run: make test extra\n      - run: make -C sub test\n",
    );
    let facts = facts(&[
        ("go.mod", "module a\n"),
        ("a.go", "package a\n"),
        ("Makefile", ".PHONY: test\ntest:\n\tgo test ./...\n"),
        ("sub/Makefile", "test:\n\tgit push\n"),
        (".github/workflows/ci.yml", &ci),
    ]);
    assert_eq!(lines(&facts, Test), ["make test", "go test ./..."]);
    assert_eq!(
        first(&facts, Build).as_deref(),
        Some("go build -p $(nproc) ./...")
    );
}

#[test]
fn what_runs_in_another_repository_is_not_ours() {
    let ci = workflow(
        "      - uses: actions/checkout@v4\n        with: {repository: other/theirs}\n      - uses: actions/checkout@v4\n        with: {path: ours}\n      - run: pytest theirs\n      - run: pytest ours\n        working-directory: ours\n",
    );
    let facts = facts(&[
        ("pytest.ini", "[pytest]\n"),
        ("a.py", "1\n"),
        (".github/workflows/third-party.yml", &ci),
    ]);
    assert_eq!(lines(&facts, Test), ["pytest ours", "python3 -m pytest"]);
}

#[test]
fn what_a_person_or_a_clock_starts_is_told_last() {
    let by_hand = format!(
        "on: [workflow_dispatch, schedule]\n{}",
        workflow("      - run: pytest by_hand\n")
    );
    let at_changes = format!(
        "on: {{push: {{}}, schedule: []}}\n{}",
        workflow("      - run: pytest at_changes\n      - run: pytest never\n        if: false\n",)
    );
    let facts = facts(&[
        ("pytest.ini", "[pytest]\n"),
        ("a.py", "1\n"),
        (".github/workflows/a.yml", &by_hand),
        (".github/workflows/b.yml", &at_changes),
        (
            ".github/workflows/c.yml",
            "on: {push: {tags: ['v*']}}\njobs: {t: {steps: [{run: python -m build}]}}\n",
        ),
    ]);
    assert_eq!(
        lines(&facts, Test),
        ["pytest at_changes", "python3 -m pytest", "pytest by_hand"]
    );
    let build = facts.commands(Build).next().expect("a build");
    assert_eq!(build.line, "python -m build");
}

#[test]
fn steps_side_by_side_and_the_environments_of_tox_are_read() {
    let ci = "\
jobs:
  t:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        include:
          - env: {TOXENV: typing}
    steps:
      - run: uvx tox
        env: ${{ matrix.env }}
      - parallel:
          - run: tox -e lint
      - run: pytest --only-with-a-flag
        env: {RUSTFLAGS: --cfg loom}
";
    let facts = facts(&[
        (
            "tox.ini",
            "[testenv]\ncommands = pytest\n[testenv:typing]\ncommands = mypy\n[testenv:lint]\ncommands = flake8\n",
        ),
        ("a.py", "1\n"),
        (".github/workflows/ci.yml", ci),
        (
            ".github/workflows/loom.yml",
            "env: {RUSTFLAGS: --cfg loom}\njobs: {t: {steps: [{run: pytest --more}]}}\n",
        ),
    ]);
    assert_eq!(
        first(&facts, TypeCheck).as_deref(),
        Some("uvx tox -e typing")
    );
    assert_eq!(first(&facts, Lint).as_deref(), Some("tox -e lint"));
    // What needs another environment is told last.
    assert_eq!(
        lines(&facts, Test),
        ["tox", "pytest --only-with-a-flag", "pytest --more"]
    );
}

#[test]
fn a_task_of_rake_that_writes_a_specification_is_no_test() {
    let rakefile = "\
task default: :test
task spec: \"SPEC.rdoc\"
Rake::TestTask.new(\"test:regular\")
task test: %w[spec test:regular]
";
    let facts = facts(&[
        ("Rakefile", rakefile),
        ("Gemfile", "gemspec\n"),
        ("test/spec_a.rb", "1\n"),
    ]);
    assert_eq!(lines(&facts, Test), ["bundle exec rake test"]);
}

#[test]
fn what_a_task_runs_is_known_tasks_within_tasks_included() {
    let facts = facts(&[
        (
            "Makefile",
            ".PHONY: test unit loop\ntest: unit\n\t@cd web && npm test\nunit:\n\tcargo test -q\n\
             loop: loop\n\tmake loop\n",
        ),
        (
            "Cargo.toml",
            "[package]\nname = \"kettle\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
        ("web/package.json", "{\"scripts\": {\"test\": \"jest\"}}"),
        ("web/a.js", "1\n"),
    ]);
    let runs = |line: &str| {
        let mut commands = facts.commands(Test);
        let command = commands.find(|command| command.line == line);
        let command = command.unwrap_or_else(|| panic!("{line} in {:?}", lines(&facts, Test)));
        command.runs.clone()
    };
    let make = runs("make test");
    for (folder, line) in [
        ("", "make unit"),
        ("", "cargo test -q"),
        ("web", "npm test"),
        ("web", "jest"),
    ] {
        let expected = (folder.to_owned(), line.to_owned());
        assert!(make.contains(&expected), "{expected:?} in {make:?}");
    }
    assert!(runs("cargo test").is_empty());
}
