//! What a command would do, as far as its text tells.
//!
//! A command is known to be safe only if all of it is understood: plain words and simple quotes,
//! joined by `&&`, `||`, `;` and `|`, in argument vectors of the tables in `rules`. Everything
//! else is asked. It is never the other way round, a list of what is dangerous.

mod full_screen;
mod git;
mod reading;
mod remember;
mod rules;
mod wide;
mod words;

#[cfg(test)]
mod tests;

use super::CommandRisk;

pub use full_screen::full_screen;

/// One command of a chain that is wholly understood, for rules.
pub(super) struct Part {
    /// Program and arguments, without quotes. Not empty.
    pub words: Vec<String>,
    /// Whether it only reads what is handed to it, so that it needs no rule beside one that is
    /// allowed: `| tail -20`.
    pub filters: bool,
    /// Whether it only reads, in a repository that is trusted: `cat`, `git diff`.
    pub reads: bool,
}

/// Takes a command apart; `None` if there is anything in it that is not understood.
pub(super) fn parts(command: &str) -> Option<Vec<Part>> {
    let vectors = words::vectors(command)?.into_iter();
    let part = |vector: words::Vector| Part {
        filters: remember::is_filter(&vector),
        reads: rules::reads(&vector).is_some() || git::only_reads(&vector),
        words: vector.words,
    };
    Some(vectors.map(part).collect())
}

/// Tells what is known of a command from its text alone.
///
/// [`CommandRisk::KnownSafe`] holds only if none of [`paths`] leads out of the workspace: a link
/// there may, and only the file system knows.
pub fn risk(command: &str) -> CommandRisk {
    let is_safe = words::vectors(command)
        .is_some_and(|vectors| vectors.iter().all(|vector| rules::reads(vector).is_some()));
    if is_safe {
        CommandRisk::KnownSafe
    } else if wide::is_wide(command) {
        CommandRisk::Wide
    } else {
        CommandRisk::Unknown
    }
}

/// Whether a command is git and nothing else, but for what only reads, and has it write its folder: `git add -A && git
/// commit -m x`. Only to such a command that folder is opened.
///
/// Git runs programs where its arguments, its aliases or its hooks say so: of these, arguments do
/// not count here, aliases are no subcommands that are known, and hooks cannot be written.
pub fn writes_git(command: &str) -> bool {
    let Some(vectors) = words::vectors(command) else {
        return false;
    };
    let is_harmless = |vector| git::is_known(vector) || rules::reads(vector).is_some();
    vectors.iter().all(is_harmless) && vectors.iter().any(git::writes)
}

/// Gives the files and folders that a known-safe command would open, as written, relative to the
/// folder in which it runs. They may not exist.
///
/// Whoever takes a command for safe first sees that each lies in the workspace when links are
/// followed. Empty for all other commands.
pub fn paths(command: &str) -> Vec<String> {
    let Some(vectors) = words::vectors(command) else {
        return Vec::new();
    };
    let paths: Option<Vec<_>> = vectors.iter().map(rules::reads).collect();
    let paths = paths.unwrap_or_default().into_iter().flatten();
    paths.map(str::to_owned).collect()
}

/// Gives what "for this session" would cover: the beginning of an argument vector that may go on
/// harmlessly, such as `cargo test`, or else a whole one, which then covers only itself.
///
/// `None` if it cannot be remembered: interpreters, programs that run others, whatever is not
/// understood, and more than one command that would be asked. See [`matches()`].
pub fn remembered(command: &str) -> Option<Vec<String>> {
    let vectors = words::vectors(command)?;
    let mut asked = vectors.iter().filter(|vector| !remember::is_filter(vector));
    let vector = asked.next()?;
    if asked.next().is_some() {
        return None;
    }
    remember::key(vector)
}

/// Whether what was [`remembered`] covers a command.
pub fn matches(remembered: &[String], command: &str) -> bool {
    self::remembered(command).is_some_and(|key| key == remembered)
}
