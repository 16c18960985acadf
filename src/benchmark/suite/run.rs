//! Runs the tasks of the suite with a model: two tries each, the second with what the tests say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::attempt::{Work, WorkEnd};
use super::folders::RunFolders;
use super::oracle::{Judge, Verdict};
use super::results::{ResultFile, TaskRecord, TryResult, VERSION, current_run, of_run};
use super::summary::SuiteResult;
use super::task::{Language, Task, version};
use crate::app::App;
use crate::benchmark::deadline::Deadline;
use crate::model::ChatModel;
use crate::model::server::ServerChat;
use crate::permission::Confinement;
use crate::sandbox::confine::ActiveConfinement;

/// Tries at a task.
const TRIES: usize = 2;
/// Version of this program, which results of a run have in common.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// How to run the suite.
#[derive(Clone, Debug)]
pub struct SuiteOptions {
    /// Most time of a model for a try.
    pub try_time: Duration,
    /// Whether to begin a new run, and not to go on with the last one.
    pub again: bool,
    /// Ends the run; the task that is being tried is not recorded.
    pub stop: CancellationToken,
}

/// What is being done now.
#[derive(Clone, Debug, PartialEq)]
pub enum SuiteProgress<'a> {
    /// So many tasks of all have a result of before. For the others, the model is loaded.
    Begins { done: usize, of: usize },
    /// The model works on a task.
    Working {
        task: &'a Task,
        /// From 1.
        number: usize,
        of: usize,
        /// 1 or 2.
        try_number: usize,
    },
    /// A try was judged.
    Judged {
        task: &'a Task,
        try_number: usize,
        result: &'a TryResult,
    },
}

