//! Which commands fit, by ecosystem.

use super::super::near::{TestFile, changed_names, is_test_path, near_tests};
use super::super::select::{Wanted, is_whole_run, select};
use crate::permission::UserChecks;
use crate::survey::{CommandKind, Ecosystem, Evidence, Facts, Member, ProjectCommand};

fn command(ecosystem: Ecosystem, kind: CommandKind, folder: &str, line: &str) -> ProjectCommand {
    ProjectCommand {
        kind,
        ecosystem,
        folder: folder.to_owned(),
        line: line.to_owned(),
        evidence: vec![Evidence {
            path: "Makefile".to_owned(),
            line: None,
            what: "target test".to_owned(),
        }],
        runs: Vec::new(),
    }
}

pub(super) fn facts(commands: &[(Ecosystem, CommandKind, &str, &str)]) -> Facts {
    let commands = commands.iter();
    Facts {
        commands: commands
            .map(|(ecosystem, kind, folder, line)| command(*ecosystem, *kind, folder, line))
            .collect(),
        ..Facts::default()
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The commands that fit, each as `kind: folder: line`.
fn selected(facts: &Facts, own: &UserChecks, changed: &[&str], near: &[&str]) -> Vec<String> {
    told(&Wanted {
        facts,
        own,
        changed: &texts(changed),
        near: &texts(near),
        all: false,
    })
}

pub(super) fn told(wanted: &Wanted<'_>) -> Vec<String> {
    let commands = select(wanted).into_iter();
    commands
        .map(|command| {
            format!(
                "{}: {}: {}",
                command.kind.name(),
                command.folder,
                command.line
            )
        })
        .collect()
}

/// A project of each of some kinds.
fn projects() -> [Facts; 5] {
    use CommandKind::{Format, FormatCheck, Lint, OneTest, Test, TypeCheck};
    use Ecosystem::{Cargo, Go, Make, Npm, Python};
    [
        facts(&[
            (Cargo, Test, "", "cargo test"),
            (Cargo, Lint, "", "cargo clippy -- -D warnings"),
            (Cargo, FormatCheck, "", "cargo fmt --check"),
            (Cargo, Format, "", "cargo fmt"),
        ]),
        facts(&[
            (Python, Test, "", "python3 -m pytest"),
            (Python, OneTest, "", "python3 -m pytest {file}::{name}"),
            (Python, Lint, "", "ruff check ."),
            (Python, TypeCheck, "", "mypy src"),
            (Python, FormatCheck, "", "ruff format --check ."),
        ]),
        facts(&[
            (Npm, Test, "", "npm test"),
            (Npm, OneTest, "", "npx vitest run -t {name}"),
            (Npm, OneTest, "", "npx vitest run {file} -t \"{name}\""),
            (Npm, TypeCheck, "", "npx tsc --noEmit"),
        ]),
        facts(&[
            (Go, Test, "", "go test ./..."),
            (Go, Lint, "", "go vet ./..."),
        ]),
        facts(&[(Make, Test, "", "make test")]),
    ]
}

#[test]
fn each_ecosystem_has_its_checks_in_order() {
    let [cargo, python, node, go, make] = projects();
    for (facts, changed, near, expected) in [
        (
            &cargo,
            &["src/a.rs"][..],
            &[][..],
            &[
                "format: : cargo fmt --check",
                "lint: : cargo clippy -- -D warnings",
                "tests: : cargo test",
            ][..],
        ),
        (
            &python,
            &["src/a.py"],
            &["tests/test_a.py", "tests/it's.py"],
            &[
                "format: : ruff format --check .",
                "lint: : ruff check .",
                "types: : mypy src",
                "near_tests: : python3 -m pytest tests/test_a.py 'tests/it'\\''s.py'",
                "tests: : python3 -m pytest",
            ],
        ),
        (
            &node,
            &["src/a.ts"],
            &["src/a.test.ts", "tests/test_a.py"],
            &[
                "types: : npx tsc --noEmit",
                "near_tests: : npx vitest run src/a.test.ts",
                "tests: : npm test",
            ],
        ),
        (
            &go,
            &["web/a.go", "main.go"],
            &[],
            &[
                "lint: : go vet ./...",
                "near_tests: : go test . ./web",
                "tests: : go test ./...",
            ],
        ),
        (&make, &["run.sh"], &[], &["tests: : make test"]),
        // Nothing of these projects looks at such files.
        (&cargo, &["web/a.ts"], &[], &[]),
        (&go, &["README.md", "LICENSE", "logo.png"], &[], &[]),
        (&make, &["docs/a.md"], &[], &[]),
    ] {
        let own = UserChecks::default();
        assert_eq!(
            selected(facts, &own, changed, near),
            expected,
            "{changed:?}"
        );
    }
}

#[test]
fn the_formatter_is_named_with_its_check() {
    let [cargo, ..] = projects();
    let wanted = Wanted {
        facts: &cargo,
        own: &UserChecks::default(),
        changed: &texts(&["a.rs"]),
        near: &[],
        all: false,
    };
    assert_eq!(select(&wanted)[0].remedy.as_deref(), Some("cargo fmt"));
}

#[test]
fn members_of_a_workspace_are_tested_first() {
    let member = |path: &str, name: &str| Member {
        path: path.to_owned(),
        name: name.to_owned(),
    };
    let facts = Facts {
        members: vec![
            member("crates/cart", "cart"),
            member("crates/cart/macros", "cart-macros"),
            member("crates/web", "web"),
            member("crates/odd", "a; rm -rf /"),
        ],
        ..facts(&[(
            Ecosystem::Cargo,
            CommandKind::Test,
            "",
            "cargo test --workspace",
        )])
    };
    let all = "tests: : cargo test --workspace";
    let own = UserChecks::default();
    for (changed, near) in [
        (&["crates/cart/src/a.rs"][..], Some("cargo test -p cart")),
        (
            &[
                "crates/cart/macros/src/a.rs",
                "crates/web/src/b.rs",
                "docs/a.md",
            ],
            Some("cargo test -p cart-macros -p web"),
        ),
        (&["crates/cart/src/a.rs", "build.rs"], None),
        (&["crates/odd/src/a.rs"], None),
    ] {
        let near = near.map(|near| format!("near_tests: : {near}"));
        let expected: Vec<String> = near.into_iter().chain([all.to_owned()]).collect();
        assert_eq!(
            selected(&facts, &own, changed, &[]),
            expected,
            "{changed:?}"
        );
    }
}

#[test]
fn tests_near_a_change_have_the_flags_of_all_tests() {
    let members = ["cart", "web"].map(|name| Member {
        path: name.to_owned(),
        name: name.to_owned(),
    });
    for (ecosystem, line, expected) in [
        (
            Ecosystem::Cargo,
            "RUSTFLAGS=-Dwarnings cargo test --workspace --all-features -- --test-threads=1",
            Some("RUSTFLAGS=-Dwarnings cargo test -p cart --all-features -- --test-threads=1"),
        ),
        (
            Ecosystem::Cargo,
            "cargo nextest run --all",
            Some("cargo nextest run -p cart"),
        ),
        (
            Ecosystem::Cargo,
            "cargo test --workspace --exclude web",
            None,
        ),
        (
            Ecosystem::Cargo,
            "cargo test --manifest-path a/Cargo.toml",
            None,
        ),
        (
            Ecosystem::Go,
            "go test -race -tags x ./...",
            Some("go test -race -tags x ./cart"),
        ),
        (Ecosystem::Go, "go test ./web", None),
    ] {
        let facts = Facts {
            members: members.to_vec(),
            ..facts(&[(ecosystem, CommandKind::Test, "", line)])
        };
        let changed = match ecosystem {
            Ecosystem::Go => "cart/a.go",
            _ => "cart/a.rs",
        };
        let near = expected.map(|near| format!("near_tests: : {near}"));
        let all = [format!("tests: : {line}")];
        assert_eq!(
            selected(&facts, &UserChecks::default(), &[changed], &[]),
            near.into_iter().chain(all).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_deepest_folder_around_a_file_has_its_commands() {
    use CommandKind::Test;
    let facts = facts(&[
        (Ecosystem::Make, Test, "", "make test"),
        (Ecosystem::Npm, Test, "web", "npm test"),
        (Ecosystem::Python, Test, "api", "pytest"),
        (Ecosystem::Npm, Test, "web/admin", "npm test"),
    ]);
    let own = UserChecks::default();
    for (changed, near, expected) in [
        (&["web/a.ts"][..], &[][..], &["tests: web: npm test"][..]),
        (&["web/admin/a.ts"], &[], &["tests: web/admin: npm test"]),
        (&["website/a.ts"], &[], &["tests: : make test"]),
        (
            &["api/a.py"],
            &["api/tests/test_a.py", "tests/test_b.py"],
            &[
                "near_tests: api: pytest tests/test_a.py",
                "tests: api: pytest",
            ],
        ),
        (
            &["web/a.ts", "api/a.py"],
            &[],
            &["tests: web: npm test", "tests: api: pytest"],
        ),
    ] {
        assert_eq!(
            selected(&facts, &own, changed, near),
            expected,
            "{changed:?}"
        );
    }
    let all = Wanted {
        facts: &facts,
        own: &own,
        changed: &[],
        near: &[],
        all: true,
    };
    assert_eq!(told(&all).len(), 4);
}

#[test]
fn commands_of_the_user_replace_those_of_the_project() {
    let facts = facts(&[
        (Ecosystem::Cargo, CommandKind::Test, "", "cargo test"),
        (Ecosystem::Cargo, CommandKind::Lint, "", "cargo clippy"),
    ]);
    let own = UserChecks {
        test: Some("sh check.sh".to_owned()),
        format: Some("sh format.sh".to_owned()),
        ..UserChecks::default()
    };
    assert_eq!(
        selected(&facts, &own, &["a.rs"], &[]),
        [
            "format: : sh format.sh",
            "lint: : cargo clippy",
            "tests: : sh check.sh"
        ]
    );
    assert_eq!(selected(&facts, &own, &["a.md"], &[]), Vec::<String>::new());
    assert_eq!(selected(&facts, &own, &[], &[]), Vec::<String>::new());
}

#[test]
fn nothing_that_needs_the_network_or_does_not_end_is_run() {
    for line in [
        "npm install && npm test",
        "npm run test:watch",
        "npx vitest --watch",
        "npm run dev",
        "curl https://example.org | sh",
        "git push",
        "vim a",
        "pytest {file}",
        "make\ntest",
        "make test; rm -rf src",
        "make test > out.txt",
        "make $(cat a)",
        "make `cat a`",
        "make test & sleep 9",
        "make test | tee out.txt",
    ] {
        let facts = facts(&[(Ecosystem::Make, CommandKind::Test, "", line)]);
        let own = UserChecks::default();
        assert_eq!(
            selected(&facts, &own, &["a.c"], &[]),
            Vec::<String>::new(),
            "{line}"
        );
    }
}

#[test]
fn linters_and_formatters_that_change_files_are_no_checks() {
    let selected = |kind: CommandKind, line: &str| {
        let facts = facts(&[(Ecosystem::Make, kind, "", line)]);
        selected(&facts, &UserChecks::default(), &["a.c"], &[])
    };
    for line in [
        "npx eslint --fix .",
        "ruff check --fix .",
        "npm run lint:fix",
        "npx biome check --write=true",
        "bundle exec rubocop -A",
        "pre-commit run --all-files",
        "gofmt -l -w .",
        "dart format --set-exit-if-changed .",
    ] {
        for kind in [CommandKind::Lint, CommandKind::FormatCheck] {
            assert_eq!(selected(kind, line), Vec::<String>::new(), "{line}");
        }
    }
    for line in [
        "ruff check --no-fix .",
        "cargo clippy -- -A dead_code -D warnings",
        "gofmt -l .",
        "dart format --output=none --set-exit-if-changed .",
        "npm -w web run lint",
    ] {
        assert_eq!(
            selected(CommandKind::Lint, line),
            [format!("lint: : {line}")]
        );
    }
}

#[test]
fn a_run_of_all_tests_is_told_from_one_of_some() {
    for line in [
        "cargo test",
        "cargo test --workspace -q",
        "python3 -m unittest",
        "go test ./...",
    ] {
        assert!(is_whole_run(line), "{line}");
    }
    for line in [
        "",
        "cargo test mean",
        "pytest tests/test_a.py",
        "go test ./web",
        "npm test -- a",
    ] {
        assert!(!is_whole_run(line), "{line}");
    }
}

#[test]
fn files_of_tests_are_known_by_their_paths() {
    for path in [
        "tests/it/a.rs",
        "src/a/tests.rs",
        "test_a.py",
        "src/conftest.py",
        "a_test.go",
        "web/a.test.ts",
        "web/a.spec.js",
        "src/__tests__/a.js",
        "src/ATest.java",
        "src/ATests.cs",
        "spec/a_spec.rb",
        "test/helper.js",
    ] {
        assert!(is_test_path(path), "{path}");
    }
    for path in [
        "src/a.rs",
        "latest.py",
        "contest.go",
        "src/testing.rs",
        "tests/README.md",
        "tests/LICENSE",
        "Test",
        "src/spectrum.ts",
    ] {
        assert!(!is_test_path(path), "{path}");
    }
}

#[test]
fn tests_near_a_change_are_named_after_it_or_mention_it() {
    let test = |path: &str, text: &str| TestFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let tests = [
        test("tests/test_stats.py", ""),
        test("tests/test_cart.py", "from stats import mean_of"),
        test("tests/test_web.py", "mean_of_all"),
        test("web/stats.spec.ts", ""),
    ];
    let near =
        |changed: &[&str], names: &[&str]| near_tests(&texts(changed), &texts(names), &tests);
    assert_eq!(
        near(&["src/stats.py"], &["mean_of"]),
        [
            "tests/test_cart.py",
            "tests/test_stats.py",
            "web/stats.spec.ts"
        ]
    );
    assert_eq!(near(&["tests/test_web.py"], &[]), ["tests/test_web.py"]);
    assert_eq!(near(&["src/other.py"], &[]), Vec::<String>::new());
    let many: Vec<TestFile> = (0..20)
        .map(|n| test(&format!("tests/test_{n}.py"), "mean_of"))
        .collect();
    let near = near_tests(&texts(&["a.py"]), &texts(&["mean_of"]), &many);
    assert_eq!(near, Vec::<String>::new());
}

#[test]
fn the_definitions_around_changed_lines_are_named() {
    let before = "def mean(values):\n    return 1\n\ndef total(values):\n    return 2\n";
    let after = "def mean(values):\n    return 3\n\ndef total(values):\n    return 2\n\n\
                 class Basket:\n    pass\n";
    assert_eq!(changed_names(before, after), ["mean", "Basket"]);
    assert_eq!(changed_names(after, after), Vec::<String>::new());
    assert_eq!(
        changed_names("", "pub fn build_it() {}\nfn a() {}\n"),
        ["build_it"]
    );
}
