//! The command line: arguments in, text out. It alone prints.

use std::fmt::Display;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::process::ExitCode;

use anstream::{AutoStream, stderr, stdout};
use anyhow::Error;
use ollacode_indexer::IndexError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::App;
use crate::config::{Color, Environment};
use crate::model::ollama::OllamaError;

pub mod args;
mod confirm;
mod doctor;
mod help;
mod hits;
mod index;
mod inspect;
mod progress;
mod search;
mod style;
mod summary;
mod wire;

use args::{Arguments, Command};

/// Something failed.
const FAILED: u8 = 1;
/// The command line or a setting makes no sense.
const USAGE: u8 = 2;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// All is well.
    Good,
    /// It ran, and found that something is wrong.
    Bad,
    /// The command line makes no sense, which was said.
    Misused,
}

/// Stdout does not take what is written to it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to stdout")]
struct Unwritable(#[source] io::Error);

/// Runs the program: reads the command line and the environment, and maps the outcome.
pub fn main() -> ExitCode {
    let ending = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => run(&arguments),
        Err(error) => explain(&error),
    };
    match ending {
        Ok(Ending::Good) => ExitCode::SUCCESS,
        Ok(Ending::Bad) => ExitCode::from(FAILED),
        Ok(Ending::Misused) => ExitCode::from(USAGE),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(if is_usage(&error) { USAGE } else { FAILED })
        }
    }
}

/// Prints the help or the version, or says what is wrong with the command line.
fn explain(error: &clap::Error) -> Result<Ending, Error> {
    if error.use_stderr() {
        // Where that fails there is nobody to tell.
        let _ = error.print();
        return Ok(Ending::Misused);
    }
    print(|_| error.print())?;
    Ok(Ending::Good)
}

fn run(arguments: &Arguments) -> Result<Ending, Error> {
    match &arguments.command {
        Command::Completions { shell } => return help::completions(*shell).map(|()| Ending::Good),
        Command::Man => return help::man_page().map(|()| Ending::Good),
        Command::Index(_) | Command::Search(_) | Command::Doctor(_) => {}
    }
    keep_files_private();
    let environment = Environment::capture()?;
    let app = App::start(&arguments.flags(), &environment)?;
    set_up_output(&app);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ending = runtime.block_on(async {
        match &arguments.command {
            Command::Index(index) => index::run(&app, index).await,
            Command::Search(search) => search::run(&app, search).await,
            Command::Doctor(doctor) => doctor::run(&app, doctor).await,
            Command::Completions { .. } | Command::Man => Ok(Ending::Good),
        }
    });
    // Readers of files that hang must not keep a finished program from ending.
    runtime.shutdown_background();
    ending
}

/// Lets nobody else read what this process writes: an index holds the code it was made of, and
/// LanceDB gives its files no mode of its own.
fn keep_files_private() {
    #[cfg(unix)]
    // SAFETY: `umask` cannot fail and touches no memory; no other thread is running yet.
    unsafe {
        libc::umask(0o077);
    }
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
        .with_ansi(false);
    // A second subscriber cannot happen in one process; if it did, the first goes on.
    let _ = tracing_subscriber::registry()
        .with(app.settings.log.clone())
        .with(layer)
        .try_init();
    for warning in &app.settings.warnings {
        warn(warning);
    }
}

/// Writes a line to stderr. Where that fails there is nobody to tell.
fn say(line: impl Display) {
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Tells something that the user should know, on stderr.
fn warn(message: &str) {
    say(format_args!(
        "{}warning:{} {}",
        style::WARNING,
        style::PLAIN,
        style::visible(message)
    ));
}

/// Tells something in passing, on stderr.
fn note(message: &str) {
    say(format_args!(
        "{}{}{}",
        style::DIM,
        style::visible(message),
        style::PLAIN
    ));
}

/// Prints an error once, with its causes and with what to do next.
fn report(error: &Error) {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Libraries like to repeat their cause in their own message.
        if !message.contains(&cause) {
            message.push_str(": ");
            message.push_str(&cause);
        }
    }
    say(format_args!(
        "{}error:{} {}",
        style::ERROR,
        style::PLAIN,
        style::visible(&message)
    ));
    if let Some(hint) = hint(error) {
        say(format_args!(
            "{}hint:{} {}",
            style::HINT,
            style::PLAIN,
            style::visible(&hint)
        ));
    }
}

fn hint(error: &Error) -> Option<String> {
    if let Some(error) = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<OllamaError>())
    {
        return error.hint();
    }
    let hint = match error
        .chain()
        .find_map(|cause| cause.downcast_ref::<IndexError>())?
    {
        IndexError::NothingFound { .. } => {
            "check that the folder is mounted; to empty the index, run `ollacode index --remove`"
        }
        IndexError::Busy => "wait for it, or stop it",
        IndexError::UnknownLanguage(_) => {
            "names are those of files' endings or of languages: `rs`, `rust`"
        }
        IndexError::BadGlob { .. } => "quote it for the shell: --path 'src/**/*.rs'",
        IndexError::Stopped => "what is done is kept; run the same command to go on",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn is_usage(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<crate::config::ConfigError>()
            || matches!(
                cause.downcast_ref::<IndexError>(),
                Some(IndexError::UnknownLanguage(_) | IndexError::BadGlob { .. })
            )
    })
}

fn is_closed_pipe(error: &Error) -> bool {
    error
        .downcast_ref::<Unwritable>()
        .is_some_and(|Unwritable(cause)| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes data to stdout. All of it goes this way, so that a failure is told apart from others.
fn print(
    write: impl FnOnce(&mut AutoStream<StdoutLock<'static>>) -> io::Result<()>,
) -> Result<(), Error> {
    let mut out = stdout().lock();
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(Unwritable)?;
    Ok(())
}

/// Prints a value as one line of JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    print(|out| out.write_all(line.as_bytes()))
}

/// Whether somebody sees what goes to stderr.
fn is_watched() -> bool {
    io::stderr().is_terminal()
}
