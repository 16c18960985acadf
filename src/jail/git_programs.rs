//! Finds files that git runs in the workspace or reads as settings, through the settings of every
//! repository in it, the user's own settings, and hooks. `core.hooksPath = tools/hooks` makes every
//! file there a hook.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::protected::{Protected, ProtectedClass};
use super::{Jail, WorkspacePath};

/// Largest settings file read, in bytes.
const MOST_BYTES: u64 = 256 << 10;

/// Most levels of included settings files.
const DEEPEST: usize = 4;

/// Most hooks of a folder that are checked.
const MOST_HOOKS: usize = 100;

pub(super) const WHY: Protected = Protected {
    class: ProtectedClass::AutoExecuted,
    why: "is run by git or read as git settings: git's settings or a hook refer to it",
};

/// Names in a git folder that decide what git runs, for git folders not named `.git`.
const DECIDES: &[&str] = &[
    "commondir",
    "config",
    "config.worktree",
    "hooks",
    "info/attributes",
    "modules",
    "rebase-merge",
    "worktrees",
];

/// Names of hooks, if the work tree itself is the folder of hooks.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

/// Keys whose values are commands, programs or folders of them, in any section.
const RUNNING: &[&str] = &[
    "alternaterefscommand",
    "askpass",
    "browser",
    "cccmd",
    "clean",
    "cmd",
    "command",
    "defaultkeycommand",
    "difffilter",
    "driver",
    "editor",
    "external",
    "fsmonitor",
    "gitproxy",
    "headercmd",
    "helper",
    "hookspath",
    "httpd",
    "packobjectshook",
    "pager",
    "path",
    "process",
    "program",
    "receivepack",
    "sendmailcmd",
    "smtpserver",
    "smudge",
    "sshcommand",
    "templatedir",
    "textconv",
    "tocmd",
    "tunnel",
    "update",
    "uploadpack",
];

/// Files that git runs in the workspace, and its settings files.
#[derive(Debug, Default)]
pub(super) struct GitPrograms {
    /// Files and folders of the workspace. They may not exist.
    pub paths: BTreeSet<WorkspacePath>,
    /// Whether git runs something in the workspace beside hooks: a filter, a file system monitor.
    pub beside_hooks: bool,
}

/// Reads the settings of one repository.
struct GitConfigReader<'a> {
    jail: &'a Jail,
    /// The top of its work tree: absolute. Git runs programs there.
    top: PathBuf,
    found: &'a mut GitPrograms,
}

impl Jail {
    /// Finds what git runs in the workspace. `repositories` are the paths of `.git` in it, folders
    /// and files.
    pub(super) fn git_programs<'p>(
        &self,
        repositories: impl Iterator<Item = &'p Path>,
    ) -> GitPrograms {
        let mut found = GitPrograms::default();
        let own = Path::new(".git");
        let others = repositories.filter(|path| *path != own);
        for path in [own].into_iter().chain(others) {
            let path = self.root().join(path);
            let top = path.parent().unwrap_or(self.root()).to_owned();
            let mut reader = GitConfigReader {
                jail: self,
                top,
                found: &mut found,
            };
            reader.read_all(&path);
        }
        // A word that names all of the workspace names no program.
        found.paths.retain(|path| !path.is_root());
        found
    }

    /// The text of a settings file, inside or outside the workspace.
    fn settings_text(&self, file: &Path) -> Option<String> {
        let metadata = fs::metadata(file).ok()?;
        // What cannot be read as text, git does not read either.
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return None;
        }
        match self.inside(file) {
            Some(path) => Some(self.read(&path).ok()?.text),
            None => Some(String::from_utf8_lossy(&fs::read(file).ok()?).into_owned()),
        }
    }
}

