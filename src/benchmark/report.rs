//! What a benchmark found out, as it is stored and printed as JSON; this format is stable.

use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::placement::ModelMemory;

/// Version of the format.
pub const VERSION: u32 = 1;

/// One run of `ollacode benchmark`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BenchmarkRun {
    /// [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// By which it is named in `--compare`: the start in UTC.
    pub id: String,
    /// Version of ollacode.
    pub ollacode: String,
    /// The workspace.
    pub workspace: String,
    /// Where the tasks are from: `workspace` or `sample`.
    pub tasks_from: String,
    /// Identifies what was asked for: results of the same tasks have the same.
    pub tasks_digest: String,
    /// The machine that ollacode ran on.
    pub machine: Machine,
    pub server: ServerFacts,
    /// Most seconds for a model.
    pub budget_seconds: u64,
    /// Whether the user ended it early.
    pub stopped: bool,
    /// In the order of the command line.
    pub models: Vec<ModelResult>,
    /// What follows from it, in a sentence.
    pub advice: String,
}

/// The server of the models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerFacts {
    pub address: String,
    /// What it is, if it is not Ollama.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its version, if it said.
    pub version: Option<String>,
    /// Whether it is the machine that ollacode ran on.
    pub is_here: bool,
}

/// What was found out about a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelResult {
    pub name: String,
    /// Identifies the exact weights and settings; empty if the server does not say.
    pub digest: String,
    /// Such as `7.6B`; empty if unknown.
    pub parameters: String,
    /// Such as `Q4_K_M`; empty if unknown.
    pub quantization: String,
    /// Size on disk in bytes.
    pub size: u64,
    /// The context window that was used, in tokens.
    pub window: u32,
    /// Seconds for loading it; `None` if it was in memory already.
    pub load_seconds: Option<f64>,
    pub memory: Option<ModelMemory>,
    /// A sentence if it is not where it should be, such as on the CPU.
    pub warning: Option<String>,
    /// By size of the prompt, the smallest first.
    pub speed: Vec<SpeedResult>,
    /// Why sizes or tasks were left out.
    pub notes: Vec<String>,
    /// In the order in which they were tried.
    pub tasks: Vec<TaskResult>,
    pub calls: CallCounts,
    /// Why nothing could be measured, if so.
    pub failure: Option<String>,
    /// Seconds for all of it.
    pub seconds: f64,
}

impl ModelResult {
    /// How many tasks were passed.
    pub fn passed(&self) -> usize {
        self.count(TaskState::Passed)
    }

    /// How many tasks had the time that a task has.
    pub fn tried(&self) -> usize {
        self.tasks.len() - self.count(TaskState::NotTried)
    }

    /// How many tasks ended so.
    pub fn count(&self, state: TaskState) -> usize {
        let tasks = self.tasks.iter();
        tasks.filter(|task| task.state == state).count()
    }

    /// Tokens per second of replies to the smallest prompt.
    pub fn reply_speed(&self) -> Option<f64> {
        Some(self.speed.first()?.reply_tokens_per_second?.median)
    }
}

/// Times at one size of the prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpeedResult {
    /// Tokens of the prompt, as the server counts them.
    pub prompt_tokens: u32,
    /// Seconds until the first token of the reply, where nothing of the prompt was cached.
    pub first_token_seconds: Option<Spread>,
    /// The same for the same prompt again.
    pub cached_first_token_seconds: Option<Spread>,
    /// Tokens per second of reading a prompt that was not cached.
    pub prompt_tokens_per_second: Option<Spread>,
    /// Tokens per second of writing.
    pub reply_tokens_per_second: Option<Spread>,
}

/// Several measurements of the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub greatest: f64,
    /// How many there are.
    pub runs: usize,
}

impl Spread {
    /// The spread of some values; `None` of none.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        sorted.sort_by(f64::total_cmp);
        let (least, greatest) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
            _ => sorted[middle],
        };
        Some(Spread {
            median: rounded(median),
            least: rounded(least),
            greatest: rounded(greatest),
            runs: sorted.len(),
        })
    }
}

/// A number with at most three digits behind the point.
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// How a task ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    Passed,
    Failed,
    /// It was not done in the time that a task has.
    TimedOut,
    /// It was cut off by the end of all time, or by something else than the model.
    #[default]
    NotTried,
}

/// A task and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskResult {
    pub name: String,
    pub state: TaskState,
    /// Why it was not passed, if it was tried.
    pub why: Option<String>,
    /// How many replies the model gave.
    pub replies: usize,
    pub seconds: f64,
}

/// The tool calls of all tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallCounts {
    /// All that could be read.
    pub made: usize,
    /// Of these, calls that were written as text and recognised there.
    pub in_text: usize,
    /// Of these, calls that did not work.
    pub failed: usize,
    /// Calls that could not be read.
    pub broken: usize,
}

impl CallCounts {
    /// Adds those of another task.
    pub fn add(&mut self, other: CallCounts) {
        self.made += other.made;
        self.in_text += other.in_text;
        self.failed += other.failed;
        self.broken += other.broken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_several_measurements_counts() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[f64::NAN]), None);
        let odd = Spread::of(&[3.0, 1.0, 2.0]);
        let odd = odd.map(|spread| (spread.median, spread.least, spread.greatest, spread.runs));
        assert_eq!(odd, Some((2.0, 1.0, 3.0, 3)));
        let even = Spread::of(&[0.123_456, 0.2]);
        assert_eq!(even.map(|spread| spread.median), Some(0.162));
        assert_eq!(even.map(|spread| spread.least), Some(0.123));
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let run = BenchmarkRun {
            version: VERSION,
            models: vec![ModelResult {
                name: "m".to_owned(),
                tasks: vec![TaskResult {
                    name: "edit".to_owned(),
                    state: TaskState::Failed,
                    why: Some("no".to_owned()),
                    ..TaskResult::default()
                }],
                ..ModelResult::default()
            }],
            ..BenchmarkRun::default()
        };
        let text = serde_json::to_string(&run).expect("JSON");
        assert!(text.contains(r#""state":"failed""#), "{text}");
        let read: BenchmarkRun = serde_json::from_str(&text).expect("a run");
        assert_eq!(read, run);
        assert_eq!((run.models[0].passed(), run.models[0].tried()), (0, 1));
    }
}
