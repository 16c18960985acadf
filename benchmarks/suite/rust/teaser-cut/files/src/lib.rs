//! Pages of the ferry line's news site.

mod page;
mod teaser;

pub use page::{index_line, monogram};
pub use teaser::teaser;
