//! `ollacode index`.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, bail, ensure};
use ollacode_indexer::{
    EmbedError, EmbedReport, Embedder, IndexError, IndexEvent, Refresh, Role, StoreError, Wait,
};
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::args::{IndexAction, IndexArguments};
use super::progress::{Progress, download_bar};
use super::signals::stop_signal;
use super::style::{DIM, PLAIN, counted, visible_name};
use super::{Ending, confirm, indexes, inspect, note, print, print_json, summary};
use crate::app::{App, VectorNews};
use crate::config::EmbedModel;
use crate::conversation::words::duration;
use crate::model::ollama::OllamaError;

/// Said when it is stopped.
const STOPPING: &str = "stopping; what is done is kept";

pub async fn run(app: &App, arguments: &IndexArguments) -> Result<Ending, Error> {
    match arguments.action() {
        IndexAction::Refresh => refresh(app, arguments).await?,
        IndexAction::Watch => watch(app, arguments).await?,
        IndexAction::DryRun => dry_run(app, arguments).await?,
        IndexAction::Status => status(app, arguments).await?,
        IndexAction::Failures => failures(app, arguments).await?,
        IndexAction::Inspect(file) => inspect::run(app, file, arguments.json)?,
        IndexAction::Remove => remove(app, arguments).await?,
        IndexAction::Skipped => skipped(app, arguments).await?,
        IndexAction::List => indexes::list(app, arguments.json).await?,
        IndexAction::Prune => indexes::prune(app, arguments.yes, arguments.json).await?,
    }
    Ok(Ending::Good)
}

/// Asks before all of `/` or of the home folder is indexed.
fn confirm_width(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    if arguments.yes || app.index.exists() || !app.needs_confirmation() {
        return Ok(());
    }
    let root = app.workspace.root.display();
    ensure!(
        confirm::confirmed(&format!("Index all of {root}? It is not a project folder."))?,
        "{root} is not a project folder; name one, or give `--yes` to index all of it"
    );
    Ok(())
}

async fn refresh(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    confirm_width(app, arguments)?;
    let stop = stop_signal(STOPPING);
    let progress = Progress::new();
    let started = Instant::now();
    let how = Refresh {
        force: arguments.force,
        stop: stop.clone(),
        ..Refresh::default()
    };
    let report = refresh_in_turn(app, how, &|event| progress.show(event)).await?;
    progress.clear();
    let printed = if arguments.json {
        Ok(())
    } else {
        let took = started.elapsed();
        print(|out| summary::write_report(out, &report, took))
    };
    // That nobody reads the report is no reason to leave the vectors out.
    let vectors = vectors(app, arguments, &progress, &stop).await?;
    progress.clear();
    printed?;
    let status = app.index.status(vectors.fingerprint()).await?;
    if arguments.json {
        return print_json(&summary::report_json(&report, &status, vectors.json()));
    }
    print(|out| {
        writeln!(out, "{}", vectors.words(&status.counts))?;
        let query = summary::suggestion(&report);
        writeln!(out, "{DIM}Try:{PLAIN} ollacode search {query}")
    })
}

/// Refreshes, and says so if another process has to finish first.
async fn refresh_in_turn(
    app: &App,
    how: Refresh,
    events: ollacode_indexer::Events<'_>,
) -> Result<ollacode_indexer::Report, IndexError> {
    let at_once = Refresh {
        wait: Wait::No,
        ..how.clone()
    };
    match app.index.refresh(&at_once, events).await {
        Err(IndexError::Busy) => {
            note("another ollacode process is writing to this index; waiting for it");
            app.index.refresh(&how, events).await
        }
        other => other,
    }
}

/// What came of the vectors.
enum Vectors {
    /// They are not wanted.
    Off,
    /// They could not be made now; why, and what to do.
    Later(String),
    /// Another process is making them.
    Elsewhere,
    /// Every chunk has one, or is listed.
    Made {
        model: String,
        fingerprint: String,
        report: EmbedReport,
    },
}

impl Vectors {
    fn fingerprint(&self) -> &str {
        match self {
            Vectors::Made { fingerprint, .. } => fingerprint,
            Vectors::Off | Vectors::Later(_) | Vectors::Elsewhere => "",
        }
    }

