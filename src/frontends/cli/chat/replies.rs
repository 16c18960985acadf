//! Shows the results of commands on the terminal.

use std::io::Write;

use anyhow::Error;
use ollacode_indexer::{IndexError, SearchRequest};
use tokio_util::sync::CancellationToken;

use super::super::args::SearchArguments;
use super::super::progress::IndexProgress;
use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::super::wrap::wrapped;
use super::super::{print, report, sessions, summary, warn};
use super::approve;
use super::context;
use super::diff::{self, FoldedKind};
use super::markdown::{Look, Markdown};
use super::picker::{self, PickerRow};
use super::render::source_location;
use super::repl::Repl;
use super::terminal::{can_ask, text_columns};
use crate::conversation::commands::{self, CommandScope, SkillCommand, SlashCommand};
use crate::conversation::messages::{
    counted, index_words, mode_words, opened_warnings, resumed_words,
};
use crate::conversation::reply::{
    CommandReply, IndexJob, ModeChoices, ModelsJob, NAMED_WORKSPACES, model_facts,
};
use crate::engine::project_instructions::ProjectInstructions;
use crate::message::Source;
use crate::permission::Mode;
use crate::session::changes::FileDiff;
use crate::session::{SessionId, SessionSummary};
use crate::visible::escape_hidden;

/// Maximum lines of a diff.
const MOST_LINES: usize = 400;
/// Maximum skills in the help; `/skills` has all.
const MOST_SKILLS: usize = 20;
const MORE_HELP: &str = "@path attaches a file; !COMMAND runs a command, and the next question tells \
                         the model what it printed; a \\ at the end of a line, or an open ``` fence, \
                         continues on the next line";

/// What comes after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterCommand {
    Line,
    /// This command, as the user chose it from a list.
    Command(String),
    /// The end of the conversation.
    Leave,
}

impl Repl {
    /// Runs a command and shows its result.
    pub async fn command(
        &mut self,
        command: &SlashCommand,
        argument: &str,
    ) -> Result<AfterCommand, Error> {
        let stop = self.interrupts.begin();
        let replied = tokio::select! {
            () = stop.cancelled() => None,
            replied = self.conversation.command(command, argument) => Some(replied),
        };
        self.interrupts.nothing_to_stop();
        let opened = self.conversation.take_opened();
        let warnings = opened.as_ref().map(opened_warnings).unwrap_or_default();
        warnings.iter().for_each(|warning| warn(warning));
        let reply = match replied {
            Some(Ok(reply)) => reply,
            Some(Err(error)) => {
                report(&error);
                return Ok(AfterCommand::Line);
            }
            None => {
                self.note("stopped; nothing was changed");
                return Ok(AfterCommand::Line);
            }
        };
        if let (CommandReply::Modes(choices), true) = (&reply, self.can_pick()) {
            return self.pick_mode(choices).await;
        }
        if let Some(sentence) = reply.sentence() {
            self.note(&sentence);
        }
        if let Some(warning) = reply.warning() {
            warn(&warning);
        }
        if let Some(opened) = opened.filter(|_| matches!(reply, CommandReply::Resumed)) {
            self.note(&resumed_words(&opened));
        }
        if reply.begins_session() {
            self.list_files();
            self.open().await;
        }
        self.show(reply).await
    }

