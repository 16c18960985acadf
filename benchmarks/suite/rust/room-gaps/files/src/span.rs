use std::fmt;

/// A part of a day in minutes since midnight: `from` is in it, `to` is not. It is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// A span; `None` if it would be empty.
    pub fn new(from: u32, to: u32) -> Option<Span> {
        (from < to).then_some(Span { from, to })
    }

    pub fn from(self) -> u32 {
        self.from
    }

    pub fn to(self) -> u32 {
        self.to
    }

    pub fn minutes(self) -> u32 {
        self.to - self.from
    }

    pub fn overlaps(self, other: Span) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u32| (minute / 60, minute % 60);
        let ((hour, minute), (to_hour, to_minute)) = (clock(self.from), clock(self.to));
        write!(f, "{hour:02}:{minute:02}-{to_hour:02}:{to_minute:02}")
    }
}
