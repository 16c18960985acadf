//! Finds skills and reads them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::front_matter::{self, Manifest, ParsedFile};
use super::places::{Found, FoundSkills, Place, UserFolders};
use super::{SKILL_FILE, SkillError, SkillOrigin, is_skill_name, reading};
use crate::jail::Jail;
use crate::permission::Rules;

/// Most skills that a model is told of.
const MOST_TOLD: usize = 10;
/// Most names in an error.
const MOST_NAMED: usize = 30;

/// All skills. One of the user counts before one of the same name in the repository, so that a repository
/// cannot put its own in place of one that the user knows; those of this program come last.
#[derive(Clone, Debug, Default)]
pub struct Library {
    user: UserFolders,
    /// The top of the repository, where that is above the workspace.
    above: Option<PathBuf>,
    /// What they hide is not read.
    rules: Arc<Rules>,
}

/// A skill in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedSkill {
    pub name: String,
    pub origin: SkillOrigin,
    /// Its file; empty if it is part of this program.
    pub place: String,
    /// Why it cannot be used, if so.
    pub error: Option<String>,
    /// Whose skill of the same name counts before it.
    pub hidden_by: Option<SkillOrigin>,
    pub manifest: Manifest,
}

/// All skills, by name, and what else is to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SkillList {
    pub skills: Vec<ListedSkill>,
    pub notes: Vec<String>,
}

/// A skill that can be used.
#[derive(Clone, Debug, Serialize)]
pub struct Skill {
    pub name: String,
    pub origin: SkillOrigin,
    /// Its file; empty if it is part of this program.
    pub place: String,
    pub manifest: Manifest,
    /// Its instructions, in Markdown.
    pub body: String,
    pub files: Vec<SkillFile>,
    #[serde(skip)]
    from: Place,
}

/// A further file of a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillFile {
    /// From the folder of the skill, with `/`.
    pub path: String,
    pub bytes: u64,
}

/// A skill as a model is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldSkill {
    pub name: String,
    pub description: String,
    pub origin: SkillOrigin,
}

/// The folder of a skill that has templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkillFolder {
    /// Of the user: on the disk.
    User(PathBuf),
    /// Of the repository: from the root of the workspace.
    Workspace(String),
}

impl Library {
    /// With the user's folders, and the top of the repository if that is above the workspace.
    pub fn new(user: UserFolders, above: Option<PathBuf>, rules: Arc<Rules>) -> Library {
        Library { user, above, rules }
    }

    /// Where new skills of the user go.
    pub fn user_folder(&self) -> Option<&Path> {
        self.user.skills.first().map(PathBuf::as_path)
    }

    /// Every skill, by name; those that count before others of their name first. Looks at the disk.
    pub fn list(&self, jail: &Jail) -> SkillList {
        let FoundSkills { mut skills, notes } = self.found(jail);
        // It is stable: the order of the places stays.
        skills.sort_by(|one, other| one.name.cmp(&other.name));
        let mut listed: Vec<ListedSkill> = Vec::new();
        for found in skills {
            let before = listed.last().filter(|last| last.name == found.name);
            let hidden_by = before.map(|last| last.hidden_by.unwrap_or(last.origin));
            let (manifest, error) = match self.parse(&found) {
                Ok(parsed) => (parsed.manifest, None),
                Err(error) => (Manifest::default(), Some(error)),
            };
            listed.push(ListedSkill {
                origin: found.place.origin(),
                place: found.place.shown(),
                name: found.name,
                error,
                hidden_by,
                manifest,
            });
        }
        SkillList {
            skills: listed,
            notes,
        }
    }

    /// The skill of a name. Looks at the disk.
    pub fn find(&self, jail: &Jail, name: &str) -> Result<Skill, SkillError> {
        let all = self.found(jail).skills;
        let is_meant = |found: &&Found| found.name == name && is_skill_name(name);
        let Some(found) = all.iter().find(is_meant) else {
            let names = all.iter().map(|found| found.name.clone());
            return Err(SkillError::Unknown {
                name: name.to_owned(),
                known: known(names.filter(|name| is_skill_name(name)).collect()),
            });
        };
        let parsed = self.parse(found).map_err(|why| SkillError::Unusable {
            name: name.to_owned(),
            why,
        })?;
        Ok(Skill {
            name: name.to_owned(),
            origin: found.place.origin(),
            place: found.place.shown(),
            manifest: parsed.manifest,
            body: parsed.body,
            files: reading::files(&found.place, |path| self.hides(&found.place, path)),
            from: found.place.clone(),
        })
    }

