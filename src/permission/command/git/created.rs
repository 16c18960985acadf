//! What `git clone` and `git worktree add` create, as far as their words show.

use super::effects::GitCall;

impl GitCall<'_> {
    /// Arguments that are neither options nor values of those that `clone` and `worktree add` have.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        let takes_value = |word: &str| {
            matches!(
                word,
                "-b" | "-B"
                    | "-o"
                    | "-j"
                    | "--branch"
                    | "--depth"
                    | "--jobs"
                    | "--origin"
                    | "--reason"
                    | "--reference"
                    | "--filter"
            )
        };
        let mut words = self.arguments.iter().copied();
        std::iter::from_fn(move || {
            loop {
                let word = words.next()?;
                if takes_value(word) {
                    words.next();
                } else if !word.starts_with('-') {
                    return Some(word);
                }
            }
        })
    }

    /// The folder that `clone .` makes, if there is a checkout in it.
    pub(super) fn cloned_into(&self) -> Option<String> {
        let mut values = self.values();
        let is_own = matches!(values.next(), Some("." | "./" | ".git"));
        let is_bare = self.has(&["--bare", "--mirror", "--no-checkout", "-n"]);
        let folder = values.next().filter(|_| is_own && !is_bare)?;
        Some(self.target(folder))
    }
}

/// Whether `clone` reads from this machine, as far as the text tells.
pub(super) fn is_local(from: &str) -> bool {
    from.starts_with(['.', '/']) || from.starts_with("file://")
}
