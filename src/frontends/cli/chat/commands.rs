//! What each slash command does.

use anyhow::Error;
use ollacode_indexer::{IndexError, Refresh};
use tokio_util::sync::CancellationToken;

use super::super::args::SearchArguments;
use super::super::progress::Progress;
use super::super::style::{BOLD, DIM, PLAIN, WARNING, count, counted, visible_name};
use super::super::{model, print, report, sessions, summary};
use super::approve;
use super::diff::{self, Kind};
use super::render::place;
use super::slash::{self, Next};
use super::status::{self, NO_INDEX};
use super::talk::Chat;
use super::terminal::{can_ask, text_columns};
use super::turn;
use crate::engine::{ChangeError, TokenReport};
use crate::frontends::words::{index_words, mode_name, mode_words};
use crate::model::ollama::{InstalledModel, installed_chat_models};
use crate::session;
use crate::session::changes::Undone;
use crate::visible::visible;

/// Lines of a diff or of notes that are shown.
const MOST_LINES: usize = 400;

type Outcome = Result<Next, Error>;

pub async fn help(chat: &mut Chat) -> Outcome {
    chat.say(&slash::help(text_columns()))?;
    Ok(Next::Line)
}

pub async fn clear(chat: &mut Chat) -> Outcome {
    let before = chat.session.id.clone();
    let can_be_resumed = chat.session.turn > 0;
    chat.session.clear()?;
    chat.renew_engine()?;
    if can_be_resumed {
        chat.note(&format!("a new session; {before} can be resumed"));
    } else {
        chat.note("a new session");
    }
    Ok(Next::Line)
}

pub async fn model(chat: &mut Chat, name: &str) -> Outcome {
    if name.is_empty() {
        return list_models(chat).await;
    }
    let stop = chat.interrupts.begin();
    let found = tokio::select! {
        () = stop.cancelled() => None,
        found = model::connect(&chat.app, Some(name), &chat.interrupts) => Some(found),
    };
    chat.interrupts.nothing_to_stop();
    let Some(found) = found else {
        chat.note("stopped; the model is the one before");
        return Ok(Next::Line);
    };
    match found {
        Ok(found) => {
            if let Some(host) = &found.profile().remote {
                super::super::warn(&format!("your code is sent to {host}"));
            }
            let window = count(u64::from(found.profile().window));
            chat.session.set_model(found)?;
            chat.note(&format!(
                "{name} answers now; its window is {window} tokens"
            ));
        }
        // The conversation goes on with the model that it has.
        Err(error) => report(&error),
    }
    Ok(Next::Line)
}

async fn list_models(chat: &mut Chat) -> Outcome {
    let listed = match chat.app.ollama() {
        Ok(client) => installed_chat_models(&client).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(models) => {
            let current = &chat.session.model.profile().name;
            let rows = models.iter().map(|model| model_row(model, current));
            chat.say(&rows.collect::<String>())?;
            chat.note("/model NAME goes on with another one");
        }
        Err(error) => report(&error.into()),
    }
    Ok(Next::Line)
}

fn model_row(model: &InstalledModel, current: &str) -> String {
    let sign = if model.name == current { "*" } else { " " };
    let mut facts = vec![
        if model.tools {
            "tools"
        } else {
            "tools by words only"
        }
        .to_owned(),
    ];
    facts.extend(
        model
            .window
            .map(|window| format!("up to {} tokens", count(u64::from(window)))),
    );
    facts.extend(model.remote.as_ref().map(|host| format!("runs at {host}")));
    let (name, facts) = (visible_name(&model.name), visible_name(&facts.join(", ")));
    format!("{sign} {BOLD}{name}{PLAIN}  {DIM}{facts}{PLAIN}\n")
}

pub async fn undo(chat: &mut Chat) -> Outcome {
    let undone = chat.engine.undo(&mut chat.session);
    say_undone(chat, "taken back", undone)
}

pub async fn redo(chat: &mut Chat) -> Outcome {
    let redone = chat.engine.redo(&mut chat.session);
    say_undone(chat, "done again", redone)
}

