//! Whether what differs in a file from the last commit is a session's own work.

use std::sync::Arc;

use crate::jail::Hash;
use crate::session::changes::FileHistory;

/// Whether the last commit has a content that the file had before a change of the session, from
/// which on nobody else changed it: then all that differs is the session's. `stored` gives contents.
pub fn is_own(
    history: &FileHistory,
    head: Option<&[u8]>,
    stored: impl Fn(&Hash) -> Option<Arc<Vec<u8>>>,
) -> bool {
    // The last commit may have earlier changes of the session.
    history.before.iter().any(|before| match (before, head) {
        (None, None) => true,
        (Some(hash), Some(head)) => stored(hash).is_some_and(|bytes| is_same(&bytes, head)),
        _ => false,
    })
}

/// Whether two contents are the same for git, which may store other line ends.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((text(one), text(other)), (Some(one), Some(other)) if one == other)
}

/// A content as text with `\n` at the ends of lines; `None` if it is none.
pub fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then(|| text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jail::hash_of;

    #[test]
    fn what_the_last_commit_had_at_a_change_is_the_sessions_own() {
        let contents: [&[u8]; 3] = [b"0\r\n", b"1\n", b"2\n"];
        let hash = |at: usize| Some(hash_of(contents[at]));
        let stored = |wanted: &Hash| {
            let found = contents.iter().find(|content| hash_of(content) == *wanted);
            found.map(|content| Arc::new(content.to_vec()))
        };
        let history = |before: Vec<Option<Hash>>| FileHistory {
            path: "a".to_owned(),
            before,
            after: hash(2),
            is_known: true,
        };
        let made = history(vec![hash(0), hash(1)]);
        assert!(is_own(&made, Some(b"0\n"), stored));
        assert!(is_own(&made, Some(b"1\n"), stored));
        assert!(!is_own(&made, Some(b"theirs\n"), stored));
        assert!(!is_own(&made, None, stored));
        assert!(is_own(&history(vec![None]), None, stored));
        assert!(!is_own(&history(vec![None]), Some(b"0\n"), stored));
    }

    #[test]
    fn line_ends_do_not_matter_but_bytes_of_no_text_do() {
        assert!(is_same(b"a\r\nb", b"a\nb"));
        assert!(!is_same(b"\0\r\n", b"\0\n"));
        assert!(!is_same(b"a", b"b"));
    }
}
