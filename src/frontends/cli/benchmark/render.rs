//! Results of benchmarks as text.

use std::io::{self, Write};
use std::time::Duration;

use crate::benchmark::compare::{Change, Comparison};
use crate::benchmark::report::{BenchmarkRun, CallCounts, ModelResult, SpeedResult, Spread};
use crate::conversation::messages::duration;
use crate::frontends::cli::chat::terminal::columns;
use crate::frontends::cli::style::{
    BOLD, DIM, ERROR, GOOD, PLAIN, WARNING, count, counted, visible_name,
};
use crate::frontends::cli::width::width;
use crate::frontends::cli::wrap::wrapped;
use crate::text::size;

/// Columns before the text of a row of a model.
const LEAD: usize = 11;

/// Writes a run: a table of its models if there are several, each model, and the advice.
pub fn write_run(out: &mut impl Write, run: &BenchmarkRun) -> io::Result<()> {
    writeln!(out, "{}", machine(run))?;
    if run.models.len() > 1 {
        writeln!(out)?;
        let rows: Vec<Vec<String>> = run.models.iter().map(summary).collect();
        let head = ["model", "tasks", "tokens/s", "first token", "window", "GPU"];
        write_table(out, &head, &rows)?;
    }
    for model in &run.models {
        writeln!(out)?;
        write_model(out, model)?;
    }
    writeln!(out)?;
    let advice = visible_name(&run.advice);
    writeln!(out, "{BOLD}{}{PLAIN}", wrapped(&advice, 0, "", columns()))
}

/// The machine and what the tasks are from, in a line.
fn machine(run: &BenchmarkRun) -> String {
    let machine = &run.machine;
    let mut parts = Vec::new();
    parts.extend(machine.cpu.as_deref().map(visible_name));
    parts.push(counted(machine.cores as u64, "core"));
    parts.extend(machine.memory.map(size));
    parts.extend(machine.gpu.as_deref().map(visible_name));
    let mut line = parts.join(", ");
    if !run.server.is_here {
        let address = visible_name(&run.server.address);
        line = format!("models on {address}, used from {line}");
    }
    let from = match run.tasks_from.as_str() {
        "workspace" => "tasks from this workspace",
        _ => "tasks from a sample",
    };
    format!("{line}; {from}")
}

/// A row of the table of models.
fn summary(model: &ModelResult) -> Vec<String> {
    let first = model.speed.first();
    let gpu = model.memory.map(|memory| percent(memory.gpu_share()));
    vec![
        visible_name(&model.name),
        tasks(model),
        model.reply_speed().map_or_else(unknown, rate),
        first
            .and_then(|first| first.first_token_seconds)
            .map_or_else(unknown, |spread| seconds(spread.median)),
        count(u64::from(model.window)),
        gpu.unwrap_or_else(unknown),
    ]
}

fn unknown() -> String {
    "–".to_owned()
}

/// Writes rows in columns: the first one to the left, the others to the right.
pub fn write_table(out: &mut impl Write, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| width(cell)).max().unwrap_or(0);
            widest.max(width(head[column]))
        })
        .collect();
    let head = table_line(head.iter().copied(), &widths);
    writeln!(out, "{DIM}{head}{PLAIN}")?;
    for row in rows {
        writeln!(
            out,
            "{}",
            table_line(row.iter().map(String::as_str), &widths)
        )?;
    }
    Ok(())
}

fn table_line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, (cell, wide)) in cells.zip(widths).enumerate() {
        let blank = " ".repeat(wide.saturating_sub(width(cell)));
        line = match column {
            0 => format!("{cell}{blank}"),
            _ => format!("{line}  {blank}{cell}"),
        };
    }
    line
}

fn write_model(out: &mut impl Write, model: &ModelResult) -> io::Result<()> {
    let facts = [&model.parameters, &model.quantization];
    let mut facts: Vec<String> = facts
        .into_iter()
        .filter(|fact| !fact.is_empty())
        .map(|fact| visible_name(fact))
        .collect();
    facts.push(format!("window {}", count(u64::from(model.window))));
    let name = visible_name(&model.name);
    writeln!(out, "{BOLD}{name}{PLAIN}  {DIM}{}{PLAIN}", facts.join(", "))?;
    if let Some(why) = &model.failure {
        return row(out, "failed", why);
    }
    if !model.speed.is_empty() {
        let rows: Vec<Vec<String>> = model.speed.iter().map(speeds).collect();
        let head = ["  prompt", "first token", "cached", "prompt/s", "tokens/s"];
        write_table(out, &head, &rows)?;
    }
    row(out, "memory", &memory(model))?;
    row(out, "tasks", &tasks(model))?;
    for task in &model.tasks {
        if let Some(why) = &task.why {
            row(out, "", &format!("{}: {why}", task.name))?;
        }
    }
    row(out, "calls", &calls(&model.calls))?;
    for note in &model.notes {
        row(out, "note", note)?;
    }
    if let Some(warning) = &model.warning {
        let text = wrapped(&visible_name(warning), LEAD, &" ".repeat(LEAD), columns());
        writeln!(out, "  {WARNING}warning{PLAIN}  {text}")?;
    }
    Ok(())
}

