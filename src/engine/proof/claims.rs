//! What an answer claims: that tests ran, that they pass, that everything is done.
//!
//! The words are read, not understood: a sentence counts only if it states something. Negations,
//! conditions, advice, questions, quotations and code do not.

mod other_languages;

use super::test_runs::is_test_word;

/// Longest part of a sentence that is quoted, in characters.
const LONGEST_QUOTE: usize = 120;

/// Words for tests.
const TESTS: &str = "\
    test tests testing suite testsuite pytest unittest unittests specs jest mocha vitest \
    ctest";
/// Words that stand for tests that were named earlier in the sentence.
const PRONOUNS: &str = "they these those all both everything it which";
/// Words that say that something passes.
const PASSING: &str = "\
    pass passes passed passing green succeed succeeds succeeded successful successfully";
/// Of those, the words that say it only of a run.
const SUCCESS: &str = "successful successfully";
const RUNNING: &str = "run runs ran rerun pass passes passed executed completed finished";
const CHANGING: &str = "\
    created added updated renamed written fixed moved removed deleted changed modified replaced \
    refactored generated installed implemented applied";
/// Words behind `passes` that are no object.
const NO_OBJECTS: &str = "\
    now again too with in on and but without for after under locally cleanly successfully";
/// After one of these words `passes` says what is passed on, not that a test passes.
const OBJECTS: &str = "a an the its it them this that to through by over code one two only as";
/// Words between `passes` and `tests`.
const BETWEEN: &str = "all the its every each our existing unit of both new full whole";
const AUXILIARIES: &str = "have has i've we've were was been";
const NEGATIONS: &str = "not no never without cannot nor none neither unable untested hardly";
/// Words of advice, plans and guesses.
const MODALS: &str = "\
    should would could might may must can will shall i'll we'll you'll they'll it'll need \
    needs let let's to expect expected likely probably presumably hopefully ought you please";
/// Those of them with which nobody says that something is done.
const GUESSES: &str = "should would could might may must can will shall i'll need needs";
/// Words that say that somebody else states it, or that the code does.
const REPORTING: &str = "\
    says said say claims claimed asks asked checks check ensures ensure verifies verify \
    requires require means asserts expects before make makes making quoted \
    confirm wants";
/// A sentence with one of these is a condition.
const CONDITIONS: &str = "if unless until till whether assuming provided suppose";
/// With one of these it is a condition unless it is told in the past.
const TIMES: &str = "once when whenever";
/// A clause that begins with one of these is advice.
const ADVICE: &str = "\
    run rerun re execute try use then next now check verify ensure make add remember";
/// What a sentence about tests that fail may call them, or their run.
const FAILING: &str = "it they these those some one two three others which run command exit test";
/// A failure with one of these is one of earlier times.
const MENDED: &str = "\
    fixed fixes fixing resolved repaired corrected anymore previously initially";
const DONE: &str = "done complete completed finished implemented carried made applied executed";
const WHOLE: &str = "all everything plan every both task tasks fully whole work implementation";
/// Who says one of these admits that something is left.
const ADMISSIONS: &[&str] = &[
    "not yet",
    "not done",
    "still to",
    "still needs",
    "left to",
    "remains",
    "remaining",
    "skipped",
    "todo",
    "unfinished",
    "incomplete",
    "did not",
    "didn't",
    "have not",
    "haven't",
    "has not",
    "hasn't",
    "could not",
    "couldn't",
    "cannot",
    "can't",
    "unable",
    "was not",
    "wasn't",
    "were not",
    "weren't",
    "no change",
];
/// What an answer claims, each as the sentence that says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// Tests pass.
    pub pass: Option<String>,
    /// Tests were run.
    pub ran: Option<String>,
    /// The speaker says of himself that he ran tests.
    pub is_own: bool,
    /// The answer says that something fails.
    pub admits_failure: bool,
    /// All that was to be done is done.
    pub done: Option<String>,
}

