//! What is searched for before a question: made of the question and, for a follow-up, of the
//! question and the answer before it. Pure.

use super::git_question::git_range;
use super::names::{is_in, is_path, names};
use super::question::says_little;
use super::shorten::task_of;
use super::task::is_plan;
use super::user_message::UserMessage;
use crate::message::Message;
use crate::tools::GitRange;

/// Most names that are taken over from the question and the answer before.
const MOST_NAMES: usize = 4;
/// Words of its own with which a message needs nothing from before, though it has `it` or `them`,
const ENOUGH_BESIDE_PRONOUN: usize = 3;
/// though it has `that function`, `the same`, `again`, or begins with `it`,
const ENOUGH_BESIDE_REFERENCE: usize = 7;
/// and though it asks about the session.
const ENOUGH_BESIDE_SESSION: usize = 1;
/// Longest message in another script that is taken for a follow-up, in characters.
const SHORT_IN_OTHER_SCRIPT: usize = 24;
/// Words of the longest question about uses.
const LONGEST_USES: usize = 14;
/// Bytes of a message that are read for names and words: behind them, it is most often a log.
const MOST_READ: usize = 16_000;
/// Shorter answers are not looked for in a message.
const SHORTEST_PLAN: usize = 20;

/// Words that say nothing about code.
const SMALL: &str = "a an and are as at be been but by can could did do does doing done for from \
     get give go going had has have help here how i if in is it its just let lets look make me my \
     no not nothing now of off ok okay on one ones or our out please really right see should show \
     so some still sure tell than that the their them then there these they thing things this \
     those to too try up us was we well were what when where which who why will with work worked \
     works would yeah yes you your again also explain actually again ahead instead exactly";
/// Words that only say to begin, beside the small ones.
const BEGINNING: &str = "all apply approved begin carry continue execute fine first good great \
     implement looks next perfect plan proceed sounds start step steps thanks thank everything";
/// Words with which tests are to be run, not looked at.
const RUNNING: &str = "execute fail failing fails pass passes passing rerun run running runs";
/// What short messages order: what was spoken of is changed.
const ORDERS: &str = "apply change do fix implement";
/// Words about what the agent does, which a question about the session has.
const SESSION: &str = "any anything build built change changed changes commit commits diff edit \
     edited edits far fail failed file files finish finished last made pass passed plan ran read \
     revert run said say session conversation answer summarize summary summarise test tested tests \
     touch touched undo write wrote explain already yet before all everything";
/// How a question about the session is recognised.
const ABOUT_SESSION: &str = "did you|have you|you did|you just|you change|you changed|you made|\
     you edited|you wrote|you said|you ran|your change|your changes|your edit|your edits|your last|\
     your answer|what changed|so far|are you";
/// Pronouns, which may also stand for something in the message itself.
const PRONOUNS: &str = "it its they them their there";
/// Words that point to what was said before.
const POINTING: &str = "again instead same old previous above latter former these those";
/// What `that` and `this` point with: `that function`, `where is that called`.
const POINTED_AT: &str = "and be called class code defined did do does done error field file for \
     from function has in is line macro method module name one ones or same struct test tests to \
     too trait type used value variable was with work works";
/// Beginnings of follow-ups.
const LEADING: &str = "and but so now then also";
/// Words between a verb and the name that it is about, or in place of one.
const NO_NAME: &str = "all any anything class code const constant else ever field file from \
     function functions macro method methods module name our struct the trait type value variable \
     anywhere everywhere currently still";

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RetrievalQuery {
    /// Nothing: the answer is in the conversation.
    Nothing,
    /// A text, as a query of the index.
    Search(String),
    /// Changes that git knows.
    Git(GitRange),
    /// The uses of a name.
    Uses {
        name: String,
        /// Whether it is written as a name; else it may be any word.
        is_sure: bool,
        /// What to search for if the name has no uses.
        otherwise: String,
    },
}

/// The last question and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    pub question: String,
    pub answer: String,
}

/// The last question of a conversation and what was answered; `None` before the first.
pub(super) fn last_exchange(messages: &[Message]) -> Option<Exchange> {
    let (_, task) = task_of(messages)?;
    let Message::User { text, .. } = &messages[task] else {
        return None;
    };
    let answer = messages[task..]
        .iter()
        .rev()
        .find_map(|message| match message {
            Message::Assistant { text, .. } if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        });
    Some(Exchange {
        question: UserMessage::parse(text).task().to_owned(),
        answer: answer.unwrap_or_default(),
    })
}

