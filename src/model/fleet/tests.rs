//! The choice of members, and batches on scripted ones with a clock of the test's own.

mod choosing;
mod embedding;
