//! `ollacode chat`: a conversation on the terminal, or a single question.
//!
//! [`repl`] reads lines and passes them to the [`Conversation`]; a [`turn`] passes its events to a
//! view: [`render`] in a conversation and for a job on a terminal, [`plain`] for a single question and
//! elsewhere. [`replies`] shows the results of commands.
//! There is no agent logic here.

pub(super) mod approve;
mod banner;
mod complete;
mod context;
mod diff;
mod editor;
pub(super) mod interrupts;
mod json_lines;
mod markdown;
mod notify;
mod parts;
mod picker;
mod plain;
mod render;
mod repl;
mod replies;
mod status;
pub(super) mod terminal;
mod turn;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use anstream::AutoStream;
use anyhow::{Error, anyhow, bail};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::args::ChatArguments;
use super::confirm::confirm_workspace;
use super::failure::failure;
use super::{CommandEnd, model, note, print_failure, say, warn};
use crate::app::App;
use crate::conversation::commands::CommandScope;
use crate::conversation::mentions::mentioned_files;
use crate::conversation::messages::{resumed_words, session_warnings};
use crate::conversation::workspaces::{IndexUpdates, Workspaces};
use crate::conversation::{Connector, Conversation, EndReason, OpenedSession, SharedContext};
use crate::engine::Question;
use crate::engine::event::TurnEnd;
use crate::engine::jobs::Job;
use crate::failure::{Failure, FailureCode};
use crate::frontends::events_json::JsonEvent;
use crate::model::{AbsentModel, ChatModel};
use crate::permission::Mode;
use crate::session::{self, SessionError, SessionId};

use banner::Banner;
use complete::Completions;
use editor::Editor;
use interrupts::Interrupts;
use json_lines::JsonLines;
use plain::{OutputFile, PlainOutput};
use repl::{Repl, Screen};
use terminal::{HiddenTyping, TerminalGuard, can_ask, text_columns};
use turn::TurnDisplay;

/// File with the lines that were typed, in the data folder.
const HISTORY: &str = "history";
/// After this time a note says that stdin is still being read.
const PATIENCE: Duration = Duration::from_secs(1);

pub async fn run(app: &App, arguments: &ChatArguments) -> Result<CommandEnd, Error> {
    confirm_workspace(app, arguments.engine.yes)?;
    let _as_it_was = TerminalGuard::capture();
    let interrupts = Interrupts::watch()?;
    let is_plain = arguments.prompt.is_some()
        || arguments.json
        || arguments.output.is_some()
        || !io::stdin().is_terminal()
        || !io::stdout().is_terminal();
    if !is_plain {
        return run_loop(app, arguments, interrupts).await;
    }
    let piped = tokio::select! {
        () = interrupts.leave.cancelled() => return Ok(interrupts.ending()),
        piped = piped() => piped?,
    };
    match plain::question(arguments.prompt.as_deref(), piped.as_deref()) {
        Some(question) => answer(app, arguments, question, &interrupts).await,
        None => {
            say("no question given: use `--prompt`, or pipe it in");
            if arguments.json {
                let failure = Failure::new(FailureCode::QuestionMissing, "no question given");
                let hint = "use `--prompt`, or pipe it in";
                print_failure(&failure.with_hint(hint))?;
            }
            Ok(CommandEnd::Misused)
        }
    }
}

/// Piped input, if any; a note says if stdin is not closed.
async fn piped() -> Result<Option<String>, Error> {
    let mut reading = tokio::task::spawn_blocking(plain::piped);
    if let Ok(piped) = timeout(PATIENCE, &mut reading).await {
        return piped?;
    }
    note("waiting for stdin to end; use `< /dev/null` if there is no input");
    reading.await?
}

/// Answers one question and exits.
async fn answer(
    app: &App,
    arguments: &ChatArguments,
    text: String,
    interrupts: &Interrupts,
) -> Result<CommandEnd, Error> {
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
    let models = TerminalModels::needed(interrupts);
    follow(app, arguments, (interrupts, models), async |conversation| {
        let question = conversation.question(text, CommandScope::Terminal).await;
        conversation.ask(None, Question { files, ..question });
    })
    .await
}

/// Runs a job and exits.
pub async fn run_job(app: &App, arguments: &ChatArguments, job: Job) -> Result<CommandEnd, Error> {
    confirm_workspace(app, arguments.engine.yes)?;
    let _as_it_was = TerminalGuard::capture();
    let interrupts = Interrupts::watch()?;
    let models = TerminalModels {
        is_needed: !job.works_without_model(),
        ..TerminalModels::needed(&interrupts)
    };
    follow(
        app,
        arguments,
        (&interrupts, models),
        async |conversation| {
            conversation.start_job(job);
        },
    )
    .await
}

