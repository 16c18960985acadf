//! Runs the hidden tests of a task: in the sandbox, in a copy that no model ever sees.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Error};
use tokio_util::sync::CancellationToken;

use super::folders::{RunFolders, copy, empty, lay_out};
use super::task::{Language, Task};
use crate::app::App;
use crate::sandbox::{CommandAccess, Exit, RunLimits, RunOutput, Sandbox};

/// The folder of the tests in the copy.
const TESTS: &str = "oracle";
/// Bytes of output that are kept: the beginning and the end.
const OUTPUT: usize = 4_000;
/// How long the look for a compiler or an interpreter may take.
const PROBE: Duration = Duration::from_secs(30);
/// Errors and output in their order.
const TOGETHER: &str = "exec 2>&1\n";

/// What the hidden tests say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub passed: bool,
    /// What they printed, as the model may see it.
    pub output: String,
    pub took: Duration,
}

/// Judges projects.
#[derive(Debug)]
pub struct Judge {
    sandbox: Sandbox,
    /// Where tests run.
    folder: PathBuf,
}

impl Judge {
    /// A judge in a folder of a run, which has the limits of a workspace.
    pub fn new(app: &App, folders: &RunFolders) -> Result<Judge, Error> {
        let folder = folders.tested();
        let app = app.isolated(&folder, &folders.data(), 0)?;
        Ok(Judge {
            sandbox: app.sandbox()?,
            folder: app.workspace.root,
        })
    }

    /// Whether the tests of a language can run here.
    pub async fn can_test(
        &self,
        language: Language,
        stop: &CancellationToken,
    ) -> Result<bool, Error> {
        let output = self.run(language.probe(), PROBE, stop).await?;
        Ok(output.exit == Exit::Code(0))
    }

    /// Runs the tests of a task on a copy of a project, which is deleted at the end.
    ///
    /// # Errors
    ///
    /// If the copy cannot be made, or the tests not started: nothing that a model can do.
    pub async fn judge(
        &self,
        task: &Task,
        project: &Path,
        stop: &CancellationToken,
    ) -> Result<Verdict, Error> {
        let started = Instant::now();
        let wrong = || format!("cannot make a copy of {}", project.display());
        empty(&self.folder).with_context(wrong)?;
        match self.prepare(task, project) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                return Ok(Verdict {
                    output: error.to_string(),
                    ..Verdict::default()
                });
            }
            prepared => prepared.with_context(wrong)?,
        }
        let run = self.run(&task.oracle, task.limit, stop).await?;
        let verdict = Verdict {
            passed: run.exit == Exit::Code(0),
            output: self.shown(&run, task),
            took: started.elapsed(),
        };
        empty(&self.folder).with_context(wrong)?;
        Ok(verdict)
    }

    fn prepare(&self, task: &Task, project: &Path) -> io::Result<()> {
        copy(project, &self.folder)?;
        let tests = self.folder.join(TESTS);
        if tests.exists() {
            // A folder of the model's own.
            std::fs::remove_dir_all(&tests).or_else(|_| std::fs::remove_file(&tests))?;
        }
        lay_out(&tests, &task.tests)
    }

    async fn run(
        &self,
        script: &str,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> Result<RunOutput, Error> {
        let limits = RunLimits {
            timeout,
            output: OUTPUT,
        };
        let script = format!("{TOGETHER}{script}");
        let access = CommandAccess::default();
        Ok(self.sandbox.run(&script, &access, &limits, stop).await?)
    }

    /// The output with paths as the model knows them, and how the tests ended if they say nothing.
    fn shown(&self, run: &RunOutput, task: &Task) -> String {
        let folder = self.folder.to_string_lossy();
        let text = run.stdout.text.replace(&format!("{folder}/"), "");
        let mut text = text.replace(&*folder, ".").trim().to_owned();
        let note = match run.exit {
            Exit::TimedOut => Some(format!(
                "the tests did not end within {} s",
                task.limit.as_secs()
            )),
            Exit::Signal(signal) => Some(format!("the tests were ended by signal {signal}")),
            Exit::Code(code) if code != 0 && text.is_empty() => {
                Some(format!("the tests ended with exit code {code}"))
            }
            Exit::Code(_) | Exit::Stopped => None,
        };
        if let Some(note) = note {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&note);
        }
        text
    }
}
