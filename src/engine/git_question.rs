//! Questions about what git knows: the last commit, what is not committed, what is new on a branch.
//! They are recognised by phrases. Pure.

use super::names::is_in;
use crate::tools::{Day, GitRange};

/// Bytes of a message that are read: behind them is most often what was pasted.
const MOST_READ: usize = 400;
/// Most commits that are shown at once.
const MOST_COMMITS: u32 = 10;

/// Branches and other names that are revisions without more ado.
const BRANCHES: &str = "main master trunk develop dev HEAD upstream origin";
/// Words before a revision.
const SINCE: &str = "since against versus vs seit gegenüber depuis desde с со";
/// Words behind a revision, where nothing is between them.
const SINCE_BEHIND: [&str; 9] = [
    "以来", "以後", "から", "之后", "以后", "이후", "이래", "부터", "대비",
];
/// Words that say that something is different.
const CHANGE: &str = "change changes changed commits diff differ differs difference differences \
     different done new work worked geändert änderungen unterschied changé changements modifié \
     cambiado cambios alterado modificato изменил изменилось";
/// Beginnings of words for the last one.
const LAST: [&str; 10] = [
    "last",
    "latest",
    "newest",
    "previous",
    "recent",
    "letzt",
    "dernier",
    "últim",
    "ultim",
    "последн",
];
/// The last commit, where words are not apart.
const LAST_COMMIT: [&str; 14] = [
    "最后一次提交",
    "最近一次提交",
    "上一次提交",
    "上次提交",
    "最新提交",
    "最新的提交",
    "最近的提交",
    "最後のコミット",
    "最新のコミット",
    "直前のコミット",
    "前回のコミット",
    "마지막 커밋",
    "최근 커밋",
    "직전 커밋",
];
/// After the last commit is nothing that is committed.
const SINCE_LAST_COMMIT: &str = "since the last commit|since last commit|since my last commit|\
     seit dem letzten commit|depuis le dernier commit|desde el último commit";
/// What is not committed.
const UNCOMMITTED: &str = "my changes|my diff|my edits|my modifications|my own changes|\
     my uncommitted changes|my local changes|my working tree|uncommitted changes|unstaged changes|\
     uncommitted work|local changes|pending changes|current diff|git diff|did i change|\
     have i changed|i have changed|i've changed|i changed|did i modify|did i edit|\
     did i break|have i broken|did i forget|did i miss|\
     meine änderungen|meinen änderungen|meiner änderungen|habe ich geändert|ich geändert habe|\
     mes changements|mes modifications|j'ai modifié|j'ai changé|mis cambios|he cambiado|\
     minhas alterações|minhas mudanças|mie modifiche|ho modificato|мои изменения|моих изменений|\
     я изменил";
/// The same where words are not apart.
const UNCOMMITTED_RUNS: [&str; 16] = [
    "我的修改",
    "我的改动",
    "我的更改",
    "我改了什么",
    "我修改了什么",
    "未提交",
    "私の変更",
    "自分の変更",
    "未コミット",
    "私が変更した",
    "내 변경",
    "내가 변경",
    "내가 바꾼",
    "내가 수정",
    "커밋하지 않은",
    "커밋되지 않은",
];
/// The same, unless the message may be about code that deals with it.
const WEAK: &str = "the diff|this diff|commit message|den diff|der diff|le diff|el diff";
/// What may be behind such a phrase.
const CLAUSE_END: &str = "and of for please do does did is ok okay right correct good fine against \
     since now to that so tell then look looks with before";
/// Words of a message about code.
const ABOUT_CODE: &str = "where how which who wo wie où dónde";
/// What is staged.
const STAGED: &str = "staged changes|staged diff|is staged|i staged|have staged|staged files|\
     staged so far";
/// The branch that is worked on.
const BRANCH: &str = "this branch|my branch|current branch|my feature branch|this pr|my pr|the pr|\
     this pull request|my pull request|the pull request|this merge request|diesem branch|\
     cette branche|esta rama";
