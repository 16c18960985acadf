//! Measures models one after the other, each within its own time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Error;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::advice::advice;
use super::checks::{Attempt, AttemptEnd, judge};
use super::deadline::Deadline;
use super::machine::Machine;
use super::material::{Material, is_subject};
use super::placement::{ModelMemory, warning};
use super::report::{
    BenchmarkRun, ModelResult, ServerFacts, TaskResult, TaskState, VERSION, rounded,
};
use super::scratch::Scratch;
use super::speed::measure_speed;
use super::tasks::{Task, digest_of, tasks, warm_up};
use crate::app::App;
use crate::model::ChatModel;
use crate::model::http::ServerKind;
use crate::model::server::{LoadedModel, Server, ServerChat};

/// Percent of the time after loading that measuring times may take; the rest is for tasks.
const SPEED_PERCENT: u32 = 40;
/// A task may take this part of the time that is left,
const TASK_PART: u32 = 3;
/// and at least so long, if that much is left.
const TASK_LEAST: Duration = Duration::from_secs(45);
/// What is kept back of the time, at most: the last turn is stopped, and its files are read.
const RESERVE: Duration = Duration::from_secs(1);
/// How long a server may take to unload a model.
const UNLOADING: Duration = Duration::from_secs(5);
/// Names of the workspace that are looked at for material.
const NAMES: usize = 400;

/// How to measure.
#[derive(Clone, Debug)]
pub struct BenchmarkOptions {
    /// Most time for a model, loading included.
    pub budget: Duration,
    /// Ends all of it; what is known by then is the result.
    pub stop: CancellationToken,
}

/// What is being done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    Loading,
    /// Measures the times of prompts of so many tokens.
    Speed(u32),
    /// Has the instructions and tools read, which all tasks begin with.
    WarmUp,
    Task {
        /// From 1.
        number: usize,
        name: &'a str,
    },
}

