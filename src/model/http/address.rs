//! Parses the address of a server in every form that Ollama's own tools accept.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::network::is_this_machine;

/// Ollama's port, without a scheme.
const OLLAMA_PORT: &str = "11434";

/// The port of `http`.
const HTTP_PORT: &str = "80";

/// The setting that has Ollama's address.
const OLLAMA_HOST: &str = "OLLAMA_HOST";

/// The one host that uses https without a scheme.
const CLOUD: &str = "ollama.com";

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    base: Url,
    warning: Option<String>,
}

/// Why a value is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// The scheme is neither `http` nor `https`.
    #[error("`{setting}` begins with `{scheme}://`, and only `http://` and `https://` work")]
    Scheme {
        setting: &'static str,
        scheme: String,
    },
    /// There is a user name or a password in it. The value is not repeated.
    #[error("`{setting}` must not contain a user name or password; {}", key_hint(.setting))]
    Credentials { setting: &'static str },
    /// It cannot be read as an address.
    #[error("`{setting}` is `{value}`, which is not of the form `http://host:port`")]
    Malformed {
        setting: &'static str,
        value: String,
    },
}

impl Address {
    /// Parses a value of `OLLAMA_HOST`; an empty one is the server on this machine.
    ///
    /// A port that is not valid becomes the default one, as in Ollama, with a [warning].
    ///
    /// [warning]: Address::warning
    pub fn parse(value: &str) -> Result<Address, AddressError> {
        Address::parse_setting(OLLAMA_HOST, OLLAMA_PORT, value)
    }

    /// Parses the address of a server of any kind, from a setting of this name.
    ///
    /// It is used as it is written: without a port, it is that of the scheme, and without a scheme,
    /// it is `http`. A final `/v1` is left out: it is part of each endpoint.
    pub fn parse_server(setting: &'static str, value: &str) -> Result<Address, AddressError> {
        Address::parse_setting(setting, HTTP_PORT, value)
    }