fn say_undone(chat: &Chat, what: &str, undone: Result<Undone, ChangeError>) -> Outcome {
    match undone {
        Ok(undone) => {
            let mut out = format!("{what}, turn {}:\n", undone.turn);
            for path in &undone.written {
                out.push_str(&format!("  {}\n", visible_name(path)));
            }
            for path in &undone.removed {
                out.push_str(&format!("  {} (removed)\n", visible_name(path)));
            }
            for path in &undone.in_part {
                out.push_str(&format!(
                    "  {}: only back to where somebody else changed it in that turn\n",
                    visible_name(path)
                ));
            }
            for path in &undone.not_kept {
                out.push_str(&format!(
                    "  {}: changed by a command and not kept, left as it is\n",
                    visible_name(path)
                ));
            }
            chat.say(&out)?;
        }
        // Nothing was touched, and why is said.
        Err(error) => report(&error.into()),
    }
    Ok(Next::Line)
}

pub async fn diff(chat: &mut Chat) -> Outcome {
    let changes = chat.engine.diff();
    if changes.trim().is_empty() {
        chat.note("this session has changed nothing");
    } else {
        chat.say(&diff::show(&changes, Kind::Diff, MOST_LINES).text)?;
    }
    Ok(Next::Line)
}

pub async fn sources(chat: &mut Chat) -> Outcome {
    if chat.session.sources.is_empty() {
        chat.note("the last answer stood on nothing from the files");
        return Ok(Next::Line);
    }
    let mut out = String::new();
    for source in &chat.session.sources {
        let symbol = source.symbol.as_deref().unwrap_or_default();
        out.push_str(&format!(
            "  {}  {DIM}{}{PLAIN}\n",
            place(source),
            visible_name(symbol)
        ));
    }
    chat.say(&out)?;
    Ok(Next::Line)
}

pub async fn search(chat: &mut Chat, query: &str) -> Outcome {
    if query.is_empty() {
        chat.note("what is to be found? /search where are sessions stored");
        return Ok(Next::Line);
    }
    if chat.is_wide_and_not_indexed() {
        // What the command line asks would be asked on stdin, and could not be stopped.
        chat.note(&format!("index: {NO_INDEX}"));
        return Ok(Next::Line);
    }
    let arguments = SearchArguments {
        words: vec![query.to_owned()],
        limit: 5,
        path: Vec::new(),
        lang: Vec::new(),
        json: false,
        explain: false,
        stdin: false,
        no_refresh: false,
    };
    let stop = chat.interrupts.begin();
    let found = tokio::select! {
        () = stop.cancelled() => Ok(None),
        found = super::super::search::run(&chat.app, &arguments) => found.map(Some),
    };
    chat.interrupts.nothing_to_stop();
    if let Err(error) = found {
        report(&error);
    }
    Ok(Next::Line)
}

pub async fn index(chat: &mut Chat) -> Outcome {
    let stop = chat.interrupts.begin();
    if chat.is_wide_and_not_indexed() {
        let wanted = wants_wide_index(chat, &stop).await;
        if !matches!(wanted, Ok(true)) {
            chat.interrupts.nothing_to_stop();
            wanted?;
            chat.note("nothing is indexed");
            return Ok(Next::Line);
        }
    }
    let refreshed = {
        let progress = Progress::new();
        let how = Refresh {
            stop,
            ..Refresh::default()
        };
        chat.app
            .index
            .refresh(&how, &|event| progress.show(event))
            .await
    };
    chat.interrupts.nothing_to_stop();
    match refreshed {
        Ok(_) => {}
        Err(IndexError::Busy) => chat.note("it is being brought up to date"),
        Err(error) => report(&error.into()),
    }
    if chat.app.index.exists() {
        show_index(chat).await?;
    }
    Ok(Next::Line)
}

/// Asks before all of `/` or of the home folder is indexed.
async fn wants_wide_index(chat: &Chat, stop: &CancellationToken) -> Result<bool, Error> {
    if !can_ask() {
        return Ok(false);
    }
    let root = chat.app.workspace.root.display();
    let question = format!("Index all of {root}? It is not a project folder.");
    Ok(approve::confirm(question, stop.clone()).await?)
}

