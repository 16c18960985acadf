//! Renders events for a terminal.
//!
//! While work is in progress and no line is half written, the last row shows what it is, with the
//! last lines of a running command below it; these rows are removed before anything else is
//! written. Without colours there are none, since such terminals may lack the control sequences.

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::super::style::{BOLD, DIM, ERROR, GOOD, PLAIN, WARNING, count, counted, visible_name};
use super::super::width::truncate;
use super::super::wrap::wrapped;
use super::diff::{self, FoldedKind};
use super::markdown::{Look, Markdown};
use super::status::UsageLine;
use crate::conversation::messages::{duration, facts, reason};
use crate::conversation::turn_facts::{fact_lines, not_seen_words};
use crate::engine::event::{Event, ToolOutcome, TurnEnd, TurnFacts};
use crate::message::Source;
use crate::tools::Toolbox;
use crate::visible::escape_hidden;

/// Maximum sources in the line after a search.
const MOST_SOURCES: usize = 3;
/// Maximum lines of a change that was not shown in an approval.
const MOST_OF_DIFF: usize = 24;
/// Maximum lines of a command's output.
const MOST_OF_OUTPUT: usize = 10;
/// Maximum lines of the output of a command of the user.
const MOST_OF_OWN_OUTPUT: usize = 200;
/// The tool whose details are a command's output.
const COMMAND: &str = "run_command";

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Clears the current row.
const TAKE_AWAY: &str = "\r\x1b[2K";
/// Clears the row above.
const TAKE_UPPER_AWAY: &str = "\x1b[1A\x1b[2K";
/// Rows of the screen that the output of a running command leaves free.
const FREE_ROWS: usize = 5;

/// Renders the events of turns.
pub struct Renderer {
    look: Look,
    markdown: Markdown,
    activity: Activity,
    /// Tool calls that have not finished.
    running: Vec<RunningTool>,
    /// Rows at the end that show the work in progress.
    drawn: usize,
    /// The last lines of the running command.
    output: Vec<String>,
    /// Rows of the screen.
    height: usize,
    /// Whether the user runs a command.
    is_users: bool,
    /// Whether the program leads the turn, so that the model is only sometimes waited for.
    is_job: bool,
    /// Whether the last text did not end with a line break.
    is_mid_row: bool,
    /// Whether the user has seen the next change in an approval.
    has_asked: bool,
    frame: usize,
    /// Usage of the last reply.
    pub spent: UsageLine,
}

/// The work in progress.
enum Activity {
    Nothing,
    Reply(Instant),
    Thoughts(Instant),
    Tool(Instant),
}

struct RunningTool {
    id: String,
    tool: String,
    what: String,
}

impl Renderer {
    pub fn new(look: Look) -> Renderer {
        Renderer {
            look,
            markdown: Markdown::new(look),
            activity: Activity::Nothing,
            running: Vec::new(),
            drawn: 0,
            output: Vec::new(),
            height: 0,
            is_users: false,
            is_job: false,
            is_mid_row: false,
            has_asked: false,
            frame: 0,
            spent: UsageLine::default(),
        }
    }

    pub fn set_size(&mut self, width: usize, height: usize) {
        self.look.width = width;
        self.height = height;
        self.markdown.set_width(width);
    }

    pub fn has_color(&self) -> bool {
        self.look.color
    }

    /// Sets whether the next command is one of the user, not of the model.
    pub fn set_user_command(&mut self, is_users: bool) {
        self.is_users = is_users;
    }

    /// Sets whether the next turn is a job.
    pub fn set_job(&mut self, is_job: bool) {
        self.is_job = is_job;
    }

    /// Whether the output of a running command would be shown.
    pub fn shows_output(&self) -> bool {
        let is_output = |call: &RunningTool| is_command(&call.tool);
        self.look.color && self.running.last().is_some_and(is_output)
    }

    /// Sets the last lines of the running command.
    pub fn set_output(&mut self, lines: Vec<String>) {
        self.output = lines;
    }

