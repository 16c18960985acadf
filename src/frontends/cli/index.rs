//! `ollacode index`.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Error, bail, ensure};
use ollacode_indexer::{
    EmbedError, EmbedReport, IndexError, IndexEvent, LockWait, RefreshOptions, SharedReport,
    Standing, StoreError,
};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::args::{IndexAction, IndexArguments};
use super::progress::{IndexProgress, download_bar};
use super::signals::stop_signal;
use super::style::{DIM, PLAIN, count, counted, visible_name};
use super::{
    CommandEnd, cache, confirm, dry_run, indexes, inspect, note, print, print_json, summary,
};
use crate::app::{App, VectorStatus};
use crate::model::http::ServerError;

pub(super) const STOPPING: &str = "stopping; finished work is kept";

pub async fn run(app: &App, arguments: &IndexArguments) -> Result<CommandEnd, Error> {
    match arguments.action() {
        IndexAction::Refresh => refresh(app, arguments).await?,
        IndexAction::Watch => watch(app, arguments).await?,
        IndexAction::DryRun => dry_run::run(app, arguments).await?,
        IndexAction::Status => status(app, arguments).await?,
        IndexAction::Failures => failures(app, arguments).await?,
        IndexAction::Inspect(file) => inspect::run(app, file, arguments.json)?,
        IndexAction::Remove => remove(app, arguments).await?,
        IndexAction::Skipped => skipped(app, arguments).await?,
        IndexAction::List => indexes::list(app, arguments.json).await?,
        IndexAction::Prune => indexes::prune(app, arguments.yes, arguments.json).await?,
    }
    Ok(CommandEnd::Good)
}

/// Asks before the home folder, or a folder above it, is indexed.
fn confirm_width(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    if arguments.yes || app.index.exists() || !app.needs_confirmation() {
        return Ok(());
    }
    let root = app.workspace.root.display();
    ensure!(
        confirm::confirmed(&format!("{root} is not a project folder. Index all of it?"))?,
        "{root} is not a project folder; give the path of one, or index all of it with `--yes`"
    );
    Ok(())
}

