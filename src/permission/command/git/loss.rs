//! What a git command may take of work that is not committed, and whether it goes around hooks, as far
//! as its words show. Options may be shortened, as in git.

#[cfg(test)]
mod tests;

/// What a git command may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitLoss {
    /// What says it: `git reset --hard`.
    pub command: String,
    pub scope: LossScope,
    /// Files and folders that it names, relative to the folder in which it runs; empty: all.
    pub paths: Vec<String>,
}

impl GitLoss {
    /// It is not known which files it names.
    pub(in crate::permission::command) fn names_all(&mut self) {
        self.paths.clear();
        if self.scope == LossScope::BranchOrPath {
            self.scope = LossScope::Changes;
        }
    }

    /// Whether another one takes nothing more.
    pub(in crate::permission::command) fn includes(&self, other: &GitLoss) -> bool {
        let is_same_scope = self.scope == other.scope
            || (self.scope == LossScope::Changes && other.scope == LossScope::BranchOrPath);
        let names_more = self.paths.is_empty() || self.paths == other.paths;
        self.command == other.command && is_same_scope && names_more
    }
}

/// Which work it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossScope {
    /// Changes of files that git tracks.
    Changes,
    /// The same of one file or folder; or of all, if the path is the name of a branch.
    BranchOrPath,
    /// What is staged of a file that has changed since.
    Staged,
    /// Files that git does not track.
    NewFiles,
    /// The same, and files that git ignores.
    NewAndIgnoredFiles,
    /// Changes of files that git tracks, and files that it does not track.
    ChangesAndNewFiles,
    /// Work that is kept elsewhere: stashed, in another work tree or repository.
    Elsewhere,
    /// The subcommand is none of git's own: an alias, which may do anything.
    Unknown,
}

/// Subcommands that take nothing, whatever their arguments; and those that git refuses to run where
/// they would.
const HARMLESS: &str = "add am annotate archive bisect blame branch bundle cat-file \
    check-attr check-ignore check-mailmap check-ref-format cherry cherry-pick clone column commit \
    commit-graph commit-tree config count-objects credential daemon describe diff diff-files \
    diff-index diff-tree difftool fast-export fast-import fetch fmt-merge-msg for-each-ref \
    format-patch fsck gc get-tar-commit-id grep hash-object help hook index-pack init \
    interpret-trailers lfs log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge \
    merge-base merge-file merge-tree mergetool mktag mktree mv name-rev notes pack-objects \
    pack-redundant pack-refs patch-id prune prune-packed pull push range-diff reflog remote repack \
    replace request-pull rerere rev-list rev-parse revert send-email shortlog show show-branch \
    show-index show-ref sparse-checkout stage status stripspace submodule symbolic-ref tag \
    unpack-file unpack-objects update-index update-ref update-server-info var verify-commit \
    verify-pack verify-tag version whatchanged worktree write-tree --version --help";

/// Options before the subcommand that have a value.
const WITH_VALUE: &[&str] = &["-C", "-c", "--git-dir", "--work-tree", "--namespace"];

/// Short options of `commit` that are followed by a value.
const COMMIT_VALUES: &str = "CFSctmu";

/// The words after `git`, taken apart.
struct Words<'a> {
    folder: String,
    subcommand: &'a str,
    arguments: &'a [&'a str],
}