/// Reads the claims of an answer.
pub(super) fn claims(answer: &str) -> Claims {
    let sentences = sentences(answer);
    let mut found = Claims::default();
    let mut admits = false;
    for sentence in &sentences {
        let lower = sentence.plain.to_lowercase().replace('’', "'");
        found.admits_failure |= says_failure(&lower);
        admits |= ADMISSIONS.iter().any(|words| lower.contains(words));
        if sentence.is_question {
            continue;
        }
        let quote = || Some(quoted(&sentence.raw));
        let (passes, ran, is_own) = claims_of(&lower);
        if passes && found.pass.is_none() {
            found.pass = quote();
        }
        if ran && found.ran.is_none() {
            found.ran = quote();
        }
        found.is_own |= is_own;
        if found.done.is_none() && says_done(&lower) {
            found.done = quote();
        }
    }
    if admits {
        found.done = None;
    }
    found
}

/// The words of a text without code, quotations and quoted lines.
pub(super) fn without_code(text: &str) -> String {
    let plain: Vec<String> = sentences(text)
        .into_iter()
        .map(|sentence| {
            let marks = [" code ", " test ", " quoted "];
            marks
                .iter()
                .fold(sentence.plain, |text, mark| text.replace(mark, " "))
        })
        .collect();
    plain.join("\n")
}

/// Whether a sentence says that tests pass, that tests ran, and that the speaker ran them.
fn claims_of(sentence: &str) -> (bool, bool, bool) {
    if other_languages::says_passing(sentence) {
        return (true, false, false);
    }
    let all = words(sentence);
    let has_word = |list: &str| all.iter().any(|word| is_one_of(list, word));
    let is_past = has_word("passed ran now");
    let is_earlier = is_of_earlier_times(&all) && !has_word("now");
    if has_word(CONDITIONS) || (has_word(TIMES) && !is_past) || is_earlier {
        return (false, false, false);
    }
    let is_own = has_word("i we i've we've");
    let (mut passes, mut ran, mut names_tests) = (false, false, false);
    for clause in clauses(sentence) {
        let words = words(&clause);
        let pass = passing(&words, names_tests);
        let run = running(&words);
        passes |= pass.is_some_and(|at| is_stated(&words, at));
        ran |= run.is_some_and(|at| is_stated(&words, at));
        names_tests |= words.iter().any(|word| is_one_of(TESTS, word));
    }
    (passes, ran, ran && is_own)
}

/// Where a clause says that tests pass.
fn passing(words: &[String], names_tests: bool) -> Option<usize> {
    let is_in = |list: &str, at: usize| words.get(at).is_some_and(|word| is_one_of(list, word));
    (0..words.len()).find(|at| {
        let at = *at;
        let is_of_run = || (0..words.len()).any(|at| is_in(RUNNING, at));
        let is_of_change = || (0..words.len()).any(|at| is_in(CHANGING, at));
        let is_success = is_in(SUCCESS, at);
        if !is_in(PASSING, at) || (is_success && (!is_of_run() || is_of_change())) {
            return false;
        }
        let is_counted = at > 0 && words[at - 1].bytes().all(|byte| byte.is_ascii_digit());
        if is_counted && words[at] == "passed" {
            return true;
        }
        // `passes all the tests`
        let mut next = at + 1;
        while is_in(BETWEEN, next) || is_number(words.get(next)) {
            next += 1;
        }
        if is_in(TESTS, next) {
            return true;
        }
        // `the tests were run and passed`
        let is_first = names_tests && at == 0;
        let named = is_first
            || (0..at)
                .any(|before| is_in(TESTS, before) || (names_tests && is_in(PRONOUNS, before)));
        // `the test passes keyword arguments to mean`
        let has_object =
            words[at] == "passes" && at + 1 < words.len() && !is_in(NO_OBJECTS, at + 1);
        named && !has_object && !is_in(OBJECTS, at + 1)
    })
}

