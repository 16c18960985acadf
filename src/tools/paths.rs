//! What a call names by a path: a file or a folder of the workspace, or one outside that a rule of
//! the user opens for reading.

use std::collections::BTreeSet;

use super::spelling::{self, LineRange};
use super::{ToolContext, ToolError, blocking, files, render};
use crate::jail::{
    EntryKind, Jail, JailError, PathSimilarity, TextFile, WorkspacePath, is_secret_path,
};
use crate::permission::{Effect, Rules};

/// Most files that are suggested in place of a missing one.
const SUGGESTED: usize = 3;
/// How alike two names must be for one to be suggested in place of the other.
const CLOSE: f64 = 0.75;

/// What a model meant by a path.
pub(super) struct IntendedPath {
    pub path: WorkspacePath,
    /// The lines that it named with it.
    pub lines: Option<LineRange>,
    /// Whether it is there.
    pub exists: bool,
    /// How what is there agrees with what was named.
    pub similarity: PathSimilarity,
}

/// A path as the index has it: what models mean that is there, else as it is given.
pub(super) fn indexed_name(jail: &Jail, given: &str) -> String {
    match intended_path(jail, given) {
        Ok(meant) if meant.exists => meant.path.to_string(),
        _ => given.trim().to_owned(),
    }
}

/// Finds out what a path means, as models spell it: in quotes, with backslashes, as an address, with
/// a line behind it or the `a/` of a diff before it, in other capitals. What has the name as it is
/// given is that. What is nowhere is a new name.
pub(super) fn intended_path(jail: &Jail, given: &str) -> Result<IntendedPath, JailError> {
    let spellings = spelling::spellings(given);
    let paths = || {
        spellings.iter().filter_map(|spelling| {
            let path = jail.path(&spelling.path).ok()?;
            Some((path, spelling.lines))
        })
    };
    let is_there = |path: &WorkspacePath| matches!(jail.kind(path), Ok(Some(_)));
    if let Some((path, lines)) = paths().find(|(path, _)| is_there(path)) {
        return Ok(IntendedPath {
            path,
            lines,
            exists: true,
            similarity: PathSimilarity::Equal,
        });
    }
    let mut alike = paths().map(|(path, lines)| (jail.nearest(&path), lines));
    if let Some((nearest, lines)) = alike.find(|(nearest, _)| nearest.exists) {
        return Ok(IntendedPath {
            path: nearest.path,
            lines,
            exists: true,
            similarity: nearest.similarity,
        });
    }
    let plain = spelling::plain(given);
    if spelling::has_drive(&plain) {
        return Err(JailError::Outside(given.trim().to_owned()));
    }
    let path = jail.path(&plain)?;
    let nearest = jail.nearest(&path);
    Ok(IntendedPath {
        path: match nearest.similarity {
            PathSimilarity::SameLetters => nearest.path,
            PathSimilarity::Equal | PathSimilarity::Similar => path,
        },
        lines: None,
        exists: false,
        similarity: nearest.similarity,
    })
}

/// A folder or file of the workspace that is searched or listed; nothing, `.` and `/` mean its top.
pub(super) fn folder(jail: &Jail, given: Option<&str>) -> Result<WorkspacePath, ToolError> {
    let given = given.map_or(".", |given| if given == "/" { "." } else { given });
    let meant = intended_path(jail, given).map_err(|error| path_failure(jail, given, error))?;
    Ok(meant.path)
}

/// A file or a folder that is read, and the handle beneath which it is opened.
pub(super) struct LocatedPath {
    /// The workspace, or a folder outside.
    pub jail: Jail,
    pub path: WorkspacePath,
    /// The lines that were named with it.
    pub lines: Option<LineRange>,
    is_outside: bool,
}

impl LocatedPath {
    pub fn workspace(jail: &Jail) -> Result<LocatedPath, ToolError> {
        let top = jail.path(".").map_err(|error| files::refused(&error))?;
        Ok(LocatedPath {
            jail: jail.clone(),
            path: top,
            lines: None,
            is_outside: false,
        })
    }

