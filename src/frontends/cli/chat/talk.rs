//! A conversation on the terminal: a line is read, the engine answers, and so on.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Error, anyhow};

use super::super::signals::INTERRUPT;
use super::super::style::{DIM, PLAIN, WARNING};
use super::super::wrap::wrapped;
use super::super::{Ending, print};
use super::approve;
use super::complete::{Completions, files_below};
use super::editor::{Editor, Input, Prompt};
use super::interrupts::Interrupts;
use super::modes;
use super::render::Renderer;
use super::slash::{self, Next};
use super::terminal::text_columns;
use super::turn::{self, Questions, Show};
use super::{markdown::Look, status};
use crate::app::{App, Background};
use crate::engine::event::{Event, TurnEnd};
use crate::engine::{ChatActivity, Engine, Question};
use crate::frontends::mentions::named;
use crate::frontends::words::mode_name;
use crate::permission::Mode;
use crate::session::Session;
use crate::visible::visible;

/// A conversation.
pub struct Chat {
    pub app: App,
    pub engine: Engine,
    pub session: Session,
    /// Who waits while the model replies.
    pub activity: ChatActivity,
    pub background: Background,
    pub interrupts: Interrupts,
    pub screen: Screen,
    /// The mode to go back to when a plan is worked on.
    pub work_mode: Mode,
    pub questions: Questions,
    pub completions: Arc<Completions>,
    pub editor: Editor,
}

impl Chat {
    /// Talks until the user leaves.
    pub async fn run(&mut self) -> Result<Ending, Error> {
        self.list_files();
        loop {
            let prompt = prompt(self.session.mode);
            let input = tokio::select! {
                biased;
                () = self.interrupts.leave.cancelled() => {
                    // Behind the prompt, if there is one.
                    self.say("\n")?;
                    break;
                }
                input = self.editor.read(prompt) => input,
            };
            match input {
                Input::Text(text) if text.trim().is_empty() => {}
                Input::Text(text) if slash::is_command(&text) => {
                    let leave = self.interrupts.leave.clone();
                    let next = tokio::select! {
                        () = leave.cancelled() => Next::Leave,
                        next = slash::run(self, &text) => next?,
                    };
                    if next == Next::Leave {
                        break;
                    }
                }
                Input::Text(text) => self.ask(text).await?,
                Input::Interrupted => {
                    self.interrupts.press();
                    if !self.interrupts.leave.is_cancelled() {
                        self.note("Ctrl-C once more leaves, as Ctrl-D does");
                    }
                }
                Input::End => break,
                Input::Failed(why) => return Err(anyhow!("cannot read from the terminal: {why}")),
            }
        }
        self.leave()?;
        Ok(match self.interrupts.ending() {
            // Ctrl-C twice is a way to leave like any other.
            Ending::Signal(INTERRUPT) | Ending::Bad => Ending::Good,
            ending => ending,
        })
    }

    /// Asks the engine, and goes on with the plan if that is what comes out and is wanted.
    async fn ask(&mut self, text: String) -> Result<(), Error> {
        let Some(files) = self.named(&text).await? else {
            return Ok(());
        };
        let mut question = Question {
            files,
            plan: self.session.mode == Mode::Plan,
            text,
            ..Question::default()
        };
        loop {
            self.screen.begin();
            let end = turn::run(
                &self.engine,
                &mut self.session,
                question,
                &mut self.questions,
                &self.interrupts,
                &mut self.screen,
            )
            .await?;
            if self.interrupts.leave.is_cancelled() {
                return Ok(());
            }
            self.show_status()?;
            self.list_files();
            if end != TurnEnd::Planned || !self.wants_work().await? {
                return Ok(());
            }
            self.session.set_mode(self.work_mode)?;
            modes::warn_of(self, self.work_mode);
            question = Question::carry_out(&self.session);
        }
    }

