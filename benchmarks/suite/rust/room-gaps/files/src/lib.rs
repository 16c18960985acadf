//! Bookings of meeting rooms.

mod room;
mod span;

pub use room::{Booking, Room};
pub use span::Span;
