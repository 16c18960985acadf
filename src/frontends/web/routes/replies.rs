//! Results of slash commands as data, with their sentence where they have one.

use std::sync::Arc;

use serde_json::{Value, json};

use super::error::ApiError;
use super::{index, models, search, sessions, state};
use crate::conversation::commands::{CommandScope, commands};
use crate::conversation::messages::{counted, mode_words, resumed_words, token_rows};
use crate::conversation::reply::{CommandReply, ModeChange, ModeChoices, NAMED_WORKSPACES};
use crate::conversation::{OpenedSession, StopResult};
use crate::engine::TokenReport;
use crate::engine::project_instructions::ProjectInstructions;
use crate::frontends::events_json::JsonLocation;
use crate::frontends::web::Server;
use crate::frontends::web::render;
use crate::frontends::web::room::CommandOutcome;
use crate::frontends::web::room::event::{self, make_visible};
use crate::session::changes::{FileDiff, Undone};

/// The result of a command as JSON. What the command left to do is done here: a search, a list of
/// models, an update of the index.
pub async fn shown(server: &Arc<Server>, outcome: CommandOutcome) -> Result<Value, ApiError> {
    let kind = event::command_kind(&outcome.reply);
    let mut text = outcome.reply.words();
    let warning = outcome.reply.warning();
    if let (CommandReply::Resumed, Some(opened)) = (&outcome.reply, &outcome.opened) {
        text = Some(resumed_words(opened));
    }
    let data = data(server, outcome).await?;
    let mut shown = json!({"kind": kind, "data": data});
    for (name, value) in [("text", text), ("warning", warning)] {
        if let Some(value) = value {
            shown[name] = json!(value);
        }
    }
    make_visible(&mut shown);
    Ok(shown)
}

async fn data(server: &Arc<Server>, outcome: CommandOutcome) -> Result<Value, ApiError> {
    let CommandOutcome {
        reply,
        opened,
        workspace,
    } = outcome;
    Ok(match reply {
        CommandReply::Greeting(root) | CommandReply::Entered(root) => {
            json!({"path": root.display().to_string()})
        }
        CommandReply::Help => {
            let skills = workspace.skill_commands().await;
            let own = commands(CommandScope::Page).map(state::command);
            own.chain(skills.iter().map(state::skill)).collect()
        }
        CommandReply::Stopped(stopped) => stop_result(stopped),
        CommandReply::Search(request) => search::found(&workspace, request, false, false).await?,
        CommandReply::Index(job) => {
            index::start(server, &workspace, job)?;
            index::index_state(server, &workspace).await
        }
        CommandReply::Status(status) => pairs(&status.rows()),
        CommandReply::Models(job) => {
            let found = job.run().await.map_err(anyhow::Error::from)?;
            models::rows(&found, &job.current)
        }
        CommandReply::ModelChosen(profile) => {
            json!({"name": profile.name, "window": profile.window})
        }
        CommandReply::Sessions { sessions, current } => {
            let row = |summary| sessions::row(server, &workspace, summary);
            let rows: Vec<Value> = sessions.iter().map(row).collect();
            json!({"sessions": rows, "current": current.map(|id| id.to_string())})
        }
        CommandReply::Workspaces { here, named } => json!({
            "here": here.display().to_string(),
            "named": named.iter().map(|(name, path)| {
                json!({"name": name, "path": path.display().to_string()})
            }).collect::<Value>(),
            "help": NAMED_WORKSPACES,
        }),
        CommandReply::NewSession { before } => {
            json!({"before": before.map(|id| id.to_string())})
        }
        CommandReply::Resumed => opened_session(opened.as_ref()),
        CommandReply::AlreadyOpen(id) => json!({"session": id.as_str()}),
        CommandReply::Mode(change) => mode(change),
        CommandReply::Modes(choices) => modes(&choices),
        CommandReply::Sources(sources) => {
            let sources = sources.as_deref();
            json!(sources.map(|all| all.iter().map(JsonLocation::from).collect::<Vec<_>>()))
        }
        CommandReply::Thoughts(thoughts) => json!(thoughts),
        CommandReply::Diff(diffs) => diff(&diffs),
        CommandReply::Changed(_, turns, stopped) => {
            let turns: Vec<Value> = turns.iter().map(undone).collect();
            json!({"turns": turns, "stopped": stopped})
        }
        CommandReply::Tokens(tokens) => token_report(&tokens),
        CommandReply::Report(markdown) => json!({"blocks": render::markdown(&markdown)}),
        CommandReply::Memory(memory) => json!(memory.as_ref().map(instructions)),
        CommandReply::Quit
        | CommandReply::Busy
        | CommandReply::Usage(_)
        | CommandReply::NotIndexed
        | CommandReply::Compacting
        | CommandReply::Started => Value::Null,
    })
}

pub fn stop_result(stopped: StopResult) -> Value {
    json!({
        "is_turn": stopped.is_turn,
        "is_indexing": stopped.is_indexing,
        "dropped": stopped.dropped,
    })
}

/// The changed files of a session, as they are shown.
pub fn diff(diffs: &[FileDiff]) -> Value {
    let shown: Vec<Value> = diffs
        .iter()
        .map(|diff| serde_json::to_value(render::file_diff(diff)).unwrap_or_default())
        .collect();
    json!(shown)
}

pub fn undone(undone: &Undone) -> Value {
    json!({
        "turn": undone.turn,
        "written": undone.written,
        "removed": undone.removed,
        "in_part": undone.in_part,
        "not_kept": undone.not_kept,
    })
}

pub fn mode(change: ModeChange) -> Value {
    event::mode(change.mode, change.work_mode, change.confinement)
}

fn modes(choices: &ModeChoices) -> Value {
    let modes: Vec<Value> = choices
        .modes
        .iter()
        .map(|mode| {
            let meaning = mode_words(*mode, choices.confinement);
            json!({"name": mode.name(), "meaning": meaning})
        })
        .collect();
    json!({"modes": modes, "current": choices.current.name()})
}

fn pairs(rows: &[(&'static str, String)]) -> Value {
    let pair = |(name, value): &(&'static str, String)| json!({"name": name, "value": value});
    rows.iter().map(pair).collect()
}

fn token_report(tokens: &TokenReport) -> Value {
    json!({
        "used": tokens.used,
        "window": tokens.window,
        "system": tokens.system,
        "tools": tokens.tools,
        "history": tokens.history,
        "summary": tokens.kept.summary,
        "own_words": tokens.kept.words,
        "hits": tokens.kept.hits,
        "rows": pairs(&token_rows(tokens)),
    })
}

fn instructions(memory: &ProjectInstructions) -> Value {
    let mut shown = json!({"path": memory.path, "text": memory.text, "left_out": memory.left_out});
    if memory.left_out > 0 {
        let left_out = counted(memory.left_out as u64, "character");
        shown["note"] = json!(format!("{left_out} omitted: the model gets only this part"));
    }
    shown
}

fn opened_session(opened: Option<&OpenedSession>) -> Value {
    opened.map_or(Value::Null, |opened| {
        json!({
            "session": opened.id.as_str(),
            "turns": opened.turns,
            "model": opened.model.name,
        })
    })
}
