//! Commands that need the network or write `.git`.
//!
//! A guess, for what needs approval and how that is explained; it looks into quotes and
//! substitutions. If it guesses wrong, the sandbox stops the command, or it is asked once too
//! often.

use std::collections::BTreeSet;

use super::git::effects::{GitEffects, effects};

/// Programs that run a tool of the project and may download it.
const RUNNERS: &[&str] = &["bunx", "npx", "pnpx"];

/// Programs that always need the network.
const PROGRAMS: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "aria2c",
    "aws",
    "az",
    "brew",
    "choco",
    "curl",
    "dig",
    "dnf",
    "flatpak",
    "ftp",
    "gcloud",
    "gh",
    "glab",
    "helm",
    "host",
    "http",
    "https",
    "kubectl",
    "mosh",
    "nc",
    "ncat",
    "netcat",
    "nmap",
    "nslookup",
    "ollama",
    "pacman",
    "ping",
    "pipx",
    "rclone",
    "rsync",
    "rustup",
    "scp",
    "sftp",
    "snap",
    "socat",
    "ssh",
    "telnet",
    "traceroute",
    "uvx",
    "wget",
    "whois",
    "winget",
    "yum",
    "zypper",
];

/// Subcommands that need the network, of programs that otherwise do not.
const SUBCOMMANDS: &[(&[&str], &[&str])] = &[
    (
        &["npm", "pnpm", "yarn", "bun"],
        &[
            "add", "audit", "ci", "create", "dlx", "exec", "i", "info", "init", "install", "login",
            "outdated", "publish", "up", "update", "upgrade", "view",
        ],
    ),
    (
        &[
            "pip", "python", "uv", "poetry", "pipenv", "conda", "mamba", "pdm", "hatch",
        ],
        &[
            "add", "create", "download", "install", "lock", "publish", "search", "sync", "update",
            "upgrade",
        ],
    ),
    (
        &["cargo"],
        &[
            "add",
            "binstall",
            "fetch",
            "generate-lockfile",
            "install",
            "login",
            "owner",
            "publish",
            "search",
            "update",
            "vendor",
            "yank",
        ],
    ),
    (&["go"], &["download", "get", "install", "tidy", "vendor"]),
    (
        &[
            "gem", "bundle", "composer", "nuget", "luarocks", "cpan", "opam", "cabal", "stack",
        ],
        &[
            "add", "install", "lock", "outdated", "push", "require", "restore", "update",
        ],
    ),
    (
        &["dotnet", "deno", "mix"],
        &["add", "cache", "deps.get", "install", "restore", "workload"],
    ),
    (
        &["docker", "podman", "terraform", "ansible-galaxy"],
        &[
            "build", "compose", "init", "install", "login", "pull", "push", "run",
        ],
    ),
    (
        &["nvm", "pyenv", "rbenv", "asdf", "mise", "sdk"],
        &["install", "update"],
    ),
];

/// Words that may be between a program and its subcommand.
const BETWEEN: &[&str] = &["global", "mod", "pip", "self", "tool"];

/// Words before a program: shell keywords, or programs that run another.
const BEFORE: &[&str] = &[
    "!", "command", "do", "doas", "else", "env", "exec", "if", "nice", "nohup", "setsid", "sudo",
    "then", "time", "timeout", "until", "while", "xargs",
];

/// Programs that run another one that they are given, beside those of [`BEFORE`].
const RUNNING: &[&str] = &[
    "bash", "busybox", "dash", "eval", "find", "flock", "ionice", "parallel", "sh", "stdbuf",
    "watch", "zsh",
];

/// Programs that usually name `.git` to read it or to leave it out.
const READERS: &[&str] = &[
    "cat", "cd", "du", "echo", "fd", "file", "find", "grep", "head", "ls", "rg", "sort", "stat",
    "tail", "tree", "wc",
];

/// Programs that need a terminal.
const INTERACTIVE: &[&str] = &[
    "bpython", "emacs", "fzf", "helix", "htop", "hx", "ipython", "joe", "kak", "lazygit", "less",
    "man", "mc", "micro", "more", "most", "nano", "nvim", "pico", "ranger", "screen", "tig",
    "tmux", "top", "vi", "vim", "vimdiff", "watch",
];

/// Why a command needs approval for network or git, as parts of a sentence. Empty if it does not.
pub(super) fn wide_reasons(command: &str) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    if needs_network(command) {
        reasons.push("it needs the network".to_owned());
    }
    let of_git = git_effects(command);
    reasons.extend(of_git.iter().flat_map(GitEffects::reasons));
    if names_git(command) {
        reasons.push("it names `.git`".to_owned());
    }
    let mut seen = BTreeSet::new();
    reasons.retain(|reason| seen.insert(reason.clone()));
    reasons
}

