//! The servers of models: the one of the settings, and those of the user's `config.toml`.

use std::fmt;

use super::{ApiKey, ConfigError, Environment, NetworkScope};
use crate::model::http::{Address, KindChoice};
use crate::model::server::ServerConfig;
use crate::permission::ModelServer;

/// A server of models, as the user gave it.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub config: ServerConfig,
    /// The user's name for it.
    pub name: Option<String>,
    /// Whether sessions may use it.
    pub chat: bool,
    /// Whether it may embed.
    pub embed: bool,
}

impl ServerSettings {
    /// The server of the settings.
    pub(super) fn first(config: ServerConfig) -> ServerSettings {
        ServerSettings {
            config,
            name: None,
            chat: true,
            embed: true,
        }
    }

    /// Whether it may be asked.
    pub fn is_within(&self, reach: NetworkScope) -> bool {
        reach == NetworkScope::Any || self.config.address.is_loopback()
    }
}

impl fmt::Display for ServerSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name} ({})", self.config.address),
            None => write!(formatter, "{}", self.config.address),
        }
    }
}

/// The servers, that of the settings first. A table with its address says more about it.
///
/// Warnings are added for keys that are missing and for servers that `--offline` leaves out.
pub(super) fn servers(
    first: ServerSettings,
    tables: &[ModelServer],
    environment: &Environment,
    reach: NetworkScope,
    warnings: &mut Vec<String>,
) -> Result<Vec<ServerSettings>, ConfigError> {
    let mut servers = vec![first];
    for table in tables {
        let mut server = server(table, environment, warnings)?;
        let address = server.config.address.to_string();
        let is_same = |other: &ServerSettings| other.config.address.to_string() == address;
        if is_same(&servers[0]) {
            let known = &servers[0].config;
            server.config.key = server.config.key.or_else(|| known.key.clone());
            if server.config.kind == KindChoice::Auto {
                server.config.kind = known.kind;
            }
            servers[0] = server;
        } else if !servers.iter().any(is_same) {
            servers.push(server);
        }
    }
    let has = |role: fn(&ServerSettings) -> bool| servers.iter().any(role);
    for (role, has_it) in [("chat", has(|it| it.chat)), ("embed", has(|it| it.embed))] {
        if !has_it {
            return Err(ConfigError::Server {
                url: servers[0].config.address.to_string(),
                problem: format!("no server has the role `{role}`; leave out `roles`, or add it"),
            });
        }
    }
    let is_away = |server: &&ServerSettings| !server.is_within(reach);
    let away = servers.iter().filter(is_away).map(ToString::to_string);
    let away: Vec<String> = away.collect();
    if servers.len() > 1 && !away.is_empty() {
        warnings.push(format!(
            "`--offline` leaves out the servers that are not this machine: {}",
            away.join(", ")
        ));
    }
    Ok(servers)
}

/// The server of sessions where nothing says otherwise. If none may be asked, the first one says why.
pub(super) fn first_for_chat(servers: &[ServerSettings], reach: NetworkScope) -> &ServerSettings {
    let mut usable = servers.iter().filter(|server| server.is_within(reach));
    usable.find(|server| server.chat).unwrap_or(&servers[0])
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
    let address = Address::parse_server("url", table.url.as_str())
        .map_err(|error| invalid(error.to_string()))?;
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
        config: ServerConfig {
            address,
            key,
            kind: KindChoice::parse(table.kind).unwrap_or_default(),
        },
        name: table.name.clone(),
        chat: table.chat,
        embed: table.embed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::SERVER_KINDS;

    #[test]
    fn every_kind_of_a_table_is_one() {
        let names: Vec<&str> = KindChoice::names().collect();
        assert_eq!(SERVER_KINDS, names);
    }
}
