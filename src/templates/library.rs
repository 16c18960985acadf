//! Finds templates: those of the repository, of the user, and of this program.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::shipped::shipped;
use super::{
    MOST_BYTES, MOST_FILES, Manifest, Template, TemplateError, TemplateFile, is_template_name,
    manifest,
};
use crate::jail::{EntryKind, Jail, WorkspacePath};
use crate::skills::{self, SkillFolder, read_bounded};

/// Where the repository has its templates.
pub const REPOSITORY_FOLDER: &str = ".ollacode/templates";
const MANIFEST: &str = "template.toml";
const FILES: &str = "files";
/// Most templates of a place.
const MOST_TEMPLATES: usize = 200;
/// Where a skill has its templates.
const OF_SKILL: &str = "templates";
/// Deepest folder of a template.
const DEEPEST: usize = 8;

/// Whose a template is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateOrigin {
    /// In the workspace; whoever wrote the repository wrote it.
    Repository,
    /// In the user's folder of settings.
    User,
    /// Part of this program.
    Shipped,
}

impl TemplateOrigin {
    pub fn words(self) -> &'static str {
        match self {
            TemplateOrigin::Repository => "of this repository",
            TemplateOrigin::User => "yours",
            TemplateOrigin::Shipped => "an example",
        }
    }
}

/// A template in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedTemplate {
    pub name: String,
    pub origin: TemplateOrigin,
    /// Why it cannot be used, if so.
    pub error: Option<String>,
    pub manifest: Manifest,
}

/// All templates. One of the user counts before one of the same name in the repository, so that a
/// repository cannot put its own in place of one that the user knows; examples come last. Those of a skill
/// are named after it: `skill/template`.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The user's folder; may not exist.
    user: Option<PathBuf>,
    skills: skills::Library,
}

impl Library {
    /// With the user's folder of templates, and the skills, which may have some.
    pub fn new(user: Option<PathBuf>, skills: skills::Library) -> Library {
        Library { user, skills }
    }

    /// Where the user's templates are.
    pub fn user_folder(&self) -> Option<&Path> {
        self.user.as_deref()
    }

    /// Whether the user or the repository has a template. Looks at the disk.
    pub fn has_own(&self, jail: &Jail) -> bool {
        !self.user_names().is_empty()
            || !repository_names(jail, REPOSITORY_FOLDER).is_empty()
            || !self.of_skills(jail).is_empty()
    }