    async fn show(&mut self, reply: CommandReply) -> Result<AfterCommand, Error> {
        match reply {
            CommandReply::Quit => return Ok(AfterCommand::Leave),
            CommandReply::Help => {
                let skills = self.conversation.workspace().skill_commands().await;
                self.say(&help(text_columns(), &skills))?;
            }
            CommandReply::Search(request) => self.search(&request).await,
            CommandReply::Index(job) => self.index(job).await?,
            CommandReply::Status(status) => self.rows(&status.rows())?,
            CommandReply::Models(job) => return self.models(&job).await,
            CommandReply::Sessions { sessions, current } if !sessions.is_empty() => {
                return self.sessions(&sessions, current.as_ref()).await;
            }
            CommandReply::Workspaces { here, named } => {
                let mut rows = vec![("here", visible_name(&here.display().to_string()))];
                let path = |path: &std::path::PathBuf| visible_name(&path.display().to_string());
                rows.extend(named.iter().map(|(name, at)| (name.as_str(), path(at))));
                self.rows(&rows)?;
                self.note(NAMED_WORKSPACES);
            }
            CommandReply::Sources(Some(sources)) => self.sources(&sources)?,
            CommandReply::Diff(diffs) if !diffs.is_empty() => self.diff(&diffs)?,
            CommandReply::Tokens(tokens) => self.say(&context::text(&tokens, text_columns()))?,
            CommandReply::Memory(Some(memory)) => self.memory(&memory)?,
            CommandReply::Report(markdown) => self.report(&markdown)?,
            CommandReply::Compacting => {
                self.turn().await?;
            }
            CommandReply::Started => {
                self.screen.renderer.set_job(true);
                let shown = self.turn().await;
                self.screen.renderer.set_job(false);
                shown?;
            }
            _ => {}
        }
        Ok(AfterCommand::Line)
    }

    pub(super) fn rows(&self, rows: &[(&str, String)]) -> Result<(), Error> {
        let width = rows.iter().map(|(name, _)| name.chars().count()).max();
        let width = width.unwrap_or(0);
        let (columns, hanging) = (text_columns(), " ".repeat(width + 2));
        let rows = rows.iter().map(|(name, value)| {
            let value = wrapped(value, width + 2, &hanging, columns);
            format!("{DIM}{name:<width$}{PLAIN}  {value}\n")
        });
        self.say(&rows.collect::<String>())
    }

    async fn search(&self, request: &SearchRequest) {
        let arguments = SearchArguments {
            words: vec![request.query.clone()],
            also: Vec::new(),
            limit: u16::try_from(request.limit).unwrap_or(u16::MAX),
            path: request.globs.clone(),
            lang: request.languages.clone(),
            json: false,
            explain: false,
            stdin: false,
            no_refresh: false,
        };
        let stop = self.interrupts.begin();
        let found = tokio::select! {
            () = stop.cancelled() => Ok(None),
            found = super::super::search::run(self.app(), &arguments) => found.map(Some),
        };
        self.interrupts.nothing_to_stop();
        if let Err(error) = found {
            report(&error);
        }
    }

    async fn index(&self, job: IndexJob) -> Result<(), Error> {
        let stop = self.interrupts.begin();
        if job.needs_leave && !self.wants_wide_index(stop.clone()).await? {
            self.interrupts.nothing_to_stop();
            self.note("not indexed");
            return Ok(());
        }
        let refreshed = {
            let progress = IndexProgress::new();
            let token = job.stop.clone();
            let events = |event| progress.show(event);
            let work = job.run(&events);
            tokio::pin!(work);
            tokio::select! {
                // It stops soon, and keeps finished work.
                () = stop.cancelled() => {
                    token.cancel();
                    work.await
                }
                refreshed = &mut work => refreshed,
            }
        };
        self.interrupts.nothing_to_stop();
        match refreshed {
            Ok(_) => {}
            Err(IndexError::Busy) => self.note("the index is already being updated"),
            Err(error) => report(&error.into()),
        }
        if self.app().index.exists() {
            self.show_index().await?;
        }
        Ok(())
    }

    /// Asks before the home folder, or a folder above it, is indexed.
    async fn wants_wide_index(&self, stop: CancellationToken) -> Result<bool, Error> {
        if !can_ask() {
            return Ok(false);
        }
        let root = self.app().workspace.root.display();
        let question = format!("{root} is not a project folder. Index all of it?");
        Ok(approve::confirm(question, stop).await?)
    }

