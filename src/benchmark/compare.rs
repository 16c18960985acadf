//! What is different between two runs, beyond what is different anyway from one measurement to the
//! next.

use serde::Serialize;

use super::report::{BenchmarkRun, ModelResult, SpeedResult, Spread, TaskState};

/// Least relative difference that counts,
const LEAST_CHANGE: f64 = 0.05;
/// and where one of both was measured only once.
const LEAST_OF_ONE: f64 = 0.15;
/// Prompts whose sizes differ by less than this share are of the same size.
const SAME_SIZE: f64 = 0.2;

/// Two runs compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Ids of the runs.
    pub before: String,
    pub after: String,
    /// What is different about machine, server and program.
    pub conditions: Vec<Change>,
    pub models: Vec<ModelComparison>,
    /// Models that only one of the runs has.
    pub unmatched: Vec<String>,
}

/// A model in both runs, or one model in each.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModelComparison {
    pub before: String,
    pub after: String,
    pub changes: Vec<Change>,
}

/// Something that is different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    pub what: String,
    pub before: String,
    pub after: String,
    /// Whether it became better; `None` if it is only different.
    pub is_better: Option<bool>,
}

impl Change {
    fn new(what: &str, before: &str, after: &str) -> Option<Change> {
        (before != after).then(|| Change {
            what: what.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            is_better: None,
        })
    }
}

/// Compares two runs, model by model; if both have one model, these two.
pub fn compare(before: &BenchmarkRun, after: &BenchmarkRun) -> Comparison {
    let mut comparison = Comparison {
        before: before.id.clone(),
        after: after.id.clone(),
        conditions: conditions(before, after),
        ..Comparison::default()
    };
    if let ([one], [other]) = (before.models.as_slice(), after.models.as_slice()) {
        comparison.models.push(compare_models(one, other));
        return comparison;
    }
    let named = |run: &BenchmarkRun, name: &str| {
        let found = run.models.iter().find(|model| model.name == name);
        found.cloned()
    };
    for one in &before.models {
        match named(after, &one.name) {
            Some(other) => comparison.models.push(compare_models(one, &other)),
            None => comparison.unmatched.push(one.name.clone()),
        }
    }
    let only_after = after.models.iter().map(|model| &model.name);
    let only_after = only_after.filter(|name| named(before, name).is_none());
    comparison.unmatched.extend(only_after.cloned());
    comparison
}

fn conditions(before: &BenchmarkRun, after: &BenchmarkRun) -> Vec<Change> {
    let machine = |run: &BenchmarkRun| {
        let cpu = run.machine.cpu.as_deref().unwrap_or("unknown");
        format!("{cpu}, {} cores", run.machine.cores)
    };
    let server = |run: &BenchmarkRun| {
        let version = run.server.version.as_deref();
        let words = match &run.server.kind {
            None => format!("Ollama {}", version.unwrap_or("unknown")),
            // These tell their names with their versions.
            Some(kind) => version.unwrap_or(kind).to_owned(),
        };
        format!("{words} at {}", run.server.address)
    };
    let tasks = |run: &BenchmarkRun| format!("{} ({})", run.workspace, run.tasks_from);
    let changes = [
        Change::new("machine", &machine(before), &machine(after)),
        Change::new("server", &server(before), &server(after)),
        Change::new("ollacode", &before.ollacode, &after.ollacode),
        Change::new("workspace", &tasks(before), &tasks(after)),
        Change::new(
            "digest of the tasks",
            &before.tasks_digest,
            &after.tasks_digest,
        ),
    ];
    changes.into_iter().flatten().collect()
}

fn compare_models(before: &ModelResult, after: &ModelResult) -> ModelComparison {
    let mut changes = Vec::new();
    if before.name == after.name {
        changes.extend(Change::new("digest", &before.digest, &after.digest));
    }
    let [one, other] = [before, after].map(|model| model.window.to_string());
    changes.extend(Change::new("window", &one, &other));
    let percent = |model: &ModelResult| match &model.memory {
        Some(memory) => format!("{:.0} %", memory.gpu_share() * 100.0),
        None => "unknown".to_owned(),
    };
    changes.extend(Change::new("on the GPU", &percent(before), &percent(after)));
    for one in &before.speed {
        let same = after.speed.iter().find(|other| is_same_size(one, other));
        changes.extend(same.into_iter().flat_map(|other| speeds(one, other)));
    }
    changes.extend(compare_tasks(before, after));
    ModelComparison {
        before: before.name.clone(),
        after: after.name.clone(),
        changes,
    }
}

fn is_same_size(one: &SpeedResult, other: &SpeedResult) -> bool {
    let difference = one.prompt_tokens.abs_diff(other.prompt_tokens);
    f64::from(difference) <= f64::from(one.prompt_tokens) * SAME_SIZE
}

