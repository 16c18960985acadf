//! Several machines on one store: folders, stores in memory, and stores that fail.

mod bytes;
mod faulty;
mod hostile;
mod machine;
mod packs;
mod pipeline;
mod troubles;
mod upkeep;
