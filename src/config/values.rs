//! Text to values: what each setting allows, and says so if it gets something else.

use std::path::{Path, PathBuf};

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::layers::Given;
use super::{Address, ApiKey, ConfigError, EmbedModel, Environment, GivenFolder, Origin, Reach};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The sizes that a setting allows.
pub(super) struct Sizes {
    least: u64,
    most: u64,
    allowed: &'static str,
}

/// Files are read whole, so there is a size at which no machine would be happy.
pub(super) const FILE_SIZES: Sizes = Sizes {
    least: KIB,
    most: GIB,
    allowed: "a number of bytes from `1K` to `1G`, such as `500K` or `2M`",
};

/// Below the least one, a single batch of vectors would not fit.
pub(super) const CACHE_SIZES: Sizes = Sizes {
    least: MIB,
    most: 1024 * GIB,
    allowed: "a number of bytes from `1M` to `1024G`, such as `500M` or `2G`",
};

impl Given {
    pub fn workspace(&self, environment: &Environment) -> Result<Option<GivenFolder>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let (path, origin) = (self.folder(environment)?, self.origin.clone());
        Ok(Some(GivenFolder { path, origin }))
    }

    pub fn data_folder(&self, environment: &Environment) -> Result<PathBuf, ConfigError> {
        if self.origin != Origin::Default {
            return self.folder(environment);
        }
        let data_home = environment
            .data_home()
            .ok_or(ConfigError::NoHome { name: self.name })?;
        Ok(data_home.join("ollacode"))
    }

    pub fn address(&self) -> Result<Address, ConfigError> {
        let allowed = || self.invalid("of the form `http://host:port`");
        let value = self.value.to_str().ok_or_else(allowed)?;
        Address::parse(value).map_err(|problem| {
            let origin = self.origin.clone();
            ConfigError::Address { problem, origin }
        })
    }

    pub fn api_key(&self) -> Result<Option<ApiKey>, ConfigError> {
        if !self.is_set() {
            return Ok(None);
        }
        let allowed = "a key as Ollama gave it, without line breaks or control characters";
        self.parse(allowed, |text| ApiKey::new(text).ok()).map(Some)
    }

    pub fn embed_model(&self) -> Result<EmbedModel, ConfigError> {
        let allowed = "the name of a model such as `qwen3-embedding:0.6b`, or `none`";
        self.parse(allowed, |text| {
            if text.eq_ignore_ascii_case("none") {
                return Some(EmbedModel::None);
            }
            let odd = |c: char| c.is_whitespace() || c.is_control();
            (!text.contains(odd)).then(|| EmbedModel::Named(text.to_owned()))
        })
    }

    pub fn size(&self, sizes: Sizes) -> Result<u64, ConfigError> {
        self.parse(sizes.allowed, |text| {
            parse_size(text).filter(|size| (sizes.least..=sizes.most).contains(size))
        })
    }

    pub fn reach(&self) -> Result<Reach, ConfigError> {
        self.parse("`true` or `false`", |text| {
            match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(Reach::LoopbackOnly),
                "false" | "0" | "no" | "off" => Some(Reach::Any),
                _ => None,
            }
        })
    }

    pub fn log(&self) -> Result<Targets, ConfigError> {
        let allowed = "`off`, `error`, `warn`, `info`, `debug` or `trace`, \
                       or several such as `warn,ollacode=debug`";
        self.parse(allowed, |text| {
            let parts: Vec<&str> = text.split(',').map(str::trim).collect();
            // A bare word that is no level would be taken as a target and hide a typing error.
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

    /// Takes a path as a shell would; in the user's file a relative one would mean nothing.
    fn folder(&self, environment: &Environment) -> Result<PathBuf, ConfigError> {
        let path = Path::new(&self.value);
        let full = match path.strip_prefix("~") {
            Ok(rest) => {
                let home = environment
                    .home()
                    .ok_or(ConfigError::NoHome { name: self.name })?;
                home.join(rest)
            }
            Err(_) if path.is_relative() && matches!(self.origin, Origin::File { .. }) => {
                return Err(self.invalid("a full path, or one that begins with `~/`"));
            }
            Err(_) => environment.current_folder().join(path),
        };
        // Without `.` and doubled or trailing slashes, which would be shown.
        Ok(full.components().collect())
    }
}

/// Reads `1048576`, `1024K`, `1M` or `1 MiB`; `None` if it is no size.
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