    /// Every template that can be named, by name. Looks at the disk.
    pub fn list(&self, jail: &Jail) -> Vec<ListedTemplate> {
        let mut names = self.user_names();
        let repository = repository_names(jail, REPOSITORY_FOLDER).into_iter();
        for name in repository.chain(shipped_names()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let of_skills = self.of_skills(jail);
        names.extend(of_skills.iter().map(|of_skill| of_skill.name.clone()));
        names.sort();
        let origin = |name: &str| {
            let of_skill = of_skills.iter().find(|of_skill| of_skill.name == name);
            of_skill.map_or_else(|| self.origin(jail, name), OfSkill::origin)
        };
        let listed = names.into_iter().map(|name| match self.find(jail, &name) {
            Ok(template) => ListedTemplate {
                name,
                origin: template.origin,
                error: None,
                manifest: template.manifest,
            },
            Err(error) => ListedTemplate {
                origin: origin(&name),
                name,
                error: Some(error.to_string()),
                manifest: Manifest::default(),
            },
        });
        listed.collect()
    }

    /// The template of a name. Looks at the disk.
    pub fn find(&self, jail: &Jail, name: &str) -> Result<Template, TemplateError> {
        if is_template_name(name) {
            match self.origin(jail, name) {
                TemplateOrigin::User => {
                    let folder = self.user.as_deref().unwrap_or(Path::new(""));
                    return read_user(name, &folder.join(name));
                }
                TemplateOrigin::Repository => {
                    return read_repository(jail, name, &format!("{REPOSITORY_FOLDER}/{name}"));
                }
                TemplateOrigin::Shipped => {
                    if let Some(template) = shipped(name) {
                        return template;
                    }
                }
            }
        }
        let of_skills = self.of_skills(jail);
        if let Some(found) = of_skills.iter().find(|of_skill| of_skill.name == name) {
            return match &found.folder {
                SkillFolder::User(folder) => read_user(name, folder),
                SkillFolder::Workspace(folder) => read_repository(jail, name, folder),
            };
        }
        let mut known = self.user_names();
        known.extend(repository_names(jail, REPOSITORY_FOLDER));
        known.extend(of_skills.into_iter().map(|of_skill| of_skill.name));
        known.extend(shipped_names());
        known.sort();
        known.dedup();
        Err(TemplateError::Unknown {
            name: name.to_owned(),
            known,
        })
    }

    /// Where a name leads.
    fn origin(&self, jail: &Jail, name: &str) -> TemplateOrigin {
        if self.user_names().iter().any(|known| known == name) {
            TemplateOrigin::User
        } else if repository_names(jail, REPOSITORY_FOLDER)
            .iter()
            .any(|known| known == name)
        {
            TemplateOrigin::Repository
        } else {
            TemplateOrigin::Shipped
        }
    }

    fn user_names(&self) -> Vec<String> {
        self.user.as_deref().map(names_in).unwrap_or_default()
    }

    /// The templates of skills: those in the folder `templates` of one.
    fn of_skills(&self, jail: &Jail) -> Vec<OfSkill> {
        let folders = self.skills.folders(jail).into_iter();
        let templates = folders.flat_map(|(skill, folder)| {
            let (names, folder) = match folder {
                SkillFolder::User(folder) => {
                    let folder = folder.join(OF_SKILL);
                    (names_in(&folder), SkillFolder::User(folder))
                }
                SkillFolder::Workspace(folder) => {
                    let folder = format!("{folder}/{OF_SKILL}");
                    let names = repository_names(jail, &folder);
                    (names, SkillFolder::Workspace(folder))
                }
            };
            names.into_iter().map(move |name| OfSkill {
                folder: match &folder {
                    SkillFolder::User(folder) => SkillFolder::User(folder.join(&name)),
                    SkillFolder::Workspace(folder) => {
                        SkillFolder::Workspace(format!("{folder}/{name}"))
                    }
                },
                name: format!("{skill}/{name}"),
            })
        });
        templates.take(MOST_TEMPLATES).collect()
    }
}

/// A template of a skill: its name, with that of the skill, and its folder.
struct OfSkill {
    name: String,
    folder: SkillFolder,
}

impl OfSkill {
    fn origin(&self) -> TemplateOrigin {
        match self.folder {
            SkillFolder::User(_) => TemplateOrigin::User,
            SkillFolder::Workspace(_) => TemplateOrigin::Repository,
        }
    }
}

/// The names of templates in a folder of the user.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let names = names.filter(|name| is_template_name(name));
    names.take(MOST_TEMPLATES).collect()
}

/// Reads a template of the user. Links are followed: it is the user's folder.
fn read_user(name: &str, folder: &Path) -> Result<Template, TemplateError> {
    let unreadable = |why: String| TemplateError::Unreadable {
        name: name.to_owned(),
        why,
    };
    let manifest = read_bounded(&folder.join(MANIFEST), manifest::LONGEST)
        .map_err(|why| unreadable(format!("{MANIFEST}: {why}")))?;
    let mut found = FoundFiles::new(name);
    let top = folder.join(FILES);
    let mut pending = vec![(top.clone(), 0)];
    while let Some((folder, depth)) = pending.pop() {
        let entries = fs::read_dir(&folder)
            .map_err(|error| unreadable(format!("{}: {error}", folder.display())))?;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(error.to_string()))?.path();
            let inside = path.strip_prefix(&top).ok().and_then(Path::to_str);
            let Some(inside) = inside.map(|inside| inside.replace('\\', "/")) else {
                return Err(unreadable("a name in it is not UTF-8".to_owned()));
            };
            if path.is_dir() {
                if depth == DEEPEST {
                    return Err(unreadable("its folders are nested too deeply".to_owned()));
                }
                pending.push((path, depth + 1));
            } else {
                let text = read_bounded(&path, MOST_BYTES)
                    .map_err(|why| unreadable(format!("{inside}: {why}")))?;
                found.add(inside, text)?;
            }
        }
    }
    found.template(TemplateOrigin::User, &manifest)
}

