//! What the benchmarks share: generated sources, and figures.

pub mod figures;
pub mod sources;
