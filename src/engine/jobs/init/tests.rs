use crate::survey::{
    CommandKind, Ecosystem, EntryPoint, Evidence, Facts, Found, Framework, FrameworkKind,
    LanguageShare, Manifest, ProjectCommand, TestLayout,
};

/// A command, found in the manifest of its tool.
pub(super) fn command(
    kind: CommandKind,
    ecosystem: Ecosystem,
    folder: &str,
    line: &str,
) -> ProjectCommand {
    let manifest = match ecosystem {
        Ecosystem::Cargo => "Cargo.toml",
        _ => "package.json",
    };
    let path = match folder {
        "" => manifest.to_owned(),
        folder => format!("{folder}/{manifest}"),
    };
    ProjectCommand {
        kind,
        ecosystem,
        folder: folder.to_owned(),
        line: line.to_owned(),
        evidence: vec![Evidence {
            path,
            line: None,
            what: "manifest".to_owned(),
        }],
        runs: Vec::new(),
    }
}

fn share(name: &str, percent: u8) -> LanguageShare {
    LanguageShare {
        name: name.to_owned(),
        files: 3,
        percent,
    }
}

fn framework(name: &str, kind: FrameworkKind) -> Framework {
    Framework {
        name: name.to_owned(),
        kind,
        evidence: "Cargo.toml".to_owned(),
    }
}

fn found(name: &str, path: &str) -> Found {
    Found {
        name: name.to_owned(),
        path: path.to_owned(),
    }
}

/// The facts of a small shop.
pub(super) fn facts() -> Facts {
    let mut test = command(
        CommandKind::Test,
        Ecosystem::Cargo,
        "",
        "cargo test --workspace",
    );
    test.evidence.insert(
        0,
        Evidence {
            path: ".github/workflows/ci.yml".to_owned(),
            line: Some(7),
            what: "run in job test".to_owned(),
        },
    );
    Facts {
        languages: vec![share("Rust", 90), share("TypeScript", 10), share("CSS", 0)],
        manifests: vec![Manifest {
            path: "Cargo.toml".to_owned(),
            ecosystem: Ecosystem::Cargo,
        }],
        entry_points: vec![EntryPoint {
            path: "src/main.rs".to_owned(),
            what: "program `shop`".to_owned(),
        }],
        frameworks: vec![
            framework("axum", FrameworkKind::Web),
            framework("React", FrameworkKind::Interface),
        ],
        package_managers: vec![found("Cargo", "Cargo.lock")],
        ci: vec![found("GitHub Actions", ".github/workflows/ci.yml")],
        tests: TestLayout {
            folders: vec!["tests".to_owned()],
            patterns: vec!["*_test.rs".to_owned()],
            frameworks: Vec::new(),
        },
        instructions: vec!["OLLACODE.md".to_owned(), "CLAUDE.md".to_owned()],
        commands: vec![
            command(CommandKind::Build, Ecosystem::Cargo, "", "cargo build"),
            test,
            command(CommandKind::Test, Ecosystem::Npm, "web", "npm test"),
            command(
                CommandKind::OneTest,
                Ecosystem::Cargo,
                "",
                "cargo test {name}",
            ),
        ],
        ..Facts::default()
    }
}