    fn inside(jail: &Jail, meant: IntendedPath) -> LocatedPath {
        LocatedPath {
            jail: jail.clone(),
            path: meant.path,
            lines: meant.lines,
            is_outside: false,
        }
    }

    /// What a path below the handle is called: what is outside, by its full path.
    pub fn name_of(&self, path: &str) -> String {
        match self.is_outside {
            false => path.to_owned(),
            true if path == "." => self.jail.root().to_string_lossy().into_owned(),
            true => self.jail.root().join(path).to_string_lossy().into_owned(),
        }
    }

    pub fn name(&self) -> String {
        self.name_of(self.path.as_str())
    }

    /// What reading the file is judged by: its name, and where links lead.
    pub fn reading(&self) -> Vec<Effect> {
        if !self.is_outside {
            return files::reading(&self.jail, &self.path);
        }
        let names = files::names_of(&self.jail, &self.path);
        let names = names.iter().map(|path| self.name_of(path.as_str()));
        names.map(|path| Effect::ReadOutside { path }).collect()
    }

    /// What searching or listing it is judged by.
    pub fn searching(&self) -> Effect {
        match self.is_outside {
            true => Effect::ReadOutside { path: self.name() },
            false => Effect::Read,
        }
    }

    /// Whether searches pass over a path below the handle: it is named like secrets, or a rule keeps
    /// it back, or no rule opens it.
    pub fn is_kept(&self, rules: &Rules, path: &str) -> bool {
        if self.is_outside {
            let full = self.name_of(path);
            let effect = Effect::ReadOutside { path: full.clone() };
            return is_secret_path(path)
                || !rules.reads_outside(full.as_ref())
                || rules.asks(&effect);
        }
        files::is_kept(&self.jail, rules, path)
    }

    /// Reads a file that was judged so; an error if links lead elsewhere by now.
    pub fn read_judged(&self, effects: &[Effect]) -> Result<TextFile, ToolError> {
        let file = self
            .jail
            .read(&self.path)
            .map_err(|error| files::refused(&error))?;
        let real = self.name_of(file.path.as_str());
        let mut judged = effects.iter().filter_map(Effect::file);
        if judged.any(|path| path == real) {
            Ok(file)
        } else {
            Err(ToolError::TellModel(format!(
                "`{}` has just changed: it now leads to `{real}`; read that file instead",
                self.name()
            )))
        }
    }
}

/// What a call reads or searches; what it meant, if that is nowhere.
async fn located(
    context: &ToolContext,
    given: &str,
) -> Result<Result<LocatedPath, IntendedPath>, ToolError> {
    let (jail, rules) = (context.jail.clone(), context.rules.clone());
    let given = given.to_owned();
    blocking(move || {
        let found = intended_path(&jail, &given);
        if let Ok(found) = found
            && (found.exists || rules.opened_outside(&spelling::plain(&given)).is_none())
        {
            return Ok(match found.exists {
                true => Ok(LocatedPath::inside(&jail, found)),
                false => Err(found),
            });
        }
        let plain = spelling::plain(&given);
        let bare = spelling::without_lines(&plain);
        let spellings = [
            Some((plain.as_str(), None)),
            bare.map(|(path, lines)| (path, Some(lines))),
        ];
        for (path, lines) in spellings.into_iter().flatten() {
            // Nothing outside is looked at before a rule allows that.
            let Some(full) = rules.opened_outside(path) else {
                continue;
            };
            match jail.outside(&full) {
                Ok((jail, path)) => {
                    let is_outside = true;
                    return Ok(Ok(LocatedPath {
                        jail,
                        path,
                        lines,
                        is_outside,
                    }));
                }
                Err(JailError::NotFound(_)) => {}
                Err(error) => return Err(files::refused(&error)),
            }
        }
        match intended_path(&jail, &given) {
            Ok(found) => Ok(Err(found)),
            Err(_) if rules.opened_outside(&plain).is_some() => {
                Err(files::refused(&JailError::NotFound(plain)))
            }
            Err(error) => Err(path_failure(&jail, &given, error)),
        }
    })
    .await?
}

