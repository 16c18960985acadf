//! What can be typed with a slash: ONE table, from which every front end takes its commands, its
//! help and its completion.

use anyhow::{Error, anyhow};
use ollacode_indexer::{Freshness, SearchRequest};

use super::opening::OpenRequest;
use super::reply::{ChangeKind, IndexJob, ModeChange, ModelsJob, Reply};
use super::turn::Job;
use super::{Conversation, OpenSession};
use crate::permission::Mode;
use crate::session::{self, SessionSummary};

/// Hits that `/search` shows.
const HITS: usize = 5;

/// A command.
pub struct Command {
    /// Without its slash: small letters only.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// What may stand behind it, as help shows it; empty if that is nothing.
    pub argument: &'static str,
    /// Values that completion offers for it.
    pub values: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
    /// Where it can be typed.
    pub place: Place,
    action: Action,
}

/// Where a command can be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In every front end.
    Everywhere,
    /// At the terminal only.
    Terminal,
    /// In a chat only, where messages arrive while a turn runs.
    Chat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Start,
    Help,
    Search,
    Stop,
    New,
    Diff,
    Undo,
    Redo,
    Sources,
    Plan,
    Approve,
    Model,
    Status,
    Index,
    Workspace,
    Sessions,
    Resume,
    Compact,
    Tokens,
    Memory,
    Quit,
}

const fn command(
    action: Action,
    name: &'static str,
    argument: &'static str,
    help: &'static str,
) -> Command {
    Command {
        name,
        aliases: &[],
        argument,
        values: &[],
        help,
        place: Place::Everywhere,
        action,
    }
}

/// Every command, in the order of the help.
pub static COMMANDS: &[Command] = &[
    Command {
        place: Place::Chat,
        ..command(
            Action::Start,
            "start",
            "",
            "say who answers, and about what",
        )
    },
    Command {
        aliases: &["?"],
        ..command(Action::Help, "help", "", "list the commands")
    },
    command(
        Action::Search,
        "search",
        "QUERY",
        "search the code without the model",
    ),
    Command {
        place: Place::Chat,
        ..command(
            Action::Stop,
            "stop",
            "",
            "stop the model, and drop the messages that wait",
        )
    },
    Command {
        aliases: &["clear"],
        ..command(
            Action::New,
            "new",
            "",
            "begin a new session; this one can be resumed",
        )
    },
    command(Action::Diff, "diff", "", "show what this session changed"),
    command(
        Action::Undo,
        "undo",
        "",
        "undo the changes of the last turn",
    ),
    command(
        Action::Redo,
        "redo",
        "",
        "redo the changes that were undone",
    ),
    command(
        Action::Sources,
        "sources",
        "",
        "show the code that the last answer is based on",
    ),
    command(
        Action::Plan,
        "plan",
        "",
        "switch plan mode on or off: read only, and make a plan",
    ),
    Command {
        values: &["ask", "auto-edit", "auto-approve"],
        ..command(
            Action::Approve,
            "approve",
            "[mode]",
            "choose what needs your approval: the next mode, or the one named",
        )
    },
    Command {
        aliases: &["models"],
        ..command(
            Action::Model,
            "model",
            "[name]",
            "list the models, or continue with another one",
        )
    },
    command(
        Action::Status,
        "status",
        "",
        "show model, mode, session and index",
    ),
    command(Action::Index, "index", "", "update the index"),
    command(
        Action::Workspace,
        "workspace",
        "[name]",
        "list the workspaces, or switch to another one",
    ),
    command(
        Action::Sessions,
        "sessions",
        "",
        "list the sessions of this workspace",
    ),
    command(
        Action::Resume,
        "resume",
        "[id]",
        "continue an earlier session",
    ),
    command(
        Action::Compact,
        "compact",
        "",
        "summarize the conversation to free the context window",
    ),
    command(
        Action::Tokens,
        "tokens",
        "",
        "show what fills the context window",
    ),
    command(
        Action::Memory,
        "memory",
        "",
        "show the project instructions that the model is given",
    ),
    Command {
        aliases: &["exit", "q"],
        place: Place::Terminal,
        ..command(Action::Quit, "quit", "", "leave")
    },
];

/// The commands of a front end: [`Place::Terminal`] or [`Place::Chat`].
pub fn commands(place: Place) -> impl Iterator<Item = &'static Command> {
    let is_there = move |command: &&Command| [Place::Everywhere, place].contains(&command.place);
    COMMANDS.iter().filter(is_there)
}

/// What a text means.
pub enum Parsed<'a> {
    /// A question for the model.
    Question,
    /// A command, and its argument.
    Command(&'static Command, &'a str),
    /// A command that does not exist, with its slash; names that are close to it.
    Unknown(&'a str, Vec<&'static str>),
}

