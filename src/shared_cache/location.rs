//! Reads `OLLACODE_SHARED_CACHE`.

use std::fmt;
use std::path::PathBuf;

/// A service that keeps objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon S3, and all that speak its protocol: MinIO, Ceph, R2.
    S3,
    Google,
    Azure,
}

/// Schemes of addresses, with the service each names.
const SCHEMES: &[(&str, Cloud)] = &[
    ("s3", Cloud::S3),
    ("gs", Cloud::Google),
    ("az", Cloud::Azure),
];

/// Most characters of a prefix: what the names of objects leave of the 1,024 that S3 allows.
const LONGEST_PREFIX: usize = 512;

/// Where a shared cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheLocation {
    /// An absolute path.
    Folder(PathBuf),
    Bucket {
        cloud: Cloud,
        /// The bucket, or the container of Azure.
        bucket: String,
        /// Begins the names of all objects; empty, or without slashes at its ends.
        prefix: String,
    },
}

impl Cloud {
    /// The scheme in addresses, without `://`.
    pub fn scheme(self) -> &'static str {
        match self {
            Cloud::S3 => "s3",
            Cloud::Google => "gs",
            Cloud::Azure => "az",
        }
    }

    /// What the names of its variables begin with.
    pub fn variables(self) -> &'static str {
        match self {
            Cloud::S3 => "AWS_",
            Cloud::Google => "GOOGLE_",
            Cloud::Azure => "AZURE_",
        }
    }
}

impl CacheLocation {
    /// Whether a value has the form of an address, so that it is not a path.
    pub fn is_address(value: &str) -> bool {
        value.contains("://")
    }

    /// Whether an address may have credentials, which must not be shown: a user name, or a query, in which
    /// Azure and signed addresses have a signature.
    pub fn has_credentials(value: &str) -> bool {
        let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
        let mut parts = rest.split('/');
        parts.next().is_some_and(|host| host.contains('@')) || rest.contains('?')
    }

    /// Reads an address; `None` if it is not of the form `s3://bucket/prefix`.
    pub fn parse_address(value: &str) -> Option<CacheLocation> {
        let (scheme, rest) = value.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let (_, cloud) = SCHEMES.iter().find(|(known, _)| *known == scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        let is_fine = is_bucket(bucket) && is_prefix(prefix);
        is_fine.then(|| CacheLocation::Bucket {
            cloud: *cloud,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for CacheLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CacheLocation::Folder(path) => write!(formatter, "{}", path.display()),
            CacheLocation::Bucket {
                cloud,
                bucket,
                prefix,
            } => {
                let slash = if prefix.is_empty() { "" } else { "/" };
                write!(formatter, "{}://{bucket}{slash}{prefix}", cloud.scheme())
            }
        }
    }
}

/// Whether a name is one that a service accepts: it becomes part of an address.
fn is_bucket(name: &str) -> bool {
    let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"-._".contains(&sign);
    (3..=222).contains(&name.len())
        && name.bytes().all(is_sign)
        && name.as_bytes()[0].is_ascii_alphanumeric()
        && !name.contains("..")
}

/// Plain names only, so that every service and folder writes the same ones.
fn is_prefix(prefix: &str) -> bool {
    let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"-._=+@".contains(&sign);
    let is_name =
        |name: &str| !name.is_empty() && ![".", ".."].contains(&name) && name.bytes().all(is_sign);
    prefix.is_empty() || (prefix.len() <= LONGEST_PREFIX && prefix.split('/').all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_service_a_bucket_and_a_prefix() {
        let bucket = |cloud, bucket: &str, prefix: &str| {
            Some(CacheLocation::Bucket {
                cloud,
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        for (value, expected, shown) in [
            (
                "s3://team-vectors",
                bucket(Cloud::S3, "team-vectors", ""),
                "s3://team-vectors",
            ),
            (
                "S3://team/a/b//",
                bucket(Cloud::S3, "team", "a/b"),
                "s3://team/a/b",
            ),
            (
                "gs://team/v=1",
                bucket(Cloud::Google, "team", "v=1"),
                "gs://team/v=1",
            ),
            (
                "az://container/x",
                bucket(Cloud::Azure, "container", "x"),
                "az://container/x",
            ),
        ] {
            let location = CacheLocation::parse_address(value);
            assert_eq!(location, expected, "{value}");
            let location = location.expect("an address");
            assert_eq!(location.to_string(), shown, "{value}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for value in [
            "",
            "team",
            "s3:team",
            "s3://",
            "s3:///prefix",
            "s3://a",
            "s3://me:secret@team",
            "s3://team?x=1",
            "s3://team/a b",
            "s3://team/../other",
            "s3://team/a//b",
            "s3://team/a/./b",
            "s3://..team",
            "s3://te..am",
            "s3://team/%2e%2e",
            "http://team/x",
            "https://bucket.s3.amazonaws.com/x",
            "file:///mnt/team",
            "s3+ddb://team/x",
        ] {
            assert_eq!(CacheLocation::parse_address(value), None, "{value}");
        }
        let long = format!("s3://team/{}", "a".repeat(LONGEST_PREFIX + 1));
        assert_eq!(CacheLocation::parse_address(&long), None);
    }
}