fn shipped_names() -> Vec<String> {
    super::shipped::NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .collect()
}

/// The names of templates in a folder of the repository; none if the folder leads elsewhere.
fn repository_names(jail: &Jail, folder: &str) -> Vec<String> {
    let Ok(folder) = jail.path(folder) else {
        return Vec::new();
    };
    let entries = jail.list(&folder).unwrap_or_default();
    let folders = entries
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Folder);
    let names = folders.map(|entry| entry.name);
    let names = names.filter(|name| is_template_name(name));
    names.take(MOST_TEMPLATES).collect()
}

fn read_repository(jail: &Jail, name: &str, top: &str) -> Result<Template, TemplateError> {
    let unreadable = |why: String| TemplateError::Unreadable {
        name: name.to_owned(),
        why,
    };
    let read = |path: &str| -> Result<String, TemplateError> {
        let path = jail
            .path(path)
            .map_err(|error| unreadable(error.to_string()))?;
        // No link is followed: it would make a template of other files of the workspace, which a rule
        // may hide from the model.
        let file = jail
            .read_bytes(&path)
            .map_err(|error| unreadable(error.to_string()))?;
        String::from_utf8(file.bytes.to_vec())
            .map_err(|_| unreadable(format!("`{path}` is no text in UTF-8")))
    };
    let manifest = read(&format!("{top}/{MANIFEST}"))?;
    let mut found = FoundFiles::new(name);
    let mut pending = vec![(String::new(), 0)];
    while let Some((inside, depth)) = pending.pop() {
        let folder: WorkspacePath = jail
            .path(&format!("{top}/{FILES}/{inside}"))
            .map_err(|error| unreadable(error.to_string()))?;
        let entries = jail
            .list(&folder)
            .map_err(|error| unreadable(error.to_string()))?;
        for entry in entries {
            let path = match inside.as_str() {
                "" => entry.name.clone(),
                inside => format!("{inside}/{}", entry.name),
            };
            match entry.kind {
                EntryKind::Folder if depth == DEEPEST => {
                    return Err(unreadable("its folders are nested too deeply".to_owned()));
                }
                EntryKind::Folder => pending.push((path, depth + 1)),
                EntryKind::File => {
                    let text = read(&format!("{top}/{FILES}/{path}"))?;
                    found.add(path, text)?;
                }
                _ => return Err(unreadable(format!("`{path}` is neither file nor folder"))),
            }
        }
    }
    found.template(TemplateOrigin::Repository, &manifest)
}

/// Files of a template while they are found.
struct FoundFiles<'a> {
    name: &'a str,
    files: Vec<TemplateFile>,
    bytes: usize,
}

impl<'a> FoundFiles<'a> {
    fn new(name: &'a str) -> FoundFiles<'a> {
        FoundFiles {
            name,
            files: Vec::new(),
            bytes: 0,
        }
    }

    fn add(&mut self, path: String, text: String) -> Result<(), TemplateError> {
        self.bytes += text.len();
        if self.files.len() == MOST_FILES || self.bytes > MOST_BYTES {
            return Err(TemplateError::Unreadable {
                name: self.name.to_owned(),
                why: format!(
                    "it has more than {MOST_FILES} files or {} KiB",
                    MOST_BYTES >> 10
                ),
            });
        }
        self.files.push(TemplateFile { path, text });
        Ok(())
    }

    fn template(
        mut self,
        origin: TemplateOrigin,
        manifest: &str,
    ) -> Result<Template, TemplateError> {
        let manifest = Manifest::parse(self.name, manifest)?;
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        if self.files.is_empty() {
            return Err(TemplateError::Unreadable {
                name: self.name.to_owned(),
                why: format!("there are no files in its folder `{FILES}`"),
            });
        }
        Ok(Template {
            name: self.name.to_owned(),
            origin,
            manifest,
            files: self.files,
        })
    }
}
