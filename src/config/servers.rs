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
    let mut is_first_described = false;
    for table in tables {
        let mut server = server(table, environment, warnings)?;
        let address = &server.config.address;
        let known = servers
            .iter()
            .position(|it: &ServerSettings| it.config.address.is_same_server(address));
        match known {
            None => servers.push(server),
            Some(0) if !is_first_described => {
                let known = servers[0].config.clone();
                server.config.address = known.address;
                server.config.key = server.config.key.or(known.key);
                if server.config.kind == KindChoice::Auto {
                    server.config.kind = known.kind;
                }
                servers[0] = server;
                is_first_described = true;
            }
            Some(at) => warnings.push(format!(
                "`{}` in config.toml is left out: it is the same server as {}",
                table.url, servers[at]
            )),
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

/// The server of sessions where nothing says otherwise. If none may be asked, it says why.
pub(super) fn first_for_chat(servers: &[ServerSettings], reach: NetworkScope) -> &ServerSettings {
    let chats = || servers.iter().filter(|server| server.chat);
    let usable = chats().find(|server| server.is_within(reach));
    usable.or_else(|| chats().next()).unwrap_or(&servers[0])
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

    /// The servers where the settings have one address and tables have others, and the warnings.
    fn of(first: &str, tables: &[&str]) -> (Vec<String>, Vec<String>) {
        let first = ServerSettings::first(ServerConfig {
            address: Address::parse(first).expect("an address"),
            key: None,
            kind: KindChoice::Auto,
        });
        let table = |url: &&str| ModelServer {
            url: url.parse().expect("a URL"),
            name: None,
            kind: SERVER_KINDS[0],
            key_env: None,
            chat: true,
            embed: true,
        };
        let tables: Vec<ModelServer> = tables.iter().map(table).collect();
        let environment = Environment::new("/work", Vec::<(&str, &str)>::new());
        let mut warnings = Vec::new();
        let servers = servers(
            first,
            &tables,
            &environment,
            NetworkScope::Any,
            &mut warnings,
        );
        let servers = servers.expect("servers");
        (servers.iter().map(ToString::to_string).collect(), warnings)
    }

    #[test]
    fn a_server_is_one_server_whatever_it_is_called() {
        let (servers, warnings) = of("127.0.0.1", &["http://localhost:11434", "http://gpu:1"]);
        assert_eq!(servers, ["http://127.0.0.1:11434", "http://gpu:1"]);
        assert_eq!(warnings, Vec::<String>::new());
        let (servers, warnings) = of("127.0.0.1", &["http://gpu:1", "http://gpu:1/v1"]);
        assert_eq!(servers, ["http://127.0.0.1:11434", "http://gpu:1"]);
        let [warning] = warnings.as_slice() else {
            panic!("one warning: {warnings:?}");
        };
        assert!(warning.contains("http://gpu:1/v1"), "{warning}");
    }

    #[test]
    fn no_session_goes_to_a_server_that_only_embeds() {
        let server = |address, chat| ServerSettings {
            chat,
            ..ServerSettings::first(ServerConfig {
                address: Address::parse(address).expect("an address"),
                key: None,
                kind: KindChoice::Auto,
            })
        };
        let servers = [server("localhost", false), server("gpu", true)];
        for reach in [NetworkScope::Any, NetworkScope::LoopbackOnly] {
            let first = first_for_chat(&servers, reach);
            assert_eq!(first.to_string(), "http://gpu:11434");
        }
    }

    #[test]
    fn every_kind_of_a_table_is_one() {
        let names: Vec<&str> = KindChoice::names().collect();
        assert_eq!(SERVER_KINDS, names);
    }
}
