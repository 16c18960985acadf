//! `ollacode benchmark`: how fast and how useful models are, on this machine and in this workspace.
//!
//! In reading order: [`material`] chooses code of the workspace, [`tasks`] makes tasks of it, and
//! [`checks`] judges what a model did. [`scratch`] runs a task through the engine in a copy, and
//! [`speed`] measures times. [`run`] does all of it for one model until its [`deadline`]; what comes
//! out is a [`report`], from which [`advice`] and [`compare`] draw conclusions. [`stored`] keeps it.
//! [`suite`] runs coding tasks that are part of the program.
//!
//! Nothing is printed here, and nothing is written to the workspace.

pub mod advice;
pub mod checks;
pub mod compare;
pub mod deadline;
pub mod machine;
pub mod material;
pub mod placement;
mod process_folder;
pub mod recorder;
pub mod report;
pub mod run;
mod sample;
pub mod scratch;
pub mod speed;
pub mod stored;
pub mod suite;
pub mod tasks;
mod turn;
