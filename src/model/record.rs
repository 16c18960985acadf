//! What is known of chat models from probes and sessions: a file for all models and workspaces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{EditCounts, EditExperience, EditForm, ProbeReport};

/// Smaller changes of the ratio are not stored.
const WORTH_KEEPING: f32 = 0.03;

/// What is known of a model. It is valid as long as the model has the same weights and settings.
#[derive(Debug)]
pub struct ModelRecord {
    /// The model's name on its server.
    name: String,
    /// What identifies its exact weights and settings; empty if that is unknown.
    digest: String,
    /// The file; `None` if nothing is kept.
    file: Option<PathBuf>,
    /// See [`tokens_per_estimate`](super::ChatModel::tokens_per_estimate).
    ratio: Mutex<Option<f32>>,
    edits: Mutex<EditExperience>,
}

/// Records by the models' names.
#[derive(Debug, Default, Serialize, Deserialize)]
struct RecordFile {
    models: BTreeMap<String, StoredRecord>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredRecord {
    digest: String,
    report: Option<ProbeReport>,
    tokens_per_estimate: Option<f32>,
    /// Edits of a probe.
    probed_edits: EditCounts,
    /// Edits in sessions.
    edits: EditCounts,
}

impl StoredRecord {
    fn experience(&self) -> EditExperience {
        EditExperience {
            real: self.edits,
            probed: self.probed_edits,
        }
    }
}

impl ModelRecord {
    /// The record of a model of which nothing is known, and nothing is kept.
    pub fn new(name: String, digest: String) -> ModelRecord {
        ModelRecord {
            name,
            digest,
            file: None,
            ratio: Mutex::default(),
            edits: Mutex::default(),
        }
    }

    /// The same record with what the file has of it; what is learned goes there, too.
    #[must_use]
    pub fn kept_in(self, file: PathBuf) -> ModelRecord {
        let stored = self.stored(&file).unwrap_or_default();
        ModelRecord {
            ratio: Mutex::new(stored.tokens_per_estimate),
            edits: Mutex::new(stored.experience()),
            file: Some(file),
            ..self
        }
    }

    /// What identifies the exact weights and settings; empty if that is unknown.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Server tokens per estimated token, if known.
    pub fn tokens_per_estimate(&self) -> Option<f32> {
        *self.ratio.lock()
    }

    /// Notes server tokens per estimated token.
    pub fn learnt(&self, tokens_per_estimate: f32) {
        let mut known = self.ratio.lock();
        let is_old = known.is_some_and(|known| (known - tokens_per_estimate).abs() < WORTH_KEEPING);
        if is_old {
            return;
        }
        *known = Some(tokens_per_estimate);
        let Some(file) = &self.file else {
            return;
        };
        let ratio = Some(tokens_per_estimate);
        if let Err(error) = self.change(file, |stored| stored.tokens_per_estimate = ratio) {
            // It is learnt again the next time.
            tracing::debug!(%error, "cannot keep how the model counts");
        }
    }

    /// The form in which the model edits files best, as far as that is known.
    pub fn edit_form(&self) -> EditForm {
        self.edits.lock().form()
    }

    /// Counts an edit of a session.
    pub fn edited(&self, form: EditForm, has_worked: bool) {
        let Some(file) = &self.file else {
            return;
        };
        let mut known = EditExperience::default();
        let kept = self.change(file, |stored| {
            stored.edits.note(form, has_worked);
            known = stored.experience();
        });
        match kept {
            Ok(()) => *self.edits.lock() = known,
            Err(error) => tracing::debug!(%error, "cannot keep how the model edits"),
        }
    }

    /// Stores a report in a file of records, which is created if needed.
    ///
    /// # Errors
    ///
    /// If the file or its folder cannot be written.
    pub fn remember(&self, report: &ProbeReport, file: &Path) -> io::Result<()> {
        self.change(file, |stored| stored.report = Some(*report))
    }

    /// Stores the edits of a probe in the same file.
    ///
    /// # Errors
    ///
    /// As for a report.
    pub fn remember_probed_edits(&self, edits: &EditCounts, file: &Path) -> io::Result<()> {
        self.change(file, |stored| stored.probed_edits = *edits)
    }

    /// Finds the report of this model in a file of records, if there is one.
    pub fn recall(&self, file: &Path) -> Option<ProbeReport> {
        self.stored(file)?.report
    }

    /// Reads what is known of edits from the same file.
    pub fn recall_edits(&self, file: &Path) -> EditExperience {
        self.stored(file)
            .map_or_else(EditExperience::default, |stored| stored.experience())
    }

    fn change(&self, file: &Path, change: impl FnOnce(&mut StoredRecord)) -> io::Result<()> {
        let mut all = read(file);
        let stored = all.models.entry(self.name.clone()).or_default();
        if stored.digest != self.digest {
            *stored = StoredRecord {
                digest: self.digest.clone(),
                ..StoredRecord::default()
            };
        }
        change(stored);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_vec_pretty(&all)?;
        // Whole or not at all, for another run that reads it now.
        let beside = file.with_extension(format!("{}.tmp", process::id()));
        fs::write(&beside, text)?;
        fs::rename(&beside, file)
    }

    fn stored(&self, file: &Path) -> Option<StoredRecord> {
        let stored = read(file).models.remove(&self.name)?;
        (stored.digest == self.digest).then_some(stored)
    }
}

/// Reads the records; an unreadable file counts as empty, since they can be made again.
fn read(file: &Path) -> RecordFile {
    let bytes = fs::read(file).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
