//! The raw layers of settings: the first one that has a value wins.

use std::ffi::OsString;

use super::{
    Color, ConfigError, Environment, Flags, GivenTelegram, SETTINGS, Setting, SettingOrigin,
    UserFile, telegram,
};
use crate::shared_cache::SharedCacheSettings;

/// Maximum characters of a value that an error repeats.
const SHOWN: usize = 80;

/// The layers, highest precedence first.
pub(super) struct Layers<'a> {
    pub flags: &'a Flags,
    pub environment: &'a Environment,
    pub file: &'a UserFile,
}

/// An unchecked value. It may be a secret, so there is no `Debug`.
pub(super) struct GivenValue {
    pub name: &'static str,
    pub value: OsString,
    pub origin: SettingOrigin,
}

impl Layers<'_> {
    /// Finds the value of a setting.
    ///
    /// An empty value means the default, so that one run can undo what the file sets.
    pub fn given(&self, name: &'static str) -> GivenValue {
        let flag = || {
            let mut given = self.flags.given.iter();
            let (_, flag, value) = given.find(|(setting, _, _)| *setting == name)?;
            Some(GivenValue {
                name,
                value: value.clone(),
                origin: SettingOrigin::Flag(flag),
            })
        };
        let variable = || {
            let value = self.environment.variable(name)?.to_owned();
            Some(GivenValue {
                name,
                value,
                origin: SettingOrigin::Environment,
            })
        };
        let entry = || {
            let (value, origin) = self.file.given(name)?;
            Some(GivenValue {
                name,
                value: value.into(),
                origin,
            })
        };
        let given = flag().or_else(variable).or_else(entry);
        given
            .filter(GivenValue::is_set)
            .unwrap_or_else(|| GivenValue {
                name,
                value: setting(name).map_or("", |setting| setting.default).into(),
                origin: SettingOrigin::Default,
            })
    }

    /// Whether the user chose the value of a setting. A line of the file that repeats the default
    /// chooses nothing: the example file is full of them.
    pub fn is_chosen(&self, name: &'static str) -> bool {
        let given = self.given(name);
        match given.origin {
            SettingOrigin::Flag(_) | SettingOrigin::Environment => true,
            SettingOrigin::File { .. } => {
                setting(name).is_none_or(|setting| given.value != setting.default)
            }
            SettingOrigin::Default => false,
        }
    }
}

impl Layers<'_> {
    /// The unchecked settings of the Telegram bot.
    pub fn telegram(&self) -> Result<GivenTelegram, ConfigError> {
        let token = self.given(telegram::TOKEN);
        let token = if token.is_set() {
            token
        } else {
            self.given(telegram::TOKEN_OF_TELOXIDE)
        };
        let users = self.given(telegram::USERS);
        Ok(GivenTelegram {
            token: token.text(),
            users: users.text(),
            users_origin: users.is_set().then_some(users.origin),
            chats: self.given(telegram::CHATS).text(),
            api_url: self.given(telegram::API_URL).text(),
            approval_life: self.given(telegram::APPROVAL_LIFE).life()?,
        })
    }
}

impl Layers<'_> {
    /// When output is coloured.
    pub fn color(&self) -> Color {
        match self.flags.color {
            Color::Auto if self.given("NO_COLOR").is_set() => Color::Never,
            wanted => wanted,
        }
    }

    /// Where a team shares vectors.
    pub fn shared_cache(&self) -> Result<SharedCacheSettings, ConfigError> {
        let place = self.given("OLLACODE_SHARED_CACHE");
        Ok(SharedCacheSettings {
            location: place.cache_location(self.environment)?,
            writes: self.given("OLLACODE_SHARED_CACHE_WRITE").is_on()?,
            checks: self.given("OLLACODE_SHARED_CACHE_CHECK").is_on()?,
            secret: self.given("OLLACODE_SHARED_CACHE_KEY").shared_secret()?,
        })
    }
}

impl GivenValue {
    /// The value as text; invalid UTF-8 is replaced, and fails later checks.
    pub fn text(&self) -> String {
        self.value.to_string_lossy().into_owned()
    }

    /// Whether there is a value other than blanks.
    pub fn is_set(&self) -> bool {
        self.value
            .to_str()
            .is_none_or(|text| !text.trim().is_empty())
    }

    /// The error that says what is allowed.
    pub fn invalid(&self, allowed: impl Into<String>) -> ConfigError {
        let (name, origin, allowed) = (self.name, self.origin.clone(), allowed.into());
        if setting(name).is_some_and(|setting| setting.secret) {
            return ConfigError::InvalidSecret {
                name,
                origin,
                allowed,
            };
        }
        let value = self.value.to_string_lossy();
        let visible = |c: char| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        };
        let mut shown: String = value.chars().take(SHOWN).map(visible).collect();
        if value.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        ConfigError::Invalid {
            name,
            value: shown,
            origin,
            allowed,
        }
    }
}

fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}
