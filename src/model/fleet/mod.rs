//! Several servers that embed with one model, as one embedder.
//!
//! [`join`] decides who may take part: same vectors or none. [`choice`] decides who takes the next
//! batch, as a function of what is known of the members. [`FleetEmbedder`] asks them: one queue, in
//! which a batch that failed is the first again.

pub mod choice;
mod embedder;
pub mod join;
#[cfg(test)]
mod tests;

pub use embedder::{FleetEmbedder, FleetState, Priority};
