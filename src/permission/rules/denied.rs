//! The commands that rules deny, for the supervisor that executes programs.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::pattern::CommandPattern;

/// Multi-call programs: the next word names the program.
const MANY_IN_ONE: &[&str] = &["busybox", "coreutils", "toybox"];

/// Longest command shown in a message, in characters.
const LONGEST: usize = 100;

/// The commands that rules deny, as the words that they begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedCommands(Vec<Vec<String>>);

impl DeniedCommands {
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a CommandPattern>) -> DeniedCommands {
        DeniedCommands(patterns.map(CommandPattern::texts).collect())
    }

    /// Whether nothing is denied.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Programs that are denied whatever their words are.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|words| match &words[..] {
            [program] => Some(program.as_str()),
            [program, rest] if rest == "..." => Some(program.as_str()),
            _ => None,
        })
    }

    /// Whether a file of this name is one of [`DeniedCommands::programs`].
    pub fn names_program(&self, name: &str) -> bool {
        let name = [name.to_owned()];
        self.programs()
            .any(|program| pattern(&[program.to_owned()]).begins(&name, 1))
    }

    /// Gives the command that is denied, if executing a program is: by its path, by where that really
    /// leads, by its words, and by the words that a script begins with.
    pub fn refusal(
        &self,
        path: &Path,
        real: &Path,
        words: &[String],
        script: &[String],
    ) -> Option<String> {
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let real = name(real);
        let arguments = words.get(1..).unwrap_or_default();
        let mut commands: Vec<Vec<String>> = Vec::new();
        let mut add = |first: &[String]| commands.push([first, arguments].concat());
        for program in [
            name(path),
            real.clone(),
            words.first().cloned().unwrap_or_default(),
        ] {
            if let Some(part) = program.strip_prefix("git-") {
                add(&["git".to_owned(), part.to_owned()]);
            }
            add(&[program]);
        }
        if !script.is_empty() {
            add(&[script, &[path.to_string_lossy().into_owned()]].concat());
        }
        if MANY_IN_ONE.contains(&real.as_str()) {
            add(&[]);
        }
        let by_loader = real.starts_with("ld-") || real.starts_with("ld.");
        let denied = commands.into_iter().map(|words| (words, 1)).chain(
            // Its options come first.
            by_loader.then(|| (arguments.to_vec(), arguments.len())),
        );
        let mut denied = denied.filter(|(words, starts)| {
            let mut patterns = self.0.iter().map(|words| pattern(words));
            patterns.any(|pattern| pattern.begins(words, *starts))
        });
        let (words, _) = denied.next()?;
        Some(words.join(" ").chars().take(LONGEST).collect())
    }
}

fn pattern(words: &[String]) -> CommandPattern {
    // They were read from a pattern, so that they make one again.
    CommandPattern::of_words(words.iter().cloned()).unwrap_or_else(|_| CommandPattern::nothing())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_executed_is_judged_by_every_name_that_it_has() {
        let denied = DeniedCommands(vec![
            words("rm"),
            words("git push ..."),
            words("docker * prune"),
        ]);
        let refusal = |path: &str, real: &str, given: &str, script: &str| {
            let refused = denied.refusal(
                Path::new(path),
                Path::new(real),
                &words(given),
                &words(script),
            );
            refused.is_some()
        };
        for (path, real, given, script) in [
            ("/bin/rm", "/usr/bin/rm", "rm -r x", ""),
            ("./x", "/usr/bin/rm", "x -r x", ""),
            ("x", "/w/x", "rm", ""),
            ("/usr/bin/git", "/usr/bin/git", "git -C x push", ""),
            (
                "/usr/lib/git-core/git-push",
                "/usr/lib/git-core/git-push",
                "git-push origin",
                "",
            ),
            ("./s", "/w/s", "./s a", "/bin/rm -r"),
            ("./s", "/w/s", "./s a", "/usr/bin/git push"),
            ("/bin/rm", "/bin/busybox", "rm x", ""),
            ("/bin/busybox", "/bin/busybox", "busybox rm x", ""),
            (
                "/lib64/ld-linux-x86-64.so.2",
                "/usr/lib/ld-linux-x86-64.so.2",
                "ld --argv0 a /bin/rm x",
                "",
            ),
            ("docker", "/usr/bin/docker", "docker image prune -a", ""),
        ] {
            assert!(refusal(path, real, given, script), "{path} {real} {given}");
        }
        for (path, given) in [
            ("/bin/echo", "echo rm"),
            ("/usr/bin/git", "git commit -m push"),
            ("/usr/bin/git", "git log push"),
            ("/usr/bin/rmdir", "rmdir x"),
        ] {
            assert!(!refusal(path, path, given, "/bin/sh"), "{given}");
        }
        assert!(denied.names_program("rm") && !denied.names_program("git"));
        assert!(
            denied
                .refusal(Path::new(""), Path::new(""), &[], &[])
                .is_none()
        );
    }
}
