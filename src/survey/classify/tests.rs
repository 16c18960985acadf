//! What command lines are for.

use super::*;

fn kind(line: &str) -> Option<CommandKind> {
    match meaning(&acceptable(line)?) {
        Meaning::Known(purpose) => Some(purpose.kind),
        _ => None,
    }
}

#[test]
fn programs_are_known_by_their_arguments() {
    for (line, expected) in [
        ("cargo test --workspace", Some(Test)),
        ("RUST_BACKTRACE=1 cargo test", Some(Test)),
        ("cargo fmt --all --check", Some(FormatCheck)),
        ("cargo fmt -- --check", Some(FormatCheck)),
        ("cargo fmt", Some(Format)),
        ("cargo clippy -- -D warnings", Some(Lint)),
        ("cargo check", Some(TypeCheck)),
        ("cargo +nightly test", None),
        ("cargo build --target wasm32-unknown-unknown", None),
        ("cargo doc", None),
        ("cargo miri test", None),
        ("go test -race ./...", Some(Test)),
        ("go vet ./...", Some(Lint)),
        ("go get -t ./...", None),
        ("python -m pytest tests", Some(Test)),
        ("python3 -W error -m unittest", None),
        ("uv run --locked --group dev pytest -q", Some(Test)),
        ("poetry run mypy src", Some(TypeCheck)),
        ("ruff format --check .", Some(FormatCheck)),
        ("ruff check .", Some(Lint)),
        ("black --check .", Some(FormatCheck)),
        ("npx jest --ci", Some(Test)),
        ("npx eslint .", Some(Lint)),
        ("yarn tsc --noEmit", Some(TypeCheck)),
        ("mvn -B clean verify", Some(Test)),
        ("mvn package -DskipTests", Some(Build)),
        ("./gradlew build -x test", Some(Build)),
        ("./gradlew :core:test", Some(Test)),
        ("dotnet test --no-build", Some(Test)),
        ("dotnet format --verify-no-changes", Some(FormatCheck)),
        ("bundle exec rspec", Some(Test)),
        ("mix format --check-formatted", Some(FormatCheck)),
        ("swift test", Some(Test)),
        ("zig build test", Some(Test)),
        ("ctest --test-dir build", Some(Test)),
        ("cmake --build build", Some(Build)),
        ("cmake -B build", None),
        ("sbt +test", Some(Test)),
        ("flutter analyze", Some(Lint)),
        ("./scripts/test.sh", Some(Test)),
        ("bash ci/lint.sh --all", Some(Lint)),
        ("bash -c 'cargo test'", None),
        ("node --test", Some(Test)),
        ("npx eslint . --fix", Some(Format)),
        ("npx prettier --check .", Some(FormatCheck)),
        ("npx prettier --write .", Some(Format)),
        ("npx prettier .", None),
        ("make -C sub test", None),
        ("make clean test", None),
    ] {
        assert_eq!(kind(line), expected, "{line}");
    }
}

#[test]
fn what_installs_sends_or_deploys_is_no_command_of_the_project() {
    for line in [
        "pip install -e .",
        "python -m pip install pytest",
        "npm ci && npm test",
        "npm install",
        "npm publish",
        "curl -sSf https://example.org/install.sh",
        "curl x | sh",
        "cargo install cargo-nextest",
        "cargo publish",
        "cargo login",
        "docker run --rm x cargo test",
        "sudo make test",
        "bash <(curl -s https://codecov.io/bash)",
        "API_TOKEN=$X pytest",
        "pytest --token=abc",
        "pytest ${{ matrix.flags }}",
        "pytest $FLAGS",
        "mix deps.get",
        "gem push a.gem",
        "twine upload dist/*",
        "mvn deploy",
        "terraform apply",
        "git push --tags",
        "./gradlew publish",
        "./gradlew build publishToSonatype",
        "npm run deploy:prod",
        "pnpm docker-push",
        "pytest > log.txt",
    ] {
        // Scripts are split into commands before.
        let accepted = acceptable(line);
        let is_command = accepted.is_some_and(|line| meaning(&line) != Meaning::Unknown);
        assert!(!is_command || line.contains("&&"), "{line}");
    }
    assert_eq!(acceptable(&"x".repeat(400)), None);
}

#[test]
fn tasks_of_the_project_are_found_whoever_runs_them() {
    let script = |name: &str| Meaning::Task(Task::Script(name.to_owned()));
    for (line, expected) in [
        ("npm test", script("test")),
        ("npm run test:unit -- --ci", script("test:unit")),
        ("pnpm build", script("build")),
        ("pnpm run --filter @a/b test:all", script("test:all")),
        ("pnpm -r test", script("test")),
        ("yarn workspace web lint", script("lint")),
        ("bun run lint", script("lint")),
        (
            "make -j4 check V=1",
            Meaning::Task(Task::Make("check".to_owned())),
        ),
        ("make", Meaning::Task(Task::Make(String::new()))),
        ("bundle exec rake", Meaning::Task(Task::Rake(String::new()))),
        (
            "uv run --group dev tox run -e typing",
            Meaning::Task(Task::Tox(vec!["typing".to_owned()])),
        ),
        (
            "python -m tox -e py,lint",
            Meaning::Task(Task::Tox(vec!["py".to_owned(), "lint".to_owned()])),
        ),
        (
            "nox -s tests",
            Meaning::Task(Task::Nox(vec!["tests".to_owned()])),
        ),
    ] {
        let accepted = acceptable(line).unwrap_or_default();
        assert_eq!(meaning(&accepted), expected, "{line}");
    }
}

#[test]
fn tasks_are_named_for_what_they_do() {
    for (name, runs, expected) in [
        ("test", &[][..], Some(Test)),
        ("check", &[Test, Lint], Some(Test)),
        ("check", &[Lint], Some(Lint)),
        ("check", &[], None),
        ("ci", &[Test], Some(Test)),
        ("init", &[], None),
        ("format:check", &[], Some(FormatCheck)),
        ("format", &[FormatCheck], Some(FormatCheck)),
        ("type_check", &[], Some(TypeCheck)),
        ("lint", &[Format], Some(Format)),
        ("format-check", &[Format], Some(Format)),
        ("all", &[Test, Lint], None),
        ("all", &[Test, Build], Some(Build)),
        ("all", &[], Some(Build)),
        ("dist", &[], None),
    ] {
        assert_eq!(kind_of_task(name, runs), expected, "{name} {runs:?}");
    }
}