/// A row about a model.
fn row(out: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    let text = wrapped(&visible_name(text), LEAD, &" ".repeat(LEAD), columns());
    writeln!(out, "  {DIM}{name:<7}{PLAIN}  {text}")
}

/// A row of the table of times.
fn speeds(speed: &SpeedResult) -> Vec<String> {
    let time = |spread: &Option<Spread>| spread.map_or_else(unknown, |it| seconds(it.median));
    let rates = |spread: &Option<Spread>| spread.map_or_else(unknown, |it| rate_of(&it));
    vec![
        format!("  {}", count(u64::from(speed.prompt_tokens))),
        time(&speed.first_token_seconds),
        time(&speed.cached_first_token_seconds),
        rates(&speed.prompt_tokens_per_second),
        rates(&speed.reply_tokens_per_second),
    ]
}

fn memory(model: &ModelResult) -> String {
    let place = model.memory.map(|memory| {
        let share = match memory.gpu_bytes {
            0 => "on the CPU".to_owned(),
            _ => format!("{} on the GPU", percent(memory.gpu_share())),
        };
        format!("{}, {share}", size(memory.bytes))
    });
    let place = place.unwrap_or_else(|| "the server does not say".to_owned());
    match model.load_seconds {
        Some(time) => format!("{place}; loaded in {}", seconds(time)),
        None => format!("{place}; it was loaded already"),
    }
}

/// `9 of 12`, and how many were not tried.
fn tasks(model: &ModelResult) -> String {
    let left = model.tasks.len() - model.tried();
    let passed = format!("{} of {}", model.passed(), model.tried());
    match left {
        0 => passed,
        left => format!("{passed}, {left} not tried"),
    }
}

fn calls(calls: &CallCounts) -> String {
    let mut parts = vec![counted(calls.made as u64, "call")];
    for (number, what) in [
        (calls.in_text, "written as text"),
        (calls.failed, "failed"),
        (calls.broken, "could not be read"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number as u64)));
        }
    }
    parts.join(", ")
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn seconds(time: f64) -> String {
    duration(Duration::try_from_secs_f64(time).unwrap_or_default())
}

/// Tokens per second.
fn rate(number: f64) -> String {
    if number < 100.0 {
        format!("{number:.1}")
    } else {
        count(number.round() as u64)
    }
}

/// The same with half of its spread.
fn rate_of(spread: &Spread) -> String {
    let half = (spread.greatest - spread.least) / 2.0;
    let median = rate(spread.median);
    // What is less than a hundredth would look more exact than it is.
    if half < spread.median / 100.0 {
        median
    } else {
        format!("{median} ±{}", rate(half))
    }
}

/// Writes what is different between two runs.
pub fn write_comparison(out: &mut impl Write, comparison: &Comparison) -> io::Result<()> {
    let Comparison {
        before,
        after,
        conditions,
        models,
        unmatched,
    } = comparison;
    let ids = [before, after].map(|id| visible_name(id));
    writeln!(out, "{BOLD}{} → {}{PLAIN}", ids[0], ids[1])?;
    for change in conditions {
        write_change(out, change)?;
    }
    for model in models {
        let names = [&model.before, &model.after].map(|name| visible_name(name));
        writeln!(out)?;
        if names[0] == names[1] {
            writeln!(out, "{BOLD}{}{PLAIN}", names[0])?;
        } else {
            writeln!(out, "{BOLD}{} → {}{PLAIN}", names[0], names[1])?;
        }
        for change in &model.changes {
            write_change(out, change)?;
        }
        if model.changes.is_empty() {
            writeln!(out, "  no difference beyond the spread")?;
        }
    }
    if !unmatched.is_empty() {
        let names: Vec<String> = unmatched.iter().map(|name| visible_name(name)).collect();
        writeln!(out)?;
        writeln!(out, "{DIM}in one of both only: {}{PLAIN}", names.join(", "))?;
    }
    Ok(())
}

fn write_change(out: &mut impl Write, change: &Change) -> io::Result<()> {
    let [what, before, after] =
        [&change.what, &change.before, &change.after].map(|text| visible_name(text));
    write!(out, "  {what}: {before} → {after}")?;
    match change.is_better {
        Some(true) => writeln!(out, "  {GOOD}better{PLAIN}"),
        Some(false) => writeln!(out, "  {ERROR}worse{PLAIN}"),
        None => writeln!(out),
    }
}

#[cfg(test)]
mod tests;
