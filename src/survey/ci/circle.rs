//! `.circleci/config.yml`.

use super::super::files::resolve;
use super::super::yaml::Yaml;
use super::{CiFile, Script};

pub(super) fn read(file: &mut CiFile<'_, '_>, settings: &Yaml) {
    for section in ["jobs", "commands"] {
        let jobs = settings.get(section).map(Yaml::entries).unwrap_or_default();
        for (name, job) in jobs.iter().take(200) {
            let folder = job.text_at("working_directory").unwrap_or_default();
            let steps = job.get("steps").map(Yaml::items).unwrap_or_default();
            read_steps(file, name, folder, steps, 0);
        }
    }
}

fn read_steps(file: &mut CiFile<'_, '_>, job: &str, above: &str, steps: &[Yaml], depth: usize) {
    for step in steps.iter().take(200) {
        if let Some(branch) = step.get("when").or_else(|| step.get("unless"))
            && depth < 8
        {
            let inner = branch.get("steps").map(Yaml::items).unwrap_or_default();
            read_steps(file, job, above, inner, depth + 1);
        }
        let Some(run) = step.get("run") else {
            continue;
        };
        let command = run.text().or_else(|| run.text_at("command"));
        let folder = run.text_at("working_directory").unwrap_or(above);
        // The folder of a job is where the repository is checked out: `~/project`, `~/repo`.
        let inside = folder.strip_prefix("~/").map_or(folder, |rest| {
            rest.split_once('/').map_or("", |(_, inside)| inside)
        });
        let is_rare = run.text_at("when").is_some_and(|when| when == "on_fail");
        if let Some(command) = command.filter(|_| !is_rare)
            && let Some(folder) = resolve("", inside).filter(|folder| file.files.has_folder(folder))
        {
            file.take(Script {
                job,
                folder,
                // Parameters have no value that is known: the line is dropped.
                text: without_parameters(command),
                is_aside: false,
            });
        }
    }
}

fn without_parameters(command: &str) -> String {
    let lines = command.lines().filter(|line| {
        !line.contains("<< ") && !line.contains("<<pipeline") && !line.contains("<<parameters")
    });
    lines.collect::<Vec<_>>().join("\n")
}