fn speeds(one: &SpeedResult, other: &SpeedResult) -> Vec<Change> {
    let size = one.prompt_tokens;
    let rows = [
        (
            "first token",
            "s",
            false,
            one.first_token_seconds,
            other.first_token_seconds,
        ),
        (
            "first token, cached",
            "s",
            false,
            one.cached_first_token_seconds,
            other.cached_first_token_seconds,
        ),
        (
            "prompt",
            "tokens/s",
            true,
            one.prompt_tokens_per_second,
            other.prompt_tokens_per_second,
        ),
        (
            "reply",
            "tokens/s",
            true,
            one.reply_tokens_per_second,
            other.reply_tokens_per_second,
        ),
    ];
    let changes = rows
        .into_iter()
        .filter_map(|(what, unit, more, one, other)| {
            let (one, other) = (one?, other?);
            differs(&one, &other).then(|| Change {
                what: format!("{what} at {size} tokens"),
                before: format!("{} {unit}", one.median),
                after: format!("{} {unit}", other.median),
                is_better: Some((other.median > one.median) == more),
            })
        });
    changes.collect()
}

/// Whether two measurements differ by more than their spreads.
fn differs(one: &Spread, other: &Spread) -> bool {
    let is_apart = one.greatest < other.least || other.greatest < one.least;
    let change = (other.median - one.median).abs() / one.median.abs().max(f64::MIN_POSITIVE);
    let least = if one.runs.min(other.runs) > 1 {
        LEAST_CHANGE
    } else {
        LEAST_OF_ONE
    };
    is_apart && change >= least
}

fn compare_tasks(before: &ModelResult, after: &ModelResult) -> Vec<Change> {
    let word = |state: TaskState| match state {
        TaskState::Passed => "passed",
        TaskState::Failed => "missed",
        TaskState::TimedOut => "took too long",
        TaskState::NotTried => "not tried",
    };
    let changes = before.tasks.iter().filter_map(|one| {
        let other = after.tasks.iter().find(|other| other.name == one.name)?;
        let change = Change::new(&one.name, word(one.state), word(other.state))?;
        let is_judged = one.state != TaskState::NotTried && other.state != TaskState::NotTried;
        Some(Change {
            is_better: is_judged.then_some(other.state == TaskState::Passed),
            ..change
        })
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::report::TaskResult;

    fn run(id: &str, models: Vec<ModelResult>) -> BenchmarkRun {
        BenchmarkRun {
            id: id.to_owned(),
            models,
            ..BenchmarkRun::default()
        }
    }

    fn model(name: &str, replies: &[f64], diff: TaskState) -> ModelResult {
        ModelResult {
            name: name.to_owned(),
            speed: vec![SpeedResult {
                prompt_tokens: 1_000,
                reply_tokens_per_second: Spread::of(replies),
                ..SpeedResult::default()
            }],
            tasks: vec![TaskResult {
                name: "edit-diff".to_owned(),
                state: diff,
                ..TaskResult::default()
            }],
            ..ModelResult::default()
        }
    }

    fn words(changes: &[Change]) -> Vec<String> {
        let words = |change: &Change| {
            let Change {
                what,
                before,
                after,
                is_better,
            } = change;
            format!("{what}: {before} → {after} {is_better:?}")
        };
        changes.iter().map(words).collect()
    }

    #[test]
    fn only_what_is_beyond_the_spread_is_a_change() {
        let base = model("m", &[40.0, 42.0, 44.0], TaskState::Passed);
        for (replies, changed) in [
            (&[43.0, 45.0, 47.0][..], false),
            (&[50.0, 51.0, 52.0], true),
            (&[44.5, 44.5, 44.5], true),
            (&[46.0], false),
            (&[60.0], true),
        ] {
            let other = model("m", replies, TaskState::Passed);
            let both = compare(&run("a", vec![base.clone()]), &run("b", vec![other]));
            let changes = &both.models[0].changes;
            assert_eq!(!changes.is_empty(), changed, "{replies:?}: {changes:?}");
        }
    }

    #[test]
    fn changes_say_whether_they_are_better() {
        let before = model("m", &[40.0, 41.0], TaskState::Passed);
        let mut after = model("m", &[20.0, 21.0], TaskState::Failed);
        after.window = 8_192;
        let mut first = run("a", vec![before]);
        first.machine.cores = 4;
        let both = compare(&first, &run("b", vec![after]));
        assert_eq!(
            words(&both.models[0].changes),
            [
                "window: 0 → 8192 None",
                "reply at 1000 tokens: 40.5 tokens/s → 20.5 tokens/s Some(false)",
                "edit-diff: passed → missed Some(false)",
            ]
        );
        assert_eq!(
            words(&both.conditions),
            ["machine: unknown, 4 cores → unknown, 0 cores None"]
        );
    }

    #[test]
    fn models_are_compared_by_name_or_as_the_only_ones() {
        let of = |names: &[&str]| {
            let models = names
                .iter()
                .map(|name| model(name, &[1.0], TaskState::Passed));
            run("r", models.collect())
        };
        let pairs = |one: &[&str], other: &[&str]| {
            let both = compare(&of(one), &of(other));
            let pairs = both.models.iter();
            let pairs: Vec<String> = pairs
                .map(|pair| format!("{}-{}", pair.before, pair.after))
                .collect();
            (pairs.join(" "), both.unmatched.join(" "))
        };
        let expected = |pairs: &str, unmatched: &str| (pairs.to_owned(), unmatched.to_owned());
        assert_eq!(pairs(&["a"], &["b"]), expected("a-b", ""));
        assert_eq!(pairs(&["a", "b"], &["b", "c"]), expected("b-b", "a c"));
    }
}
