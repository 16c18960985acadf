//! The state of the program, for a page that opens. It never fails because Ollama is missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::ApiError;
use super::index::index_state;
use super::request::{OfWorkspace, Parameters, blocking, first_name, workspace};
use crate::conversation::SharedContext;
use crate::conversation::commands::{CommandScope, SkillCommand, SlashCommand, commands};
use crate::conversation::messages::mode_words;
use crate::conversation::workspaces::OpenWorkspace;
use crate::frontends::branch::branch;
use crate::frontends::web::Server;
use crate::frontends::web::room::Room;
use crate::frontends::web::room::event::make_visible;
use crate::permission::{Confinement, Mode};

pub async fn state(
    State(server): State<Arc<Server>>,
    Parameters(of): Parameters<OfWorkspace>,
) -> Result<Json<Value>, ApiError> {
    let shared = &server.shared;
    let here = workspace(shared, of.workspace.as_deref())?;
    let (app, root) = (here.app.clone(), here.root().to_owned());
    let (confinement, branch) = blocking(move || {
        let reached = app.confinement();
        let confinement = reached.map_or(Confinement::None, |reached| reached.level);
        (confinement, branch(&root))
    })
    .await?;
    let error = server.rooms.model.error(shared, &here).await;
    let mut model = json!({"name": here.app.model_name()});
    if let Some(error) = error {
        model["error"] = json!(error);
    }
    let rooms = server.rooms.all();
    let conversations: Vec<Value> = rooms
        .iter()
        .map(|room| conversation(shared, room))
        .collect();
    let skills = here.skill_commands().await;
    let commands = commands(CommandScope::Page).map(command);
    let commands: Vec<Value> = commands.chain(skills.iter().map(skill)).collect();
    let mut state = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "workspaces": workspaces(shared),
        "workspace": {
            "name": name_of(shared, &here),
            "path": here.root().display().to_string(),
            "branch": branch,
        },
        "model": model,
        "modes": modes(shared, confinement),
        "mode": shared.first_mode.name(),
        "confinement": confinement.name(),
        "offers_auto_approve": shared.offers_auto_approve,
        "index": index_state(&server, &here).await,
        "commands": commands,
        "conversations": conversations,
        "streams": server.rooms.streams.load(Ordering::Relaxed),
    });
    make_visible(&mut state);
    Ok(Json(state))
}

/// The first workspace, and those that are named.
fn workspaces(shared: &SharedContext) -> Vec<Value> {
    let first = first_name(shared);
    let root = shared.workspaces.first().root().display().to_string();
    let mut all = vec![json!({"name": first, "path": root, "is_first": true})];
    for (name, path) in shared.workspaces.named() {
        if *name != first {
            all.push(json!({
                "name": name,
                "path": path.display().to_string(),
                "is_first": false,
            }));
        }
    }
    all
}

/// The name under which the page shows a workspace.
pub fn name_of(shared: &SharedContext, workspace: &OpenWorkspace) -> String {
    let root = workspace.root();
    if root == shared.workspaces.first().root() {
        return first_name(shared);
    }
    let is_it = |path: &std::path::Path| path.canonicalize().is_ok_and(|path| path == root);
    let mut named = shared.workspaces.named().iter();
    let found = named.find(|(_, path)| is_it(path));
    found.map_or_else(|| root.display().to_string(), |(name, _)| name.clone())
}

fn modes(shared: &SharedContext, confinement: Confinement) -> Vec<Value> {
    let mut modes = vec![Mode::Ask, Mode::AutoEdit, Mode::Plan];
    if shared.offers_auto_approve {
        modes.insert(2, Mode::AutoApprove);
    }
    let shown = |mode: Mode| json!({"name": mode.name(), "meaning": mode_words(mode, confinement)});
    modes.into_iter().map(shown).collect()
}

/// A command as the page completes it.
pub fn command(command: &SlashCommand) -> Value {
    json!({
        "name": command.name,
        "aliases": command.aliases,
        "argument": command.argument,
        "values": command.values,
        "help": command.help,
    })
}

/// A skill as the page completes it. What it says is the text of whoever wrote it.
pub fn skill(skill: &SkillCommand) -> Value {
    json!({
        "name": skill.name,
        "aliases": [],
        "argument": skill.argument,
        "values": [],
        "help": skill.help,
        "origin": skill.origin,
    })
}

/// What is known of a conversation without asking it.
pub fn conversation(shared: &SharedContext, room: &Arc<Room>) -> Value {
    let facts = room.facts();
    json!({
        "id": room.id,
        "title": facts.title,
        "session": facts.session.as_ref().map(|id| id.as_str()),
        "workspace": name_of(shared, &facts.workspace),
        "is_busy": facts.is_busy,
        "is_asking": facts.is_asking,
    })
}
