use std::collections::BTreeSet;

use super::ProtectedClass::{AutoExecuted, Instructions, RunByUser};
use super::*;

fn path(given: &str) -> WorkspacePath {
    WorkspacePath::parse(given, &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn check(class: Option<ProtectedClass>, paths: &str) {
    for given in paths.split('¦').map(str::trim) {
        let found = protected(&path(given)).map(|found| found.class);
        assert_eq!(found, class, "{given:?}");
        let below = format!("some/folder/{given}");
        let found = protected(&path(&below)).map(|found| found.class);
        assert_eq!(found, class, "{below:?}");
    }
}

#[test]
fn what_runs_without_being_started_is_known_at_every_depth() {
    check(
        Some(AutoExecuted),
        ".git ¦ .git/config ¦ .git/hooks/pre-commit ¦ .GIT/config ¦ .Git/hooks/x ¦ git~1/config ¦ \
         .git./config ¦ .git /config ¦ .g\u{200c}it/config ¦ mirror.git/hooks/update ¦ \
         .gitattributes ¦ .gitmodules ¦ .hg/hgrc ¦ .ollacode/config.toml ¦ .OllaCode/x ¦ .env ¦ \
         .env.local ¦ .ENV ¦ .envrc ¦ deploy/.env.production ¦ .direnv/bin/x ¦ flake.nix ¦ \
         .bashrc ¦ home/.BASHRC ¦ .ba\u{17f}hrc ¦ .zshenv ¦ .profile ¦ .bash_aliases ¦ \
         .config/fish/functions/x.fish ¦ .github/workflows/ci.yml ¦ .GitHub/Workflows/ci.yml ¦ \
         .github/actions/x/action.yml ¦ .gitlab-ci.yml ¦ .appveyor.yml ¦ azure-pipelines-x.yml ¦ \
         Jenkinsfile ¦ Jenkinsfile.release ¦ .circleci/config.yml ¦ .vscode/tasks.json ¦ \
         .vscode ¦ x.code-workspace ¦ .devcontainer.json ¦ .idea/workspace.xml ¦ .zed/x ¦ \
         rust-analyzer.toml ¦ .dir-locals.el ¦ .nvim.lua ¦ .cursor/mcp.json ¦ .mcp.json ¦ \
         .claude/settings.json ¦ .claude/CLAUDE.md ¦ .gemini/settings.json ¦ .husky/pre-commit ¦ \
         lefthook.yml ¦ .pre-commit-config.yaml ¦ .cargo/config.toml ¦ .cargo/config ¦ \
         rust-toolchain.toml ¦ rust-toolchain ¦ mise.toml ¦ mise.local.toml ¦ .npmrc ¦ \
         .yarn/releases/yarn.cjs ¦ .yarn/plugins/x.cjs ¦ .yarnrc.yml ¦ .bundle/config ¦ \
         gradle/wrapper/gradle-wrapper.properties ¦ gradlew ¦ .mvn/jvm.config ¦ \
         sitecustomize.py ¦ .Rprofile ¦ .ssh/authorized_keys",
    );
}

#[test]
fn what_builds_and_tests_run_is_told_from_it() {
    check(
        Some(RunByUser),
        "build.rs ¦ crates/a/build.rs ¦ Build.rs ¦ build.r\u{17f} ¦ package.json ¦ Makefile ¦ \
         GNUmakefile ¦ rules.mk ¦ justfile ¦ Rakefile ¦ Gemfile ¦ x.gemspec ¦ setup.py ¦ \
         conftest.py ¦ noxfile.py ¦ tox.ini ¦ lib/evil.pth ¦ build.gradle.kts ¦ pom.xml ¦ \
         Dockerfile ¦ docker-compose.override.yml ¦ default.nix ¦ vite.config.ts ¦ .eslintrc.cjs \
         ¦ composer.json ¦ node_modules/.bin/tsc ¦ .svn/entries",
    );
}

#[test]
fn instructions_for_later_sessions_are_known() {
    check(
        Some(Instructions),
        "AGENTS.md ¦ agents.md ¦ OLLACODE.md ¦ CLAUDE.md ¦ CLAUDE.local.md ¦ GEMINI.md ¦ \
         .cursorrules ¦ .clinerules/x.md ¦ .github/copilot-instructions.md ¦ \
         .github/instructions/x.md ¦ skills/x/SKILL.md",
    );
}

#[test]
fn ordinary_files_are_not_protected() {
    assert_eq!(protected(&path(".")), None);
    check(
        None,
        "src/main.rs ¦ Cargo.toml ¦ Cargo.lock ¦ README.md ¦ .gitignore ¦ .gitkeep ¦ git/config ¦ \
         docs/git.md ¦ src/build.rs.md ¦ env.rs ¦ environment.ts ¦ workflows/ci.yml ¦ \
         github/workflows/x.yml ¦ .github/CODEOWNERS ¦ package-lock.json ¦ src/rebuild.rs ¦ \
         src/vscode/tasks.json ¦ path.py ¦ pyproject.toml ¦ .editorconfig ¦ src/config.js ¦ \
         go.mod ¦ tasks.py ¦ .python-version ¦ build/out.txt ¦ workspace/a.rs ¦ .yarn/cache/x.zip \
         ¦ tests/test_makefile.py ¦ docs/agents.html ¦ bin/local ¦ .config/app.toml",
    );
}

#[test]
fn a_path_is_as_strict_as_its_strictest_name() {
    check(
        Some(AutoExecuted),
        ".vscode/AGENTS.md ¦ .github/workflows/Makefile",
    );
    check(
        Some(RunByUser),
        "node_modules/.bin/CLAUDE.md ¦ .jj/AGENTS.md",
    );
}

#[test]
fn commands_may_write_what_only_builds_run() {
    for given in [
        "a/b/.envrc",
        ".vscode",
        ".git/config",
        "vendor/x/.git/config",
        "node_modules/x/.git/hooks/post-checkout",
        "target/.git",
        "deep/er/.github/workflows/x.yml",
    ] {
        assert!(closed_to_commands(given).is_some(), "{given}");
    }
    for given in [
        "package.json",
        "Makefile",
        "a/conftest.py",
        "AGENTS.md",
        "checkpoints/model.pth",
        "node_modules/x/.travis.yml",
        "node_modules/x/.github/workflows/ci.yml",
        "target/package/x/.cargo/config.toml",
        "vendor/x/.vscode/settings.json",
        "src/main.rs",
        ".",
    ] {
        assert_eq!(closed_to_commands(given), None, "{given}");
    }
}

#[test]
fn a_name_is_judged_with_the_folder_that_it_is_in() {
    let class = |parent, name| classify_name(parent, name).map(|found| found.class);
    assert_eq!(class("", ".git"), Some(AutoExecuted));
    assert_eq!(class(".GitHub", "Workflows"), Some(AutoExecuted));
    assert_eq!(class("", "workflows"), None);
    assert_eq!(class(".github", "readme.md"), None);
    assert_eq!(class(".yarn", "releases"), Some(AutoExecuted));
    assert_eq!(class("node_modules", ".bin"), Some(RunByUser));
    assert!(is_generated("Node_Modules") && !is_generated("modules") && !is_generated(""));
}

#[test]
fn the_table_says_each_name_once_and_as_it_is_compared() {
    let mut seen = BTreeSet::new();
    for group in GROUPS {
        for text in group.names.split_ascii_whitespace() {
            assert!(seen.insert(text), "{text} is there twice");
            let parts: Vec<&str> = text.split('/').collect();
            assert!(parts.len() <= 2, "{text}");
            for part in parts {
                assert_eq!(folded(part), part, "{text}");
                assert!(part.matches('*').count() <= 1, "{text}");
                assert!(part.trim_matches(['*', '.']).len() >= 2, "{text}");
            }
            let example = text.replace('*', "x");
            let found = classify(&example).map(|found| found.class);
            assert!(found >= Some(group.class), "{text}");
        }
    }
}

#[test]
fn secrets_are_known_by_their_paths() {
    for given in [
        ".env",
        ".ENV.production",
        ".env.",
        "deploy/key.pem",
        "deploy/KEY.PEM ",
        "id_ed25519",
        ".netrc",
        "a/.ssh/known_hosts",
        ".aws/credentials",
    ] {
        assert!(is_secret(&path(given)), "{given}");
    }
    for given in ["src/main.rs", ".env.example", "keys.rs", "."] {
        assert!(!is_secret(&path(given)), "{given}");
    }
}
