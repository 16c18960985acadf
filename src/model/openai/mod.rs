//! Servers with OpenAI's `/v1`: llama.cpp's, LM Studio, vLLM and others.
//!
//! [`detect`] finds out what kind of server answers. [`OpenAiClient`] asks for its models and their
//! windows, [`OpenAiChat`] is a chat model, and [`OpenAiEmbedder`] embeds texts for the indexer.
//! Settings are passed in: nothing here reads the environment.
//!
//! What such servers have in common is less than what they differ in, so everything is read
//! liberally, and what a server refuses is done otherwise and not tried again.

mod answer;
mod assembler;
mod call_pieces;
mod chat;
mod client;
mod detect;
mod dialect;
mod embed;
mod listing;
mod request;
mod sse;

pub use chat::{ASSUMED_WINDOW, OpenAiChat};
pub use client::{OpenAiClient, ServedModel};
pub use detect::detect;
pub use embed::OpenAiEmbedder;

pub use super::http::{KindChoice, ServerKind};
