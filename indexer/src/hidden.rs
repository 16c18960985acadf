//! The hidden files and folders that are indexed: those with content that people ask about.

/// Whether a name is not hidden, or known.
pub fn is_shown(name: &str) -> bool {
    !name.starts_with('.') || is_known_hidden(name)
}

fn is_known_hidden(name: &str) -> bool {
    const KNOWN: &[&str] = &[
        ".github",
        ".gitlab",
        ".gitlab-ci.yml",
        ".circleci",
        ".travis.yml",
        ".cargo",
        ".config",
        ".devcontainer",
        ".storybook",
        ".husky",
        ".ci",
        ".buildkite",
        ".editorconfig",
        ".gitattributes",
        ".gitmodules",
        ".dockerignore",
        ".clang-format",
        ".clang-tidy",
        ".golangci.yml",
        ".golangci.yaml",
        ".pre-commit-config.yaml",
        ".goreleaser.yml",
        ".goreleaser.yaml",
        ".readthedocs.yml",
        ".readthedocs.yaml",
        ".rubocop.yml",
        ".babelrc",
        ".swiftlint.yml",
        ".flake8",
        ".pylintrc",
        ".coveragerc",
        ".credo.exs",
        ".formatter.exs",
        ".rustfmt.toml",
        ".clippy.toml",
        // Secret files are let through so that they are counted as such, and never read.
        ".npmrc",
        ".pypirc",
        ".netrc",
        ".aws",
        ".ssh",
        ".kube",
        ".docker",
        ".htpasswd",
        ".git-credentials",
        ".pgpass",
        ".gnupg",
        ".password-store",
        ".azure",
        ".m2",
        ".my.cnf",
        ".s3cfg",
        ".vault-token",
        ".dockercfg",
        ".terraformrc",
        "_netrc",
    ];
    KNOWN.contains(&name)
        || [
            ".eslintrc",
            ".prettierrc",
            ".stylelintrc",
            ".env",
            ".mocharc",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}
