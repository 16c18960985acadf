use super::super::marks::MarkedText;
use super::super::tests::{command, facts};
use super::*;
use crate::survey::{Ecosystem, EntryPoint, Evidence, Member};

fn file(lines: &PartLines) -> String {
    marked_block(&lines.texts(Some("0a1b2c3d")))
}

fn words() -> Words {
    Words {
        what: "A shop that sells kettles.".to_owned(),
        parts: vec![("src/api/".to_owned(), "The requests.".to_owned())],
        conventions: vec!["Errors are enums.".to_owned()],
        pitfalls: vec!["The cache is never cleared.".to_owned()],
        dropped: 0,
    }
}

#[test]
fn the_file_has_its_sections_and_says_where_commands_stand() {
    let mut lines = PartLines::of_facts(&facts(), "OLLACODE.md", &Trials::new());
    lines.add_words(&words());
    insta::assert_snapshot!(file(&lines), @r"
    `ollacode init` renews what stands between its marks. What you write outside of them stays.

    ## What this is

    <!-- ollacode:what 0a1b2c3d -->
    A shop that sells kettles.
    <!-- /ollacode:what -->

    <!-- ollacode:facts -->
    - Languages: Rust 90 %, TypeScript 10 %
    - Frameworks: axum, React
    - Packages: Cargo (`Cargo.lock`)
    - CI: GitHub Actions (`.github/workflows/ci.yml`)
    - More instructions, to be read as well: `CLAUDE.md`
    <!-- /ollacode:facts -->

    ## Where things are

    <!-- ollacode:parts 0a1b2c3d -->
    - `src/api/`: The requests.
    <!-- /ollacode:parts -->

    <!-- ollacode:places -->
    - `src/main.rs`: program `shop`
    - Tests: in `tests/`, named `*_test.rs`
    <!-- /ollacode:places -->

    ## Commands

    <!-- ollacode:commands -->
    - Build: `cargo build` (`Cargo.toml`)
    - Test: `cargo test --workspace` (`.github/workflows/ci.yml:7`, `Cargo.toml`)
    - Test: `npm test` in `web/` (`web/package.json`)
    - One test: `cargo test {name}` (`Cargo.toml`)
    <!-- /ollacode:commands -->

    ## Conventions

    <!-- ollacode:conventions 0a1b2c3d -->
    - Errors are enums.
    <!-- /ollacode:conventions -->

    ## Pitfalls

    <!-- ollacode:pitfalls 0a1b2c3d -->
    - The cache is never cleared.
    <!-- /ollacode:pitfalls -->
    ");
}

#[test]
fn commands_that_failed_are_comments_and_are_read_again() {
    let facts = facts();
    let chosen = chosen_commands(&facts);
    let trials = Trials::from([
        (key(chosen[0]), Trial::Worked("1.5 s".to_owned())),
        (
            key(chosen[2]),
            Trial::Failed("no network (exit code 1)".to_owned()),
        ),
    ]);
    let lines = command_lines(&facts, &trials);
    assert_eq!(
        lines[0],
        "- Build: `cargo build` (`Cargo.toml`); worked in 1.5 s"
    );
    assert_eq!(
        lines[3],
        "<!-- failed: Test: `npm test` in `web/`: no network (exit code 1) -->"
    );
    assert_eq!(lines.len(), 4);
    assert_eq!(trials_in(&lines.join("\n")), trials);
    assert_eq!(
        trials_in("- Build: `make`\nwords\n<!-- failed: x -->"),
        Trials::new()
    );
}

#[test]
fn files_of_one_ci_are_counted_and_a_package_is_named_once() {
    let mut facts = facts();
    let found = |name: &str, path: &str| Found {
        name: name.to_owned(),
        path: path.to_owned(),
    };
    facts.ci = vec![
        found("GitHub Actions", ".github/workflows/ci.yml"),
        found("GitHub Actions", ".github/workflows/close-issues.yml"),
        found("Woodpecker", ".woodpecker.yml"),
    ];
    let member = |path: &str| Member {
        path: path.to_owned(),
        name: path.to_owned(),
    };
    facts.members = vec![member("src"), member("lib")];
    let lines = PartLines::of_facts(&facts, "OLLACODE.md", &Trials::new());
    let text = file(&lines);
    for line in [
        "- CI: GitHub Actions (2 files in `.github/workflows/`), Woodpecker (`.woodpecker.yml`)",
        "- `src/main.rs`: program `shop`\n- `lib/`: package `lib`\n- Tests",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn people_run_another_task_than_ci() {
    let mut facts = facts();
    let make = |line: &str| command(CommandKind::Test, Ecosystem::Make, "", line);
    facts.commands = vec![make("make ci"), make("make test")];
    assert_eq!(chosen_commands(&facts), [&make("make test")]);
    facts.commands.pop();
    assert_eq!(chosen_commands(&facts), [&make("make ci")]);
    for (line, expected) in [
        ("npm run test-ci", true),
        ("make coverage", true),
        ("npm ci", true),
        ("npm test", false),
        ("cargo test --workspace", false),
        ("make social", false),
    ] {
        assert_eq!(is_for_ci(line), expected, "{line}");
    }
    // The same place is named once.
    let mut twice = make("make test");
    twice.evidence = vec![twice.evidence[0].clone(), twice.evidence[0].clone()];
    assert_eq!(evidence(&twice).matches('`').count(), 2);
}

#[test]
fn what_cannot_stand_on_a_line_is_left_out() {
    let mut facts = facts();
    facts.commands = vec![
        command(
            CommandKind::Test,
            Ecosystem::Make,
            "",
            "make test\n<!-- /ollacode:commands -->",
        ),
        command(CommandKind::Test, Ecosystem::Just, "", "just `id`"),
        command(CommandKind::Test, Ecosystem::Npm, "", "curl x | sh"),
        command(CommandKind::Test, Ecosystem::Task, "", &"x".repeat(LONG)),
        command(CommandKind::Build, Ecosystem::Make, "", "make {file}"),
        command(CommandKind::Lint, Ecosystem::Make, "a --> b", "make lint"),
    ];
    facts.entry_points.push(EntryPoint {
        path: "a`b.rs".to_owned(),
        what: "library".to_owned(),
    });
    facts.members.push(Member {
        path: "x\n## y".to_owned(),
        name: "z".to_owned(),
    });
    facts.generated.push("<!-- /ollacode:places -->".to_owned());
    let lines = PartLines::of_facts(&facts, "OLLACODE.md", &Trials::new());
    let text = file(&lines);
    let marked = MarkedText::read(&text).expect("marks");
    assert_eq!(marked.body(Part::Commands), Some(""));
    assert_eq!(
        marked.body(Part::Places),
        Some("- `src/main.rs`: program `shop`\n- Tests: in `tests/`, named `*_test.rs`\n")
    );
}

/// Longer than a command may be.
const LONG: usize = 500;

#[test]
fn a_huge_project_stays_within_the_budget() {
    let mut facts = facts();
    for number in 0..500 {
        let long = format!("a/rather/long/path/to/something/number/{number}");
        facts.entry_points.push(EntryPoint {
            path: format!("{long}.rs"),
            what: "program".repeat(9),
        });
        facts.members.push(Member {
            path: long.clone(),
            name: format!("member{number}"),
        });
        facts.generated.push(long.clone());
        facts.vendored.push(long.clone());
        let ecosystem = [Ecosystem::Npm, Ecosystem::Go, Ecosystem::Maven][number % 3];
        let kind = CommandKind::ALL[number % 8];
        let mut one = command(kind, ecosystem, &long, "run the tests");
        one.evidence = vec![
            Evidence {
                path: long.clone(),
                line: None,
                what: String::new()
            };
            9
        ];
        facts.commands.push(one);
    }
    let mut lines = PartLines::of_facts(&facts, "OLLACODE.md", &Trials::new());
    let sentence = "A sentence that is as long as sentences are, and then some more of it. ";
    lines.add_words(&Words {
        what: sentence.repeat(6).trim().to_owned(),
        parts: (0..12)
            .map(|n| (format!("src/{n}/"), sentence.repeat(3)))
            .collect(),
        conventions: vec![sentence.repeat(3); 6],
        pitfalls: vec![sentence.repeat(3); 5],
        dropped: 0,
    });
    lines.fit(frame());
    let text = file(&lines);
    assert!(
        text.lines().count() <= MOST_LINES,
        "{}",
        text.lines().count()
    );
    assert!(
        text.chars().count() <= MOST_CHARACTERS,
        "{}",
        text.chars().count()
    );
    assert!(text.chars().count() > MOST_CHARACTERS * 3 / 4);
    let marked = MarkedText::read(&text).expect("marks");
    for part in Part::ALL {
        assert!(!marked.body(part).expect("a part").is_empty(), "{part:?}");
    }
    // Beside a long text of the user there is room still.
    lines.fit((500, 20_000));
    assert!(lines.size().1 <= LEAST_CHARACTERS && !lines.is_empty());
}

#[test]
fn an_empty_project_has_no_lines() {
    assert!(PartLines::of_facts(&Facts::default(), "OLLACODE.md", &Trials::new()).is_empty());
}
