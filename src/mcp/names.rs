//! Names of tools of servers: `server.tool`, and what models make of that.

use super::definitions::plain;

/// Longest name that is looked at, in bytes.
const LONGEST: usize = 200;
/// Most names in a sentence.
const NAMED: usize = 8;
/// What models put before the name of a server.
const BEFORE: [&str; 6] = ["mcp__", "mcp.", "mcp:", "mcp/", "functions.", "tools."];
/// What separates a server from its tool, as models write it.
const SEPARATORS: [&str; 5] = [".", "__", "::", ":", "/"];
/// Longest name of a function that models are told of, in bytes.
const LONGEST_FUNCTION: usize = 64;

/// Whether a tool, by its server and its name, is meant.
type Fits<'a> = &'a dyn Fn(&(&str, &str)) -> bool;

/// What a name means among some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeantName {
    /// This one.
    One(usize),
    /// It could be each of these.
    Several(Vec<usize>),
    None,
}

/// A name as a model gave it, without quotes and parentheses around it.
pub fn bare(given: &str) -> &str {
    let around = |sign: char| sign.is_whitespace() || "\"'`".contains(sign);
    let name = given.trim_matches(around).trim_end_matches("()");
    let name = name.split_once("<|").map_or(name, |(name, _)| name);
    &name[..name.floor_char_boundary(LONGEST)]
}

/// Which tool is meant, of those with these servers and names: its name with its server, in any
/// spelling, or without, if only one server has such a tool.
pub fn meant(given: &str, tools: &[(&str, &str)]) -> MeantName {
    let given = bare(given);
    let short = without_namespace(given);
    let (folded_given, folded_short) = (folded(given), folded(short));
    if folded_given.is_empty() {
        return MeantName::None;
    }
    let full = |(server, tool): &(&str, &str)| format!("{server}.{tool}");
    let fits: [Fits<'_>; 5] = [
        &|named| full(named) == given,
        &|named| full(named) == short,
        &|named| [&folded_given, &folded_short].contains(&&folded(&full(named))),
        &|(_, tool)| *tool == given,
        &|(_, tool)| folded(tool) == folded_short,
    ];
    for fits in fits {
        let found = tools.iter().enumerate().filter(|(_, named)| fits(named));
        let found: Vec<usize> = found.map(|(at, _)| at).collect();
        match found.as_slice() {
            [] => {}
            [only] => return MeantName::One(*only),
            _ => return MeantName::Several(found),
        }
    }
    MeantName::None
}

/// The server that a name begins with, if it begins with one of these.
pub fn server_in<'a>(given: &str, servers: &[&'a str]) -> Option<&'a str> {
    let short = plain_server(without_namespace(bare(given)));
    let begins = |server: &&&str| short.starts_with(&format!("{}_", plain_server(server)));
    // `git_hub_search` is of `git_hub` rather than of `git`.
    let begun = servers
        .iter()
        .filter(begins)
        .max_by_key(|server| server.len());
    server_named(given, servers).or(begun.copied())
}

/// The server that stands before a separator in a name, so that no other can be meant.
pub fn server_named<'a>(given: &str, servers: &[&'a str]) -> Option<&'a str> {
    let short = without_namespace(bare(given));
    let named = servers.iter().filter(|server| {
        let is_named = |separator: &&str| {
            let first = short.split_once(*separator).map(|(first, _)| first);
            first.is_some_and(|first| plain_server(first) == plain_server(server))
        };
        SEPARATORS.iter().any(is_named)
    });
    named.max_by_key(|server| server.len()).copied()
}

/// The name of a server without what models vary.
fn plain_server(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// The name of a function for a tool of a server: what all templates of chats and all servers of models
/// take.
pub fn function_name(server: &str, tool: &str) -> String {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let name = format!("{server}_{tool}").replace(|sign: char| !is_sign(sign), "_");
    name.chars().take(LONGEST_FUNCTION).collect()
}

/// Names in a sentence.
pub fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED);
    let shown: Vec<String> = shown
        .map(|name| format!("`{}`", plain(name, 160)))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The names that are most like one, the best first.