fn is_number(word: Option<&String>) -> bool {
    word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where a clause says that tests were run.
fn running(words: &[String]) -> Option<usize> {
    let is_in = |list: &str, at: usize| is_one_of(list, &words[at]);
    let tests = (0..words.len()).find(|at| is_in(TESTS, *at));
    let has_been = |at: usize| (at.saturating_sub(3)..at).any(|before| is_in(AUXILIARIES, before));
    (0..words.len()).find_map(|at| {
        let word = words[at].as_str();
        match word {
            "tested" => {
                let is_told = (0..at).any(|before| is_in("i we i've we've been", before));
                is_told.then_some(at)
            }
            "run" | "rerun" if has_been(at) => tests.map(|tests| tests.max(at)),
            "ran" | "reran" => tests.map(|tests| tests.max(at)),
            // Not `the tests are executed by CI`.
            "executed" if was_done(&words[..at]) => tests.map(|tests| tests.max(at)),
            _ => None,
        }
    })
}

/// Whether the words before a verb say that it is done, and not that it is what always happens.
fn was_done(before: &[String]) -> bool {
    let is_between = |word: &&String| word.ends_with("ly") || word.as_str() == "also";
    let last = before.iter().rev().find(|word| !is_between(word));
    last.is_some_and(|word| is_one_of("have has i've we've been was were i we", word))
}

/// Whether a sentence tells of earlier times: not `the previously failing test passes`.
fn is_of_earlier_times(words: &[String]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1).map_or("", String::as_str);
        match word.as_str() {
            "previously" if at == 0 => !next.starts_with("fail"),
            "previously" => is_one_of("ran run passed executed tested", next),
            "previous" => is_one_of("version versions release releases commit commits", next),
            "used" => next == "to",
            _ => false,
        }
    })
}

/// Whether a clause states what it says up to a word: it is no negation, advice or report.
fn is_stated(words: &[String], at: usize) -> bool {
    // `all tests continue to pass`
    let goes_on = at >= 2 && words[at - 1] == "to" && words[at - 2].starts_with("continue");
    let end = if goes_on { at - 2 } else { at };
    let head = &words[..end];
    let is_taken_back = |word: &String| {
        let is_listed = [NEGATIONS, MODALS, REPORTING]
            .iter()
            .any(|list| is_one_of(list, word));
        is_listed || word.ends_with("n't")
    };
    // `the tests passed before`
    let is_later = words.iter().any(|word| word == "before");
    let is_advice = words
        .first()
        .is_some_and(|word| is_one_of(ADVICE, word) && !is_told_now(words));
    !is_later && !is_advice && !head.iter().any(is_taken_back)
}

/// `now all tests pass`, `then the tests passed`: no advice, though it begins like one.
fn is_told_now(words: &[String]) -> bool {
    let first = words.first().map(String::as_str);
    let second = words.get(1).map(String::as_str);
    matches!(first, Some("now" | "then")) && !matches!(second, Some("run" | "rerun" | "execute"))
        || first == Some("re") && second == Some("ran")
}

/// Whether a sentence says that tests fail now: not `0 failed`, not `I fixed the failure`.
fn says_failure(sentence: &str) -> bool {
    let is_subject =
        |word: &String| is_one_of(TESTS, word) || is_one_of(FAILING, word) || is_number(Some(word));
    words(sentence).iter().any(is_subject)
        && clauses(sentence)
            .iter()
            .any(|clause| clause_says_failure(&words(clause)))
}

fn clause_says_failure(words: &[String]) -> bool {
    let has = |list: &str| words.iter().any(|word| is_one_of(list, word));
    let no_longer = words.windows(2).any(|pair| pair == ["no", "longer"]);
    if !has("still") && (no_longer || has(MENDED)) {
        return false;
    }
    (0..words.len()).any(|at| {
        let before = &words[at.saturating_sub(3)..at];
        let is_none = before
            .iter()
            .any(|word| is_one_of("0 no not zero without never", word));
        let last = before.last().map_or("", String::as_str);
        // `two tests are failing`, not `the failing test`
        let is_failing = words[at] == "failing" && is_one_of("is are still", last);
        let is_failure = is_one_of("fail fails failed failure failures", &words[at]);
        (is_failing || is_failure) && !is_none
    })
}

