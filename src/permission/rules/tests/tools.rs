//! Rules by the names of tools.

use super::*;

/// Two tools of the user, and a server.
const TOOLS: &str = "[[tool]]\nname = 'jq_query'\ndescription = 'A.'\ncommand = ['jq', '{x}']\n\
                     parameters = { x = 'text' }\n\
                     [[tool]]\nname = 'shell_it'\ndescription = 'A.'\ncommand = ['sh', '-c', '{x}']\n\
                     parameters = { x = 'text' }\n";

#[test]
fn tools_are_ruled_by_their_names() {
    for (text, cases) in [
        (
            "",
            &["call github.search ??+-", "own jq_query jq . r++r"][..],
        ),
        (
            "[[allow]]\ntool = 'github.search_*'\n[[deny]]\ntool = 'github.*delete*'",
            &[
                "call github.search_issues +++-",
                "call github.Search_issues ??+-",
                "call github.search_and_delete ----",
                "call GITHUB.Delete-Repo ----",
                "call gitlab.delete ??+-",
                "own jq_query jq . r++r",
            ],
        ),
        (
            "[[ask]]\ntool = ['github.search', 'jq_query']\n[[allow]]\ntool = ['*', 'github.*']",
            &[
                "call github.search ??+-",
                "call github.read +++-",
                "own jq_query jq . ??+-",
                "own jq_query ls ??+?",
                "own shell_it jq . +++r",
                "run jq . r++r",
            ],
        ),
        (
            "[[deny]]\ntool = 'jq-*'",
            &[
                "own jq_query jq . ----",
                "own shell_it jq . r++r",
                "run jq . r++r",
            ],
        ),
        // What is denied stays so, whatever tool runs it; and what may be denied is asked about.
        (
            "[[deny]]\ncommand = 'rm'\n[[allow]]\ntool = 'shell_it'",
            &[
                "own shell_it rm a ----",
                "own shell_it sh -c 'rm a' ----",
                "own shell_it sh -c '$(cat x) a' ???-",
                "own shell_it sh -c 'ls' +++r",
            ],
        ),
        // Without a dot, servers are denied as a whole.
        (
            "[[deny]]\ntool = '*'",
            &["call github.search ----", "own jq_query jq . ----"],
        ),
    ] {
        let rules = rules(&format!("{text}\n{TOOLS}"));
        for case in cases {
            let (words, expected) = case.rsplit_once(' ').unwrap();
            assert_eq!(row(&rules, words), expected, "{text}\n{words}");
        }
    }
}

#[test]
fn what_a_rule_asks_is_asked_every_time() {
    let rules = rules(&format!(
        "[[ask]]\ntool = ['github.search', 'jq_query']\n{TOOLS}"
    ));
    for (words, asks) in [
        ("call github.search", true),
        ("call github.read", false),
        ("own jq_query jq .", true),
        ("own shell_it jq .", false),
        ("run jq .", false),
    ] {
        assert_eq!(rules.asks(&effect(words)), asks, "{words}");
    }
}

#[test]
fn a_rule_for_no_tool_is_an_error() {
    for (text, expected) in [
        (
            "[[deny]]\ntool = 'jq_qeury'",
            "matches no `[[tool]]` of this file",
        ),
        (
            "[[allow]]\ntool = 'github'",
            "as `server.tool` or `server.*`",
        ),
        (
            "[[deny]]\ntool = 'run_command'",
            "`run_command` is a tool of ollacode itself, which is judged by what it does: use `command`",
        ),
        ("[[deny]]\ntool = 'a b'", "no tool has ` ` in its name"),
        (
            "[[deny]]\ntool = [['a', 'b']]",
            "it must be a string or a list",
        ),
        ("[[deny]]\ntool = []", "`deny tool` is empty"),
        (
            "[[deny]]\ntool = 'github.delete_*'\nexamples = ['github.drop']",
            "does not match its example `github.drop`",
        ),
        (
            "[[deny]]\ntool = 'github.delete_*'\ncounterexamples = ['github.delete_all']",
            "matches its counterexample `github.delete_all`",
        ),
    ] {
        let (_, problems) = parsed(&format!("{text}\n{TOOLS}"));
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{text}: {problems:?}");
        let line = if text.contains("examples") {
            "3: "
        } else {
            "2: "
        };
        assert!(problems[0].starts_with(line), "{text}: {problems:?}");
    }
    let right = "[[deny]]\ntool = ['jq_query', 'jq*', 'github.delete_*']\n[[allow]]\ntool = '*.*'";
    assert_eq!(parsed(&format!("{right}\n{TOOLS}")).1, Vec::<String>::new());
}

#[test]
fn rules_about_servers_that_are_not_there_are_told() {
    let (user, _) = parsed(&format!(
        "[[deny]]\ntool = ['githb.*', 'jq_query']\n{TOOLS}"
    ));
    assert_eq!(
        user.rules_without_server(),
        [
            "the rule `deny tool = 'githb.*'` (config.toml:2) is about no server of this file, only \
             about those of a repository's `.mcp.json`"
        ]
    );
}

#[test]
fn a_repository_can_only_forbid_tools() {
    let repository = RepositoryRules::parse(
        "[[deny]]\ntool = 'github.delete'\n[[ask]]\ntool = 'jq_query'\n[[allow]]\ntool = 'shell_it'\n",
    );
    let warning = repository.warning.clone().unwrap();
    assert!(
        warning.contains("a repository cannot set `allow`"),
        "{warning}"
    );
    let (user, _) = parsed(TOOLS);
    let rules = Rules::new(Path::new("/w"), &user, repository);
    assert_eq!(row(&rules, "call github.Delete"), "----");
    assert_eq!(row(&rules, "own jq_query jq ."), "??+-");
    assert_eq!(row(&rules, "own shell_it jq ."), "r++r");
}