async fn show_index(chat: &Chat) -> Result<(), Error> {
    let model = chat.app.index.complete_model().await?;
    let (name, fingerprint) = model.unzip();
    let status = chat
        .app
        .index
        .status(fingerprint.as_deref().unwrap_or_default())
        .await?;
    print(|out| summary::write_status(out, &chat.app, &status, name.as_deref()))?;
    let standing = chat.background.standing.borrow().clone();
    chat.note(&format!("index: {}", index_words(&standing)));
    Ok(())
}

pub async fn status(chat: &mut Chat) -> Outcome {
    let profile = chat.session.model.profile();
    let tokens = chat.engine.tokens(&chat.session);
    let mut out = String::new();
    let tools = match (profile.tools, profile.weak) {
        (false, _) => "tools by words only",
        (true, true) => "few tools",
        (true, false) => "all tools",
    };
    let rows = [
        ("model", format!("{}, {tools}", visible_name(&profile.name))),
        ("window", used(&tokens)),
        (
            "mode",
            format!(
                "{}: {}",
                mode_name(chat.session.mode),
                mode_words(chat.session.mode, chat.engine.confinement())
            ),
        ),
        (
            "session",
            format!(
                "{}, {}",
                chat.session.id,
                counted(u64::from(chat.session.turn), "question")
            ),
        ),
        ("index", index_words(&chat.background.standing.borrow())),
        ("folder", chat.app.workspace.root.display().to_string()),
    ];
    for (name, value) in rows {
        out.push_str(&format!("{DIM}{name:<7}{PLAIN} {}\n", visible_name(&value)));
    }
    if let Some(host) = &profile.remote {
        out.push_str(&format!(
            "{WARNING}warning:{PLAIN} your code is sent to {}\n",
            visible_name(host)
        ));
    }
    chat.say(&out)?;
    Ok(Next::Line)
}

pub async fn compact(chat: &mut Chat) -> Outcome {
    chat.screen.begin();
    let compacted = turn::compact(
        &chat.engine,
        &mut chat.session,
        &chat.interrupts,
        &mut chat.screen,
    )
    .await?;
    match compacted {
        // How short it is was shown when it happened.
        Ok(compacted) if compacted.summarised => {}
        Ok(_) => chat.note("the model gave no summary; the oldest turns were cut instead"),
        Err(why) => chat.note(&why),
    }
    Ok(Next::Line)
}

pub async fn tokens(chat: &mut Chat) -> Outcome {
    let tokens = chat.engine.tokens(&chat.session);
    let row = |name: &str, number: u32| format!("  {name:<14} {:>9}\n", count(u64::from(number)));
    let mut out = format!("{}, before the next question:\n", used(&tokens));
    out.push_str(&row("system prompt", tokens.system));
    out.push_str(&row("tools", tokens.tools));
    out.push_str(&row("conversation", tokens.history));
    out.push_str(&row("free", tokens.window.saturating_sub(tokens.used)));
    chat.say(&out)?;
    Ok(Next::Line)
}

fn used(tokens: &TokenReport) -> String {
    let TokenReport { used, window, .. } = *tokens;
    status::window(status::Spent {
        used,
        window,
        tokens_per_second: None,
    })
}

pub async fn sessions(chat: &mut Chat) -> Outcome {
    let found = session::sessions(&chat.app.sessions_folder())?;
    print(|out| {
        found
            .iter()
            .try_for_each(|summary| sessions::write(out, summary))
    })?;
    if found.is_empty() {
        chat.note("no sessions in this folder yet");
    } else {
        chat.note("`ollacode chat --resume ID` goes on with one");
    }
    Ok(Next::Line)
}

pub async fn memory(chat: &mut Chat) -> Outcome {
    let Some(memory) = chat.engine.memory() else {
        chat.note("no notes: an OLLACODE.md (or AGENTS.md) at the top of the folder would be read");
        return Ok(Next::Line);
    };
    chat.say(&format!(
        "{BOLD}{}{PLAIN}\n{}\n",
        visible_name(&memory.path),
        visible(memory.text.trim_end())
    ))?;
    if memory.left_out > 0 {
        let left_out = counted(memory.left_out as u64, "character");
        chat.note(&format!(
            "{left_out} are left out: the model sees no more than this"
        ));
    }
    Ok(Next::Line)
}

pub async fn quit(_chat: &mut Chat) -> Outcome {
    Ok(Next::Leave)
}