/// What to search for before a message is answered.
pub(super) fn retrieval_query(message: &str, before: Option<&Exchange>) -> RetrievalQuery {
    let message = message.trim();
    let read = beginning(message);
    let own = names(read);
    let words = words(read);
    if before.is_some_and(|before| has_plan(message, before)) {
        return RetrievalQuery::Nothing;
    }
    if let Some(range) = git_range(message) {
        return RetrievalQuery::Git(range);
    }
    let Some(before) = before else {
        return uses_or(&words, &own, &[], message.to_owned());
    };
    let is_order = words.iter().any(|word| is_in(&word.to_lowercase(), ORDERS));
    if says_little(message) && !is_order {
        return RetrievalQuery::Nothing;
    }
    if !own.is_empty() {
        return uses_or(&words, &own, &[], message.to_owned());
    }
    let begins = words.iter().all(|word| {
        let word = word.to_lowercase();
        is_in(&word, SMALL) || is_in(&word, BEGINNING)
    });
    let thanks = words
        .iter()
        .any(|word| is_in(&word.to_lowercase(), "thank thanks"));
    if is_about_session(&words) || begins && (thanks || is_plan(&before.answer)) {
        return RetrievalQuery::Nothing;
    }
    let mut telling = if begins { Vec::new() } else { telling(&words) };
    if !refers_back(read, &words, telling.len()) {
        return uses_or(&words, &own, &[], message.to_owned());
    }
    let mut earlier = names(beginning(&before.question));
    for name in names(beginning(&before.answer)) {
        if !earlier.contains(&name) {
            earlier.push(name);
        }
    }
    // The tests of what was spoken of, not the place where it is.
    let is_test = |word: &&str| is_in(&word.to_lowercase(), "test tests");
    let is_run = |word: &&str| is_in(&word.to_lowercase(), RUNNING);
    let tests = telling.iter().any(is_test) && !words.iter().any(is_run);
    if tests {
        telling.retain(|word| !is_test(word));
        telling.extend(["tests", "for"]);
        earlier.retain(|name| !is_path(name));
    }
    earlier.truncate(MOST_NAMES);
    if earlier.is_empty() && (telling.is_empty() || tests) {
        return RetrievalQuery::Nothing;
    }
    let query: Vec<&str> = telling
        .iter()
        .copied()
        .chain(earlier.iter().map(String::as_str))
        .collect();
    uses_or(&words, &own, &earlier, query.join(" "))
}

/// Whether a message has the answer before it: a plan that is carried out.
fn has_plan(message: &str, before: &Exchange) -> bool {
    let plan = before.answer.trim();
    plan.len() >= SHORTEST_PLAN && message.contains(plan)
}

/// The uses of a name if those are asked for, else a search.
fn uses_or(words: &[&str], own: &[String], earlier: &[String], query: String) -> RetrievalQuery {
    let identifier = |names: &[String]| names.iter().find(|name| !is_path(name)).cloned();
    let Some(object) = used_object(words) else {
        return RetrievalQuery::Search(query);
    };
    let name = match (identifier(own), object) {
        (Some(name), _) => Some((name, true)),
        (None, Some(word)) => Some((word.to_owned(), false)),
        (None, None) => identifier(earlier).map(|name| (name, true)),
    };
    match name {
        Some((name, is_sure)) => RetrievalQuery::Uses {
            name,
            is_sure,
            otherwise: query,
        },
        None => RetrievalQuery::Search(query),
    }
}

/// Whether a message asks for uses; with the word that stands where the name should.
fn used_object<'a>(words: &[&'a str]) -> Option<Option<&'a str>> {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    if words.len() > LONGEST_USES || lower.first().is_some_and(|word| word == "why") {
        return None;
    }
    let position = |list: &str| lower.iter().position(|word| is_in(word, list));
    let nameable = |word: &&&'a str| {
        let word = word.to_lowercase();
        !is_in(&word, SMALL) && !is_in(&word, NO_NAME)
    };
    // `callers of X`, `all usages of X`.
    let noun = position("callers usages references");
    if let Some(at) = noun
        && lower
            .get(at + 1)
            .is_some_and(|word| is_in(word, "of to for"))
    {
        return Some(words[at + 2..].iter().find(nameable).copied());
    }
    let asks = position("who what which where is are how find list")?;
    let asked = lower[asks].as_str();
    // `who calls X`, `which files use X`; not `what does X call`.
    let has_doer = lower.iter().any(|word| is_in(word, "does do did"));
    if is_in(asked, "who what which find list")
        && let Some(at) = position("uses calls imports invokes references")
            .or_else(|| position("use call import invoke").filter(|_| !has_doer))
        && at > asks
    {
        return Some(words[at + 1..].iter().find(nameable).copied());
    }
    // `where is X called`, `is X still used`.
    if is_in(asked, "where is are how")
        && let Some(at) = position("used called referenced invoked imported")
        && at > asks
    {
        return Some(words[asks + 1..at].iter().rev().find(nameable).copied());
    }
    // `where do we use X`.
    if asked == "where"
        && let Some(at) = position("use call")
        && lower[..at].iter().any(|word| is_in(word, "we you they i"))
    {
        return Some(words[at + 1..].iter().find(nameable).copied());
    }
    None
}

