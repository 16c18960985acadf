//! The command line: the only front end that prints.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::OnceLock;

use anstream::{AutoStream, stderr, stdout};
use anyhow::Error;
use ollacode_indexer::IndexError;
use rustix::fs::Mode;
use tokio::runtime::Runtime;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::{App, StartError};
use crate::config::{Color, ConfigError, Environment, TelegramError};
use crate::failure::Failure;
use crate::frontends::events_json::JsonEvent;
use crate::frontends::wire::SearchFailure;
use crate::frontends::{Exit, Services};

mod acp;
pub mod args;
mod benchmark;
mod cache;
mod chat;
mod check;
mod commit;
mod confirm;
mod design;
mod doctor;
mod dry_run;
mod failure;
mod help;
mod hits;
mod hooks;
mod index;
mod indexes;
mod init;
mod inspect;
mod job;
mod log;
mod map;
mod mcp;
mod model;
mod probe;
mod progress;
mod related;
mod review;
mod search;
mod service;
mod sessions;
mod signals;
mod skills;
mod style;
mod suite;
mod summary;
mod task;
mod telegram;
mod template;
mod threads;
mod version;
mod web;
mod width;
mod wrap;

use args::{Arguments, Command};

const FAILED: u8 = 1;
/// The command line or a setting is invalid.
const USAGE: u8 = 2;

/// How a command ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CommandEnd {
    Good,
    /// It ran and found a problem.
    Bad,
    /// The command line is invalid; the error was printed.
    Misused,
    /// The number of the signal that stopped it.
    Signal(u8),
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout")]
struct StdoutClosed(#[source] io::Error);

/// Runs the program; if it may end at once, all output is written then.
pub fn main(services: &Services) -> Exit {
    let arguments = Arguments::read(std::env::args_os());
    let ending = match &arguments {
        Ok(arguments) => run(arguments, services),
        Err(error) => explain(error),
    };
    let code = match ending {
        Ok(CommandEnd::Good) => 0,
        Ok(CommandEnd::Bad) => FAILED,
        Ok(CommandEnd::Misused) => USAGE,
        Ok(CommandEnd::Signal(signal)) => signals::exit_code(signal),
        Err(error) if is_closed_pipe(&error) => 0,
        Err(error) => {
            match &arguments {
                Ok(arguments) => report_end(arguments, &error),
                Err(_) => report(&error),
            }
            if is_usage(&error) { USAGE } else { FAILED }
        }
    };
    let is_bare = arguments.is_ok_and(|arguments| leaves_nothing(&arguments));
    if is_bare {
        // If this fails, there is nowhere to report it. A usual exit does it without waiting for a thread
        // that writes to a pipe nobody reads.
        let _ = io::stdout().flush();
    }
    Exit { code, is_bare }
}

/// Whether a command leaves nothing behind that has to end before the process: no program that it has
/// started, no temporary folder.
fn leaves_nothing(arguments: &Arguments) -> bool {
    matches!(
        arguments.command,
        Some(Command::Index(_) | Command::Search(_))
    )
}

/// Prints the help or a usage error.
fn explain(error: &clap::Error) -> Result<CommandEnd, Error> {
    if error.use_stderr() {
        // If this fails, there is nowhere to report it.
        let _ = error.print();
        return Ok(CommandEnd::Misused);
    }
    print(|_| error.print())?;
    Ok(CommandEnd::Good)
}

fn run(arguments: &Arguments, services: &Services) -> Result<CommandEnd, Error> {
    if arguments.version {
        return version::run(arguments.verbose > 0).map(|()| CommandEnd::Good);
    }
    match &arguments.command {
        Some(Command::Completions { shell }) => {
            return help::completions(*shell).map(|()| CommandEnd::Good);
        }
        Some(Command::Man) => return help::man_page().map(|()| CommandEnd::Good),
        _ => {}
    }
    keep_files_private();
    let environment = Environment::capture()?;
    let app = App::start(&arguments.flags(), &environment)?;
    set_up_output(&app);
    threads::check()?;
    let runtime = runtime(arguments)?;
    let others = arguments.workspace.get(1..).unwrap_or_default();
    let ending = runtime.block_on(async {
        match &arguments.command {
            None => chat::run(&app, &arguments.chat).await,
            Some(Command::Chat(chat)) => chat::run(&app, chat).await,
            Some(Command::Index(index)) => index::run(&app, index).await,
            Some(Command::Cache(cache)) => cache::run(&app, cache).await,
            Some(Command::Search(search)) => search::run(&app, search).await,
            Some(Command::Sessions(sessions)) => sessions::run(&app, &sessions.action()),
            Some(Command::Log(log)) => log::run(&app, log),
            Some(Command::Telegram(telegram)) => {
                telegram::run(&app, telegram, services.telegram).await
            }
            Some(Command::Web(web)) => web::run(&app, web, others, services.web).await,
            Some(Command::Doctor(doctor)) => match &doctor.model {
                Some(model) => probe::run(&app, model, doctor.json).await,
                None => doctor::run(&app, doctor).await,
            },
            Some(Command::Init(init)) => init::run(&app, init).await,
            Some(Command::Design(design)) => design::run(&app, design).await,
            Some(Command::Check(check)) => check::run(&app, check).await,
            Some(Command::Commit(commit)) => commit::run(&app, commit).await,
            Some(Command::Review(review)) => review::run(&app, review).await,
            Some(Command::Task(task)) => task::run(&app, task).await,
            Some(Command::Map(map)) => map::run(&app, map).await,
            Some(Command::Related(related)) => related::run(&app, related).await,
            Some(Command::Template(template)) => template::run(&app, template).await,
            Some(Command::Mcp(mcp)) => {
                mcp::run(&app, mcp, others, (services.mcp, services.mcp_http)).await
            }
            Some(Command::Acp(acp)) => acp::run(&app, acp, services.acp).await,
            Some(Command::Hooks(hooks)) => hooks::run(&app, hooks).await,
            Some(Command::Skills(skills)) => skills::run(&app, skills).await,
            Some(Command::Benchmark(benchmark)) => benchmark::run(&app, benchmark).await,
            Some(Command::Completions { .. } | Command::Man) => Ok(CommandEnd::Good),
        }
    });
    runtime.block_on(app.end_servers());
    // Neither reads of files that hang must delay the exit, nor freeing the open index.
    runtime.shutdown_background();
    if leaves_nothing(arguments) {
        std::mem::forget(app);
    }
    match (ending, signals::stopped()) {
        // Interrupted before it finished; commands that run until a signal end without an error.
        (Err(error), Some(stopped)) => {
            report_end(arguments, &error);
            Ok(stopped)
        }
        (ending, _) => ending,
    }
}

/// Most threads of a search that wait for the disk: each costs more than what it reads from the cache of
/// the system. Three of them at most may wait for what others do: one prepares files, one hands rows to
/// a table, one asks for an address.
const SEARCH_THREADS: usize = 6;

/// The threads that a command runs on.
fn runtime(arguments: &Arguments) -> io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if matches!(arguments.command, Some(Command::Search(_))) {
        builder.max_blocking_threads(SEARCH_THREADS);
    }
    builder.enable_all().build()
}

