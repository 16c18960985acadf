//! What the repository's own settings tell git to run, or to read as settings, in the workspace:
//! `core.hooksPath = tools/hooks` makes every file there a hook.

use std::collections::BTreeSet;

use super::protected::{Protected, ProtectedClass, folded};
use super::{EntryKind, Jail, WorkspacePath};

/// Largest file of settings that is looked into, in bytes.
const MOST_BYTES: usize = 256 << 10;

/// Files of settings that include each other are followed no deeper.
const DEEPEST: usize = 4;

/// Most hooks that are looked at.
const MOST_HOOKS: usize = 100;

const WHY: Protected = Protected {
    class: ProtectedClass::AutoExecuted,
    why: "is run by git, or read as its settings: `.git/config` or a hook names it",
};

/// Hooks, where the workspace itself is the folder of them.
const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "reference-transaction",
];

/// Keys whose values are commands, programs or folders of them, whatever their section.
const RUNNING: &[&str] = &[
    "alternaterefscommand",
    "askpass",
    "clean",
    "cmd",
    "command",
    "difffilter",
    "driver",
    "editor",
    "external",
    "fsmonitor",
    "gitproxy",
    "helper",
    "hookspath",
    "packobjectshook",
    "pager",
    "process",
    "program",
    "smudge",
    "sshcommand",
    "templatedir",
    "textconv",
    "update",
];

impl Jail {
    /// Gives the files and folders of the workspace that git runs, or reads as settings, since
    /// `.git` says so. They may not exist.
    pub fn git_programs(&self) -> BTreeSet<WorkspacePath> {
        let mut found = BTreeSet::new();
        self.read_settings(".git/config", 0, &mut found);
        self.read_settings(".git/config.worktree", 0, &mut found);
        self.follow_hooks(&mut found);
        let real: Vec<_> = found
            .iter()
            .filter_map(|path| self.resolve(path).ok())
            .collect();
        found.extend(real);
        if found.iter().any(WorkspacePath::is_root) {
            // The folder of hooks is the workspace itself.
            found.extend(HOOKS.iter().filter_map(|hook| self.path(hook).ok()));
        }
        // A word that names all of the workspace names no program.
        found.retain(|path| !path.is_root());
        found
    }

