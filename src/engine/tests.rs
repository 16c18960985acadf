//! Whole turns with a scripted model, on real files.

mod asking;
mod attached;
mod bounds;
mod calling;
mod context;
mod endings;
mod hiding;
mod lab;
mod mouth;
mod replies;
mod rough;
mod seen;
mod window;

use super::event::ToolOutcome;
use super::*;
