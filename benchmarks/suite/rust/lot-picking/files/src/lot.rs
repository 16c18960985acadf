/// Days since the warehouse opened.
pub type Day = u32;

/// Goods that arrived together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    pub id: String,
    pub article: String,
    pub quantity: u32,
    /// The last day on which the lot may be delivered.
    pub best_before: Day,
}

impl Lot {
    pub fn new(id: &str, article: &str, quantity: u32, best_before: Day) -> Lot {
        Lot {
            id: id.to_owned(),
            article: article.to_owned(),
            quantity,
            best_before,
        }
    }

    /// Whether the lot may be delivered on a day.
    pub fn is_good_on(&self, day: Day) -> bool {
        day < self.best_before
    }
}
