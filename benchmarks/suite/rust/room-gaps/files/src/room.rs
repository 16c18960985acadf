use crate::span::Span;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    pub who: String,
    pub span: Span,
    pub cancelled: bool,
}

/// A room with its bookings of a day, in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub name: String,
    bookings: Vec<Booking>,
}

impl Room {
    pub fn new(name: &str) -> Room {
        Room {
            name: name.to_owned(),
            bookings: Vec::new(),
        }
    }

    /// Books the room, even if it is booked already: the front desk sorts that out.
    pub fn book(&mut self, who: &str, span: Span) {
        self.bookings.push(Booking {
            who: who.to_owned(),
            span,
            cancelled: false,
        });
    }

    /// Cancels all bookings of somebody; returns how many there were.
    pub fn cancel(&mut self, who: &str) -> usize {
        let theirs = self.bookings.iter_mut();
        let theirs = theirs.filter(|booking| booking.who == who && !booking.cancelled);
        theirs.map(|booking| booking.cancelled = true).count()
    }

    /// The bookings that count.
    pub fn bookings(&self) -> impl Iterator<Item = &Booking> {
        self.bookings.iter().filter(|booking| !booking.cancelled)
    }

    pub fn is_free(&self, span: Span) -> bool {
        !self.bookings().any(|booking| booking.span.overlaps(span))
    }
}
