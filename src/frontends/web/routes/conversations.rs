//! Conversations: opened, asked, answered, stopped, and their events.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Id, Input, Nothing, Parameters, blocking, given_session, room, workspace};
use super::{history, replies, state};
use crate::conversation::{CommandReply, PlanWay};
use crate::engine::Attachment;
use crate::failure::FailureCode;
use crate::frontends::web::Server;
use crate::frontends::web::room::event::{self, make_visible};
use crate::frontends::web::room::{
    AnswerResult, AskResult, AskedQuestion, CommandFailure, GivenAnswer, Room, RoomMessage,
    RoomSnapshot,
};
use crate::frontends::web::stream::{self, StreamFormat};
use crate::message::Image;
use crate::permission::Mode;

/// Most attached texts and pictures of a question.
const MOST_FILES: usize = 10;
/// Longest id of a message, in bytes: the ids are remembered.
const LONGEST_CLIENT: usize = 200;

#[derive(Debug, Deserialize)]
pub struct Opening {
    workspace: Option<String>,
    /// An earlier session, by its id or a part that only it has.
    session: Option<String>,
}

pub async fn open(
    State(server): State<Arc<Server>>,
    Input(opening): Input<Opening>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, opening.workspace.as_deref())?;
    let session = given_session(&here, opening.session).await?;
    let room = server.rooms.open(&server.shared, here, session)?;
    // Once it answers, it knows its session.
    room.call(RoomMessage::Snapshot).await?;
    let mut opened = state::conversation(&server.shared, &room);
    opened["last"] = json!(room.log.last());
    Ok(Json(opened))
}

pub async fn snapshot(
    State(server): State<Arc<Server>>,
    Id(id): Id,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let state = room.call(RoomMessage::Snapshot).await?;
    let folder = state.workspace.app.sessions_folder();
    let events = match state.session.clone() {
        Some(id) => {
            let questions = state.history;
            blocking(move || history::events(&folder, &id, questions)).await?
        }
        None => Ok(Vec::new()),
    };
    let events = events.map_err(anyhow::Error::from)?;
    let workspace = state::name_of(&server.shared, &state.workspace);
    let mut shown = shown(&room, &state, workspace);
    make_visible(&mut shown);
    shown["history"] = events.into();
    Ok(Json(shown))
}

fn shown(room: &Room, state: &RoomSnapshot, workspace: String) -> Value {
    json!({
        "id": room.id,
        "session": state.session.as_ref().map(|id| id.as_str()),
        "title": state.title,
        "workspace": workspace,
        "model": state.model,
        "mode": state.mode.name(),
        "work_mode": state.work_mode.name(),
        "is_planning": state.mode == Mode::Plan,
        "confinement": state.confinement.name(),
        "is_busy": state.is_busy,
        "is_asking": room.facts().is_asking,
        "queued": state.queued,
        "window": state.tokens.map(|it| json!({"used": it.used, "window": it.window})),
        "last": state.last,
        // The number behind which the events go on from the history.
        "after": state.dropped,
    })
}

#[derive(Debug, Deserialize)]
pub struct EventsQuery {
    after: Option<u64>,
}

pub async fn events(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Parameters(query): Parameters<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let room = room(&server, &id)?;
    let format = StreamFormat::accepted(&headers).unwrap_or(StreamFormat::Lines);
    let log = room.log.reader(stream::position(query.after, &headers));
    Ok(stream::events(log, format, &server.rooms.streams))
}

