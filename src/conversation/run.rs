//! Execution of slash commands.

use std::path::Path;

use anyhow::{Error, anyhow};
use ollacode_indexer::{Freshness, SearchRequest};

use super::commands::{CommandAction, SlashCommand};
use super::messages::counted;
use super::opening::OpenRequest;
use super::reply::{ChangeKind, CommandReply, IndexJob, ModeChange, ModeChoices, ModelsJob};
use super::turn::TurnJob;
use super::{Conversation, OpenSession};
use crate::engine::ChangeError;
use crate::engine::jobs::Job;
use crate::engine::jobs::check::CheckOrder;
use crate::engine::jobs::commit::CommitOrder;
use crate::engine::jobs::design::DesignOrder;
use crate::engine::jobs::init::InitOrder;
use crate::engine::jobs::review::ReviewOrder;
use crate::engine::jobs::task::TaskOrder;
use crate::message::Message;
use crate::permission::Mode;
use crate::session::changes::{UndoError, Undone};
use crate::session::{self, Session, SessionError, SessionId, SessionSummary};
use crate::visible::visible_name;

const HITS: usize = 5;

impl Conversation {
    /// Runs a command. It is cancel-safe: while it waits for a server, nothing has changed.
    pub async fn command(
        &mut self,
        command: &SlashCommand,
        argument: &str,
    ) -> Result<CommandReply, Error> {
        self.command_in(command, argument, false).await
    }

    /// The same; with `read_only` agent mode is off, and what the command starts changes nothing.
    pub async fn command_in(
        &mut self,
        command: &SlashCommand,
        argument: &str,
        read_only: bool,
    ) -> Result<CommandReply, Error> {
        Ok(match command.action {
            CommandAction::Start => CommandReply::Greeting(self.workspace.root().to_owned()),
            CommandAction::Help => CommandReply::Help,
            CommandAction::Quit => CommandReply::Quit,
            CommandAction::Stop => CommandReply::Stopped(self.stop()),
            CommandAction::Search => self.search(argument),
            CommandAction::Index => self.index(),
            CommandAction::Status => CommandReply::Status(Box::new(self.status().await)),
            CommandAction::Sessions => self.sessions()?,
            CommandAction::Workspace if argument.is_empty() => CommandReply::Workspaces {
                here: self.workspace.root().to_owned(),
                named: self.shared.workspaces.named().clone(),
            },
            CommandAction::Model if argument.is_empty() => CommandReply::Models(ModelsJob {
                workspace: self.workspace.clone(),
                current: self.model_name(),
            }),
            _ if self.is_busy() => CommandReply::Busy,
            CommandAction::New => self.new_session(),
            CommandAction::Model => self.choose_model(argument).await?,
            CommandAction::Plan => self.toggle_plan(),
            CommandAction::Approve => self.approve(argument)?,
            CommandAction::Workspace => self.enter(argument)?,
            CommandAction::Resume => self.resume(argument).await?,
            CommandAction::Sources => CommandReply::Sources(self.sources()),
            CommandAction::Thoughts => CommandReply::Thoughts(self.thoughts()),
            CommandAction::Compact => self.compact().await?,
            CommandAction::Tokens => {
                let open = self.opened_session().await?;
                CommandReply::Tokens(open.engine.tokens(&open.session).await)
            }
            CommandAction::Memory => {
                CommandReply::Memory(self.opened_session().await?.engine.memory())
            }
            CommandAction::Diff => self.diff().await?,
            CommandAction::Map => self.map(argument).await?,
            CommandAction::Related => self.related(argument).await?,
            CommandAction::Template => self.template(argument).await?,
            CommandAction::Mcp => self.mcp(argument).await?,
            CommandAction::Hooks => self.hooks().await?,
            CommandAction::Skills => self.skills(argument).await?,
            CommandAction::Init => self.job(InitOrder::parse(argument).map(Job::Init), read_only),
            CommandAction::Design => {
                self.job(DesignOrder::parse(argument).map(Job::Design), read_only)
            }
            CommandAction::Check => {
                self.job(CheckOrder::parse(argument).map(Job::Check), read_only)
            }
            CommandAction::Commit => {
                self.job(CommitOrder::parse(argument).map(Job::Commit), read_only)
            }
            CommandAction::Review => {
                self.job(ReviewOrder::parse(argument).map(Job::Review), read_only)
            }
            CommandAction::Task => self.job(TaskOrder::parse(argument).map(Job::Task), read_only),
            CommandAction::Undo => self.change(ChangeKind::Undo, argument).await?,
            CommandAction::Redo => self.change(ChangeKind::Redo, argument).await?,
        })
    }

