//! A chat model on a server of any kind, with what is known of it from earlier.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use futures::StreamExt;
use futures::stream::BoxStream;

use super::LoadedMemory;
use crate::message::Message;
use crate::model::http::ServerError;
use crate::model::ollama::OllamaChat;
use crate::model::openai::{OpenAiChat, OpenAiClient};
use crate::model::{
    ChatModel, ChatRequest, Delta, EditCounts, EditExperience, EditForm, ModelError, ModelProfile,
    ModelRecord, ProbeReport, ToolSpec, probe_calls, probe_edits,
};

/// A chat model on a server.
#[derive(Debug)]
pub struct ServerChat {
    chat: Chat,
    /// The address of its server.
    server: String,
    digest: String,
    record: ModelRecord,
}

#[derive(Debug)]
enum Chat {
    Ollama(Box<OllamaChat>),
    OpenAi(Box<TriedChat>),
}

/// A chat model with what a probe found out about it.
#[derive(Debug)]
struct TriedChat {
    chat: OpenAiChat,
    /// The profile by the report of the probe.
    tried: Option<ModelProfile>,
    /// The same, with the window of the server, if that turned out to be another one.
    narrowed: OnceLock<ModelProfile>,
}

impl From<OllamaChat> for ServerChat {
    fn from(chat: OllamaChat) -> ServerChat {
        let digest = chat.digest().to_owned();
        ServerChat {
            record: ModelRecord::new(chat.profile().name.clone(), digest.clone()),
            digest,
            server: chat.server().to_owned(),
            chat: Chat::Ollama(Box::new(chat)),
        }
    }
}

impl ServerChat {
    /// A model of a server that does not say which weights it has: it is known by its name there.
    pub(super) fn of_server(chat: OpenAiChat, client: &OpenAiClient) -> ServerChat {
        let kind = client.kind().setting();
        let identity = format!("{kind} {}", client.http().address());
        ServerChat {
            record: ModelRecord::new(chat.profile().name.clone(), identity),
            digest: String::new(),
            server: client.http().address().to_string(),
            chat: Chat::OpenAi(Box::new(TriedChat {
                chat,
                tried: None,
                narrowed: OnceLock::new(),
            })),
        }
    }

    /// Adds what a file of records has of the model, and stores there what is learned about it.
    #[must_use]
    pub fn remembering(self, file: PathBuf) -> ServerChat {
        let report = self.record.recall(&file);
        let model = match report {
            Some(report) => self.believing(&report),
            None => self,
        };
        ServerChat {
            record: model.record.kept_in(file),
            ..model
        }
    }

    /// Applies the report of a probe, which knows better than the server.
    #[must_use]
    pub fn believing(self, report: &ProbeReport) -> ServerChat {
        let chat = match self.chat {
            Chat::Ollama(chat) => Chat::Ollama(Box::new(chat.believing(report))),
            Chat::OpenAi(chat) => Chat::OpenAi(Box::new(chat.believing(report))),
        };
        ServerChat { chat, ..self }
    }

    fn model(&self) -> &dyn ChatModel {
        match &self.chat {
            Chat::Ollama(chat) => &**chat,
            Chat::OpenAi(chat) => &chat.chat,
        }
    }

