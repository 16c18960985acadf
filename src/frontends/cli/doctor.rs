//! `ollacode doctor`: what works, what does not, and what to do about it.

use std::fs;
use std::io::{self, Write};

use anyhow::Error;
use ollacode_indexer::Embedder;
use ollacode_indexer::walk::{Limits, walk};
use serde::Serialize;
use serde_json::json;

use super::args::DoctorArguments;
use super::style::{DIM, ERROR, GOOD, PLAIN, WARNING, count, counted, visible};
use super::{Ending, print, print_json};
use crate::app::App;
use crate::config::EmbedModel;
use crate::model::ollama::{LocalModel, OllamaClient, OllamaError, suggest};
use crate::model::{ChatModel, ModelProfile};
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

#[derive(Debug, Serialize)]
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
    let mut checks = vec![
        Check::good("version", concat!("ollacode ", env!("CARGO_PKG_VERSION"))),
        Check::good(
            "workspace",
            format!(
                "{} ({})",
                app.workspace.root.display(),
                app.workspace.found.words()
            ),
        ),
        data_folder(app),
        index(app).await,
    ];
    checks.extend(ollama(app).await);
    checks.extend(watches(app));
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

/// Creates the folder if need be: only writing shows whether one may write.
fn data_folder(app: &App) -> Check {
    let folder = &app.settings.data_folder;
    let tried = fs::create_dir_all(folder).and_then(|()| {
        let probe = folder.join(format!(".doctor-{}", std::process::id()));
        fs::write(&probe, b"probe")?;
        fs::remove_file(&probe)
    });
    let shown = folder.display();
    match tried {
        Ok(()) => Check::good("data", format!("{shown} is writable")),
        Err(error) => Check::bad(
            "data",
            State::Broken,
            format!("cannot write to {shown}: {error}"),
            "set `OLLACODE_DATA_DIR` to a folder of yours on a local disk",
        ),
    }
}

async fn index(app: &App) -> Check {
    if !app.index.exists() {
        return Check::bad(
            "index",
            State::Warning,
            "there is none yet",
            "run `ollacode index`",
        );
    }
    let looked = async {
        let model = app.index.complete_model().await?;
        let fingerprint = model
            .as_ref()
            .map_or("", |(_, fingerprint)| fingerprint.as_str());
        let status = app.index.status(fingerprint).await?;
        app.index.check().await?;
        Ok::<_, ollacode_indexer::IndexError>((status, model))
    };
    match looked.await {
        Ok((status, model)) => {
            if let Some(name) = app.model_without_vectors().await {
                let message = format!(
                    "its vectors are not those of `{name}` as it is now: search goes by words"
                );
                return Check::bad(
                    "index",
                    State::Warning,
                    message,
                    "run `ollacode index`: it embeds anew what the cache does not have",
                );
            }
            let counts = status.counts;
            let vectors = match model {
                Some((name, _)) => format!("{} with vectors of {name}", count(counts.embedded)),
                None => "no complete set of vectors".to_owned(),
            };
            let (files, chunks) = (count(counts.files), count(counts.chunks));
            Check::good(
                "index",
                format!("{files} files, {chunks} chunks, {vectors}"),
            )
        }
        Err(error) => Check::bad(
            "index",
            State::Broken,
            format!("{:#}", Error::from(error)),
            "run `ollacode index`: what is damaged is healed or set aside, and built anew",
        ),
    }
}

