//! `ollacode benchmark`: runs it, shows what is being done, and keeps the result.

pub(super) mod render;

use std::time::Duration;

use anyhow::{Context, Error, ensure};
use indicatif::ProgressBar;
use ollacode_indexer::RefreshOptions;
use tokio_util::sync::CancellationToken;

use super::args::BenchmarkArguments;
use super::progress::IndexProgress;
use super::signals::{stop_signal, stopped};
use super::style::{counted, visible_name};
use super::{CommandEnd, is_watched, note, print, print_json, suite, warn};
use crate::app::App;
use crate::benchmark::compare::compare;
use crate::benchmark::material::Origin;
use crate::benchmark::report::{BenchmarkRun, ModelResult};
use crate::benchmark::run::{BenchmarkOptions, Progress, benchmark, material};
use crate::benchmark::stored;
use crate::conversation::messages::{count, sent_to};
use crate::model::ChatModel;
use crate::model::http::ServerError;
use crate::model::server::ServerChat;

const STOPPING: &str = "stopping; what is known by now is shown and kept";

pub async fn run(app: &App, arguments: &BenchmarkArguments) -> Result<CommandEnd, Error> {
    if let [before, after] = arguments.compare.as_slice() {
        return show_comparison(app, before, after, arguments.json);
    }
    let stop = stop_signal(STOPPING);
    let models = connect(app, &arguments.models).await?;
    if arguments.suite.suite {
        return suite::run(app, models, arguments, &stop).await;
    }
    refresh(app, &stop).await?;
    let material = material(app).await?;
    if material.origin == Origin::Sample {
        note("this folder has too little code for tasks, so a small sample is used for them");
    }
    let options = BenchmarkOptions {
        budget: arguments.time(),
        stop,
    };
    note(&format!(
        "measuring {}, at most {} each",
        counted(models.len() as u64, "model"),
        counted(options.budget.as_secs(), "second")
    ));
    let shown = ShownProgress::new();
    let run = benchmark(app, models, &material, &options, &|name, progress| {
        shown.show(name, &progress);
    })
    .await;
    shown.bar.finish_and_clear();
    finish(app, run?, arguments.json)
}

/// Shows and keeps a result.
fn finish(app: &App, mut run: BenchmarkRun, json: bool) -> Result<CommandEnd, Error> {
    let by_signal = stopped().unwrap_or(CommandEnd::Good);
    if run.models.is_empty() {
        note("nothing was measured");
        return Ok(by_signal);
    }
    let folder = app.benchmarks_folder();
    let kept = stored::save(&folder, &mut run);
    if json {
        print_json(&run)?;
    } else {
        print(|out| render::write_run(out, &run))?;
    }
    kept.with_context(|| format!("cannot keep the result in {}", folder.display()))?;
    note(&format!(
        "kept as {}; `ollacode benchmark --compare` compares two results",
        run.id
    ));
    Ok(if run.stopped {
        by_signal
    } else if run.models.iter().any(is_measured) {
        CommandEnd::Good
    } else {
        CommandEnd::Bad
    })
}

fn is_measured(model: &ModelResult) -> bool {
    !model.speed.is_empty() || model.tried() > 0
}

/// Connects to all models before one of them is measured.
async fn connect(app: &App, names: &[String]) -> Result<Vec<ServerChat>, Error> {
    // Without a name it is the model of the settings.
    let names: Vec<Option<&str>> = match names {
        [] => vec![None],
        names => names.iter().map(|name| Some(name.as_str())).collect(),
    };
    let mut models: Vec<ServerChat> = Vec::new();
    for name in names {
        let model = match app.chat_model(name).await {
            Err(ServerError::ModelMissing { model, .. }) => {
                return Err(app.missing_model(model).await?.into());
            }
            model => model?,
        };
        let profile = model.profile();
        let is_known = |known: &ServerChat| known.profile().name == profile.name;
        if models.iter().any(is_known) {
            continue;
        }
        if let Some(host) = &profile.remote {
            warn(&format!("{} for `{}`", sent_to(host), profile.name));
        }
        models.push(model);
    }
    Ok(models)
}

/// Brings the index up to date, of which tasks are made.
async fn refresh(app: &App, stop: &CancellationToken) -> Result<(), Error> {
    let root = app.workspace.root.display();
    ensure!(
        app.index.exists() || !app.needs_confirmation(),
        "{root} is not indexed and not a project folder; run `ollacode index --yes` to index all \
         of it"
    );
    let progress = IndexProgress::new();
    let options = RefreshOptions {
        stop: stop.clone(),
        ..RefreshOptions::default()
    };
    app.index
        .refresh(&options, &|event| progress.show(event))
        .await?;
    Ok(())
}

fn show_comparison(app: &App, before: &str, after: &str, json: bool) -> Result<CommandEnd, Error> {
    let folder = app.benchmarks_folder();
    let (before, after) = (
        stored::load(&folder, before)?,
        stored::load(&folder, after)?,
    );
    let comparison = compare(&before, &after);
    if json {
        print_json(&comparison)?;
    } else {
        print(|out| render::write_comparison(out, &comparison))?;
    }
    Ok(CommandEnd::Good)
}

/// A line on the terminal that says what is being done.
struct ShownProgress {
    bar: ProgressBar,
}

impl ShownProgress {
    fn new() -> ShownProgress {
        if !is_watched() {
            let bar = ProgressBar::hidden();
            return ShownProgress { bar };
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        ShownProgress { bar }
    }

    fn show(&self, name: &str, progress: &Progress<'_>) {
        let step = match progress {
            Progress::Loading => "loading".to_owned(),
            Progress::Speed(tokens) => {
                format!("speed at {} tokens", count(u64::from(*tokens)))
            }
            Progress::WarmUp => "reading the instructions".to_owned(),
            Progress::Task { number, name } => format!("task {number}, {name}"),
        };
        self.bar
            .set_message(format!("{}: {step}", visible_name(name)));
    }
}
