//! Whether a file may be written anew: if the user wants it, or is asked because the model insists.

use std::collections::BTreeSet;

/// What the user asks for, and what the model was told.
#[derive(Debug, Default)]
pub struct RewriteLeave {
    /// The user's words, in lower case.
    request: String,
    /// Files of which the model was told to edit them instead.
    told: BTreeSet<String>,
}

impl RewriteLeave {
    /// Begins with a request of the user.
    pub(super) fn begin(&mut self, request: &str) {
        self.request = request.to_lowercase();
        self.told.clear();
    }

    /// Notes that the model was told to edit a file; whether it was told before.
    pub(super) fn tell(&mut self, path: &str) -> bool {
        !self.told.insert(path.to_owned())
    }

    /// Whether the user wants a whole file to be written anew.
    pub(super) fn is_wanted(&self, path: &str) -> bool {
        const WHOLE: &[&str] = &[
            "from scratch",
            "start over",
            "whole file",
            "entire file",
            "empty it",
            "empty the file",
        ];
        const OBJECTS: &[&str] = &["the file", "this file", "it ", "it.", "it,", "everything"];
        let path = path.to_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let is_named = |rest: &str| {
            let rest = rest.trim_start_matches([' ', '`', '"', '\'']);
            let is_object = OBJECTS.iter().any(|object| rest.starts_with(object));
            is_object || rest == "it" || rest.starts_with(&path) || rest.starts_with(name)
        };
        let mut verbs = ["rewrite", "re-write", "overwrite"].into_iter();
        WHOLE.iter().any(|words| self.request.contains(words))
            || verbs.any(|verb| self.request.split(verb).skip(1).any(is_named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words_are_leave() {
        for (request, expected) in [
            ("Rewrite stats.py.", true),
            ("Please rewrite `src/stats.py` with classes", true),
            ("Overwrite the file with this:", true),
            ("rewrite it", true),
            ("Write stats.py from scratch", true),
            ("Empty it.", true),
            ("Rewrite the function mean in stats.py", false),
            ("Replace mean by median in stats.py", false),
            ("Fix the crash on an empty list", false),
            ("", false),
        ] {
            let mut leave = RewriteLeave::default();
            leave.begin(request);
            assert_eq!(leave.is_wanted("src/stats.py"), expected, "{request}");
        }
    }

    #[test]
    fn each_request_begins_anew() {
        let mut leave = RewriteLeave::default();
        assert!(!leave.tell("a.rs"));
        assert!(leave.tell("a.rs"));
        leave.begin("Fix it.");
        assert!(!leave.tell("a.rs"));
    }
}
