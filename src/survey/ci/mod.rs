//! The commands of CI files, which are the best witnesses: they run at each change.

mod circle;
mod github;
mod gitlab;
mod steps;

use std::collections::BTreeSet;

use super::commands::Source;
use super::draft::{Draft, line_of, shown};
use super::facts::{Evidence, Found};
use super::files::{Files, split};
use super::shell;
use super::tables::{self, LOCKS};
use super::yaml::Yaml;

/// Most CI files that are read,
const MOST_FILES: usize = 40;
/// and the most commands of one.
const MOST_COMMANDS: usize = 400;
/// Most lines of the scripts of one, whose variables are replaced.
const MOST_LINES: usize = 5_000;

/// A command of a CI file.
pub(super) struct CiCommand {
    pub folder: String,
    pub line: String,
    pub source: Source,
    pub evidence: Evidence,
}

/// What the CI files say.
#[derive(Default)]
pub(super) struct Ci {
    pub services: Vec<Found>,
    pub commands: Vec<CiCommand>,
    /// Package managers whose commands they run.
    pub managers: BTreeSet<String>,
}

type Reader = fn(&mut CiFile<'_, '_>, &Yaml);

/// A script of a job.
struct Script<'a> {
    job: &'a str,
    folder: String,
    text: String,
    /// Whether it is of a job that is not the usual one.
    is_aside: bool,
}

/// A CI file that is read.
struct CiFile<'a, 'f> {
    files: &'a Files<'f>,
    path: &'a str,
    text: &'a str,
    /// Whether its name says that it releases, deploys or the like.
    is_aside: bool,
    /// How many lines of scripts are still looked at.
    lines_left: usize,
    found: Ci,
}

/// Reads the CI files of a project.
pub(super) fn read(files: &Files<'_>) -> Ci {
    let mut all = Ci::default();
    let mut count = 0;
    for (path, _) in files.all() {
        let Some(service) = tables::ci_of(path) else {
            continue;
        };
        all.services.push(Found {
            name: service.to_owned(),
            path: shown(path),
        });
        count += 1;
        let reader: Reader = match service {
            "GitHub Actions" | "Forgejo Actions" | "Gitea Actions" => github::read,
            "GitLab CI" => gitlab::read,
            "CircleCI" => circle::read,
            "Azure Pipelines" | "Buildkite" | "Bitbucket Pipelines" => steps::read_nested,
            "Travis CI" => steps::read_travis,
            _ => continue,
        };
        if count > MOST_FILES {
            files.unread(path, "too many CI files: this one was left out");
            continue;
        }
        let Some(text) = files.read(path) else {
            continue;
        };
        match Yaml::parse(&text) {
            Ok(yaml) => {
                let mut file = CiFile {
                    files,
                    path,
                    text: &text,
                    is_aside: is_aside(path),
                    lines_left: MOST_LINES,
                    found: Ci::default(),
                };
                reader(&mut file, &yaml);
                all.commands.extend(file.found.commands);
                all.managers.extend(file.found.managers);
            }
            Err(error) => files.unread(path, &format!("no YAML: {error}")),
        }
    }
    all
}

/// Whether the name of a workflow or job says that it is not what checks each change.
fn is_aside(name: &str) -> bool {
    let name = split(name).1.to_ascii_lowercase();
    [
        "release",
        "publish",
        "deploy",
        "nightly",
        "docs",
        "pages",
        "bench",
        "stale",
        "fuzz",
        "canary",
        "compat",
        "reproducib",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// Whether a step only runs for releases, after a failure, or never.
fn is_rare(condition: &str) -> bool {
    let after_failure = condition.contains("failure()")
        && !condition.contains("success()")
        && !condition.contains("!failure()");
    let never = matches!(condition.trim(), "false" | "${{ false }}");
    never || after_failure || condition.contains("refs/tags") || condition.contains("'release'")
}

impl CiFile<'_, '_> {
    /// The lines of a script, as many as are looked at.
    fn lines<'s>(&mut self, script: &'s str) -> Vec<&'s str> {
        let lines: Vec<&str> = script.lines().take(self.lines_left).collect();
        self.lines_left -= lines.len();
        lines
    }

    /// Takes the commands of a script.
    fn take(&mut self, script: Script<'_>) {
        self.note_managers(&script.text);
        let source = if self.is_aside || script.is_aside || is_aside(script.job) {
            Source::SideJob
        } else {
            Source::Ci
        };
        for command in shell::commands(self.files, &script.folder, &script.text) {
            if self.found.commands.len() >= MOST_COMMANDS {
                return;
            }
            let first = command.line.split(" && ").next().unwrap_or_default();
            let evidence = Evidence {
                path: shown(self.path),
                line: line_of(self.text, first).or_else(|| self.line_of_start(first)),
                what: format!("run in job {}", shown(script.job)),
            };
            self.found.commands.push(CiCommand {
                folder: command.folder,
                line: command.line,
                source,
                evidence,
            });
        }
    }

    /// The line of a command of which a part was replaced: the first one with its first two words.
    fn line_of_start(&self, command: &str) -> Option<u32> {
        let start: Vec<&str> = command.split_whitespace().take(2).collect();
        line_of(self.text, &start.join(" "))
    }

    fn note_managers(&mut self, script: &str) {
        for line in shell::logical_lines(script) {
            for part in line.split(['&', ';', '|']) {
                let mut words = part.split_whitespace();
                let first = words.find(|word| !word.contains('=')).unwrap_or_default();
                self.note_manager(first);
            }
        }
    }

    fn note_manager(&mut self, name: &str) {
        if LOCKS.iter().any(|(_, manager)| *manager == name) {
            self.found.managers.insert(name.to_owned());
        }
    }
}

/// Adds the commands of CI to what is known.
pub(super) fn add(draft: &mut Draft<'_, '_>, ci: &Ci) {
    for command in &ci.commands {
        draft.add_ci(
            &command.folder,
            &command.line,
            command.source,
            &command.evidence,
        );
    }
}
