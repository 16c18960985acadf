//! Whether a request asks for a change of files: not only for words about one.

/// Verbs with which a change of files is asked for.
const CHANGES: &[&str] = &[
    "fix",
    "change",
    "rename",
    "implement",
    "refactor",
    "remove",
    "delete",
    "update",
    "replace",
    "edit",
    "insert",
    "convert",
    "correct",
    "extend",
    "modify",
    "apply",
    "bump",
    "add",
    "move",
];

/// Verbs that ask for one only beside something that files have.
const VAGUE_CHANGES: &[&str] = &["write", "create", "make", "set", "improve", "do"];

const OBJECTS: &[&str] = &[
    "file", "files", "test", "tests", "module", "class", "method", "endpoint", "option", "flag",
    "config", "script", "it",
];

/// First words of requests that only ask.
const ASKING: &[&str] = &[
    "how",
    "what",
    "why",
    "where",
    "which",
    "who",
    "when",
    "is",
    "are",
    "was",
    "does",
    "do",
    "did",
    "has",
    "have",
    "should",
    "would",
    "explain",
    "describe",
    "show",
    "tell",
    "list",
    "find",
    "review",
    "suggest",
    "propose",
    "compare",
    "summarise",
    "summarize",
];

const OTHER_CHANGES: &[&str] = &[
    "添加",
    "修改",
    "修复",
    "重命名",
    "删除",
    "实现",
    "改成",
    "创建",
    "更新",
    "추가해",
    "수정해",
    "고쳐",
    "바꿔",
    "삭제해",
    "구현해",
    "만들어",
    "변경해",
];

/// Phrases of requests to see or to hear how a change is made.
const SHOWING: &[&str] = &[
    "how to",
    "how do",
    "how does",
    "how can",
    "how could",
    "how would",
    "how should",
    "to know",
    "explain",
    "show me",
    "only show",
    "just show",
    "example of",
    "propose",
    "suggest",
];

/// Words before such a phrase with which it is part of what is changed, or comes after the change:
/// `add a note on how to build`, `fix it and show me the diff`.
const CARRYING: &[&str] = &["and", "then", "with", "on", "about", "an", "that", "to"];

/// The same in scripts without spaces between words, and refusals.
const OTHER_SHOWING: &[&str] = &[
    "如何",
    "怎么",
    "怎样",
    "어떻게",
    "不要修改",
    "先别",
    "不要改",
    "하지 마",
];

/// Beginnings and parts of requests that are put as questions in these scripts.
const OTHER_COURTESY: (&[&str], &[&str]) =
    (&["请", "能", "可以", "帮"], &["줄래", "줄 수", "주실"]);

const NEGATIONS: &[&str] = &["not", "don't", "dont", "never", "without"];

/// Beginnings of verbs that are negated where nothing is to be changed.
const NEGATED: &[&str] = &["apply", "chang", "edit", "modif", "touch", "writ"];

/// What follows such a verb if nothing at all is to be changed: `the tests` is only an exception.
const EVERYTHING: &[&str] = &[
    "anything", "any", "it", "them", "this", "that", "yet", "files", "code", "now", "changes",
];

/// How many words may stand between a negation and its verb.
const REACH: usize = 2;

/// Whether a request asks for a change of files.
pub(super) fn asks_for_change(request: &str) -> bool {
    let request = request.to_lowercase().replace('’', "'");
    let request = without_place(request.trim());
    let all = words_of(request);
    let (words, _) = without_courtesy(&all);
    let is_repeated = matches!(words, ["do", "it" | "that", ..]);
    let is_asking = words.first().is_some_and(|word| ASKING.contains(word)) && !is_repeated;
    let is_put_as_question = request.ends_with(['?', '？']) && !is_polite(request);
    if is_asking || is_put_as_question || is_shown(request, words) || is_refused(words) {
        return false;
    }
    if OTHER_CHANGES.iter().any(|word| request.contains(word)) {
        return true;
    }
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let names_file = request.contains('/')
        || request.split_whitespace().any(|word| {
            let inside = word.trim_matches(|c: char| !c.is_alphanumeric());
            inside.contains('.')
        });
    has(CHANGES) || (has(VAGUE_CHANGES) && (names_file || has(OBJECTS)))
}

fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .collect()
}

/// A request without the place that it begins with: `In a.rs, …`.
fn without_place(request: &str) -> &str {
    let is_place = ["in ", "for ", "with "]
        .iter()
        .any(|word| request.starts_with(word));
    match request.split_once(", ") {
        Some((_, rest)) if is_place => rest.trim_start(),
        _ => request,
    }
}

