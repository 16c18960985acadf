//! A suite of coding tasks with hidden tests: what a model can do with this program.
//!
//! In reading order: [`task`] has the tasks, which are part of the program; a model works on one in
//! an [`attempt`], in the [`folders`] of the run; an [`oracle`] judges a copy of what it left.
//! [`run`] does that for all tasks, keeps [`results`] and goes on with them; [`summary`] counts.
//!
//! A model never sees tests before it has ended: they are written into the copy only, which is gone
//! before the model is asked again.

pub mod attempt;
pub mod folders;
pub mod oracle;
pub mod results;
pub mod run;
pub mod summary;
pub mod task;
