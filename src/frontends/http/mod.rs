//! HTTP on this machine, for the front ends that serve it. Nothing here knows what is served.
//!
//! `listen` has the sockets, the connections and the limits of both, `rules` what a request must meet,
//! `body` reads what is posted, `refusal` says why something is refused, `token` and `login_limit` are
//! about who may ask.

pub mod body;
pub mod listen;
pub mod login_limit;
pub mod refusal;
pub mod rules;
mod timed_stream;
pub mod token;