    /// What identifies the exact weights and settings; empty if the server does not say.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Why tools are described in text, though the server accepts some for the model.
    pub fn why_in_words(&self) -> Option<&'static str> {
        match &self.chat {
            Chat::Ollama(chat) => chat.why_in_words(),
            Chat::OpenAi(_) => None,
        }
    }

    /// What the user should know about the model, in one line.
    pub fn warning(&self) -> Option<&str> {
        match &self.chat {
            Chat::Ollama(_) => None,
            Chat::OpenAi(chat) => chat.chat.warning(),
        }
    }

    /// Loads the model and finds out its actual window, which [`ChatModel::profile`] has from then
    /// on.
    ///
    /// It takes seconds to minutes if the model is not in memory.
    ///
    /// # Errors
    ///
    /// As for a reply; a model that does not fit the machine is [`ModelError::Failed`].
    pub async fn load(&self) -> Result<LoadedMemory, ModelError> {
        match &self.chat {
            Chat::Ollama(chat) => chat.load().await,
            Chat::OpenAi(chat) => {
                reply_to_a_word(&chat.chat).await?;
                Ok(self.measured().await)
            }
        }
    }

    /// Takes the model out of the server's memory, to make room for another one. Only Ollama does
    /// that.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or refuses; the model then stays for as long as the server
    /// keeps models.
    pub async fn unload(&self) -> Result<(), ServerError> {
        match &self.chat {
            Chat::Ollama(chat) => chat.unload().await,
            Chat::OpenAi(_) => Ok(()),
        }
    }

    /// The window of the loaded model.
    async fn measured(&self) -> LoadedMemory {
        match &self.chat {
            Chat::Ollama(chat) => chat.measure().await,
            Chat::OpenAi(_) => LoadedMemory {
                window: self.profile().window,
                on_card: None,
            },
        }
    }

    /// Tries how many tools the model can use: see [`probe_calls`].
    ///
    /// # Errors
    ///
    /// If the server fails; a model that fails is a report.
    pub async fn probe(
        &self,
        core: &[ToolSpec],
        all: &[ToolSpec],
    ) -> Result<ProbeReport, ModelError> {
        let calls = probe_calls(self, core, all).await?;
        Ok(calls.report(self.measured().await.window))
    }

    /// Tries in which form the model edits: see [`probe_edits`].
    ///
    /// # Errors
    ///
    /// If the server fails; edits that fail are counted.
    pub async fn probe_edits(
        &self,
        tools: &[(EditForm, ToolSpec)],
    ) -> Result<EditCounts, ModelError> {
        probe_edits(self, tools).await
    }

    /// Stores a report in a file of records.
    ///
    /// # Errors
    ///
    /// If the file or its folder cannot be written.
    pub fn remember(&self, report: &ProbeReport, file: &Path) -> io::Result<()> {
        self.record.remember(report, file)
    }

    /// Stores the edits of a probe in the same file.
    ///
    /// # Errors
    ///
    /// As for a report.
    pub fn remember_probed_edits(&self, edits: &EditCounts, file: &Path) -> io::Result<()> {
        self.record.remember_probed_edits(edits, file)
    }

    /// Finds the report of this model in a file of records, if there is one.
    pub fn recall(&self, file: &Path) -> Option<ProbeReport> {
        self.record.recall(file)
    }

    /// Reads what is known of edits from the same file.
    pub fn recall_edits(&self, file: &Path) -> EditExperience {
        self.record.recall_edits(file)
    }
}

impl TriedChat {
    fn believing(self, report: &ProbeReport) -> TriedChat {
        let told = self.chat.profile().clone();
        let tried = ModelProfile {
            weak: report.recommend_core,
            tools: told.tools && report.native,
            ..told
        };
        TriedChat {
            tried: Some(tried),
            narrowed: OnceLock::new(),
            ..self
        }
    }

    fn profile(&self) -> &ModelProfile {
        let told = self.chat.profile();
        match &self.tried {
            None => told,
            Some(tried) if tried.window == told.window => tried,
            Some(tried) => self.narrowed.get_or_init(|| ModelProfile {
                window: told.window,
                ..tried.clone()
            }),
        }
    }
}

impl ChatModel for ServerChat {
    fn profile(&self) -> &ModelProfile {
        match &self.chat {
            Chat::Ollama(chat) => chat.profile(),
            Chat::OpenAi(chat) => chat.profile(),
        }
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        self.model().reply(request)
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn tokens_per_estimate(&self) -> Option<f32> {
        self.record.tokens_per_estimate()
    }

    fn learnt(&self, tokens_per_estimate: f32) {
        self.record.learnt(tokens_per_estimate);
    }

    fn edit_form(&self) -> EditForm {
        self.record.edit_form()
    }

    fn edited(&self, form: EditForm, has_worked: bool) {
        self.record.edited(form, has_worked);
    }
}

/// Has the model reply to a word, which loads it where servers load on demand.
async fn reply_to_a_word(model: &OpenAiChat) -> Result<(), ModelError> {
    let messages = [Message::user("Hi")];
    let mut reply = model.reply(ChatRequest {
        messages: &messages,
        tools: &[],
        format: None,
        without_thoughts: true,
        reply_tokens: Some(1),
    });
    while let Some(delta) = reply.next().await {
        delta?;
    }
    Ok(())
}
