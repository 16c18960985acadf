//! ollacode: a local AI coding agent with built-in semantic code search, for Ollama.
//!
//! In reading order:
//!
//! - [`allocator`]: memory, and when it goes back to the system.
//! - [`config`]: settings; the only reader of the environment.
//! - [`workspace`]: which folder is worked on; [`jail`]: its files, and nothing else.
//! - [`text`]: text as such: estimates of tokens.
//! - [`failure`]: what went wrong, with a code and a hint.
//! - [`message`]: the words that models and the engine share.
//! - [`model`]: the models that ollacode talks to: over Ollama's own API, [`model::ollama`], and over
//!   OpenAI's `/v1`, [`model::openai`].
//! - [`retrieval`]: the index as the engine asks it.
//! - [`shared_cache`]: the place where a team shares vectors: a folder, or a bucket.
//! - [`project_map`]: the map of a project: its most used files.
//! - [`related`]: the files that belong to a file, with git's history.
//! - [`permission`], [`sandbox`], [`visible`]: what may be done, how commands run, what is shown.
//! - [`git`]: git, run for the program itself.
//! - [`edit`], [`syntax`], [`tools`]: what the model can have done.
//! - [`survey`]: what the manifests say of a project, and the commands that build and test it.
//! - [`check`]: which commands check a change, and what their output says.
//! - [`mcp`], [`hooks`], [`skills`]: what users add: tools of servers, commands at points of a turn, texts;
//!   [`trust`]: what of it a repository may bring.
//! - `private_file`: small files that processes change at the same time.
//! - [`session`]: what was said and changed, in a journal.
//! - [`engine`]: a question in, events out; no front end is named there.
//! - [`app`]: the one place that builds the real parts from settings and joins them.
//! - [`benchmark`]: how fast and how useful models are, measured with all of the above.
//! - [`conversation`]: a conversation for every front end: session, mode, turns, commands.
//! - [`frontends`]: what people see; [`frontends::cli`] alone prints.
//!
//! The index itself is the crate `ollacode-indexer`.

#![recursion_limit = "256"]

pub mod allocator;
pub mod app;
pub mod benchmark;
pub mod check;
pub mod config;
pub mod conversation;
pub mod edit;
pub mod engine;
pub mod failure;
pub mod frontends;
pub mod git;
pub mod hooks;
pub mod jail;
pub mod mcp;
pub mod message;
pub mod model;
pub mod network;
pub mod permission;
mod private_file;
pub mod project_map;
pub mod related;
pub mod retrieval;
pub mod sandbox;
pub mod session;
pub mod shared_cache;
pub mod skills;
pub mod survey;
pub mod syntax;
pub mod templates;
pub mod text;
pub mod tools;
pub mod trust;
pub mod visible;
pub mod workspace;