async fn refresh(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    confirm_width(app, arguments)?;
    let stop = stop_signal(STOPPING);
    let progress = IndexProgress::new();
    let started = Instant::now();
    let how = RefreshOptions {
        force: arguments.force,
        stop: stop.clone(),
        ..RefreshOptions::default()
    };
    let report = refresh_in_turn(app, how, &|event| progress.show(event)).await?;
    progress.clear();
    let printed = if arguments.json {
        Ok(())
    } else {
        let took = started.elapsed();
        print(|out| summary::write_report(out, &report, took))
    };
    // A closed stdout is no reason to skip the vectors.
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

/// Refreshes; a note says if it has to wait for another process.
async fn refresh_in_turn(
    app: &App,
    how: RefreshOptions,
    events: ollacode_indexer::Events<'_>,
) -> Result<ollacode_indexer::RefreshReport, IndexError> {
    let at_once = RefreshOptions {
        wait: LockWait::No,
        ..how.clone()
    };
    match app.index.refresh(&at_once, events).await {
        Err(IndexError::Busy) => {
            note("waiting for another ollacode process that is updating this index");
            app.index.refresh(&how, events).await
        }
        other => other,
    }
}

/// The outcome of embedding.
enum VectorOutcome {
    /// Switched off by a setting.
    Off,
    /// Not possible now: the reason, and what to do.
    Later(String),
    /// Another process is embedding this index.
    Elsewhere,
    /// Every chunk has a vector or is listed as failed.
    Made {
        model: String,
        fingerprint: String,
        report: EmbedReport,
        /// The shared cache, and what was done with it.
        shared: Option<(String, Box<SharedReport>)>,
    },
}

impl VectorOutcome {
    fn fingerprint(&self) -> &str {
        match self {
            VectorOutcome::Made { fingerprint, .. } => fingerprint,
            VectorOutcome::Off | VectorOutcome::Later(_) | VectorOutcome::Elsewhere => "",
        }
    }

    fn words(&self, counts: &ollacode_indexer::Counts) -> String {
        match self {
            VectorOutcome::Off => "Embeddings are off: search is lexical only.".into(),
            VectorOutcome::Later(why) => format!(
                "Cannot compute vectors: {why}. Search is lexical only until `ollacode index` adds them."
            ),
            VectorOutcome::Elsewhere => {
                "Another ollacode process is computing the vectors of this index.".into()
            }
            VectorOutcome::Made {
                model,
                report,
                shared,
                ..
            } => {
                let mut words = format!(
                    "{} with vectors of {model} ({} embedded, {} from the cache{}).",
                    counted(counts.embedded, "chunk"),
                    counted(report.embedded, "text"),
                    report.from_cache,
                    match shared {
                        Some(_) => format!(", {} from the shared cache", count(report.from_shared)),
                        None => String::new(),
                    }
                );
                if let Some((place, shared)) = shared {
                    words.push_str(&shared_words(place, shared));
                }
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
            VectorOutcome::Off => json!(null),
            VectorOutcome::Later(why) => json!({"error": why}),
            VectorOutcome::Elsewhere => json!({"elsewhere": true}),
            VectorOutcome::Made {
                model,
                report,
                shared,
                ..
            } => {
                let mut object = json!({
                    "model": model,
                    "embedded": report.embedded,
                    "from_cache": report.from_cache,
                    "failed": report.failed,
                });
                if let Some((place, shared)) = shared {
                    object["from_shared"] = json!(report.from_shared);
                    object["shared"] = shared_json(place, shared);
                }
                object
            }
        }
    }
}

/// Sentences about the shared cache, each after a blank.
fn shared_words(place: &str, report: &SharedReport) -> String {
    let place = visible_name(place);
    let mut words = String::new();
    if report.written > 0 {
        let written = counted(report.written, "vector");
        words.push_str(&format!(" {written} were written to {place}."));
    }
    if report.unwritten > 0 {
        let unwritten = counted(report.unwritten, "vector");
        words.push_str(&format!(" {unwritten} could not be written to {place}."));
    }
    if let Standing::LeftOut(why) = &report.standing {
        words.push_str(&format!(
            " The shared cache is left out: {}.",
            visible_name(why)
        ));
    }
    words
}

fn shared_json(place: &str, report: &SharedReport) -> serde_json::Value {
    let left_out = match &report.standing {
        Standing::LeftOut(why) => Some(why),
        _ => None,
    };
    json!({
        "place": place,
        "read": report.read,
        "written": report.written,
        "unwritten": report.unwritten,
        "spot_checked": report.spot_checked,
        "requests": report.requests,
        "bytes_read": report.bytes_read,
        "left_out": left_out,
        "bad": cache::bad_json(&report.bad),
    })
}

/// The shared cache of the settings if it cannot be opened, as one that is left out.
fn unopened(app: &App) -> Option<(String, Box<SharedReport>)> {
    let location = app.settings.shared_cache.location.as_ref()?;
    let report = SharedReport {
        standing: Standing::LeftOut(app.shared_cache().err()?.to_string()),
        ..SharedReport::default()
    };
    Some((location.to_string(), Box::new(report)))
}

/// Embeds the chunks without a vector. It is not a failure if the server is not available.
async fn vectors(
    app: &App,
    arguments: &IndexArguments,
    progress: &IndexProgress,
    stop: &CancellationToken,
) -> Result<VectorOutcome, Error> {
    if arguments.force {
        app.index.forget_failures().await?;
    }
    let connected = match app.embedder().await {
        Err(ServerError::ModelMissing { model, .. }) if offer_pull(app, &model).await? => {
            app.embedder().await
        }
        other => other,
    };
    let embedder = match connected {
        Ok(Some(embedder)) => embedder,
        Ok(None) => return Ok(VectorOutcome::Off),
        Err(error @ ServerError::Offline { .. }) => return Err(error.into()),
        Err(error) => return Ok(VectorOutcome::Later(error.with_hint())),
    };
    note_recipients(app);
    // One that cannot be opened is told of while embedding.
    let shared = app.shared_cache().ok().flatten();
    match app
        .embed(
            embedder.as_ref(),
            &app.chat_activity(),
            &|event| progress.show(event),
            stop,
        )
        .await
    {
        Ok(report) => Ok(VectorOutcome::Made {
            model: embedder.model().name.clone(),
            fingerprint: embedder.model().fingerprint(),
            report,
            shared: shared
                .map(|open| (open.cache.place().to_owned(), Box::new(open.cache.report())))
                .or_else(|| unopened(app)),
        }),
        Err(IndexError::Embedding(EmbedError::Unavailable(why))) => Ok(VectorOutcome::Later(why)),
        Err(IndexError::Filling) => Ok(VectorOutcome::Elsewhere),
        Err(error) => Err(error.into()),
    }
}

/// Names who gets code, or vectors of it, beyond this machine.
fn note_recipients(app: &App) {
    for host in app.embedding_hosts() {
        note(&format!("code is sent to {host} for embedding"));
    }
    if let Some(place) = app.vectors_go_to() {
        note(&format!("vectors of the code are written to {place}"));
    }
}

/// Offers to download a missing model, if there is a terminal.
async fn offer_pull(app: &App, model: &str) -> Result<bool, Error> {
    let server = app.embedding_server().await?;
    let question = format!(
        "{} does not have the model `{model}`. Download it now?",
        server.kind().label()
    );
    if !server.can_pull() || !confirm::can_ask() || !confirm::confirmed(&question)? {
        return Ok(false);
    }
    let bar = download_bar();
    let pulled = server
        .pull(model, &mut |step| {
            bar.set_message(visible_name(&step.status));
            bar.set_length(step.total);
            bar.set_position(step.completed);
        })
        .await;
    bar.finish_and_clear();
    pulled.with_context(|| format!("cannot download `{model}`"))?;
    Ok(true)
}

/// Updates the index until a signal; vectors are computed in the background.
async fn watch(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    confirm_width(app, arguments)?;
    let stop = stop_signal(STOPPING);
    let progress = IndexProgress::new();
    let show = |event: IndexEvent| progress.show(event);
    let how = RefreshOptions {
        force: arguments.force,
        stop: stop.clone(),
        ..RefreshOptions::default()
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
        writeln!(out, "Watching {root}; press Ctrl-C to stop.")
    })?;
    note_recipients(app);
    let changed = Notify::new();
    changed.notify_one();
    let warned = Mutex::new(BTreeSet::new());
    let events = |event: IndexEvent| match event {
        IndexEvent::Refreshed { changed, removed } => {
            let (changed, removed) = (changed as u64, removed as u64);
            note(&format!(
                "{} updated, {removed} removed",
                counted(changed, "file")
            ));
        }
        // What holds for every file is not said at every file.
        IndexEvent::Warning(message) if warned.lock().insert(message.clone()) => {
            super::warn(&message);
        }
        _ => {}
    };
    let (told, activity) = (AtomicBool::new(false), app.chat_activity());
    let tell = |news: VectorStatus<'_>| {
        let VectorStatus::Waiting(why) = news else {
            told.store(false, Ordering::Relaxed);
            return;
        };
        if !told.swap(true, Ordering::Relaxed) {
            note(&format!(
                "cannot compute vectors: {why}; search is lexical only"
            ));
        }
    };
    tokio::select! {
        watched = app.index.watch(&events, &changed, &stop) => Ok(watched?),
        followed = app.follow_with_vectors(&changed, &activity, &events, &tell, &stop) => Ok(followed?),
    }
}

