//! What a git command would do beyond reading: what it writes, starts and calls, as far as its
//! words show. Options may be shortened, as in git.

use super::created::is_local;
use crate::permission::command::GitWork;

/// The effects of one git command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::permission) struct GitEffects {
    /// Whether it writes `.git`.
    pub writes: bool,
    /// Whether it writes files of the work tree that it does not name.
    pub replaces: bool,
    /// Whether it needs the network.
    pub network: bool,
    /// An argument that may start another program, or changes what git starts.
    pub starts: Option<String>,
    /// Files that an option writes, relative to its folder.
    pub outputs: Vec<String>,
    /// Files that it may move, delete or write by name, relative to its folder; names of branches
    /// are among them.
    pub operands: Vec<String>,
    /// Whether the subcommand is git's own; others are aliases and may be anything.
    pub is_known: bool,
    /// Whether it makes a repository or a work tree.
    pub makes: bool,
    /// Whether it writes the repository's settings and starts no program itself.
    pub settings: bool,
    /// The new folder in which it makes a checkout of what the repository tracks.
    pub checkout: Option<String>,
}

impl GitEffects {
    /// What it does to `.git`, if git may do that.
    pub fn work(&self) -> Option<GitWork> {
        let is_known = self.is_known && (self.settings || self.starts.is_none());
        is_known.then_some(match (self.settings, self.makes, self.writes) {
            (true, _, _) => GitWork::Settings,
            (_, true, _) => GitWork::Makes,
            (_, _, true) => GitWork::Writes,
            _ => GitWork::Nothing,
        })
    }

    /// Why it needs approval, as parts of a sentence; empty if it only reads.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.network {
            reasons.push("it needs the network".to_owned());
        }
        if self.writes {
            reasons.push("it writes `.git`".to_owned());
        }
        if self.replaces {
            reasons.push(
                "it may replace any file in the work tree, including files that run automatically"
                    .to_owned(),
            );
        }
        if !self.outputs.is_empty() {
            reasons.push(format!("it writes `{}`", self.outputs.join("`, `")));
        }
        if let Some(starts) = &self.starts {
            reasons.push(format!(
                "`{starts}` can start other programs or change what git starts"
            ));
        }
        reasons
    }
}

/// What a subcommand does with any arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SubcommandEffect {
    Reads,
    /// Writes `.git`.
    Writes,
    /// Writes `.git` and files of the work tree.
    Replaces,
    Calls,
    Starts,
}

/// Subcommands that do the same with any arguments. Others are judged by their arguments, or are
/// aliases, which may be anything and so may write nothing.
const SUBCOMMANDS: &[(SubcommandEffect, &str)] = &[
    (
        SubcommandEffect::Reads,
        "--help --version annotate blame cat-file check-attr check-ignore check-mailmap \
         check-ref-format cherry column count-objects describe diff diff-files diff-index \
         diff-tree for-each-ref fsck grep help log ls-files ls-tree merge-base name-rev patch-id \
         range-diff rev-list rev-parse shortlog show show-branch show-ref status stripspace var \
         verify-commit verify-pack verify-tag version whatchanged",
    ),
    (
        SubcommandEffect::Writes,
        "add clean commit commit-graph commit-tree gc mv pack-refs prune repack replace rm stage \
         update-index update-ref write-tree",
    ),
    (
        SubcommandEffect::Replaces,
        "am checkout-index cherry-pick merge read-tree rebase revert sparse-checkout",
    ),
    (SubcommandEffect::Calls, "fetch ls-remote push"),
    (
        SubcommandEffect::Starts,
        "citool credential daemon difftool fast-import filter-branch gui hook instaweb \
         maintenance mergetool send-email web--browse",
    ),
];

/// Second-level subcommands that only read, and whether the first level alone does.
const READING_PARTS: &[(&str, bool, &str)] = &[
    ("bisect", false, "log terms view"),
    ("bundle", false, "list-heads verify"),
    ("lfs", false, "env ls-files status version"),
    ("notes", true, "list show"),
    ("reflog", true, "exists list show"),
    ("remote", true, "get-url"),
    ("rerere", false, "diff remaining status"),
    ("sparse-checkout", false, "list"),
    ("stash", false, "list show"),
    ("submodule", true, "status summary"),
    ("worktree", false, "list"),
];

