//! The user's own commands for checks: the table `[check]` of `config.toml`.

use toml::Spanned;
use toml::de::DeValue;

use super::file::RulesReader;
use crate::visible::escape_hidden;

/// Longest command, in bytes.
const LONGEST: usize = 2_000;
const KEYS: [&str; 4] = ["test", "lint", "format", "baseline"];

/// Commands that check changes, in place of those that the project's files name. They run in the root
/// of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChecks {
    pub test: Option<String>,
    pub lint: Option<String>,
    /// Tells whether files are formatted.
    pub format: Option<String>,
    /// Whether the checks run once before the first edit of a session, so that it is known what failed
    /// before.
    pub baseline: bool,
}

/// Reads the table.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> UserChecks {
    let mut checks = UserChecks::default();
    let DeValue::Table(table) = value.get_ref() else {
        let what = "`check` must be a table: `[check]`, and below it `test = \"…\"`".to_owned();
        reader.wrong(&value.span(), what);
        return checks;
    };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if name == "baseline" {
            match value.get_ref().as_bool() {
                Some(is_on) => checks.baseline = is_on,
                None => reader.wrong(&value.span(), "`baseline` must be true or false".to_owned()),
            }
            continue;
        }
        let field = match name {
            "test" => &mut checks.test,
            "lint" => &mut checks.lint,
            "format" => &mut checks.format,
            _ => {
                reader.unknown(key, &KEYS);
                continue;
            }
        };
        match value.get_ref().as_str().map(str::trim) {
            Some(line) if is_command(line) => *field = Some(line.to_owned()),
            _ => {
                let what = format!(
                    "`{name}` must be a command in one line, such as `{name} = \"make {name}\"`"
                );
                reader.wrong(&value.span(), what);
            }
        }
    }
    checks
}

fn is_command(line: &str) -> bool {
    !line.is_empty()
        && line.len() <= LONGEST
        && !line.contains(['\n', '\r', '\0'])
        && escape_hidden(line) == line
}

#[cfg(test)]
mod tests {
    use super::super::file::parse_user;
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> (UserChecks, Vec<String>) {
        let (user, problems) = parse_user(text, &"config.toml", None);
        let problems = problems.into_iter();
        let said = problems.map(|problem| format!("{}: {}", problem.line, problem.what));
        (user.checks, said.collect())
    }

    #[test]
    fn commands_are_read() {
        let (checks, problems) = parsed(
            "[check]\ntest = \" make test \"\nlint = 'cargo clippy'\nformat = \"cargo fmt --check\"\n\
             baseline = true\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            checks,
            UserChecks {
                test: Some("make test".to_owned()),
                lint: Some("cargo clippy".to_owned()),
                format: Some("cargo fmt --check".to_owned()),
                baseline: true,
            }
        );
        assert_eq!(parsed(""), (UserChecks::default(), Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("check = 1", "1: `check` must be a table"),
            (
                "[check]\ntest = 1",
                "2: `test` must be a command in one line",
            ),
            ("[check]\ntest = ''", "2: `test` must be"),
            ("[check]\nlint = \"a\\nb\"", "2: `lint` must be"),
            ("[check]\nlint = \"a\\u202eb\"", "2: `lint` must be"),
            (
                "[check]\nbaseline = 'yes'",
                "2: `baseline` must be true or false",
            ),
            ("[check]\ntests = 'a'", "did you mean `test`?"),
        ] {
            let (_, problems) = parsed(text);
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
            assert!(problems[0].contains(expected), "{text}: {problems:?}");
        }
    }
}
