//! `ollacode chat`: a conversation on the terminal, or one question without one.
//!
//! [`talk`] reads lines and runs [`slash`] commands; a [`turn`] asks the engine and hands its
//! events to whoever shows them: [`render`] on a terminal, [`plain`] and [`events_json`] elsewhere.
//! No agent logic is here.

pub(super) mod approve;
mod banner;
mod commands;
mod complete;
mod diff;
mod editor;
mod events_json;
pub(super) mod interrupts;
mod markdown;
mod modes;
mod plain;
mod render;
mod slash;
mod status;
mod talk;
pub(super) mod terminal;
mod turn;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anstream::AutoStream;
use anyhow::{Error, anyhow};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::args::ChatArguments;
use super::confirm::confirm_workspace;
use super::style::{count, counted};
use super::{Ending, model, note, say, warn};
use crate::app::App;
use crate::engine::event::TurnEnd;
use crate::engine::{ChatActivity, Engine, Question};
use crate::frontends::mentions::named;
use crate::permission::{Confinement, Mode};
use crate::session::{self, Resumed, Session};

use banner::Banner;
use complete::Completions;
use editor::Editor;
use events_json::Line;
use interrupts::Interrupts;
use plain::{JsonLines, OutputFile, Plain};
use status::NO_INDEX;
use talk::{Chat, Screen};
use terminal::{AsItWas, can_ask, text_columns};
use turn::{Questions, Show};

/// Where lines are kept that were typed, in the data folder.
const HISTORY: &str = "history";
/// How long stdin may take to end before it is said that it is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

pub async fn run(app: &App, arguments: &ChatArguments) -> Result<Ending, Error> {
    confirm_workspace(app, arguments.engine.yes)?;
    let _as_it_was = AsItWas::remember();
    let interrupts = Interrupts::watch()?;
    let is_plain = arguments.prompt.is_some()
        || arguments.json
        || arguments.output.is_some()
        || !io::stdin().is_terminal()
        || !io::stdout().is_terminal();
    if !is_plain {
        return talk(app, arguments, interrupts).await;
    }
    let piped = tokio::select! {
        () = interrupts.leave.cancelled() => return Ok(interrupts.ending()),
        piped = piped() => piped?,
    };
    match plain::question(arguments.prompt.as_deref(), piped.as_deref()) {
        Some(question) => answer(app, arguments, question, &interrupts).await,
        None => {
            say("there is no question: give one with `--prompt`, or pipe it in");
            Ok(Ending::Misused)
        }
    }
}

/// What is piped in, if anything is. A pipe that nobody closes would be waited for in silence.
async fn piped() -> Result<Option<String>, Error> {
    let mut reading = tokio::task::spawn_blocking(plain::piped);
    if let Ok(piped) = timeout(PATIENCE, &mut reading).await {
        return piped?;
    }
    note("reading stdin; close it, or use `< /dev/null`");
    reading.await?
}

