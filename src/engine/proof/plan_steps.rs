//! The steps of a plan, and which of them nothing was done about.

use ollacode_indexer::language::language_of;

/// Most steps that are looked at.
const MOST_STEPS: usize = 40;
/// Longest part of a step that is quoted, in characters.
const LONGEST_QUOTE: usize = 80;
/// Longest extension of a file name.
const LONGEST_EXTENSION: usize = 8;
/// Words of a step that changes something.
const CHANGING: &str = "\
    add adds change changes update updates edit edits write create remove delete rename fix \
    replace implement refactor move modify insert extend rewrite adjust introduce";
/// A step with one of these forbids something: what it names may be left alone.
const FORBIDDING: &str = "not cannot never without leave keep avoid except only";
const OTHER_FORBIDDING: &[&str] = &["n't", "n’t", "不", "别", "勿"];
/// What a request that has a plan carried out consists of; a longer one is a request of its own.
const GOING: &str = "\
    yes ok okay y go ahead do it please carry out the plan that now proceed continue start begin \
    implement execute then sure";

/// Extensions of files that no language has.
const TEXTS: &str = "txt rst cfg ini csv xml";
/// Names that look like files.
const PRODUCTS: &str = "\
    node.js next.js nuxt.js nest.js vue.js react.js express.js angular.js three.js d3.js";

/// A numbered step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlanStep {
    pub number: u32,
    /// Its beginning.
    pub text: String,
    /// The files that it names, if it forbids nothing.
    pub paths: Vec<String>,
    /// Whether it changes something, rather than to look or to run.
    pub changes: bool,
}

/// The steps of a numbered list.
pub(super) fn plan_steps(text: &str) -> Vec<PlanStep> {
    let mut steps: Vec<(u32, String)> = Vec::new();
    for line in text.lines() {
        match step_at(line) {
            Some(step) => steps.push(step),
            None => {
                if let Some((_, body)) = steps.last_mut() {
                    body.push('\n');
                    body.push_str(line);
                }
            }
        }
    }
    let steps = steps.into_iter().take(MOST_STEPS);
    steps.map(|(number, body)| step(number, &body)).collect()
}

/// Whether a request only says that a plan is to be carried out.
pub(super) fn says_go(request: &str) -> bool {
    let words = words(request);
    (1..=6).contains(&words.len()) && words.iter().all(|word| is_in(GOING, word))
}

/// The steps that name files of which none was changed, or, if the step changes nothing, none was
/// looked at. `named` are the texts of the calls that were made.
pub(super) fn untouched<'steps>(
    steps: &'steps [PlanStep],
    changed: &[String],
    named: &[String],
) -> Vec<&'steps PlanStep> {
    let is_touched = |step: &&PlanStep| {
        step.paths.iter().any(|path| {
            let is_changed = changed.iter().any(|changed| is_same(changed, path));
            is_changed || (!step.changes && named.iter().any(|text| text.contains(path.as_str())))
        })
    };
    steps
        .iter()
        .filter(|step| !step.paths.is_empty())
        .filter(|step| !is_touched(step))
        .collect()
}

/// Whether two paths mean the same file, as far as that can be told.
fn is_same(one: &str, other: &str) -> bool {
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short)
            .is_some_and(|head| head.is_empty() || head.ends_with('/'))
    };
    ends(one, other) || ends(other, one)
}

/// The number and the text of a line that begins a step.
fn step_at(line: &str) -> Option<(u32, String)> {
    let line = line.trim_start_matches([' ', '#', '*', '-']);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let body = line[digits..].strip_prefix(['.', ')'])?;
    // `1.5 s` is no step.
    let is_step = body.is_empty() || body.starts_with([' ', '*', '\t']);
    is_step.then(|| (line[..digits].parse().unwrap_or(0), body.to_owned()))
}

fn step(number: u32, body: &str) -> PlanStep {
    let first = body.trim().lines().next().unwrap_or_default();
    let text: String = first
        .trim_matches(['*', ' '])
        .chars()
        .take(LONGEST_QUOTE)
        .collect();
    let mut paths: Vec<String> = Vec::new();
    let is_forbidding = body.trim().split("\n\n").next().is_some_and(forbids);
    let lines = body.lines().filter(|line| !is_forbidding && !forbids(line));
    for path in lines.flat_map(str::split_whitespace).filter_map(path_in) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    PlanStep {
        number,
        text,
        paths,
        changes: words(body).iter().any(|word| is_in(CHANGING, word)),
    }
}

fn forbids(text: &str) -> bool {
    let lower = text.to_lowercase();
    OTHER_FORBIDDING.iter().any(|sign| lower.contains(sign))
        || words(&lower).iter().any(|word| is_in(FORBIDDING, word))
}

