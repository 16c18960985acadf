//! Tab completion: slash commands with their values, and files after an `@`.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::conversation::commands::{CommandScope, ParsedInput, SkillCommand, commands, parse};
use crate::conversation::mentions::begins_mention;
use crate::frontends::completion::paths;

/// The files and skills that can be completed, besides commands. They may change while the editor runs.
#[derive(Default)]
pub struct Completions {
    files: RwLock<Arc<Vec<String>>>,
    /// Their names.
    skills: RwLock<Vec<String>>,
}

/// The completions of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletionOffers {
    /// Byte offset of the word that they replace.
    pub start: usize,
    pub words: Vec<String>,
}

impl Completions {
    /// Sets the files of the workspace, by path.
    pub fn set_files(&self, files: Vec<String>) {
        let mut known = self.files.write();
        *known = Arc::new(files);
    }

    pub fn set_skills(&self, skills: Vec<SkillCommand>) {
        let names = skills.into_iter().map(|skill| skill.name);
        *self.skills.write() = names.collect();
    }

    pub fn files(&self) -> Arc<Vec<String>> {
        let known = self.files.read();
        Arc::clone(&known)
    }

    /// The completions of the word before the cursor.
    pub fn offers(&self, line: &str, cursor: usize) -> CompletionOffers {
        let typed = line.get(..cursor).unwrap_or(line);
        if let Some(start) = open_quote(typed) {
            let words = paths(&self.files(), &typed[start..]);
            return CompletionOffers { start, words };
        }
        let start = typed.rfind(char::is_whitespace).map_or(0, |at| {
            at + typed[at..].chars().next().map_or(1, char::len_utf8)
        });
        let word = &typed[start..];
        if let Some(path) = word.strip_prefix('@') {
            return CompletionOffers {
                start: start + 1,
                words: paths(&self.files(), path),
            };
        }
        if line.starts_with('!') && start > 0 {
            let words = paths(&self.files(), word);
            return CompletionOffers { start, words };
        }
        if !line.starts_with('/') {
            return CompletionOffers::default();
        }
        let words = if start == 0 {
            names(word, &self.skills.read())
        } else {
            values(typed[..start].trim(), word)
        };
        CompletionOffers { start, words }
    }
}

fn names(word: &str, skills: &[String]) -> Vec<String> {
    let own = commands(CommandScope::Terminal).map(|command| command.name);
    let names = own.chain(skills.iter().map(String::as_str));
    let names = names.map(|name| format!("/{name}"));
    names.filter(|name| name.starts_with(word)).collect()
}

fn values(typed: &str, word: &str) -> Vec<String> {
    let ParsedInput::Command(command, _) = parse(typed, CommandScope::Terminal, &[]) else {
        return Vec::new();
    };
    let fitting = command
        .values
        .iter()
        .filter(|value| value.starts_with(word));
    fitting.map(|value| (*value).to_owned()).collect()
}

/// The position of the open quote of a path.
fn open_quote(typed: &str) -> Option<usize> {
    let at = typed.rfind("@\"")?;
    let before = typed[..at].chars().next_back().unwrap_or(' ');
    let is_open = !typed[at + 2..].contains(['"', '\n']);
    (begins_mention(before) && is_open).then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::SkillOrigin;

    fn files() -> Vec<String> {
        [
            "README.md",
            "a b.md",
            "my notes/a.md",
            "my notes/b c.md",
            "src/app.rs",
            "src/cli/mod.rs",
            "src/main.rs",
            "tests/Main.rs",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn check(line: &str, start: usize, words: &[&str]) {
        let completions = Completions::default();
        completions.set_files(files());
        let offers = completions.offers(line, line.len());
        assert_eq!(
            (offers.start, offers.words),
            (start, words.iter().map(|word| (*word).to_owned()).collect()),
            "{line}"
        );
    }

    #[test]
    fn commands_and_their_values_are_offered() {
        check("/se", 0, &["/search", "/sessions"]);
        check("/pl", 0, &["/plan"]);
        check("/approve au", 9, &["auto-edit", "auto-approve"]);
        check("/app as", 5, &["ask"]);
        check("/plan x", 6, &[]);
        check("what /pl", 0, &[]);
    }

    #[test]
    fn skills_are_offered_behind_the_commands() {
        let completions = Completions::default();
        let skill = |name: &str| SkillCommand {
            name: name.to_owned(),
            argument: String::new(),
            help: String::new(),
            origin: SkillOrigin::User,
        };
        completions.set_skills(vec![skill("tidy-up"), skill("write-tests")]);
        let offers = completions.offers("/t", 2);
        let all = ["/thoughts", "/tokens", "/task", "/template", "/tidy-up"];
        assert_eq!(
            (offers.start, offers.words),
            (0, all.map(str::to_owned).to_vec())
        );
        assert_eq!(completions.offers("/write-t", 8).words, ["/write-tests"]);
    }

    #[test]
    fn files_are_offered_level_by_level() {
        check("see @src/", 5, &["src/app.rs", "src/cli/", "src/main.rs"]);
        let all = ["README.md", "\"a b.md\"", "\"my notes/", "src/", "tests/"];
        check("@", 1, &all);
        check("@src/m", 1, &["src/main.rs"]);
        check("/search @REA", 9, &["README.md"]);
        check("!cat src/m", 5, &["src/main.rs"]);
        check("!cat", 0, &[]);
        check("mail@src", 0, &[]);
    }

    #[test]
    fn a_folder_with_a_space_goes_on() {
        let inside = ["\"my notes/a.md\"", "\"my notes/b c.md\""];
        check("see @my", 5, &["\"my notes/"]);
        check("see @\"my notes/", 5, &inside);
        check("see @\"my notes/b", 5, &inside[1..]);
        check("@\"a b.md\" and @RE", 15, &["README.md"]);
        check("mail@\"my notes/", 0, &[]);
    }

    #[test]
    fn a_name_is_found_anywhere() {
        check("@main", 1, &["src/main.rs", "tests/Main.rs"]);
        check("한국 @mod", 8, &["src/cli/mod.rs"]);
        check("@nothing", 1, &[]);
    }
}
