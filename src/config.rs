//! Settings: flags > environment > the user's file > defaults.
//!
//! Two stages. The layers are raw: [`Flags`], an [`Environment`] that was captured once, and the
//! user's file. [`Settings::load`] puts them over each other and checks every value, so that what
//! is wrong is said at the start. Nothing else in the project reads the environment, and a `.env`
//! of the workspace or of a folder above it is never read: a repository must not set anything.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fmt, io};

use tracing_subscriber::filter::Targets;

use crate::model::ollama::{Address, AddressError, ApiKey, Reach};
use crate::permission::{RulesError, UserRules};

mod layers;
mod table;
mod telegram;
mod trust;
mod typing_errors;
mod user_file;
mod values;

pub use table::{SETTINGS, Setting, example_file};
pub use telegram::{Allowed, GivenTelegram, TelegramError, TelegramSettings, Token};
pub use user_file::set as set_in_user_file;

use layers::Layers;
use user_file::UserFile;

/// Everything that can be set, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder to work on, if one was named.
    pub workspace: Option<GivenFolder>,
    pub ollama_host: Address,
    /// What to send to Ollama as proof of who asks.
    pub ollama_api_key: Option<ApiKey>,
    /// Name of the model that answers; whether the server has it was not looked at.
    pub model: String,
    /// The model's window in tokens; `None` if it is to be chosen from what fits.
    pub max_context_tokens: Option<u32>,
    /// How long the model may take for its first word.
    pub first_word: Duration,
    /// What turns texts into vectors.
    pub embed_model: EmbedModel,
    /// Whether older turns are summarised when the window is nearly full.
    pub compact: bool,
    /// Which tools the model has.
    pub tools: ToolChoice,
    /// Most steps for one question.
    pub max_steps: usize,
    /// Whether the index is searched for each question.
    pub rag: bool,
    /// Where indexes, sessions and the cache are kept; absolute, may not exist yet.
    pub data_folder: PathBuf,
    /// Larger files are not indexed, in bytes.
    pub max_file_size: u64,
    /// Most bytes of the embedding cache.
    pub cache_size: u64,
    /// Which addresses may be called.
    pub reach: Reach,
    /// What is logged to stderr.
    pub log: Targets,
    /// Whether output is coloured.
    pub color: Color,
    /// How well commands are to be held back.
    pub sandbox: SandboxChoice,
    /// Whether commands have the network.
    pub network: bool,
    /// Most bytes of memory of a command; `None`: a part of what there is.
    pub command_memory: Option<u64>,
    /// Most bytes of disk space that a command fills.
    pub command_disk: u64,
    /// What the user forbids, wants to be asked about, or allows; and named workspaces.
    pub rules: UserRules,
    /// The Telegram bot, not checked yet.
    pub telegram: GivenTelegram,
    /// What the user should know, though nothing is wrong enough to stop.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Puts the layers over each other and checks every value.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Settings, ConfigError> {
        for path in environment.settings_files() {
            trust::check(&path)?;
        }
        let file = match environment.user_file() {
            Some(path) => UserFile::read(path)?,
            None => UserFile::default(),
        };
        let rules = match environment.rules_file() {
            Some(path) => UserRules::read(&path, environment.home())?,
            None => UserRules::default(),
        };
        let layers = Layers {
            flags,
            environment,
            file: &file,
        };
        let ollama_host = layers.given("OLLAMA_HOST").address()?;
        let mut warnings = file.warnings.clone();
        warnings.extend(typing_errors::warnings(environment));
        warnings.extend(ollama_host.warning().map(str::to_owned));
        Ok(Settings {
            workspace: layers.given("WORKSPACE_DIR").workspace(environment)?,
            ollama_host,
            ollama_api_key: layers.given("OLLAMA_API_KEY").api_key()?,
            model: layers.given("OLLAMA_MODEL").model()?,
            max_context_tokens: layers.given("MAX_CONTEXT_TOKENS").window()?,
            first_word: layers.given("OLLAMA_TIMEOUT").seconds()?,
            embed_model: layers.given("OLLAMA_EMBED_MODEL").embed_model()?,
            compact: layers.given("COMPACT_MODE").is_on()?,
            tools: layers.given("OLLACODE_TOOLS").tools()?,
            max_steps: layers.given("OLLACODE_MAX_STEPS").steps()?,
            rag: layers.given("OLLACODE_RAG").is_on()?,
            data_folder: layers.given("OLLACODE_DATA_DIR").data_folder(environment)?,
            max_file_size: layers
                .given("OLLACODE_MAX_FILE_SIZE")
                .size(values::FILE_SIZES)?,
            cache_size: layers
                .given("OLLACODE_CACHE_SIZE")
                .size(values::CACHE_SIZES)?,
            reach: layers.given("OLLACODE_OFFLINE").reach()?,
            log: layers.given("OLLACODE_LOG").log()?,
            color: match flags.color {
                Color::Auto if layers.given("NO_COLOR").is_set() => Color::Never,
                wanted => wanted,
            },
            sandbox: if flags.sandbox_off {
                SandboxChoice::Off
            } else {
                layers.given("OLLACODE_SANDBOX").sandbox()?
            },
            network: flags.network,
            command_memory: layers
                .given("OLLACODE_COMMAND_MEMORY")
                .size_if_set(values::COMMAND_SIZES)?,
            command_disk: layers
                .given("OLLACODE_COMMAND_DISK")
                .size(values::COMMAND_SIZES)?,
            rules,
            telegram: layers.telegram()?,
            warnings,
        })
    }
}

