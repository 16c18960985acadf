//! Scripts, targets and environments that a project defines, and what they are for.

use std::collections::BTreeSet;

use super::classify::{self, Meaning, Task, kind_by_name, kind_of_task};
use super::commands::{Source, Told};
use super::draft::{Draft, MOST, is_plain, node_ecosystem, shown};
use super::facts::{CommandKind, Ecosystem, Evidence};
use super::files::join;
use super::leaving;
use super::shell::{self, ShellCommand};

/// How far tasks that run tasks are followed.
const DEEPEST: usize = 12;
/// Most commands of a task that are kept, with those of the tasks that it runs.
const MOST_RUN: usize = 200;
/// Longest script of a task, in bytes: what a longer one does nobody would see.
pub(super) const LONGEST_SCRIPT: usize = 20_000;

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

/// What the commands of a task do.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskWork {
    pub kinds: Vec<CommandKind>,
    /// Whether one of them publishes, deploys or the like.
    pub leaves: bool,
}

/// Its runner, folder and name.
pub(super) type TaskKey = (Runner, String, String);

impl Draft<'_, '_> {
    pub fn task(&mut self, runner: Runner, folder: &str, name: &str, body: TaskBody) {
        let is_short = name.len() < 100 && body.script.len() <= LONGEST_SCRIPT;
        if self.tasks.len() < 10 * MOST && is_short && is_plain(name) {
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
            let work = self.work_of(&key);
            let is_refused = work.leaves || leaving::only_prints(&body.script);
            let Some(kind) = kind_of_task(name, &work.kinds).filter(|_| !is_refused) else {
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
        // What is put in by another command is not known.
        let is_plain = |line: &String| !leaving::substitutes(line);
        let Some(line) = classify::acceptable(line).filter(is_plain) else {
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
                let kind = leaving::kind_if_fixing(kind, &line);
                for key in self.keys_of(&task, folder) {
                    if let Some(body) = self.tasks.get(&key) {
                        self.commands.add(Told {
                            kind,
                            ecosystem,
                            folder,
                            line: &line,
                            source: Source::Task,
                            evidence: evidence_of(body),
                        });
                    }
                }
                for name in self.inner_tasks(&task, folder, kind) {
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
            kind_of_task(&name, &self.work_of(key).kinds).or_else(|| by_environment(key))
        });
        let is_refused = keys.iter().any(|key| {
            let prints = |body: &TaskBody| leaving::only_prints(&body.script);
            self.work_of(key).leaves || self.tasks.get(key).is_some_and(prints)
        });
        (kinds.min().filter(|_| !is_refused), ecosystem)
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
            Task::Taskfile(name) => (Runner::Task, std::slice::from_ref(name)),
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

    /// What a command runs, if it is a task: folders and lines, tasks within tasks included.
    pub fn run_by(&self, folder: &str, line: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut pending = vec![(folder.to_owned(), line.to_owned(), 0)];
        while let Some((folder, line, depth)) = pending.pop() {
            let line = classify::acceptable(&line);
            let Some(Meaning::Task(task)) = line.map(|line| classify::meaning(&line)) else {
                continue;
            };
            let keys = self.keys_of(&task, &folder).into_iter();
            for key in keys.filter(|_| depth < DEEPEST) {
                let Some(body) = self.tasks.get(&key) else {
                    continue;
                };
                for command in shell::commands(self.files, &key.1, &body.script) {
                    if found.len() >= MOST_RUN || !self.may_look() {
                        return found;
                    }
                    let ShellCommand { folder, line } = command;
                    pending.push((folder.clone(), line.clone(), depth + 1));
                    found.push((folder, line));
                }
            }
        }
        found
    }

    /// The tasks that a task runs in turn for the same purpose.
    fn inner_tasks(&self, task: &Task, folder: &str, kind: CommandKind) -> Vec<TaskKey> {
        let mut found = Vec::new();
        for key in self.keys_of(task, folder) {
            let Some(body) = self.tasks.get(&key).filter(|_| key.0 == Runner::Script) else {
                continue;
            };
            for command in shell::commands(self.files, &key.1, &body.script) {
                if self.may_look()
                    && let Some(line) = classify::acceptable(&command.line)
                    && let Meaning::Task(inner) = classify::meaning(&line)
                {
                    let inner = self.keys_of(&inner, &command.folder);
                    let same = |key: &TaskKey| {
                        kind_of_task(&key.2, &self.work_of(key).kinds) == Some(kind)
                    };
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

    fn work_of(&self, key: &TaskKey) -> TaskWork {
        self.work_within(key, 0)
    }

    /// Whether one more command may be looked at; a few thousand are usual.
    fn may_look(&self) -> bool {
        let left = self.commands_left.get().checked_sub(1);
        self.commands_left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// What the commands of a task do. Each task is looked at once, so circles end.
    fn work_within(&self, key: &TaskKey, depth: usize) -> TaskWork {
        if let Some(known) = self.work.borrow().get(key) {
            return known.clone();
        }
        let Some(body) = self.tasks.get(key) else {
            return TaskWork::default();
        };
        let kinds = Vec::new();
        let mut leaves = depth > DEEPEST || body.script.lines().any(leaving::leaves);
        let known = TaskWork { kinds, leaves };
        if depth > DEEPEST {
            return known;
        }
        self.work.borrow_mut().insert(key.clone(), known);
        let mut kinds = BTreeSet::new();
        for command in shell::commands(self.files, &key.1, &body.script) {
            if !self.may_look() {
                // What it does further is not known.
                leaves = true;
                self.files
                    .unread(&body.path, "too many commands: not all were looked at");
                break;
            }
            let Some(line) = classify::acceptable(&command.line) else {
                continue;
            };
            match classify::meaning(&line) {
                Meaning::Known(purpose) => {
                    kinds.insert(purpose.kind);
                }
                Meaning::Task(task) => {
                    for inner in self.keys_of(&task, &command.folder) {
                        let work = self.work_within(&inner, depth + 1);
                        leaves |= work.leaves;
                        let kind = kind_of_task(&inner.2, &work.kinds);
                        kinds.extend(kind.map(|kind| leaving::kind_if_fixing(kind, &line)));
                    }
                }
                Meaning::Unknown => {}
            }
        }
        // Package managers run them without being told.
        for around in ["pre", "post"].map(|around| format!("{around}{}", key.2)) {
            if key.0 == Runner::Script {
                let around = (Runner::Script, key.1.clone(), around);
                leaves |= self.work_within(&around, depth + 1).leaves;
            }
        }
        let kinds = kinds.into_iter().collect();
        let work = TaskWork { kinds, leaves };
        self.work.borrow_mut().insert(key.clone(), work.clone());
        work
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