async fn status(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    if !app.index.exists() {
        if arguments.json {
            return print_json(&json!({"workspace": app.workspace.root, "indexed": false}));
        }
        let root = app.workspace.root.display();
        return print(|out| writeln!(out, "{root} is not indexed; run `ollacode index`."));
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
            "the index has no vectors of the current `{}`: search is lexical only; \
             run `ollacode index` to create them",
            visible_name(&model)
        ));
    }
    Ok(())
}

async fn failures(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let failures = match app.index.failures().await {
        Err(IndexError::Store(StoreError::NoIndex { .. })) => {
            bail!("this folder is not indexed; run `ollacode index`")
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
        note("no failed texts");
    }
    Ok(())
}

/// Lists each file that is not indexed, and why, from a dry run: the index itself is not read.
async fn skipped(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let stop = stop_signal(STOPPING);
    let progress = IndexProgress::new();
    let show = |event: IndexEvent| progress.show(event);
    let survey = app.index.dry_run(&show, &stop).await?;
    progress.clear();
    if arguments.json {
        return print_json(&summary::skipped_json(&survey.report));
    }
    print(|out| summary::write_skipped(out, &survey.report))?;
    if survey.report.skipped_files.is_empty() && survey.report.left_out.is_empty() {
        note("no files are skipped (files matched by ignore files are not listed)");
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
                "Deleted the index of {root}. Cached vectors are kept, so indexing again is fast."
            )
        } else {
            writeln!(out, "{root} has no index.")
        }
    })
}