/// Answers one question, and ends.
async fn answer(
    app: &App,
    arguments: &ChatArguments,
    text: String,
    interrupts: &Interrupts,
) -> Result<Ending, Error> {
    if let Some(file) = output_file(app, arguments) {
        file.check()?;
    }
    let root = app.workspace.root.display();
    note(&format!(
        "workspace: {root} ({})",
        app.workspace.found.words()
    ));
    let Some(files) = mentioned(app, arguments, interrupts).await? else {
        return Ok(interrupts.ending());
    };
    let activity = ChatActivity::default();
    let opened = open_or_stop(app, arguments, &activity, interrupts).await;
    if !matches!(opened, Ok(Some(_)))
        && let Some(file) = output_file(app, arguments)
    {
        file.empty()?;
    }
    let Some(opened) = opened? else {
        return Ok(interrupts.ending());
    };
    let banner = banner(app, &opened, String::new());
    let Opened {
        mut session,
        engine,
        ..
    } = opened;
    banner.warnings().iter().for_each(|warning| warn(warning));
    let mut questions = if can_ask() {
        Questions::at_the_terminal()
    } else {
        Questions::to_nobody()
    };
    let stop = CancellationToken::new();
    let _stops_at_the_end = stop.clone().drop_guard();
    if app.settings.rag {
        app.build_first_index(stop);
    }
    let file = output_file(app, arguments);
    let mut show = shown(arguments, file, &session, engine.confinement())?;
    let question = Question {
        files,
        plan: session.mode == Mode::Plan,
        text,
        ..Question::default()
    };
    let end = turn::run(
        &engine,
        &mut session,
        question,
        &mut questions,
        interrupts,
        show.as_mut(),
    )
    .await?;
    let is_answered = matches!(end, TurnEnd::Answered | TurnEnd::Planned);
    session.end(if is_answered { "answered" } else { "stopped" })?;
    Ok(match end {
        _ if is_answered => Ending::Good,
        TurnEnd::Stopped => interrupts.ending(),
        _ => Ending::Bad,
    })
}

/// The files that the question names, but not what is piped in; `None` if Ctrl-C was pressed
/// meanwhile.
async fn mentioned(
    app: &App,
    arguments: &ChatArguments,
    interrupts: &Interrupts,
) -> Result<Option<Vec<String>>, Error> {
    let prompt = arguments.prompt.as_deref().unwrap_or_default();
    let stop = interrupts.begin();
    let root = app.workspace.root.clone();
    let files = named(prompt, root, Arc::default(), &stop).await;
    interrupts.nothing_to_stop();
    Ok(files?)
}

fn output_file(app: &App, arguments: &ChatArguments) -> Option<OutputFile> {
    let path = arguments.output.as_ref()?;
    Some(OutputFile::new(path, &app.workspace.root))
}

/// Where the events of one question go.
fn shown(
    arguments: &ChatArguments,
    file: Option<OutputFile>,
    session: &Session,
    confinement: Confinement,
) -> Result<Box<dyn Show>, Error> {
    if !arguments.json {
        return Ok(Box::new(Plain::new(file)));
    }
    let mut lines = JsonLines::new(file.as_ref())?;
    let profile = session.model.profile();
    lines.line(&Line::Started {
        session: session.id.as_str(),
        model: &profile.name,
        window: profile.window,
        confinement: match confinement {
            Confinement::Full => "full",
            Confinement::Landlock => "landlock",
            Confinement::None => "none",
        },
    })?;
    Ok(Box::new(lines))
}

/// Talks until the user leaves.
async fn talk(
    app: &App,
    arguments: &ChatArguments,
    interrupts: Interrupts,
) -> Result<Ending, Error> {
    let activity = ChatActivity::default();
    let Some(opened) = open_or_stop(app, arguments, &activity, &interrupts).await? else {
        return Ok(interrupts.ending());
    };
    let banner = banner(app, &opened, index_words(app).await);
    let Opened {
        session,
        engine,
        resumed,
        work_mode,
    } = opened;
    let stop = CancellationToken::new();
    let _stops_at_the_end = stop.clone().drop_guard();
    let background = app.keep_fresh(activity.clone(), stop);
    let completions = Arc::new(Completions::new(slash::names()));
    let color = AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
    let history = app.settings.data_folder.join(HISTORY);
    let editor = Editor::start(history, Arc::clone(&completions), color)?;
    let mut chat = Chat {
        app: app.clone(),
        engine,
        session,
        activity,
        background,
        interrupts,
        screen: Screen::new(color),
        work_mode,
        questions: Questions::at_the_terminal(),
        completions,
        editor,
    };
    chat.say(&banner.text(text_columns()))?;
    if let Some(resumed) = resumed {
        say_resumed(&chat.session, &resumed);
    }
    chat.run().await
}