    /// Runs a command of the user; updates follow as in a turn, and the next question tells the
    /// model what it printed. `false` while a turn runs.
    pub fn run_command(&mut self, command: &str) -> bool {
        let is_free = !self.is_busy();
        if is_free {
            self.start(TurnJob::Run(command.to_owned()));
        }
        is_free
    }

    /// Starts a turn that the program leads; `false` while a turn runs.
    pub fn start_job(&mut self, job: Job) -> bool {
        let is_free = !self.is_busy();
        if is_free {
            self.start(TurnJob::Job(Box::new(job), false));
        }
        is_free
    }

    fn job(&mut self, order: Result<Job, &'static str>, read_only: bool) -> CommandReply {
        match order {
            Ok(job) => {
                self.start(TurnJob::Job(Box::new(job), read_only));
                CommandReply::Started
            }
            Err(usage) => CommandReply::Usage(usage),
        }
    }

    pub(super) async fn opened_session(&mut self) -> Result<&mut OpenSession, Error> {
        self.open().await?;
        let lost = || anyhow!("the session is not open");
        self.open.as_mut().ok_or_else(lost)
    }

    fn search(&self, query: &str) -> CommandReply {
        if query.is_empty() {
            return CommandReply::Usage(
                "usage: /search QUERY, for example: /search where are sessions stored",
            );
        }
        if self.workspace.needs_leave_to_index() {
            return CommandReply::NotIndexed;
        }
        CommandReply::Search(SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: HITS,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: Freshness::Refresh,
        })
    }

    fn index(&mut self) -> CommandReply {
        let stop = self.shared.stop.child_token();
        self.indexing = Some(stop.clone());
        CommandReply::Index(IndexJob::new(self.workspace.clone(), stop))
    }

    fn sessions(&mut self) -> Result<CommandReply, Error> {
        let sessions = self.known_sessions()?;
        self.listed = ids(&sessions);
        let current = self.session.clone();
        Ok(CommandReply::Sessions { sessions, current })
    }

    /// The sessions that the user may resume, the one used last first.
    fn known_sessions(&self) -> Result<Vec<SessionSummary>, SessionError> {
        let mut sessions = session::sessions(&self.workspace.app.sessions_folder())?;
        sessions.retain(|summary| self.may_resume(&summary.id));
        Ok(sessions)
    }

    /// A session by its number in the list, by its id, or by a part of that.
    fn named_session(&self, folder: &Path, given: &str) -> Result<SessionId, Error> {
        let Some(number) = session::list_number(given) else {
            return Ok(self.find(folder, given)?);
        };
        let listed = match self.listed.as_slice() {
            [] => ids(&self.known_sessions()?),
            listed => listed.to_vec(),
        };
        let at = number.checked_sub(1);
        let id = at.and_then(|at| listed.get(at)).ok_or_else(|| {
            let known = counted(listed.len() as u64, "session");
            anyhow!("there is no session number {number}: /sessions lists {known}")
        })?;
        // It may have been deleted since.
        session::summary(folder, id)?;
        Ok(id.clone())
    }

    fn new_session(&mut self) -> CommandReply {
        let asked = |open: &OpenSession| open.session.turn > 0;
        let before = self.session.clone();
        let before = before.filter(|_| self.open.as_ref().is_none_or(asked));
        self.renew();
        CommandReply::NewSession { before }
    }

    fn toggle_plan(&mut self) -> CommandReply {
        self.set_mode(self.work_mode, !self.is_planning);
        self.mode_change()
    }

    fn approve(&mut self, wanted: &str) -> Result<CommandReply, Error> {
        let modes: &[Mode] = if self.shared.offers_auto_approve {
            &[Mode::Ask, Mode::AutoEdit, Mode::AutoApprove]
        } else {
            &[Mode::Ask, Mode::AutoEdit]
        };
        if wanted.is_empty() {
            return Ok(CommandReply::Modes(ModeChoices {
                modes: modes.to_vec(),
                current: self.work_mode,
                confinement: self.confinement(),
            }));
        }
        let mode = modes.iter().copied().find(|mode| mode.name() == wanted);
        let Some(mode) = mode else {
            if wanted == Mode::AutoApprove.name() {
                return Err(anyhow!(
                    "`auto-approve` can be set at start only, with `--auto-approve`"
                ));
            }
            let names: Vec<String> = modes
                .iter()
                .map(|mode| format!("`{}`", mode.name()))
                .collect();
            let wanted = visible_name(wanted);
            return Err(anyhow!(
                "unknown mode `{wanted}`; choose one of {}",
                names.join(", ")
            ));
        };
        self.set_mode(mode, self.is_planning);
        Ok(self.mode_change())
    }

    /// Chooses the mode of the next question by its name. `plan` keeps the mode in which the plan
    /// would be carried out.
    pub fn choose_mode(&mut self, name: &str) -> Result<CommandReply, Error> {
        if self.is_busy() {
            return Ok(CommandReply::Busy);
        }
        if name == Mode::Plan.name() {
            self.set_mode(self.work_mode, true);
        } else {
            anyhow::ensure!(!name.is_empty(), "the name of a mode is missing");
            self.approve(name)?;
            self.set_mode(self.work_mode, false);
        }
        Ok(self.mode_change())
    }

    fn mode_change(&self) -> CommandReply {
        CommandReply::Mode(ModeChange {
            mode: self.mode(),
            work_mode: self.work_mode,
            confinement: self.confinement(),
        })
    }

    fn enter(&mut self, name: &str) -> Result<CommandReply, Error> {
        let workspace = self.shared.workspaces.find(name)?;
        self.let_go();
        self.reset_mode();
        self.workspace = workspace;
        self.session = None;
        self.listed.clear();
        self.connected = None;
        self.register(None);
        Ok(CommandReply::Entered(self.workspace.root().to_owned()))
    }

    /// Resumes another session, with its model and mode.
    async fn resume(&mut self, given: &str) -> Result<CommandReply, Error> {
        let folder = self.workspace.app.sessions_folder();
        let id = if given.is_empty() {
            let known = session::sessions(&folder)?;
            let mut others = known.into_iter().map(|summary: SessionSummary| summary.id);
            let found = others.find(|id| Some(id) != self.session.as_ref() && self.may_resume(id));
            found.ok_or_else(|| anyhow!("there is no other session to resume"))?
        } else {
            self.named_session(&folder, given)?
        };
        if self.session.as_ref() == Some(&id) {
            if self.open.is_some() {
                return Ok(CommandReply::AlreadyOpen(id));
            }
            self.open().await?;
            return Ok(CommandReply::Resumed);
        }
        let request = OpenRequest {
            session: Some(id),
            model: None,
            mode: self.shared.first_mode,
            is_mode_chosen: false,
            ..self.open_request()
        };
        let opened = self.soon(request.open()).await?;
        self.let_go();
        self.reset_mode();
        self.model = None;
        self.note_opened(opened);
        Ok(CommandReply::Resumed)
    }

    async fn choose_model(&mut self, name: &str) -> Result<CommandReply, Error> {
        let connector = &self.shared.connector;
        let connecting = connector.connect(&self.workspace.app, Some(name));
        let model = self.soon(connecting).await?;
        let profile = model.profile().clone();
        if let Some(open) = &mut self.open {
            open.session.set_model(model.clone())?;
        }
        self.connected = Some(model);
        self.model = Some(name.to_owned());
        Ok(CommandReply::ModelChosen(profile))
    }

    fn sources(&self) -> Option<Vec<crate::message::Source>> {
        match (&self.open, &self.session) {
            (Some(open), _) => Some(open.session.sources.clone()),
            // The session was released.
            (None, Some(_)) => None,
            (None, None) => Some(Vec::new()),
        }
    }

    /// The thoughts of the last reply that has any.
    fn thoughts(&self) -> Option<String> {
        let said = self.open.as_ref()?.session.messages.iter().rev();
        let thoughts = said.filter_map(|message| match message {
            Message::Assistant { thinking, .. } => Some(thinking.trim()),
            _ => None,
        });
        let mut thoughts = thoughts.filter(|thoughts| !thoughts.is_empty());
        thoughts.next().map(str::to_owned)
    }

    async fn compact(&mut self) -> Result<CommandReply, Error> {
        self.opened_session().await?;
        self.start(TurnJob::Compact);
        Ok(CommandReply::Compacting)
    }

    async fn diff(&mut self) -> Result<CommandReply, Error> {
        if self.session.is_none() {
            return Ok(CommandReply::Diff(Vec::new()));
        }
        Ok(CommandReply::Diff(
            self.opened_session().await?.engine.file_diffs(),
        ))
    }

    /// Undoes or redoes the changes of a number of turns, by default one.
    async fn change(&mut self, kind: ChangeKind, turns: &str) -> Result<CommandReply, Error> {
        let turns = match turns.parse::<u32>() {
            Ok(turns @ 1..) => turns,
            Err(_) if turns.is_empty() => 1,
            _ => return Ok(CommandReply::Usage(kind.usage())),
        };
        if self.session.is_none() {
            return Ok(CommandReply::Diff(Vec::new()));
        }
        let open = self.opened_session().await?;
        let mut changed = Vec::new();
        for _ in 0..turns {
            let one = match kind {
                ChangeKind::Undo => open.engine.undo(&mut open.session),
                ChangeKind::Redo => open.engine.redo(&mut open.session),
            };
            match one {
                Ok(one) => changed.push(one),
                Err(error) if changed.is_empty() => return Err(error.into()),
                Err(error) => {
                    let notes = committed_words(kind, &changed, &open.session);
                    let notes: Vec<String> =
                        notes.into_iter().chain([why_no_more(&error)]).collect();
                    return Ok(CommandReply::Changed(kind, changed, Some(notes.join("\n"))));
                }
            }
        }
        let committed = committed_words(kind, &changed, &open.session);
        Ok(CommandReply::Changed(kind, changed, committed))
    }
}

fn ids(sessions: &[SessionSummary]) -> Vec<SessionId> {
    sessions.iter().map(|summary| summary.id.clone()).collect()
}

/// What is said of undone turns that are committed: their commits stay.
fn committed_words(kind: ChangeKind, undone: &[Undone], session: &Session) -> Option<String> {
    if kind == ChangeKind::Redo {
        return None;
    }
    let of_turn = |turn: u32| -> Vec<String> {
        let commits = session.commits_of(turn).into_iter();
        let line = |hash: &str| {
            format!(
                "turn {turn} is in the commit {}, which stays: the files are back, and \
                 committing them records that. To take the commit back instead: /redo, then \
                 `git revert --no-commit {hash}`",
                hash.get(..10).unwrap_or(hash)
            )
        };
        commits.map(line).collect()
    };
    let lines: Vec<String> = undone.iter().flat_map(|one| of_turn(one.turn)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Why fewer turns were undone or redone than wanted.
fn why_no_more(error: &ChangeError) -> String {
    match error {
        ChangeError::Files(UndoError::NothingToUndo | UndoError::NothingToRedo) => {
            "there are no more turns that changed files".to_owned()
        }
        other => other.to_string(),
    }
}
