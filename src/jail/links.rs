//! Files that are protected without a protected name: targets of links with protected names, files that
//! git runs, and programs that the user's settings run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git_programs::{WHY, real};
use super::protected::{
    Protected, ProtectedClass, classify, closed_to_commands, folded, is_generated, names_closed_in,
};
use super::{EntryKind, Jail, WorkspacePath};

/// Time limit of the search for repositories and links if the workspace was not listed yet.
const PATIENCE: Duration = Duration::from_secs(1);

const RUN_BY_SETTINGS: Protected = Protected {
    class: ProtectedClass::AutoExecuted,
    why: "is run by a hook, a tool or a server of yours: config.toml names it",
};

/// A file or folder that something protected points to, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// It may not exist.
    pub path: WorkspacePath,
    /// Why it is protected.
    pub protected: Protected,
    /// Whether commands may not write it unless the user allows exactly that.
    pub closed_to_commands: bool,
}

impl LinkTarget {
    /// Whether it is this path or a folder above it.
    pub fn holds(&self, path: &str) -> bool {
        let mut names = path.split('/').map(folded);
        let own = self.path.as_str().split('/').map(folded);
        own.into_iter().all(|name| names.next() == Some(name))
    }
}

/// Whether the target of an entry may be protected: `.git` of a repository, or a link with a
/// protected name. Listings of the workspace collect these.
pub(super) fn leads(path: &Path, is_link: bool) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folded(&name) == ".git"
        || (is_link
            && (classify(&path.to_string_lossy()).is_some() || !names_closed_in(&name).is_empty()))
}

impl Jail {
    /// Stores the entries that a listing of the workspace found: see [`leads`].
    pub(super) fn note_leading(&self, found: BTreeSet<PathBuf>, is_complete: bool) {
        let mut leading = self.0.leading.lock();
        match &mut *leading {
            Some(known) if !is_complete => known.extend(found),
            leading => *leading = Some(found),
        }
    }

    fn leading(&self) -> BTreeSet<PathBuf> {
        let known = || self.0.leading.lock();
        let is_known = known().is_some();
        if !is_known {
            self.secret_files(PATIENCE);
        }
        known().clone().unwrap_or_default()
    }