/// Ollama is needed only if vectors are wanted.
async fn ollama(app: &App) -> Vec<Check> {
    let client = match app.ollama() {
        Ok(client) => client,
        Err(error) => return vec![failed("ollama", &error)],
    };
    let version = match client.version().await {
        Ok(version) => version,
        Err(error) => return vec![without_server(app, &error)],
    };
    let mut checks = vec![Check::good(
        "ollama",
        format!("version {version} at {}", client.address()),
    )];
    if !client.address().is_loopback() {
        checks.push(Check::bad(
            "ollama",
            State::Warning,
            format!("code is sent to {}", client.address()),
            "use `--offline` to allow this machine only",
        ));
    }
    checks.push(chat_model(app, &client).await);
    checks.push(match app.embedder().await {
        Ok(Some(embedder)) => {
            let model = embedder.model();
            Check::good(
                "embeddings",
                format!(
                    "{}: {} numbers a vector, {} tokens a text",
                    model.name, model.dimension, model.window
                ),
            )
        }
        Ok(None) => Check::good("embeddings", "none, as set: search goes by words"),
        Err(error) => failed("embeddings", &error),
    });
    checks.extend(models(&client).await);
    checks
}

/// Search does without a server where no vectors are wanted; only talking needs one then.
fn without_server(app: &App, error: &OllamaError) -> Check {
    let mut check = failed("ollama", error);
    if app.settings.embed_model == EmbedModel::None {
        check.state = State::Warning;
        check
            .message
            .push_str(" (search goes on without; `ollacode chat` needs it)");
        return check;
    }
    let without = "or set `OLLAMA_EMBED_MODEL=none` to search by words only";
    check.fix = Some(
        check
            .fix
            .map_or(without.into(), |fix| format!("{fix}, {without}")),
    );
    check
}

/// The model that answers.
async fn chat_model(app: &App, client: &OllamaClient) -> Check {
    const NAME: &str = "chat";
    match app.chat_model(None).await {
        Ok(model) => {
            let ModelProfile {
                name,
                window,
                tools,
                ..
            } = model.profile();
            let tools = match (*tools, model.why_in_words()) {
                (true, _) => "calls tools".to_owned(),
                (false, None) => "is told of tools in words".to_owned(),
                (false, Some(why)) => format!("is told of tools in words, since {why}"),
            };
            let window = count(u64::from(*window));
            Check::good(NAME, format!("{name}: {tools}; window of {window} tokens"))
        }
        Err(OllamaError::ModelMissing { model }) => {
            let suggestion = suggest(client, &model).await;
            let message = format!("Ollama does not have `{model}`");
            Check::bad(NAME, State::Warning, message, suggestion.to_string())
        }
        Err(error) => Check {
            state: State::Warning,
            ..failed(NAME, &error)
        },
    }
}

fn failed(name: &'static str, error: &OllamaError) -> Check {
    Check {
        name,
        state: State::Broken,
        message: error.to_string(),
        fix: error.hint(),
    }
}

/// Every model that is there, with what it can do and how much it takes.
async fn models(client: &OllamaClient) -> Vec<Check> {
    let Ok(models) = client.tags().await else {
        return Vec::new();
    };
    let mut checks = Vec::new();
    for LocalModel { name, .. } in models {
        checks.push(match client.show(&name).await {
            Ok(info) => {
                let window = info.context_length().map_or("unknown".into(), count);
                let can = info.capabilities.join(", ");
                let can = if can.is_empty() {
                    "capabilities unknown".to_owned()
                } else {
                    can
                };
                Check::good("model", format!("{name}: {can}; window {window}"))
            }
            Err(error) => Check {
                state: State::Warning,
                ..failed("model", &error)
            },
        });
    }
    checks
}

/// On Linux: whether there are enough watches for the folders of the workspace.
fn watches(app: &App) -> Option<Check> {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok()?;
    let limit: usize = limit.trim().parse().ok()?;
    let folders = walk(&app.workspace.root, &Limits::default()).folders.len();
    let message = format!(
        "{} folders to watch, {} allowed",
        count(folders as u64),
        count(limit as u64)
    );
    Some(if folders * 2 < limit {
        Check::good("watches", message)
    } else {
        Check::bad(
            "watches",
            State::Warning,
            message,
            "raise it: sudo sysctl fs.inotify.max_user_watches=524288",
        )
    })
}
