//! Ollama over its native HTTP API; the only module that knows its requests and answers.
//!
//! [`OllamaClient`] sends requests and reads answers and streams; [`OllamaChat`] is a chat model,
//! and [`OllamaEmbedder`] embeds texts for the indexer. Settings are passed in: nothing here reads
//! the environment.

mod chat;
mod chat_line;
mod chat_wire;
mod client;
mod context_window;
mod discovery;
mod embed;
mod pull;
mod request_profile;
mod template;
mod wire;

pub use chat::OllamaChat;
pub use client::OllamaClient;
pub use context_window::{LoadedMemory, effective_window};
pub use discovery::{InstalledModel, Suggestion, installed_chat_models, suggest};
pub use embed::OllamaEmbedder;
pub use pull::PullProgress;
pub use wire::{
    EmbedAnswer, EmbedOptions, LoadedModel, LocalModel, ModelDetails, ModelInfo, same_model,
};

/// A chat model with tools that runs on most machines: 5 GB.
pub const FITS_MOST: &str = "qwen2.5-coder:7b";