    /// Starts a turn: the model was asked.
    pub fn begin(&mut self) {
        self.activity = self.between_tools();
        self.output.clear();
        self.running.clear();
        self.has_asked = false;
    }

    /// Redraws the row that shows the work in progress.
    pub fn tick(&mut self) -> String {
        if !self.look.color || self.is_mid_row {
            return String::new();
        }
        let Some(row) = self.row() else {
            return String::new();
        };
        self.frame = (self.frame + 1) % FRAMES.len();
        let mut rows = vec![format!("{} {row}", FRAMES[self.frame])];
        if self.shows_output() {
            let most = self.height.saturating_sub(FREE_ROWS);
            let left_out = self.output.len().saturating_sub(most);
            let lines = self.output.iter().skip(left_out);
            rows.extend(lines.map(|line| format!("  {}", fitting(line))));
        }
        // A row that fills the terminal would wrap, and could not be removed.
        let columns = self.look.width.saturating_sub(1);
        let rows: Vec<String> = rows.iter().map(|row| truncate(row, columns)).collect();
        let taken_away = taken_away(self.drawn.max(1));
        self.drawn = rows.len();
        format!("{taken_away}{DIM}{}{PLAIN}", rows.join("\n"))
    }

    /// Removes the rows and ends a half-written line, before other output.
    pub fn clear(&mut self) -> String {
        let text = self.markdown.finish();
        if text.is_empty() {
            return taken_away(std::mem::take(&mut self.drawn));
        }
        self.written(text)
    }

    /// Ends the work in progress.
    pub fn end(&mut self) -> String {
        self.activity = Activity::Nothing;
        self.clear()
    }

    /// The user has seen the next change in an approval.
    pub fn asked(&mut self) {
        self.has_asked = true;
    }

    pub fn event(&mut self, event: &Event) -> String {
        let text = match event {
            Event::Thinking(_) => {
                if !matches!(self.activity, Activity::Thoughts(_)) {
                    self.activity = Activity::Thoughts(Instant::now());
                }
                String::new()
            }
            Event::Text(text) => {
                let mut out = self.end_thoughts();
                out.push_str(&self.markdown.push(text));
                out
            }
            Event::Replied {
                usage,
                used,
                window,
            } => {
                self.spent.note(usage, *used, *window);
                let mut out = self.end_thoughts();
                out.push_str(&self.markdown.finish());
                self.activity = Activity::Reply(Instant::now());
                out
            }
            other => {
                let mut out = self.end_thoughts();
                out.push_str(&self.markdown.finish());
                out.push_str(&self.line(other));
                out
            }
        };
        let is_over = matches!(event, Event::TurnEnded(_));
        if is_over && text.is_empty() {
            return taken_away(std::mem::take(&mut self.drawn));
        }
        self.written(text)
    }

    /// What is going on while no tool runs.
    fn between_tools(&self) -> Activity {
        if self.is_users {
            Activity::Nothing
        } else {
            Activity::Reply(Instant::now())
        }
    }

