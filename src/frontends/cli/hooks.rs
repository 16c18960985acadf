//! `ollacode hooks`: lists hooks, and trusts those of a repository.

use std::io::{self, Write};

use anyhow::{Context, Error, bail};
use serde::Serialize;

use super::args::{HooksArguments, HooksCommand};
use super::confirm::{can_ask, confirmed};
use super::style::{BOLD, PLAIN, counted, visible_name};
use super::{CommandEnd, note, print, print_json, warn};
use crate::app::{App, HookList};
use crate::hooks::listing::listed;
use crate::permission::Hook;

const OWN: &str = "config.toml";
const REPOSITORY: &str = ".ollacode/config.toml";

pub async fn run(app: &App, arguments: &HooksArguments) -> Result<CommandEnd, Error> {
    match &arguments.command {
        Some(HooksCommand::Trust { forget: true }) => forget(app),
        Some(HooksCommand::Trust { forget: false }) => trust(app),
        None => list(app, arguments.json),
    }
}

fn list(app: &App, json: bool) -> Result<CommandEnd, Error> {
    let list = app.hook_list();
    if json {
        print_json(&HooksJson::of(&list))?;
        return Ok(CommandEnd::Good);
    }
    print(|out| write(out, &list))?;
    if list.own.is_empty() && list.repository.is_empty() {
        note(
            "there are no hooks; `[[hook]]` in config.toml sets up commands that run at points of a turn",
        );
    }
    if !list.repository.is_empty() && !list.is_trusted {
        note(&untrusted(&list));
    }
    for name in &list.unknown_tools {
        warn(&format!("no tool of ollacode is named `{name}`"));
    }
    Ok(CommandEnd::Good)
}

fn untrusted(list: &HookList) -> String {
    match &list.content {
        Ok(_) => format!(
            "the hooks of {REPOSITORY} are not trusted, so they do not run; `ollacode hooks trust` \
             trusts them"
        ),
        Err(why) => format!("the hooks of {REPOSITORY} do not run, and cannot be trusted: {why}"),
    }
}

fn write(out: &mut impl Write, list: &HookList) -> io::Result<()> {
    let mut gap = "";
    for (title, hooks) in [(OWN, &list.own), (REPOSITORY, &list.repository)] {
        if hooks.is_empty() {
            continue;
        }
        let state = match (title, list.is_trusted) {
            (REPOSITORY, true) => ", trusted",
            (REPOSITORY, false) => ", not trusted",
            _ => "",
        };
        write!(out, "{gap}{BOLD}{title}{PLAIN}{state}\n{}", listed(hooks))?;
        gap = "\n";
    }
    Ok(())
}

/// Shows the hooks of the repository and the files that they name, and asks.
fn trust(app: &App) -> Result<CommandEnd, Error> {
    let list = app.hook_list();
    if list.repository.is_empty() {
        note(&format!("this repository has no hooks in {REPOSITORY}"));
        return Ok(CommandEnd::Good);
    }
    print(|out| write!(out, "{}", listed(&list.repository)))?;
    let content = match &list.content {
        Ok(content) => content,
        Err(why) => bail!("these hooks cannot be trusted: {why}"),
    };
    for (path, lines) in &content.files {
        note(&format!(
            "they name the file `{}` ({}); look at it as well",
            visible_name(path),
            counted(*lines as u64, "line")
        ));
    }
    if list.is_trusted {
        note("they are trusted already; `ollacode hooks trust --forget` ends that");
        return Ok(CommandEnd::Good);
    }
    if !can_ask() {
        bail!(
            "nothing was trusted: that is asked on a terminal, so that somebody has seen what would \
             run"
        );
    }
    let question = "Trust these hooks and files as they are now?";
    if !confirmed(question)? {
        note("nothing was trusted");
        return Ok(CommandEnd::Bad);
    }
    app.trust_hooks(content)
        .context("it cannot be kept that these hooks are trusted")?;
    note(
        "trusted; any change of these hooks or files ends that, and `ollacode hooks trust --forget` does",
    );
    Ok(CommandEnd::Good)
}

fn forget(app: &App) -> Result<CommandEnd, Error> {
    let was_trusted = app
        .forget_hooks()
        .context("the trust in the hooks of this repository cannot be ended")?;
    note(match was_trusted {
        true => "the hooks of this repository are not trusted any more",
        false => "the hooks of this repository were not trusted",
    });
    Ok(CommandEnd::Good)
}

/// The object of `ollacode hooks --json`; a promise.
#[derive(Serialize)]
struct HooksJson<'a> {
    own: Vec<HookJson<'a>>,
    repository: RepositoryJson<'a>,
}

#[derive(Serialize)]
struct RepositoryJson<'a> {
    hooks: Vec<HookJson<'a>>,
    trusted: bool,
    /// The files that their commands name.
    files: Vec<&'a str>,
    /// Why they cannot be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct HookJson<'a> {
    on: &'static str,
    tool: &'a [String],
    paths: &'a [String],
    command: &'a str,
    /// In seconds.
    timeout: u64,
    on_error: &'static str,
}

impl<'a> HooksJson<'a> {
    fn of(list: &'a HookList) -> HooksJson<'a> {
        let hooks = |hooks: &'a [Hook]| hooks.iter().map(HookJson::of).collect();
        let files = list.content.as_ref().map(|content| &content.files[..]);
        let files = files.unwrap_or_default().iter();
        HooksJson {
            own: hooks(&list.own),
            repository: RepositoryJson {
                hooks: hooks(&list.repository),
                trusted: list.is_trusted && !list.repository.is_empty(),
                files: files.map(|(path, _)| path.as_str()).collect(),
                problem: list.content.as_ref().err().map(String::as_str),
            },
        }
    }
}

impl<'a> HookJson<'a> {
    fn of(hook: &'a Hook) -> HookJson<'a> {
        HookJson {
            on: hook.on.name(),
            tool: &hook.tools,
            paths: &hook.paths,
            command: hook.command.text(),
            timeout: hook.timeout.as_secs(),
            on_error: hook.on_error.name(),
        }
    }
}
