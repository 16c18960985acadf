//! Checks of the installation, with suggested fixes.

mod apparmor;
mod disk;
mod fleet;
mod mcp;
mod own;
mod server;
mod shared;
#[cfg(test)]
mod tests;

use anyhow::Error;
use ollacode_indexer::{IndexCheck, IndexError, IndexStatistics};
use serde::Serialize;

use crate::app::App;
use crate::conversation::messages::{count, counted};
use crate::permission::Confinement;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    Good,
    /// Works, but not fully.
    Warning,
    /// A required part is broken.
    Broken,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub state: CheckState,
    pub message: String,
    /// One line, which the contents of a file may follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    fn good(name: &'static str, message: impl Into<String>) -> Check {
        Check {
            name,
            state: CheckState::Good,
            message: message.into(),
            fix: None,
        }
    }

    fn bad(
        name: &'static str,
        state: CheckState,
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

/// Runs every check.
pub async fn checks(app: &App) -> Result<Vec<Check>, Error> {
    let walked = disk::walked(app).await?;
    let mut checks = vec![
        Check::good("version", concat!("ollacode ", env!("CARGO_PKG_VERSION"))),
        disk::workspace(app, &walked),
        disk::data_folder(app),
        index(app).await,
    ];
    checks.extend(server::server(app).await);
    checks.extend(fleet::servers(app).await);
    checks.extend(shared::cache(app).await);
    checks.push(disk::watches(app, &walked).await?);
    checks.extend(disk::clock(app, &walked));
    checks.push(commands(app));
    checks.extend(own::tools(app));
    checks.extend(own::rules(app));
    checks.extend(own::trust(app));
    checks.extend(servers(app));
    checks.extend(mcp::servers(app));
    checks.extend(bot(app));
    Ok(checks)
}

/// Checks the confinement of commands.
fn commands(app: &App) -> Check {
    const NAME: &str = "commands";
    let reached = match app.confinement() {
        Ok(reached) => reached,
        Err(error) => {
            let fix = "set `OLLACODE_DATA_DIR` to a folder that you own on a local disk";
            return Check::bad(NAME, CheckState::Warning, error.to_string(), fix);
        }
    };
    let level = match reached.level {
        Confinement::Full => return Check::good(NAME, "fully confined"),
        Confinement::Landlock => "partly confined (`landlock`)",
        Confinement::None => "not confined",
    };
    let why = reached.why_not_full.unwrap_or_default();
    let message = format!("{level}: {why}");
    let Some(remedy) = apparmor::remedy() else {
        let fix = "allow unprivileged user namespaces; until then every command needs approval";
        return Check::bad(NAME, CheckState::Warning, message, fix);
    };
    let message = format!("{message}; {}", remedy.reason);
    Check::bad(NAME, CheckState::Warning, message, remedy.fix)
}

/// Checks the MCP servers that the repository names, and the file of definitions; nothing is started.
fn servers(app: &App) -> Option<Check> {
    const NAME: &str = "mcp";
    let warning = |message: String, fix| Check::bad(NAME, CheckState::Warning, message, fix);
    if let Some(words) = app.words_of_brought() {
        return Some(warning(words, "see `ollacode mcp trust`"));
    }
    let error = app.known_servers().err()?;
    let fix = "delete that file, then look at the tools again with `ollacode mcp list`";
    Some(warning(error.to_string(), fix))
}

/// Checks the settings of the Telegram bot, if a token is set; Telegram is not contacted.
fn bot(app: &App) -> Option<Check> {
    const NAME: &str = "telegram";
    let given = &app.settings.telegram;
    if given.token.trim().is_empty() {
        return None;
    }
    Some(match given.check() {
        Ok(settings) => {
            let users = counted(settings.allowed.users().len() as u64, "user");
            Check::good(NAME, format!("a token is set, and {users} may use the bot"))
        }
        Err(error) => {
            let fix = "see `ollacode telegram --help`";
            Check::bad(NAME, CheckState::Warning, error.to_string(), fix)
        }
    })
}

async fn index(app: &App) -> Check {
    const NAME: &str = "index";
    const RUN: &str = "run `ollacode index`";
    if !app.index.exists() {
        return Check::bad(NAME, CheckState::Warning, "not indexed yet", RUN);
    }
    let looked = async {
        let model = app.index.complete_model().await?;
        let fingerprint = model
            .as_ref()
            .map_or("", |(_, fingerprint)| fingerprint.as_str());
        let status = app.index.status(fingerprint).await?;
        let check = app.index.check().await?;
        Ok::<_, IndexError>((status, model, check))
    };
    let broken = |message: String| {
        let fix = "run `ollacode index`, which restores what is damaged";
        Check::bad(NAME, CheckState::Broken, message, fix)
    };
    let (status, model, check) = match looked.await {
        Ok(found) => found,
        Err(error) => return broken(format!("{:#}", Error::from(error))),
    };
    match check {
        IndexCheck::Current => {}
        IndexCheck::Outdated => {
            let message = "made by another version of ollacode, or not finished: each search \
                           reads some of the files again, until all are done";
            return Check::bad(NAME, CheckState::Warning, message, RUN);
        }
        IndexCheck::Damaged(files) => return broken(damage(&files)),
    }
    if let Some(name) = app.model_without_vectors().await {
        let message = format!("no vectors of the current `{name}`: search is lexical only");
        let fix = "run `ollacode index` to create them";
        return Check::bad(NAME, CheckState::Warning, message, fix);
    }
    contents(&status, model.map(|(name, _)| name))
}

/// `damaged: … is missing (and 3 more)`
fn damage(files: &[String]) -> String {
    let first = files.first().map_or("", String::as_str);
    match files.len() {
        0 | 1 => format!("damaged: {first}"),
        all => format!("damaged: {first} (and {} more)", all - 1),
    }
}

/// Judges an index that can be read.
fn contents(status: &IndexStatistics, model: Option<String>) -> Check {
    const NAME: &str = "index";
    let counts = status.counts;
    let vectors = match &model {
        Some(name) => format!("{} chunks with vectors of {name}", count(counts.embedded)),
        None => "no complete vectors".to_owned(),
    };
    let (files, chunks) = (
        counted(counts.files, "file"),
        counted(counts.chunks, "chunk"),
    );
    let message = format!("{files}, {chunks}, {vectors}");
    if counts.files == 0 {
        let fix = "see `ollacode index --skipped` for the reasons";
        return Check::bad(NAME, CheckState::Warning, message, fix);
    }
    if model.is_some() && counts.failed > 0 {
        let failed = counted(counts.failed, "chunk");
        let message = format!("{message}; {failed} could not be embedded");
        return Check::bad(
            NAME,
            CheckState::Warning,
            message,
            "see `ollacode index --failures` for the reasons",
        );
    }
    if model.is_some() && counts.embedded < counts.chunks {
        let fix = "run `ollacode index`; chunks without a vector are found by lexical search only";
        return Check::bad(NAME, CheckState::Warning, message, fix);
    }
    Check::good(NAME, message)
}
