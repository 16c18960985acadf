//! What the user answers about a plan, before its steps and between them.

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum StepOrder {
    GoOn,
    /// Leave it for now; the plan is kept.
    Stop,
    /// Work on the step again, with a hint if there is one.
    Redo(String),
    /// Undo what the step changed.
    Undo,
    /// Show the whole diff of the step.
    Diff,
    /// Take a step out.
    Drop(usize),
    /// Move a step to the place of another one.
    Move(usize, usize),
    /// Change the plan as the text says.
    Plan(String),
    /// Free text: before the steps it is about the plan, between them about the last step.
    Change(String),
}

impl StepOrder {
    /// Reads an answer to a question with options, which may be answered by their number; `None` if it
    /// says nothing.
    pub(in crate::engine) fn chosen(answer: &str, options: &[&str]) -> Option<StepOrder> {
        let answer = answer.trim();
        let number = answer.trim_end_matches(['.', ')']).parse::<usize>().ok();
        let option = number.and_then(|number| options.get(number.checked_sub(1)?));
        let answer = option.copied().unwrap_or(answer);
        (!answer.is_empty()).then(|| StepOrder::parse(answer))
    }

    /// Reads an answer.
    pub(in crate::engine) fn parse(answer: &str) -> StepOrder {
        let answer = answer.trim();
        if let Some(text) = after(answer, "change") {
            return StepOrder::Change(text.to_owned());
        }
        if let Some(text) = after(answer, "plan") {
            return StepOrder::Plan(text.to_owned());
        }
        if let Some(text) = after(answer, "redo") {
            return StepOrder::Redo(text.to_owned());
        }
        let lower = answer.to_lowercase();
        let words: Vec<&str> = lower
            .split(|sign: char| !sign.is_alphanumeric())
            .filter(|word| !matches!(*word, "" | "step" | "steps" | "the" | "this"))
            .collect();
        let number = |word: &str| word.parse::<usize>().ok();
        match words.as_slice() {
            ["go", "on"]
            | ["go" | "yes" | "y" | "ok" | "okay" | "continue" | "next"]
            | ["go", "ahead"] => StepOrder::GoOn,
            ["stop" | "no" | "n" | "quit" | "exit" | "cancel"] => StepOrder::Stop,
            ["redo"] | ["again"] | ["retry"] => StepOrder::Redo(String::new()),
            ["undo"] => StepOrder::Undo,
            ["diff"] | ["show", "diff"] => StepOrder::Diff,
            ["drop" | "remove" | "skip", which] => match number(which) {
                Some(which) => StepOrder::Drop(which),
                None => StepOrder::Change(answer.to_owned()),
            },
            ["move", from, "to" | "before" | "after", to] => match (number(from), number(to)) {
                (Some(from), Some(to)) => StepOrder::Move(from, to),
                _ => StepOrder::Change(answer.to_owned()),
            },
            _ => StepOrder::Change(answer.to_owned()),
        }
    }
}

/// What follows a word and its colon; nothing may be missing behind it.
fn after<'a>(answer: &'a str, word: &str) -> Option<&'a str> {
    let (head, text) = answer.split_once(':')?;
    let text = text.trim();
    (head.trim().eq_ignore_ascii_case(word) && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_numbers_and_nothing_is_no_answer() {
        let options = ["go on", "stop"];
        assert_eq!(StepOrder::chosen(" 2. ", &options), Some(StepOrder::Stop));
        let other = StepOrder::Change("3".to_owned());
        assert_eq!(StepOrder::chosen("3", &options), Some(other));
        assert_eq!(StepOrder::chosen("go", &options), Some(StepOrder::GoOn));
        assert_eq!(StepOrder::chosen(" \n", &options), None);
    }

    #[test]
    fn answers_are_read_as_they_are_meant() {
        let text = |text: &str| text.to_owned();
        for (answer, expected) in [
            ("go on", StepOrder::GoOn),
            (" Yes. ", StepOrder::GoOn),
            ("stop", StepOrder::Stop),
            ("redo", StepOrder::Redo(String::new())),
            ("Redo: with a loop", StepOrder::Redo(text("with a loop"))),
            ("undo this step", StepOrder::Undo),
            ("show the diff", StepOrder::Diff),
            ("drop 3", StepOrder::Drop(3)),
            ("Drop step 3.", StepOrder::Drop(3)),
            ("skip the step 2", StepOrder::Drop(2)),
            ("move 3 to 1", StepOrder::Move(3, 1)),
            ("move step 4 to 2", StepOrder::Move(4, 2)),
            ("change: no flags", StepOrder::Change(text("no flags"))),
            ("plan: test first", StepOrder::Plan(text("test first"))),
            ("drop the flag", StepOrder::Change(text("drop the flag"))),
            (
                "Use an enum: it is shorter",
                StepOrder::Change(text("Use an enum: it is shorter")),
            ),
            (
                "move it to b.rs",
                StepOrder::Change(text("move it to b.rs")),
            ),
            ("change:", StepOrder::Change(text("change:"))),
        ] {
            assert_eq!(StepOrder::parse(answer), expected, "{answer:?}");
        }
    }
}
