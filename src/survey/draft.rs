//! What the readers of manifests have found so far.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Commands, Source, Told};
use super::facts::{CommandKind, Ecosystem, EntryPoint, Evidence, Found, Member};
use super::files::{Files, join, split};
use super::frameworks::Dependency;
use super::tables::NODE_MANAGERS;
use super::tasks::{TaskBody, TaskKey, TaskWork};
use crate::visible::{defang_chat_markers, visible_name};

/// Most members, entry points, tasks and the like of each kind.
pub(super) const MOST: usize = 300;
/// Most commands of tasks that are looked at: a hostile project has millions.
const MOST_COMMANDS: usize = 20_000;
/// Longest name, in characters.
const LONGEST_NAME: usize = 120;

pub(super) struct Draft<'a, 'f> {
    pub files: &'a Files<'f>,
    pub manifests: BTreeMap<String, Ecosystem>,
    pub members: BTreeSet<Member>,
    pub entry_points: BTreeSet<EntryPoint>,
    pub dependencies: BTreeSet<Dependency>,
    /// Names of the project's own packages.
    pub own: BTreeSet<String>,
    pub toolchains: BTreeSet<Found>,
    /// Licences that manifests name.
    pub licences: BTreeSet<Found>,
    pub commands: Commands,
    /// Manifests of members that are still to be read.
    pub pending: Vec<String>,
    /// Package managers that CI uses.
    pub used_by_ci: BTreeSet<String>,
    /// Package managers that `packageManager` names, by folder.
    pub named_managers: BTreeMap<String, String>,
    pub(super) tasks: BTreeMap<TaskKey, TaskBody>,
    /// What the commands of each task do, once that was asked.
    pub(super) work: RefCell<BTreeMap<TaskKey, TaskWork>>,
    /// How many commands of tasks are still looked at.
    pub(super) commands_left: Cell<usize>,
}

/// A manifest that is read.
#[derive(Clone, Copy)]
pub(super) struct ManifestFile<'a> {
    pub path: &'a str,
    pub folder: &'a str,
    pub text: &'a str,
}

impl<'a, 'f> Draft<'a, 'f> {
    pub fn new(files: &'a Files<'f>) -> Draft<'a, 'f> {
        Draft {
            files,
            manifests: BTreeMap::new(),
            members: BTreeSet::new(),
            entry_points: BTreeSet::new(),
            dependencies: BTreeSet::new(),
            own: BTreeSet::new(),
            toolchains: BTreeSet::new(),
            licences: BTreeSet::new(),
            commands: Commands::default(),
            pending: Vec::new(),
            used_by_ci: BTreeSet::new(),
            named_managers: BTreeMap::new(),
            tasks: BTreeMap::new(),
            work: RefCell::default(),
            commands_left: Cell::new(MOST_COMMANDS),
        }
    }

    /// Adds a member of a workspace, whose manifest will be read.
    pub fn member(&mut self, folder: &str, name: &str, manifest: &str) {
        if self.members.len() < MOST && self.files.has_folder(folder) && !folder.is_empty() {
            let name = if name.is_empty() {
                split(folder).1
            } else {
                name
            };
            self.members.insert(Member {
                path: shown(folder),
                name: shown(name),
            });
            self.pending.push(join(folder, manifest));
        }
    }

    pub fn entry_point(&mut self, path: &str, what: &str) {
        if self.entry_points.len() < MOST {
            self.entry_points.insert(EntryPoint {
                path: shown(path),
                what: shown(what),
            });
        }
    }

    pub fn depends(&mut self, ecosystem: Ecosystem, name: &str, path: &str) {
        if self.dependencies.len() < 20 * MOST {
            self.dependencies.insert(Dependency {
                ecosystem,
                name: name.to_owned(),
                path: path.to_owned(),
            });
        }
    }

    pub fn toolchain(&mut self, name: &str, version: &str, path: &str) {
        let version = version.trim();
        if self.toolchains.len() < MOST && !version.is_empty() {
            self.toolchains.insert(Found {
                name: shown(&format!("{name} {version}")),
                path: path.to_owned(),
            });
        }
    }

    pub fn licence(&mut self, name: &str, path: &str) {
        if !name.trim().is_empty() && name.len() < 60 {
            self.licences.insert(Found {
                name: shown(name.trim()),
                path: path.to_owned(),
            });
        }
    }