/// Whether a sentence says that all is done.
fn says_done(sentence: &str) -> bool {
    let words = words(sentence);
    let has = |list: &str| words.iter().any(|word| is_one_of(list, word));
    if has(CONDITIONS) || has(TIMES) || has(NEGATIONS) || has(GUESSES) {
        return false;
    }
    // `Done`, `All done: …`
    let first = clauses(sentence).into_iter().next().unwrap_or_default();
    let is_short = self::words(&first).len() <= 3 && ends_done(&first);
    is_short || (has(DONE) && has(WHOLE))
}

fn ends_done(clause: &str) -> bool {
    let last = words(clause).pop().unwrap_or_default();
    ["done", "finished", "complete", "completed"].contains(&last.as_str())
}

/// A sentence as it stands, and without code and quotations.
#[derive(Debug, Default)]
struct Sentence {
    raw: String,
    plain: String,
    is_question: bool,
}

/// The sentences outside of code blocks, quoted lines and open check boxes.
fn sentences(answer: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in answer.lines().map(str::trim) {
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) if line.starts_with('>') || line.contains("[ ]") => {}
            (None, None) => split_line(line, &mut found),
        }
    }
    found
}

fn split_line(line: &str, found: &mut Vec<Sentence>) {
    let mut sentence = Sentence::default();
    // The sign that closes a code span or a quotation, and what it holds so far.
    let mut inside: Option<(char, String)> = None;
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        sentence.raw.push(sign);
        inside = match (inside.take(), sign) {
            (Some((close, held)), sign) if sign == close => {
                sentence.plain.push_str(stand_in(close, &held));
                None
            }
            (Some((close, mut held)), sign) => {
                held.push(sign);
                Some((close, held))
            }
            (None, '`') => Some(('`', String::new())),
            (None, '"') => Some(('"', String::new())),
            (None, '“') => Some(('”', String::new())),
            (None, sign) => {
                let next = signs.peek().copied();
                if ends_sentence(sign, next) {
                    sentence.is_question = matches!(sign, '?' | '？');
                    push_sentence(&mut sentence, found);
                } else {
                    sentence.plain.push(sign);
                }
                None
            }
        };
    }
    // What is never closed was not opened.
    if let Some((_, held)) = inside {
        sentence.plain.push_str(&held);
    }
    push_sentence(&mut sentence, found);
}

fn ends_sentence(sign: char, next: Option<char>) -> bool {
    match sign {
        '!' | '?' | ';' | '。' | '！' | '？' | '；' => true,
        // Not the one in `a.py` or `1.5`.
        '.' => next.is_none_or(|next| !next.is_alphanumeric() && next != '_' && next != '/'),
        _ => false,
    }
}

fn push_sentence(sentence: &mut Sentence, found: &mut Vec<Sentence>) {
    let sentence = std::mem::take(sentence);
    if !sentence.plain.trim().is_empty() {
        found.push(sentence);
    }
}

/// What a code span or a quotation counts as.
fn stand_in(close: char, held: &str) -> &'static str {
    let held = held.to_lowercase();
    let is_test =
        |word: &str| is_test_word(word) || is_one_of(TESTS, word) || is_one_of("spec rspec", word);
    match close {
        '`' if held
            .split(|sign: char| !sign.is_alphanumeric())
            .any(is_test) =>
        {
            " test "
        }
        '`' => " code ",
        _ => " quoted ",
    }
}

/// The parts of a sentence that each say something.
fn clauses(sentence: &str) -> Vec<String> {
    const JOINTS: &[&str] = &[" and ", " but ", " while ", " although ", " so "];
    let mut marked = sentence.replace([',', ':', '(', ')', '—', '–', '|'], "\n");
    for joint in JOINTS {
        marked = marked.replace(joint, "\n");
    }
    let parts = marked.lines().map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a word is in a list of words with spaces between them.
fn is_one_of(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

fn words(text: &str) -> Vec<String> {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A sentence as it is quoted: without marks of lists and emphasis, cut.
fn quoted(raw: &str) -> String {
    let marks = |sign: char| sign.is_whitespace() || "*-#_>".contains(sign);
    let text = raw.trim_matches(marks);
    let cut: String = text.chars().take(LONGEST_QUOTE).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

#[cfg(test)]
mod tests;
