//! What the end of a hook means: 0 goes on, 2 objects, and everything else is a failure, which is shown to
//! the user. Where a hook guards something, one that cannot run objects, too, unless its table says
//! `on_error = "continue"`: a guard that silently does not guard is worse than none.

use ollacode_secrets::redact;

use crate::permission::{Hook, HookFailure};
use crate::text::clip::first_line;

/// The exit code of a hook that objects,
const OBJECTS: i32 = 2;
/// and those of a shell that cannot execute a program, or does not find it.
const NOT_EXECUTED: i32 = 126;
const NOT_FOUND: i32 = 127;
/// Most characters of a command in a sentence,
const LONGEST_NAME: usize = 80;
/// and of what a failed hook said.
const LONGEST_SAID: usize = 200;

/// How a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEnd {
    Code(i32),
    Signal(i32),
    /// It was killed after its time.
    TimedOut,
    /// It did not run, and why: the end of a sentence.
    NotRun(String),
}

/// What follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    GoesOn,
    /// It objects: a sentence about it and what it says, for the model.
    Objects(String),
    /// It failed: a sentence for the user.
    Failed(String),
}

/// The command of a hook, to name it in a sentence; models read it, so that it has no secrets.
pub fn name(hook: &Hook) -> String {
    first_line(&redact(hook.command.text()).text, LONGEST_NAME).replace('`', "'")
}

/// What the end of a hook means. `said` is what it wrote to its errors, without secrets and of bounded
/// length.
pub fn verdict(hook: &Hook, end: &HookEnd, said: &str) -> Verdict {
    let name = name(hook);
    let said = said.trim();
    let why = match end {
        HookEnd::Code(0) => return Verdict::GoesOn,
        HookEnd::Code(OBJECTS) if said.is_empty() => {
            return Verdict::Objects(format!("the hook `{name}` objects, and gives no reason"));
        }
        HookEnd::Code(OBJECTS) => {
            return Verdict::Objects(format!("the hook `{name}` objects: {said}"));
        }
        HookEnd::Code(NOT_EXECUTED) => "cannot be executed".to_owned(),
        HookEnd::Code(NOT_FOUND) => "names a program that is not found".to_owned(),
        HookEnd::Code(code) => {
            let failed = format!("the hook `{name}` failed with exit code {code}");
            return Verdict::Failed(with(&failed, said));
        }
        HookEnd::Signal(signal) => format!("was killed by signal {signal}"),
        HookEnd::TimedOut => format!("did not end within {} s", hook.timeout.as_secs()),
        HookEnd::NotRun(why) => format!("did not run: {why}"),
    };
    let failed = with(&format!("the hook `{name}` {why}"), said);
    match hook.on_error {
        HookFailure::Block if hook.on.guards() => Verdict::Objects(format!(
            "{failed}. Nothing that it guards happens without it; the user can mend it, or set \
             `on_error = \"continue\"` in its table"
        )),
        HookFailure::Block | HookFailure::Continue => Verdict::Failed(failed),
    }
}

fn with(sentence: &str, said: &str) -> String {
    match first_line(said, LONGEST_SAID) {
        said if said.is_empty() => sentence.to_owned(),
        said => format!("{sentence}: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::permission::{HookLine, HookPoint};

    fn hook(on: HookPoint, on_error: HookFailure) -> Hook {
        Hook {
            on,
            tools: Vec::new(),
            paths: Vec::new(),
            command: HookLine::parse("sh guard.sh").expect("a line"),
            timeout: Duration::from_secs(7),
            on_error,
        }
    }

    #[test]
    fn zero_goes_on_and_two_objects_at_every_point() {
        for on in HookPoint::ALL {
            let hook = hook(on, HookFailure::Continue);
            let verdict = |code, said| verdict(&hook, &HookEnd::Code(code), said);
            assert_eq!(verdict(0, "as it should be"), Verdict::GoesOn);
            let objects = |text: &str| Verdict::Objects(text.to_owned());
            assert_eq!(
                verdict(2, " no pushes\nhere\n"),
                objects("the hook `sh guard.sh` objects: no pushes\nhere")
            );
            assert_eq!(
                verdict(2, ""),
                objects("the hook `sh guard.sh` objects, and gives no reason")
            );
            let failed = "the hook `sh guard.sh` failed with exit code 1: oh";
            assert_eq!(verdict(1, "oh\nmore"), Verdict::Failed(failed.to_owned()));
        }
    }

    #[test]
    fn a_guard_that_cannot_run_objects_unless_it_may_be_passed_over() {
        let ends = [
            (HookEnd::TimedOut, "did not end within 7 s"),
            (HookEnd::Signal(9), "was killed by signal 9"),
            (HookEnd::Code(126), "cannot be executed"),
            (HookEnd::Code(127), "names a program that is not found"),
            (
                HookEnd::NotRun("it broke".to_owned()),
                "did not run: it broke",
            ),
        ];
        for on in HookPoint::ALL {
            for on_error in [HookFailure::Block, HookFailure::Continue] {
                let hook = hook(on, on_error);
                for (end, words) in &ends {
                    let found = verdict(&hook, end, "");
                    let objects = on.guards() && on_error == HookFailure::Block;
                    let said = match &found {
                        Verdict::Objects(said) => {
                            assert!(objects && said.contains("on_error"), "{hook:?} {found:?}");
                            said
                        }
                        Verdict::Failed(said) => {
                            assert!(!objects, "{hook:?} {found:?}");
                            said
                        }
                        Verdict::GoesOn => panic!("{hook:?} {end:?}"),
                    };
                    assert!(said.contains(words), "{said}");
                }
            }
        }
    }

    #[test]
    fn the_name_of_a_hook_has_no_secrets() {
        let key = format!("ghp_{}", "a1B2c3D4e5".repeat(4));
        let hook = Hook {
            command: HookLine::parse(&format!("report --key {key}")).expect("a line"),
            ..hook(HookPoint::AfterTool, HookFailure::Continue)
        };
        assert_eq!(name(&hook), "report --key [redacted: github-token]");
    }

    #[test]
    fn what_it_says_of_itself_stays_short() {
        let long = "x".repeat(10_000);
        let hook = Hook {
            command: HookLine::parse(&format!("echo `{}`", &long[..1_000])).expect("a line"),
            ..hook(HookPoint::AfterTool, HookFailure::Continue)
        };
        let Verdict::Failed(said) = verdict(&hook, &HookEnd::Code(1), &long) else {
            panic!("it failed");
        };
        assert!(
            said.chars().count() < LONGEST_NAME + LONGEST_SAID + 60,
            "{said}"
        );
        assert_eq!(said.matches('`').count(), 2, "{said}");
    }
}
