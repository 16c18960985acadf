//! What can be said with a slash: one table, from which help, Telegram's menu and lookup come.

use super::super::outbox::Payload;
use super::super::rich::{Rich, Span, Style};
use super::Conversation;
use crate::frontends::words::{mode_name, mode_words, visible_name};
use crate::permission::Mode;

/// A command.
pub struct Command {
    /// Without its slash: small letters, as Telegram wants it.
    pub name: &'static str,
    /// What may stand behind it; empty if that is nothing.
    pub argument: &'static str,
    /// What it does.
    pub help: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Start,
    Help,
    New,
    Stop,
    Model,
    Status,
    Index,
    Search,
    Sources,
    Diff,
    Undo,
    Redo,
    Plan,
    Approve,
    Workspace,
    Resume,
    Sessions,
    Unknown,
}

const fn command(
    kind: Kind,
    name: &'static str,
    argument: &'static str,
    help: &'static str,
) -> Command {
    Command {
        name,
        argument,
        help,
        kind,
    }
}

/// Every command, in the order of the help.
pub static COMMANDS: &[Command] = &[
    command(Kind::Start, "start", "", "say who answers, and about what"),
    command(Kind::Help, "help", "", "list the commands"),
    command(
        Kind::Search,
        "search",
        "QUERY",
        "find code, without the model",
    ),
    command(
        Kind::Stop,
        "stop",
        "",
        "stop the model, and drop what waits",
    ),
    command(
        Kind::New,
        "new",
        "",
        "begin a new session; this one can be resumed",
    ),
    command(Kind::New, "clear", "", "the same as /new"),
    command(Kind::Diff, "diff", "", "show what this session changed"),
    command(
        Kind::Undo,
        "undo",
        "",
        "take back what the last turn changed",
    ),
    command(Kind::Redo, "redo", "", "do again what was taken back"),
    command(
        Kind::Sources,
        "sources",
        "",
        "show what the last answer stood on",
    ),
    command(
        Kind::Plan,
        "plan",
        "",
        "look only and make plans, or go back to work",
    ),
    command(
        Kind::Approve,
        "approve",
        "[mode]",
        "what is asked: ask or auto-edit",
    ),
    command(
        Kind::Model,
        "model",
        "[name]",
        "list the models, or go on with another one",
    ),
    command(
        Kind::Status,
        "status",
        "",
        "show model, mode, session and index",
    ),
    command(Kind::Index, "index", "", "bring the index up to date"),
    command(
        Kind::Workspace,
        "workspace",
        "[name]",
        "list the folders, or go to another one",
    ),
    command(
        Kind::Sessions,
        "sessions",
        "",
        "list the sessions of this folder",
    ),
    command(
        Kind::Resume,
        "resume",
        "[id]",
        "go on with an earlier session",
    ),
];

static UNKNOWN: Command = command(Kind::Unknown, "", "", "");

/// Reads a message that begins with a slash; `None` if it is a question. Paths and pasted code
/// are questions.
pub fn parse(text: &str) -> Option<(&'static Command, &str)> {
    let text = text.trim();
    let rest = text.strip_prefix('/')?;
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_word = !word.is_empty() && word.chars().all(char::is_alphabetic);
    if !is_word || argument.contains('\n') {
        return None;
    }
    let name = word.to_lowercase();
    let found = COMMANDS.iter().find(|command| command.name == name);
    Some((found.unwrap_or(&UNKNOWN), argument.trim()))
}

impl Conversation {
    /// Does what a command says.
    pub(super) async fn command(&mut self, command: &Command, argument: &str) {
        match command.kind {
            Kind::Start => self.greet(),
            Kind::Help => self.help(),
            Kind::Unknown => self.say("there is no such command; /help lists them"),
            Kind::Stop => self.stop(),
            Kind::Search => self.search(argument),
            Kind::Index => self.index(),
            Kind::Status => self.status().await,
            Kind::Sessions => self.list_sessions(),
            Kind::Workspace if argument.is_empty() => self.list_workspaces(),
            Kind::Model if argument.is_empty() => self.list_models(),
            _ if self.is_busy() => {}
            Kind::New => self.new_session(),
            Kind::Model => self.choose_model(argument).await,
            Kind::Sources => self.sources(),
            Kind::Plan => self.toggle_plan(),
            Kind::Approve => self.approve(argument),
            Kind::Workspace => self.go_to(argument),
            Kind::Resume => self.go_on(argument).await,
            Kind::Diff | Kind::Undo | Kind::Redo => self.change(command.kind).await,
        }
    }

    fn greet(&self) {
        let mut text = Rich::default();
        let plain = Style::default();
        text.push("I answer questions about ", &plain);
        text.push(
            &self.desk.root().display().to_string(),
            &plain.with(Span::Code),
        );
        text.push(
            ", and change it if you allow that. Write a question, such as: where are sessions \
             stored?\n/help lists the commands.",
            &plain,
        );
        self.send(text);
    }

