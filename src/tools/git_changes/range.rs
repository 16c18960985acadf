//! Which changes git is asked for.

/// Which changes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitRange {
    Uncommitted,
    Staged,
    /// Those of the last commits, so many.
    LastCommits(u32),
    /// Those since a revision, committed or not; without one, since the branch was made.
    Since(Option<String>),
    /// Those between two commits, or between their common ancestor and the second.
    Between {
        from: String,
        to: String,
        from_base: bool,
    },
    /// Those since a day began, committed or not.
    SinceDay(Day),
}

impl GitRange {
    /// Reads a revision, or two with `..` or `...` between them, as git does; `None` for all else, also
    /// for what a shell would not take for a word.
    pub fn parse(text: &str) -> Option<GitRange> {
        let or_head = |name: &str| match name {
            "" => "HEAD".to_owned(),
            name => name.to_owned(),
        };
        let split = text.split_once("...").map(|ends| (ends, true));
        let split = split.or_else(|| text.split_once("..").map(|ends| (ends, false)));
        let Some(((from, to), from_base)) = split else {
            return is_revision(text).then(|| GitRange::Since(Some(text.to_owned())));
        };
        let (from, to) = (or_head(from), or_head(to));
        let is_range = is_revision(&from) && is_revision(&to);
        is_range.then_some(GitRange::Between {
            from,
            to,
            from_base,
        })
    }
}

/// Whether a text can name a revision, and is safe between single quotes.
fn is_revision(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._/-~^@{}+#,=%".contains(c);
    text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_alphanumeric() || "@_".contains(c))
        && !text.contains("..")
}

/// A day that changes are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    Today,
    Yesterday,
    /// Seven days ago.
    LastWeek,
}

impl Day {
    pub(super) fn words(self) -> &'static str {
        match self {
            Day::Today => "today",
            Day::Yesterday => "yesterday",
            Day::LastWeek => "last week",
        }
    }

    /// As git reads it.
    pub(super) fn date(self) -> &'static str {
        match self {
            Day::Today => "midnight",
            Day::Yesterday => "yesterday midnight",
            Day::LastWeek => "7 days ago",
        }
    }
}
