//! `save`: what a watcher does for each save, for a folder that comes and goes, and while idle.

use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, anyhow};
use ollacode_indexer::{Index, IndexError, IndexEvent};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::changes::{EditedFile, marker};
use crate::embedder::ClusteredVectors;
use crate::figures::{Meter, Usage, duration, megabytes, percentile, percentiles, row};
use crate::place::{Place, refresh, runtime};
use crate::samples::{Samples, TextFiles};

/// Saves of one file.
const SAVES: usize = 20;
/// Files of a new folder.
const FILES: usize = 10;
/// How long a watcher may work on after it has told of a change.
const SETTLE: Duration = Duration::from_millis(500);
/// How long nothing happens before and while the idle watcher is measured.
const REST: Duration = Duration::from_secs(3);
const IDLE: Duration = Duration::from_secs(10);
/// A change that is not told of after so long is lost.
const PATIENCE: Duration = Duration::from_secs(120);

/// Watches without vectors, then with vectors that follow.
pub fn measure(place: &Place, _: Option<&str>) -> Result<(), Error> {
    let samples = Samples::read(place)?;
    let file = EditedFile::remember(place.corpus.join(&samples.chunk(0).path))?;
    refresh(&runtime()?, &place.index())?;
    let mut measured = watched(place, None, |news| changes(place, &file, news));
    if measured.is_ok() && place.dimension > 0 {
        // The file is restored below, whatever fails.
        measured = TextFiles::read(place).and_then(|files| {
            let vectors = ClusteredVectors::for_texts(place.dimension, files);
            watched(place, Some(vectors), |news| {
                saves(&file, news, "save, with vectors", "")
            })
        });
    }
    file.restore()?;
    if folder(place).exists() {
        fs::remove_dir_all(folder(place))?;
    }
    refresh(&runtime()?, &place.index())?;
    measured
}

fn folder(place: &Place) -> std::path::PathBuf {
    place.corpus.join("scale_bench_folder")
}

/// What the watcher has told: so many files were taken in, and their vectors if they follow.
struct News {
    told: Receiver<usize>,
}

impl News {
    /// Waits until so many files were taken in.
    fn wait_for(&self, files: usize) -> Result<(), Error> {
        let started = Instant::now();
        let mut taken = 0;
        while taken < files {
            let left = PATIENCE.saturating_sub(started.elapsed());
            let told = self.told.recv_timeout(left);
            taken += told.with_context(|| format!("{taken} of {files} changes were seen"))?;
        }
        Ok(())
    }

    /// Forgets what was told so far.
    fn forget(&self) {
        while self.told.try_recv().is_ok() {}
    }
}

/// Runs something while a watcher runs in a thread, on a runtime of its own.
fn watched(
    place: &Place,
    vectors: Option<ClusteredVectors>,
    work: impl FnOnce(&News) -> Result<(), Error>,
) -> Result<(), Error> {
    let (tell, told) = channel();
    let stop = CancellationToken::new();
    let watcher = {
        let (index, stop) = (place.index(), stop.clone());
        thread::spawn(move || watch(&index, vectors.as_ref(), &tell, &stop))
    };
    let worked = work(&News { told });
    stop.cancel();
    let ended = watcher
        .join()
        .map_err(|_| anyhow!("the watcher panicked"))?;
    ended?;
    worked
}

fn watch(
    index: &Index,
    vectors: Option<&ClusteredVectors>,
    tell: &Sender<usize>,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let changed = Notify::new();
    let events = |event: IndexEvent| match event {
        IndexEvent::Refreshed { changed, removed } if vectors.is_none() => {
            // Nobody listens any more only when the measure is over.
            let _ = tell.send(changed + removed);
        }
        IndexEvent::Warning(warning) => row("save", "warning", &warning, ""),
        _ => {}
    };
    let follow = async {
        let Some(vectors) = vectors else {
            return std::future::pending::<Result<(), IndexError>>().await;
        };
        loop {
            changed.notified().await;
            match index.embed(vectors, None, &|_| (), stop).await {
                Ok(_) => {}
                Err(IndexError::Stopped) => return Ok(()),
                Err(error) => return Err(error),
            }
            // One file is saved at a time.
            let _ = tell.send(1);
        }
    };
    runtime()?.block_on(async {
        tokio::select! {
            watched = index.watch(&events, &changed, stop) => watched,
            followed = follow => followed,
        }
    })?;
    Ok(())
}

/// All that is measured without vectors.
fn changes(place: &Place, file: &EditedFile, news: &News) -> Result<(), Error> {
    saves(file, news, "save", "≤ 20 ms CPU, ≤ 1 MB read")?;
    let folder = folder(place);
    let made = took(news, FILES, || {
        fs::create_dir(&folder)?;
        for number in 0..FILES {
            let (name, word) = (format!("file_{number}.rs"), marker(90_000 + number));
            let text = format!("/// Is {word}.\npub fn {word}() -> usize {{\n    {number}\n}}\n");
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    })?;
    row("save", "a folder of 10 files is made", &cost(&made), "");
    let removed = took(news, FILES, || Ok(fs::remove_dir_all(&folder)?))?;
    row("save", "it is removed", &cost(&removed), "");
    thread::sleep(REST);
    let meter = Meter::start()?;
    thread::sleep(IDLE);
    let idle = meter.usage()?;
    row("save", "idle for 10 s", &cost(&idle), "");
    Ok(())
}

/// Saves one file again and again.
fn saves(file: &EditedFile, news: &News, what: &str, wanted: &str) -> Result<(), Error> {
    // The first one waits for the watches to be set, and for the tables to be opened.
    thread::sleep(REST);
    took(news, 1, || file.add("save"))?;
    let mut used = Vec::with_capacity(SAVES);
    let mut waits = Vec::with_capacity(SAVES);
    for number in 0..SAVES {
        let started = Instant::now();
        news.forget();
        let meter = Meter::start()?;
        file.add(&marker(80_000 + number))?;
        news.wait_for(1)?;
        waits.push(started.elapsed());
        thread::sleep(SETTLE);
        used.push(meter.usage()?);
    }
    let cpu: Vec<Duration> = used.iter().map(|usage| usage.cpu).collect();
    let read: Vec<u64> = used.iter().map(|usage| usage.read).collect();
    let written: u64 = used.iter().map(|usage| usage.written).sum();
    let measured = format!(
        "CPU {}; read p50 {}, p95 {}; written mean {}; taken in after p50 {}",
        percentiles(&cpu),
        megabytes(percentile(&read, 50)),
        megabytes(percentile(&read, 95)),
        megabytes(written / SAVES as u64),
        duration(percentile(&waits, 50))
    );
    row("save", what, &measured, wanted);
    Ok(())
}

/// What a change of some files takes.
fn took(
    news: &News,
    files: usize,
    change: impl FnOnce() -> Result<(), Error>,
) -> Result<Usage, Error> {
    news.forget();
    let meter = Meter::start()?;
    change()?;
    news.wait_for(files)?;
    thread::sleep(SETTLE);
    meter.usage()
}

fn cost(usage: &Usage) -> String {
    format!(
        "{} CPU, {} read, {} written",
        duration(usage.cpu),
        megabytes(usage.read),
        megabytes(usage.written)
    )
}