/// Opens the session, starts a turn in it, shows that to its end, and closes the session.
async fn follow(
    app: &App,
    arguments: &ChatArguments,
    (interrupts, models): (&Interrupts, TerminalModels),
    start: impl AsyncFnOnce(&mut Conversation),
) -> Result<CommandEnd, Error> {
    let opened = open(app, arguments, models, IndexUpdates::None).await;
    if !matches!(opened, Ok(Some(_)))
        && let Some(file) = output_file(app, arguments)
    {
        file.empty()?;
    }
    let Some((mut conversation, opened)) = opened? else {
        return Ok(interrupts.ending());
    };
    let banner = banner(app, &conversation, &opened).await;
    banner.warnings().iter().for_each(|warning| warn(warning));
    session_warnings(&opened).iter().for_each(|text| warn(text));
    let stop = CancellationToken::new();
    let _stops_at_the_end = stop.clone().drop_guard();
    if app.settings.rag {
        app.build_first_index(stop);
    }
    let file = output_file(app, arguments);
    let mut show = shown(app, arguments, file, &opened)?;
    start(&mut conversation).await;
    let ended = {
        let _typing_waits = is_drawn(arguments).then(HiddenTyping::begin);
        turn::follow(&mut conversation, interrupts, show.as_mut()).await?
    };
    let how = ended.map(|ended| ended.how);
    let is_answered = matches!(
        how,
        Some(EndReason::Turn(TurnEnd::Answered | TurnEnd::Planned))
    );
    conversation.release(if is_answered { "answered" } else { "stopped" })?;
    Ok(match how {
        _ if is_answered => CommandEnd::Good,
        None | Some(EndReason::NotBegun | EndReason::Turn(TurnEnd::Stopped)) => interrupts.ending(),
        Some(EndReason::Failed(error)) => return Err(error),
        Some(EndReason::Lost) => {
            bail!("something went wrong inside ollacode; what was done is in the session's journal")
        }
        Some(_) => CommandEnd::Bad,
    })
}

/// The files that the prompt mentions (piped input is not searched); `None` after Ctrl-C.
async fn mentioned(
    app: &App,
    arguments: &ChatArguments,
    interrupts: &Interrupts,
) -> Result<Option<Vec<String>>, Error> {
    let prompt = arguments.prompt.as_deref().unwrap_or_default();
    let stop = interrupts.begin();
    let root = app.workspace.root.clone();
    let files = mentioned_files(prompt, root, Arc::default(), &stop).await;
    interrupts.nothing_to_stop();
    Ok(files?)
}

fn output_file(app: &App, arguments: &ChatArguments) -> Option<OutputFile> {
    let path = arguments.output.as_ref()?;
    Some(OutputFile::new(path, &app.workspace.root))
}

/// Whether the events are shown as in a conversation: those of a job whose user looks on. The answer
/// to a question stays as the model wrote it, so that it can be copied.
fn is_drawn(arguments: &ChatArguments) -> bool {
    let is_job = arguments.prompt.is_none() && arguments.output.is_none();
    is_job && !arguments.json && can_ask() && io::stdout().is_terminal()
}

/// The view for the events of one question, or of a job.
fn shown(
    app: &App,
    arguments: &ChatArguments,
    file: Option<OutputFile>,
    opened: &OpenedSession,
) -> Result<Box<dyn TurnDisplay>, Error> {
    if is_drawn(arguments) {
        let mut screen = Screen::new(has_color(), app.settings.notify);
        screen.renderer.set_job(true);
        screen.begin();
        return Ok(Box::new(screen));
    }
    if !arguments.json {
        return Ok(Box::new(PlainOutput::new(file)));
    }
    let mut lines = JsonLines::new(file.as_ref())?;
    lines.line(&JsonEvent::Started {
        session: opened.id.as_str(),
        model: &opened.model.name,
        window: opened.model.window,
        confinement: opened.confinement.name(),
    })?;
    Ok(Box::new(lines))
}

