//! Judges a command by its text.
//!
//! A command is known to be safe only if all of it is understood: plain words and simple quotes,
//! joined by `&&`, `||`, `;` and `|`, in argument vectors of the tables in `rules`. Everything else
//! is asked. There is no list of dangerous commands.

mod building;
mod doubt;
mod full_screen;
mod git;
mod grants;
mod network_or_git;
mod quoting;
mod reading;
mod rules;
mod shell;
mod words;

#[cfg(test)]
mod tests;

use ollacode_secrets::secret_path;

use super::CommandRisk;
use git::effects::{GitEffects, effects};

pub(super) use building::building;
pub(super) use doubt::doubt;
pub use full_screen::full_screen;
pub use git::loss::{GitLoss, LossScope};
pub use quoting::{shell_line, shell_word};

/// One command of a fully parsed chain, for rules.
pub(super) struct CommandPart {
    /// Program and arguments, without quotes. Not empty.
    pub words: Vec<String>,
    /// Whether it only filters its input, so that it needs no rule beside an allowed command: `|
    /// tail -20`.
    pub filters: bool,
    /// Whether it only reads, in a trusted repository: `cat`, `git diff`.
    pub reads: bool,
    /// Whether it reads the output of the command before it.
    pub piped: bool,
    /// Whether it may run its input: a shell, an interpreter, `xargs`.
    pub runs: bool,
}

/// Parses a command; `None` if any part of it is not understood.
pub(super) fn parts(command: &str) -> Option<Vec<CommandPart>> {
    let vectors = words::vectors(command)?.into_iter();
    let part = |vector: words::ArgumentVector| CommandPart {
        filters: grants::is_filter(&vector),
        reads: rules::reads(&vector).is_some() || git::only_reads(&vector),
        piped: vector.piped,
        runs: grants::runs_its_input(&vector),
        words: vector.words,
    };
    Some(vectors.map(part).collect())
}

/// The risk of a command, from its text alone.
///
/// [`CommandRisk::KnownSafe`] holds only if none of [`paths`] points outside the workspace through
/// a link, which only the file system knows.
pub fn risk(command: &str) -> CommandRisk {
    let is_safe = words::vectors(command)
        .is_some_and(|vectors| vectors.iter().all(|vector| rules::reads(vector).is_some()));
    if is_safe {
        CommandRisk::KnownSafe
    } else if !network_or_git::wide_reasons(command).is_empty() {
        CommandRisk::NeedsNetworkOrGit
    } else {
        CommandRisk::Unknown
    }
}

/// What a command does to the `.git` folder if it consists of git and read-only commands: `git add
/// -A && git commit -m x`. Only such a command may write `.git`.
///
/// Git runs programs named in its arguments, aliases or hooks: a command with such arguments or
/// aliases may not write `.git`, and hooks cannot be written.
pub fn git_work(command: &str) -> GitWork {
    let Some(vectors) = words::vectors(command) else {
        return GitWork::Nothing;
    };
    let mut work = GitWork::Nothing;
    for vector in &vectors {
        let of_one = match git_effects(vector) {
            Some(effects) => effects.work(),
            None if enters_folder(vector) => Some(GitWork::Nothing),
            None => rules::reads(vector).map(|_| GitWork::Nothing),
        };
        match of_one {
            Some(of_one) => work = work.max(of_one),
            None => return GitWork::Nothing,
        }
    }
    work
}

/// Whether a vector changes to a folder that is, by its text, below the current one.
fn enters_folder(vector: &words::ArgumentVector) -> bool {
    matches!(&vector.words[..], [cd, folder] if cd == "cd" && rules::is_below(folder))
}

/// Whether a command is git alone and writes `.git`: see [`git_work`].
pub fn writes_git(command: &str) -> bool {
    git_work(command) != GitWork::Nothing
}

