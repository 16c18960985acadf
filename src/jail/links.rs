//! Where links lead to, for what is protected by the name of a link.

use super::protected::{Protected, classify, folded};
use super::{EntryKind, Jail, WorkspacePath};

impl Jail {
    /// Where a path leads to in the workspace, through links of any form.
    pub(super) fn leads_to(&self, path: &WorkspacePath) -> Option<WorkspacePath> {
        let full = self.root().join(path.as_str()).canonicalize().ok()?;
        let below = full.strip_prefix(self.root()).ok()?;
        self.path(below.to_str()?).ok()
    }

    /// Says why a file is protected to which a link at the top of the workspace leads, by the name of
    /// the link: `.envrc -> dev/env.sh`.
    pub fn protected_by_link(&self, path: &str) -> Option<Protected> {
        let top = self.path(".").and_then(|top| self.list(&top));
        let links = top.into_iter().flatten();
        let mut links = links.filter(|entry| entry.kind == EntryKind::Link);
        links.find_map(|link| {
            let found = classify(&link.name)?;
            let target = self.leads_to(&self.path(&link.name).ok()?)?;
            let target = target.as_str().split('/').map(folded);
            let mut names = path.split('/').map(folded);
            let is_in = target.into_iter().all(|name| names.next() == Some(name));
            is_in.then_some(found)
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn targets_of_links_with_protected_names_are_protected() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["dev", "ed", "docs"] {
            fs::create_dir(folder.path().join(path)).unwrap();
        }
        fs::write(folder.path().join("dev/env.sh"), "").unwrap();
        fs::write(folder.path().join("docs/guide.md"), "").unwrap();
        symlink("dev/env.sh", folder.path().join(".envrc")).unwrap();
        symlink(folder.path().join("ed"), folder.path().join(".vscode")).unwrap();
        symlink("docs/guide.md", folder.path().join("AGENTS.md")).unwrap();
        symlink("dev", folder.path().join("plain")).unwrap();
        let jail = Jail::open(folder.path()).unwrap();
        for path in ["dev/env.sh", "ed/tasks.json", "docs/guide.md"] {
            assert!(jail.protected_by_link(path).is_some(), "{path}");
        }
        for path in ["dev/other.sh", "src/a.rs", "docs/other.md", "edit"] {
            assert!(jail.protected_by_link(path).is_none(), "{path}");
        }
    }
}