/// The umask at the start, before it is made stricter.
static UMASK_BEFORE: OnceLock<Mode> = OnceLock::new();

/// Makes all files that this process creates private: an index contains code, and LanceDB sets no
/// file modes.
fn keep_files_private() {
    let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    UMASK_BEFORE.get_or_init(|| before);
}

/// The mode of a file that a shell creates for a redirection.
fn redirected_mode() -> Mode {
    match UMASK_BEFORE.get() {
        Some(umask) => mode_under(*umask),
        None => Mode::RUSR | Mode::WUSR,
    }
}

fn mode_under(umask: Mode) -> Mode {
    Mode::from_raw_mode(0o666).difference(umask)
}

fn set_up_output(app: &App) {
    let choice = match app.settings.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        // Where stderr is gone, that cannot be said either.
        .log_internal_errors(false);
    // This fails only if there is a subscriber already, which then stays.
    let _ = tracing_subscriber::registry()
        .with(without_lost_clients(app.settings.log.clone()))
        .with(layer)
        .try_init();
    for warning in &app.settings.warnings {
        warn(warning);
    }
}

/// The crate of MCP logs as an error that a client has left without waiting for its answer, which is
/// none. Who asks for more than errors, or for that crate, gets it.
fn without_lost_clients(log: Targets) -> Targets {
    const CRATE: &str = "rmcp";
    let is_usual = log
        .default_level()
        .is_some_and(|level| level <= LevelFilter::ERROR);
    let is_named = log.iter().any(|(target, _)| target.starts_with(CRATE));
    match is_usual && !is_named {
        true => log.with_target(CRATE, LevelFilter::OFF),
        false => log,
    }
}

