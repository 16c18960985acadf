//! What the readers of manifests have found so far.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::classify::{self, Meaning, Task, kind_by_name, kind_of_task};
use super::commands::{Commands, Source, Told};
use super::facts::{CommandKind, Ecosystem, EntryPoint, Evidence, Found, Member};
use super::files::{Files, join, split};
use super::frameworks::Dependency;
use super::shell;
use super::tables::NODE_MANAGERS;
use crate::visible::{defang_chat_markers, visible_name};

/// Most members, entry points, tasks and the like of each kind.
const MOST: usize = 300;
/// How far tasks that run tasks are followed.
const DEEPEST: usize = 12;
/// Longest name, in characters.
const LONGEST_NAME: usize = 120;

/// Who runs a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Runner {
    Script,
    Make,
    Just,
    Task,
    Rake,
    Tox,
    Nox,
    Composer,
    Deno,
    Hatch,
}

/// A script, target or environment that the project defines.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskBody {
    /// What it runs, a script of shell.
    pub script: String,
    /// The manifest, its line, and what stands there.
    pub path: String,
    pub line: Option<u32>,
    pub what: String,
    /// Whether it is known for CI only, not listed by its name.
    pub is_hidden: bool,
}

type TaskKey = (Runner, String, String);

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
    tasks: BTreeMap<TaskKey, TaskBody>,
    kinds: RefCell<BTreeMap<TaskKey, Vec<CommandKind>>>,
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
            kinds: RefCell::default(),
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

    pub fn task(&mut self, runner: Runner, folder: &str, name: &str, body: TaskBody) {
        let is_plain = |sign: char| sign.is_alphanumeric() || "_-.:/@+".contains(sign);
        if self.tasks.len() < 10 * MOST && name.len() < 100 && name.chars().all(is_plain) {
            let key = (runner, folder.to_owned(), name.to_owned());
            self.tasks.entry(key).or_insert(body);
        }
    }

    /// Adds the tasks whose names say what they are for.
    pub fn add_tasks(&mut self) {
        let keys: Vec<TaskKey> = self.tasks.keys().cloned().collect();
        for key in keys {
            let body = self.tasks[&key].clone();
            let (runner, folder, name) = &key;
            if body.is_hidden || (kind_by_name(name).is_none() && name != "check") {
                continue;
            }
            let Some(kind) = kind_of_task(name, &self.kinds_of(&key)) else {
                continue;
            };
            let (line, ecosystem) = self.call(*runner, folder, name);
            self.commands.add(Told {
                kind,
                ecosystem,
                folder,
                line: &line,
                source: Source::Task,
                evidence: evidence_of(&body),
            });
        }
    }

    /// The command line that runs a task.
    fn call(&self, runner: Runner, folder: &str, name: &str) -> (String, Ecosystem) {
        let manager = self.node_manager(folder);
        let python = super::manifests::python_runner(self, folder);
        match runner {
            Runner::Script => {
                let short = matches!(name, "test" | "start") && manager != "bun";
                let run = if short { "" } else { "run " };
                (format!("{manager} {run}{name}"), node_ecosystem(manager))
            }
            Runner::Make => (format!("make {name}"), Ecosystem::Make),
            Runner::Just => (format!("just {name}"), Ecosystem::Just),
            Runner::Task => (format!("task {name}"), Ecosystem::Task),
            Runner::Rake => {
                let bundled = self.files.has(&join(folder, "Gemfile"));
                let bundle = if bundled { "bundle exec " } else { "" };
                (format!("{bundle}rake {name}"), Ecosystem::Bundler)
            }
            Runner::Tox => (format!("{python}tox -e {name}"), Ecosystem::Python),
            Runner::Nox => (format!("{python}nox -s {name}"), Ecosystem::Python),
            Runner::Hatch => (format!("hatch run {name}"), Ecosystem::Python),
            Runner::Composer => (format!("composer {name}"), Ecosystem::Composer),
            Runner::Deno => (format!("deno task {name}"), Ecosystem::Deno),
        }
    }

    /// Adds a command of CI, if it is one of the project. What a script or target of the project is
    /// for, is looked up; those that it runs in turn are witnessed, too.
    pub fn add_ci(&mut self, folder: &str, line: &str, source: Source, evidence: &Evidence) {
        let Some(line) = classify::acceptable(line) else {
            return;
        };
        let (kind, ecosystem) = match classify::meaning(&line) {
            Meaning::Unknown => return,
            Meaning::Known(purpose) => {
                let ecosystem = purpose
                    .ecosystem
                    .unwrap_or_else(|| self.ecosystem_of(folder));
                (purpose.kind, self.refined(ecosystem, folder))
            }
            Meaning::Task(task) => {
                let (Some(kind), ecosystem) = self.purpose_of(&task, folder) else {
                    return;
                };
                for name in self.run_by(&task, folder, kind) {
                    let (call, ecosystem) = self.call(name.0, &name.1, &name.2);
                    self.commands.add(Told {
                        kind,
                        ecosystem,
                        folder: &name.1,
                        line: &call,
                        source,
                        evidence: evidence.clone(),
                    });
                }
                (kind, ecosystem)
            }
        };
        self.commands.add(Told {
            kind,
            ecosystem,
            folder,
            line: &line,
            source,
            evidence: evidence.clone(),
        });
    }

    fn refined(&self, ecosystem: Ecosystem, folder: &str) -> Ecosystem {
        match ecosystem {
            Ecosystem::Npm => node_ecosystem(self.node_manager(folder)),
            other => other,
        }
    }

    fn purpose_of(&self, task: &Task, folder: &str) -> (Option<CommandKind>, Ecosystem) {
        let keys = self.keys_of(task, folder);
        let (_, ecosystem) = match keys.first() {
            Some((runner, folder, name)) => self.call(*runner, folder, name),
            None => return (None, Ecosystem::Make),
        };
        let kinds = keys.iter().filter_map(|key| {
            let mut name = key.2.clone();
            if let Some(default) = self.default_of(key) {
                name = default;
            }
            kind_of_task(&name, &self.kinds_of(key)).or_else(|| by_environment(key))
        });
        (kinds.min(), ecosystem)
    }

    /// The name of the default target.
    fn default_of(&self, key: &TaskKey) -> Option<String> {
        let body = self.tasks.get(key).filter(|_| key.2.is_empty())?;
        body.what.strip_prefix("default target ").map(str::to_owned)
    }

    /// The tasks that a call names: in the folder, else in another one.
    fn keys_of(&self, task: &Task, folder: &str) -> Vec<TaskKey> {
        let (runner, names): (Runner, &[String]) = match task {
            Task::Script(name) => (Runner::Script, std::slice::from_ref(name)),
            Task::Make(name) => (Runner::Make, std::slice::from_ref(name)),
            Task::Just(name) => (Runner::Just, std::slice::from_ref(name)),
            Task::Task(name) => (Runner::Task, std::slice::from_ref(name)),
            Task::Rake(name) => (Runner::Rake, std::slice::from_ref(name)),
            Task::Composer(name) => (Runner::Composer, std::slice::from_ref(name)),
            Task::Deno(name) => (Runner::Deno, std::slice::from_ref(name)),
            Task::Hatch(name) => (Runner::Hatch, std::slice::from_ref(name)),
            Task::Tox(names) => (Runner::Tox, names),
            Task::Nox(names) => (Runner::Nox, names),
        };
        let all = [String::new()];
        let names = if names.is_empty() { &all[..] } else { names };
        let key_of = |name: &String| {
            let here = (runner, folder.to_owned(), name.clone());
            if self.tasks.contains_key(&here) || matches!(runner, Runner::Tox | Runner::Nox) {
                return Some(here);
            }
            let elsewhere = self
                .tasks
                .keys()
                .find(|(other, _, known)| *other == runner && known == name);
            // A script of a member, which an option names.
            elsewhere.filter(|_| runner == Runner::Script).cloned()
        };
        names.iter().filter_map(key_of).collect()
    }

    /// The tasks that a task runs in turn for the same purpose.
    fn run_by(&self, task: &Task, folder: &str, kind: CommandKind) -> Vec<TaskKey> {
        let mut found = Vec::new();
        for key in self.keys_of(task, folder) {
            let Some(body) = self.tasks.get(&key).filter(|_| key.0 == Runner::Script) else {
                continue;
            };
            for command in shell::commands(self.files, &key.1, &body.script) {
                if let Some(line) = classify::acceptable(&command.line)
                    && let Meaning::Task(inner) = classify::meaning(&line)
                {
                    let inner = self.keys_of(&inner, &command.folder);
                    let same =
                        |key: &TaskKey| kind_of_task(&key.2, &self.kinds_of(key)) == Some(kind);
                    found.extend(
                        inner
                            .into_iter()
                            .filter(|key| key.0 == Runner::Script)
                            .filter(same),
                    );
                }
            }
        }
        found
    }

    fn kinds_of(&self, key: &TaskKey) -> Vec<CommandKind> {
        self.kinds_within(key, 0)
    }

    /// What the commands of a task are for. Each task is looked at once, so circles end.
    fn kinds_within(&self, key: &TaskKey, depth: usize) -> Vec<CommandKind> {
        if let Some(known) = self.kinds.borrow().get(key) {
            return known.clone();
        }
        let Some(body) = self.tasks.get(key) else {
            return Vec::new();
        };
        if depth > DEEPEST {
            return Vec::new();
        }
        self.kinds.borrow_mut().insert(key.clone(), Vec::new());
        let mut kinds = BTreeSet::new();
        for command in shell::commands(self.files, &key.1, &body.script) {
            let Some(line) = classify::acceptable(&command.line) else {
                continue;
            };
            match classify::meaning(&line) {
                Meaning::Known(purpose) => {
                    kinds.insert(purpose.kind);
                }
                Meaning::Task(task) => {
                    for inner in self.keys_of(&task, &command.folder) {
                        let runs = self.kinds_within(&inner, depth + 1);
                        kinds.extend(kind_of_task(&inner.2, &runs));
                    }
                }
                Meaning::Unknown => {}
            }
        }
        let kinds: Vec<CommandKind> = kinds.into_iter().collect();
        self.kinds.borrow_mut().insert(key.clone(), kinds.clone());
        kinds
    }
}

/// What an environment of tox or a session of nox is for, whose settings do not say: one that is
/// named for an interpreter has the tests.
fn by_environment(key: &TaskKey) -> Option<CommandKind> {
    let name = key.2.as_str();
    let is_python = name.is_empty() || name.starts_with("py") || name.starts_with("tests");
    let is_environment = matches!(key.0, Runner::Tox | Runner::Nox);
    (is_environment && is_python).then_some(CommandKind::Test)
}

fn evidence_of(body: &TaskBody) -> Evidence {
    Evidence {
        path: body.path.clone(),
        line: body.line,
        what: shown(&body.what),
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

/// The first line of a text that has some words.
pub(super) fn line_of(text: &str, words: &str) -> Option<u32> {
    let at = text.lines().position(|line| line.contains(words))?;
    u32::try_from(at + 1).ok()
}
