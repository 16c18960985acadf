//! Opens the place that the setting names.

use std::path::Path;
use std::sync::{Arc, Weak, mpsc};
use std::time::Duration;
use std::{fmt, fs, io, thread};

use jiff::SignedDuration;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, RetryConfig};
use parking_lot::Mutex;
use url::Url;

use super::folder::TeamFolder;
use super::http::Connector;
use super::{CacheLocation, Cloud, CloudVariables, OpenError};
use crate::model::http::NetworkScope;
use crate::network::is_this_machine;
use crate::text::with_causes;

/// Most repetitions of a request that failed, and the time in which they begin.
const MOST_RETRIES: usize = 2;
const RETRY_TIME: Duration = Duration::from_secs(10);

/// Longest time to open a folder: that of the first answer of a bucket.
const LONGEST_OPENING: Duration = Duration::from_secs(2);

/// A place that was opened; whether it answers is not known yet.
///
/// A store knows its credentials, so that `Debug` does not show it.
#[derive(Clone)]
pub struct OpenPlace {
    pub location: CacheLocation,
    pub store: Arc<dyn ObjectStore>,
    /// Begins the names of all objects.
    pub prefix: ObjectPath,
    /// Where requests go; `None` for a folder.
    pub address: Option<Url>,
    connector: Option<Connector>,
}

impl OpenPlace {
    /// How far the clock of the server is ahead of ours, as its last answer said.
    pub fn clock_difference(&self) -> Option<SignedDuration> {
        self.connector.as_ref()?.clock_difference()
    }

    /// Whether vectors leave this machine. A folder may be on another one, which only its owner knows.
    pub fn leaves_machine(&self) -> bool {
        self.address
            .as_ref()
            .is_some_and(|url| !is_this_machine(url))
    }
}

impl fmt::Debug for OpenPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address.as_ref().map(Url::as_str);
        formatter
            .debug_struct("OpenPlace")
            .field("location", &self.location)
            .field("address", &address)
            .finish_non_exhaustive()
    }
}

/// Opens a place; sends nothing. `variables` are those of its cloud, and are not used for a folder.
pub fn open(
    location: &CacheLocation,
    variables: &CloudVariables,
    scope: NetworkScope,
) -> Result<OpenPlace, OpenError> {
    match location {
        CacheLocation::Folder(path) => open_folder(location, path),
        CacheLocation::Bucket {
            cloud,
            bucket,
            prefix,
        } => {
            let opening = Opening {
                location,
                cloud: *cloud,
                bucket,
                variables,
            };
            opening.open(prefix, scope)
        }
    }
}

fn open_folder(location: &CacheLocation, path: &Path) -> Result<OpenPlace, OpenError> {
    static HANGING: Mutex<Weak<()>> = Mutex::new(Weak::new());
    let folder = path.to_owned();
    let opened = in_time(&HANGING, LONGEST_OPENING, move || team_folder(&folder));
    let store = opened.ok_or_else(|| OpenError::Hangs(path.to_owned()))??;
    Ok(OpenPlace {
        location: location.clone(),
        store: Arc::new(store),
        prefix: ObjectPath::default(),
        address: None,
        connector: None,
    })
}

/// Opens a folder that must exist. It is not created: where its disk is not mounted, that would hide it.
fn team_folder(path: &Path) -> Result<TeamFolder, OpenError> {
    let setup = |problem: String| OpenError::Setup {
        location: CacheLocation::Folder(path.to_owned()),
        problem,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NoFolder(path.to_owned()))
        }
        Err(error) => Err(setup(error.to_string())),
        Ok(found) if !found.is_dir() => Err(OpenError::NotAFolder(path.to_owned())),
        Ok(_) => TeamFolder::open(path).map_err(|error| setup(with_causes(&error))),
    }
}

/// Does what may hang in the kernel, where nothing can end it, as a disk of a network does; `None` if it
/// takes longer than `limit`.
///
/// Until it ends nothing else is begun, so that threads do not add up: `hanging` is alive as long.
pub(super) fn in_time<T: Send + 'static>(
    hanging: &Mutex<Weak<()>>,
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if hanging.lock().upgrade().is_some() {
        return None;
    }
    let (sender, result) = mpsc::sync_channel(1);
    let running = Arc::new(());
    let watched = Arc::downgrade(&running);
    let thread = thread::Builder::new().spawn(move || {
        // Nobody may wait for it any more.
        let _ = sender.send(work());
        drop(running);
    });
    thread.ok()?;
    let done = result.recv_timeout(limit).ok();
    if done.is_none() {
        *hanging.lock() = watched;
    }
    done
}

/// Whether an address may be called without encryption by whoever asked for nothing else.
pub(super) fn may_be_plain(url: &Url) -> bool {
    url.scheme() == "https" || is_this_machine(url)
}

/// A bucket that is being opened.
struct Opening<'a> {
    location: &'a CacheLocation,
    cloud: Cloud,
    bucket: &'a str,
    variables: &'a CloudVariables,
}

