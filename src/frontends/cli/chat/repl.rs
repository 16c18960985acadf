//! The read-eval-print loop of a conversation: reads lines, asks questions, runs commands.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Error, anyhow};

use super::super::signals::INTERRUPT;
use super::super::style::{DIM, PLAIN, WARNING};
use super::super::wrap::wrapped;
use super::super::{CommandEnd, print, report, warn};
use super::approve;
use super::complete::Completions;
use super::editor::{Editor, EditorInput, Prompt};
use super::interrupts::Interrupts;
use super::notify::{Notifier, Occasion};
use super::render::Renderer;
use super::replies::AfterCommand;
use super::terminal::{HiddenTyping, rows, text_columns};
use super::turn::{self, TurnDisplay};
use super::{markdown::Look, status::StatusLine};
use crate::app::App;
use crate::config::NotifyChoice;
use crate::conversation::commands::{self, CommandScope, ParsedInput};
use crate::conversation::mentions::mentioned_files;
use crate::conversation::messages::{kept_rows, opened_warnings, risk_warning};
use crate::conversation::{Conversation, EndReason, PlanOffer, PlanWay};
use crate::engine::Question;
use crate::engine::event::Event;
use crate::frontends::branch::branch;
use crate::frontends::completion::files_below;
use crate::permission::Mode;
use crate::visible::escape_hidden;

/// A conversation at the terminal.
pub struct Repl {
    pub conversation: Conversation,
    pub interrupts: Interrupts,
    pub screen: Screen,
    pub completions: Arc<Completions>,
    pub editor: Editor,
}

impl Repl {
    /// Reads and answers until the user quits.
    pub async fn run(&mut self) -> Result<CommandEnd, Error> {
        self.list_files();
        loop {
            let prompt = prompt(self.conversation.mode());
            let input = tokio::select! {
                biased;
                () = self.interrupts.leave.cancelled() => {
                    // Ends the line of the prompt.
                    self.say("\n")?;
                    break;
                }
                input = self.editor.read(prompt) => input,
            };
            match input {
                EditorInput::Text(text) if text.trim().is_empty() => {}
                EditorInput::Text(text) => {
                    if self.take(text).await? == AfterCommand::Leave {
                        break;
                    }
                }
                EditorInput::Interrupted => {
                    self.interrupts.press();
                    if !self.interrupts.leave.is_cancelled() {
                        self.note("press Ctrl-C again, or Ctrl-D, to quit");
                    }
                }
                EditorInput::End => break,
                EditorInput::Failed(why) => {
                    return Err(anyhow!("cannot read from the terminal: {why}"));
                }
            }
        }
        self.leave()?;
        Ok(match self.interrupts.ending() {
            // Quitting with Ctrl-C is not a failure.
            CommandEnd::Signal(INTERRUPT) | CommandEnd::Bad => CommandEnd::Good,
            ending => ending,
        })
    }

    /// Runs a command, or asks a question.
    async fn take(&mut self, mut text: String) -> Result<AfterCommand, Error> {
        loop {
            let after = self.take_line(&text).await?;
            match after {
                AfterCommand::Command(chosen) => text = chosen,
                after => return Ok(after),
            }
        }
    }

    async fn take_line(&mut self, text: &str) -> Result<AfterCommand, Error> {
        if let Some(command) = commands::shell_command(text) {
            self.run_command(command).await?;
            return Ok(AfterCommand::Line);
        }
        let understood = self
            .conversation
            .understand(text, CommandScope::Terminal)
            .await;
        let question = match understood {
            ParsedInput::Command(command, argument) => {
                return self.command(command, argument).await;
            }
            ParsedInput::Unknown(typed, nearest) => {
                self.note(&commands::unknown(typed, &nearest));
                return Ok(AfterCommand::Line);
            }
            ParsedInput::Skill(skill) => Question {
                text: skill.line(),
                skill: Some(skill),
                ..Question::default()
            },
            ParsedInput::Question => Question {
                text: text.to_owned(),
                ..Question::default()
            },
        };
        self.ask(question).await?;
        Ok(AfterCommand::Line)
    }