/// Whether stdout is shown with colours.
fn has_color() -> bool {
    AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Runs the conversation until the user quits.
async fn run_loop(
    app: &App,
    arguments: &ChatArguments,
    interrupts: Interrupts,
) -> Result<CommandEnd, Error> {
    let models = TerminalModels::needed(&interrupts);
    let opened = open(app, arguments, models, IndexUpdates::Watched).await?;
    let Some((conversation, opened)) = opened else {
        return Ok(interrupts.ending());
    };
    let banner = banner(app, &conversation, &opened).await;
    let completions = Arc::new(Completions::default());
    let color = has_color();
    let history = app.settings.data_folder.join(HISTORY);
    let editor = Editor::start(history, Arc::clone(&completions), color)?;
    let mut repl = Repl {
        conversation,
        interrupts,
        screen: Screen::new(color, app.settings.notify),
        completions,
        editor,
    };
    repl.say(&banner.text(text_columns()))?;
    if opened.is_resumed {
        note(&resumed_words(&opened));
    }
    session_warnings(&opened).iter().for_each(|text| warn(text));
    repl.run().await
}

/// Connects to models, and offers to download one that is missing.
struct TerminalModels {
    interrupts: Interrupts,
    /// Whether nothing can be done without a model.
    is_needed: bool,
}

impl TerminalModels {
    fn needed(interrupts: &Interrupts) -> TerminalModels {
        TerminalModels {
            interrupts: interrupts.clone(),
            is_needed: true,
        }
    }
}

impl Connector for TerminalModels {
    fn connect<'a>(
        &'a self,
        app: &'a App,
        name: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Arc<dyn ChatModel>, Error>> {
        async move {
            match model::connect(app, name, &self.interrupts).await {
                Err(error) if !self.is_needed => {
                    let why = failure(&error);
                    Ok(Arc::new(AbsentModel::new(why)) as Arc<dyn ChatModel>)
                }
                connected => connected,
            }
        }
        .boxed()
    }
}

/// Starts a conversation and opens its session; `None` after Ctrl-C.
async fn open(
    app: &App,
    arguments: &ChatArguments,
    models: TerminalModels,
    updates: IndexUpdates,
) -> Result<Option<(Conversation, OpenedSession)>, Error> {
    let interrupts = models.interrupts.clone();
    let session = session(app, arguments)?;
    let first_mode = match (arguments.auto_edit, arguments.auto_approve) {
        (true, _) => Mode::AutoEdit,
        (_, true) => Mode::AutoApprove,
        _ => Mode::Ask,
    };
    let (activity, stop) = (app.chat_activity(), interrupts.leave.child_token());
    let shared = SharedContext {
        workspaces: Workspaces::new(
            app.clone(),
            updates,
            arguments.engine.yes,
            activity.clone(),
            stop.clone(),
        ),
        registry: None,
        activity,
        connector: Arc::new(models),
        patience: None,
        first_mode,
        offers_auto_approve: true,
        has_user: can_ask(),
        stop,
    };
    let mut conversation = Conversation::new(Arc::new(shared), None);
    // A session continues with its own model, unless another one is asked for.
    conversation.begin_with(session, arguments.engine.model.clone());
    if arguments.plan {
        conversation.set_mode(first_mode, true);
    }
    let stop = interrupts.begin();
    let opened = tokio::select! {
        () = stop.cancelled() => None,
        opened = conversation.open() => Some(opened),
    };
    interrupts.nothing_to_stop();
    opened
        .transpose()
        .map_err(|error| in_use(error, "start a new one with `ollacode`"))?;
    let opened = conversation.take_opened();
    Ok(opened.map(|opened| (conversation, opened)))
}

/// The session to continue, as the command line says.
fn session(app: &App, arguments: &ChatArguments) -> Result<Option<SessionId>, Error> {
    let (folder, root) = (app.sessions_folder(), &app.workspace.root);
    if let Some(given) = &arguments.resume {
        return Ok(Some(session::find(&folder, given)?));
    }
    if !arguments.go_on {
        return Ok(None);
    }
    let none = || {
        anyhow!(
            "there is no session to continue in {}: `ollacode` begins one; for another folder, give \
             `--workspace`",
            root.display()
        )
    };
    Ok(Some(session::latest(&folder, root)?.ok_or_else(none)?))
}

/// An error for somebody at a shell: where it is that another process has the session, what else they
/// can do. Slash commands are of no use there.
pub fn in_use(error: Error, instead: &str) -> Error {
    let Some(SessionError::InUse(id)) = error.downcast_ref() else {
        return error;
    };
    let error = SessionError::InUse(id.clone());
    let words = format!("{error}, or {instead}");
    Error::from(error).context(words)
}

async fn banner(app: &App, conversation: &Conversation, opened: &OpenedSession) -> Banner {
    let open = conversation.open_session();
    let memory = open.and_then(|open| open.engine.memory());
    Banner {
        workspace: opened.workspace.display().to_string(),
        model: opened.model.name.clone(),
        window: opened.model.window,
        remote: opened.model.remote.clone(),
        shared: app.vectors_go_to(),
        index: conversation.index_counts().await,
        memory: memory.map(|memory| (memory.path, memory.lines)),
        mode: opened.mode,
        work_mode: conversation.work_mode(),
        confinement: opened.confinement,
    }
}