impl GitConfigReader<'_> {
    /// Reads all settings of a repository, given the path of its `.git` folder or file.
    fn read_all(&mut self, path: &Path) {
        for file in self.jail.git_settings() {
            self.read_settings(&file, 0);
        }
        let Some(folder) = self.folder_of(path) else {
            return;
        };
        let shared = self.jail.settings_text(&folder.join("commondir"));
        let shared = shared.map(|text| real(&folder.join(text.trim_end())));
        for folder in [Some(folder), shared].into_iter().flatten() {
            let path = self.jail.inside(&folder);
            let is_named =
                path.is_some_and(|path| path.as_str().split('/').any(|name| name == ".git"));
            if !is_named {
                let decides = DECIDES.iter().map(|name| folder.join(name));
                let decides = decides.filter_map(|path| self.jail.inside(&path));
                self.found.paths.extend(decides);
            }
            self.read_settings(&folder.join("config"), 0);
            self.read_settings(&folder.join("config.worktree"), 0);
            self.follow_hooks(&folder.join("hooks"));
        }
    }

    /// The git folder, which a `.git` file may point to.
    fn folder_of(&self, path: &Path) -> Option<PathBuf> {
        let real = real(path);
        if fs::metadata(&real).ok()?.is_dir() {
            return Some(real);
        }
        let text = self.jail.settings_text(&real)?;
        let folder = text.strip_prefix("gitdir:")?.trim();
        Some(self::real(&real.parent()?.join(folder)))
    }

    fn read_settings(&mut self, file: &Path, depth: usize) {
        let Some(text) = self.jail.settings_text(file) else {
            return;
        };
        let folder = file.parent().unwrap_or(file).to_owned();
        for GitSetting {
            section,
            key,
            value,
        } in settings(&text)
        {
            if section.starts_with("include") && key == "path" {
                let included = self.full(&folder, &value);
                self.note(&included);
                if depth < DEEPEST {
                    self.read_settings(&included, depth + 1);
                }
            } else if key == "hookspath" {
                let hooks = self.full(&self.top, &value);
                if real(&hooks) == real(&self.top) {
                    for hook in HOOKS {
                        let hook = self.top.join(hook);
                        self.note(&hook);
                    }
                } else {
                    self.note(&hooks);
                    self.follow_hooks(&hooks);
                }
            } else if matches!(key.as_str(), "attributesfile" | "templatedir") {
                let path = self.full(&self.top, &value);
                self.note(&path);
            } else if RUNNING.contains(&key.as_str())
                || section == "pager"
                || value.starts_with('!')
                || value.contains("ext::")
            {
                let programs = self.programs_of(&value);
                self.found.beside_hooks |= !programs.is_empty();
                self.found.paths.extend(programs);
            }
        }
    }

    /// The absolute path of a setting.
    fn full(&self, folder: &Path, value: &str) -> PathBuf {
        match (value.strip_prefix("~/"), self.jail.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(value),
        }
    }

    /// Records a path and its target, if they are in the workspace.
    fn note(&mut self, path: &Path) {
        let paths = self.names_of(path);
        self.found.paths.extend(paths);
    }

    fn names_of(&self, path: &Path) -> impl Iterator<Item = WorkspacePath> + use<> {
        let named = path.to_str().and_then(|path| self.jail.path(path).ok());
        named.into_iter().chain(self.jail.inside(path))
    }

    /// The words of a command that name something in the workspace.
    fn programs_of(&self, command: &str) -> Vec<WorkspacePath> {
        let is_end = |c: char| c.is_whitespace() || "'\"\\;&|()<>`=!".contains(c);
        let words = command.split(is_end).filter(|word| !word.is_empty());
        // A path with a folder in it is a program of the workspace, even if it is made later.
        let named = words.filter(|word| word.contains('/') || self.top.join(word).exists());
        named
            .flat_map(|word| self.names_of(&self.full(&self.top, word)))
            .collect()
    }

    /// Records targets of hooks that are links, and programs that hooks call.
    fn follow_hooks(&mut self, folder: &Path) {
        let inside = self.jail.inside(folder);
        let is_own = |path: &WorkspacePath| path.as_str().split('/').any(|name| name == ".git");
        self.found.paths.extend(inside.filter(|path| !is_own(path)));
        let hooks = fs::read_dir(folder).into_iter().flatten().flatten();
        for hook in hooks.take(MOST_HOOKS) {
            let path = hook.path();
            if path.is_symlink() {
                let real = self.jail.inside(&path);
                self.found.paths.extend(real);
            } else if path.extension().is_none_or(|end| end != "sample")
                && let Some(text) = self.jail.settings_text(&path)
            {
                let root = self.jail.root();
                let programs = self.programs_of(&text).into_iter();
                let programs = programs.filter(|path| root.join(path.as_str()).is_file());
                self.found.paths.extend(programs);
            }
        }
    }
}

/// The target of a path with links resolved as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    follow(path, 0)
}

fn follow(path: &Path, links: usize) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let Some(parent) = path.parent() else {
        return path.to_owned();
    };
    let mut at = follow(parent, links);
    let Some(name) = path.file_name() else {
        at.pop();
        return at;
    };
    at.push(name);
    match fs::read_link(&at) {
        // A link that leads to nothing, for now.
        Ok(text) if links < DEEPEST => {
            at.pop();
            follow(&at.join(text), links + 1)
        }
        _ => at,
    }
}

/// A line of a settings file.
struct GitSetting {
    /// The section's name, in lower case, without its subsection.
    section: String,
    key: String,
    value: String,
}

/// Parses a settings file as git does, but skips errors.
fn settings(text: &str) -> Vec<GitSetting> {
    let mut found = Vec::new();
    let mut section = String::new();
    for line in text.replace("\\\r\n", "").replace("\\\n", "").lines() {
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let Some((header, rest)) = rest.rsplit_once(']') else {
                continue;
            };
            let end = header.find(|c: char| c.is_whitespace() || "\".".contains(c));
            section = header[..end.unwrap_or(header.len())].to_lowercase();
            line = rest.trim();
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        found.push(GitSetting {
            section: section.clone(),
            key: key.trim().to_lowercase(),
            value: unquoted(value.trim()),
        });
    }
    found
}

/// A value without its comment, quotes and escapes.
fn unquoted(value: &str) -> String {
    let mut plain = String::new();
    let mut is_quoted = false;
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => plain.extend(characters.next()),
            '#' | ';' if !is_quoted => break,
            other => plain.push(other),
        }
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
