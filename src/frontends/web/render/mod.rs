//! What the page shows of untrusted text, as nodes that it builds elements of.
//!
//! Everything here is pure. In reading order: `node` is the tree, `text` finds links and
//! citations, `highlight` gives code its classes, `markdown` makes nodes of Markdown, `answer` does
//! so while the text streams in, and `diff` shows what changed in files.

mod answer;
mod diff;
mod highlight;
mod markdown;
mod node;
mod text;

#[cfg(test)]
mod checks;
#[cfg(test)]
mod tests;

pub use answer::{OpenAnswer, markdown};
pub use diff::{diff, file_diff};
pub use highlight::code;
pub use node::Node;