/// Receives the name of the model and what is done with it.
pub type Listener<'a> = &'a (dyn Fn(&str, Progress<'_>) + Sync);

/// Chooses the material of a workspace from its index, which should be fresh.
pub async fn material(app: &App) -> Result<Material, Error> {
    let names = app.index.unique_names(&is_subject, NAMES).await?;
    let app = app.clone();
    let choosing = move || Material::choose(&names, &|path| app.open_text(path));
    Ok(tokio::task::spawn_blocking(choosing).await?)
}

/// Measures models in their order.
///
/// # Errors
///
/// If the copy for the tasks cannot be made. What goes wrong later is in the results.
pub async fn benchmark(
    app: &App,
    models: Vec<ServerChat>,
    material: &Material,
    options: &BenchmarkOptions,
    listener: Listener<'_>,
) -> Result<BenchmarkRun, Error> {
    let scratch = Scratch::create(app, material).await?;
    let tasks = tasks(material);
    let server = app.server().await?;
    let address = server.address();
    let mut run = BenchmarkRun {
        version: VERSION,
        id: Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string(),
        ollacode: env!("CARGO_PKG_VERSION").to_owned(),
        workspace: app.workspace.root.to_string_lossy().into_owned(),
        tasks_from: material.origin.name().to_owned(),
        tasks_digest: digest_of(&tasks),
        machine: Machine::here(),
        server: ServerFacts {
            address: address.to_string(),
            kind: (server.kind() != ServerKind::Ollama).then(|| server.kind().name().to_owned()),
            version: server.version().await.ok(),
            is_here: address.is_loopback(),
        },
        budget_seconds: options.budget.as_secs(),
        ..BenchmarkRun::default()
    };
    let bench = Bench {
        server,
        scratch: &scratch,
        material,
        tasks,
        gpu: run.machine.gpu.clone().filter(|_| run.server.is_here),
        listener,
    };
    let count = models.len();
    for (index, model) in models.into_iter().enumerate() {
        if options.stop.is_cancelled() {
            break;
        }
        // What waits for the deadline cannot take longer than it.
        let time = options.budget - (options.budget / 10).min(RESERVE);
        let deadline = Deadline::after(time, &options.stop);
        let is_last = index + 1 == count;
        let result = bench.measure(Arc::new(model), &deadline, is_last).await;
        run.models.push(result);
    }
    run.stopped = options.stop.is_cancelled();
    run.advice = advice(&run.models);
    Ok(run)
}

/// What all models are measured with.
struct Bench<'a> {
    server: Server,
    scratch: &'a Scratch,
    material: &'a Material,
    tasks: Vec<Task>,
    /// A card that can be seen on the server's machine.
    gpu: Option<String>,
    listener: Listener<'a>,
}

impl Bench<'_> {
    async fn measure(
        &self,
        model: Arc<ServerChat>,
        deadline: &Deadline,
        is_last: bool,
    ) -> ModelResult {
        let started = Instant::now();
        let mut result = self.describe(&model, deadline).await;
        let before = self.loaded(&model, deadline).await.0;
        (self.listener)(&result.name, Progress::Loading);
        let loading = Instant::now();
        match deadline.run(model.load()).await {
            Some(Ok(loaded)) => result.window = loaded.window,
            Some(Err(error)) => result.failure = Some(error.failure().to_string()),
            None => result.failure = Some(not_loaded(deadline).to_owned()),
        }
        if result.failure.is_none() {
            // With another window, it is loaded again.
            let window = u64::from(result.window);
            let is_ready =
                |loaded: &LoadedModel| loaded.context_length.is_none_or(|it| it == window);
            if !before.as_ref().is_some_and(is_ready) {
                result.load_seconds = Some(rounded(loading.elapsed().as_secs_f64()));
            }
            self.times(&model, &mut result, deadline).await;
            self.place(&model, &mut result, deadline).await;
            self.tasks(&model, &mut result, deadline).await;
        }
        if before.is_none() && !is_last && !deadline.is_stopped() {
            // The next model needs the memory. If this fails, its own result shows it.
            let _ = tokio::time::timeout(UNLOADING, model.unload()).await;
        }
        result.seconds = rounded(started.elapsed().as_secs_f64());
        result
    }

    /// What the server says of a model that is not loaded.
    async fn describe(&self, model: &ServerChat, deadline: &Deadline) -> ModelResult {
        let name = model.profile().name.clone();
        let summary = deadline.run(self.server.model_summary(&name)).await;
        let summary = summary.and_then(Result::ok).unwrap_or_default();
        ModelResult {
            digest: model.digest().to_owned(),
            parameters: summary.parameters,
            quantization: summary.quantization,
            size: summary.size,
            window: model.profile().window,
            name,
            ..ModelResult::default()
        }
    }

    /// A model in the server's memory, and the other ones there.
    async fn loaded(
        &self,
        model: &ServerChat,
        deadline: &Deadline,
    ) -> (Option<LoadedModel>, Vec<LoadedModel>) {
        let listed = deadline.run(self.server.loaded_models()).await;
        let listed = listed.and_then(Result::ok).unwrap_or_default();
        let name = &model.profile().name;
        let (own, others): (Vec<_>, Vec<_>) = listed
            .into_iter()
            .partition(|loaded| loaded.is(name, model.digest()));
        (own.into_iter().next(), others)
    }

    async fn times(&self, model: &ServerChat, result: &mut ModelResult, deadline: &Deadline) {
        let time = deadline.left() * SPEED_PERCENT / 100;
        let texts = self.material.files.iter().map(|file| file.text.as_str());
        let text = texts.collect::<Vec<_>>().join("\n");
        let listener = |size| (self.listener)(&result.name, Progress::Speed(size));
        let speed = measure_speed(model, &text, &deadline.within(time), &listener).await;
        result.speed = speed.results;
        if !deadline.is_stopped() {
            result.notes = speed.notes;
        }
    }

    /// Where the model is after the longest prompt.
    async fn place(&self, model: &ServerChat, result: &mut ModelResult, deadline: &Deadline) {
        let (own, others) = self.loaded(model, deadline).await;
        result.memory = own.as_ref().and_then(ModelMemory::of);
        result.warning = result
            .memory
            .and_then(|memory| warning(&memory, &others, self.gpu.as_deref()));
        result.window = model.profile().window;
    }

    async fn tasks(&self, model: &Arc<ServerChat>, result: &mut ModelResult, deadline: &Deadline) {
        let not_tried = |task: &Task| TaskResult {
            name: task.name.to_owned(),
            ..TaskResult::default()
        };
        result.tasks = self.tasks.iter().map(not_tried).collect();
        if let Err(error) = self.try_tasks(model, result, deadline).await {
            note_once(result, &format!("{error:#}"));
        }
    }

    async fn try_tasks(
        &self,
        model: &Arc<ServerChat>,
        result: &mut ModelResult,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        if deadline.is_over() {
            return Ok(());
        }
        // The first task must not pay for what the server reads once.
        (self.listener)(&result.name, Progress::WarmUp);
        let answering: Arc<dyn ChatModel> = model.clone();
        self.scratch
            .attempt(&warm_up(), answering, deadline)
            .await?;
        for (index, task) in self.tasks.iter().enumerate() {
            if deadline.is_over() {
                break;
            }
            let progress = Progress::Task {
                number: index + 1,
                name: task.name,
            };
            (self.listener)(&result.name, progress);
            let tried = self.task(model, task, result, deadline).await?;
            result.tasks[index] = tried;
        }
        Ok(())
    }

    async fn task(
        &self,
        model: &Arc<ServerChat>,
        task: &Task,
        result: &mut ModelResult,
        deadline: &Deadline,
    ) -> Result<TaskResult, Error> {
        let started = Instant::now();
        let time = (deadline.left() / TASK_PART).max(TASK_LEAST);
        let answering: Arc<dyn ChatModel> = model.clone();
        let soon = deadline.within(time);
        let attempt = self.scratch.attempt(task, answering, &soon).await?;
        if let AttemptEnd::Prevented(why) = &attempt.end {
            note_once(result, why);
        }
        result.calls.add(attempt.counts());
        let judged = judge(task, &attempt, self.scratch.files());
        Ok(TaskResult {
            seconds: rounded(started.elapsed().as_secs_f64()),
            ..judged_as(task, &attempt, judged, deadline.is_over())
        })
    }
}

