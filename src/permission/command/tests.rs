//! What is known of a command from its text: nothing that is not understood is taken for safe.

mod daily;
mod doubtful;
mod doubts;
mod friction;
mod harmless;
mod hostile;
mod network;
mod remembering;
mod text;