    async fn show_index(&self) -> Result<(), Error> {
        let index = &self.app().index;
        let (name, fingerprint) = index.complete_model().await?.unzip();
        let status = index
            .status(fingerprint.as_deref().unwrap_or_default())
            .await?;
        print(|out| summary::write_status(out, self.app(), &status, name.as_deref()))?;
        if let Some(state) = self.conversation.workspace().index_state() {
            self.note(&format!("index: {}", index_words(&state)));
        }
        Ok(())
    }

    async fn models(&self, job: &ModelsJob) -> Result<AfterCommand, Error> {
        let models = match job.run().await {
            Ok(models) => models,
            Err(error) => {
                report(&error.into());
                return Ok(AfterCommand::Line);
            }
        };
        if self.can_pick() && !models.is_empty() {
            let rows = models.iter();
            let rows = rows.map(|model| PickerRow::new(&model.name, &model_facts(model)));
            let rows = rows.collect();
            let current = models.iter().position(|model| model.name == job.current);
            let taken = self.pick("Models", rows, current).await?;
            let name = |at: usize| Some(models.get(at)?.name.as_str());
            return Ok(command_of("model", taken, name));
        }
        let mut out = String::new();
        for model in &models {
            let sign = if model.name == job.current { "*" } else { " " };
            let (name, facts) = (visible_name(&model.name), model_facts(model));
            out.push_str(&format!(
                "{sign} {BOLD}{name}{PLAIN}  {DIM}{facts}{PLAIN}\n"
            ));
        }
        self.say(&out)?;
        self.note("/model NAME switches to another model");
        Ok(AfterCommand::Line)
    }

    async fn pick_mode(&self, choices: &ModeChoices) -> Result<AfterCommand, Error> {
        let row = |mode: &Mode| PickerRow::new(mode.name(), mode_words(*mode, choices.confinement));
        let rows = choices.modes.iter().map(row).collect();
        let current = choices
            .modes
            .iter()
            .position(|mode| *mode == choices.current);
        let taken = self.pick("Approval modes", rows, current).await?;
        let name = |at: usize| Some(choices.modes.get(at)?.name());
        Ok(command_of("approve", taken, name))
    }

    /// Lists the sessions with their numbers.
    async fn sessions(
        &self,
        sessions: &[SessionSummary],
        current: Option<&SessionId>,
    ) -> Result<AfterCommand, Error> {
        if self.can_pick() {
            let rows = (1..).zip(sessions);
            let rows = rows.map(|(number, summary)| {
                let (title, facts) = sessions::words(summary);
                PickerRow::new(&format!("{number}  {title}"), &facts)
            });
            let rows = rows.collect();
            let at = sessions
                .iter()
                .position(|summary| Some(&summary.id) == current);
            let taken = self.pick("Sessions", rows, at).await?;
            let id = |at: usize| Some(sessions.get(at)?.id.as_str());
            return Ok(command_of("resume", taken, id));
        }
        print(|out| {
            (1..).zip(sessions).try_for_each(|(number, summary)| {
                write!(out, "{number:>3}  ")?;
                sessions::write(out, summary)
            })
        })?;
        self.note("/resume N continues the session with this number");
        Ok(AfterCommand::Line)
    }

    /// Whether lists can be drawn, and keys read.
    fn can_pick(&self) -> bool {
        can_ask() && self.screen.renderer.has_color()
    }

    async fn pick(
        &self,
        title: &'static str,
        rows: Vec<PickerRow>,
        current: Option<usize>,
    ) -> Result<Option<usize>, Error> {
        let stop = self.interrupts.begin();
        let taken = picker::pick(title, rows, current, stop).await;
        self.interrupts.nothing_to_stop();
        Ok(taken?)
    }

    fn sources(&self, sources: &[Source]) -> Result<(), Error> {
        let mut out = String::new();
        for source in sources {
            let symbol = source.symbol.as_deref().unwrap_or_default();
            out.push_str(&format!(
                "  {}  {DIM}{}{PLAIN}\n",
                source_location(source),
                visible_name(symbol)
            ));
        }
        self.say(&out)
    }

