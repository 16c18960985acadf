//! Reports of the index, as text and as JSON.

use std::io::{self, Write};
use std::time::Duration;

use ollacode_indexer::{DryRun, IndexStatistics, LanguageCount, RefreshReport};
use serde_json::{Map, Value, json};

use super::style::{BOLD, DIM, PLAIN, count, counted, visible_name};
use crate::app::App;
use crate::conversation::messages::duration;
use crate::frontends::wire::IndexCounts;
use crate::text::size;

const LEFT_OUT: &str = "excluded by default: build output, dependencies or a cache";

const LEFT_OUT_TITLE: &str = "Excluded by default: build output, dependencies, caches (`!name` in `.ollacodeignore` includes one):";

/// Maximum rows of a list.
const ROWS: usize = 10;

/// Writes the result of a refresh.
pub fn write_report(
    out: &mut impl Write,
    report: &RefreshReport,
    took: Duration,
) -> io::Result<()> {
    let files = counted(report.counts.files, "file");
    let chunks = counted(report.counts.chunks, "chunk");
    writeln!(out, "{BOLD}{files}, {chunks}{PLAIN} in {}", duration(took))?;
    writeln!(out, "{}", changes(report))?;
    write_languages(out, &report.languages)?;
    write_left_out(out, report)
}

fn changes(report: &RefreshReport) -> String {
    if report.changed == 0 && report.removed == 0 {
        return "No changes.".into();
    }
    let (changed, removed, unchanged) = (report.changed, report.removed, report.unchanged);
    let counts = [changed, removed, unchanged].map(|number| count(number as u64));
    format!(
        "{} new or changed, {} removed, {} unchanged",
        counts[0], counts[1], counts[2]
    )
}

fn write_languages(out: &mut impl Write, languages: &[LanguageCount]) -> io::Result<()> {
    for language in languages.iter().take(ROWS) {
        writeln!(
            out,
            "  {:<12} {:>9}  {:>14}",
            language.language,
            counted(language.files, "file"),
            counted(language.chunks, "chunk")
        )?;
    }
    if languages.len() > ROWS {
        let more = counted((languages.len() - ROWS) as u64, "more language");
        writeln!(out, "  {DIM}and {more}{PLAIN}")?;
    }
    Ok(())
}

fn write_left_out(out: &mut impl Write, report: &RefreshReport) -> io::Result<()> {
    if !report.skipped.is_empty() {
        let reasons: Vec<String> = report
            .skipped
            .iter()
            .map(|(skip, number)| format!("{} {}", count(*number as u64), skip.words()))
            .collect();
        writeln!(out, "Skipped: {}", reasons.join(", "))?;
    }
    let secrets = report.secrets.iter().map(|found| {
        format!(
            "{}:{}  {}",
            visible_name(&found.path),
            found.line,
            found.rule
        )
    });
    write_list(
        out,
        "Secrets that were removed before anything was stored:",
        secrets,
    )?;
    let files = report.secret_files.iter().map(|path| visible_name(path));
    write_list(out, "Not read, since their names indicate secrets:", files)?;
    let unparsed = report
        .unparsed
        .iter()
        .map(|(path, failure)| format!("{}  {failure}", visible_name(path)));
    write_list(out, "Chunked by lines, since parsing failed:", unparsed)?;
    let errors = report.errors.iter().map(|error| visible_name(error));
    write_list(out, "Not read, or only in part:", errors)?;
    let folders = report.left_out.iter().map(|path| visible_name(path));
    write_list(out, LEFT_OUT_TITLE, folders)?;
    if report.tracked > 0 {
        let files = counted(report.tracked as u64, "file");
        writeln!(
            out,
            "{files} indexed although ignored, since git tracks them"
        )?;
    }
    if report.not_utf8 > 0 {
        let files = counted(report.not_utf8 as u64, "file");
        writeln!(
            out,
            "{files} with invalid UTF-8, indexed with � in its place"
        )?;
    }
    Ok(())
}

/// Writes a title and the first rows; nothing if there are no rows.
fn write_list(
    out: &mut impl Write,
    title: &str,
    rows: impl ExactSizeIterator<Item = String>,
) -> io::Result<()> {
    let more = rows.len().saturating_sub(ROWS);
    for (index, row) in rows.take(ROWS).enumerate() {
        if index == 0 {
            writeln!(out, "{title}")?;
        }
        writeln!(out, "  {row}")?;
    }
    if more > 0 {
        writeln!(out, "  {DIM}and {more} more{PLAIN}")?;
    }
    Ok(())
}

/// An example query for the hint after indexing.
pub fn suggestion(report: &RefreshReport) -> &'static str {
    match report
        .languages
        .first()
        .map(|language| language.language.as_str())
    {
        Some("markdown" | "text" | "html") => "how to get started",
        _ => "where are errors handled",
    }
}

/// Writes the result of a dry run.
pub fn write_survey(out: &mut impl Write, survey: &DryRun, took: Duration) -> io::Result<()> {
    let files = counted(survey.report.counts.files, "file");
    let chunks = counted(survey.report.counts.chunks, "chunk");
    writeln!(
        out,
        "{BOLD}{files}, {chunks}{PLAIN} (read and chunked in {}; nothing was stored)",
        duration(took)
    )?;
    write_languages(out, &survey.report.languages)?;
    writeln!(out, "Largest folders:")?;
    for (folder, files, chunks) in survey.folders.iter().take(ROWS) {
        let (files, chunks) = (counted(*files, "file"), counted(*chunks, "chunk"));
        writeln!(
            out,
            "  {:<30} {files:>12}  {chunks:>14}",
            visible_name(folder)
        )?;
    }
    write_left_out(out, &survey.report)
}