/// The words of a request after those of courtesy; whether it is put as `can you`.
fn without_courtesy<'w, 't>(mut words: &'w [&'t str]) -> (&'w [&'t str], bool) {
    let mut is_polite = false;
    loop {
        words = match words {
            [
                "please" | "kindly" | "so" | "and" | "then" | "now" | "ok" | "okay",
                rest @ ..,
            ] => rest,
            ["can" | "could" | "would" | "will", "you", rest @ ..] => {
                is_polite = true;
                rest
            }
            _ => return (words, is_polite),
        };
    }
}

/// Whether a question is a polite request, as a whole or in one of its clauses.
fn is_polite(request: &str) -> bool {
    let (beginnings, parts) = OTHER_COURTESY;
    let begins = beginnings.iter().any(|word| request.starts_with(word));
    if begins && !request.starts_with("请问") || parts.iter().any(|word| request.contains(word)) {
        return true;
    }
    request
        .split([',', '.', ';', ':', '!', '?', '\n'])
        .any(|clause| {
            let all = words_of(clause);
            let (words, is_polite) = without_courtesy(&all);
            let is_change = |word: &&str| CHANGES.contains(word) || VAGUE_CHANGES.contains(word);
            is_polite && words.first().is_some_and(is_change)
        })
}

/// Whether the user wants to see or to hear how a change is made.
fn is_shown(request: &str, words: &[&str]) -> bool {
    let begins_with_change = words.first().is_some_and(|word| CHANGES.contains(word));
    let spaced = format!(" {} ", words.join(" "));
    let is_meant = |phrase: &&str| {
        let phrase = format!(" {phrase} ");
        spaced.match_indices(&phrase).any(|(at, _)| {
            let before = spaced[..at].rsplit(' ').next().unwrap_or_default();
            !(begins_with_change && CARRYING.contains(&before))
        })
    };
    OTHER_SHOWING.iter().any(|word| request.contains(word)) || SHOWING.iter().any(is_meant)
}

/// Whether the user does not want anything to be changed.
fn is_refused(words: &[&str]) -> bool {
    // `it does not write anything` is what is to be changed.
    let is_verb =
        |word: &str| !word.ends_with('s') && NEGATED.iter().any(|verb| word.starts_with(verb));
    (0..words.len()).any(|at| {
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let is_order = words[at] != "not" || ["", "do", "but", "and", "please"].contains(&before);
        let verbs = at + 1..words.len().min(at + 2 + REACH);
        NEGATIONS.contains(&words[at])
            && is_order
            && verbs
                .filter(|verb| is_verb(words[*verb]))
                .any(|verb| is_everything(&words[verb + 1..]))
    })
}

/// Whether what follows a verb means all files.
fn is_everything(object: &[&str]) -> bool {
    match object {
        [] => true,
        ["anything" | "any", "else" | "other", ..] => false,
        ["the" | "my" | "a", "file" | "files" | "code", ..] => true,
        [first, ..] => EVERYTHING.contains(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_a_change_is_told_from_a_question() {
        for text in [
            "Fix the test.",
            "please rename `a` to `b`",
            "Can you add a flag?",
            "that did nothing. do it",
            "Write a test for src/a.rs",
            "make it faster in a.rs",
            "把函数改成异步",
            "이름을 바꿔 줘",
            "이름을 바꿔 줄래?",
            "能修改配置吗？",
            "Could you please fix a.rs?",
            "The test fails. Can you fix it?",
            "In a.rs, rename `a` to `b`",
            "Fix a.rs and show me the diff",
            "Add a note on how to build to README.md",
            "Fix a.rs, but do not change the tests",
            "Fix a.rs without changing anything else",
            "The server does not write anything. Fix it",
            "It never writes it, fix that",
        ] {
            assert!(asks_for_change(text), "{text}");
        }
        for text in [
            "What does it do?",
            "How would I add a flag?",
            "Explain the fix.",
            "Where is the retry delay set?",
            "Write a poem about Rust",
            "Please explain how to add a flag",
            "In Rust, how do I remove an item?",
            "I want to know how to update X",
            "Can you show me how to fix a.rs",
            "Please only show me a diff to fix a.rs, do not apply it",
            "Don't edit anything yet, propose a patch",
            "Don’t change the file, write a fix here",
            "A fix for a.rs without applying it",
            "Fix a.rs, but do not edit yet",
            "Give me an example of a test file",
            "Did you update the file?",
            "Would it help to add a flag?",
            "The function that you add, is it tested?",
            "如何修改配置？",
            "怎么删除一个分支",
            "它修改了配置吗？",
            "请问它修改了什么？",
            "어떻게 수정해",
            "",
        ] {
            assert!(!asks_for_change(text), "{text}");
        }
    }
}
