//! Rules of any kind in any order: `deny` and `ask` never loosen, `allow` never tightens.

use proptest::prelude::*;

use super::*;

const LEVELS: [Confinement; 3] = [Confinement::Full, Confinement::Landlock, Confinement::None];

/// Tables of rules, and effects that some of them name.
fn table() -> impl Strategy<Value = (&'static str, String)> {
    let path = "(a|b|\\*|\\*\\*|c\\.txt|/etc|/w/a|~|\\.env)(/(a|b|\\*|\\*\\*))?/?";
    let command = "(make|ls|git|sh)( (a|push|-x|\\*)){0,2}( \\.\\.\\.)?";
    let tool = "(github|\\*|gi\\?hub)\\.(a|b|\\*|A|a_b)";
    let rule = prop_oneof![
        tool.prop_map(|text| format!("tool = '{text}'")),
        ("(read|write)", path).prop_map(|(kind, text)| format!("{kind} = '{text}'")),
        ("(command|network)", command).prop_map(|(kind, text)| format!("{kind} = '{text}'")),
    ];
    (prop_oneof![Just("deny"), Just("ask"), Just("allow")], rule)
}

fn joined(tables: &[(&str, String)]) -> String {
    let table = |(verdict, rule): &(&str, String)| format!("[[{verdict}]]\n{rule}\n");
    tables.iter().map(table).collect()
}

fn any_effect() -> impl Strategy<Value = String> {
    prop_oneof![
        "(read|write|secret|hook) (a|b|A|\\.env|c\\.txt)(/(a|b|c))?",
        "(read|write) /(etc|nowhere/me|tmp)(/(a|b))?",
        "call (github|other)\\.(a|b|A|a-b|x\\.b)",
        "own a_tool (make|ls|git push|sh -c a|cat b)",
        "run (make|ls|git|sh|cat)( (a|b/c|push|-x|/etc/a)){0,3}((; |\\| |\\$\\()(ls|git push|make\\)?))?",
    ]
}

/// How strict the rules are with an effect in each mode and at each level.
fn outcomes(text: &str, words: &str) -> Vec<usize> {
    let (rules, effect) = (rules(text), effect(words));
    let all = MODES
        .iter()
        .flat_map(|mode| LEVELS.iter().map(move |level| (*mode, *level)));
    all.map(|(mode, level)| strictness(&permission(&effect, mode, level, &rules)))
        .collect()
}

proptest! {
    #[test]
    fn order_makes_no_difference(
        tables in prop::collection::vec(table(), 0..6).prop_shuffle(),
        words in any_effect(),
    ) {
        let (tables, _): (Vec<_>, Vec<_>) = tables.into_iter()
            .partition(|table| parsed(&joined(std::slice::from_ref(table))).1.is_empty());
        let mut sorted = tables.clone();
        sorted.sort();
        prop_assert_eq!(outcomes(&joined(&tables), &words), outcomes(&joined(&sorted), &words));
    }

    #[test]
    fn what_forbids_never_loosens_and_what_allows_never_tightens(
        tables in prop::collection::vec(table(), 0..5),
        added in table(),
        words in any_effect(),
    ) {
        let holds = |table: &(&str, String)| parsed(&joined(std::slice::from_ref(table))).1.is_empty();
        prop_assume!(holds(&added));
        let mut tables: Vec<_> = tables.into_iter().filter(holds).collect();
        let before = outcomes(&joined(&tables), &words);
        let loosens = added.0 == "allow";
        tables.push(added);
        for (before, after) in before.into_iter().zip(outcomes(&joined(&tables), &words)) {
            let is_right = if loosens { after <= before } else { after >= before };
            prop_assert!(is_right);
            // Nothing lifts a denial, but that of what lies outside.
            prop_assert!(before < 3 || after == 3 || words.contains(" /"));
        }
    }

    #[test]
    fn any_bytes_are_taken(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        pieces in "(\\[\\[|\\]\\]|deny|allow|exclude|read|command|=|'|\"|\\[|\\]|,|\n| |\\*|\\.\\.\\.|\u{202e}|é|~|/){0,30}",
        words in any_effect(),
    ) {
        for text in [String::from_utf8_lossy(&bytes).into_owned(), pieces] {
            let (user, _) = parsed(&text);
            let repository = RepositoryRules::parse(&text);
            prop_assert!(repository.rules.iter().all(|rule| rule.verdict != RuleVerdict::Allow));
            let rules = Rules::new(Path::new("/w"), &user, repository);
            let _ = permission(&effect(&words), Mode::Ask, Confinement::Full, &rules);
            let _ = permission(&command(&text), Mode::Ask, Confinement::Full, &rules);
        }
    }
}