    fn words(&self, counts: &ollacode_indexer::Counts) -> String {
        match self {
            Vectors::Off => "No vectors, as set: search goes by words.".into(),
            Vectors::Later(why) => format!(
                "No vectors for now: {why}. Search goes by words; a later `ollacode index` adds vectors."
            ),
            Vectors::Elsewhere => {
                "Another ollacode process is embedding this index; vectors are left to it.".into()
            }
            Vectors::Made { model, report, .. } => {
                let mut words = format!(
                    "{} have vectors of {model} ({} new, {} from the cache).",
                    counted(counts.embedded, "chunk"),
                    counted(report.embedded, "text"),
                    report.from_cache
                );
                if counts.failed > 0 {
                    words.push_str(&format!(
                        " {} could not be embedded: `ollacode index --failures` lists why.",
                        counted(counts.failed, "chunk")
                    ));
                }
                words
            }
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Vectors::Off => json!(null),
            Vectors::Later(why) => json!({"error": why}),
            Vectors::Elsewhere => json!({"elsewhere": true}),
            Vectors::Made { model, report, .. } => json!({
                "model": model,
                "embedded": report.embedded,
                "from_cache": report.from_cache,
                "failed": report.failed,
            }),
        }
    }
}

/// Embeds what has no vector. Without Ollama that waits for a later run, which is no failure.
async fn vectors(
    app: &App,
    arguments: &IndexArguments,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Vectors, Error> {
    if arguments.force {
        app.index.forget_failures().await?;
    }
    let connected = match app.embedder().await {
        Err(OllamaError::ModelMissing { model }) if offer_pull(app, &model).await? => {
            app.embedder().await
        }
        other => other,
    };
    let embedder = match connected {
        Ok(Some(embedder)) => embedder,
        Ok(None) => return Ok(Vectors::Off),
        Err(error @ OllamaError::Offline { .. }) => return Err(error.into()),
        Err(error) => return Ok(Vectors::Later(error.with_hint())),
    };
    if !app.settings.ollama_host.is_loopback() {
        note(&format!(
            "code is sent to {} to be embedded",
            app.settings.ollama_host
        ));
    }
    match app
        .embed(&embedder, &|event| progress.show(event), stop)
        .await
    {
        Ok(report) => Ok(Vectors::Made {
            model: embedder.model().name.clone(),
            fingerprint: embedder.model().fingerprint(),
            report,
        }),
        Err(IndexError::Embedding(EmbedError::Unavailable(why))) => Ok(Vectors::Later(why)),
        Err(IndexError::Filling) => Ok(Vectors::Elsewhere),
        Err(error) => Err(error.into()),
    }
}

/// Offers to pull a missing model, where somebody can answer.
async fn offer_pull(app: &App, model: &str) -> Result<bool, Error> {
    let question = format!("Ollama does not have `{model}`. Pull it now?");
    if !confirm::can_ask() || !confirm::confirmed(&question)? {
        return Ok(false);
    }
    let bar = download_bar();
    let pulled = app
        .ollama()?
        .pull(model, &mut |step| {
            bar.set_message(visible_name(&step.status));
            bar.set_length(step.total);
            bar.set_position(step.completed);
        })
        .await;
    bar.finish_and_clear();
    pulled.with_context(|| format!("cannot pull `{model}`"))?;
    Ok(true)
}

/// Refreshes, then keeps the index fresh until a signal; vectors follow in the background.
async fn watch(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    confirm_width(app, arguments)?;
    let stop = stop_signal(STOPPING);
    let progress = Progress::new();
    let show = |event: IndexEvent| progress.show(event);
    let how = Refresh {
        force: arguments.force,
        stop: stop.clone(),
        ..Refresh::default()
    };
    let started = Instant::now();
    let report = match app.index.refresh(&how, &show).await {
        Err(IndexError::Stopped) => return Ok(()),
        other => other?,
    };
    progress.clear();
    print(|out| {
        summary::write_report(out, &report, started.elapsed())?;
        let root = app.workspace.root.display();
        writeln!(out, "Watching {root}; Ctrl-C ends it.")
    })?;
    let changed = Notify::new();
    changed.notify_one();
    let events = |event: IndexEvent| match event {
        IndexEvent::Refreshed { changed, removed } => {
            let (changed, removed) = (changed as u64, removed as u64);
            note(&format!(
                "{} indexed, {removed} removed",
                counted(changed, "file")
            ));
        }
        IndexEvent::Warning(message) => super::warn(&message),
        _ => {}
    };
    let told = AtomicBool::new(false);
    let tell = |news: VectorNews<'_>| {
        let VectorNews::Waiting(why) = news else {
            told.store(false, Ordering::Relaxed);
            return;
        };
        if !told.swap(true, Ordering::Relaxed) {
            note(&format!("no vectors for now: {why}; search goes by words"));
        }
    };
    tokio::select! {
        watched = app.index.watch(&events, &changed, &stop) => Ok(watched?),
        followed = app.follow_with_vectors(&changed, None, &|_| (), &tell, &stop) => Ok(followed?),
    }
}

