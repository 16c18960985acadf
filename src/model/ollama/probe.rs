//! Tests what a chat model can do, with a few small requests, and stores the result.
//!
//! Servers derive tool support from the template; many models claim it and then write calls as
//! text, the more so the more tools they have.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io, process};

use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::chat::OllamaChat;
use crate::message::Message;
use crate::model::repair::{check, find_calls, text_protocol};
use crate::model::{
    ChatModel, ChatRequest, Delta, EditCounts, EditExperience, EditForm, ModelError, ToolSpec,
};

/// Smaller windows have room for few tools only.
const SMALL_WINDOW: u32 = 8_192;

/// Most tokens of a reply; thinking needs some of them.
const REPLY: u32 = 1_024;

const SYSTEM: &str = "You work on a repository with the tools that you are given. To do anything, \
                      call a tool. Say nothing before you have seen its result.";
const TASK: &str = "What does the file src/main.rs do? Read it first.";

/// What a model can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeReport {
    /// Whether its native calls work.
    pub native: bool,
    /// Whether calls came as text, where they are found less reliably.
    pub leaks: bool,
    /// Whether it still calls natively with all the tools.
    pub many_tools: bool,
    /// The actual context window of requests, in tokens.
    pub window: u32,
    /// Tokens per second, while replying.
    pub tokens_per_second: Option<f32>,
    /// Whether it works better with the core tools only.
    pub recommend_core: bool,
}

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallSupport {
    Natively,
    InText,
    Not,
    /// The server rejects tools for this model.
    Refused,
}

/// Reports by the models' names.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ProbeCache {
    models: BTreeMap<String, CachedProbe>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct CachedProbe {
    digest: String,
    report: Option<ProbeReport>,
    /// See [`ChatModel::tokens_per_estimate`].
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
}

impl OllamaChat {
    /// Tries the model with one tool, with the core tools and with all of them: at most three
    /// requests, of which the first may load the model.
    ///
    /// # Errors
    ///
    /// If the server fails; a model that fails is a report.
    pub async fn probe(
        &self,
        core: &[ToolSpec],
        all: &[ToolSpec],
    ) -> Result<ProbeReport, ModelError> {
        let mut speed = None;
        let one = core
            .iter()
            .position(|tool| tool.name == "read_file")
            .unwrap_or(0);
        let one = core.get(one..=one).unwrap_or_default();
        let first = if self.profile().tools {
            self.ask(one, false, &mut speed).await?
        } else {
            CallSupport::Refused
        };
        let (few, many) = if first == CallSupport::Refused {
            let spoken = self.ask(one, true, &mut speed).await?;
            (spoken, CallSupport::Refused)
        } else {
            let few = self.ask(core, false, &mut speed).await?;
            (few, self.ask(all, false, &mut speed).await?)
        };
        let outcomes = [first, few, many];
        let leaks = outcomes.contains(&CallSupport::InText);
        let many_tools = few == CallSupport::Natively && many == CallSupport::Natively;
        let window = self.measure().await.window;
        Ok(ProbeReport {
            native: outcomes.contains(&CallSupport::Natively),
            leaks,
            many_tools,
            window,
            tokens_per_second: speed,
            recommend_core: !many_tools || leaks || window < SMALL_WINDOW,
        })
    }

    async fn ask(
        &self,
        tools: &[ToolSpec],
        in_words: bool,
        speed: &mut Option<f32>,
    ) -> Result<CallSupport, ModelError> {
        let mut system = SYSTEM.to_owned();
        if in_words {
            system = format!("{system}\n\n{}", text_protocol(tools));
        }
        let messages = [Message::System { text: system }, Message::user(TASK)];
        let mut reply = self.reply(ChatRequest {
            messages: &messages,
            tools: if in_words { &[] } else { tools },
            format: None,
            without_thoughts: false,
            reply_tokens: Some(REPLY),
        });
        let mut text = String::new();
        let mut native = false;
        while let Some(delta) = reply.next().await {
            match delta {
                Ok(Delta::Thinking(_)) => {}
                Ok(Delta::Text(piece)) => text.push_str(&piece),
                Ok(Delta::Call(call)) => native |= check(call, tools).is_ok(),
                Ok(Delta::BrokenCall { .. }) => {}
                Ok(Delta::Done(usage)) => *speed = usage.tokens_per_second.or(*speed),
                Err(ModelError::NoTools) => return Ok(CallSupport::Refused),
                Err(error @ (ModelError::Failed(_) | ModelError::Crashed(_))) => return Err(error),
                // The request was too long, or the model wrote nonsense.
                Err(_) => return Ok(CallSupport::Not),
            }
        }
        Ok(if native {
            CallSupport::Natively
        } else if find_calls(&text, tools).calls.is_empty() {
            CallSupport::Not
        } else {
            CallSupport::InText
        })
    }

    /// Stores a report in a file of reports, which is created if needed. It is valid as long as the
    /// model has the same weights and settings.
    ///
    /// # Errors
    ///
    /// If the file or its folder cannot be written.
    pub fn remember(&self, report: &ProbeReport, file: &Path) -> io::Result<()> {
        self.note(file, |entry| entry.report = Some(*report))
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
    pub(super) fn remember_edit(
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

    /// Stores the token ratio in the same file.
    pub(super) fn remember_ratio(&self, ratio: f32, file: &Path) -> io::Result<()> {
        self.note(file, |entry| entry.tokens_per_estimate = Some(ratio))
    }

    fn note(&self, file: &Path, change: impl FnOnce(&mut CachedProbe)) -> io::Result<()> {
        let mut remembered = read(file);
        let entry = remembered
            .models
            .entry(self.profile().name.clone())
            .or_default();
        if entry.digest != self.digest() {
            *entry = CachedProbe {
                digest: self.digest().to_owned(),
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
        self.known(file)?.report
    }

    /// Reads the token ratio from the same file.
    pub(super) fn recall_ratio(&self, file: &Path) -> Option<f32> {
        self.known(file)?.tokens_per_estimate
    }

    fn known(&self, file: &Path) -> Option<CachedProbe> {
        let entry = read(file).models.remove(&self.profile().name)?;
        (entry.digest == self.digest()).then_some(entry)
    }
}

/// Reads the reports; an unreadable file counts as empty, since reports can be made again.
fn read(file: &Path) -> ProbeCache {
    let bytes = fs::read(file).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