impl<'a> Words<'a> {
    fn of(words: &'a [&'a str]) -> Option<Words<'a>> {
        let mut folder = String::new();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            if *word == "-C" {
                let named = words.get(at + 1).copied().unwrap_or_default();
                folder = format!("{folder}{named}/");
            }
            let is_help = matches!(*word, "--version" | "--help");
            if !word.starts_with('-') || is_help {
                return Some(Words {
                    folder,
                    subcommand: word,
                    arguments: &words[at + 1..],
                });
            }
            at += if WITH_VALUE.contains(word) { 2 } else { 1 };
        }
        None
    }

    /// Whether there is a long option, perhaps shortened, or a letter among joined short ones.
    fn has(&self, long: &str, letter: Option<char>) -> bool {
        let mut options = self.arguments.iter().take_while(|word| **word != "--");
        options.any(|word| {
            let name = word.split('=').next().unwrap_or(word);
            let is_long = name.len() > 2 && long.starts_with(name);
            let is_short = word.starts_with('-') && !word.starts_with("--");
            is_long || letter.is_some_and(|letter| is_short && word.contains(letter))
        })
    }

    fn first(&self) -> &'a str {
        let mut operands = self.arguments.iter().filter(|word| !word.starts_with('-'));
        operands.next().copied().unwrap_or_default()
    }

    /// What may be paths, relative to where git runs.
    fn paths(&self) -> Vec<String> {
        let operands = match self.arguments.iter().position(|word| *word == "--") {
            Some(at) => self.arguments[at + 1..].to_vec(),
            None => {
                let words = self.arguments.iter().copied();
                words.filter(|word| !word.starts_with('-')).collect()
            }
        };
        let paths = operands.iter().map(|path| format!("{}{path}", self.folder));
        paths.collect()
    }

    fn loss(&self, option: &str, scope: LossScope, paths: Vec<String>) -> Option<GitLoss> {
        Some(GitLoss {
            command: format!("git {} {option}", self.subcommand)
                .trim_end()
                .to_owned(),
            scope,
            paths,
        })
    }

    fn all(&self, option: &str, scope: LossScope) -> Option<GitLoss> {
        self.loss(option, scope, Vec::new())
    }
}

/// What a git command may take, by the words after `git`.
pub(in crate::permission::command) fn loss(words: &[&str]) -> Option<GitLoss> {
    let words = Words::of(words)?;
    let is_given_up = ["am", "cherry-pick", "merge", "revert"].contains(&words.subcommand)
        && (words.has("--abort", None) || words.has("--skip", None));
    match words.subcommand {
        "stash" => of_stash(&words),
        "reset" => {
            let mut options = ["--hard", "--merge", "--keep"].into_iter();
            let option = options.find(|option| words.has(option, None))?;
            words.all(option, LossScope::Changes)
        }
        "checkout" => of_checkout(&words),
        "switch" => {
            let makes = words.has("--create", Some('c')) || words.has("--orphan", None);
            let is_forced = words.has("--force", Some('f'))
                || words.has("--discard-changes", None)
                || words.has("--force-create", Some('C'));
            (is_forced || !makes).then(|| words.all("", LossScope::Changes))?
        }
        "restore" => of_restore(&words),
        "clean" => of_clean(&words),
        "apply" => {
            let reverses = words.has("--reverse", Some('R')) && !words.has("--check", None);
            reverses.then(|| words.all("-R", LossScope::Changes))?
        }
        "rebase" => {
            let goes_on = words.has("--continue", None) || words.has("--show-current-patch", None);
            (!goes_on).then(|| words.all("", LossScope::Changes))?
        }
        "rm" if words.has("--force", Some('f')) && !words.has("--cached", None) => {
            words.loss("-f", LossScope::Changes, words.paths())
        }
        "mv" if words.has("--force", Some('f')) => {
            words.loss("-f", LossScope::ChangesAndNewFiles, words.paths())
        }
        "worktree" if words.first() == "remove" && words.has("--force", Some('f')) => {
            words.all("remove --force", LossScope::Elsewhere)
        }
        "submodule" if words.first() == "deinit" => words.all("deinit", LossScope::Elsewhere),
        "submodule" if words.first() == "update" && words.has("--force", Some('f')) => {
            words.all("update --force", LossScope::Elsewhere)
        }
        "read-tree" if words.has("--reset", Some('u')) => words.all("-u", LossScope::Changes),
        "checkout-index" if words.has("--force", Some('f')) => {
            let names = if words.has("--all", Some('a')) {
                Vec::new()
            } else {
                words.paths()
            };
            words.loss("-f", LossScope::Changes, names)
        }
        _ if is_given_up => words.all("--abort", LossScope::Changes),
        known if HARMLESS.split(' ').any(|name| name == known) => None,
        "read-tree" | "rm" | "mv" | "checkout-index" => None,
        "citool" | "filter-branch" | "gui" | "instaweb" | "web--browse" => None,
        _ => words.all("", LossScope::Unknown),
    }
}

