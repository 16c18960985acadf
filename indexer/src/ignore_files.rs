//! Ignore files, which are read line by line, so that no ignore file can do harm.
//!
//! Anything can have the name of an ignore file. So its type and size are checked before it is
//! opened, and a line that cannot be used affects no other line.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use parking_lot::Mutex;

use crate::folder::{Folder, Stat, is_gone};
use crate::git_index::{MOST_INDEX, TrackedFiles};

/// Ignore files of a folder; an earlier one wins over a later one.
const NAMES: [&str; 3] = [".ollacodeignore", ".ignore", ".gitignore"];
/// From this one on they are git's: they end where another repository begins, and do not count
/// for what git tracks.
const FIRST_OF_GIT: usize = 2;
/// The last of git's, in a repository's own folder.
const EXCLUDE: &str = "info/exclude";

/// Largest ignore file, in bytes.
const MOST_BYTES: u64 = 1 << 20;
/// Longest line, in bytes.
const LONGEST_LINE: usize = 4096;
/// Most lines of one file that count.
const MOST_LINES: usize = 10_000;
/// Most lines of all files of one walk that count.
const MOST_LINES_IN_ALL: usize = 200_000;
/// Lines that are compiled together: more at once may be too much for one automaton.
const GROUP: usize = 250;
/// Bad lines that are named.
const NAMED: usize = 5;
/// Largest file in which git says where a repository is.
const MOST_POINTER: u64 = 4096;

/// What rules say of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IgnoreVerdict {
    /// Nothing.
    Silent,
    /// It is not left out: `!`.
    Shown,
    /// It is left out.
    Ignored,
    /// It is left out unless git tracks it.
    IgnoredByGit,
}

/// The rules of a folder, and of those above it.
#[derive(Debug)]
pub(crate) struct IgnoreRules {
    above: Option<Arc<IgnoreRules>>,
    /// In the order of [`NAMES`], then git's own.
    matchers: [Matcher; NAMES.len() + 1],
    /// Of the repository whose top this folder is.
    repository: Option<GitRepository>,
}

/// How many lines may still be read, and what was wrong with ignore files.
#[derive(Debug)]
pub(crate) struct IgnoreReader {
    lines_left: AtomicUsize,
}

impl Default for IgnoreReader {
    fn default() -> IgnoreReader {
        IgnoreReader {
            lines_left: AtomicUsize::new(MOST_LINES_IN_ALL),
        }
    }
}

/// A folder whose rules are read.
pub(crate) struct RuleFolder<'a> {
    pub folder: &'a Folder,
    /// Its absolute path.
    pub path: &'a Path,
    /// Its path for messages, with a slash at the end; empty for the top.
    pub shown: &'a str,
}

impl IgnoreRules {
    /// The rules for what is in a folder. `has` tells whether something has a name in it.
    pub(crate) fn of(
        place: &RuleFolder<'_>,
        has: impl Fn(&str) -> bool,
        above: Option<Arc<IgnoreRules>>,
        reading: &IgnoreReader,
        complain: &mut dyn FnMut(String),
    ) -> Option<Arc<IgnoreRules>> {
        let mut matchers: [Matcher; NAMES.len() + 1] = Default::default();
        for (matcher, name) in matchers.iter_mut().zip(NAMES) {
            if has(name) {
                let shown = format!("{}{name}", place.shown);
                *matcher = Matcher::read(place.folder, name, &shown, place.path, reading, complain);
            }
        }
        let repository = has(".git").then(|| GitRepository::at(place)).flatten();
        if let (Some(repository), Some(last)) = (&repository, matchers.last_mut()) {
            let shown = format!("{}.git/{EXCLUDE}", place.shown);
            let common = repository.common.as_ref().unwrap_or(&repository.own);
            *last = Matcher::read(common, EXCLUDE, &shown, place.path, reading, complain);
        }
        if repository.is_none() && matchers.iter().all(|matcher| matcher.0.is_empty()) {
            return above;
        }
        Some(Arc::new(IgnoreRules {
            above,
            matchers,
            repository,
        }))
    }

