//! The client of the crate that the program is made with, over pipes: it reads each message by its
//! type.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::schema::{
    CloseSessionRequest, DeleteSessionRequest, InitializeRequest, ListSessionsRequest,
    LoadSessionRequest, NewSessionRequest, PromptRequest, RequestPermissionOutcome,
    RequestPermissionRequest, RequestPermissionResponse, ResumeSessionRequest,
    SelectedPermissionOutcome, SessionNotification, SessionUpdate, SetSessionModeRequest,
    StopReason, ToolCallStatus,
};
use agent_client_protocol::{
    Agent, Client, ConnectTo, Error, Lines, on_receive_notification, on_receive_request, v1,
};
use futures::{SinkExt, StreamExt};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

use super::*;
use crate::support::block_on;

/// What the client saw.
#[derive(Debug)]
struct Seen {
    stopped: StopReason,
    before: usize,
    listed: Vec<String>,
    left: usize,
}

/// The pipes of the program as a connection.
fn connection(
    command: std::process::Command,
) -> (tokio::process::Child, impl ConnectTo<Client> + 'static) {
    let mut command = tokio::process::Command::from(command);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("ollacode starts");
    let stdin = child.stdin.take().expect("a pipe");
    let stdout = child.stdout.take().expect("a pipe");
    let failed = |error: LinesCodecError| io::Error::other(error);
    let outgoing = FramedWrite::new(stdin, LinesCodec::new());
    let outgoing = SinkExt::<String>::sink_map_err(outgoing, failed);
    let incoming = FramedRead::new(stdout, LinesCodec::new());
    let incoming = incoming.map(move |line| line.map_err(failed));
    (child, Lines::new(outgoing, incoming))
}

async fn life(agent: v1::ConnectionTo<Agent>, folder: PathBuf) -> Result<Seen, Error> {
    let greeting = InitializeRequest::new(ProtocolVersion::V1);
    let greeted = agent.send_request(greeting).block_task().await?;
    assert!(greeted.agent_capabilities.load_session);
    let new = NewSessionRequest::new(folder.clone());
    let begun = agent.send_request(new).block_task().await?;
    let id = begun.session_id;
    let mode = SetSessionModeRequest::new(id.clone(), "ask");
    agent.send_request(mode).block_task().await?;
    let prompt = PromptRequest::new(id.clone(), vec!["Make it eighty.".into()]);
    let stopped = agent.send_request(prompt).block_task().await?.stop_reason;
    let list = ListSessionsRequest::new().cwd(folder.clone());
    let listed = agent.send_request(list.clone()).block_task().await?;
    let close = CloseSessionRequest::new(id.clone());
    agent.send_request(close.clone()).block_task().await?;
    let before = listed.sessions.len();
    let load = LoadSessionRequest::new(id.clone(), folder.clone());
    agent.send_request(load).block_task().await?;
    agent.send_request(close).block_task().await?;
    let resume = ResumeSessionRequest::new(id.clone(), folder);
    agent.send_request(resume).block_task().await?;
    let delete = DeleteSessionRequest::new(id);
    agent.send_request(delete).block_task().await?;
    let left = agent.send_request(list).block_task().await?;
    let titles = listed.sessions.into_iter();
    Ok(Seen {
        stopped,
        before,
        listed: titles.filter_map(|session| session.title).collect(),
        left: left.sessions.len(),
    })
}

#[test]
fn the_client_of_the_same_crate_understands_everything() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now."),
    ]);
    let environment = environment(&server);
    let command = environment.command(&["acp", "--no-rag"]);
    let folder = environment.workspace();
    let updates: Arc<Mutex<Vec<SessionUpdate>>> = Arc::default();
    let heard = Arc::clone(&updates);
    let seen = block_on(async move {
        let (_child, connection) = connection(command);
        Client
            .v1()
            .name("a test")
            .on_receive_notification(
                async move |told: SessionNotification, _: v1::ConnectionTo<Agent>| {
                    heard.lock().expect("a list").push(told.update);
                    Ok(())
                },
                on_receive_notification!(),
            )
            .on_receive_request(
                async move |asked: RequestPermissionRequest,
                            responder: v1::Responder<RequestPermissionResponse>,
                            _: v1::ConnectionTo<Agent>| {
                    let first = asked.options[0].option_id.clone();
                    let chosen = SelectedPermissionOutcome::new(first);
                    responder.respond(RequestPermissionResponse::new(
                        RequestPermissionOutcome::Selected(chosen),
                    ))
                },
                on_receive_request!(),
            )
            .connect_with(connection, move |agent: v1::ConnectionTo<Agent>| {
                life(agent, folder)
            })
            .await
            .expect("a life")
    });
    assert_eq!(seen.stopped, StopReason::EndTurn, "{seen:?}");
    assert_eq!(seen.listed, ["Make it eighty."], "{seen:?}");
    assert_eq!((seen.before, seen.left), (1, 0), "{seen:?}");
    let updates = updates.lock().expect("a list");
    let ended = updates.iter().filter(|update| {
        matches!(update, SessionUpdate::ToolCallUpdate(update)
            if update.fields.status == Some(ToolCallStatus::Completed))
    });
    assert_eq!(ended.count(), 1, "{updates:#?}");
    let replayed = updates.iter().filter(|update| {
        matches!(update, SessionUpdate::ToolCall(call)
            if call.status == ToolCallStatus::Completed)
    });
    assert_eq!(replayed.count(), 1, "{updates:#?}");
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
}