/// A session with what answers its questions.
struct Opened {
    session: Session,
    engine: Engine,
    resumed: Option<Resumed>,
    /// The mode in which a plan is worked on.
    work_mode: Mode,
}

/// Begins a session, or goes on with one; `None` if Ctrl-C was pressed meanwhile.
async fn open_or_stop(
    app: &App,
    arguments: &ChatArguments,
    activity: &ChatActivity,
    interrupts: &Interrupts,
) -> Result<Option<Opened>, Error> {
    let stop = interrupts.begin();
    let opened = tokio::select! {
        () = stop.cancelled() => None,
        opened = open(app, arguments, activity, interrupts) => Some(opened?),
    };
    interrupts.nothing_to_stop();
    Ok(opened)
}

async fn open(
    app: &App,
    arguments: &ChatArguments,
    activity: &ChatActivity,
    interrupts: &Interrupts,
) -> Result<Opened, Error> {
    let folder = app.sessions_folder();
    let root = &app.workspace.root;
    let id = match &arguments.resume {
        Some(given) => Some(session::find(&folder, given)?),
        None if arguments.go_on => {
            let none = || anyhow!("there is no session in {} to go on with", root.display());
            Some(session::latest(&folder, root)?.ok_or_else(none)?)
        }
        None => None,
    };
    // A session goes on with its own model, unless another one is asked for.
    let before = match &id {
        Some(id) if arguments.engine.model.is_none() => Some(session::summary(&folder, id)?.model),
        _ => None,
    };
    let name = before.filter(|name| !name.is_empty());
    let model = model::connect(app, name.as_deref(), interrupts).await?;
    let (mut session, resumed) = match &id {
        Some(id) => {
            let (session, resumed) = Session::resume(&folder, id, model)?;
            (session, Some(resumed))
        }
        None => (Session::create(&folder, root, model)?, None),
    };
    let work_mode = match (arguments.auto_edit, arguments.auto_approve) {
        (true, _) => Mode::AutoEdit,
        (_, true) => Mode::AutoApprove,
        _ => Mode::Ask,
    };
    if arguments.plan {
        session.set_mode(Mode::Plan)?;
    } else if session.mode != Mode::Plan {
        session.set_mode(work_mode)?;
    }
    let engine = app.engine(&session, activity)?;
    Ok(Opened {
        session,
        engine,
        resumed,
        work_mode,
    })
}

fn banner(app: &App, opened: &Opened, index: String) -> Banner {
    let Opened {
        session,
        engine,
        work_mode,
        ..
    } = opened;
    let profile = session.model.profile();
    Banner {
        workspace: app.workspace.root.display().to_string(),
        model: profile.name.clone(),
        window: profile.window,
        remote: profile.remote.clone(),
        index,
        memory: engine.memory().map(|memory| (memory.path, memory.lines)),
        mode: session.mode,
        work_mode: *work_mode,
        confinement: engine.confinement(),
    }
}

/// What the index holds, in a few words.
async fn index_words(app: &App) -> String {
    if !app.index.exists() {
        return if app.needs_confirmation() {
            NO_INDEX.to_owned()
        } else {
            "being built for the first time".to_owned()
        };
    }
    match app.index.status("").await {
        Ok(status) => format!(
            "{}, {}",
            counted(status.counts.files, "file"),
            counted(status.counts.chunks, "chunk")
        ),
        Err(error) => error.to_string(),
    }
}

/// Says where a session stands that goes on.
fn say_resumed(session: &Session, resumed: &Resumed) {
    let questions = counted(u64::from(resumed.turns), "question");
    note(&format!("session {} goes on after {questions}", session.id));
    for call in &resumed.unfinished {
        warn(&format!(
            "`{}` had begun when the session broke off; it is not repeated, and nobody knows \
             whether it was done",
            call.name
        ));
    }
    if resumed.unreadable > 0 {
        warn(&format!(
            "{} of the session's journal cannot be read",
            count(resumed.unreadable as u64) + " lines"
        ));
    }
}
