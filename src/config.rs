//! Settings: flags > environment > the user's file > defaults.
//!
//! Two stages. The layers are raw: [`Flags`], an [`Environment`] that was captured once, and the
//! user's file. [`Settings::load`] merges them and checks every value, so that errors are reported
//! at the start. Nothing else in the project reads the environment, and a `.env` in the workspace
//! or a folder above it is never read: a repository must not change settings.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fmt};

use tracing_subscriber::filter::Targets;

use crate::check::CheckChoice;
use crate::git::CommitWhen;
use crate::model::EditForm;
use crate::model::http::{Address, ApiKey, NetworkScope};
use crate::model::server::ServerConfig;
use crate::permission::UserRules;
use crate::shared_cache::SharedCacheSettings;

mod error;
mod folders;
mod layers;
mod places;
mod server;
mod servers;
mod table;
mod telegram;
pub(crate) mod trust;
mod typing_errors;
mod user_file;
mod values;

pub use error::ConfigError;
pub use places::SettingsFolder;
pub use servers::ServerSettings;
pub use table::{SETTINGS, Setting, example_file};
pub use telegram::{AllowList, BotToken, GivenTelegram, TelegramError, TelegramSettings};
pub use user_file::set as set_in_user_file;

use layers::Layers;
use user_file::UserFile;

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder to work on, if one was given.
    pub workspace: Option<GivenFolder>,
    /// The server that is asked first.
    pub server: ServerConfig,
    /// All servers of models, that one first; also those that `reach` leaves out.
    pub servers: Vec<ServerSettings>,
    /// The chat model; whether the server has it is not checked here.
    pub model: String,
    /// Whether the user chose it, and it is not the default.
    pub is_model_chosen: bool,
    /// Context window in tokens; `None` to choose one that fits the model.
    pub max_context_tokens: Option<u32>,
    /// Maximum time until the first token.
    pub first_word: Duration,
    pub embed_model: EmbedModel,
    /// Whether older turns are summarised when the context window is nearly full.
    pub compact: bool,
    pub tools: ToolChoice,
    /// The form in which the model edits files; `None` to choose by how well it does.
    pub edit_form: Option<EditForm>,
    /// Maximum number of steps per question.
    pub max_steps: usize,
    /// Most tokens of thinking in a reply; `None` for no limit.
    pub thinking_tokens: Option<u32>,
    /// Whether the index is searched for each question.
    pub rag: bool,
    /// When what a session changed is committed by itself.
    pub commit: CommitWhen,
    /// What stands last in the message of each commit.
    pub commit_trailer: Option<String>,
    /// Whether changes are checked before an answer is accepted.
    pub check: CheckChoice,
    /// Folder for indexes, sessions and the cache; absolute, may not exist yet.
    pub data_folder: PathBuf,
    /// Larger files are not indexed, in bytes.
    pub max_file_size: u64,
    /// Maximum size of the embedding cache in bytes.
    pub cache_size: u64,
    /// Where a team shares vectors.
    pub shared_cache: SharedCacheSettings,
    /// Which addresses may be connected to.
    pub reach: NetworkScope,
    /// What is logged to stderr.
    pub log: Targets,
    /// How the terminal tells that the user is needed.
    pub notify: NotifyChoice,
    /// Whether output is coloured.
    pub color: Color,
    pub sandbox: SandboxChoice,
    /// Whether commands have the network.
    pub network: bool,
    /// Maximum memory of a command in bytes; `None` for a share of the machine's.
    pub command_memory: Option<u64>,
    /// Maximum disk space of a command in bytes.
    pub command_disk: u64,
    /// The user's deny, ask and allow rules, and named workspaces.
    pub rules: UserRules,
    /// The port of the web page; `Some(0)` for any free one, `None` if none was chosen.
    pub web_port: Option<u16>,
    /// The Telegram bot, not checked yet.
    pub telegram: GivenTelegram,
    /// Shown at the start; none of them stops the program.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Merges the layers and checks every value.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Settings, ConfigError> {
        let (file, rules) = user_files(environment)?;
        let layers = Layers {
            flags,
            environment,
            file: &file,
        };
        let mut warnings = file.warnings.clone();
        warnings.extend(typing_errors::warnings(environment));
        let reach = layers.given("OLLACODE_OFFLINE").reach()?;
        let first = ServerSettings::first(layers.server(&mut warnings)?);
        let tables = &rules.model_servers;
        let servers = servers::servers(first, tables, environment, reach, &mut warnings)?;
        Ok(Settings {
            workspace: layers.given("WORKSPACE_DIR").workspace(environment)?,
            server: servers::first_for_chat(&servers, reach).config.clone(),
            servers,
            model: layers.given("OLLAMA_MODEL").model()?,
            is_model_chosen: layers.is_chosen("OLLAMA_MODEL"),
            max_context_tokens: layers.given("MAX_CONTEXT_TOKENS").window()?,
            first_word: layers.given("OLLAMA_TIMEOUT").seconds()?,
            embed_model: layers.given("OLLAMA_EMBED_MODEL").embed_model()?,
            compact: layers.given("COMPACT_MODE").is_on()?,
            tools: layers.given("OLLACODE_TOOLS").tools()?,
            edit_form: layers.given("OLLACODE_EDIT_FORM").edit_form()?,
            max_steps: layers.given("OLLACODE_MAX_STEPS").steps()?,
            thinking_tokens: layers.given("OLLACODE_THINKING_TOKENS").thinking()?,
            rag: layers.given("OLLACODE_RAG").is_on()?,
            commit: layers.given("OLLACODE_COMMIT").commit()?,
            commit_trailer: layers.given("OLLACODE_COMMIT_TRAILER").trailer()?,
            check: layers.given("OLLACODE_CHECK").check()?,
            data_folder: layers.given("OLLACODE_DATA_DIR").data_folder(environment)?,
            max_file_size: layers
                .given("OLLACODE_MAX_FILE_SIZE")
                .size(values::FILE_SIZES)?,
            cache_size: layers
                .given("OLLACODE_CACHE_SIZE")
                .size(values::CACHE_SIZES)?,
            shared_cache: layers.shared_cache()?,
            reach,
            log: layers.given("OLLACODE_LOG").log()?,
            notify: layers.given("OLLACODE_NOTIFY").notify()?,
            color: layers.color(),
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
            web_port: layers.given("OLLACODE_WEB_PORT").port()?,
            telegram: layers.telegram()?,
            warnings,
        })
    }
}