/// Writes a line to stderr. If this fails, there is nowhere to report it.
fn say(line: impl Display) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Prints a warning to stderr.
fn warn(message: &str) {
    say(format_args!(
        "{}warning:{} {}",
        style::WARNING,
        style::PLAIN,
        wrap::for_stderr(&style::escape_hidden(message), "warning: ".len())
    ));
}

/// Prints a note to stderr.
fn note(message: &str) {
    say(format_args!(
        "{}{}{}",
        style::DIM,
        wrap::for_stderr(&style::escape_hidden(message), 0),
        style::PLAIN
    ));
}

/// Prints an error to stderr.
fn say_error(message: &str) {
    say(format_args!(
        "{}error:{} {}",
        style::ERROR,
        style::PLAIN,
        wrap::for_stderr(&style::escape_hidden(message), "error: ".len())
    ));
}

/// Prints an error with its causes and a hint.
fn report(error: &Error) {
    let Failure { message, hint, .. } = failure::failure(error);
    say_error(&message);
    if let Some(hint) = hint {
        say(format_args!(
            "{}hint:{} {}",
            style::HINT,
            style::PLAIN,
            wrap::for_stderr(&style::escape_hidden(&hint), "hint: ".len())
        ));
    }
}

/// Reports the error that ends the program; with `--json` also on stdout.
fn report_end(arguments: &Arguments, error: &Error) {
    // If this fails, the error is still on stderr.
    let _ = match &arguments.command {
        None if arguments.chat.json => print_failure(&failure::failure(error)),
        Some(Command::Chat(chat)) if chat.json => print_failure(&failure::failure(error)),
        Some(command) if command.job().is_some_and(|job| job.json) => {
            print_failure(&failure::failure(error))
        }
        Some(Command::Search(search)) if search.json => {
            let query = search.query();
            let failure = failure::failure(error);
            print_json(&SearchFailure::new(query.as_deref(), &failure))
        }
        _ => Ok(()),
    };
    report(error);
}

/// Prints the line of `chat --json` for a failure outside a turn.
fn print_failure(failure: &Failure) -> Result<(), Error> {
    print_json(&JsonEvent::from(failure))
}

fn is_usage(error: &Error) -> bool {
    error.chain().any(|cause| {
        let is_setting = matches!(
            cause.downcast_ref::<StartError>(),
            Some(StartError::Config(_) | StartError::Workspace(_) | StartError::Tool(_))
        );
        is_setting
            || cause.is::<ConfigError>()
            || cause.is::<TelegramError>()
            || matches!(
                cause.downcast_ref::<IndexError>(),
                Some(IndexError::UnknownLanguage(_) | IndexError::BadGlob { .. })
            )
    })
}

fn is_closed_pipe(error: &Error) -> bool {
    error
        .downcast_ref::<StdoutClosed>()
        .is_some_and(|StdoutClosed(cause)| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes data to stdout; a failure has its own error type.
fn print(
    write: impl FnOnce(&mut BufWriter<AutoStream<StdoutLock<'static>>>) -> io::Result<()>,
) -> Result<(), Error> {
    // Else each line is a call of the system.
    let mut out = BufWriter::new(stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(StdoutClosed)?;
    Ok(())
}

/// Prints a value as one line of JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let mut line = style::escaped_json(&serde_json::to_string(value)?);
    line.push('\n');
    print(|out| out.write_all(line.as_bytes()))
}

/// Whether stderr is a terminal.
fn is_watched() -> bool {
    io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_the_user_names_has_the_mode_of_a_redirection() {
        for (umask, mode) in [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600), (0, 0o666)] {
            let found = mode_under(Mode::from_raw_mode(umask));
            assert_eq!(found, Mode::from_raw_mode(mode), "{umask:o}");
        }
    }

    #[test]
    fn lost_clients_are_only_told_to_who_asks_for_it() {
        for (log, is_told) in [
            ("error", false),
            ("off", false),
            ("error,ollacode=debug", false),
            ("error,rmcp=error", true),
            ("warn", true),
            ("trace", true),
        ] {
            let log = without_lost_clients(log.parse().expect("a filter"));
            let rmcp = log.would_enable("rmcp::service", &tracing::Level::ERROR);
            assert_eq!(rmcp, is_told, "{log}");
            let ours = log.would_enable("ollacode::app", &tracing::Level::ERROR);
            assert_eq!(ours, log.default_level() != Some(LevelFilter::OFF), "{log}");
        }
    }
}
