//! The write policy of a confined command in a folder, by names alone.

use std::ffi::OsStr;
use std::path::{Component, Path};

use super::GitAccess;
use super::policy::GIT_INTERNALS;
use crate::jail::{
    ProtectedClass, build_file, classify, closed_to_commands, folded, is_filled, is_generated,
    names_closed_in,
};

/// The reason for paths that only git may write.
pub(super) const GIT: &str = "belongs to git, and this command may not write it";
const GIT_SETTINGS: &str = "decides what git runs, so no command may write it";
const REPOSITORY: &str = "would make the folder a git repository, whose settings git follows";
const RULE: &str = "may not be written by commands: a rule denies it, git runs it, or a link with \
                    a protected name points to it";

/// Names in the git folder with commands for git to run, beside [`GIT_INTERNALS`].
const GIT_RUNS: &[&str] = &["rebase-merge"];

/// Settings of a repository, whatever the name of its folder.
const REPOSITORY_SETTINGS: &[&str] = &["commondir", "config", "config.worktree", "hooks"];

/// Reasons for judging fewer or other names: bits of [`WritePolicy::laxity`].
const GENERATED: u8 = 1;
const ALLOWED: u8 = 2;
const IN_GIT: u8 = 4;
const FILLED: u8 = 8;

/// The write policy of a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct WritePolicy {
    /// Access to git folders.
    pub git: GitAccess,
    /// Whether build files that no build writes may be written: package managers do that, and git
    /// when it switches commits.
    pub writes_build_files: bool,
    /// Whether auto-executed files may be written: the user approved exactly that.
    pub writes_auto_executed: bool,
    /// The name of the work tree, if the folder is the git folder outside the workspace.
    pub worktree: Option<String>,
    /// Paths below the folder that may be written anyway, with everything below.
    pub allowed: Vec<PathNames>,
    /// Paths below the folder that may not be written, with everything below.
    pub denied: Vec<PathNames>,
}

/// The names of a path, as the most lenient file system compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PathNames(Vec<String>);