impl Opening<'_> {
    fn open(&self, prefix: &str, scope: NetworkScope) -> Result<OpenPlace, OpenError> {
        let location = self.location;
        let (variable, address) = self.address()?;
        if scope == NetworkScope::LoopbackOnly && !is_this_machine(&address) {
            return Err(OpenError::Offline(location.clone()));
        }
        let allow = self.allow_plain();
        let allows_plain = self.variables.is_true(allow);
        if !allows_plain && !may_be_plain(&address) {
            return Err(OpenError::NotEncrypted { variable, allow });
        }
        self.variables.check(self.cloud, location)?;
        let setup = |problem: String| OpenError::Setup {
            location: location.clone(),
            problem: self.variables.hide(&problem),
        };
        let connector = Connector::new(scope, allows_plain);
        let connector = connector.map_err(|error| setup(with_causes(&error)))?;
        let store = match self.cloud {
            Cloud::S3 => self.s3(connector.clone()),
            Cloud::Google => self.google(connector.clone()),
            Cloud::Azure => self.azure(connector.clone()),
        };
        let store = store.map_err(|error| setup(with_causes(&error)))?;
        Ok(OpenPlace {
            location: location.clone(),
            store,
            prefix: ObjectPath::from(prefix),
            address: Some(address),
            connector: Some(connector),
        })
    }

    /// Where requests go, and the variable that says so.
    fn address(&self) -> Result<(String, Url), OpenError> {
        let names: &[&str] = match self.cloud {
            Cloud::S3 => &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
            Cloud::Google => &["GOOGLE_BASE_URL"],
            Cloud::Azure => &["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"],
        };
        let (variable, address) = match self.variables.first(names) {
            Some((name, address)) => (name, address.to_owned()),
            None => (names[0], self.usual_address()),
        };
        let url = Url::parse(&address).ok();
        let url = url.filter(|url| {
            let is_http = ["http", "https"].contains(&url.scheme());
            is_http && url.has_host() && url.username().is_empty() && url.password().is_none()
        });
        match url {
            Some(url) => Ok((variable.to_owned(), url)),
            None => Err(OpenError::BadEndpoint {
                variable: variable.to_owned(),
            }),
        }
    }

    fn usual_address(&self) -> String {
        let first = |names: &[&'static str], other: &str| {
            let found = self.variables.first(names);
            found.map_or_else(|| other.to_owned(), |(_, value)| value.to_owned())
        };
        match self.cloud {
            Cloud::S3 => {
                let region = first(&["AWS_REGION", "AWS_DEFAULT_REGION"], "us-east-1");
                format!("https://s3.{region}.amazonaws.com")
            }
            Cloud::Google => "https://storage.googleapis.com".to_owned(),
            Cloud::Azure => {
                let account = first(&["AZURE_STORAGE_ACCOUNT_NAME"], "unknown");
                format!("https://{account}.blob.core.windows.net")
            }
        }
    }

    /// The variable that allows to go without encryption.
    fn allow_plain(&self) -> &'static str {
        match self.cloud {
            Cloud::S3 => "AWS_ALLOW_HTTP",
            Cloud::Google => "GOOGLE_ALLOW_HTTP",
            Cloud::Azure => "AZURE_ALLOW_HTTP",
        }
    }

    fn s3(&self, connector: Connector) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = AmazonS3Builder::new();
        for (name, value) in self.variables.iter() {
            match name.to_ascii_lowercase().parse() {
                // Timeouts and proxies are ours.
                Err(_) | Ok(AmazonS3ConfigKey::Client(_)) => {}
                Ok(key) => builder = builder.with_config(key, value),
            }
        }
        let builder = builder.with_bucket_name(self.bucket);
        let builder = builder.with_http_connector(connector).with_retry(retries());
        Ok(Arc::new(builder.build()?))
    }

    fn google(&self, connector: Connector) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = GoogleCloudStorageBuilder::new();
        for (name, value) in self.variables.iter() {
            match name.to_ascii_lowercase().parse() {
                Err(_) | Ok(GoogleConfigKey::Client(_)) => {}
                Ok(key) => builder = builder.with_config(key, value),
            }
        }
        let builder = builder.with_bucket_name(self.bucket);
        let builder = builder.with_http_connector(connector).with_retry(retries());
        Ok(Arc::new(builder.build()?))
    }

    fn azure(&self, connector: Connector) -> object_store::Result<Arc<dyn ObjectStore>> {
        let mut builder = MicrosoftAzureBuilder::new();
        for (name, value) in self.variables.iter() {
            match name.to_ascii_lowercase().parse() {
                Err(_) | Ok(AzureConfigKey::Client(_)) => {}
                // These start a program, or read other variables.
                Ok(
                    AzureConfigKey::CredentialType
                    | AzureConfigKey::UseAzureCli
                    | AzureConfigKey::UseEmulator,
                ) => {}
                Ok(key) => builder = builder.with_config(key, value),
            }
        }
        let builder = builder.with_container_name(self.bucket);
        let builder = builder.with_http_connector(connector).with_retry(retries());
        Ok(Arc::new(builder.build()?))
    }
}

fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: MOST_RETRIES,
        retry_timeout: RETRY_TIME,
        ..RetryConfig::default()
    }
}