/// Whether a command needs the network.
pub(super) fn needs_network(command: &str) -> bool {
    let calls = |(program, words): (&str, Vec<&str>)| match program {
        "git" => effects(&words).network,
        _ => calls(program, &words),
    };
    names_address(command) || programs(command).into_iter().any(calls)
}

/// The effects of git commands anywhere in a command.
pub(super) fn git_effects(command: &str) -> Vec<GitEffects> {
    let found = programs(command).into_iter();
    let of_git = found.filter(|(program, _)| *program == "git");
    of_git.map(|(_, words)| effects(&words)).collect()
}

/// A program in a command that needs a terminal.
pub(super) fn interactive(command: &str) -> Option<&str> {
    let mut programs = programs(command).into_iter();
    let found = programs.find(|(program, _)| INTERACTIVE.contains(program));
    found.map(|(program, _)| program)
}

/// The programs that a command seems to run, each with the words after it: a guess that looks into
/// quotes and substitutions.
pub(super) fn programs(command: &str) -> Vec<(&str, Vec<&str>)> {
    parts(command).filter_map(program).collect()
}

/// The words after each `git` that a command seems to run, also behind programs that run another,
/// whatever options these have: `find . -exec git checkout {}`, `xargs -I % git rm %`.
pub(super) fn git_calls(command: &str) -> Vec<Vec<&str>> {
    let calls = parts(command).filter_map(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        let first = words.iter().find(|word| !word.contains('='))?;
        let is_git = |word: &&str| word.rsplit('/').next() == Some("git");
        let runs = is_git(first)
            || BEFORE.contains(first)
            || RUNNING.contains(first)
            || first.starts_with(|start: char| start == '-' || start.is_ascii_digit());
        let at = words.iter().position(is_git).filter(|_| runs)?;
        Some(words[at + 1..].to_vec())
    });
    calls.collect()
}

/// The parts of a command between what ends a word list.
fn parts(command: &str) -> impl Iterator<Item = &str> {
    let is_end = |character: char| {
        character.is_control()
            || matches!(
                character,
                ';' | '&' | '|' | '(' | ')' | '{' | '}' | '`' | '$' | '<' | '>' | '"' | '\''
            )
    };
    command.split(is_end)
}

/// The program that a part of a command seems to run, without folder and version, and the words
/// after it.
fn program(part: &str) -> Option<(&str, Vec<&str>)> {
    let mut words = part.split_whitespace().skip_while(|word| {
        BEFORE.contains(word)
            || word.contains('=')
            || word.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    });
    let program = words.next()?.rsplit('/').next().unwrap_or_default();
    let program = program.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    Some((program, words.collect()))
}

/// Whether a network address, or a network device of the shell, is named.
fn names_address(command: &str) -> bool {
    let addresses = [
        "http://",
        "https://",
        "ftp://",
        "ssh://",
        "git@",
        "/dev/tcp/",
        "/dev/udp/",
    ];
    addresses.iter().any(|address| command.contains(address))
}

/// Whether a command that might write it names `.git`: `grep --exclude-dir=.git` does not count.
fn names_git(command: &str) -> bool {
    let is_end = |character: char| !character.is_alphanumeric() && !"._-".contains(character);
    let mut names = command.split(is_end);
    let quiet = command.replace("2>/dev/null", " ").replace("2>&1", " ");
    // What is quoted is no program here: `-name '*.rs'`.
    let quiet = quiet.replace(['\'', '"'], "");
    let reads = |(program, _): &(&str, Vec<&str>)| READERS.contains(program);
    names.any(|name| name.eq_ignore_ascii_case(".git"))
        && (quiet.contains('>') || !programs(&quiet).iter().all(reads))
}

/// Whether a program with these words needs the network.
fn calls(program: &str, words: &[&str]) -> bool {
    if RUNNERS.contains(&program) {
        return fetches(words);
    }
    let words = words.iter().copied();
    let mut rest = words.filter(|word| !word.starts_with(['-', '+']) && !BETWEEN.contains(word));
    let subcommand = rest.next();
    let has_subcommand = SUBCOMMANDS.iter().any(|(programs, subcommands)| {
        programs.contains(&program) && subcommand.is_some_and(|word| subcommands.contains(&word))
    });
    let installs_by_itself = matches!(program, "yarn" | "bundle") && subcommand.is_none();
    PROGRAMS.contains(&program) || has_subcommand || installs_by_itself
}

/// Whether a package runner is told to download one; otherwise it runs what is installed, or fails.
fn fetches(words: &[&str]) -> bool {
    let options = ["-p", "-y", "--package", "--yes"];
    let is_told = |word: &&str| options.contains(&word.split('=').next().unwrap_or(word));
    let mut names = words.iter().filter(|word| !word.starts_with('-'));
    let has_version = |name: &&str| name.trim_start_matches('@').contains('@');
    words.iter().any(is_told)
        || names
            .next()
            .is_none_or(|name| has_version(name) || name.starts_with("create-"))
}
