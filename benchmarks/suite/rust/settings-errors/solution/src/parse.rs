use crate::entries::entries;
use crate::error::SettingsError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub name: String,
    /// Minutes that a valve stays open.
    pub minutes: u32,
    /// Below this temperature nothing is opened.
    pub frost_limit: i32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            name: "garden".to_owned(),
            minutes: 10,
            frost_limit: 3,
        }
    }
}

/// Reads the settings; those that the text does not set have their default.
pub fn parse(text: &str) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    for entry in entries(text)? {
        match entry.key.as_str() {
            "name" => settings.name = entry.value,
            "minutes" => settings.minutes = number(&entry.key, &entry.value)?,
            "frost_limit" => settings.frost_limit = number(&entry.key, &entry.value)?,
            _ => {
                return Err(SettingsError::UnknownKey {
                    line: entry.line,
                    key: entry.key,
                })
            }
        }
    }
    Ok(settings)
}

fn number<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, SettingsError> {
    text.parse().map_err(|_| SettingsError::BadNumber {
        key: key.to_owned(),
        text: text.to_owned(),
    })
}
