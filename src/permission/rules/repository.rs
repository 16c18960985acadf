//! `.ollacode/config.toml` of a repository: it can only make rules stricter and exclude files. Its hooks
//! run only if the user trusts them.

use toml::de::DeValue;

use super::file::{MOST_BYTES, RulesReader, quoted_excerpt};
use super::pattern::{PathPattern, PathScope};
use super::user_hooks::{self, Hook};
use super::{Rule, RuleVerdict};
use crate::jail::{Jail, JailError};

const FILE: &str = ".ollacode/config.toml";
/// Most errors named in a warning.
const NAMED: usize = 5;

/// What a repository adds to the rules.
#[derive(Clone, Debug, Default)]
pub struct RepositoryRules {
    pub(super) rules: Vec<Rule>,
    /// Globs of files not to index, relative to the workspace.
    pub exclude: Vec<String>,
    /// Hooks that nobody trusts yet.
    pub hooks: Vec<Hook>,
    /// What was ignored in the file, in one sentence, if anything.
    pub warning: Option<String>,
}

impl RepositoryRules {
    /// Reads a repository's file; a missing one has no rules.
    pub fn read(jail: &Jail) -> RepositoryRules {
        let file = jail.path(FILE).and_then(|path| jail.read(&path));
        match file {
            Ok(file) if file.bytes.len() as u64 > MOST_BYTES => {
                ignored(&format!("it is larger than {MOST_BYTES} bytes"))
            }
            Ok(file) => RepositoryRules::parse(&file.text),
            Err(JailError::NotFound(_) | JailError::NotAFolder(_)) => RepositoryRules::default(),
            Err(error) => ignored(&quoted_excerpt(&error.to_string())),
        }
    }

    /// Parses a text and keeps what is valid.
    pub(super) fn parse(text: &str) -> RepositoryRules {
        let mut found = RepositoryRules::default();
        let mut reader = RulesReader::new(text, &FILE, PathScope::Workspace);
        for (key, value) in reader.table() {
            let name = key.get_ref().as_ref();
            match name {
                "deny" => reader.rules(RuleVerdict::Deny, name, &value),
                "ask" => reader.rules(RuleVerdict::Ask, name, &value),
                "exclude" => found.exclude(&value, &mut reader),
                "hook" => found.hooks = user_hooks::read(&mut reader, &value),
                _ => {
                    let what = format!("a repository cannot set `{}`", quoted_excerpt(name));
                    reader.wrong(&key.span(), what);
                }
            }
        }
        found.rules = std::mem::take(&mut reader.rules);
        let problems = reader.problems();
        let lines = problems.iter().take(NAMED);
        let lines = lines.map(|problem| format!("line {}: {}", problem.line, problem.what));
        let lines: Vec<String> = lines.collect();
        if !problems.is_empty() {
            let more = problems.len().saturating_sub(NAMED);
            let more = match more {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            found.warning = Some(format!("{FILE}: ignored {}{more}", lines.join("; ")));
        }
        found
    }

    fn exclude(&mut self, value: &toml::Spanned<DeValue<'_>>, reader: &mut RulesReader<'_>) {
        let DeValue::Array(globs) = value.get_ref() else {
            return reader.wrong(
                &value.span(),
                "`exclude` must be a list of globs".to_owned(),
            );
        };
        for value in globs.iter() {
            let glob = value.get_ref().as_str();
            let parsed = glob.map(|glob| PathPattern::parse(glob, false, PathScope::Workspace));
            match (glob, parsed) {
                (Some(glob), Some(Ok(_))) => self.exclude.push(glob.to_owned()),
                (_, Some(Err(why))) => reader.wrong(&value.span(), format!("`exclude`: {why}")),
                _ => reader.wrong(
                    &value.span(),
                    "`exclude` must contain only strings".to_owned(),
                ),
            }
        }
    }
}

fn ignored(why: &str) -> RepositoryRules {
    RepositoryRules {
        warning: Some(format!("{FILE} is ignored: {why}")),
        ..RepositoryRules::default()
    }
}