/// Reads the user's two files, if only the user could have written them.
fn user_files(environment: &Environment) -> Result<(UserFile, UserRules), ConfigError> {
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
    Ok((file, rules))
}

/// How commands are confined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxChoice {
    /// As far as the system supports it.
    #[default]
    Best,
    /// Full confinement, or sessions fail to open.
    Required,
    /// Not at all; only the command line can choose this.
    Off,
}

/// How the terminal tells that the user is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyChoice {
    #[default]
    Bell,
    /// A notification of the desktop, as OSC 9.
    Desktop,
    Off,
}

/// Settings that the command line gives.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Name of a setting, its flag, and the value.
    pub(crate) given: Vec<(&'static str, &'static str, OsString)>,
    /// `--sandbox off`, which is not allowed as a setting.
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

    /// An environment that is independent of the process.
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

    /// The same without some variables: keys that no command and no program may get.
    #[must_use]
    pub fn without<'a>(mut self, names: impl Iterator<Item = &'a str>) -> Environment {
        for name in names {
            self.variables.remove(OsStr::new(name));
        }
        self
    }

    /// The folder in which the process was started.
    pub fn current_folder(&self) -> &Path {
        &self.current_folder
    }

    /// All variables, secrets included: only for choosing those that commands get.
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

    /// The variable that sets a SOCKS proxy for `https` addresses, if any.
    pub fn socks_proxy(&self) -> Option<&'static str> {
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        let value = |name: &str| self.variable(name)?.to_str();
        let name = names
            .into_iter()
            .find(|name| value(name).is_some_and(|it| !it.is_empty()))?;
        let scheme = value(name)?.trim().to_ascii_lowercase();
        scheme.starts_with("socks").then_some(name)
    }

    /// The folder in which programs keep the user's data.
    fn data_home(&self) -> Option<PathBuf> {
        self.base_folder("XDG_DATA_HOME", ".local/share")
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

/// A folder that the user gave, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenFolder {
    /// Absolute; whether it exists is not checked here.
    pub path: PathBuf,
    pub origin: SettingOrigin,
}

/// The model for embeddings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbedModel {
    /// Search is lexical only.
    None,
    /// A model of the server.
    Named(String),
}

/// Which tools the model gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// Chosen by model and context window.
    #[default]
    Auto,
    /// The core tools, for weak models.
    Core,
    All,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingOrigin {
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

impl fmt::Display for SettingOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingOrigin::Flag(flag) => write!(formatter, "`{flag}`"),
            SettingOrigin::Environment => formatter.write_str("the environment"),
            SettingOrigin::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            SettingOrigin::Default => formatter.write_str("the default"),
        }
    }
}
