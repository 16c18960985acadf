//! `ollacode web` from end to end: the binary, a scripted Ollama, and clients that speak HTTP on a
//! socket or are a browser.

mod api;
mod browser;
mod guard;
mod listen;
