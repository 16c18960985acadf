//! Plans in answers: numbered lists, however they are laid out.

use super::{PlanError, TaskPlan, TaskStep};
use crate::engine::proof::plan_steps::path_in;

/// More steps than this are no plan, and are not collected.
const MOST_COLLECTED: usize = 40;
/// Words before the command or the sentence that says how a step is checked.
const CHECKS: [&str; 6] = [
    "check:",
    "checked by:",
    "checks:",
    "verify:",
    "test:",
    "verification:",
];

/// How the numbers of a list are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// `1. …`, `1) …`, `**1.** …`, `- 1. …`
    Plain,
    /// `### 1. …`
    Heading,
    /// `Step 1: …`, `### Step 1 – …`, `**Step 1**: …`
    Word,
}

/// The beginning of a step.
#[derive(Debug)]
struct StepStart {
    layout: Layout,
    indent: usize,
    number: usize,
    text: String,
}

/// A list of steps that is being read.
#[derive(Debug)]
struct StepList {
    layout: Layout,
    indent: usize,
    /// The lines of each step.
    steps: Vec<Vec<String>>,
}

/// Whether an answer has a numbered list.
pub(in crate::engine) fn is_plan(text: &str) -> bool {
    let steps = text.lines().filter(|line| {
        let line = line.trim_start_matches([' ', '#', '*', '-']);
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&digits) && line[digits..].starts_with(['.', ')'])
    });
    steps.count() > 0
}

/// The plan in an answer: its longest numbered list, the last one of several.
///
/// # Errors
///
/// Says why the list is no plan; of an answer without a list, that it has no steps.
pub(in crate::engine) fn plan_in(task: &str, text: &str) -> Result<TaskPlan, PlanError> {
    let lists = lists(text);
    let longest = lists.iter().map(|list| list.steps.len()).max().unwrap_or(0);
    let list = lists
        .into_iter()
        .rev()
        .find(|list| list.steps.len() == longest);
    let steps = list.map_or_else(Vec::new, |list| list.steps);
    TaskPlan::new(task, steps.iter().map(|lines| step(lines)).collect())
}

/// All numbered lists of a text.
fn lists(text: &str) -> Vec<StepList> {
    let mut lists: Vec<StepList> = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let start = if is_fence || is_code {
            None
        } else {
            start_of(line)
        };
        if let Some(start) = start {
            if let Some(list) = lists.last_mut()
                && list.goes_on_with(&start)
            {
                list.steps.push(vec![start.text]);
                continue;
            }
            // A list begins with its first number, and one within a step belongs to it.
            if start.number == 1 && lists.last().is_none_or(|last| !last.holds(&start)) {
                lists.push(StepList {
                    layout: start.layout,
                    indent: start.indent,
                    steps: vec![vec![start.text]],
                });
                continue;
            }
        }
        if let Some(body) = lists.last_mut().and_then(|list| list.steps.last_mut()) {
            body.push(line.trim().to_owned());
        }
    }
    lists
}

impl StepList {
    fn goes_on_with(&self, start: &StepStart) -> bool {
        start.layout == self.layout
            && start.indent <= self.indent + 1
            && start.number == self.steps.len() + 1
            && self.steps.len() < MOST_COLLECTED
    }

    /// Whether a list that begins there is a part of a step of this one.
    fn holds(&self, start: &StepStart) -> bool {
        start.indent > self.indent + 1
            || (self.layout != Layout::Plain && start.layout == Layout::Plain)
    }
}

/// Reads the number of a line that begins a step.
fn start_of(line: &str) -> Option<StepStart> {
    let indent = line.chars().take_while(|sign| sign.is_whitespace()).count();
    let mut rest = line.trim_start();
    let is_heading = rest.starts_with('#');
    rest = rest.trim_start_matches('#').trim_start();
    for bullet in ["- [ ]", "- [x]", "* [ ]", "-", "+"] {
        rest = rest.strip_prefix(bullet).unwrap_or(rest).trim_start();
    }
    let rest = rest.trim_start_matches(['*', '_']).trim_start();
    let worded = ["Step ", "step ", "STEP "]
        .iter()
        .find_map(|word| rest.strip_prefix(word));
    let numbered = worded.unwrap_or(rest).trim_start();
    let digits = numbered.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let (number, after) = numbered.split_at(digits);
    let after = after.trim_start_matches('*');
    let signs: &[char] = match worded {
        Some(_) => &['.', ')', ':', '-', '–', '—', '：'],
        None => &['.', ')', '、'],
    };
    let text = match after.trim_start().strip_prefix(signs) {
        Some(text) => text,
        None if worded.is_some() && after.trim().is_empty() => "",
        None => return None,
    };
    // `1.5 s` is no step.
    if worded.is_none() && text.starts_with(|sign: char| sign.is_ascii_digit()) {
        return None;
    }
    Some(StepStart {
        layout: match (worded, is_heading) {
            (Some(_), _) => Layout::Word,
            (None, true) => Layout::Heading,
            (None, false) => Layout::Plain,
        },
        indent,
        number: number.parse().ok()?,
        text: text.trim().to_owned(),
    })
}