    /// Events that are shown as whole lines.
    fn line(&mut self, event: &Event) -> String {
        match event {
            Event::Retrieved { sources } => retrieved(sources, self.look.width),
            Event::ToolStarted { id, tool, what, .. } => {
                self.activity = Activity::Tool(Instant::now());
                self.running.push(RunningTool {
                    id: id.clone(),
                    tool: tool.clone(),
                    what: what.clone(),
                });
                if self.look.color {
                    String::new()
                } else {
                    format!("● {}\n", self.label(tool, what))
                }
            }
            Event::ToolFinished {
                id,
                outcome,
                summary,
                detail,
                took,
            } => {
                self.activity = self.between_tools();
                self.output.clear();
                let at = self.running.iter().position(|running| running.id == *id);
                let call = at.map(|at| self.running.remove(at));
                self.tool_finished(call.as_ref(), *outcome, summary, *took)
                    + self.detail(call.as_ref(), detail).as_str()
            }
            Event::Notice(text) => warning(text, self.look.width),
            Event::TextWasThought => {
                format!("{DIM}(the text above was the model's thinking){PLAIN}\n")
            }
            Event::Compacted { before, after } => format!(
                "{DIM}compacted: {} → {}{PLAIN}\n",
                count(u64::from(*before)),
                counted(u64::from(*after), "token")
            ),
            Event::Citations { wrong, not_seen } => {
                citations(wrong, self.look.width)
                    + not_looked_at(not_seen, self.look.width).as_str()
            }
            Event::AskedAgain { why } => warning(why, self.look.width),
            Event::TurnFacts(facts) => turn_facts(facts, self.look.width),
            Event::TurnEnded(end) => {
                self.activity = Activity::Nothing;
                turn_ended(end, self.look.width)
            }
            Event::Thinking(_)
            | Event::Text(_)
            | Event::Replied { .. }
            | Event::ApprovalAsked { .. }
            | Event::QuestionAsked { .. }
            | Event::Task(_) => String::new(),
        }
    }

    fn tool_finished(
        &self,
        call: Option<&RunningTool>,
        outcome: ToolOutcome,
        summary: &str,
        took: Duration,
    ) -> String {
        let name = call.map_or_else(String::new, |call| self.label(&call.tool, &call.what));
        let style = match outcome {
            ToolOutcome::Done => GOOD,
            ToolOutcome::Failed => ERROR,
            ToolOutcome::Denied => WARNING,
        };
        let facts = facts(outcome, summary, took);
        if self.look.color {
            let line = format!("{style}●{PLAIN} {name}{DIM} · {facts}{PLAIN}");
            wrapped(&line, 0, "  ", self.look.width) + "\n"
        } else {
            format!("  {facts}\n")
        }
    }

    /// The change of a tool, unless the user has just seen it, or its output.
    fn detail(&mut self, call: Option<&RunningTool>, detail: &str) -> String {
        let has_asked = std::mem::take(&mut self.has_asked);
        // Output of a command may look like a diff, but was not shown before.
        let is_output = call.is_some_and(|call| is_command(&call.tool));
        if !is_output && diff::is_diff(detail) {
            if has_asked {
                return String::new();
            }
            return diff::show(detail, FoldedKind::Diff, MOST_OF_DIFF).text;
        }
        if self.is_users {
            return diff::show(detail, FoldedKind::Text, MOST_OF_OWN_OUTPUT).text;
        }
        let output = diff::show(detail, FoldedKind::Text, MOST_OF_OUTPUT).text;
        if output.is_empty() {
            return output;
        }
        format!("{DIM}{output}{PLAIN}")
    }

    fn end_thoughts(&mut self) -> String {
        let Activity::Thoughts(since) = self.activity else {
            return String::new();
        };
        self.activity = Activity::Reply(Instant::now());
        format!("{DIM}thought for {}{PLAIN}\n", duration(since.elapsed()))
    }

    fn row(&self) -> Option<String> {
        let (what, since) = match &self.activity {
            Activity::Nothing => return None,
            Activity::Reply(since) if self.is_job => ("working".to_owned(), since),
            Activity::Reply(since) => ("waiting for the model".to_owned(), since),
            Activity::Thoughts(since) => ("thinking".to_owned(), since),
            Activity::Tool(since) => {
                let running = self.running.last()?;
                (self.plain_label(&running.tool, &running.what), since)
            }
        };
        let seconds = since.elapsed().as_secs();
        Some(if seconds == 0 {
            what
        } else {
            format!("{what} · {seconds} s · Ctrl-C stops")
        })
    }

    /// Removes the row before a text, and notes whether the text ends its line.
    fn written(&mut self, text: String) -> String {
        if text.is_empty() {
            return text;
        }
        self.is_mid_row = !text.ends_with('\n');
        taken_away(std::mem::take(&mut self.drawn)) + text.as_str()
    }

