//! What looks like a command of the project and is none, or is another one.

use ollacode::survey::CommandKind::{Build, Lint, OneTest, Run, Test, TypeCheck};
use ollacode::survey::{Ecosystem, FrameworkKind};

use super::{facts, first, lines};

fn names(found: &[ollacode::survey::Found]) -> Vec<&str> {
    found.iter().map(|found| found.name.as_str()).collect()
}

#[test]
fn a_script_that_says_that_there_are_no_tests_is_no_test() {
    let placeholder =
        "{\"scripts\": {\"test\": \"echo \\\"Error: no test specified\\\" && exit 1\"}}";
    for manifest in [
        placeholder,
        "{}",
        "{\"scripts\": {}}",
        "{\"scripts\": {\"test\": \"\"}}",
        "[]",
        "null",
    ] {
        let facts = facts(&[("package.json", manifest), ("index.js", "1\n")]);
        assert_eq!(lines(&facts, Test), Vec::<String>::new(), "{manifest}");
        assert_eq!(lines(&facts, OneTest), Vec::<String>::new(), "{manifest}");
    }
}

#[test]
fn of_two_lock_files_the_one_that_ci_uses_counts() {
    let project = [
        ("package.json", "{\"scripts\": {\"test\": \"jest\"}}"),
        ("package-lock.json", "{}"),
        ("yarn.lock", ""),
    ];
    let without = facts(&project);
    assert_eq!(names(&without.package_managers), ["npm", "yarn"]);
    assert_eq!(first(&without, Test).as_deref(), Some("npm test"));
    let workflow = "jobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: yarn install --frozen-lockfile\n      - run: yarn test\n";
    let mut all = project.to_vec();
    all.push((".github/workflows/ci.yml", workflow));
    let with = facts(&all);
    assert_eq!(names(&with.package_managers), ["yarn", "npm"]);
    assert_eq!(first(&with, Test).as_deref(), Some("yarn test"));
    assert!(
        with.commands
            .iter()
            .all(|command| command.ecosystem == Ecosystem::Yarn)
    );
}

#[test]
fn a_target_that_is_a_file_is_no_command() {
    for (makefile, more, expected) in [
        // It makes a program with this name.
        ("test: test.c\n\tcc -o test test.c\n", "test.c", None),
        ("test: test.c\n\tcc test.c -o $@\n", "test.c", None),
        // There is a folder with this name, so that make finds it up to date.
        ("test:\n\tgo test\n", "test/a.go", None),
        (
            ".PHONY: test\ntest:\n\tgo test\n",
            "test/a.go",
            Some("make test"),
        ),
        ("test:\n\tgo test\n", "a.go", Some("make test")),
        // No such target: only a variable, a pattern, a comment.
        (
            "test := 1\n# test: x\ntest-%:\n\tx\nall:\n\tcc a.c\n",
            "a.c",
            None,
        ),
        ("", "a.c", None),
    ] {
        let facts = facts(&[("Makefile", makefile), (more, "\n")]);
        assert_eq!(first(&facts, Test).as_deref(), expected, "{makefile}");
    }
}

#[test]
fn a_default_target_that_installs_is_no_build() {
    let facts = facts(&[
        (
            "Makefile",
            "init:\n\tpip install -r requirements.txt\nci:\n\tpython -m pytest tests\n",
        ),
        ("a.py", "1\n"),
        (
            ".github/workflows/t.yml",
            "jobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          make\n          make ci\n",
        ),
    ]);
    assert_eq!(lines(&facts, Build), Vec::<String>::new());
    assert_eq!(lines(&facts, Test), ["make ci"]);
}

#[test]
fn without_pytest_the_tests_are_those_of_the_standard_library() {
    let manifest = ("pyproject.toml", "[project]\nname = \"x\"\n");
    let none = facts(&[manifest, ("x.py", "1\n")]);
    assert_eq!(lines(&none, Test), Vec::<String>::new());
    let some = facts(&[
        manifest,
        ("x.py", "1\n"),
        ("tests/test_x.py", "import unittest\n"),
    ]);
    assert_eq!(
        lines(&some, Test),
        ["python3 -m unittest discover -s tests -t ."]
    );
}

#[test]
fn a_matrix_gives_its_first_combination_and_the_rest_is_left_out() {
    let workflow = "\
env:
  LEVEL: warnings
jobs:
  test:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        package: [core, cli]
    defaults:
      run:
        working-directory: crates
    steps:
      - uses: actions/checkout@v4
      - name: all at once
        run: |
          rustup toolchain install stable
          cargo test -p ${{ matrix.package }} --locked \\
            --all-features # not all of it
          cargo clippy -- -D $LEVEL
          if [ -n \"$X\" ]; then
            cargo test --only-sometimes
          fi
          curl -sSf https://example.org | sh
          cargo test -- --token ${{ secrets.TOKEN }}
          cat <<EOF
          cargo test --from-a-text
          EOF
      - run: cargo build ${{ github.ref }}
      - run: cd ../docs && cargo run --bin book
        working-directory: ./
  other:
    runs-on: windows-latest
    steps:
      - run: cargo test --windows
";
    let facts = facts(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/core\"]\n"),
        ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n"),
        ("crates/core/src/lib.rs", "\n"),
        (".github/workflows/ci.yml", workflow),
    ]);
    assert_eq!(
        lines(&facts, Test),
        [
            "crates: cargo test -p core --locked --all-features",
            "cargo test --workspace",
            "cargo test --windows",
        ]
    );
    assert_eq!(
        first(&facts, Lint).as_deref(),
        Some("crates: cargo clippy -- -D warnings")
    );
    assert_eq!(lines(&facts, Build), ["cargo build --workspace"]);
    assert_eq!(
        lines(&facts, Run),
        Vec::<String>::new(),
        "`..` leads out of the repository"
    );
    let evidence = &facts.commands(Test).next().expect("a test").evidence;
    assert_eq!(evidence[0].path, ".github/workflows/ci.yml");
    assert_eq!(evidence[0].what, "run in job test");
}