    /// The text of a further file of a skill. Looks at the disk.
    pub fn file(&self, skill: &Skill, file: &str) -> Result<String, SkillError> {
        let file = file.trim().trim_start_matches("./");
        if !skill.files.iter().any(|known| known.path == file) {
            let names = skill.files.iter().map(|known| known.path.clone());
            return Err(SkillError::NoFile {
                name: skill.name.clone(),
                file: file.to_owned(),
                known: known(names.collect()),
            });
        }
        let text = reading::file_text(&skill.from, file);
        text.map_err(|why| SkillError::Unusable {
            name: skill.name.clone(),
            why: format!("`{file}`: {why}"),
        })
    }

    /// The skills that a model is told of, those of the user first: at most ten, and none of this program.
    /// Looks at the disk.
    pub fn told(&self, jail: &Jail) -> Vec<ToldSkill> {
        let skills = self.list(jail).skills.into_iter();
        let is_told = |skill: &ListedSkill| {
            skill.origin != SkillOrigin::Shipped
                && skill.error.is_none()
                && skill.hidden_by.is_none()
                && !skill.manifest.is_for_user_only
        };
        let mut told: Vec<ToldSkill> = skills
            .filter(is_told)
            .map(|skill| ToldSkill {
                name: skill.name,
                description: skill.manifest.description,
                origin: skill.origin,
            })
            .collect();
        told.sort_by_key(|skill| skill.origin);
        told.truncate(MOST_TOLD);
        told
    }

    /// The folders of the skills that can be used, of the user and of the workspace, with their names.
    /// Looks at the disk.
    pub fn folders(&self, jail: &Jail) -> Vec<(String, SkillFolder)> {
        let mut folders: Vec<(String, SkillFolder)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for found in self.found(jail).skills {
            if names.contains(&found.name) {
                continue;
            }
            names.push(found.name.clone());
            let folder = match &found.place {
                Place::UserFolder(folder) => SkillFolder::User(folder.clone()),
                Place::Repository(place) if place.is_inside => {
                    SkillFolder::Workspace(place.folder.clone())
                }
                _ => continue,
            };
            if self.parse(&found).is_ok() {
                folders.push((found.name, folder));
            }
        }
        folders
    }

    fn found(&self, jail: &Jail) -> FoundSkills {
        FoundSkills::everywhere(&self.user, self.above.as_deref(), jail)
    }

    fn parse(&self, found: &Found) -> Result<ParsedFile, String> {
        if let Some(problem) = &found.problem {
            return Err(problem.clone());
        }
        if self.hides(&found.place, SKILL_FILE) {
            return Err("a rule hides its file from models".to_owned());
        }
        let text = reading::skill_text(&found.place)?;
        match &found.place {
            Place::UserFile(_) => front_matter::parse_command(&found.name, &text),
            _ => front_matter::parse_skill(&found.name, &text),
        }
    }

    /// Whether a rule hides a file of a skill of the repository, which is `path` from its folder. What is
    /// above the workspace is judged as if it were in it: `.agents/**` is meant for both.
    fn hides(&self, place: &Place, path: &str) -> bool {
        let Place::Repository(place) = place else {
            return false;
        };
        let folder = place.shown.trim_start_matches("../");
        self.rules.hides(&format!("{folder}/{path}"))
    }
}

impl Skill {
    /// Its folder from the root of the workspace, if it is in there: models read its files themselves.
    pub(super) fn workspace_folder(&self) -> Option<&str> {
        match &self.from {
            Place::Repository(place) if place.is_inside => Some(&place.folder),
            _ => None,
        }
    }
}

/// Names in an error: the first ones.
fn known(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}
