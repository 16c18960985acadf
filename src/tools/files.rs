//! Which files there are: the workspace as the ignore files leave it, by the rules of the index.

use std::collections::BTreeSet;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ollacode_indexer::walk::{ListedEntry, ListedKind, WalkLimits, list};
use unicode_normalization::UnicodeNormalization;

use super::ToolError;
use crate::jail::{Jail, JailError, WorkspacePath, is_secret};
use crate::permission::{Effect, Rules};

/// The files below a folder, and what could not be listed there.
#[derive(Default)]
pub(super) struct FilesBelow {
    /// In the order of their paths.
    pub paths: Vec<String>,
    /// Folders that could not be listed.
    pub closed: usize,
}

/// The files below a folder, or the file itself, in the order of their paths.
///
/// Both the listing and what is opened afterwards go beneath a handle on the workspace.
pub(super) fn files_below(jail: &Jail, folder: &WorkspacePath) -> Vec<String> {
    listed_below(jail, folder).paths
}

/// The same with what could not be listed.
pub(super) fn listed_below(jail: &Jail, folder: &WorkspacePath) -> FilesBelow {
    let mut found = FilesBelow::default();
    for listed in listed(jail, folder, WalkLimits::default()) {
        match listed.kind {
            ListedKind::File => found.paths.push(listed.path),
            ListedKind::Failed => found.closed += 1,
            ListedKind::Other => {}
        }
    }
    found
}

/// The names in a folder that the ignore files leave; `None` if they leave out the folder itself.
pub(super) fn names_in(jail: &Jail, folder: &WorkspacePath) -> Option<BTreeSet<String>> {
    let above = below_top(folder);
    let depth = above.split('/').filter(|name| !name.is_empty()).count();
    let limits = WalkLimits {
        depth: depth + 1,
        ..WalkLimits::default()
    };
    let listed = listed(jail, folder, limits);
    if !listed.iter().any(|listed| listed.path == above) {
        return None;
    }
    let names = listed.iter().filter_map(|listed| {
        let (folder, name) = listed.path.rsplit_once('/').unwrap_or(("", &listed.path));
        (folder == above && !name.is_empty()).then(|| name.to_owned())
    });
    Some(names.collect())
}

/// What is listed, without what no tool opens.
fn listed(jail: &Jail, folder: &WorkspacePath, limits: WalkLimits) -> Vec<ListedEntry> {
    let limits = WalkLimits {
        own: jail.private_paths(),
        ..limits
    };
    let mut listed = list(jail.root(), below_top(folder), &limits);
    listed.retain(|listed| !jail.leaves_out(&listed.path));
    listed
}

/// A path as the walk has it: that of the top is empty.
fn below_top(folder: &WorkspacePath) -> &str {
    if folder.is_root() {
        ""
    } else {
        folder.as_str()
    }
}

/// Globs as models write them: `src` and `src/` mean what is below, `*.rs` any folder; without
/// capitals, in whatever case.
pub(super) fn glob(jail: &Jail, pattern: &str) -> Result<GlobSet, ToolError> {
    let root = format!("{}/", jail.root().to_string_lossy().trim_end_matches('/'));
    let pattern = pattern.trim().trim_start_matches(root.as_str());
    let trimmed = pattern.trim_start_matches("./").trim_start_matches('/');
    let trimmed = trimmed.trim_end_matches('/');
    if trimmed.is_empty() {
        return Err(ToolError::TellModel(
            "the glob is empty; `**/*.rs` matches all files that end in `.rs`".to_owned(),
        ));
    }
    let is_plain = !trimmed.contains(['*', '?', '[', '{', '/']);
    let anywhere = match (trimmed.contains('/'), is_plain) {
        (true, _) => trimmed.to_owned(),
        (false, false) => format!("**/{trimmed}"),
        // A bare word is a part of a name more often than a whole one.
        (false, true) => format!("**/*{trimmed}*"),
    };
    let mut set = GlobSetBuilder::new();
    // A disk may have either normal form of a name.
    let forms: BTreeSet<String> = [anywhere.nfc().collect(), anywhere.nfd().collect()].into();
    for text in forms {
        for text in [text.clone(), format!("{text}/**")] {
            set.add(one_glob(&text).map_err(|error| bad_glob(pattern, &error))?);
        }
    }
    set.build().map_err(|error| bad_glob(pattern, &error))
}

fn one_glob(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .case_insensitive(!text.contains(char::is_uppercase))
        .build()
}

fn bad_glob(pattern: &str, error: &globset::Error) -> ToolError {
    ToolError::TellModel(format!(
        "`{pattern}` is not a valid glob: {}; a valid one is `src/**/*.rs`",
        error.kind()
    ))
}

/// What the jail says, as the model is told it: also where it cannot mend it, such as on a full
/// disk, it can say in its answer what is left to do.
pub(super) fn refused(error: &JailError) -> ToolError {
    ToolError::TellModel(error.to_string())
}

/// What reading a file is judged by: its name, and where links lead.
pub(super) fn reading(jail: &Jail, path: &WorkspacePath) -> Vec<Effect> {
    let effect = |path: &WorkspacePath| {
        let name = path.to_string();
        if is_secret(path) {
            Effect::ReadSecret { path: name }
        } else {
            Effect::ReadFile { path: name }
        }
    };
    names_of(jail, path).iter().map(effect).collect()
}

/// A path, and where it leads if there are links.
pub(super) fn names_of(jail: &Jail, path: &WorkspacePath) -> Vec<WorkspacePath> {
    let real = jail.resolve(path).ok().filter(|real| real != path);
    [Some(path.clone()), real].into_iter().flatten().collect()
}

/// Whether searches pass over a path, as the walk saw it: it is named like secrets, or a rule
/// keeps it back. An odd one is taken for secret.
pub(super) fn is_kept(jail: &Jail, rules: &Rules, path: &str) -> bool {
    let is_secret = jail.path(path).map_or(true, |path| is_secret(&path));
    is_secret || rules.hides(path)
}
