//! The server that is asked: the one of `OLLACODE_SERVER`, else Ollama at `OLLAMA_HOST`.

use super::layers::Layers;
use super::{ConfigError, SettingOrigin};
use crate::model::http::{ApiKey, KindChoice, ServerKind};
use crate::model::server::ServerConfig;

impl Layers<'_> {
    /// The server; adds warnings about settings that have no effect.
    pub fn server(&self, warnings: &mut Vec<String>) -> Result<ServerConfig, ConfigError> {
        let host = self.given("OLLAMA_HOST");
        let ollama = ServerConfig {
            address: host.address()?,
            key: self.given("OLLAMA_API_KEY").api_key()?,
            kind: KindChoice::Kind(ServerKind::Ollama),
        };
        let server = self.given("OLLACODE_SERVER");
        let key = self.given("OLLACODE_SERVER_KEY").api_key()?;
        if !server.is_set() {
            warnings.extend(ollama.address.warning().map(str::to_owned));
            let is_useless = key.is_some();
            warnings.extend(is_useless.then(|| {
                "`OLLACODE_SERVER_KEY` has no effect without `OLLACODE_SERVER`".to_owned()
            }));
            return Ok(ollama);
        }
        let address = server.server_address()?;
        let is_given = host.origin != SettingOrigin::Default;
        if is_given && ollama.address.to_string() != address.to_string() {
            warnings.push(format!(
                "`OLLACODE_SERVER` is used ({address}), and `OLLAMA_HOST` is not ({})",
                ollama.address
            ));
        }
        if key.is_some() && !ApiKey::may_go_to(&address) {
            warnings.push(format!(
                "`OLLACODE_SERVER_KEY` is not sent to {address}: use `https://` there"
            ));
        }
        Ok(ServerConfig {
            address,
            key,
            kind: KindChoice::Auto,
        })
    }
}