    /// The files protected without a protected name, from the last listing of the workspace; and
    /// whether git runs something in the workspace beside hooks.
    pub fn led_to(&self) -> (Vec<LinkTarget>, bool) {
        let leading = self.leading();
        let is_git = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            folded(&name) == ".git"
        };
        let repositories = leading.iter().filter(|path| is_git(path));
        let git = self.git_programs(repositories.map(PathBuf::as_path));
        let programs = git.paths.into_iter().map(|path| LinkTarget {
            path,
            protected: WHY,
            closed_to_commands: true,
        });
        let links = leading.iter().filter(|path| !is_git(path));
        let targets = links.flat_map(|link| self.targets(link));
        let own = self.run_by_settings();
        (
            programs.chain(targets).chain(own).collect(),
            git.beside_hooks,
        )
    }

    /// The files that the user's settings run, also where links lead.
    fn run_by_settings(&self) -> Vec<LinkTarget> {
        let named = self.0.programs.iter().flat_map(|name| {
            let path = self.path(name).ok();
            // A name alone is one of a program in `PATH`, unless there is such a file.
            let path = path.filter(|path| name.contains('/') || self.exists(path));
            let real = path.as_ref().and_then(|path| self.resolve(path).ok());
            path.into_iter().chain(real)
        });
        let files = named.filter(|path| !matches!(self.kind(path), Ok(Some(EntryKind::Folder))));
        let targets = files.map(|path| LinkTarget {
            // What is built or installed is written by commands.
            closed_to_commands: !path.as_str().split('/').any(is_generated),
            path,
            protected: RUN_BY_SETTINGS,
        });
        targets.collect()
    }

    fn exists(&self, path: &WorkspacePath) -> bool {
        matches!(self.kind(path), Ok(Some(_)))
    }

    /// Why a file is protected because something protected points to it.
    pub fn protected_by_lead(&self, path: &str) -> Option<Protected> {
        let led = self.led_to().0.into_iter();
        let found = led.filter(|led| led.holds(path)).map(|led| led.protected);
        found.max_by_key(|found| found.class)
    }

    /// The targets of a link, for each protected name of the link or in it.
    fn targets(&self, link: &Path) -> Vec<LinkTarget> {
        let Some(target) = self.inside(&self.root().join(link)) else {
            return Vec::new();
        };
        let name = link.to_string_lossy();
        let led = |target: &str, name: &str| {
            let path = self.path(target).ok().filter(|path| !path.is_root())?;
            Some(LinkTarget {
                path,
                protected: classify(name)?,
                closed_to_commands: closed_to_commands(name).is_some(),
            })
        };
        if let Some(itself) = led(target.as_str(), &name) {
            return vec![itself];
        }
        let last = name.rsplit('/').next().unwrap_or(&name);
        let inside = names_closed_in(last).into_iter();
        inside
            .filter_map(|inner| led(&format!("{target}/{inner}"), &format!("{name}/{inner}")))
            .collect()
    }

    /// An absolute path relative to the workspace, with links resolved; `None` if it is outside.
    pub(super) fn inside(&self, path: &Path) -> Option<WorkspacePath> {
        let below = real(path);
        let below = below.strip_prefix(self.root()).ok()?;
        match below.as_os_str().is_empty() {
            true => self.path(".").ok(),
            false => self.path(below.to_str()?).ok(),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn targets_of_links_with_protected_names_are_protected_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "dev",
            "ed",
            "docs",
            "sub/deep",
            "a/b/c",
            "ci",
            "dots",
            "hooks",
            "x/.github",
        ] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        fs::write(folder.path().join("dev/env.sh"), "").unwrap();
        fs::write(folder.path().join("docs/guide.md"), "").unwrap();
        for (to, at) in [
            ("dev/env.sh", ".envrc"),
            ("../ed", "sub/.vscode"),
            ("../../hooks", "a/b/.husky"),
            ("docs/guide.md", "AGENTS.md"),
            ("../../ci", "x/.github/workflows"),
            ("../dots", "sub/.config"),
            ("../not/there.sh", "sub/.envrc"),
            ("one-more", "a/.husky"),
            ("../not-made", "a/one-more"),
            (".", "sub/deep/.idea"),
            ("/etc", "a/.claude"),
            ("dev", "plain"),
        ] {
            symlink(to, folder.path().join(at)).unwrap();
        }
        symlink(folder.path().join("ed"), folder.path().join("a/b/c/.zed")).unwrap();
        let jail = Jail::open(folder.path()).unwrap();
        for path in [
            "dev/env.sh",
            "ed/tasks.json",
            "ED/tasks.json",
            "hooks/pre-commit",
            "docs/guide.md",
            "ci/x.yml",
            "dots/fish/config.fish",
            "not/there.sh",
            "not-made/pre-commit",
            "sub/deep/x",
        ] {
            assert!(jail.protected_by_lead(path).is_some(), "{path}");
        }
        for path in [
            "dev/other.sh",
            "src/a.rs",
            "docs/other.md",
            "edit",
            "dots/other",
            "sub/x",
            "plain/x",
            "not/other.sh",
        ] {
            assert_eq!(jail.protected_by_lead(path), None, "{path}");
        }
        let (led, _) = jail.led_to();
        let closed = |path: &str| {
            led.iter()
                .any(|led| led.closed_to_commands && led.holds(path))
        };
        assert!(closed("ed/x") && closed("dots/fish") && !closed("docs/guide.md"));
    }

    #[test]
    fn what_the_users_settings_run_is_protected() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("tools")).expect("a folder");
        for path in ["tools/real.sh", "here.sh"] {
            fs::write(folder.path().join(path), "").expect("a file");
        }
        symlink("tools/real.sh", folder.path().join("link.sh")).expect("a link");
        let names = [
            "./link.sh",
            "here.sh",
            "later",
            "tools/later.sh",
            "tools",
            "sh",
            "/bin/sh",
            ".",
        ];
        let jail = Jail::open(folder.path()).expect("a jail");
        let jail = jail.with_programs(names.map(str::to_owned).to_vec());
        for path in ["link.sh", "tools/real.sh", "here.sh", "tools/later.sh"] {
            assert_eq!(
                jail.protected_by_lead(path),
                Some(RUN_BY_SETTINGS),
                "{path}"
            );
        }
        for path in ["later", "tools/other.sh", "sh", "other"] {
            assert_eq!(jail.protected_by_lead(path), None, "{path}");
        }
        let jail = Jail::open(folder.path()).expect("a jail");
        let names = ["tools/real.sh", "node_modules/.bin/fmt"];
        let jail = jail.with_programs(names.map(str::to_owned).to_vec());
        let closed: Vec<bool> = jail
            .led_to()
            .0
            .iter()
            .map(|led| led.closed_to_commands)
            .collect();
        assert_eq!(
            closed,
            [true, true, false],
            "a name, where it leads, and what is installed"
        );
    }
}
