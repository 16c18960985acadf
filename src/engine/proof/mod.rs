//! Proof instead of claims: what a turn did, and whether its answer agrees with that.
//!
//! In reading order: [`turn_facts`] records edits and commands; `test_runs` knows which commands run
//! tests; `claims` reads the answer, `plan_steps` the plan, [`citations`] the places that it names,
//! of which `shown_places` were shown, and `script` its writing system. `second_look` compares them,
//! and has the model asked once more.

pub mod citations;
mod claims;
pub(super) mod plan_steps;
mod script;
pub(super) mod second_look;
mod shown_places;
pub(super) mod test_runs;
pub mod turn_facts;