#[derive(Debug, Deserialize)]
pub struct Asking {
    message: String,
    agent_mode: Option<bool>,
    use_rag: Option<bool>,
    #[serde(default)]
    attachments: Vec<AttachedText>,
    #[serde(default)]
    images: Vec<AttachedImage>,
    /// The id that the page gave the message: a repeated post is not asked twice.
    client: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AttachedText {
    name: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct AttachedImage {
    #[serde(default)]
    name: String,
    base64: String,
}

pub async fn ask(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(asking): Input<Asking>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let room = room(&server, &id)?;
    let asked = asked(asking)?;
    let result = room.call(|reply| RoomMessage::Ask(asked, reply)).await?;
    let name = match result {
        AskResult::Started => "started",
        AskResult::Queued => "queued",
        AskResult::Refused => {
            let message = "too many messages are queued: send it again later";
            return Err(ApiError::conflict("queue_full", message));
        }
    };
    Ok((StatusCode::ACCEPTED, Json(json!({"result": name}))))
}

/// A question with its files.
fn asked(asking: Asking) -> Result<AskedQuestion, ApiError> {
    if asking.message.trim().is_empty() {
        return Err(ApiError::bad_request("`message` is empty"));
    }
    if asking.attachments.len() + asking.images.len() > MOST_FILES {
        let message = format!("at most {MOST_FILES} files can be sent with a message");
        return Err(ApiError::bad_request(message));
    }
    let client = asking.client.as_deref().unwrap_or_default();
    if client.len() > LONGEST_CLIENT {
        let message = format!("`client` has at most {LONGEST_CLIENT} bytes");
        return Err(ApiError::bad_request(message));
    }
    let mut images = Vec::new();
    let mut image_names = Vec::new();
    for image in asking.images {
        images.push(picture(&image)?);
        image_names.push(image.name);
    }
    let attachments = asking.attachments.into_iter();
    let attachments = attachments.map(|AttachedText { name, text }| Attachment { name, text });
    Ok(AskedQuestion {
        text: asking.message,
        attachments: attachments.collect(),
        images,
        image_names,
        read_only: asking.agent_mode == Some(false),
        without_search: asking.use_rag == Some(false),
        client: asking.client.filter(|client| !client.is_empty()),
    })
}

fn picture(image: &AttachedImage) -> Result<Image, ApiError> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    // A page has the whole `data:` address of a picture.
    let data = image.base64.rsplit(',').next().unwrap_or_default();
    let bytes = STANDARD.decode(data.trim()).map_err(|error| {
        let name = &image.name;
        ApiError::bad_request(format!("the picture `{name}` is not base64: {error}"))
    })?;
    Ok(Image::new(&bytes))
}

pub async fn stop(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(Nothing {}): Input<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let stopped = room.call(RoomMessage::Stop).await?;
    Ok(Json(replies::stop_result(stopped)))
}

#[derive(Debug, Deserialize)]
pub struct Unqueueing {
    client: String,
}

pub async fn unqueue(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(Unqueueing { client }): Input<Unqueueing>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let removed = room
        .call(|reply| RoomMessage::Unqueue(client, reply))
        .await?;
    match removed {
        true => Ok(Json(json!({"removed": true}))),
        false => Err(ApiError::not_found("that message is not queued any more")),
    }
}

#[derive(Debug, Deserialize)]
pub struct Answering {
    id: u64,
    decision: Option<String>,
    reason: Option<String>,
    command: Option<String>,
    text: Option<String>,
}

pub async fn answer(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(answering): Input<Answering>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let given = GivenAnswer {
        id: answering.id,
        decision: answering.decision,
        reason: answering.reason,
        command: answering.command,
        text: answering.text,
    };
    match room.call(|reply| RoomMessage::Answer(given, reply)).await? {
        AnswerResult::Accepted => Ok(Json(json!({"accepted": true}))),
        AnswerResult::Closed => {
            let message = "this was answered before, or nobody waits for the answer any more";
            Err(ApiError::conflict("already_answered", message))
        }
        AnswerResult::Invalid(why) => Err(ApiError::bad_request(why)),
    }
}

#[derive(Debug, Deserialize)]
pub struct CommandLine {
    line: String,
    agent_mode: Option<bool>,
}

pub async fn command(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(CommandLine { line, agent_mode }): Input<CommandLine>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let read_only = agent_mode == Some(false);
    let run = |reply| RoomMessage::Command {
        line,
        read_only,
        reply,
    };
    match room.call(run).await? {
        Ok(outcome) => replies::shown(&server, outcome).await.map(Json),
        Err(CommandFailure::Failed(error)) => Err(error.into()),
        Err(CommandFailure::Unknown(sentence)) => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "unknown_command",
            sentence,
        )),
        Err(CommandFailure::NotACommand) => {
            let message = "a command is one line that begins with `/` and its name";
            Err(ApiError::bad_request(message))
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct ChosenMode {
    mode: String,
}

pub async fn mode(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(ChosenMode { mode }): Input<ChosenMode>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    match room.call(|reply| RoomMessage::Mode(mode, reply)).await?? {
        CommandReply::Mode(change) => Ok(Json(replies::mode(change))),
        _ => Err(ApiError::busy()),
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct CarryingOut {
    /// Whether as a task in steps.
    #[serde(default)]
    in_steps: bool,
}

pub async fn carry_out(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(CarryingOut { in_steps }): Input<CarryingOut>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let room = room(&server, &id)?;
    let way = match in_steps {
        true => PlanWay::InSteps,
        false => PlanWay::AtOnce,
    };
    match room
        .call(|reply| RoomMessage::CarryOut(way, reply))
        .await??
    {
        true => Ok((StatusCode::ACCEPTED, Json(json!({"result": "started"})))),
        false => {
            let message = "this plan is out of date: ask for a new one";
            Err(ApiError::conflict("plan_out_of_date", message))
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct Reverting {
    path: String,
}

pub async fn revert(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Input(Reverting { path }): Input<Reverting>,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let shown_path = path.clone();
    match room.call(|reply| RoomMessage::Revert(path, reply)).await? {
        Ok(Some(undone)) => {
            let mut shown = replies::undone(&undone);
            shown["text"] = json!(event::reverted_words(&shown_path));
            make_visible(&mut shown);
            Ok(Json(shown))
        }
        Ok(None) => Err(ApiError::busy()),
        Err(error) => Err(not_reverted(error)),
    }
}

/// Why a file was not put back; if its session could not be opened, that.
fn not_reverted(error: anyhow::Error) -> ApiError {
    let error = ApiError::from(error);
    match error.code == FailureCode::Other.name() {
        true => ApiError::conflict("not_reverted", error.message),
        false => error,
    }
}

pub async fn changes(
    State(server): State<Arc<Server>>,
    Id(id): Id,
) -> Result<Json<Value>, ApiError> {
    let room = room(&server, &id)?;
    let diffs = room.call(RoomMessage::Changes).await??;
    let shown = blocking(move || replies::diff(&diffs)).await?;
    Ok(Json(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(value: Value) -> Result<AskedQuestion, ApiError> {
        asked(serde_json::from_value(value).expect("a question"))
    }

    #[test]
    fn a_question_comes_with_its_files() {
        let asked = asking(json!({
            "message": "What is it?",
            "agent_mode": false,
            "attachments": [{"name": "a.log", "text": "one"}],
            "images": [{"name": "b.png", "base64": "data:image/png;base64,iVBORw=="}],
            "client": "m1",
        }))
        .expect("a question");
        assert!(asked.read_only && !asked.without_search);
        assert_eq!(asked.attachments[0].text, "one");
        assert_eq!(asked.images[0].base64(), "iVBORw==");
        assert_eq!(asked.image_names, ["b.png"]);
        assert_eq!(asked.client.as_deref(), Some("m1"));
        let plain = asking(json!({"message": "Hm?"})).expect("a question");
        assert!(!plain.read_only && !plain.without_search);
    }

    #[test]
    fn a_file_that_was_not_put_back_has_the_code_of_the_cause() {
        let error = not_reverted(anyhow::anyhow!("it has changed since"));
        assert_eq!((error.status.as_u16(), error.code), (409, "not_reverted"));
        let missing = crate::session::SessionError::NotFound("x".to_owned());
        let error = not_reverted(missing.into());
        assert_eq!(error.code, "session_not_found");
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let files: Vec<Value> = (0..11)
            .map(|number| json!({"name": format!("{number}"), "text": ""}))
            .collect();
        for value in [
            json!({"message": "  "}),
            json!({"message": "a", "attachments": files}),
            json!({"message": "a", "images": [{"base64": "?"}]}),
            json!({"message": "a", "client": "m".repeat(LONGEST_CLIENT + 1)}),
        ] {
            let error = asking(value).expect_err("it is refused");
            assert_eq!(error.status, StatusCode::BAD_REQUEST);
        }
    }
}