/// What git does to its folder; greater values do more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GitWork {
    /// Nothing, or it is not git alone.
    Nothing,
    Writes,
    /// It also makes a repository or a work tree.
    Makes,
    /// It also writes the settings, which decide what git runs.
    Settings,
}

/// Whether a command is git alone, perhaps piped into commands that shorten or sort its output, and
/// git starts no other program.
pub fn is_git_alone(command: &str) -> bool {
    const FILTERS: &[&str] = &["cut", "head", "sort", "tail", "tr", "uniq", "wc"];
    let Some(vectors) = words::vectors(command) else {
        return false;
    };
    let mut has_git = false;
    let all = vectors.iter().all(|vector| match git_effects(vector) {
        Some(effects) => {
            has_git = true;
            effects.is_known && effects.starts.is_none()
        }
        None => {
            let is_filter = FILTERS.contains(&vector.words[0].as_str());
            is_filter && rules::reads(vector).is_some_and(|paths| paths.is_empty())
        }
    });
    all && has_git
}

fn git_effects(vector: &words::ArgumentVector) -> Option<GitEffects> {
    let (program, rest) = vector.words.split_first()?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    (program == "git").then(|| effects(&rest))
}

/// Whether a git command may replace any file of the work tree: another branch, a stash.
pub fn replaces_files(command: &str) -> bool {
    network_or_git::git_effects(command)
        .iter()
        .any(|it| it.replaces)
}

/// Files that a git command writes, moves or deletes by name, as far as its text shows; relative to
/// its folder.
pub fn git_targets(command: &str) -> Vec<String> {
    let unquoted: String = command.chars().filter(|c| !"'\"\\".contains(*c)).collect();
    let found = network_or_git::git_effects(&unquoted).into_iter();
    let settings = (git_work(command) == GitWork::Settings).then(|| ".git/config".to_owned());
    found
        .flat_map(|effects| effects.outputs.into_iter().chain(effects.operands))
        .chain(settings)
        .collect()
}

/// What the git commands in a command may take of work that is not committed: a guess that looks into
/// quotes, substitutions and wrappers such as `xargs`.
pub fn git_losses(command: &str) -> Vec<GitLoss> {
    // What a shell makes of quotes and of lines that go on; the text as it is finds what is quoted
    // as a whole, as for `sh -c`.
    let joined = command.replace("\\\n", " ");
    let unquoted: String = joined.chars().filter(|c| !"'\"\\".contains(*c)).collect();
    // What it names is known only when it runs.
    let is_open = ["$", "`", "{", "xargs", "-from-file"]
        .iter()
        .any(|sign| command.contains(sign));
    let mut losses: Vec<GitLoss> = Vec::new();
    for words in [joined.as_str(), &unquoted]
        .into_iter()
        .flat_map(network_or_git::git_calls)
    {
        let Some(mut loss) = git::loss::loss(&words) else {
            continue;
        };
        if is_open {
            loss.names_all();
        }
        if !losses.iter().any(|known| known.includes(&loss)) {
            losses.retain(|known| !loss.includes(known));
            losses.push(loss);
        }
    }
    losses
}

/// The git command in a command that goes around the hooks of the repository, if there is one.
pub fn skips_hooks(command: &str) -> Option<String> {
    let calls = network_or_git::git_calls(command);
    let found = calls.iter().find_map(|words| git::loss::skips_hooks(words));
    // An option in quotes.
    let vectors = || words::vectors(command).unwrap_or_default().into_iter();
    let in_vector = |vector: words::ArgumentVector| {
        let words: Vec<&str> = vector.words.iter().map(String::as_str).collect();
        let (program, rest) = words.split_first()?;
        (*program == "git").then(|| git::loss::skips_hooks(rest))?
    };
    let found = found.or_else(|| vectors().find_map(in_vector));
    // Settings in variables.
    let is_set =
        command.contains("GIT_CONFIG") && command.to_lowercase().contains("core.hookspath");
    found.or_else(|| is_set.then(|| "core.hooksPath".to_owned()))
}