    /// The rules of the folders above a workspace, up to the top of its git work tree.
    ///
    /// Rules that leave out the workspace itself do not count: it was named for all that.
    pub(crate) fn above(
        root: &Path,
        reading: &IgnoreReader,
        complain: &mut dyn FnMut(String),
    ) -> Option<Arc<IgnoreRules>> {
        let is_top = |folder: &Path| {
            let found = Folder::open(folder).ok();
            found.is_some_and(|folder| folder.stat(".git".as_ref()).is_ok())
        };
        if is_top(root) {
            return None;
        }
        let mut way: Vec<&Path> = Vec::new();
        let mut folders = root.ancestors().skip(1);
        loop {
            let folder = folders.next()?;
            way.push(folder);
            if is_top(folder) {
                break;
            }
        }
        let mut rules = None;
        for (depth, folder) in way.iter().enumerate().rev() {
            let open = Folder::open(folder).ok()?;
            let shown = format!("{}/", folder.display());
            let place = RuleFolder {
                folder: &open,
                path: folder,
                shown: &shown,
            };
            let has = |name: &str| open.stat(name.as_ref()).is_ok();
            rules = IgnoreRules::of(&place, has, rules, reading, complain);
            let below = depth.checked_sub(1).map_or(root, |depth| way[depth]);
            let verdict = rules
                .as_ref()
                .map_or(IgnoreVerdict::Silent, |rules| rules.verdict(below, true));
            if matches!(
                verdict,
                IgnoreVerdict::Ignored | IgnoreVerdict::IgnoredByGit
            ) {
                rules = None;
            }
        }
        rules
    }

    fn chain(&self) -> impl Iterator<Item = &IgnoreRules> {
        std::iter::successors(Some(self), |rules| rules.above.as_deref())
    }

    /// What the rules say of an absolute path; of the folders on the way they were asked before.
    pub(crate) fn verdict(&self, path: &Path, is_folder: bool) -> IgnoreVerdict {
        let mut found = [None; NAMES.len() + 1];
        let mut is_beyond = false;
        for rules in self.chain() {
            for (kind, matcher) in rules.matchers.iter().enumerate() {
                if found[kind].is_none() && !(is_beyond && kind >= FIRST_OF_GIT) {
                    found[kind] = matcher.ignores(path, is_folder);
                }
            }
            is_beyond |= rules.repository.is_some();
        }
        let first = found
            .iter()
            .enumerate()
            .find_map(|(kind, found)| found.map(|ignored| (kind, ignored)));
        match first {
            None => IgnoreVerdict::Silent,
            Some((_, false)) => IgnoreVerdict::Shown,
            Some((kind, true)) if kind >= FIRST_OF_GIT => IgnoreVerdict::IgnoredByGit,
            Some((_, true)) => IgnoreVerdict::Ignored,
        }
    }

    /// Whether git tracks a file, or a file in a folder.
    pub(crate) fn tracks(&self, path: &Path, is_folder: bool) -> bool {
        let repository = self.chain().find_map(|rules| rules.repository.as_ref());
        repository.is_some_and(|repository| repository.tracks(path, is_folder))
    }
}

/// The lines of an ignore file in groups; a later line wins over an earlier one.
#[derive(Debug, Default)]
struct Matcher(Vec<Gitignore>);

impl Matcher {
    /// Whether the last line that speaks of a path leaves it out.
    fn ignores(&self, path: &Path, is_folder: bool) -> Option<bool> {
        self.0.iter().rev().find_map(|group| {
            let found = group.matched(path, is_folder);
            (!found.is_none()).then(|| found.is_ignore())
        })
    }

    fn read(
        folder: &Folder,
        name: &str,
        shown: &str,
        top: &Path,
        reading: &IgnoreReader,
        complain: &mut dyn FnMut(String),
    ) -> Matcher {
        let bytes = match folder.read(name, MOST_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if is_gone(&error) => return Matcher::default(),
            Err(error) => {
                complain(format!("`{shown}` is not applied: {error}"));
                return Matcher::default();
            }
        };
        let mut bad = Vec::new();
        let lines = lines_of(&bytes, &mut bad);
        let wanted = lines.len().min(MOST_LINES);
        let left = reading.take(wanted);
        if left < lines.len() {
            let left_out = lines.len() - left;
            complain(format!(
                "`{shown}` is too long: its last {left_out} lines are not applied"
            ));
        }
        let mut matcher = Matcher::default();
        for group in lines[..left].chunks(GROUP) {
            matcher.compile(top, group, &mut bad);
        }
        if !bad.is_empty() {
            bad.sort_unstable();
            complain(format!("`{shown}`: {}", said_of(&bad)));
        }
        matcher
    }

    /// Adds lines; where they are too much together, in halves.
    fn compile(&mut self, top: &Path, lines: &[(usize, &str)], bad: &mut Vec<usize>) {
        let mut builder = GitignoreBuilder::new(top);
        let mut good = Vec::new();
        for line in lines {
            match builder.add_line(None, line.1) {
                Ok(_) => good.push(*line),
                Err(_) => bad.push(line.0),
            }
        }
        match (builder.build(), good.as_slice()) {
            (_, []) => {}
            (Ok(group), _) => self.0.push(group),
            (Err(_), [line]) => bad.push(line.0),
            (Err(_), good) => {
                let (first, second) = good.split_at(good.len() / 2);
                self.compile(top, first, bad);
                self.compile(top, second, bad);
            }
        }
    }
}

impl IgnoreReader {
    /// Takes as many of some lines as are left.
    fn take(&self, wanted: usize) -> usize {
        let before = self
            .lines_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(wanted))
            });
        before.unwrap_or(0).min(wanted)
    }
}

