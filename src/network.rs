//! Why a connection cannot be made, where trying again does not help: said for every server that
//! is talked to.

use std::error::Error;

/// What stands in the way of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The certificate is signed by nobody that is known here.
    UnknownAuthority,
    /// The certificate is wrong otherwise: expired, or for another name.
    BadCertificate,
    /// The server does not speak TLS, though it was addressed with `https`.
    NotTls,
    /// The environment names a SOCKS proxy.
    SocksProxy,
    /// The proxy of the environment refuses to lead there.
    ProxyRefuses,
    /// The name has no address.
    UnknownHost,
}

impl Obstacle {
    /// Finds out what stands in the way; `None` if it is nothing of these.
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
            Obstacle::UnknownAuthority => {
                "its certificate is signed by an authority that is not known here"
            }
            Obstacle::BadCertificate => "its certificate is not valid for it",
            Obstacle::NotTls => "it does not speak TLS",
            Obstacle::SocksProxy => {
                "the environment names a SOCKS proxy, and only HTTP proxies are supported"
            }
            Obstacle::ProxyRefuses => "the proxy that the environment names refuses to lead there",
            Obstacle::UnknownHost => "there is no host of that name",
        }
    }

    pub fn help(self) -> &'static str {
        match self {
            Obstacle::UnknownAuthority => {
                "only public authorities are known, and no self-signed or company certificates: \
                 give the server a public certificate, reach it through an SSH tunnel or over \
                 `http://` in a network that you trust, or ask who runs a proxy that opens TLS"
            }
            Obstacle::BadCertificate => {
                "look at its date and its names, and at the clock of this machine"
            }
            Obstacle::NotTls => "write `http://` in place of `https://`",
            Obstacle::SocksProxy => {
                "set `HTTPS_PROXY` or `HTTP_PROXY` to an HTTP proxy, or name the host in \
                 `NO_PROXY` to go without"
            }
            Obstacle::ProxyRefuses => {
                "look at `HTTPS_PROXY` and its password, or name the host in `NO_PROXY`"
            }
            Obstacle::UnknownHost => "check how its name is spelt, and the network",
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