    /// The name of a tool; a command of the user has the sign with which it was typed.
    fn name<'a>(&self, tool: &'a str) -> &'a str {
        if self.is_users { "!" } else { tool }
    }

    fn label(&self, tool: &str, what: &str) -> String {
        let tool = visible_name(self.name(tool));
        let label = format!("{BOLD}{tool}{PLAIN} {}", visible_name(what));
        label.trim_end().to_owned()
    }

    fn plain_label(&self, tool: &str, what: &str) -> String {
        format!("{} {}", visible_name(self.name(tool)), visible_name(what))
    }
}

/// Whether what a tool prints is the output of a command: the user's own tools are commands, too.
fn is_command(tool: &str) -> bool {
    tool == COMMAND || Toolbox::builtin().get(tool).is_none()
}

/// Removes a number of rows at the end, the last of which has the cursor.
fn taken_away(rows: usize) -> String {
    match rows.checked_sub(1) {
        None => String::new(),
        Some(upper) => format!("{TAKE_AWAY}{}", TAKE_UPPER_AWAY.repeat(upper)),
    }
}

/// A line of output as a row: a tab has no width of its own.
fn fitting(line: &str) -> String {
    visible_name(&line.replace('\t', "    "))
}

/// `src/a.rs:1-20`
pub fn source_location(source: &Source) -> String {
    let path = visible_name(&source.path);
    format!("{path}:{}-{}", source.start_line, source.end_line)
}

fn retrieved(sources: &[Source], columns: usize) -> String {
    if sources.is_empty() {
        return String::new();
    }
    let mut places: Vec<String> = sources
        .iter()
        .take(MOST_SOURCES)
        .map(source_location)
        .collect();
    let more = sources.len() - places.len();
    if more > 0 {
        places.push(format!("{more} more"));
    }
    let line = format!("context: {}", places.join(", "));
    format!("{DIM}{}{PLAIN}\n", wrapped(&line, 0, "  ", columns))
}

fn citations(wrong: &[(String, String)], width: usize) -> String {
    const LEAD: &str = "wrong citation: ";
    let mut out = String::new();
    for (citation, reason) in wrong {
        let text = format!("{} ({})", visible_name(citation), visible_name(reason));
        let text = wrapped(&text, LEAD.len(), "  ", width);
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{WARNING}{}{PLAIN} {text}", LEAD.trim_end());
    }
    out
}

fn warning(text: &str, width: usize) -> String {
    let text = wrapped(&escape_hidden(text), "note: ".len(), "", width);
    format!("{WARNING}note:{PLAIN} {text}\n")
}

fn not_looked_at(places: &[String], width: usize) -> String {
    if places.is_empty() {
        return String::new();
    }
    warning(&not_seen_words(places), width)
}

/// What the turn did; what the user should look at is marked.
fn turn_facts(facts: &TurnFacts, width: usize) -> String {
    let lines = fact_lines(facts).into_iter().map(|line| {
        if line.is_warning {
            return warning(&line.text, width);
        }
        format!("{DIM}{}{PLAIN}\n", wrapped(&line.text, 0, "  ", width))
    });
    lines.collect()
}

fn turn_ended(end: &TurnEnd, width: usize) -> String {
    let why = |lead: &str| wrapped(&escape_hidden(&reason(end)), lead.len(), "", width);
    match end {
        TurnEnd::Answered | TurnEnd::Planned => String::new(),
        TurnEnd::Stopped => format!("{WARNING}stopped{PLAIN}\n"),
        TurnEnd::Cut | TurnEnd::StepLimit(_) | TurnEnd::Stuck(_) => {
            format!("{WARNING}stopped:{PLAIN} {}\n", why("stopped: "))
        }
        TurnEnd::Failed(_) => format!("{ERROR}error:{PLAIN} {}\n", why("error: ")),
    }
}
