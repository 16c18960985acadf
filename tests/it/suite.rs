//! The suite of coding tasks: its hidden tests, and how it is run with a model.

mod oracles;
mod running;