/// Writes what the index contains.
pub fn write_status(
    out: &mut impl Write,
    app: &App,
    status: &IndexStatistics,
    model: Option<&str>,
) -> io::Result<()> {
    let counts = &status.counts;
    writeln!(out, "{BOLD}{}{PLAIN}", app.workspace.root.display())?;
    let (files, chunks) = (
        counted(counts.files, "file"),
        counted(counts.chunks, "chunk"),
    );
    writeln!(out, "{files}, {chunks}, {} on disk", size(status.bytes))?;
    match model {
        Some(model) => {
            let embedded = counted(counts.embedded, "chunk");
            writeln!(out, "{embedded} with vectors of {model}")?;
        }
        None => writeln!(out, "no complete vectors: search is lexical only")?,
    }
    write_languages(out, &status.languages)?;
    writeln!(out, "{DIM}{}{PLAIN}", app.index.folder().display())
}

/// Writes each file that is not indexed, with the reason.
pub fn write_skipped(out: &mut impl Write, report: &RefreshReport) -> io::Result<()> {
    for (path, skip) in &report.skipped_files {
        writeln!(out, "{}  {}", visible_name(path), skip.words())?;
    }
    for path in &report.left_out {
        writeln!(out, "{}/  {LEFT_OUT}", visible_name(path))?;
    }
    Ok(())
}

/// What `index --skipped --json` prints.
pub fn skipped_json(report: &RefreshReport) -> Value {
    let files = report
        .skipped_files
        .iter()
        .map(|(path, skip)| json!({"path": path, "reason": skip, "words": skip.words()}));
    let folders = report
        .left_out
        .iter()
        .map(|path| json!({"path": format!("{path}/"), "reason": "default", "words": LEFT_OUT}));
    json!({"skipped": files.chain(folders).collect::<Vec<Value>>()})
}

fn languages_json(languages: &[LanguageCount]) -> Value {
    let entry = |language: &LanguageCount| {
        (
            language.language.clone(),
            json!({"files": language.files, "chunks": language.chunks}),
        )
    };
    Value::Object(languages.iter().map(entry).collect())
}

fn left_out_json(report: &RefreshReport) -> Map<String, Value> {
    let mut object = Map::new();
    let secrets: Vec<Value> = report
        .secrets
        .iter()
        .map(|found| json!({"path": found.path, "line": found.line, "rule": found.rule}))
        .collect();
    let unparsed: Vec<Value> = report
        .unparsed
        .iter()
        .map(|(path, failure)| json!({"path": path, "reason": failure.to_string()}))
        .collect();
    object.insert("skipped".into(), json!(report.skipped));
    object.insert("secrets".into(), secrets.into());
    object.insert("secret_files".into(), json!(report.secret_files));
    object.insert("unparsed".into(), unparsed.into());
    object.insert("not_utf8".into(), report.not_utf8.into());
    object.insert("left_out".into(), json!(report.left_out));
    object.insert("tracked".into(), report.tracked.into());
    object.insert("errors".into(), json!(report.errors));
    object
}

/// What `index --json` prints.
pub fn report_json(report: &RefreshReport, status: &IndexStatistics, vectors: Value) -> Value {
    let mut object = left_out_json(report);
    object.insert("changed".into(), report.changed.into());
    object.insert("removed".into(), report.removed.into());
    object.insert("unchanged".into(), report.unchanged.into());
    object.insert("files".into(), status.counts.files.into());
    object.insert("chunks".into(), status.counts.chunks.into());
    object.insert("languages".into(), languages_json(&status.languages));
    object.insert("vectors".into(), vectors);
    Value::Object(object)
}

/// What `index --dry-run --json` prints.
pub fn survey_json(survey: &DryRun, estimate: Option<Duration>) -> Value {
    let mut object = left_out_json(&survey.report);
    let folders: Vec<Value> = survey
        .folders
        .iter()
        .map(|(path, files, chunks)| json!({"path": path, "files": files, "chunks": chunks}))
        .collect();
    object.insert("files".into(), survey.report.counts.files.into());
    object.insert("chunks".into(), survey.report.counts.chunks.into());
    object.insert("texts".into(), survey.texts.into());
    object.insert("languages".into(), languages_json(&survey.report.languages));
    object.insert("folders".into(), folders.into());
    object.insert(
        "embedding_seconds".into(),
        json!(estimate.map(|time| time.as_secs_f64().round())),
    );
    Value::Object(object)
}

/// What `index --status --json` prints.
pub fn status_json(app: &App, status: &IndexStatistics, model: Option<&str>) -> Value {
    json!({
        "workspace": app.workspace.root,
        "indexed": true,
        "index": IndexCounts::new(&status.counts, model),
        "failed": status.counts.failed,
        "languages": languages_json(&status.languages),
        "bytes": status.bytes,
        "folder": app.index.folder(),
    })
}
