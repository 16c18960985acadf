//! A chat model on a server of any kind.

use std::path::PathBuf;

use futures::stream::BoxStream;

use super::LoadedMemory;
use crate::model::http::ServerError;
use crate::model::ollama::OllamaChat;
use crate::model::openai::OpenAiChat;
use crate::model::{
    ChatModel, ChatRequest, Delta, EditForm, ModelError, ModelMemory, ModelProfile, ProbeReport,
    ToolSpec,
};

/// A chat model on a server.
#[derive(Debug)]
pub enum ServerChat {
    Ollama(Box<OllamaChat>),
    OpenAi(Box<OpenAiChat>),
}

impl From<OllamaChat> for ServerChat {
    fn from(chat: OllamaChat) -> ServerChat {
        ServerChat::Ollama(Box::new(chat))
    }
}

impl From<OpenAiChat> for ServerChat {
    fn from(chat: OpenAiChat) -> ServerChat {
        ServerChat::OpenAi(Box::new(chat))
    }
}

impl ServerChat {
    fn model(&self) -> &dyn ChatModel {
        match self {
            ServerChat::Ollama(chat) => &**chat,
            ServerChat::OpenAi(chat) => &**chat,
        }
    }

    /// Adds the stored report of the model, and stores what is learned about it.
    #[must_use]
    pub fn remembering(self, file: PathBuf) -> ServerChat {
        match self {
            ServerChat::Ollama(chat) => chat.remembering(file).into(),
            ServerChat::OpenAi(chat) => chat.remembering(file).into(),
        }
    }

    /// What is known about the model, and is kept.
    pub fn memory(&self) -> &ModelMemory {
        match self {
            ServerChat::Ollama(chat) => chat.memory(),
            ServerChat::OpenAi(chat) => chat.memory(),
        }
    }

    /// What identifies the weights and settings, as far as the server says.
    pub fn digest(&self) -> &str {
        match self {
            ServerChat::Ollama(chat) => chat.digest(),
            ServerChat::OpenAi(chat) => chat.digest(),
        }
    }

    /// Why tools are described in text, though the server accepts some for the model.
    pub fn why_in_words(&self) -> Option<&'static str> {
        match self {
            ServerChat::Ollama(chat) => chat.why_in_words(),
            ServerChat::OpenAi(chat) => chat.why_in_words(),
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
        match self {
            ServerChat::Ollama(chat) => chat.load().await,
            ServerChat::OpenAi(chat) => chat.load().await,
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
        match self {
            ServerChat::Ollama(chat) => chat.unload().await,
            ServerChat::OpenAi(_) => Ok(()),
        }
    }

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
        match self {
            ServerChat::Ollama(chat) => chat.probe(core, all).await,
            ServerChat::OpenAi(chat) => chat.probe(core, all).await,
        }
    }
}

impl ChatModel for ServerChat {
    fn profile(&self) -> &ModelProfile {
        self.model().profile()
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        self.model().reply(request)
    }

    fn server(&self) -> &str {
        self.model().server()
    }

    fn tokens_per_estimate(&self) -> Option<f32> {
        self.model().tokens_per_estimate()
    }

    fn learnt(&self, tokens_per_estimate: f32) {
        self.model().learnt(tokens_per_estimate);
    }

    fn edit_form(&self) -> EditForm {
        self.model().edit_form()
    }

    fn edited(&self, form: EditForm, has_worked: bool) {
        self.model().edited(form, has_worked);
    }

    fn warning(&self) -> Option<&str> {
        self.model().warning()
    }
}
