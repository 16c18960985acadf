//! What the user is told at the end.

use super::checking::{Trial, Trials, key};
use super::words::Words;
use crate::survey::{Facts, ProjectCommand};
use crate::visible::visible_name;

/// Most files that could not be read that are named.
const MOST_UNREAD: usize = 5;

/// Where the words in the file are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum WordSource {
    /// They are there already, and what they were written from is the same.
    #[default]
    Kept,
    /// The user removed the parts for them.
    Unwanted,
    /// There are none; why.
    None(String),
    /// They are those of before, though the facts have changed; why.
    Old(String),
    Model {
        name: String,
        dropped: usize,
    },
}

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub words: WordSource,
    commands: usize,
    worked: usize,
    /// Commands that failed when they were tried, with the reason.
    failed: Vec<String>,
    is_checked: bool,
    unread: Vec<String>,
}

impl Report {
    pub fn of(
        facts: &Facts,
        chosen: &[&ProjectCommand],
        trials: &Trials,
        is_checked: bool,
    ) -> Report {
        let mut report = Report {
            commands: chosen.len(),
            is_checked,
            ..Report::default()
        };
        for command in chosen {
            match trials.get(&key(command)) {
                Some(Trial::Worked(_)) => report.worked += 1,
                Some(Trial::Failed(why)) => {
                    report.failed.push(format!("`{}`: {why}", command.line));
                }
                None => {}
            }
        }
        let unread: Vec<String> = facts.unread.iter().map(|text| visible_name(text)).collect();
        report.unread(&unread);
        report
    }

    pub fn unread(&mut self, files: &[String]) {
        for file in files {
            if !self.unread.contains(file) {
                self.unread.push(file.clone());
            }
        }
    }

    /// Notes what the model wrote, or why it wrote nothing; `has_old`: words of before stay then.
    pub fn note_words(&mut self, words: Result<&Words, String>, model: &str, has_old: bool) {
        let why = match words {
            Ok(words) if !words.is_empty() => {
                self.words = WordSource::Model {
                    name: visible_name(model),
                    dropped: words.dropped,
                };
                return;
            }
            Ok(_) => "the model wrote nothing that holds".to_owned(),
            Err(why) => why,
        };
        self.words = match has_old {
            true => WordSource::Old(why),
            false => WordSource::None(why),
        };
    }

    /// Whether the words are new.
    pub fn has_new_words(&self) -> bool {
        matches!(self.words, WordSource::Model { .. })
    }

    /// A list.
    pub fn markdown(&self) -> String {
        let mut lines = vec![self.about_words(), self.about_commands()];
        if self.is_checked {
            lines.extend(self.failed.iter().map(|failed| format!("  - {failed}")));
        }
        if !self.unread.is_empty() {
            let more = self.unread.len().saturating_sub(MOST_UNREAD);
            let mut listed = self.unread[..self.unread.len() - more].join("; ");
            if more > 0 {
                listed.push_str(&format!("; and {more} more"));
            }
            lines.push(format!("- Not read: {listed}."));
        }
        format!("{}\n", lines.join("\n"))
    }

    fn about_words(&self) -> String {
        match &self.words {
            WordSource::Kept => {
                "- The words are those of before: what they describe is the same.".to_owned()
            }
            WordSource::Unwanted => "- The file has no marked part for words.".to_owned(),
            WordSource::Old(why) => format!("- The words are those of before: {why}."),
            WordSource::None(why) => {
                format!("- It is made of facts alone, without words of a model: {why}.")
            }
            WordSource::Model { name, dropped: 0 } => {
                format!("- The facts are from the manifests, the words from `{name}`.")
            }
            WordSource::Model { name, dropped } => format!(
                "- The facts are from the manifests, the words from `{name}`. Sentences left out, \
                 since what they name was not found or does not belong there: {dropped}."
            ),
        }
    }

    fn about_commands(&self) -> String {
        let (all, worked, failed) = (self.commands, self.worked, self.failed.len());
        if all == 0 {
            return "- No command to build or test was found.".to_owned();
        }
        if !self.is_checked {
            return format!("- Commands: {all}. `ollacode init --check` tries them.");
        }
        format!(
            "- Commands: {worked} of {all} worked, {failed} failed, {} were not tried.",
            all - worked - failed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::chosen_commands;
    use super::super::tests::facts;
    use super::*;

    #[test]
    fn the_report_says_where_words_are_from_and_what_failed() {
        let facts = Facts {
            unread: (0..7)
                .map(|n| format!("{n}.toml: it is too large"))
                .collect(),
            ..facts()
        };
        let chosen = chosen_commands(&facts);
        let trials = Trials::from([
            (key(chosen[0]), Trial::Worked("1.0 s".to_owned())),
            (key(chosen[1]), Trial::Failed("exit code 1".to_owned())),
        ]);
        let mut report = Report::of(&facts, &chosen, &trials, true);
        report.words = WordSource::None("Ollama does not answer".to_owned());
        let text = report.markdown();
        for part in [
            "facts alone, without words of a model: Ollama does not answer.",
            "1 of 4 worked, 1 failed, 2 were not tried",
            "  - `cargo test --workspace`: exit code 1\n",
            "4.toml: it is too large; and 2 more.",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!report.has_new_words());
        report.note_words(Ok(&Words::default()), "m", true);
        assert!(
            report
                .markdown()
                .contains("of before: the model wrote nothing that holds.")
        );
        let words = Words {
            what: "A shop.".to_owned(),
            dropped: 2,
            ..Words::default()
        };
        report.note_words(Ok(&words), "m", true);
        assert!(
            report
                .markdown()
                .contains("words from `m`. Sentences left out")
        );
        assert!(report.has_new_words());
    }
}
