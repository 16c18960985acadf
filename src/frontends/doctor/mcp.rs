//! Checks of the MCP servers, by their settings: none is started.

use super::{Check, CheckState};
use crate::app::App;
use crate::model::http::NetworkScope;
use crate::permission::{McpServer, McpTransport};

const NAME: &str = "mcp";

/// A check of each server.
pub(super) fn servers(app: &App) -> Vec<Check> {
    let servers = app.mcp_servers();
    let is_offline = app.settings.reach == NetworkScope::LoopbackOnly;
    let check = |server: &McpServer| {
        let missing = servers.missing_variables(&server.name);
        judged(server, &missing, is_offline)
    };
    servers.configured().iter().map(check).collect()
}

/// Judges a server by its settings and by the variables that are not set.
fn judged(server: &McpServer, missing: &[String], is_offline: bool) -> Check {
    let name = &server.name;
    let (what, key) = match &server.transport {
        McpTransport::Command { argv, network, .. } => {
            let program = argv.first().map_or("?", String::as_str);
            let network = if *network { " with network access" } else { "" };
            (format!("`{name}` runs `{program}`{network}"), "env")
        }
        McpTransport::Http { url, .. } => {
            let host = url.origin().ascii_serialization();
            (format!("`{name}` is at {host}"), "header_env")
        }
    };
    let warning = |why: String, fix: String| {
        Check::bad(NAME, CheckState::Warning, format!("{what}, but {why}"), fix)
    };
    if is_offline && !server.is_local() {
        let why = "ollacode is offline".to_owned();
        return warning(
            why,
            "start ollacode without `--offline` to use it".to_owned(),
        );
    }
    if let Some(first) = missing.first() {
        let variables: Vec<String> = missing.iter().map(|it| format!("`{it}`")).collect();
        let verb = if missing.len() == 1 { "is" } else { "are" };
        return warning(
            format!("{} {verb} not set", variables.join(", ")),
            format!(
                "set `{first}` where ollacode is started, or remove it from `{key}` of \
                 `[mcp.{name}]` in config.toml"
            ),
        );
    }
    Check::good(NAME, what)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use url::Url;

    use super::*;

    fn server(transport: McpTransport) -> McpServer {
        McpServer {
            name: "a".to_owned(),
            transport,
            expose: Vec::new(),
            timeout: Duration::from_secs(60),
        }
    }

    fn at(url: &str) -> McpServer {
        server(McpTransport::Http {
            url: Url::parse(url).expect("an address"),
            header_env: BTreeMap::new(),
        })
    }

    #[test]
    fn servers_are_judged_by_their_settings() {
        let program = server(McpTransport::Command {
            argv: vec!["npx".to_owned(), "x".to_owned()],
            env: vec!["A".to_owned()],
            network: true,
        });
        let good = Check::good(NAME, "`a` runs `npx` with network access");
        assert_eq!(judged(&program, &[], false), good);
        assert_eq!(judged(&program, &[], true), good);
        let missing = ["A".to_owned(), "B".to_owned()];
        assert_eq!(
            judged(&program, &missing, false),
            Check::bad(
                NAME,
                CheckState::Warning,
                "`a` runs `npx` with network access, but `A`, `B` are not set",
                "set `A` where ollacode is started, or remove it from `env` of `[mcp.a]` in \
                 config.toml",
            )
        );
        let far = at("https://example.org/mcp?token=x");
        assert_eq!(
            judged(&far, &[], false),
            Check::good(NAME, "`a` is at https://example.org")
        );
        assert_eq!(judged(&far, &[], true).state, CheckState::Warning);
        let near = at("http://127.0.0.1:80/mcp");
        assert_eq!(judged(&near, &[], true).state, CheckState::Good);
    }
}