/// What is asked of a branch, beside what is different.
const REVIEWING: &str = "review check summarize summarise explain describe look what";
/// Days that changes are counted from, behind a word of [`SINCE`].
const DAYS: [(&str, Day); 14] = [
    ("yesterday", Day::Yesterday),
    ("gestern", Day::Yesterday),
    ("hier", Day::Yesterday),
    ("ayer", Day::Yesterday),
    ("вчера", Day::Yesterday),
    ("вчерашнего", Day::Yesterday),
    ("today", Day::Today),
    ("this morning", Day::Today),
    ("heute", Day::Today),
    ("hoy", Day::Today),
    ("last week", Day::LastWeek),
    ("letzter woche", Day::LastWeek),
    ("la semaine dernière", Day::LastWeek),
    ("la semana pasada", Day::LastWeek),
];
/// The same before a word of [`SINCE_BEHIND`].
const DAY_RUNS: [(&str, Day); 3] = [
    ("昨天", Day::Yesterday),
    ("昨日", Day::Yesterday),
    ("어제", Day::Yesterday),
];
/// What is done with changes or commits without a look at them.
const ORDERS: &str = "undo revert amend squash drop discard stash push cherry-pick rebase reset \
     reword annule annuler deshaz deshacer отмени откати";
/// Words before such an order.
const BEFORE_ORDERS: &str = "please can could would will you i we want like need have to let's lets \
     let us just now how do";
/// Such orders at the end, or where words are not apart.
const ORDER_RUNS: [&str; 9] = [
    "rückgängig",
    "zurücksetzen",
    "撤销",
    "撤消",
    "回滚",
    "取り消し",
    "取消",
    "元に戻",
    "되돌",
];
/// Where commits are not those of git.
const DATABASE: &str = "transaction transactions database databases savepoint kafka offset offsets";
/// What was not done to a file.
const NO_CHANGE: &str = "my mind|my opinion|if i changed|if i have changed|when i changed";

/// What git is to show for a message; `None` if the message is about something else.
pub(super) fn git_range(message: &str) -> Option<GitRange> {
    let read = &message[..message.floor_char_boundary(MOST_READ)];
    let read = read.replace('’', "'");
    let words = words(&read);
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let text = format!(" {} ", lower.join(" "));
    if has(&text, NO_CHANGE) {
        return None;
    }
    let runs = read.to_lowercase();
    let has_run = |list: &[&str]| list.iter().any(|run| runs.contains(run));
    if is_order(&lower) || has_run(&ORDER_RUNS) {
        return None;
    }
    let is_different = lower.iter().any(|word| is_in(word, CHANGE)) || has_run(&["变", "変", "변"]);
    if has(&text, SINCE_LAST_COMMIT) {
        return Some(GitRange::Uncommitted);
    }
    if let Some(revision) = revision(&words, &lower, &runs).filter(|_| is_different) {
        return Some(GitRange::Since(Some(revision)));
    }
    if let Some(day) = day(&text, &runs).filter(|_| is_different) {
        return Some(GitRange::SinceDay(day));
    }
    let reviews = lower.iter().any(|word| is_in(word, REVIEWING));
    if has(&text, BRANCH) && (is_different || reviews) {
        return Some(GitRange::Since(None));
    }
    if let Some(number) = last_commits(&lower) {
        return Some(GitRange::LastCommits(number));
    }
    if has_run(&LAST_COMMIT) {
        return Some(GitRange::LastCommits(1));
    }
    if has(&text, STAGED) {
        return Some(GitRange::Staged);
    }
    let is_uncommitted = has(&text, UNCOMMITTED) || has_run(&UNCOMMITTED_RUNS);
    (is_uncommitted || is_weak(&text, &lower)).then_some(GitRange::Uncommitted)
}

/// Whether a text has one of some phrases, divided by `|`, as whole words.
fn has(text: &str, phrases: &str) -> bool {
    let mut phrases = phrases.split('|');
    phrases.any(|phrase| text.contains(&format!(" {} ", phrase.trim())))
}

/// Whether something is to be done with changes, rather than said about them.
fn is_order(lower: &[String]) -> bool {
    let mut words = lower.iter();
    let first = words.find(|word| !is_in(word, BEFORE_ORDERS));
    first.is_some_and(|word| is_in(word, ORDERS))
}

/// The day that changes are counted from: `since yesterday`, `昨天以来`.
fn day(text: &str, runs: &str) -> Option<Day> {
    let is_named = |name: &str| {
        let mut since = SINCE.split_whitespace();
        since.any(|since| text.contains(&format!(" {since} {name} ")))
    };
    let is_run = |name: &str| {
        let behind = runs.split_once(name).map(|(_, behind)| behind);
        behind.is_some_and(|behind| SINCE_BEHIND.iter().any(|word| behind.starts_with(word)))
    };
    let named = DAYS.iter().find(|(name, _)| is_named(name));
    let found = named.or_else(|| DAY_RUNS.iter().find(|(name, _)| is_run(name)));
    found.map(|(_, day)| *day)
}

