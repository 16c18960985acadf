//! The models that ollacode talks to, and how.

pub mod ollama;
