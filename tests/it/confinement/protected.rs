//! What runs later: a command does not write it, whether it is there or not.

use super::{Kind, Probe, check, sure};

/// What is there.
const THERE: &[Probe] = &[
    sure(
        "a hook",
        "echo evil > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit",
    ),
    sure("over a hook", "echo evil > .git/hooks/x"),
    sure("git's settings", "echo evil >> .git/config"),
    sure("git's settings, by git", "git config core.fsmonitor evil"),
    sure(
        "git's settings, by git elsewhere",
        "git config --file .git/config alias.x '!evil'",
    ),
    sure(
        "other settings of git",
        "echo evil > .git/commondir; echo evil > .git/config.worktree",
    ),
    sure("git's head", "echo evil > .git/HEAD"),
    sure(
        "git's folder moved",
        "mv .git x; mkdir -p .git/hooks; echo evil > .git/config",
    ),
    sure(
        "git's hooks moved",
        "mv .git/hooks .git/h; mkdir .git/hooks; echo evil > .git/hooks/x",
    ),
    sure(
        "git's folder deleted",
        "rm -rf .git; mkdir -p .git/hooks; echo evil > .git/config",
    ),
    sure("work for others", "echo evil > .github/workflows/evil.yml"),
    sure(
        "work for others, changed",
        "sed -i s/good/evil/ .github/workflows/ci.yml",
    ),
    sure(
        "the folder around moved",
        "mv .github g; mkdir -p .github/workflows; echo evil > .github/workflows/ci.yml",
    ),
    sure(
        "the folder around a link",
        "rm -rf .github; mkdir -p g/workflows; ln -s g .github; echo evil > g/workflows/ci.yml",
    ),
    sure(
        "the editor's",
        "echo evil > .vscode/tasks.json; echo evil > .vscode/settings.json",
    ),
    sure("the shell's", "echo evil >> .envrc"),
    sure(
        "the package's",
        "echo evil > package.json; rm -f package.json",
    ),
    sure(
        "renamed over",
        "echo evil > x; mv -f x package.json; cp x .envrc; mv x .envrc",
    ),
    sure(
        "edited in place",
        "sed -i s/good/evil/ package.json; perl -pi -e s/good/evil/ .envrc",
    ),
    sure(
        "a hard link",
        "ln package.json p && echo evil >> p; ln .git/config c && echo evil >> c",
    ),
    sure(
        "modes and times",
        "chmod 777 package.json .git/config .git; touch -d 2001-01-01 .envrc",
    ),
    sure("cut off", "truncate -s 0 package.json .git/config"),
    sure(
        "another way to it",
        "cd src; echo evil > ../.git/config; echo evil > /proc/self/cwd/../package.json; cd ..",
    ),
    sure(
        "through a link that is kept",
        "rm -f .gitlab-ci.yml; echo evil > .gitlab-ci.yml",
    ),
    sure(
        "exchanged",
        "mkdir evil; echo evil > evil/tasks.json\npy <<'E'\nfrom calls import *\n\
         call('renameat2', -100, b'evil', -100, b'.vscode', 2)\n\
         call('renameat2', -100, b'src', -100, b'.git', 2)\nE",
    ),
];

#[test]
fn what_runs_later_stays_as_it_is() {
    check("what_runs_later_stays_as_it_is", Kind::Full, THERE);
}

/// What is not there.
const MISSING: &[Probe] = &[
    sure(
        "git's folder",
        "mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit",
    ),
    sure(
        "git's folder, a link",
        "mkdir -p g/hooks; ln -s g .git; echo evil > .git/config",
    ),
    sure("git's folder, a file", "echo 'gitdir: evil' > .git"),
    sure(
        "git's folder, moved there",
        "mkdir -p g/hooks; echo evil > g/config; mv g .git",
    ),
    sure("the shell's", "echo evil > .envrc; echo evil > .env"),
    sure(
        "the shell's, renamed",
        "echo evil > x; ln x .envrc; cp x .env.local; mv x .env",
    ),
    sure(
        "the editor's",
        "mkdir .vscode; echo evil > .vscode/tasks.json",
    ),
    sure(
        "the editor's, moved there",
        "mkdir e; echo evil > e/tasks.json; mv e .vscode",
    ),
    sure(
        "the editor's, a link",
        "mkdir e; echo evil > e/tasks.json; ln -s e .vscode; ln -s e .idea",
    ),
    sure(
        "the editor's, with more in it",
        "mkdir .vscode; echo evil > .vscode/tasks.json; mv src .vscode/s",
    ),
    sure(
        "work for others",
        "mkdir -p .github/workflows; echo evil > .github/workflows/ci.yml",
    ),
    sure(
        "work for others, moved there",
        "mkdir -p g/workflows; echo evil > g/workflows/x.yml; mv g .github",
    ),
    sure(
        "our rules",
        "mkdir .ollacode; echo evil > .ollacode/config.toml",
    ),
    sure(
        "the build's",
        "mkdir .cargo; echo evil > .cargo/config.toml; echo evil > build.rs",
    ),
    sure(
        "packages'",
        "echo evil > package.json; echo evil > .npmrc; echo evil > setup.py",
    ),
    sure(
        "deeper",
        "mkdir -p .config/fish gradle/wrapper; echo evil > .config/fish/x; \
         echo evil > gradle/wrapper/x",
    ),
    sure(
        "in the background",
        "(while :; do mkdir -p .devcontainer; echo evil > .devcontainer/x; done) & sleep 0.1; \
         kill $!",
    ),
    sure(
        "left behind",
        "setsid -f sh -c 'while :; do echo evil > .envrc; sleep 0.01; done' > /dev/null 2>&1; \
         sleep 0.1",
    ),
    sure(
        "in python",
        "py <<'E'\nfrom calls import *\nos.rename('src', '.vscode')\nE",
    ),
];

#[test]
fn what_runs_later_does_not_appear() {
    check("what_runs_later_does_not_appear", Kind::Bare, MISSING);
}
