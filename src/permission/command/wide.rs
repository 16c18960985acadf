//! Commands that need the network, or write `.git`.
//!
//! A guess, for what is asked and how it is explained; it looks through quotes and substitutions.
//! Where it guesses wrong, confinement stops the command, or it is asked once too often.

/// Programs that do nothing without the network.
const PROGRAMS: &[&str] = &[
    "apk",
    "apt",
    "apt-get",
    "aria2c",
    "aws",
    "az",
    "brew",
    "bunx",
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
    "npx",
    "nslookup",
    "ollama",
    "pacman",
    "ping",
    "pipx",
    "pnpx",
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

/// Subcommands that need it, of programs that work without.
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

/// Words that stand between a program and its subcommand.
const BETWEEN: &[&str] = &["global", "mod", "pip", "self", "tool"];

/// Subcommands of Git that neither write `.git` nor need the network.
const GIT_READING: &[&str] = &[
    "blame",
    "cat-file",
    "describe",
    "diff",
    "diff-tree",
    "for-each-ref",
    "grep",
    "help",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "name-rev",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-ref",
    "status",
    "version",
    "whatchanged",
];

/// Words before a program: of the shell, or programs that run another.
const BEFORE: &[&str] = &[
    "!", "command", "do", "doas", "else", "env", "exec", "if", "nice", "nohup", "setsid", "sudo",
    "then", "time", "timeout", "until", "while", "xargs",
];

/// Whether a subcommand of git neither writes `.git` nor needs the network.
pub(super) fn is_git_reading(subcommand: &str) -> bool {
    GIT_READING.contains(&subcommand)
}

/// Guesses whether a command needs the network or writes `.git`.
pub(super) fn is_wide(command: &str) -> bool {
    let is_end = |character: char| {
        character.is_control()
            || matches!(
                character,
                ';' | '&' | '|' | '(' | ')' | '{' | '}' | '`' | '$' | '<' | '>' | '"' | '\''
            )
    };
    let mut parts = command.split(is_end);
    names_address_or_git(command) || parts.any(part_is_wide)
}

/// Whether an address, a device of the shell for the network, or Git's folder is named.
fn names_address_or_git(command: &str) -> bool {
    let addresses = [
        "http://",
        "https://",
        "ftp://",
        "ssh://",
        "git@",
        "/dev/tcp/",
        "/dev/udp/",
    ];
    let is_end = |character: char| !character.is_alphanumeric() && !"._-".contains(character);
    addresses.iter().any(|address| command.contains(address))
        || command
            .split(is_end)
            .any(|name| name.eq_ignore_ascii_case(".git"))
}

fn part_is_wide(part: &str) -> bool {
    let mut words = part.split_whitespace().skip_while(|word| {
        BEFORE.contains(word)
            || word.contains('=')
            || word.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    });
    let Some(program) = words.next() else {
        return false;
    };
    let program = program.rsplit('/').next().unwrap_or_default();
    let program = program.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    if program == "git" {
        return git_is_wide(words);
    }
    let mut rest = words.filter(|word| !word.starts_with(['-', '+']) && !BETWEEN.contains(word));
    let subcommand = rest.next();
    let has_subcommand = SUBCOMMANDS.iter().any(|(programs, subcommands)| {
        programs.contains(&program) && subcommand.is_some_and(|word| subcommands.contains(&word))
    });
    let installs_by_itself = matches!(program, "yarn" | "bundle") && subcommand.is_none();
    PROGRAMS.contains(&program) || has_subcommand || installs_by_itself
}

fn git_is_wide<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    while let Some(word) = words.next() {
        if matches!(word, "-C" | "-c" | "--git-dir" | "--work-tree") {
            words.next();
        } else if !word.starts_with('-') {
            return !GIT_READING.contains(&word);
        }
    }
    false
}