/// Whether a message names the diff and is not about code that makes one.
fn is_weak(text: &str, lower: &[String]) -> bool {
    if lower.iter().any(|word| is_in(word, ABOUT_CODE)) {
        return false;
    }
    WEAK.split('|').any(|phrase| {
        let phrase = format!(" {} ", phrase.trim());
        let behind = text.split_once(&phrase).map(|(_, behind)| behind);
        let next = behind.map(|behind| behind.split(' ').next().unwrap_or_default());
        next.is_some_and(|next| next.is_empty() || is_in(next, CLAUSE_END))
    })
}

/// How many of the last commits are asked for.
fn last_commits(lower: &[String]) -> Option<u32> {
    let is_last = |at: Option<usize>| {
        let word = at.and_then(|at| lower.get(at));
        word.is_some_and(|word| LAST.iter().any(|last| word.starts_with(last)))
    };
    if lower.iter().any(|word| is_in(word, DATABASE)) {
        return None;
    }
    lower.iter().enumerate().find_map(|(at, word)| {
        if !is_in(word, "commit commits") && !word.starts_with("коммит") {
            return None;
        }
        if is_last(at.checked_sub(1)) {
            return Some(1);
        }
        let number = lower
            .get(at.checked_sub(1)?)
            .and_then(|word| number(word))?;
        is_last(at.checked_sub(2)).then_some(number.clamp(1, MOST_COMMITS))
    })
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [(&str, u32); 7] = [
        ("two", 2),
        ("zwei", 2),
        ("deux", 2),
        ("dos", 2),
        ("three", 3),
        ("few", 3),
        ("five", 5),
    ];
    let named = WORDS.iter().find(|(name, _)| *name == word);
    named
        .map(|(_, number)| *number)
        .or_else(|| word.parse().ok())
}

/// The revision that changes are counted from: `since main`, `compared to v1.2`, `main以来`.
fn revision(words: &[&str], lower: &[String], runs: &str) -> Option<String> {
    let is_before = |at: usize| {
        let before = |back: usize| at.checked_sub(back).and_then(|at| lower.get(at));
        let is_one_of = |word: Option<&String>, list: &str| word.is_some_and(|it| is_in(it, list));
        let is_since = is_one_of(before(1), SINCE);
        let is_compared = is_one_of(before(1), "to with") && is_one_of(before(2), "compared diff");
        is_since || is_compared
    };
    let named = words.iter().enumerate();
    let named = named.filter(|(at, word)| is_revision(word) && is_before(*at));
    let named = named.map(|(_, word)| (*word).to_owned()).next();
    named.or_else(|| {
        let mut branches = BRANCHES.split_whitespace();
        let is_followed = |branch: &&str| {
            runs.split_once(*branch).is_some_and(|(before, behind)| {
                let is_whole = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
                let behind = behind.trim_start();
                is_whole && SINCE_BEHIND.iter().any(|word| behind.starts_with(word))
            })
        };
        branches.find(is_followed).map(str::to_owned)
    })
}

/// Whether a word names a revision, and nothing else: it becomes part of a command.
fn is_revision(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-~^".contains(c);
    if !word.chars().all(is_plain) || !word.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return false;
    }
    let rest = word.strip_prefix('v').unwrap_or(word);
    let is_version = rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains('.');
    let has_digit = word.contains(|c: char| c.is_ascii_digit());
    let is_id = (7..=40).contains(&word.len())
        && has_digit
        && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_relative = word.starts_with("HEAD") && word[4..].starts_with(['~', '^']);
    let is_path = word.contains('/') && !word.contains('.');
    is_in(word, BRANCHES) || is_version || is_id || is_relative || is_path
}

