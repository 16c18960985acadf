//! Shows the results of commands on the terminal.

use anyhow::Error;
use ollacode_indexer::{IndexError, SearchRequest};
use tokio_util::sync::CancellationToken;

use super::super::args::SearchArguments;
use super::super::progress::IndexProgress;
use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::super::wrap::wrapped;
use super::super::{print, report, sessions, summary, warn};
use super::approve;
use super::diff::{self, FoldedKind};
use super::render::source_location;
use super::repl::Repl;
use super::terminal::{can_ask, text_columns};
use crate::conversation::commands::{self, CommandScope, SlashCommand};
use crate::conversation::messages::{
    counted, index_words, opened_warnings, resumed_words, token_rows,
};
use crate::conversation::reply::{
    CommandReply, IndexJob, ModelsJob, NAMED_WORKSPACES, model_facts,
};
use crate::engine::project_instructions::ProjectInstructions;
use crate::message::Source;
use crate::session::changes::FileDiff;
use crate::visible::escape_hidden;

/// Maximum lines of a diff.
const MOST_LINES: usize = 400;
const MORE_HELP: &str = "@path attaches a file; a \\ at the end of a line, or an open ``` fence, \
                         continues on the next line";

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCommand {
    Line,
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
            CommandReply::Help => self.say(&help(text_columns()))?,
            CommandReply::Search(request) => self.search(&request).await,
            CommandReply::Index(job) => self.index(job).await?,
            CommandReply::Status(status) => self.rows(&status.rows())?,
            CommandReply::Models(job) => self.models(&job).await?,
            CommandReply::Sessions { sessions, .. } if !sessions.is_empty() => {
                print(|out| {
                    sessions
                        .iter()
                        .try_for_each(|summary| sessions::write(out, summary))
                })?;
                self.note("/resume ID continues a session");
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
            CommandReply::Tokens(tokens) => self.rows(&token_rows(&tokens))?,
            CommandReply::Memory(Some(memory)) => self.memory(&memory)?,
            CommandReply::Compacting => {
                self.turn().await?;
            }
            _ => {}
        }
        Ok(AfterCommand::Line)
    }

    fn rows(&self, rows: &[(&str, String)]) -> Result<(), Error> {
        let width = rows.iter().map(|(name, _)| name.chars().count()).max();
        let width = width.unwrap_or(0);
        let rows = rows
            .iter()
            .map(|(name, value)| format!("{DIM}{name:<width$}{PLAIN}  {value}\n"));
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

    async fn models(&self, job: &ModelsJob) -> Result<(), Error> {
        let models = match job.run().await {
            Ok(models) => models,
            Err(error) => {
                report(&error.into());
                return Ok(());
            }
        };
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
        Ok(())
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

/// The list of commands, for a terminal of this width.
fn help(columns: usize) -> String {
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
    let mut out = String::new();
    for command in all() {
        out.push_str(&format!(
            "  {BOLD}{:<width$}{PLAIN}  {}\n",
            left(command),
            wrapped(command.help, lead, &hanging, columns)
        ));
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

    #[test]
    fn help_has_every_command_and_no_row_that_is_too_long() {
        let help = anstream::adapter::strip_str(&help(80)).to_string();
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
