//! What is learned about a model, and the file that keeps it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::probe::ProbeReport;
use super::{EditCounts, EditExperience, EditForm};

/// Digits of a digest that tell models of one name apart.
const DIGEST_DIGITS: usize = 12;

/// Smaller changes of the ratio are not stored.
const WORTH_KEEPING: f32 = 0.03;

/// What is known by the models' names; where servers have different weights under one name, that of
/// the later ones has their digest behind it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ProbeCache {
    models: BTreeMap<String, CachedProbe>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct CachedProbe {
    digest: String,
    /// Of earlier versions, which knew one server only.
    report: Option<ProbeReport>,
    /// By the address of the server: its window and its speed are part of them.
    reports: BTreeMap<String, ProbeReport>,
    /// See [`ChatModel::tokens_per_estimate`](super::ChatModel::tokens_per_estimate).
    tokens_per_estimate: Option<f32>,
    /// Edits of a probe.
    probed_edits: EditCounts,
    /// Edits in sessions.
    edits: EditCounts,
}

impl CachedProbe {
    fn experience(&self) -> EditExperience {
        EditExperience {
            real: self.edits,
            probed: self.probed_edits,
        }
    }

    fn report_of(&self, server: &str) -> Option<ProbeReport> {
        let old = self.report.filter(|_| self.reports.is_empty());
        self.reports.get(server).copied().or(old)
    }
}

/// What is known about one model. It is valid as long as the model has the same weights and
/// settings.
#[derive(Debug)]
pub struct ModelMemory {
    /// Names the model in the file.
    key: String,
    /// Identifies its weights and settings; empty if the server does not say.
    digest: String,
    /// The address of its server; empty if that is part of the key.
    server: String,
    /// Where it is kept; `None` for this run only.
    file: Option<PathBuf>,
    /// Server tokens per estimated one.
    ratio: Mutex<Option<f32>>,
    edits: Mutex<EditExperience>,
}

impl ModelMemory {
    /// Nothing is known yet.
    pub(in crate::model) fn new(key: &str, digest: &str) -> ModelMemory {
        ModelMemory {
            key: key.to_owned(),
            digest: digest.to_owned(),
            server: String::new(),
            file: None,
            ratio: Mutex::default(),
            edits: Mutex::default(),
        }
    }

    /// The same, of a server that has others beside it.
    pub(in crate::model) fn of_server(self, server: &str) -> ModelMemory {
        let server = server.to_owned();
        ModelMemory { server, ..self }
    }

    /// Reads what is known from a file, and keeps there what is learned from now on.
    pub(in crate::model) fn keep_in(&mut self, file: PathBuf) -> Option<ProbeReport> {
        let known = self.known(&file).unwrap_or_default();
        *self.ratio.get_mut() = known.tokens_per_estimate;
        *self.edits.get_mut() = known.experience();
        self.file = Some(file);
        known.report_of(&self.server)
    }

    /// See [`ChatModel::tokens_per_estimate`](super::ChatModel::tokens_per_estimate).
    pub(in crate::model) fn tokens_per_estimate(&self) -> Option<f32> {
        *self.ratio.lock()
    }

    /// See [`ChatModel::learnt`](super::ChatModel::learnt).
    pub(in crate::model) fn learnt(&self, tokens_per_estimate: f32) {
        let mut known = self.ratio.lock();
        let is_old = known.is_some_and(|known| (known - tokens_per_estimate).abs() < WORTH_KEEPING);
        if is_old {
            return;
        }
        *known = Some(tokens_per_estimate);
        let Some(file) = &self.file else {
            return;
        };
        let kept = self.note(file, |entry| {
            entry.tokens_per_estimate = Some(tokens_per_estimate);
        });
        if let Err(error) = kept {
            // It is learnt again the next time.
            tracing::debug!(%error, "cannot keep how the model counts");
        }
    }

    /// See [`ChatModel::edit_form`](super::ChatModel::edit_form).
    pub(in crate::model) fn edit_form(&self) -> EditForm {
        self.edits.lock().form()
    }

    /// See [`ChatModel::edited`](super::ChatModel::edited).
    pub(in crate::model) fn edited(&self, form: EditForm, has_worked: bool) {
        let Some(file) = &self.file else {
            return;
        };
        match self.remember_edit(form, has_worked, file) {
            Ok(known) => *self.edits.lock() = known,
            Err(error) => tracing::debug!(%error, "cannot keep how the model edits"),
        }
    }