/// Options before the subcommand that bring settings or programs from elsewhere.
const STARTING_FIRST: &[&str] = &[
    "--config-env",
    "--exec-path",
    "--git-dir",
    "--paginate",
    "--work-tree",
];

/// Options after any subcommand that start a program or change what git starts.
const STARTING: &[&str] = &[
    "--config",
    "--exec",
    "--ext-diff",
    "--extcmd",
    "--open-files-in-pager",
    "--receive-pack",
    "--separate-git-dir",
    "--template",
    "--textconv",
    "--upload-pack",
];

/// A whole option that one of [`STARTING`] begins with.
const TEXT: &str = "--text";

/// Prefixes of settings that start nothing and name no file.
const HARMLESS_SETTINGS: &[&str] = &[
    "advice.",
    "color.",
    "column.",
    "core.abbrev=",
    "core.pager=cat",
    "core.quotepath=",
    "diff.renames=",
    "init.defaultbranch=",
    "log.date=",
    "user.email=",
    "user.name=",
];

/// Judges the words after `git`.
pub(in crate::permission) fn effects(words: &[&str]) -> GitEffects {
    let mut found = GitEffects::default();
    let mut folder = String::new();
    let mut rest = words.iter().copied();
    let subcommand = loop {
        let Some(word) = rest.next() else {
            return found;
        };
        match word {
            "-C" => folder = format!("{folder}{}/", rest.next().unwrap_or_default()),
            "-c" => {
                let setting = rest.next().unwrap_or_default().to_lowercase();
                let mut known = HARMLESS_SETTINGS.iter();
                if !known.any(|beginning| setting.starts_with(beginning)) {
                    found.starts = Some(format!("-c {setting}"));
                }
            }
            "-p" => found.starts = Some(word.to_owned()),
            "--version" | "--help" => break word,
            _ if word.starts_with('-') => note_option(word, STARTING_FIRST, &mut found),
            other => break other,
        }
    };
    let arguments: Vec<&str> = rest.collect();
    for word in arguments.iter().take_while(|word| **word != "--") {
        note_option(word, STARTING, &mut found);
    }
    GitCall {
        subcommand,
        arguments: &arguments,
        folder: &folder,
    }
    .judge(&mut found);
    found
}

/// Records an option that is in a list, or an abbreviation of one.
fn note_option(word: &str, starting: &[&str], found: &mut GitEffects) {
    let name = word.split('=').next().unwrap_or(word);
    let is_long = name.starts_with("--") && name.len() > 2 && name != TEXT;
    if is_long && starting.iter().any(|option| option.starts_with(name)) {
        found.starts = Some(word.to_owned());
    }
}

/// A subcommand with its arguments.
pub(super) struct GitCall<'a> {
    subcommand: &'a str,
    pub(super) arguments: &'a [&'a str],
    folder: &'a str,
}

