//! Which files there are: the workspace as the ignore files leave it, by the rules of the index.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::{WalkBuilder, WalkState};
use ollacode_indexer::walk::{Limits, builder, is_shown, relative};

use super::{ToolContext, ToolError, blocking, shown, spelling};
use crate::jail::{EntryKind, Jail, JailError, TextFile, WorkspacePath, is_secret};
use crate::permission::{Effect, Rules};

/// Most files of the same name that are suggested in place of a missing one.
const SUGGESTED: usize = 3;

/// The files below a folder, or the file itself, in the order of their paths.
///
/// Paths are as the walk saw them: what is opened goes through the jail.
pub(super) fn files_below(jail: &Jail, folder: &WorkspacePath) -> Vec<String> {
    let root = jail.root();
    let (sender, receiver) = mpsc::channel();
    walker(jail, folder).build_parallel().run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let file = entry.ok().filter(|entry| {
                let kind = entry.file_type();
                kind.is_some_and(|kind| kind.is_file())
            });
            // Nobody receives any more only when the search is over.
            if let Some(path) = file.and_then(|file| relative(root, file.path())) {
                let _ = sender.send(path);
            }
            WalkState::Continue
        })
    });
    drop(sender);
    let mut paths: Vec<String> = receiver.into_iter().collect();
    paths.sort_unstable();
    paths
}

/// The names in a folder that the ignore files leave; `None` if they leave out the folder itself.
pub(super) fn names_in(jail: &Jail, folder: &WorkspacePath) -> Option<BTreeSet<String>> {
    let target = full(jail, folder);
    let depth = target.components().count() - jail.root().components().count();
    let mut found = false;
    let mut names = BTreeSet::new();
    let walk = walker(jail, folder).max_depth(Some(depth + 1)).build();
    for entry in walk.flatten() {
        found |= entry.path() == target;
        if entry.path().parent() == Some(target.as_path())
            && entry.depth() == depth + 1
            && let Some(name) = entry.file_name().to_str()
        {
            names.insert(name.to_owned());
        }
    }
    found.then_some(names)
}

fn full(jail: &Jail, path: &WorkspacePath) -> PathBuf {
    if path.is_root() {
        jail.root().to_owned()
    } else {
        jail.root().join(path.as_str())
    }
}

/// Walks to a folder, and then whatever is below it: ignore rules come from every folder above.
fn walker(jail: &Jail, folder: &WorkspacePath) -> WalkBuilder {
    let mut walker = builder(jail.root(), &Limits::default());
    let target = full(jail, folder);
    walker.filter_entry(move |entry| {
        let path: &Path = entry.path();
        is_shown(entry) && (path.starts_with(&target) || target.starts_with(path))
    });
    walker
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
            "`{path}` is a folder; list_directory shows what is in it"
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
        "search_files finds files by name".to_owned()
    } else {
        format!("there is {}", near.join(", "))
    };
    ToolError::TellModel(format!("`{path}` does not exist; {hint}"))
}

/// What the jail says, as the model is told it; a full disk is nothing that it could mend.
pub(super) fn refused(error: &JailError) -> ToolError {
    let is_fatal = matches!(error, JailError::Io { cause, .. } if matches!(
        cause.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
    ));
    if is_fatal {
        ToolError::Fatal(error.to_string())
    } else {
        ToolError::TellModel(error.to_string())
    }
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
