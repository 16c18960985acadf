//! `ollacode doctor`: what works, what does not, and what to do about it.

mod disk;
mod server;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use anyhow::Error;
use ollacode_indexer::{IndexError, Status};
use serde::Serialize;
use serde_json::json;

use super::args::DoctorArguments;
use super::style::{DIM, ERROR, GOOD, PLAIN, WARNING, count, counted, visible};
use super::{Ending, print, print_json};
use crate::app::App;
use crate::permission::Confinement;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Good,
    /// Works, though worse than it could.
    Warning,
    /// Something needed is broken.
    Broken,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Check {
    fn good(name: &'static str, message: impl Into<String>) -> Check {
        Check {
            name,
            state: State::Good,
            message: message.into(),
            fix: None,
        }
    }

    fn bad(
        name: &'static str,
        state: State,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Check {
        Check {
            name,
            state,
            message: message.into(),
            fix: Some(fix.into()),
        }
    }
}

pub async fn run(app: &App, arguments: &DoctorArguments) -> Result<Ending, Error> {
    let walked = disk::walked(app).await?;
    let mut checks = vec![
        Check::good("version", concat!("ollacode ", env!("CARGO_PKG_VERSION"))),
        disk::workspace(app, &walked),
        disk::data_folder(app),
        index(app).await,
    ];
    checks.extend(server::ollama(app).await);
    checks.push(disk::watches(app, &walked).await?);
    checks.extend(disk::clock(app, &walked));
    checks.push(commands(app));
    checks.extend(bot(app));
    let broken = checks.iter().any(|check| check.state == State::Broken);
    if arguments.json {
        print_json(&json!({"ok": !broken, "checks": checks}))?;
    } else {
        print(|out| checks.iter().try_for_each(|check| write(out, check)))?;
    }
    Ok(if broken { Ending::Bad } else { Ending::Good })
}

fn write(out: &mut impl Write, check: &Check) -> io::Result<()> {
    let (style, sign) = match check.state {
        State::Good => (GOOD, "ok"),
        State::Warning => (WARNING, "warning"),
        State::Broken => (ERROR, "broken"),
    };
    writeln!(
        out,
        "{style}{sign:>7}{PLAIN}  {:<12} {}",
        check.name,
        visible(&check.message)
    )?;
    if let Some(fix) = &check.fix {
        writeln!(out, "{:>7}  {:<12} {DIM}→ {}{PLAIN}", "", "", visible(fix))?;
    }
    Ok(())
}

/// Tries how well commands are held back.
fn commands(app: &App) -> Check {
    const NAME: &str = "commands";
    let reached = match app.confinement() {
        Ok(reached) => reached,
        Err(error) => {
            let fix = "set `OLLACODE_DATA_DIR` to a folder of yours on a local disk";
            return Check::bad(NAME, State::Warning, error.to_string(), fix);
        }
    };
    let level = match reached.level {
        Confinement::Full => return Check::good(NAME, "fully confined"),
        Confinement::Landlock => "confined to writing in the folder (`landlock`)",
        Confinement::None => "not confined",
    };
    let why = reached.why_not_full.unwrap_or_default();
    let fix = "allow unprivileged user namespaces; until then each command is asked about";
    Check::bad(NAME, State::Warning, format!("{level}: {why}"), fix)
}

/// Whether a Telegram bot could start; nothing where none was ever wanted. Telegram is not asked.
fn bot(app: &App) -> Option<Check> {
    const NAME: &str = "telegram";
    let given = &app.settings.telegram;
    if given.token.trim().is_empty() {
        return None;
    }
    Some(match given.check() {
        Ok(settings) => {
            let users = counted(settings.allowed.users().len() as u64, "user");
            Check::good(
                NAME,
                format!("a token is set, and {users} may talk to the bot"),
            )
        }
        Err(error) => {
            let fix = "`ollacode telegram --help` says how a bot is made";
            Check::bad(NAME, State::Warning, error.to_string(), fix)
        }
    })
}

async fn index(app: &App) -> Check {
    const NAME: &str = "index";
    const RUN: &str = "run `ollacode index`";
    if !app.index.exists() {
        return Check::bad(NAME, State::Warning, "there is none yet", RUN);
    }
    let looked = async {
        let model = app.index.complete_model().await?;
        let fingerprint = model
            .as_ref()
            .map_or("", |(_, fingerprint)| fingerprint.as_str());
        let status = app.index.status(fingerprint).await?;
        let is_current = app.index.check().await?;
        Ok::<_, IndexError>((status, model, is_current))
    };
    let (status, model, is_current) = match looked.await {
        Ok(found) => found,
        Err(error) => {
            let fix = "run `ollacode index`: it repairs what is damaged, or rebuilds it";
            let message = format!("{:#}", Error::from(error));
            return Check::bad(NAME, State::Broken, message, fix);
        }
    };
    if !is_current {
        let message = "it was made by another version of ollacode, or was not finished: every \
                       file is read again before it is searched";
        return Check::bad(NAME, State::Warning, message, RUN);
    }
    if let Some(name) = app.model_without_vectors().await {
        let message =
            format!("its vectors are not those of `{name}` as it is now: search goes by words");
        let fix = "run `ollacode index`: it embeds anew what the cache does not have";
        return Check::bad(NAME, State::Warning, message, fix);
    }
    contents(&status, model.map(|(name, _)| name))
}

/// What an index holds that can be read.
fn contents(status: &Status, model: Option<String>) -> Check {
    const NAME: &str = "index";
    let counts = status.counts;
    let vectors = match &model {
        Some(name) => format!("{} with vectors of {name}", count(counts.embedded)),
        None => "no complete set of vectors".to_owned(),
    };
    let (files, chunks) = (
        counted(counts.files, "file"),
        counted(counts.chunks, "chunk"),
    );
    let message = format!("{files}, {chunks}, {vectors}");
    if counts.files == 0 {
        let fix = "`ollacode index --skipped` says why no file is in it";
        return Check::bad(NAME, State::Warning, message, fix);
    }
    if model.is_some() && counts.failed > 0 {
        let failed = counted(counts.failed, "chunk");
        let message = format!("{message}; {failed} could not be embedded");
        return Check::bad(
            NAME,
            State::Warning,
            message,
            "`ollacode index --failures` says why",
        );
    }
    if model.is_some() && counts.embedded < counts.chunks {
        let fix = "run `ollacode index`: what has no vector is found by words only";
        return Check::bad(NAME, State::Warning, message, fix);
    }
    Check::good(NAME, message)
}