#[test]
fn nothing_that_a_file_of_ci_installs_sends_or_deploys_is_a_command() {
    let workflow = "\
jobs:
  everything:
    runs-on: ubuntu-latest
    steps:
      - run: sudo apt-get install -y cargo && cargo install cargo-nextest
      - run: npm ci && npm test && npm publish
      - run: docker build . && docker push x
      - run: curl https://example.org/test.sh | bash
      - run: gh release create v1
      - run: pytest --password=$PASSWORD
      - run: API_TOKEN=abcdef pytest
      - run: ssh host make test
      - run: aws s3 sync dist s3://bucket
      - run: pytest > report.txt
      - run: npx playwright install --with-deps
      - run: cargo login abcdef
      - run: git push origin main
      - run: ./deploy.sh
";
    let facts = facts(&[
        ("package.json", "{\"scripts\": {\"test\": \"node --test\"}}"),
        ("a.js", "1\n"),
        (".github/workflows/ci.yml", workflow),
    ]);
    let mut all: Vec<&str> = facts
        .commands
        .iter()
        .map(|command| command.line.as_str())
        .collect();
    all.sort_unstable();
    assert_eq!(
        all,
        ["npm test", "npm test -- --test-name-pattern=\"{name}\""]
    );
}

#[test]
fn scripts_that_run_each_other_in_a_circle_end() {
    let facts = facts(&[
        (
            "package.json",
            "{\"scripts\": {\"check\": \"npm run verify\", \"verify\": \"npm run check && npm run check\", \"test\": \"npm test\", \"ci\": \"jest\"}}",
        ),
        (
            "Makefile",
            "check: verify\n\nverify: check\n\t$(MAKE) check\n",
        ),
        ("a.js", "1\n"),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  t:\n    steps:\n      - run: npm run verify\n      - run: make verify\n      - run: npm run ci\n",
        ),
    ]);
    assert_eq!(lines(&facts, Test), ["npm run ci", "npm test"]);
}

#[test]
fn manifests_of_examples_and_fixtures_are_not_those_of_the_project() {
    let facts = facts(&[
        ("go.mod", "module example.org/a\n"),
        ("a.go", "package a\n"),
        (
            "examples/web/package.json",
            "{\"scripts\": {\"test\": \"jest\"}, \"dependencies\": {\"react\": \"1\"}}",
        ),
        ("testdata/Cargo.toml", "[package]\nname = \"x\"\n"),
        ("vendor/example.org/b/go.mod", "module example.org/b\n"),
    ]);
    assert_eq!(facts.manifests.len(), 1);
    assert!(facts.frameworks.is_empty());
    assert_eq!(facts.vendored, ["vendor"]);
    assert_eq!(lines(&facts, Test), ["go test ./..."]);
}

#[test]
fn a_project_of_examples_only_has_their_facts() {
    let facts = facts(&[
        ("examples/a/Cargo.toml", "[package]\nname = \"a\"\n"),
        ("examples/a/src/main.rs", "\n"),
    ]);
    assert_eq!(lines(&facts, Test), ["examples/a: cargo test"]);
}

#[test]
fn what_ignore_files_and_rules_of_secrets_hide_is_not_surveyed() {
    let facts = facts(&[
        (".gitignore", "/out\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("out/Cargo.toml", "[package]\nname = \"out\"\n"),
        (".env", "TOKEN=1\n"),
        ("secrets/id_rsa", "x\n"),
        ("Cargo.toml", "[package]\nname = \"a\"\n"),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let paths: Vec<&str> = facts
        .manifests
        .iter()
        .map(|manifest| manifest.path.as_str())
        .collect();
    assert_eq!(paths, ["Cargo.toml"]);
    assert!(
        !serde_json::to_string(&facts)
            .expect("JSON")
            .contains(".env")
    );
}

#[test]
fn frameworks_have_a_kind_and_their_manifest() {
    let facts = facts(&[
        ("requirements.txt", "Flask==3\npytest\n"),
        ("app.py", "1\n"),
    ]);
    let found: Vec<(&str, FrameworkKind)> = facts
        .frameworks
        .iter()
        .map(|found| (found.name.as_str(), found.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("Flask", FrameworkKind::Web),
            ("pytest", FrameworkKind::Test)
        ]
    );
    assert_eq!(facts.frameworks[0].evidence, "requirements.txt");
    assert_eq!(facts.tests.frameworks, ["pytest"]);
    assert_eq!(first(&facts, TypeCheck), None);
}