/// How well commands are to be held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxChoice {
    /// As well as the system can.
    #[default]
    Best,
    /// Fully, or nothing runs.
    Required,
    /// Not at all; only the command line says this.
    Off,
}

/// What the command line says of settings.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Names of settings, the flags that give them a value, and the values.
    pub(crate) given: Vec<(&'static str, &'static str, OsString)>,
    /// `--sandbox off`, which no setting can say.
    pub sandbox_off: bool,
    pub network: bool,
    pub color: Color,
}

impl Flags {
    /// Gives a setting a value, if there is one; the flag is named where the value is wrong. The
    /// first value of a setting wins.
    #[must_use]
    pub fn with(
        mut self,
        setting: &'static str,
        flag: &'static str,
        value: Option<impl Into<OsString>>,
    ) -> Flags {
        debug_assert!(SETTINGS.iter().any(|known| known.name == setting));
        let value = value.map(|value| (setting, flag, value.into()));
        self.given.extend(value);
        self
    }
}

/// The environment of the process, captured once.
///
/// It holds secrets, so its `Debug` shows no variables.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    current_folder: PathBuf,
    home: Option<PathBuf>,
}

impl Environment {
    /// Captures the environment of this process.
    pub fn capture() -> Result<Environment, ConfigError> {
        let current_folder = env::current_dir().map_err(ConfigError::CurrentFolder)?;
        let mut environment = Environment::new(current_folder, env::vars_os());
        // Services start without HOME; the system knows it all the same.
        environment.home = environment
            .home
            .or_else(env::home_dir)
            .filter(|home| home.is_absolute());
        Ok(environment)
    }