    fn help(&self) {
        let mut text = Rich::default();
        for command in COMMANDS {
            let left = format!("/{} {}", command.name, command.argument);
            let line = format!("{}: {}\n", left.trim_end(), command.help);
            text.push(&line, &Style::default());
        }
        text.push(
            "\n@path in a question puts a file before the model; files and photos can be sent \
             with one.",
            &Style::default(),
        );
        self.send(text);
    }

    fn new_session(&mut self) {
        let before = self.session.clone();
        self.renew();
        match before {
            Some(id) => self.say(&format!(
                "a new session; /resume {id} goes on with the last one"
            )),
            None => self.say("a new session"),
        }
    }

    fn toggle_plan(&mut self) {
        self.withdraw_plan();
        self.plans = !self.plans;
        self.is_mode_chosen = true;
        self.say_mode();
    }

    fn approve(&mut self, wanted: &str) {
        // A plan was offered in the mode before.
        self.withdraw_plan();
        self.work_mode = match (wanted, self.work_mode) {
            ("ask", _) => Mode::Ask,
            ("auto-edit", _) => Mode::AutoEdit,
            ("auto-approve", _) if self.hub.how.auto_approve => Mode::AutoApprove,
            ("auto-approve", _) => {
                return self
                    .say("that is chosen at the machine only: `ollacode telegram --auto-approve`");
            }
            ("", Mode::Ask) => Mode::AutoEdit,
            ("", _) => Mode::Ask,
            _ => return self.say("the modes are `ask` and `auto-edit`"),
        };
        self.is_mode_chosen = true;
        self.say_mode();
    }

    fn say_mode(&self) {
        let mode = self.seat().mode;
        let confinement = self.confinement();
        let words = mode_words(mode, confinement);
        self.say(&format!("mode {}: {words}", mode_name(mode)));
    }

    fn go_to(&mut self, name: &str) {
        let desk = match self.hub.desks.find(name) {
            Ok(desk) => desk,
            Err(error) => return self.say_error(&error),
        };
        self.release();
        self.forget();
        self.desk = desk;
        self.session = None;
        self.hub.ledger().set(self.who, self.desk.root(), None);
        let shown = visible_name(&self.desk.root().display().to_string());
        self.say(&format!(
            "a new session in {shown}; /resume goes on with an earlier one"
        ));
    }

    async fn go_on(&mut self, given: &str) {
        if let Err(error) = self.resume(given).await {
            return self.say_error(&error);
        }
        let Some(held) = &self.held else {
            return;
        };
        let noun = if held.session.turn == 1 {
            "question"
        } else {
            "questions"
        };
        let (id, turns) = (&held.session.id, held.session.turn);
        let mode = mode_name(held.session.mode);
        let text = format!("session {id} goes on after {turns} {noun}, in mode {mode}");
        self.say(&text);
    }

    async fn change(&mut self, kind: Kind) {
        if self.session.is_none() {
            return self.say("this session has changed nothing");
        }
        if let Err(error) = self.hold().await {
            return self.say_error(&error);
        }
        let Some(held) = &mut self.held else {
            return;
        };
        let (what, changed) = match kind {
            Kind::Undo => ("taken back", held.engine.undo(&mut held.session)),
            Kind::Redo => ("done again", held.engine.redo(&mut held.session)),
            _ => {
                let diffs = held.engine.file_diffs();
                return self.show_diff(&diffs);
            }
        };
        match changed {
            Ok(undone) => self.say_undone(what, &undone),
            // Nothing was touched, and why is said.
            Err(error) => self.say_error(&error.into()),
        }
    }

    pub(super) fn send(&self, text: Rich) {
        let payload = Payload::text(text.made_visible());
        self.hub.outbox.send(self.who.room(), payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_documented() {
        let page = include_str!("../../../../docs/telegram.md");
        for Command { name, .. } in COMMANDS {
            let is_there = [format!("`/{name}`"), format!("`/{name} ")]
                .iter()
                .any(|code| page.contains(code));
            assert!(is_there, "docs/telegram.md does not describe /{name}");
        }
    }

    #[test]
    fn commands_are_told_from_questions() {
        for (text, expected) in [
            ("/help", Some(("help", ""))),
            (" /SEARCH  where is it ", Some(("search", "where is it"))),
            ("/nonsense", Some(("", ""))),
            ("/etc/hosts: what is it?", None),
            ("// why?", None),
            ("/search a\nb", None),
            ("/", None),
            ("help", None),
        ] {
            let found = parse(text).map(|(command, argument)| (command.name, argument));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn telegram_takes_the_names() {
        for command in COMMANDS {
            let is_sign = |byte: u8| byte.is_ascii_lowercase();
            assert!(command.name.len() <= 32 && command.name.bytes().all(is_sign));
            assert!((3..=256).contains(&command.help.len()), "{}", command.name);
        }
    }
}
