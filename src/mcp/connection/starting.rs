//! Starts a server and agrees on the protocol with it; and says in words why that failed, or how a
//! program ended.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientInitializeError, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rmcp::transport::{DynamicTransportError, Transport, TransportAdapterIdentity};
use rmcp::{ClientLifecycleMode, RoleClient, serve_client_with_lifecycle};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};

use super::super::http::{self, HttpProblem};
use super::super::pipes::Pipes;
use super::super::questions::{Client, Questions};
use super::super::screen::{Screen, Screened};
use super::super::servers::McpSetup;
use super::super::{McpError, missing_variables};
use super::{Connection, LONGEST_WORDS, WITHDRAWAL};
use crate::permission::{McpServer, McpTransport};
use crate::sandbox::confine::{Exceeded, RefusalKind};
use crate::sandbox::{Exit, Served, ServedEnd, ServedProgram};
use crate::text::with_causes;

/// Bytes that are kept of the errors of a program.
const KEPT_ERRORS: usize = 4 << 10;

type Agreed = RunningService<RoleClient, Client>;

impl Connection {
    /// Starts a server, or connects to it. A program that leaves the first request unanswered for most of
    /// the time counts as one that does not know the newer protocol: not sooner, since there are
    /// programs that take seconds to start and know nothing else.
    pub async fn start(
        server: &McpServer,
        setup: &McpSetup,
        limit: Duration,
    ) -> Result<Connection, McpError> {
        let not_running = |why: String| {
            let mut words = vec![why];
            words.extend(missing_variables(server, setup).map(|name| {
                format!("the environment variable `{name}`, which it is to get, is not set")
            }));
            McpError::NotRunning(server.name.clone(), words.join("; "))
        };
        let screen = Arc::new(Screen::new());
        let questions = Arc::new(Questions::default());
        let client = Client::new(Arc::clone(&questions));
        let (service, program) = match &server.transport {
            McpTransport::Command { argv, env, .. } => {
                let program = served(server, argv, env, setup).await;
                let mut program = program.map_err(not_running)?;
                match agreed_over_pipes(client, &mut program, &screen, limit).await {
                    Ok(service) => (service, Some(program)),
                    Err(why) => {
                        let ended = end_of(program).await;
                        let why = if ended.is_empty() {
                            why
                        } else {
                            format!("{why}; {ended}")
                        };
                        return Err(not_running(why));
                    }
                }
            }
            McpTransport::Http { url, header_env } => {
                if setup.offline && !server.is_local() {
                    return Err(McpError::Offline(server.name.clone()));
                }
                let (is_local, variables) = (server.is_local(), &setup.variables);
                let transport =
                    http::transport(url, is_local, header_env, variables, Arc::clone(&screen));
                let refused = |why| McpError::NotRunning(server.name.clone(), why);
                let transport = transport.map_err(refused)?;
                let transport = Screened::new(transport, Arc::clone(&screen), None);
                let service = agreed(client, transport, limit).await.map_err(refused)?;
                (service, None)
            }
        };
        Ok(Connection {
            name: server.name.clone(),
            peer: service.peer().clone(),
            service: Mutex::new(Some(service)),
            program: Mutex::new(program),
            screen,
            questions,
            tools: tokio::sync::Mutex::default(),
            end: OnceCell::new(),
            began: Instant::now(),
        })
    }
}

/// Starts the program of a server.
async fn served(
    server: &McpServer,
    argv: &[String],
    env: &[String],
    setup: &McpSetup,
) -> Result<Served, String> {
    let (programs, wanted) = (Arc::clone(&setup.programs), server.clone());
    let place = tokio::task::spawn_blocking(move || programs(&wanted)).await;
    let place = place.map_err(|error| error.to_string())??;
    let variables: Vec<(String, OsString)> = env
        .iter()
        .filter_map(|name| Some((name.clone(), setup.variables.get(name)?.clone())))
        .collect();
    let program = ServedProgram {
        argv,
        variables: &variables,
    };
    let served = place
        .sandbox
        .serve_program(program, &place.access, KEPT_ERRORS);
    served.map_err(|error| with_causes(&error))
}

async fn agreed_over_pipes(
    client: Client,
    program: &mut Served,
    screen: &Arc<Screen>,
    limit: Duration,
) -> Result<Agreed, String> {
    let (Some(input), Some(output)) = (program.input.take(), program.output.take()) else {
        return Err("it has no pipes".to_owned());
    };
    let pipes = Pipes::new(output, input, Arc::clone(screen));
    let transport = Screened::new(pipes, Arc::clone(screen), Some(limit * 3 / 4));
    agreed(client, transport, limit).await.map_err(|why| {
        let given_up = screen.why_given_up();
        given_up.map_or(why, str::to_owned)
    })
}

