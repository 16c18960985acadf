//! ollacode: a local code agent that finds before it reads.
//!
//! In reading order:
//!
//! - [`config`]: settings; the only reader of the environment.
//! - [`workspace`]: which folder is worked on.
//! - [`model`]: the models that ollacode talks to; [`model::ollama`] alone knows Ollama.
//! - [`app`]: the one place that builds the real parts from settings and joins them.
//! - [`frontends`]: what people see; [`frontends::cli`] alone prints.
//!
//! The index itself is the crate `ollacode-indexer`.

#![recursion_limit = "256"]

pub mod app;
pub mod config;
pub mod frontends;
pub mod model;
pub mod workspace;
