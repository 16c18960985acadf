//! Shows the results of commands on the terminal.

use anyhow::Error;
use ollacode_indexer::{IndexError, SearchRequest};
use tokio_util::sync::CancellationToken;

use super::super::args::SearchArguments;
use super::super::progress::Progress;
use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::super::wrap::wrapped;
use super::super::{print, report, sessions, summary, warn};
use super::approve;
use super::diff::{self, Kind};
use super::render::place;
use super::repl::Repl;
use super::terminal::{can_ask, text_columns};
use crate::conversation::commands::{self, Command, Place};
use crate::conversation::reply::{IndexJob, ModelsJob, NAMED_WORKSPACES, Reply, model_facts};
use crate::conversation::words::{
    counted, index_words, opened_warnings, resumed_words, token_rows,
};
use crate::engine::memory::Memory;
use crate::message::Source;
use crate::session::changes::FileDiff;
use crate::visible::visible;

/// Maximum lines of a diff.
const MOST_LINES: usize = 400;
const MORE_HELP: &str = "@path attaches a file; a \\ at the end of a line, or an open ``` fence, \
                         continues on the next line";

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Line,
    /// The end of the conversation.
    Leave,
}

impl Repl {
    /// Runs a command and shows its result.
    pub async fn command(&mut self, command: &Command, argument: &str) -> Result<Next, Error> {
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
                return Ok(Next::Line);
            }
            None => {
                self.note("stopped; nothing was changed");
                return Ok(Next::Line);
            }
        };
        if let Some(sentence) = reply.sentence() {
            self.note(&sentence);
        }
        if let Some(warning) = reply.warning() {
            warn(&warning);
        }
        if let Some(opened) = opened.filter(|_| matches!(reply, Reply::Resumed)) {
            self.note(&resumed_words(&opened));
        }
        if reply.begins_session() {
            self.list_files();
            self.open().await;
        }
        self.show(reply).await
    }

    async fn show(&mut self, reply: Reply) -> Result<Next, Error> {
        match reply {
            Reply::Quit => return Ok(Next::Leave),
            Reply::Help => self.say(&help(text_columns()))?,
            Reply::Search(request) => self.search(&request).await,
            Reply::Index(job) => self.index(job).await?,
            Reply::Status(status) => self.rows(&status.rows())?,
            Reply::Models(job) => self.models(&job).await?,
            Reply::Sessions { sessions, .. } if !sessions.is_empty() => {
                print(|out| {
                    sessions
                        .iter()
                        .try_for_each(|summary| sessions::write(out, summary))
                })?;
                self.note("/resume ID continues a session");
            }
            Reply::Workspaces { here, named } => {
                let mut rows = vec![("here", visible_name(&here.display().to_string()))];
                let path = |path: &std::path::PathBuf| visible_name(&path.display().to_string());
                rows.extend(named.iter().map(|(name, at)| (name.as_str(), path(at))));
                self.rows(&rows)?;
                self.note(NAMED_WORKSPACES);
            }
            Reply::Sources(Some(sources)) => self.sources(&sources)?,
            Reply::Diff(diffs) if !diffs.is_empty() => self.diff(&diffs)?,
            Reply::Tokens(tokens) => self.rows(&token_rows(&tokens))?,
            Reply::Memory(Some(memory)) => self.memory(&memory)?,
            Reply::Compacting => {
                self.turn().await?;
            }
            _ => {}
        }
        Ok(Next::Line)
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
            let progress = Progress::new();
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
                place(source),
                visible_name(symbol)
            ));
        }
        self.say(&out)
    }

    fn diff(&self, diffs: &[FileDiff]) -> Result<(), Error> {
        let diff: String = diffs.iter().map(|diff| diff.text.as_str()).collect();
        self.say(&diff::show(&diff, Kind::Diff, MOST_LINES).text)
    }

    fn memory(&self, memory: &Memory) -> Result<(), Error> {
        self.say(&format!(
            "{BOLD}{}{PLAIN}\n{}\n",
            visible_name(&memory.path),
            visible(memory.text.trim_end())
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
    let left = |command: &Command| {
        let Command { name, argument, .. } = command;
        format!("/{name} {argument}").trim_end().to_owned()
    };
    let all = || commands::commands(Place::Terminal);
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
        for command in commands::commands(Place::Terminal) {
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