async fn dry_run(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let stop = stop_signal(STOPPING);
    let progress = Progress::new();
    let started = Instant::now();
    let survey = app
        .index
        .survey(&|event| progress.show(event), &stop)
        .await?;
    let took = started.elapsed();
    progress.clear();
    let estimate = estimate(app, &survey.sample, survey.texts).await;
    if arguments.json {
        return print_json(&summary::survey_json(
            &survey,
            estimate.as_ref().ok().copied().flatten(),
        ));
    }
    print(|out| {
        summary::write_survey(out, &survey, took)?;
        match estimate {
            Ok(Some(time)) => writeln!(
                out,
                "Embedding {} takes about {} (measured on {}; what is in the cache costs nothing).",
                counted(survey.texts, "text"),
                duration(time),
                counted(survey.sample.len() as u64, "text")
            ),
            Ok(None) => Ok(()),
            Err(why) => writeln!(out, "Embedding cannot be estimated: {why}."),
        }
    })
}

/// Measures one batch, after one text that loads the model.
async fn estimate(app: &App, sample: &[String], texts: u64) -> Result<Option<Duration>, String> {
    if app.settings.embed_model == EmbedModel::None || sample.is_empty() {
        return Ok(None);
    }
    let Some(embedder) = app.embedder().await.map_err(|error| error.with_hint())? else {
        return Ok(None);
    };
    let window = embedder.model().window;
    let fitted: Vec<String> = sample
        .iter()
        .map(|text| {
            let first = ollacode_indexer::embed::split(text, window / 2)
                .into_iter()
                .next();
            embedder.wrap(&text[first.unwrap_or(0..0)], Role::Document)
        })
        .collect();
    embedder
        .embed(&fitted[..1])
        .await
        .map_err(|error| error.to_string())?;
    let started = Instant::now();
    embedder
        .embed(&fitted)
        .await
        .map_err(|error| error.to_string())?;
    let each = started.elapsed().div_f64(fitted.len() as f64);
    Ok(Some(each.mul_f64(texts as f64)))
}

async fn status(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    if !app.index.exists() {
        if arguments.json {
            return print_json(&json!({"workspace": app.workspace.root, "indexed": false}));
        }
        let root = app.workspace.root.display();
        return print(|out| writeln!(out, "{root} is not indexed; `ollacode index` does it."));
    }
    let model = app.index.complete_model().await?;
    let (name, fingerprint) = model.unzip();
    let status = app
        .index
        .status(fingerprint.as_deref().unwrap_or_default())
        .await?;
    let without = app.model_without_vectors().await;
    if arguments.json {
        let mut json = summary::status_json(app, &status, name.as_deref());
        json["without_vectors"] = json!(without);
        return print_json(&json);
    }
    print(|out| summary::write_status(out, app, &status, name.as_deref()))?;
    if let Some(model) = without {
        super::warn(&format!(
            "the vectors are not those of `{}` as it is now: search goes by words; \
             `ollacode index` makes them",
            visible_name(&model)
        ));
    }
    Ok(())
}

async fn failures(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let failures = match app.index.failures().await {
        Err(IndexError::Store(StoreError::NoIndex { .. })) => {
            bail!("there is no index yet; run `ollacode index`")
        }
        other => other?,
    };
    if arguments.json {
        let list: Vec<_> = failures
            .iter()
            .map(|failure| json!({"path": failure.path, "line": failure.start_line, "reason": failure.reason}))
            .collect();
        return print_json(&json!({"failures": list}));
    }
    print(|out| {
        for failure in &failures {
            let (path, reason) = (visible_name(&failure.path), visible_name(&failure.reason));
            writeln!(out, "{path}:{}  {reason}", failure.start_line)?;
        }
        Ok(())
    })?;
    if failures.is_empty() {
        note("no text is listed as failed");
    }
    Ok(())
}

/// Names each file that is not indexed, and why: as it would be now, whatever was indexed before.
async fn skipped(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let stop = stop_signal(STOPPING);
    let progress = Progress::new();
    let show = |event: IndexEvent| progress.show(event);
    let survey = app.index.survey(&show, &stop).await?;
    progress.clear();
    if arguments.json {
        return print_json(&summary::skipped_json(&survey.report));
    }
    print(|out| summary::write_skipped(out, &survey.report))?;
    if survey.report.skipped_files.is_empty() && survey.report.left_out.is_empty() {
        note("no file is skipped; files that ignore files exclude are not listed");
    }
    Ok(())
}

async fn remove(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let removed = app.index.remove().await?;
    if arguments.json {
        return print_json(&json!({"removed": removed}));
    }
    let root = app.workspace.root.display();
    print(|out| {
        if removed {
            writeln!(
                out,
                "The index of {root} is deleted. Cached vectors stay, so indexing again is cheap."
            )
        } else {
            writeln!(out, "{root} has no index.")
        }
    })
}
