//! `.gitlab-ci.yml`.

use super::super::yaml::Yaml;
use super::{CiFile, Script, is_aside};

/// Names at the top that are no jobs.
const RESERVED: &[&str] = &[
    "stages",
    "variables",
    "include",
    "default",
    "workflow",
    "image",
    "services",
    "cache",
    "before_script",
    "after_script",
    "spec",
];
/// How far templates of templates are followed.
const DEEPEST: usize = 8;

pub(super) fn read(file: &mut CiFile<'_, '_>, settings: &Yaml) {
    let global = settings.get("before_script");
    let global = global.or_else(|| settings.get("default")?.get("before_script"));
    for (name, job) in settings.entries().iter().take(300) {
        let is_job = !name.starts_with('.') && !RESERVED.contains(&name.as_str());
        if !is_job || job.entries().is_empty() {
            continue;
        }
        let script = inherited(settings, job, "script", DEEPEST);
        let before = inherited(settings, job, "before_script", DEEPEST).or(global);
        let Some(script) = script else {
            continue;
        };
        let mut lines = before.map(Yaml::texts).unwrap_or_default();
        lines.extend(script.texts());
        let stage = inherited(settings, job, "stage", DEEPEST).and_then(Yaml::text);
        let may_fail = job.text_at("allow_failure") == Some("true");
        let variables: Vec<&Yaml> = [job.get("variables"), settings.get("variables")]
            .into_iter()
            .flatten()
            .collect();
        let text = super::steps::with_variables(&lines.join("\n"), &variables);
        file.take(Script {
            job: name,
            folder: String::new(),
            text: text
                .replace("$CI_PROJECT_DIR", ".")
                .replace("${CI_PROJECT_DIR}", "."),
            is_aside: may_fail
                || is_aside(stage.unwrap_or_default())
                || job.text_at("when") == Some("manual"),
        });
    }
}

/// What a job, or a template that it extends, has at a key.
fn inherited<'y>(settings: &'y Yaml, job: &'y Yaml, key: &str, depth: usize) -> Option<&'y Yaml> {
    if let Some(own) = job.get(key) {
        return Some(own);
    }
    let depth = depth.checked_sub(1)?;
    // The last template wins.
    let mut templates = job.get("extends").map(Yaml::texts).unwrap_or_default();
    templates.truncate(4);
    templates
        .into_iter()
        .rev()
        .find_map(|name| inherited(settings, settings.get(name)?, key, depth))
}