    /// Says why a file is protected that `.git` tells git to run, if it does.
    pub fn run_by_git(&self, path: &str) -> Option<Protected> {
        let path = folded_path(path);
        let mut programs = self.git_programs().into_iter();
        let is_named = programs.any(|program| {
            let rest = path.strip_prefix(&folded_path(program.as_str()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        is_named.then_some(WHY)
    }

    fn read_settings(&self, file: &str, depth: usize, found: &mut BTreeSet<WorkspacePath>) {
        // What cannot be read as text, git does not read either, or nothing is there.
        let text = self.path(file).and_then(|path| self.read(&path));
        let Some(text) = text.ok().filter(|file| file.bytes.len() <= MOST_BYTES) else {
            return;
        };
        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        for Setting {
            section,
            key,
            value,
        } in settings(&text.text)
        {
            if section.starts_with("include") && key == "path" {
                let included = match value.starts_with('/') {
                    true => value,
                    false => format!("{folder}/{value}"),
                };
                if let Ok(path) = self.path(&included)
                    && depth < DEEPEST
                    && found.insert(path.clone())
                {
                    self.read_settings(path.as_str(), depth + 1, found);
                }
            } else if matches!(key.as_str(), "attributesfile" | "hookspath" | "templatedir") {
                found.extend(self.path(&value));
            } else if RUNNING.contains(&key.as_str()) || key == "path" || value.starts_with('!') {
                found.extend(self.programs_of(&value));
            }
        }
    }

    /// The words of a command that name something in the workspace.
    fn programs_of(&self, command: &str) -> Vec<WorkspacePath> {
        let is_end = |c: char| c.is_whitespace() || "'\"\\;&|()<>`=!".contains(c);
        let words = command.split(is_end).filter(|word| !word.is_empty());
        let paths = words.filter_map(|word| self.path(word).ok());
        let is_there = |path: &WorkspacePath| matches!(self.kind(path), Ok(Some(_)));
        // A path with a folder in it is a program of the workspace, even if it is made later.
        paths
            .filter(|path| path.as_str().contains('/') || is_there(path))
            .collect()
    }

    /// Hooks that are links lead to what is run.
    fn follow_hooks(&self, found: &mut BTreeSet<WorkspacePath>) {
        let Ok(folder) = self.path(".git/hooks") else {
            return;
        };
        let real = self.leads_to(&folder);
        found.extend(real.clone().filter(|real| *real != folder));
        let hooks = real.and_then(|folder| self.list(&folder).ok());
        for hook in hooks.into_iter().flatten().take(MOST_HOOKS) {
            let Ok(path) = self.path(&format!(".git/hooks/{}", hook.name)) else {
                continue;
            };
            if hook.kind == EntryKind::Link {
                found.extend(self.leads_to(&path));
            } else if hook.kind == EntryKind::File && !hook.name.ends_with(".sample") {
                // What a hook calls runs with it.
                let text = self.read(&path).ok();
                let text = text.filter(|file| file.bytes.len() <= MOST_BYTES);
                let words = text.map(|file| self.programs_of(&file.text));
                let is_file = |path: &WorkspacePath| {
                    matches!(self.kind(path), Ok(Some(EntryKind::File | EntryKind::Link)))
                };
                found.extend(words.into_iter().flatten().filter(is_file));
            }
        }
    }
}

fn folded_path(path: &str) -> String {
    path.split('/').map(folded).collect::<Vec<_>>().join("/")
}

/// A line of a file of settings.
struct Setting {
    /// The section's name, in lower case, without its subsection.
    section: String,
    /// In lower case.
    key: String,
    /// Without quotes.
    value: String,
}

/// Reads a file of settings as git does, but passes over what is wrong.
fn settings(text: &str) -> Vec<Setting> {
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
        found.push(Setting {
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
mod tests {
    use std::fs;

    use super::*;

    fn workspace(config: &str) -> (tempfile::TempDir, Jail) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".git/hooks")).unwrap();
        fs::write(folder.path().join(".git/config"), config).unwrap();
        let jail = Jail::open(folder.path()).unwrap();
        (folder, jail)
    }

    #[test]
    fn what_settings_tell_git_to_run_is_protected() {
        for (config, path) in [
            (
                "[core]\n\thooksPath = tools/hooks\n",
                "tools/hooks/pre-commit",
            ),
            (
                "[core] hookspath=\"tools/my hooks\" # ours\n",
                "tools/my hooks/x",
            ),
            ("[CORE]\nHooksPath = ./tools/../hooks/\n", "hooks/pre-push"),
            (
                "[core]\n\thooksPath = tools/hooks\n",
                "TOOLS/Hooks/pre-commit",
            ),
            ("[core]\nfsmonitor = tools/watch.sh\n", "tools/watch.sh"),
            ("[core]\nfsmonitor = sh ./watch.sh -q\n", "watch.sh"),
            (
                "[core]\nattributesFile = conf/attributes\n",
                "conf/attributes",
            ),
            ("[core]\nsshCommand = ssh -F tools/ssh\n", "tools/ssh"),
            (
                "[filter \"lock\"]\n\tclean = tools/clean %f\n",
                "tools/clean",
            ),
            ("[filter \"a] b\"]\n\tprocess = tools/p\n", "tools/p"),
            (
                "[diff \"x\"]\ncommand = python3 tools/diff.py\n",
                "tools/diff.py",
            ),
            ("[diff \"x\"]\ntextconv = tools/conv\n", "tools/conv"),
            ("[merge \"x\"]\ndriver = tools/merge %A %B\n", "tools/merge"),
            ("[alias]\nci = \"!sh tools/ci.sh\"\n", "tools/ci.sh"),
            ("[alias]\nci = !tools/ci.sh; true\n", "tools/ci.sh"),
            (
                "[credential]\nhelper = !f() { tools/cred; }; f\n",
                "tools/cred",
            ),
            ("[include]\npath = ../conf/git\n", "conf/git"),
            ("[includeIf \"gitdir:x\"]\npath = ../conf/git\n", "conf/git"),
            ("[core]\nfsmonitor = tools/\\\nwatch\n", "tools/watch"),
        ] {
            let (folder, jail) = workspace(config);
            fs::write(folder.path().join("watch.sh"), "").unwrap();
            assert_eq!(jail.run_by_git(path), Some(WHY), "{config}");
            for other in ["src/main.rs", "tools/other.sh", "hooks2", "conf/x"] {
                assert_eq!(jail.run_by_git(other), None, "{config}: {other}");
            }
        }
    }

    #[test]
    fn settings_are_read_where_they_are_included() {
        let (folder, jail) = workspace("[include]\npath = ../shared/git\n");
        fs::create_dir(folder.path().join("shared")).unwrap();
        let text = "[core]\nhooksPath = ci/hooks\n[include]\npath = git\n";
        fs::write(folder.path().join("shared/git"), text).unwrap();
        assert!(jail.run_by_git("ci/hooks/pre-commit").is_some());
        assert!(jail.run_by_git("shared/git").is_some());
    }

    #[test]
    fn hooks_that_are_links_protect_what_they_lead_to() {
        let (folder, jail) = workspace("[core]\nhooksPath = linked\n");
        fs::create_dir_all(folder.path().join("real/hooks")).unwrap();
        fs::write(folder.path().join("check.sh"), "").unwrap();
        let link = |to: &str, at: &str| {
            std::os::unix::fs::symlink(to, folder.path().join(at)).unwrap();
        };
        link("../../check.sh", ".git/hooks/pre-commit");
        link("/etc/hostname", ".git/hooks/pre-push");
        link("real/hooks", "linked");
        assert!(jail.run_by_git("check.sh").is_some());
        assert!(jail.run_by_git("real/hooks/commit-msg").is_some());
        assert_eq!(jail.run_by_git("real/a"), None);
    }

    #[test]
    fn ordinary_settings_protect_nothing() {
        let config = "[core]\n\tbare = false\n\teditor = vim\n\tpager = less -R\n\
            \tfsmonitor = true\n[branch \"src\"]\n\tremote = origin\n\tmerge = refs/heads/src\n\
            [user]\n\tname = src\n[alias]\n\tst = status src\nbroken\n[remote \"o\"]\nurl = src\n";
        let (folder, jail) = workspace(config);
        fs::create_dir(folder.path().join("src")).unwrap();
        assert!(jail.git_programs().is_empty(), "{:?}", jail.git_programs());
        fs::write(folder.path().join(".git/config"), vec![b'['; 300 << 10]).unwrap();
        assert!(jail.git_programs().is_empty());
        fs::remove_file(folder.path().join(".git/config")).unwrap();
        assert!(jail.git_programs().is_empty());
    }
}