/// Notes why tasks were not tried.
fn note_once(result: &mut ModelResult, why: &str) {
    let note = format!("tasks were not tried: {why}");
    if !result.notes.contains(&note) {
        result.notes.push(note);
    }
}

/// The result of an attempt. One that was cut off at the end of all time, or by something else than
/// the model, says nothing about the model.
fn judged_as(
    task: &Task,
    attempt: &Attempt,
    judged: Result<(), String>,
    is_over: bool,
) -> TaskResult {
    let state = match (&judged, &attempt.end) {
        (Ok(()), _) => TaskState::Passed,
        (_, AttemptEnd::Prevented(_)) => TaskState::NotTried,
        (_, AttemptEnd::OutOfTime) if is_over => TaskState::NotTried,
        (_, AttemptEnd::OutOfTime) => TaskState::TimedOut,
        (_, AttemptEnd::Answered | AttemptEnd::Failed(_)) => TaskState::Failed,
    };
    TaskResult {
        name: task.name.to_owned(),
        state,
        why: judged.err().filter(|_| state != TaskState::NotTried),
        replies: attempt.replies.len(),
        seconds: 0.0,
    }
}

fn not_loaded(deadline: &Deadline) -> &'static str {
    if deadline.is_stopped() {
        "stopped before it was loaded"
    } else {
        "it was not loaded in the time for it; load it with `ollama run` and try again"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_off_at_the_end_is_not_counted() {
        let material = Material::sample();
        let all = tasks(&material);
        let task = &all[0];
        let attempt = |end| Attempt {
            end,
            replies: vec![String::new()],
            ..Attempt::default()
        };
        let no = || Err("no".to_owned());
        let prevented = AttemptEnd::Prevented("no server".to_owned());
        for (end, judged, is_over, expected) in [
            (AttemptEnd::Answered, Ok(()), true, TaskState::Passed),
            (AttemptEnd::Answered, no(), true, TaskState::Failed),
            (AttemptEnd::OutOfTime, no(), false, TaskState::TimedOut),
            (AttemptEnd::OutOfTime, no(), true, TaskState::NotTried),
            (prevented, no(), false, TaskState::NotTried),
        ] {
            let result = judged_as(task, &attempt(end), judged, is_over);
            assert_eq!(result.state, expected);
            let has_reason = [TaskState::Failed, TaskState::TimedOut].contains(&expected);
            assert_eq!(result.why.is_some(), has_reason);
            assert_eq!((result.name.as_str(), result.replies), (task.name, 1));
        }
    }
}