pub fn near<'a>(given: &str, names: &'a [String]) -> Vec<&'a str> {
    const MOST_COMPARED: usize = 2_000;
    const MOST: usize = 3;
    let words = words(bare(given));
    let given = folded(without_namespace(bare(given)));
    let alike = |name: &str| {
        let of_name = self::words(name);
        let shared = words.iter().filter(|word| of_name.contains(word)).count();
        let last = name.rsplit('.').next().unwrap_or(name);
        let nearness = [name, last].map(|name| strsim::jaro_winkler(&given, &folded(name)));
        let nearness = nearness.into_iter().fold(0.0, f64::max);
        shared as f64 + nearness
    };
    let all = names.iter().take(MOST_COMPARED);
    let mut scored: Vec<(f64, &str)> = all.map(|name| (alike(name), name.as_str())).collect();
    scored.retain(|(alike, _)| *alike > 0.85);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    scored
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name)
        .collect()
}

/// The words of a text in lower case: `searchIssues` has two.
pub fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for sign in text.chars() {
        let is_hump = sign.is_uppercase() && before.is_lowercase();
        if is_hump || !sign.is_alphanumeric() {
            words.push(String::new());
        }
        if sign.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(sign.to_lowercase());
        }
        before = sign;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn without_namespace(name: &str) -> &str {
    let named = BEFORE.iter().find_map(|before| name.strip_prefix(before));
    named.filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// A name without what models vary.
fn folded(name: &str) -> String {
    let letters = name.chars().filter(|sign| sign.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: [(&str, &str); 5] = [
        ("github", "search_issues"),
        ("github", "get.file"),
        ("my-files", "read_file"),
        ("my-files", "search"),
        ("docs", "search"),
    ];

    #[test]
    fn a_tool_is_found_in_the_spellings_of_models() {
        for (given, at) in [
            ("github.search_issues", 0),
            ("`github.search_issues()`", 0),
            ("github_search_issues", 0),
            ("github__search_issues", 0),
            ("mcp__github__search_issues", 0),
            ("mcp.github.searchIssues", 0),
            ("GitHub/search-issues", 0),
            ("functions.github.search_issues", 0),
            ("search_issues", 0),
            ("searchIssues", 0),
            ("github.get.file", 1),
            ("get.file", 1),
            ("my_files.read_file", 2),
            ("docs.search", 4),
            ("docs.search<|channel|>json", 4),
        ] {
            assert_eq!(meant(given, &TOOLS), MeantName::One(at), "{given}");
        }
        assert_eq!(meant("search", &TOOLS), MeantName::Several(vec![3, 4]));
        for given in ["", "issues", "github", "other.search_issues", "mcp__"] {
            assert_eq!(meant(given, &TOOLS), MeantName::None, "{given}");
        }
        assert_eq!(meant(&"é".repeat(1_000), &TOOLS), MeantName::None);
    }

    #[test]
    fn the_exact_name_wins() {
        let tools = [("a", "b_c"), ("a", "bC"), ("a_b", "c")];
        assert_eq!(meant("a.bC", &tools), MeantName::One(1));
        assert_eq!(meant("a_b.c", &tools), MeantName::One(2));
        assert_eq!(meant("a_b_c", &tools), MeantName::Several(vec![0, 1, 2]));
    }

    #[test]
    fn a_server_is_known_before_its_tools_are() {
        let servers = ["git", "git-hub", "docs"];
        for (given, server) in [
            ("git.log", Some("git")),
            ("git-hub.search", Some("git-hub")),
            ("git_hub_search", Some("git-hub")),
            ("mcp__docs__find", Some("docs")),
            ("DOCS:find", Some("docs")),
            ("gitlab.search", None),
            ("docs", None),
            ("", None),
        ] {
            assert_eq!(server_in(given, &servers), server, "{given}");
        }
    }

    #[test]
    fn names_of_functions_are_plain() {
        assert_eq!(function_name("git-hub", "a.b/c-d"), "git_hub_a_b_c_d");
        assert_eq!(function_name("a", &"b".repeat(100)).len(), 64);
    }

    #[test]
    fn near_names_are_named() {
        let names = ["github.search_issues", "github.get_issue", "docs.find"];
        let names = names.map(str::to_owned);
        assert_eq!(
            near("github.serach_issues", &names)[0],
            "github.search_issues"
        );
        assert_eq!(near("list_issues", &names)[0], "github.search_issues");
        assert!(near("zzz", &names).is_empty());
        let many: Vec<String> = (0..20).map(|at| format!("a.t{at}")).collect();
        assert!(listed(&many).ends_with("`a.t7` and 12 more"));
    }
}
