//! What follows from a benchmark, in one line.

use super::report::{ModelResult, TaskState};

/// Share of the tasks from which on a model can be used without restrictions,
const ABLE: f64 = 0.8;
/// and with care.
const FAIR: f64 = 0.5;
/// Fewer tasks say too little.
const FEWEST: usize = 6;
/// Tokens per second below which waiting is most of the work.
const SLOW: f64 = 5.0;
/// Models that the best one is compared with.
const MOST_OTHERS: usize = 3;
/// Missed tasks that are named.
const MOST_MISSED: usize = 4;

/// One line of advice.
pub fn advice(models: &[ModelResult]) -> String {
    let tried = models.iter().filter(|model| model.tried() > 0);
    let mut ranked: Vec<&ModelResult> = tried.collect();
    // The first of equals stays the first.
    ranked.sort_by(|one, other| {
        let speed = |model: &ModelResult| model.reply_speed().unwrap_or(0.0);
        let passed = other.passed().cmp(&one.passed());
        passed.then(speed(other).total_cmp(&speed(one)))
    });
    match ranked.as_slice() {
        [] => untried(models),
        [only] => alone(only),
        [best, others @ ..] => {
            let others = others.iter().take(MOST_OTHERS);
            let others = others.map(|other| format!("`{}`: {}", other.name, figures(other)));
            let others: Vec<String> = others.collect();
            format!("{}; {}", alone(best), others.join("; "))
        }
    }
}

/// No model has done a task.
fn untried(models: &[ModelResult]) -> String {
    match models {
        [] => "stopped before a model was measured".to_owned(),
        [model] => match (&model.failure, model.notes.last()) {
            (Some(why), _) => format!("`{}` could not be measured: {why}", model.name),
            (None, Some(note)) => format!(
                "`{}` did no task: {note}; more time (`--budget`) or a smaller model may help",
                model.name
            ),
            (None, None) => format!(
                "`{}` did no task: give it more time with `--budget`, or try a smaller model",
                model.name
            ),
        },
        _ => "no model did a task: give them more time with `--budget`, or try smaller ones"
            .to_owned(),
    }
}

fn alone(model: &ModelResult) -> String {
    let (passed, tried) = (model.passed(), model.tried());
    let share = passed as f64 / tried.max(1) as f64;
    let verdict = if model.count(TaskState::TimedOut) * 2 > tried {
        "is too slow here for an agent"
    } else if tried < FEWEST {
        "did too few tasks to be judged, so give it more time with `--budget`"
    } else if share >= ABLE {
        "can be used as an agent here"
    } else if share >= FAIR {
        "can be used with care, so look at its edits"
    } else {
        "is better used for questions than for edits here"
    };
    let mut line = format!("`{}` {verdict}: {}", model.name, figures(model));
    if model.reply_speed().is_some_and(|speed| speed < SLOW) {
        line.push_str(", which is slow");
    }
    let tasks = model.tasks.iter();
    let missed = tasks.filter(|task| task.why.is_some());
    let missed: Vec<&str> = missed.map(|task| task.name.as_str()).collect();
    if !missed.is_empty() && missed.len() <= MOST_MISSED {
        line.push_str(&format!("; it missed {}", missed.join(", ")));
    }
    line
}

/// `11 of 12 tasks, 42 tokens/s`
fn figures(model: &ModelResult) -> String {
    let tasks = format!("{} of {} tasks", model.passed(), model.tried());
    match model.reply_speed() {
        Some(speed) => format!("{tasks}, {} tokens/s", short(speed)),
        None => tasks,
    }
}

/// A number with as many digits as matter.
fn short(number: f64) -> String {
    if number < 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::report::{SpeedResult, Spread, TaskResult};

    fn model(name: &str, passed: usize, failed: usize, speed: f64) -> ModelResult {
        let task = |number: usize, state| TaskResult {
            name: format!("task-{number}"),
            state,
            why: (state != TaskState::Passed).then(|| "no".to_owned()),
            ..TaskResult::default()
        };
        let passing = (0..passed).map(|number| task(number, TaskState::Passed));
        let failing = (passed..passed + failed).map(|number| task(number, TaskState::Failed));
        ModelResult {
            name: name.to_owned(),
            tasks: passing.chain(failing).collect(),
            speed: vec![SpeedResult {
                reply_tokens_per_second: Spread::of(&[speed]),
                ..SpeedResult::default()
            }],
            ..ModelResult::default()
        }
    }

    #[test]
    fn one_model_is_judged_by_what_it_did() {
        for (passed, failed, speed, expected) in [
            (
                12,
                0,
                42.4,
                "`m` can be used as an agent here: 12 of 12 tasks, 42 tokens/s",
            ),
            (
                10,
                2,
                3.12,
                "`m` can be used as an agent here: 10 of 12 tasks, 3.1 tokens/s, which is slow; it \
                 missed task-10, task-11",
            ),
            (
                7,
                5,
                20.0,
                "`m` can be used with care, so look at its edits: 7 of 12 tasks, 20 tokens/s",
            ),
            (
                1,
                11,
                20.0,
                "`m` is better used for questions than for edits here: 1 of 12 tasks, 20 tokens/s",
            ),
        ] {
            assert_eq!(advice(&[model("m", passed, failed, speed)]), expected);
        }
    }

    #[test]
    fn too_little_time_is_no_fault_of_the_model() {
        let few = advice(&[model("m", 2, 0, 20.0)]);
        assert!(few.contains("too few tasks"), "{few}");
        let mut slow = model("m", 2, 5, 2.0);
        let late = slow.tasks.iter_mut().skip(3);
        late.for_each(|task| task.state = TaskState::TimedOut);
        let said = advice(&[slow]);
        assert!(said.contains("is too slow here"), "{said}");
        assert!(said.contains("2 of 7 tasks"), "{said}");
    }

    #[test]
    fn the_best_of_several_is_named_first() {
        let models = [
            model("small", 9, 3, 80.0),
            model("large", 12, 0, 40.0),
            model("other", 12, 0, 10.0),
            model("none", 0, 0, 1.0),
        ];
        assert_eq!(
            advice(&models),
            "`large` can be used as an agent here: 12 of 12 tasks, 40 tokens/s; `other`: 12 of 12 \
             tasks, 10 tokens/s; `small`: 9 of 12 tasks, 80 tokens/s"
        );
    }

    #[test]
    fn where_nothing_was_done_it_says_what_helps() {
        assert!(advice(&[]).contains("before a model"));
        assert!(advice(&[model("m", 0, 0, 1.0)]).contains("--budget"));
        let mut noted = model("m", 0, 0, 1.0);
        noted.notes = vec!["Ollama is gone".to_owned()];
        assert!(advice(&[noted]).contains("Ollama is gone"));
        let both = [model("a", 0, 0, 1.0), model("b", 0, 0, 1.0)];
        assert!(advice(&both).contains("no model"));
        let failed = ModelResult {
            failure: Some("no memory".to_owned()),
            ..model("m", 0, 0, 1.0)
        };
        assert_eq!(advice(&[failed]), "`m` could not be measured: no memory");
    }
}