/// Tells commands from questions. A command is one line with `/`, a word of letters (or `?`), and
/// white space or the end behind it: paths and pasted code are questions. The beginning of a name
/// suffices where no other command has it.
pub fn parse(text: &str, place: Place) -> Parsed<'_> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('/') else {
        return Parsed::Question;
    };
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_name = word == "?" || word.chars().all(char::is_alphabetic);
    // A slash alone was not typed to its end.
    if !is_name || text.contains('\n') || (word.is_empty() && !rest.is_empty()) {
        return Parsed::Question;
    }
    let name = word.to_lowercase();
    let named =
        |command: &&Command| command.name == name || command.aliases.contains(&name.as_str());
    if let Some(command) = commands(place).find(named) {
        return Parsed::Command(command, argument.trim());
    }
    let begins = |command: &&Command| !name.is_empty() && command.name.starts_with(&name);
    let fitting: Vec<&'static Command> = commands(place).filter(begins).collect();
    let typed = &text[..1 + word.len()];
    match fitting.as_slice() {
        [only] => Parsed::Command(only, argument.trim()),
        [] => Parsed::Unknown(typed, nearest(&name, place)),
        several => Parsed::Unknown(typed, several.iter().map(|command| command.name).collect()),
    }
}

/// What is said of a command that does not exist.
pub fn unknown(typed: &str, nearest: &[&str]) -> String {
    let typed = crate::visible::visible_name(typed);
    if nearest.is_empty() {
        return format!("there is no command {typed}; /help lists them");
    }
    let nearest: Vec<String> = nearest.iter().map(|name| format!("/{name}")).collect();
    format!(
        "there is no command {typed}; did you mean {}?",
        nearest.join(" or ")
    )
}

/// Commands that share the longest beginning with what was typed.
fn nearest(typed: &str, place: Place) -> Vec<&'static str> {
    let shared = |name: &str| {
        let pairs = name.chars().zip(typed.chars());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let most = commands(place).map(|command| shared(command.name)).max();
    let most = most.filter(|most| *most > 1);
    commands(place)
        .map(|command| command.name)
        .filter(|name| Some(shared(name)) == most)
        .collect()
}

impl Conversation {
    /// Carries out a command. Where it waits for a server it can be cancelled, and changes nothing.
    pub async fn command(&mut self, command: &Command, argument: &str) -> Result<Reply, Error> {
        Ok(match command.action {
            Action::Start => Reply::Greeting(self.workspace.root().to_owned()),
            Action::Help => Reply::Help,
            Action::Quit => Reply::Quit,
            Action::Stop => Reply::Stopped(self.stop()),
            Action::Search => self.search(argument),
            Action::Index => self.index(),
            Action::Status => Reply::Status(Box::new(self.status().await)),
            Action::Sessions => self.sessions()?,
            Action::Workspace if argument.is_empty() => Reply::Workspaces {
                here: self.workspace.root().to_owned(),
                named: self.shared.workspaces.named().clone(),
            },
            Action::Model if argument.is_empty() => Reply::Models(ModelsJob {
                workspace: self.workspace.clone(),
                current: self.model_name(),
            }),
            _ if self.is_busy() => Reply::Busy,
            Action::New => self.new_session(),
            Action::Model => self.choose_model(argument).await?,
            Action::Plan => self.toggle_plan(),
            Action::Approve => self.approve(argument)?,
            Action::Workspace => self.enter(argument)?,
            Action::Resume => self.resume(argument).await?,
            Action::Sources => Reply::Sources(self.sources()),
            Action::Compact => self.compact().await?,
            Action::Tokens => {
                let open = self.opened_session().await?;
                Reply::Tokens(open.engine.tokens(&open.session))
            }
            Action::Memory => Reply::Memory(self.opened_session().await?.engine.memory()),
            Action::Diff => self.diff().await?,
            Action::Undo => self.change(ChangeKind::Undo).await?,
            Action::Redo => self.change(ChangeKind::Redo).await?,
        })
    }

    async fn opened_session(&mut self) -> Result<&mut OpenSession, Error> {
        self.open().await?;
        let lost = || anyhow!("the session is not open");
        self.open.as_mut().ok_or_else(lost)
    }

    fn search(&self, query: &str) -> Reply {
        if query.is_empty() {
            return Reply::Usage("/search QUERY, such as: /search where are sessions stored");
        }
        if self.workspace.needs_leave_to_index() {
            return Reply::NotIndexed;
        }
        Reply::Search(SearchRequest {
            query: query.to_owned(),
            limit: HITS,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: Freshness::Refresh,
        })
    }