    fn diff(&self, diffs: &[FileDiff]) -> Result<(), Error> {
        let diff: String = diffs.iter().map(|diff| diff.text.as_str()).collect();
        self.say(&diff::show(&diff, FoldedKind::Diff, MOST_LINES).text)
    }

    /// Shows Markdown as an answer is shown.
    fn report(&self, text: &str) -> Result<(), Error> {
        let mut shown = Markdown::new(Look {
            color: self.screen.renderer.has_color(),
            width: text_columns(),
        });
        let begun = shown.push(&escape_hidden(text));
        self.say(&format!("{begun}{}", shown.finish()))
    }

    fn memory(&self, memory: &ProjectInstructions) -> Result<(), Error> {
        self.say(&format!(
            "{BOLD}{}{PLAIN}\n{}\n",
            visible_name(&memory.path),
            escape_hidden(memory.text.trim_end())
        ))?;
        if memory.left_out > 0 {
            let left_out = counted(memory.left_out as u64, "character");
            self.note(&format!(
                "{left_out} omitted: the model gets only this part"
            ));
        }
        Ok(())
    }
}

/// The command for an entry that was taken from a list.
fn command_of<'a>(
    command: &str,
    taken: Option<usize>,
    value: impl Fn(usize) -> Option<&'a str>,
) -> AfterCommand {
    match taken.and_then(value) {
        Some(value) => AfterCommand::Command(format!("/{command} {value}")),
        None => AfterCommand::Line,
    }
}

/// The list of commands and skills, for a terminal of this width.
fn help(columns: usize, skills: &[SkillCommand]) -> String {
    let left = |command: &SlashCommand| {
        let SlashCommand { name, argument, .. } = command;
        format!("/{name} {argument}").trim_end().to_owned()
    };
    let all = || commands::commands(CommandScope::Terminal);
    let width = all().map(|command| left(command).len()).max();
    let width = width.unwrap_or(0);
    // Two columns, the name, two columns.
    let lead = width + 4;
    let hanging = " ".repeat(lead);
    let row = |name: &str, help: &str| {
        format!(
            "  {BOLD}{name:<width$}{PLAIN}  {}\n",
            wrapped(help, lead, &hanging, columns)
        )
    };
    let mut out: String = all()
        .map(|command| row(&left(command), command.help))
        .collect();
    // A row each, whoever wrote them.
    let room = columns.saturating_sub(lead);
    for skill in skills.iter().take(MOST_SKILLS) {
        let name: String = format!("/{}", skill.name).chars().take(width).collect();
        let help: String = visible_name(&skill.help).chars().take(room).collect();
        out.push_str(&row(&name, &help));
    }
    out.push_str(&format!(
        "  {DIM}{}{PLAIN}\n",
        wrapped(MORE_HELP, 2, "  ", columns)
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skills::SkillOrigin;

    #[test]
    fn help_has_every_command_and_no_row_that_is_too_long() {
        let skill = SkillCommand {
            name: "write-tests-for-a-file-with-a-long-name".to_owned(),
            argument: String::new(),
            help: "Writes tests \u{202e}".repeat(10),
            origin: SkillOrigin::Repository,
        };
        let help = anstream::adapter::strip_str(&help(80, &[skill])).to_string();
        assert!(
            help.contains("\n  /write-tests") && !help.contains('\u{202e}'),
            "{help}"
        );
        for row in help.lines() {
            assert!(row.chars().count() <= 80, "{row}");
        }
        for command in commands::commands(CommandScope::Terminal) {
            assert!(
                help.contains(&format!("\n  /{}", command.name))
                    || help.starts_with(&format!("  /{}", command.name)),
                "{}",
                command.name
            );
        }
        assert!(help.contains("\n  @path attaches a file"), "{help}");
    }
}