    /// Makes an environment of its own, independent of the process.
    pub fn new<Name, Value>(
        current_folder: impl Into<PathBuf>,
        variables: impl IntoIterator<Item = (Name, Value)>,
    ) -> Environment
    where
        Name: Into<OsString>,
        Value: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let mut environment = Environment {
            variables: variables.collect(),
            current_folder: current_folder.into(),
            home: None,
        };
        environment.home = environment.folder("HOME");
        environment
    }

    /// The folder in which the process was started.
    pub fn current_folder(&self) -> &Path {
        &self.current_folder
    }

    /// All variables, secrets included: only for choosing those that commands may have.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The user's home folder.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The user's file of settings, which may not exist; `None` without a home folder.
    pub fn user_file(&self) -> Option<PathBuf> {
        let folder = self.base_folder("XDG_CONFIG_HOME", ".config")?;
        Some(folder.join("ollacode").join(".env"))
    }

    /// The user's rules, beside [`Environment::user_file`]; may not exist.
    pub fn rules_file(&self) -> Option<PathBuf> {
        Some(self.user_file()?.with_file_name("config.toml"))
    }

    /// The files that settings and rules are read from; they may not exist.
    pub fn settings_files(&self) -> Vec<PathBuf> {
        [self.user_file(), self.rules_file()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The variable that names a SOCKS proxy for a secure address, if one does.
    pub fn socks_proxy(&self) -> Option<&'static str> {
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let value = |name: &str| self.variable(name)?.to_str();
        let name = names
            .into_iter()
            .find(|name| value(name).is_some_and(|it| !it.is_empty()))?;
        let scheme = value(name)?.trim().to_ascii_lowercase();
        scheme.starts_with("socks").then_some(name)
    }

    /// Where programs keep the user's data.
    fn data_home(&self) -> Option<PathBuf> {
        self.base_folder("XDG_DATA_HOME", ".local/share")
    }

    /// The files of settings that git reads for every repository; they may not exist.
    pub fn git_files(&self) -> Vec<PathBuf> {
        let home = self.home().map(|home| home.join(".gitconfig"));
        let own = self.base_folder("XDG_CONFIG_HOME", ".config");
        let named = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"];
        let named = named.into_iter().filter_map(|name| self.folder(name));
        let repository = self.folder("GIT_DIR").map(|folder| folder.join("config"));
        [PathBuf::from("/etc/gitconfig")]
            .into_iter()
            .chain(own.map(|folder| folder.join("git/config")))
            .chain(home)
            .chain(named)
            .chain(repository)
            .collect()
    }

    fn base_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.folder(variable)
            .or_else(|| Some(self.home()?.join(below_home)))
    }

    /// A variable that names an absolute folder.
    ///
    /// Relative ones count as unset, as the XDG specification asks: they would lead into the
    /// folder that is worked on.
    fn folder(&self, variable: &str) -> Option<PathBuf> {
        let folder = PathBuf::from(self.variable(variable)?);
        folder.is_absolute().then_some(folder)
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("current_folder", &self.current_folder)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// A folder that someone named, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenFolder {
    /// Absolute; whether it exists was not looked at.
    pub path: PathBuf,
    /// Where it was named.
    pub origin: Origin,
}

/// What turns texts into vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedModel {
    /// Nothing: search is lexical only.
    None,
    /// A model of Ollama.
    Named(String),
}

/// Which tools the model has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As many as the model and its window can bear.
    #[default]
    Auto,
    /// The few that weak models can handle.
    Core,
    All,
}

/// Whether output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An argument of the command line.
    Flag(&'static str),
    Environment,
    File {
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(formatter, "`{flag}`"),
            Origin::Environment => formatter.write_str("the environment"),
            Origin::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Origin::Default => formatter.write_str("the default"),
        }
    }
}

/// Why there are no settings. Secrets are never repeated in it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that its setting does not allow.
    #[error("`{name}` is `{value}` (from {origin}), but must be {allowed}")]
    Invalid {
        name: &'static str,
        /// As given, cut to a length that can be read.
        value: String,
        /// Where it came from.
        origin: Origin,
        /// What would be right.
        allowed: String,
    },
    /// A secret that its setting does not allow.
    #[error("`{name}` (from {origin}) must be {allowed}")]
    InvalidSecret {
        name: &'static str,
        /// Where it came from.
        origin: Origin,
        /// What would be right.
        allowed: String,
    },
    /// `OLLAMA_HOST` is not an address.
    #[error("{problem} (from {origin})")]
    Address {
        /// What is wrong with it.
        problem: AddressError,
        /// Where it came from.
        origin: Origin,
    },
    /// A name in the user's file that looks like a setting and is none.
    #[error("{path}:{line}: there is no setting `{name}`; there are {known}")]
    Unknown {
        path: PathBuf,
        /// From 1.
        line: usize,
        name: String,
        /// The settings with such names.
        known: String,
    },
    /// A line of the user's file that cannot be read. It may hold a secret: it is not repeated.
    #[error("{path}:{line}: {problem}")]
    Line {
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The user's file is there and cannot be read.
    #[error("cannot read the settings in {path}")]
    UserFile { path: PathBuf, source: io::Error },
    /// Somebody else could have written the settings or rules.
    #[error("{path} is not obeyed, since {problem}: `{fix}`")]
    Untrusted {
        /// The file, or its folder.
        path: PathBuf,
        problem: String,
        /// The command that changes that.
        fix: String,
    },
    /// The user's rules do not hold.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A path needs the home folder, and nobody knows it.
    #[error("`{name}` needs your home folder, and `HOME` is not set; set `{name}` to a full path")]
    NoHome { name: &'static str },
    /// The folder in which the process was started is gone.
    #[error("cannot tell the current folder")]
    CurrentFolder(#[source] io::Error),
}