    /// Stores a report in a file of reports, which is created if needed. It is valid as long as the
    /// model has the same weights and settings.
    ///
    /// # Errors
    ///
    /// If the file or its folder cannot be written.
    pub fn remember(&self, report: &ProbeReport, file: &Path) -> io::Result<()> {
        self.note(file, |entry| {
            entry.reports.insert(self.server.clone(), *report);
        })
    }

    /// Stores the edits of a probe in the same file.
    ///
    /// # Errors
    ///
    /// As for a report.
    pub fn remember_probed_edits(&self, edits: &EditCounts, file: &Path) -> io::Result<()> {
        self.note(file, |entry| entry.probed_edits = *edits)
    }

    /// Adds an edit of a session in the same file, and gives what is known then.
    fn remember_edit(
        &self,
        form: EditForm,
        has_worked: bool,
        file: &Path,
    ) -> io::Result<EditExperience> {
        let mut known = EditExperience::default();
        self.note(file, |entry| {
            entry.edits.note(form, has_worked);
            known = entry.experience();
        })?;
        Ok(known)
    }

    /// Reads what is known of edits from the same file.
    pub fn recall_edits(&self, file: &Path) -> EditExperience {
        self.known(file)
            .map_or_else(EditExperience::default, |entry| entry.experience())
    }

    fn note(&self, file: &Path, change: impl FnOnce(&mut CachedProbe)) -> io::Result<()> {
        let mut remembered = read(file);
        let key = self.key_in(&remembered);
        let entry = remembered.models.entry(key).or_default();
        if entry.digest != self.digest {
            *entry = CachedProbe {
                digest: self.digest.clone(),
                ..CachedProbe::default()
            };
        }
        change(entry);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_vec_pretty(&remembered)?;
        // Whole or not at all, for another run that reads it now.
        let beside = file.with_extension(format!("{}.tmp", process::id()));
        fs::write(&beside, text)?;
        fs::rename(&beside, file)
    }

    /// Finds the report of this model in a file of reports, if there is one.
    pub fn recall(&self, file: &Path) -> Option<ProbeReport> {
        self.known(file)?.report_of(&self.server)
    }

    fn known(&self, file: &Path) -> Option<CachedProbe> {
        let mut remembered = read(file);
        let key = self.key_in(&remembered);
        let entry = remembered.models.remove(&key)?;
        (entry.digest == self.digest).then_some(entry)
    }

    fn key_in(&self, remembered: &ProbeCache) -> String {
        let named = remembered.models.get(&self.key);
        if named.is_none_or(|entry| entry.digest == self.digest) {
            return self.key.clone();
        }
        let digest = self.digest.trim_start_matches("sha256:");
        let digest: String = digest.chars().take(DIGEST_DIGITS).collect();
        format!("{} {digest}", self.key)
    }
}

/// Reads the reports; an unreadable file counts as empty, since reports can be made again.
fn read(file: &Path) -> ProbeCache {
    let bytes = fs::read(file).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(window: u32) -> ProbeReport {
        ProbeReport {
            window,
            ..ProbeReport::default()
        }
    }

    #[test]
    fn servers_have_reports_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("probes.json");
        let of = |server: &str, digest: &str| ModelMemory::new("m", digest).of_server(server);
        let (here, there) = (of("here:1", "sha256:aaaa"), of("there:1", "sha256:aaaa"));
        here.remember(&report(1), &file).expect("it is written");
        assert_eq!(there.recall(&file), None, "its window may be another one");
        there.remember(&report(2), &file).expect("it is written");
        assert_eq!(here.recall(&file), Some(report(1)));
        assert_eq!(there.recall(&file), Some(report(2)));
        // Other weights under the same name, on a server in turn with the first.
        let other = of("there:1", "sha256:bbbb");
        assert_eq!(other.recall(&file), None);
        other.remember(&report(3), &file).expect("it is written");
        assert_eq!(other.recall(&file), Some(report(3)));
        assert_eq!(here.recall(&file), Some(report(1)), "both are kept");
    }

    #[test]
    fn a_report_of_an_earlier_version_is_of_any_server() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("probes.json");
        let old = r#"{"models": {"m": {"digest": "d", "report": {"window": 7}}}}"#;
        fs::write(&file, old).expect("it is written");
        let memory = ModelMemory::new("m", "d").of_server("here:1");
        assert_eq!(memory.recall(&file), Some(report(7)));
        memory.remember(&report(8), &file).expect("it is written");
        assert_eq!(memory.recall(&file), Some(report(8)));
    }
}
