//! A refresh that finds no difference: it writes nothing, and opens nothing for writing.

use std::path::Path;
use std::time::SystemTime;

use ollacode_store::{Catalog, MaintenancePolicy, set_aside_bytes};

use crate::difference::Difference;
use crate::error::IndexError;
use crate::index::{Index, WORKSPACE, WORKSPACE_MOUNT, blocking, unnoted_place};
use crate::progress::RefreshReport;
use crate::reconcile::{SharedCatalog, Unreconciled};
use crate::status::mount_point;
use crate::walk::WalkResult;
use crate::without::guarded;

impl Index {
    /// The report of a refresh of all files, if there is nothing to write: no file differs, and nothing
    /// else is left for a writer, such as damage, maintenance, or what a killed writer has begun.
    ///
    /// `None` also if that cannot be read: a writer repairs it, or tells why not.
    pub(crate) async fn report_unchanged(
        &self,
        generation: &str,
        walked: &WalkResult,
        found: &Difference,
    ) -> Result<Option<RefreshReport>, IndexError> {
        if !found.is_empty() {
            return Ok(None);
        }
        match guarded(self.report_in_order(generation)).await {
            Ok(report) => Ok(report.map(|counted| RefreshReport {
                unchanged: found.unchanged,
                languages: counted.languages,
                counts: counted.counts,
                ..RefreshReport::of_walk(walked)
            })),
            Err(IndexError::Store(error)) => {
                tracing::debug!(%error, "the index is opened for writing");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Files, chunks and languages of an index that is in order; `None` if it is not.
    async fn report_in_order(&self, generation: &str) -> Result<Option<RefreshReport>, IndexError> {
        let catalog = SharedCatalog::open_read_only(self.folder()).await?;
        let root = self.root().to_str().map(str::to_owned);
        let (read, is_noted, report) = catalog
            .run(move |catalog| {
                let report = RefreshReport {
                    languages: catalog.languages()?,
                    counts: catalog.counts("")?,
                    ..RefreshReport::default()
                };
                let unnoted = root.map(|root| unnoted(catalog, root)).transpose()?;
                let is_noted = unnoted.is_none_or(|unnoted| unnoted.is_empty());
                Ok((catalog.generation()?, is_noted, report))
            })
            .await?;
        if read != generation {
            return Err(IndexError::StaleGeneration);
        }
        if !is_noted || self.has_set_aside().await? {
            return Ok(None);
        }
        let store = self.store_of(generation).await?;
        let policy = MaintenancePolicy::default();
        let is_in_order = Unreconciled::of(&store, &catalog).await? == Unreconciled::default()
            && store.is_in_order(&policy, SystemTime::now()).await?;
        Ok(is_in_order.then_some(report))
    }

    /// Whether there is something that a writer removes after some days.
    async fn has_set_aside(&self) -> Result<bool, IndexError> {
        let folder = self.folder().to_owned();
        blocking(move || Ok(set_aside_bytes(&folder).unwrap_or(u64::MAX) > 0)).await
    }
}

/// What the catalog does not say yet of where the workspace is.
pub(crate) fn unnoted(
    catalog: &Catalog,
    root: String,
) -> ollacode_store::Result<Vec<(&'static str, String)>> {
    let noted = (catalog.meta(WORKSPACE)?, catalog.meta(WORKSPACE_MOUNT)?);
    let mount = mount_point(Path::new(&root));
    Ok(unnoted_place(root, mount.as_deref(), noted))
}

#[cfg(test)]
mod tests;