    /// Runs a command of the user in the sandbox.
    async fn run_command(&mut self, command: &str) -> Result<(), Error> {
        if self.open().await && self.conversation.run_command(command) {
            self.screen.renderer.set_user_command(true);
            let ran = self.turn().await;
            self.screen.renderer.set_user_command(false);
            ran?;
        }
        Ok(())
    }

    /// Asks a question; if it ends with a plan, offers to carry it out.
    async fn ask(&mut self, question: Question) -> Result<(), Error> {
        let Some(files) = self.named(&question.text).await? else {
            return Ok(());
        };
        if !self.open().await {
            return Ok(());
        }
        let question = Question { files, ..question };
        self.conversation.ask(None, question);
        while let Some(plan) = self.turn().await? {
            let Some(way) = self.wants(&plan).await? else {
                return Ok(());
            };
            if let Some(risk) = risk_warning(plan.mode, self.conversation.confinement()) {
                warn(&risk);
            }
            self.conversation.carry_out(&plan, way).await?;
        }
        Ok(())
    }

    /// Shows the running turn, and returns the plan that it ended with.
    pub async fn turn(&mut self) -> Result<Option<PlanOffer>, Error> {
        self.screen.begin();
        let ended = {
            let _typing_waits = HiddenTyping::begin();
            turn::follow(&mut self.conversation, &self.interrupts, &mut self.screen).await?
        };
        let Some(ended) = ended.filter(|_| !self.interrupts.leave.is_cancelled()) else {
            return Ok(None);
        };
        match ended.how {
            EndReason::Turn(_) => {
                self.show_status()?;
                self.list_files();
            }
            // An event has shown the sizes.
            EndReason::Compacted(Ok(report)) => {
                if !report.summarised {
                    self.note("the model gave no summary; the oldest turns were removed instead");
                }
                self.rows(&kept_rows(&report.kept))?;
            }
            EndReason::Compacted(Err(why)) => self.note(&why),
            EndReason::Ran(Ok(())) => self.list_files(),
            EndReason::Ran(Err(why)) => self.note(&why),
            EndReason::NotBegun => self.note("stopped"),
            EndReason::Failed(error) => report(&error),
            EndReason::Lost => warn(
                "internal error; finished work is in the session's journal, and the next question \
                 continues the session",
            ),
        }
        Ok(ended.plan)
    }

