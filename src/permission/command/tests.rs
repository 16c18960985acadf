//! Judging commands by their text: nothing that is not understood counts as safe.

mod daily;
mod doubtful;
mod doubts;
mod friction;
mod harmless;
mod hostile;
mod network;
mod remembering;
mod text;
