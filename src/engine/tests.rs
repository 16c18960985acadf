//! Whole turns with a scripted model, on real files.

mod aside;
mod asking;
mod attached;
mod bounds;
mod calling;
mod checking;
mod context;
mod edited;
mod editor_texts;
mod endings;
mod external;
mod failing_edits;
mod forms;
mod git;
mod hiding;
mod hooks;
mod jobs;
mod lab;
mod mouth;
mod parts;
mod proof;
mod replies;
mod rough;
mod seen;
mod skills;
mod understanding;
mod user_command;
mod window;

use super::event::{Failure, FailureCode, ToolOutcome};
use super::*;