/// The file that a call reads; links are left to the handle.
pub(super) async fn existing_file(
    context: &ToolContext,
    given: &str,
) -> Result<LocatedPath, ToolError> {
    let found = match located(context, given).await? {
        Ok(found) => found,
        Err(meant) => return Err(missing(context, &meant.path).await?),
    };
    let kind = found.jail.kind(&found.path);
    let name = found.name();
    match kind.map_err(|error| files::refused(&error))? {
        Some(EntryKind::File | EntryKind::Link) => Ok(found),
        Some(EntryKind::Folder) => Err(ToolError::TellModel(format!(
            "`{name}` is a folder; grep_search and search_codebase can search it"
        ))),
        Some(EntryKind::Other) => Err(ToolError::TellModel(format!(
            "`{name}` is neither a file nor a folder"
        ))),
        None => Err(missing(context, &found.path).await?),
    }
}

/// The folder or file that a call lists or searches; nothing, `.` and `/` mean the workspace.
pub(super) async fn existing_folder(
    context: &ToolContext,
    given: Option<&str>,
) -> Result<LocatedPath, ToolError> {
    let given = given.map_or(".", |given| if given == "/" { "." } else { given });
    match located(context, given).await? {
        Ok(found) => Ok(found),
        Err(meant) => Err(missing(context, &meant.path).await?),
    }
}

/// The file of the workspace that a call changes; where it is not there, `hint` is said of that.
pub(super) async fn own_file(
    context: &ToolContext,
    given: &str,
    hint: &str,
) -> Result<WorkspacePath, ToolError> {
    let jail = &context.jail;
    let meant = intended_path(jail, given).map_err(|error| path_failure(jail, given, error))?;
    let IntendedPath { path, exists, .. } = meant;
    if !exists {
        let text = missing(context, &path).await?;
        return Err(ToolError::TellModel(format!("{text}{hint}")));
    }
    match jail.kind(&path).map_err(|error| files::refused(&error))? {
        Some(EntryKind::File | EntryKind::Link) => Ok(path),
        Some(EntryKind::Folder) => Err(files::refused(&JailError::Folder(path.to_string()))),
        Some(EntryKind::Other) => Err(files::refused(&JailError::NotRegular(path.to_string()))),
        None => Err(missing(context, &path).await?),
    }
}

/// The path at which a call may make a file, or what speaks against its name. `retry` is the call
/// with another path, for the model.
pub(super) fn new_path(
    jail: &Jail,
    given: &str,
    meant: IntendedPath,
    retry: &dyn Fn(&str) -> String,
) -> Result<WorkspacePath, ToolError> {
    let plain = spelling::plain(given);
    let refused = |why: String, path: &str| {
        let next = retry(path);
        let given = render::name(given.trim());
        ToolError::TellModel(format!(
            "no file was created: `{given}` {why}. Next call: {next}"
        ))
    };
    if let Some(why) = spelling::no_name(&plain) {
        let file = spelling::without_lines(&plain).map(|(file, _)| file);
        let file = file.or_else(|| plain.split_once("::").map(|(file, _)| file));
        let seen = spelling::without_hidden(&plain);
        let mut better = [file, Some(seen.as_str())].into_iter().flatten();
        let better = better.find(|path| spelling::no_name(path).is_none());
        return Err(refused(why.to_owned(), better.unwrap_or("src/name.rs")));
    }
    if meant.similarity == PathSimilarity::Similar {
        let nearest = jail.nearest(&meant.path).path;
        let near = render::name(nearest.as_str());
        let why = format!("differs from `{near}` only in case, spaces or look-alike characters");
        return Err(refused(why, nearest.as_str()));
    }
    if let Some(rest) = spelling::without_side(&plain) {
        let top = |path: &str| path.split('/').next().map(str::to_owned);
        let is_there = |name: Option<String>| {
            let path = name.and_then(|name| jail.path(&name).ok());
            path.is_some_and(|path| matches!(jail.kind(&path), Ok(Some(EntryKind::Folder))))
        };
        if !is_there(top(&plain)) && is_there(top(rest)) {
            let why = "begins like a path in a diff, and there is no such folder";
            return Err(refused(why.to_owned(), rest));
        }
    }
    Ok(meant.path)
}