    /// Adds a command that is usual for projects with a manifest.
    pub fn usual(
        &mut self,
        file: ManifestFile<'_>,
        kind: CommandKind,
        ecosystem: Ecosystem,
        line: &str,
    ) {
        self.tell(
            file,
            kind,
            ecosystem,
            line,
            Source::Convention,
            split(file.path).1,
        );
    }

    /// Adds a command for which there are settings, a dependency or the like.
    pub fn set_up(
        &mut self,
        file: ManifestFile<'_>,
        kind: CommandKind,
        ecosystem: Ecosystem,
        line: &str,
        what: &str,
    ) {
        self.tell(file, kind, ecosystem, line, Source::Settings, what);
    }

    fn tell(
        &mut self,
        file: ManifestFile<'_>,
        kind: CommandKind,
        ecosystem: Ecosystem,
        line: &str,
        source: Source,
        what: &str,
    ) {
        self.commands.add(Told {
            kind,
            ecosystem,
            folder: file.folder,
            line,
            source,
            evidence: Evidence {
                path: file.path.to_owned(),
                line: line_of(file.text, what),
                what: shown(what),
            },
        });
    }

    /// Whether no folder above has a manifest of the same ecosystem, or the folder is a member.
    pub fn is_top(&self, ecosystem: Ecosystem, folder: &str) -> bool {
        let is_above = |path: &str| {
            let above = split(path).0;
            above != folder && (above.is_empty() || folder.starts_with(&format!("{above}/")))
        };
        let mut others = self.manifests.iter();
        let has_above = others.any(|(path, other)| *other == ecosystem && is_above(path));
        !has_above || self.members.iter().any(|member| member.path == folder)
    }

    /// The ecosystem of a folder: that of a manifest in it, or of the root.
    pub fn ecosystem_of(&self, folder: &str) -> Ecosystem {
        let in_folder = |folder: &str| {
            let mut all = self.manifests.iter();
            let found = all.find(|(path, ecosystem)| {
                split(path).0 == folder && **ecosystem != Ecosystem::Make
            });
            found.map(|(_, ecosystem)| *ecosystem)
        };
        in_folder(folder)
            .or_else(|| in_folder(""))
            .unwrap_or(Ecosystem::Make)
    }

    /// The package manager of JavaScript for a folder: by the lock files in it or above it, of
    /// several the one that CI uses; else the one that is named, else the one of CI, else npm.
    pub fn node_manager(&self, folder: &str) -> &'static str {
        let mut here = Some(folder);
        while let Some(at) = here {
            let locks: Vec<&'static str> = super::tables::LOCKS
                .iter()
                .filter(|(lock, manager)| {
                    NODE_MANAGERS.contains(manager) && self.files.has(&join(at, lock))
                })
                .map(|(_, manager)| *manager)
                .collect();
            let used = locks
                .iter()
                .find(|manager| self.used_by_ci.contains(**manager));
            let named = self.named_managers.get(at);
            let named = NODE_MANAGERS
                .iter()
                .find(|known| named.is_some_and(|named| named == *known));
            let found = match locks.as_slice() {
                [] => named,
                [one] => Some(one),
                [first, ..] => named.or(used).or(Some(first)),
            };
            if let Some(manager) = found.copied() {
                return manager;
            }
            here = (!at.is_empty()).then(|| split(at).0);
        }
        let used = NODE_MANAGERS
            .iter()
            .find(|manager| self.used_by_ci.contains(**manager));
        used.copied().unwrap_or("npm")
    }
}

pub(super) fn node_ecosystem(manager: &str) -> Ecosystem {
    match manager {
        "pnpm" => Ecosystem::Pnpm,
        "yarn" => Ecosystem::Yarn,
        "bun" => Ecosystem::Bun,
        _ => Ecosystem::Npm,
    }
}

/// A name of the repository as it may be shown: one line, not long, nothing hidden.
pub(super) fn shown(name: &str) -> String {
    let short: String = name.chars().take(LONGEST_NAME).collect();
    defang_chat_markers(&visible_name(&short)).replace('`', "'")
}

/// Whether a shell takes a name of the repository as one word that is nothing but a name.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_plain = |sign: char| sign.is_alphanumeric() || "_-.:/@+".contains(sign);
    !name.starts_with('-') && name.chars().all(is_plain)
}

/// The first line of a text that has some words.
pub(super) fn line_of(text: &str, words: &str) -> Option<u32> {
    let at = text.lines().position(|line| line.contains(words))?;
    u32::try_from(at + 1).ok()
}