impl PathNames {
    /// The names of a relative path.
    pub fn new(path: &Path) -> PathNames {
        let names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(folded(&name.to_string_lossy()).into_owned()),
            _ => None,
        });
        PathNames(names.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The index of the git folder among the names, if any.
    fn git(&self) -> Option<usize> {
        self.0.iter().position(|name| is_git(name))
    }

    fn with(&self, name: &str) -> PathNames {
        let mut names = self.0.clone();
        names.push(name.to_owned());
        PathNames(names)
    }

    fn starts_with(&self, other: &PathNames) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl WritePolicy {
    /// Why a path may not be written or created: the end of a sentence that begins with the path.
    ///
    /// `has` says whether the folder of the first N names contains a name.
    pub fn refuses(
        &self,
        path: &PathNames,
        has: impl Fn(usize, &str) -> bool,
    ) -> Option<&'static str> {
        if self.denied.iter().any(|denied| path.starts_with(denied)) {
            return Some(RULE);
        }
        if self.allowed.iter().any(|allowed| path.starts_with(allowed)) {
            return None;
        }
        if self.worktree.is_some() {
            return self.refuses_in_git(&path.0).filter(|_| !path.0.is_empty());
        }
        if let Some(at) = path.git() {
            return self.refuses_in_git(&path.0[at + 1..]);
        }
        refuses_repository(path, has).or_else(|| self.refuses_by_table(path))
    }

    /// The same in a folder made by the command itself, where it may make repositories: it is git
    /// alone, and decides their layout.
    pub fn refuses_in_new(&self, path: &PathNames) -> Option<&'static str> {
        if !self.git.makes_repositories() {
            return self.refuses(path, |_, _| false);
        }
        if self.denied.iter().any(|denied| path.starts_with(denied)) {
            return Some(RULE);
        }
        if self.worktree.is_some() || path.git().is_some() {
            return None;
        }
        let of_git = closed_to_commands(&path.0.join("/"));
        if of_git.is_some_and(|found| found.counts_in_generated()) {
            return None;
        }
        self.refuses_by_table(path)
    }

    /// Whether creating a folder starts a repository or a work tree, if the command may do that.
    pub fn begins_repository(&self, path: &PathNames) -> bool {
        let below = match (path.git(), &self.worktree) {
            (Some(at), _) => &path.0[at + 1..],
            (None, Some(_)) => &path.0[..],
            (None, None) => return false,
        };
        let parts = ["modules", "worktrees"];
        let begins = below
            .first()
            .is_none_or(|first| parts.contains(&first.as_str()));
        self.git.makes_repositories()
            && begins
            && !self.denied.iter().any(|denied| path.starts_with(denied))
    }

    /// The same for a folder at a new path, by the names in it.
    pub fn refuses_folder<'a>(
        &self,
        path: &PathNames,
        inside: impl Iterator<Item = &'a OsStr>,
    ) -> Option<&'static str> {
        if self.denied.iter().any(|denied| denied.starts_with(path)) {
            return Some(RULE);
        }
        let closed = names_closed_in(path.0.last()?);
        let inside = inside.map(|name| folded(&name.to_string_lossy()).into_owned());
        inside
            .filter(|name| closed.contains(&name.as_str()))
            .find_map(|name| self.refuses(&path.with(&name), |_, _| false))
    }

    /// Bits for how the content of a folder is judged less strictly than elsewhere. What was made
    /// in such a place cannot be renamed to another one.
    pub fn laxity(&self, path: &PathNames) -> u8 {
        let is_generated = path.0.iter().any(|name| is_generated(name));
        let mut allowed = self.allowed.iter();
        let is_allowed =
            allowed.any(|allowed| path.starts_with(allowed) || allowed.starts_with(path));
        let in_git = self.worktree.is_some() || path.git().is_some();
        let is_filled = !self.writes_build_files && path.0.iter().any(|name| is_filled(name));
        let bits = [
            (is_generated, GENERATED),
            (is_allowed, ALLOWED),
            (in_git, IN_GIT),
            (is_filled, FILLED),
        ];
        let set = bits.into_iter().filter(|(holds, _)| *holds);
        set.map(|(_, bit)| bit).sum()
    }

    /// The same for a link: names appear through it that were not created here, and one in the place
    /// of a folder above a denied path would lead that path elsewhere.
    pub fn refuses_link(&self, path: &PathNames) -> Option<&'static str> {
        if self.denied.iter().any(|denied| denied.starts_with(path)) {
            return Some(RULE);
        }
        let closed = names_closed_in(path.0.last()?);
        closed
            .iter()
            .find_map(|name| self.refuses(&path.with(name), |_, _| false))
    }

    /// The same for a path below the git folder.
    fn refuses_in_git(&self, below: &[String]) -> Option<&'static str> {
        if self.git == GitAccess::ReadOnly {
            return Some(GIT);
        }
        let Some((first, rest)) = below.split_first() else {
            // Another folder of git, or a file that leads to one.
            return Some(GIT_SETTINGS);
        };
        let is_closed = match first.as_str() {
            "worktrees" => self.closes_worktree(rest),
            // Folders of git again, at any depth.
            "modules" => (0..rest.len()).any(|at| decides(&rest[at..])),
            _ => decides(below) && !self.opens_settings(below),
        };
        is_closed.then_some(GIT_SETTINGS)
    }

    /// Whether the user approved exactly these settings.
    fn opens_settings(&self, below: &[String]) -> bool {
        let [name] = below else { return false };
        self.git == GitAccess::Settings && matches!(name.as_str(), "config" | "config.worktree")
    }

    /// Whether a path below `worktrees` is closed: it belongs to another work tree, or is a
    /// setting.
    fn closes_worktree(&self, below: &[String]) -> bool {
        let settings = ["commondir", "config.worktree", "gitdir"];
        let Some((name, rest)) = below.split_first() else {
            return false;
        };
        let own = self.worktree.as_deref().map(folded);
        let is_open = own.is_none_or(|own| own == name.as_str());
        let decides = rest.first().is_some_and(|first| {
            settings.contains(&first.as_str()) || GIT_RUNS.contains(&first.as_str())
        });
        !is_open || decides
    }

    fn refuses_by_table(&self, path: &PathNames) -> Option<&'static str> {
        let is_ours = path.0.iter().any(|name| name == ".ollacode");
        let is_last = |wanted: &str| path.0.last().is_some_and(|name| name == wanted);
        if self.git == GitAccess::Settings && is_last(".gitmodules") {
            return None;
        }
        if let Some(closed) = closed_to_commands(&path.0.join("/"))
            && (is_ours || !self.writes_auto_executed)
        {
            return Some(closed.why);
        }
        let found = classify(&path.0.join("/"));
        let instructs = found.filter(|found| found.class == ProtectedClass::Instructions);
        let in_generated = path.0.iter().any(|name| is_generated(name));
        // Git brings them along when it changes to another commit.
        if let Some(found) = instructs
            && !in_generated
            && self.git == GitAccess::ReadOnly
            && !self.writes_auto_executed
        {
            return Some(found.why);
        }
        build_file(&path.0.join("/"))
            .filter(|_| !self.writes_build_files)
            .map(|found| found.why)
    }
}

/// Whether a path in the git folder decides what git runs.
fn decides(below: &[String]) -> bool {
    let Some((first, rest)) = below.split_first() else {
        return false;
    };
    let first = first.as_str();
    // What is in `info` names the programs that git runs for a file; a list of ignored files does not.
    let is_info = first == "info" && rest.first().is_none_or(|name| name == "attributes");
    GIT_INTERNALS.contains(&first) || GIT_RUNS.contains(&first) || is_info
}

fn is_git(name: &str) -> bool {
    matches!(name, ".git" | "git~1")
}

/// A folder with a `HEAD` and settings is a repository for git, which follows the settings.
fn refuses_repository(path: &PathNames, has: impl Fn(usize, &str) -> bool) -> Option<&'static str> {
    for (depth, name) in path.0.iter().enumerate() {
        let is_last = depth + 1 == path.0.len();
        let is_setting = REPOSITORY_SETTINGS.contains(&name.as_str());
        let completes = (is_setting && has(depth, "HEAD"))
            || (is_last
                && name == "head"
                && REPOSITORY_SETTINGS
                    .iter()
                    .any(|setting| has(depth, setting)));
        if completes {
            return Some(REPOSITORY);
        }
    }
    None
}