    fn parse_setting(
        setting: &'static str,
        usual_port: &'static str,
        value: &str,
    ) -> Result<Address, AddressError> {
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let malformed = || AddressError::Malformed {
            setting,
            value: value.to_owned(),
        };
        let (scheme, rest) = match value.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, value),
        };
        if rest.contains('@') {
            return Err(AddressError::Credentials { setting });
        }
        if rest.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\\%".contains(c)) {
            return Err(malformed());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_port(authority).ok_or_else(malformed)?;
        let is_ollama = setting == OLLAMA_HOST;
        if host.is_empty() && !is_ollama {
            return Err(malformed());
        }
        let (scheme, default_port) = match scheme.as_deref() {
            None if port.is_none() && host.eq_ignore_ascii_case(CLOUD) => ("https", "443"),
            None => ("http", usual_port),
            Some("http") => ("http", HTTP_PORT),
            Some("https") => ("https", "443"),
            Some(other) => {
                let scheme = other.to_owned();
                return Err(AddressError::Scheme { setting, scheme });
            }
        };
        let (port, warning) = match port {
            None => (default_port, None),
            Some(port) if port.parse::<u16>().is_ok_and(|port| port > 0) => (port, None),
            Some(port) if is_ollama => (default_port, Some(bad_port(port, default_port))),
            Some(_) => return Err(malformed()),
        };
        let mut base = Url::parse(&format!("{scheme}://{}:{port}/", url_host(host)))
            .map_err(|_| malformed())?;
        base.set_path(without_api(path, is_ollama));
        reach_instead_of_bind(&mut base);
        Ok(Address { base, warning })
    }

    /// A warning about a part of the value that was not used as written.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Whether the server is this machine, so that nothing leaves it.
    pub fn is_loopback(&self) -> bool {
        is_this_machine(&self.base)
    }

    /// Whether both are one server, as far as that can be told: this machine has several names.
    pub fn is_same_server(&self, other: &Address) -> bool {
        self.with_one_name() == other.with_one_name()
    }

    fn with_one_name(&self) -> Url {
        let mut base = self.base.clone();
        let is_local = match base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
            _ => false,
        };
        if is_local {
            // It fails only for URLs without a host, and this one has one.
            let _ = base.set_ip_host(Ipv4Addr::LOCALHOST.into());
        }
        base
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Gives the URL of an endpoint such as `api/tags` or `props?model=x`.
    pub fn endpoint(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        url.set_query(query);
        url.set_path(&format!(
            "{}/{path}",
            self.base.path().trim_end_matches('/')
        ));
        url
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

/// Splits host and port; `None` if that is not possible.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Some((authority, None));
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

/// Writes a host as a URL has it.
fn url_host(host: &str) -> String {
    match host {
        "" => Ipv4Addr::LOCALHOST.to_string(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    }
}

fn bad_port(port: &str, default_port: &str) -> String {
    format!("`OLLAMA_HOST` has the port `{port}`, which is not valid; {default_port} is used")
}

/// Where the key belongs.
fn key_hint(setting: &str) -> &'static str {
    match setting {
        OLLAMA_HOST => "use `OLLAMA_API_KEY`",
        "OLLACODE_SERVER" => "use `OLLACODE_SERVER_KEY`",
        _ => "set the key apart",
    }
}

/// Removes what people copy from settings of other tools: a final `/` or `/v1`, and for Ollama `/api`,
/// which elsewhere is a part of the address.
fn without_api(path: &str, is_ollama: bool) -> &str {
    let path = path.trim_matches('/');
    let (prefix, last) = path.rsplit_once('/').unwrap_or(("", path));
    if last == "v1" || (is_ollama && last == "api") {
        prefix.trim_end_matches('/')
    } else {
        path
    }
}

/// Replaces the address that a server binds to for all interfaces, which cannot be called.
fn reach_instead_of_bind(base: &mut Url) {
    let reachable: IpAddr = match base.host() {
        Some(Host::Ipv4(address)) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        Some(Host::Ipv6(address)) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        _ => return,
    };
    // It fails only for URLs without a host, and this one has one.
    let _ = base.set_ip_host(reachable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_value_is_understood() {
        let cases = [
            ("", "http://127.0.0.1:11434"),
            ("  \"\" ", "http://127.0.0.1:11434"),
            ("1.2.3.4", "http://1.2.3.4:11434"),
            ("gpu", "http://gpu:11434"),
            ("GPU.lan", "http://gpu.lan:11434"),
            ("[::1]", "http://[::1]:11434"),
            ("::1", "http://[::1]:11434"),
            ("[::1]:5000", "http://[::1]:5000"),
            (":5000", "http://127.0.0.1:5000"),
            ("gpu:5000", "http://gpu:5000"),
            ("http://gpu", "http://gpu"),
            ("HTTPS://gpu", "https://gpu"),
            ("http://gpu:11434", "http://gpu:11434"),
            ("http://", "http://127.0.0.1"),
            ("gpu/ollama", "http://gpu:11434/ollama"),
            ("https://gpu:1/p/", "https://gpu:1/p"),
            ("gpu/p/v1/", "http://gpu:11434/p"),
            ("http://gpu:11434/", "http://gpu:11434"),
            ("http://gpu:11434/v1", "http://gpu:11434"),
            ("http://gpu:11434/api/", "http://gpu:11434"),
            ("http://gpu/apis", "http://gpu/apis"),
            ("ollama.com", "https://ollama.com"),
            ("ollama.com/", "https://ollama.com"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("::", "http://[::1]:11434"),
            ("[::]:99", "http://[::1]:99"),
            (" 'gpu:5000' ", "http://gpu:5000"),
        ];
        for (value, expected) in cases {
            let address = Address::parse(value).unwrap_or_else(|error| panic!("{value}: {error}"));
            assert_eq!(address.to_string(), expected, "{value}");
            assert_eq!(address.warning(), None, "{value}");
        }
    }

    #[test]
    fn a_bad_port_becomes_the_default_one_and_is_said() {
        let cases = [
            ("gpu:99999", "http://gpu:11434"),
            ("gpu:0", "http://gpu:11434"),
            ("gpu:", "http://gpu:11434"),
            ("gpu:x", "http://gpu:11434"),
            ("[::1]:-1", "http://[::1]:11434"),
            ("https://gpu:x", "https://gpu"),
        ];
        for (value, expected) in cases {
            let address = Address::parse(value).unwrap_or_else(|error| panic!("{value}: {error}"));
            assert_eq!(address.to_string(), expected, "{value}");
            assert!(address.warning().is_some(), "{value}");
        }
    }

    #[test]
    fn what_is_no_address_is_an_error() {
        for value in [
            "a b", "gpu?x=1", "gpu#x", "a:b:c", "[::1", "[gpu]", "[::1]x", "a\\b", "%",
        ] {
            let error = Address::parse(value).expect_err(value);
            let expected = AddressError::Malformed {
                setting: "OLLAMA_HOST",
                value: value.to_owned(),
            };
            assert_eq!(error, expected, "{value}");
        }
        let ftp = Address::parse("ftp://gpu");
        assert!(matches!(ftp, Err(AddressError::Scheme { scheme, .. }) if scheme == "ftp"));
        for value in ["http://me:secret@gpu", "me:se/cret@gpu", "me@gpu"] {
            let error = Address::parse(value).expect_err(value);
            let expected = AddressError::Credentials {
                setting: "OLLAMA_HOST",
            };
            assert_eq!(error, expected, "{value}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn the_address_of_another_server_is_used_as_it_is_written() {
        for (value, expected) in [
            ("http://127.0.0.1:1234/v1", "http://127.0.0.1:1234"),
            ("https://gpu/llm/v1/", "https://gpu/llm"),
            ("https://gpu/api/v1", "https://gpu/api"),
            ("https://gpu/api", "https://gpu/api"),
            ("http://gpu", "http://gpu"),
            ("https://gpu/", "https://gpu"),
            ("gpu", "http://gpu"),
            ("gpu:1234", "http://gpu:1234"),
            ("0.0.0.0:8000", "http://127.0.0.1:8000"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            let address = Address::parse_server("OLLACODE_SERVER", value);
            let address = address.unwrap_or_else(|error| panic!("{value}: {error}"));
            assert_eq!(address.to_string(), expected, "{value}");
            assert_eq!(address.warning(), None, "{value}");
        }
        for value in ["", ":8080", "http://", "gpu:0", "gpu:x", "gpu:99999", "a b"] {
            let error = Address::parse_server("OLLACODE_SERVER", value).expect_err(value);
            let expected = format!("`OLLACODE_SERVER` is `{value}`, which is not");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        let password = "https://me:secret@gpu";
        let error = Address::parse_server("OLLACODE_SERVER", password).expect_err("a password");
        let error = error.to_string();
        assert!(error.ends_with("use `OLLACODE_SERVER_KEY`"), "{error}");
    }

    #[test]
    fn this_machine_has_several_names() {
        let address = |value| Address::parse(value).expect("an address");
        for name in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "[::1]",
            "0.0.0.0",
            "",
        ] {
            assert!(
                address(name).is_same_server(&address("localhost")),
                "{name}"
            );
        }
        for name in [
            "localhost:1",
            "https://localhost:11434",
            "localhost/p",
            "127.8.9.1",
            "gpu",
        ] {
            assert!(
                !address(name).is_same_server(&address("localhost")),
                "{name}"
            );
        }
    }

    #[test]
    fn loopback_is_known() {
        let this = [
            "",
            "localhost",
            "LOCALHOST:1",
            "127.8.9.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ];
        let also_this = ["0.0.0.0", "::", "http://2130706433", "https://localhost"];
        let other = [
            "gpu",
            "10.0.0.1",
            "localhost.evil.com",
            "x.localhost",
            "[fe80::1]",
        ];
        let also_other = [
            "127.0.0.1.evil.com",
            "ollama.com",
            "localhost.",
            "[::ffff:10.0.0.1]",
        ];
        for value in this.into_iter().chain(also_this) {
            assert!(
                Address::parse(value).is_ok_and(|it| it.is_loopback()),
                "{value}"
            );
        }
        for value in other.into_iter().chain(also_other) {
            assert!(
                Address::parse(value).is_ok_and(|it| !it.is_loopback()),
                "{value}"
            );
        }
    }

    #[test]
    fn endpoints_keep_the_prefix() {
        for (value, expected) in [
            ("", "http://127.0.0.1:11434/api/tags"),
            ("https://gpu/p/q/", "https://gpu/p/q/api/tags"),
        ] {
            let address = Address::parse(value).expect("an address");
            assert_eq!(address.endpoint("api/tags").as_str(), expected);
        }
        let asked = Address::parse("gpu").map(|it| it.endpoint("props?model=a%2Fb"));
        let expected = "http://gpu:11434/props?model=a%2Fb";
        assert_eq!(asked.expect("an address").as_str(), expected);
    }
}
