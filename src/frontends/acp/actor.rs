//! The task of a session: it owns the conversation, shows its events, and answers prompts.

mod prompts;
mod turns;

use std::collections::VecDeque;
use std::future::pending;
use std::time::{Duration, Instant};

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{CreateElicitationResponse, StopReason};
use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::commands::{Meant, meant};
use super::convert::EventConverter;
use super::editor::Editor;
use super::modes::SessionChoices;
use super::prompt::PromptFolder;
use super::session::{Changed, Prompt, PromptStop, SessionMessage};
use crate::conversation::messages::error_words;
use crate::conversation::reply::{CommandReply, model_facts};
use crate::conversation::{Conversation, PlanOffer, PlanWay};
use crate::engine::event::AskId;
use crate::model::server::InstalledModel;
use crate::permission::Mode;
use crate::visible::visible_name;

/// How long a session stays open without use, before another process can resume it.
const RELEASE: Duration = Duration::from_secs(10 * 60);
/// How often is looked what a running command printed.
const LIVE: Duration = Duration::from_millis(200);
/// Maximum lines of a running command that are shown.
const MOST_LIVE: usize = 40;
/// Most prompts that wait.
const MOST_WAITING: usize = 20;
/// How long the list of models may take.
const LONGEST_LIST: Duration = Duration::from_secs(2);

pub struct SessionActor {
    conversation: Conversation,
    editor: Editor,
    converter: EventConverter,
    folder: PromptFolder,
    /// The mode and the model, with those that could be chosen.
    choices: SessionChoices,
    /// What the editor knows of them.
    told: SessionChoices,
    /// The mode of the next turn, chosen while one runs.
    next_mode: Option<Mode>,
    current: Option<Current>,
    waiting: VecDeque<Prompt>,
    question: Option<OpenQuestion>,
    /// Said at the first prompt.
    greetings: Vec<String>,
    has_title: bool,
    is_leaving: bool,
}

/// What a session begins with.
pub struct SessionStart {
    pub conversation: Conversation,
    pub editor: Editor,
    pub folder: PromptFolder,
    pub choices: SessionChoices,
    /// Said at the first prompt.
    pub greetings: Vec<String>,
    pub has_title: bool,
    /// Tells ids of this process from those of an earlier one.
    pub prefix: String,
}

/// The prompt that is being answered.
struct Current {
    prompt: Prompt,
    work: Work,
    /// Whether the turn was stopped; its end follows.
    is_stopping: bool,
}