    /// Opens the session if it is not open; `false` if that failed or was stopped.
    pub async fn open(&mut self) -> bool {
        let stop = self.interrupts.begin();
        let opened = tokio::select! {
            () = stop.cancelled() => None,
            opened = self.conversation.open() => Some(opened),
        };
        self.interrupts.nothing_to_stop();
        let warnings = self.conversation.take_opened();
        let warnings = warnings.as_ref().map(opened_warnings).unwrap_or_default();
        warnings.iter().for_each(|warning| warn(warning));
        match opened {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                report(&error);
                false
            }
            None => {
                self.note("stopped");
                false
            }
        }
    }

    /// The files that a question mentions; `None` after Ctrl-C.
    async fn named(&self, text: &str) -> Result<Option<Vec<String>>, Error> {
        let stop = self.interrupts.begin();
        let root = self.app().workspace.root.clone();
        let named = mentioned_files(text, root, self.completions.files(), &stop).await;
        self.interrupts.nothing_to_stop();
        Ok(named?)
    }

    async fn wants(&self, plan: &PlanOffer) -> Result<Option<PlanWay>, Error> {
        let stop = self.interrupts.begin();
        let question = format!("Carry out this plan in mode `{}`?", plan.mode.name());
        let ways: &'static [(char, &'static str)] = match plan.has_steps {
            true => &[('y', "yes, at once"), ('s', "yes, in steps")],
            false => &[('y', "yes")],
        };
        let pressed = approve::pressed(question, ways, stop).await;
        self.interrupts.nothing_to_stop();
        Ok(pressed?.map(|key| match key {
            's' => PlanWay::InSteps,
            _ => PlanWay::AtOnce,
        }))
    }

    pub fn app(&self) -> &App {
        &self.conversation.workspace().app
    }

    /// The line after a turn.
    fn show_status(&self) -> Result<(), Error> {
        let open = self.conversation.open_session();
        let model = open.map(|open| open.session.model.profile().name.clone());
        let model = model.unwrap_or_default();
        let state = self.conversation.workspace().index_state();
        let line = StatusLine {
            mode: self.conversation.mode().name(),
            branch: branch(self.conversation.workspace().root()).as_deref(),
            model: &model,
            usage: self.screen.renderer.spent,
            index: state.as_ref(),
        }
        .text(text_columns());
        let line = wrapped(&escape_hidden(&line), 0, "", text_columns());
        self.say(&format!("{DIM}{line}{PLAIN}\n"))
    }

    /// Writes text with colours; hidden characters must be escaped already.
    pub fn say(&self, text: &str) -> Result<(), Error> {
        print(|out| out.write_all(text.as_bytes()))
    }

    pub fn note(&self, text: &str) {
        super::super::note(text);
    }

    /// Lists the files and skills for completion, in the background.
    pub fn list_files(&self) {
        let completions = Arc::clone(&self.completions);
        let workspace = Arc::clone(self.conversation.workspace());
        drop(tokio::spawn(async move {
            completions.set_skills(workspace.skill_commands().await);
        }));
        if self.conversation.workspace().needs_leave_to_index() {
            return;
        }
        let completions = Arc::clone(&self.completions);
        let root = self.app().workspace.root.clone();
        // Until it is done, the previous list is used.
        drop(tokio::task::spawn_blocking(move || {
            completions.set_files(files_below(&root));
        }));
    }

    fn leave(&mut self) -> Result<(), Error> {
        let open = self.conversation.open_session();
        let asked = open.is_none_or(|open| open.session.turn > 0);
        let id = self.conversation.session().cloned();
        self.conversation.release("quit")?;
        if let Some(id) = id.filter(|_| asked) {
            self.note(&format!("to continue: ollacode chat --resume {id}"));
        }
        Ok(())
    }
}

/// Shows events on the terminal.
pub struct Screen {
    pub renderer: Renderer,
    notifier: Notifier,
}

impl Screen {
    pub fn new(color: bool, notify: NotifyChoice) -> Screen {
        let width = text_columns();
        let mut renderer = Renderer::new(Look { color, width });
        renderer.set_size(width, rows());
        Screen {
            renderer,
            notifier: Notifier::new(notify),
        }
    }

    pub fn begin(&mut self) {
        self.renderer.set_size(text_columns(), rows());
        self.renderer.begin();
        self.notifier.is_present();
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        print(|out| out.write_all(text.as_bytes()))
    }
}

impl TurnDisplay for Screen {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        let text = self.renderer.event(event);
        self.write(&text)
    }

    fn shows_output(&self) -> bool {
        self.renderer.shows_output()
    }

    fn output(&mut self, lines: Vec<String>) {
        self.renderer.set_output(lines);
    }

    fn tick(&mut self) -> Result<(), Error> {
        self.renderer.set_size(text_columns(), rows());
        let text = self.renderer.tick();
        self.write(&text)
    }

    fn asking(&mut self) -> Result<(), Error> {
        let text = self.renderer.clear();
        self.renderer.asked();
        self.write(&text)?;
        self.notifier.notify(Occasion::Asks);
        Ok(())
    }

    fn answered(&mut self) {
        self.notifier.is_present();
    }

    fn done(&mut self) -> Result<(), Error> {
        let text = self.renderer.end();
        self.write(&text)?;
        self.notifier.notify(Occasion::HasEnded);
        Ok(())
    }
}

fn prompt(mode: Mode) -> Prompt {
    let plain = match mode {
        Mode::Ask => "> ".to_owned(),
        other => format!("{}> ", other.name()),
    };
    let styled = match mode {
        Mode::Ask | Mode::Plan => format!("{DIM}{plain}{PLAIN}"),
        Mode::AutoEdit | Mode::AutoApprove => format!("{WARNING}{plain}{PLAIN}"),
    };
    Prompt { plain, styled }
}
