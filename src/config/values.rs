//! Parses the values of settings; errors say what each setting allows.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ollacode_indexer::SharedSecret;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::layers::GivenValue;
use super::{
    Address, ApiKey, CheckChoice, CommitWhen, ConfigError, EditForm, EmbedModel, Environment,
    GivenFolder, NetworkScope, NotifyChoice, SandboxChoice, SettingOrigin, ToolChoice,
};
use crate::model::http::AddressError;
use crate::shared_cache::CacheLocation;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The range of sizes that a setting allows.
pub(super) struct Sizes {
    least: u64,
    most: u64,
    allowed: &'static str,
}

/// Files are read into memory as a whole.
pub(super) const FILE_SIZES: Sizes = Sizes {
    least: KIB,
    most: GIB,
    allowed: "a size from `1K` to `1G`, such as `500K` or `2M`",
};

/// A smaller cache could not hold a single batch of vectors.
pub(super) const CACHE_SIZES: Sizes = Sizes {
    least: MIB,
    most: 1024 * GIB,
    allowed: "a size from `1M` to `1024G`, such as `500M` or `2G`",
};

/// With less, hardly any command would succeed.
pub(super) const COMMAND_SIZES: Sizes = Sizes {
    least: 64 * MIB,
    most: 1024 * 1024 * GIB,
    allowed: "a size of at least `64M`, such as `500M` or `4G`",
};

/// In a smaller window, the system prompt and the tools leave no room for code.
const WINDOWS: Sizes = Sizes {
    least: 2 * KIB,
    most: MIB,
    allowed: "a number of tokens from `2048` to `1048576`, such as `16384` or `32K`",
};

/// A shorter secret could be guessed.
const SECRET_CHARACTERS: RangeInclusive<usize> = 16..=1_024;

/// Stops a model that runs away.
const MOST_STEPS: usize = 500;
/// Most tokens of a limit for thinking.
const MOST_THINKING: u32 = 131_072;