    /// The files that a question names; `None` if Ctrl-C was pressed meanwhile.
    async fn named(&self, text: &str) -> Result<Option<Vec<String>>, Error> {
        let stop = self.interrupts.begin();
        let root = self.app.workspace.root.clone();
        let named = named(text, root, self.completions.files(), &stop).await;
        self.interrupts.nothing_to_stop();
        Ok(named?)
    }

    async fn wants_work(&self) -> Result<bool, Error> {
        let stop = self.interrupts.begin();
        let question = format!(
            "Carry out this plan, in mode `{}`?",
            mode_name(self.work_mode)
        );
        let wanted = approve::confirm(question, stop).await;
        self.interrupts.nothing_to_stop();
        Ok(wanted?)
    }

    /// Makes an engine for the session as it is now: it belongs to one session alone.
    pub fn renew_engine(&mut self) -> Result<(), Error> {
        self.engine = self.app.engine(&self.session, &self.activity)?;
        Ok(())
    }

    /// The line after a turn.
    fn show_status(&self) -> Result<(), Error> {
        let model = &self.session.model.profile().name;
        let standing = self.background.standing.borrow().clone();
        let line = status::line(model, self.screen.renderer.spent, &standing);
        let line = wrapped(&visible(&line), 0, "", text_columns());
        self.say(&format!("{DIM}{line}{PLAIN}\n"))
    }

    /// Writes text with colours, what hides in it made visible before.
    pub fn say(&self, text: &str) -> Result<(), Error> {
        print(|out| out.write_all(text.as_bytes()))
    }

    /// Tells something in passing.
    pub fn note(&self, text: &str) {
        super::super::note(text);
    }

    /// Whether the folder is so wide that nobody walks all of it unasked.
    pub fn is_wide_and_not_indexed(&self) -> bool {
        self.app.needs_confirmation() && !self.app.index.exists()
    }

    /// Lists the files for completion, in the background.
    pub fn list_files(&self) {
        if self.is_wide_and_not_indexed() {
            return;
        }
        let completions = Arc::clone(&self.completions);
        let root = self.app.workspace.root.clone();
        // Nobody waits for it: until it is there, the list is the one before.
        drop(tokio::task::spawn_blocking(move || {
            completions.set_files(files_below(&root));
        }));
    }

    fn leave(&mut self) -> Result<(), Error> {
        self.session.end("quit")?;
        if self.session.turn > 0 {
            let id = self.session.id.as_str();
            self.note(&format!("to go on: ollacode chat --resume {id}"));
        }
        Ok(())
    }
}

/// The terminal, where events are shown.
pub struct Screen {
    pub renderer: Renderer,
}

impl Screen {
    /// A screen, with colours or without.
    pub fn new(color: bool) -> Screen {
        let width = text_columns();
        Screen {
            renderer: Renderer::new(Look { color, width }),
        }
    }

    /// A turn begins.
    pub fn begin(&mut self) {
        self.renderer.set_width(text_columns());
        self.renderer.begin();
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        print(|out| out.write_all(text.as_bytes()))
    }
}

impl Show for Screen {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        let text = self.renderer.event(event);
        self.write(&text)
    }

    fn tick(&mut self) -> Result<(), Error> {
        self.renderer.set_width(text_columns());
        let text = self.renderer.tick();
        self.write(&text)
    }

    fn asking(&mut self) -> Result<(), Error> {
        let text = self.renderer.clear();
        self.renderer.asked();
        self.write(&text)
    }

    fn done(&mut self) -> Result<(), Error> {
        let text = self.renderer.end();
        self.write(&text)
    }
}

fn prompt(mode: Mode) -> Prompt {
    let plain = match mode {
        Mode::Ask => "> ".to_owned(),
        other => format!("{}> ", mode_name(other)),
    };
    let styled = match mode {
        Mode::Ask | Mode::Plan => format!("{DIM}{plain}{PLAIN}"),
        Mode::AutoEdit | Mode::AutoApprove => format!("{WARNING}{plain}{PLAIN}"),
    };
    Prompt { plain, styled }
}