/// A step of its lines: the first one is the text, the others may name files and the check.
fn step(lines: &[String]) -> TaskStep {
    let mut texts = lines
        .iter()
        .map(|line| plain(line))
        .filter(|line| !line.is_empty());
    let text = texts.next().unwrap_or_default();
    let mut step = TaskStep {
        text,
        ..TaskStep::default()
    };
    for line in lines {
        let body = plain(line);
        if let Some(check) = check_in(&body) {
            check.clone_into(&mut step.check);
            continue;
        }
        for path in line.split_whitespace().filter_map(path_in) {
            if !step.files.contains(&path) {
                step.files.push(path);
            }
        }
    }
    step
}

/// What follows `Check:` in a line that begins with it.
fn check_in(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase();
    let word = CHECKS.iter().find(|word| lower.starts_with(*word))?;
    let check = line.get(word.len()..)?.trim();
    (!check.is_empty()).then_some(check)
}

/// A line without its bullet and its signs of emphasis; code keeps its quotes.
fn plain(line: &str) -> String {
    let line = line.trim().trim_start_matches(['-', '+', '•']).trim_start();
    let line = line.strip_prefix("* ").unwrap_or(line);
    line.replace("**", "").replace("__", "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(answer: &str) -> Vec<String> {
        let plan = plan_in("t", answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        plan.steps.into_iter().map(|step| step.text).collect()
    }

    #[test]
    fn a_numbered_list_is_a_plan() {
        for text in [
            "1. Do it.",
            "Plan:\n\n1) a\n2) b",
            "**1.** Look",
            "### 2. Then",
        ] {
            assert!(is_plan(text), "{text}");
        }
        for text in ["", "It is 2026.", "- a\n- b", "1 file", "1234. no"] {
            assert!(!is_plan(text), "{text}");
        }
    }

    #[test]
    fn steps_are_read_in_many_layouts() {
        for answer in [
            "1. Add it.\n2. Test it.",
            "Here is the plan:\n\n1) Add it.\n\n2) Test it.\n\nThat is all.",
            "**1.** Add it.\n**2.** Test it.",
            "1. **Add it.**\n   More of it.\n2. **Test it.**",
            "### 1. Add it.\n\nIn the file.\n\n### 2. Test it.\n",
            "### Step 1: Add it.\n\n1. open it\n2. close it\n3. look\n\n### Step 2: Test it.\n",
            "**Step 1**: Add it.\n- a\n- b\n\n**Step 2**: Test it.",
            "Step 1 - Add it.\nStep 2 - Test it.",
            "- 1. Add it.\n- 2. Test it.",
            "- [ ] 1. Add it.\n- [ ] 2. Test it.",
            "1. Add it.\n   1. first\n   2. then\n   3. last\n2. Test it.",
            "1. Add it.\n```\n1. no step\n2. no step\n3. no step\n```\n2. Test it.",
            "  1. Add it.\n  2. Test it.",
            "1. Add it.\r\n2. Test it.\r\n",
            "Two facts:\n\n1. It is old.\n\nThe plan:\n\n1. Add it.\n2. Test it.",
            "### Step 1\nAdd it.\n### Step 2\nTest it.",
        ] {
            assert_eq!(texts(answer), ["Add it.", "Test it."], "{answer}");
        }
        assert_eq!(texts("1、添加\n2、测试"), ["添加", "测试"]);
    }

    #[test]
    fn files_and_checks_are_taken_from_the_lines_of_a_step() {
        let answer = "1. **Fix** `mean` in `src/stats.py:3`.\n   - Files: tests/run.py\n   \
                      - Check: `python3 tests/run.py`\n2. Update docs/a.md\n   **Check:** read it";
        let plan = plan_in("t", answer).expect("a plan");
        let [first, second] = plan.steps.as_slice() else {
            panic!("{plan:?}");
        };
        assert_eq!(first.text, "Fix `mean` in `src/stats.py:3`.");
        assert_eq!(first.files, ["src/stats.py", "tests/run.py"]);
        assert_eq!(first.check, "`python3 tests/run.py`");
        assert_eq!(second.files, ["docs/a.md"]);
        assert_eq!(second.check, "read it");
    }

    #[test]
    fn what_is_no_plan_says_why() {
        for (answer, expected) in [
            ("No list at all.", PlanError::Count(0)),
            ("It took 1.5 s.\n2026 was better.", PlanError::Count(0)),
            ("1. One step only.", PlanError::Count(1)),
            ("2. It begins late.\n3. And ends.", PlanError::Count(0)),
            ("1. a\n2. …", PlanError::Empty(2)),
        ] {
            assert_eq!(plan_in("t", answer), Err(expected), "{answer}");
        }
        let long: String = (1..=13).map(|number| format!("{number}. step\n")).collect();
        assert_eq!(plan_in("t", &long), Err(PlanError::Count(13)));
    }
}
