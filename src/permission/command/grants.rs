//! What an answer "for this session" covers.

use super::git;
use super::rules::{KnownCommand, ParsedArguments, is_below, reads, rule};
use super::words::ArgumentVector;

/// Programs that run code from their arguments, input or a file, and shell words that change the
/// meaning of the next ones. Versions are cut off: `python3.12`.
const NEVER: &[&str] = &[
    // Shells and their words.
    "bash",
    "builtin",
    "case",
    "cd",
    "cmd",
    "command",
    "coproc",
    "csh",
    "dash",
    "do",
    "elif",
    "else",
    "eval",
    "exec",
    "export",
    "fish",
    "for",
    "function",
    "if",
    "ksh",
    "nu",
    "powershell",
    "pwsh",
    "select",
    "set",
    "sh",
    "source",
    "tcsh",
    "then",
    "time",
    "trap",
    "unset",
    "until",
    "while",
    "xonsh",
    "zsh",
    // Languages.
    "awk",
    "bun",
    "clojure",
    "deno",
    "elixir",
    "erl",
    "expect",
    "gawk",
    "gdb",
    "ghci",
    "groovy",
    "guile",
    "iex",
    "ipython",
    "irb",
    "java",
    "jshell",
    "julia",
    "kotlin",
    "lldb",
    "lua",
    "luajit",
    "mawk",
    "nawk",
    "node",
    "nodejs",
    "ocaml",
    "osascript",
    "perl",
    "php",
    "pypy",
    "python",
    "r",
    "racket",
    "raku",
    "rscript",
    "ruby",
    "sbcl",
    "scala",
    "sed",
    "swift",
    "tclsh",
    "ts-node",
    "tsx",
    "wish",
    // Wrappers.
    "at",
    "batch",
    "bunx",
    "busybox",
    "chroot",
    "chrt",
    "cpulimit",
    "crontab",
    "direnv",
    "doas",
    "docker",
    "entr",
    "env",
    "fakeroot",
    "fd",
    "find",
    "firejail",
    "flatpak",
    "flock",
    "ionice",
    "kubectl",
    "ltrace",
    "mosh",
    "nice",
    "nix",
    "nix-shell",
    "nohup",
    "npx",
    "nsenter",
    "parallel",
    "pipx",
    "pkexec",
    "pnpx",
    "podman",
    "prlimit",
    "proot",
    "rlwrap",
    "run-parts",
    "runuser",
    "screen",
    "script",
    "setarch",
    "setpriv",
    "setsid",
    "ssh",
    "start-stop-daemon",
    "stdbuf",
    "strace",
    "su",
    "sudo",
    "systemd-run",
    "taskset",
    "timeout",
    "tini",
    "tmux",
    "toybox",
    "unbuffer",
    "unshare",
    "uvx",
    "valgrind",
    "vi",
    "vim",
    "watch",
    "watchexec",
    "xargs",
];

/// Prefixes that may be followed by what their rule knows.
const FAMILIES: &[KnownCommand] = &[
    rule(&["cargo", "bench"], CARGO_FLAGS, CARGO_VALUES, CARGO, below),
    rule(&["cargo", "build"], CARGO_FLAGS, CARGO_VALUES, CARGO, below),
    rule(&["cargo", "check"], CARGO_FLAGS, CARGO_VALUES, CARGO, below),
    rule(
        &["cargo", "clippy"],
        CARGO_FLAGS,
        CARGO_VALUES,
        CARGO,
        below,
    ),
    rule(&["cargo", "doc"], CARGO_FLAGS, CARGO_VALUES, CARGO, below),
    rule(
        &["cargo", "fmt"],
        CARGO_FLAGS,
        "p",
        &["--", "--all", "--check"],
        below,
    ),
    rule(&["cargo", "test"], CARGO_FLAGS, CARGO_VALUES, CARGO, below),
    rule(&["go", "build"], "", "", &["-race", "-v"], below),
    rule(&["go", "test"], "", "", GO_TEST, below),
    rule(&["go", "vet"], "", "", &["-v"], below),
    rule(&["pytest"], "lqsvx", "kmr", PYTEST, below),
];

const CARGO_FLAGS: &str = "qrv";
const CARGO_VALUES: &str = "ADWjp";

/// Options that name no configuration, manifest, folder or program.
const CARGO: &[&str] = &[
    "--",
    "--all",
    "--all-features",
    "--all-targets",
    "--benches",
    "--bin ",
    "--bins",
    "--doc",
    "--exact",
    "--example ",
    "--examples",
    "--features ",
    "--features=",
    "--ignored",
    "--include-ignored",
    "--lib",
    "--locked",
    "--message-format=",
    "--no-default-features",
    "--no-deps",
    "--no-fail-fast",
    "--no-run",
    "--nocapture",
    "--offline",
    "--package ",
    "--quiet",
    "--release",
    "--show-output",
    "--test ",
    "--test-threads=",
    "--tests",
    "--verbose",
    "--workspace",
];

const GO_TEST: &[&str] = &[
    "-bench ",
    "-bench=",
    "-count=",
    "-cover",
    "-race",
    "-run ",
    "-run=",
    "-short",
    "-timeout=",
    "-v",
];

const PYTEST: &[&str] = &[
    "--collect-only",
    "--durations=",
    "--failed-first",
    "--last-failed",
    "--lf",
    "--maxfail=",
    "--no-header",
    "--tb=",
];

/// Operands are names, or paths below the folder.
fn below<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    let mut operands = arguments.operands.iter();
    operands.all(|operand| is_below(operand)).then(Vec::new)
}

/// Whether a vector only filters its input, so that it does not count beside another: `| tail -20`.
pub(super) fn is_filter(vector: &ArgumentVector) -> bool {
    // The sandbox makes Git harmless only if all of a command is known to be safe.
    vector.words[0] != "git" && reads(vector).is_some_and(|paths| paths.is_empty())
}

/// Whether a vector may run code from its arguments, input or a file. An assignment has its program
/// after it.
pub(super) fn runs_its_input(vector: &ArgumentVector) -> bool {
    let program = vector.words[0].rsplit('/').next().unwrap_or_default();
    let program = program.to_ascii_lowercase();
    let without_version = program.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    [program.as_str(), without_version]
        .iter()
        .any(|name| name.is_empty() || name.contains('=') || NEVER.contains(name))
}

/// What would be remembered of a vector, if anything.
pub(super) fn key(vector: &ArgumentVector) -> Option<Vec<String>> {
    if runs_its_input(vector) {
        return None;
    }
    let mut families = FAMILIES.iter().chain(git::TRUSTED);
    let family = families.find(|rule| rule.allows(vector).is_some());
    Some(match family {
        Some(rule) => rule.words.iter().map(|word| (*word).to_owned()).collect(),
        None => vector.words.clone(),
    })
}
