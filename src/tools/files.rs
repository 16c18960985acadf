//! Which files there are: the workspace as the ignore files leave it, by the rules of the index.

use std::collections::BTreeSet;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ollacode_indexer::walk::{Limits, Listed, ListedKind, list};

use super::{ToolContext, ToolError, blocking, shown, spelling};
use crate::jail::{EntryKind, Jail, JailError, TextFile, WorkspacePath, is_secret};
use crate::permission::{Effect, Rules};

/// Most files of the same name that are suggested in place of a missing one.
const SUGGESTED: usize = 3;

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
    for listed in listed(jail, folder, Limits::default()) {
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
    let limits = Limits {
        depth: depth + 1,
        ..Limits::default()
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
fn listed(jail: &Jail, folder: &WorkspacePath, limits: Limits) -> Vec<Listed> {
    let limits = Limits {
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
            "the glob is empty; `**/*.rs` means every file that ends so".to_owned(),
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
    for text in [anywhere.clone(), format!("{anywhere}/**")] {
        set.add(one_glob(&text).map_err(|error| bad_glob(pattern, &error))?);
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
        "`{pattern}` is not a valid glob: {}; `src/**/*.rs` is one",
        error.kind()
    ))
}

/// A path of the model, inside the workspace; nothing, `.` and `/` mean its top.
pub(super) fn folder(jail: &Jail, given: Option<&str>) -> Result<WorkspacePath, ToolError> {
    let given = given.map_or(".", |given| if given == "/" { "." } else { given });
    path(jail, given).map_err(|error| refused(&error))
}

/// A path as models spell it: in quotes, with backslashes, as an address, with a line behind it.
/// What has the name as it is given is that.
pub(super) fn path(jail: &Jail, given: &str) -> Result<WorkspacePath, JailError> {
    let given = given.trim();
    let exists = |path: &WorkspacePath| matches!(jail.kind(path), Ok(Some(_)));
    let as_given = jail.path(given);
    if as_given.as_ref().is_ok_and(exists) {
        return as_given;
    }
    let plain = spelling::plain(given);
    if let Some((file, _)) = spelling::without_lines(&plain)
        && let Ok(path) = jail.path(file)
        && exists(&path)
    {
        return Ok(path);
    }
    if plain == given {
        as_given
    } else {
        jail.path(&plain)
    }
}

/// The path of a file that is there; links are left to the jail.
pub(super) async fn existing_file(
    context: &ToolContext,
    given: &str,
) -> Result<WorkspacePath, ToolError> {
    let path = path(&context.jail, given).map_err(|error| refused(&error))?;
    match context.jail.kind(&path).map_err(|error| refused(&error))? {
        Some(EntryKind::File | EntryKind::Link) => Ok(path),
        Some(EntryKind::Folder) => Err(ToolError::TellModel(format!(
            "`{path}` is a folder; grep_search and search_codebase look into it"
        ))),
        Some(EntryKind::Other) => Err(ToolError::TellModel(format!(
            "`{path}` is neither a file nor a folder"
        ))),
        None => Err(missing(context, &path).await?),
    }
}

/// What is told of a file that is not there.
pub(super) async fn missing(
    context: &ToolContext,
    path: &WorkspacePath,
) -> Result<ToolError, ToolError> {
    let (jail, path) = (context.jail.clone(), path.clone());
    blocking(move || not_found(&jail, &path)).await
}

/// Where else a file of this name is.
fn not_found(jail: &Jail, path: &WorkspacePath) -> ToolError {
    let wanted = path.name().unwrap_or_default();
    let wanted = wanted.to_lowercase();
    let top = jail.path(".").map(|top| files_below(jail, &top));
    let mut near: Vec<String> = top
        .unwrap_or_default()
        .into_iter()
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.to_lowercase() == wanted
        })
        .map(|path| format!("`{}`", shown::name(&path)))
        .collect();
    near.truncate(SUGGESTED);
    let hint = if near.is_empty() {
        "grep_search and search_codebase find where something is".to_owned()
    } else {
        format!("there is {}", near.join(", "))
    };
    ToolError::TellModel(format!("`{path}` does not exist; {hint}"))
}

/// What the jail says, as the model is told it: also where it cannot mend it, such as on a full
/// disk, it can say in its answer what is left to do.
pub(super) fn refused(error: &JailError) -> ToolError {
    ToolError::TellModel(error.to_string())
}

/// What reading a file is judged by: its name, and where links lead.
pub(super) fn reading(jail: &Jail, path: &WorkspacePath) -> Vec<Effect> {
    let real = jail.resolve(path).ok().filter(|real| real != path);
    let effect = |path: &WorkspacePath| {
        let name = path.to_string();
        if is_secret(path) {
            Effect::ReadSecret { path: name }
        } else {
            Effect::ReadFile { path: name }
        }
    };
    [Some(path), real.as_ref()]
        .into_iter()
        .flatten()
        .map(effect)
        .collect()
}

/// Reads a file that was judged so; an error if links lead elsewhere by now.
pub(super) fn read_judged(
    jail: &Jail,
    path: &WorkspacePath,
    effects: &[Effect],
) -> Result<TextFile, ToolError> {
    let file = jail.read(path).map_err(|error| refused(&error))?;
    let is_judged = effects.iter().any(|effect| match effect {
        Effect::ReadFile { path } | Effect::ReadSecret { path } => path == file.path.as_str(),
        _ => false,
    });
    if is_judged {
        Ok(file)
    } else {
        Err(ToolError::TellModel(format!(
            "`{path}` has changed just now: it leads to `{}`; read that",
            file.path
        )))
    }
}

/// Whether searches pass over a path, as the walk saw it: it is named like secrets, or a rule
/// keeps it back. An odd one is taken for secret.
pub(super) fn is_kept(jail: &Jail, rules: &Rules, path: &str) -> bool {
    let is_secret = jail.path(path).map_or(true, |path| is_secret(&path));
    is_secret || rules.hides(path)
}