impl GivenValue {
    pub fn workspace(&self, environment: &Environment) -> Result<Option<GivenFolder>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let (path, origin) = (self.folder(environment)?, self.origin.clone());
        Ok(Some(GivenFolder { path, origin }))
    }

    pub fn data_folder(&self, environment: &Environment) -> Result<PathBuf, ConfigError> {
        if self.origin != SettingOrigin::Default {
            return self.folder(environment);
        }
        let data_home = environment
            .data_home()
            .ok_or(ConfigError::NoHome { name: self.name })?;
        Ok(data_home.join("ollacode"))
    }

    /// The place of the shared cache; `None` if it is not set.
    pub fn cache_location(
        &self,
        environment: &Environment,
    ) -> Result<Option<CacheLocation>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let allowed = "the absolute path of a folder, `s3://bucket/prefix`, `gs://bucket/prefix` or \
                       `az://container/prefix`";
        if self.value.to_str().is_some_and(CacheLocation::is_address) {
            if self
                .value
                .to_str()
                .is_some_and(CacheLocation::has_credentials)
            {
                return Err(ConfigError::InvalidSecret {
                    name: self.name,
                    origin: self.origin.clone(),
                    allowed: format!(
                        "{allowed}, without credentials: those of the environment are used"
                    ),
                });
            }
            return self.parse(allowed, CacheLocation::parse_address).map(Some);
        }
        let path = Path::new(&self.value);
        // A relative one would lead into the folder that is worked on.
        if path.is_relative() && !path.starts_with("~") {
            return Err(self.invalid(allowed));
        }
        self.folder(environment)
            .map(CacheLocation::Folder)
            .map(Some)
    }

    /// The secret of the shared cache; `None` if it is not set.
    pub fn shared_secret(&self) -> Result<Option<SharedSecret>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let allowed = "a secret of 16 to 1024 characters without line breaks";
        self.parse(allowed, |text| {
            let is_fine = SECRET_CHARACTERS.contains(&text.chars().count())
                && !text.contains(char::is_control);
            is_fine.then(|| Some(SharedSecret::new(text)))
        })
    }

    /// The address of Ollama.
    pub fn address(&self) -> Result<Address, ConfigError> {
        self.address_by(Address::parse)
    }

    /// The address of a server of any kind.
    pub fn server_address(&self) -> Result<Address, ConfigError> {
        self.address_by(|value| Address::parse_server(self.name, value))
    }

    fn address_by(
        &self,
        parse: impl FnOnce(&str) -> Result<Address, AddressError>,
    ) -> Result<Address, ConfigError> {
        let allowed = || self.invalid("an address such as `http://host:port`");
        let value = self.value.to_str().ok_or_else(allowed)?;
        parse(value).map_err(|problem| {
            let origin = self.origin.clone();
            ConfigError::Address { problem, origin }
        })
    }

    pub fn api_key(&self) -> Result<Option<ApiKey>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let allowed = "a key without line breaks or control characters";
        self.parse(allowed, |text| ApiKey::new(text).ok()).map(Some)
    }

    pub fn model(&self) -> Result<String, ConfigError> {
        let allowed = "the name of a model such as `qwen3-coder:30b`";
        self.parse(allowed, |text| is_model_name(text).then(|| text.to_owned()))
    }

    pub fn embed_model(&self) -> Result<EmbedModel, ConfigError> {
        let allowed = "the name of a model such as `qwen3-embedding:0.6b`, or `none`";
        self.parse(allowed, |text| {
            if text.eq_ignore_ascii_case("none") {
                return Some(EmbedModel::None);
            }
            is_model_name(text).then(|| EmbedModel::Named(text.to_owned()))
        })
    }

    /// A context window in tokens; `None` if it is not set.
    pub fn window(&self) -> Result<Option<u32>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let tokens = self.size(WINDOWS)?;
        Ok(u32::try_from(tokens).ok())
    }

    pub fn notify(&self) -> Result<NotifyChoice, ConfigError> {
        self.parse("`bell`, `desktop` or `off`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "bell" => Some(NotifyChoice::Bell),
                "desktop" => Some(NotifyChoice::Desktop),
                "off" => Some(NotifyChoice::Off),
                _ => None,
            }
        })
    }

    pub fn commit(&self) -> Result<CommitWhen, ConfigError> {
        self.parse("`off` or `turn`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "off" => Some(CommitWhen::Off),
                "turn" => Some(CommitWhen::Turn),
                _ => None,
            }
        })
    }

    /// A trailer as git knows it; `None` if it is not set.
    pub fn trailer(&self) -> Result<Option<String>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        self.parse("a line such as `Assisted-by: ollacode ({model})`", |text| {
            let (key, value) = text.split_once(':')?;
            let is_key = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
            let is_trailer = !key.is_empty()
                && key.chars().all(is_key)
                && !value.trim().is_empty()
                && !text.contains(char::is_control);
            is_trailer.then(|| Some(text.to_owned()))
        })
    }

    /// `None` if it is not set.
    pub fn port(&self) -> Result<Option<u16>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let allowed = "a port from `1` to `65535`, or `0` for any free one";
        self.parse(allowed, |text| text.parse().ok()).map(Some)
    }

    pub fn tools(&self) -> Result<ToolChoice, ConfigError> {
        self.parse("`auto`, `core` or `all`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "auto" => Some(ToolChoice::Auto),
                "core" => Some(ToolChoice::Core),
                "all" => Some(ToolChoice::All),
                _ => None,
            }
        })
    }

    /// `None` for `auto`.
    pub fn edit_form(&self) -> Result<Option<EditForm>, ConfigError> {
        self.parse("`auto`, `search`, `anchors` or `whole`", |text| {
            let name = text.to_ascii_lowercase();
            let mut forms = EditForm::ALL.into_iter();
            match name.as_str() {
                "auto" => Some(None),
                name => forms.find(|form| form.name() == name).map(Some),
            }
        })
    }

    pub fn check(&self) -> Result<CheckChoice, ConfigError> {
        self.parse("`off`, `ask` or `auto`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "off" => Some(CheckChoice::Off),
                "ask" => Some(CheckChoice::Ask),
                "auto" => Some(CheckChoice::Auto),
                _ => None,
            }
        })
    }

    pub fn steps(&self) -> Result<usize, ConfigError> {
        let allowed = format!("a number of steps from `1` to `{MOST_STEPS}`");
        self.parse(&allowed, |text| {
            let steps = text.parse().ok();
            steps.filter(|steps| (1..=MOST_STEPS).contains(steps))
        })
    }

    /// `None` for no limit.
    pub fn thinking(&self) -> Result<Option<u32>, ConfigError> {
        let allowed = format!("a number of tokens from `0` (no limit) to `{MOST_THINKING}`");
        self.parse(&allowed, |text| {
            let tokens: Option<u32> = text.parse().ok();
            let tokens = tokens.filter(|tokens| *tokens <= MOST_THINKING)?;
            Some((tokens > 0).then_some(tokens))
        })
    }

    /// `off` is accepted on the command line only: a file that something else changed must not
    /// switch the sandbox off.
    pub fn sandbox(&self) -> Result<SandboxChoice, ConfigError> {
        self.parse(
            "`best` or `required` (`off` only as `--sandbox off`)",
            |text| match text.to_ascii_lowercase().as_str() {
                "best" => Some(SandboxChoice::Best),
                "required" => Some(SandboxChoice::Required),
                _ => None,
            },
        )
    }

    pub fn seconds(&self) -> Result<Duration, ConfigError> {
        let allowed = "a number of seconds from `10` to `86400`";
        self.parse(allowed, |text| {
            let seconds = text.parse().ok();
            let seconds = seconds.filter(|seconds| (10..=86_400).contains(seconds));
            seconds.map(Duration::from_secs)
        })
    }

    pub fn life(&self) -> Result<Duration, ConfigError> {
        let allowed = "a number of seconds from `1` to `86400`";
        self.parse(allowed, |text| {
            let seconds = text.parse().ok();
            let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
            seconds.map(Duration::from_secs)
        })
    }

    pub fn size(&self, sizes: Sizes) -> Result<u64, ConfigError> {
        self.parse(sizes.allowed, |text| {
            parse_size(text).filter(|size| (sizes.least..=sizes.most).contains(size))
        })
    }

    pub fn size_if_set(&self, sizes: Sizes) -> Result<Option<u64>, ConfigError> {
        self.is_set().then(|| self.size(sizes)).transpose()
    }

    pub fn reach(&self) -> Result<NetworkScope, ConfigError> {
        Ok(if self.is_on()? {
            NetworkScope::LoopbackOnly
        } else {
            NetworkScope::Any
        })
    }

    pub fn is_on(&self) -> Result<bool, ConfigError> {
        self.parse("`true` or `false`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            }
        })
    }

    pub fn log(&self) -> Result<Targets, ConfigError> {
        let allowed = "`off`, `error`, `warn`, `info`, `debug` or `trace`, \
                       or a list such as `warn,ollacode=debug`";
        self.parse(allowed, |text| {
            let parts: Vec<&str> = text.split(',').map(str::trim).collect();
            // A bare word that is not a level would be taken as a target and hide a misspelling.
            let known = |part: &&str| {
                part.contains('=') || (!part.is_empty() && part.parse::<LevelFilter>().is_ok())
            };
            if !parts.iter().all(known) {
                return None;
            }
            parts.join(",").parse().ok()
        })
    }

    fn parse<T>(
        &self,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.value.to_str().and_then(|text| parse(text.trim()));
        value.ok_or_else(|| self.invalid(allowed))
    }

    /// Expands a path as a shell does; in the user's file, relative ones are not allowed.
    fn folder(&self, environment: &Environment) -> Result<PathBuf, ConfigError> {
        let path = Path::new(&self.value);
        let full = match path.strip_prefix("~") {
            Ok(rest) => {
                let home = environment
                    .home()
                    .ok_or(ConfigError::NoHome { name: self.name })?;
                home.join(rest)
            }
            Err(_) if path.is_relative() && matches!(self.origin, SettingOrigin::File { .. }) => {
                return Err(self.invalid("an absolute path, or one that starts with `~/`"));
            }
            Err(_) => environment.current_folder().join(path),
        };
        // Removes `.` and doubled or trailing slashes, which messages would show.
        Ok(full.components().collect())
    }
}

/// Whether a text has the form of a model's name.
fn is_model_name(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Reads `1048576`, `1024K`, `1M` or `1 MiB`; `None` if it is not a size.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => KIB,
        "m" | "mb" | "mib" => MIB,
        "g" | "gb" | "gib" => GIB,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}
