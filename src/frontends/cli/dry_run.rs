//! `ollacode index --dry-run`.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use anyhow::Error;
use ollacode_indexer::{DryRun, Role, SharedCache, Standing};
use serde_json::{Value, json};

use super::args::IndexArguments;
use super::progress::IndexProgress;
use super::signals::stop_signal;
use super::style::{count, counted, visible_name};
use super::{index, print, print_json, summary};
use crate::app::App;
use crate::config::EmbedModel;
use crate::conversation::messages::duration;

pub async fn run(app: &App, arguments: &IndexArguments) -> Result<(), Error> {
    let stop = stop_signal(index::STOPPING);
    let progress = IndexProgress::new();
    let started = Instant::now();
    let show = |event| progress.show(event);
    let (index, shared) = app.sharing_index(&show);
    // Which texts are in the shared cache depends on the model; if there is none, the estimate says why.
    let embedder = match &shared {
        Some(_) => app.embedder().await.ok().flatten(),
        None => None,
    };
    let survey = match embedder {
        Some(embedder) => index.dry_run_shared(embedder, &show, &stop).await?,
        None => index.dry_run(&show, &stop).await?,
    };
    let took = started.elapsed();
    progress.clear();
    let each = time_of_text(app, &survey.sample).await;
    if arguments.json {
        let each = each.as_ref().ok().copied().flatten();
        let estimate = each.map(|each| each.mul_f64(missing(&survey) as f64));
        let mut object = summary::survey_json(&survey, estimate);
        if let Some(shared) = &shared {
            object["shared"] = shared_json(shared, &survey, each);
        } else if let (Some(place), Err(why)) =
            (&app.settings.shared_cache.location, app.shared_cache())
        {
            object["shared"] = json!({
                "place": place.to_string(), "texts": null, "saved_seconds": null, "left_out": why.to_string(),
            });
        }
        return print_json(&object);
    }
    print(|out| {
        summary::write_survey(out, &survey, took)?;
        if let Some(shared) = &shared {
            write_shared(out, shared, &survey, each.as_ref().ok().copied().flatten())?;
        }
        match each {
            Ok(Some(each)) => writeln!(
                out,
                "Embedding {} will take about {} (measured with {}; cached vectors take no time).",
                counted(missing(&survey), "text"),
                duration(each.mul_f64(missing(&survey) as f64)),
                counted(survey.sample.len() as u64, "text")
            ),
            Ok(None) => Ok(()),
            Err(why) => writeln!(out, "Cannot estimate the embedding time: {why}."),
        }
    })
}

/// The texts whose vectors the shared cache does not have.
fn missing(survey: &DryRun) -> u64 {
    survey.texts.saturating_sub(survey.in_shared.unwrap_or(0))
}

fn write_shared(
    out: &mut impl Write,
    shared: &SharedCache,
    survey: &DryRun,
    each: Option<Duration>,
) -> io::Result<()> {
    let place = visible_name(shared.place());
    let Some(found) = survey.in_shared else {
        return match shared.report().standing {
            Standing::LeftOut(why) => {
                writeln!(out, "The shared cache is left out: {}.", visible_name(&why))
            }
            _ => writeln!(out, "The shared cache {place} was not asked."),
        };
    };
    let texts = counted(survey.texts, "text");
    let saved = each.filter(|_| found > 0).map(|each| {
        let time = duration(each.mul_f64(found as f64));
        format!(", which saves about {time}")
    });
    let saved = saved.unwrap_or_default();
    writeln!(
        out,
        "The shared cache {place} has vectors of {} of {texts}{saved}.",
        count(found)
    )
}

fn shared_json(shared: &SharedCache, survey: &DryRun, each: Option<Duration>) -> Value {
    let report = shared.report();
    let left_out = match &report.standing {
        Standing::LeftOut(why) => Some(why),
        _ => None,
    };
    let saved = each.zip(survey.in_shared);
    let saved = saved.map(|(each, found)| each.mul_f64(found as f64).as_secs_f64().round());
    json!({
        "place": shared.place(),
        "texts": survey.in_shared,
        "saved_seconds": saved,
        "left_out": left_out,
    })
}

/// Measures one batch, after a text that loads the model.
async fn time_of_text(app: &App, sample: &[String]) -> Result<Option<Duration>, String> {
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
    Ok(Some(started.elapsed().div_f64(fitted.len() as f64)))
}
