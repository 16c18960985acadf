//! What a command would do, as far as its text tells.
//!
//! A command is known to be safe only if all of it is understood: plain words and simple quotes,
//! joined by `&&`, `||`, `;` and `|`, in argument vectors of the tables in `rules`. Everything
//! else is asked. It is never the other way round, a list of what is dangerous.

mod git;
mod reading;
mod remember;
mod rules;
mod wide;
mod words;

#[cfg(test)]
mod tests;

use super::CommandRisk;

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