/// What is told of a file that is not there.
pub(super) async fn missing(
    context: &ToolContext,
    path: &WorkspacePath,
) -> Result<ToolError, ToolError> {
    let (jail, path) = (context.jail.clone(), path.clone());
    blocking(move || not_found(&jail, &path)).await
}

/// Where else a file of this name is, or of a name like it.
fn not_found(jail: &Jail, path: &WorkspacePath) -> ToolError {
    let wanted_path = path.as_str();
    let wanted = path.name().unwrap_or_default().to_lowercase();
    let top = jail.path(".").map(|top| files::files_below(jail, &top));
    let likeness = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        match name.len().abs_diff(wanted.len()) * 4 > wanted.len() {
            true => 0.0,
            false => strsim::normalized_damerau_levenshtein(&wanted, &name),
        }
    };
    let all = top.unwrap_or_default();
    let mut near: Vec<(f64, String)> = all
        .iter()
        .map(|path| (likeness(path), path.clone()))
        .collect();
    near.retain(|(likeness, _)| *likeness >= CLOSE);
    // With a wrong prefix, the names that agree from the end say which it is.
    let agreeing = |path: &str| {
        let names = path.rsplit('/').zip(wanted_path.rsplit('/'));
        names.take_while(|(one, other)| one == other).count()
    };
    near.sort_by(|(one_likeness, one), (other_likeness, other)| {
        let order = other_likeness.total_cmp(one_likeness);
        order.then_with(|| agreeing(other).cmp(&agreeing(one)))
    });
    // Where there is the very name, others only distract.
    let best = near.first().map_or(0.0, |(likeness, _)| *likeness);
    near.retain(|(likeness, _)| best < 1.0 || *likeness == 1.0);
    if near.is_empty() {
        near.extend(folders_named(&all, &wanted).map(|folder| (1.0, folder)));
    }
    near.truncate(SUGGESTED);
    let near: Vec<String> = near
        .iter()
        .map(|(_, path)| format!("`{}`", render::name(path)))
        .collect();
    let hint = if near.is_empty() {
        "grep_search and search_codebase can find it".to_owned()
    } else {
        format!("similar paths: {}", near.join(", "))
    };
    let name = render::name(path.as_str());
    ToolError::TellModel(format!("`{name}` does not exist; {hint}"))
}

/// The folders of a name among those of some files.
fn folders_named<'a>(files: &'a [String], wanted: &'a str) -> impl Iterator<Item = String> + 'a {
    let folders = files.iter().flat_map(move |file| {
        let ends = file.match_indices('/').map(move |(end, _)| &file[..end]);
        ends.filter(move |folder| {
            let name = folder.rsplit('/').next().unwrap_or_default();
            name.to_lowercase() == wanted
        })
    });
    let folders: BTreeSet<&str> = folders.collect();
    folders.into_iter().map(str::to_owned)
}

/// What is told of a path that is none of the workspace: where in there the rest of it is, if it is.
pub(super) fn path_failure(jail: &Jail, given: &str, error: JailError) -> ToolError {
    let JailError::Outside(_) = error else {
        return files::refused(&error);
    };
    let plain = spelling::plain(given);
    let names: Vec<&str> = plain.split('/').filter(|name| !name.is_empty()).collect();
    let inside = (0..names.len()).find_map(|from| {
        let path = jail.path(&names[from..].join("/")).ok()?;
        let is_file = matches!(jail.kind(&path), Ok(Some(EntryKind::File)));
        is_file.then_some(path)
    });
    match inside {
        Some(path) => ToolError::TellModel(format!(
            "{error}. The workspace has `{}`: use that path",
            render::name(path.as_str())
        )),
        None => files::refused(&error),
    }
}

#[cfg(test)]
mod tests;