impl GitCall<'_> {
    fn judge(&self, found: &mut GitEffects) {
        self.note_outputs(found);
        self.note_operands(found);
        found.is_known = true;
        if self.only_reads() {
            return;
        }
        let usual = SUBCOMMANDS
            .iter()
            .find(|(_, names)| names.split(' ').any(|name| name == self.subcommand));
        match usual.map(|row| row.0) {
            Some(SubcommandEffect::Reads) => {}
            Some(SubcommandEffect::Writes) => found.writes = true,
            Some(SubcommandEffect::Replaces) => (found.writes, found.replaces) = (true, true),
            Some(SubcommandEffect::Calls) => (found.writes, found.network) = (true, true),
            Some(SubcommandEffect::Starts) => {
                found.starts = Some(format!("git {}", self.subcommand))
            }
            None => self.judge_by_arguments(found),
        }
        let has_short = |letter| self.arguments.iter().any(|word| is_cluster(word, letter));
        let runs = match self.subcommand {
            "rebase" => has_short('x').then_some("-x"),
            "grep" => has_short('O').then_some("-O"),
            "clone" => has_short('u')
                .then_some("-u")
                .or(has_short('c').then_some("-c")),
            _ => None,
        };
        if let Some(option) = runs {
            found.starts = Some(format!("git {} {option}", self.subcommand));
        }
    }

    /// Judges subcommands that depend on their arguments.
    fn judge_by_arguments(&self, found: &mut GitEffects) {
        let operand = self.operands().next();
        match self.subcommand {
            "apply" => found.replaces = true,
            "branch" | "notes" | "reflog" | "rerere" | "symbolic-ref" | "tag" => {
                found.writes = true;
            }
            "config" => {
                let edits = self.has(&["--edit", "-e"]) || operand == Some("edit");
                found.settings = found.starts.is_none() && !edits;
                found.starts = Some("git config".to_owned());
            }
            "bisect" | "submodule" if matches!(operand, Some("run" | "foreach")) => {
                found.starts = self.named();
            }
            "remote" if !matches!(operand, Some("prune" | "show" | "update")) => {
                found.settings = found.starts.is_none();
                found.starts = self.named();
            }
            "init" => (found.writes, found.makes) = (true, true),
            "clone" => {
                let from = self.values().next();
                found.network = !from.is_some_and(is_local);
                (found.writes, found.makes) = (true, true);
                found.checkout = self.cloned_into();
            }
            "submodule" => {
                found.network = true;
                (found.writes, found.replaces, found.makes) = (true, true, true);
                found.settings = found.starts.is_none();
            }
            "worktree" => {
                (found.writes, found.replaces) = (true, true);
                found.makes = operand == Some("add");
                let folder = self.values().nth(1).filter(|_| found.makes);
                found.checkout = folder.map(|folder| self.target(folder));
            }
            "bisect" | "stash" => (found.writes, found.replaces) = (true, true),
            "lfs" | "pull" => {
                found.network = true;
                (found.writes, found.replaces) = (true, true);
            }
            "remote" => (found.writes, found.network) = (true, true),
            "archive" => found.network = true,
            "bundle" => found.writes = operand == Some("unbundle"),
            "hash-object" => found.writes = true,
            "checkout" | "switch" => {
                found.writes = true;
                let makes_branch = self.has(&["-B", "-C", "-b", "-c", "--create", "--orphan"]);
                found.replaces = !makes_branch || self.operands().count() > 1;
            }
            "reset" => {
                found.writes = true;
                found.replaces = self.has(&["--hard", "--merge", "--keep"]);
            }
            "restore" => {
                found.writes = true;
                let is_staged_only = self.has(&["--staged", "-S"]);
                found.replaces = !is_staged_only || self.has(&["--worktree", "-W", "-SW"]);
            }
            // An alias: it gets no more than any other command.
            _ => found.is_known = false,
        }
    }

    /// Records files that its options write.
    fn note_outputs(&self, found: &mut GitEffects) {
        let has_short = matches!(self.subcommand, "archive" | "format-patch");
        let mut words = self.arguments.iter().copied().peekable();
        while let Some(word) = words.next().filter(|word| *word != "--") {
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let mut options = ["--output", "--output-directory"].iter();
            let is_long = name.len() > 3 && options.any(|option| option.starts_with(name));
            let file = match word.strip_prefix("-o").filter(|_| has_short) {
                Some("") => words.peek().copied(),
                Some(joined) => Some(joined),
                None if is_long => joined.or_else(|| words.peek().copied()),
                None => None,
            };
            found.outputs.extend(file.map(|file| self.target(file)));
        }
        let is_printed = self.subcommand != "format-patch" || self.has(&["--stdout"]);
        if !is_printed && found.outputs.is_empty() {
            found.outputs.push(self.target("0001-….patch"));
        }
        if self.subcommand == "bundle" && self.operands().next() == Some("create") {
            let file = self.operands().nth(1);
            found.outputs.extend(file.map(|file| self.target(file)));
        }
    }

    /// Records files named by operands that it may write.
    fn note_operands(&self, found: &mut GitEffects) {
        if !matches!(
            self.subcommand,
            "checkout" | "clean" | "mv" | "restore" | "rm"
        ) {
            return;
        }
        let operands = self.operands().map(|path| self.target(path));
        found.operands.extend(operands);
        if let Some(to) = self.operands().last().filter(|_| self.subcommand == "mv") {
            // Into a folder, a file keeps its name.
            let name = |from: &str| from.rsplit('/').next().unwrap_or(from).to_owned();
            let moved = self.operands().map(|from| format!("{to}/{}", name(from)));
            found.operands.extend(moved.map(|path| self.target(&path)));
        }
    }

    /// Whether its arguments make it only show something.
    fn only_reads(&self) -> bool {
        let first = self.operands().next();
        let part = READING_PARTS.iter().find(|row| row.0 == self.subcommand);
        if let Some((_, alone, parts)) = part {
            return match first {
                Some("show") if self.subcommand == "remote" => self.has(&["-n"]),
                Some(first) if self.subcommand == "reflog" => {
                    !matches!(first, "delete" | "drop" | "expire")
                }
                Some(first) => parts.split(' ').any(|part| part == first),
                None => *alone,
            };
        }
        let operands = self.operands().count();
        match self.subcommand {
            "config" => {
                let asks = [
                    "--get",
                    "--get-all",
                    "--get-regexp",
                    "--get-urlmatch",
                    "--list",
                    "-l",
                ];
                let writes = self.has(&["--add", "--edit", "-e", "--unset", "--unset-all"])
                    || self.arguments.iter().any(|word| word.starts_with("--re"));
                let is_one = operands == 1 && !matches!(first, Some("edit" | "set" | "unset"));
                self.has(&asks) || matches!(first, Some("get" | "list")) || (is_one && !writes)
            }
            "branch" | "tag" => self.only_lists(),
            "symbolic-ref" => operands == 1 && !self.has(&["-d", "--delete", "-m"]),
            "apply" => {
                self.has(&["--check", "--stat", "--numstat", "--summary"])
                    && !self.has(&["--apply"])
            }
            "archive" => !self.has(&["--remote"]),
            "format-patch" => true,
            "hash-object" => !self.has(&["-w"]),
            _ => false,
        }
    }

    /// Whether `git branch` or `git tag` shows what there is.
    fn only_lists(&self) -> bool {
        let lists = [
            "--contains",
            "--list",
            "--merged",
            "--no-contains",
            "--no-merged",
            "--points-at",
            "-l",
        ];
        let shows = |word: &&str| {
            let long = [
                "--all",
                "--remotes",
                "--show-current",
                "--no-color",
                "--no-column",
            ];
            let with_value = ["--abbrev", "--color", "--column", "--format", "--sort"];
            let name = word.split('=').next().unwrap_or(word);
            let letters = word.strip_prefix('-').unwrap_or("x");
            long.contains(word)
                || with_value.contains(&name)
                || lists.contains(&name)
                || letters
                    .chars()
                    .all(|letter| "arvnil0123456789".contains(letter))
        };
        let mut options = self.arguments.iter().filter(|word| word.starts_with('-'));
        options.all(shows) && (self.has(&lists) || self.operands().count() == 0)
    }

    fn named(&self) -> Option<String> {
        let part = self.operands().next().unwrap_or_default();
        Some(format!("git {} {part}", self.subcommand))
    }

    pub(super) fn has(&self, options: &[&str]) -> bool {
        let mut words = self.arguments.iter();
        words.any(|word| options.contains(&word.split('=').next().unwrap_or(word)))
    }

    /// Arguments that are no options. A value of an option may be among them.
    fn operands(&self) -> impl DoubleEndedIterator<Item = &str> {
        let words = self.arguments.iter().copied();
        words.filter(|word| !word.starts_with('-'))
    }

    pub(super) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.folder)
    }
}

/// Whether joined short options contain a letter.
fn is_cluster(word: &str, letter: char) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}
