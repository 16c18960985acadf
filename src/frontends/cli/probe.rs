//! `ollacode doctor --model`: tests what a model can do, and saves the result.

use std::io::{self, Write};

use anyhow::{Context, Error};
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, count, visible_name};
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::model::{
    ChatModel, EditCounts, EditExperience, EditForm, ProbeReport, ToolSpec, probe_edits,
};
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
    // A model without calls has no edits.
    let tools = if report.native || report.leaks {
        edit_tools(&toolbox)
    } else {
        Vec::new()
    };
    let edits = probe_edits(&model, &tools).await;
    let edits = edits.with_context(|| format!("cannot test the edits of `{name}`"))?;
    let file = app.probes_file();
    let memory = model.memory();
    memory
        .remember(&report, &file)
        .and_then(|()| memory.remember_probed_edits(&edits, &file))
        .with_context(|| format!("cannot write {}", file.display()))?;
    let found = ModelFindings {
        name: &model.profile().name,
        report: &report,
        edits: memory.recall_edits(&file),
        in_words: model.why_in_words(),
    };
    if json {
        print_json(&as_json(&found))?;
    } else {
        print(|out| write(out, &found))?;
    }
    Ok(if report.native || report.leaks {
        CommandEnd::Good
    } else {
        CommandEnd::Bad
    })
}

/// What was found out.
struct ModelFindings<'a> {
    name: &'a str,
    report: &'a ProbeReport,
    edits: EditExperience,
    /// Why tools are described in text, though the server accepts some for the model.
    in_words: Option<&'a str>,
}

/// The tool that edits a file in each form.
fn edit_tools(toolbox: &Toolbox) -> Vec<(EditForm, ToolSpec)> {
    let tool = |form: EditForm| {
        let name = match form {
            EditForm::Search | EditForm::Anchors => "edit_file",
            EditForm::Whole => "write_file",
        };
        let mut tools = toolbox.specs_in(ToolSet::Core, form).into_iter();
        Some((form, tools.find(|tool| tool.name == name)?))
    };
    EditForm::ALL.into_iter().filter_map(tool).collect()
}

fn write(out: &mut impl Write, found: &ModelFindings<'_>) -> io::Result<()> {
    let ModelFindings {
        name,
        report,
        edits,
        in_words,
    } = found;
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
        ("edits", edit_words(edits).as_str()),
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

/// How the edits of the probe went, and the form that is used.
fn edit_words(edits: &EditExperience) -> String {
    let tried = EditForm::ALL.into_iter().filter_map(|form| {
        let count = edits.probed.of(form);
        let words = format!("{} {} of {}", form.words(), count.worked, count.tried);
        (count.tried > 0).then_some(words)
    });
    let tried: Vec<String> = tried.collect();
    if tried.is_empty() {
        return "none".to_owned();
    }
    format!("{}; used: {}", tried.join(", "), edits.form().words())
}

/// The output of `ollacode doctor --model NAME --json`; this format is stable.
fn as_json(found: &ModelFindings<'_>) -> Value {
    let ModelFindings {
        name,
        report,
        edits,
        in_words,
    } = found;
    let counts = |counts: &EditCounts| {
        let count = |form| {
            let count = counts.of(form);
            json!({"tried": count.tried, "worked": count.worked})
        };
        json!({
            "search": count(EditForm::Search),
            "anchors": count(EditForm::Anchors),
            "whole": count(EditForm::Whole),
        })
    };
    json!({
        "model": name,
        "native": report.native,
        "leaks": report.leaks,
        "in_words": in_words,
        "many_tools": report.many_tools,
        "window": report.window,
        "tokens_per_second": report.tokens_per_second,
        "tools": if report.recommend_core { "core" } else { "all" },
        "edits": counts(&edits.probed),
        "edit_form": edits.form().name(),
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
        let mut edits = EditExperience::default();
        edits.probed.note(EditForm::Search, false);
        edits.probed.note(EditForm::Anchors, true);
        let mut found = ModelFindings {
            name: "m",
            report: &report,
            edits,
            in_words: None,
        };
        let mut out = Vec::new();
        write(&mut out, &found).expect("a vector takes everything");
        let text = String::from_utf8_lossy(&out).into_owned();
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("  window  16,384 tokens\n"), "{text}");
        assert!(text.contains("  tools   core tools"), "{text}");
        assert!(
            text.contains("  edits   search and replace 0 of 1, line anchors 1 of 1; used: line"),
            "{text}"
        );
        assert_eq!(
            as_json(&found),
            json!({"model": "m", "native": true, "leaks": true, "in_words": null, "many_tools": false,
                "window": 16384, "tokens_per_second": null, "tools": "core", "edit_form": "anchors",
                "edits": {"search": {"tried": 1, "worked": 0}, "anchors": {"tried": 1, "worked": 1},
                    "whole": {"tried": 0, "worked": 0}}})
        );
        found.in_words = Some("so it is");
        let mut out = Vec::new();
        write(&mut out, &found).expect("a vector takes everything");
        let text = String::from_utf8_lossy(&out).into_owned();
        assert!(text.contains("text tool calls, since so it is"), "{text}");
        assert_eq!(edit_words(&EditExperience::default()), "none");
    }

    #[test]
    fn each_form_has_its_tool() {
        let tools = edit_tools(&Toolbox::builtin());
        let names: Vec<(EditForm, &str)> = tools
            .iter()
            .map(|(form, tool)| (*form, tool.name.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                (EditForm::Search, "edit_file"),
                (EditForm::Anchors, "edit_file"),
                (EditForm::Whole, "write_file"),
            ]
        );
    }
}