/// Agrees on the newest version of the protocol that both know.
async fn agreed<T>(
    client: Client,
    transport: Screened<T>,
    limit: Duration,
) -> Result<Agreed, String>
where
    T: Transport<RoleClient> + 'static,
{
    let lifecycle = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
    };
    let agreed =
        serve_client_with_lifecycle::<Client, Screened<T>, T::Error, TransportAdapterIdentity>(
            client, transport, lifecycle,
        );
    match timeout(limit, agreed).await {
        Ok(Ok(service)) => Ok(service),
        Ok(Err(error)) => Err(shortened(&why_not_agreed(&error))),
        Err(_) => Err(format!(
            "it did not answer within {} s",
            limit.as_secs_f32()
        )),
    }
}

fn why_not_agreed(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::TransportError { error, .. } => why_not_sent(error),
        ClientInitializeError::ConnectionClosed(_) => "it gave no answer".to_owned(),
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused to begin: {} ({})", error.message, error.code.0)
        }
        ClientInitializeError::NoCompatibleProtocolVersion {
            server_supported, ..
        } => {
            let versions = server_supported.iter().take(5).map(ToString::to_string);
            let versions: Vec<String> = versions.collect();
            format!(
                "it speaks other versions of the protocol: {}",
                versions.join(", ")
            )
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => why_not_agreed(fallback),
        _ => "its first answer is not as the protocol has it".to_owned(),
    }
}

/// Why a request could not be sent.
fn why_not_sent(error: &DynamicTransportError) -> String {
    why_refused(error).unwrap_or_else(|| with_causes(error.error.as_ref()))
}

/// Why a server at an address refused a request; `None` for a program.
pub(super) fn why_refused(error: &DynamicTransportError) -> Option<String> {
    let failure = error
        .error
        .downcast_ref::<StreamableHttpError<HttpProblem>>()?;
    Some(match failure {
        StreamableHttpError::Client(problem) => problem.words(),
        other => other.to_string(),
    })
}

fn shortened(words: &str) -> String {
    words.chars().take(LONGEST_WORDS).collect()
}

/// Ends a program; says how it ended by itself, and its last words. Empty if there is nothing to say.
pub(super) async fn end_of(program: Served) -> String {
    match program.stop(WITHDRAWAL).await {
        Ok(end) => words_of(&end),
        Err(error) => with_causes(&error),
    }
}

fn words_of(end: &ServedEnd) -> String {
    let mut words = Vec::new();
    match end.exit {
        Exit::Code(code) => words.push(format!("it ended with exit code {code}")),
        Exit::Signal(signal) => words.push(format!("signal {signal} ended it")),
        Exit::TimedOut | Exit::Stopped => {}
    }
    match end.exceeded {
        Some(Exceeded::Memory) => words.push("it used too much memory".to_owned()),
        Some(Exceeded::Disk) => words.push("it filled the disk".to_owned()),
        None => {}
    }
    if let Some(refused) = end.refused.first() {
        let path = &refused.path;
        let what = match refused.kind {
            RefusalKind::Execute => "execute",
            RefusalKind::Write | RefusalKind::Git => "write",
        };
        words.push(format!(
            "it was not allowed to {what} {path}: it {}",
            refused.why
        ));
    }
    let said = end.errors.text.trim();
    let skipped = said.chars().count().saturating_sub(LONGEST_WORDS);
    let said: String = said.chars().skip(skipped).collect();
    if !said.is_empty() {
        let cut = if skipped > 0 { "…" } else { "" };
        words.push(format!("its last words:\n{cut}{said}"));
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::CapturedOutput;

    fn end(exit: Exit, errors: &str) -> ServedEnd {
        ServedEnd {
            exit,
            errors: CapturedOutput {
                text: errors.to_owned(),
                ..CapturedOutput::default()
            },
            refused: Vec::new(),
            left_running: 0,
            exceeded: None,
        }
    }

    #[test]
    fn the_end_of_a_program_is_said_with_its_last_words() {
        assert_eq!(words_of(&end(Exit::Stopped, "")), "");
        assert_eq!(
            words_of(&end(Exit::Code(3), "warning\nno token\n")),
            "it ended with exit code 3; its last words:\nwarning\nno token"
        );
        let memory = ServedEnd {
            exceeded: Some(Exceeded::Memory),
            ..end(Exit::Signal(9), "")
        };
        assert_eq!(
            words_of(&memory),
            "signal 9 ended it; it used too much memory"
        );
        let long = format!("a{}", "b".repeat(LONGEST_WORDS));
        assert_eq!(
            words_of(&end(Exit::Stopped, &long)),
            format!("its last words:\n…{}", "b".repeat(LONGEST_WORDS))
        );
    }
}