    fn index(&mut self) -> Reply {
        let stop = self.shared.stop.child_token();
        self.indexing = Some(stop.clone());
        Reply::Index(IndexJob::new(self.workspace.clone(), stop))
    }

    fn sessions(&self) -> Result<Reply, Error> {
        let folder = self.workspace.app.sessions_folder();
        let mut sessions = session::sessions(&folder)?;
        sessions.retain(|summary| self.may_resume(&summary.id));
        let current = self.session.clone();
        Ok(Reply::Sessions { sessions, current })
    }

    fn new_session(&mut self) -> Reply {
        let asked = |open: &OpenSession| open.session.turn > 0;
        let before = self.session.clone();
        let before = before.filter(|_| self.open.as_ref().is_none_or(asked));
        self.renew();
        Reply::NewSession { before }
    }

    fn toggle_plan(&mut self) -> Reply {
        self.set_mode(self.work_mode, !self.is_planning);
        self.mode_change()
    }

    fn approve(&mut self, wanted: &str) -> Result<Reply, Error> {
        let modes: &[Mode] = if self.shared.offers_auto_approve {
            &[Mode::Ask, Mode::AutoEdit, Mode::AutoApprove]
        } else {
            &[Mode::Ask, Mode::AutoEdit]
        };
        let mode = if wanted.is_empty() {
            let at = modes.iter().position(|mode| *mode == self.work_mode);
            Some(modes[(at.map_or(0, |at| at + 1)) % modes.len()])
        } else {
            modes.iter().copied().find(|mode| mode.name() == wanted)
        };
        let Some(mode) = mode else {
            if wanted == Mode::AutoApprove.name() {
                return Err(anyhow!(
                    "`auto-approve` can only be chosen when ollacode is started: \
                     `ollacode telegram --auto-approve`"
                ));
            }
            let names: Vec<String> = modes
                .iter()
                .map(|mode| format!("`{}`", mode.name()))
                .collect();
            return Err(anyhow!("the modes are {}", names.join(", ")));
        };
        self.set_mode(mode, self.is_planning);
        Ok(self.mode_change())
    }

    fn mode_change(&self) -> Reply {
        Reply::Mode(ModeChange {
            mode: self.mode(),
            work_mode: self.work_mode,
            confinement: self.confinement(),
        })
    }

    fn enter(&mut self, name: &str) -> Result<Reply, Error> {
        let workspace = self.shared.workspaces.find(name)?;
        self.let_go();
        self.reset_mode();
        self.workspace = workspace;
        self.session = None;
        self.connected = None;
        self.register(None);
        Ok(Reply::Entered(self.workspace.root().to_owned()))
    }

