//! Where skills are looked for: in the folders of the user, in those of the repository from the workspace
//! upward, and in this program. Only names are read here.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::shipped::SHIPPED;
use super::{NAME_RULE, SKILL_FILE, SkillOrigin, is_skill_name};
use crate::jail::{EntryKind, Jail};

/// Where a repository has its skills.
pub const REPOSITORY_FOLDER: &str = ".agents/skills";
/// Most skills of a folder,
const MOST_SKILLS: usize = 200;
/// and most of its entries that are looked at.
const MOST_LOOKED_AT: usize = 1_000;

const A_LINK: &str = "it is a link, which is not followed in a repository";

/// The folders of the user; they may not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFolders {
    /// Of skills; the first counts before the others, and has the new ones.
    pub skills: Vec<PathBuf>,
    /// Of skills that are one file each: `NAME.md`.
    pub commands: Option<PathBuf>,
}

/// Where a skill is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The folder of a skill of the user.
    UserFolder(PathBuf),
    /// The file that is a skill of the user.
    UserFile(PathBuf),
    Repository(RepositoryPlace),
    /// The text of one of this program.
    Shipped(&'static str),
}

/// The folder of a skill of the repository.
#[derive(Clone, Debug)]
pub(super) struct RepositoryPlace {
    /// Beneath this handle
    pub jail: Jail,
    /// at this path.
    pub folder: String,
    /// Whether the handle is that of the workspace.
    pub is_inside: bool,
    /// Its path from the workspace.
    pub shown: String,
}

/// A skill that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub name: String,
    pub place: Place,
    /// Why it is not read.
    pub problem: Option<String>,
}

/// All skills, those that count before others first.
#[derive(Debug, Default)]
pub(super) struct FoundSkills {
    pub skills: Vec<Found>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

impl Place {
    pub(super) fn origin(&self) -> SkillOrigin {
        match self {
            Place::UserFolder(_) | Place::UserFile(_) => SkillOrigin::User,
            Place::Repository(_) => SkillOrigin::Repository,
            Place::Shipped(_) => SkillOrigin::Shipped,
        }
    }

    /// Its file, for people; empty if it is part of this program.
    pub(super) fn shown(&self) -> String {
        match self {
            Place::UserFolder(folder) => folder.join(SKILL_FILE).display().to_string(),
            Place::UserFile(file) => file.display().to_string(),
            Place::Repository(place) => format!("{}/{SKILL_FILE}", place.shown),
            Place::Shipped(_) => String::new(),
        }
    }
}

impl FoundSkills {
    /// Looks everywhere. `above`: the top of the repository, where that is above the workspace. Looks at
    /// the disk.
    pub(super) fn everywhere(
        user: &UserFolders,
        above: Option<&Path>,
        workspace: &Jail,
    ) -> FoundSkills {
        let mut found = FoundSkills::default();
        for folder in &user.skills {
            found.in_user_folder(folder);
        }
        if let Some(folder) = &user.commands {
            found.in_commands(folder);
        }
        // Where the workspace is the home folder, that of the user is not the repository's, too.
        let own = workspace.root().join(REPOSITORY_FOLDER).canonicalize().ok();
        let is_own = |folder: &PathBuf| own.is_some() && folder.canonicalize().ok() == own;
        if !user.skills.iter().any(is_own) {
            found.in_repository(workspace, "", 0);
        }
        if let Some(outer) = above.and_then(|top| Jail::open(top).ok()) {
            found.above(workspace, &outer);
        }
        let shipped = SHIPPED.iter().map(|(name, text)| Found {
            name: (*name).to_owned(),
            place: Place::Shipped(text),
            problem: None,
        });
        found.skills.extend(shipped);
        found
    }

    /// Looks in the folders between a workspace and the top of its repository, the nearest first.
    fn above(&mut self, workspace: &Jail, outer: &Jail) {
        for (at, folder) in workspace.root().ancestors().enumerate().skip(1) {
            let Ok(inside) = folder.strip_prefix(outer.root()) else {
                return;
            };
            let Some(inside) = inside.to_str() else {
                continue;
            };
            self.in_repository(outer, inside, at);
        }
    }

