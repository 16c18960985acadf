//! `ollacode doctor --model`: tests what a model can do, and saves the result.

use std::io::{self, Write};

use anyhow::{Context, Error};
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, count, visible_name};
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::model::ChatModel;
use crate::model::ollama::ProbeReport;
use crate::tools::{ToolSet, Toolbox};

pub async fn run(app: &App, name: &str, json: bool) -> Result<CommandEnd, Error> {
    let model = app.untried_chat_model(name).await?;
    note("testing the model with a few small requests; loading it may take a while");
    let toolbox = Toolbox::builtin();
    let (core, all) = (toolbox.specs(ToolSet::Core), toolbox.specs(ToolSet::All));
    let report = model
        .probe(&core, &all)
        .await
        .with_context(|| format!("cannot test `{name}`"))?;
    let file = app.probes_file();
    model
        .remember(&report, &file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let name = &model.profile().name;
    if json {
        print_json(&as_json(name, &report, model.why_in_words()))?;
    } else {
        print(|out| write(out, name, &report, model.why_in_words()))?;
    }
    Ok(if report.native || report.leaks {
        CommandEnd::Good
    } else {
        CommandEnd::Bad
    })
}

fn write(
    out: &mut impl Write,
    name: &str,
    report: &ProbeReport,
    in_words: Option<&str>,
) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{PLAIN}", visible_name(name))?;
    let speed = report.tokens_per_second.map_or_else(
        || "unknown".to_owned(),
        |speed| format!("{speed:.0} tokens/s"),
    );
    let window = format!("{} tokens", count(u64::from(report.window)));
    let told = in_words.map(|why| format!("text tool calls, since {why}"));
    for (what, found) in [
        ("calls", told.as_deref().unwrap_or(calls(report))),
        ("tools", tools(report)),
        ("window", window.as_str()),
        ("speed", speed.as_str()),
    ] {
        writeln!(out, "  {DIM}{what:<7}{PLAIN} {found}")?;
    }
    writeln!(out, "{DIM}The result is saved and used from now on.{PLAIN}")
}

fn calls(report: &ProbeReport) -> &'static str {
    match (report.native, report.leaks) {
        (true, false) => "native tool calls",
        (true, true) => "native tool calls, sometimes in the text, where they are recognised",
        (false, true) => "tool calls in the text, which are recognised less reliably",
        (false, false) => "no tool calls: it can chat about code, but not edit it",
    }
}

fn tools(report: &ProbeReport) -> &'static str {
    if report.recommend_core {
        "core tools: it does worse with more (`--tools all` overrides this)"
    } else {
        "all tools"
    }
}

/// The output of `ollacode doctor --model NAME --json`; this format is stable.
fn as_json(name: &str, report: &ProbeReport, in_words: Option<&str>) -> Value {
    json!({
        "model": name,
        "native": report.native,
        "leaks": report.leaks,
        "in_words": in_words,
        "many_tools": report.many_tools,
        "window": report.window,
        "tokens_per_second": report.tokens_per_second,
        "tools": if report.recommend_core { "core" } else { "all" },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_in_words_and_as_json() {
        let report = ProbeReport {
            native: true,
            leaks: true,
            many_tools: false,
            window: 16_384,
            tokens_per_second: None,
            recommend_core: true,
        };
        let mut out = Vec::new();
        write(&mut out, "m", &report, None).expect("a vector takes everything");
        let text = String::from_utf8_lossy(&out).into_owned();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("  window  16,384 tokens\n"), "{text}");
        assert!(text.contains("  tools   core tools"), "{text}");
        assert_eq!(
            as_json("m", &report, None),
            json!({"model": "m", "native": true, "leaks": true, "in_words": null, "many_tools": false,
                "window": 16384, "tokens_per_second": null, "tools": "core"})
        );
        let mut out = Vec::new();
        write(&mut out, "m", &report, Some("so it is")).expect("a vector takes everything");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("text tool calls, since so it is"), "{text}");
    }
}
