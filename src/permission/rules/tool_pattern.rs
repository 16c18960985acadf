//! Patterns of rules for tools: `github.search_*` of a server, `format_code` of the user.
//!
//! As with paths, a pattern that denies matches broadly and one that allows exactly.

use crate::jail::folded;

/// Longest pattern, in bytes: names of tools are shorter.
const LONGEST: usize = 200;
/// What globs of other programs have, and these have not.
const OTHER_WILDCARDS: &[char] = &['[', ']', '{', '}', '\\', '!', ','];

/// The tools of this program, and the rules that there are for them.
const BUILT_IN: &[(&[&str], &str)] = &[
    (
        &["run_command"],
        "use `command`; `command = \"...\"` is every command",
    ),
    (
        &[
            "edit_file",
            "write_file",
            "move_file",
            "delete_file",
            "new_from_template",
        ],
        "use `write`; `write = \"**\"` is every file",
    ),
    (
        &[
            "read_file",
            "search_codebase",
            "grep_search",
            "list_directory",
            "search_files",
            "outline",
            "find_symbol",
            "find_references",
            "project_map",
            "related_files",
        ],
        "use `read`; `read = \"**\"` is every file",
    ),
    (&["ask_user"], "it only asks you"),
];

/// A tool whose calls are judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToolName<'a> {
    /// One of the user's `[[tool]]`.
    Own(&'a str),
    /// One of a server, which has no dot in its name.
    Served { server: &'a str, tool: &'a str },
}

/// A name in which `*` is any number of characters, and `?` is one.
#[derive(Clone, Debug)]
pub(super) struct ToolPattern {
    text: String,
    /// Server and tool; `None` without a dot.
    parts: Option<(String, String)>,
    is_strict: bool,
}

impl<'a> ToolName<'a> {
    /// The tool of a name as it is written: with a dot, it is one of a server.
    pub fn of(written: &'a str) -> ToolName<'a> {
        match written.split_once('.') {
            Some((server, tool)) => ToolName::Served { server, tool },
            None => ToolName::Own(written),
        }
    }
}

impl ToolPattern {
    pub fn parse(text: &str, is_strict: bool) -> Result<ToolPattern, String> {
        let is_foreign =
            |c: char| c.is_whitespace() || c.is_control() || OTHER_WILDCARDS.contains(&c);
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("a name has 1 to {LONGEST} characters"));
        }
        if let Some(sign) = text.chars().find(|c| is_foreign(*c)) {
            return Err(format!(
                "no tool has `{}` in its name; `*` is any number of characters, and `?` is one",
                sign.escape_default()
            ));
        }
        let built_in = BUILT_IN.iter().find(|(names, _)| names.contains(&text));
        if let Some((_, instead)) = built_in {
            return Err(format!(
                "`{text}` is a tool of ollacode itself, which is judged by what it does: {instead}"
            ));
        }
        let parts = text.split_once('.');
        let in_server =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-*?".contains(c);
        match parts {
            Some(("", _) | (_, "")) => {
                return Err(
                    "write a tool of a server as `server.tool`, and all of its tools as \
                            `server.*`"
                        .to_owned(),
                );
            }
            Some((server, _)) if is_strict && !server.chars().all(in_server) => {
                return Err(format!(
                    "no server is called `{server}`: their names have `a-z`, `0-9`, `-` and `_`"
                ));
            }
            _ => {}
        }
        Ok(ToolPattern {
            text: text.to_owned(),
            parts: parts.map(|(server, tool)| (server.to_owned(), tool.to_owned())),
            is_strict,
        })
    }

    /// Whether it matches a tool. Without a dot, it is about the user's own tools, and where it forbids
    /// or asks also about all tools of the servers with such a name.
    pub fn names(&self, tool: ToolName<'_>) -> bool {
        match (tool, &self.parts) {
            (ToolName::Own(name), None) => self.fits(&self.text, name),
            (ToolName::Own(_), Some(_)) => false,
            (ToolName::Served { server, .. }, None) => {
                !self.is_strict && self.fits(&self.text, server)
            }
            (ToolName::Served { server, tool }, Some((of_server, of_tool))) => {
                let is_exact = self.fits(of_server, server) && self.fits(of_tool, tool);
                is_exact || !self.is_strict && self.fits(&self.text, &format!("{server}.{tool}"))
            }
        }
    }

    /// Whether it could match any tool of a server.
    pub fn may_name_server(&self, server: &str) -> bool {
        match &self.parts {
            Some((of_server, _)) => self.fits(of_server, server),
            None => !self.is_strict && self.fits(&self.text, server),
        }
    }

    /// Whether it is about tools of servers only.
    pub fn has_server(&self) -> bool {
        self.parts.is_some()
    }

    fn fits(&self, pattern: &str, name: &str) -> bool {
        fits(pattern, name) || !self.is_strict && fits(&broad(pattern), &broad(name))
    }
}

