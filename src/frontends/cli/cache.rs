//! `ollacode cache`: the shared cache of vectors.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Error, bail};
use ollacode_indexer::SharedCache;
use ollacode_indexer::shared::{
    BadPack, CompactReport, ExportReport, ImportReport, SharedStatistics,
};
use serde_json::{Value, json};

use super::args::{CacheArguments, CacheCommand};
use super::style::{BOLD, PLAIN, counted, visible_name};
use super::{CommandEnd, print, print_json, warn};
use crate::app::App;
use crate::text::size;

pub async fn run(app: &App, arguments: &CacheArguments) -> Result<CommandEnd, Error> {
    let Some(open) = app.shared_cache()? else {
        bail!(
            "there is no shared cache: set `OLLACODE_SHARED_CACHE` to a folder or a bucket; \
             docs/teams.md says how"
        );
    };
    let (cache, json) = (&open.cache, arguments.json);
    let writes = matches!(
        arguments.command,
        CacheCommand::Import { .. } | CacheCommand::Compact
    );
    if writes && !app.settings.shared_cache.writes {
        bail!(
            "`{}` is only read by this machine: set `OLLACODE_SHARED_CACHE_WRITE=true` to write to it",
            visible_name(cache.place())
        );
    }
    match &arguments.command {
        CacheCommand::Stat => stat(cache, json).await,
        CacheCommand::Export { file } => export(cache, file, json).await,
        CacheCommand::Import { file } => import(cache, file, json).await,
        CacheCommand::Compact => compact(cache, json).await,
    }
}

async fn stat(cache: &SharedCache, json: bool) -> Result<CommandEnd, Error> {
    let found = cache.statistics().await?;
    if json {
        print_json(&stat_json(cache.place(), &found))?;
        return Ok(end(&found.bad));
    }
    print(|out| write_stat(out, cache.place(), &found))?;
    Ok(told(&found.bad))
}

fn write_stat(out: &mut impl Write, place: &str, found: &SharedStatistics) -> io::Result<()> {
    let models = counted(found.models, "model");
    let (vectors, packs) = (
        counted(found.vectors, "vector"),
        counted(found.packs, "pack"),
    );
    writeln!(out, "{BOLD}{}{PLAIN}", visible_name(place))?;
    writeln!(
        out,
        "{vectors} of {models} in {packs}, {}",
        size(found.bytes)
    )?;
    for (writer, vectors) in &found.writers {
        let vectors = counted(*vectors, "vector");
        writeln!(out, "  {vectors:>20}  written by {}", visible_name(writer))?;
    }
    if found.small_packs > 1 {
        let small = counted(found.small_packs, "pack");
        writeln!(
            out,
            "{small} are small: `ollacode cache compact` merges them."
        )?;
    }
    Ok(())
}

fn stat_json(place: &str, found: &SharedStatistics) -> Value {
    let writers = found.writers.iter();
    let writers: Vec<Value> = writers
        .map(|(writer, vectors)| json!({"writer": writer, "vectors": vectors}))
        .collect();
    json!({
        "place": place,
        "models": found.models,
        "packs": found.packs,
        "small_packs": found.small_packs,
        "vectors": found.vectors,
        "bytes": found.bytes,
        "writers": writers,
        "bad": bad_json(&found.bad),
    })
}

async fn export(cache: &SharedCache, file: &Path, json: bool) -> Result<CommandEnd, Error> {
    let report = cache.export(file).await?;
    let ExportReport {
        packs,
        vectors,
        bytes,
        bad,
    } = &report;
    if json {
        print_json(&json!({
            "place": cache.place(), "file": file.display().to_string(), "packs": packs, "vectors": vectors,
            "bytes": bytes, "bad": bad_json(bad),
        }))?;
        return Ok(end(bad));
    }
    print(|out| {
        let (vectors, packs) = (counted(*vectors, "vector"), counted(*packs, "pack"));
        let (size, file) = (size(*bytes), visible_name(&file.display().to_string()));
        writeln!(out, "Wrote {vectors} in {packs}, {size}, to {file}.")
    })?;
    Ok(told(bad))
}

async fn import(cache: &SharedCache, file: &Path, json: bool) -> Result<CommandEnd, Error> {
    let report = cache.import(file).await?;
    let ImportReport {
        added,
        present,
        vectors,
        bad,
    } = &report;
    if json {
        print_json(&json!({
            "place": cache.place(), "file": file.display().to_string(), "added": added, "present": present,
            "vectors": vectors, "bad": bad_json(bad),
        }))?;
        return Ok(end(bad));
    }
    print(|out| {
        let (vectors, added) = (counted(*vectors, "vector"), counted(*added, "pack"));
        let (present, place) = (counted(*present, "pack"), visible_name(cache.place()));
        writeln!(
            out,
            "Added {vectors} in {added} to {place}; {present} of the file were there already."
        )
    })?;
    Ok(told(bad))
}

async fn compact(cache: &SharedCache, json: bool) -> Result<CommandEnd, Error> {
    let report = cache.compact().await?;
    let CompactReport {
        packs_before,
        packs_after,
        bytes_before,
        bytes_after,
        bad,
    } = &report;
    if json {
        print_json(&json!({
            "place": cache.place(), "packs_before": packs_before, "packs_after": packs_after,
            "bytes_before": bytes_before, "bytes_after": bytes_after, "bad": bad_json(bad),
        }))?;
        return Ok(end(bad));
    }
    print(|out| {
        let (before, after) = (
            counted(*packs_before, "pack"),
            counted(*packs_after, "pack"),
        );
        let place = visible_name(cache.place());
        let (was, is) = (size(*bytes_before), size(*bytes_after));
        writeln!(out, "{place}: {before} ({was}) before, {after} ({is}) now.")
    })?;
    Ok(told(bad))
}

/// Bad packs for programs.
pub(super) fn bad_json(bad: &[BadPack]) -> Vec<Value> {
    let object = |bad: &BadPack| json!({"pack": bad.pack, "writer": bad.writer, "why": bad.why});
    bad.iter().map(object).collect()
}

/// Warns about bad packs.
fn told(bad: &[BadPack]) -> CommandEnd {
    bad.iter().for_each(|pack| warn(&pack.to_string()));
    end(bad)
}

fn end(bad: &[BadPack]) -> CommandEnd {
    match bad.is_empty() {
        true => CommandEnd::Good,
        false => CommandEnd::Bad,
    }
}
