//! The servers of models: the one of the settings, and those of the user's `config.toml`.

use std::fmt;

use super::{Address, ApiKey, ConfigError, Environment, NetworkScope};
use crate::permission::ModelServer;

/// A server of models, as the user gave it.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub address: Address,
    /// The user's name for it.
    pub name: Option<String>,
    /// One of [`crate::permission::SERVER_KINDS`].
    pub kind: &'static str,
    /// Sent to this server only.
    pub key: Option<ApiKey>,
    /// Whether sessions may use it.
    pub chat: bool,
    /// Whether it may embed.
    pub embed: bool,
}

impl ServerSettings {
    /// The server of the settings, with the key for it.
    pub(super) fn of_settings(address: &Address, key: Option<&ApiKey>) -> ServerSettings {
        ServerSettings {
            address: address.clone(),
            name: None,
            kind: "auto",
            key: key.cloned(),
            chat: true,
            embed: true,
        }
    }
}

impl fmt::Display for ServerSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name} ({})", self.address),
            None => write!(formatter, "{}", self.address),
        }
    }
}

/// The servers, that of the settings first. A table with its address says more about it.
///
/// Warnings are added for keys that are missing and for servers that `--offline` leaves out.
pub(super) fn servers(
    of_settings: ServerSettings,
    tables: &[ModelServer],
    environment: &Environment,
    reach: NetworkScope,
    warnings: &mut Vec<String>,
) -> Result<Vec<ServerSettings>, ConfigError> {
    let mut servers = vec![of_settings];
    for table in tables {
        let server = server(table, environment, warnings)?;
        let address = server.address.to_string();
        if servers[0].address.to_string() == address {
            let key = server.key.clone().or_else(|| servers[0].key.clone());
            servers[0] = ServerSettings { key, ..server };
        } else if servers.iter().all(|it| it.address.to_string() != address) {
            servers.push(server);
        }
    }
    let is_away = |server: &&ServerSettings| !server.address.is_loopback();
    let away: Vec<String> = servers
        .iter()
        .filter(is_away)
        .map(|it| it.to_string())
        .collect();
    if reach == NetworkScope::LoopbackOnly && servers.len() > 1 && !away.is_empty() {
        warnings.push(format!(
            "`--offline` leaves out the servers that are not this machine: {}",
            away.join(", ")
        ));
    }
    Ok(servers)
}

fn server(
    table: &ModelServer,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Result<ServerSettings, ConfigError> {
    let invalid = |problem: String| ConfigError::Server {
        url: table.url.to_string(),
        problem,
    };
    let address = Address::parse(table.url.as_str()).map_err(|error| invalid(error.to_string()))?;
    let mut key = None;
    if let Some(name) = &table.key_env {
        let value = environment.variable(name).and_then(|value| value.to_str());
        match value.filter(|value| !value.is_empty()) {
            Some(value) => {
                let wrong = |_| invalid(format!("the value of `{name}` is not a key"));
                key = Some(ApiKey::new(value).map_err(wrong)?);
            }
            None => warnings.push(format!(
                "`{name}` is not set, so {address} gets no key; `key_env` names it in config.toml"
            )),
        }
    }
    Ok(ServerSettings {
        address,
        name: table.name.clone(),
        kind: table.kind,
        key,
        chat: table.chat,
        embed: table.embed,
    })
}
