//! Permanent reasons why a connection to a server fails, with messages and hints.

use std::error::Error;

use url::{Host, Url};

/// Whether an address is this machine, so that what is sent to it stays here.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        // Other names under `.localhost` may be answered by any name server.
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Why a connection fails, if a retry does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The certificate is signed by an unknown authority.
    UnknownAuthority,
    /// The certificate is invalid for another reason: expired, or for another name.
    BadCertificate,
    /// The address has `https`, but the server does not speak TLS.
    NotTls,
    /// The environment sets a SOCKS proxy.
    SocksProxy,
    /// The proxy of the environment refuses the connection.
    ProxyRefuses,
    /// The host name cannot be resolved.
    UnknownHost,
}

impl Obstacle {
    /// Classifies an error by its causes; `None` for all other errors.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Obstacle> {
        let mut causes = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            causes.push_str(&error.to_string());
            causes.push('\n');
            next = error.source();
        }
        let says = |words: &[&str]| words.iter().any(|word| causes.contains(word));
        Some(if says(&["scheme socks"]) {
            Obstacle::SocksProxy
        } else if says(&["UnknownIssuer", "CaUsedAsEndEntity"]) {
            Obstacle::UnknownAuthority
        } else if says(&["invalid peer certificate"]) {
            Obstacle::BadCertificate
        } else if says(&["InvalidContentType", "corrupt message"]) {
            Obstacle::NotTls
        } else if says(&["tunnel error", "proxy authorization required"]) {
            Obstacle::ProxyRefuses
        } else if says(&["dns error", "lookup address"]) {
            Obstacle::UnknownHost
        } else {
            return None;
        })
    }

    /// What happened, as the end of a sentence.
    pub fn what(self) -> &'static str {
        match self {
            Obstacle::UnknownAuthority => "its certificate is signed by an unknown authority",
            Obstacle::BadCertificate => "its certificate is not valid",
            Obstacle::NotTls => "it does not speak TLS",
            Obstacle::SocksProxy => {
                "the environment sets a SOCKS proxy, but only HTTP proxies are supported"
            }
            Obstacle::ProxyRefuses => "the proxy that the environment sets refuses the connection",
            Obstacle::UnknownHost => "the host name cannot be resolved",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Obstacle::UnknownAuthority => {
                "only public certificate authorities are trusted, not self-signed or company \
                 certificates: use a public certificate, an SSH tunnel, or `http://` in a network \
                 that you trust; if a proxy decrypts TLS, ask its administrator"
            }
            Obstacle::BadCertificate => {
                "check its dates and host names, and the clock of this machine"
            }
            Obstacle::NotTls => "use `http://` instead of `https://`",
            Obstacle::SocksProxy => {
                "set `HTTPS_PROXY` or `HTTP_PROXY` to an HTTP proxy, or add the host to \
                 `NO_PROXY`"
            }
            Obstacle::ProxyRefuses => {
                "check `HTTPS_PROXY` and its password, or add the host to `NO_PROXY`"
            }
            Obstacle::UnknownHost => "check the spelling of the host name, and the network",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("error sending request")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_obstacle_is_found_among_the_causes() {
        for (words, expected) in [
            (
                "invalid peer certificate: UnknownIssuer",
                Some(Obstacle::UnknownAuthority),
            ),
            (
                "invalid peer certificate: certificate expired",
                Some(Obstacle::BadCertificate),
            ),
            (
                "received corrupt message of type InvalidContentType",
                Some(Obstacle::NotTls),
            ),
            ("unsupported scheme socks5h", Some(Obstacle::SocksProxy)),
            (
                "dns error: failed to lookup address information",
                Some(Obstacle::UnknownHost),
            ),
            ("Connection refused (os error 111)", None),
        ] {
            let error = Outer(std::io::Error::other(words));
            assert_eq!(Obstacle::of(&error), expected, "{words}");
        }
    }
}
