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
/// Most templates of a job, with those that they extend.
const MOST_TEMPLATES: usize = 16;

pub(super) fn read(file: &mut CiFile<'_, '_>, settings: &Yaml) {
    let global = settings.get("before_script");
    let global = global.or_else(|| settings.get("default")?.get("before_script"));
    for (name, job) in settings.entries().iter().take(300) {
        let is_job = !name.starts_with('.') && !RESERVED.contains(&name.as_str());
        if !is_job || job.entries().is_empty() {
            continue;
        }
        let script = inherited(settings, job, "script");
        let before = inherited(settings, job, "before_script").or(global);
        let Some(script) = script else {
            continue;
        };
        let mut lines = before.map(Yaml::texts).unwrap_or_default();
        lines.extend(script.texts());
        let stage = inherited(settings, job, "stage").and_then(Yaml::text);
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

/// What a job, or a template that it extends, has at a key. Each template is looked at once, since
/// they may extend each other.
fn inherited<'y>(settings: &'y Yaml, job: &'y Yaml, key: &str) -> Option<&'y Yaml> {
    let mut pending = vec![job];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(job) = pending.pop() {
        if let Some(own) = job.get(key) {
            return Some(own);
        }
        let templates = job.get("extends").map(Yaml::texts).unwrap_or_default();
        // The last template wins, and is taken first.
        for name in templates.into_iter().take(MOST_TEMPLATES) {
            if seen.len() < MOST_TEMPLATES && !seen.contains(&name) {
                seen.push(name);
                pending.extend(settings.get(name));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_followed_once_and_the_last_one_wins() {
        let text = "\
.a: {extends: [.a, .b, .a, .b], stage: one}
.b: {extends: [.a, .b], script: [b]}
.c: {script: [c]}
last: {extends: [.b, .c]}
inner: {extends: .a}
none: {extends: [.none]}
";
        let yaml = Yaml::parse(text).expect("YAML");
        let script = |name: &str| {
            let job = yaml.get(name)?;
            inherited(&yaml, job, "script").map(Yaml::texts)
        };
        assert_eq!(script("last"), Some(vec!["c"]));
        assert_eq!(script("inner"), Some(vec!["b"]));
        assert_eq!(script("none"), None);
    }
}