/// Whether a message is about what the agent did, not about the code.
fn is_about_session(words: &[&str]) -> bool {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let text = format!(" {} ", lower.join(" "));
    let is_named = ABOUT_SESSION
        .split('|')
        .any(|part| text.contains(&format!(" {part} ")))
        || lower.first().is_some_and(|word| is_in(word, "undo revert"));
    let beside = lower
        .iter()
        .filter(|word| !is_in(word, SMALL) && !is_in(word, SESSION));
    is_named && beside.count() <= ENOUGH_BESIDE_SESSION
}

/// Whether a message cannot be understood without what was said before.
fn refers_back(message: &str, words: &[&str], telling: usize) -> bool {
    if telling == 0 {
        return true;
    }
    let letters = || message.chars().filter(|c| c.is_alphabetic());
    if letters().any(|c| !c.is_ascii()) && !letters().any(|c| c.is_ascii()) {
        return message.chars().count() <= SHORT_IN_OTHER_SCRIPT;
    }
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let points = lower
        .iter()
        .enumerate()
        .any(|(at, word)| match word.as_str() {
            "that" | "this" => lower.get(at + 1).is_none_or(|next| is_in(next, POINTED_AT)),
            word => is_in(word, POINTING),
        });
    // `it should double each time: fix it`.
    let begins = lower
        .first()
        .is_some_and(|word| word != "there" && is_in(word, PRONOUNS) || is_in(word, "that this"));
    let leads = lower.first().is_some_and(|word| is_in(word, LEADING));
    let has_pronoun = lower.iter().any(|word| is_in(word, PRONOUNS));
    (points || begins) && telling <= ENOUGH_BESIDE_REFERENCE
        || (leads || has_pronoun) && telling <= ENOUGH_BESIDE_PRONOUN
}

fn telling<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let says = |word: &&&str| !is_in(&word.to_lowercase(), SMALL);
    words.iter().filter(says).copied().collect()
}

