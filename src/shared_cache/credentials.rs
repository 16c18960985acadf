//! Credentials of clouds, from the user's environment only.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;

use super::{CacheLocation, Cloud, OpenError};

/// Fewer characters are no secret, but a word such as `true`.
const SHORTEST_SECRET: usize = 8;

/// Variables whose values are paths of files of credentials.
const FILES: &[&str] = &[
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
];

/// The variables of one service as its own tools name them. They are secrets, so `Debug` shows names only.
#[derive(Clone, Default)]
pub struct CloudVariables(BTreeMap<String, String>);

impl CloudVariables {
    /// Takes what a service reads from an environment; empty values count as unset.
    pub fn of<'a>(
        cloud: Cloud,
        environment: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> CloudVariables {
        let taken = environment.filter_map(|(name, value)| {
            let (name, value) = (name.to_str()?, value.to_str()?.trim());
            let is_taken = name.starts_with(cloud.variables()) && !value.is_empty();
            is_taken.then(|| (name.to_owned(), value.to_owned()))
        });
        CloudVariables(taken.collect())
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first of some variables that is set, with its value.
    pub(super) fn first<'a>(&'a self, names: &[&'a str]) -> Option<(&'a str, &'a str)> {
        let mut names = names.iter();
        names.find_map(|name| Some((*name, self.0.get(*name)?.as_str())))
    }

    /// Masks what may be a secret in a text.
    pub(super) fn hide(&self, text: &str) -> String {
        let is_address = |name: &str| name.contains("ENDPOINT") || name.contains("REGION");
        // Unless somebody put the credentials themselves there.
        let is_path = |name: &str, value: &str| {
            FILES.contains(&name) && (value.starts_with(['/', '~']) || value.ends_with(".json"))
        };
        let secrets = self.iter().filter(|(name, value)| {
            value.len() >= SHORTEST_SECRET && !is_address(name) && !is_path(name, value)
        });
        secrets.fold(text.to_owned(), |text, (_, value)| {
            text.replace(value, "***")
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        let value = self.0.get(name).map(|value| value.to_ascii_lowercase());
        value.is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.as_str()))
    }

    /// An error that says what to set, unless there are credentials.
    ///
    /// Without any, the libraries of clouds ask the network for some: a request that nobody configured.
    pub(super) fn check(&self, cloud: Cloud, location: &CacheLocation) -> Result<(), OpenError> {
        let is_there = match cloud {
            Cloud::S3 => self.has_aws(),
            Cloud::Google => self.has_google(),
            Cloud::Azure => self.has_azure(),
        };
        if is_there {
            return Ok(());
        }
        let help = match cloud {
            Cloud::S3 if self.has("AWS_PROFILE") => {
                "`AWS_PROFILE` is set, but profiles of the AWS command line are not read; give their \
                 credentials with `eval \"$(aws configure export-credentials --format env)\"`"
            }
            Cloud::S3 => {
                "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` (and `AWS_SESSION_TOKEN` if they \
                 are temporary), `AWS_REGION`, and `AWS_ENDPOINT_URL` if it is not Amazon's"
            }
            Cloud::Google => {
                "set `GOOGLE_APPLICATION_CREDENTIALS` to the path of a file of credentials, such as \
                 ~/.config/gcloud/application_default_credentials.json after `gcloud auth \
                 application-default login`"
            }
            Cloud::Azure => {
                "set `AZURE_STORAGE_ACCOUNT_NAME`, and `AZURE_STORAGE_ACCOUNT_KEY` or \
                 `AZURE_STORAGE_SAS_TOKEN`; or a client with `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, and \
                 `AZURE_CLIENT_SECRET` or `AZURE_FEDERATED_TOKEN_FILE`"
            }
        };
        Err(OpenError::NoCredentials {
            location: location.clone(),
            help: help.to_owned(),
        })
    }

    fn has_aws(&self) -> bool {
        self.has_all(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
            || self.has_all(&["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"])
            || self.has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            || self.has_all(&[
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            ])
            || self.is_true("AWS_SKIP_SIGNATURE")
    }

    fn has_google(&self) -> bool {
        const ANY: &[&str] = &[
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_BEARER_TOKEN",
            "GOOGLE_SERVICE_ACCOUNT",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
            "GOOGLE_SERVICE_ACCOUNT_PATH",
        ];
        ANY.iter().any(|name| self.has(name)) || self.is_true("GOOGLE_SKIP_SIGNATURE")
    }

    fn has_azure(&self) -> bool {
        const KEYS: &[&str] = &[
            "AZURE_STORAGE_ACCESS_KEY",
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_STORAGE_SAS_KEY",
            "AZURE_STORAGE_SAS_TOKEN",
            "AZURE_STORAGE_TOKEN",
        ];
        /// A client is one of each.
        const CLIENT: [&[&str]; 3] = [
            &["AZURE_CLIENT_ID", "AZURE_STORAGE_CLIENT_ID"],
            &[
                "AZURE_TENANT_ID",
                "AZURE_AUTHORITY_ID",
                "AZURE_STORAGE_TENANT_ID",
                "AZURE_STORAGE_AUTHORITY_ID",
            ],
            &[
                "AZURE_CLIENT_SECRET",
                "AZURE_STORAGE_CLIENT_SECRET",
                "AZURE_FEDERATED_TOKEN_FILE",
            ],
        ];
        let has_any = |names: &[&str]| names.iter().any(|name| self.has(name));
        let is_allowed = has_any(KEYS)
            || CLIENT.into_iter().all(has_any)
            || self.is_true("AZURE_SKIP_SIGNATURE");
        is_allowed && self.has("AZURE_STORAGE_ACCOUNT_NAME")
    }
}

impl fmt::Debug for CloudVariables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.keys()).finish()
    }
}