/// The path that a word is, without what stands around it: `(src/a.rs:12)`.
pub(in crate::engine) fn path_in(word: &str) -> Option<String> {
    let around = |sign: char| !sign.is_alphanumeric() && !matches!(sign, '_' | '.' | '/');
    let word = word.trim_matches(around).trim_end_matches('.');
    let word = word.split(':').next().unwrap_or(word);
    let word = word.trim_matches(around).trim_start_matches("./");
    let is_plain = word
        .chars()
        .all(|sign| sign.is_alphanumeric() || "_-./+@".contains(sign));
    let (stem, extension) = word.rsplit_once('.')?;
    let is_extension = extension.len() <= LONGEST_EXTENSION
        && extension.starts_with(|sign: char| sign.is_ascii_alphabetic());
    let is_text = is_in(TEXTS, extension);
    let is_file = word.contains('/') || is_text || language_of(word, "").is_some();
    let is_named = !is_in(PRODUCTS, &word.to_lowercase());
    let is_path = is_plain && !stem.is_empty() && is_extension && is_file && is_named;
    is_path.then(|| word.to_owned())
}

fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "Here is the plan:\n\n1. **Fix** `mean` in `src/stats.py:3`.\n\
                        2. Update docs/stats.md\n   and say what changed.\n\
                        3. Run `python3 tests/run.py`.\n4) Look again.";

    #[test]
    fn steps_have_their_files() {
        let steps = plan_steps(PLAN);
        let told: Vec<(u32, Vec<&str>, bool)> = steps
            .iter()
            .map(|step| {
                let paths = step.paths.iter().map(String::as_str).collect();
                (step.number, paths, step.changes)
            })
            .collect();
        assert_eq!(
            told,
            [
                (1, vec!["src/stats.py"], true),
                (2, vec!["docs/stats.md"], true),
                (3, vec!["tests/run.py"], false),
                (4, vec![], false),
            ]
        );
        assert_eq!(steps[1].text, "Update docs/stats.md");
        assert_eq!(plan_steps("It took 1.5 s.\n2026 was better.\n- a"), []);
    }

    #[test]
    fn what_nobody_touched_is_named() {
        let steps = plan_steps(PLAN);
        let left = |changed: &[&str], named: &[&str]| -> Vec<u32> {
            let owned = |texts: &[&str]| -> Vec<String> {
                texts.iter().map(|text| (*text).to_owned()).collect()
            };
            untouched(&steps, &owned(changed), &owned(named))
                .into_iter()
                .map(|step| step.number)
                .collect()
        };
        assert_eq!(left(&[], &[]), [1, 2, 3]);
        assert_eq!(left(&["src/stats.py"], &["python3 tests/run.py"]), [2]);
        // To read a file that is to be changed is not enough.
        assert_eq!(left(&[], &["src/stats.py", "tests/run.py"]), [1, 2]);
        assert_eq!(
            left(&["lib/src/stats.py", "docs/stats.md", "tests/run.py"], &[]),
            Vec::<u32>::new()
        );
    }

    #[test]
    fn a_step_that_forbids_requires_no_file() {
        for (plan, paths) in [
            ("1. Don't change src/b.rs.", vec![]),
            ("1. Do NOT touch src/b.rs.", vec![]),
            ("1. Leave `src/b.rs` as it is.", vec![]),
            ("1. Fix mean,\n   without a change of\n   src/b.rs.", vec![]),
            ("1. Change all but tests, only src/b.rs.", vec![]),
            ("1. 不要修改 src/b.rs", vec![]),
            (
                "1. Fix src/a.rs.\n\nDo not touch src/b.rs.",
                vec!["src/a.rs"],
            ),
            ("1. Fix the notes in src/a.rs.", vec!["src/a.rs"]),
        ] {
            let steps = plan_steps(plan);
            assert_eq!(steps[0].paths, paths, "{plan}");
        }
    }

    #[test]
    fn words_that_are_no_paths_are_let_be() {
        for word in [
            "1.5",
            "e.g.",
            "self.load",
            "v1.2.3",
            "Node.js",
            "mean()",
            "http",
            "..",
            ".",
        ] {
            assert_eq!(path_in(word), None, "{word}");
        }
        for (word, path) in [
            ("(src/a.rs:12)", "src/a.rs"),
            ("`./a.py`,", "a.py"),
            ("notes.txt", "notes.txt"),
            ("**docs/x.md**.", "docs/x.md"),
        ] {
            assert_eq!(path_in(word).as_deref(), Some(path), "{word}");
        }
    }

    #[test]
    fn a_short_consent_is_told_from_a_request() {
        for text in ["yes", "Do it.", "go ahead, please", "carry out the plan"] {
            assert!(says_go(text), "{text}");
        }
        for text in ["", "fix the parser", "do it, but leave step 2 out"] {
            assert!(!says_go(text), "{text}");
        }
    }
}