/// The folders in which a git command makes a new checkout, relative to its folder.
pub fn new_checkouts(command: &str) -> Vec<String> {
    if git_work(command) < GitWork::Makes {
        return Vec::new();
    }
    let found = network_or_git::git_effects(command).into_iter();
    found.filter_map(|effects| effects.checkout).collect()
}

/// The folders in which a program other than git makes a new repository, relative to its folder:
/// `cargo new x`, `uv init`.
pub fn new_repositories(command: &str) -> Vec<String> {
    let makes = |vector: words::ArgumentVector| {
        let words: Vec<&str> = vector.words.iter().map(String::as_str).collect();
        let (["cargo", "new" | "init", rest @ ..] | ["uv", "init", rest @ ..]) = &words[..] else {
            return None;
        };
        let without = ["--vcs", "--no-vcs", "--bare"];
        let names_none = |word: &&&str| without.iter().any(|option| word.starts_with(option));
        let takes_value = |word: &str| matches!(word, "--name" | "--edition" | "-p" | "--python");
        let mut values = rest.iter().zip([""].iter().chain(rest.iter()));
        let folder = values.find(|(word, before)| !word.starts_with('-') && !takes_value(before));
        let folder = folder.map_or(".", |(word, _)| *word);
        rest.iter()
            .find(names_none)
            .is_none()
            .then(|| folder.to_owned())
    };
    let vectors = words::vectors(command).unwrap_or_default();
    vectors.into_iter().filter_map(makes).collect()
}

/// Whether a command needs the network, by its text.
pub fn needs_network(command: &str) -> bool {
    network_or_git::needs_network(command)
}

/// Why a command needs approval for network or git.
pub(super) fn why_network_or_git(command: &str) -> String {
    network_or_git::wide_reasons(command).join(", and ")
}

/// Why a command is not run read-only first; `None` if it can be. It would wait for input or fail,
/// because its text names what it may not read.
pub(super) fn why_not_read_only(command: &str) -> Option<String> {
    if let Some(program) = network_or_git::interactive(command) {
        return Some(format!("`{program}` needs a terminal"));
    }
    if let Some(program) = building(command) {
        return Some(format!("`{program}` writes build output"));
    }
    let is_end = |c: char| c.is_whitespace() || c.is_control() || ";&|()<>{}$`\"'=,:".contains(c);
    // A word alone may be what is searched for.
    let mut names = command
        .split(is_end)
        .filter(|name| name.contains(['.', '/']));
    let secret = names.find(|name| secret_path(name).is_some())?;
    Some(format!("`{secret}` may hold secrets"))
}

/// The files and folders that a known-safe command would open, as written, relative to its folder.
/// They may not exist.
///
/// Before a command counts as safe, each must be in the workspace with links followed. Empty for
/// all other commands.
pub fn paths(command: &str) -> Vec<String> {
    let Some(vectors) = words::vectors(command) else {
        return Vec::new();
    };
    let paths: Option<Vec<_>> = vectors.iter().map(rules::reads).collect();
    let paths = paths.unwrap_or_default().into_iter().flatten();
    paths.map(str::to_owned).collect()
}

/// What "for this session" would cover: the beginning of an argument vector that stays harmless
/// with more arguments, such as `cargo test`, or a whole vector, which covers only itself.
///
/// `None` if it cannot be remembered: interpreters, programs that run others, whatever is not
/// understood, and more than one command that would be asked. See [`matches()`].
pub fn remembered(command: &str) -> Option<Vec<String>> {
    let vectors = words::vectors(command)?;
    let mut asked = vectors.iter().filter(|vector| !grants::is_filter(vector));
    let vector = asked.next()?;
    if asked.next().is_some() {
        return None;
    }
    grants::key(vector)
}

/// Whether what was [`remembered`] covers a command.
pub fn matches(remembered: &[String], command: &str) -> bool {
    self::remembered(command).is_some_and(|key| key == remembered)
}