/// A name, or a pattern, for what matches broadly: whatever the case, and whether words are joined by `-` or
/// `_`.
fn broad(name: &str) -> String {
    folded(name).replace('-', "_")
}

/// Whether a name fits a pattern. The time is at most the product of their lengths.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    // The last `*`, and where the name goes on behind what it has taken.
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == name[in_name] => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((behind, taken)) = star else {
                    return false;
                };
                // It takes one more.
                star = Some((behind, taken + 1));
                (at, in_name) = (behind + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(verdict: &str, pattern: &str, tool: &str) -> bool {
        let pattern = ToolPattern::parse(pattern, verdict == "allow").expect("a pattern");
        pattern.names(ToolName::of(tool))
    }

    #[test]
    fn what_denies_is_broad_and_what_allows_is_exact() {
        for (pattern, tool, denied, allowed) in [
            ("github.search_*", "github.search_issues", true, true),
            ("github.search_*", "github.search_", true, true),
            ("github.search_*", "github.Search-Issues", true, false),
            ("github.search_*", "gitlab.search_issues", false, false),
            ("github.*", "github.a.b", true, true),
            ("*.delete", "github.delete", true, true),
            ("*.delete", "github.x.delete", true, false),
            ("*.*", "github.delete", true, true),
            ("g?thub.a", "github.a", true, true),
            ("g?thub.a", "gthub.a", false, false),
            // Without a dot: the user's own tools, and whole servers where it forbids.
            ("github", "github.delete", true, false),
            ("*", "github.delete", true, false),
            ("*", "jq_query", true, true),
            ("jq_*", "jq_query", true, true),
            ("jq-query", "jq_query", true, false),
            ("jq_query", "jq_query2", false, false),
            ("*.*", "jq_query", false, false),
            // What is not seen in a name is passed over.
            ("github.delete", "github.de\u{200c}lete", true, false),
        ] {
            assert_eq!(
                names("deny", pattern, tool),
                denied,
                "deny {pattern} {tool}"
            );
            assert_eq!(
                names("allow", pattern, tool),
                allowed,
                "allow {pattern} {tool}"
            );
        }
    }

    #[test]
    fn a_pattern_that_can_match_nothing_is_an_error() {
        for (pattern, why) in [
            ("", "1 to 200 characters"),
            (&*"a".repeat(201), "1 to 200 characters"),
            ("git hub.x", "no tool has ` `"),
            ("github.{a,b}", "no tool has `{`"),
            ("github.[ab]", "no tool has `[`"),
            (".x", "`server.tool`"),
            ("github.", "`server.*`"),
            ("run_command", "`command = \"...\"` is every command"),
            ("edit_file", "use `write`"),
            ("search_codebase", "use `read`"),
        ] {
            for is_strict in [false, true] {
                let error = ToolPattern::parse(pattern, is_strict).expect_err(pattern);
                assert!(error.contains(why), "{pattern}: {error}");
            }
        }
        assert!(ToolPattern::parse("GitHub.x", false).is_ok());
        let error = ToolPattern::parse("GitHub.x", true).expect_err("no server has that name");
        assert!(error.contains("no server is called `GitHub`"), "{error}");
    }

    /// The same in the plainest words.
    fn fits_slowly(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                (0..=name.len()).any(|taken| fits_slowly(rest, &name[taken..]))
            }
            ([sign, pattern @ ..], [first, name @ ..]) => {
                (*sign == '?' || sign == first) && fits_slowly(pattern, name)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn any_pattern_matches_what_it_says(pattern in "[ab*?]{0,8}", name in "[ab*?]{0,10}") {
            let slowly = fits_slowly(
                &pattern.chars().collect::<Vec<_>>(),
                &name.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(fits(&pattern, &name), slowly);
        }

        #[test]
        fn what_is_allowed_by_a_pattern_is_also_denied_by_it(
            pattern in "[a-c*?._-]{1,8}",
            tool in "[a-c._-]{1,8}",
        ) {
            let (Ok(strict), Ok(broad)) =
                (ToolPattern::parse(&pattern, true), ToolPattern::parse(&pattern, false))
            else {
                return Ok(());
            };
            let tool = ToolName::of(&tool);
            prop_assert!(!strict.names(tool) || broad.names(tool));
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(90) + "b";
        assert!(!names("deny", &pattern, &"a".repeat(2_000)));
    }
}