/// Lines with their numbers, but for comments and blank ones, and those that cannot be used.
fn lines_of<'a>(bytes: &'a [u8], bad: &mut Vec<usize>) -> Vec<(usize, &'a str)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if line.starts_with(b"#") || line.trim_ascii().is_empty() {
            continue;
        }
        match str::from_utf8(line) {
            Ok(line) if line.len() <= LONGEST_LINE && !line.contains('\0') => {
                lines.push((number, line));
            }
            _ => bad.push(number),
        }
    }
    lines
}

fn said_of(bad: &[usize]) -> String {
    let named: Vec<String> = bad.iter().take(NAMED).map(usize::to_string).collect();
    let named = named.join(", ");
    match bad.len() {
        1 => format!("line {named} is not applied: it is not UTF-8, or not a valid pattern"),
        count if count <= NAMED => {
            format!("lines {named} are not applied: they are not UTF-8, or not valid patterns")
        }
        count => format!(
            "lines {named} and {} more are not applied: they are not UTF-8, or not valid patterns",
            count - NAMED
        ),
    }
}

/// What git tracked when it was last asked: an event of an ignored file must not read all of that.
static TRACKED: LastTracked = LastTracked(Mutex::new(None));

/// The list that was read last, with what tells whether it is that of an index.
struct LastTracked(Mutex<Option<(Stat, Arc<TrackedFiles>)>>);

impl LastTracked {
    /// What the index in a repository's own folder lists; nothing where it cannot be read.
    fn of(&self, own: &Folder) -> Arc<TrackedFiles> {
        // Before it is read, so that a later change is noticed. Git replaces the whole file.
        let stat = own.stat("index".as_ref()).ok();
        let stat = stat.filter(|stat| stat.inode != 0);
        if let (Some(now), Some((then, tracked))) = (&stat, self.0.lock().as_ref())
            && now == then
        {
            return Arc::clone(tracked);
        }
        let bytes = own.read("index", MOST_INDEX);
        let tracked = bytes.map_or_else(
            |_| TrackedFiles::default(),
            |bytes| TrackedFiles::parse(&bytes),
        );
        let tracked = Arc::new(tracked);
        if let Some(stat) = stat {
            *self.0.lock() = Some((stat, Arc::clone(&tracked)));
        }
        tracked
    }
}

/// A git repository, as far as its files say what is ignored and tracked.
#[derive(Debug)]
struct GitRepository {
    /// The top of its work tree.
    top: PathBuf,
    /// Where its index is.
    own: Folder,
    /// Where what it shares with other work trees is, if elsewhere.
    common: Option<Folder>,
    tracked: OnceLock<Arc<TrackedFiles>>,
}

impl GitRepository {
    /// The repository whose top a folder is: `.git` is a folder, or a file that names one.
    fn at(place: &RuleFolder<'_>) -> Option<GitRepository> {
        let (own, path) = match place.folder.folder(".git".as_ref()) {
            Ok(own) => (own, place.path.join(".git")),
            Err(_) => {
                let named = pointer(place.folder, ".git").ok()?;
                let path = place.path.join(named.strip_prefix("gitdir:")?.trim());
                (Folder::open(&path).ok()?, path)
            }
        };
        let common = pointer(&own, "commondir").ok();
        let common = common.and_then(|named| Folder::open(&path.join(named.trim())).ok());
        Some(GitRepository {
            top: place.path.to_owned(),
            own,
            common,
            tracked: OnceLock::new(),
        })
    }

    fn tracks(&self, path: &Path, is_folder: bool) -> bool {
        let Some(path) = path.strip_prefix(&self.top).ok().and_then(Path::to_str) else {
            return false;
        };
        let tracked = self.tracked.get_or_init(|| TRACKED.of(&self.own));
        if is_folder {
            tracked.contains_below(path)
        } else {
            tracked.contains(path)
        }
    }
}

/// A file in which git names a folder.
fn pointer(folder: &Folder, name: &str) -> io::Result<String> {
    let bytes = folder.read(name, MOST_POINTER)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_list_of_tracked_files_is_read_again_when_git_has_replaced_it() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(place.path().join(name), text);
        write("index", "no index").expect("a file");
        let own = Folder::open(place.path()).expect("a folder");
        let last = LastTracked(Mutex::new(None));
        let first = last.of(&own);
        assert!(Arc::ptr_eq(&first, &last.of(&own)), "it is read once");
        write("index.lock", "no index").expect("a file");
        let replaced = fs::rename(place.path().join("index.lock"), place.path().join("index"));
        replaced.expect("a rename");
        assert!(!Arc::ptr_eq(&first, &last.of(&own)), "it is another one");
        fs::remove_file(place.path().join("index")).expect("a removal");
        last.of(&own);
    }
}