/// The part of a message that is read.
fn beginning(message: &str) -> &str {
    &message[..message.floor_char_boundary(MOST_READ)]
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '\'')))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before() -> Exchange {
        Exchange {
            question: "Where is fetch_page defined?".to_owned(),
            answer: "`fetch_page` is in `src/net/client.py:10-24`; it retries through \
                     `RetryPolicy`."
                .to_owned(),
        }
    }

    fn planned() -> Exchange {
        Exchange {
            question: "Add a cache to the client.".to_owned(),
            answer: "1. Add `Cache` to src/cache.py\n2. Use it in `fetch_page`".to_owned(),
        }
    }

    fn search(query: &str) -> RetrievalQuery {
        RetrievalQuery::Search(query.to_owned())
    }

    #[test]
    fn a_follow_up_is_searched_with_the_names_of_the_exchange_before() {
        let names = "fetch_page src/net/client.py:10-24 RetryPolicy";
        for (message, words) in [
            ("that did nothing. do it", ""),
            ("Please implement the plan.", ""),
            ("keep an alias for the old name", "keep alias old name "),
            ("and the error handling?", "error handling "),
            ("rename it everywhere", "rename everywhere "),
            (
                "it should double each time, but does not: fix it and run the tests",
                "double each time fix run tests ",
            ),
            (
                "their last letter is missing: fix it, and run its test",
                "last letter missing fix run test ",
            ),
            ("make that function async instead", "function async "),
            ("the same for the other client", "same other client "),
            (
                "what happens if it is called twice?",
                "happens called twice ",
            ),
            ("그건 어디에서 호출되나요?", "그건 어디에서 호출되나요 "),
        ] {
            let query = retrieval_query(message, Some(&before()));
            assert_eq!(query, search(&format!("{words}{names}")), "{message}");
        }
    }

    #[test]
    fn tests_are_searched_for_by_what_they_test() {
        for (message, words) in [
            ("Does it have tests?", ""),
            ("Now write a test for that.", "write "),
            ("also update the test for that", "update "),
        ] {
            let query = retrieval_query(message, Some(&before()));
            let expected = format!("{words}tests for fetch_page RetryPolicy");
            assert_eq!(query, search(&expected), "{message}");
        }
    }

    #[test]
    fn a_question_that_says_what_it_is_about_is_searched_as_it_is() {
        for message in [
            "How does the cache expire entries?",
            "How does the cache expire old entries when the disk is full and nobody reads?",
            "why did you change `parse_header`?",
            "Did you find where the retries are configured?",
            "What does parse_header call?",
            "what about src/net/server.py?",
            "Explain the code that parses HTTP headers in the server module",
            "Fix the parser so that it accepts empty input",
            "where is the timeout read from the settings file?",
        ] {
            for before in [None, Some(before()), Some(planned())] {
                let query = retrieval_query(message, before.as_ref());
                assert_eq!(query, search(message), "{before:?}");
            }
        }
    }

    #[test]
    fn what_is_in_the_conversation_is_not_searched_for() {
        for message in [
            "what did you change?",
            "did you run the tests?",
            "which tests did you run so far?",
            "undo that please",
            "are you sure?",
            "go on",
            "thanks, that works",
        ] {
            let query = retrieval_query(message, Some(&before()));
            assert_eq!(query, RetrievalQuery::Nothing, "{message}");
        }
        let plan = planned();
        let carried_out = format!("Carry out this plan, step by step:\n\n{}", plan.answer);
        for message in [
            "that did nothing. do it",
            "yes, go ahead with the plan",
            "Please implement the plan.",
            "go ahead and carry it out",
            &carried_out,
        ] {
            let query = retrieval_query(message, Some(&plan));
            assert_eq!(query, RetrievalQuery::Nothing, "{message}");
        }
    }

    #[test]
    fn a_question_about_uses_names_what_is_used() {
        for (message, wanted, sure) in [
            ("who uses RetryPolicy?", "RetryPolicy", true),
            ("show me all callers of fetch_page", "fetch_page", true),
            ("is dial still used anywhere?", "dial", false),
            ("which files import the requests module?", "requests", false),
            ("where is `dial()` called?", "dial", true),
        ] {
            for before in [None, Some(before())] {
                let query = retrieval_query(message, before.as_ref());
                let RetrievalQuery::Uses { name, is_sure, .. } = query else {
                    panic!("{message}: {query:?}");
                };
                assert_eq!((name.as_str(), is_sure), (wanted, sure), "{message}");
            }
        }
        for message in [
            "and where is that called?",
            "who calls it?",
            "what uses this class?",
        ] {
            let query = retrieval_query(message, Some(&before()));
            let is_asked = matches!(&query, RetrievalQuery::Uses { name, is_sure: true, .. }
                if name == "fetch_page");
            assert!(is_asked, "{message}: {query:?}");
            // Without a name there is nothing whose uses could be looked for.
            assert_eq!(retrieval_query(message, None), search(message));
        }
    }

    #[test]
    fn changes_are_shown_by_git_and_not_searched_for() {
        let since = GitRange::Since(Some("main".to_owned()));
        for (message, range) in [
            ("the diff?", GitRange::Uncommitted),
            ("what did I change since main?", since),
            ("does the last commit fix `dial`?", GitRange::LastCommits(1)),
        ] {
            for before in [None, Some(before())] {
                let query = retrieval_query(message, before.as_ref());
                assert_eq!(query, RetrievalQuery::Git(range.clone()), "{message}");
            }
        }
        let plan = planned();
        let carried_out = format!("Carry out this plan: review my changes\n\n{}", plan.answer);
        let query = retrieval_query(&carried_out, Some(&plan));
        assert_eq!(query, RetrievalQuery::Nothing);
    }

    #[test]
    fn of_a_long_message_the_beginning_is_read() {
        assert_eq!(beginning("short"), "short");
        assert_eq!(beginning(&"é".repeat(MOST_READ)).len(), MOST_READ);
        assert_eq!(beginning(&"錠".repeat(MOST_READ)).len(), MOST_READ - 1);
    }

    #[test]
    fn the_last_exchange_is_the_one_before_the_question() {
        assert_eq!(last_exchange(&[]), None);
        let said = |text: &str| Message::Assistant {
            text: text.to_owned(),
            thinking: String::new(),
            calls: Vec::new(),
        };
        let messages = [
            Message::user("First?"),
            said("One."),
            Message::user("## Found\n\nfn a() {}\n\n## Request\n\nSecond?"),
            said("I look."),
            said("Two."),
        ];
        let before = last_exchange(&messages).expect("an exchange");
        assert_eq!(before.question, "Second?");
        assert_eq!(before.answer, "Two.");
    }
}
