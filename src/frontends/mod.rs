//! The ways to use ollacode. None of them holds logic of the index or of the agent.

pub mod cli;
mod mentions;
mod words;
