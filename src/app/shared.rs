//! The shared cache of vectors, opened from the settings.

use std::fs;
use std::sync::Arc;

use ollacode_indexer::{Events, Index, IndexEvent, SharedCache, SharedOptions};

use super::App;
use crate::shared_cache::{CacheLocation, CloudVariables, OpenError, OpenPlace, open};

/// Where Linux tells the name of the machine.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// Most characters of the name of who writes.
const LONGEST_WRITER: usize = 64;

/// A shared cache, and where it is.
#[derive(Clone, Debug)]
pub struct OpenSharedCache {
    pub place: OpenPlace,
    pub cache: SharedCache,
}

impl App {
    /// The shared cache of the settings, opened once; `None` if there is none. Nothing is sent.
    pub fn shared_cache(&self) -> Result<Option<OpenSharedCache>, OpenError> {
        if let Some(open) = self.shared.get() {
            return Ok(Some(open.clone()));
        }
        let Some(location) = &self.settings.shared_cache.location else {
            return Ok(None);
        };
        let variables = match location {
            CacheLocation::Folder(_) => CloudVariables::default(),
            CacheLocation::Bucket { cloud, .. } => {
                CloudVariables::of(*cloud, self.environment.variables())
            }
        };
        let place = open(location, &variables, self.settings.reach)?;
        let options = SharedOptions {
            may_write: self.settings.shared_cache.writes,
            spot_checks: self.settings.shared_cache.checks,
            secret: self.settings.shared_cache.secret.clone(),
            writer: self.writer(),
            place: location.to_string(),
            data_folder: self.settings.data_folder.clone(),
        };
        let cache = SharedCache::new(Arc::clone(&place.store), place.prefix.clone(), options);
        let open = OpenSharedCache { place, cache };
        Ok(Some(self.shared.get_or_init(|| open).clone()))
    }

    /// The index with the shared cache, and that cache. One that cannot be opened is left out, which is
    /// told as a warning.
    pub fn sharing_index(&self, events: Events<'_>) -> (Index, Option<SharedCache>) {
        match self.shared_cache() {
            Ok(Some(open)) => (
                self.index.clone().sharing(open.cache.clone()),
                Some(open.cache),
            ),
            Ok(None) => (self.index.clone(), None),
            Err(error) => {
                events(IndexEvent::Warning(error.to_string()));
                (self.index.clone(), None)
            }
        }
    }

    /// Where vectors of the code are written to, if that is another machine.
    pub fn vectors_go_to(&self) -> Option<String> {
        let shared = &self.settings.shared_cache;
        let is_bucket = matches!(shared.location, Some(CacheLocation::Bucket { .. }));
        if !is_bucket || !shared.writes {
            return None;
        }
        let place = self.shared_cache().ok().flatten()?.place;
        place.leaves_machine().then(|| place.location.to_string())
    }

    /// Who writes, as bad vectors are traced back: `user@host`.
    fn writer(&self) -> String {
        let named = |name: &str| {
            let mut variables = self.environment.variables();
            let (_, value) = variables.find(|(other, _)| *other == name)?;
            value.to_str().map(str::to_owned)
        };
        let user = named("USER").or_else(|| named("LOGNAME"));
        let host = named("HOSTNAME").or_else(|| fs::read_to_string(HOST_NAME).ok());
        let plain = |name: Option<String>| {
            let name = name.unwrap_or_default();
            let is_plain = |sign: &char| sign.is_alphanumeric() || "-._".contains(*sign);
            let name: String = name.chars().filter(is_plain).take(LONGEST_WRITER).collect();
            if name.is_empty() {
                "unknown".to_owned()
            } else {
                name
            }
        };
        format!("{}@{}", plain(user), plain(host))
    }
}