    /// Continues another session, with the model and the mode that it had.
    async fn resume(&mut self, given: &str) -> Result<Reply, Error> {
        let folder = self.workspace.app.sessions_folder();
        let id = if given.is_empty() {
            let known = session::sessions(&folder)?;
            let mut others = known.into_iter().map(|summary: SessionSummary| summary.id);
            let found = others.find(|id| Some(id) != self.session.as_ref() && self.may_resume(id));
            found.ok_or_else(|| anyhow!("there is no other session to continue"))?
        } else {
            self.find(&folder, given)?
        };
        if self.session.as_ref() == Some(&id) {
            self.open().await?;
            return Ok(Reply::Resumed);
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
        Ok(Reply::Resumed)
    }

    async fn choose_model(&mut self, name: &str) -> Result<Reply, Error> {
        let connector = &self.shared.connector;
        let connecting = connector.connect(&self.workspace.app, Some(name));
        let model = self.soon(connecting).await?;
        let profile = model.profile().clone();
        if let Some(open) = &mut self.open {
            open.session.set_model(model.clone())?;
        }
        self.connected = Some(model);
        self.model = Some(name.to_owned());
        Ok(Reply::ModelChosen(profile))
    }

    fn sources(&self) -> Option<Vec<crate::message::Source>> {
        match (&self.open, &self.session) {
            (Some(open), _) => Some(open.session.sources.clone()),
            // The session was let go of meanwhile.
            (None, Some(_)) => None,
            (None, None) => Some(Vec::new()),
        }
    }

    async fn compact(&mut self) -> Result<Reply, Error> {
        self.opened_session().await?;
        self.start(Job::Compact);
        Ok(Reply::Compacting)
    }

    async fn diff(&mut self) -> Result<Reply, Error> {
        if self.session.is_none() {
            return Ok(Reply::Diff(Vec::new()));
        }
        Ok(Reply::Diff(
            self.opened_session().await?.engine.file_diffs(),
        ))
    }

    async fn change(&mut self, kind: ChangeKind) -> Result<Reply, Error> {
        if self.session.is_none() {
            return Ok(Reply::Diff(Vec::new()));
        }
        let open = self.opened_session().await?;
        let changed = match kind {
            ChangeKind::Undo => open.engine.undo(&mut open.session),
            ChangeKind::Redo => open.engine.redo(&mut open.session),
        };
        Ok(Reply::Changed(kind, changed?))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What a line means: `name|argument`, `?` for a question, `!a b` for no command but these.
    fn meaning(text: &str, place: Place) -> String {
        match parse(text, place) {
            Parsed::Question => "?".to_owned(),
            Parsed::Command(command, argument) => format!("{}|{argument}", command.name),
            Parsed::Unknown(_, nearest) => format!("!{}", nearest.join(" ")),
        }
    }

    #[test]
    fn every_front_end_has_every_command_but_those_of_its_own() {
        let names =
            |place| -> BTreeSet<&str> { commands(place).map(|command| command.name).collect() };
        let [terminal, chat] = [Place::Terminal, Place::Chat].map(names);
        let only = |one: &BTreeSet<&'static str>, other: &BTreeSet<&'static str>| {
            one.difference(other).copied().collect::<Vec<&str>>()
        };
        assert_eq!(only(&terminal, &chat), ["quit"]);
        assert_eq!(only(&chat, &terminal), ["start", "stop"]);
        let all: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
        assert_eq!(all, &terminal | &chat);
    }

    #[test]
    fn every_command_stands_on_the_page_of_its_front_end() {
        for (page, place) in [
            (include_str!("../../docs/chat.md"), Place::Terminal),
            (include_str!("../../docs/telegram.md"), Place::Chat),
        ] {
            let row = |command: &Command| {
                let typed = format!("/{} {}", command.name, command.argument);
                let names = [typed.trim_end().to_owned()].into_iter();
                let aliases = command.aliases.iter().map(|alias| format!("/{alias}"));
                let names: Vec<String> = names
                    .chain(aliases)
                    .map(|name| format!("`{name}`"))
                    .collect();
                format!("| {} | {} |", names.join(", "), command.help)
            };
            let wanted: Vec<String> = commands(place).map(row).collect();
            let found: Vec<&str> = page
                .lines()
                .filter(|line| line.starts_with("| `/"))
                .collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn names_are_unique_and_such_as_telegram_takes() {
        let mut seen = BTreeSet::new();
        for command in COMMANDS {
            let is_small = |byte: u8| byte.is_ascii_lowercase();
            assert!(command.name.len() <= 32 && command.name.bytes().all(is_small));
            assert!((3..=256).contains(&command.help.len()), "{}", command.name);
            for name in command.aliases.iter().chain([&command.name]) {
                assert!(seen.insert(*name), "{name}");
            }
        }
    }

    #[test]
    fn commands_are_found_by_name_alias_and_beginning() {
        for (line, expected) in [
            ("/help", "help|"),
            ("  /SEARCH  where is it ", "search|where is it"),
            ("/clear", "new|"),
            ("/app auto-edit", "approve|auto-edit"),
            ("/und", "undo|"),
            ("/models", "model|"),
            ("/?", "help|"),
            ("/se", "!search sessions"),
            ("/modle", "!model"),
            ("/xyz", "!"),
            ("/xyz and more", "!"),
            ("/", "!"),
        ] {
            for place in [Place::Terminal, Place::Chat] {
                assert_eq!(meaning(line, place), expected, "{line}");
            }
        }
        assert_eq!(meaning("/q", Place::Terminal), "quit|");
        assert_eq!(meaning("/exit", Place::Terminal), "quit|");
        assert_eq!(meaning("/stop", Place::Chat), "stop|");
        assert_eq!(meaning("/quit", Place::Chat), "!");
    }

    #[test]
    fn code_and_paths_are_questions() {
        for text in [
            "// fix this",
            "/* fix this */",
            "/home/me/a.rs:10: error",
            "/search one\ntwo",
            "/ help",
            "/help,",
            "/??",
            "help",
            "what is /help",
            "",
        ] {
            assert_eq!(meaning(text, Place::Terminal), "?", "{text:?}");
        }
    }

    #[test]
    fn a_command_that_does_not_exist_gets_a_hint() {
        let said = unknown("/modle", &["model"]);
        assert_eq!(said, "there is no command /modle; did you mean /model?");
        let said = unknown("/xyz", &[]);
        assert_eq!(said, "there is no command /xyz; /help lists them");
    }
}