/// What a prompt waits for.
enum Work {
    /// The end of the turn.
    Turn,
    /// The result of a command, in Markdown.
    Reply(BoxFuture<'static, String>),
    /// What the user decides about a plan.
    Plan(PlanOffer, BoxFuture<'static, Option<PlanWay>>),
}

/// A question of the model. The turn waits for the answer.
struct OpenQuestion {
    id: AskId,
    question: String,
    options: Vec<String>,
    /// The prompt in whose turn it was asked.
    stop: PromptStop,
    /// The form that asks it; without one, the next prompt is the answer.
    form: Option<BoxFuture<'static, Result<CreateElicitationResponse, Error>>>,
}

/// What happened to the prompt that is being answered.
enum PromptStep {
    Cancelled,
    Replied(String),
    Chosen(Option<PlanWay>),
}

/// What happened to a question.
enum QuestionStep {
    Cancelled,
    Answered(Result<CreateElicitationResponse, Error>),
}

impl SessionActor {
    pub fn new(start: SessionStart) -> SessionActor {
        let converter = EventConverter::new(
            start.folder.root.clone(),
            start.prefix,
            start.editor.abilities.has_notices,
        );
        SessionActor {
            conversation: start.conversation,
            editor: start.editor,
            converter,
            folder: start.folder,
            told: start.choices.clone(),
            choices: start.choices,
            next_mode: None,
            current: None,
            waiting: VecDeque::new(),
            question: None,
            greetings: start.greetings,
            has_title: start.has_title,
            is_leaving: false,
        }
    }

    /// Drives the conversation until the session is closed.
    pub async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<SessionMessage>,
        stop: CancellationToken,
    ) {
        let mut live = interval(LIVE);
        live.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet_since = Instant::now();
        loop {
            self.begin_waiting().await;
            let is_busy = self.conversation.is_busy();
            let is_idle = self.conversation.open_session().is_some() && self.current.is_none();
            tokio::select! {
                () = stop.cancelled() => break,
                message = inbox.recv() => {
                    let Some(message) = message else { break };
                    quiet_since = Instant::now();
                    self.handle(message, &stop).await;
                }
                update = self.conversation.update() => {
                    quiet_since = Instant::now();
                    self.update(update);
                }
                step = prompt_step(&mut self.current) => self.prompt_step(step).await,
                step = question_step(&mut self.question) => self.question_step(step),
                _ = live.tick(), if is_busy => self.show_live().await,
                () = at(quiet_since + RELEASE), if is_idle => self.release(),
            }
        }
        self.leave(inbox).await;
    }

    async fn handle(&mut self, message: SessionMessage, stop: &CancellationToken) {
        match message {
            SessionMessage::Prompt(prompt) => self.take(*prompt).await,
            SessionMessage::Choices(reply) => {
                stop.run_until_cancelled(self.list_models()).await;
                // The response tells of them.
                self.told = self.choices.clone();
                // Whoever asked may have gone.
                let _ = reply.send(self.choices.clone());
            }
            SessionMessage::SetMode(name, reply) => {
                let _ = reply.send(self.set_mode(&name));
            }
            SessionMessage::SetModel(name, reply) => {
                let changed = stop.run_until_cancelled(self.set_model(&name)).await;
                let _ = changed.map(|changed| reply.send(changed));
            }
        }
    }

    /// Asks the server for its models, for the list of them.
    async fn list_models(&mut self) {
        let Meant::Command(command, _) = meant("/model", &[]) else {
            return;
        };
        let Ok(CommandReply::Models(job)) = self.conversation.command(command, "").await else {
            return;
        };
        let found = timeout(LONGEST_LIST, job.run()).await;
        if let Ok(Ok(models)) = found {
            let row = |model: &InstalledModel| (model.name.clone(), model_facts(model));
            self.choices.models = models.iter().map(row).collect();
        }
    }

    /// Chooses the mode of the next turn.
    fn set_mode(&mut self, name: &str) -> Changed {
        let Some(mode) = self.choices.offered().find(|mode| mode.name() == name) else {
            return Err(unknown_mode(name));
        };
        match self.conversation.choose_mode(name) {
            Ok(CommandReply::Busy) => {
                self.next_mode = Some(mode);
                self.note(&format!("mode {name} begins with the next message"));
            }
            Ok(_) => self.next_mode = None,
            Err(error) => return Err(error_words(&error)),
        }
        self.tell_choices();
        Ok(self.choices.clone())
    }

    /// Chooses the model of the next turn.
    async fn set_model(&mut self, name: &str) -> Changed {
        let Meant::Command(command, _) = meant("/model", &[]) else {
            return Err("there is no command `/model`".to_owned());
        };
        if name.trim().is_empty() {
            return Err("the name of a model is missing".to_owned());
        }
        let reply = match self.conversation.command(command, name.trim()).await {
            Ok(CommandReply::Busy) => {
                return Err(CommandReply::Busy.sentence().unwrap_or_default());
            }
            Ok(reply) => reply,
            Err(error) => return Err(error_words(&error)),
        };
        if let Some(warning) = reply.warning() {
            self.note(&format!("⚠ {warning}"));
        }
        self.note_model(&reply);
        self.tell_choices();
        Ok(self.choices.clone())
    }

    fn note_model(&mut self, reply: &CommandReply) {
        if let CommandReply::ModelChosen(profile) = reply {
            self.choices.model.clone_from(&profile.name);
        }
    }

    /// Tells the editor of a mode or a model that changed.
    fn tell_choices(&mut self) {
        self.choices.mode = self.next_mode.unwrap_or(self.conversation.mode());
        self.choices.confinement = self.conversation.confinement();
        self.editor.show(self.choices.updates(&self.told));
        self.told = self.choices.clone();
    }

    fn note(&mut self, text: &str) {
        let updates = self.converter.note(text);
        self.editor.show(updates);
    }

    fn say(&mut self, markdown: &str) {
        if !markdown.trim().is_empty() {
            let updates = self.converter.say(markdown);
            self.editor.show(updates);
        }
    }

    async fn show_live(&mut self) {
        let lines = self.conversation.live_lines(MOST_LIVE).await;
        let update = lines.and_then(|lines| self.converter.live(&lines));
        self.editor.show(update);
    }

    /// Closes the session, so that another process can resume it.
    fn release(&mut self) {
        if let Err(error) = self.conversation.release("left") {
            tracing::warn!("{error}");
        }
        self.conversation.disconnect();
    }

    /// Ends the session: the turn is stopped and recorded, and every prompt is answered.
    async fn leave(mut self, mut inbox: mpsc::UnboundedReceiver<SessionMessage>) {
        self.is_leaving = true;
        inbox.close();
        // Those that came too late to be taken.
        while let Ok(message) = inbox.try_recv() {
            if let SessionMessage::Prompt(prompt) = message {
                prompt.answer(StopReason::Cancelled);
            }
        }
        self.question = None;
        self.conversation.stop();
        for prompt in std::mem::take(&mut self.waiting) {
            prompt.answer(StopReason::Cancelled);
        }
        while self.conversation.is_busy() {
            let update = self.conversation.update().await;
            self.update(update);
        }
        if let Some(current) = self.current.take() {
            current.prompt.answer(StopReason::Cancelled);
        }
        self.release();
    }
}

fn unknown_mode(name: &str) -> String {
    if name == Mode::AutoApprove.name() {
        return "`auto-approve` can be allowed at start only, with `ollacode acp --auto-approve`"
            .to_owned();
    }
    format!("there is no mode `{}`", visible_name(name))
}

/// Waits for what happens to the prompt that is being answered. Cancel-safe.
async fn prompt_step(current: &mut Option<Current>) -> PromptStep {
    let Some(Current {
        prompt,
        work,
        is_stopping,
    }) = current
    else {
        return pending().await;
    };
    tokio::select! {
        biased;
        () = prompt.stop.cancelled(), if !*is_stopping => PromptStep::Cancelled,
        step = work.done() => step,
    }
}

impl Work {
    /// The end of a turn is an update of the conversation.
    async fn done(&mut self) -> PromptStep {
        match self {
            Work::Turn => pending().await,
            Work::Reply(reply) => PromptStep::Replied(reply.await),
            Work::Plan(_, choice) => PromptStep::Chosen(choice.await),
        }
    }
}

/// Waits for what happens to a question. Cancel-safe.
async fn question_step(question: &mut Option<OpenQuestion>) -> QuestionStep {
    let Some(question) = question else {
        return pending().await;
    };
    tokio::select! {
        biased;
        () = question.stop.cancelled() => QuestionStep::Cancelled,
        answer = answered(&mut question.form) => QuestionStep::Answered(answer),
    }
}

async fn answered<T>(form: &mut Option<BoxFuture<'static, T>>) -> T {
    match form {
        Some(form) => form.await,
        None => pending().await,
    }
}

/// Waits until a time.
async fn at(time: Instant) {
    sleep_until(time.into()).await;
}