    /// Links are followed: it is the user's folder.
    fn in_user_folder(&mut self, folder: &Path) {
        let names = self.names_in(folder).into_iter();
        let is_there = |name: &String| {
            let file = folder.join(name).join(SKILL_FILE);
            fs::symlink_metadata(file).is_ok()
        };
        let found = names.filter(is_there).map(|name| Found {
            place: Place::UserFolder(folder.join(&name)),
            problem: wrong_name(&name),
            name,
        });
        self.add(&folder.display().to_string(), found.collect());
    }

    fn in_commands(&mut self, folder: &Path) {
        let names = self.names_in(folder).into_iter();
        let found = names.filter_map(|file| {
            let name = file.strip_suffix(".md")?.to_owned();
            Some(Found {
                place: Place::UserFile(folder.join(&file)),
                problem: wrong_name(&name),
                name,
            })
        });
        self.add(&folder.display().to_string(), found.collect());
    }

    /// The names in a folder of the user, sorted.
    fn names_in(&mut self, folder: &Path) -> Vec<String> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                let folder = folder.display();
                self.notes.push(format!("{folder} cannot be read: {error}"));
                return Vec::new();
            }
        };
        let names = entries.flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names.truncate(MOST_LOOKED_AT);
        names
    }

    /// Looks in a folder of the repository, which is so many folders above the workspace. Follows no
    /// link: it would make a skill of files that a rule may hide.
    fn in_repository(&mut self, jail: &Jail, inside: &str, above: usize) {
        let from_handle = |path: &str| match inside {
            "" => path.to_owned(),
            inside => format!("{inside}/{path}"),
        };
        let shown = |path: &str| format!("{}{path}", "../".repeat(above));
        let kind = |path: &str| {
            let kind = jail.path(path).and_then(|path| jail.kind(&path));
            kind.ok().flatten()
        };
        for part in [".agents", REPOSITORY_FOLDER] {
            match kind(&from_handle(part)) {
                Some(EntryKind::Folder) => {}
                Some(EntryKind::Link) => {
                    let note = format!("`{}` is a link, which is not followed", shown(part));
                    return self.notes.push(note);
                }
                _ => return,
            }
        }
        let top = from_handle(REPOSITORY_FOLDER);
        let entries = match jail.path(&top).and_then(|path| jail.list(&path)) {
            Ok(entries) => entries,
            Err(error) => return self.notes.push(error.to_string()),
        };
        let found = entries
            .into_iter()
            .take(MOST_LOOKED_AT)
            .filter_map(|entry| {
                let folder = format!("{top}/{}", entry.name);
                let problem = match entry.kind {
                    EntryKind::Folder => {
                        kind(&format!("{folder}/{SKILL_FILE}"))?;
                        wrong_name(&entry.name)
                    }
                    EntryKind::Link if is_skill_name(&entry.name) => Some(A_LINK.to_owned()),
                    _ => return None,
                };
                let place = RepositoryPlace {
                    jail: jail.clone(),
                    folder,
                    is_inside: above == 0,
                    shown: shown(&format!("{REPOSITORY_FOLDER}/{}", entry.name)),
                };
                Some(Found {
                    name: entry.name,
                    place: Place::Repository(place),
                    problem,
                })
            });
        self.add(&format!("`{}`", shown(REPOSITORY_FOLDER)), found.collect());
    }

    fn add(&mut self, folder: &str, mut found: Vec<Found>) {
        let more = found.len().saturating_sub(MOST_SKILLS);
        if more > 0 {
            let note = format!(
                "only the first {MOST_SKILLS} skills in {folder} are used; at least {more} more are there"
            );
            self.notes.push(note);
        }
        found.truncate(MOST_SKILLS);
        self.skills.append(&mut found);
    }
}

fn wrong_name(name: &str) -> Option<String> {
    let problem = || format!("`{name}` cannot name a skill: {NAME_RULE}");
    (!is_skill_name(name)).then(problem)
}