fn of_stash(words: &Words<'_>) -> Option<GitLoss> {
    let takes_new = words.has("--include-untracked", Some('u')) || words.has("--all", Some('a'));
    let scope = match takes_new {
        true => LossScope::ChangesAndNewFiles,
        false => LossScope::Changes,
    };
    match words.first() {
        "apply" | "branch" | "create" | "list" | "pop" | "show" | "store" => None,
        "clear" => words.all("clear", LossScope::Elsewhere),
        "drop" => words.all("drop", LossScope::Elsewhere),
        _ => words.all("", scope),
    }
}

fn of_clean(words: &Words<'_>) -> Option<GitLoss> {
    // Behind `e` is a pattern.
    let has_short = |letter: char| {
        let options = words.arguments.iter().take_while(|word| **word != "--");
        let mut clusters = options.filter_map(|word| {
            let letters = word.strip_prefix('-')?;
            letters
                .split('e')
                .next()
                .filter(|_| !letters.starts_with('-'))
        });
        clusters.any(|letters| letters.contains(letter))
    };
    if words.has("--dry-run", None) || has_short('n') {
        return None;
    }
    let scope = match has_short('x') || has_short('X') {
        true => LossScope::NewAndIgnoredFiles,
        false => LossScope::NewFiles,
    };
    words.loss("", scope, words.paths())
}

fn of_checkout(words: &Words<'_>) -> Option<GitLoss> {
    let is_forced = words.has("--force", Some('f'));
    let makes = words
        .arguments
        .iter()
        .any(|word| matches!(*word, "-b" | "-B" | "--orphan"));
    if is_forced {
        return words.all("-f", LossScope::Changes);
    }
    if makes {
        return None;
    }
    match words.arguments.iter().position(|word| *word == "--") {
        Some(_) => words.loss("--", LossScope::Changes, words.paths()),
        // A branch, `-`, or what a variable or another command names.
        None if words.paths().is_empty() => words.all("", LossScope::Changes),
        None if words.paths().len() == 1 => words.loss("", LossScope::BranchOrPath, words.paths()),
        None => words.loss("", LossScope::Changes, words.paths()),
    }
}

fn of_restore(words: &Words<'_>) -> Option<GitLoss> {
    let is_staged = words.has("--staged", Some('S'));
    let is_worktree = words.has("--worktree", Some('W'));
    match is_staged && !is_worktree {
        true => words.loss("--staged", LossScope::Staged, words.paths()),
        false => words.loss("", LossScope::Changes, words.paths()),
    }
}

/// How a git command goes around hooks, by the words after `git`.
pub(in crate::permission::command) fn skips_hooks(words: &[&str]) -> Option<String> {
    let names_hooks = |word: &&&str| word.to_lowercase().starts_with("core.hookspath");
    if let Some(setting) = words.iter().find(names_hooks) {
        return Some(format!("git -c {setting}"));
    }
    let words = Words::of(words)?;
    let mut options = words.arguments.iter().take_while(|word| **word != "--");
    let is_long = |word: &str| word.len() > 6 && "--no-verify".starts_with(word);
    let is_short = |word: &str| {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        let letters = letters.unwrap_or_default().chars();
        letters
            .take_while(|letter| !COMMIT_VALUES.contains(*letter))
            .any(|letter| letter == 'n')
    };
    let option =
        options.find(|word| is_long(word) || (words.subcommand == "commit" && is_short(word)))?;
    Some(format!("git {} {option}", words.subcommand))
}
