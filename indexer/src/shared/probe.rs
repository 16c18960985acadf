//! What `doctor` asks a store.

use std::time::{SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use tokio::time::Instant;

use super::Inner;
use super::error::SharedError;
use super::report::SharedProbe;

impl Inner {
    pub(super) async fn ask_for_doctor(&self) -> Result<SharedProbe, SharedError> {
        let began = Instant::now();
        let folder = self.models_folder();
        let mut listing = self.requests.store.list(Some(&folder));
        let first = async { listing.next().await.transpose() };
        let first = self
            .requests
            .in_time(self.requests.limits.first_answer, first)
            .await?;
        first.map_err(|error| self.requests.explain(error))?;
        let mut probe = SharedProbe {
            answered_in: began.elapsed(),
            ..SharedProbe::default()
        };
        if self.options.may_write {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let unique = format!(
                "{} {} {}",
                self.options.writer,
                std::process::id(),
                now.as_nanos()
            );
            let name = blake3::hash(unique.as_bytes()).to_hex();
            let path = folder.join(format!("probe-{}", &name[..16]));
            let tried = self.try_to_write(&path, &mut probe).await;
            let removed = self.requests.delete(&path).await;
            // It may be listed, so the credentials are known; they only must not write.
            if let Err(SharedError::Denied { .. }) = tried {
                probe.writable = Some(false);
                return Ok(probe);
            }
            tried?;
            removed?;
        }
        Ok(probe)
    }

    /// Writes a file twice, where the second time must fail, and reads it.
    async fn try_to_write(&self, path: &Path, probe: &mut SharedProbe) -> Result<(), SharedError> {
        const TEXT: &str = "written by `ollacode doctor`, and removed at once\n";
        let requests = &self.requests;
        requests.put(path, PutPayload::from(TEXT)).await?;
        let again = requests
            .store
            .put_opts(path, PutPayload::from(TEXT), PutMode::Create.into());
        let again = requests.in_time(requests.limits.head, again).await?;
        probe.conditional_writes = Some(matches!(
            again,
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. })
        ));
        let head = requests.store.head(path);
        let head = requests.in_time(requests.limits.head, head).await?;
        let head = head.map_err(|error| requests.explain(error))?;
        probe.writable = Some(head.size == TEXT.len() as u64);
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        probe.clock_ahead = Some((now - head.last_modified.timestamp_millis()) / 1_000);
        Ok(())
    }
}