/// The words of a text, with the signs that revisions have.
fn words(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || "._/-~^'".contains(c);
    text.split(|c: char| !is_part(c))
        .map(|word| word.trim_matches(|c: char| ".-'/_".contains(c)))
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(name: &str) -> GitRange {
        GitRange::Since(Some(name.to_owned()))
    }

    #[test]
    fn questions_about_changes_are_recognised() {
        for (message, range) in [
            ("What did the last commit do?", GitRange::LastCommits(1)),
            (
                "why did the most recent commit break the build?",
                GitRange::LastCommits(1),
            ),
            ("Summarize the last 3 commits.", GitRange::LastCommits(3)),
            ("explain the last two commits", GitRange::LastCommits(2)),
            ("last 500 commits please", GitRange::LastCommits(10)),
            ("review my changes", GitRange::Uncommitted),
            ("Is the diff ok?", GitRange::Uncommitted),
            (
                "Please review the diff, and be strict.",
                GitRange::Uncommitted,
            ),
            ("write a commit message", GitRange::Uncommitted),
            ("what did I change?", GitRange::Uncommitted),
            (
                "I’ve changed the parser. Is it right?",
                GitRange::Uncommitted,
            ),
            (
                "what did I change since the last commit?",
                GitRange::Uncommitted,
            ),
            ("are the staged changes complete?", GitRange::Staged),
            ("what did I change since main?", since("main")),
            ("what changed since v1.2.0?", since("v1.2.0")),
            (
                "show the diff against origin/release",
                since("origin/release"),
            ),
            ("what is different compared to HEAD~3", since("HEAD~3")),
            ("review this branch", GitRange::Since(None)),
            ("review my branch", GitRange::Since(None)),
            ("did I break something?", GitRange::Uncommitted),
            (
                "does the last commit revert the fix?",
                GitRange::LastCommits(1),
            ),
            (
                "what changed since yesterday?",
                GitRange::SinceDay(Day::Yesterday),
            ),
            (
                "What have I changed since last week?",
                GitRange::SinceDay(Day::LastWeek),
            ),
            ("What changed in this PR?", GitRange::Since(None)),
        ] {
            assert_eq!(git_range(message), Some(range), "{message}");
        }
    }

    #[test]
    fn so_are_those_in_other_languages() {
        for (message, range) in [
            ("Was macht der letzte Commit?", GitRange::LastCommits(1)),
            ("Prüfe meine Änderungen", GitRange::Uncommitted),
            ("Was habe ich geändert?", GitRange::Uncommitted),
            ("Was habe ich seit main geändert?", since("main")),
            (
                "Was habe ich seit gestern geändert?",
                GitRange::SinceDay(Day::Yesterday),
            ),
            ("昨天以来有什么变化?", GitRange::SinceDay(Day::Yesterday)),
            ("Explique le dernier commit", GitRange::LastCommits(1)),
            ("Relis mes modifications", GitRange::Uncommitted),
            ("Revisa mis cambios", GitRange::Uncommitted),
            ("¿Qué hace el último commit?", GitRange::LastCommits(1)),
            ("Что сделал последний коммит?", GitRange::LastCommits(1)),
            ("检查我的修改", GitRange::Uncommitted),
            ("上次提交做了什么?", GitRange::LastCommits(1)),
            ("从main以来有什么变化?", since("main")),
            ("最後のコミットを説明して", GitRange::LastCommits(1)),
            ("mainから何が変わった?", since("main")),
            ("마지막 커밋을 설명해줘", GitRange::LastCommits(1)),
            ("내 변경 사항을 검토해줘", GitRange::Uncommitted),
            ("main 이후 변경된 것은?", since("main")),
        ] {
            assert_eq!(git_range(message), Some(range), "{message}");
        }
    }

    #[test]
    fn other_questions_are_not_about_git() {
        for message in [
            "what did you change?",
            "your last change broke it",
            "Where is the diff rendered?",
            "how is the diff computed",
            "explain the diff view",
            "fix the commit message parser",
            "I changed my mind, keep it",
            "what if I changed the timeout?",
            "keep an alias for the old name",
            "which branch of the match handles it?",
            "undo my last commit",
            "Please revert my changes.",
            "how do I undo the last commit?",
            "can you squash the last 3 commits",
            "Mach meine Änderungen rückgängig",
            "撤销上次提交",
            "最後のコミットを取り消して",
            "마지막 커밋을 되돌려줘",
            "after the last commit the transaction hangs",
            "change the call from main to run",
            "where is the last line of the file read?",
            "",
        ] {
            assert_eq!(git_range(message), None, "{message}");
        }
    }

    #[test]
    fn only_plain_names_become_part_of_a_command() {
        for word in [
            "main",
            "v1.2",
            "1.2.0",
            "HEAD~3",
            "HEAD^",
            "feature/x",
            "0a1b2c3",
        ] {
            assert!(is_revision(word), "{word}");
        }
        for word in [
            "",
            "--all",
            "-x",
            "a'b",
            "$(x)",
            "main;ls",
            "we",
            "yesterday",
            "src/a.rs",
            "HEADS",
        ] {
            assert!(!is_revision(word), "{word}");
        }
    }
}