/// Receives the progress.
pub type SuiteListener<'a> = &'a (dyn Fn(SuiteProgress<'_>) + Sync);

/// Runs tasks in folders of its own, which are deleted with it.
pub struct SuiteRunner<'a> {
    app: &'a App,
    judge: Judge,
    confinement: ActiveConfinement,
    folders: RunFolders,
}

/// How a task ended.
enum TaskEnd {
    Tried(Vec<TryResult>),
    Stopped,
    Broken(String),
}

impl<'a> SuiteRunner<'a> {
    pub fn create(app: &'a App) -> Result<SuiteRunner<'a>, Error> {
        let above = app.benchmarks_folder();
        let wrong = || format!("cannot make a folder in {}", above.display());
        let folders = RunFolders::create(&above).with_context(wrong)?;
        let steps = app.settings.max_steps;
        let confined = app.isolated(&folders.project(), &folders.data(), steps)?;
        Ok(SuiteRunner {
            confinement: confined.confinement()?,
            judge: Judge::new(app, &folders)?,
            app,
            folders,
        })
    }

    /// How commands of the model and the tests are confined.
    pub fn confinement(&self) -> &ActiveConfinement {
        &self.confinement
    }

    /// The languages among these whose tests cannot run here.
    pub async fn missing(
        &self,
        languages: &BTreeSet<Language>,
        stop: &CancellationToken,
    ) -> Result<Vec<Language>, Error> {
        let mut missing = Vec::new();
        for language in languages {
            if !self.judge.can_test(*language, stop).await? {
                missing.push(*language);
            }
        }
        Ok(missing)
    }

    /// Runs the tasks that have no result yet.
    ///
    /// # Errors
    ///
    /// If files cannot be read or written, or the tests not started. What goes wrong with the
    /// server is in the result.
    pub async fn run(
        &self,
        model: &Arc<ServerChat>,
        tasks: &[&Task],
        options: &SuiteOptions,
        told: SuiteListener<'_>,
    ) -> Result<SuiteResult, Error> {
        let results = ModelResults::open(self.app, model, options.again)?;
        let mut records = results.known.clone();
        let is_chosen = |record: &TaskRecord| {
            let mut chosen = tasks.iter();
            chosen.any(|task| task.to_string() == record.task)
        };
        records.retain(is_chosen);
        let done: BTreeSet<String> = records.iter().map(|record| record.task.clone()).collect();
        told(SuiteProgress::Begins {
            done: done.len(),
            of: tasks.len(),
        });
        let mut failure = None;
        if done.len() < tasks.len() {
            failure = self.load(model, options).await;
        }
        for (index, task) in tasks.iter().enumerate() {
            if failure.is_some() || options.stop.is_cancelled() {
                break;
            }
            if done.contains(&task.to_string()) {
                continue;
            }
            let place = (index + 1, tasks.len());
            match self.task(model, task, place, options, told).await? {
                TaskEnd::Tried(tries) => {
                    records.push(results.keep(task, tries, self.confinement.level)?);
                }
                TaskEnd::Stopped => break,
                TaskEnd::Broken(why) => failure = Some(why),
            }
        }
        Ok(SuiteResult {
            left: tasks.len() - records.len(),
            model: model.profile().name.clone(),
            digest: model.digest().to_owned(),
            suite: results.suite,
            ollacode: PROGRAM.to_owned(),
            run: results.run,
            failure,
            ..SuiteResult::of(&records)
        })
    }

    /// Loads the model, so that its time does not count; why that is not possible.
    async fn load(&self, model: &ServerChat, options: &SuiteOptions) -> Option<String> {
        let loaded = options.stop.run_until_cancelled(model.load()).await;
        let error = loaded?.err()?;
        Some(error.failure().to_string())
    }

    /// Has a model try a task.
    async fn task(
        &self,
        model: &Arc<ServerChat>,
        task: &Task,
        (number, of): (usize, usize),
        options: &SuiteOptions,
        told: SuiteListener<'_>,
    ) -> Result<TaskEnd, Error> {
        let asked: Arc<dyn ChatModel> = model.clone();
        let mut work = Work::begin(self.app, &self.folders, task, asked).await?;
        let mut tries = Vec::new();
        let mut question = task.request.clone();
        for try_number in 1..=TRIES {
            told(SuiteProgress::Working {
                task,
                number,
                of,
                try_number,
            });
            let deadline = Deadline::after(options.try_time, &options.stop);
            let (end, mut result) = work.ask(&question, &deadline).await;
            (result.end, result.why) = match end {
                WorkEnd::Answered => ("answered".to_owned(), None),
                WorkEnd::GaveUp(why) => ("gave_up".to_owned(), Some(why)),
                WorkEnd::OutOfTime => ("out_of_time".to_owned(), None),
                WorkEnd::Stopped => return Ok(TaskEnd::Stopped),
                WorkEnd::Broken(why) => return Ok(TaskEnd::Broken(why)),
            };
            let project = self.folders.project();
            let verdict = self.judge.judge(task, &project, &options.stop).await?;
            if options.stop.is_cancelled() {
                return Ok(TaskEnd::Stopped);
            }
            question = next_question(&verdict);
            result.passed = verdict.passed;
            result.output = (!verdict.passed).then_some(verdict.output);
            told(SuiteProgress::Judged {
                task,
                try_number,
                result: &result,
            });
            let is_last = result.passed || !work.can_go_on();
            tries.push(result);
            if is_last {
                break;
            }
        }
        Ok(TaskEnd::Tried(tries))
    }
}

/// The results of a model in the run that goes on.
struct ModelResults<'a> {
    model: &'a ServerChat,
    file: ResultFile,
    suite: String,
    run: u32,
    /// Those of earlier calls.
    known: Vec<TaskRecord>,
}

impl<'a> ModelResults<'a> {
    fn open(app: &App, model: &'a ServerChat, again: bool) -> Result<ModelResults<'a>, Error> {
        let suite = version();
        let folder = app.benchmarks_folder().join("suite");
        let file = ResultFile::new(&folder, &model.profile().name, model.digest(), &suite);
        let wrong = || format!("cannot read {}", file.path().display());
        let known = file.read().with_context(wrong)?;
        let run = current_run(&known, PROGRAM, again);
        Ok(ModelResults {
            model,
            known: of_run(&known, run),
            run,
            suite,
            file,
        })
    }

    /// Writes the result of a task.
    fn keep(
        &self,
        task: &Task,
        tries: Vec<TryResult>,
        level: Confinement,
    ) -> Result<TaskRecord, Error> {
        let profile = self.model.profile();
        let record = TaskRecord {
            version: VERSION,
            suite: self.suite.clone(),
            run: self.run,
            ollacode: PROGRAM.to_owned(),
            model: profile.name.clone(),
            digest: self.model.digest().to_owned(),
            window: profile.window,
            confinement: level.name().to_owned(),
            task: task.to_string(),
            language: task.language.name().to_owned(),
            kind: task.kind.name().to_owned(),
            tries,
            at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let wrong = || format!("cannot write {}", self.file.path().display());
        self.file.append(&record).with_context(wrong)?;
        Ok(record)
    }
}

/// What a model is asked after its first try: nothing but what the tests printed.
fn next_question(verdict: &Verdict) -> String {
    format!(
        "The tests for this fail; they are not in the project. They print:\n\n```\n{}\n```\n\n\
         Please correct the code.",
        verdict.output
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_question_has_what_the_tests_printed() {
        let question = next_question(&Verdict {
            output: "line 3: 4, wanted 5".to_owned(),
            ..Verdict::default()
        });
        assert!(question.contains("\n```\nline 3: 4, wanted 5\n```\n"));
    }
}
